"""An empty database in memory on which revisions run as they would on the real one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.introspection.catalogue import Catalogue, ColumnDef
from schemaroot.introspection.read import read_catalogue
from schemaroot.migration import statements
from schemaroot.migration.compare import differences
from schemaroot.migration.data_steps import run_statement
from schemaroot.migration.describe import describe
from schemaroot.migration.errors import IrreversibleError, MigrationError, RevisionFailedError
from schemaroot.migration.execute import Executed, Executor, failure
from schemaroot.migration.op import running
from schemaroot.migration.operations import DataStep
from schemaroot.migration.revisions import LoadedRevision
from schemaroot.migration.undo import Direction
from schemaroot.migration.work import Work


@dataclass(frozen=True)
class Tried:
    """What a revision does, found by doing it.

    Attributes:
        up, down: what each operation did, on the way there and back.
        no_way_back: why the way back does not lead back; empty where it does.
    """

    up: tuple[Executed, ...]
    down: tuple[Executed, ...]
    no_way_back: str = ""


class Scratch:
    """A database in memory, empty at first."""

    def __init__(self, driver: DriverName = "apsw") -> None:
        chosen = driver_named(driver)
        self.connection: Connection = Connection(chosen, chosen.connect(":memory:", "rwc"), writer=True)
        self.connection.execute(dialect.PRAGMA_FOREIGN_KEYS_OFF).fetchall()
        self.executed: list[Executed] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    @property
    def data_steps(self) -> list[str]:
        """The steps of the revision that ran last which may have changed rows, in words."""
        return [describe(one.operation) for one in self.executed if isinstance(one.operation, DataStep)]

    def rows(self) -> dict[str, int]:
        """How many rows each table holds, of those that hold any."""
        work = Work(self.connection)
        counted = {name: int(work.value(statements.count(name))) for name in self.catalogue().tables}
        return {name: count for name, count in counted.items() if count}

    def catalogue(self) -> Catalogue:
        """Its schema as it is now."""
        return read_catalogue(self.connection)

    def run(self, loaded: LoadedRevision) -> Catalogue:
        """Goes to a revision and gives the schema after it; raises `RevisionFailedError`."""
        self.connection.execute(dialect.BEGIN_WRITE).fetchall()
        self.executed = self._go(loaded, "up").executed
        found = self.catalogue()
        self.connection.execute(dialect.COMMIT).fetchall()
        return found

    def try_both_ways(self, loaded: LoadedRevision) -> Tried:
        """Goes to a revision and back, with a row in each table where such rows fit, and leaves nothing of it.

        With a row, what is kept in side tables is kept as it will be.

        Raises `RevisionFailedError` when the way there fails even without rows.
        """
        try:
            with self._undone():
                self._fill()
                tried = self._try(loaded)
            if not tried.no_way_back:
                return tried
        except MigrationError:
            pass  # the made-up rows do not fit, which says nothing of real ones
        with self._undone():
            return self._try(loaded)

    @contextmanager
    def _undone(self) -> Generator[None]:
        self.connection.execute(dialect.BEGIN_WRITE).fetchall()
        try:
            yield
        finally:
            self.connection.rollback()
            self.connection.execute(statements.CHECKS_ON).fetchall()

    def _try(self, loaded: LoadedRevision) -> Tried:
        before = self.catalogue()
        up = tuple(self._go(loaded, "up").executed)
        try:
            down = tuple(self._go(loaded, "down").executed)
        except IrreversibleError as error:
            return Tried(up, (), error.reason)
        except RevisionFailedError as error:
            return Tried(up, (), error.problem)
        gone = [name for name in self.catalogue().tables if name not in before.tables]
        left = differences(before, self.catalogue(), gone=gone)
        return Tried(up, down, "; ".join(left))

    def _go(self, loaded: LoadedRevision, direction: Direction) -> Executor:
        executor = Executor(self.connection, loaded.revision.id, direction)
        try:
            with executor.fence.around(self.connection), running(executor):
                (loaded.upgrade if direction == "up" else loaded.downgrade)()
        except IrreversibleError:
            raise
        except (Exception, SystemExit) as error:
            raise failure(loaded.revision.id, direction, len(executor.executed), error, tried=True) from error
        return executor

    def _fill(self) -> None:
        """Puts one row into each table; its values are of the right kind and mean nothing."""
        self.connection.execute(statements.CHECKS_OFF).fetchall()
        work = Work(self.connection)
        for table in self.catalogue().tables.values():
            columns = [column for column in table.columns if column.generated is None]
            named: list[sa.ColumnClause[Any]] = [sa.column(column.name) for column in columns]
            clause = sa.table(table.name, *named)
            values = {column.name: _value(column) for column in columns}
            run_statement(work, sa.insert(clause).values(values))


def _value(column: ColumnDef) -> Any:
    """A value by the affinity of a type (https://sqlite.org/datatype3.html#determination_of_column_affinity)."""
    words = column.type.upper()
    if "INT" in words:
        return 1
    if any(word in words for word in ("CHAR", "CLOB", "TEXT")):
        return "{}"  # valid where JSON is asked for
    if not words or "BLOB" in words:
        return b""
    return 1.0 if any(word in words for word in ("REAL", "FLOA", "DOUB")) else 1
