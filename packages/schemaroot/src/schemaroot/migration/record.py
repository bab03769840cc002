"""What would a revision do? Its operations, written down instead of run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from schemaroot.engine.driver import driver_named
from schemaroot.introspection.catalogue import Catalogue, TableDef
from schemaroot.introspection.render import create_table
from schemaroot.introspection.sql.statements import parse_table
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.altered import altered
from schemaroot.migration.describe import describe
from schemaroot.migration.op import running
from schemaroot.migration.operations import (
    Action,
    AlterTable,
    CreateTable,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)


class Recorder:
    """Takes the operations of a revision and runs nothing.

    Attributes:
        operations: what it was given.
    """

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.operations: list[Operation] = []
        self._tables: dict[str, TableDef] = {}
        if catalogue is not None:
            self._tables.update((folded(name), table) for name, table in catalogue.tables.items())

    def apply(self, operation: Operation) -> None:
        """Writes an operation down."""
        self.operations.append(operation)
        match operation:
            case CreateTable(table):
                self._tables[folded(table.name)] = table
            case DropTable(name):
                self._tables.pop(folded(name), None)
            case RenameTable(old, new):
                renamed = self._tables.pop(folded(old), None)
                if renamed is not None:
                    self._tables[folded(new)] = replace(renamed, name=new)
            case AlterTable(name, actions):
                before = self._tables.get(folded(name))
                if before is not None:
                    self._tables[folded(name)] = table_after(before, actions, describe(operation))
            case _:
                pass

    def table(self, name: str) -> TableDef | None:
        """A table as the operations so far would have made it, or `None` where that is not known."""
        return self._tables.get(folded(name))

    def finish(self) -> None:
        """Nothing is left to do."""


def table_after(table: TableDef, actions: Sequence[Action], operation: str) -> TableDef:
    """A table after actions of one operation, with nothing run on a database.

    Raises `OperationInvalidError` as the operation would.
    """
    for renames, group in groupby(actions, key=lambda action: isinstance(action, RenameColumn)):
        if renames:
            for action in group:
                table = _renamed(table, action) if isinstance(action, RenameColumn) else table
        else:
            table = altered(table, list(group), operation).table
    return table


def _renamed(table: TableDef, action: RenameColumn) -> TableDef:
    """The table with another name for a column, by SQLite itself, since keys and expressions name the column too."""
    if table.column(action.old) is None:
        return table
    driver = driver_named("sqlite3")
    raw = driver.connect(":memory:", "rwc")
    try:
        cursor = driver.cursor(raw)
        cursor.execute(create_table(table)).fetchall()
        cursor.execute(statements.rename_column(table.name, action.old, action.new)).fetchall()
        objects = cursor.execute(statements.OBJECTS).fetchall()
    finally:
        raw.close()
    (sql,) = (sql for _, name, _, sql in objects if name == table.name)  # AUTOINCREMENT brings a table of SQLite's
    return replace(parse_table(sql), sql="")


def record(run: Callable[[], object], catalogue: Catalogue | None = None) -> list[Operation]:
    """The operations of a revision's `upgrade` or `downgrade`; nothing is run.

    Args:
        run: the function.
        catalogue: the schema before it, from which an alteration of a part of a column takes the other parts.
    """
    recorder = Recorder(catalogue)
    with running(recorder):
        run()
    return recorder.operations
