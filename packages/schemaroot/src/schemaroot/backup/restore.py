"""Brings a backup back: through SQLite's backup API into the live database, or not at all.

    restored = restore_backup(Path("shop.db"), find_backup(Path("shop.db"), "latest"))
    undo_restore(Path("shop.db"))       # and back again

Programs that have the database open go on: a reader sees the old content or the new one. What is replaced is backed up
first, while nobody can write: no committed row is lost, whoever committed it. A file is never put in the place of
another one that somebody has open, for what they write would go nowhere.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemaroot.backup import statements
from schemaroot.backup.create import (
    Messages,
    check_space,
    copy_pages,
    create_backup,
    driver_errors_told,
    give_name,
    make_folder,
    opened,
    partial_file,
    remove_partial_files,
    sync_folder,
)
from schemaroot.backup.digest import Progress
from schemaroot.backup.errors import BackupMissingError, RestoreRefusedError
from schemaroot.backup.holders import PARTS, holders_of, named, writers_of
from schemaroot.backup.manifest import BEFORE_RESTORE, Backup, list_backups
from schemaroot.backup.verify import reading_backup, verify_backup
from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection, Patience
from schemaroot.engine.driver import DriverName
from schemaroot.engine.files import Identity, backup_folder, check_identity
from schemaroot.engine.marker import reset_marker
from schemaroot.errors import (
    DamagedDatabaseError,
    DatabaseLockedError,
    DatabaseMissingError,
    ForeignDatabaseError,
    NotADatabaseError,
)
from schemaroot.schema.values import now


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    Attributes:
        database: the database that holds the backup's content now.
        backup: what was restored.
        previous: the backup of what it took the place of; `None` when there was no database that could be read.
        set_aside: where the files went that were no database.
        outdated: whether the restored database is behind the program, which then must migrate it; nothing does so by
            itself.
        notes: what to know or do next, in sentences.
    """

    database: Path
    backup: Backup
    previous: Backup | None
    set_aside: tuple[Path, ...]
    outdated: bool
    notes: tuple[str, ...]


def restore_backup(
    database: Path,
    backup: Path,
    *,
    identity: Identity | None = None,
    revisions: Sequence[str] | None = None,
    driver: DriverName = "apsw",
    timeout_ms: float = 5000,
    progress: Progress | None = None,
    messages: Messages | None = None,
    clock: Callable[[], datetime] = now,
) -> Restored:
    """Makes a database hold what a backup holds, and backs up first what it held.

    Args:
        database: the database file; one that is missing is made.
        backup: the backup file, with its manifest beside it.
        identity: the program: another one's backup, one from a newer version, and another program's database are
            refused.
        revisions: the migrations that the program knows, the oldest first; a backup at any other is refused.
        driver: what reads and writes; the one that this process uses for that database, if it has it open.
        timeout_ms: how long to wait for the write lock, in milliseconds.
        progress: told rows of what is backed up first, and of how many.
        messages: told what is being done.
        clock: gives the moment for the backup that is made first.

    Raises:
        BackupMissingError, BackupNotVerifiedError: it is no backup, or not what its manifest says.
        ForeignDatabaseError, NewerDatabaseError: backup or database belong to another program or a newer version.
        RestoreRefusedError: somebody holds the write lock, or has a file open that is no database any more.
        NotEnoughSpaceError, ReadOnlyError, DiskFullError: there is no place for it.
        The database is as it was after each of them.
    """
    work = _Restore(database, driver, timeout_ms, progress, messages or _silent, clock)
    work.messages("verifying the backup")
    chosen = verify_backup(backup, driver=driver).require()
    outdated = _check_program(chosen, identity, revisions)
    previous, set_aside = work.run(chosen, identity)
    return Restored(database, chosen, previous, set_aside, outdated, _notes(chosen, previous, set_aside, outdated))


def undo_restore(
    database: Path,
    *,
    identity: Identity | None = None,
    revisions: Sequence[str] | None = None,
    driver: DriverName = "apsw",
    timeout_ms: float = 5000,
    progress: Progress | None = None,
    messages: Messages | None = None,
    clock: Callable[[], datetime] = now,
) -> Restored:
    """Brings back what the last restore took the place of; a second undo undoes the first.

    Arguments and errors are those of `restore_backup`; `BackupMissingError` also when nothing was restored yet.
    """
    before = [found for found in list_backups(database) if found.manifest.reason == BEFORE_RESTORE]
    if not before:
        raise BackupMissingError(backup_folder(database), "nothing was restored that could be undone")
    return restore_backup(
        database,
        before[0].path,
        identity=identity,
        revisions=revisions,
        driver=driver,
        timeout_ms=timeout_ms,
        progress=progress,
        messages=messages,
        clock=clock,
    )


def _silent(_: str) -> None:
    return None


def _check_program(chosen: Backup, identity: Identity | None, revisions: Sequence[str] | None) -> bool:
    """Whether the backup is behind the program; raises when it is ahead of it or of another one."""
    manifest = chosen.manifest
    outdated = False
    if identity is not None:
        check_identity(chosen.path, manifest.application_id, manifest.user_version, identity)
        outdated = manifest.user_version < identity.schema_number
    if revisions is not None and manifest.revision is not None:
        if manifest.revision not in revisions:
            raise RestoreRefusedError(
                chosen.path,
                f"the backup is at {manifest.revision}, which this program does not know",
                hint="Install the version of the program that made it.",
            )
        outdated = outdated or manifest.revision != revisions[-1]
    return outdated


def _notes(chosen: Backup, previous: Backup | None, set_aside: tuple[Path, ...], outdated: bool) -> tuple[str, ...]:
    notes: list[str] = []
    if outdated:
        at = chosen.manifest.revision or chosen.manifest.user_version
        notes.append(f"The database is at {at}, which is older than the program: run `migrate up`.")
    if previous is not None and not previous.manifest.verified:
        notes.append(f"What was there before was damaged; {previous.path} holds as much of it as could be copied.")
    if set_aside:
        notes.append(f"What was there before was no database; it was moved to {set_aside[0].parent}.")
    return tuple(notes)


class _Restore:
    """One restore that is being done."""

    def __init__(
        self,
        database: Path,
        driver: DriverName,
        timeout_ms: float,
        progress: Progress | None,
        messages: Messages,
        clock: Callable[[], datetime],
    ) -> None:
        self.database = database
        self.file: Path = database.resolve()
        """The file itself, where `database` is a link to it; the backups lie beside the link."""
        self.driver: DriverName = driver
        self.timeout_ms = timeout_ms
        self.progress = progress
        self.messages = messages
        self.clock = clock
        self.previous: Backup | None = None

    def run(self, chosen: Backup, identity: Identity | None) -> tuple[Backup | None, tuple[Path, ...]]:
        """Restores; gives the backup of what was there, and where it went when it was no database."""
        make_folder(self.database)
        # The log holds the new content before the file does.
        check_space(self.file.parent, 2 * chosen.manifest.size)
        try:
            with opened(self.database, self.driver, read_only=False, timeout_ms=self.timeout_ms) as target:
                self._check_target(target, identity)
                self._into(target, chosen)
            return self.previous, ()
        except DatabaseMissingError:
            if not self.file.parent.is_dir():
                raise
            return None, self._instead(chosen)
        except (NotADatabaseError, DamagedDatabaseError):
            if self.previous is not None or not self.file.is_file():
                raise
            return None, self._instead(chosen)

    def _check_target(self, target: Connection, identity: Identity | None) -> None:
        if identity is not None:
            found: int = target.value(dialect.PRAGMA_APPLICATION_ID) & 0xFFFFFFFF
            if found != identity.application_id:
                raise ForeignDatabaseError(self.database, found, identity.application_id)

    # --- into a database that may be in use ---------------------------------------------------------------------------

    def _into(self, target: Connection, chosen: Backup) -> None:
        patience = Patience(target.driver, self.timeout_ms)
        with driver_errors_told(target.driver, self.database), reading_backup(chosen.path, self.driver) as source:
            if self.driver == "sqlite3" and source.value(statements.PRAGMA_PAGE_COUNT) < 2:
                # It would be there before the lock is known to be held: see StandardDriver.backup.
                raise RestoreRefusedError(
                    self.database, "the backup holds no table, which this driver cannot restore", hint="Use apsw."
                )
            reset_marker(self.file, source)  # else the older number would pass for lost commits
            while True:
                try:
                    with self._writers_kept_out(target, source) as locked:
                        self.messages(f"restoring {chosen.manifest.size:,} bytes")
                        target.driver.backup(source.raw, target.raw, locked=locked)
                    break
                except target.driver.errors as error:
                    self._wait(patience, error)
            reset_marker(self.file, source)  # somebody may have written it meanwhile
            target.execute(dialect.PRAGMA_CHECKPOINT).fetchall()
        if (said := target.value(dialect.PRAGMA_QUICK_CHECK)) != "ok":
            raise DamagedDatabaseError(self.database, str(said), backup=chosen.path)

    def _wait(self, patience: Patience, error: BaseException) -> None:
        try:
            patience.wait_or_raise(error)
        except DatabaseLockedError as locked:
            who = writers_of(self.file) or holders_of(self.file)
            by = named(who) or "another program"
            raise RestoreRefusedError(
                self.database,
                f"the write lock was held for {locked.waited_ms:.0f} ms by {by}",
                pids=[holder.pid for holder in who],
                hint="Stop it, or try again.",
            ) from error

    @contextmanager
    def _writers_kept_out(self, target: Connection, source: Connection) -> Generator[Callable[[], None] | None]:
        """Sees to it that what is replaced is backed up after the last commit of anybody else.

        With a write-ahead log the restore takes the write lock first and others go on reading: so the backup is made
        by another connection, when the lock is held, inside of what is given to the driver. Without a log the lock
        shuts readers out too: so this connection takes it for itself, and makes the backup.
        """
        log = target.value(dialect.PRAGMA_JOURNAL) == "wal"
        if log and target.value(statements.PRAGMA_PAGE_SIZE) != source.value(statements.PRAGMA_PAGE_SIZE):
            # SQLite cannot change the size of pages in a log.
            log = target.value(statements.PRAGMA_JOURNAL_DELETE) == "wal"
        if log:
            yield self._back_up_aside
            return
        target.execute(statements.PRAGMA_LOCK_FOR_GOOD).fetchall()
        try:
            target.execute(statements.BEGIN_ALONE).fetchall()
            target.execute(dialect.COMMIT).fetchall()
            self._back_up(target)
            yield None
        finally:
            target.execute(statements.PRAGMA_LOCK_FOR_A_TRANSACTION).fetchall()
            target.value(dialect.PRAGMA_SCHEMA_READ)  # lets the lock go

    def _back_up_aside(self) -> None:
        with opened(self.database, self.driver, timeout_ms=self.timeout_ms) as reader:
            self._back_up(reader)

    def _back_up(self, connection: Connection) -> None:
        self.messages("backing up what is there now")
        self.previous = create_backup(
            connection,
            reason=BEFORE_RESTORE,
            even_damaged=True,
            database=self.database,
            timeout_ms=self.timeout_ms,
            progress=self.progress,
            messages=self.messages,
            clock=self.clock,
        )

    # --- instead of what is no database -------------------------------------------------------------------------------

    def _instead(self, chosen: Backup) -> tuple[Path, ...]:
        """Puts the content into a new file; what stands in its place, an old log too, is moved aside."""
        who = holders_of(self.file)
        if who:
            raise RestoreRefusedError(
                self.database,
                f"it is no database that can be opened, and {named(who)} has it open",
                pids=[holder.pid for holder in who],
                hint="Stop it, so that nothing is written into a file that has lost its name.",
            )
        folder = self.file.parent
        remove_partial_files(folder)
        self.messages(f"restoring {chosen.manifest.size:,} bytes into a new file")
        with partial_file(folder) as (partial, handle):
            with reading_backup(chosen.path, self.driver) as source, driver_errors_told(source.driver, self.database):
                copy_pages(source, partial)
                reset_marker(self.file, source)
            os.fsync(handle)
            aside = self._move_aside()
            give_name(partial, self.file)
            sync_folder(folder)
            return aside

    def _move_aside(self) -> tuple[Path, ...]:
        there = [path for part in PARTS if (path := self.file.with_name(self.file.name + part)).exists()]
        if not there:
            return ()
        aside = backup_folder(self.database) / f"set-aside-{self.clock():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        aside.mkdir(mode=0o700)
        return tuple(path.rename(aside / path.name) for path in reversed(there))[::-1]
