"""Makes a backup: one step of SQLite's backup API into a private file, verified before it gets its name.

    backup = create_backup(Path("shop.db"), reason="daily")
    backup.path        # shop.db.backups/20260131T120000000Z-daily.db

Whatever ends the work early, a full disk or a kill, no file stands under the final name: the manifest and then the
file get their names when everything is on disk. What a kill leaves behind is removed by the next backup.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path

import msgspec

from schemaroot.backup import statements
from schemaroot.backup.digest import Progress, TableDigest, content_tables, count_rows, digest_tables
from schemaroot.backup.errors import BackupError, BackupMissingError, BackupNotVerifiedError, NotEnoughSpaceError
from schemaroot.backup.manifest import Backup, Manifest, file_name, manifest_path, read_backup
from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection, Patience
from schemaroot.engine.database import Database
from schemaroot.engine.driver import (
    SQLITE_BUSY,
    SQLITE_FULL,
    SQLITE_INTERRUPT,
    SQLITE_LOCKED,
    Driver,
    DriverName,
    driver_named,
)
from schemaroot.engine.faults import translate
from schemaroot.engine.files import HEADER_BYTES, Header, backup_folder, header_of
from schemaroot.engine.opening import MEMORY, Connector
from schemaroot.errors import DiskError, DiskFullError, ReadOnlyError, TransactionError
from schemaroot.schema.values import now

Messages = Callable[[str], None]
"""Told what is being done, in one line."""

SPARE_BYTES = 1024 * 1024
"""Room that is left beside a copy, for its manifest and the file system's own."""

FINDINGS = 20
"""The most findings of SQLite's check that are told."""

CHECK_CACHE = -8_192
"""The memory that SQLite's check may use, as SQLite writes it: 8 MiB, whatever the size of the database."""

NOT_THE_FILE_S = (SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT, SQLITE_FULL)
"""Errors while reading that say nothing of the file."""

_PARTIAL = re.compile(r"^[0-9a-f]{16}\.partial(?:-journal|-wal|-shm)?$")


def create_backup(
    source: Path | Database | Connection,
    *,
    reason: str,
    revision: str | None = None,
    even_damaged: bool = False,
    database: Path | None = None,
    driver: DriverName = "apsw",
    timeout_ms: float = 5000,
    progress: Progress | None = None,
    messages: Messages | None = None,
    clock: Callable[[], datetime] = now,
) -> Backup:
    """Copies a database as it is at one moment, reads the copy back, and gives it its name.

    Programs go on reading and writing meanwhile. The file has mode 0600, its folder 0700.

    Args:
        source: a database file; or an open database or connection, which must not be inside a transaction.
        reason: why, in a word or two; it becomes part of the name.
        revision: the migration that the database is at, for the manifest.
        even_damaged: keep a copy of a damaged database too, marked as not verified, rather than refuse it.
        database: the path beside which the backups lie, for a connection that came by a link to the file.
        driver: for a file that this process has not open: two SQLite libraries in one process undo each other's locks.
        timeout_ms: how long to wait for a lock, in milliseconds.
        progress: told rows verified, and of how many.
        messages: told what is being done.
        clock: gives the moment for the name and the manifest.

    Returns:
        The backup with its manifest.

    Raises:
        NotEnoughSpaceError: before anything was written.
        BackupNotVerifiedError: the copy is not whole, since the database is damaged; the copy was removed.
        BackupError, ReadOnlyError: the folder cannot be written.
        DatabaseError: the database cannot be read, the disk is full, ...; no backup was made.
    """
    with _reading(source, driver, timeout_ms) as connection:
        if connection.in_transaction:
            raise TransactionError(
                "A backup was asked for inside of a transaction; nothing was written.", hint="Make it before or after."
            )
        path = database or _path_of(source, connection)
        folder = make_folder(path)
        remove_leftovers(folder)
        made = _Making(connection, path, folder, clock(), messages or _silent, progress)
        with driver_errors_told(connection.driver, path):
            return made.make(reason, revision, even_damaged=even_damaged, timeout_ms=timeout_ms)


@contextmanager
def driver_errors_told(driver: Driver, path: Path) -> Generator[None]:
    """Turns the driver's errors into ours, and those of the system about files."""
    try:
        yield
    except driver.errors as error:
        raise translate(driver.fault(error), path=str(path)) from error
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (DiskFullError if is_full else DiskError)(error.strerror or str(error)) from error


def _silent(_: str) -> None:
    return None


@contextmanager
def _reading(source: Path | Database | Connection, driver: DriverName, timeout_ms: float) -> Generator[Connection]:
    """A connection that reads the database, outside of any transaction."""
    if isinstance(source, Connection):
        yield source
    elif isinstance(source, Database):
        connection = source.pool.take()
        try:
            yield connection
        finally:
            source.pool.give(connection)
    else:
        with opened(source, driver, timeout_ms=timeout_ms) as connection:
            yield connection


@contextmanager
def opened(
    path: Path, driver: DriverName = "apsw", *, read_only: bool = True, timeout_ms: float = 5000
) -> Generator[Connection]:
    """A connection to a database file, closed at the end; raises as `Database.open` does."""
    with header_of(path) as header:
        connector = Connector(
            driver_named(driver),
            str(path),
            identity=None,
            durability="full",
            journal="delete",  # that is: the file's own
            read_only=read_only,
            timeout_ms=timeout_ms,
            header=header,
        )
        connection = connector.connect(not read_only)
    try:
        yield connection
    finally:
        connection.close()


def _path_of(source: Path | Database | Connection, connection: Connection) -> Path:
    """The file as the caller names it, which may be a link."""
    listed: list[tuple[int, str, str]] = connection.execute(statements.PRAGMA_DATABASE_LIST).fetchall()
    path = next((file for _, name, file in listed if name == "main"), "")
    if path in ("", MEMORY):
        raise BackupError("A database in memory has no place for backups; none was made.", hint="Copy its rows.")
    if isinstance(source, Path):
        return source
    return Path(source.path if isinstance(source, Database) else path)


# --- the folder -------------------------------------------------------------------------------------------------------


def make_folder(database: Path) -> Path:
    """The folder of a database's backups, for its owner alone; raises `ReadOnlyError`."""
    folder = backup_folder(database)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise ReadOnlyError(folder, error.strerror or str(error)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ReadOnlyError(folder, "the directory is not writable for this user")
    return folder


@contextmanager
def partial_file(folder: Path) -> Generator[tuple[Path, int]]:
    """A new private file, locked for as long as it is worked on, and removed at the end if it is still there."""
    while True:
        path = folder / f"{secrets.token_hex(8)}.partial"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise ReadOnlyError(folder, error.strerror or str(error)) from None
        with suppress(OSError):  # some file systems have no such locks; there leftovers stay
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            break
        os.close(handle)  # somebody took it for a leftover before it was locked
    try:
        yield path, handle
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.close(handle)


def remove_leftovers(folder: Path) -> list[Path]:
    """Removes what backups that were killed left behind, and gives their paths; work that goes on is left alone."""
    removed = remove_partial_files(folder)
    for manifest in folder.glob("*.db.json"):
        # The manifest gets its name first. One without a file is left by a kill between the two, or by hand.
        if not manifest.with_suffix("").exists():
            removed += _remove_unused(manifest)
    return removed


def remove_partial_files(folder: Path) -> list[Path]:
    """Removes the partial files that nobody works on, and gives their paths."""
    removed: list[Path] = []
    for path in sorted(folder.iterdir()):
        if _PARTIAL.match(path.name) and path.is_file() and not path.is_symlink():
            main = path.with_suffix(".partial")
            if path == main or not main.exists():  # else it goes with its main file, or stays with it
                removed += _remove_unused(path)
    return removed


def _remove_unused(path: Path) -> list[Path]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return []
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        every = [path, *(path.with_name(path.name + suffix) for suffix in ("-journal", "-wal", "-shm"))]
        gone = [one for one in every if one.exists()]
        for one in gone:
            one.unlink(missing_ok=True)
        return gone
    except OSError:
        return []  # a backup is being made there right now
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Has the operating system put the names in a folder on disk."""
    with suppress(OSError):  # some file systems do not sync folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sha256_of(handle: int) -> str:
    """SHA-256 of an open file, from its start."""
    digest = hashlib.sha256()
    place = 0
    while piece := os.pread(handle, 1024 * 1024, place):
        digest.update(piece)
        place += len(piece)
    return digest.hexdigest()


def check_space(folder: Path, needed: int) -> None:
    """Raises `NotEnoughSpaceError` when a folder's file system has not so many bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NotEnoughSpaceError(folder, needed, free)


# --- one backup -------------------------------------------------------------------------------------------------------


class _Making:
    """One backup that is being made."""

    def __init__(
        self,
        source: Connection,
        database: Path,
        folder: Path,
        created: datetime,
        messages: Messages,
        progress: Progress | None,
    ) -> None:
        self.source = source
        self.driver: Driver = source.driver
        self.database = database
        self.folder = folder
        self.created = created
        self.messages = messages
        self.progress = progress

    def make(self, reason: str, revision: str | None, *, even_damaged: bool, timeout_ms: float) -> Backup:
        patience = Patience(self.driver, timeout_ms)
        with partial_file(self.folder) as (partial, handle):
            while True:
                try:
                    counts = self._copy(partial)
                except self.driver.errors as error:
                    patience.wait_or_raise(error)
                    continue
                os.fsync(handle)
                manifest = self._verified(partial, handle, counts, reason, revision)
                if manifest.problems and not even_damaged:
                    raise BackupNotVerifiedError(self.database, manifest.problems)
                return Backup(self._name(partial, manifest), manifest)

    def _copy(self, partial: Path) -> dict[str, int]:
        """Copies in one step; gives the rows of each table as they are in the same view of the database."""
        self.source.execute(dialect.BEGIN_READ).fetchall()
        try:
            size = self.source.value(statements.PRAGMA_PAGE_COUNT) * self.source.value(statements.PRAGMA_PAGE_SIZE)
            check_space(self.folder, size + SPARE_BYTES)
            self.messages(f"copying {size:,} bytes")
            copy_pages(self.source, partial)
            return self._counts(self.source)
        finally:
            self.source.rollback()

    def _counts(self, connection: Connection) -> dict[str, int]:
        """The rows of each table; empty when they cannot be counted, which the check of the copy will explain."""
        try:
            return {table: count_rows(connection, table) for table in content_tables(connection)}
        except self.driver.errors:
            return {}

    def _verified(
        self, partial: Path, handle: int, counts: dict[str, int], reason: str, revision: str | None
    ) -> Manifest:
        """Reads the copy back as it is on disk."""
        self.messages("checking the copy")
        raw = self.driver.connect(str(partial), "immutable")
        try:
            copy = Connection(self.driver, raw, writer=False)
            problems = integrity_problems(copy)
            violations = foreign_key_violations(copy)
            tables = self._digests(copy, problems)
        finally:
            raw.close()
        problems += [
            f"{name} has {tables[name].rows} rows, the database has {rows}"
            for name, rows in counts.items()
            if name in tables and tables[name].rows != rows
        ]
        header = Header.of(os.pread(handle, HEADER_BYTES, 0))
        return Manifest(
            created=round(self.created.timestamp() * 1000),
            reason=reason,
            source=str(self.database.resolve()),
            application_id=header.application_id,
            user_version=header.user_version,
            revision=revision,
            size=os.fstat(handle).st_size,
            sha256=sha256_of(handle),
            sqlite=self.driver.library,
            foreign_key_violations=violations,
            tables=tables,
            verified=not problems,
            problems=tuple(problems),
        )

    def _digests(self, copy: Connection, problems: list[str]) -> dict[str, TableDigest]:
        try:
            return digest_tables(copy, progress=self.progress)
        except self.driver.errors as error:
            problems.append(self.driver.fault(error).message)
            return {}

    def _name(self, partial: Path, manifest: Manifest) -> Path:
        """Gives the manifest and the copy their names; a file that is there already is never replaced."""
        wanted = self.folder / file_name(self.created, manifest.reason)
        with partial_file(self.folder) as (document, handle):
            os.write(handle, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
            os.fsync(handle)
            for number in count(1):
                final = wanted if number == 1 else wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
                try:
                    # Its lock comes along with the name: a manifest without a file would pass for a leftover.
                    give_name(document, manifest_path(final))
                except FileExistsError:
                    continue
                try:
                    give_name(partial, final)
                except BaseException:
                    manifest_path(final).unlink(missing_ok=True)
                    raise
                sync_folder(self.folder)
                return final
        raise AssertionError("numbers end")


def copy_pages(source: Connection, partial: Path) -> None:
    """Copies a database into an empty file, in one step; raises the driver's errors."""
    driver = source.driver
    target = driver.connect(str(partial), "rw")
    try:
        # A file that is removed when anything goes wrong needs no journal, and it is synced as a whole.
        for setting in (dialect.SYNCHRONOUS["off"], statements.PRAGMA_NO_JOURNAL):
            driver.cursor(target).execute(setting).fetchall()
        driver.backup(source.raw, target)
    finally:
        target.close()


def release_backup(path: Path, reason: str) -> None:
    """Gives a backup another reason, so that retention may take it; the file itself stays as it is.

    Nothing happens where its manifest cannot be read or written: then it is kept.
    """
    with suppress(BackupMissingError, ReadOnlyError, OSError), partial_file(path.parent) as (document, handle):
        manifest = msgspec.structs.replace(read_backup(path).manifest, reason=reason)
        os.write(handle, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        os.fsync(handle)
        os.replace(document, manifest_path(path))
        sync_folder(path.parent)


def give_name(made: Path, wanted: Path) -> None:
    """Gives a file its final name; raises `FileExistsError` rather than take another file's place."""
    try:
        os.link(made, wanted)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if wanted.exists():
            raise FileExistsError(wanted) from None
        os.rename(made, wanted)


def integrity_problems(connection: Connection) -> list[str]:
    """What SQLite's integrity check finds, at most `FINDINGS` lines; empty when it is content.

    The check looks up each row in each index, in the order of the rows: with the usual cache of 2 MB nearly every one
    is a read, and a million rows with two indexes took 2.2 s of CPU instead of 1.4 s.
    """
    try:
        usual = int(connection.value(statements.PRAGMA_CACHE_SIZE))
        connection.execute(statements.set_cache_size(CHECK_CACHE)).fetchall()
        try:
            said: list[tuple[str]] = connection.execute(statements.integrity_check(FINDINGS)).fetchall()
        finally:
            connection.execute(statements.set_cache_size(usual)).fetchall()
    except connection.driver.errors as error:
        return [connection.driver.fault(error).message]
    return [line for (text,) in said if text != "ok" for line in text.splitlines()]


def foreign_key_violations(connection: Connection) -> int | None:
    """How many rows refer to nothing; `None` when a foreign key is declared so that it cannot be checked."""
    try:
        return sum(1 for _ in connection.execute(statements.PRAGMA_FOREIGN_KEY_CHECK))
    except connection.driver.errors:
        return None
