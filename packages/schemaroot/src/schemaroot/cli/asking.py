"""When is a person asked? Before something goes, on a terminal; a script says `--yes` instead."""

from __future__ import annotations

import sys

from schemaroot.cli.errors import CommandError
from schemaroot.cli.text import one_line


def on_terminal() -> bool:
    """Whether there is a person to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Asks on stderr and reads the answer; nothing, or the end of the input, means no."""
    sys.stderr.write(f"{one_line(question)} [y/N]: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def require_yes(yes: bool, *losses: str) -> None:
    """Says what will be lost or kept, and asks whether to go on.

    Raises `CommandError`: the answer was no, or there is no terminal and nobody said yes beforehand.
    """
    from schemaroot.cli.output import talk

    if yes:
        return
    for line in losses:
        talk(line)
    if not on_terminal():
        raise CommandError("NEEDS_YES", "This needs a yes, and there is no terminal to ask on.", "Add --yes.")
    if not confirm("Go on?"):
        raise CommandError("CANCELLED", "You said no.", "Say yes, or add --yes.")
