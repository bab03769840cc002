"""How `schemaroot` behaves as a program: without its extra, and when only help is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

BARE = """
import sys
sys.modules["typer"] = None  # as if it were not installed
from schemaroot.cli.main import main
main()
"""
HELP = """
import sys
from schemaroot.cli.main import run
code = run(sys.argv[1:])
heavy = set("sqlalchemy alembic rich apsw msgspec schemaroot.schema schemaroot.engine".split()) & sys.modules.keys()
sys.exit(f"loaded: {heavy}" if heavy else code)
"""


def test_without_the_extra_it_says_what_to_install(environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", BARE], env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error[CLI_NOT_INSTALLED]: The command line needs typer")
    assert "pip install 'schemaroot[cli]'" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["migrate", "up", "--help"], ["db", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(environment: dict[str, str], arguments: list[str]) -> None:
    command = [sys.executable, "-c", HELP, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
