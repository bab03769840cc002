"""Which options do several commands share? Each is written down once here."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

Database: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The database: sqlite:///FILE, or a path. Else PROMPTLIANO_DATABASE_URL, DATABASE_URL, the configuration"
        " file, then the default place.",
    ),
]
ReadOnly: TypeAlias = Annotated[
    bool,
    typer.Option("--read-only", help="Write nothing at all; for databases in places that cannot be written."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="Show at most N.")]
Offset: TypeAlias = Annotated[int, typer.Option("--offset", min=0, metavar="N", help="Leave out the first N.")]
Cursor: TypeAlias = Annotated[
    str | None,
    typer.Option("--cursor", metavar="TEXT", help="Go on where a list ended: the nextCursor of its JSON document."),
]
Project: TypeAlias = Annotated[
    str | None, typer.Option("--project", metavar="ID|NAME", help="Only what belongs to this project.")
]
Sort: TypeAlias = Annotated[
    str, typer.Option("--sort", metavar="FIELDS", help="Sort by these fields, - in front for descending.")
]
Words: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="WORDS...", help="Words that must all occur; the last may be a beginning.")
]
Id: TypeAlias = Annotated[int, typer.Argument(metavar="ID", help="Its id, from the list.")]
