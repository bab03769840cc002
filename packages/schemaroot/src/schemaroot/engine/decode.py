"""Decoders: from the driver's tuples to rows and values, as functions generated once per statement.

One row is decoded by straight code; many rows are decoded column by column in chunks, so that moments and JSON are
loaded in a few calls into C and rows are made by one `map`. The garbage collector is paused while they are built:
rows make no cycles, and its passes over half-built lists took a third of a big read.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from schemaroot.errors import DatabaseError
from schemaroot.schema.column import Column
from schemaroot.schema.table import Table, row_maker
from schemaroot.schema.types import FAST_MS_MAX, FAST_MS_MIN, ColumnType, Json, Real, TimestampMs, from_milliseconds

Item = TypeVar("Item")
R = TypeVar("R", bound=Table)

CHUNK = 256
"""Rows that are decoded at once."""

FEW = 14
"""Up to so many rows are decoded one by one: turning them into columns would cost more."""


class Decoder(Generic[Item]):
    """Decodes the rows of one statement."""

    __slots__ = ("_columns", "_many", "one")

    def __init__(
        self,
        one: Callable[[tuple[Any, ...]], Item],
        many: Callable[[Sequence[tuple[Any, ...]]], list[Item]],
        columns: Callable[[Sequence[Sequence[Any]]], list[Item]],
    ) -> None:
        self.one: Callable[[tuple[Any, ...]], Item] = one
        self._many = many
        self._columns = columns

    def many(self, rows: Sequence[tuple[Any, ...]]) -> list[Item]:
        """All rows, in their order."""
        count = len(rows)
        if count <= FEW:
            one = self.one
            return [one(row) for row in rows]
        if count <= CHUNK:
            return _paused(self._many, rows)
        items: list[Item] = []
        for start in range(0, count, CHUNK):
            items += _paused(self._many, rows[start : start + CHUNK])
        return items

    def of_columns(self, columns: Sequence[Sequence[Any]]) -> list[Item]:
        """The rows whose values are given column by column; as few or as many as are decoded at once."""
        if len(columns[0]) <= FEW:
            return list(map(self.one, zip(*columns, strict=True)))
        return _paused(self._columns, columns)

    def all(self, rows: Iterable[tuple[Any, ...]]) -> list[Item]:
        """All rows of a cursor, chunk by chunk, so that the driver's tuples never stand beside the whole result."""
        source = iter(rows)
        items = self.many(list(islice(source, CHUNK)))
        return _paused(lambda more: self._rest(items, more), source) if len(items) == CHUNK else items

    def _rest(self, items: list[Item], source: Iterator[tuple[Any, ...]]) -> list[Item]:
        while chunk := list(islice(source, CHUNK)):
            items += self.many(chunk)
        return items

    def chunks(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[list[Item]]:
        """The rows in chunks, for reading more than fits into memory."""
        source = iter(rows)
        while chunk := list(islice(source, CHUNK)):
            yield self.many(chunk)


Rows = TypeVar("Rows")


def _paused(decode: Callable[[Rows], list[Item]], rows: Rows) -> list[Item]:
    if not gc.isenabled():
        return decode(rows)
    gc.disable()
    try:
        return decode(rows)
    finally:
        gc.enable()


class Source:
    """How one result column is loaded: by a column type, by a function, or as it is."""

    __slots__ = ("column", "load", "load_many", "nullable", "type")

    def __init__(
        self,
        column_type: ColumnType | None = None,
        *,
        nullable: bool = False,
        load: Callable[[Any], Any] | None = None,
        column: Column | None = None,
    ) -> None:
        self.column: Column | None = column
        self.type: ColumnType | None = None if column_type is None or column_type.loads_as_is else column_type
        self.nullable: bool = nullable
        self.load: Callable[[Any], object] | None = load
        if load is None and self.type is not None:
            self.load = self.type.load
        self.load_many: Callable[[Sequence[Any]], Iterable[Any]] | None = None
        if self.type is not None:
            self.load_many = self.type.load_many

    @classmethod
    def of(cls, column: Column) -> Source:
        """The source of a declared column."""
        return cls(column.type, nullable=column.nullable, column=column)

    def expression(self, variable: str, number: int, names: dict[str, Any]) -> str:
        """Python source that loads one value."""
        if self.load is None:
            return variable
        if isinstance(self.type, TimestampMs):
            source = (
                f"from_timestamp({variable} / 1000, UTC) if {FAST_MS_MIN} <= {variable} <= {FAST_MS_MAX}"
                f" else from_milliseconds({variable})"
            )
        elif isinstance(self.type, Json):
            names[f"decode_{number}"] = self.type.decode
            assert self.type.load_source is not None
            source = self.type.load_source.format(v=variable, k=number)
        elif self.type is not None and self.type.load_source is not None:
            source = self.type.load_source.format(v=variable)
        else:
            names[f"load_{number}"] = self.load
            source = f"load_{number}({variable})"
        return f"(None if {variable} is None else {source})" if self.nullable or self.type is None else f"({source})"

    def column_expression(self, variable: str, number: int, names: dict[str, Any]) -> str:
        """Python source that loads a whole column."""
        if self.load is None:
            return variable
        if self.load_many is None:
            names[f"many_{number}"] = _null_aware(self.load)
        elif self.nullable:
            names[f"many_{number}"] = _nullable_many(self.load_many)
        else:
            names[f"many_{number}"] = self.load_many
        return f"many_{number}({variable})"


def _null_aware(load: Callable[[Any], Any]) -> Callable[[Sequence[Any]], list[Any]]:
    return lambda column: [None if value is None else load(value) for value in column]


def _nullable_many(load_many: Callable[[Sequence[Any]], Iterable[Any]]) -> Callable[[Sequence[Any]], Iterable[Any]]:
    def load(column: Sequence[Any]) -> Iterable[Any]:
        nulls = column.count(None)
        if nulls == len(column):
            return column
        if nulls == 0:
            return load_many(column)
        loaded = iter(load_many([value for value in column if value is not None]))
        return [None if value is None else next(loaded) for value in column]

    return load


def row_decoder(table: type[R], *, returned: bool = False) -> Decoder[R]:
    """The decoder of a table's whole rows, in the order of its columns.

    Args:
        table: the table.
        returned: whether the rows come from RETURNING, where SQLite 3.40 gives whole reals as integers.
    """
    sources = [
        Source(load=float, column=column) if returned and isinstance(column.type, Real) else Source.of(column)
        for column in table.__declaration__.columns.values()
    ]
    make = row_maker(table)
    return _generated(sources, make, table.__name__)


def tuple_decoder(sources: Sequence[Source]) -> Decoder[tuple[Any, ...]]:
    """The decoder of tuples of values."""
    if all(source.load is None for source in sources):
        return Decoder(tuple, list, lambda columns: list(zip(*columns, strict=True)))
    return _generated(sources, None, "tuple")


_MISFITS = (msgspec.MsgspecError, ValueError, TypeError, OverflowError)
"""What loading raises for a stored value that its column's type does not know."""


def _function(name: str, rows: str, body: Sequence[str]) -> str:
    """Source of a decoding function that tells which column it could not load."""
    lines = "".join(f"        {line}\n" for line in body)
    listed = {"row": "(row,)", "rows": "rows", "columns": "zip(*columns)"}[rows]
    caught = f"    except misfits as error:\n        raise misfit(error, {listed}) from None\n"
    return f"def {name}({rows}):\n    try:\n{lines}{caught}"


def _misfit(error: Exception, rows: Iterable[tuple[Any, ...]], sources: Sequence[Source]) -> Exception:
    for row in rows:
        for value, source in zip(row, sources, strict=True):
            if source.load is None or value is None:
                continue
            try:
                source.load(value)
            except _MISFITS as found:
                label = source.column.label if source.column is not None else "A result"
                detail = "" if source.column is not None and source.column.secret else f" ({found})"
                return DatabaseError(
                    f"{label} holds a value that its declaration does not know{detail}; nothing was changed.",
                    hint="Mend the row, or the declaration.",
                )
    return error


def _generated(sources: Sequence[Source], make: Callable[..., Any] | None, label: str) -> Decoder[Any]:
    variables = [f"v{number}" for number in range(len(sources))]
    names: dict[str, Any] = {
        "make": make,
        "from_timestamp": datetime.fromtimestamp,
        "from_milliseconds": from_milliseconds,
        "UTC": UTC,
    }
    listed = ", ".join(variables) + ("," if len(variables) == 1 else "")
    single = ", ".join(
        source.expression(name, i, names) for i, (source, name) in enumerate(zip(sources, variables, strict=True))
    )
    column = ", ".join(
        source.column_expression(name, i, names)
        for i, (source, name) in enumerate(zip(sources, variables, strict=True))
    )
    made = f"make({single})" if make is not None else f"({single},)"
    gathered = f"list(map(make, {column}))" if make is not None else f"list(zip({column}))"
    code = _function("one", "row", [f"{listed} = row", f"return {made}"])
    code += _function("many", "rows", [f"{listed} = zip(*rows)", f"return {gathered}"])
    code += _function("of_columns", "columns", [f"{listed} = columns", f"return {gathered}"])
    names |= {"misfits": _MISFITS, "misfit": partial(_misfit, sources=sources)}
    exec(compile(code, f"<decoder of {label}>", "exec"), names)  # made of our own words alone
    return Decoder(names["one"], names["many"], names["of_columns"])
