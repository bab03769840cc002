"""Which database does a command work on? Found by the configuration, opened, and closed when the command ends."""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from promptliano.config import DatabaseSetting, database_setting
from schemaroot.cli.errors import CommandError, ProgramError

if TYPE_CHECKING:
    from schemaroot import Database

Value = TypeVar("Value")
Row = TypeVar("Row")

PAGE_KEY = b"pages of the command line"
"""Signs page cursors, so that one call's cursor serves the next; who can run commands can read the file anyway."""


def setting_for(flag: str | None) -> DatabaseSetting:
    """The database that `--database`, the environment, the configuration file or the default names."""
    return database_setting(flag, os.environ, working_folder())


def working_folder() -> Path:
    """The folder that a command is run in; raises `CommandError` when it was removed or lets nobody look."""
    try:
        return Path.cwd()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandError("PATH_UNUSABLE", f"The current folder: {reason}.", "Go to another one.") from None


@contextmanager
def opened(flag: str | None, *, read_only: bool = False) -> Generator[Database]:
    """The database of a command that looks at data; it is never created here."""
    from promptliano.schema import TABLES
    from promptliano.storage import IDENTITY, check_current
    from schemaroot import Database
    from schemaroot.errors import DatabaseMissingError, DatabaseUrlError

    setting = setting_for(flag)
    if setting.url.endswith(":memory:"):
        raise DatabaseUrlError(setting.url, "a database in memory holds nothing to look at")
    try:
        database = Database.open(setting.url, tables=TABLES, identity=IDENTITY, read_only=read_only, readers=2)
    except DatabaseMissingError as error:
        raise CommandError(
            "DB_MISSING",
            f"{error.path} ({setting.origin}) does not exist; no file was created.",
            f"To take a legacy database over: promptliano import run OLD.db --database {shlex.quote(str(error.path))}",
            unchanged="",
        ) from None
    with database:
        check_current(database)
        yield database


def again(flag: str | None) -> str:
    """The option that a next command needs so that it looks at the same database; empty where it would anyway."""
    if flag is None:
        return ""
    with suppress(ProgramError):  # without the flag no database would be found
        if setting_for(flag).same_as(setting_for(None)):
            return ""
    return f" --database {shlex.quote(flag)}"


def project_id_of(database: Database, wanted: str | None) -> int | None:
    """The id of a project named by id, name or path; raises `CommandError` when there is none, or more than one."""
    if wanted is None:
        return None
    from promptliano.repositories import ProjectRepository

    projects = ProjectRepository(database)
    if (id := whole_number(wanted)) is not None and projects.find(id) is not None:
        return id
    found = projects.named(wanted)
    if not found:
        raise CommandError("NOT_FOUND", f"There is no project {wanted!r}.", "See: promptliano project list")
    if len(found) > 1:
        ids = ", ".join(str(project.id) for project in found)
        raise CommandError("AMBIGUOUS", f"Several projects are called {wanted!r}: {ids}.", "Name one by its id.")
    return found[0].id


def only(noun: str, wanted: str, found: list[Row]) -> Row:
    """The one row that a name stands for; raises `CommandError` when there is none, or more than one."""
    if not found:
        raise not_found(noun, repr(wanted))
    if len(found) > 1:
        raise CommandError("AMBIGUOUS", f"Several {noun}s are called {wanted!r}.", "Name its project with --project.")
    return found[0]


def whole_number(text: str) -> int | None:
    """The number that a text of digits names when a database can hold it, else `None`."""
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    number = int(text)
    return number if number < 2**63 else None


def not_found(noun: str, wanted: object) -> CommandError:
    """The error for an id that nothing has."""
    return CommandError("NOT_FOUND", f"There is no {noun} {wanted}.", f"See: promptliano {noun} list")


def checked(option: str, values: list[str] | None, allowed: tuple[Value, ...]) -> list[Value]:
    """The values of an option that takes some of a fixed set; raises `CommandError` for others.

    `in progress`, as tables show it, is understood as `in_progress`.
    """
    by_name = {str(value): value for value in allowed}
    chosen: list[Value] = []
    for given in values or ():
        value = given.strip().lower().replace(" ", "_").replace("-", "_")
        if value not in by_name:
            raise CommandError("USAGE", f"{option} cannot be {given!r}.", f"It is one of: {', '.join(by_name)}.")
        chosen.append(by_name[value])
    return chosen
