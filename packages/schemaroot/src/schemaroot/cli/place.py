"""Where does a command work? On a database file and its revisions, found by the options that a program gives it.

A program passes a function whose parameters become options of every command, and which finds the place from them:

    def place(database: Annotated[str | None, typer.Option("--database")] = None) -> Place:
        return Place(migrations(), Path(database or "shop.db"))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from schemaroot.cli.errors import CommandError
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from schemaroot.engine.driver import DriverName
    from schemaroot.engine.files import Identity
    from schemaroot.migration.revisions import Migrations
    from schemaroot.migration.runner import Runner
    from schemaroot.migration.watch import Watcher


def _no_folder() -> None:
    """The folder is the caller's."""


@dataclass(frozen=True)
class Place:
    """Where a command works.

    Attributes:
        migrations: the revisions and the tables.
        path: the database file; `None` where nobody named one, which some commands do without.
        driver: what opens it.
        again: options that a next command needs so that it works on the same, with a blank in front.
        unnamed: what to do when a command needs a database and nobody named one.
        make_folder: makes the folder of a database that is to be created, where the program makes it.
    """

    migrations: Migrations
    path: Path | None = None
    driver: DriverName = "apsw"
    again: str = ""
    unnamed: str = "Name it with --database."
    make_folder: Callable[[], None] = _no_folder

    @property
    def database(self) -> Path:
        """The database file; raises `CommandError` when nobody named one."""
        if self.path is None:
            raise CommandError("USAGE", "No database was named.", self.unnamed)
        return self.path

    def runner(self, watcher: Watcher | None = None) -> Runner:
        """What migrates that database."""
        from schemaroot.migration.runner import Runner
        from schemaroot.migration.watch import SILENT

        return Runner(self.migrations, self.database, driver=self.driver, watcher=watcher or SILENT)

    @property
    def identity(self) -> Identity | None:
        """Whose files they are, and up to which number; `None` where nothing marks them."""
        from schemaroot.engine.files import Identity

        marked = self.migrations.application_id
        return None if marked is None else Identity(marked, len(self.migrations.revisions().ordered))

    def migrate(self, words: str) -> str:
        """A command of migrations to be typed next, on the same place."""
        return f"{self.migrations.command} {words}{self.again}"

    def command(self, words: str) -> str:
        """Another command of the program to be typed next, on the same place."""
        return f"{self.migrations.command.rpartition(' ')[0]} {words}{self.again}"


FindPlace = Callable[..., Place]
"""Finds the place; its parameters are options for Typer."""


Command = tuple[Callable[..., None], list[str]]
"""A function that takes a place first, and what may be typed behind its name, for the help."""


def add_commands(commands: typer.Typer, find: FindPlace, group: str, verbs: Mapping[str, Command]) -> None:
    """Adds commands to a group that is called as said, as `shop migrate`."""
    for name, (function, samples) in verbs.items():
        add_command(commands, name, function, find, [f"{group} {name} {sample}".rstrip() for sample in samples])


def add_command(
    commands: typer.Typer,
    name: str,
    function: Callable[..., None],
    find: FindPlace,
    samples: Sequence[str],
) -> None:
    """Adds a command whose function takes the place first; what finds the place brings its options along."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    finding = list(inspect.signature(find, eval_str=True).parameters.values())

    def run(**given: Any) -> None:
        found = find(**{option.name: given.pop(option.name) for option in finding})
        function(found, **given)

    taken = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in [*own, *finding]]
    run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]  # what inspect looks for on functions
    run.__annotations__ = {option.name: option.annotation for option in taken}
    run.__doc__ = function.__doc__
    commands.command(name, epilog=examples(*samples))(run)
