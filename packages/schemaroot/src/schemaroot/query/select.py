"""Selects: frozen, each method gives a new one, and the last one runs it.

db.select(Ticket).where(Ticket.status == "open").order_by(Ticket.created.desc()).limit(10).all()
db.select(Ticket).with_one(Ticket.project_id).with_many(Task.ticket_id).all()   # [(ticket, project, [task, ...])]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, TypeVarTuple, cast, overload

import msgspec

from schemaroot.errors import InvalidArgumentsError, NoRowError
from schemaroot.query.runner import PreparedSelect, Runner
from schemaroot.query.spec import NestedSpec, SelectSpec, check_conditions, check_expressions
from schemaroot.schema.expression import FkExpr, Parameter
from schemaroot.schema.refusals import check_count, described, is_a
from schemaroot.schema.table import Table

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.roles import OrderByRole

Item = TypeVar("Item")
V = TypeVar("V")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
Us = TypeVarTuple("Us")
R = TypeVar("R", bound=Table)
Owner = TypeVar("Owner", bound=Table)
Target = TypeVar("Target", bound=Table)


class Prepared(Generic[P, Item]):
    """A select compiled once and held; its parameters are given when it runs, in order or by name."""

    __slots__ = ("_count", "_names", "_run", "_what")

    def __init__(self, run: PreparedSelect[Item], names: tuple[str, ...], what: str) -> None:
        self._run: PreparedSelect[Item] = run
        self._names: tuple[str, ...] = names
        self._what: str = what
        # So many values are the right ones, or one is missing, which is found out when they are bound.
        self._count: int = -1 if run.optional else len(run.required)
        given = frozenset(names)
        if names and (len(given) < len(names) or given != run.required | (run.optional & given)):
            wanted = ", ".join(sorted(run.required | run.optional)) or "none"
            raise InvalidArgumentsError(f"{what} has the parameters {wanted}, prepared were {', '.join(names)}.")

    def _values(self, args: tuple[object, ...], values: dict[str, object]) -> dict[str, object]:
        if not values and len(args) == len(self._names):
            return dict(zip(self._names, args, strict=True))
        if args:
            if len(args) > len(self._names):
                raise InvalidArgumentsError(
                    f"{self._what} takes {len(self._names)} parameters, {len(args)} were given."
                )
            given = len(args) + len(values)
            values.update(zip(self._names, args, strict=False))
            if len(values) < given:
                raise InvalidArgumentsError(f"{self._what} was given a parameter by place and by name.")
        if len(values) != self._count:
            unknown = sorted(values.keys() - self._run.required - self._run.optional)
            if unknown:
                raise InvalidArgumentsError(f"{self._what} has no parameter {', '.join(map(repr, unknown))}.")
        return values

    def all(self, *args: P.args, **values: P.kwargs) -> list[Item]:
        """All items."""
        return self._run.all(self._values(args, values) if args or len(values) != self._count else values)

    def one(self, *args: P.args, **values: P.kwargs) -> Item:
        """The only item; raises `NoRowError` or `ManyRowsError`."""
        item = self._run.at_most_one(self._values(args, values) if args or len(values) != self._count else values)
        if item is None:
            raise NoRowError(self._what)
        return item

    def one_or_none(self, *args: P.args, **values: P.kwargs) -> Item | None:
        """The only item, or `None`; raises `ManyRowsError`."""
        return self._run.at_most_one(self._values(args, values) if args or len(values) != self._count else values)

    def first(self, *args: P.args, **values: P.kwargs) -> Item | None:
        """The first item, or `None`."""
        return self._run.first(self._values(args, values) if args or len(values) != self._count else values)


class Statement(Generic[Item]):
    """A select that gives items of one type."""

    __slots__ = ("_runner", "_spec")

    def __init__(self, runner: Runner, spec: SelectSpec[Item]) -> None:
        self._runner: Runner = runner
        self._spec: SelectSpec[Item] = spec

    @property
    def spec(self) -> SelectSpec[Item]:
        """The statement as data."""
        return self._spec

    @property
    def sql(self) -> str:
        """The SQL text that runs, with places for its parameters."""
        return self._runner.select_sql(self._spec)

    def __repr__(self) -> str:
        return f"<select\n{self.sql}>"

    def _with(self, **changes: Any) -> Self:
        return type(self)(self._runner, msgspec.structs.replace(self._spec, **changes))

    def where(self, *conditions: ColumnElement[bool]) -> Self:
        """Only rows for which all conditions hold, besides those given before."""
        check_conditions(conditions)
        return self._with(conditions=self._spec.conditions + conditions)

    def order_by(self, *by: OrderByRole) -> Self:
        """Sorted by these columns or expressions, after those given before."""
        check_expressions("order_by", by)
        return self._with(order=self._spec.order + by)

    def limit(self, count: int | Parameter[int]) -> Self:
        """At most so many rows (of each parent, for rows nested in others)."""
        return self._with(limit=_bound("limit", count))

    def offset(self, count: int | Parameter[int]) -> Self:
        """Without the first so many rows."""
        return self._with(offset=_bound("offset", count))

    def with_deleted(self) -> Self:
        """Also rows that were soft-deleted."""
        return self._with(deleted="all")

    def only_deleted(self) -> Self:
        """Only rows that were soft-deleted."""
        return self._with(deleted="only")

    def all(self) -> list[Item]:
        """All items."""
        return self._runner.select_all(self._spec)

    def one(self) -> Item:
        """The only item; raises `NoRowError` or `ManyRowsError`."""
        item = self._runner.select_one(self._spec)
        if item is None:
            raise NoRowError(self._spec.table.__declaration__.name)
        return item

    def one_or_none(self) -> Item | None:
        """The only item, or `None`; raises `ManyRowsError`."""
        return self._runner.select_one(self._spec)

    def first(self) -> Item | None:
        """The first item, or `None`."""
        return self._runner.select_first(self._spec)

    def count(self) -> int:
        """How many rows there are, within the limit."""
        return self._runner.select_count(self._spec)

    def exists(self) -> bool:
        """Whether there is a row."""
        return self._runner.select_exists(self._spec)

    def stream(self) -> Iterator[Item]:
        """The items one after the other, in bounded memory; it holds a connection until it is read or closed."""
        return self._runner.select_stream(self._spec)

    @overload
    def prepare(self) -> Prepared[..., Item]: ...
    @overload
    def prepare(self, a: Parameter[A], /) -> Prepared[[A], Item]: ...
    @overload
    def prepare(self, a: Parameter[A], b: Parameter[B], /) -> Prepared[[A, B], Item]: ...
    @overload
    def prepare(self, a: Parameter[A], b: Parameter[B], c: Parameter[C], /) -> Prepared[[A, B, C], Item]: ...
    @overload
    def prepare(
        self, a: Parameter[A], b: Parameter[B], c: Parameter[C], d: Parameter[D], /
    ) -> Prepared[[A, B, C, D], Item]: ...
    def prepare(self, *parameters: Parameter[Any]) -> Prepared[..., Item]:
        """Compiles now, runs later.

        Args:
            parameters: the statement's parameters in the order in which they will be given, each with its type; left
                out, they are given by name.
        """
        for parameter in parameters:
            if not is_a(Parameter, parameter):
                raise InvalidArgumentsError(f"prepare() takes parameters, not {described(parameter)}.")
        names = tuple(parameter.name for parameter in parameters)
        return Prepared(self._runner.select_prepare(self._spec), names, self._spec.table.__declaration__.name)


def _bound(what: str, count: int | Parameter[int]) -> int | Parameter[int]:
    if isinstance(count, Parameter):
        return count
    check_count(what, count)
    return count


class Projection(Statement[tuple[*Ts]], Generic[*Ts]):
    """A select of some columns of one table, as tuples."""

    __slots__ = ()

    def group_by(self, *by: OrderByRole) -> Self:
        """One tuple for each different value of these columns or expressions, for aggregates."""
        check_expressions("group_by", by)
        return self._with(group=self._spec.group + by)


class Nested(Statement[tuple[R, *Ts]], Generic[R, *Ts]):
    """A select of rows of one table, each with what belongs to it; nested statements run in the same snapshot."""

    __slots__ = ()

    @overload
    def with_many(self, key: FkExpr[Owner, R, V]) -> Nested[R, *Ts, list[Owner]]: ...
    @overload
    def with_many(self, key: FkExpr[Owner, R, V], children: Query[Owner]) -> Nested[R, *Ts, list[Owner]]: ...
    @overload
    def with_many(
        self, key: FkExpr[Owner, R, V], children: Nested[Owner, *Us]
    ) -> Nested[R, *Ts, list[tuple[Owner, *Us]]]: ...
    def with_many(self, key: FkExpr[Any, Any, Any], children: Statement[Any] | None = None) -> Any:
        """Each row with the rows of the table that refers to it by `key`; see `Query.with_many`."""
        return self._nest(_many(self._spec, key, children))

    @overload
    def with_one(self, key: FkExpr[R, Target, int] | FkExpr[R, Target, str]) -> Nested[R, *Ts, Target]: ...
    @overload
    def with_one(
        self, key: FkExpr[R, Target, int | None] | FkExpr[R, Target, str | None]
    ) -> Nested[R, *Ts, Target | None]: ...
    def with_one(self, key: FkExpr[Any, Any, Any]) -> Any:
        """Each row with the row that it refers to by `key`; see `Query.with_one`."""
        return self._nest(_one(self._spec, key))

    def count_many(self, key: FkExpr[Owner, R, V], children: Query[Owner] | None = None) -> Nested[R, *Ts, int]:
        """Each row with the number of rows that refer to it by `key`."""
        return cast("Nested[R, *Ts, int]", self._nest(_count(self._spec, key, children)))

    def aggregate_many(
        self, key: FkExpr[Owner, R, V], expression: ColumnElement[A], children: Query[Owner] | None = None
    ) -> Nested[R, *Ts, A | None]:
        """Each row with an aggregate over the rows that refer to it by `key`; `None` where there are none."""
        return cast("Nested[R, *Ts, A | None]", self._nest(_aggregate(self._spec, key, expression, children)))

    def _nest(self, nested: NestedSpec) -> Any:
        return self._with(nested=(*self._spec.nested, nested))


class Query(Statement[R], Generic[R]):
    """A select of rows of one table."""

    __slots__ = ()

    @overload
    def with_many(self, key: FkExpr[Owner, R, V]) -> Nested[R, list[Owner]]: ...
    @overload
    def with_many(self, key: FkExpr[Owner, R, V], children: Query[Owner]) -> Nested[R, list[Owner]]: ...
    @overload
    def with_many(
        self, key: FkExpr[Owner, R, V], children: Nested[Owner, *Us]
    ) -> Nested[R, list[tuple[Owner, *Us]]]: ...
    def with_many(self, key: FkExpr[Any, Any, Any], children: Statement[Any] | None = None) -> Any:
        """Each row with the rows of the table that refers to it by `key`, `[]` where there are none.

        Args:
            key: the foreign key of the other table (`Task.ticket_id`).
            children: a select of the other table: its conditions, order, limit (for each parent) and what is nested in
                it apply. Ordered by the other table's key when it does not say.
        """
        return _nested(self, _many(self._spec, key, children))

    @overload
    def with_one(self, key: FkExpr[R, Target, int] | FkExpr[R, Target, str]) -> Nested[R, Target]: ...
    @overload
    def with_one(
        self, key: FkExpr[R, Target, int | None] | FkExpr[R, Target, str | None]
    ) -> Nested[R, Target | None]: ...
    def with_one(self, key: FkExpr[Any, Any, Any]) -> Any:
        """Each row with the row that it refers to by `key`, soft-deleted or not; `None` where the key is null."""
        return _nested(self, _one(self._spec, key))

    def count_many(self, key: FkExpr[Owner, R, V], children: Query[Owner] | None = None) -> Nested[R, int]:
        """Each row with the number of rows that refer to it by `key`, of those that `children` selects."""
        return cast("Nested[R, int]", _nested(self, _count(self._spec, key, children)))

    def aggregate_many(
        self, key: FkExpr[Owner, R, V], expression: ColumnElement[A], children: Query[Owner] | None = None
    ) -> Nested[R, A | None]:
        """Each row with an aggregate over the rows that refer to it by `key`; `None` where there are none."""
        return cast("Nested[R, A | None]", _nested(self, _aggregate(self._spec, key, expression, children)))

    @overload
    def columns(self, a: ColumnElement[A], /) -> Projection[A]: ...
    @overload
    def columns(self, a: ColumnElement[A], b: ColumnElement[B], /) -> Projection[A, B]: ...
    @overload
    def columns(self, a: ColumnElement[A], b: ColumnElement[B], c: ColumnElement[C], /) -> Projection[A, B, C]: ...
    @overload
    def columns(
        self, a: ColumnElement[A], b: ColumnElement[B], c: ColumnElement[C], d: ColumnElement[D], /
    ) -> Projection[A, B, C, D]: ...
    @overload
    def columns(
        self, a: ColumnElement[A], b: ColumnElement[B], c: ColumnElement[C], d: ColumnElement[D], e: ColumnElement[E], /
    ) -> Projection[A, B, C, D, E]: ...
    @overload
    def columns(
        self,
        a: ColumnElement[A],
        b: ColumnElement[B],
        c: ColumnElement[C],
        d: ColumnElement[D],
        e: ColumnElement[E],
        f: ColumnElement[F],
        /,
    ) -> Projection[A, B, C, D, E, F]: ...
    def columns(self, *columns: ColumnElement[Any]) -> Any:
        """Only these columns or expressions, as tuples."""
        if not columns:
            raise InvalidArgumentsError("columns() takes at least one column or expression.")
        check_expressions("columns", columns)
        spec = cast("SelectSpec[Any]", msgspec.structs.replace(self._spec, columns=columns))
        return Projection[Any](self._runner, spec)


def _nested(query: Query[Any], nested: NestedSpec) -> Any:
    return Nested[Any](query._runner, msgspec.structs.replace(query._spec, nested=(nested,)))  # pyright: ignore[reportPrivateUsage]  # its own kin


def _children(spec: SelectSpec, key: FkExpr[Any, Any, Any], children: Statement[Any] | None) -> SelectSpec:
    """The select of the rows that refer to those of `spec` by `key`."""
    _belongs(spec, key)
    if children is not None and not is_a(Statement, children):
        raise InvalidArgumentsError(f"Nested rows are given as a select, not as {described(children)}.")
    child = SelectSpec(key.table) if children is None else children.spec
    if child.table is not key.table:
        raise InvalidArgumentsError(f"The nested select is not over {key.column.table}.")
    return child


def _check_key(key: object) -> None:
    if not isinstance(key, FkExpr):
        raise InvalidArgumentsError(f"Expected a foreign key such as Task.ticket_id, not {described(key)}.")


def _belongs(spec: SelectSpec, key: FkExpr[Any, Any, Any]) -> None:
    _check_key(key)
    declared = spec.table.__declaration__
    if key.table.__declaration__.target_of(key.column).table != declared.name:
        raise InvalidArgumentsError(f"{key.column.label} does not refer to {declared.name}.")


def _many(spec: SelectSpec, key: FkExpr[Any, Any, Any], children: Statement[Any] | None) -> NestedSpec:
    return NestedSpec("many", key, _children(spec, key, children))


def _one(spec: SelectSpec, key: FkExpr[Any, Any, Any]) -> NestedSpec:
    _check_key(key)
    if key.table is not spec.table:
        raise InvalidArgumentsError(f"{key.column.label} is not a column of {spec.table.__declaration__.name}.")
    target = key.column.reference.target() if key.column.reference else None
    if target is None:
        raise InvalidArgumentsError(f"{key.column.label} refers to nothing.")
    return NestedSpec("one", key, SelectSpec(cast("FkExpr[Any, Any, Any]", target).table, deleted="all"))


def _count(spec: SelectSpec, key: FkExpr[Any, Any, Any], children: Statement[Any] | None) -> NestedSpec:
    return NestedSpec("count", key, _summed(spec, key, children))


def _aggregate(
    spec: SelectSpec, key: FkExpr[Any, Any, Any], expression: object, children: Statement[Any] | None
) -> NestedSpec:
    check_expressions("aggregate_many", (expression,))
    return NestedSpec("aggregate", key, _summed(spec, key, children), expression)


def _summed(spec: SelectSpec, key: FkExpr[Any, Any, Any], children: Statement[Any] | None) -> SelectSpec:
    """The rows that a count or an aggregate is over: all that match, whatever is shown of them."""
    child = _children(spec, key, children)
    if child.limit is not None or child.offset is not None:
        raise InvalidArgumentsError(f"A count or an aggregate over {key.column.table} takes no limit or offset.")
    return child
