"""What is printed cannot always be delivered: closed streams, full disks, readers who leave. Never a traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., Any]

PRINTING = [
    "--help",
    "--version",
    "bench --help",
    "import run --help",
    "project list",
    "ticket list --limit 1000",
    "ticket list --json",
    "ticket show 1",
    "ticket search gate",
    "chat show 1 --json",
    "file show 1",
    "queue show 1",
    "agent list",
]


@pytest.fixture
def shell(environment: dict[str, str], tmp_path: Path, database: Path) -> Callable[..., tuple[int, str]]:
    """Runs a command with redirections, and gives its exit code and what came on stderr."""

    def call(arguments: str, redirection: str) -> tuple[int, str]:
        command = f"{shlex.quote(sys.executable)} -m promptliano {arguments} {redirection}"
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            env=environment | {"PROMPTLIANO_DATABASE_URL": f"sqlite:///{database}"},
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "INTERNAL" not in done.stderr
        return done.returncode, done.stderr

    return call


Shell = Callable[[str, str], tuple[int, str]]


def cannot_write(cause: str, state: str = "Nothing was changed.") -> str:
    """The line about a stdout that takes nothing."""
    what = f"stdout did not take all of the output: {cause}. {state}"
    return f"error[CANNOT_WRITE]: {what} Send it elsewhere, or make room.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
@pytest.mark.parametrize("arguments", PRINTING)
def test_a_full_disk_is_told_in_one_line(shell: Shell, arguments: str) -> None:
    assert shell(arguments, "> /dev/full") == (2, cannot_write("No space left on device"))


@pytest.mark.parametrize("arguments", ["--help", "--version", "ticket list", "ticket list --json"])
def test_a_closed_stdout_is_told_in_one_line(shell: Shell, arguments: str) -> None:
    assert shell(arguments, ">&-") == (2, cannot_write("Bad file descriptor"))


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_reader_that_leaves_is_no_error(shell: Shell, arguments: str) -> None:
    code, said = shell(arguments, "| true")

    assert code == 0
    assert "error" not in said


def test_a_reader_of_both_that_leaves_is_no_error(shell: Shell) -> None:
    assert shell("ticket list --limit 1000", "2>&1 | head -1") == (0, "")


@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full"])
def test_without_stderr_the_exit_code_speaks_alone(shell: Shell, redirection: str) -> None:
    assert shell("ticket list", redirection) == (0, "")
    assert shell("ticket list --json", redirection) == (0, "")
    assert shell("ticket show 99", redirection) == (2, "")
    assert shell("tickets", redirection) == (2, "")
    assert shell("ticket list", f"> /dev/full {redirection}") == (2, "")


def test_without_any_stream_the_exit_code_speaks_alone(shell: Shell) -> None:
    assert shell("ticket list", "<&- >&- 2>&-") == (2, "")
    assert shell("ticket show 99", "<&- >&- 2>&-") == (2, "")
    assert shell("ticket search nothing-like-it", "<&- >&- 2>&-") == (0, "")


def test_a_stdout_that_does_not_block_gets_all_of_it(environment: dict[str, str], database: Path) -> None:
    """As some programs that share a terminal or a pipe with us leave it."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    command = [sys.executable, "-m", "promptliano", "chat", "show", "1", "--json", "--database", str(database)]
    once = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    script = "import sys; from promptliano.main import run; from schemaroot.cli.streams import own_streams\n"
    script += "own_streams(); [run(sys.argv[1:]) for _ in range(30)]; sys.stdout.flush()"
    child = subprocess.Popen([sys.executable, "-c", script, *command[3:]], env=environment, stdout=write)
    os.close(write)
    with open(read, "rb") as pipe:
        assert pipe.read() == once * 30
    assert child.wait(timeout=30) == 0


class TestOfAnImport:
    """What an import did is done, whether its report arrives or not."""

    @pytest.fixture
    def legacy(self, tmp_path: Path) -> Path:
        from promptliano.legacy.sample import write_old

        write_old(tmp_path / "old.db", scale=0)
        return tmp_path / "old.db"

    @pytest.mark.parametrize("options", ["", "--json"])
    def test_a_report_that_is_not_delivered_says_that_the_import_is_complete(
        self, shell: Shell, legacy: Path, options: str
    ) -> None:
        said = shell(f"import run old.db --database new.db {options}", "> /dev/full")

        assert said == (2, cannot_write("No space left on device", "The import is complete."))
        assert shell("ticket list --database new.db", "")[0] == 0

    @pytest.mark.parametrize("redirection", ["| true", "2>&1 | true", "2>&-"])
    def test_nobody_who_listens_is_no_error(self, shell: Shell, legacy: Path, redirection: str) -> None:
        assert shell("import run old.db --database new.db", redirection)[0] == 0
        assert shell("ticket list --database new.db", "")[0] == 0

    def test_its_files_never_take_the_numbers_of_closed_streams(self, shell: Shell, legacy: Path) -> None:
        assert shell("import run old.db --database new.db", "<&- >&- 2>&-") == (2, "")
        assert shell("import run old.db --database other.db --json", "<&- 2>&-") == (0, "")
        code, said = shell("ticket list --database new.db", "")
        assert (code, "error" in said) == (0, False)
