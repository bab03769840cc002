"""The deployment page works: its commands build both wheels, install them in a bare environment and run them there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PAGE = PROJECT / "docs" / "deployment.md"
UV = Path(sys.executable).with_name("uv")
HIDDEN = ("PROMPTLIANO_", "PYTHON", "VIRTUAL_ENV")  # settings of this environment that a bare one does not have


def commands(page: str) -> list[str]:
    """The lines of the page's shell examples."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def run(line: str, folder: Path) -> str:
    """Run a command of the page, with uv where the page has venv and pip: it installs from its cache what is there."""
    uv = shlex.quote(str(UV))
    line = line.replace("/srv/promptliano", shlex.quote(str(folder / "srv"))).replace(".venv/bin/uv", uv)
    line = re.sub(r"^python3 -m venv", f"{uv} venv --python {shlex.quote(sys.executable)}", line)
    line = re.sub(r"^(.*/bin)/pip install", rf"{uv} pip install --python \1/python", line)
    settings = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}

    def attempt(**more: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-c", line]
        return subprocess.run(command, cwd=folder, env=settings | more, check=False, capture_output=True, text=True)

    outcome = attempt(UV_OFFLINE="1")
    if outcome.returncode and line.startswith(uv):
        outcome = attempt()
    assert outcome.returncode == 0, f"{line}\n{outcome.stdout}\n{outcome.stderr}"
    return outcome.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the wheels are built from, in a folder whose name holds a space."""
    folder = tmp_path / "a checkout"
    for name in ("packages", "requirements"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def test_the_deployment_page_leads_to_a_program_that_imports_and_lists(checkout: Path) -> None:
    """One test for the whole page, for each step stands on the one before."""
    lines = commands(PAGE.read_text(encoding="utf-8"))
    at_import = next(number for number, line in enumerate(lines) if " import run " in line)
    python = "/srv/promptliano/venv/bin/python"

    for line in lines[:at_import]:
        run(line, checkout)

    assert sorted(wheel.name.split("-")[0] for wheel in checkout.glob("dist/*.whl")) == ["promptliano", "schemaroot"]
    run(f".venv/bin/uv pip check --python {python}", checkout)
    for package in ("promptliano", "schemaroot"):
        [marker] = checkout.glob(f"srv/venv/lib/*/site-packages/{package}/py.typed")
        assert marker.is_file()
        assert list(checkout.glob(f"srv/venv/lib/*/site-packages/{package}-*.dist-info/licenses/LICENSE"))

    sample = "import pathlib, promptliano.legacy.sample as s; s.write_old(pathlib.Path('old.db'), scale=1)"
    run(f'{python} -c "{sample}"', checkout)
    before = (checkout / "old.db").read_bytes()
    outputs = [run(line, checkout) for line in lines[at_import:]]

    assert (checkout / "old.db").read_bytes() == before
    assert json.loads(outputs[-1]), "the list of tickets is empty"
