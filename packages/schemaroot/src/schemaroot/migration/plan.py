"""What would a run do to this database? Operations, SQL, dangers, rows, time and space, found without changing it.

    found = plan(runner)
    for revision in found.revisions:
        print(revision.revision, revision.operations, revision.duration)

The SQL is what runs: each revision is gone through both ways on an empty database in memory. Rows are those of the
database, which is only read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from schemaroot.engine.database import Database
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import read_catalogue
from schemaroot.migration.apply import Direction
from schemaroot.migration.describe import describe
from schemaroot.migration.draft import Ask, Draft, draft
from schemaroot.migration.errors import RevisionUnknownError, SchemaUnknownError
from schemaroot.migration.execute import Executed
from schemaroot.migration.history import HistoryEntry
from schemaroot.migration.lint import Dialect, Finding, allowed, lint
from schemaroot.migration.live import LiveRows
from schemaroot.migration.operations import (
    CreateIndex,
    CreateSearch,
    DataStep,
    DropTable,
    Operation,
)
from schemaroot.migration.pruned import lost_on_the_way_down
from schemaroot.migration.recorded import replay
from schemaroot.migration.revisions import LoadedRevision, Migrations, Revision, Revisions
from schemaroot.migration.runner import Options, Runner, Space, space_needed
from schemaroot.migration.scratch import Scratch, Tried
from schemaroot.migration.state import State, leaving, matching, pending, read_state
from schemaroot.migration.write import next_name, revision_source

Duration = Literal["instant", "seconds", "minutes", "hours"]
"""How long something is expected to take: below a second, a minute, an hour, or longer."""

_LIMITS: Sequence[tuple[float, Duration]] = ((1, "instant"), (60, "seconds"), (3600, "minutes"))

# Seconds, measured on one core of a virtual machine with `Runner.up` over rebuilds of 200,000 rows of 41 and of 1,200
# bytes: 0.6 s and 7.3 s in the transaction, 4.5 s and 43.9 s for the run with its backup and rehearsal.
_CHECK_ROW, _CHECK_BYTE = 1.2e-6, 1.6e-8
_TOUCH_ROW, _TOUCH_BYTE = 0.8e-6, 1.2e-8
_BACKUP_BYTE = 1.2e-8
_REHEARSAL_TIMES = 4
"""A rehearsal goes three times through the revisions, and digests everything in between."""

_USUAL = Options()

SAMPLE_ROWS = 1000
"""Rows of a table whose length stands for that of all."""

How = Literal["copied", "dropped", "changed", "indexed"]


@dataclass(frozen=True)
class Touched:
    """Rows that an operation goes over.

    Attributes:
        table: whose.
        how: `copied` into the table's new form, `dropped` (and kept in a side table), `changed` by a data step (at
            most so many), or read for an index (`indexed`).
        rows: how many there are now; `None` where an earlier revision decides it.
    """

    table: str
    how: How
    rows: int | None


@dataclass(frozen=True)
class RevisionPlan:
    """What one revision would do.

    Attributes:
        revision, message: its name, and the first line of its text.
        operations: its operations in words, in order.
        sql_up, sql_down: the statements that change something, there and back; those of SQLite are what runs.
        findings: what is dangerous about it on this database.
        allowed: the codes of findings that the file says it means, each with its reason.
        touched: the rows that it goes over.
        rebuilds: the tables that are made anew.
        no_way_back: why its downgrade does not lead back; empty where it does.
        duration: how long its transaction is expected to take, during which nobody else can write.
    """

    revision: str
    message: str
    operations: tuple[str, ...]
    sql_up: tuple[str, ...]
    sql_down: tuple[str, ...]
    findings: tuple[Finding, ...]
    allowed: Mapping[str, str]
    touched: tuple[Touched, ...]
    rebuilds: tuple[str, ...]
    no_way_back: str
    duration: Duration

    @property
    def refused(self) -> tuple[Finding, ...]:
        """The findings that would keep a runner from starting."""
        return tuple(one for one in self.findings if one.severity == "error" and one.code not in self.allowed)


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes:
        database: the file; empty for a plan without one.
        direction: which way.
        current: the newest revision that the database has, or nothing.
        revisions: what each would do, in the order in which they run; none when there is nothing to do.
        space: the room that the run needs on the disk, in bytes.
        free: the room that there is, in bytes; `None` for a plan without a database.
        duration: how long the whole run is expected to take, backup and rehearsal included.
    """

    database: str
    direction: Direction
    current: str
    revisions: tuple[RevisionPlan, ...] = ()
    space: Space = field(default=Space(0, 0, 0, 0))
    free: int | None = None
    duration: Duration = "instant"

    def to_json(self) -> dict[str, Any]:
        """Everything as what JSON can say."""
        said = asdict(self)
        said["space"]["total"] = self.space.total
        return said


def plan(
    runner: Runner,
    to: str | None = None,
    *,
    steps: int | None = None,
    direction: Direction = "up",
    options: Options = _USUAL,
    dialect: Dialect = "sqlite",
) -> Plan:
    """What `up` or `down` would do; the database is only read.

    Args:
        runner: whose database.
        to, steps: as in `Runner.up` (where nothing means `head`) and `Runner.down`.
        direction: which way.
        options: what the run would leave out.
        dialect: whose SQL is shown, and whose rules of locking count.

    Raises:
        DatabaseMissingError, MigrationError: as the run would, where it stands otherwise than the files say.
    """
    revisions = runner.migrations.revisions()
    if revisions.head is None:
        raise RevisionUnknownError(to or "head", [], folder=runner.migrations.folder)
    with runner.open(revisions, read_only=True) as db:
        live, state = _look(runner, db, revisions)
        if direction == "up":
            some = pending(revisions, state, revisions.named(to or "head").id, steps)
        else:
            some = leaving(revisions, state, to, steps)
        loaded = [one.load() for one in some]
        below = [one.load() for one in state.applied if one not in some]
        planned = _Planning(live, db, runner.path.stat().st_size, direction, state.entries, dialect)
        order = loaded if direction == "up" else list(reversed(loaded))
        tried = _tried(below, order, runner)
        found = tuple(planned.revision(one, *tried[one.revision.id]) for one in loaded)
    return _whole(runner, state.head, found, planned, direction, options)


def plan_draft(
    migrations: Migrations,
    message: str = "draft",
    *,
    runner: Runner | None = None,
    dropped: Sequence[str] = (),
    ask: Ask | None = None,
    dialect: Dialect = "sqlite",
) -> Plan:
    """What the revision that `new` would write would do; nothing is written.

    Args:
        migrations, dropped, ask: as in `draft`.
        message: as in `new`.
        runner: whose database is looked at for rows; without it only what needs no rows is found.
        dialect: as in `plan`.

    Raises:
        RenameUnclearError, RevisionHeadsError: as `new`.
    """
    revisions = migrations.revisions()
    drafted = draft(migrations, dropped=dropped, ask=ask)
    if not drafted.upgrade:
        return Plan(str(runner.path) if runner else "", "up", "")
    loaded = _drafted(migrations, revisions, drafted, message)
    chain = [one.load() for one in revisions.ordered]
    if runner is None:
        tried = _tried_alone(chain, loaded)
        planned = _Planning(tried[0], None, 0, "up", dialect=dialect)
        return Plan("", "up", "", (planned.revision(loaded, *tried),))
    with runner.open(revisions, read_only=True) as db:
        live, state = _look(runner, db, revisions)
        missing = [one.load() for one in revisions.ordered if one.id not in state.names]
        planned = _Planning(live, db, runner.path.stat().st_size, "up", dialect=dialect)
        tries = _tried([one.load() for one in state.applied], [*missing, loaded], runner)
        for one in missing:
            planned.go_past(tries[one.revision.id][1].up)
        found = (planned.revision(loaded, *tries[loaded.revision.id]),)
    return _whole(runner, state.head, found, planned, "up", _USUAL)


def _drafted(migrations: Migrations, revisions: Revisions, drafted: Draft, message: str) -> LoadedRevision:
    name = next_name(revisions, message)
    parents = (revisions.head.id,) if revisions.head is not None else ()
    source = revision_source(name, message, drafted.upgrade, drafted.downgrade, parents=parents)
    return Revision(name, parents, (), migrations.folder / f"{name}.py", source.encode(), message).load()


def _look(runner: Runner, db: Database, revisions: Revisions) -> tuple[Catalogue, State]:
    """The live schema, and where the database stands, a schema without history taken for what it equals."""
    connection = db.pool.take()
    try:
        live = read_catalogue(connection)
    finally:
        db.pool.give(connection)
    state = read_state(db, revisions)
    if state.has_history:
        return live, state
    recorded = replay([one.load() for one in revisions.ordered], driver=runner.driver)
    number, differs = matching(live, revisions.ordered, recorded)
    if differs:
        raise SchemaUnknownError(str(runner.path), revisions.ordered[number - 1].id, differs)
    return live, State(False, (), revisions.ordered[:number], {})


def _tried(
    below: Sequence[LoadedRevision], some: Sequence[LoadedRevision], runner: Runner
) -> dict[str, tuple[Catalogue, Tried]]:
    """The schema before each of some revisions, and what it does, by its name."""
    found: dict[str, tuple[Catalogue, Tried]] = {}
    with Scratch(runner.driver) as scratch:
        for loaded in below:
            scratch.run(loaded)
        for loaded in some:
            found[loaded.revision.id] = scratch.catalogue(), scratch.try_both_ways(loaded)
            scratch.run(loaded)
    return found


def _tried_alone(chain: Sequence[LoadedRevision], loaded: LoadedRevision) -> tuple[Catalogue, Tried]:
    with Scratch() as scratch:
        for one in chain:
            scratch.run(one)
        return scratch.catalogue(), scratch.try_both_ways(loaded)


def _whole(
    runner: Runner,
    current: str,
    found: tuple[RevisionPlan, ...],
    planned: _Planning,
    direction: Direction,
    options: Options,
) -> Plan:
    if not found:
        return Plan(str(runner.path), direction, current)
    room = os.statvfs(runner.path.parent)
    seconds = planned.seconds * (1 + _REHEARSAL_TIMES * int(options.rehearse))
    seconds += planned.bytes * _BACKUP_BYTE * int(options.backup) * (len(found) if options.backup_each else 1)
    return Plan(
        str(runner.path),
        direction,
        current,
        found,
        space_needed(runner.path, options),
        room.f_bavail * room.f_frsize,
        duration_of(seconds),
    )


def duration_of(seconds: float) -> Duration:
    """The class of an expected time."""
    for limit, name in _LIMITS:
        if seconds < limit:
            return name
    return "hours"


class _Planning:
    """Goes through revisions with the rows of a database in sight.

    Attributes:
        bytes: the size of the database.
        seconds: how long all transactions so far are expected to take.
    """

    def __init__(
        self,
        live: Catalogue,
        db: Database | None,
        size: int,
        direction: Direction,
        entries: Sequence[HistoryEntry] = (),
        dialect: Dialect = "sqlite",
    ) -> None:
        self.bytes = size
        self.seconds = 0.0
        self._db = db
        self._live = live
        self._direction = direction
        self._entries = entries
        self._dialect: Dialect = dialect
        self._rows = LiveRows(live, db)
        self._counted = {name: self._rows.count(name) for name in live.tables}
        self._lengths: dict[str, float] = {}

    def revision(self, loaded: LoadedRevision, before: Catalogue, tried: Tried) -> RevisionPlan:
        """What the next revision would do."""
        revision = loaded.revision
        executed = tried.up if self._direction == "up" else tried.down
        operations = [one.operation for one in executed]
        findings = list(self._findings(revision.id, operations, before, tried))
        touched = tuple(self._touched(executed))
        seconds = sum(_seconds(one.rows or 0, self._length(one.table)) for one in touched)
        seconds += sum(rows or 0 for rows in self._counted.values()) * _CHECK_ROW + self.bytes * _CHECK_BYTE
        self.seconds += seconds
        return RevisionPlan(
            revision.id,
            revision.message,
            tuple(map(describe, operations)),
            self._sql(tried.up),
            self._sql(tried.down),
            tuple(findings),
            allowed(revision.source),
            touched,
            tuple(dict.fromkeys(one.table for one in touched if one.how == "copied")),
            tried.no_way_back,
            duration_of(seconds),
        )

    def _sql(self, executed: Sequence[Executed]) -> tuple[str, ...]:
        if self._dialect == "postgresql":
            from schemaroot.migration.postgresql import render_postgresql  # as a rule nobody asks for it

            return tuple(sql for one in executed for sql in render_postgresql(one.operation))
        return tuple(sql for one in executed for sql in one.statements)

    def go_past(self, executed: Sequence[Executed]) -> None:
        """Goes past a revision that is not planned itself."""
        self._rows.follow(one.operation for one in executed)

    def _findings(
        self, revision: str, operations: Sequence[Operation], before: Catalogue, tried: Tried
    ) -> Iterator[Finding]:
        if self._direction == "down":
            yield from lost_on_the_way_down(self._entries, revision)
            return
        for one in lint(operations, before, rows=self._rows, dialect=self._dialect):
            yield Finding(one.code, one.severity, one.where, one.message, one.safer, revision)
        if tried.no_way_back:
            yield Finding(
                "NO_WAY_BACK",
                "warning",
                revision,
                f"its downgrade does not lead back: {tried.no_way_back}",
                "# undo in downgrade() what upgrade() does, the last operation first",
                revision,
            )

    def _touched(self, executed: Sequence[Executed]) -> Iterator[Touched]:
        for one in executed:
            match one.operation:
                case DropTable(name=name):
                    yield Touched(name, "dropped", self._rows.count(name))
                case CreateIndex(index=index):
                    yield Touched(index.table, "indexed", self._rows.count(index.table))
                case CreateSearch(table=table):
                    yield Touched(table, "indexed", self._rows.count(table))
                case DataStep(tables=tables):
                    for table in tables:
                        yield Touched(table, "changed", self._rows.count(table))
                case _ if one.rebuilt:
                    for table in one.tables:
                        yield Touched(table, "copied", self._rows.count(table))
                case _:
                    pass
            self._rows.follow([one.operation])

    def _length(self, table: str) -> float:
        """The mean length of a row in bytes, by the first rows of the table in the database."""
        definition = self._live.tables.get(table)
        if self._db is None or definition is None:
            return 0.0
        if table not in self._lengths:
            parts = [
                sa.func.coalesce(sa.func.length(sa.cast(sa.column(column.name), sa.BLOB)), 0)
                for column in definition.columns
                if column.generated is None
            ]
            length = sum(parts[1:], parts[0]) if parts else sa.literal(0)
            sample = sa.select(length.label("bytes")).select_from(sa.table(table)).limit(SAMPLE_ROWS).subquery()
            mean = self._db.one(sa.select(sa.func.avg(sample.c.bytes)))[0]
            self._lengths[table] = float(mean or 0)
        return self._lengths[table]


def _seconds(rows: int, length: float) -> float:
    return rows * (_TOUCH_ROW + length * _TOUCH_BYTE)
