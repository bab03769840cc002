"""Runs the Python examples of README.md and docs/ as tests: each page in a folder of its own, from top to bottom."""

from __future__ import annotations

import doctest
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).parent
EXAMPLES = str(ROOT / "docs" / "examples")
"""Modules that pages import."""


def enter(namespace: dict[str, Any]) -> None:
    """Starts a page in an empty folder that goes with it."""
    sys.path.insert(0, EXAMPLES)
    folder = tempfile.TemporaryDirectory(prefix="docs-")
    namespace.update(__name__="__main__", _folder=folder, _before=Path.cwd())
    os.chdir(folder.name)


def leave(namespace: dict[str, Any]) -> None:
    """Ends a page: databases that its examples left open are closed."""
    for value in list(namespace.values()):
        if type(value).__name__ == "Database":
            value.close()
    os.chdir(namespace["_before"])
    namespace["_folder"].cleanup()
    sys.path.remove(EXAMPLES)


pages = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE),
        SkipParser(),
    ],
    patterns=["README.md", "docs/*.md", "docs/decisions/*.md"],
    setup=enter,
    teardown=leave,
)
pytest_collect_file = pages.pytest()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the examples of a page together when tests run in several processes (`--dist loadgroup`)."""
    for item in items:
        if isinstance(item, SybilItem):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(ROOT))))
