"""What tables does a database hold, and with which columns? Asked of SQLite itself, never of a declaration.

for table in read_tables(Database.open("sqlite:///found.db", read_only=True)):
    print(table.name, [column.name for column in table.columns])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import sqlalchemy as sa

from schemaroot.engine.database import Database

TableKind = Literal["table", "view", "virtual", "shadow"]
"""`virtual` tables are made by a module such as FTS5, `shadow` tables hold what such a module stores."""


@dataclass(frozen=True)
class FoundColumn:
    """One column as the database describes it.

    Attributes:
        name: its name.
        declared: the type's words in CREATE TABLE, which may be empty.
        nullable: whether it takes NULL; SQLite lets a primary key take it unless NOT NULL was said.
        key_place: its place in the primary key from 1, or 0 when it is no part of it.
        generated: whether the database computes it.
    """

    name: str
    declared: str
    nullable: bool
    key_place: int
    generated: bool


@dataclass(frozen=True)
class FoundTable:
    """One table or view as the database describes it."""

    name: str
    kind: TableKind
    has_rowid: bool
    columns: tuple[FoundColumn, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key, in its order; empty when there is none."""
        members = sorted((column for column in self.columns if column.key_place), key=lambda column: column.key_place)
        return tuple(column.name for column in members)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in their declared order."""
        return tuple(column.name for column in self.columns)


_HIDDEN_BY_MODULE = 1  # https://sqlite.org/pragma.html#pragma_table_xinfo
_GENERATED = (2, 3)


def read_tables(db: Database) -> list[FoundTable]:
    """The tables and views of a database by name, SQLite's own (`sqlite_...`) left out."""
    listed = sa.func.pragma_table_list().table_valued("schema", "name", "type", "wr")
    statement = sa.select(listed.c.name, listed.c.type, listed.c.wr).where(listed.c.schema == "main")
    found = cast("list[tuple[str, TableKind, int]]", db.all(statement.order_by(listed.c.name)))
    return [
        FoundTable(name, kind, kind == "table" and not without_rowid, read_columns(db, name))
        for name, kind, without_rowid in found
        if not name.startswith("sqlite_")
    ]


def read_columns(db: Database, table: str) -> tuple[FoundColumn, ...]:
    """The columns of a table in their declared order; none when there is no such table."""
    info = sa.func.pragma_table_xinfo(table).table_valued("cid", "name", "type", "notnull", "pk", "hidden")
    columns = (info.c.name, info.c.type, info.c["notnull"], info.c.pk, info.c.hidden)
    statement = sa.select(*columns).where(info.c.hidden != _HIDDEN_BY_MODULE).order_by(info.c.cid)
    rows = cast("list[tuple[str, str, int, int, int]]", db.all(statement))
    return tuple(
        FoundColumn(name, declared, not not_null, place, hidden in _GENERATED)
        for name, declared, not_null, place, hidden in rows
    )
