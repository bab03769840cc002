"""How does a command end? With its exit code, and never with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from promptliano.cli.app import make_app
from promptliano.cli.errors import DONE, INTERRUPTED, report, say


def run(arguments: Sequence[str]) -> int:
    """Runs a command and gives its exit code; errors are told on stderr in one line."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")  # a locale that cannot say a character must not end a command
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # Typer turns the former into the latter where it sees it first
        # Whoever read our output has read enough; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return DONE
    except KeyboardInterrupt:
        return interrupted()
    except Exception as error:
        return report(error)
    return code


def _run(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:  # an option of Typer's would have to load Pydantic, also for the help
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"promptliano {version('promptliano')}")
        except PackageNotFoundError:
            typer.echo("promptliano, run from its source")
        return DONE
    command = typer.main.get_command(make_app(arguments))
    code: object = command.main(list(arguments), prog_name="promptliano", standalone_mode=False)
    if code == INTERRUPTED:
        return interrupted()
    return code if isinstance(code, int) else DONE


def interrupted() -> int:
    """Says that a command was interrupted and gives the exit code for it."""
    say("error[INTERRUPTED]: Interrupted. What was under way was undone. Run the command again when you like.")
    return INTERRUPTED
