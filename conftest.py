"""Runs the Python examples of README.md and docs/ as tests: each page in a folder of its own, from top to bottom.

A page is one test, so that its examples stay together when tests run in several processes.
"""

from __future__ import annotations

import doctest
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.example import SybilFailure
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

# A shell that runs the suite in the background ignores Ctrl-C, which every program that a test starts would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent
MODULES = str(ROOT / "docs" / "examples")
"""Modules that pages import."""

SYBIL = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE),
        SkipParser(),
    ],
    patterns=["README.md", "docs/*.md", "docs/decisions/*.md"],
)


class Page(pytest.Item):
    """The examples of one page."""

    def __init__(self, *, examples: list[Example], **options: Any) -> None:
        super().__init__(**options)
        self.examples = examples

    def runtest(self) -> None:
        with folder_of_its_own(self.examples[0].namespace):
            for example in self.examples:
                example.evaluate()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, SybilFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.name}: {len(self.examples)} examples"


class PageFile(pytest.File):
    """A page that may hold examples."""

    def collect(self) -> Iterator[Page]:
        examples = list(SYBIL.parse(self.path).examples())
        if examples:
            yield Page.from_parent(self, name="examples", examples=examples)


@contextmanager
def folder_of_its_own(namespace: dict[str, Any]) -> Iterator[None]:
    """An empty working directory; databases that the examples leave open are closed."""
    before = Path.cwd()
    namespace["__name__"] = "__main__"
    sys.path.insert(0, MODULES)
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            for value in list(namespace.values()):
                if type(value).__name__ == "Database":
                    value.close()
            os.chdir(before)
            sys.path.remove(MODULES)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects the pages."""
    return PageFile.from_parent(parent, path=file_path) if SYBIL.should_parse(file_path) else None
