"""Who may migrate? One runner at a time for each database, by a lock on a file beside it.

The operating system drops the lock when its holder ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from schemaroot.errors import ReadOnlyError
from schemaroot.migration.errors import MigrationLockedError

_LOOK_AGAIN_S = 0.05


def lock_path(database: Path) -> Path:
    """The file whose lock means that a runner works on the database."""
    return database.with_name(f"{database.name}.migrate.lock")


@contextmanager
def migration_lock(database: Path, *, timeout_s: float, say: Callable[[str], None]) -> Generator[None]:
    """Holds the lock; waits for another runner to end, and says so once.

    Raises:
        MigrationLockedError: it did not end in time; nothing was run.
        ReadOnlyError: the lock's file cannot be made.
    """
    path = lock_path(database)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ReadOnlyError(path, error.strerror or str(error)) from None
    try:
        _acquire(handle, database, timeout_s, say)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, database: Path, timeout_s: float, say: Callable[[str], None]) -> None:
    started = time.monotonic()
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
            known = f" (process {holder})" if holder.isdigit() else ""
            waited = time.monotonic() - started
            if waited >= timeout_s:
                raise MigrationLockedError(str(database), waited, known) from None
            if not told:
                say(f"Another runner{known} is at work on {database}; waiting for it.")
                told = True
            time.sleep(_LOOK_AGAIN_S)
