"""How does a command say what went wrong? In one line with a code, and an exit code.

error[DB_MISSING]: shop.db does not exist; no file was created. Check --database.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import Literal, get_args

from typer import TyperException

from promptliano.errors import ProgramError

DONE, FOUND, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: done or clean; a check found something; wrong use or a refusal; interrupted."""

CommandCode = Literal[
    "USAGE",
    "NOT_FOUND",
    "AMBIGUOUS",
    "DB_MISSING",
    "NOT_IN_CHECKOUT",
    "SAMPLE_EXISTS",
    "CANNOT_WRITE",
    "CANCELLED",
    "INTERRUPTED",
    "PATH_UNUSABLE",
    "INTERNAL",
]
"""The codes that commands raise on their own, beside those of the packages' exceptions."""

COMMAND_CODES: tuple[str, ...] = get_args(CommandCode)

UNCHANGED = "Nothing was changed."
NO_DATABASE = "No database was changed."

# What to do, in the words of the command line, where the exception speaks to somebody who writes Python; and whether
# the message still has to say that nothing was changed.
_HINTS = {
    "DATABASE_URL": "Use sqlite:///relative/path.db or sqlite:////absolute/path.db, or a plain path.",
    "DB_MISSING": "Check the path.",
    "DB_EXISTS": "Name another file with --database.",
    "READ_ONLY": "Mend the permissions; to look at data in such a place, add --read-only.",
    "WAL_NOT_GRANTED": "Move the file to a local disk; to look at its data, add --read-only.",
    "DB_LOCKED": "Stop the other program, or try again.",
    "SQLITE_TOO_OLD": "Install the newest version of this program.",
    "INVALID_CURSOR": "Start again without --cursor.",
    "INVALID_ARGUMENTS": "See --help.",
    "POOL_EXHAUSTED": "Try again.",
}
_SILENT = frozenset(
    {"DATABASE_URL", "WAL_NOT_GRANTED", "INVALID_CURSOR", "UNKNOWN_FIELD", "INVALID_ARGUMENTS", "POOL_EXHAUSTED"}
    | {"NOT_FOUND", "STATEMENT_ERROR", "DATABASE_ERROR", "MANY_ROWS"}
)


class CommandError(ProgramError):
    """A command cannot do what was asked; it changed nothing."""

    def __init__(self, code: CommandCode, what: str, hint: str = "", *, unchanged: str = UNCHANGED) -> None:
        self.code = code
        super().__init__(f"{what} {unchanged}".strip(), hint)


def report(error: BaseException) -> int:
    """Writes the one line of an error to stderr and gives its exit code."""
    if os.environ.get("PROMPTLIANO_DEBUG"):
        traceback.print_exception(error)
    code, message, hint = facts_of(error)
    say(f"error[{code}]: {message} {hint}")
    return REFUSED


def say(line: str) -> None:
    """Writes one line of talk to stderr, whatever its characters are."""
    from promptliano.cli.text import one_line

    sys.stdout.flush()
    with suppress(OSError):  # nobody listens; what matters is the exit code
        sys.stderr.write(one_line(line) + "\n")
        sys.stderr.flush()


def facts_of(error: BaseException) -> tuple[str, str, str]:
    """The code of an error, what happened and what was not changed, and what to do."""
    if isinstance(error, ProgramError):
        return error.code, error.message, error.hint
    if isinstance(error, TyperException):
        command = getattr(getattr(error, "ctx", None), "command_path", "promptliano")
        return "USAGE", f"{sentence(error.format_message())} {UNCHANGED}", f"See: {command} --help"
    from schemaroot.errors import ForeignDatabaseError, SchemarootError

    if isinstance(error, SchemarootError):
        message = sentence(error.message)
        hint = _HINTS.get(error.code, error.hint)
        if isinstance(error, ForeignDatabaseError) and error.found == 0:
            hint = f"If it is a legacy database, take it over: promptliano import run {error.path} --database NEW.db"
        return error.code, f"{message} {UNCHANGED}" if error.code in _SILENT else message, hint
    if isinstance(error, OSError) and error.strerror:
        named = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return "PATH_UNUSABLE", f"{named}{error.strerror}. {NO_DATABASE}", "Check the path and its permissions."
    name = type(error).__name__
    shown = f"{name}: {error}" if str(error) else name
    hint = "This is a fault of the program: run it again with PROMPTLIANO_DEBUG=1 and report it."
    return "INTERNAL", sentence(shown), hint


def sentence(text: str) -> str:
    """The text with a full stop unless it ends with a sign of its own."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
