"""Is a backup still what its manifest says? Asked before it is relied on, and now and then: disks forget."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schemaroot.backup.create import integrity_problems, sha256_of
from schemaroot.backup.digest import Progress, count_rows, digest_tables
from schemaroot.backup.errors import BackupMissingError, BackupNotVerifiedError
from schemaroot.backup.manifest import Backup, Manifest, read_backup
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.engine.files import HEADER_BYTES, Header, Identity


@dataclass(frozen=True)
class Verification:
    """What verifying a backup found.

    Attributes:
        path: the backup.
        backup: the same with its manifest; `None` when that could not be read.
        problems: what is wrong, one line each; empty when nothing is.
    """

    path: Path
    backup: Backup | None
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def require(self) -> Backup:
        """The backup, when nothing is wrong with it; raises `BackupMissingError` or `BackupNotVerifiedError`."""
        if self.backup is None:
            raise BackupMissingError(self.path, "; ".join(self.problems))
        if self.problems:
            raise BackupNotVerifiedError(self.path, self.problems)
        return self.backup


def verify_backup(
    path: Path,
    *,
    identity: Identity | None = None,
    deep: bool = False,
    driver: DriverName = "apsw",
    progress: Progress | None = None,
) -> Verification:
    """Compares a backup with its manifest: size, SHA-256, whose it is, schema number, and the rows of each table.

    Args:
        path: the backup.
        identity: the program that it must belong to.
        deep: run SQLite's integrity check and compute the content digests again too, rather than trust that the same
            bytes hold the same rows.
        driver: what reads it.
        progress: told rows read, with `deep`.

    Returns:
        What is wrong with it. Nothing is raised for a bad backup, and nothing is written.
    """
    try:
        backup = read_backup(path)
    except BackupMissingError as error:
        return Verification(path, None, (error.problem,))
    problems = _file_problems(backup, identity)
    if not problems:
        problems = _content_problems(backup, driver, deep=deep, progress=progress)
    if not backup.manifest.verified:
        problems = [*(backup.manifest.problems or ("it was not verified when it was made",)), *problems]
    return Verification(path, backup, tuple(problems))


def _file_problems(backup: Backup, identity: Identity | None) -> list[str]:
    manifest = backup.manifest
    try:
        handle = os.open(backup.path, os.O_RDONLY)
    except OSError as error:
        return [f"it cannot be read: {error.strerror}"]
    try:
        size = os.fstat(handle).st_size
        if size != manifest.size:
            return [f"it has {size:,} bytes, its manifest says {manifest.size:,}"]
        if sha256_of(handle) != manifest.sha256:
            return ["its SHA-256 is not the one in its manifest"]
        header = Header.of(os.pread(handle, HEADER_BYTES, 0))
    finally:
        os.close(handle)
    problems: list[str] = []
    if header.application_id != manifest.application_id:
        problems.append(f"its application id is {header.application_id:#x}, its manifest says otherwise")
    if header.user_version != manifest.user_version:
        problems.append(f"its schema number is {header.user_version}, its manifest says {manifest.user_version}")
    if identity is not None and header.application_id != identity.application_id:
        problems.append(
            f"it belongs to another program (application id {header.application_id:#x},"
            f" not {identity.application_id:#x})"
        )
    return problems


@contextmanager
def reading_backup(path: Path, driver: DriverName) -> Generator[Connection]:
    """A connection to a backup, which nobody writes: without locks, log and other files beside it."""
    seam = driver_named(driver)
    raw = seam.connect(str(path), "immutable")
    try:
        yield Connection(seam, raw, writer=False)
    finally:
        raw.close()


def _content_problems(backup: Backup, driver: DriverName, *, deep: bool, progress: Progress | None) -> list[str]:
    said: Manifest = backup.manifest
    with reading_backup(backup.path, driver) as connection:
        try:
            problems = [
                f"{name} has {rows} rows, its manifest says {table.rows}"
                for name, table in said.tables.items()
                if (rows := count_rows(connection, name)) != table.rows
            ]
            if deep:
                problems += integrity_problems(connection)
                found = digest_tables(connection, list(said.tables), progress=progress)
                problems += [
                    f"the content of {name} is not the one in its manifest"
                    for name, table in said.tables.items()
                    if found[name].digest != table.digest
                ]
        except connection.driver.errors as error:
            return [connection.driver.fault(error).message]
    return problems
