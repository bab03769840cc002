"""What must the code of a revision not do behind the operations' back? Commit, write elsewhere, open the file itself.

Each is refused where it is tried, so that nothing is half done: SQLite asks the fence about every statement on the
connection that a revision runs on, and the drivers ask it about every file that is opened meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from schemaroot.engine.connection import Connection
from schemaroot.engine.opening import MEMORY
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration.errors import RawSqlRefusedError
from schemaroot.migration.history import HISTORY

# https://sqlite.org/c3ref/c_alter_table.html
_DELETE, _INSERT, _PRAGMA, _READ, _SELECT, _TRANSACTION, _UPDATE = 9, 18, 19, 20, 21, 22, 23
_ATTACH, _DETACH, _FUNCTION, _RECURSIVE = 24, 25, 31, 33
_WRITES = frozenset({_DELETE, _INSERT, _UPDATE})
_READS = frozenset({_READ, _SELECT, _FUNCTION, _RECURSIVE, _PRAGMA})
_SETTINGS = frozenset(
    [
        "application_id",
        "auto_vacuum",
        "defer_foreign_keys",
        "foreign_keys",
        "ignore_check_constraints",
        "incremental_vacuum",
        "journal_mode",
        "journal_size_limit",
        "locking_mode",
        "page_size",
        "query_only",
        "recursive_triggers",
        "secure_delete",
        "synchronous",
        "temp_store",
        "user_version",
        "wal_autocheckpoint",
        "wal_checkpoint",
    ]
)
"""What no step sets; a rebuild sets others inside of its transaction."""

_HINT = "A revision changes the database through op alone; it is committed when all of it has run."


class Fence:
    """Judges the statements on the connection of one revision: only its operations write, and never commit.

    Attributes:
        refused: why a statement was refused; empty where none was since somebody emptied it.
    """

    def __init__(self) -> None:
        self.refused: str = ""
        self._open = False
        self._declared: frozenset[str] | None = None
        self._watched: frozenset[str] = frozenset()

    @contextmanager
    def around(self, connection: Connection) -> Generator[None]:
        """Inside, every statement on the connection is judged."""
        connection.driver.guard(connection.raw, self._judge)
        try:
            yield
        finally:
            connection.driver.guard(connection.raw, None)

    @contextmanager
    def opened(self) -> Generator[None]:
        """Inside, an operation is at work and may write."""
        self._open = True
        try:
            yield
        finally:
            self._open = False

    @contextmanager
    def declaring(self, declared: Iterable[str], tables: Iterable[str]) -> Generator[None]:
        """Inside, of the rows of these tables only those of the declared ones change, by triggers too."""
        self._declared, self._watched = frozenset(map(folded, declared)), frozenset(map(folded, tables))
        try:
            yield
        finally:
            self._declared = None

    def _judge(self, action: int, first: str | None, second: str | None, trigger: str | None) -> bool:
        """Whether SQLite may run what it asks about (https://sqlite.org/c3ref/set_authorizer.html)."""
        objection = self._objection(action, first or "", second, trigger)
        self.refused = self.refused or objection
        return not objection

    def _objection(self, action: int, name: str, value: str | None, trigger: str | None) -> str:
        if action == _TRANSACTION:
            return f"{name} is not for a revision, which is committed when all of it has run"
        if action in (_ATTACH, _DETACH):
            return "a revision keeps to its own file"
        if action == _PRAGMA and value is not None and name.lower() in _SETTINGS:
            return f"a revision does not set {name}"
        if not self._open:
            return "" if action in _READS else "a revision changes the database through op alone"
        if action in _WRITES and self._declared is not None and folded(name) not in self._declared:
            by = f"the trigger {trigger}" if trigger else "it"
            if name == HISTORY:
                return f"{by} would change {name}, which migrations keep for themselves"
            if folded(name) in self._watched and not name.startswith("_"):
                return f"{by} would change {name}, which the step does not declare"
        return ""


_closed: ContextVar[bool] = ContextVar("schemaroot_no_connections", default=False)
_installed: list[object] = []


@contextmanager
def no_connections() -> Generator[None]:
    """Inside, no database file can be opened: a second connection would write outside of the transaction.

    It would also drop the locks of the first when it belongs to another SQLite library and is closed
    (https://sqlite.org/howtocorrupt.html, 2.2.1). Databases in memory can be opened.
    """
    _install()
    token = _closed.set(True)
    try:
        yield
    finally:
        _closed.reset(token)


def _install() -> None:
    if _installed:
        return
    _installed.append(_hear)
    sys.addaudithook(_hear)  # it cannot be taken away again; outside of revisions it does nothing
    try:
        import apsw
    except ImportError:  # whoever uses the standard library's driver alone may do without
        return
    apsw.connection_hooks.append(_look_at)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "sqlite3.connect" and _closed.get() and arguments[0] != MEMORY:
        raise RawSqlRefusedError("sqlite3.connect", hint=_HINT)


def _look_at(connection: Any) -> None:
    if _closed.get() and connection.filename:
        raise RawSqlRefusedError("apsw.Connection", hint=_HINT)
