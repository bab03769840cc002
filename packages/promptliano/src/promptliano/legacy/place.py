"""Where does an import build its file, and how does the file come into place whole or not at all?"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from promptliano.legacy.errors import ImportRefusedError, TargetTakenError
from promptliano.legacy.sealing import key_path
from schemaroot.errors import DatabaseMissingError, DatabaseUrlError, ReadOnlyError

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Staging:
    """The folder in which a new database is built."""

    target: Path
    folder: Path

    @property
    def database(self) -> Path:
        """The database in the making."""
        return self.folder / "new.db"

    @property
    def key(self) -> Path:
        """Its key file: the one that lies beside the target already, else one in the making."""
        there = key_path(self.target)
        return there if os.path.lexists(there) else key_path(self.database)

    def move_into_place(self, last_call: Callable[[], None]) -> None:
        """Moves the finished database, and its key file before it, to where they belong; both are on disk by then.

        Args:
            last_call: is called before the first of the two is moved; what it raises leaves the target as it was.
        """
        log = self.database.with_name(f"{self.database.name}-wal")
        if log.exists() and log.stat().st_size:
            raise ImportRefusedError(f"{log} was not written back; nothing was imported.", hint="Try again.")
        _sync(self.database)
        check_free(self.target)
        last_call()
        made = key_path(self.database)
        moved_key = made.exists()
        if moved_key:
            _move(made, key_path(self.target))
        try:
            _move(self.database, self.target)
        except BaseException:
            if moved_key:
                key_path(self.target).unlink(missing_ok=True)
            raise
        _sync(self.target.parent)


@dataclass(frozen=True)
class Place:
    """The file that an import is to make."""

    path: Path

    @classmethod
    def of(cls, url: str) -> Place:
        """The place behind a database address; raises `DatabaseUrlError`."""
        if not url.startswith(_SQLITE) or url == f"{_SQLITE}:memory:":
            raise DatabaseUrlError(url, "an import needs a file to write")
        path = url.removeprefix(_SQLITE)
        if not path:
            raise DatabaseUrlError(url, "names no file")
        if "?" in path or "\0" in path:  # the database in the making, which lies below, could not be opened
            raise DatabaseUrlError(url, "holds a character that a file name here cannot have")
        return cls(Path(path))

    @contextmanager
    def staging(self) -> Generator[Staging]:
        """A folder beside the target for building it; it goes in the end, and one that a crash left goes first.

        Raises `TargetTakenError` while another import builds the same target.
        """
        folder = self.path.with_name(f".{self.path.name}.importing")
        check_free(self.path)
        if os.path.lexists(folder) and not _is_ours(folder):
            raise TargetTakenError(folder, "it is not the folder of an import, so nothing in it was touched")
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except FileNotFoundError:
            raise DatabaseMissingError(self.path.parent) from None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise DatabaseUrlError(str(self.path), "its name is too long") from None
            raise ReadOnlyError(self.path.parent, error.strerror or str(error)) from None
        with _lock(folder, self.path):
            try:
                _empty(folder)
                yield Staging(self.path, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def new_key(self) -> Generator[Path]:
        """The key file beside the target; one that is made meanwhile goes again when an error ends the work."""
        path = key_path(self.path)
        was_there = path.exists()
        try:
            yield path
        except BaseException:
            if not was_there:
                path.unlink(missing_ok=True)
            raise


@contextmanager
def _lock(folder: Path, target: Path) -> Generator[None]:
    """Keeps the folder for this process; the lock goes with the process, whatever ends it."""
    number = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TargetTakenError(target, "another import is building it right now") from None
        if not folder.exists() or folder.stat().st_ino != os.fstat(number).st_ino:
            raise TargetTakenError(target, "another import has just ended")
        yield
    finally:
        os.close(number)


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _move(made: Path, wanted: Path) -> None:
    """Gives a file its final name, and never takes the place of another file."""
    try:
        os.link(made, wanted)
        made.unlink()
    except FileExistsError:
        raise TargetTakenError(wanted, "somebody created it while the import ran") from None
    except OSError:  # a file system without links
        check_free(wanted)
        os.rename(made, wanted)


def check_free(wanted: Path) -> None:
    """Raises `TargetTakenError` when a file is there, or what SQLite would take for a part of one: an old log."""
    for path in (wanted, *(wanted.with_name(f"{wanted.name}{part}") for part in ("-wal", "-shm", "-journal"))):
        if os.path.lexists(path):
            raise TargetTakenError(path, "it is there already, and was not touched")


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, no link to one, that holds nothing but what a crashed import of this user left."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    try:
        left = os.listdir(folder)
    except OSError:
        return False
    return folder.stat().st_uid == os.geteuid() and all(
        name.startswith(("new.db", "source", "promptliano-import-")) for name in left
    )


def _sync(path: Path) -> None:
    """Has the operating system put a file or folder on disk."""
    with suppress(OSError):  # some file systems do not sync folders
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
