"""How does a command end? With its exit code, and never with a traceback."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import typer

from schemaroot.cli.errors import DONE, INTERRUPTED, REFUSED, report, say
from schemaroot.cli.program import Program
from schemaroot.cli.streams import UndeliveredError, discard_stdout, own_streams


def run_process(program: Program, arguments: Sequence[str]) -> int:
    """Runs a command as all that this process does, and gives the exit code to end it with."""
    try:
        own_streams()
        return _ended(program, arguments)
    finally:
        # All is said. What could still be interrupted is how Python takes itself apart, which it would tell at length.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def run(program: Program, arguments: Sequence[str]) -> int:
    """Runs a command and gives its exit code; errors are told on stderr in one line."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")  # a locale that cannot say a character must not end a command
    with _interruptible_again():
        return _ended(program, arguments)


@contextmanager
def _interruptible_again() -> Generator[None]:
    """Gives Ctrl-C its meaning back when a command is over that held it back."""
    before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    try:
        yield
    finally:
        sys.unraisablehook = hook
        if signal.getsignal(signal.SIGINT) is not before:
            signal.signal(signal.SIGINT, before)


def _ended(program: Program, arguments: Sequence[str]) -> int:
    try:
        return _told(program, arguments)
    except UndeliveredError as error:
        discard_stdout()
        return DONE if error.reader_left else report(error, program)


def _told(program: Program, arguments: Sequence[str]) -> int:
    try:
        code = _run(program, arguments)
        sys.stdout.flush()
    except UndeliveredError:
        raise
    except KeyboardInterrupt:
        return interrupted()
    except SystemExit as end:  # the benchmarks read their options in their own way
        return end.code if isinstance(end.code, int) else DONE if end.code is None else REFUSED
    except Exception as error:
        return report(error, program)
    return code


def _run(program: Program, arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:  # an option of Typer's would have to load Pydantic, also for the help
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"{program.name} {version(program.name)}")
        except PackageNotFoundError:
            typer.echo(f"{program.name}, run from its source")
        return DONE
    command = typer.main.get_command(program.make_app(arguments))
    code: object = command.main(list(arguments), prog_name=program.name, complete_var="", standalone_mode=False)
    if code == INTERRUPTED:
        return interrupted()
    return code if isinstance(code, int) else DONE


def interrupted() -> int:
    """Says that a command was interrupted and gives the exit code for it."""
    say("error[INTERRUPTED]: Interrupted. No database was changed. Run the command again when you like.")
    return INTERRUPTED
