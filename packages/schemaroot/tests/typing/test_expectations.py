"""Both type checkers infer and refuse what the files of `expectations` say, each at its line.

A line that ends in `# E` (and a word of why) must be reported by mypy and by Pyright; every other line must be clean.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXPECTATIONS = HERE / "expectations"
FILES = sorted(path.name for path in EXPECTATIONS.glob("*.py"))

REFUSED = re.compile(r"  # E\b")
MYPY_ERROR = re.compile(r"(?P<file>[^:\n]+):(?P<line>\d+): error: (?P<message>.*)")

Reports = dict[str, dict[int, str]]
"""What a checker reports: messages by file and line."""


@pytest.fixture(scope="module")
def mypy(pytestconfig: pytest.Config) -> Reports:
    """What `mypy --strict` reports, without any settings of the project."""
    cache: pytest.Cache | None = getattr(pytestconfig, "cache", None)  # missing with -p no:cacheprovider
    folder = os.devnull if cache is None else cache.mkdir("mypy-expectations")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder}", "."]
    run = subprocess.run(command, cwd=EXPECTATIONS, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    reports: Reports = defaultdict(dict)
    for found in MYPY_ERROR.finditer(run.stdout):
        reports[Path(found["file"]).name].setdefault(int(found["line"]), found["message"])
    return reports


@pytest.fixture(scope="module")
def pyright() -> Reports:
    """What Pyright reports in strict mode."""
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]
    environment = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    run = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    reports: Reports = defaultdict(dict)
    for found in json.loads(run.stdout)["generalDiagnostics"]:
        line = found["range"]["start"]["line"] + 1
        reports[Path(found["file"]).name].setdefault(line, found["message"])
    return reports


def lines_of(name: str) -> dict[int, str]:
    """The lines of a file, by number."""
    return dict(enumerate((EXPECTATIONS / name).read_text(encoding="utf-8").splitlines(), 1))


def refusals_of(name: str) -> set[int]:
    """The numbers of the lines that must be reported."""
    return {number for number, line in lines_of(name).items() if REFUSED.search(line)}


def differences(name: str, reported: dict[int, str]) -> list[str]:
    """Where a checker does otherwise than the file says, in words."""
    lines, refused = lines_of(name), refusals_of(name)
    missed = [f"{name}:{line} is not reported: {lines[line].strip()}" for line in sorted(refused - reported.keys())]
    extra = [f"{name}:{line} is reported: {reported[line]}" for line in sorted(reported.keys() - refused)]
    return missed + extra


@pytest.mark.parametrize("name", FILES)
def test_mypy_refuses_the_marked_lines_and_no_other(name: str, mypy: Reports) -> None:
    assert differences(name, mypy.get(name, {})) == []


@pytest.mark.parametrize("name", FILES)
def test_pyright_refuses_the_marked_lines_and_no_other(name: str, pyright: Reports) -> None:
    assert differences(name, pyright.get(name, {})) == []


def test_no_report_lies_outside_of_the_expectations(mypy: Reports, pyright: Reports) -> None:
    assert {*mypy, *pyright} <= set(FILES)


def test_there_are_enough_expectations_and_half_of_them_are_refusals() -> None:
    refusals = sum(len(refusals_of(name)) for name in FILES)
    inferences = sum(line.startswith("assert_type(") for name in FILES for line in lines_of(name).values())

    assert refusals + inferences >= 60
    assert refusals >= inferences
