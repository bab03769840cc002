"""What a database file is, read from its first bytes before SQLite touches it: a refusal must change nothing."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
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

    @classmethod
    def of(cls, head: bytes) -> Header:
        """What the first `HEADER_BYTES` bytes of a database file say."""
        page_size = int.from_bytes(head[16:18], "big")
        return cls(
            65536 if page_size == 1 else page_size,
            int.from_bytes(head[28:32], "big"),
            int.from_bytes(head[60:64], "big"),
            int.from_bytes(head[68:72], "big"),
            int.from_bytes(head[96:100], "big"),
        )

    @property
    def written_by(self) -> str:
        """The SQLite version that last wrote the file."""
        return f"{self.library // 1_000_000}.{self.library // 1000 % 1000}.{self.library % 1000}"


_FileId = tuple[int, int]

_reading = threading.Lock()
_connecting: Counter[_FileId] = Counter()


@contextmanager
def header_of(path: Path) -> Generator[Header | None]:
    """The header of a database file that is to be opened inside; raises as `read_header` does.

    `None` when this process has the file open already. Closing any handle on a file drops all locks that the process
    holds on it (https://sqlite.org/howtocorrupt.html, 2.2), so such a file is left to SQLite to read.
    """
    with _reading:
        found = _status(path)
        file_id = (found.st_dev, found.st_ino)
        header = None if _connecting[file_id] or _is_open_here(file_id) else read_header(path)
        _connecting[file_id] += 1
    try:
        yield header
    finally:
        with _reading:
            _connecting[file_id] -= 1
            if not _connecting[file_id]:
                del _connecting[file_id]


def _is_open_here(file_id: _FileId) -> bool:
    try:
        handles = os.listdir("/dev/fd")
    except OSError:
        return False  # a system whose locks belong to the handle that took them
    for handle in handles:
        try:
            found = os.fstat(int(handle))
        except OSError:
            continue  # the handle of the listing itself
        if (found.st_dev, found.st_ino) == file_id:
            return True
    return False


def _status(path: Path) -> os.stat_result:
    """What the system knows of a regular file; raises one clear error when the path is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DatabaseMissingError(path) from None
    except PermissionError as error:
        raise ReadOnlyError(path, error.strerror or "permission denied") from None
    except OSError as error:
        raise NotADatabaseError(path, error.strerror or str(error)) from None
    if stat.S_ISDIR(found.st_mode):
        raise NotADatabaseError(path, "it is a directory")
    if not stat.S_ISREG(found.st_mode):
        raise NotADatabaseError(path, "it is not a regular file")
    return found


def backup_hint(path: Path) -> str:
    """What to do about a file that is no database."""
    backup = newest_backup(path)
    return (
        f"The newest verified backup is {backup}." if backup else "Check the path; no verified backup lies beside it."
    )


def read_header(path: Path) -> Header:
    """The header of a database file; raises one clear error when the path is not a database file.

    For files that this process does not have open; see `header_of`.
    """
    try:
        _status(path)  # a pipe would wait for ever
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise DatabaseMissingError(path) from None
    except PermissionError as error:
        raise ReadOnlyError(path, error.strerror or "permission denied") from None
    except OSError as error:
        raise NotADatabaseError(path, error.strerror or str(error)) from None
    if not head:
        raise NotADatabaseError(path, "the file is empty", hint=backup_hint(path))
    if not head.startswith(MAGIC):
        raise NotADatabaseError(path, "it does not start as an SQLite database does", hint=backup_hint(path))
    backup = newest_backup(path)
    if len(head) < HEADER_BYTES:
        raise DamagedDatabaseError(path, f"the file ends after {len(head)} bytes", backup=backup)
    header = Header.of(head)
    page_size = header.page_size
    if page_size < 512 or page_size & (page_size - 1):
        raise DamagedDatabaseError(path, f"the header names a page size of {page_size}", backup=backup)
    # The page count is only valid when its change counter was written with it (bytes 24 and 92), and a file may be
    # shorter while its journal holds the rest.
    if head[24:28] == head[92:96] and size < header.pages * page_size and not has_journal(path):
        raise DamagedDatabaseError(
            path, f"the file has {size} bytes, its header says {header.pages * page_size}", backup=backup
        )
    return header


def has_journal(path: Path, *suffixes: str) -> bool:
    """Whether changes lie beside the file, in its write-ahead log (`-wal`) or a rollback journal (`-journal`)."""
    for suffix in suffixes or ("-wal", "-journal"):
        try:
            if path.with_name(path.name + suffix).stat().st_size:
                return True
        except OSError:
            continue
    return False


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
