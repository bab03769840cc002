"""Connections and the pool: one writer, many readers, none of which waits for the other (SQLite's WAL)."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from schemaroot.engine import dialect
from schemaroot.engine.driver import SQLITE_BUSY, SQLITE_LOCKED, Cursor, Driver
from schemaroot.errors import ClosedError, DatabaseLockedError, PoolExhaustedError

RETRY_MIN_S, RETRY_MAX_S = 0.0002, 0.002
"""Between two tries for a lock. SQLite's own handler backs off so far that some workers starve."""


class Connection:
    """One driver connection, the cursor that it reuses, and whether a transaction is open on it."""

    __slots__ = ("__weakref__", "cursor", "depth", "driver", "execute", "lost", "raw", "read_only", "since", "streams")

    def __init__(self, driver: Driver, raw: Any, *, writer: bool) -> None:
        self.driver: Driver = driver
        self.raw: Any = raw
        self.cursor: Cursor = driver.cursor(raw)
        self.execute: Callable[..., Cursor] = self.cursor.execute
        self.read_only: bool = not writer
        self.depth: int = 0
        self.since: float = 0.0
        self.lost: bool = False
        """Whether the database itself rolled back the transaction that is being worked on."""
        self.streams: list[Cursor] = []
        """What reads on inside of the open transaction; none of it outlives that."""

    @property
    def in_transaction(self) -> bool:
        """Whether SQLite has a transaction open."""
        return self.driver.in_transaction(self.raw)

    @property
    def changes(self) -> int:
        """Rows changed by the last statement."""
        return self.driver.changes(self.raw, self.cursor)

    @property
    def last_rowid(self) -> int:
        """The rowid of the last inserted row."""
        return self.driver.last_rowid(self.raw, self.cursor)

    def value(self, sql: str) -> Any:
        """The only value of a statement."""
        rows = self.execute(sql).fetchall()
        return rows[0][0] if rows else None

    def settle(self) -> None:
        """Ends a statement that was left half read, which would hold its view of the database open."""
        self.execute(dialect.PRAGMA_FOREIGN_KEYS).fetchall()

    def rollback(self) -> None:
        """Rolls back if something is open; a full disk may have done it already."""
        if self.in_transaction:
            self.execute(dialect.ROLLBACK).fetchall()

    def end_streams(self) -> None:
        """Ends what still reads: its statement would hold the transaction's view of the database open."""
        while self.streams:
            self.streams.pop().close()

    def close(self) -> None:
        """Closes the driver's connection."""
        self.raw.close()


class Patience:
    """Waits for a lock in short jittered steps until a timeout."""

    __slots__ = ("deadline", "driver", "started")

    def __init__(self, driver: Driver, timeout_ms: float) -> None:
        self.driver: Driver = driver
        self.started: float = time.monotonic()
        self.deadline: float = self.started + timeout_ms / 1000

    @property
    def waited_ms(self) -> float:
        """Milliseconds since the first try."""
        return (time.monotonic() - self.started) * 1000

    def wait_or_raise(self, error: BaseException) -> None:
        """Sleeps a little when the error says that the database is locked and time is left, else raises.

        Raises `DatabaseLockedError` when time is up; another error is raised as it is.
        """
        if self.driver.fault(error).primary not in (SQLITE_BUSY, SQLITE_LOCKED):
            raise error
        if time.monotonic() >= self.deadline:
            raise DatabaseLockedError(self.waited_ms) from error
        time.sleep(random.uniform(RETRY_MIN_S, RETRY_MAX_S))  # jitter, not a secret


class Pool:
    """The connections of one database.

    Taking a free reader costs one `deque.pop`, which is atomic; the condition is for opening and waiting alone.

    An exception that a signal raises (Ctrl-C) may come between any two steps. A reader that it takes out of our hands
    is closed as Python forgets it, and another one is opened in its place: the pool knows its readers weakly.
    """

    def __init__(self, connect: Callable[[bool], Connection], *, readers: int, timeout_ms: float) -> None:
        self._connect: Callable[[bool], Connection] = connect
        self._size: int = readers
        self._timeout_ms: float = timeout_ms
        self._idle: deque[Connection] = deque()
        self._all: WeakSet[Connection] = WeakSet()
        self._condition: threading.Condition = threading.Condition()
        self._waiting: int = 0
        self._write_lock: threading.Lock = threading.Lock()
        self.release_writer: Callable[[], None] = self._write_lock.release
        """Frees the writing connection in one step that no signal divides; `writer_freed()` follows."""
        self._writer: Connection | None = None
        self.closed: bool = False

    def take(self) -> Connection:
        """A free reading connection; raises `PoolExhaustedError` after the timeout."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._open_or_wait()

    def give(self, connection: Connection) -> None:
        """Brings a reading connection back."""
        self._idle.append(connection)
        if self._waiting:
            with self._condition:
                self._condition.notify()
        if self.closed:
            self.close_idle()

    def _open_or_wait(self) -> Connection:
        started = time.monotonic()
        deadline = started + self._timeout_ms / 1000
        with self._condition:
            while True:
                if self.closed:
                    raise ClosedError
                try:
                    return self._idle.pop()
                except IndexError:
                    pass
                if len(self._all) < self._size:
                    connection = self._connect(False)
                    self._all.add(connection)
                    return connection
                self._waiting += 1
                try:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise PoolExhaustedError(self._size, (time.monotonic() - started) * 1000)
                    # A connection may come back between the pop above and this wait, unseen: look again soon.
                    self._condition.wait(min(left, 0.05))
                finally:
                    self._waiting -= 1

    def take_writer(self) -> Connection:
        """The writing connection; raises `DatabaseLockedError` when another thread keeps it for too long."""
        started = time.monotonic()
        got: list[bool] = []
        try:
            # One call in C that takes the lock and says so: a signal's exception comes before it or after it.
            got.extend(map(self._write_lock.acquire, (True,), (self._timeout_ms / 1000,)))
            if not got[0]:
                raise DatabaseLockedError((time.monotonic() - started) * 1000)
            if self.closed:
                raise ClosedError
            if self._writer is None:
                self._writer = self._connect(True)
            return self._writer
        except BaseException:
            if True in got:
                self._write_lock.release()
            raise

    def give_writer(self) -> None:
        """Frees the writing connection."""
        self.release_writer()
        self.writer_freed()

    def writer_freed(self) -> None:
        """Closes the writing connection when the pool was closed meanwhile."""
        if self.closed:
            self._close_writer()

    def _close_writer(self) -> None:
        """Closes the writing connection unless it is in use; whoever uses it comes by here when it is done."""
        if self._write_lock.acquire(blocking=False):
            writer, self._writer = self._writer, None
            self._write_lock.release()
            if writer is not None:
                writer.close()

    @property
    def open_readers(self) -> list[Connection]:
        """All reading connections that are open, free or not."""
        return list(self._all)

    @property
    def idle_count(self) -> int:
        """How many reading connections are free."""
        return len(self._idle)

    def close(self) -> None:
        """Closes all connections; one that is in use is closed when it comes back."""
        self.closed = True
        with self._condition:
            self._condition.notify_all()
        self.close_idle()
        self._close_writer()

    def close_idle(self) -> None:
        """Closes the reading connections that are free; others are opened when they are needed."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            self._all.discard(connection)
            connection.close()


class SharedPool(Pool):
    """The pool of a database in memory: one connection for all, one user at a time."""

    def __init__(self, connect: Callable[[bool], Connection], *, timeout_ms: float) -> None:
        super().__init__(connect, readers=1, timeout_ms=timeout_ms)
        self._lock: threading.RLock = threading.RLock()
        self.release_writer: Callable[[], None] = self._lock.release

    def take(self) -> Connection:
        """The connection, when no other thread uses it."""
        got: list[bool] = []
        try:
            got.extend(map(self._lock.acquire, (True,), (self._timeout_ms / 1000,)))
            if not got[0]:
                raise PoolExhaustedError(1, self._timeout_ms)
            if self.closed:
                raise ClosedError
            if self._writer is None:
                self._writer = self._connect(True)
            return self._writer
        except BaseException:
            if True in got:
                self._lock.release()
            raise

    def give(self, connection: Connection) -> None:
        """Frees the connection."""
        del connection
        self._lock.release()

    def take_writer(self) -> Connection:
        """The connection, when no other thread uses it."""
        try:
            return self.take()
        except PoolExhaustedError as error:
            raise DatabaseLockedError(error.waited_ms) from None

    def writer_freed(self) -> None:
        """Nothing: closing waits for the lock."""

    def close(self) -> None:
        """Closes the connection, and with it the database goes."""
        with self._lock:
            self.closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None
