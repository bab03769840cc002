"""How does a group of commands look? Help without markup, one page per command, and a clear word when none is named."""

from __future__ import annotations

import typer

from promptliano.cli.errors import CommandError

ENTITIES = ("project", "ticket", "task", "chat", "prompt", "agent", "file", "queue")
"""What can be listed, shown and searched."""


def group(name: str, help: str) -> typer.Typer:
    """An empty group of commands."""
    made = typer.Typer(
        name=name,
        help=help,
        rich_markup_mode=None,
        add_completion=False,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @made.callback()
    def needs_a_command(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            raise CommandError("USAGE", f"{context.command_path} needs a command.", f"See: {context.command_path} --help")

    return made
