"""Every command, option and error code has its entry in the documentation; the reference is what --help says.

When the reference is out of date, write it anew with PROMPTLIANO_WRITE_DOCS=1.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import promptliano
import schemaroot
from promptliano.cli.app import GROUPS, make_app
from schemaroot.cli.errors import COMMAND_CODES

DOCS = Path(__file__).parents[4] / "docs"
START = "<!-- what follows is written by packages/promptliano/tests/cli/test_docs.py -->\n"


def commands() -> Iterator[tuple[str, Any, Any]]:
    """Every command as it is typed, its context and itself."""
    root: Any = typer.main.get_command(make_app())
    top = root.make_context("promptliano", [], resilient_parsing=True)
    for name, command in root.commands.items():
        inner = command.make_context(name, [], parent=top, resilient_parsing=True)
        if hasattr(command, "commands"):
            for word, one in command.commands.items():
                context = one.make_context(word, [], parent=inner, resilient_parsing=True)
                yield f"promptliano {name} {word}", context, one
        else:
            yield f"promptliano {name}", inner, command


COMMANDS = list(commands())
NAMES = [name for name, _, _ in COMMANDS]


def reference(monkeypatch: pytest.MonkeyPatch) -> str:
    """The pages of all commands."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
    return "\n".join(f"## {name}\n\n```text\n{one.get_help(context)}\n```\n" for name, context, one in COMMANDS)


def test_the_reference_of_commands_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    path = DOCS / "command-line.md"
    head, start, written = path.read_text(encoding="utf-8").partition(START)
    wanted = reference(monkeypatch)
    if os.environ.get("PROMPTLIANO_WRITE_DOCS"):
        path.write_text(head + START + "\n" + wanted, encoding="utf-8")
        return

    assert start
    assert written.strip() == wanted.strip()


def test_all_entities_have_the_same_commands() -> None:
    for name in GROUPS.keys() - {"import", "migrate", "db"}:
        assert {f"promptliano {name} {word}" for word in ("list", "search", "show")} <= set(NAMES)


@pytest.mark.parametrize(("name", "context", "command"), COMMANDS, ids=NAMES)
def test_the_help_of_a_command_has_examples_that_can_be_typed(name: str, context: Any, command: Any) -> None:
    lines = command.get_help(context).splitlines()
    examples = [
        line.strip() for line in lines if line.startswith("  promptliano ") or line.startswith("    promptliano ")
    ]

    assert len(examples) >= 2
    assert examples[0].startswith(name)
    for example in examples:
        words = shlex.split(example.split(">")[0])
        [(called, of, one)] = [known for known in COMMANDS if words[: len(known[0].split())] == known[0].split()]
        if called != "promptliano bench":  # its options are the benchmarks' own
            one.make_context(called, words[len(called.split()) :], parent=of.parent)  # raises when it cannot be typed


def exceptions() -> Iterator[type[BaseException]]:
    """Every exception class with a code of its own, of both packages."""
    for package in (promptliano, schemaroot):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    waiting: list[type[BaseException]] = [Exception]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.partition(".")[0] in ("promptliano", "schemaroot") and isinstance(
            kind.__dict__.get("code"), str
        ):
            yield kind


def raised_by_commands() -> Iterator[str]:
    """The codes that are given to `CommandError`."""
    for package in (promptliano, schemaroot):
        for path in Path(package.__path__[0]).rglob("*.py"):
            yield from re.findall(r'CommandError\(\s*"([A-Z_]+)"', path.read_text(encoding="utf-8"))


def test_every_error_code_has_an_entry() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    entries = set(re.findall(r"^\| `([A-Z_]+)` \|", page, flags=re.MULTILINE))
    codes = {str(kind.__dict__["code"]) for kind in exceptions()} | set(COMMAND_CODES) | set(raised_by_commands())

    assert codes - entries == set()
    assert entries - codes == set()


def test_every_error_code_is_in_upper_case() -> None:
    for kind in exceptions():
        assert re.fullmatch(r"[A-Z][A-Z_]+", str(kind.__dict__["code"])), kind


def test_the_pages_name_only_commands_that_are_there() -> None:
    known = {tuple(name.split()[1:]) for name in NAMES}
    for page in ("importing.md", "errors.md", "command-line.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        for words in re.findall(r"promptliano ([a-z]+) ([a-z]+)\b", text):
            assert tuple(words) in known or words[0] == "bench", (page, words)
