"""Statements as data: what is selected, updated or deleted, frozen, with a shape that caches know them by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, cast

import msgspec
from typing_extensions import TypeVar

from schemaroot.errors import InvalidArgumentsError, MissingFilterError
from schemaroot.schema.expression import Assignment, Condition, Expr, FkExpr, Ordering, Parameter, is_sql
from schemaroot.schema.refusals import described, is_a
from schemaroot.schema.table import Table
from schemaroot.schema.types import Boolean
from schemaroot.schema.values import MISSING

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ClauseList

# The defaults let a signature that does not care say `SelectSpec` alone.
Item_co = TypeVar("Item_co", covariant=True, default=object)
R_co = TypeVar("R_co", bound=Table, covariant=True, default=Table)

Deleted = Literal["live", "all", "only"]
"""Which rows of a table with soft delete a statement sees."""


class SelectSpec(msgspec.Struct, Generic[Item_co], frozen=True, gc=False):
    """A select of one table's rows or columns, and of what belongs to each row.

    `Item_co` is what it gives: a row, a tuple of values, or a row with what belongs to it.
    """

    table: type[Table]
    columns: tuple[object, ...] = ()
    conditions: tuple[object, ...] = ()
    group: tuple[object, ...] = ()
    order: tuple[object, ...] = ()
    limit: int | Parameter[int] | None = None
    offset: int | Parameter[int] | None = None
    deleted: Deleted = "live"
    nested: tuple[NestedSpec, ...] = ()


class NestedSpec(msgspec.Struct, frozen=True, gc=False):
    """What belongs to each row: rows that refer to it, the row it refers to, their count, an aggregate over them."""

    kind: Literal["many", "one", "count", "aggregate"]
    key: FkExpr[Any, Any, Any]
    child: SelectSpec
    expression: object = None


class UpdateSpec(msgspec.Struct, Generic[R_co], frozen=True, gc=False):
    """An update of one table's rows."""

    table: type[R_co]
    assignments: tuple[Assignment[Any], ...] = ()
    conditions: tuple[object, ...] = ()
    deleted: Deleted = "live"
    everything: bool = False


class DeleteSpec(msgspec.Struct, frozen=True, gc=False):
    """A delete of one table's rows."""

    table: type[Table]
    conditions: tuple[object, ...] = ()
    everything: bool = False


def check_conditions(conditions: Iterable[object]) -> None:
    """Refuses conditions that are no SQL or are empty: `where(None)`, `where(True)`, `where(and_())` match nothing."""
    for condition in conditions:
        if isinstance(condition, Condition):
            continue
        if condition is MISSING or condition is None or isinstance(condition, bool) or is_empty(condition):
            raise MissingFilterError("a condition")
        if not _is_element(condition) or (is_a(Expr, condition) and not _is_truth(condition)):
            raise InvalidArgumentsError(
                f"where() takes conditions such as Table.column == value, not {described(condition)}."
            )


def check_expressions(verb: str, items: Iterable[object]) -> None:
    """Refuses what is no column and no SQL expression, such as the name of a column."""
    for item in items:
        if not _is_element(item):
            raise InvalidArgumentsError(f"{verb}() takes columns and expressions over them, not {described(item)}.")


def _is_element(item: object) -> bool:
    """Whether something is a part of a statement; a table, a row and a whole statement are none."""
    if isinstance(item, (Expr, Condition, Ordering, Parameter)):
        return True
    if not is_sql(item):
        return False
    from sqlalchemy import ColumnElement, TextClause  # loaded by whoever made the item

    return isinstance(item, (ColumnElement, TextClause))


def _is_truth(column: Any) -> bool:
    return isinstance(column.column.type, Boolean)


def is_empty(condition: object) -> bool:
    """Whether a condition of SQLAlchemy's own joins no condition at all, as `and_()` of an empty list does."""
    kind: type[object] = type(condition)
    if getattr(kind, "__visit_name__", "") not in ("clauselist", "expression_clauselist"):
        return False
    return all(map(is_empty, cast("ClauseList", condition).clauses))


Shape = tuple[object, ...]


class _Unknown:
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # a shape with it in cannot be looked up


UNKNOWN = _Unknown()
"""Stands for what SQLAlchemy cannot recognise: it is compiled anew each time."""


def item_shape(item: Any, values: list[Any], inline: dict[Any, int]) -> object:
    """The shape of a condition, an ordering or an expression; its values are appended to `values`."""
    if isinstance(item, Condition):
        values.extend(item.values)
        parameters = tuple(
            (place, value.name) for place, value in enumerate(item.values) if isinstance(value, Parameter)
        )
        return (item.shape, parameters) if parameters else item.shape
    if isinstance(item, Ordering):
        return item.shape
    if isinstance(item, Expr):
        return item  # pyright: ignore[reportUnknownVariableType]  # any column
    if hasattr(item, "__clause_element__"):
        item = item.__clause_element__()
    key = item._generate_cache_key()  # SQLAlchemy's own cache key: no public door leads to it
    if key is None:
        return UNKNOWN
    awaited: list[str] = []
    for bind in key.bindparams:
        if bind.required:
            awaited.append(bind.key)
        else:
            inline[bind] = len(values)
            values.append(bind.effective_value)
    # SQLAlchemy's key does not tell a parameter that waits for its value from one of the same name that has it.
    return (key.key, tuple(awaited)) if awaited else key.key


def select_shape(spec: SelectSpec, values: list[Any], inline: dict[Any, int]) -> Shape:
    """The shape of a select without what belongs to its rows; its values are appended in the order of building."""
    columns = tuple(item_shape(column, values, inline) for column in spec.columns)
    conditions = tuple(item_shape(condition, values, inline) for condition in spec.conditions)
    group = tuple(item_shape(item, values, inline) for item in spec.group)
    order = tuple(item_shape(item, values, inline) for item in spec.order)
    bounds: list[object] = []
    for bound in (spec.limit, spec.offset):
        if bound is None:
            bounds.append(None)
        else:
            values.append(bound)
            bounds.append(bound.name if isinstance(bound, Parameter) else 0)
    return (spec.table, columns, conditions, group, order, *bounds, spec.deleted)
