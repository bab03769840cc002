"""The engine room: connections, transactions, and how one read or write is run and its errors are told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import sqlalchemy as sa

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection, Patience, Pool, SharedPool
from schemaroot.engine.driver import SQLITE_BUSY, UNSTORABLE, Cursor, Driver
from schemaroot.engine.faults import translate
from schemaroot.engine.marker import LostCommits, Marker
from schemaroot.engine.opening import MEMORY, Connector
from schemaroot.errors import ForeignKeyViolation, InvalidValueError, SchemarootError, TransactionError
from schemaroot.query.build import built, is_expression
from schemaroot.query.spec import DeleteSpec, UpdateSpec
from schemaroot.schema.expression import Expr, plain_bind
from schemaroot.schema.sqlalchemy import table_clause
from schemaroot.schema.table import Table

T = TypeVar("T")

log: logging.Logger = logging.getLogger("schemaroot")

WAL_ALERT_BYTES = 64 * 1024 * 1024
"""A write-ahead log of this size means that some reader does not let go."""


class Held(threading.local):
    """The connection of this thread's open transaction or snapshot, if there is one."""

    connection: Connection | None = None


def _refused(held: Connection) -> TransactionError:
    if held.lost:
        return TransactionError("The transaction was rolled back by the database.", hint="Run it again from its start.")
    return TransactionError("A snapshot only reads; nothing was written.", hint="Write outside of it.")


class Engine:
    """What runs statements on one database: connections, transactions, and the translation of errors."""

    def __init__(self, connector: Connector, tables: Sequence[type[Table]], *, readers: int, timeout_ms: float) -> None:
        self._connector: Connector = connector
        self.errors: tuple[type[BaseException], ...] = connector.driver.errors
        self._timeout_ms: float = timeout_ms
        self.held: Held = Held()
        self._wal_checked: float = 0.0
        self.marker: Marker | None = None
        self.lost_commits: LostCommits | None = None
        """Commits that the file had and has no more, as far as its marker tells."""
        self.pool: Pool = (
            SharedPool(connector.connect, timeout_ms=timeout_ms)
            if connector.path == MEMORY
            else Pool(connector.connect, readers=readers, timeout_ms=timeout_ms)
        )
        self.tables: tuple[type[Table], ...] = tuple(tables)

    @property
    def path(self) -> str:
        """The file's path, or `:memory:`."""
        return self._connector.path

    @property
    def driver(self) -> Driver:
        """The driver in use."""
        return self._connector.driver

    @property
    def journal_mode(self) -> str:
        """The journal mode that was granted."""
        return self._connector.granted_journal

    @property
    def idle_readers(self) -> int:
        """Reading connections that are open and free."""
        return self.pool.idle_count

    # --- transactions -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All writes inside happen together or not at all; any exception rolls back.

        It takes the write lock at its start (BEGIN IMMEDIATE), so that nothing it has read can change under it. Inside
        another transaction of the same thread it is a savepoint: an exception undoes what happened since it began.

        Raises:
            DatabaseLockedError: another writer kept the lock for longer than the timeout; nothing was written.
            TransactionError: inside `snapshot()`, which only reads.
        """
        held = self.held.connection
        if held is not None:
            if held.read_only:
                raise _refused(held)
            with self._savepoint(held):
                yield
            return
        held_here = self.held
        release = self.pool.release_writer
        connection = self.pool.take_writer()
        try:
            self._begin(connection)
            held_here.connection = connection
            yield
            self._commit(connection)
        except BaseException:
            self._undo(connection)
            raise
        finally:  # no call before the lock is free: a signal's exception comes at calls
            held_here.connection = None
            connection.depth = 0
            if connection.lost:
                connection.lost = connection.read_only = False
            release()
        self.pool.writer_freed()
        self._watch_log()

    def _begin(self, connection: Connection) -> None:
        if self._connector.read_only:
            raise TransactionError(
                "The database was opened read-only; nothing was written.", hint="Open it for writing."
            )
        patience = Patience(self.driver, self._timeout_ms)
        while True:
            try:
                connection.execute(dialect.BEGIN_WRITE).fetchall()
                connection.since = time.monotonic()
                return
            except self.errors as error:
                if self.driver.fault(error).primary == SQLITE_BUSY:
                    patience.wait_or_raise(error)
                elif connection.in_transaction:  # left behind when a rollback was interrupted
                    self._undo(connection)
                else:
                    raise self._translated(error, dialect.BEGIN_WRITE) from error

    def _commit(self, connection: Connection) -> None:
        if connection.lost:
            raise _refused(connection)
        if connection.streams:
            connection.end_streams()
        if self.marker is not None:
            self._control(connection, dialect.COUNT_COMMIT)
        patience = Patience(self.driver, self._timeout_ms)
        while True:
            try:
                connection.execute(dialect.COMMIT).fetchall()
                if self.marker is not None:
                    self.marker.note(connection)
                return
            except self.errors as error:
                if self.driver.fault(error).primary != SQLITE_BUSY:
                    raise self._translated(error, dialect.COMMIT) from error
                patience.wait_or_raise(error)

    def _undo(self, connection: Connection) -> None:
        """Rolls back and keeps the error that is on its way: what goes wrong here is only logged."""
        try:
            if connection.streams:
                connection.end_streams()
            connection.rollback()
        except self.errors:
            log.exception("rollback failed")

    @contextmanager
    def _savepoint(self, connection: Connection) -> Generator[None]:
        depth = connection.depth + 1
        self._control(connection, dialect.savepoint(depth))
        connection.depth = depth
        try:
            yield
            if connection.lost:
                raise _refused(connection)
            self._control(connection, dialect.release(depth))
        except BaseException:
            self._undo_to(connection, depth)
            raise
        finally:
            connection.depth = depth - 1

    def _control(self, connection: Connection, sql: str) -> None:
        try:
            connection.execute(sql).fetchall()
        except self.errors as error:
            raise self._translated(error, sql) from error

    def _undo_to(self, connection: Connection, depth: int) -> None:
        """Undoes what happened since a savepoint; if that cannot be done, the whole transaction goes."""
        if connection.lost or not connection.in_transaction:
            return
        try:
            connection.execute(dialect.rollback_to(depth)).fetchall()
            connection.execute(dialect.release(depth)).fetchall()
        except self.errors:
            log.exception("rollback to a savepoint failed")
            self._undo(connection)
            connection.lost = connection.read_only = True

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """All reads inside see the database at one moment; writing is refused. Inside a transaction it adds nothing."""
        if self.held.connection is not None:
            yield
            return
        held_here = self.held
        connection = self.pool.take()
        try:
            connection.execute(dialect.BEGIN_READ).fetchall()
            connection.since = time.monotonic()
            held_here.connection = connection
            was_read_only, connection.read_only = connection.read_only, True
            try:
                yield
            finally:
                connection.read_only = was_read_only
                held_here.connection = None
        finally:
            self._end_read(connection)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside `transaction()` or `snapshot()`."""
        return self.held.connection is not None

    def _transaction_connection(self) -> Connection:
        assert self.held.connection is not None
        return self.held.connection

    # --- running ------------------------------------------------------------------------------------------------------

    def _translated(
        self,
        error: BaseException,
        sql: str,
        table: type[Table] | None = None,
        values: Mapping[str, object] | None = None,
    ) -> SchemarootError:
        held = self.held.connection
        if held is not None and not held.in_transaction:
            # Some errors make SQLite roll back by itself. What came next would be written by itself, at once.
            held.lost = held.read_only = True
        if isinstance(error, UNSTORABLE):
            return InvalidValueError(f"a value of the statement is none that SQLite holds ({error})")
        return translate(
            self.driver.fault(error), path=self.path, sql=sql, table=table, values=values, waited_ms=self._timeout_ms
        )

    def _read(self, run: Callable[[Connection], T], sql: str) -> T:
        """Runs reads on a connection; a lock (a log in recovery) is waited for, other errors are ours."""
        connection = self.held.connection or self.pool.take()
        try:
            try:
                found = run(connection)
            except self.errors as error:
                found = self.read_again(connection, run, sql, error)
        except BaseException:
            self.fail_read(connection)
            raise
        if connection is not self.held.connection:
            self.pool.give(connection)
        return found

    def fail_read(self, connection: Connection) -> None:
        """Ends a read that an exception broke off: nothing of it stays open on the connection."""
        self._settle(connection)
        if connection is not self.held.connection:
            self._end_read(connection)

    def _end_read(self, connection: Connection) -> None:
        """Ends a reader's transaction and gives it back; one that cannot be ended, or was interrupted here, is dropped.

        Given back with its transaction open, it would go on seeing the database as it was.
        """
        connection.since = 0.0
        connection.lost = False
        self._undo(connection)
        if connection.in_transaction and self.path != MEMORY:
            connection.close()  # the pool forgets it, and opens another one
        else:
            self.pool.give(connection)

    def read_again(self, connection: Connection, run: Callable[[Connection], T], sql: str, error: BaseException) -> T:
        """Runs a read again that met an error, for as long as that is a lock and time is left."""
        patience = Patience(self.driver, self._timeout_ms)
        while self.driver.fault(error).primary == SQLITE_BUSY:
            patience.wait_or_raise(error)
            try:
                return run(connection)
            except self.errors as again:
                error = again
        raise self._translated(error, sql) from error

    def read(self, nested: Sequence[object], run: Callable[[Connection], T], sql: str) -> T:
        """Runs a read; one of several statements runs in one snapshot."""
        return self._read(self._together(run) if nested else run, sql)

    def _together(self, run: Callable[[Connection], T]) -> Callable[[Connection], T]:
        """Runs several reads in one snapshot, which a transaction that is open already is."""

        def together(connection: Connection) -> T:
            if connection is self.held.connection:
                return run(connection)
            connection.execute(dialect.BEGIN_READ).fetchall()
            try:
                return run(connection)
            finally:
                self._undo(connection)

        return together

    def write(
        self,
        run: Callable[[Connection], T],
        sql: str,
        table: type[Table] | None = None,
        values: Callable[[], Mapping[str, object]] | None = None,
        changed: UpdateSpec | DeleteSpec | None = None,
    ) -> T:
        """Runs one write: in this thread's transaction, or by itself in SQLite's autocommit, which costs no BEGIN.

        Args:
            run: runs it on a connection.
            sql: its SQL, for messages.
            table, values: what is written where, for naming what a constraint refused.
            changed: the update or delete that it is.
        """
        held = self.held.connection
        try:
            if held is not None:
                if held.read_only:
                    raise _refused(held)
                return run(held)
            result = self._write_alone(run)
        except self.errors as error:
            violation = self._translated(error, sql, table, values() if values is not None else None)
            if isinstance(violation, ForeignKeyViolation) and table is not None:
                given: Mapping[str, object] = values() if values is not None else {}
                violation = (
                    self._without_parent(table, given) or self._with_children(table, given, changed) or violation
                )
            raise violation from error
        self._watch_log()
        return result

    def _write_alone(self, run: Callable[[Connection], T]) -> T:
        if self._connector.read_only:
            raise TransactionError(
                "The database was opened read-only; nothing was written.", hint="Open it for writing."
            )
        if self.marker is not None:
            run = self._counted(run, self.marker)
        release = self.pool.release_writer
        connection = self.pool.take_writer()
        try:
            if connection.in_transaction:  # left behind when a rollback was interrupted
                self._undo(connection)
            patience: Patience | None = None
            while True:
                try:
                    return run(connection)
                except self.errors as error:
                    if self.driver.fault(error).primary != SQLITE_BUSY:
                        raise
                    patience = patience or Patience(self.driver, self._timeout_ms)
                    patience.wait_or_raise(error)
        except self.errors:
            raise
        except BaseException:
            self._settle(connection)
            raise
        finally:
            release()
            self.pool.writer_freed()

    def _counted(self, run: Callable[[Connection], T], marker: Marker) -> Callable[[Connection], T]:
        """The same write, in a transaction with the number that it adds to."""

        def counted(connection: Connection) -> T:
            connection.execute(dialect.BEGIN_WRITE).fetchall()
            try:
                result = run(connection)
                connection.execute(dialect.COUNT_COMMIT).fetchall()
                connection.execute(dialect.COMMIT).fetchall()
            except BaseException:
                self._undo(connection)
                raise
            marker.note(connection)
            return result

        return counted

    def start_marker(self) -> None:
        """Compares the file with its marker, and counts each write from now on unless it was opened for reading."""
        if self.path == MEMORY:
            return
        marker, read_only = Marker(self.path), self._connector.read_only

        def start(connection: Connection) -> LostCommits | None:
            return marker.start(connection, read_only=read_only)

        what = "the number of commits"
        self.lost_commits = self._read(start, what) if read_only else self.write(start, what)
        self.marker = None if read_only else marker

    def end_marker(self) -> None:
        """Writes the marker when something was committed since it was written last."""
        if self.marker is None or not self.marker.stale:
            return
        try:
            self._read(self.marker.write, "the number of commits")
        except SchemarootError:
            log.exception("the marker of %s could not be written", self.path)

    def _settle(self, connection: Connection) -> None:
        """Ends a statement that an exception of Python's left half done, so that it holds nothing open."""
        try:
            connection.settle()
        except self.errors:
            log.exception("a statement could not be ended")

    def stream_of(
        self, run: Callable[[Connection, Cursor], Iterator[T]], read_all: Callable[[Connection], list[T]], sql: str
    ) -> Iterator[T]:
        """Runs a read whose items are taken one after the other, on a cursor of its own.

        Outside of a transaction it holds a reading connection and one view of the database until it is read or closed.
        A database in memory has no connection to spare: there all is read at once.
        """
        held = self.held.connection
        if held is None and self.path == MEMORY:
            yield from self._read(read_all, sql)
            return
        connection = held or self.pool.take()
        cursor = self.driver.cursor(connection.raw)
        try:
            if held is None:
                connection.since = time.monotonic()
                connection.execute(dialect.BEGIN_READ).fetchall()
                self._first_look(connection)
            else:
                held.streams.append(cursor)
            yield from run(connection, cursor)
        except self.errors as error:
            if held is not None and cursor not in held.streams:
                raise TransactionError(
                    "The stream's transaction has ended.", hint="Read it to its end inside of the transaction."
                ) from error
            raise self._translated(error, sql) from error
        finally:
            cursor.close()
            if held is None:
                self._end_read(connection)
            elif cursor in held.streams:
                held.streams.remove(cursor)

    def _first_look(self, connection: Connection) -> None:
        """Waits for the view of the database that a transaction keeps from its first read on."""
        try:
            connection.value(dialect.PRAGMA_SCHEMA_READ)
        except self.errors as error:
            self.read_again(
                connection, lambda again: again.value(dialect.PRAGMA_SCHEMA_READ), dialect.BEGIN_READ, error
            )

    def _watch_log(self) -> None:
        """Warns, at most once a second, of a write-ahead log that grows because a reader does not let go."""
        moment = time.monotonic()
        if moment - self._wal_checked < 1 or self.path == MEMORY:
            return
        self._wal_checked = moment
        try:
            size = Path(f"{self.path}-wal").stat().st_size
        except OSError:
            return
        if size >= WAL_ALERT_BYTES:
            held = [moment - one.since for one in self.pool.open_readers if one.since]
            age = (
                f"the oldest read transaction is {max(held):.0f} s old"
                if held
                else "no read transaction of this process is open"
            )
            log.warning("WAL_LARGE: the write-ahead log of %s has %d bytes; %s", self.path, size, age)

    # --- which foreign key refused a write, which SQLite does not say -------------------------------------------------

    def _without_parent(self, table: type[Table], values: Mapping[str, object]) -> ForeignKeyViolation | None:
        """The foreign key of a written row whose target is not there."""
        declared = table.__declaration__
        for column in declared.columns.values():
            value = values.get(column.name)
            if column.reference is None or value is None or is_expression(value):
                continue
            if not self._exists(cast("Expr[Any, Any]", column.reference.target()), value):
                shown = None if column.secret else value
                return ForeignKeyViolation(declared.name, [column.name], declared.foreign_key_name(column), value=shown)
        return None

    def _with_children(
        self, table: type[Table], values: Mapping[str, object], changed: UpdateSpec | DeleteSpec | None
    ) -> ForeignKeyViolation | None:
        """The foreign key by which rows of another table refer to one that would go or get another key."""
        if changed is None:
            return None
        gone = table_clause(table).select()
        for condition in changed.conditions:
            gone = gone.where(built(condition, plain_bind))
        found = self._referring(table, gone.subquery(), values, deletes=isinstance(changed, DeleteSpec))
        if found is None:
            return None
        return ForeignKeyViolation(
            table.__declaration__.name,
            [],
            found.foreign_key,
            detail=f": rows of {found.table} refer to it",
        )

    def _referring(
        self, table: type[Table], gone: Any, values: Mapping[str, object], *, deletes: bool, above: tuple[str, ...] = ()
    ) -> _Referring | None:
        """Which foreign key keeps the rows of `gone`, directly or through rows that would be deleted with them."""
        name = table.__declaration__.name
        for other in self.tables:
            declared = other.__declaration__
            for column in declared.columns.values():
                if column.reference is None or declared.target_of(column).table != name:
                    continue
                target = declared.target_of(column).name
                if not deletes and target not in values:
                    continue
                clause = table_clause(other)
                children = clause.select().where(clause.c[column.name].in_(sa.select(gone.c[target])))
                action = column.reference.on_delete if deletes else "no action"
                if action == "cascade" and declared.name not in above:
                    below = self._referring(
                        other, children.subquery(), values, deletes=True, above=(*above, declared.name)
                    )
                    if below is not None:
                        return below
                elif action in ("no action", "restrict") and self._finds(children):
                    return _Referring(declared.name, declared.foreign_key_name(column))
        return None

    def _exists(self, target: Expr[Any, Any], value: object) -> bool:
        """Whether a row with that key exists, live or not."""
        raise NotImplementedError

    def _finds(self, statement: Any) -> bool:
        """Whether a select finds a row."""
        raise NotImplementedError


class _Referring(NamedTuple):
    """A table whose rows refer to others, and the foreign key by which they do."""

    table: str
    foreign_key: str
