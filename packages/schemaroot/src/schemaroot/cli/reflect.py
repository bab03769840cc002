"""`reflect`: write table classes for a database that is there, and a page that tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def reflect(
    database: Annotated[
        str, typer.Argument(metavar="DB", help="The database: sqlite:///FILE, or a path. It is only read.")
    ],
    module: Annotated[
        Path | None,
        typer.Option(
            "--module", metavar="FILE.py", help="Write the table classes here, not to stdout.", readable=False
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE.md", help="Write a page about the database here.", readable=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    driver: Annotated[Literal["apsw", "sqlite3"], typer.Option("--driver", help="What opens the database.")] = "apsw",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")] = False,
) -> None:
    """Write table classes for any existing SQLite database, and a page that tells what is in it.

    The classes create the same schema again. Go on with: schemaroot migrate new.
    """
    from schemaroot.backup.create import opened
    from schemaroot.cli.address import address, file_of
    from schemaroot.cli.errors import CommandError
    from schemaroot.cli.output import print_json, talk, write
    from schemaroot.introspection.reflect import reflect as look

    for path in (module, page):
        if path is not None and path.exists() and not force:
            raise CommandError("FILE_EXISTS", f"{path} exists already.", "Name another file, or add --force.")
    with opened(file_of(address(database)), driver) as connection:
        found = look(connection)
    for path, text in ((module, found.module_source), (page, found.page)):
        if path is not None:
            path.write_text(text, encoding="utf-8")
            talk(f"{path} is written.")
    if as_json:
        print_json({"module": found.module_source, "page": found.page})
    elif module is None:
        write(found.module_source)
