"""Plans of writes: inserts that know the stored row without asking, upserts, updates, deletes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter, length_hint
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from schemaroot.engine import dialect
from schemaroot.engine.compile import Compiled, ValueBinds, compile_statement, sqlite_dialect
from schemaroot.engine.connection import Connection
from schemaroot.engine.decode import Decoder
from schemaroot.engine.driver import SQLITE_CONSTRAINT
from schemaroot.engine.plans import decoder_for, returned_decoder_for
from schemaroot.errors import InvalidArgumentsError, InvalidValueError
from schemaroot.query.build import build_delete, build_update, is_expression, live_condition
from schemaroot.query.spec import DeleteSpec, UpdateSpec, item_shape
from schemaroot.schema.column import Column
from schemaroot.schema.constraints import Unique
from schemaroot.schema.expression import Assignment, ColumnOf, Parameter
from schemaroot.schema.new import New
from schemaroot.schema.refusals import described, is_a, listed
from schemaroot.schema.sqlalchemy import Dumped, table_clause, unique_condition, unique_parts
from schemaroot.schema.table import Table, TableDeclaration
from schemaroot.schema.types import INT64_MAX, Real
from schemaroot.schema.values import SqlValue

R = TypeVar("R", bound=Table)
V = TypeVar("V")

Values = tuple[SqlValue, ...]
Columns = tuple[Sequence[SqlValue], ...]


class Arrange(Protocol):
    """Puts the values of a row, or whole columns, into another order."""

    def __call__(self, values: tuple[V, ...], /) -> tuple[V, ...]:
        """The same values, ordered."""
        ...


CHUNK_PARAMETERS = 4000
"""Values in one INSERT: its text then stays short enough for the drivers' statement caches."""


def _insert_sql(table: type[Table], columns: Sequence[str], returning: Sequence[str]) -> tuple[str, Arrange]:
    """The SQL of an insert, and what puts values in the order of `columns` into the order of its parameters."""
    clause = table_clause(table)
    # The values are dumped already, so the parameters have no type of their own.
    statement: Any = sa.insert(clause).values(
        {name: sa.bindparam(f"in_{name}", type_=sa.types.NullType()) for name in columns}
    )
    if returning:
        statement = statement.returning(*(clause.c[name] for name in returning))
    compiled = compile_statement(statement)
    order = [columns.index(name.removeprefix("in_")) for name in compiled.compiler.positiontup or ()]
    return compiled.sql, _arranged(order)


def _arranged(order: Sequence[int]) -> Arrange:
    if list(order) == list(range(len(order))):
        return _same
    if len(order) == 1:
        return _only(order[0])
    return itemgetter(*order)


class InsertPlan(Generic[R]):
    """Inserts rows that give the same columns.

    The row comes back as it is stored without being read: the driver's values go through the row's own decoder, and
    the key is the last rowid. Only columns that the database computes are asked for.
    """

    def __init__(self, table: type[R], extra: tuple[str, ...]) -> None:
        declared = table.__declaration__
        self.table: type[R] = table
        self.declared: TableDeclaration = declared
        self.extra: tuple[str, ...] = extra
        computes_reals = any(isinstance(column.type, Real) for column in declared.generated)
        self.decoder: Decoder[R] = returned_decoder_for(table) if computes_reals else decoder_for(table)
        self.auto: str | None = (
            declared.auto_key.name if declared.auto_key and declared.auto_key.name not in extra else None
        )
        self.computed: tuple[str, ...] = tuple(column.name for column in declared.generated)
        self.columns: tuple[str, ...] = (*extra, *(column.name for column in declared.stored))
        self.sql: str
        self.arrange: Arrange
        self.sql, self.arrange = _insert_sql(table, self.columns, self.computed)
        known = (*((self.auto,) if self.auto else ()), *self.columns, *self.computed)
        self.in_order: Arrange = _arranged([known.index(name) for name in declared.columns])

    def values(self, row: New[R]) -> Values:
        """The driver's values of a row, in the order of `columns`."""
        return tuple(row.extra[name] for name in self.extra) + row.stored if self.extra else row.stored

    def one(self, connection: Connection, row: New[R]) -> R:
        """Inserts one row and gives it as stored."""
        values = self.values(row)
        computed = connection.execute(self.sql, self.arrange(values)).fetchall()
        head: Values = (connection.last_rowid,) if self.auto else ()
        tail: Values = computed[0] if self.computed else ()
        return self.decoder.one(self.in_order(head + values + tail))


class BulkInsertPlan(Generic[R]):
    """Inserts many rows in the transaction that is open, with keys counted on from the last one."""

    def __init__(self, table: type[R], extra: tuple[str, ...]) -> None:
        self.single: InsertPlan[R] = InsertPlan(table, extra)
        declared = table.__declaration__
        self.counted: InsertPlan[R] = InsertPlan(table, (self.single.auto, *extra)) if self.single.auto else self.single
        self.sql: str
        self.arrange: Arrange
        self.sql, self.arrange = _insert_sql(table, self.counted.columns, ())
        self.sqls: dict[int, str] = {}
        self.chunk: int = max(1, CHUNK_PARAMETERS // len(self.counted.columns))
        self.next_key: Compiled | None = compile_statement(_last_key(declared, table)) if self.single.auto else None
        self.read_back: Compiled | None = None
        if self.counted.computed and declared.auto_key is not None:
            clause = table_clause(table)
            key = clause.c[declared.auto_key.name]
            among = key.in_(
                sa.select(sa.func.json_each(sa.bindparam("keys", type_=sa.TEXT())).table_valued("value").c.value)
            )
            self.read_back = compile_statement(sa.select(clause).where(among).order_by(key))
        self.key_place: int = self.counted.columns.index(declared.auto_key.name) if declared.auto_key else 0

    def many(self, connection: Connection, rows: Sequence[New[R]], progress: Progress) -> list[R]:
        """Inserts the rows and gives them as stored, in their order."""
        first_key = None if self.next_key is None else self._first_key(connection, self.next_key, len(rows))
        made: list[R] = []
        for start in range(0, len(rows), self.chunk):
            some = rows[start : start + self.chunk]
            columns = self._columns(some, None if first_key is None else first_key + start)
            if self.counted.computed and self.read_back is None:
                made += self._one_by_one(connection, list(zip(*columns, strict=True)), start, progress)
                continue
            self._insert(connection, self.arrange(columns), len(some), start, progress)
            if self.read_back is None:
                made += self.counted.decoder.of_columns(self.counted.in_order(columns))
            else:
                made += self._read(connection, self.read_back, columns[self.key_place])
        return made

    def _columns(self, rows: Sequence[New[R]], first_key: int | None) -> Columns:
        """The driver's values of some rows, column by column in the order of `counted.columns`."""
        single = self.single
        given = zip(
            *[single.values(row) for row in rows] if single.extra else [row.stored for row in rows], strict=True
        )
        return tuple(given) if first_key is None else (range(first_key, first_key + len(rows)), *given)

    def _insert(self, connection: Connection, columns: Columns, count: int, start: int, progress: Progress) -> None:
        sql = self.sqls.get(count)
        if sql is None:
            sql = self.sqls[count] = dialect.repeat_values(self.sql, count)
        try:
            # Both zip() and chain() hand on what they have: no row is put together for it.
            connection.execute(sql, tuple(chain.from_iterable(zip(*columns, strict=True)))).fetchall()
        except connection.driver.errors as error:
            if connection.driver.fault(error).primary != SQLITE_CONSTRAINT:
                raise
            # The statement is undone: the same rows one by one tell which of them is refused.
            rows = list(zip(*columns, strict=True))
            connection.cursor.executemany(self.sql, progress.following(rows, start))

    def _read(self, connection: Connection, compiled: Compiled, keys: Sequence[SqlValue]) -> list[R]:
        """The rows with these keys, in their order."""
        found = connection.execute(compiled.sql, (str(list(keys)),)).fetchall()
        place = list(self.counted.declared.columns).index(self.counted.declared.primary_key[0].name)
        by_key = {row[place]: row for row in found}
        return self.counted.decoder.many([by_key[key] for key in keys])

    def _first_key(self, connection: Connection, next_key: Compiled, count: int) -> int:
        last: int = connection.execute(next_key.sql, next_key.bind((), {})).fetchall()[0][0]
        if last > INT64_MAX - count:
            raise InvalidValueError("no keys are left", column=f"{self.single.declared.name}.{self.single.auto}")
        return last + 1

    def _one_by_one(self, connection: Connection, values: list[Values], start: int, progress: Progress) -> list[R]:
        plan = self.counted
        made: list[R] = []
        for row in progress.following(values, start):
            computed = connection.execute(plan.sql, plan.arrange(row)).fetchall()
            made.append(plan.decoder.one(plan.in_order(row + computed[0])))
        return made


def _same(values: tuple[V, ...], /) -> tuple[V, ...]:
    return values


def _only(place: int) -> Arrange:
    def only(values: tuple[V, ...], /) -> tuple[V, ...]:
        return (values[place],)

    return only


def _last_key(declared: TableDeclaration, table: type[Table]) -> Any:
    """The highest key that was ever used: SQLite remembers it for keys that are never used twice."""
    clause = table_clause(table)
    sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
    remembered = (
        sa.select(sequence.c.seq).where(sequence.c.name == sa.literal_column(_text(declared.name))).scalar_subquery()
    )
    highest = sa.select(sa.func.max(clause.c[declared.primary_key[0].name])).scalar_subquery()
    zero: sa.ColumnElement[int] = sa.literal_column("0")
    return sa.select(sa.func.max(sa.func.coalesce(remembered, zero), sa.func.coalesce(highest, zero)))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


class Progress:
    """Knows which row of many is being written, so that a refused one can be named."""

    __slots__ = ("_iterator", "_start", "_total")

    def __init__(self) -> None:
        self._iterator: Iterator[Values] | None = None
        self._start: int = 0
        self._total: int = 0

    def following(self, rows: Sequence[Values], start: int = 0) -> Iterator[Values]:
        """The rows, one after the other; the first one has the place `start`."""
        self._start = start
        self._total = len(rows)
        self._iterator = iter(rows)
        return self._iterator

    @property
    def row(self) -> int | None:
        """The place of the row that was taken last, from 0."""
        if self._iterator is None:
            return None
        return self._start + self._total - length_hint(self._iterator) - 1


class UpsertPlan(Generic[R]):
    """Inserts a row, or updates the one that has the same key."""

    def __init__(
        self, table: type[R], extra: tuple[str, ...], on: tuple[str, ...], update: tuple[str, ...] | None
    ) -> None:
        declared = table.__declaration__
        clause = table_clause(table)
        columns = (*extra, *(column.name for column in declared.stored))
        statement: Any = sqlite_insert(clause).values(
            {name: sa.bindparam(f"in_{name}", type_=sa.types.NullType()) for name in columns}
        )
        elements, where = _conflict_target(declared, on)
        if where is not None:  # the database compares its text with the index's, which holds no parameters
            literal = where.compile(dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True})
            condition: sa.ColumnElement[bool] = sa.literal_column(str(literal))
            where = condition
        stamped = [column for column in declared.columns.values() if column.on_update is not None]
        given = update or ()
        if update is None:
            update = tuple(
                name
                for name in columns
                if name not in on and not declared.columns[name].soft_delete and not _is_birth(declared, name)
            )
        changes: dict[str, Any] = {name: statement.excluded[name] for name in update}
        self.stamps: list[Column] = []
        for column in stamped:
            if column.on_update is column.default_factory or column.name in given:
                changes[column.name] = statement.excluded[column.name]
            else:  # what a new row holds is not what an update sets
                changes[column.name] = sa.bindparam(f"stamp_{column.name}", type_=Dumped())
                self.stamps.append(column)
        if not changes:
            changes = {on[0]: statement.excluded[on[0]]}
        statement = statement.on_conflict_do_update(index_elements=elements, index_where=where, set_=changes)
        compiled = compile_statement(statement.returning(*clause.c))
        known = [*(f"in_{name}" for name in columns), *(f"stamp_{column.name}" for column in self.stamps)]
        order = [known.index(name) for name in compiled.compiler.positiontup or ()]
        self.sql: str = compiled.sql
        self.insert: InsertPlan[R] = InsertPlan(table, extra)
        self.arrange: Arrange = _arranged(order)
        self.decoder: Decoder[R] = returned_decoder_for(table)

    def run(self, connection: Connection, row: New[R]) -> R:
        """Writes the row and gives it as stored."""
        values = self.insert.values(row)
        values += tuple([column.dump(column.on_update()) for column in self.stamps if column.on_update is not None])
        rows = connection.execute(self.sql, self.arrange(values)).fetchall()
        return self.decoder.one(rows[0])


def column_names(table: type[Table], columns: Iterable[ColumnOf[Any, Any]]) -> tuple[str, ...]:
    """The names of a table's columns; raises `InvalidArgumentsError` for anything else."""
    wanted = listed("Columns", columns)
    for column in wanted:
        if not is_a(ColumnOf, column) or column.table is not table:
            raise InvalidArgumentsError(
                f"Expected columns of {table.__declaration__.name}, not {described(column)}; nothing was written."
            )
    return tuple(column.column.name for column in wanted)


def _is_birth(declared: TableDeclaration, name: str) -> bool:
    """Whether a column tells when the row was made: a moment from a factory that no update sets."""
    column = declared.columns[name]
    return (
        column.default_factory is not None
        and column.on_update is None
        and column.type.describe().startswith("timestamp")
    )


def _conflict_target(declared: TableDeclaration, on: tuple[str, ...]) -> tuple[list[Any], Any]:
    """The unique key's expressions and condition, which SQLite wants repeated for a partial index."""
    if on == tuple(column.name for column in declared.primary_key):
        return [sa.column(name) for name in on], None
    found: Unique | None = next((unique for unique in declared.uniques if tuple(unique.columns) == on), None)
    if found is None:
        raise InvalidArgumentsError(
            f"{declared.name} has no unique key over ({', '.join(on)}); nothing was written.",
            hint="An upsert needs the columns of a declared unique key.",
        )
    return unique_parts(declared, found), unique_condition(declared, found)


def with_on_update(table: type[Table], assignments: tuple[Assignment[Any], ...]) -> tuple[Assignment[Any], ...]:
    """The assignments, and those of columns that each update sets."""
    given = {assignment.column.name for assignment in assignments}
    more = [
        Assignment[Any](column, column.on_update())
        for column in table.__declaration__.columns.values()
        if column.on_update is not None and column.name not in given
    ]
    return (*assignments, *more)


def update_parts(spec: UpdateSpec) -> tuple[tuple[object, ...], list[Any], dict[Any, int]]:
    """An update taken apart: shape, values in the order of building, places of what free expressions brought."""
    values: list[Any] = []
    inline: dict[Any, int] = {}
    sets: list[object] = []
    for assignment in spec.assignments:
        value = assignment.value
        if isinstance(value, Parameter):
            raise InvalidArgumentsError(
                f"{assignment.column.label} is set to {value!r}, but an update takes no parameters; nothing was"
                " written."
            )
        if is_expression(value):
            sets.append((assignment.column.name, item_shape(value, values, inline)))
        else:
            values.append(assignment.column.dump(value))
            sets.append(assignment.column.name)
    conditions = tuple(item_shape(condition, values, inline) for condition in spec.conditions)
    return ("update", spec.table, tuple(sets), conditions, spec.deleted), values, inline


def update_plan(spec: UpdateSpec, values: Sequence[Any], inline: dict[Any, int], *, returning: bool) -> Compiled:
    """Compiles an update."""
    brought = set(inline.values())
    binds = ValueBinds([place for place in range(len(values)) if place not in brought])
    return compile_statement(build_update(spec, binds, returning=returning), inline)


def delete_parts(spec: DeleteSpec) -> tuple[tuple[object, ...], list[Any], dict[Any, int]]:
    """A delete taken apart."""
    values: list[Any] = []
    inline: dict[Any, int] = {}
    conditions = tuple(item_shape(condition, values, inline) for condition in spec.conditions)
    return ("delete", spec.table, conditions), values, inline


def delete_plan(spec: DeleteSpec, values: Sequence[Any], inline: dict[Any, int]) -> Compiled:
    """Compiles a delete."""
    brought = set(inline.values())
    binds = ValueBinds([place for place in range(len(values)) if place not in brought])
    return compile_statement(build_delete(spec, binds), inline)


def point_update_sql(spec: UpdateSpec) -> str:
    """The SQL of an update by key that gives the row, its values in the order of assignments, then the key.

    Raises `AssertionError` when SQLAlchemy puts the parameters into another order.
    """
    names = [assignment.column.name for assignment in spec.assignments]
    clause = table_clause(spec.table)
    values: dict[Any, Any] = {clause.c[name]: sa.bindparam(f"set_{name}", type_=Dumped()) for name in names}
    statement: Any = sa.update(clause).ordered_values(*values.items())
    live = live_condition(spec.table, spec.deleted)
    if live is not None:
        statement = statement.where(live)
    for condition in spec.conditions:
        statement = statement.where(condition)
    compiled = compile_statement(statement.returning(*clause.c))
    assert compiled.compiler.positiontup == [*(f"set_{name}" for name in names), "id"]
    return compiled.sql
