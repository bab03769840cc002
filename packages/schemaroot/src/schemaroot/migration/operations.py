"""What can a migration do? Each operation as data: it can be printed, compared and tested with no database.

A difference of two catalogues gives operations; a revision file gives them too, through `op`. The SQLite executor turns
them into statements; whatever several actions on one table need is done in one rebuild.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemaroot.introspection.catalogue import (
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
)
from schemaroot.schema.expression import Assignment
from schemaroot.schema.table import Table


@dataclass(frozen=True)
class AddColumn:
    """A new column. `using`: a canonical expression over the old row that gives existing rows their value."""

    column: ColumnDef
    using: str | None = None


@dataclass(frozen=True)
class DropColumn:
    """A column goes; its values are kept in a side table."""

    name: str


@dataclass(frozen=True)
class RenameColumn:
    """A column gets another name; everything that names it follows."""

    old: str
    new: str


@dataclass(frozen=True)
class AlterColumn:
    """A column becomes `column` (same name). `using`: a canonical expression over the old row for its new value."""

    column: ColumnDef
    using: str | None = None


@dataclass(frozen=True)
class AddCheck:
    """A new CHECK."""

    check: CheckDef


@dataclass(frozen=True)
class DropCheck:
    """A CHECK goes: the one of that name, or the unnamed one with that condition."""

    check: CheckDef


@dataclass(frozen=True)
class AddUnique:
    """A new UNIQUE constraint."""

    unique: UniqueDef


@dataclass(frozen=True)
class DropUnique:
    """A UNIQUE constraint goes."""

    unique: UniqueDef


@dataclass(frozen=True)
class AddForeignKey:
    """A new foreign key."""

    foreign_key: ForeignKeyDef


@dataclass(frozen=True)
class DropForeignKey:
    """A foreign key goes."""

    foreign_key: ForeignKeyDef


@dataclass(frozen=True)
class SetPrimaryKey:
    """Another primary key, or none."""

    primary_key: PrimaryKeyDef | None


@dataclass(frozen=True)
class SetOptions:
    """STRICT and WITHOUT ROWID as given; `None` leaves one as it is."""

    strict: bool | None = None
    without_rowid: bool | None = None


Action = (
    AddColumn
    | DropColumn
    | RenameColumn
    | AlterColumn
    | AddCheck
    | DropCheck
    | AddUnique
    | DropUnique
    | AddForeignKey
    | DropForeignKey
    | SetPrimaryKey
    | SetOptions
)
"""What can be done to one table."""


@dataclass(frozen=True)
class CreateTable:
    """A new table, empty; on the way back, filled from its side table."""

    table: TableDef


@dataclass(frozen=True)
class DropTable:
    """A table goes; its rows are kept in a side table."""

    name: str


@dataclass(frozen=True)
class RenameTable:
    """A table gets another name; everything that names it follows."""

    old: str
    new: str


@dataclass(frozen=True)
class AlterTable:
    """All that one revision does to one table at one place, in one rebuild where SQLite needs one."""

    table: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class CreateIndex:
    """A new index. `concurrently` is PostgreSQL's."""

    index: IndexDef
    concurrently: bool = False


@dataclass(frozen=True)
class DropIndex:
    """An index goes."""

    name: str
    table: str


@dataclass(frozen=True)
class CreateSearch:
    """Full-text search over columns of a table, filled from its rows, with the triggers that keep it in step."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class DropSearch:
    """Full-text search of a table goes."""

    table: str


@dataclass(frozen=True)
class DataStep:
    """A step that changes rows. `tables`: those whose rows it may change."""

    tables: tuple[str, ...]
    describe: str
    run: Callable[..., int] = field(compare=False)


@dataclass(frozen=True)
class Backfill(DataStep):
    """New values for rows of a table, computed in Python.

    Attributes:
        rows: the table's class as it is at that point of the revision, local to the revision file.
        compute: what one row becomes.
        where: which rows; `None` for all.
        batch: how many at once.
    """

    rows: type[Table]
    compute: Callable[[Any], Sequence[Assignment[Any]]] = field(compare=False)
    where: Any = field(default=None, compare=False)
    batch: int = 1000

    @property
    def table(self) -> str:
        """The table's name."""
        return self.rows.__declaration__.name


Operation = (
    CreateTable | DropTable | RenameTable | AlterTable | CreateIndex | DropIndex | CreateSearch | DropSearch | DataStep
)
"""One step of a migration."""


def tables_of(operation: Operation) -> tuple[str, ...]:
    """The tables that an operation names as what it changes."""
    match operation:
        case CreateTable(table):
            return (table.name,)
        case DropTable(name):
            return (name,)
        case RenameTable(old, new):
            return (old, new)
        case CreateIndex(index):
            return (index.table,)
        case DataStep(tables):
            return tables
        case _:
            return (operation.table,)
