"""What a declaration means as a whole: columns, keys and names that do not fit each other are refused.

Single options have been looked at before, by `schemaroot.schema.options`; tables together are looked at by
`schemaroot.schema.table_set`.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from schemaroot.errors import DeclarationError, InvalidValueError
from schemaroot.schema.column import Column
from schemaroot.schema.constraints import Index, Unique, constraint_name, search_table, search_triggers
from schemaroot.schema.references import check_annotated, check_reference, referred_if_known
from schemaroot.schema.types import Integer
from schemaroot.schema.values import MISSING

if TYPE_CHECKING:
    from schemaroot.schema.table import TableDeclaration

_TAKEN = frozenset({"mro", "replace", "to_dict", "with_"})
"""Names that rows, their classes and values to be stored use themselves."""

_SYSTEM_COLUMNS = frozenset({"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"})
"""Columns that PostgreSQL adds to every table (https://www.postgresql.org/docs/current/ddl-system-columns.html)."""

_SEARCH_COLUMNS = frozenset({"rank", "rowid"})
"""Columns that FTS5 adds to every full-text index (https://sqlite.org/fts5.html#fts5_table_creation_and_initialization)."""


def check_column_name(table: str, name: object, *, found: bool = False) -> str:
    """The name, when it is one that a column can have; raises `DeclarationError`.

    Args:
        table: the table's name.
        name: the column's name.
        found: whether the table was found in a database, whose columns may have capitals.
    """
    label = f"{table}.{name}"
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise DeclarationError(label, "is no Python name", hint="Name columns as attributes: title, order_index.")
    if name in _TAKEN or name.startswith("_") or not (found or name.islower()):
        raise DeclarationError(
            label, "a column's name is lower case, public and not a method of rows", hint="Rename the column."
        )
    if name in _SYSTEM_COLUMNS:
        raise DeclarationError(label, "PostgreSQL has a column of this name in every table", hint="Rename the column.")
    constraint_name("", table, given=name)
    return name


# --- one column -------------------------------------------------------------------------------------------------------


def check_column(column: Column) -> None:
    """A column by itself, and what it refers to where that is known already; raises `DeclarationError`."""
    if column.soft_delete and not column.nullable:
        raise DeclarationError(
            column.label, "a soft-delete column is null for live rows", hint="Annotate Col[datetime | None]."
        )
    if column.auto and type(column.type) is not Integer:
        raise DeclarationError(
            column.label, f"an automatic key does not hold {column.type.describe()}", hint="Annotate Col[int]."
        )
    if column.primary_key and column.nullable:
        raise DeclarationError(column.label, "a primary key is never null", hint="Annotate it without None.")
    if column.primary_key and column.on_update is not None:
        raise DeclarationError(
            column.label, "a primary key does not change with each update", hint="Leave on_update out."
        )
    _check_default(column)
    if column.reference is not None:
        if column.reference.on_delete == "set null" and not column.nullable:
            raise DeclarationError(
                column.label,
                'on_delete is "set null", but the column is never null',
                hint='Annotate the key as one that may be None, or choose "cascade" or "restrict".',
            )
        target = referred_if_known(column)
        if target is not None:
            check_annotated(column, target.table)
            check_reference(column, target.table.__declaration__, target.column)


def _check_default(column: Column) -> None:
    if column.soft_delete:
        return
    factory = column.default_factory
    if column.default is not MISSING and factory is not None:
        raise DeclarationError(column.label, "has both default and default_factory", hint="Keep one of them.")
    if column.reference is not None and column.default is not MISSING and column.default is not None:
        raise DeclarationError(
            column.label,
            "a reference has no default but None",
            hint="Leave default out, or write default=None for a reference that may be left out.",
        )
    if column.default is not MISSING:
        _check_hashable(column)
        _check_fits(column, "the default", column.default)
    elif isinstance(factory, type) and factory in (list, dict, set, str, int, float, bool, bytes):  # without effect
        _check_fits(column, f"what {factory.__name__}() gives", cast(object, factory()))


def _check_hashable(column: Column) -> None:
    """A value that can be changed would be shared by all rows; what is frozen through and through has a hash."""
    try:
        hash(column.default)
    except Exception:  # TypeError, as a rule; the value may be of anyone's class
        made = type(column.default).__name__
        hint = f"Use default_factory={made if made in ('list', 'dict') else 'lambda: ...'}."
        raise DeclarationError(column.label, "has a mutable default", hint=hint) from None


def _check_fits(column: Column, what: str, value: object) -> None:
    try:
        column.dump(value)
    except InvalidValueError as error:
        raise DeclarationError(
            column.label,
            f"{what} does not fit: {error.problem}",
            hint="Give a default that an insert could give, or none.",
        ) from None


# --- one table --------------------------------------------------------------------------------------------------------


def check_table(declared: TableDeclaration) -> None:
    """A table by itself: its key, the use of its columns, its names; raises `DeclarationError`."""
    where = f"table {declared.name}"
    autos = [column for column in declared.columns.values() if column.auto]
    if not declared.primary_key:
        raise DeclarationError(
            f"table class {declared.class_name}",
            "has no primary key",
            hint="Add id: Col[int] = auto_id(), or primary_key=True.",
        )
    if autos and len(declared.primary_key) > 1:
        raise DeclarationError(
            where, "an automatic key is the only key column", hint="Make the other columns a Unique key."
        )
    if sum(column.soft_delete for column in declared.columns.values()) > 1:
        raise DeclarationError(where, "has two soft-delete columns", hint="Make the other one a timestamp_ms().")
    for index in declared.indexes:
        _check_index(declared, index)
    for unique in declared.uniques:
        _check_unique(declared, unique)
    if declared.search:
        _check_search(declared)
    _check_former_names(declared)
    _check_names(declared)


def _check_used(declared: TableDeclaration, what: str, names: Iterable[str]) -> None:
    """The names are columns of the table, each once."""
    where, seen = f"table {declared.name}", set[str]()
    for name in names:
        if name not in declared.columns:
            raise DeclarationError(
                where,
                f"an index, key or search names the unknown column {name!r}",
                hint=f"The columns are {', '.join(declared.columns)}.",
            )
        if name in seen:
            raise DeclarationError(where, f"{what} names the column {name!r} twice", hint="Name it once.")
        seen.add(name)


def _check_index(declared: TableDeclaration, index: Index) -> None:
    _check_used(declared, repr(index), (part.removeprefix("-") for part in index.parts if isinstance(part, str)))
    if not index.name and any(callable(part) for part in index.parts):
        raise DeclarationError(
            f"table {declared.name}", "an index over an expression needs a name", hint='Add name="ix_...".'
        )


def _check_unique(declared: TableDeclaration, unique: Unique) -> None:
    _check_used(declared, repr(unique), unique.columns)
    soft_delete = declared.soft_delete
    if soft_delete is not None and unique.over == "live" and soft_delete.name in unique.columns:
        raise DeclarationError(
            f"table {declared.name}",
            f"{unique!r} is over live rows, for which {soft_delete.name} is always null",
            hint=f"Leave {soft_delete.name} out of it.",
        )


def _check_search(declared: TableDeclaration) -> None:
    where = f"table {declared.name}"
    _check_used(declared, "search", declared.search)
    if declared.auto_key is None:
        raise DeclarationError(where, "full-text search needs an auto_id() key", hint="Add id: Col[int] = auto_id().")
    for column in (declared.columns[name] for name in declared.search):
        if column.type.storage not in ("text", "json"):
            raise DeclarationError(
                where, "full-text search is over text columns", hint=f"Leave {column.name} out of search."
            )
        if column.generated is not None:
            raise DeclarationError(
                where,
                f"full-text search is over stored columns, but {column.name} is computed",
                hint="Search the columns that it is computed from.",
            )
        if column.name in _SEARCH_COLUMNS or column.name == search_table(declared.name):
            raise DeclarationError(
                where,
                f"full-text search has a column of its own that is called {column.name}",
                hint="Rename the column, or leave it out of search.",
            )


def _check_former_names(declared: TableDeclaration) -> None:
    """Each former name leads to one column, and not to one that is still there."""
    if declared.was == declared.name:
        raise DeclarationError(f"table {declared.name}", "was= is the name that it has", hint="Leave was= out.")
    seen: set[str] = set()
    for column in declared.columns.values():
        if not column.was:
            continue
        former = declared.columns.get(column.was)
        if former is not None and (former is column or not former.was):
            raise DeclarationError(
                column.label, f"was= names {former.label}, which is still there", hint="Leave was= out, or correct it."
            )
        if column.was in seen:
            raise DeclarationError(
                column.label, f"two columns were called {column.was!r}", hint="Give was= to one of them."
            )
        seen.add(column.was)


# --- names ------------------------------------------------------------------------------------------------------------


def relation_names(declared: TableDeclaration) -> Iterator[str]:
    """What the table puts into the one space of names that tables, indexes and keys of a database share."""
    yield declared.name
    yield constraint_name("pk", declared.name)
    yield from map(declared.unique_name, declared.uniques)
    yield from map(declared.index_name, declared.indexes)
    if declared.search:
        index = search_table(declared.name)
        yield constraint_name("ix", declared.name, "search")  # PostgreSQL's
        yield constraint_name("", declared.name, given=index)
        # FTS5 keeps an index in tables of these names (https://sqlite.org/fts5.html#fts5_data_structures).
        yield from (f"{index}_{part}" for part in ("config", "content", "data", "docsize", "idx"))


def _constraint_names(declared: TableDeclaration) -> Iterator[str]:
    """The names of the constraints that only the table itself must tell apart."""
    for column in declared.columns.values():
        if column.reference is not None:
            yield declared.foreign_key_name(column)
        if column.check_name is not None:
            yield constraint_name("ck", declared.name, column.check_name)
    for check in declared.checks:
        yield constraint_name("ck", declared.name, check.name)


def _check_names(declared: TableDeclaration) -> None:
    """All names fit PostgreSQL's 63 bytes and differ in more than case, which SQLite does not tell apart."""
    where = f"table {declared.name}"
    for trigger in search_triggers(declared.name) if declared.search else ():
        constraint_name("", declared.name, given=trigger)
    seen: set[str] = set()
    for name in (*relation_names(declared), *_constraint_names(declared)):
        if name.lower() in seen:
            raise DeclarationError(
                where,
                f"two constraints or indexes are named {name!r}",
                hint="Give one another name; the CHECK of a column's type is named after the column.",
            )
        seen.add(name.lower())
