"""How does a group of commands look? Help without markup, one page per command, and a clear word when none is named."""

from __future__ import annotations

import typer

from schemaroot.cli.errors import CommandError


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
            raise CommandError(
                "USAGE", f"{context.command_path} needs a command.", f"See: {context.command_path} --help"
            )

    return made


def examples(*lines: str) -> str:
    """The end of a command's help: calls to copy. The mark in front keeps their lines from being joined."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
