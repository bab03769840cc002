"""Records the statements that a database runs, to assert that their number does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection
from schemaroot.engine.database import Database
from schemaroot.engine.driver import Cursor, Driver
from schemaroot.schema.values import SqlValue

_TRANSACTION = frozenset({"begin", "commit", "rollback", "savepoint", "release"})


@contextmanager
def statements(database: Database, *, transactions: bool = False) -> Generator[list[str]]:
    """The SQL of the statements that run inside, in their order, whichever thread runs them.

    A statement that runs for many rows at once counts once. What triggers and the full-text index run by themselves
    does not count, and neither does what sets a connection up.

    Args:
        database: what runs them.
        transactions: whether BEGIN, COMMIT and the like are recorded too.
    """
    ran: list[str] = []

    def note(sql: str) -> None:
        word = sql.split(None, 1)[0].casefold()
        if word == "pragma" or sql == dialect.PRAGMA_SCHEMA_READ or (word in _TRANSACTION and not transactions):
            return
        ran.append(sql)

    # Not by the drivers' own traces: sqlite3's calls again for each trigger, and neither knows a run for many rows.
    connector = database._connector  # pyright: ignore[reportPrivateUsage]  # the one place that makes cursors
    driver = connector.driver
    connector.driver = cast("Driver", _Recording(driver, note))
    for connection in _connections(database):
        _put(connection, _RecordingCursor(connection.cursor, note))
    try:
        yield ran
    finally:
        connector.driver = driver
        for connection in _connections(database):
            connection.driver = driver
            if isinstance(connection.cursor, _RecordingCursor):
                _put(connection, connection.cursor.cursor)


def _connections(database: Database) -> list[Connection]:
    pool = database.pool
    writer = pool._writer  # pyright: ignore[reportPrivateUsage]  # nobody else asks for it
    return [*pool.open_readers, *([writer] if writer is not None else [])]


def _put(connection: Connection, cursor: Cursor) -> None:
    connection.cursor = cursor
    connection.execute = cursor.execute


class _Recording:
    """A driver whose cursors tell what they run."""

    def __init__(self, driver: Driver, note: Callable[[str], None]) -> None:
        self._driver = driver
        self._note = note

    def cursor(self, connection: Any) -> Cursor:
        return _RecordingCursor(self._driver.cursor(connection), self._note)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


class _RecordingCursor:
    """A cursor that tells what it runs."""

    def __init__(self, cursor: Cursor, note: Callable[[str], None]) -> None:
        self.cursor = cursor
        self._note = note

    def execute(self, sql: str, parameters: Sequence[SqlValue] = (), /) -> Cursor:
        self._note(sql)
        self.cursor.execute(sql, parameters)
        return self

    def executemany(self, sql: str, rows: Any, /) -> object:
        self._note(sql)
        return self.cursor.executemany(sql, rows)

    def close(self) -> None:
        self.cursor.close()

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.cursor.fetchall()

    def fetchone(self) -> tuple[Any, ...] | None:
        return self.cursor.fetchone()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.cursor)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cursor, name)
