"""The statements of backups and checks that SQLAlchemy cannot say: pragmas, and reads of tables as they are found.

Names come from the schema of a live database and are quoted here; values are always parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemaroot.engine.dialect import quoted

Order = tuple[str, bool, str | None]
"""A column to order by, whether downwards, and its collation where it is not the column's own."""

PRAGMA_DATABASE_LIST = "PRAGMA database_list"
PRAGMA_ENCODING = "PRAGMA encoding"
PRAGMA_FREE_PAGES = "PRAGMA freelist_count"
PRAGMA_FOREIGN_KEY_CHECK = "PRAGMA foreign_key_check"
BEGIN_ALONE = "BEGIN EXCLUSIVE"
PRAGMA_LOCK_FOR_GOOD = "PRAGMA locking_mode=EXCLUSIVE"
PRAGMA_LOCK_FOR_A_TRANSACTION = "PRAGMA locking_mode=NORMAL"
PRAGMA_JOURNAL_DELETE = "PRAGMA journal_mode=DELETE"
PRAGMA_NO_JOURNAL = "PRAGMA journal_mode=OFF"
PRAGMA_PAGE_COUNT = "PRAGMA page_count"
PRAGMA_PAGE_SIZE = "PRAGMA page_size"
INDEXES = "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY name"
SIZES = "SELECT name, pgsize FROM dbstat WHERE aggregate = 1"
TABLES = "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name"
KEY_INDEX = "SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'"
INDEX_COLUMNS = 'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno'
COLUMNS = "SELECT name, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid"


def integrity_check(limit: int) -> str:
    """SQLite's full check of pages, indexes, NOT NULL, CHECK and UNIQUE, with at most so many findings."""
    return f"PRAGMA integrity_check({limit:d})"


PRAGMA_CACHE_SIZE = "PRAGMA cache_size"


def set_cache_size(size: int) -> str:
    """Lets a connection keep so many pages in memory, or so many KiB where the number is negative."""
    return f"PRAGMA cache_size={size:d}"


def count_rows(table: str) -> str:
    """The number of rows."""
    return f"SELECT count(*) FROM {quoted(table)}"


def read_rows(table: str, columns: Sequence[str], index: str | None, order: Sequence[Order]) -> str:
    """All rows in an order, read from the table itself: another index that covers it may hold something else.

    `index` is the one that a table without rowid is stored in, and `None` for tables with rowids.
    """
    return f"SELECT {', '.join(map(quoted, columns)) or 'NULL'} FROM {quoted(table)}{_ordered(index, order)}"


def read_rows_apart(table: str, columns: Sequence[str], index: str | None, order: Sequence[Order]) -> str:
    """As `read_rows`, each value as two: its type, and the value, with texts as the bytes that are stored."""
    listed = ", ".join(
        f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
        for name in map(quoted, columns)
    )
    return f"SELECT {listed or 'NULL'} FROM {quoted(table)}{_ordered(index, order)}"


def _ordered(index: str | None, order: Sequence[Order]) -> str:
    stored = "NOT INDEXED" if index is None else f"INDEXED BY {quoted(index)}"
    terms = ", ".join(
        quoted(name) + (f" COLLATE {quoted(collation)}" if collation else "") + (" DESC" if descending else "")
        for name, descending, collation in order
    )
    return f" {stored} ORDER BY {terms}" if terms else f" {stored}"


def check_search(index: str) -> str:
    """Lets FTS5 compare its index with the table that it is over (https://sqlite.org/fts5.html#the_integrity_check_command)."""
    name = quoted(index)
    return f"INSERT INTO {name}({name}, rank) VALUES ('integrity-check', 1)"
