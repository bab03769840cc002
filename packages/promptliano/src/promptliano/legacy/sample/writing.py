"""How do rows become a database file? Built in memory in one transaction, then written in one piece."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

Value: TypeAlias = str | int | float | bytes | None
"""What one cell of a legacy database may hold."""

Row: TypeAlias = dict[str, Value]
"""One row to be written; a column that it does not name becomes NULL."""


@dataclass(frozen=True)
class SampleCounts:
    """How many rows each table of a written sample holds; empty tables count 0."""

    tables: Mapping[str, int]

    @property
    def total(self) -> int:
        """Give the number of rows in all tables together."""
        return sum(self.tables.values())

    def __getitem__(self, table: str) -> int:
        """Give the number of rows of one table."""
        return self.tables[table]


# Bytes 18 and 19 of a database file are its write and read version; 2 stands for write-ahead logging.
_JOURNAL_BYTES = slice(18, 20)
_WRITE_AHEAD_LOG = b"\x02\x02"


def write_database(
    path: Path,
    tables: Sequence[sa.Table],
    indexes_of: Callable[[sa.Table], Iterable[sa.Index]],
    rows: Mapping[str, Sequence[Row]],
) -> SampleCounts:
    """Write a new database file in WAL mode with these tables, indexes and rows, parents before children.

    Raises FileExistsError when something lies at `path` already. Nothing is written before every row is accepted.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already; a sample is only written to a new file")
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            for table in tables:
                connection.execute(sa.schema.CreateTable(table))
                for index in indexes_of(table):
                    connection.execute(sa.schema.CreateIndex(index))
            for table in tables:
                if content := rows.get(table.name):
                    connection.execute(table.insert(), [_completed(table, row) for row in content])
        image = _image(engine)
    finally:
        engine.dispose()
    with path.open("xb") as file:
        file.write(image)
    return SampleCounts({table.name: len(rows.get(table.name, ())) for table in tables})


def _completed(table: sa.Table, row: Row) -> Row:
    """Name every column of the table; one that the row does not know is NULL."""
    names = table.columns.keys()
    if strangers := row.keys() - set(names):
        raise ValueError(f"{table.name} has no column {', '.join(sorted(strangers))}")
    return {name: row.get(name) for name in names}


def _image(engine: sa.Engine) -> bytes:
    """Give the bytes of the database file, marked as one in WAL mode."""
    pooled = engine.raw_connection()
    try:
        driver = pooled.driver_connection
        if not isinstance(driver, sqlite3.Connection):  # pragma: no cover - the engine above is SQLite's
            raise TypeError(f"expected a connection of sqlite3, found {type(driver).__name__}")
        image = bytearray(driver.serialize())
    finally:
        pooled.close()
    image[_JOURNAL_BYTES] = _WRITE_AHEAD_LOG
    return bytes(image)
