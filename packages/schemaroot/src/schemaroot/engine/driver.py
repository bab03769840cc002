"""The seam to the SQLite drivers: the standard library's `sqlite3`, and apsw with a current SQLite of its own.

Both give cursors with `execute`, `executemany` and `fetchall`; what differs is here: how to connect, which error means
what, and the few calls that only one of them has. Both run in autocommit: BEGIN is always ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args
from urllib.parse import quote

from schemaroot.errors import InvalidArgumentsError
from schemaroot.schema.refusals import described, is_a
from schemaroot.schema.values import SqlValue

DriverName = Literal["apsw", "sqlite3"]
OpenMode = Literal["rw", "rwc", "ro", "immutable"]

SQLITE_OK, SQLITE_DENY = 0, 1
SQLITE_BUSY, SQLITE_LOCKED, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CORRUPT = 5, 6, 8, 10, 11
SQLITE_FULL, SQLITE_CANTOPEN, SQLITE_CONSTRAINT, SQLITE_NOTADB, SQLITE_INTERRUPT, SQLITE_AUTH = 13, 14, 19, 26, 9, 23
SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_NOTNULL = 275, 787, 1299
SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_ROWID = 1555, 2067, 2579
SQLITE_CONSTRAINT_DATATYPE = 3091

PAGES_AT_ONCE = 4096
"""How many pages a backup copies between two looks for Ctrl-C, where nobody can change them meanwhile."""

UNSTORABLE: tuple[type[Exception], ...] = (OverflowError, UnicodeEncodeError)
"""What both drivers raise for a parameter that SQLite cannot hold: a number beyond 64 bits, a lone surrogate."""


class Cursor(Protocol):
    """What both drivers' cursors share."""

    def execute(self, sql: str, parameters: Sequence[SqlValue] = ..., /) -> Cursor:
        """Runs a statement."""
        ...

    def executemany(self, sql: str, rows: Any, /) -> object:
        """Runs a statement once for each row of parameters."""
        ...

    def close(self) -> None:
        """Ends the cursor."""
        ...

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        ...

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or `None`."""
        ...

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


Judge = Callable[[int, "str | None", "str | None", "str | None"], bool]
"""Whether a statement may do something: SQLite's action code, its two arguments, and the trigger that does it."""


class Driver(Protocol):
    """What the engine asks of a driver."""

    name: DriverName
    errors: tuple[type[BaseException], ...]
    library: str

    def connect(self, path: str, mode: OpenMode) -> Any:
        """A connection in autocommit."""
        ...

    def cursor(self, connection: Any) -> Cursor:
        """A new cursor."""
        ...

    def changes(self, connection: Any, cursor: Any) -> int:
        """Rows changed by the last statement."""
        ...

    def last_rowid(self, connection: Any, cursor: Any) -> int:
        """The rowid of the last inserted row."""
        ...

    def in_transaction(self, connection: Any) -> bool:
        """Whether a transaction is open."""
        ...

    def fault(self, error: BaseException) -> DriverFault:
        """The error in shared words."""
        ...

    def guard(self, connection: Any, judge: Judge | None) -> None:
        """Asks `judge` about every statement that is prepared, which fails when it says no; `None` takes it away."""
        ...

    def is_unreadable_text(self, error: BaseException) -> bool:
        """Whether the error says that a text was read whose bytes are no UTF-8."""
        ...

    def backup(self, source: Any, target: Any, *, locked: Callable[[], None] | None = None) -> None:
        """Copies all pages of `source` over those of `target`, in one transaction of each.

        Args:
            source, target: connections of this driver; `target` has no transaction open.
            locked: called once, when the write lock of `target` is held and nothing is copied yet; what it raises ends
                the backup, and `target` is as it was.

        Raises:
            The driver's own errors; busy when one of the two is locked, without waiting.
        """
        ...


def authorizer(judge: Judge) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    """A judge as both drivers call one (https://sqlite.org/c3ref/set_authorizer.html)."""

    def answer(action: int, first: str | None, second: str | None, database: str | None, source: str | None) -> int:
        del database
        return SQLITE_OK if judge(action, first, second, source) else SQLITE_DENY

    return answer


def file_uri(path: str, mode: OpenMode) -> str:
    """The file URI (https://sqlite.org/uri.html) of a path."""
    query = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    return f"file:{quote(os.fsencode(Path(path).absolute()))}?{query}"


def driver_named(name: DriverName) -> Driver:
    """The driver of that name; the other one is not imported. Raises `InvalidArgumentsError` for another name."""
    if not is_a(str, name) or name not in get_args(DriverName):
        raise InvalidArgumentsError(f"driver is one of {', '.join(get_args(DriverName))}, not {described(name)}.")
    if name == "apsw":
        from schemaroot.engine.driver_apsw import ApswDriver  # only the one in use is loaded

        return ApswDriver()
    from schemaroot.engine.driver_standard import StandardDriver  # only the one in use is loaded

    return StandardDriver()
