"""Files that keep a diary, and files that fail: SQLite's own file layer with something of ours in between."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

from schemaroot.engine import driver_apsw
from schemaroot.engine.driver import OpenMode, file_uri
from schemaroot.engine.driver_apsw import ApswDriver
from schemaroot.engine.opening import MEMORY

SECTOR = 512


def _part(name: object) -> str:
    """Which of a database's files it is: `""`, `"-wal"` or `"-journal"`."""
    text = str(name.filename() if isinstance(name, apsw.URIFilename) else name)
    return next((suffix for suffix in ("-wal", "-journal") if text.endswith(suffix)), "")


@contextmanager
def through(vfs: apsw.VFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets the apsw driver open its files through a file layer."""

    class Driver(ApswDriver):
        def connect(self, path: str, mode: OpenMode) -> Any:
            if path == MEMORY:
                return super().connect(path, mode)
            flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE
            return apsw.Connection(file_uri(path, mode), flags=flags, vfs=str(vfs))

    with monkeypatch.context() as patch:
        patch.setattr(driver_apsw, "ApswDriver", Driver)
        yield


# --- a diary ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """One thing that happened to a file, in order."""

    kind: str  # write, truncate, sync, delete, delete and sync, acknowledged
    part: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass
class Diary:
    """What was written, and when the disk promised to hold it."""

    events: list[Event] = field(default_factory=list)

    def acknowledge(self, number: int) -> None:
        self.events.append(Event("acknowledged", offset=number))


class _RecordedFile(apsw.VFSFile):
    def __init__(self, diary: Diary, name: Any, flags: list[int]) -> None:
        self.part = _part(name)
        self.diary = diary
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self.diary.events.append(Event("write", self.part, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self.diary.events.append(Event("truncate", self.part, size))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self.diary.events.append(Event("sync", self.part))


class RecordedFiles(apsw.VFS):
    """Keeps a diary of each write and sync."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary
        self.own_name = f"recorded-{id(self)}"
        super().__init__(self.own_name, "")

    def __str__(self) -> str:
        return self.own_name

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _RecordedFile(self.diary, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        super().xDelete(name, sync)
        self.diary.events.append(Event("delete and sync" if sync else "delete", _part(name)))


def image_after_power_loss(start: dict[str, bytes], events: list[Event], dice: random.Random) -> dict[str, bytes]:
    """What may be on the disk when the power goes after these events.

    All that was written to a file before its last sync is there. Of what came later any part may be there: each write
    or none of it, or some of its sectors, in any combination.
    """
    luck = dice.choice([0.0, 0.1, 0.5, 0.9, 1.0])
    torn = dice.choice([0.0, 0.3])
    files: dict[str, bytes] = {}
    for part in ("", "-wal", "-journal"):
        own = [event for event in events if event.part == part and event.kind != "acknowledged"]
        last = max((place for place, event in enumerate(own) if "sync" in event.kind), default=-1)
        content: bytearray | None = bytearray(start[part]) if part in start else None
        for place, event in enumerate(own):
            certain = place <= last
            if certain or dice.random() < luck:
                content = _applied(content, event, None if certain or dice.random() >= torn else dice)
        if content is not None:
            files[part] = bytes(content)
    return files


def _applied(content: bytearray | None, event: Event, torn: random.Random | None) -> bytearray | None:
    match event.kind:
        case "delete" | "delete and sync":
            return None
        case "truncate":
            content = content if content is not None else bytearray()
            return bytearray(content[: event.offset].ljust(event.offset, b"\0"))
        case "write":
            content = content if content is not None else bytearray()
            for start, piece in _sectors(event):
                if torn is None or torn.random() < 0.5:
                    content.extend(bytes(max(0, start + len(piece) - len(content))))
                    content[start : start + len(piece)] = piece
            return content
        case _:
            return content


def _sectors(event: Event) -> Iterator[tuple[int, bytes]]:
    end = event.offset + len(event.data)
    start = event.offset
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield start, event.data[start - event.offset : stop - event.offset]
        start = stop


def write_image(path: Path, files: dict[str, bytes]) -> None:
    """Puts an image in place."""
    for part in ("", "-wal", "-journal", "-shm"):
        Path(f"{path}{part}").unlink(missing_ok=True)
    for part, content in files.items():
        Path(f"{path}{part}").write_bytes(content)


# --- failures ---------------------------------------------------------------------------------------------------------


@dataclass
class Failing:
    """Which file operation fails, counted from 0; `None` for none."""

    at: int | None = None
    code: int = apsw.SQLITE_IOERR
    for_ever: bool = False
    count: int = 0
    names: list[str] = field(default_factory=list)

    def point(self, name: str) -> None:
        place = self.count
        self.count += 1
        self.names.append(name)
        if self.at is not None and (place == self.at or (self.for_ever and place > self.at)):
            raise apsw.exception_for(self.code)


def _failing(name: str) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any) -> Any:
        self.failing.point(f"{name} {self.part}")
        return getattr(apsw.VFSFile, name)(self, *arguments)

    return method


class _FailingFile(apsw.VFSFile):
    def __init__(self, failing: Failing, name: Any, flags: list[int]) -> None:
        self.part = _part(name)
        self.failing = failing
        failing.point(f"xOpen {self.part}")
        super().__init__("", name, flags)

    xRead = _failing("xRead")
    xWrite = _failing("xWrite")
    xSync = _failing("xSync")
    xTruncate = _failing("xTruncate")
    xFileSize = _failing("xFileSize")

    def excepthook(self, *_: object) -> bool:
        """Failures that SQLite does not hand on are no surprise here."""
        return True


class FailingFiles(apsw.VFS):
    """Fails where it is told to."""

    def __init__(self, failing: Failing) -> None:
        self.failing = failing
        self.own_name = f"failing-{id(self)}"
        super().__init__(self.own_name, "")

    def __str__(self) -> str:
        return self.own_name

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _FailingFile(self.failing, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        self.failing.point(f"xDelete {_part(name)}")
        super().xDelete(name, sync)

    def excepthook(self, *_: object) -> bool:
        """Failures that SQLite does not hand on are no surprise here."""
        return True
