"""Plans: what runs for one shape of statement. Compiled once, held by prepared statements and by the shape cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from schemaroot.engine.compile import Compiled, ValueBinds, bound, compile_statement, decoder_of
from schemaroot.engine.connection import Connection
from schemaroot.engine.decode import Decoder, row_decoder
from schemaroot.engine.driver import Cursor
from schemaroot.errors import ManyRowsError
from schemaroot.query.build import build_child_values, build_children, build_count, build_exists, build_select
from schemaroot.query.spec import NestedSpec, SelectSpec, item_shape, select_shape
from schemaroot.schema.table import Table
from schemaroot.schema.types import Real

_ROW_DECODERS: dict[type[Table], Decoder[Any]] = {}
_RETURNED_DECODERS: dict[type[Table], Decoder[Any]] = {}


def decoder_for(table: type[Table]) -> Decoder[Any]:
    """The decoder of a table's rows, made once."""
    made = _ROW_DECODERS.get(table)
    if made is None:
        made = _ROW_DECODERS[table] = row_decoder(table)
    return made


def returned_decoder_for(table: type[Table]) -> Decoder[Any]:
    """The decoder of a table's rows as RETURNING gives them, made once."""
    made = _RETURNED_DECODERS.get(table)
    if made is None:
        has_reals = any(isinstance(column.type, Real) for column in table.__declaration__.columns.values())
        made = _RETURNED_DECODERS[table] = row_decoder(table, returned=True) if has_reals else decoder_for(table)
    return made


class Gathered(msgspec.Struct, gc=False):
    """A select taken apart: its shape, which a cache knows it by, and its values, also those of nested selects."""

    shape: tuple[object, ...]
    values: list[Any]
    inline: dict[Any, int]
    nested: list[Gathered]
    twin: int | None = None
    """Of a count beside the very rows that it counts: their place among what is nested. It is part of the shape."""

    @property
    def binds(self) -> ValueBinds:
        """Names the values that no free expression brought along."""
        brought = set(self.inline.values())
        return ValueBinds([place for place in range(len(self.values)) if place not in brought])


def gather(spec: SelectSpec) -> Gathered:
    """Takes a select apart."""
    values: list[Any] = []
    inline: dict[Any, int] = {}
    shape = select_shape(spec, values, inline)
    if not spec.nested:
        return Gathered(shape, values, inline, [])
    nested = [_gather_nested(item) for item in spec.nested]
    for place, item in enumerate(spec.nested):
        if item.kind == "count":
            nested[place].twin = _counted_already(item, spec.nested[:place])
    kinds = tuple((item.kind, item.key, part.shape, part.twin) for item, part in zip(spec.nested, nested, strict=True))
    return Gathered((*shape, kinds), values, inline, nested)


def _gather_nested(item: NestedSpec) -> Gathered:
    if item.expression is None:
        return gather(item.child)
    values: list[Any] = []
    inline: dict[Any, int] = {}
    expression = item_shape(item.expression, values, inline)
    shape = select_shape(item.child, values, inline)
    return Gathered((expression, *shape), values, inline, [])


class SelectPlan:
    """A select of one table, with the plans of what is nested in it."""

    def __init__(self, spec: SelectSpec, gathered: Gathered) -> None:
        statement = build_select(spec, gathered.binds)
        self.table: type[Table] = spec.table
        self.compiled: Compiled = compile_statement(statement, gathered.inline)
        self.sql: str = self.compiled.sql
        self.decoder: Decoder[Any] = decoder_of(self.compiled) if spec.columns else decoder_for(spec.table)
        self.nested: list[NestedPlan] = nested_plans(spec, gathered)

    @property
    def compiled_parts(self) -> list[Compiled]:
        """Its statement and those of what is nested."""
        return [self.compiled, *(part for plan in self.nested for part in plan.compiled_parts)]

    def rows(self, connection: Connection, values: Sequence[Any], named: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The driver's tuples."""
        return run_compiled(connection, self.compiled, values, named)

    def all(self, connection: Connection, gathered: Gathered, named: Mapping[str, Any]) -> list[Any]:
        """All items."""
        if not self.nested:
            return self.decoder.all(executed(connection, self.compiled, gathered.values, named))
        return self.attach(connection, self.rows(connection, gathered.values, named), gathered, named)

    def attach(
        self, connection: Connection, rows: Sequence[tuple[Any, ...]], gathered: Gathered, named: Mapping[str, Any]
    ) -> list[Any]:
        """The rows, each with what belongs to it."""
        if not rows:
            return []
        return attach(self.nested, connection, rows, self.decoder.many(rows), gathered, named)

    def at_most_one(self, connection: Connection, gathered: Gathered, named: Mapping[str, Any]) -> Any:
        """The only item, or `None`; raises `ManyRowsError`."""
        rows = self.rows(connection, gathered.values, named)
        if not rows:
            return None
        if len(rows) > 1:
            raise ManyRowsError(self.table.__declaration__.name)
        item = self.decoder.one(rows[0])
        return attach_one(self.nested, connection, rows[0], item, gathered, named) if self.nested else item

    def stream(
        self, connection: Connection, cursor: Cursor, gathered: Gathered, named: Mapping[str, Any]
    ) -> Iterator[Any]:
        """The items, chunk by chunk."""
        rows = cursor.execute(*bound(self.compiled, gathered.values, named))
        if not self.nested:
            for chunk in self.decoder.chunks(rows):
                yield from chunk
            return
        for some in _chunked(rows):
            yield from self.attach(connection, some, gathered, named)


def _chunked(rows: Iterable[tuple[Any, ...]], size: int = 256) -> Iterator[list[tuple[Any, ...]]]:
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def attach(
    plans: Sequence[NestedPlan],
    connection: Connection,
    rows: Sequence[tuple[Any, ...]],
    items: list[Any],
    gathered: Gathered,
    named: Mapping[str, Any],
) -> list[tuple[Any, ...]]:
    """Tuples of each item and what belongs to it."""
    columns: list[Sequence[Any]] = [items]
    for plan, values in zip(plans, gathered.nested, strict=True):
        columns.append(plan.column(connection, rows, values, named, columns))
    return list(zip(*columns, strict=True))


def attach_one(
    plans: Sequence[NestedPlan],
    connection: Connection,
    row: tuple[Any, ...],
    item: Any,
    gathered: Gathered,
    named: Mapping[str, Any],
) -> tuple[Any, ...]:
    """A tuple of one item and what belongs to it."""
    parts: list[Any] = [item]
    for plan, values in zip(plans, gathered.nested, strict=True):
        parts.append(plan.entry(connection, row, values, named, parts))
    return tuple(parts)


class NestedPlan:
    """Gives, for each of many rows, what belongs to it."""

    @property
    def compiled_parts(self) -> list[Compiled]:
        """Its statements and those of what is nested further."""
        return []

    def entry(
        self,
        connection: Connection,
        row: tuple[Any, ...],
        values: Gathered,
        named: Mapping[str, Any],
        before: Sequence[Any],
    ) -> Any:
        """What belongs to one row. `before` holds what is there already."""
        return self.column(connection, [row], values, named, [[part] for part in before])[0]

    def column(
        self,
        connection: Connection,
        rows: Sequence[tuple[Any, ...]],
        values: Gathered,
        named: Mapping[str, Any],
        before: Sequence[Sequence[Any]],
    ) -> Sequence[Any]:
        """One entry for each row. `before` holds the columns that are there already."""
        raise NotImplementedError


def nested_plans(spec: SelectSpec, gathered: Gathered) -> list[NestedPlan]:
    """The plans of what is nested in a select."""
    made: list[NestedPlan] = []
    for item, part in zip(spec.nested, gathered.nested, strict=True):
        if part.twin is not None:
            made.append(LengthPlan(part.twin + 1))
        elif item.kind in ("count", "aggregate"):
            made.append(ChildValuePlan(spec, item, part))
        else:
            made.append(ChildRowsPlan(spec, item, part))
    return made


def _counted_already(item: NestedSpec, before: Sequence[NestedSpec]) -> int | None:
    """Where the same rows are nested whole already, so that their number needs no statement."""
    for place, other in enumerate(before):
        if other.kind == "many" and other.key is item.key and _are_same_rows(other.child, item.child):
            return place
    return None


def _are_same_rows(many: SelectSpec, counted: SelectSpec) -> bool:
    if many.limit is not None or many.offset is not None or many.deleted != counted.deleted:
        return False
    if not many.conditions and not counted.conditions:
        return True
    values: list[Any] = []
    others: list[Any] = []
    shape = tuple(item_shape(condition, values, {}) for condition in many.conditions)
    other = tuple(item_shape(condition, others, {}) for condition in counted.conditions)
    try:
        # Hashes first: a column that is compared with another one makes SQL.
        return hash(shape) == hash(other) and shape == other and values == others
    except TypeError:
        return False  # a shape that is not known


class LengthPlan(NestedPlan):
    """The number of rows that are nested already."""

    def __init__(self, place: int) -> None:
        self.place: int = place

    def column(
        self,
        connection: Connection,
        rows: Sequence[tuple[Any, ...]],
        values: Gathered,
        named: Mapping[str, Any],
        before: Sequence[Sequence[Any]],
    ) -> Sequence[Any]:
        """The lengths of the lists."""
        return list(map(len, before[self.place]))

    def entry(
        self,
        connection: Connection,
        row: tuple[Any, ...],
        values: Gathered,
        named: Mapping[str, Any],
        before: Sequence[Any],
    ) -> Any:
        """The length of the list."""
        return len(before[self.place])


def _place(table: type[Table], column: str) -> int:
    return list(table.__declaration__.columns).index(column)


class ChildRowsPlan(NestedPlan):
    """Rows that refer to each row, or the row that each row refers to."""

    def __init__(self, parent: SelectSpec, item: NestedSpec, gathered: Gathered) -> None:
        column = item.key.column
        target = item.key.table.__declaration__.target_of(column)
        self.many: bool = item.kind == "many"
        own, other = (target.name, column.name) if self.many else (column.name, target.name)
        self.parent_place: int = _place(parent.table, own)
        self.child_place: int = _place(item.child.table, other)
        self.decoder: Decoder[Any] = decoder_for(item.child.table)
        self.single: Compiled = self._compiled(item.child, other, gathered, single=True)
        self.multiple: Compiled = self._compiled(item.child, other, gathered, single=False)
        self.nested: list[NestedPlan] = nested_plans(item.child, gathered)

    @property
    def compiled_parts(self) -> list[Compiled]:
        """Its statements and those of what is nested further."""
        nested = [part for plan in self.nested for part in plan.compiled_parts]
        return [self.single, self.multiple, *nested]

    @staticmethod
    def _compiled(child: SelectSpec, key: str, gathered: Gathered, *, single: bool) -> Compiled:
        return compile_statement(build_children(child, key, gathered.binds, single=single), gathered.inline)

    def column(
        self,
        connection: Connection,
        rows: Sequence[tuple[Any, ...]],
        values: Gathered,
        named: Mapping[str, Any],
        before: Sequence[Sequence[Any]],
    ) -> Sequence[Any]:
        """A list of rows, or one row or `None`, for each row."""
        place = self.parent_place
        keys = [row[place] for row in rows]
        wanted = list(dict.fromkeys(key for key in keys if key is not None))
        children = run_compiled(connection, self.multiple, values.values, {**named, "sr_parents": wanted})
        items = self._items(connection, children, values, named)
        at = self.child_place
        if not self.many:
            found = {child[at]: item for child, item in zip(children, items, strict=True)}
            return [found.get(key) for key in keys]
        groups: dict[Any, list[Any]] = {key: [] for key in wanted}
        for child, item in zip(children, items, strict=True):
            groups[child[at]].append(item)
        return [groups.get(key, []) for key in keys]

    def entry(
        self,
        connection: Connection,
        row: tuple[Any, ...],
        values: Gathered,
        named: Mapping[str, Any],
        before: Sequence[Any],
    ) -> Any:
        """A list of rows, or one row or `None`, for one row."""
        key = row[self.parent_place]
        if key is None:
            return [] if self.many else None
        children = run_compiled(connection, self.single, values.values, {**named, "sr_parent": key})
        items = self._items(connection, children, values, named)
        return items if self.many else items[0] if items else None

    def _items(
        self, connection: Connection, children: list[tuple[Any, ...]], values: Gathered, named: Mapping[str, Any]
    ) -> list[Any]:
        items = self.decoder.many(children)
        return attach(self.nested, connection, children, items, values, named) if self.nested and children else items


class ChildValuePlan(NestedPlan):
    """A count or an aggregate over the rows that refer to each row."""

    def __init__(self, parent: SelectSpec, item: NestedSpec, gathered: Gathered) -> None:
        column = item.key.column
        target = item.key.table.__declaration__.target_of(column)
        self.parent_place: int = _place(parent.table, target.name)
        self.empty: int | None = 0 if item.kind == "count" else None
        statement = build_child_values(item.child, column.name, item.expression, gathered.binds)
        self.compiled: Compiled = compile_statement(statement, gathered.inline)
        self.decoder: Decoder[tuple[Any, ...]] = decoder_of(self.compiled)

    @property
    def compiled_parts(self) -> list[Compiled]:
        """Its statement."""
        return [self.compiled]

    def column(
        self,
        connection: Connection,
        rows: Sequence[tuple[Any, ...]],
        values: Gathered,
        named: Mapping[str, Any],
        before: Sequence[Sequence[Any]],
    ) -> Sequence[Any]:
        """The value for each row."""
        keys = [row[self.parent_place] for row in rows]
        found = run_compiled(connection, self.compiled, values.values, {**named, "sr_parents": keys})
        by_key = {row[0]: value[1] for row, value in zip(found, self.decoder.many(found), strict=True)}
        return [by_key.get(key, self.empty) for key in keys]


def executed(connection: Connection, compiled: Compiled, values: Sequence[Any], named: Mapping[str, Any]) -> Cursor:
    """Runs a compiled statement on the connection's cursor, which then gives the driver's tuples."""
    return connection.execute(*bound(compiled, values, named))


def run_compiled(
    connection: Connection, compiled: Compiled, values: Sequence[Any], named: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Runs a compiled select and gives the driver's tuples."""
    return executed(connection, compiled, values, named).fetchall()


class CorePlan:
    """Any SQLAlchemy statement, its rows as tuples."""

    def __init__(self, statement: Any, inline: Mapping[Any, int] | None = None) -> None:
        self.compiled: Compiled = compile_statement(statement, inline)
        self.sql: str = self.compiled.sql
        returns = bool(self.compiled.compiler._result_columns)  # pyright: ignore[reportPrivateUsage]  # no public door
        self.decoder: Decoder[tuple[Any, ...]] | None = decoder_of(self.compiled) if returns else None

    def all(self, connection: Connection, values: Sequence[Any], named: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows."""
        rows = run_compiled(connection, self.compiled, values, named)
        return rows if self.decoder is None else self.decoder.many(rows)

    def stream(self, cursor: Cursor, values: Sequence[Any], named: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """The rows, chunk by chunk."""
        rows = cursor.execute(*bound(self.compiled, values, named))
        assert self.decoder is not None
        for chunk in self.decoder.chunks(rows):
            yield from chunk


def count_plan(spec: SelectSpec, gathered: Gathered) -> CorePlan:
    """The plan that counts a select's rows."""
    return CorePlan(build_count(spec, gathered.binds), gathered.inline)


def exists_plan(spec: SelectSpec, gathered: Gathered) -> CorePlan:
    """The plan that asks whether a select finds a row."""
    return CorePlan(build_exists(spec, gathered.binds), gathered.inline)
