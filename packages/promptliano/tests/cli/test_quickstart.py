"""`make run`: takes a sample over once, and only looks at it afterwards."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path


def quickstart(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "promptliano.quickstart"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_first_run_imports_and_the_second_changes_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    first = quickstart(tmp_path, environment)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    digest = hashlib.sha256((tmp_path / "data" / "promptliano.db").read_bytes()).hexdigest()
    second = quickstart(tmp_path, environment)

    assert (first.returncode, second.returncode) == (0, 0)
    assert "IMPORTED" in first.stdout
    assert "IMPORTED" not in second.stdout
    assert "nothing is imported and nothing is changed" in second.stdout
    look = first.stdout[first.stdout.index("\nTickets of the project") :]
    assert second.stdout.endswith(look)
    assert "What to type next:" in look
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == files
    assert hashlib.sha256((tmp_path / "data" / "promptliano.db").read_bytes()).hexdigest() == digest


def test_a_run_that_was_broken_off_after_the_sample_goes_on(tmp_path: Path, environment: dict[str, str]) -> None:
    made = [sys.executable, "-m", "promptliano", "import", "sample", "data/legacy-sample", "--scale", "0"]
    subprocess.run(made, cwd=tmp_path, env=environment, check=True, capture_output=True)

    assert quickstart(tmp_path, environment).returncode == 0


def test_a_database_that_cannot_be_used_ends_it(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "promptliano.db").write_text("no database")

    done = quickstart(tmp_path, environment)

    assert done.returncode == 2
    assert done.stderr.startswith("error[NOT_A_DATABASE]: ")
