"""Which commands are there? All of them, joined into one program."""

from __future__ import annotations

from typing import Annotated

import typer

from promptliano.cli import agents, bench, chats, files, import_, projects, prompts, queues, tasks, tickets

app = typer.Typer(
    name="promptliano",
    help="Projects, tickets, tasks, chats, prompts, agents, files and queues of your software projects, in one database.",
    epilog="Exit codes: 0 done, 1 a check found something, 2 wrong use or a refusal, 130 interrupted.",
    rich_markup_mode=None,
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def promptliano(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    """Projects, tickets, tasks, chats, prompts, agents, files and queues of your software projects, in one database."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"promptliano {installed('promptliano')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for part in (import_, projects, tickets, tasks, chats, prompts, agents, files, queues):
    app.add_typer(part.commands)
app.command("bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(bench.bench)
