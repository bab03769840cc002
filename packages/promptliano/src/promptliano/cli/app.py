"""Which commands are there? All of them, joined into one program; only the group that is asked for is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import typer

from promptliano.cli import bench
from promptliano.cli.place import find_place
from schemaroot.cli.doctor import doctor
from schemaroot.cli.groups import examples, group
from schemaroot.cli.place import add_command
from schemaroot.cli.program import Program
from schemaroot.errors import SchemarootError

ABOUT = "Projects, tickets, tasks, chats, prompts, agents, files and queues of software projects, in one database."

GROUPS = {
    "migrate": ("migrate", "Change the database's schema by its revisions, and back, without losing a row."),
    "db": ("db", "Back the database up, bring a backup back, check it."),
    "import": ("import_", "Take the databases of the old applications over."),
    "project": ("projects", "Projects: everything else belongs to one, or to none."),
    "ticket": ("tickets", "Tickets: what is to be done in a project."),
    "task": ("tasks", "Tasks: the steps of a ticket."),
    "chat": ("chats", "Chats: conversations and their messages."),
    "prompt": ("prompts", "Prompts: texts to be given to a model."),
    "agent": ("agents", "Agents: assistants with instructions of their own."),
    "file": ("files", "Files of projects, as they were last read from disk."),
    "queue": ("queues", "Queues of tickets and tasks that wait for an agent."),
}
"""The groups of commands: the module of each, and what its help says."""

_EPILOG = """\
promptliano --version says which version this is.

Exit codes: 0 done, 1 a check found something, 2 wrong use or a refusal, 130 interrupted."""


def make_app(arguments: Sequence[str] | None = None) -> typer.Typer:
    """The program.

    Args:
        arguments: what it will be run with: the groups that these do not name stay empty, for reading the declarations
            of all options takes a third of the time that help may take. All groups are loaded when left out.
    """
    app = typer.Typer(
        name="promptliano",
        help=ABOUT,
        epilog=_EPILOG,
        rich_markup_mode=None,
        add_completion=False,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(promptliano)
    for name, (module, help) in GROUPS.items():
        commands = group(name, help)
        if arguments is None or name in arguments:
            import_module(f"promptliano.cli.{module}").add_to(commands)
        app.add_typer(commands)
    app.command(
        "bench",
        epilog=examples("promptliano bench --quick", "promptliano bench --json > result.json"),
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(bench.bench)
    add_command(app, "doctor", doctor, find_place, ["promptliano doctor", "promptliano doctor --json"])
    return app


def promptliano(context: typer.Context) -> None:
    """Shows the help when no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def hint(error: SchemarootError) -> str | None:
    """What to do about a file of nobody: it may be a database of the old applications."""
    from schemaroot.errors import ForeignDatabaseError

    if isinstance(error, ForeignDatabaseError) and error.found == 0:
        return f"If it is a legacy database, take it over: promptliano import run {error.path} --database NEW.db"
    return None


PROGRAM = Program("promptliano", make_app, hint)
"""The program, to be run."""
