"""`schemaroot`: migrations, backups and a first look for the tables of any program."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code."""
    from schemaroot.cli import running
    from schemaroot.cli.app import PROGRAM

    return running.run(PROGRAM, arguments)


def main() -> NoReturn:
    """Runs the command line that the program was started with, and ends with its exit code."""
    try:
        try:
            from schemaroot.cli import running
            from schemaroot.cli.app import PROGRAM
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("typer", "rich"):
                raise
            sys.stderr.write(
                f"error[CLI_NOT_INSTALLED]: The command line needs {error.name}, which is not installed. Nothing was"
                " changed. Install it with the package: pip install 'schemaroot[cli]'\n"
            )
            sys.exit(2)
        code = running.run_process(PROGRAM, sys.argv[1:])
    except KeyboardInterrupt:  # while the program itself was loading
        code = 130
    sys.exit(code)
