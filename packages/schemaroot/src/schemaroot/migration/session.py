"""The one connection that a migration runs on: its transaction, and the typed door to what it sees."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Self

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection, Patience
from schemaroot.engine.database import Database
from schemaroot.engine.driver import SQLITE_BUSY
from schemaroot.engine.faults import translate
from schemaroot.engine.interrupts import end_if_interrupted
from schemaroot.errors import TransactionError


class Session:
    """Keeps the writing connection of a database for as long as it is open.

    `db` runs typed statements on that very connection, inside of whatever transaction is open on it.
    """

    def __init__(self, db: Database, *, timeout_ms: float = 5000) -> None:
        self.db: Database = db
        try:
            self.connection: Connection = db.pool.take_writer()
        except BaseException:
            db.close()
            raise
        db.pool.close_idle()  # all goes through the one connection, which is watched
        self._timeout_ms: float = timeout_ms
        db.held.connection = self.connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._roll_back()
        self.db.held.connection = None
        self.db.pool.give_writer()
        self.db.close()

    @contextmanager
    def revision_transaction(self) -> Generator[None]:
        """Everything inside happens together or not at all, with foreign keys at rest.

        SQLite takes the order about foreign keys only outside of a transaction (https://sqlite.org/pragma.html), and a
        table that is dropped in a rebuild would take its children along. Whether a reference is broken in the end is
        checked before the commit by whoever uses this.
        """
        self._foreign_keys(on=False)
        try:
            self._begin()
            try:
                yield
                self._commit()
            except BaseException:
                self._roll_back()
                raise
        finally:
            if not self.connection.in_transaction:
                self._foreign_keys(on=True)

    def _roll_back(self) -> None:
        """Rolls back; where the disk does not even allow that, closing the connection does, or whoever opens next."""
        with suppress(*self.connection.driver.errors):
            self.connection.rollback()

    def _foreign_keys(self, *, on: bool) -> None:
        self.connection.execute(dialect.PRAGMA_FOREIGN_KEYS_ON if on else dialect.PRAGMA_FOREIGN_KEYS_OFF).fetchall()
        if self.connection.value(dialect.PRAGMA_FOREIGN_KEYS) != int(on):
            raise TransactionError(
                f"SQLite did not turn foreign keys {'on' if on else 'off'}; nothing was run.",
                hint="End the transaction that is open.",
            )

    def _begin(self) -> None:
        self._patiently(dialect.BEGIN_WRITE)

    def _commit(self) -> None:
        end_if_interrupted()
        self._patiently(dialect.COMMIT)

    def _patiently(self, sql: str) -> None:
        """Runs a statement that may have to wait for another writer."""
        driver = self.connection.driver
        patience = Patience(driver, self._timeout_ms)
        while True:
            try:
                self.connection.execute(sql).fetchall()
                return
            except driver.errors as error:
                fault = driver.fault(error)
                if fault.primary != SQLITE_BUSY:
                    raise translate(fault, path=self.db.path, sql=sql) from error
                patience.wait_or_raise(error)
