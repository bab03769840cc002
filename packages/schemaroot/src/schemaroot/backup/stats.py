"""How large is a database, and what takes the room?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schemaroot.backup import statements
from schemaroot.backup.digest import count_rows
from schemaroot.engine.connection import Connection


@dataclass(frozen=True)
class TableStats:
    """One table: its rows, the bytes of its pages and of each of its indexes; no bytes where SQLite cannot tell."""

    name: str
    rows: int
    bytes: int | None
    indexes: dict[str, int | None]


@dataclass(frozen=True)
class DatabaseStats:
    """A database file.

    Attributes:
        page_size: bytes of a page.
        pages: pages of the database, what stands in the log included.
        free_pages: pages that hold nothing and will be used again.
        wal_bytes: size of the write-ahead log beside the file.
        tables: each table, the largest first.
    """

    page_size: int
    pages: int
    free_pages: int
    wal_bytes: int
    tables: tuple[TableStats, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all pages."""
        return self.pages * self.page_size


def database_stats(connection: Connection) -> DatabaseStats:
    """Sizes and counts of a database; it reads every page."""
    files: list[tuple[int, str, str]] = connection.execute(statements.PRAGMA_DATABASE_LIST).fetchall()
    log = Path(f"{files[0][2]}-wal")
    sizes = _sizes(connection)
    tables: list[TableStats] = []
    listed: list[tuple[str, str, int]] = connection.execute(statements.TABLES).fetchall()
    owned: list[tuple[str, str]] = connection.execute(statements.INDEXES).fetchall()
    for name, kind, _ in listed:
        if kind in ("table", "shadow"):
            indexes = {index: sizes.get(index) for index, table in owned if table == name and index != name}
            tables.append(TableStats(name, count_rows(connection, name), sizes.get(name), indexes))
    return DatabaseStats(
        page_size=connection.value(statements.PRAGMA_PAGE_SIZE),
        pages=connection.value(statements.PRAGMA_PAGE_COUNT),
        free_pages=connection.value(statements.PRAGMA_FREE_PAGES),
        wal_bytes=log.stat().st_size if files[0][2] and log.exists() else 0,
        tables=tuple(sorted(tables, key=lambda table: (-(table.bytes or 0), table.name))),
    )


def _sizes(connection: Connection) -> dict[str, int]:
    try:
        found: list[tuple[str, int]] = connection.execute(statements.SIZES).fetchall()
    except connection.driver.errors:
        return {}  # SQLite was built without dbstat
    return dict(found)
