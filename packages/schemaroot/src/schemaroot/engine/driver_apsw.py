"""apsw behind the seam of `driver`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from schemaroot.engine.driver import (
    PAGES_AT_ONCE,
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


class ApswDriver:
    """apsw: a thin layer over a current SQLite that it brings itself."""

    name: DriverName = "apsw"
    errors: tuple[type[BaseException], ...] = (apsw.Error, *UNSTORABLE, UnicodeDecodeError)
    library: str = apsw.sqlite_lib_version()

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
            connection = apsw.Connection(file_uri(path, mode), flags=flags)
        # Without it apsw's build prepares some statements again on each run, when a bound value may change the plan.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        if (look := look_for_interrupt()) is not None:
            connection.set_progress_handler(look, LOOK_EVERY)
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

    def guard(self, connection: Any, judge: Judge | None) -> None:
        """Asks `judge` about every statement that is prepared, which fails when it says no; `None` takes it away."""
        connection.authorizer = None if judge is None else authorizer(judge)

    def is_unreadable_text(self, error: BaseException) -> bool:
        """Whether the error says that a text was read whose bytes are no UTF-8."""
        return isinstance(error, UnicodeDecodeError)

    def backup(self, source: Any, target: Any, *, locked: Callable[[], None] | None = None) -> None:
        """Copies all pages of `source` over those of `target`, in one transaction of each."""
        with target.backup("main", source, "main") as copying:
            if locked is not None:
                copying.step(0)  # takes the locks and copies nothing
                locked()
            # Another writer cannot change what a transaction reads, so that a signal is heard between two steps.
            pages = PAGES_AT_ONCE if self.in_transaction(source) else -1
            while not copying.step(pages):
                pass


def _without_prefix(message: str) -> str:
    head, separator, rest = message.partition(": ")
    return rest if separator and head.endswith("Error") else message
