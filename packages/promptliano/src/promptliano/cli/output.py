"""How are the product's rows printed? Lists with a word on what to type next, states in their colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from promptliano.cli.documents import listed
from schemaroot.cli.documents import Document
from schemaroot.cli.output import Column, print_json, print_table, talk
from schemaroot.cli.text import count

Item = TypeVar("Item")

STYLES = {
    "open": "cyan",
    "in_progress": "yellow",
    "completed": "green",
    "archived": "dim",
    "pending": "cyan",
    "cancelled": "dim",
    "queued": "cyan",
    "failed": "red",
    "dead": "bold red",
    "active": "green",
    "paused": "yellow",
    "inactive": "dim",
    "urgent": "bold red",
    "high": "red",
    "normal": "",
    "low": "dim",
    "user": "cyan",
    "assistant": "green",
    "system": "magenta",
    "tool": "yellow",
    "interrupted": "red",
    "streaming": "yellow",
}
"""The colours of what has a state."""


def colour(state: str) -> str:
    """The colour of a state."""
    return STYLES.get(state, "")


@dataclass(frozen=True)
class Found(Generic[Item]):
    """What a list or a search found.

    Attributes:
        items: what is shown of it.
        total: how much there is in all, when it was counted.
        next_cursor: where the next page starts, when there is one.
        offset: how many were left out at the start.
        again: what a next command needs so that it looks at the same database.
        more: whether there is more, where the total was not counted.
    """

    items: Sequence[Item]
    total: int | None = None
    next_cursor: str | None = None
    offset: int = 0
    again: str = ""
    more: bool = False

    @property
    def known_total(self) -> int | None:
        """How much there is in all, counted or seen; `None` when there is more than was looked at."""
        if self.total is not None or self.more:
            return self.total
        return self.offset + len(self.items)


def print_found(
    noun: str,
    found: Found[Item],
    columns: Sequence[Column[Item]],
    as_document: Callable[[Item], Document],
    *,
    as_json: bool,
    key: Callable[[Item], object],
    counted: str = "",
) -> None:
    """Prints a list as a table with a word on what to type next, or as one document.

    Args:
        noun: what is listed; also the name of its commands.
        found: the items.
        columns: how the table shows an item.
        as_document: how JSON shows an item.
        as_json: whether to print the document.
        key: what `show` takes to show an item.
        counted: what is counted, when it is not what `show` shows.
    """
    if as_json:
        print_json(listed(map(as_document, found.items), found.next_cursor, found.known_total))
        return
    shown, total = len(found.items), found.known_total
    counted = counted or noun
    if not shown:
        talk(f"No {counted}s found." if not found.offset else f"No more {counted}s after the first {found.offset:,}.")
        return
    print_table(columns, found.items)
    if total is None:
        said = f"The first {count(shown, counted)}" if not found.offset else f"The next {count(shown, counted)}"
    else:
        said = count(shown, counted) if shown == total else f"{shown:,} of {count(total, counted)}"
    talk(f"{said}. Look at one: promptliano {noun} show {key(found.items[0])}{found.again}")
    if total is None or found.offset + shown < total:
        talk(f"The next ones: add --offset {found.offset + shown}")
