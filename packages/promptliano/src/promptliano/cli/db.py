"""`promptliano db`: the toolkit's verbs on our database."""

from __future__ import annotations

import typer

from promptliano.cli.place import find_place
from schemaroot.cli.db import add_db


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    add_db(commands, find_place, "promptliano db")
