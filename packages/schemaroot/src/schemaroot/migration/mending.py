"""The verbs beside up and down: where does it stand, is it what it should be, and how is its history set right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemaroot.backup.create import integrity_problems
from schemaroot.engine import dialect
from schemaroot.engine.database import Database
from schemaroot.engine.marker import find_lost_commits
from schemaroot.errors import SchemarootError
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import read_catalogue
from schemaroot.migration.compare import differences
from schemaroot.migration.errors import RevisionUnknownError, SchemaDriftError, SchemaUnknownError
from schemaroot.migration.history import Fact, HistoryEntry, RowCount, applied, create_history, write_fact
from schemaroot.migration.kept import Kept, kept_rows
from schemaroot.migration.kept import prune as delete_kept
from schemaroot.migration.recorded import replay
from schemaroot.migration.revisions import Revision, Revisions, number_of
from schemaroot.migration.runner import Report, Runner
from schemaroot.migration.state import matching, read_state


@dataclass(frozen=True)
class AppliedRevision:
    """A revision that a database has."""

    revision: str
    event: str
    applied: datetime
    by: str
    backup: str | None


@dataclass(frozen=True)
class Status:
    """Where a database stands.

    Attributes:
        database: its path.
        applied: the revisions that it has, parents first.
        pending: the revisions that it lacks, in the order in which they would run.
        head: the newest revision among the files.
        problems: what keeps a runner from going on, a sentence each.
    """

    database: str
    applied: tuple[AppliedRevision, ...]
    pending: tuple[str, ...]
    head: str
    problems: tuple[str, ...]

    @property
    def current(self) -> str:
        """The newest revision that the database has, or nothing."""
        return self.applied[-1].revision if self.applied else ""


def status(runner: Runner, *, whole: bool = False) -> Status:
    """Where the database stands; a fault of the history is told, not raised.

    Args:
        runner: whose database.
        whole: also whether an `up` could begin: is the file damaged, is a schema without history that of a revision?

    Raises:
        DatabaseMissingError and the like when the file cannot be read, RevisionError when the files cannot.
    """
    revisions = runner.migrations.revisions()
    problems: list[str] = []
    head = ""
    try:
        head = revisions.head.id if revisions.head is not None else ""
    except SchemarootError as error:
        problems.append(str(error))
    with runner.open(revisions, read_only=True) as db:
        try:
            state = read_state(db, revisions)
        except SchemarootError as error:
            problems.append(str(error))
            state = read_state(db, revisions, strict=False)
        if whole:
            if not runner.migrations.folder.is_dir():
                problems.append(f"The folder of the revisions, {runner.migrations.folder}, is not there.")
            problems += _hindrances(runner, revisions, db, has_history=state.has_history)
    has = applied(state.entries)
    known = tuple(
        AppliedRevision(name, entry.event, entry.applied, entry.by, entry.backup) for name, entry in has.items()
    )
    pending = tuple(one.id for one in revisions.ordered if one.id not in state.names)
    return Status(str(runner.path), known, pending, head, tuple(problems))


def _hindrances(runner: Runner, revisions: Revisions, db: Database, *, has_history: bool) -> list[str]:
    """What an `up` would refuse beside faults of the history."""
    connection = db.pool.take()
    try:
        found = [f"The file is damaged: {problem}" for problem in integrity_problems(connection)]
        if not found and not has_history:
            recorded = replay([one.load() for one in revisions.ordered], driver=runner.driver)
            number, differs = matching(read_catalogue(connection), revisions.ordered, recorded)
            if differs:
                found.append(str(SchemaUnknownError(str(runner.path), revisions.ordered[number - 1].id, differs)))
    except SchemarootError as error:
        return [str(error)]
    finally:
        db.pool.give(connection)
    return found


def history(runner: Runner) -> tuple[HistoryEntry, ...]:
    """The ledger, oldest line first."""
    revisions = runner.migrations.revisions()
    with runner.open(revisions, read_only=True) as db:
        return read_state(db, revisions, strict=False).entries


@dataclass
class Verdict:
    """What a comparison of a live database with its recorded state found; nothing when all is well."""

    revision: str
    problems: list[str] = field(default_factory=list[str])


def verify(runner: Runner) -> Verdict:
    """Holds the live schema against what its revisions made, and asks SQLite whether the file is whole."""
    revisions = runner.migrations.revisions()
    with runner.open(revisions, read_only=True) as db:
        try:
            state = read_state(db, revisions)
        except SchemarootError as error:
            return Verdict("", [error.message])
        connection = db.pool.take()
        try:
            recorded = replay([one.load() for one in state.applied], driver=runner.driver)[-1]
            wanted = runner.migrations.with_found(recorded)
            verdict = Verdict(state.head, differences(wanted, read_catalogue(connection)))
            verdict.problems += integrity_problems(connection)
            lost = find_lost_commits(runner.path, connection)
            if lost is not None:
                verdict.problems.append(str(lost))
            if not state.has_history:
                verdict.problems.append("the database has no history")
        finally:
            db.pool.give(connection)
    return verdict


def stamp(runner: Runner, wanted: str, *, reason: str, force: bool = False) -> Report:
    """Says that a database stands at a revision, without running anything; `base` for none.

    Args:
        runner: whose database.
        wanted: the revision.
        reason: why, for the ledger.
        force: also where the schema is not what that revision makes.

    Raises:
        SchemaDriftError: the schema is another; nothing was written.
    """
    revisions = runner.migrations.revisions()
    some = () if wanted == "base" else revisions.ancestors(revisions.named(wanted).id)
    report = Report()
    with runner.working(revisions, report) as session:
        said = [] if force else _unlike(runner, revisions, some, read_catalogue(session.connection))
        if said:
            raise SchemaDriftError(wanted, said, runner.migrations.command)
        has = applied(read_state(session.db, revisions, strict=False).entries)
        comes = [one for one in some if one.id not in has]
        goes = [entry for name, entry in has.items() if name not in {one.id for one in some}]
        with session.revision_transaction():
            create_history(session.db)
            for entry in goes:
                write_fact(session.db, Fact(entry.revision, "unstamp", entry.checksum, note=reason))
            for one in comes:
                write_fact(session.db, Fact(one.id, "stamp", one.checksum, note=reason))
            session.connection.execute(dialect.set_user_version(number_of(some))).fetchall()
    return report


def _unlike(runner: Runner, revisions: Revisions, some: Sequence[Revision], live: Catalogue) -> list[str]:
    """How a schema differs from what some revisions make; a table that only the others make is too much."""
    recorded = replay([one.load() for one in some], driver=runner.driver)[-1]
    others = replay([one.load() for one in revisions.ordered], driver=runner.driver)
    gone = {name: None for state in others for name in state.tables if name not in recorded.tables}
    return differences(recorded, live, gone=list(gone))


def repair(runner: Runner, wanted: str, *, reason: str) -> str:
    """Accepts what a runner refuses about one revision, with a line in the ledger that says why.

    A file that was edited after it was applied is taken as it is now. A revision without a file is let go: the schema
    stays as it is, and what follows is compared with it.

    Args:
        runner: whose database.
        wanted: the revision, whole.
        reason: why, for the ledger.

    Returns:
        What was accepted, in a sentence.
    """
    revisions = runner.migrations.revisions()
    # A database whose newest file is gone looks like that of a newer program.
    with runner.working(revisions, Report(), newer=wanted not in revisions.by_id) as session:
        entry = applied(read_state(session.db, revisions, strict=False).entries).get(wanted)
        if entry is None:
            raise RevisionUnknownError(wanted, list(applied(read_state(session.db, revisions, strict=False).entries)))
        revision: Revision | None = revisions.by_id.get(wanted)
        with session.revision_transaction():
            if revision is None:
                write_fact(session.db, Fact(wanted, "unstamp", entry.checksum, note=reason))
                number = number_of(read_state(session.db, revisions, strict=False).applied)
                session.connection.execute(dialect.set_user_version(number)).fetchall()
                return f"{wanted} is no longer counted as applied."
            if revision.checksum == entry.checksum:
                return f"{wanted} is as it was applied; nothing to repair."
            write_fact(session.db, Fact(wanted, "repair", revision.checksum, note=reason))
            return f"{wanted} is accepted as its file is now."


def prune(
    runner: Runner, revisions: Sequence[str] = (), *, reason: str, older_than: datetime | None = None
) -> dict[str, int]:
    """Deletes what is kept for the way back, on purpose; after that `down` gives defaults, and says so.

    Args:
        runner: whose database.
        revisions: what these revisions keep, by their names or the beginnings of them; all when left out.
        reason: why, for the ledger.
        older_than: only what is kept since before this moment.

    Returns:
        The side tables that are gone, each with the number of its rows; nothing is written where there are none.

    Raises:
        RevisionUnknownError: a name that neither a file nor anything kept has; nothing was deleted.
    """
    files = runner.migrations.revisions()
    gone: dict[str, int] = {}
    with runner.working(files, Report()) as session, session.revision_transaction():
        there = kept_rows(session.connection)
        names = {one.revision for one in there}
        wanted = [name if name in names else files.named(name).id for name in revisions] if revisions else sorted(names)
        entries = applied(read_state(session.db, files, strict=False).entries)
        for name in wanted:
            deleted = delete_kept(session.connection, revision=name, older_than=older_than)
            if not deleted:
                continue
            rows: dict[str, RowCount] = {one.side: {"before": one.rows, "after": 0} for one in deleted}
            gone.update({one.side: one.rows for one in deleted})
            checksum = entries[name].checksum if name in entries else _checksum(files.by_id.get(name))
            write_fact(session.db, Fact(name, "prune", checksum, note=reason, rows=rows))
    return gone


def kept(runner: Runner) -> list[Kept]:
    """What is kept for the way back, in the order in which it came."""
    with runner.open(runner.migrations.revisions(), read_only=True) as db:
        connection = db.pool.take()
        try:
            return kept_rows(connection)
        finally:
            db.pool.give(connection)


def _checksum(revision: Revision | None) -> str:
    return revision.checksum if revision is not None else ""
