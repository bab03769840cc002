"""What is known of a backup: the manifest beside it, and which backups a database has.

The backups of `shop.db` lie in `shop.db.backups`, each with its manifest: `20260131T120000000Z-daily.db` and
`20260131T120000000Z-daily.db.json`. A file without a manifest vouches for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from schemaroot.backup.digest import TableDigest
from schemaroot.backup.errors import BackupMissingError
from schemaroot.engine.files import backup_folder

MANIFEST_VERSION = 1

BEFORE_MIGRATION = "migration"
"""The reason of a backup that was made before a migration; retention never removes it."""

AFTER_NOTHING = "migration that applied nothing"
"""The reason that such a backup has once its migration was refused or rolled back whole; it may go like others."""

BEFORE_RESTORE = "before restore"
"""The reason of a backup that holds what a restore took the place of."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, written when it was verified.

    Attributes:
        version: of the manifest's own form.
        created: milliseconds since 1970 UTC.
        reason: why it was made, in a word or two: `daily`, `migration`, `before restore`.
        source: the path of the database.
        application_id: whose database it is, from its header.
        user_version: the number of its schema, from its header.
        revision: the migration that it was at, or `None` where that is not known.
        size: bytes of the copy.
        sha256: of the copy's bytes.
        sqlite: the version of the library that made it.
        foreign_key_violations: rows that refer to nothing, as they did in the database; `None` where a
            foreign key is declared so that it cannot be checked.
        tables: rows and digests of each table that holds content.
        verified: whether the copy was read back and found whole.
        problems: what was found when it was not.
    """

    version: int = MANIFEST_VERSION
    created: int
    reason: str
    source: str
    application_id: int
    user_version: int
    revision: str | None = None
    size: int
    sha256: str
    sqlite: str
    foreign_key_violations: int | None = 0
    tables: dict[str, TableDigest]
    verified: bool
    problems: tuple[str, ...] = ()

    @property
    def created_at(self) -> datetime:
        """The moment at which it was made."""
        return datetime.fromtimestamp(self.created / 1000, UTC)

    @property
    def rows(self) -> int:
        """The rows of all tables, the schema's own left out."""
        return sum(table.rows for name, table in self.tables.items() if not name.startswith("sqlite_"))


@dataclass(frozen=True)
class Backup:
    """A backup file and its manifest."""

    path: Path
    manifest: Manifest


def manifest_path(backup: Path) -> Path:
    """Where the manifest of a backup lies: beside it."""
    return backup.with_name(f"{backup.name}.json")


def file_name(created: datetime, reason: str) -> str:
    """The name of a backup: names are in the order of time."""
    words = re.sub(r"[^a-z0-9]+", "-", reason.lower()).strip("-")[:40]
    moment = f"{created:%Y%m%dT%H%M%S}{created.microsecond // 1000:03d}Z"
    return f"{moment}-{words}.db" if words else f"{moment}.db"


def read_backup(path: Path) -> Backup:
    """The backup at a path.

    Raises:
        BackupMissingError: there is no such file, or its manifest is missing or cannot be read.
    """
    if not path.is_file():
        raise BackupMissingError(path, "there is no such file")
    try:
        manifest = msgspec.json.decode(manifest_path(path).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupMissingError(path, f"{manifest_path(path).name} is not beside it") from None
    except OSError as error:
        raise BackupMissingError(path, f"its manifest cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise BackupMissingError(path, f"its manifest is none: {error}") from None
    if manifest.version > MANIFEST_VERSION:
        raise BackupMissingError(path, f"its manifest has version {manifest.version}, from a newer program")
    return Backup(path, manifest)


def list_backups(database: Path) -> list[Backup]:
    """The backups of a database that have a manifest, the newest first; unverified ones among them."""
    found: list[Backup] = []
    folder = backup_folder(database)
    for manifest in folder.glob("*.json") if folder.is_dir() else ():
        try:
            found.append(read_backup(manifest.with_suffix("")))
        except BackupMissingError:
            continue
    return sorted(found, key=lambda backup: (backup.manifest.created, backup.path.name), reverse=True)


def find_backup(database: Path, which: str = "latest") -> Path:
    """The path of a backup by what a person calls it.

    Args:
        database: the database file.
        which: `latest` for the newest verified one, the name of a file among the database's backups (or the beginning
            of exactly one), or a path.

    Raises:
        BackupMissingError: there is none, or several have that beginning.
    """
    folder = backup_folder(database)
    listed = list_backups(database)
    if which == "latest":
        verified = [backup for backup in listed if backup.manifest.verified]
        if not verified:
            raise BackupMissingError(folder, "it holds no verified backup")
        return verified[0].path
    if Path(which).is_file():
        return Path(which)
    exact = folder / which
    found = [exact] if exact.is_file() else [backup.path for backup in listed if backup.path.name.startswith(which)]
    if len(found) != 1:
        raise BackupMissingError(exact, f"{len(found)} backups begin like this" if found else "there is no such file")
    return found[0]
