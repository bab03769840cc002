"""Where the parts are joined: `main()` is what `promptliano` runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code."""
    from promptliano.cli.app import PROGRAM
    from schemaroot.cli import running

    return running.run(PROGRAM, arguments)


def main() -> NoReturn:
    """Runs the command line that the program was started with, and ends with its exit code."""
    try:
        from promptliano.cli.app import PROGRAM
        from schemaroot.cli import running

        code = running.run_process(PROGRAM, sys.argv[1:])
    except KeyboardInterrupt:  # while the program itself was loading
        code = 130
    sys.exit(code)
