"""Tables together, as a database is given them: names that meet, and references among them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from schemaroot.errors import DeclarationError
from schemaroot.schema.checking import relation_names
from schemaroot.schema.references import check_annotated, check_reference, referred
from schemaroot.schema.refusals import described
from schemaroot.schema.table import Table, TableDeclaration, TableMeta

if TYPE_CHECKING:
    from schemaroot.schema.column import Column


def check_tables(tables: Iterable[type[Table]], *, whole: bool = True) -> tuple[type[Table], ...]:
    """The tables, when they can stand in one database.

    Args:
        tables: the tables' classes.
        whole: whether they must hold every table that they refer to.

    Raises:
        DeclarationError: two have the same name, or a foreign key refers to what is no key or not there.
    """
    given = _classes(tables)
    declared: dict[str, TableDeclaration] = {}
    for one in (table.__declaration__ for table in given):
        other = declared.get(one.name.lower())
        if other is not None:
            raise DeclarationError(
                f"table {one.name}",
                f"is the name of two tables, of the classes {other.class_name} and {one.class_name}",
                hint="Rename one (case does not tell tables apart), or give the table once.",
            )
        declared[one.name.lower()] = one
    _check_names(declared.values())
    for one in declared.values():
        if one.was and one.was.lower() in declared and not declared[one.was.lower()].was:
            raise DeclarationError(
                f"table {one.name}",
                f"was= names {one.was}, which is still there",
                hint="Leave was= out, or correct it.",
            )
        for column in one.columns.values():
            if column.reference is not None:
                _check_reference(column, declared, whole=whole)
    return given


def _classes(tables: object) -> tuple[type[Table], ...]:
    where = "the tables"
    if isinstance(tables, (str, TableMeta)) or not isinstance(tables, Iterable):
        raise DeclarationError(where, f"are {described(tables)}, which is no list of tables", hint="Write [A, B].")
    given = tuple(cast("Iterable[object]", tables))
    for table in given:
        if not isinstance(table, TableMeta) or not hasattr(table, "__declaration__"):
            raise DeclarationError(where, f"hold {described(table)}, which is no table", hint="Give Table classes.")
    return cast("tuple[type[Table], ...]", given)


def _check_names(declared: Iterable[TableDeclaration]) -> None:
    owners: dict[str, str] = {}
    for one in declared:
        for name in relation_names(one):
            owner = owners.setdefault(name.lower(), one.name)
            if owner != one.name:
                raise DeclarationError(
                    f"table {one.name}",
                    f"the name {name!r} of it or of one of its indexes is one that table {owner} uses already",
                    hint="Give an index another name=..., or rename a table.",
                )


def _check_reference(column: Column, declared: dict[str, TableDeclaration], *, whole: bool) -> None:
    target = referred(column)
    check_annotated(column, target.table)
    # A table may stand in for the class that was referred to: what counts is the table of that name that is there.
    there = declared.get(target.column.table.lower())
    if there is None and whole:
        raise DeclarationError(
            column.label,
            f"refers to {target!r}, whose table is not among those given",
            hint=f"Give {target.table.__name__} too.",
        )
    holder = there or target.table.__declaration__
    key = holder.columns.get(target.column.name)
    if key is None:
        raise DeclarationError(
            column.label,
            f"refers to {target!r}, which the table given by that name does not have",
            hint=f"Give {target.table.__name__} itself.",
        )
    check_reference(column, holder, key)
