"""One revision, one transaction: its steps, what must hold after them, its line in the ledger, and only then COMMIT."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from schemaroot.backup.create import integrity_problems
from schemaroot.backup.digest import count_rows, digest_table
from schemaroot.engine import dialect
from schemaroot.errors import DatabaseError, SchemarootError
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import read_catalogue
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.compare import differences
from schemaroot.migration.errors import InvariantError, IrreversibleError, LintError, RevisionFailedError
from schemaroot.migration.execute import Executed, Executor, failure
from schemaroot.migration.history import Event, Fact, RowCount, create_history, write_fact
from schemaroot.migration.lint import allowed, lint
from schemaroot.migration.op import running
from schemaroot.migration.operations import Operation
from schemaroot.migration.prepare import prepare, recorded
from schemaroot.migration.revisions import LoadedRevision
from schemaroot.migration.session import Session
from schemaroot.migration.undo import returning
from schemaroot.migration.verify import PROBLEMS_SHOWN, Followed, Invariant, followed, only_renamed
from schemaroot.migration.watch import SILENT, Watcher

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Step:
    """One revision to be gone through, in one direction.

    Attributes:
        loaded: the revision.
        direction: which way.
        before, after: the recorded schema on either side.
        number: the schema number that stands in the file's header afterwards.
    """

    loaded: LoadedRevision
    direction: Direction
    before: Catalogue
    after: Catalogue
    number: int

    @property
    def revision(self) -> str:
        """The revision's name."""
        return self.loaded.revision.id

    def reversed(self, number: int) -> Step:
        """The way back."""
        way: Direction = "down" if self.direction == "up" else "up"
        return Step(self.loaded, way, self.after, self.before, number)


@dataclass(frozen=True)
class Applied:
    """What one revision did.

    Attributes:
        revision, direction: which, and which way.
        duration_ms: how long it took, checks included.
        rows: the rows of each table before and after, of those where the number differs.
        executed: what each operation did.
    """

    revision: str
    direction: Direction
    duration_ms: int
    rows: Mapping[str, RowCount]
    executed: tuple[Executed, ...]

    @property
    def kept(self) -> dict[str, int]:
        """Rows kept in side tables, by their names."""
        return {name: rows for one in self.executed for name, rows in one.kept.items()}

    @property
    def statements(self) -> list[str]:
        """The SQL that changed something, in order."""
        return [sql for one in self.executed for sql in one.statements]


@dataclass
class Clock:
    """Adds up how long each kind of work took, in seconds."""

    spent: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def measure(self, kind: str) -> Generator[None]:
        """Counts what happens inside as that kind."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.spent[kind] = self.spent.get(kind, 0.0) + time.perf_counter() - started


@dataclass(frozen=True)
class Circumstances:
    """What the ledger is to say beside the revision, and who watches."""

    watcher: Watcher
    clock: Clock
    invariants: Sequence[Invariant] = ()
    backup: Path | None = None
    rehearsed: bool = False
    note: str = ""
    allow: Sequence[str] = ()
    on_statement: Callable[[str, str], None] | None = None


def apply_step(session: Session, step: Step, circumstances: Circumstances) -> Applied:
    """Takes one revision in its direction, or leaves everything as it was.

    Raises:
        RevisionFailedError: a step failed.
        InvariantError: something changed that was not declared, or the result is not what the revisions describe.
        DatabaseError: the disk is full, the database stayed locked, ...
    """
    started = time.perf_counter()
    with _naming_backup(circumstances.backup), circumstances.clock.measure("computing"):
        prepare(session, step.loaded, step.direction, circumstances.watcher)
    with _naming_backup(circumstances.backup), session.revision_transaction():
        applying = _Applying(session, step, circumstances)
        applying.look_before()
        applying.lint()
        applying.run()
        applying.check()
        done = applying.enter(started)
    return done


def refuse_dangers(session: Session, step: Step, circumstances: Circumstances) -> None:
    """Raises `LintError` for a revision that will be refused, before anything is made for its run.

    Only that: whatever else is wrong is told where the revision runs, which tells its warnings too.
    """
    applying = _Applying(session, step, replace(circumstances, watcher=SILENT))
    applying.live_before = read_catalogue(session.connection)
    try:
        applying.operations = recorded(session.connection, step.loaded, step.direction, applying.live_before)
        applying.lint()
    except LintError:
        raise
    except SchemarootError:
        return


@contextmanager
def _naming_backup(backup: Path | None) -> Generator[None]:
    """Names the backup in what goes wrong."""
    try:
        yield
    except RevisionFailedError as error:
        if backup is None:
            raise
        raise RevisionFailedError(
            error.revision,
            error.direction,
            error.step,
            error.problem,
            statement=error.statement,
            backup=str(backup),
        ) from error.__cause__


class _Applying:
    """The work on one revision inside of its transaction."""

    def __init__(self, session: Session, step: Step, circumstances: Circumstances) -> None:
        self.session = session
        self.connection = session.connection
        self.step = step
        self.circumstances = circumstances
        self.clock = circumstances.clock
        self.live_before = Catalogue()
        self.executed: list[Executed] = []
        self.checked: set[str] = set()
        self.operations: list[Operation] = []
        self.follow: list[Followed] = []
        self.counts: dict[str, int] = {}
        self.digests: dict[str, str] = {}

    @property
    def steps(self) -> Callable[[], None]:
        """The function of the revision that is run."""
        loaded = self.step.loaded
        return loaded.upgrade if self.step.direction == "up" else loaded.downgrade

    def look_before(self) -> None:
        """Counts and digests what must come through."""
        self.live_before = read_catalogue(self.connection)
        self.counts = {name: count_rows(self.connection, name) for name in self.live_before.tables}
        self.operations = recorded(self.connection, self.step.loaded, self.step.direction, self.live_before)
        back = {
            folded(name): columns
            for name, columns in returning(self.connection, self.step.revision, self.step.direction).items()
        }
        self.follow = [
            one.without(back.get(folded(one.before), ())) for one in followed(self.live_before.tables, self.operations)
        ]
        with self.clock.measure("digests"):
            self.digests = {one.before: self._digest(one.before, one.columns_before) for one in self.follow}

    def _digest(self, table: str, columns: Sequence[str]) -> str:
        if not columns:
            return str(count_rows(self.connection, table))
        return digest_table(self.connection, table, columns=columns).digest

    def lint(self) -> None:
        """Refuses a danger on the way up that the revision does not say it means."""
        if self.step.direction == "down":
            return
        meant = {*allowed(self.step.loaded.revision.source), *self.circumstances.allow}
        findings = [one for one in lint(self.operations, self.live_before, self.session.db) if one.code not in meant]
        for one in findings:
            if one.severity == "warning":
                self.circumstances.watcher.say(str(one))
        errors = [one for one in findings if one.severity == "error"]
        if errors:
            raise LintError(self.step.revision, list(map(str, errors)), [one.code for one in errors])

    def run(self) -> None:
        """Runs the revision's steps."""
        step = self.step
        executor = Executor(
            self.connection, step.revision, step.direction, on_statement=self.circumstances.on_statement
        )
        self.executed, self.checked = executor.executed, executor.checked
        with self.clock.measure("statements"):
            try:
                with executor.fence.around(self.connection), running(executor):
                    self.steps()
            except (IrreversibleError, DatabaseError):
                raise
            except (Exception, SystemExit) as error:
                raise failure(step.revision, step.direction, len(executor.executed), error) from error

    def check(self) -> None:
        """Raises `InvariantError` when something is not as it must be."""
        problems: list[str] = []
        live = read_catalogue(self.connection)
        problems += self._schema_problems(live)
        with self.clock.measure("digests"):
            problems += self._content_problems(live)
        with self.clock.measure("checks"):
            problems += self._reference_problems()
            problems += integrity_problems(self.connection)
            for invariant in self.circumstances.invariants:
                problems += invariant(self.session.db)
        if problems:
            shown = problems[:PROBLEMS_SHOWN]
            more = [f"and {len(problems) - len(shown)} more"] if len(problems) > len(shown) else []
            raise InvariantError(
                self.step.revision, self.step.direction, [*shown, *more], backup=str(self.circumstances.backup or "")
            )

    def _schema_problems(self, live: Catalogue) -> list[str]:
        """What is not as the revisions describe it, and what changed although it belongs to nobody here."""
        step = self.step
        gone = [name for name in step.before.tables if name not in step.after.tables]
        problems = differences(step.after, live, gone=gone, undeclared=False)
        for attribute in ("tables", "indexes", "triggers", "views", "virtual_tables"):
            ours = {*getattr(step.before, attribute), *getattr(step.after, attribute)}
            before, after = getattr(self.live_before, attribute), getattr(live, attribute)
            for name, item in before.items():
                if name in ours:
                    continue
                if name not in after:
                    problems.append(f"{name}, which is not declared, is gone")
                elif not only_renamed(item.sql, after[name].sql, self.operations):
                    problems.append(f"{name}, which is not declared, has changed")
            if attribute in ("indexes", "triggers"):
                theirs = {*before} - {*getattr(step.before, attribute)}
                problems += [
                    f"{name} on {item.table} is not declared"
                    for name, item in after.items()
                    if name not in theirs
                    and name not in getattr(step.after, attribute)
                    and item.table in step.after.tables
                ]
        return problems

    def _content_problems(self, live: Catalogue) -> list[str]:
        problems: list[str] = []
        for one in self.follow:
            if one.after not in live.tables:
                continue  # told with the schema
            rows = count_rows(self.connection, one.after)
            if rows != self.counts[one.before]:
                problems.append(
                    f"{one.before} had {self.counts[one.before]:,} rows and has {rows:,}, which was not declared"
                )
            elif self._digest(one.after, one.columns_after) != self.digests[one.before]:
                problems.append(f"the content of {one.before} changed, which was not declared")
        return problems

    def _reference_problems(self) -> list[str]:
        found: list[tuple[object, ...]] = []
        for table in read_catalogue(self.connection, internal=True).tables.values():
            if table.foreign_keys and table.name not in self.checked:  # those were checked after the last statement
                found += self.connection.execute(statements.foreign_key_check(table.name)).fetchall()
        if not found:
            return []
        known = self._references_before()
        fresh = [row for row in found if row not in known]
        return [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there" for row in fresh]

    def _references_before(self) -> set[tuple[object, ...]]:
        """The references that were broken already, as everybody else still sees the database."""
        driver, path = self.connection.driver, self.session.db.path
        raw = driver.connect(path, "ro")
        try:
            return set(driver.cursor(raw).execute(statements.FOREIGN_KEY_CHECK).fetchall())
        finally:
            raw.close()

    def enter(self, started: float) -> Applied:
        """Writes the ledger's line and the schema number."""
        step, circumstances = self.step, self.circumstances
        after = {name: count_rows(self.connection, name) for name in read_catalogue(self.connection).tables}
        rows: dict[str, RowCount] = {
            name: {"before": self.counts.get(name), "after": after.get(name)} for name in {**self.counts, **after}
        }
        event: Event = step.direction
        duration_ms = round((time.perf_counter() - started) * 1000)
        create_history(self.session.db)
        write_fact(
            self.session.db,
            Fact(
                step.revision,
                event,
                step.loaded.revision.checksum,
                duration_ms,
                str(circumstances.backup) if circumstances.backup else None,
                circumstances.rehearsed,
                circumstances.note,
                rows,
            ),
        )
        self.connection.execute(dialect.set_user_version(step.number)).fetchall()
        changed = {name: count for name, count in rows.items() if count["before"] != count["after"]}
        return Applied(step.revision, step.direction, duration_ms, changed, tuple(self.executed))
