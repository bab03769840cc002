"""The seam to the SQLite drivers: the standard library's `sqlite3`, and apsw with a current SQLite of its own.

Both give cursors with `execute`, `executemany` and `fetchall`; what differs is here: how to connect, which error means
what, and the few calls that only one of them has. Both run in autocommit: BEGIN is always ours.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote

import apsw

from schemaroot.schema.values import SqlValue

DriverName = Literal["apsw", "sqlite3"]
OpenMode = Literal["rw", "rwc", "ro", "immutable"]

SQLITE_BUSY, SQLITE_LOCKED, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CORRUPT = 5, 6, 8, 10, 11
SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_CONSTRAINT, SQLITE_NOTADB, SQLITE_INTERRUPT = 13, 14, 19, 26, 9
SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_NOTNULL = 275, 787, 1299
SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_ROWID = 1555, 2067, 2579
SQLITE_CONSTRAINT_DATATYPE = 3091

UNSTORABLE: tuple[type[Exception], ...] = (OverflowError, UnicodeEncodeError)
"""What both drivers raise for a parameter that SQLite cannot hold: a number beyond 64 bits, a lone surrogate."""


class Cursor(Protocol):
    """What both drivers' cursors share."""

    def execute(self, sql: str, parameters: Sequence[SqlValue] = ..., /) -> Cursor: ...
    def executemany(self, sql: str, rows: Any, /) -> object: ...
    def close(self) -> None: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class DriverFault:
    """A driver's error in words that both share: SQLite's extended result code and its message."""

    code: int
    message: str

    @property
    def primary(self) -> int:
        """The primary result code (https://sqlite.org/rescode.html)."""
        return self.code & 0xFF


class Driver(Protocol):
    """What the engine asks of a driver."""

    name: DriverName
    errors: tuple[type[BaseException], ...]
    library: str

    def connect(self, path: str, mode: OpenMode) -> Any:
        """A connection in autocommit."""
        ...

    def cursor(self, connection: Any) -> Cursor: ...

    def changes(self, connection: Any, cursor: Any) -> int: ...

    def last_rowid(self, connection: Any, cursor: Any) -> int: ...

    def in_transaction(self, connection: Any) -> bool: ...

    def fault(self, error: BaseException) -> DriverFault: ...


def _uri(path: str, mode: OpenMode) -> str:
    """The file URI (https://sqlite.org/uri.html) of a path."""
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    return f"file:{quote(os.fsencode(Path(path).absolute()))}?{query}"


class ApswDriver:
    """apsw: a thin layer over a current SQLite that it brings itself."""

    name: DriverName = "apsw"
    errors: tuple[type[BaseException], ...] = (apsw.Error, *UNSTORABLE)
    library = apsw.sqlite_lib_version()

    def connect(self, path: str, mode: OpenMode) -> Any:
        """A connection in autocommit."""
        flags = (
            apsw.SQLITE_OPEN_URI
            | {
                "rw": apsw.SQLITE_OPEN_READWRITE,
                "rwc": apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE,
                "ro": apsw.SQLITE_OPEN_READONLY,
                "immutable": apsw.SQLITE_OPEN_READONLY,
            }[mode]
        )
        if path == ":memory:":
            connection = apsw.Connection(":memory:")
        else:
            connection = apsw.Connection(_uri(path, mode), flags=flags)
        # Without it apsw's build prepares some statements again on each run, when a bound value may change the plan.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        return connection

    def cursor(self, connection: Any) -> Cursor:
        """A new cursor."""
        cursor: Cursor = connection.cursor()
        return cursor

    def changes(self, connection: Any, cursor: Any) -> int:
        """Rows changed by the last statement."""
        del cursor
        return int(connection.changes())

    def last_rowid(self, connection: Any, cursor: Any) -> int:
        """The rowid of the last inserted row."""
        del cursor
        return int(connection.last_insert_rowid())

    def in_transaction(self, connection: Any) -> bool:
        """Whether a transaction is open."""
        return bool(connection.in_transaction)

    def fault(self, error: BaseException) -> DriverFault:
        """The error in shared words."""
        code = getattr(error, "extendedresult", 0) or getattr(error, "result", 1)
        return DriverFault(int(code), _without_prefix(str(error)))


class StandardDriver:
    """The standard library's sqlite3, with the SQLite that Python was built with."""

    name: DriverName = "sqlite3"
    errors: tuple[type[BaseException], ...] = (sqlite3.Error, sqlite3.Warning, *UNSTORABLE)
    library = sqlite3.sqlite_version

    def connect(self, path: str, mode: OpenMode) -> Any:
        """A connection in autocommit."""
        target = ":memory:" if path == ":memory:" else _uri(path, mode)
        return sqlite3.connect(
            target,
            uri=path != ":memory:",
            isolation_level=None,
            check_same_thread=False,
            timeout=0,
            cached_statements=512,
        )

    def cursor(self, connection: Any) -> Cursor:
        """A new cursor."""
        cursor: Cursor = connection.cursor()
        return cursor

    def changes(self, connection: Any, cursor: Any) -> int:
        """Rows changed by the last statement."""
        del connection
        return max(int(cursor.rowcount), 0)

    def last_rowid(self, connection: Any, cursor: Any) -> int:
        """The rowid of the last inserted row."""
        del connection
        return int(cursor.lastrowid)

    def in_transaction(self, connection: Any) -> bool:
        """Whether a transaction is open."""
        return bool(connection.in_transaction)

    def fault(self, error: BaseException) -> DriverFault:
        """The error in shared words."""
        return DriverFault(int(getattr(error, "sqlite_errorcode", 1)), str(error))


def _without_prefix(message: str) -> str:
    head, separator, rest = message.partition(": ")
    return rest if separator and head.endswith("Error") else message


_DRIVERS: dict[DriverName, Driver] = {"apsw": ApswDriver(), "sqlite3": StandardDriver()}


def driver_named(name: DriverName) -> Driver:
    """The driver of that name."""
    return _DRIVERS[name]
