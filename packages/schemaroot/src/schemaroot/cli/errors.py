"""How does a command say what went wrong? In one line with a code, and an exit code.

error[DB_MISSING]: shop.db does not exist; no file was created. Check --database.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from schemaroot.errors import SchemarootError

if TYPE_CHECKING:
    from schemaroot.cli.program import Program

DONE, FOUND, REFUSED, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: done or clean; a check found something; wrong use or a refusal; interrupted."""

COMMAND_CODES: tuple[str, ...] = (
    "USAGE",
    "PATH_UNUSABLE",
    "INTERRUPTED",
    "INTERNAL",
    "CLI_NOT_INSTALLED",
)
"""The codes that a command ends with where no exception of ours was raised."""

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


class ProgramError(SchemarootError):
    """Root of a program's own errors: their messages say all, what was not changed too."""

    code = "INTERNAL"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)


class CommandError(ProgramError):
    """A command cannot do what was asked; it changed nothing."""

    def __init__(self, code: str, what: str, hint: str = "", *, unchanged: str = UNCHANGED) -> None:
        self.code = code
        super().__init__(f"{what} {unchanged}".strip(), hint)


def report(error: BaseException, program: Program) -> int:
    """Writes the one line of an error to stderr and gives its exit code."""
    if os.environ.get(program.debug_variable):
        traceback.print_exception(error)
    code, message, hint = facts_of(error, program)
    say(f"error[{code}]: {message} {hint}")
    return INTERRUPTED if code == "INTERRUPTED" else REFUSED


def say(line: str) -> None:
    """Writes one line of talk to stderr, whatever its characters are."""
    from schemaroot.cli.text import one_line

    sys.stdout.flush()
    with suppress(OSError):  # nobody listens; what matters is the exit code
        sys.stderr.write(one_line(line) + "\n")
        sys.stderr.flush()


def facts_of(error: BaseException, program: Program) -> tuple[str, str, str]:
    """The code of an error, what happened and what was not changed, and what to do."""
    if isinstance(error, ProgramError):
        return error.code, error.message, error.hint
    if isinstance(error, SchemarootError):
        message = sentence(error.message)
        hint = program.hint(error) or _HINTS.get(error.code, error.hint)
        return error.code, f"{message} {UNCHANGED}" if error.code in _SILENT else message, hint
    from typer import TyperException

    if isinstance(error, TyperException):
        command = getattr(getattr(error, "ctx", None), "command_path", program.name)
        return "USAGE", f"{sentence(error.format_message())} {UNCHANGED}", f"See: {command} --help"
    if isinstance(error, OSError) and error.strerror:
        named = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return "PATH_UNUSABLE", f"{named}{error.strerror}. {NO_DATABASE}", "Check the path and its permissions."
    name = type(error).__name__
    shown = f"{name}: {error}" if str(error) else name
    hint = f"This is a fault of the program: run it again with {program.debug_variable}=1 and report it."
    return "INTERNAL", sentence(shown), hint


def sentence(text: str) -> str:
    """The text with a full stop unless it ends with a sign of its own."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
