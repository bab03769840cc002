"""Runs a revision on a database: each operation validated, tried, run, and its losses kept.

The transaction is the caller's: it set foreign_keys=OFF, began, and commits or rolls back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from schemaroot.engine.connection import Connection
from schemaroot.errors import SchemarootError
from schemaroot.introspection.catalogue import TableDef
from schemaroot.introspection.read import is_internal
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.describe import describe
from schemaroot.migration.errors import OperationFailedError, RevisionFailedError, TransactionEndedError
from schemaroot.migration.fence import Fence
from schemaroot.migration.operations import Operation, RenameTable, tables_of
from schemaroot.migration.steps import Steps
from schemaroot.migration.trial import Trial
from schemaroot.migration.undo import Direction, Undo
from schemaroot.migration.work import OnStatement, Work


@dataclass(frozen=True)
class Executed:
    """What one operation did.

    Attributes:
        operation: it.
        statements: the SQL that changed something, in order.
        rebuilt: whether a table was made anew.
        copied: rows that went through a rebuild.
        restored: rows that got kept values back.
        orphaned: kept rows that found no row to give their values back to.
        changed: rows that a data step changed.
        kept: rows kept in side tables, by their names.
        tables: the tables whose rows or columns it may have changed.
    """

    operation: Operation
    statements: tuple[str, ...]
    rebuilt: bool
    copied: int
    restored: int
    orphaned: int
    changed: int
    kept: Mapping[str, int]
    tables: frozenset[str]


def _now() -> datetime:
    return datetime.now(UTC)


class Executor:
    """Runs the operations of one revision in one direction.

    Attributes:
        changed: the tables that the operations so far declared changed, by their names now.
        renamed: tables that have another name now, old name to new.
        executed: what each operation did.
        fence: keeps the revision to its operations, where it is put around the connection.
        checked: the tables none of whose rows refers to nothing, as `finish` found.
    """

    def __init__(
        self,
        connection: Connection,
        revision: str,
        direction: Direction,
        *,
        on_statement: OnStatement | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Prepares to run inside of the transaction that is open.

        Args:
            connection: the connection, in a transaction that began with foreign_keys=OFF.
            revision: the revision's id, which names its side tables.
            direction: `up` or `down`.
            on_statement: is told each statement with its operation before it runs.
            now: the clock, for the date of what is kept.
        """
        self.revision = revision
        self.direction: Direction = direction
        self.changed: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.executed: list[Executed] = []
        self.fence: Fence = Fence()
        self.checked: set[str] = set()
        self._work = Work(connection, on_statement, self.fence)
        self._work.place = f"revision {revision}"
        if not connection.in_transaction:
            raise TransactionEndedError(f"the start of revision {revision}")
        self._work.require_foreign_keys_off()
        self._work.ask(statements.SAVEPOINT)
        self._undo = Undo(self._work, revision, direction, now)
        self._steps = Steps(self._work, self._undo)
        self._trial: Trial | None = None
        self._number = 0

    def apply(self, operation: Operation) -> Executed:
        """Runs one operation.

        Raises:
            OperationInvalidError: it does not fit; it was not run.
            OperationFailedError: the database refused a statement; the caller rolls back.
            TransactionEndedError: the transaction is not the one that this executor began in.
        """
        with self.fence.opened():
            return self._apply(operation)

    def _apply(self, operation: Operation) -> Executed:
        work = self._work
        self._number += 1
        work.place = describe(operation)
        self._refuse_own_tables(operation)
        self._check_transaction()
        if self._trial is None:
            self._trial = Trial(work.connection)
        self._trial.apply(operation)
        self._undo.begin()
        start, kept_before = len(work.log), dict(self._undo.rows_kept)
        done = self._steps.apply(operation)
        self._check_transaction()
        kept = {name: rows for name, rows in self._undo.rows_kept.items() if name not in kept_before}
        executed = Executed(
            operation,
            tuple(work.log[start:]),
            done.rebuilt,
            done.copied,
            done.restored,
            done.orphaned,
            done.changed,
            kept,
            frozenset(done.tables),
        )
        self.executed.append(executed)
        self._follow(operation, done.tables)
        return executed

    def finish(self) -> None:
        """Ends the revision: what went along is back, foreign keys hold, what is back is no longer kept.

        Raises:
            OperationInvalidError: a foreign key refers to a table or a key which is gone.
            OperationFailedError: a row refers to a row that is not there.
            TransactionEndedError: the transaction is over already.
        """
        with self.fence.opened():
            self._finish()

    def _finish(self) -> None:
        self._work.place = f"the end of revision {self.revision}"
        self._check_transaction()
        if self._trial is not None:
            self._trial.finish(self._work.place)
            self._trial.close()
            self._trial = None
        self._give_back_the_rest()
        self._undo.finish()
        self._check_foreign_keys()
        self._release()

    def _refuse_own_tables(self, operation: Operation) -> None:
        for name in tables_of(operation):
            if is_internal(name):
                raise self._work.invalid(f"{name} is a table that migrations keep for themselves")

    def _give_back_the_rest(self) -> None:
        """Values that a conversion took and that no operation of the way back asked for, as far as they fit."""
        for name, columns in self._undo.still_converted().items():
            table = self._steps.find_table(name)
            if table is not None:
                there = [column for column in columns if table.column(column)]
                self._undo.begin()  # a way back without operations of its own has not begun yet
                self._steps.give_back(table, there)

    @property
    def place(self) -> int:
        """The number of the operation under way or run last, from 1; 0 before the first."""
        return self._number

    @property
    def statements(self) -> list[str]:
        """The SQL so far that changed something."""
        return list(self._work.log)

    @property
    def kept(self) -> dict[str, int]:
        """How many rows are kept of each table, by the side tables' names."""
        return dict(self._undo.rows_kept)

    def table(self, name: str) -> TableDef | None:
        """A table as the operations so far have made it, or `None` when there is none."""
        return self._steps.find_table(name)

    def _follow(self, operation: Operation, tables: set[str]) -> None:
        if isinstance(operation, RenameTable):
            old, new = operation.old, operation.new
            first = next((name for name, now in self.renamed.items() if folded(now) == folded(old)), old)
            self.renamed[first] = new
            self.changed = {new if folded(name) == folded(old) else name for name in self.changed}
        self.changed |= tables

    def _check_transaction(self) -> None:
        """The savepoint made at the start is still there, so that the transaction is the one that was begun."""
        self._release()
        self._work.ask(statements.SAVEPOINT)

    def _release(self) -> None:
        if not self._work.connection.in_transaction:
            raise TransactionEndedError(self._work.place)
        try:
            self._work.ask(statements.RELEASE)
        except OperationFailedError as error:
            raise TransactionEndedError(self._work.place) from error

    def _check_foreign_keys(self) -> None:
        """No row of a changed table, or of one that refers to it, refers to nothing."""
        names = set(map(folded, self.changed))
        for table in self._steps.tables_with_foreign_keys():
            if folded(table.name) not in names and not any(folded(key.target) in names for key in table.foreign_keys):
                continue
            rows = self._work.ask(statements.foreign_key_check(table.name))
            if rows:
                targets = ", ".join(sorted({str(row[2]) for row in rows}))
                raise self._work.invalid(
                    f"{len(rows)} rows of {table.name} refer to rows of {targets} that are not there",
                    hint="Correct or delete those rows in a step of the revision.",
                )
            self.checked.add(table.name)


def failure(
    revision: str, direction: str, done: int, error: Exception | SystemExit, *, tried: bool = False
) -> RevisionFailedError:
    """The error for what a revision raised after so many steps, with the statement that it stood at."""
    problem = f"{type(error).__name__}: {error}"
    statement = ""
    if isinstance(error, SchemarootError):
        problem = f"{error.message.rstrip('.')}. {error.hint}" if error.hint else error.message
    if isinstance(error, OperationFailedError):
        problem, statement = f"{error.operation}: {error.reason}", error.sql
    return RevisionFailedError(revision, direction, done + 1, problem, statement=statement, tried=tried)
