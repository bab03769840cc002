"""What a terminal gets: colours, its own width, and nothing that a stored text could steer it with."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promptliano.schema import APPLICATION_ID, SCHEMA_NUMBER, TABLES, Ticket
from promptliano.storage import create
from schemaroot import Database, Identity

Terminal = Callable[..., tuple[int, bytes]]
AWKWARD = (
    "\x7f \x85 \x9b31m \u061c \u200e \u200f \u2028 \u202e live \u2066 \u2069 \x1b[2J größe \N{PILE OF POO} \\u0041"
)


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Terminal:
    """Runs a command on a terminal of 60 columns, and gives its exit code and what it showed."""

    def call(*arguments: str | Path, typed: bytes = b"", **more: str) -> tuple[int, bytes]:
        here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 60, 0, 0))
        kept = {name: value for name, value in environment.items() if name not in ("NO_COLOR", "COLUMNS")}
        child = subprocess.Popen(
            [sys.executable, "-m", "promptliano", *map(str, arguments)],
            stdin=there,
            stdout=there,
            stderr=there,
            cwd=tmp_path,
            env=kept | {"TERM": "xterm-256color"} | more,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # one system call, for Ctrl-C
        )
        os.close(there)
        shown = b""
        while True:
            try:
                more_shown = os.read(here, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not more_shown:
                break
            shown += more_shown
            if typed and b"[y/N]" in shown:
                os.write(here, typed)
                typed = b""
        os.close(here)
        return child.wait(timeout=30), shown

    return call


@pytest.fixture
def awkward(tmp_path: Path, database: Path) -> Path:
    """A database with a ticket that tries to steer the terminal."""
    path = tmp_path / "awkward.db"
    shutil.copy(database, path)
    with Database.open(f"sqlite:///{path}", tables=TABLES, identity=Identity(APPLICATION_ID, SCHEMA_NUMBER)) as db:
        db.insert(Ticket, project_id=1, title=f"Odd {AWKWARD}", overview=AWKWARD)
    return path


def test_a_terminal_gets_colours_and_the_width_that_it_has(terminal: Terminal, database: Path) -> None:
    code, shown = terminal("ticket", "list", "--limit", "3", "--database", database)

    assert code == 0
    assert b"\x1b[36m" in shown  # open tickets are cyan
    assert b"Mend the" in shown


@pytest.mark.parametrize("term", ["dumb", "", "no-such-terminal"])
def test_a_terminal_that_knows_nothing_still_gets_its_table(terminal: Terminal, database: Path, term: str) -> None:
    code, shown = terminal("ticket", "list", "--limit", "3", "--database", database, TERM=term)

    assert code == 0
    assert b"Mend the" in shown
    assert b"Traceback" not in shown


@pytest.mark.parametrize("command", ["show 31", "list --limit 1", "search live"])
def test_json_on_a_terminal_is_the_same_document_with_harmful_signs_escaped(
    terminal: Terminal, program: Callable[..., Any], awkward: Path, command: str
) -> None:
    arguments = ["ticket", *command.split(), "--json", "--database", awkward]
    piped = program(*arguments)
    code, shown = terminal(*arguments)

    assert (code, piped.code) == (0, 0)
    text = shown.decode()
    assert json.loads(text) == piped.json
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)
    assert "größe \N{PILE OF POO} \\\\u0041" in text
    assert "\u202e" in piped.out  # elsewhere it stays as it is


@pytest.mark.parametrize("command", ["show 31", "list --limit 1"])
def test_tables_and_pages_on_a_terminal_hold_no_harmful_signs(terminal: Terminal, awkward: Path, command: str) -> None:
    code, shown = terminal("ticket", *command.split(), "--database", awkward)

    assert code == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)


class TestTheQuestion:
    """A person is asked before a database that is there is filled."""

    @pytest.fixture
    def arguments(self, tmp_path: Path) -> list[str]:
        from promptliano.legacy.sample import write_old

        write_old(tmp_path / "old.db", scale=0)
        create(f"sqlite:///{tmp_path / 'new.db'}").close()
        return ["import", "run", "old.db", "--database", "new.db"]

    @pytest.mark.parametrize(
        ("typed", "code", "said"),
        [
            (b"y\n", 0, b"projects"),
            (b"n\n", 2, b"error[CANCELLED]: "),
            (b"\n", 2, b"error[CANCELLED]: "),
            (b"\x04", 2, b"error[CANCELLED]: "),  # Ctrl-D
            (b"\x03", 130, b"error[INTERRUPTED]: "),  # Ctrl-C
        ],
        ids=["yes", "no", "nothing", "Ctrl-D", "Ctrl-C"],
    )
    def test_the_answer_is_heeded(
        self, terminal: Terminal, tmp_path: Path, arguments: list[str], typed: bytes, code: int, said: bytes
    ) -> None:
        before = (tmp_path / "new.db").read_bytes()

        ended, shown = terminal(*arguments, typed=typed)

        assert ended == code, shown
        assert said in shown
        assert b"Traceback" not in shown
        assert ((tmp_path / "new.db").read_bytes() == before) == (code != 0)
