"""What is in a database's schema? Tables, keys, checks, indexes, triggers and views as plain data that can be compared.

Every SQL expression in here is *canonical*: parsed and printed again by `schemaroot.introspection.sql`, so that two
spellings of the same thing are equal as texts. Order that means nothing (of columns, checks, foreign keys) does not
count in `same_table`, since SQLite appends what ALTER TABLE adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

ForeignKeyAction = Literal["no action", "restrict", "set null", "set default", "cascade"]
Conflict = Literal["rollback", "abort", "fail", "ignore", "replace"]


@dataclass(frozen=True)
class ColumnDef:
    """One column of a table.

    Attributes:
        name: as it is spelt in the schema, unquoted.
        type: the words of its type in capitals (`VARCHAR(20)`); empty where none was declared.
        nullable: whether NOT NULL is absent.
        default: the canonical expression of its DEFAULT, or `None`.
        collation: the collating sequence, or `None` for the database's own (BINARY).
        generated: the canonical expression of a generated column, or `None`.
        stored: whether a generated column is kept in the row (STORED) rather than computed when read (VIRTUAL).
        null_conflict: the ON CONFLICT clause of its NOT NULL, or `None`.
        comment: its comment where the database keeps such (PostgreSQL), or `None`.
    """

    name: str
    type: str = ""
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    generated: str | None = None
    stored: bool = False
    null_conflict: Conflict | None = None
    comment: str | None = None


@dataclass(frozen=True)
class KeyPart:
    """One member of a key or an index: a column, or an expression, with its order and collation."""

    column: str | None = None
    expression: str | None = None
    descending: bool = False
    collation: str | None = None


@dataclass(frozen=True)
class PrimaryKeyDef:
    """The primary key. `autoincrement`: an id is never given twice (SQLite's AUTOINCREMENT)."""

    parts: tuple[KeyPart, ...]
    name: str | None = None
    autoincrement: bool = False
    conflict: Conflict | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in the key's order."""
        return tuple(part.column or "" for part in self.parts)


@dataclass(frozen=True)
class UniqueDef:
    """A UNIQUE constraint of a table (a unique *index* is an `IndexDef`)."""

    parts: tuple[KeyPart, ...]
    name: str | None = None
    conflict: Conflict | None = None


@dataclass(frozen=True)
class CheckDef:
    """A CHECK: its canonical condition, and its name where it has one."""

    condition: str
    name: str | None = None


@dataclass(frozen=True)
class ForeignKeyDef:
    """A foreign key. `target_columns` is empty where the schema names only the table (then its primary key)."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...] = ()
    on_delete: ForeignKeyAction = "no action"
    on_update: ForeignKeyAction = "no action"
    deferred: bool = False
    match: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class TableDef:
    """One table, complete: `schemaroot.introspection.render.create_table` writes it back without loss."""

    name: str
    columns: tuple[ColumnDef, ...]
    primary_key: PrimaryKeyDef | None = None
    uniques: tuple[UniqueDef, ...] = ()
    checks: tuple[CheckDef, ...] = ()
    foreign_keys: tuple[ForeignKeyDef, ...] = ()
    strict: bool = False
    without_rowid: bool = False
    comment: str | None = None
    sql: str = field(default="", compare=False)
    """The words of the schema itself, as the database keeps them."""

    def column(self, name: str) -> ColumnDef | None:
        """The column of that name (SQLite folds the case of ASCII letters), or `None`."""
        folded = name.lower()
        return next((column for column in self.columns if column.name.lower() == folded), None)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def integer_key(self) -> str | None:
        """The column that is the rowid (INTEGER PRIMARY KEY), or `None`."""
        key = self.primary_key
        if key is None or self.without_rowid or len(key.parts) != 1 or key.parts[0].descending:
            return None
        column = self.column(key.columns[0])
        return column.name if column is not None and column.type == "INTEGER" else None


@dataclass(frozen=True)
class IndexDef:
    """An index made by CREATE INDEX."""

    name: str
    table: str
    parts: tuple[KeyPart, ...]
    unique: bool = False
    where: str | None = None
    method: str | None = None
    sql: str = field(default="", compare=False)


@dataclass(frozen=True)
class TriggerDef:
    """A trigger: its statement with its white space and comments made plain."""

    name: str
    table: str
    statement: str
    sql: str = field(default="", compare=False)


@dataclass(frozen=True)
class ViewDef:
    """A view: its statement with its white space and comments made plain."""

    name: str
    statement: str
    sql: str = field(default="", compare=False)


@dataclass(frozen=True)
class VirtualTableDef:
    """A virtual table: its module, the module's arguments made plain, and the tables that the module keeps for it."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()
    sql: str = field(default="", compare=False)


@dataclass(frozen=True)
class Catalogue:
    """A whole schema, by names as they are spelt; SQLite's own tables (`sqlite_...`) and shadow tables are left out."""

    tables: Mapping[str, TableDef] = field(default_factory=dict[str, TableDef])
    indexes: Mapping[str, IndexDef] = field(default_factory=dict[str, IndexDef])
    triggers: Mapping[str, TriggerDef] = field(default_factory=dict[str, TriggerDef])
    views: Mapping[str, ViewDef] = field(default_factory=dict[str, ViewDef])
    virtual_tables: Mapping[str, VirtualTableDef] = field(default_factory=dict[str, VirtualTableDef])

    def indexes_of(self, table: str) -> tuple[IndexDef, ...]:
        """The indexes of a table, by name."""
        found = (index for index in self.indexes.values() if index.table.lower() == table.lower())
        return tuple(sorted(found, key=lambda index: index.name))

    def triggers_of(self, table: str) -> tuple[TriggerDef, ...]:
        """The triggers on a table, by name."""
        found = (trigger for trigger in self.triggers.values() if trigger.table.lower() == table.lower())
        return tuple(sorted(found, key=lambda trigger: trigger.name))


def plain(table: TableDef) -> TableDef:
    """The table with everything in a fixed order whose order means nothing; for comparing."""
    return replace(
        table,
        columns=tuple(sorted(table.columns, key=lambda column: column.name)),
        uniques=tuple(sorted(table.uniques, key=repr)),
        checks=tuple(sorted(table.checks, key=lambda check: (check.name or "", check.condition))),
        foreign_keys=tuple(sorted(table.foreign_keys, key=repr)),
    )


def same_table(one: TableDef, other: TableDef) -> bool:
    """Whether two tables are the same but for the order of what has none."""
    return plain(one) == plain(other)


__all__ = [
    "Catalogue",
    "CheckDef",
    "ColumnDef",
    "Conflict",
    "ForeignKeyAction",
    "ForeignKeyDef",
    "IndexDef",
    "KeyPart",
    "PrimaryKeyDef",
    "TableDef",
    "TriggerDef",
    "UniqueDef",
    "ViewDef",
    "VirtualTableDef",
    "plain",
    "same_table",
]
