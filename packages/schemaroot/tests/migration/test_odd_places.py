"""Places that are full, locked, closed or oddly named: one clear error and nothing changed, or all goes as usual."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot.engine.driver import DriverName, OpenMode
from schemaroot.engine.driver_apsw import ApswDriver
from schemaroot.engine.driver_standard import StandardDriver
from schemaroot.errors import DatabaseLockedError, DiskError, DiskFullError, NewerDatabaseError
from schemaroot.migration import mending
from schemaroot.migration.errors import MigrationLockedError
from schemaroot.migration.lock import migration_lock
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Options, Runner

from ..engine.shop import digests
from .chain import APPLICATION_ID, FIRST_DOWN, FIRST_UP, PROJECTS, dump, fill, opened, runner_for, write, write_chain
from .children import Children
from .found import look

PLAIN = Options(backup=False, rehearse=False)


@pytest.fixture
def runner(tmp_path: Path, driver: DriverName) -> Runner:
    """A database at the first of three revisions, with rows."""
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    return runner


# --- full -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spare", [0, 2, 8, 20])
def test_a_disk_that_is_full_in_the_middle_leaves_the_old_revision_and_readers_go_on(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    fill_more(runner)
    before = look(runner.path)
    driver = {"apsw": ApswDriver, "sqlite3": StandardDriver}[runner.driver]
    plain = driver.connect

    def connect(self: Any, path: str, mode: OpenMode) -> Any:
        raw = plain(self, path, mode)
        if path == str(runner.path):
            ((pages,),) = raw.execute("PRAGMA page_count").fetchall()
            raw.execute(f"PRAGMA max_page_count = {pages + spare}")
        return raw

    with opened(runner) as reader:
        with monkeypatch.context() as patch:
            patch.setattr(driver, "connect", connect)
            with pytest.raises(DiskFullError) as caught, reader.snapshot():
                assert len(reader.all(sa.select(PROJECTS.c.id))) == 203
                runner.up(options=PLAIN)
        assert len(reader.all(sa.select(PROJECTS.c.id))) == 203

    assert caught.value.__cause__ is not None and "full" in str(caught.value.__cause__)
    assert look(runner.path) == before
    assert [one.revision for one in runner.up().applied] == ["0002_rules", "0003_rank"]


def fill_more(runner: Runner) -> None:
    with sqlite3.connect(runner.path) as connection:
        rows = [(f"more {number}", "note " * 100) for number in range(200)]
        connection.executemany("INSERT INTO projects (name, note) VALUES (?, ?)", rows)
    connection.close()


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, DiskFullError), (errno.EIO, DiskError)])
@pytest.mark.parametrize("call", ["fsync", "write", "link", "pwrite", "pread"])
def test_a_call_of_the_system_that_fails_is_told_as_the_disk_s_fault(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, call: str, number: int, expected: type[Exception]
) -> None:
    before = look(runner.path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        if call == "link":
            patch.setattr(os, "rename", fail)  # the way where there are no links
        with pytest.raises(expected, match=os.strerror(number)):
            runner.up()

    assert look(runner.path) == before
    assert list(Path(f"{runner.path}.backups").glob("*")) == []
    assert [one.revision for one in runner.up().applied] == ["0002_rules", "0003_rank"]


# --- locked -----------------------------------------------------------------------------------------------------------


def test_a_database_that_stays_locked_is_told_with_the_time_waited(runner: Runner) -> None:
    before = look(runner.path)
    # In one process two SQLite libraries do not see each other's locks: the same driver holds it.
    with opened(runner) as holder, holder.transaction(), pytest.raises(DatabaseLockedError) as caught:
        runner.up()

    assert caught.value.code == "DB_LOCKED"
    assert caught.value.waited_ms >= 500
    assert look(runner.path) == before
    assert mending.status(runner).current == "0001_initial"


def test_a_writer_that_ends_in_time_is_waited_for(runner: Runner) -> None:
    held = threading.Event()

    def hold() -> None:
        with opened(runner) as holder, holder.transaction():
            held.set()
            time.sleep(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    runner.up(options=PLAIN)
    thread.join()

    assert mending.status(runner).current == "0003_rank"


# --- newer ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_newer_database_is_refused_and_keeps_every_byte(runner: Runner, tmp_path: Path, journal: str) -> None:
    runner.up(options=PLAIN)
    with sqlite3.connect(runner.path) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.close()
    older = Runner(Migrations(tmp_path / "old", application_id=APPLICATION_ID), runner.path, driver=runner.driver)
    write(tmp_path / "old", "0001_initial", None, FIRST_UP, FIRST_DOWN)
    names = sorted(one.name for one in tmp_path.iterdir())
    before = digests(runner.path)

    for go in (older.up, older.down):
        with pytest.raises(NewerDatabaseError, match="is at 3, this program knows up to 1"):
            go()

    assert digests(runner.path) == before
    assert sorted(one.name for one in tmp_path.iterdir()) == names


# --- closed -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="schemaroot-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as started:
        yield started


CLOSED = {
    "the file": ("a.db", 0o444),
    "the folder": ("", 0o555),
    "the folder of backups": ("a.db.backups", 0o555),
    "the file of the lock": ("a.db.migrate.lock", 0o444),
}


@pytest.mark.parametrize("closed", CLOSED)
def test_a_place_that_this_user_may_not_write_is_told_and_nothing_changes(
    open_place: Path, children: Children, driver: DriverName, closed: str
) -> None:
    write_chain(open_place)
    runner = runner_for(open_place, driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    (open_place / "a.db.backups").mkdir(exist_ok=True)
    for one in [open_place, *open_place.rglob("*")]:
        one.chmod(0o777 if one.is_dir() else 0o666)
        os.chown(one, 65534, 65534) if os.geteuid() == 0 else None
    name, mode = CLOSED[closed]
    os.chown(open_place / name, 0, 0) if os.geteuid() == 0 else None
    (open_place / name).chmod(mode)
    before = digests(runner.path)

    ended = children.run(open_place, driver=driver, nobody=True)

    assert (ended.status, ended.code) == (2, "READ_ONLY"), ended.error
    assert digests(runner.path) == before
    (open_place / name).chmod(0o777)


# --- names ------------------------------------------------------------------------------------------------------------

NAMES = ["with space", "ünïcode 🖋", 'it\'s "quoted"', "100%", "a#b&c=d", "semi;colon--", "new\nline", "[brackets]*"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_of_folders_and_files_are_names_like_any_other(tmp_path: Path, driver: DriverName, name: str) -> None:
    folder = tmp_path / name
    write_chain(folder)
    first = folder / "versions" / "0001_initial.py"
    first.rename(first.with_name(f"0001 {name.strip('[]*')}.py"))
    migrations = Migrations(folder / "versions", application_id=APPLICATION_ID)
    runner = Runner(migrations, folder / f"{name}.db", driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    start = dump_of(runner, tmp_path)

    report = runner.up()
    runner.down("0001")

    assert dump_of(runner, tmp_path) == start
    assert report.backups[0].parent == Path(f"{runner.path}.backups")
    assert [one.name for one in folder.glob("*rehearsal*")] == []


def dump_of(runner: Runner, tmp_path: Path) -> list[tuple[object, ...]]:
    plain = shutil.copyfile(runner.path, tmp_path / "plain.db")
    return dump(plain)


def test_a_relative_path_holds_when_the_program_goes_elsewhere(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = Runner(runner.migrations, Path("a.db"), driver=runner.driver)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chdir(elsewhere)

    relative.up()

    assert mending.status(runner).current == "0003_rank"
    assert list(elsewhere.iterdir()) == []


def test_a_revision_that_goes_elsewhere_takes_nothing_along(runner: Runner, tmp_path: Path) -> None:
    path = runner.migrations.folder / "0002_rules.py"
    path.write_text(path.read_text() + f"\nimport os\nos.chdir({str(tmp_path / 'versions')!r})\n")
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        Runner(Migrations(Path("versions"), application_id=APPLICATION_ID), Path("a.db"), driver=runner.driver).up()
    finally:
        os.chdir(before)

    assert mending.status(runner).current == "0003_rank"


def test_a_link_shares_the_lock_of_its_file_and_has_the_backups_beside_it(runner: Runner, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    link = other / "link.db"
    link.symlink_to(runner.path)
    linked = Runner(runner.migrations, link, driver=runner.driver, lock_timeout_s=0.1)

    with migration_lock(runner.path, timeout_s=1, say=print), pytest.raises(MigrationLockedError):
        linked.up()
    report = linked.up()

    assert report.backups[0].parent == Path(f"{link}.backups")
    assert sorted(one.name for one in other.iterdir()) == ["link.db", "link.db.backups"]
    assert link.is_symlink()
    assert mending.status(runner).current == "0003_rank"
