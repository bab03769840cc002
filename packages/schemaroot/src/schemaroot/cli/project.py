"""Whose tables are they? A stranger's: named by options, by the environment, or in `[tool.schemaroot]`.

schemaroot migrate up --tables shop.tables --database shop.db

[tool.schemaroot]            # in pyproject.toml: what need not be typed every time
tables = "shop.tables"
database = "shop.db"
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from schemaroot.cli.address import address, file_of
from schemaroot.cli.errors import CommandError, sentence
from schemaroot.cli.place import Place

if TYPE_CHECKING:
    from schemaroot.introspection.found import FoundSchema
    from schemaroot.schema.table import Table

VARIABLES = ("SCHEMAROOT_DATABASE_URL", "DATABASE_URL")
"""Environment variables that name the database, the stronger first."""

KEYS = ("tables", "database", "migrations", "application_id", "driver")
"""What `[tool.schemaroot]` may hold."""

_UNNAMED = "Name it with --database, in SCHEMAROOT_DATABASE_URL, or in [tool.schemaroot] of pyproject.toml."


def find_place(
    tables: Annotated[
        str | None,
        typer.Option(
            "--tables",
            metavar="MODULE[:NAME]",
            help="The module of the tables: its sequence NAME, else TABLES, else every table class in it.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            help="The database: sqlite:///FILE, or a path. Else SCHEMAROOT_DATABASE_URL, DATABASE_URL, pyproject.toml.",
        ),
    ] = None,
    migrations: Annotated[
        Path | None,
        typer.Option(
            "--migrations",
            metavar="DIR",
            readable=False,
            help="The folder of the revisions. Else migrations/versions in the tables' package, or in this folder.",
        ),
    ] = None,
    application_id: Annotated[
        str | None,
        typer.Option(
            "--application-id",
            metavar="NUMBER",
            help="The number that marks the program's files, so that others are refused.",
        ),
    ] = None,
    driver: Annotated[
        Literal["apsw", "sqlite3"] | None, typer.Option("--driver", help="What opens the database.  [default: apsw]")
    ] = None,
) -> Place:
    """The place that options, environment and `pyproject.toml` name; raises `CommandError`."""
    from schemaroot.migration.revisions import Migrations

    folder = Path.cwd()
    home, settings = configuration(folder)
    module_name = tables or settings.get("tables")
    if module_name is None:
        raise CommandError(
            "USAGE",
            "No tables were named.",
            "Name their module with --tables, or in [tool.schemaroot] of pyproject.toml.",
        )
    module, classes = load_tables(module_name, [folder, home])
    named = driver or settings.get("driver") or "apsw"
    return Place(
        Migrations(
            _versions(migrations, settings, home, module, folder),
            classes,
            _number(application_id or settings.get("application_id")),
            found=_found(module),
        ),
        _database(database, os.environ, settings, home),
        "sqlite3" if named == "sqlite3" else "apsw",
        _again(tables=tables, database=database, migrations=migrations, application_id=application_id, driver=driver),
        _UNNAMED,
    )


def _found(module: ModuleType) -> FoundSchema | None:
    """What a module that `reflect` wrote knows besides its tables."""
    from schemaroot.introspection.found import FoundSchema

    found = getattr(module, "FOUND", None)
    return found if isinstance(found, FoundSchema) else None


def _again(**flags: object) -> str:
    """The flags that were typed, to be typed again."""
    return "".join(
        f" --{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in flags.items() if value is not None
    )


def _database(flag: str | None, environment: Mapping[str, str], settings: Mapping[str, str], home: Path) -> Path | None:
    if flag is not None:
        return file_of(address(flag))
    for name in VARIABLES:
        if value := environment.get(name):
            return file_of(address(value))
    if (value := settings.get("database")) is not None:
        return file_of(address(value, base=home))
    return None


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        number = int(text, 0)
    except ValueError:
        number = 0
    if not 0 < number < 2**31:
        raise CommandError("USAGE", f"{text!r} is no application id.", "It is a number such as 0x53484F50, below 2^31.")
    return number


# --- settings ---------------------------------------------------------------------------------------------------------


def configuration(folder: Path) -> tuple[Path, dict[str, str]]:
    """The settings of the nearest `pyproject.toml` that speaks to us, and its folder; none where there is none."""
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if (settings := _settings(path)) is not None:
            return place, settings
    return folder, {}


def _settings(path: Path) -> dict[str, str] | None:
    import tomllib

    try:
        document: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # whether it speaks to us nobody can know
    tools = document.get("tool")
    table = cast("dict[str, object]", tools).get("schemaroot") if isinstance(tools, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise CommandError("CONFIG_INVALID", f"{path}: tool.schemaroot is not a table.", f"Known: {', '.join(KEYS)}.")
    found: dict[str, str] = {}
    for key, value in cast("dict[str, object]", table).items():
        whole = isinstance(value, int) and not isinstance(value, bool) and key == "application_id"
        if key not in KEYS or not (whole or (isinstance(value, str) and value)):
            problem = "must be a text that is not empty" if key in KEYS else "is unknown"
            raise CommandError(
                "CONFIG_INVALID",
                f"{path}: the setting {key!r} of tool.schemaroot {problem}.",
                f"Known: {', '.join(KEYS)}.",
            )
        found[key] = str(value)
    return found


# --- tables -----------------------------------------------------------------------------------------------------------


def load_tables(name: str, folders: Iterable[Path] = ()) -> tuple[ModuleType, tuple[type[Table], ...]]:
    """Imports a module and gives it with its tables.

    Args:
        name: `pkg.module`, or `pkg.module:NAME` for a sequence in it.
        folders: where modules are looked for before the usual places.

    Raises:
        CommandError: the module cannot be imported, or holds no tables.
    """
    module_name, _, wanted = name.partition(":")
    for folder in map(str, folders):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever a stranger's module raises
        raise CommandError(
            "TABLES_UNUSABLE",
            sentence(f"{module_name} cannot be imported: {type(error).__name__}: {error}"),
            "Mend it, or name another module that can be imported from here.",
        ) from error
    if wanted and not hasattr(module, wanted):
        raise CommandError("TABLES_UNUSABLE", f"{module_name} has no {wanted}.", "Name a sequence of table classes.")
    listed = getattr(module, wanted or "TABLES", None)
    found = _table_classes(vars(module).values() if listed is None else listed)
    if not found or (listed is not None and len(found) != len(tuple(cast("Iterable[object]", listed)))):
        where = f"{module_name}:{wanted or 'TABLES'}" if listed is not None else module_name
        what = "is no sequence of table classes" if listed is not None else "holds no table class"
        raise CommandError("TABLES_UNUSABLE", f"{where} {what}.", "A table is a class below schemaroot.Table.")
    return module, found


def _table_classes(values: object) -> tuple[type[Table], ...]:
    from schemaroot.schema.table import Table

    if not isinstance(values, Iterable):
        return ()
    some = cast("Iterable[object]", values)
    return tuple(
        dict.fromkeys(one for one in some if isinstance(one, type) and issubclass(one, Table) and one is not Table)
    )


def _versions(flag: Path | None, settings: Mapping[str, str], home: Path, module: ModuleType, folder: Path) -> Path:
    """The folder of the revisions: the one that is named, else one that is there, else where one belongs."""
    if flag is not None:
        return flag
    if (said := settings.get("migrations")) is not None:
        return home / said
    beside = [Path(place) for place in getattr(import_module(module.__name__.partition(".")[0]), "__path__", ())]
    places = [place / "migrations" / "versions" for place in (*beside, folder)]
    there = [place for place in places if place.is_dir()]
    ours = [place for place in places if folder in place.parents]
    return (there or ours)[0]
