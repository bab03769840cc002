"""What revision files say: `from schemaroot.migration import op`.

    def upgrade() -> None:
        with op.alter_table("tickets") as tickets:
            tickets.add_column(sa.Column("priority", sa.Text(), server_default="normal", nullable=False))
            tickets.drop_column("urgent")
        op.create_index("ix_tickets_priority", "tickets", ["priority"])

Scripts that say `from alembic import op` work too. Each operation arrives as data in `MigrationOperations.invoke` and
goes on to whoever runs the revision: the executor, or a recorder that runs nothing. SQL as text is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, Protocol, TypeVar

import alembic.op
import sqlalchemy as sa
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext

from schemaroot.introspection.catalogue import TableDef
from schemaroot.migration.convert import (
    holds_text,
    index_def,
    table_def,
    table_of,
)
from schemaroot.migration.data_steps import backfill_step, insert_rows, statement_step
from schemaroot.migration.errors import MigrationError, OperationInvalidError, RawSqlRefusedError
from schemaroot.migration.fence import no_connections
from schemaroot.migration.operations import (
    AlterTable,
    CreateIndex,
    CreateSearch,
    CreateTable,
    DropIndex,
    DropSearch,
    DropTable,
    Operation,
    RenameTable,
)
from schemaroot.migration.table_changes import UNCHANGED, TableChanges, Unchanged, sql_type
from schemaroot.schema.expression import Assignment
from schemaroot.schema.table import Table

R = TypeVar("R", bound=Table)

_TEXT_HINT = "Say it with SQLAlchemy: sa.insert(...), sa.update(...) or sa.delete(...) on sa.table(...)."


class Runner(Protocol):
    """Who takes the operations of a revision."""

    def apply(self, operation: Operation, /) -> object:
        """Takes the next operation."""
        ...

    def table(self, name: str, /) -> TableDef | None:
        """A table as the operations so far have made it, or `None` where that is not known."""
        ...

    def finish(self) -> None:
        """Is told that the revision ended well."""
        ...


_current: ContextVar[Runner | None] = ContextVar("schemaroot_migration_runner", default=None)


@contextmanager
def running(runner: Runner) -> Generator[None]:
    """Inside, the operations of revision files go to the runner, which is told at the end to finish.

    It is not told when an error comes out.
    """
    token = _current.set(runner)
    previous = getattr(alembic.op, "_proxy", None)
    setattr(alembic.op, "_proxy", op)  # noqa: B010  # Alembic's own stub hides the name
    try:
        with no_connections():
            yield
    finally:
        _current.reset(token)
        setattr(alembic.op, "_proxy", previous)  # noqa: B010  # as above
    runner.finish()


class MigrationOperations(Operations):
    """Alembic's operations and our own, handed to whoever runs the revision."""

    def __init__(self) -> None:
        super().__init__(MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True}))

    def _take(self, operation: Operation) -> None:
        self._runner().apply(operation)

    def _runner(self) -> Runner:
        runner = _current.get()
        if runner is None:
            raise MigrationError(
                "An operation was called while no revision runs; nothing was changed.",
                hint="Call it inside of upgrade() or downgrade(), and run those by migrate up and migrate down.",
            )
        return runner

    # --- our own ------------------------------------------------------------------------------------------------------

    @contextmanager
    def alter_table(self, table: str) -> Generator[TableChanges]:
        """Gathers changes of one table and runs them as one step when the block ends.

        Args:
            table: its name.
        """
        changes = TableChanges(table, self._runner().table(table))
        yield changes
        if changes.actions:
            self._take(AlterTable(table, tuple(changes.actions)))
        for index in changes.indexes:
            self._take(CreateIndex(index))

    def create_search(self, table: str, columns: Sequence[str]) -> None:
        """Adds full-text search over columns of a table, with the triggers that keep it in step."""
        self._take(CreateSearch(table, tuple(columns)))

    def drop_search(self, table: str) -> None:
        """Drops the full-text search of a table."""
        self._take(DropSearch(table))

    def sql_type(self, words: str, *, collation: str | None = None) -> sa.types.TypeEngine[Any]:
        """A column's type by its words in the database, for those that SQLAlchemy has no class for."""
        return sql_type(words, collation=collation)

    def backfill(
        self,
        table: type[R],
        compute: Callable[[R], Sequence[Assignment[R]]],
        *,
        where: sa.ColumnElement[bool] | None = None,
        batch: int = 1000,
        also: Iterable[str] = (),
    ) -> None:
        """Gives rows new values that are computed in Python, in batches that survive a killed run.

        Args:
            table: a class, written in the revision file, with the columns that matter as they are at this point; it
                needs the primary key.
            compute: the new values of one row, as assignments; none where it stays as it is. It is called again for
                rows that change meanwhile, and on the copy of a rehearsal, so that it must depend on the row alone.
            where: which rows, by their own columns; all when left out.
            batch: how many rows are computed and committed at once.
            also: other tables whose rows it may change, by triggers.
        """
        if batch < 1:
            raise OperationInvalidError("op.backfill", f"batch is {batch}, and must be at least 1")
        name = table.__declaration__.name
        self._take(backfill_step(table, compute, where, batch, also, f"backfill({name})"))

    # --- Alembic's ----------------------------------------------------------------------------------------------------

    def execute(
        self,
        sqltext: sa.Executable | str,
        *,
        execution_options: Mapping[str, Any] | None = None,
        also: Iterable[str] = (),
    ) -> None:
        """Runs an insert, update or delete of SQLAlchemy Core; its rows are counted.

        Args:
            sqltext: the statement; text is refused.
            execution_options: what Alembic's operation takes; there are none here.
            also: other tables whose rows it may change, by triggers.

        Raises `RawSqlRefusedError` for text, and for statements that are none of the three.
        """
        del execution_options
        self._take(_step(sqltext, also))

    def batch_alter_table(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: it loses what it does not reflect. Use `alter_table`."""
        raise RawSqlRefusedError("op.batch_alter_table", hint='Use "with op.alter_table(table) as changes:".')

    def get_bind(self) -> NoReturn:
        """Refused: what runs behind the operations' back can be neither planned nor undone."""
        raise RawSqlRefusedError("op.get_bind", hint=_TEXT_HINT)

    def run_async(self, *_: Any, **__: Any) -> NoReturn:
        """Refused: what runs behind the operations' back can be neither planned nor undone."""
        raise RawSqlRefusedError("op.run_async", hint=_TEXT_HINT)

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """Takes one of Alembic's operations as data and hands on what it means here."""
        if getattr(operation, "schema", None):
            raise OperationInvalidError(f"op.{type(operation).__name__}", "schema= is not for SQLite, which has none")
        match operation:
            case ops.CreateTableOp():
                return self._create_table(operation)
            case ops.DropTableOp():
                self._take(DropTable(operation.table_name))
            case ops.RenameTableOp():
                self._take(RenameTable(operation.table_name, operation.new_table_name))
            case ops.CreateIndexOp():
                self._create_index(operation)
            case ops.DropIndexOp():
                self._take(DropIndex(str(operation.index_name), operation.table_name or ""))
            case ops.ExecuteSQLOp():
                self._take(_step(operation.sqltext, ()))
            case ops.BulkInsertOp():
                self._take(insert_rows(operation.table, operation.rows))
            case _:
                self._change(operation)
        return None

    def _create_table(self, operation: ops.CreateTableOp) -> sa.Table:
        table = table_of(operation.table_name, operation.columns, operation.kw)
        definition = table_def(table)
        self._take(CreateTable(definition))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            self._take(CreateIndex(index_def(index, definition)))
        return table

    def _create_index(self, operation: ops.CreateIndexOp) -> None:
        index = operation.to_index(self.migration_context)
        concurrently = bool(index.dialect_kwargs.get("postgresql_concurrently"))
        table = self._runner().table(operation.table_name)
        self._take(CreateIndex(index_def(index, table), concurrently))

    def _change(self, operation: ops.MigrateOperation) -> None:
        """One of Alembic's operations on one table, as a block with one change."""
        match operation:
            case ops.AddColumnOp():
                with self.alter_table(operation.table_name) as changes:
                    changes.add_column(operation.column)
            case ops.DropColumnOp():
                with self.alter_table(operation.table_name) as changes:
                    changes.drop_column(operation.column_name)
            case ops.AlterColumnOp():
                self._alter_column(operation)
            case ops.DropConstraintOp():
                self._drop_constraint(operation)
            case ops.CreateCheckConstraintOp() | ops.CreateUniqueConstraintOp() | ops.CreatePrimaryKeyOp():
                with self.alter_table(operation.table_name) as changes:
                    changes.add_constraint(operation.to_constraint(self.migration_context))
            case ops.CreateForeignKeyOp():
                with self.alter_table(operation.source_table) as changes:
                    changes.add_constraint(operation.to_constraint(self.migration_context))
            case _:
                raise OperationInvalidError(f"op.{type(operation).__name__}", "it is not known here")

    def _alter_column(self, operation: ops.AlterColumnOp) -> None:
        default = operation.modify_server_default
        computed: sa.Computed | Unchanged = UNCHANGED
        if isinstance(default, sa.Computed):
            computed, default = default, False
        with self.alter_table(operation.table_name) as changes:
            name = operation.column_name
            if operation.modify_name is not None:
                changes.rename_column(name, operation.modify_name)
                name = operation.modify_name
            nullable, type_ = operation.modify_nullable, operation.modify_type
            if nullable is not None or type_ is not None or default is not False or computed is not UNCHANGED:
                changes.alter_column(
                    name,
                    type_=type_,
                    nullable=nullable,
                    server_default=UNCHANGED if default is False else getattr(default, "arg", default),
                    computed=computed,
                )

    def _drop_constraint(self, operation: ops.DropConstraintOp) -> None:
        name = str(operation.constraint_name)
        with self.alter_table(operation.table_name) as changes:
            match operation.constraint_type:
                case "check":
                    changes.drop_check(name)
                case "unique":
                    changes.drop_unique(name)
                case "foreignkey":
                    changes.drop_foreign_key(name)
                case "primary":
                    changes.set_primary_key()
                case _:
                    changes.drop_constraint(name)


def _step(statement: sa.Executable | str, also: Iterable[str]) -> Operation:
    if isinstance(statement, str):
        raise RawSqlRefusedError("op.execute with SQL as a string", hint=_TEXT_HINT)
    if not isinstance(statement, sa.Insert | sa.Update | sa.Delete):
        raise RawSqlRefusedError(f"op.execute of {type(statement).__name__}", hint=_TEXT_HINT)
    if holds_text(statement):
        raise RawSqlRefusedError("op.execute with SQL as text inside of a statement", hint=_TEXT_HINT)
    return statement_step(statement, also)


op: MigrationOperations = MigrationOperations()
"""What revision files import from `schemaroot.migration`."""


def __getattr__(name: str) -> Any:
    """The operations as names of this module: once it is loaded, it is what the package knows as `op`."""
    return getattr(op, name)
