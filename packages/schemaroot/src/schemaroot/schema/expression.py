"""A column as it is seen on its table's class: an SQL expression that knows its table and its type.

At run time these are light objects that SQLAlchemy takes through `__clause_element__`, and that build the real
expression only when one is needed: comparing a column costs a tenth of building SQLAlchemy's expression, and importing
a declaration does not import SQLAlchemy. For type checkers they are SQLAlchemy's own `ColumnElement`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, overload

from typing_extensions import override

from schemaroot.errors import InvalidArgumentsError, MissingFilterError
from schemaroot.schema.column import Column
from schemaroot.schema.refusals import described, is_a, listed
from schemaroot.schema.types import Json
from schemaroot.schema.values import MISSING

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy import ColumnElement, SQLColumnExpression

    from schemaroot.schema.table import Table
else:

    class ColumnElement:
        """Stands in for SQLAlchemy's class at run time."""

        __slots__ = ()

        def __class_getitem__(cls, _item: object) -> type:
            return cls


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R", bound="Table")
Owner = TypeVar("Owner", bound="Table")
Target = TypeVar("Target", bound="Table")


class Members(Protocol[T_co]):
    """The values that `in_` looks among: any collection, but not a text, whose members would be its characters."""

    def __contains__(self, item: object, /) -> bool: ...
    def __iter__(self) -> Iterator[T_co]: ...


if TYPE_CHECKING:

    class Predicate(ColumnElement[bool]):
        """What a comparison gives: a condition whose `&` and `|` take conditions alone."""

        def __and__(self, other: ColumnElement[bool]) -> Predicate: ...  # type: ignore[override]  # takes less than SQL
        def __or__(self, other: ColumnElement[bool]) -> Predicate: ...  # type: ignore[override]  # takes less than SQL
        def __invert__(self) -> Predicate: ...

    Among = Members[T] | tuple[T, ...] | Iterator[T] | sa.Select[T]

Bind = Callable[["sa.types.TypeEngine[Any]", object], "sa.ColumnElement[Any]"]
"""Makes the bound parameter of a value of an SQL type."""


class _Facade:
    """Builds the real SQLAlchemy element when something asks for more than the facade knows."""

    __slots__ = ()
    is_clause_element = False  # what makes SQLAlchemy ask for __clause_element__()

    def __clause_element__(self) -> Any:
        raise NotImplementedError

    if not TYPE_CHECKING:  # the checkers see SQLAlchemy's own attributes

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return getattr(self.__clause_element__(), name)

    def __str__(self) -> str:
        return str(self.__clause_element__())

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise TypeError("An SQL expression has no truth value: use & | ~, or where(a, b).")


def plain_bind(sql_type: Any, value: object) -> Any:
    """A parameter that carries its value, for expressions that leave our hands."""
    import sqlalchemy as sa  # loaded only where SQL is built

    if isinstance(value, Parameter):
        return sa.bindparam(value.name, type_=sql_type)
    return sa.bindparam(None, value, type_=sql_type, unique=True)


class Condition(_Facade, ColumnElement[bool]):
    """A condition over columns, as data: its shape is what a cache knows it by, its values are what changes."""

    __slots__ = ("shape", "values")
    shape: tuple[object, ...]
    values: tuple[object, ...]

    def build(self, bind: Bind) -> Any:
        """The SQLAlchemy expression, with each value made a parameter by `bind`, in the order of `values`."""
        raise NotImplementedError

    def __clause_element__(self) -> Any:
        return self.build(plain_bind)

    def __and__(self, other: Any) -> Any:
        return _combine("and", self, other)

    def __or__(self, other: Any) -> Any:
        return _combine("or", self, other)

    def __invert__(self) -> Any:
        return Combined("not", (self,))

    def __eq__(self, other: object) -> Any:
        return self.__clause_element__() == other

    def __ne__(self, other: object) -> Any:
        return self.__clause_element__() != other

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__


class Combined(Condition):
    """Conditions joined by and, or, not."""

    __slots__ = ("operator", "parts")

    def __init__(self, operator: str, parts: tuple[Condition, ...]) -> None:
        self.operator: str = operator
        self.parts: tuple[Condition, ...] = parts
        self.shape: tuple[object, ...] = (operator, *(part.shape for part in parts))
        self.values: tuple[object, ...] = tuple(value for part in parts for value in part.values)

    @override
    def build(self, bind: Bind) -> Any:
        return self._joined([part.build(bind) for part in self.parts])

    def __clause_element__(self) -> Any:
        return self._joined([part.__clause_element__() for part in self.parts])

    def _joined(self, parts: list[Any]) -> Any:
        import sqlalchemy as sa  # loaded only where SQL is built

        match self.operator:
            case "and":
                return sa.and_(*parts)
            case "or":
                return sa.or_(*parts)
            case _:
                return sa.not_(parts[0])


def _combine(operator: str, left: Condition, right: Any) -> Any:
    if isinstance(right, Condition):
        return Combined(operator, (left, right))
    if right is None or right is MISSING or isinstance(right, bool):
        raise MissingFilterError("a condition")
    if not is_sql(right):
        raise InvalidArgumentsError(f"A condition is joined with another condition, not with {described(right)}.")
    import sqlalchemy as sa  # loaded only where SQL is built

    return _taken(sa.and_ if operator == "and" else sa.or_, left.__clause_element__(), right)


def _taken(operator: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """What an operator of SQLAlchemy's makes; what it does not take is refused in our words."""
    from sqlalchemy.exc import ArgumentError  # loaded only where SQL is built

    try:
        return operator(left, right)
    except ArgumentError as error:
        raise InvalidArgumentsError(f"{left} does not go together with {described(right)}: {error}.") from None


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class Comparison(Condition):
    """A column compared with one value."""

    __slots__ = ("column", "operator", "value")

    def __init__(self, expression: Expr[Any, Any], operator: str, value: object) -> None:
        self.column: Expr[Any, Any] = expression
        self.operator: str = operator
        self.shape: tuple[object, ...] = (expression, operator)
        self.values: tuple[object, ...] = (value,)

    @override
    def build(self, bind: Bind) -> Any:
        from schemaroot.schema.sqlalchemy import compared_as  # loaded only where SQL is built

        left = self.column.__clause_element__()
        return _COMPARISONS[self.operator](left, bind(compared_as(self.column.column), self.values[0]))


class NullCheck(Condition):
    """A column compared with null."""

    __slots__ = ("column", "negated")

    def __init__(self, expression: Expr[Any, Any], *, negated: bool) -> None:
        self.column: Expr[Any, Any] = expression
        self.negated: bool = negated
        self.shape: tuple[object, ...] = (expression, "is not null" if negated else "is null")
        self.values: tuple[object, ...] = ()

    @override
    def build(self, bind: Bind) -> Any:
        element = self.column.__clause_element__()
        return element.is_not(None) if self.negated else element.is_(None)


class Membership(Condition):
    """A column looked up in a list of values, which travels as one parameter whatever its length."""

    __slots__ = ("column", "negated")

    def __init__(self, expression: Expr[Any, Any], values: tuple[object, ...], *, negated: bool) -> None:
        self.column: Expr[Any, Any] = expression
        self.negated: bool = negated
        self.shape: tuple[object, ...] = (expression, "not in" if negated else "in")
        self.values: tuple[object, ...] = (values,)

    @override
    def build(self, bind: Bind) -> Any:
        import sqlalchemy as sa  # loaded only where SQL is built

        from schemaroot.schema.sqlalchemy import list_of  # loaded only where SQL is built

        element = self.column.__clause_element__()
        bound = bind(list_of(self.column.column), self.values[0])
        members = sa.select(sa.func.json_each(bound).table_valued("value").c.value)
        return element.not_in(members) if self.negated else element.in_(members)

    def __clause_element__(self) -> Any:
        """Outside of our own statements (a CHECK, an index's condition) it is a plain list."""
        element = self.column.__clause_element__()
        values = list(cast("tuple[object, ...]", self.values[0]))
        return element.not_in(values) if self.negated else element.in_(values)


class Ordering(_Facade):
    """A column to sort by, and its direction."""

    __slots__ = ("column", "descending", "shape")

    def __init__(self, expression: Expr[Any, Any], *, descending: bool) -> None:
        self.column: Expr[Any, Any] = expression
        self.descending: bool = descending
        self.shape: tuple[object, ...] = (expression, "desc" if descending else "asc")

    def __clause_element__(self) -> Any:
        element = self.column.__clause_element__()
        return element.desc() if self.descending else element.asc()


class Parameter(_Facade, ColumnElement[T], Generic[T]):
    """A value that a prepared statement is given when it runs."""

    __slots__ = ("name",)
    name: str

    def __init__(self, name: str) -> None:
        self.name = name

    def __clause_element__(self) -> Any:
        import sqlalchemy as sa  # loaded only where SQL is built

        made: sa.BindParameter[T] = sa.bindparam(self.name)
        return made

    def __repr__(self) -> str:
        return f"param({self.name!r})"

    if TYPE_CHECKING:  # SQLAlchemy's own would take a column of any type

        def __eq__(self, other: SQLColumnExpression[T | None]) -> Predicate: ...  # type: ignore[override]  # builds SQL
        def __ne__(self, other: SQLColumnExpression[T | None]) -> Predicate: ...  # type: ignore[override]  # builds SQL
        def __lt__(self, other: SQLColumnExpression[T | None]) -> Predicate: ...
        def __le__(self, other: SQLColumnExpression[T | None]) -> Predicate: ...
        def __gt__(self, other: SQLColumnExpression[T | None]) -> Predicate: ...
        def __ge__(self, other: SQLColumnExpression[T | None]) -> Predicate: ...
        def __hash__(self) -> int: ...


@overload
def param(name: str, of: type[T]) -> Parameter[T]: ...
@overload
def param(name: str, of: Expr[R, T]) -> Parameter[T]: ...
def param(name: str, of: object) -> Parameter[Any]:
    """A typed parameter of a prepared statement.

    Args:
        name: the name by which the value is given.
        of: its type (`int`), or a column whose type it has (`Ticket.status`).
    """
    del of  # speaks to the type checker alone: the column that it is compared with dumps the value
    if not is_a(str, name) or not name.isidentifier() or name.startswith("sr_"):
        raise InvalidArgumentsError(
            f"A parameter is named like a variable of Python's, not {described(name)}.",
            hint="Names that begin with sr_ are ours.",
        )
    return Parameter(name)


class Assignment(Generic[R]):
    """One column of table `R` set to a value, or to an SQL expression."""

    __slots__ = ("column", "value")

    def __init__(self, column: Column, value: object) -> None:
        self.column: Column = column
        self.value: object = value

    def __repr__(self) -> str:
        return f"{self.column.label}.to({self.value!r})"


def check_assignment(assignment: object) -> None:
    """Raises `InvalidArgumentsError` for anything but what `Table.column.to(value)` gives."""
    if type(assignment) is not Assignment:
        raise InvalidArgumentsError(
            f"Expected an assignment, not {described(assignment)}; nothing was written.", hint="Table.column.to(value)"
        )


_REFLECTED = ("add", "sub", "mul", "truediv", "floordiv", "mod")


def is_sql(value: object) -> bool:
    """Whether a value is SQL: one of our facades, or an element of SQLAlchemy."""
    return isinstance(value, _Facade) or hasattr(type(value), "__visit_name__")


def _is_expression(value: object) -> bool:
    return is_sql(value) and not isinstance(value, Parameter)


class ColumnOf(_Facade, Generic[R, T_co]):
    """A column of table `R`, where what matters is whose it is and what it gives."""

    __slots__ = ("_element", "column", "table")

    def __init__(self, table: type[R], column: Column) -> None:
        self.table: type[R] = table
        self.column: Column = column
        self._element: Any = None

    def __repr__(self) -> str:
        return self.column.label

    def __clause_element__(self) -> Any:
        if self._element is None:
            from schemaroot.schema.sqlalchemy import table_clause  # loaded only where SQL is built

            self._element = table_clause(self.table).c[self.column.name]
        return self._element


class Expr(ColumnOf[R, T], ColumnElement[T], Generic[R, T]):
    """A column of table `R` with values of type `T`, as seen on the class."""

    __slots__ = ()

    def to(self, value: T | SQLColumnExpression[T]) -> Assignment[R]:
        """This column set to `value` in an update, or beside an insert."""
        return Assignment(self.column, value)

    def _compare(self, operator: str, other: object) -> Any:
        if other is MISSING:
            raise MissingFilterError(self.column.label)
        if other is None and not (isinstance(self.column.type, Json) and self.column.type.takes_none):
            if operator in ("=", "!="):
                return NullCheck(self, negated=operator == "!=")
            raise MissingFilterError(self.column.label)
        if _is_expression(other):
            return _taken(_COMPARISONS[operator], self.__clause_element__(), other)
        return Comparison(self, operator, other)

    def __eq__(self, other: T | SQLColumnExpression[T | None]) -> Predicate:  # type: ignore[override]  # builds SQL
        return cast("Predicate", self._compare("=", other))

    def __ne__(self, other: T | SQLColumnExpression[T | None]) -> Predicate:  # type: ignore[override]  # builds SQL
        return cast("Predicate", self._compare("!=", other))

    def __lt__(self, other: T | SQLColumnExpression[T | None]) -> Predicate:
        return cast("Predicate", self._compare("<", other))

    def __le__(self, other: T | SQLColumnExpression[T | None]) -> Predicate:
        return cast("Predicate", self._compare("<=", other))

    def __gt__(self, other: T | SQLColumnExpression[T | None]) -> Predicate:
        return cast("Predicate", self._compare(">", other))

    def __ge__(self, other: T | SQLColumnExpression[T | None]) -> Predicate:
        return cast("Predicate", self._compare(">=", other))

    def in_(self, other: Among[T]) -> Predicate:  # type: ignore[override]  # typed members
        """True for rows whose value is among `other`; an empty list matches nothing."""
        return cast("Predicate", self._membership(other, negated=False))

    def not_in(self, other: Among[T]) -> Predicate:  # type: ignore[override]  # typed members
        """True for rows whose value is not among `other`."""
        return cast("Predicate", self._membership(other, negated=True))

    def _membership(self, other: Any, *, negated: bool) -> Any:
        if other is None or other is MISSING:
            raise MissingFilterError(self.column.label)
        values = other if is_sql(other) else tuple(listed(f"{self.column.label}: the members", other))
        if is_sql(other) or self.column.type.storage not in ("integer", "text", "boolean"):
            element = self.__clause_element__()
            return _taken(lambda left, right: left.not_in(right) if negated else left.in_(right), element, values)
        if MISSING in values:
            raise MissingFilterError(self.column.label)
        return Membership(self, values, negated=negated)

    if not TYPE_CHECKING:  # SQLAlchemy's own signatures serve the checkers

        @override
        def is_(self, other: object) -> Any:
            return NullCheck(self, negated=False) if other is None else self.__clause_element__().is_(other)

        @override
        def is_not(self, other: object) -> Any:
            return NullCheck(self, negated=True) if other is None else self.__clause_element__().is_not(other)

        @override
        def asc(self) -> Any:
            return Ordering(self, descending=False)

        @override
        def desc(self) -> Any:
            return Ordering(self, descending=True)

        def __getitem__(self, key: object) -> Any:
            return self.__clause_element__()[key]

        def __neg__(self) -> Any:
            return -self.__clause_element__()

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__  # the statement caches ask for it often


def _install_arithmetic() -> None:
    """Arithmetic goes to SQLAlchemy's element: operators are looked up on the type, past `__getattr__`."""

    def forward(name: str) -> Callable[[Any, Any], Any]:
        return lambda self, other: getattr(self.__clause_element__(), name)(other)

    for operator in _REFLECTED:
        for name in (f"__{operator}__", f"__r{operator}__"):
            setattr(Expr, name, forward(name))


_install_arithmetic()


class FkExpr(Expr[Owner, T], Generic[Owner, Target, T]):
    """A foreign key from table `Owner` to table `Target`."""

    __slots__ = ()
