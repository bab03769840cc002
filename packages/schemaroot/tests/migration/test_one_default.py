"""The reproduction in `examples/one-default` shows what it says: others empty the child table, we do not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
SCRIPT = ROOT / "examples" / "one-default" / "run.py"


def outcomes(*options: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run([sys.executable, SCRIPT, "--json", *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {one["tool"]: one for one in json.loads(done.stdout)}


def test_a_changed_default_keeps_the_children_that_batch_mode_deletes() -> None:
    made = outcomes()

    ours, theirs = made["schemaroot"], made["Alembic, batch mode"]
    assert (ours["projects"], ours["tickets"], ours["default"]) == ([10, 10], [1000, 1000], "'open'")
    assert (theirs["said"], theirs["default"]) == ("success", "'open'")
    assert (theirs["projects"], theirs["tickets"]) == ([10, 10], [1000, 0])


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("npm") is None, reason="DRIZZLE-KIT NOT TRIED: there is no npm")
def test_drizzle_kit_deletes_them_too() -> None:
    made = outcomes("--drizzle")

    assert (made["drizzle-kit"]["said"], made["drizzle-kit"]["tickets"]) == ("success", [1000, 0])
