"""Takes a database from one revision to another, forwards or back, in an order in which nothing can be lost.

    runner = Runner(Migrations(folder=Path("migrations/versions"), tables=TABLES), Path("shop.db"))
    runner.up()
    runner.down(steps=1)

Lock, history, checksums, drift, space, a verified backup, a rehearsal on a copy; then each revision in a transaction of
its own, checked before it commits.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from schemaroot.backup.create import (
    create_backup,
    driver_errors_told,
    give_name,
    integrity_problems,
    release_backup,
    remove_leftovers,
    sync_folder,
)
from schemaroot.backup.errors import BackupNotVerifiedError, NotEnoughSpaceError
from schemaroot.backup.manifest import AFTER_NOTHING, BEFORE_MIGRATION, Backup
from schemaroot.engine.database import Database
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.engine.files import Identity, backup_folder, newest_backup
from schemaroot.engine.interrupts import interruptible
from schemaroot.errors import DamagedDatabaseError
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import INTERNAL_NAMES, read_catalogue
from schemaroot.migration.apply import Applied, Circumstances, Clock, Direction, Step, apply_step, refuse_dangers
from schemaroot.migration.compare import differences
from schemaroot.migration.errors import RevisionUnknownError, SchemaDriftError, SchemaUnknownError
from schemaroot.migration.fence import Fence
from schemaroot.migration.history import Event, Fact, applied, create_history, write_fact
from schemaroot.migration.kept import kept_rows
from schemaroot.migration.lock import migration_lock
from schemaroot.migration.pruned import lost_by_squash, lost_on_the_way_down
from schemaroot.migration.recorded import replay
from schemaroot.migration.rehearse import rehearse, remove_rehearsals
from schemaroot.migration.revisions import Migrations, Revision, Revisions, number_of
from schemaroot.migration.session import Session
from schemaroot.migration.state import State, leaving, matching, pending, read_state
from schemaroot.migration.watch import SILENT, Watcher

SPARE_BYTES = 8 * 1024 * 1024
"""What is left free beside what a migration needs."""

NEWEST = 2**31 - 1
"""The highest number of a schema that a file's header holds."""


@dataclass(frozen=True)
class Options:
    """What a run leaves out or does beyond the usual. What is left out stands in the ledger.

    Attributes:
        backup: whether a backup is made before.
        backup_each: whether one is made before each revision.
        rehearse: whether all is tried on a copy first.
        allow: codes of findings that are meant, beside those that the revisions allow themselves.
    """

    backup: bool = True
    backup_each: bool = False
    rehearse: bool = True
    allow: Sequence[str] = ()

    @property
    def note(self) -> str:
        """What the ledger says of them."""
        left = ["no backup"] if not self.backup else []
        left += ["no rehearsal"] if not self.rehearse else []
        left += [f"allowed {', '.join(self.allow)}"] if self.allow else []
        return ", ".join(left)


@dataclass(frozen=True)
class Space:
    """The room on the disk that a run needs, in bytes.

    Attributes:
        log: what the write-ahead log grows by.
        backup: the backup.
        rehearsal: the copy that the rehearsal runs on, with its log.
        spare: what is left free besides.
    """

    log: int
    backup: int
    rehearsal: int
    spare: int = SPARE_BYTES

    @property
    def total(self) -> int:
        """All of it."""
        return self.log + self.backup + self.rehearsal + self.spare


def space_needed(path: Path, options: Options) -> Space:
    """The room that a run on a database needs beside it."""
    size = sum(one.stat().st_size for one in (path, Path(f"{path}-wal")) if one.exists())
    return Space(size, size * int(options.backup), 2 * size * int(options.rehearse))


@dataclass
class Report:
    """What a run did.

    Attributes:
        applied: the revisions, in the order in which they went.
        adopted: revisions whose schema was there before its history.
        created: whether the file was created.
        backups: the backups that were made.
        spent: seconds of each kind of work.
    """

    applied: list[Applied] = field(default_factory=list[Applied])
    adopted: list[str] = field(default_factory=list[str])
    created: bool = False
    backups: list[Path] = field(default_factory=list[Path])
    spent: dict[str, float] = field(default_factory=dict[str, float])


class Runner:
    """Runs the migrations of one database file.

    Args:
        migrations: what they are.
        path: the database file, or a link to it: the lock lies beside the file, the backups beside the link.
        driver: which driver opens it.
        watcher: hears of the work.
        timeout_ms: how long to wait for a lock of SQLite's, in milliseconds.
        lock_timeout_s: how long to wait for another runner, in seconds.
        on_statement: is told each statement before it runs, and its operation; for tests.
    """

    def __init__(
        self,
        migrations: Migrations,
        path: Path,
        *,
        driver: DriverName = "apsw",
        watcher: Watcher = SILENT,
        timeout_ms: float = 5000,
        lock_timeout_s: float = 600,
    ) -> None:
        self.migrations: Migrations = migrations
        self.path: Path = path.absolute()
        self.driver: DriverName = driver
        self.watcher: Watcher = watcher
        self.timeout_ms: float = timeout_ms
        self.lock_timeout_s: float = lock_timeout_s

    # --- going ----------------------------------------------------------------------------------------------------

    def up(
        self,
        to: str = "head",
        *,
        steps: int | None = None,
        options: Options = Options(),
        create: bool = False,
    ) -> Report:
        """Applies the revisions that are missing, up to and with `to`.

        Args:
            to: a revision, the beginning of its name, or `head`.
            steps: at most so many revisions.
            options: what is left out, or done beyond the usual.
            create: whether a file that is not there is created.

        Raises:
            DatabaseMissingError, MigrationError, DatabaseError, BackupError: one clear error; nothing was changed, but
                revisions that were applied before the one that failed stay.
        """
        revisions = self.migrations.revisions()
        if revisions.head is None:
            raise RevisionUnknownError(to, [], folder=self.migrations.folder)
        wanted = revisions.named(to)
        report = Report()
        with self.working(revisions, report, create=create) as session:
            state = self._state(session, revisions, report)
            self._go(session, state, pending(revisions, state, wanted.id, steps), "up", options, report)
        return report

    def down(
        self,
        to: str | None = None,
        *,
        steps: int | None = None,
        options: Options = Options(),
    ) -> Report:
        """Takes revisions back, the newest first; what they had dropped comes back from their side tables.

        Args:
            to: the revision to stand at afterwards; `base` for none.
            steps: so many revisions; one where neither is said.
            options: what is left out, or done beyond the usual.

        Raises:
            As `up`.
        """
        revisions = self.migrations.revisions()
        report = Report()
        with self.working(revisions, report) as session:
            state = self._state(session, revisions, report)
            self._go(session, state, leaving(revisions, state, to, steps), "down", options, report)
        return report

    # --- opening --------------------------------------------------------------------------------------------------

    def open(self, revisions: Revisions, *, read_only: bool = False, newer: bool = False) -> Database:
        """The database; another program's file, and one that is newer than the revisions, are refused untouched.

        With `newer`, one that is newer is not refused.
        """
        identity = self._identity(NEWEST if newer else number_of(revisions.ordered))
        return Database.open(
            f"sqlite:///{self.path}",
            identity=identity,
            driver=self.driver,
            read_only=read_only,
            readers=2,
            timeout_ms=self.timeout_ms,
        )

    def _identity(self, number: int) -> Identity | None:
        marked = self.migrations.application_id
        return None if marked is None else Identity(marked, number)

    @contextmanager
    def working(
        self, revisions: Revisions, report: Report, *, create: bool = False, newer: bool = False
    ) -> Generator[Session]:
        """The lock, and the database opened for migrating; a file that was created goes when nothing comes of it.

        With `newer` also a database that is newer than the revisions.
        """
        if not create and not self.path.exists():
            self.open(revisions).close()  # raises what is wrong
        with (
            interruptible(),
            driver_errors_told(driver_named(self.driver), self.path),
            migration_lock(self.path.resolve(), timeout_s=self.lock_timeout_s, say=self.watcher.say),
        ):
            self._remove_leftovers()
            if create and not self.path.exists():
                report.created = True
                self._create()
            try:
                with Session(self.open(revisions, newer=newer), timeout_ms=self.timeout_ms) as session:
                    yield session
            except BaseException:
                if report.created and not report.applied:
                    _remove_database(self.path)
                if not report.applied:
                    for path in report.backups:
                        release_backup(path, AFTER_NOTHING)
                raise

    @property
    def _unfinished(self) -> Path:
        """Where a database is created: it gets its name when it is whole, so that a kill leaves it or none."""
        return self.path.with_name(f"{self.path.name}.new")

    def _create(self) -> None:
        unfinished = self._unfinished
        Database.create(f"sqlite:///{unfinished}", [], identity=self._identity(0), driver=self.driver).close()
        give_name(unfinished, self.path)
        sync_folder(self.path.parent)
        unfinished.unlink(missing_ok=True)

    def _remove_leftovers(self) -> None:
        """Removes what a run that was killed left; whoever holds the lock is the only one at work here."""
        _remove_database(self._unfinished)
        folder = backup_folder(self.path)
        if folder.is_dir():
            remove_rehearsals(folder)
            remove_leftovers(folder)

    # --- where it stands --------------------------------------------------------------------------------------------

    def _state(self, session: Session, revisions: Revisions, report: Report) -> State:
        """Where the database stands; a schema that was there before its history is taken in, a squash is noted."""
        state = read_state(session.db, revisions)
        if state.superseded:
            self._note_squashes(session, revisions, state)
            state = read_state(session.db, revisions)
        if state.has_history or report.created:
            return state
        with Fence().around(session.connection):
            recorded = replay([one.load() for one in revisions.ordered], driver=self.driver)
        number, differs = matching(read_catalogue(session.connection), revisions.ordered, recorded)
        if differs:
            raise SchemaUnknownError(str(self.path), revisions.ordered[number - 1].id, differs)
        if number:
            adopted = revisions.ordered[:number]
            self.enter(session, adopted, "adopt", number_of(adopted))
            report.adopted += [one.id for one in adopted]
            self.watcher.say(f"The schema is that of {adopted[-1].id}; its history begins here.")
        return read_state(session.db, revisions)

    def _note_squashes(self, session: Session, revisions: Revisions, state: State) -> None:
        """Writes that squashed revisions stand from now on for those that the database has; the schema is the same."""
        from schemaroot.engine import dialect

        has = applied(state.entries)
        with session.revision_transaction():
            for name, old in state.superseded.items():
                for gone in old:
                    if gone in has:
                        fact = Fact(gone, "unstamp", has[gone].checksum, note=f"{name} stands for it")
                        write_fact(session.db, fact)
                note = f"stands for {', '.join(old)}"
                write_fact(session.db, Fact(name, "squash", revisions.by_id[name].checksum, note=note))
            number = number_of(state.applied)
            session.connection.execute(dialect.set_user_version(number)).fetchall()
        for name, old in state.superseded.items():
            self.watcher.say(f"{name} stands for {len(old)} revisions that the database has.")
            for finding in lost_by_squash(kept_rows(session.connection), name, old, self.migrations.command):
                self.watcher.say(f"{finding}. {finding.safer}")

    def enter(self, session: Session, some: Sequence[Revision], event: Event, number: int, note: str = "") -> None:
        """Writes lines into the ledger that stand for no work, in one transaction."""
        from schemaroot.engine import dialect

        with session.revision_transaction():
            create_history(session.db)
            for revision in some:
                write_fact(session.db, Fact(revision.id, event, revision.checksum, note=note))
            session.connection.execute(dialect.set_user_version(number)).fetchall()

    def _go(
        self,
        session: Session,
        state: State,
        some: Sequence[Revision],
        direction: Direction,
        options: Options,
        report: Report,
    ) -> None:
        if not some:
            return
        if direction == "down":
            for finding in (one for gone in some for one in lost_on_the_way_down(state.entries, gone.id)):
                self.watcher.say(str(finding))
        with Fence().around(session.connection):
            steps, numbers = self._steps(state, some, direction)
        self._refuse_drift(session, state, steps[0].before)
        is_empty = (
            not read_catalogue(session.connection, internal=True).tables.keys() - INTERNAL_NAMES
        )  # side tables hold rows
        clock = Clock()
        if is_empty:
            options = replace(options, backup=False, rehearse=False)
        self._require_space(options)
        circumstances = Circumstances(
            self.watcher,
            clock,
            self.migrations.invariants,
            note="" if is_empty else options.note,
            allow=tuple(options.allow),
        )
        refuse_dangers(session, steps[0], circumstances)
        if options.backup and not options.backup_each:
            backup = self._back_up(session, state.head, clock, report)
            circumstances = replace(circumstances, backup=backup.path)
        if options.rehearse:
            with clock.measure("rehearsal"):
                rehearse(session, steps, numbers, circumstances)
            circumstances = replace(circumstances, rehearsed=True)
        for place, step in enumerate(steps):
            if options.backup and options.backup_each:
                backup = self._back_up(session, steps[place - 1].revision if place else state.head, clock, report)
                circumstances = replace(circumstances, backup=backup.path)
            self.watcher.progress("revisions", place, len(steps))
            report.applied.append(apply_step(session, step, circumstances))
        self.watcher.progress("revisions", len(steps), len(steps))
        report.spent.update(clock.spent)

    def _steps(self, state: State, some: Sequence[Revision], direction: Direction) -> tuple[list[Step], list[int]]:
        """The steps, and the schema number before each."""
        have = [one for one in state.applied if one not in some] if direction == "down" else list(state.applied)
        chain = [*have, *(reversed(some) if direction == "down" else some)]
        loaded = [one.load() for one in chain]
        recorded = replay(loaded, driver=self.driver)
        first = len(have)
        places = range(first, len(chain)) if direction == "up" else reversed(range(first, len(chain)))
        steps: list[Step] = []
        numbers: list[int] = []
        for place in places:
            low, high = recorded[place], recorded[place + 1]
            below, above = number_of(chain[:place]), number_of(chain[: place + 1])
            if direction == "up":
                steps.append(Step(loaded[place], "up", low, high, above))
                numbers.append(below)
            else:
                steps.append(Step(loaded[place], "down", high, low, below))
                numbers.append(above)
        return steps, numbers

    def _refuse_drift(self, session: Session, state: State, recorded: Catalogue) -> None:
        said = differences(recorded, read_catalogue(session.connection), undeclared=False)
        if said and state.applied:
            raise SchemaDriftError(state.head, said, self.migrations.command)

    def _require_space(self, options: Options) -> None:
        """Refuses before anything is written when the copies and the log would not fit."""
        needed = space_needed(self.path, options).total
        found = os.statvfs(self.path.parent)
        free = found.f_bavail * found.f_frsize
        if free < needed:
            raise NotEnoughSpaceError(self.path.parent, needed, free)

    def _back_up(self, session: Session, revision: str, clock: Clock, report: Report) -> Backup:
        try:
            with clock.measure("backup"):
                backup = create_backup(
                    session.connection,
                    reason=BEFORE_MIGRATION,
                    database=self.path,
                    revision=revision or None,
                    progress=lambda done, total: self.watcher.progress("backup", done, total),
                    messages=self.watcher.say,
                )
        except BackupNotVerifiedError as error:
            if not integrity_problems(session.connection):
                raise
            problem = "; ".join(dict.fromkeys(error.problems))
            raise DamagedDatabaseError(self.path, problem, backup=newest_backup(self.path)) from error
        report.backups.append(backup.path)
        return backup


def _remove_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
