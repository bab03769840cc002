"""A database made by plain SQL, operations run on it as a runner does, and everything it holds as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.introspection import TableDef
from schemaroot.introspection.sql.statements import parse_table
from schemaroot.migration.execute import Executor
from schemaroot.migration.op import running
from schemaroot.migration.operations import Operation
from schemaroot.migration.undo import Direction
from schemaroot.migration.work import OnStatement

Dump = list[tuple[object, ...]]


@contextmanager
def connected(path: Path, driver: DriverName) -> Iterator[Connection]:
    """A connection in autocommit, closed at the end."""
    chosen = driver_named(driver)
    connection = Connection(chosen, chosen.connect(str(path), "rwc"), writer=True)
    try:
        yield connection
    finally:
        connection.close()


class Revision:
    """A revision as its file has it: operations by `op`, both ways."""

    def upgrade(self) -> None:
        """Goes there."""

    def downgrade(self) -> None:
        """Goes back."""


class Bench:
    """One database file, and the verbs of a runner."""

    def __init__(self, path: Path, driver: DriverName) -> None:
        self.path = path
        self.driver: DriverName = driver

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements with foreign keys enforced and gives the last one's rows."""
        rows: list[tuple[Any, ...]] = []
        with connected(self.path, self.driver) as connection:
            connection.execute("PRAGMA foreign_keys=ON").fetchall()
            for statement in statements:
                rows = connection.execute(statement).fetchall()
        return rows

    def up(self, revision: Revision, name: str = "0002_change") -> Executor:
        """Runs a revision's upgrade."""
        return self.call(revision.upgrade, name, "up")

    def back(self, revision: Revision, name: str = "0002_change") -> Executor:
        """Runs a revision's downgrade."""
        return self.call(revision.downgrade, name, "down")

    def run(
        self,
        operations: Sequence[Operation],
        revision: str = "0002_change",
        direction: Direction = "up",
        *,
        on_statement: OnStatement | None = None,
    ) -> Executor:
        """Runs operations as one revision, all or nothing."""

        def apply_all() -> None:
            for operation in operations:
                executor.apply(operation)

        executor: Executor

        def keep(made: Executor) -> None:
            nonlocal executor
            executor = made

        return self.call(apply_all, revision, direction, on_statement=on_statement, made=keep)

    def call(
        self,
        steps: Callable[[], None],
        revision: str = "0002_change",
        direction: Direction = "up",
        *,
        on_statement: OnStatement | None = None,
        made: Callable[[Executor], None] = lambda _: None,
    ) -> Executor:
        """Runs the steps of one revision, all or nothing."""
        with connected(self.path, self.driver) as connection:
            connection.execute("PRAGMA foreign_keys=OFF").fetchall()
            connection.execute("BEGIN IMMEDIATE").fetchall()
            try:
                executor = Executor(connection, revision, direction, on_statement=on_statement)
                made(executor)
                with running(executor):
                    steps()
                connection.execute("COMMIT").fetchall()
            except BaseException:
                connection.rollback()
                raise
        assert self.sql("PRAGMA integrity_check") == [("ok",)]
        return executor

    def dump(self) -> Dump:
        """The texts of the schema and all rows with their rowids; what undoing keeps is left out."""
        with connected(self.path, self.driver) as connection:
            return dump(connection)

    def kept(self) -> list[str]:
        """The side tables that are there."""
        return [
            str(name)
            for (name,) in self.sql(
                "SELECT name FROM sqlite_schema WHERE name LIKE '\\_undo%' ESCAPE '\\' ORDER BY name"
            )
        ]

    def table(self, name: str) -> TableDef:
        """A table as it is now."""
        ((text,),) = self.sql(f"SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = '{name}'")
        return parse_table(text)


def dump(connection: Connection) -> Dump:
    """The texts of the schema and all rows with their rowids; what undoing keeps is left out."""

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    kinds = {name: (kind, wr) for _, name, kind, _, wr, _ in rows("PRAGMA table_list")}
    found: Dump = []
    for kind, name, owner, sql in rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"):
        if name != "sqlite_sequence" and not name.startswith("_undo_") and kinds.get(name, ("", 0))[0] != "shadow":
            found.append((kind, name, owner, sql))
    for name in sorted(kinds):
        kind, without_rowid = kinds[name]
        if name.startswith(("_undo_", "sqlite_schema", "sqlite_temp", "sqlite_stat")) or kind == "shadow":
            continue
        quoted = '"' + name.replace('"', '""') + '"'
        columns = [row[1] for row in rows(f"PRAGMA table_xinfo({quoted})")]
        rowid = not without_rowid and kind == "table" and name != "sqlite_sequence" and "rowid" not in columns
        chosen = ("rowid, *" if rowid else "*") if kind != "virtual" else "rowid, *"
        found += sorted(
            (name, *(f"{type(value).__name__} {value!r}" for value in row))
            for row in rows(f"SELECT {chosen} FROM {quoted}")
        )
    return found
