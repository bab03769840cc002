"""The standard library's sqlite3 behind the seam of `driver`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from schemaroot.engine import dialect
from schemaroot.engine.driver import (
    PAGES_AT_ONCE,
    SQLITE_BUSY,
    SQLITE_LOCKED,
    UNSTORABLE,
    Cursor,
    DriverFault,
    DriverName,
    Judge,
    OpenMode,
    authorizer,
    file_uri,
)
from schemaroot.engine.interrupts import LOOK_EVERY, look_for_interrupt


class StandardDriver:
    """The standard library's sqlite3, with the SQLite that Python was built with."""

    name: DriverName = "sqlite3"
    errors: tuple[type[BaseException], ...] = (sqlite3.Error, sqlite3.Warning, *UNSTORABLE)
    library: str = sqlite3.sqlite_version

    def connect(self, path: str, mode: OpenMode) -> Any:
        """A connection in autocommit."""
        target = ":memory:" if path == ":memory:" else file_uri(path, mode)
        connection = sqlite3.connect(
            target,
            uri=path != ":memory:",
            isolation_level=None,
            check_same_thread=False,
            timeout=0,
            cached_statements=512,
        )
        if (look := look_for_interrupt()) is not None:
            connection.set_progress_handler(look, LOOK_EVERY)
        return connection

    def cursor(self, connection: Any) -> Cursor:
        """A new cursor."""
        cursor: Cursor = connection.cursor()
        return cursor

    def changes(self, connection: Any, cursor: Any) -> int:
        """Rows changed by the last statement."""
        count = int(cursor.rowcount)
        if count >= 0:
            return count
        # It counts only for a text that begins with the verb: one that begins with WITH has to be asked for.
        return int(connection.execute(dialect.CHANGES).fetchone()[0])

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

    def guard(self, connection: Any, judge: Judge | None) -> None:
        """Asks `judge` about every statement that is prepared, which fails when it says no; `None` takes it away."""
        connection.set_authorizer(None if judge is None else authorizer(judge))

    def is_unreadable_text(self, error: BaseException) -> bool:
        """Whether the error says that a text was read whose bytes are no UTF-8."""
        return isinstance(error, sqlite3.OperationalError) and str(error).startswith("Could not decode to UTF-8")

    def backup(self, source: Any, target: Any, *, locked: Callable[[], None] | None = None) -> None:
        """Copies all pages of `source` over those of `target`, in one transaction of each."""
        calls = [] if locked is None else [locked]

        def after_step(status: int, remaining: int, total: int) -> None:
            del remaining, total
            if status in (SQLITE_BUSY, SQLITE_LOCKED):  # it would try again for ever
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = status
                raise error
            while calls:
                calls.pop()()

        # It has no step that only takes the locks. One page is copied when `locked` is called, in a transaction that
        # is not committed before the last page; a file of one page, which holds no table, would be.
        at_once = PAGES_AT_ONCE if self.in_transaction(source) else -1
        source.backup(target, pages=at_once if locked is None else 1, progress=after_step)
