"""What is in a table, as one number: digests of content that are equal when every value is.

    before = digest_table(connection, "tickets")
    after = digest_table(connection, "tickets")
    assert before.digest == after.digest

A digest is over values and their order, not over pages: a copy, a VACUUM or another page size leave it as it is, while
`1`, `1.0`, `'1'` and `x'31'` are four different values. Memory does not depend on the number of rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from schemaroot.backup import statements
from schemaroot.engine.connection import Connection
from schemaroot.engine.dialect import COMMITS_TABLE

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""

ROWS_PER_CHUNK = 4096
BATCH_ROWS = 256
BATCH_BYTES = 4 * 1024 * 1024

_UNREADABLE_TEXT = 1
"""The MessagePack extension that stands for a text whose bytes are no valid text."""

_CODECS = {"UTF-8": "utf-8", "UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}

_VIRTUAL_COLUMNS = (1, 2)  # https://sqlite.org/pragma.html#pragma_table_xinfo: hidden by a module, computed when read

SCHEMA_TABLE = "sqlite_schema"
_SCHEMA_COLUMNS = ("type", "name", "tbl_name", "sql")  # without the root page, which is no content
_SEQUENCE_TABLE = "sqlite_sequence"


class TableDigest(msgspec.Struct, frozen=True):
    """The content of one table, or of some of its columns.

    Attributes:
        columns: the columns whose values were read, in their order.
        rows: how many rows there are.
        digest: SHA-256 over all values, row after row.
        chunks: the first 16 bytes of SHA-256 over each `ROWS_PER_CHUNK` rows, so that a difference has a place.
    """

    columns: tuple[str, ...]
    rows: int
    digest: str
    chunks: tuple[str, ...] = ()


class Shape(msgspec.Struct, frozen=True):
    """How the rows of a table are read.

    Attributes:
        table: its name.
        columns: all columns that are stored, in their order.
        index: the index that a table without rowid is stored in; `None` for others.
        order: what its rows are ordered by: the rowid, under a name that no column has, or the primary key of a table
            without one; empty where no name is left for the rowid, for then a scan is in its order anyway.
        key: the columns that name a row: the declared primary key, else the rowid.
    """

    table: str
    columns: tuple[str, ...]
    index: str | None
    order: tuple[statements.Order, ...]
    key: tuple[str, ...]


def shape_of(connection: Connection, table: str) -> Shape:
    """How to read a table; raises `LookupError` when there is none of that name."""
    if table == SCHEMA_TABLE:
        return Shape(table, _SCHEMA_COLUMNS, None, (("rowid", False, None),), ("name",))
    columns: list[tuple[str, int, int]] = connection.execute(statements.COLUMNS, (table,)).fetchall()
    if not columns:
        raise LookupError(table)
    key = tuple(name for _, name in sorted((place, name) for name, place, _ in columns if place))
    stored = tuple(name for name, _, hidden in columns if hidden not in _VIRTUAL_COLUMNS)
    listed: list[tuple[str, str, int]] = connection.execute(statements.TABLES).fetchall()
    if any(name.lower() == table.lower() and bool(wr) for name, _, wr in listed):
        index = str(connection.execute(statements.KEY_INDEX, (table,)).fetchall()[0][0])
        parts: list[tuple[str, int, str]] = connection.execute(statements.INDEX_COLUMNS, (index,)).fetchall()
        return Shape(table, stored, index, tuple((name, bool(down), coll) for name, down, coll in parts), key)
    taken = {name.lower() for name, _, _ in columns}
    rowid = tuple(name for name in ("rowid", "_rowid_", "oid") if name not in taken)[:1]
    return Shape(table, stored, None, tuple((name, False, None) for name in rowid), key or rowid)


def content_tables(connection: Connection) -> list[str]:
    """The tables that hold content, by name: the schema itself and the sequences of AUTOINCREMENT among them.

    Left out are views, virtual tables, what SQLite derives (`sqlite_stat1`), the number of commits, and what a module
    such as FTS5 keeps for its tables, but for the texts of a full-text table that holds its own.
    """
    listed: list[tuple[str, str, int]] = connection.execute(statements.TABLES).fetchall()
    virtual = {name for name, kind, _ in listed if kind == "virtual"}
    found = [
        name
        for name, kind, _ in listed
        if (kind == "table" and (not name.startswith("sqlite_") or name == _SEQUENCE_TABLE) and name != COMMITS_TABLE)
        or (kind == "shadow" and name.removesuffix("_content") in virtual)
    ]
    return [SCHEMA_TABLE, *found]


def digest_table(
    connection: Connection,
    table: str,
    *,
    columns: Sequence[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> TableDigest:
    """The digest of a table's content, in the order of its rowid, or of its key where it has no rowid.

    Args:
        connection: where to read; call it inside of a transaction when others may write meanwhile.
        table: its name.
        columns: only these columns, in this order; all that are stored when left out.
        progress: told the number of rows read so far, now and then.

    Raises:
        LookupError: there is no table of that name.
    """
    shape = shape_of(connection, table)
    chosen = tuple(columns) if columns is not None else shape.columns
    if connection.value(statements.PRAGMA_ENCODING) == "UTF-8":
        try:
            return _digest(chosen, rows_of(connection, shape, chosen), progress)
        except connection.driver.errors as error:
            if not connection.driver.is_unreadable_text(error):
                raise
    # UTF-16 comes here too: SQLite turns a lone surrogate into something else, the same for many.
    return _digest(chosen, rows_apart(connection, shape, chosen), progress)


def digest_tables(
    connection: Connection, tables: Sequence[str] | None = None, *, progress: Progress | None = None
) -> dict[str, TableDigest]:
    """The digests of several tables, of all that hold content when left out; `progress` is told rows."""
    chosen = content_tables(connection) if tables is None else tables
    total = sum(count_rows(connection, table) for table in chosen) if progress is not None else 0
    done = 0
    made: dict[str, TableDigest] = {}
    for table in chosen:

        def tell(rows: int, before: int = done) -> None:
            if progress is not None:
                progress(before + rows, total)

        made[table] = digest_table(connection, table, progress=tell)
        done += made[table].rows
    return made


def count_rows(connection: Connection, table: str) -> int:
    """The number of rows of a table."""
    return int(connection.value(statements.count_rows(table)))


def rows_of(connection: Connection, shape: Shape, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table one after the other, on a cursor of their own."""
    cursor = connection.driver.cursor(connection.raw)
    return iter(cursor.execute(statements.read_rows(shape.table, columns, shape.index, shape.order)))


def rows_apart(connection: Connection, shape: Shape, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """As `rows_of`, but a text that is none comes as its bytes, marked; slower, and it cannot fail on a value."""
    codec = _CODECS[str(connection.value(statements.PRAGMA_ENCODING))]
    cursor = connection.driver.cursor(connection.raw)
    for row in cursor.execute(statements.read_rows_apart(shape.table, columns, shape.index, shape.order)):
        yield tuple(
            [_text(value, codec) if kind == "text" else value for kind, value in zip(row[::2], row[1::2], strict=True)]
        )


def _text(stored: bytes, codec: str) -> str | msgspec.msgpack.Ext:
    try:
        return stored.decode(codec)
    except UnicodeDecodeError:
        return msgspec.msgpack.Ext(_UNREADABLE_TEXT, stored)


def _digest(
    columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]], progress: Callable[[int], None] | None
) -> TableDigest:
    encoder = msgspec.msgpack.Encoder()
    buffer = bytearray()
    whole = hashlib.sha256()
    chunks: list[str] = []
    count = 0
    batch_rows = BATCH_ROWS
    while True:
        chunk = hashlib.sha256()
        left = ROWS_PER_CHUNK
        while left and (batch := list(islice(rows, min(left, batch_rows)))):
            encoder.encode_into(batch, buffer)
            # The head of the list tells its length, which is the batch's business and no content.
            content = memoryview(buffer)[_head_bytes(len(batch)) :]
            chunk.update(content)
            whole.update(content)
            content.release()
            left -= len(batch)
            batch_rows = max(1, min(BATCH_ROWS, BATCH_BYTES * len(batch) // len(buffer)))
        if left == ROWS_PER_CHUNK:
            break
        count += ROWS_PER_CHUNK - left
        chunks.append(chunk.hexdigest()[:32])
        if progress is not None:
            progress(count)
        if left:
            break
    return TableDigest(columns, count, whole.hexdigest(), tuple(chunks))


def _head_bytes(length: int) -> int:
    """The bytes of the head of a MessagePack array (https://github.com/msgpack/msgpack/blob/master/spec.md)."""
    return 1 if length < 16 else 3 if length < 65536 else 5
