"""The program's own errors, beside those of its toolkit.

They stand apart from `schemaroot.errors`, whose import would slow down `--help` and whatever is refused at the start.
"""

from __future__ import annotations

from typing import Any


class ProgramError(Exception):
    """Root of the program's own errors: each has a stable `code`, a `message` and a `hint`, and survives `pickle`."""

    code: str = "INTERNAL"

    def __init__(self, message: str, hint: str = "") -> None:
        self.message: str = message
        self.hint: str = hint
        super().__init__(f"{message} {hint}".strip())

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again from its facts: Python's own way would call the class with the message, which is none of them."""
        return _bare, (type(self), self.args), vars(self)


def _bare(kind: type[ProgramError], args: tuple[object, ...]) -> ProgramError:
    return kind.__new__(kind, *args)
