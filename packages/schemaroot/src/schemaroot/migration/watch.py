"""How does long work tell what it does? To a watcher: a line now and then, and how far a stage has come."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Hears of the work. A command line draws bars; a test remembers."""

    def say(self, text: str) -> None:
        """One line of talk."""
        ...

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """How far a stage has come; `total` is `None` where nobody knows."""
        ...


class Silent:
    """Hears and says nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Nothing."""


SILENT = Silent()
