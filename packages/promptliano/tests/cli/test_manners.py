"""How commands behave among other programs: pipes, locales, terminals, interruptions, faults of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., Any]
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def test_help_loads_nothing_heavy(environment: dict[str, str]) -> None:
    """The help is to come in 200 ms of CPU; SQLAlchemy alone takes as long. (Typer loads Pydantic for inner help.)"""
    code = """
import sys
from promptliano.main import run
code = run(sys.argv[2:])
heavy = set(sys.argv[1].split()) & sys.modules.keys()
sys.exit(f"loaded: {heavy}" if heavy else code)
"""
    heavy = "sqlalchemy rich apsw msgspec schemaroot.schema schemaroot.engine platformdirs"
    for arguments in ([f"{heavy} pydantic", "--help"], [f"{heavy} pydantic", "--version"], [heavy, "ticket", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
        )

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


def test_bare_promptliano_shows_the_help(program: Program) -> None:
    assert program().out == program("--help").out


def test_a_plain_locale_gets_plain_signs_and_the_same_json(program: Program, database: Path) -> None:
    said = program("ticket", "show", "1", PROMPTLIANO_DATABASE_URL=str(database), **PLAIN)
    listed = program("ticket", "list", PROMPTLIANO_DATABASE_URL=str(database), COLUMNS="40", **PLAIN)

    assert said.code == listed.code == 0
    assert said.out.isascii() and listed.out.isascii()
    assert "Traceback" not in said.err + listed.err
    plain = program("ticket", "list", "--json", PROMPTLIANO_DATABASE_URL=str(database), **PLAIN)
    assert plain.json == program("ticket", "list", "--json", PROMPTLIANO_DATABASE_URL=str(database)).json


def test_without_a_terminal_no_bar_is_drawn(bare: Program, tmp_path: Path) -> None:
    assert bare("import", "sample", "trial", "--scale", "0").code == 0
    said = bare("import", "run", "trial/legacy.db", "--agents", "trial/agents", "--database", "new.db")

    assert said.code in (0, 1)
    assert "━" not in said.err + said.out
    assert "\x1b" not in said.err + said.out


def test_a_fault_of_the_program_is_told_without_a_traceback_unless_asked_for(
    cli: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from promptliano.repositories import TicketRepository

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("too\nmany")

    monkeypatch.setattr(TicketRepository, "page", broken)

    said = cli("ticket", "list")
    assert said.code == 2
    assert said.err == (
        "error[INTERNAL]: ZeroDivisionError: too many. "
        "This is a fault of the program: run it again with PROMPTLIANO_DEBUG=1 and report it.\n"
    )
    monkeypatch.setenv("PROMPTLIANO_DEBUG", "1")
    assert "Traceback" in cli("ticket", "list").err


def test_the_benchmarks_are_only_in_a_checkout(bare: Program, tmp_path: Path) -> None:
    said = bare("bench", "--quick", "--json")

    assert said.code == 2
    assert said.err.startswith("error[NOT_IN_CHECKOUT]: ")


@pytest.fixture
def no_benchmarks_loaded() -> Iterator[None]:
    """Takes away what another test of the same process has loaded under that name, and brings it back."""
    there = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "benchmarks"}
    for name in there:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]
    sys.modules.update(there)


@pytest.mark.usefixtures("no_benchmarks_loaded")
def test_the_benchmarks_get_all_options_and_give_the_exit_code(bare: Program, tmp_path: Path) -> None:
    for name in ("schemaroot", "promptliano"):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "pyproject.toml").touch()
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "run.py").write_text("def main(argv):\n    print(argv)\n    return 1\n")

    said = bare("bench", "--quick", "--peer", "x")

    assert (said.code, said.out) == (1, "['--quick', '--peer', 'x']\n")


def test_a_variable_of_shell_completion_that_is_not_offered_changes_nothing(program: Program) -> None:
    assert program("--help", _PROMPTLIANO_COMPLETE="bash_source").out == program("--help").out
