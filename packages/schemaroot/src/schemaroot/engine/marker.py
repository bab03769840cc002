"""Were commits lost? A number in the database that grows with each write, and a file that remembers how far it was.

A write-ahead log that was cut off, damaged, deleted or replaced by an older copy opens without a word: SQLite takes the
last whole commit that it finds for the end. So each write adds one to a number in the database, in its own
transaction, and `<database>.marker` keeps the number that was committed last: written at most once a second, and when
the database is closed, and put on disk each time. A marker that is ahead of its database tells that commits are gone.
"""

from __future__ import annotations

import glob
import logging
import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection

log: logging.Logger = logging.getLogger("schemaroot")

INTERVAL_S = 1.0
"""The least time between two writes of the marker, in seconds."""

OLD_S = 60.0
"""After so many seconds a marker that was not finished is a leftover."""


class LostCommits(msgspec.Struct, frozen=True):
    """Commits that a database had and has no more.

    Attributes:
        marker: the number that was committed for certain.
        database: the number that the database was found at.
        noticed: when it was found, in milliseconds since 1970 UTC.
    """

    marker: int
    database: int
    noticed: int

    def __str__(self) -> str:
        return f"lost commits: marker {self.marker}, database {self.database}"


class _Marked(msgspec.Struct, frozen=True):
    """What a marker file holds; `lost` stays until somebody acknowledges it, whatever is written meanwhile."""

    number: int
    lost: LostCommits | None = None


class Marker:
    """The marker of one database."""

    def __init__(self, database: str) -> None:
        self._database: str = database
        self._path: Path = marker_path(Path(database))
        self._written: float = 0.0
        self.stale: bool = False
        """Whether something was committed since the marker was written last."""

    def start(self, connection: Connection, *, read_only: bool) -> LostCommits | None:
        """Compares marker and database, and makes the number where it is missing; gives what was lost."""
        if not read_only:
            _remove_leftovers(self._path)
            if _number(connection) is None:
                connection.execute(dialect.CREATE_COMMITS).fetchall()
                connection.execute(dialect.FIRST_COMMIT).fetchall()
        lost = find_lost_commits(Path(self._database), connection)
        if lost is not None:
            log.warning("LOST_COMMITS: %s: %s", self._database, lost)
            if not read_only:
                _write(self._path, _Marked(lost.database, lost))
        return lost

    def note(self, connection: Connection) -> None:
        """Remembers that something was committed; writes the marker unless that was done a moment ago."""
        self.stale = True
        if time.monotonic() - self._written >= INTERVAL_S:
            self.write(connection)

    def write(self, connection: Connection) -> None:
        """Writes the marker when there is something new. What goes wrong is logged: the commit itself is safe."""
        if not self.stale:
            return
        self._written, self.stale = time.monotonic(), False
        failures: tuple[type[BaseException], ...] = (OSError, *connection.driver.errors)
        try:
            marked = _read(self._path)
            _write(self._path, _Marked(_number(connection) or 0, marked.lost if marked else None))
        except failures:
            log.exception("the marker %s could not be written", self._path)


def marker_path(database: Path) -> Path:
    """Where the marker of a database lies: beside the file itself, whichever link leads to it."""
    file = database.resolve()
    return file.with_name(f"{file.name}.marker")


def find_lost_commits(database: Path, connection: Connection) -> LostCommits | None:
    """What a database lost and nobody has acknowledged yet; `None` when nothing is known to be lost.

    Args:
        database: the file, for its marker.
        connection: reads the number in the database.
    """
    marked = _read(marker_path(database))
    if marked is None:
        return None
    found = _number(connection) or 0
    if marked.number > found:
        return LostCommits(marked.number, found, time.time_ns() // 1_000_000)
    return marked.lost


def reset_marker(database: Path, connection: Connection) -> None:
    """Takes the database as it is: for after a restore, and to acknowledge what was lost."""
    path = marker_path(database)
    if path.exists():
        _write(path, _Marked(_number(connection) or 0))


def _number(connection: Connection) -> int | None:
    """The number in the database; `None` when it holds none: the table is missing, or only its making was kept."""
    if not connection.execute(dialect.HAS_COMMITS).fetchall():
        return None
    found: int | None = connection.value(dialect.READ_COMMITS)
    return found


def _read(path: Path) -> _Marked | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Marked)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        log.warning("the marker %s cannot be read; it tells nothing", path)
        return None


def _remove_leftovers(path: Path) -> None:
    """Removes what writers that were killed left behind; one takes milliseconds, so that an old file is nobody's."""
    for partial in path.parent.glob(f"{glob.escape(path.name)}.????????"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > OLD_S:
                partial.unlink()


def _write(path: Path, marked: _Marked) -> None:
    """Puts a new marker in the place of the old one; at every moment one of the two is there, whole."""
    partial = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            os.write(handle, msgspec.json.encode(marked))
            os.fsync(handle)
        finally:
            os.close(handle)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # some file systems do not sync folders
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
