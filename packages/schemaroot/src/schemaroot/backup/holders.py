"""Which processes have a database open, or hold its locks? Read from /proc; where there is none, nobody is known."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PARTS = ("", "-wal", "-shm", "-journal")
"""What a database consists of on disk."""

_WRITE_LOCK = 120
"""The byte of the `-shm` file whose lock is the write lock (https://sqlite.org/walformat.html#wal_locks)."""

_LOCK = re.compile(
    r"^\d+: POSIX +\S+ +(?P<kind>READ|WRITE) +(?P<pid>\d+) +(?P<device>[0-9a-f]+:[0-9a-f]+):(?P<inode>\d+)"
    r" +(?P<start>\d+) +(?P<end>\d+|EOF)$"
)


@dataclass(frozen=True, order=True)
class Holder:
    """A process that has a file open, or holds a lock on it."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})" if self.command else f"process {self.pid}"


def holders_of(database: Path) -> list[Holder]:
    """The other processes that have a database or its log open, as far as this user may see them."""
    wanted = {(found.st_dev, found.st_ino) for found in _parts(database)}
    pids = (int(name) for name in _listed(Path("/proc")) if name.isdigit())
    return sorted(_holder(pid) for pid in pids if pid != os.getpid() and _has_open(pid, wanted))


def writers_of(database: Path) -> list[Holder]:
    """The processes, this one among them, that hold the write lock of a database."""
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    inodes = {part: found.st_ino for part, found in zip(PARTS, _each(database), strict=True) if found is not None}
    found: set[int] = set()
    for line in lines:
        match = _LOCK.match(line)
        if match is None or match["kind"] != "WRITE" or int(match["pid"]) <= 0:
            continue
        inode, start = int(match["inode"]), int(match["start"])
        if (inode == inodes.get("-shm") and start == _WRITE_LOCK) or (inode == inodes.get("") and "-shm" not in inodes):
            found.add(int(match["pid"]))
    return sorted(_holder(pid) for pid in found)


def named(holders: Iterable[Holder]) -> str:
    """The processes in words; empty when none is known."""
    return ", ".join(map(str, holders))


def _each(database: Path) -> list[os.stat_result | None]:
    found: list[os.stat_result | None] = []
    file = database.resolve()  # the log lies beside the file itself
    for part in PARTS:
        try:
            found.append(file.with_name(file.name + part).stat())
        except OSError:
            found.append(None)
    return found


def _parts(database: Path) -> list[os.stat_result]:
    return [found for found in _each(database) if found is not None]


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # no /proc, a process that has ended, or another user's


def _has_open(pid: int, wanted: set[tuple[int, int]]) -> bool:
    folder = Path("/proc", str(pid), "fd")
    for name in _listed(folder):
        try:
            found = (folder / name).stat()
        except OSError:
            continue
        if (found.st_dev, found.st_ino) in wanted:
            return True
    return False


def _holder(pid: int) -> Holder:
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except OSError:
        words = []
    # The arguments stay out: some programs are given secrets there.
    return Holder(pid, os.fsdecode(words[0]).rpartition("/")[2] if words else "")
