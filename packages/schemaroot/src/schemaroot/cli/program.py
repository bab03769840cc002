"""What is a program to its command line? A name, its commands, and words of its own for some errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from schemaroot.errors import SchemarootError

MakeApp = Callable[[Sequence[str]], "typer.Typer"]
"""Makes the program's commands, given what it will be run with: groups that are not named may stay empty."""

Hint = Callable[["SchemarootError"], "str | None"]
"""What to do about an error in the program's own words; `None` where the usual ones serve."""


def no_hint(_: SchemarootError) -> str | None:
    """The usual words serve."""
    return None


@dataclass(frozen=True)
class Program:
    """A program that is run from a command line.

    Attributes:
        name: how it is called; also the distribution whose version `--version` tells.
        make_app: makes its commands.
        hint: its own words about some errors.
    """

    name: str
    make_app: MakeApp
    hint: Hint = no_hint

    @property
    def debug_variable(self) -> str:
        """The environment variable that adds tracebacks to errors."""
        return f"{self.name.upper()}_DEBUG"
