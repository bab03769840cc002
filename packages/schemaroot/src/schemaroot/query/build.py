"""From a statement's data to SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, cast

import msgspec
import sqlalchemy as sa

from schemaroot.errors import InvalidArgumentsError, OtherTableError
from schemaroot.query.spec import DeleteSpec, SelectSpec, UpdateSpec
from schemaroot.schema.expression import Bind, Condition, Parameter, is_sql
from schemaroot.schema.refusals import brief
from schemaroot.schema.sqlalchemy import Dumped, list_of, stored_as, table_clause
from schemaroot.schema.table import Table

KEY_LABEL = "sr_key"


class RowCount(sa.types.TypeDecorator[int]):
    """A limit or an offset that is given when the statement runs: SQLite takes a negative limit for none at all."""

    impl: sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]] = sa.INTEGER
    cache_ok: bool | None = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> int:
        """The number, or `InvalidArgumentsError`."""
        del dialect
        if type(value) is not int or value < 0:
            raise InvalidArgumentsError(f"A limit or an offset is a whole number from 0, not {brief(value)}.")
        return value


def _named(bind: Bind) -> Bind:
    """Turns parameters of a prepared statement into named ones; other values go to `bind`, which counts both."""

    def named(sql_type: Any, value: object) -> Any:
        made = bind(sql_type, value)
        return sa.bindparam(value.name, type_=sql_type) if isinstance(value, Parameter) else made

    return named


def built(item: Any, bind: Bind) -> Any:
    """The SQLAlchemy expression of a condition, an ordering or a column."""
    if isinstance(item, Condition):
        return item.build(_named(bind))
    return item.__clause_element__() if hasattr(item, "__clause_element__") else item


def _own(table: type[Table], item: Any, bind: Bind) -> Any:
    """The SQLAlchemy expression of a part of a statement on one table; raises `OtherTableError`."""
    element = built(item, bind)
    refuse_other_tables(table, [element])
    return element


def refuse_other_tables(table: type[Table], elements: Iterable[Any]) -> None:
    """Raises `OtherTableError` when an expression needs more rows beside the table's own.

    SQLAlchemy would add the other table to FROM, and each row would meet every row there. What stands in a subquery is
    that one's business; a function that gives rows, such as `json_each(Ticket.tags)`, belongs to the row it reads from.
    """
    own = table_clause(table)
    for element in elements:
        if isinstance(element, sa.SelectBase):
            continue
        for source in element._from_objects:  # no public door tells what an expression reads from
            if source is not own and not isinstance(source, sa.TableValuedAlias):
                raise OtherTableError(table.__declaration__.name, str(getattr(source, "name", source)))


def _number(bind: Bind, value: int | Parameter[int]) -> Any:
    """The parameter of a limit or an offset; one that is given as a number was checked already."""
    return _named(bind)(RowCount() if isinstance(value, Parameter) else sa.INTEGER(), value)


def live_condition(table: type[Table], deleted: str) -> Any:
    """The condition that a statement sees live rows, deleted ones, or all (`None`)."""
    column = table.__declaration__.soft_delete
    if column is None or deleted == "all":
        return None
    element = table_clause(table).c[column.name]
    return element.is_(None) if deleted == "live" else element.is_not(None)


def _scoped(statement: Any, spec: SelectSpec | UpdateSpec, bind: Bind) -> Any:
    live = live_condition(spec.table, spec.deleted)
    if live is not None:
        statement = statement.where(live)
    for condition in spec.conditions:
        statement = statement.where(_own(spec.table, condition, bind))
    return statement


def build_select(spec: SelectSpec, bind: Bind, shape: Callable[[Any], Any] | None = None) -> sa.Select[Any]:
    """The select of a table's rows or columns, its values made parameters in the order of the spec's shape.

    Args:
        spec: the statement.
        bind: makes the parameter of the next value.
        shape: changes the select before its order is added.
    """
    clause = table_clause(spec.table)
    columns = [_own(spec.table, column, bind) for column in spec.columns] or list(clause.c)
    statement: Any = sa.select(*columns).select_from(clause)
    statement = _scoped(statement, spec, bind)
    if shape is not None:
        statement = shape(statement)
    if spec.group:
        statement = statement.group_by(*(_own(spec.table, item, bind) for item in spec.group))
    order = [_own(spec.table, item, bind) for item in spec.order]
    if order:
        statement = statement.order_by(*order)
    if spec.limit is not None:
        statement = statement.limit(_number(bind, spec.limit))
    if spec.offset is not None:
        if spec.limit is None:
            statement = statement.limit(sa.literal_column("-1"))
        statement = statement.offset(_number(bind, spec.offset))
    return cast("sa.Select[Any]", statement)


def build_count(spec: SelectSpec, bind: Bind) -> sa.Select[Any]:
    """Counts the rows of a select, within its limit."""
    inner = build_select(
        _unordered(spec), bind, lambda statement: statement.with_only_columns(sa.literal_column("1").label("one"))
    )
    return sa.select(sa.func.count()).select_from(inner.subquery())


def build_exists(spec: SelectSpec, bind: Bind) -> sa.Select[Any]:
    """Whether a select finds a row."""
    inner = build_select(_unordered(spec), bind, lambda statement: statement.with_only_columns(sa.literal_column("1")))
    return sa.select(sa.exists(inner))


def _unordered(spec: SelectSpec) -> SelectSpec:
    return msgspec.structs.replace(spec, columns=(), order=(), nested=())


def build_children(spec: SelectSpec, key: str, bind: Bind, *, single: bool) -> sa.Select[Any]:
    """The rows that belong to one parent or to many, in order, at most `limit` for each parent."""
    clause = table_clause(spec.table)
    own = clause.c[key]
    column = spec.table.__declaration__.columns[key]

    def of_parents(statement: Any) -> Any:
        return statement.where(_among(own, column, single=single))

    bounded = spec.limit is not None or spec.offset is not None
    if bounded and not single:
        return _windowed(spec, own, of_parents, bind)
    statement: Any = build_select(_without_order(spec), bind, of_parents)
    if not single:
        # The key first: an index over key and order then gives the rows as they are, and wide rows need no sorting.
        statement = statement.order_by(own)
    statement = statement.order_by(*_ordering(spec, bind))
    return cast("sa.Select[Any]", _bounded(statement, spec, bind) if bounded else statement)


def _among(own: Any, column: Any, *, single: bool) -> Any:
    if single:
        return own == sa.bindparam("sr_parent", type_=stored_as(column))
    bound = sa.bindparam("sr_parents", type_=list_of(column))
    return own.in_(sa.select(sa.func.json_each(bound).table_valued("value").c.value))


def _without_order(spec: SelectSpec) -> SelectSpec:
    return msgspec.structs.replace(spec, order=(), limit=None, offset=None, nested=())


def _ordering(spec: SelectSpec, bind: Bind) -> list[Any]:
    clause = table_clause(spec.table)
    return [_own(spec.table, item, bind) for item in spec.order] or [
        clause.c[key.name] for key in spec.table.__declaration__.primary_key
    ]


def _bounded(statement: Any, spec: SelectSpec, bind: Bind) -> Any:
    unlimited: sa.ColumnElement[int] = sa.literal_column("-1")
    statement = statement.limit(unlimited if spec.limit is None else _number(bind, spec.limit))
    return statement if spec.offset is None else statement.offset(_number(bind, spec.offset))


def _windowed(spec: SelectSpec, own: Any, of_parents: Callable[[Any], Any], bind: Bind) -> sa.Select[Any]:
    """Numbers each parent's rows and keeps those within the limit."""
    clause = table_clause(spec.table)
    filtered = build_select(_without_order(spec), bind, of_parents)
    number = sa.func.row_number().over(partition_by=own, order_by=_ordering(spec, bind)).label("sr_number")
    inner = filtered.add_columns(number).subquery("sr_ranked")
    limit = None if spec.limit is None else _number(bind, spec.limit)
    statement: Any = sa.select(*(inner.c[column.name] for column in clause.c))
    if spec.offset is None:
        return cast("sa.Select[Any]", statement.where(inner.c.sr_number <= limit).order_by(inner.c.sr_number))
    offset = _number(bind, spec.offset)
    statement = statement.where(inner.c.sr_number > offset)
    if limit is not None:
        statement = statement.where(inner.c.sr_number - offset <= limit)
    return cast("sa.Select[Any]", statement.order_by(inner.c.sr_number))


def build_child_values(spec: SelectSpec, key: str, expression: Any, bind: Bind) -> sa.Select[Any]:
    """A count or an aggregate over the rows that belong to each of many parents: parent's key and value."""
    clause = table_clause(spec.table)
    own = clause.c[key]
    column = spec.table.__declaration__.columns[key]
    value = sa.func.count() if expression is None else _own(spec.table, expression, bind)

    def grouped(statement: Any) -> Any:
        return (
            statement.where(_among(own, column, single=False))
            .with_only_columns(own.label(KEY_LABEL), value)
            .group_by(own)
        )

    return build_select(_without_order(spec), bind, grouped)


def build_update(spec: UpdateSpec, bind: Bind, *, returning: bool) -> sa.Update:
    """The update, its values made parameters: assignments first, then conditions."""
    clause = table_clause(spec.table)
    columns = spec.table.__declaration__.columns
    values: dict[str, Any] = {}
    for assignment in spec.assignments:
        value = assignment.value
        column = columns[assignment.column.name]
        if is_expression(value):
            values[column.name] = _own(spec.table, value, bind)
        else:
            values[column.name] = bind(Dumped(), value)
    statement: Any = _scoped(sa.update(clause).values(values), spec, bind)
    return cast("sa.Update", statement.returning(*clause.c) if returning else statement)


def build_delete(spec: DeleteSpec, bind: Bind) -> sa.Delete:
    """The delete, its values made parameters."""
    statement = sa.delete(table_clause(spec.table))
    for condition in spec.conditions:
        statement = statement.where(_own(spec.table, condition, bind))
    return statement


_VALUES = frozenset({str, int, float, bool, type(None), datetime, bytes, list, dict})


def is_expression(value: object) -> bool:
    """Whether an assigned value is SQL rather than a value."""
    return type(value) not in _VALUES and not isinstance(value, Parameter) and is_sql(value)
