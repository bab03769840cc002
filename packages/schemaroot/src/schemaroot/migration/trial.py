"""Would the schema hold together? Operations tried on an empty copy of the schema in memory, before they run.

SQLite itself says what still needs a column or a table: a check, an index, a generated column, a trigger, a view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import read_catalogue
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.describe import describe
from schemaroot.migration.errors import OperationFailedError, OperationInvalidError
from schemaroot.migration.operations import CreateIndex, CreateSearch, CreateTable, DataStep, Operation
from schemaroot.migration.steps import Steps
from schemaroot.migration.work import Work


class Trial:
    """An empty copy of a schema to try operations on."""

    def __init__(self, connection: Connection) -> None:
        driver = connection.driver
        self._connection = Connection(driver, driver.connect(":memory:", "rwc"), writer=True)
        self._work = Work(self._connection)
        self._steps = Steps(self._work, None)
        self._connection.execute(dialect.PRAGMA_FOREIGN_KEYS_OFF).fetchall()
        self._copy(Work(connection))
        self._ignored = set(self._broken())
        self._mismatched = set(self._mismatches())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives up the copy."""
        self._connection.close()

    def _copy(self, source: Work) -> None:
        shadows = {str(name) for (name,) in source.ask(statements.SHADOWS)}
        order = {"table": 0, "index": 1, "view": 2, "trigger": 3}
        objects = [each for each in source.objects() if each[1] not in shadows and not each[1].startswith("sqlite_")]
        for _, _, _, sql in sorted(objects, key=lambda each: order[each[0]]):
            try:
                self._work.run(sql)
            except OperationFailedError:
                continue  # it needs a module or a function that this process does not have, and cannot be tried
        self._work.run(statements.PROBE_CREATE)

    def apply(self, operation: Operation) -> None:
        """Tries one operation.

        Raises `OperationInvalidError`, which names everything that would be left pointing to nothing.
        """
        if isinstance(operation, DataStep):
            return
        try:
            self._steps.apply(operation)
        except OperationFailedError as error:
            raise OperationInvalidError(error.operation, error.reason, hint=_way_out(error.reason)) from error
        if isinstance(operation, CreateTable | CreateIndex | CreateSearch):
            return  # nothing that was there could lean on it
        if broken := {what: why for what, why in self._broken().items() if what not in self._ignored}:
            needed = "; ".join(
                f"the {kind} {name} would not work any more ({why})" for (kind, name), why in broken.items()
            )
            raise OperationInvalidError(
                describe(operation), needed, hint="Drop it or change it first; a later step may create it again."
            )

    def finish(self, operations: str) -> None:
        """Looks at what may be wrong only between operations: foreign keys.

        Raises `OperationInvalidError` for one that refers to a table or a key which is gone.
        """
        for table, problem in self._mismatches():
            if (table, problem) not in self._mismatched:
                raise OperationInvalidError(
                    operations, f"{table}: {problem}", hint="Drop or change that foreign key in the same revision."
                )

    def _broken(self) -> dict[tuple[str, str], str]:
        """Every view and trigger that SQLite cannot resolve, with its reason; the copy loses them."""
        found: dict[tuple[str, str], str] = {}
        while (broken := self._first_unresolved()) is not None:
            what, reason = broken
            found[what] = reason
            self._work.run(statements.drop(*what))
        owners = dict.fromkeys(owner for kind, _, owner, _ in self._work.objects() if kind == "trigger")
        for owner in owners:
            for name, reason in self._unfit_triggers(owner).items():
                found["trigger", name] = reason
                self._work.run(statements.drop("trigger", name))
        return found

    def _first_unresolved(self) -> tuple[tuple[str, str], str] | None:
        try:
            self._work.run(statements.PROBE)
        except OperationFailedError as error:
            known = [(kind, name) for kind, name, _, _ in self._work.objects() if kind in ("view", "trigger")]
            what = _named(error.reason, known)
            return None if what is None else (what, error.reason.partition(": ")[2])
        self._work.run(statements.drop("table", "_probe"))
        self._work.run(statements.PROBE_CREATE)
        return None

    def _unfit_triggers(self, owner: str) -> dict[str, str]:
        """The triggers of a table or view that cannot be prepared, each tried without the others."""
        columns = [row[1] for row in self._work.ask(statements.columns_of(owner)) if not row[4]]
        events = statements.firing(owner, columns)
        if all(self._failure(sql) is None for sql in events):
            return {}
        triggers = [name for kind, name, table, _ in self._work.objects() if (kind, table) == ("trigger", owner)]
        found: dict[str, str] = {}
        for trigger in triggers:
            self._work.run(statements.TRY)
            for other in triggers:
                if other != trigger:
                    self._work.run(statements.drop("trigger", other))
            reasons = [reason for sql in events if (reason := self._failure(sql)) is not None]
            self._work.run(statements.TRY_BACK)
            self._work.run(statements.TRY_END)
            if reasons:
                found[trigger] = reasons[0]
        return found

    def _failure(self, sql: str) -> str | None:
        try:
            self._work.ask(sql)
        except OperationFailedError as error:
            # A view takes the events alone that it has an INSTEAD OF trigger for.
            return None if error.reason.startswith("cannot modify") else error.reason
        return None

    def _mismatches(self) -> Iterator[tuple[str, str]]:
        catalogue: Catalogue = read_catalogue(self._connection, internal=True)
        tables = set(map(folded, catalogue.tables))
        for table in catalogue.tables.values():
            for key in table.foreign_keys:
                if folded(key.target) not in tables:
                    columns = ", ".join(key.columns)
                    yield table.name, f"its foreign key ({columns}) refers to {key.target}, which is not there"
            if table.foreign_keys:
                try:
                    self._work.ask(statements.foreign_key_check(table.name))
                except OperationFailedError as error:
                    yield table.name, error.reason


def check_operations(connection: Connection, operations: Iterable[Operation], name: str = "the revision") -> None:
    """Tries operations on an empty copy of a database's schema; the database is only read.

    Raises `OperationInvalidError` for the first that does not fit, and for foreign keys that would point to nothing.
    """
    with Trial(connection) as trial:
        for operation in operations:
            trial.apply(operation)
        trial.finish(name)


def _named(reason: str, known: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """The view or trigger that SQLite names in `error in view V after drop column: ...`."""
    found = [(kind, name) for kind, name in known if reason.startswith(f"error in {kind} {name}")]
    return max(found, key=lambda each: len(each[1]), default=None)


def _way_out(reason: str) -> str:
    if "no such column" in reason:
        return (
            "A check, an index or a generated column still needs it: drop or change that in the same revision before."
        )
    return ""
