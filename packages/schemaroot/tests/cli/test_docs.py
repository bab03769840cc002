"""The pages about the command line are what it says of itself, and what they show can be typed.

When the reference is out of date, write it anew with SCHEMAROOT_WRITE_DOCS=1.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from schemaroot.cli.app import make_app

from .conftest import Shop

DOCS = Path(__file__).parents[4] / "docs"
START = "<!-- what follows is written by packages/schemaroot/tests/cli/test_docs.py -->\n"


def commands() -> Iterator[tuple[str, Any, Any]]:
    """Every command as it is typed, its context and itself."""
    root: Any = typer.main.get_command(make_app())
    top = root.make_context("schemaroot", [], resilient_parsing=True)
    for name, command in root.commands.items():
        inner = command.make_context(name, [], parent=top, resilient_parsing=True)
        if hasattr(command, "commands"):
            for word, one in command.commands.items():
                yield f"schemaroot {name} {word}", one.make_context(word, [], parent=inner, resilient_parsing=True), one
        else:
            yield f"schemaroot {name}", inner, command


COMMANDS = list(commands())
NAMES = [name for name, _, _ in COMMANDS]


def test_the_reference_of_commands_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
    path = DOCS / "schemaroot-command-line.md"
    head, start, written = path.read_text(encoding="utf-8").partition(START)
    wanted = "\n".join(f"## {name}\n\n```text\n{one.get_help(context)}\n```\n" for name, context, one in COMMANDS)
    if os.environ.get("SCHEMAROOT_WRITE_DOCS"):
        path.write_text(head + START + "\n" + wanted, encoding="utf-8")
        return

    assert start
    assert written.strip() == wanted.strip()


@pytest.mark.parametrize(("name", "context", "command"), COMMANDS, ids=NAMES)
def test_the_help_of_a_command_has_examples_that_can_be_typed(name: str, context: Any, command: Any) -> None:
    lines = [line.strip() for line in command.get_help(context).splitlines()]
    examples = [line for line in lines if line.startswith(f"{name}") and not line.startswith("Usage")]

    assert len(examples) >= 2
    for example in examples:
        command.make_context(name, shlex.split(example)[len(name.split()) :], parent=context.parent)


def test_what_the_page_of_migrations_shows_works_from_top_to_bottom(shop: Shop) -> None:
    page = (DOCS / "migrations.md").read_text(encoding="utf-8")
    (shop.folder / "shop" / "tables.py").unlink()
    typed: list[str] = []
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        if named := re.match(r"# (\S+)\n", block):
            (shop.folder / named[1]).write_text(block)
        if kind != "sh":
            continue
        for line in block.splitlines():
            command, _, remark = line.partition("#")
            wanted = 1 if "exit code 1" in remark else 0
            said = shop(*shlex.split(command)[1:])
            assert said.code == wanted, (line, said.out, said.err)
            typed.append(command)
        if "migrate up --create" in block:
            shop.sql("INSERT INTO customers (name) VALUES ('ada'), ('bob')")

    assert len(typed) > 12
    assert shop.sql("SELECT title, visits FROM customers ORDER BY id") == [("ada", 0), ("bob", 0)]
