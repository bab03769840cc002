"""Which commands has `schemaroot`? Those for a stranger's tables, named by `--tables`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import typer

from schemaroot.cli.groups import examples, group
from schemaroot.cli.program import Program
from schemaroot.cli.project import find_place
from schemaroot.cli.reflect import reflect

ABOUT = "Migrations and backups for tables that are declared as Python classes."

_EPILOG = """\
schemaroot --version says which version this is.

Exit codes: 0 done, 1 a check found something, 2 wrong use or a refusal, 130 interrupted."""

GROUPS = {
    "migrate": "Change a database's schema without losing a row, and back.",
    "db": "Back a database up, bring it back, check it.",
}
"""The groups of commands, and what their help says."""


def make_app(arguments: Sequence[str] | None = None) -> typer.Typer:
    """The program; groups that the arguments do not name stay empty."""
    app = typer.Typer(
        name="schemaroot",
        help=ABOUT,
        epilog=_EPILOG,
        rich_markup_mode=None,
        add_completion=False,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(schemaroot)
    for name, help in GROUPS.items():
        commands = group(name, help)
        if arguments is None or name in arguments:
            add = getattr(import_module(f"schemaroot.cli.{name}"), f"add_{name}")
            add(commands, find_place, f"schemaroot {name}")
        app.add_typer(commands)
    app.command(
        "reflect",
        epilog=examples("schemaroot reflect shop.db", "schemaroot reflect shop.db --module tables.py --page shop.md"),
    )(reflect)
    return app


def schemaroot(context: typer.Context) -> None:
    """Shows the help when no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


PROGRAM = Program("schemaroot", make_app)
"""The program, to be run."""
