"""How is data printed? Tables and pages on stdout for people, JSON for programs, talk on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from schemaroot.cli.text import count, harmless, harmless_json, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


Item = TypeVar("Item")

PIPED_WIDTH = 140
"""Characters of a line when nobody says how wide the paper is."""

_GROWING_MINIMUM = 16
_PLAIN = str.maketrans({"…": "~", "─": "-", "·": "-", "✓": "x", "–": "-", "→": ">", "•": "*"})


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column of a printed table.

    Attributes:
        title: its heading.
        text: what it shows of an item.
        colour: its colour where that depends on the item.
        right: whether it is set flush right.
        grows: whether it takes the room that is left, cut with an ellipsis where it must be.
        minor: whether it is left out where the room is short.
        style: its colour when it is the same for all.
    """

    title: str
    text: Callable[[Item], str]
    colour: Callable[[Item], str] | None = None
    right: bool = False
    grows: bool = False
    minor: bool = False
    style: str = ""


def console(*, stderr: bool = False) -> Console:
    """A console for stdout or stderr: coloured and as wide as the terminal, plain and wide elsewhere."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else whole(os.environ.get("COLUMNS")) or PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def whole(text: str | None) -> int | None:
    """A number from 20 to 1000 out of the environment, else `None`."""
    return int(text) if text and text.isdigit() and 20 <= int(text) <= 1000 else None


def print_table(columns: Sequence[Column[Item]], items: Sequence[Item], *, indent: int = 0) -> None:
    """Prints a table: headings where there are any, then one line for each item, never broken over two."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    screen = console()
    terminal = screen.is_terminal
    cells = {column.title: [one_line(column.text(item)) for item in items] for column in columns}
    natural = {
        column.title: max([cell_len(column.title), *(cell_len(cell) for cell in cells[column.title])])
        for column in columns
    }
    shown = list(columns)
    room = screen.width - indent
    while _needed(shown, natural) > room and (spare := _spare(shown)) is not None:
        shown.remove(spare)
    widths = _widths(shown, natural, room)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.show_header = any(column.title.strip() for column in columns)
    for column in shown:
        table.add_column(
            Text(column.title, no_wrap=True),
            justify="right" if column.right else "left",
            width=widths[column.title],
            no_wrap=True,
            overflow="ellipsis",
        )
    for place, item in enumerate(items):
        row: list[Text] = []
        for column in shown:
            style = column.colour(item) if column.colour else column.style
            row.append(Text(cells[column.title][place], style=style, no_wrap=True, overflow="ellipsis"))
        table.add_row(*row)
    with screen.capture() as capture:
        screen.print(table)
    margin = " " * indent
    lines = capture.get().splitlines()
    write("".join(f"{margin}{line if terminal else line.rstrip()}\n" for line in lines))


def _needed(columns: Sequence[Column[Item]], natural: dict[str, int]) -> int:
    """The least room that a table needs: two blanks between columns, and the shortest form of those that can grow."""
    least = [
        min(natural[column.title], _GROWING_MINIMUM) if column.grows else natural[column.title] for column in columns
    ]
    return sum(least) + 2 * len(least)


def _spare(columns: Sequence[Column[Item]]) -> Column[Item] | None:
    """The column to leave out next: the last minor one, then the last that has a fixed width; never the first."""
    others = columns[1:]
    minor = [column for column in others if column.minor]
    fixed = [column for column in others if not column.grows]
    left = minor or fixed
    return left[-1] if left else None


def _widths(columns: Sequence[Column[Item]], natural: dict[str, int], room: int) -> dict[str, int]:
    """The width of each column: what it needs, and for the growing ones an even share of what is left."""
    widths = dict(natural)
    growing = [column.title for column in columns if column.grows]
    left = room - sum(natural[column.title] + 2 for column in columns if not column.grows) - 2 * len(growing)
    for place, title in enumerate(sorted(growing, key=lambda title: natural[title])):
        share = max(left // (len(growing) - place), min(natural[title], _GROWING_MINIMUM))
        widths[title] = min(natural[title], share)
        left -= widths[title]
    return widths


def write(text: str) -> None:
    """Writes text to stdout in whatever encoding it has; what that cannot say becomes a plain sign."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(text)


def print_json(value: object) -> None:
    """Writes one JSON document to stdout, in UTF-8 whatever the locale is, and harmless where that is a terminal."""
    from schemaroot.cli.documents import encoded

    sys.stdout.flush()
    document = encoded(value)
    if sys.stdout.isatty():
        document = harmless_json(document.decode()).encode()
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        sys.stdout.write(document.decode())
    else:
        binary.write(document)
        binary.flush()


def talk(line: str = "") -> None:
    """Writes one line to stderr for the person at the terminal."""
    from schemaroot.cli.errors import say

    say(line)


class Sheet:
    """A page about one thing, printed line by line."""

    def __init__(self) -> None:
        self._screen = console()

    def line(self, text: str = "", style: str = "", *, indent: int = 0) -> None:
        """One line as it is, cut where the paper ends."""
        from rich.text import Text

        self._print(Text(harmless(text).replace("\n", " "), style=style, no_wrap=True, overflow="ellipsis"), indent)

    def title(self, kind: str, id: object, name: str) -> None:
        """The heading: what it is, its id, its name."""
        from rich.text import Text

        self._print(Text.assemble((f"{kind} {id}  ", "dim"), (one_line(name), "bold")))

    def states(self, *states: tuple[str, str]) -> None:
        """One line of short facts, each with its colour."""
        from rich.text import Text

        parts = [Text(one_line(text), style=style) for text, style in states if text]
        self._print(Text("  ·  ", style="dim").join(parts))

    def fields(self, **values: str) -> None:
        """Named facts below each other; empty ones are left out."""
        from rich.text import Text

        given = {name.replace("_", " "): value for name, value in values.items() if value}
        wide = max(map(len, given), default=0)
        for name, value in given.items():
            self._print(Text.assemble((f"{name:<{wide}}  ", "dim"), one_line(value)), hang=wide + 2)

    def block(self, text: str, *, indent: int = 2, most: int | None = None, more: str = "") -> None:
        """A text of several lines, indented; only its first lines when `most` is given, and then how many are left."""
        from rich.text import Text

        lines = harmless(text.strip("\n")).split("\n")
        for line in lines[:most]:
            self._print(Text(line.expandtabs(4)), indent, hang=indent)
        if most is not None and len(lines) > most:
            self.line(f"… {count(len(lines) - most, 'more line')}{more}", "dim", indent=indent)

    def section(self, title: str) -> None:
        """The heading of a part."""
        self.line()
        self.line(title, "bold")

    def _print(self, text: Text, indent: int = 0, hang: int = 0) -> None:
        """Prints a text after `indent` blanks, the lines that it wraps into after `hang`."""
        screen = self._screen
        lines = text.wrap(screen, max(screen.width - max(indent, hang), 20), no_wrap=text.no_wrap) or [text]
        for place, line in enumerate(lines):
            if text.no_wrap:
                line.truncate(max(screen.width - indent, 20), overflow="ellipsis")
            margin = " " * (indent if place == 0 else max(indent, hang))
            with screen.capture() as capture:
                screen.print(line, end="", no_wrap=True, crop=False, overflow="ignore")
            write(f"{margin}{capture.get()}".rstrip() + "\n")
