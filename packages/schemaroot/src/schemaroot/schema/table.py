"""A table: one class that declares its columns, and whose frozen instances are its rows.

    class Project(Table, name="projects"):
        id: Col[int] = auto_id()
        name: Col[str] = text(min_length=1, max_length=100)

On the class a column is a typed SQL expression (`Project.name == "x"`); on a row it is the value. Rows are frozen
msgspec structs: made and compared in C, one pointer per value, left alone by the garbage collector. The expressions
live on a metaclass of the table's own, so that reading a value from a row never meets them.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    cast,
    dataclass_transform,
    overload,
)

import msgspec

from schemaroot.errors import DeclarationError, NotARowError
from schemaroot.schema import typing_of
from schemaroot.schema.body import Body
from schemaroot.schema.checking import check_column, check_column_name, check_table
from schemaroot.schema.column import (
    Column,
    ColumnSpec,
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
from schemaroot.schema.constraints import Check, Index, Unique, constraint_name
from schemaroot.schema.expression import Assignment, Expr, FkExpr
from schemaroot.schema.options import check_column_options, check_table_options
from schemaroot.schema.references import referred
from schemaroot.schema.values import MISSING

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R", bound="Table")
Owner = TypeVar("Owner", bound="Table")
Target = TypeVar("Target", bound="Table")

if TYPE_CHECKING:
    _StructMeta = type

    class _Struct: ...
else:
    _StructMeta = type(msgspec.Struct)
    _Struct = msgspec.Struct


def _of_types(column: type, of: Callable[[Any], Any], arguments: Any) -> Any:
    try:
        return of(arguments)
    except TypeError as error:  # too many types, or too few
        raise DeclarationError(
            f"{column.__name__}[...]", str(error), hint="Write Col[type], or Ref[Table, key's type]."
        ) from None


class Col(Generic[T]):
    """A column with values of type `T`: an expression on the class, a value on a row."""

    @overload
    def __get__(self, row: None, table: type[R]) -> Expr[R, T]: ...
    @overload
    def __get__(self, row: Table, table: type[Table]) -> T: ...
    def __get__(self, row: Any, table: Any) -> Any:
        raise NotImplementedError  # the table's metaclass and the row's slots answer instead

    if TYPE_CHECKING:

        def __set__(self, row: Table, value: T) -> None: ...
    else:

        def __class_getitem__(cls, arguments):
            return _of_types(cls, super().__class_getitem__, arguments)


class Ref(Generic[Target, T]):
    """A foreign-key column: its value is `T`, its target is the table `Target`."""

    @overload
    def __get__(self, row: None, table: type[Owner]) -> FkExpr[Owner, Target, T]: ...
    @overload
    def __get__(self, row: Table, table: type[Table]) -> T: ...
    def __get__(self, row: Any, table: Any) -> Any:
        raise NotImplementedError  # the table's metaclass and the row's slots answer instead

    if TYPE_CHECKING:

        def __set__(self, row: Table, value: T) -> None: ...
    else:

        def __class_getitem__(cls, arguments):
            return _of_types(cls, super().__class_getitem__, arguments)


class Found(Protocol):
    """What an existing database says of a table beyond its declaration: its very types, collations, names of keys.

    `schemaroot.introspection.AsFound` is one; `schemaroot reflect` writes it.
    """

    def create_table(self, ordinary: str, declared: TableDeclaration) -> str:
        """The CREATE TABLE statement, from the one that the declaration alone gives."""
        ...

    def create_indexes(self, declared: TableDeclaration) -> list[str]:
        """The CREATE INDEX statements besides those of the declaration."""
        ...


@dataclass(frozen=True)
class TableDeclaration:
    """All that a table's class declares, ordered and printable; it touches no database."""

    name: str
    columns: Mapping[str, Column]
    indexes: tuple[Index, ...] = ()
    uniques: tuple[Unique, ...] = ()
    checks: tuple[Check, ...] = ()
    search: tuple[str, ...] = ()
    was: str = ""
    comment: str = ""
    class_name: str = ""
    found: Found | None = None

    @cached_property
    def primary_key(self) -> tuple[Column, ...]:
        """The key's columns, in order."""
        return tuple(column for column in self.columns.values() if column.primary_key)

    @cached_property
    def auto_key(self) -> Column | None:
        """The key that the database fills, if there is one."""
        return next((column for column in self.primary_key if column.auto), None)

    @cached_property
    def soft_delete(self) -> Column | None:
        """The column that holds the moment of deletion, if there is one."""
        return next((column for column in self.columns.values() if column.soft_delete), None)

    @cached_property
    def stored(self) -> tuple[Column, ...]:
        """The columns that an insert writes: all but the generated ones and the automatic key."""
        return tuple(column for column in self.columns.values() if not column.auto and column.generated is None)

    @cached_property
    def generated(self) -> tuple[Column, ...]:
        """The columns that the database computes."""
        return tuple(column for column in self.columns.values() if column.generated is not None)

    def target_of(self, column: Column) -> Column:
        """The column that a foreign key points at; raises `DeclarationError` when it is not one."""
        return referred(column).column

    def foreign_key_name(self, column: Column) -> str:
        """The database's name of a foreign key."""
        return constraint_name("fk", self.name, column.name)

    def unique_name(self, unique: Unique) -> str:
        """The database's name of a unique key."""
        return constraint_name("uq", self.name, *unique.columns, given=unique.name)

    def index_name(self, index: Index) -> str:
        """The database's name of an index."""
        parts = [part for part in index.parts if isinstance(part, str)]
        return constraint_name("ix", self.name, *parts, given=index.name)

    def __str__(self) -> str:
        lines = [f"{self.name}" + (f"  -- {self.comment}" if self.comment else "")]
        for column in self.columns.values():
            notes = [column.type.describe(), "null" if column.nullable else "not null"]
            notes += ["primary key"] if column.primary_key else []
            notes += ["generated"] if column.generated is not None else []
            notes += [f"default {column.default!r}"] if column.default not in (MISSING, None) else []
            notes += [f"on delete {column.reference.on_delete}"] if column.reference is not None else []
            lines.append(f"  {column.name}: {', '.join(notes)}")
        lines += [f"  {item!r}" for item in (*self.uniques, *self.indexes)]
        lines += [f"  Check({check.name})" for check in self.checks]
        lines += [f"  search over {', '.join(self.search)}"] if self.search else []
        return "\n".join(lines)


class _ColumnAccess:
    """Answers `Ticket.status` with the column's expression; a data descriptor of the table's own metaclass."""

    __slots__ = ("expression", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.expression: Expr[Any, Any] | None = None

    def __get__(self, table: Any, meta: Any) -> Any:
        if table is None:
            return self
        if self.expression is None:
            column = table.__declaration__.columns[self.name]
            kind = cast("type[Expr[Any, Any]]", FkExpr if column.reference is not None else Expr)
            self.expression = kind(table, column)
        return self.expression

    def __set__(self, table: Any, value: object) -> None:
        raise AttributeError(f"{table.__name__}.{self.name} is declared and cannot be replaced")


_ROWS = "Rows are made by the toolkit: leave __init__, __new__ and __slots__ out."


class TableMeta(_StructMeta):
    """Makes a table's class from its declaration, and fails at once when the declaration is wrong."""

    if not TYPE_CHECKING:

        @classmethod
        def __prepare__(mcls, class_name, bases, /, **options):
            """The namespace in which the class body runs."""
            return Body(options.get("name") or class_name) if any(isinstance(b, TableMeta) for b in bases) else {}

        def __new__(mcls, class_name, bases, namespace, /, **options):
            """A table's class; raises `DeclarationError` when its declaration is wrong."""
            if not any(isinstance(base, TableMeta) for base in bases):
                return super().__new__(mcls, class_name, bases, namespace, frozen=True, gc=False)
            frame = sys._getframe(1)
            declared = _declare(class_name, bases, namespace, options, {**frame.f_globals, **frame.f_locals})
            kept = {key: value for key, value in namespace.items() if key not in declared.columns}
            kept["__annotations__"] = {name: column.type.python_type for name, column in declared.columns.items()}
            access = {name: _ColumnAccess(name) for name in declared.columns}
            meta = type(f"{class_name}Meta", (TableMeta,), {"__declaration__": declared, **access})
            try:
                return _StructMeta.__new__(meta, class_name, (Table,), kept, frozen=True, gc=False)
            except TypeError as error:  # what rows do not allow: __init__, __slots__
                raise DeclarationError(f"table class {class_name}", f"cannot be made ({error})", hint=_ROWS) from None

        def __init__(cls, class_name, bases, namespace, /, **options):
            super().__init__(class_name, bases, namespace)

        def __call__(cls, *args, **values):
            """Always raises: `new` and `insert` make what a row is made of."""
            raise NotARowError(cls.__name__)

        def __clause_element__(cls):
            from schemaroot.schema.sqlalchemy import table_clause  # loaded only where SQL is built

            return table_clause(cls)


def _declare(
    class_name: str, bases: tuple[type, ...], namespace: dict[str, Any], options: dict[str, Any], names: dict[str, Any]
) -> TableDeclaration:
    where = f"table class {class_name}"
    check_table_options(where, options)
    name: str = options["name"]
    if len(bases) != 1 or bases[0] is not Table:
        raise DeclarationError(
            where, "a table extends Table alone", hint="Repeat the columns: a table reads best in one place."
        )
    annotations = cast("dict[str, Any]", namespace.get("__annotations__", {}))
    stray = [key for key, value in namespace.items() if isinstance(value, ColumnSpec) and key not in annotations]
    if stray:
        raise DeclarationError(f"{name}.{stray[0]}", "has no annotation", hint="Write name: Col[type] = ...")
    for key, value in namespace.items():
        if isinstance(value, (Check, Index, Unique)):
            option = {Check: "checks", Index: "indexes", Unique: "unique"}[type(value)]
            hint = f'Write class {class_name}(Table, name="{name}", {option}=[...]).'
            raise DeclarationError(f"{name}.{key}", f"{type(value).__name__} is no part of the class's body", hint=hint)
    scope = typing_of.Scope({**vars(builtins), **names})
    found = options.get("found") is not None
    columns = {
        key: _column(name, key, namespace, annotation, scope, found=found) for key, annotation in annotations.items()
    }
    uniques = [Unique(column.name) for column in columns.values() if column.unique]
    declared = TableDeclaration(
        name,
        columns,
        tuple(options.get("indexes", ())),
        (*uniques, *options.get("unique", ())),
        tuple(options.get("checks", ())),
        tuple(options.get("search", ())),
        options.get("was", ""),
        options.get("comment", ""),
        class_name,
        options.get("found"),
    )
    check_table(declared)
    return declared


def _column(
    table: str, key: str, namespace: dict[str, Any], annotation: object, scope: typing_of.Scope, *, found: bool
) -> Column:
    name = check_column_name(table, key, found=found)
    label = f"{table}.{name}"
    spec = namespace.get(name)
    if not isinstance(spec, ColumnSpec):
        raise DeclarationError(label, "is not declared by a column function", hint="Write name: Col[str] = text().")
    check_column_options(label, spec)
    value_type, named = typing_of.column_annotation(label, annotation, scope, Col, Ref)
    if (named is None) != (spec.reference is None):
        raise DeclarationError(
            label,
            "Ref[...] and references(...) belong together",
            hint="Write name: Ref[Table, int] = references(lambda: Table.id).",
        )
    column_type, nullable = typing_of.column_type(label, spec, value_type)
    column = Column(
        table,
        name,
        column_type,
        nullable=nullable,
        primary_key=spec.primary_key,
        auto=spec.auto,
        default=spec.default,
        default_factory=spec.default_factory,
        on_update=spec.on_update,
        generated=spec.generated,
        reference=None if spec.reference is None else replace(spec.reference, named=named),
        unique=spec.unique,
        soft_delete=spec.soft_delete,
        secret=spec.secret,
        was=spec.was,
        comment=spec.comment,
    )
    check_column(column)
    return column


if TYPE_CHECKING:
    _Meta = type  # mypy checks the options of a class, such as name=, only where no metaclass may take them
else:
    _Meta = TableMeta


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(
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
    ),
)
class Table(_Struct, metaclass=_Meta):
    """Base of all tables. Instances are rows: frozen, equal by value, picklable, hashable when their values are."""

    if TYPE_CHECKING:
        __declaration__: ClassVar[TableDeclaration]

        def __init_subclass__(
            cls,
            *,
            name: str,
            indexes: list[Index] = ...,
            unique: list[Unique] = ...,
            checks: list[Check] = ...,
            search: list[str] = ...,
            was: str = "",
            comment: str = "",
            found: Found | None = None,
        ) -> None: ...

    def replace(self, *values: Assignment[Self]) -> Self:
        """A copy with some values changed; the database is not touched."""
        changes = {assignment.column.name: assignment.value for assignment in values}
        return row_maker(type(self))(
            *(changes.get(name, getattr(self, name)) for name in type(self).__declaration__.columns)
        )

    def to_dict(self) -> dict[str, object]:
        """The values by column name, in the order of the declaration."""
        return {name: getattr(self, name) for name in type(self).__declaration__.columns}

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), tuple(self.to_dict().values()))

    def __repr__(self) -> str:
        declared = type(self).__declaration__
        shown = ", ".join(f"{name}={column.shown(getattr(self, name))}" for name, column in declared.columns.items())
        return f"{type(self).__name__}({shown})"


def row_maker(table: type[R]) -> Callable[..., R]:
    """Makes a row from its values in column order; the decoders' door past `Table.__call__`, which always raises."""
    return cast("Callable[..., R]", _StructMeta.__call__.__get__(table))


def _restore(table: type[R], values: tuple[object, ...]) -> R:
    return row_maker(table)(*values)


def declaration_of(table: type[Table]) -> TableDeclaration:
    """The declaration behind a table's class."""
    return table.__declaration__
