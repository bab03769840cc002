"""Whatever ends an import early leaves the target as it was."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from promptliano.legacy.errors import TargetTakenError
from promptliano.legacy.importer import IDENTITY, run_import
from promptliano.legacy.sample import write_old
from promptliano.schema import TABLES
from promptliano.storage import create
from schemaroot import Database

SCRIPT = """
import signal, sys, time
from pathlib import Path
from promptliano.legacy.importer import run_import
signal.signal(signal.SIGINT, signal.default_int_handler)

def progress(table, done, total):
    if table == "ticket_tasks" and done:
        print("half way", flush=True)
        time.sleep(60)

try:
    run_import(Path(sys.argv[1]), "sqlite:///" + sys.argv[2], progress=progress)
except KeyboardInterrupt:
    sys.exit(130)
"""


def half_way(source: Path, target: Path) -> subprocess.Popen[str]:
    """A process that has imported half of a database and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(source), str(target)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"
    return process


def end(process: subprocess.Popen[str], how: signal.Signals) -> int:
    """Ends a process and gives its exit code."""
    process.send_signal(how)
    code = process.wait(timeout=30)
    assert process.stdout is not None
    process.stdout.close()
    return code


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    write_old(tmp_path / "source" / "old.db", scale=0)
    return tmp_path / "source" / "old.db"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target" / "new.db"


def test_ctrl_c_leaves_no_target_and_no_trace(source: Path, target: Path) -> None:
    process = half_way(source, target)

    assert end(process, signal.SIGINT) == 130
    assert not any(target.parent.iterdir())
    assert run_import(source, f"sqlite:///{target}").totals["read"] > 0


def test_ctrl_c_leaves_an_empty_target_empty(source: Path, target: Path) -> None:
    create(f"sqlite:///{target}").close()
    process = half_way(source, target)

    assert end(process, signal.SIGINT) == 130
    with Database.open(f"sqlite:///{target}", tables=TABLES, identity=IDENTITY) as db:
        assert not any(db.select(table).with_deleted().exists() for table in TABLES)
    assert sorted(path.name for path in target.parent.iterdir()) == ["new.db"]


def test_a_killed_import_leaves_no_target_and_the_next_one_clears_up(source: Path, target: Path) -> None:
    process = half_way(source, target)

    end(process, signal.SIGKILL)
    assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == [".new.db.importing"]

    run_import(source, f"sqlite:///{target}")
    assert sorted(path.name for path in target.parent.iterdir()) == ["new.db", "new.db.key"]


def test_two_imports_into_one_target_do_not_meet(source: Path, target: Path) -> None:
    process = half_way(source, target)
    try:
        with pytest.raises(TargetTakenError):
            run_import(source, f"sqlite:///{target}")
    finally:
        assert end(process, signal.SIGINT) == 130
    assert not any(target.parent.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("when", ["projects", "tickets", "provider_keys", "indexes and full-text search"])
def test_an_exception_at_any_step_leaves_the_target_as_it_was(
    error: type[BaseException], when: str, source: Path, target: Path
) -> None:
    def stop(table: str, done: int, total: int) -> None:
        if table == when and done == total:
            raise error

    with pytest.raises(error):
        run_import(source, f"sqlite:///{target}", progress=stop)

    assert not any(target.parent.iterdir())


def test_a_target_that_appears_meanwhile_is_not_overwritten(source: Path, target: Path) -> None:
    def create(table: str, done: int, total: int) -> None:
        if table == "tickets" and done == total:
            target.write_bytes(b"somebody's")

    with pytest.raises(TargetTakenError):
        run_import(source, f"sqlite:///{target}", progress=create)

    assert target.read_bytes() == b"somebody's"
    assert [path.name for path in target.parent.iterdir()] == ["new.db"]


def test_an_exception_while_an_empty_target_is_filled_rolls_everything_back(source: Path, target: Path) -> None:
    create(f"sqlite:///{target}").close()

    def stop(table: str, done: int, total: int) -> None:
        if table == "provider_keys":
            raise RuntimeError(table)

    with pytest.raises(RuntimeError):
        run_import(source, f"sqlite:///{target}", progress=stop)

    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM projects").fetchone() == (0,)
    assert not target.with_name("new.db.key").exists()


@pytest.mark.parametrize("part", ["-wal", "-shm", "-journal"])
def test_an_old_log_beside_a_new_target_is_refused_before_anything_is_built(tmp_path: Path, part: str) -> None:
    """SQLite would replay it over the imported rows."""
    source = tmp_path / "source.db"
    write_old(source, scale=0)
    left = tmp_path / f"new.db{part}"
    left.write_bytes(b"left over")

    with pytest.raises(TargetTakenError):
        run_import(source, f"sqlite:///{tmp_path / 'new.db'}", agents_dir=None, progress=None)

    assert left.read_bytes() == b"left over"
    assert not (tmp_path / "new.db").exists()


def test_a_link_in_the_place_of_the_staging_folder_is_not_followed(tmp_path: Path) -> None:
    source = tmp_path / "source.db"
    write_old(source, scale=0)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("precious")
    (tmp_path / ".new.db.importing").symlink_to(victim)

    with pytest.raises(TargetTakenError):
        run_import(source, f"sqlite:///{tmp_path / 'new.db'}", agents_dir=None, progress=None)

    assert (victim / "file").read_text() == "precious"
