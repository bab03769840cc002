"""How does long work show itself? A bar on stderr where that is a terminal, and a line of talk now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from schemaroot.cli.output import console, talk
from schemaroot.cli.text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Tell = Callable[[str, int, "int | None"], None]
"""Told a stage, how much of it is done, and of how much."""


class Bar:
    """Watches work and shows it: lines of talk, and a bar for the stage that goes on."""

    def __init__(self, bar: Progress | None = None, task: TaskID | None = None) -> None:
        self._bar: Progress | None = bar
        self._task: TaskID | None = task

    def say(self, text: str) -> None:
        """One line of talk, above the bar."""
        if self._bar is None:
            talk(text)
        else:
            self._bar.console.print(one_line(text))

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """How far a stage has come."""
        if self._bar is not None and self._task is not None:
            # A bar of one step would stand still until it is full: let it move to and fro instead.
            known = total if total is not None and total > 1 else None
            self._bar.update(self._task, description=stage, completed=done, total=known)

    def stage(self, name: str) -> Callable[[int, int], None]:
        """Tells how far one stage has come, for work that knows of no stages."""
        return lambda done, total: self.progress(name, done, total)


@contextmanager
def watching(first: str = "starting") -> Generator[Bar]:
    """A watcher for as long as the work goes on; its bar goes when the work ends."""
    if not sys.stderr.isatty():
        yield Bar()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        yield Bar(bar, bar.add_task(first, total=None))
