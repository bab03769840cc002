"""Which source column becomes which target column? Declared once per table; rebuilding a source row follows from it.

PROJECTS = TableMapping(Project, carry("id", Project.id, whole), carry("name", Project.name, plain), ...)
values = PROJECTS.of(table).values(row)           # there
row    = PROJECTS.of(table).back(values)          # and back, up to cells that `difference` finds
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar, cast

from promptliano.legacy.cells import Cell, Refusal, Row
from promptliano.legacy.codecs import Codec
from schemaroot import Assignment, Expr, New, Table, declaration_of, new
from schemaroot.errors import InvalidValueError

R = TypeVar("R", bound=Table)
T = TypeVar("T")

Values: TypeAlias = dict[str, object]
"""A target row by column name, as Python values."""

Columns: TypeAlias = Mapping[str, bool]
"""A source table's columns in their declared order, and whether each takes NULL."""

Computed: TypeAlias = Callable[[Values], Cell]
"""Gives a source cell from a whole target row."""


@dataclass(frozen=True)
class Carry(Generic[R]):
    """One source column whose cells become the values of one target column."""

    source: str
    target: str
    there: Callable[[Cell], object]
    back: Callable[[object], Cell]
    nullable: Carry[R] | None = None


def carry(source: str, target: Expr[R, T], codec: Codec[T], *, nullable: Codec[T] | None = None) -> Carry[R]:
    """Says that a source column becomes a target column.

    Args:
        source: the name of the source column.
        target: the target column, whose type the codec must have.
        codec: how the values become each other.
        nullable: the codec to use instead where the source column takes NULL.
    """
    back = cast("Callable[[object], Cell]", codec.back)
    other: Carry[R] | None = None if nullable is None else carry(source, target, nullable)
    return Carry(source, target.column.name, codec.there, back, other)


class TableMapping(Generic[R]):
    """All that one target table takes from one source table.

    A source column without a line here is kept in the archive cell by cell.
    """

    def __init__(self, target: type[R], *carries: Carry[R], computed: Mapping[str, Computed] | None = None) -> None:
        self.target: type[R] = target
        self.carries: tuple[Carry[R], ...] = carries
        self.computed: Mapping[str, Computed] = computed or {}

    def of(self, columns: Columns) -> BoundMapping[R]:
        """The mapping for a source table with these columns."""
        return BoundMapping(self, columns)


class BoundMapping(Generic[R]):
    """A mapping narrowed to the columns that a source table has."""

    def __init__(self, mapping: TableMapping[R], columns: Columns) -> None:
        self.target: type[R] = mapping.target
        self.columns: tuple[str, ...] = tuple(columns)
        present = [one for one in mapping.carries if one.source in columns]
        self._carries = [one.nullable if one.nullable and columns[one.source] else one for one in present]
        self._computed = {name: back for name, back in mapping.computed.items() if name in columns}

    def values(self, row: Row) -> Values:
        """The target's values of a source row; raises `Refusal` that names the column."""
        made: Values = {}
        for one in self._carries:
            try:
                made[one.target] = one.there(row[one.source])
            except Refusal as refusal:
                raise Refusal(f"{refusal.rule}:{one.source}", refusal.outcome) from None
        return made

    def back(self, values: Values) -> dict[str, Cell]:
        """The source cells that a target row usually came from; some columns may be missing."""
        made = {one.source: one.back(values[one.target]) for one in self._carries}
        for name, compute in self._computed.items():
            made[name] = compute(values)
        return made

    def row(self, values: Values) -> New[R]:
        """The checked target row; raises `Refusal` that names the column."""
        return make_row(self.target, values)


@cache
def _insertable(table: type[Table]) -> frozenset[str]:
    """The names of the columns that an insert asks for."""
    return frozenset(name for name, column in declaration_of(table).columns.items() if column.is_insertable)


def make_row(table: type[R], values: Values) -> New[R]:
    """A checked row with any of its columns given, also `id` and `deleted`; raises `Refusal` that names the column."""
    columns, insertable = declaration_of(table).columns, _insertable(table)
    asked = {name: value for name, value in values.items() if name in insertable}
    more: list[Assignment[R]] = [
        Assignment(columns[name], value) for name, value in values.items() if name not in insertable
    ]
    try:
        row = new(cast("Callable[..., R]", table), **cast("dict[str, Any]", asked))
        return row.with_(*more) if more else row
    except InvalidValueError as error:
        raise Refusal(f"invalid:{error.column.rpartition('.')[2]}") from error
