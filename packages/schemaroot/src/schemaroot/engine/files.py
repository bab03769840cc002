"""What a database file is, read from its first bytes before SQLite touches it: a refusal must change nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from schemaroot.errors import (
    DamagedDatabaseError,
    DatabaseMissingError,
    ForeignDatabaseError,
    NewerDatabaseError,
    NotADatabaseError,
    ReadOnlyError,
)

MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100  # https://sqlite.org/fileformat2.html#the_database_header


@dataclass(frozen=True)
class Identity:
    """Whose file it is: the application id, and the highest schema number that this program knows."""

    application_id: int
    schema_number: int


@dataclass(frozen=True)
class Header:
    """What the header of a database file says."""

    page_size: int
    pages: int
    user_version: int
    application_id: int
    library: int

    @property
    def written_by(self) -> str:
        """The SQLite version that last wrote the file."""
        return f"{self.library // 1_000_000}.{self.library // 1000 % 1000}.{self.library % 1000}"


def read_header(path: Path) -> Header:
    """The header of a database file; raises one clear error when the path is not a database file."""
    try:
        if path.is_dir():
            raise NotADatabaseError(path, "it is a directory")
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError:
        raise DatabaseMissingError(path) from None
    except NotADirectoryError:
        raise DatabaseMissingError(path) from None
    except PermissionError as error:
        raise ReadOnlyError(path, error.strerror or "permission denied") from None
    except OSError as error:
        raise NotADatabaseError(path, error.strerror or str(error)) from None
    backup = newest_backup(path)
    hint = (
        f"The newest verified backup is {backup}." if backup else "Check the path; no verified backup lies beside it."
    )
    if not head:
        raise NotADatabaseError(path, "the file is empty", hint=hint)
    if not head.startswith(MAGIC):
        raise NotADatabaseError(path, "it does not start as an SQLite database does", hint=hint)
    if len(head) < HEADER_BYTES:
        raise DamagedDatabaseError(path, f"the file ends after {len(head)} bytes", backup=backup)
    page_size = int.from_bytes(head[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    header = Header(
        page_size,
        int.from_bytes(head[28:32], "big"),
        int.from_bytes(head[60:64], "big"),
        int.from_bytes(head[68:72], "big"),
        int.from_bytes(head[96:100], "big"),
    )
    if page_size < 512 or page_size & (page_size - 1):
        raise DamagedDatabaseError(path, f"the header names a page size of {page_size}", backup=backup)
    # The page count is only valid when its change counter was written with it (bytes 24 and 92).
    if head[24:28] == head[92:96] and size < header.pages * page_size:
        raise DamagedDatabaseError(
            path, f"the file has {size} bytes, its header says {header.pages * page_size}", backup=backup
        )
    return header


def check_identity(path: Path, application_id: int, user_version: int, expected: Identity) -> None:
    """Refuses another program's file and one from a newer version of this program."""
    if application_id != expected.application_id:
        raise ForeignDatabaseError(path, application_id, expected.application_id)
    if user_version > expected.schema_number:
        raise NewerDatabaseError(path, user_version, expected.schema_number)


def backup_folder(path: Path) -> Path:
    """Where the backups of a database lie: beside it."""
    return path.with_name(f"{path.name}.backups")


def newest_backup(path: Path) -> Path | None:
    """The newest backup whose manifest says that it was verified, or `None`.

    A manifest is a JSON file `<backup>.json` beside the backup with at least `{"verified": true, "created": ms}`.
    """
    found: list[tuple[int, Path]] = []
    for manifest in backup_folder(path).glob("*.json") if backup_folder(path).is_dir() else ():
        try:
            said = json.loads(manifest.read_bytes())
            backup = manifest.with_suffix("")
            if said["verified"] is True and backup.is_file():
                found.append((int(said["created"]), backup))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a manifest that cannot be read vouches for nothing
    return max(found)[1] if found else None
