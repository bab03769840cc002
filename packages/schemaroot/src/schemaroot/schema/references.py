"""Foreign keys: finding the column that one refers to, and refusing what no database would keep."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeGuard

from schemaroot.errors import DeclarationError
from schemaroot.schema.column import Column
from schemaroot.schema.expression import Expr
from schemaroot.schema.refusals import described
from schemaroot.schema.types import Enumeration, Integer, Text

if TYPE_CHECKING:
    from schemaroot.schema.constraints import Unique
    from schemaroot.schema.table import Table, TableDeclaration

_HINT = "Use references(lambda: Table.column)."


def referred(column: Column) -> Expr[Any, Any]:
    """The column that a foreign key points at; raises `DeclarationError` when there is none."""
    if column.reference is None:
        raise DeclarationError(column.label, "is not a foreign key", hint="Ask columns that references() declares.")
    try:
        target = column.reference.target()
    except Exception as error:  # the declaration's own function; its failure is the declaration's
        raise DeclarationError(column.label, f"refers to something unknown ({error})", hint=_HINT) from error
    if not _is_column(target):
        raise DeclarationError(column.label, f"refers to {described(target)}, which is not a column", hint=_HINT)
    return target


def _is_column(target: object) -> TypeGuard[Expr[Any, Any]]:
    return isinstance(target, Expr)


def referred_if_known(column: Column) -> Expr[Any, Any] | None:
    """As `referred`, but `None` while the table may still be declared further down, or in a module being imported."""
    try:
        return referred(column)
    except DeclarationError as error:
        cause = error.__cause__
        is_later = isinstance(cause, NameError) or (
            isinstance(cause, AttributeError) and isinstance(cause.obj, ModuleType)
        )
        if is_later:
            return None
        raise


def check_annotated(column: Column, target: type[Table]) -> None:
    """Whether `target` is the table that the column's `Ref[...]` names; raises `DeclarationError`."""
    named = None if column.reference is None else column.reference.named
    if isinstance(named, type):
        is_same = (named.__module__, named.__qualname__) == (target.__module__, target.__qualname__)
    else:
        is_same = named in (None, target.__name__)
    if not is_same:
        name = named.__name__ if isinstance(named, type) else named
        raise DeclarationError(
            column.label,
            f"refers to a column of {target.__name__}, but is annotated Ref[{name}, ...]",
            hint=f"Write Ref[{target.__name__}, ...], or refer to a column of {name}.",
        )


def check_reference(column: Column, target: TableDeclaration, key: Column) -> None:
    """Whether `column` can refer to `key` of the table `target`; raises `DeclarationError`."""
    if not isinstance(key.type, (Integer, Text, Enumeration)) or key.type.storage != column.type.storage:
        raise DeclarationError(
            column.label,
            f"holds {column.type.describe()} but {key.label} holds {key.type.describe()}",
            hint="Give both the same type.",
        )
    if not _is_key(target, key):
        live = target.soft_delete is not None and any(unique.columns == (key.name,) for unique in target.uniques)
        raise DeclarationError(
            column.label,
            f"refers to {key.label}, which is " + ("unique among live rows only" if live else "no key by itself"),
            hint=f'Refer to the primary key, or declare Unique("{key.name}", over="all") on {target.name}.'
            if live
            else f"Refer to the primary key, or make {key.name} unique.",
        )


def _is_key(declared: TableDeclaration, column: Column) -> bool:
    """Whether the database keeps all values of the column apart, as a foreign key's target must be."""
    if [key.name for key in declared.primary_key] == [column.name]:
        return True
    return any(unique.columns == (column.name,) and _is_over_all(declared, unique) for unique in declared.uniques)


def _is_over_all(declared: TableDeclaration, unique: Unique) -> bool:
    is_over_all = unique.over == "all" or declared.soft_delete is None
    has_null = unique.nulls_equal and any(declared.columns[name].nullable for name in unique.columns)
    return is_over_all and unique.where is None and not has_null
