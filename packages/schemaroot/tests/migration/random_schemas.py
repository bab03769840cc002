"""Random declared schemas as plain data, the table classes made of them, and the rows that they can hold.

A column or table keeps its `ident` when it is renamed or changed, so that a value can be followed through a change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from schemaroot import (
    Check,
    Col,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    blob,
    boolean,
    generated,
    integer,
    json,
    real,
    references,
    soft_delete,
    text,
    timestamp_ms,
)

Value = int | float | str | bytes | None
Row = dict[int, Value]
Rows = dict[int, dict[int, Row]]
"""Of each table, by its ident: its rows by their rowid, the values by the idents of their columns."""

NOTHING = "<no default>"
TABLE_NAMES = ("plants", "beds", "select", "a b", 'quo"ted', "größe", "order", "it's", "tools", "%s", "Visits")
COLUMN_NAMES = (
    *("title", "rank", "order", "group", "größe", "ключ", "rowid", "select", "note", "state", "weight"),
    *("oid", "index", "value", "check_", "a", "b", "c", "d", "length", "key", "old", "new", "default"),
)
WORDS = ("", "a", "it's", "Ünï", "😀 x", "12", "-7", "x" * 30, "[]", "%s", "two words", "NULL")
POOLS: Mapping[str, tuple[Value, ...]] = {
    "integer": (0, 1, -1, 7, 12, 2**53 + 1, 2**63 - 1, -(2**63)),
    "real": (0.0, 1.5, 0.1 + 0.2, 2.0, 1e300, -3.25),
    "text": WORDS,
    "boolean": (0, 1),
    "timestamp": (0, -1, 1_735_689_600_001),
    "blob": (b"", b"\0\xff", b"ab'c"),
    "list": ("[]", '["a","ü"]'),
    "object": ("{}", '{"a":1}'),
    "words": ("s", "it's", "%s", "é", ":x", "b"),
    "numbers": (1, 2, 3, -1),
    "deleted": (None, None, None, 1_735_689_600_001),
}
STORAGE = {
    **dict.fromkeys(("integer", "boolean", "timestamp", "numbers", "deleted", "auto"), "INTEGER"),
    **dict.fromkeys(("text", "list", "object", "words"), "TEXT"),
    "real": "REAL",
    "blob": "BLOB",
}
PLAIN_KINDS = ("integer", "real", "text", "boolean", "timestamp", "blob", "list", "object", "words", "numbers")


@dataclass(frozen=True)
class Dice:
    """Decides at random, and leaves the choices to Hypothesis so that it can make a failing example small."""

    draw: DrawFn

    def pick(self, some: Sequence[Any]) -> Any:
        """One of some; the first is the simplest."""
        return some[self.draw(st.integers(0, len(some) - 1))] if len(some) > 1 else some[0]

    def some(self, few: Sequence[Any], least: int, most: int) -> list[Any]:
        """Several different ones."""
        left, found = list(few), list[Any]()
        for _ in range(self.number(least, min(most, len(left)))):
            found.append(left.pop(self.draw(st.integers(0, len(left) - 1))))
        return found

    def number(self, low: int, high: int) -> int:
        """A whole number, bounds included."""
        return self.draw(st.integers(low, max(low, high)))

    def seldom(self, one_in: int) -> bool:
        """Whether something unusual happens."""
        return self.number(0, one_in - 1) == one_in - 1


@dataclass(frozen=True)
class ColumnPlan:
    """One column. `of`: the ident of the table that a reference leads to, or of a generated column's source."""

    ident: int
    name: str
    kind: str
    nullable: bool = False
    default: Value = NOTHING
    low: int | None = None
    high: int | None = None
    members: tuple[Value, ...] = ()
    key: bool = False
    unique: bool = False
    of: int = 0
    on_delete: str = "no action"
    was: str = ""

    def fits(self, value: Value) -> bool:
        """Whether the column can hold a value, by its type's own rules."""
        if value is None:
            return self.nullable or self.kind == "deleted"
        if self.members:
            return value in self.members
        if self.kind == "boolean":
            return value in (0, 1)
        if self.kind in ("list", "object"):
            return isinstance(value, str) and value in POOLS[self.kind]
        if isinstance(value, (str, bytes)):
            return (self.low or 0) <= len(value) and (self.high is None or len(value) <= self.high)
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def pool(self) -> list[Value]:
        """Values that it can hold."""
        values = self.members or POOLS.get(self.kind, ())
        return [*([None] if self.nullable else []), *(value for value in values if self.fits(value))]


@dataclass(frozen=True)
class UniquePlan:
    """A unique key over several columns."""

    columns: tuple[int, ...]
    nulls_equal: bool = False
    over: str = "live"


@dataclass(frozen=True)
class IndexPlan:
    """An index; a negative ident is a descending part. `form`: `plain`, `partial` or `expression`."""

    number: int
    columns: tuple[int, ...]
    form: str = "plain"


@dataclass(frozen=True)
class CheckPlan:
    """A check over columns: `ordered`, `either` or `short`."""

    number: int
    form: str
    columns: tuple[int, ...]


@dataclass(frozen=True)
class TablePlan:
    """One table."""

    ident: int
    name: str
    columns: tuple[ColumnPlan, ...]
    uniques: tuple[UniquePlan, ...] = ()
    indexes: tuple[IndexPlan, ...] = ()
    checks: tuple[CheckPlan, ...] = ()
    search: tuple[int, ...] = ()
    was: str = ""

    def column(self, ident: int) -> ColumnPlan | None:
        """The column of an ident."""
        return next((column for column in self.columns if column.ident == ident), None)

    @property
    def key(self) -> tuple[ColumnPlan, ...]:
        """The columns of the primary key."""
        return tuple(column for column in self.columns if column.key)

    @property
    def stored(self) -> tuple[ColumnPlan, ...]:
        """The columns that hold values of their own."""
        return tuple(column for column in self.columns if column.kind != "generated")

    @property
    def integer_key(self) -> ColumnPlan | None:
        """The column that is the rowid."""
        return self.key[0] if len(self.key) == 1 and self.key[0].kind != "text" else None

    def with_column(self, column: ColumnPlan) -> TablePlan:
        """The table with a column changed."""
        return replace(self, columns=tuple(column if one.ident == column.ident else one for one in self.columns))


Plan = tuple[TablePlan, ...]


def storage_in(table: TablePlan, column: ColumnPlan, plan: Plan = ()) -> str:
    """The SQL type of a column."""
    if column.kind == "reference":
        target = table_of((*plan, table), column.of)
        assert target is not None
        return storage_in(target, target.key[0], plan)
    return STORAGE[column.kind]


def table_of(plan: Plan, ident: int) -> TablePlan | None:
    """The table of an ident."""
    return next((table for table in plan if table.ident == ident), None)


# --- declarations -----------------------------------------------------------------------------------------------------


class Space:
    """The classes of one schema, which refer to one another by their idents."""

    def __init__(self) -> None:
        self.tables: dict[int, Any] = {}

    def key_of(self, plan: Plan, ident: int) -> Callable[[], Any]:
        """What a reference points at."""
        target = table_of(plan, ident)
        assert target is not None
        name = target.key[0].name
        return lambda: getattr(self.tables[ident], name)


def declare(plan: Plan) -> list[type[Table]]:
    """The table classes of a plan; raises `DeclarationError` where it is none that can be declared."""
    space = Space()
    for table in plan:
        annotations, body = dict[str, Any](), dict[str, Any]()
        for column in table.columns:
            annotations[column.name], body[column.name] = _declared(plan, table, column, space)
        options: dict[str, Any] = {
            "name": table.name,
            "unique": [_unique(table, one) for one in table.uniques],
            "indexes": [_index(table, one) for one in table.indexes],
            "checks": [
                Check(f"rule{one.number}", lambda table=table, one=one: condition(table, one)) for one in table.checks
            ],
            "search": [one.name for ident in table.search if (one := table.column(ident))],
        }
        if table.was:
            options["was"] = table.was
        namespace = {"__module__": __name__, "__annotations__": annotations, **body}
        space.tables[table.ident] = type(Table)(f"T{table.ident}", (Table,), namespace, **options)
    return list(space.tables.values())


def _declared(plan: Plan, table: TablePlan, column: ColumnPlan, space: Space) -> tuple[Any, Any]:
    """The annotation of a column and what its function gives."""
    options: dict[str, Any] = {"was": column.was} if column.was else {}
    if column.kind == "auto":
        return Col[int], auto_id(**options)
    if column.kind == "deleted":
        return Col[datetime | None], soft_delete(**options)
    if column.kind == "generated":
        source = table.column(column.of)
        assert source is not None
        kind, expression = _computed(source, column.low)
        return Col[kind | None], generated(expression, **options)
    if column.key:
        options["primary_key"] = True
    if column.unique:
        options["unique"] = True
    if column.kind == "reference":
        target = int if storage_in(table, column, plan) == "INTEGER" else str
        options |= {"on_delete": column.on_delete} | ({"default": None} if column.default is None else {})
        named = type(f"T{column.of}", (), {"__declaration__": None})
        held: Any = target | None if column.nullable else target
        return Ref[named, held], references(space.key_of(plan, column.of), **options)
    if column.default != NOTHING:
        options["default"] = loaded(column.kind, column.default)
    annotations: dict[str, tuple[Any, Callable[..., Any], str]] = {
        "integer": (int, integer, "imum"),
        "real": (float, real, "imum"),
        "text": (str, text, "_length"),
        "boolean": (bool, boolean, ""),
        "timestamp": (datetime, timestamp_ms, ""),
        "blob": (bytes, blob, "_length"),
        "list": (list[str], json, ""),
        "object": (dict[str, int], json, ""),
        "words": (Literal[column.members] if column.members else str, text, ""),
        "numbers": (Literal[column.members] if column.members else int, integer, ""),
    }
    plain, function, limits = annotations[column.kind]
    if limits and column.low is not None and column.kind != "blob":
        options[f"min{limits}"] = column.low
    if limits and column.high is not None:
        options[f"max{limits}"] = column.high
    if column.kind in ("list", "object") and column.default not in (NOTHING, None):
        del options["default"]
        options["default_factory"] = list if column.kind == "list" else dict
    return Col[plain | None if column.nullable else plain], function(**options)


def loaded(kind: str, value: Value) -> object:
    """The Python value of a stored one."""
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    if kind == "timestamp":
        assert isinstance(value, int)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    return value


def _computed(source: ColumnPlan, way: int | None) -> tuple[Any, Callable[[], Any]]:
    own: Any = sa.column(source.name)
    if STORAGE[source.kind] != "TEXT":
        return int, lambda: sa.case((own > 0, 1), else_=0)
    return (str, lambda: sa.func.lower(own)) if way else (int, lambda: sa.func.length(own))


def _unique(table: TablePlan, plan: UniquePlan) -> Unique:
    names = [one.name for ident in plan.columns if (one := table.column(ident))]
    return Unique(*names, nulls_equal=plan.nulls_equal, over=plan.over)


def _index(table: TablePlan, plan: IndexPlan) -> Index:
    parts: list[Any] = [
        f"-{one.name}" if ident < 0 else one.name for ident in plan.columns if (one := table.column(abs(ident)))
    ]
    first: Any = sa.column(parts[0].removeprefix("-"))
    name = f"ix{plan.number}_{table.ident}"
    if plan.form == "expression":
        return Index(lambda: sa.func.lower(first), *parts[1:], name=name)
    if plan.form == "partial":
        return Index(*parts, where=lambda: first.is_not(None), name=name)
    return Index(*parts, name=name) if plan.number % 2 else Index(*parts)


def condition(table: TablePlan, plan: CheckPlan) -> Any:
    """The SQL of a check."""
    columns: list[Any] = [sa.column(one.name) for ident in plan.columns if (one := table.column(ident))]
    match plan.form:
        case "ordered":
            return sa.or_(columns[0] <= columns[1], columns[0] == 7)
        case "either":
            return sa.or_(columns[0].is_not(None), columns[1].is_not(None))
        case _:
            return sa.func.length(columns[0]) < 1000


def keeps(plan: CheckPlan, row: Row) -> bool:
    """Whether a row keeps a check."""
    values: list[Any] = [row[ident] for ident in plan.columns]
    if plan.form == "ordered":
        return None in values or values[0] <= values[1] or values[0] == 7
    return plan.form != "either" or values != [None, None]


# --- rows -------------------------------------------------------------------------------------------------------------


def holds(plan: Plan, rows: Rows) -> bool:
    """Whether a schema can hold rows: types, checks, keys and references."""
    for table in plan:
        there = rows.get(table.ident, {})
        for row in there.values():
            if not all(column.fits(row[column.ident]) for column in table.stored if column.kind not in ("auto",)):
                return False
            if not all(keeps(check, row) for check in table.checks):
                return False
        if not all(_unique_over(table, unique, there) for unique in uniques_of(table)):
            return False
        for column in table.stored:
            target = table_of(plan, column.of) if column.kind == "reference" else None
            if target is not None:
                keys = {row[target.key[0].ident] for row in rows.get(target.ident, {}).values()}
                if any(row[column.ident] not in keys for row in there.values() if row[column.ident] is not None):
                    return False
    return True


def uniques_of(table: TablePlan) -> list[UniquePlan]:
    """All unique keys of a table."""
    single = [UniquePlan((column.ident,)) for column in table.columns if column.unique]
    return [UniquePlan(tuple(column.ident for column in table.key), over="all"), *single, *table.uniques]


def _unique_over(table: TablePlan, unique: UniquePlan, rows: Mapping[int, Row]) -> bool:
    gone = next((column.ident for column in table.columns if column.kind == "deleted"), None)
    seen = set[tuple[object, ...]]()
    for row in rows.values():
        if unique.over == "live" and gone is not None and row[gone] is not None:
            continue
        values = tuple(row[ident] for ident in unique.columns)
        if None in values and not unique.nulls_equal:
            continue
        if values in seen:
            return False
        seen.add(values)
    return True


def some_rows(dice: Dice, plan: Plan, most: int = 4) -> Rows:
    """Rows that a schema can hold."""
    rows: Rows = {}
    for table in plan:
        rows[table.ident] = {}
        for _ in range(dice.number(0, most)):
            add_row(dice, plan, table, rows)
    for table in plan:
        for column in table.stored:
            if column.kind == "reference" and column.nullable:
                for rowid, row in rows[table.ident].items():
                    before = row[column.ident]
                    row[column.ident] = _reference(dice, plan, table, column, rows, rowid)
                    if not holds(plan, rows):
                        row[column.ident] = before
    return rows


def add_row(dice: Dice, plan: Plan, table: TablePlan, rows: Rows, values: Row | None = None) -> int | None:
    """Adds a row that fits, and gives its rowid; `None` where the random one does not fit."""
    there = rows[table.ident]
    rowid = max(there, default=0) + dice.number(1, 3)
    row: Row = {}
    for column in table.stored:
        if values is not None and column.ident in values:
            row[column.ident] = values[column.ident]
        elif column is table.integer_key and column.kind != "reference":
            row[column.ident] = rowid
        elif column.kind == "reference":
            row[column.ident] = _reference(dice, plan, table, column, rows, rowid)
        elif (column.unique or column.key) and column.kind in ("text", "integer"):
            row[column.ident] = f"k{rowid}" if column.kind == "text" else rowid * 10
        else:
            row[column.ident] = dice.pick(column.pool())
    if table.integer_key is not None and isinstance(key := row[table.integer_key.ident], int):
        rowid = key
    if rowid in there:
        return None
    there[rowid] = row
    if holds(plan, rows):
        return rowid
    del there[rowid]
    return None


def _reference(dice: Dice, plan: Plan, table: TablePlan, column: ColumnPlan, rows: Rows, rowid: int) -> Value:
    target = table_of(plan, column.of)
    assert target is not None
    keys: list[Value] = [row[target.key[0].ident] for row in rows.get(target.ident, {}).values()]
    if target is table and table.integer_key is not None and table.integer_key.kind != "reference":
        keys.append(rowid)
    if column.nullable:
        keys.insert(0, None)
    return dice.pick(keys) if keys else None
