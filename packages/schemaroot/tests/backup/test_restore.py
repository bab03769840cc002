"""A restore takes nothing from anybody: what was there is kept, programs go on, and it can be undone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.backup import restore
from schemaroot.backup.create import create_backup, opened
from schemaroot.backup.digest import TableDigest, digest_tables
from schemaroot.backup.errors import (
    BackupMissingError,
    BackupNotVerifiedError,
    NotEnoughSpaceError,
    RestoreRefusedError,
)
from schemaroot.backup.holders import holders_of
from schemaroot.backup.manifest import BEFORE_RESTORE, Backup, find_backup, list_backups, manifest_path
from schemaroot.backup.restore import restore_backup, undo_restore
from schemaroot.backup.verify import reading_backup, verify_backup
from schemaroot.engine.driver import DriverName
from schemaroot.engine.files import Identity, backup_folder
from schemaroot.engine.opening import Journal
from schemaroot.errors import ForeignDatabaseError, NewerDatabaseError

from ..engine.shop import SHOP, TABLES, Customer, digests, held_by_another_process, run_python, url_of
from .test_create import damage_leaf, flipped, mode_of, names


def content(path: Path, driver: DriverName = "apsw") -> dict[str, TableDigest]:
    with opened(path, driver) as connection:
        return digest_tables(connection)


def add_customer(path: Path, name: str, driver: DriverName = "apsw") -> None:
    with Database.open(url_of(path), tables=TABLES, driver=driver) as db:
        db.insert(Customer, name=name)


def customers(path: Path, driver: DriverName = "apsw") -> list[str]:
    with Database.open(url_of(path), tables=TABLES, driver=driver) as db:
        return [row.name for row in db.select(Customer).all()]


@pytest.fixture(params=["wal", "delete"])
def journal(request: pytest.FixtureRequest, path: Path) -> Journal:
    """Both kinds of journal; the shop's file has the one."""
    mode: Journal = request.param
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}").fetchall()
    return mode


@pytest.fixture
def backup(path: Path, journal: Journal) -> Backup:
    """A backup of the shop as it was before Dee came."""
    made = create_backup(path, reason="daily")
    add = "INSERT INTO customers (name, city, vip, joined) VALUES ('Dee', NULL, 0, 0)"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(add)
        connection.commit()
    return made


# --- what it does -----------------------------------------------------------------------------------------------------


def test_a_restore_brings_the_content_back(path: Path, backup: Backup, driver: DriverName) -> None:
    assert "Dee" in customers(path, driver)

    restored = restore_backup(path, backup.path, identity=SHOP, driver=driver)

    assert content(path, driver) == backup.manifest.tables
    assert restored.backup == backup
    assert (restored.set_aside, restored.outdated, restored.notes) == ((), False, ())
    with Database.open(url_of(path), identity=SHOP, tables=TABLES, driver=driver, check=True) as db:
        db.insert(Customer, name="Eve")


def test_what_was_there_is_backed_up_first_and_undo_brings_it_back(
    path: Path, backup: Backup, driver: DriverName
) -> None:
    before = content(path, driver)

    restored = restore_backup(path, backup.path, driver=driver)

    assert restored.previous is not None
    assert restored.previous.manifest.reason == BEFORE_RESTORE
    assert restored.previous.manifest.tables == before
    undone = undo_restore(path, driver=driver)
    assert content(path, driver) == before
    assert undone.backup == restored.previous
    undo_restore(path, driver=driver)
    assert content(path, driver) == backup.manifest.tables


def test_two_wrong_restores_can_both_be_taken_back(path: Path, driver: DriverName) -> None:
    wrong = create_backup(path, reason="one")
    add_customer(path, "Dee")
    other = create_backup(path, reason="two")
    add_customer(path, "Eve")
    wanted = content(path)

    restore_backup(path, wrong.path, driver=driver)
    restore_backup(path, other.path, driver=driver)
    first = list_backups(path)[1]
    restore_backup(path, first.path, driver=driver)

    assert content(path) == wanted


def test_without_a_restore_there_is_nothing_to_undo(path: Path) -> None:
    with pytest.raises(BackupMissingError, match="nothing was restored"):
        undo_restore(path)


def test_a_missing_database_is_made_with_mode_0600(path: Path, backup: Backup, driver: DriverName) -> None:
    path.unlink()
    before = os.umask(0)
    try:
        restored = restore_backup(path, backup.path, identity=SHOP, driver=driver)
    finally:
        os.umask(before)

    assert content(path, driver) == backup.manifest.tables
    assert mode_of(path) == 0o600
    assert restored.previous is None
    assert [name for name in names(path.parent) if "partial" in name] == []


def test_backups_are_found_by_what_people_call_them(path: Path) -> None:
    one = create_backup(path, reason="one")
    two = create_backup(path, reason="two")

    assert find_backup(path) == two.path
    assert find_backup(path, one.path.name) == one.path
    assert find_backup(path, one.path.name[:19]) == one.path
    assert find_backup(path, str(one.path)) == one.path
    for wrong in ("2", "nothing"):
        with pytest.raises(BackupMissingError):
            find_backup(path, wrong)
    shutil.rmtree(backup_folder(path))
    with pytest.raises(BackupMissingError, match="no verified backup"):
        find_backup(path)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_database_behind_a_link_keeps_its_backups_beside_the_link(
    path: Path, tmp_path: Path, driver: DriverName, damaged: bool
) -> None:
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere" / "real.db"
    path.rename(file)
    path.symlink_to(file)
    backup = create_backup(path, reason="daily", driver=driver)
    assert list_backups(path) == [backup]
    if damaged:
        file.write_bytes(b"hello")
    else:
        add_customer(path, "Dee", driver)

    restored = restore_backup(path, backup.path, driver=driver)

    assert path.is_symlink()
    assert content(file, driver) == backup.manifest.tables
    assert bool(restored.set_aside) == damaged
    assert set(names(tmp_path / "elsewhere")) <= {"real.db", "real.db-wal", "real.db-shm"}
    assert [one.manifest.reason for one in list_backups(path)] == (
        ["daily"] if damaged else ["before restore", "daily"]
    )


# --- the program's version (37) ---------------------------------------------------------------------------------------


def test_a_backup_older_than_the_program_is_restored_and_not_migrated(path: Path, backup: Backup) -> None:
    newer = Identity(SHOP.application_id, SHOP.schema_number + 2)

    restored = restore_backup(path, backup.path, identity=newer)

    assert restored.outdated
    assert restored.notes == ("The database is at 7, which is older than the program: run `migrate up`.",)
    assert content(path) == backup.manifest.tables


def test_a_backup_at_an_older_revision_says_so(path: Path) -> None:
    made = create_backup(path, reason="daily", revision="0002_tags")

    assert restore_backup(path, made.path, revisions=["0001", "0002_tags", "0003"]).notes == (
        "The database is at 0002_tags, which is older than the program: run `migrate up`.",
    )
    assert not restore_backup(path, made.path, revisions=["0001", "0002_tags"]).outdated


def test_a_backup_newer_than_the_program_is_refused(path: Path, backup: Backup) -> None:
    before = digests(path)

    with pytest.raises(NewerDatabaseError):
        restore_backup(path, backup.path, identity=Identity(SHOP.application_id, 3))
    made = create_backup(path, reason="daily", revision="0009")
    with pytest.raises(RestoreRefusedError, match="0009, which this program does not know"):
        restore_backup(path, made.path, revisions=["0001"])

    assert digests(path) == before


# --- refused (34, 35) -------------------------------------------------------------------------------------------------


def test_a_backup_that_is_not_what_it_was_is_refused(path: Path, backup: Backup, driver: DriverName) -> None:
    before = digests(path)
    flipped(backup.path, backup.manifest.size // 2)

    with pytest.raises(BackupNotVerifiedError, match="SHA-256"):
        restore_backup(path, backup.path, driver=driver)

    flipped(backup.path, backup.manifest.size // 2)
    document = json.loads(manifest_path(backup.path).read_bytes())
    manifest_path(backup.path).write_text(json.dumps({**document, "verified": False}))
    with pytest.raises(BackupNotVerifiedError, match="not verified"):
        restore_backup(path, backup.path, driver=driver)
    manifest_path(backup.path).unlink()
    with pytest.raises(BackupMissingError):
        restore_backup(path, backup.path, driver=driver)
    assert digests(path) == before


def test_another_program_s_backup_and_database_are_refused(path: Path, backup: Backup, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA application_id = 77")
        connection.execute("CREATE TABLE t (a)")
    foreign = create_backup(other, reason="daily")
    before = digests(path, other)

    with pytest.raises(ForeignDatabaseError):
        restore_backup(path, foreign.path, identity=SHOP)
    with pytest.raises(ForeignDatabaseError):
        restore_backup(other, backup.path, identity=SHOP)

    assert digests(path, other) == before


def test_without_room_nothing_is_changed(path: Path, backup: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests(path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))

    with pytest.raises(NotEnoughSpaceError):
        restore_backup(path, backup.path)

    assert digests(path) == before


def test_when_what_is_there_cannot_be_backed_up_it_is_not_replaced(
    path: Path, backup: Backup, driver: DriverName, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> Backup:
        raise NotEnoughSpaceError(path, 2, 1)

    monkeypatch.setattr(restore, "create_backup", failing)
    before = content(path)

    with pytest.raises(NotEnoughSpaceError):
        restore_backup(path, backup.path, driver=driver)

    assert content(path) == before
    add_customer(path, "Eve")  # no lock was left behind


def test_while_another_process_holds_the_write_lock_a_restore_is_refused_with_its_pid(
    path: Path, backup: Backup, driver: DriverName
) -> None:
    with held_by_another_process(path, "BEGIN IMMEDIATE; UPDATE customers SET vip = 1 WHERE name = 'Dee'") as holder:
        with pytest.raises(RestoreRefusedError) as caught:
            restore_backup(path, backup.path, driver=driver, timeout_ms=200)
        assert caught.value.pids == (holder.pid,)
        assert f"process {holder.pid} (python" in caught.value.reason

    assert "Dee" in customers(path)
    restore_backup(path, backup.path, driver=driver)
    assert "Dee" not in customers(path)


def test_a_process_that_has_the_database_open_is_known_by_its_pid(path: Path) -> None:
    assert holders_of(path) == []
    with held_by_another_process(path, "SELECT * FROM customers") as holder:
        assert [found.pid for found in holders_of(path)] == [holder.pid]


# --- files that are no databases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["empty", "text", "half a header", "schema page"])
def test_a_file_that_is_no_database_is_moved_aside(path: Path, backup: Backup, driver: DriverName, damage: str) -> None:
    whole = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "text": b"hello\n" * 1000,
            "half a header": whole[:50],
            "schema page": whole[:100] + b"\xff" * 3996 + whole[4096:],
        }[damage]
    )
    before = digests(path)

    restored = restore_backup(path, backup.path, identity=SHOP, driver=driver)

    assert content(path, driver) == backup.manifest.tables
    assert restored.previous is None
    assert digests(restored.set_aside[0]) == before
    assert "was moved to" in restored.notes[0]


def test_a_file_that_is_no_database_and_is_open_is_left_alone(path: Path, backup: Backup, driver: DriverName) -> None:
    with held_by_another_process(path, "SELECT * FROM customers") as holder:
        path.write_bytes(b"hello\n" * 1000)
        with pytest.raises(RestoreRefusedError) as caught:
            restore_backup(path, backup.path, driver=driver)

        assert caught.value.pids == (holder.pid,)
        assert path.read_bytes() == b"hello\n" * 1000


def test_a_log_that_was_left_beside_a_missing_file_is_not_read_into_the_new_one(
    path: Path, backup: Backup, driver: DriverName, tmp_path: Path
) -> None:
    """SQLite reads whatever log lies beside a file; this one belongs to a database that is gone."""
    leave_log(path)
    path.unlink()

    restored = restore_backup(path, backup.path, driver=driver)

    assert content(path, driver) == backup.manifest.tables
    assert {file.name for file in restored.set_aside} >= {"shop.db-wal"}


def test_a_log_that_a_killed_process_left_is_part_of_what_is_backed_up(path: Path, driver: DriverName) -> None:
    backup = create_backup(path, reason="daily")
    leave_log(path)

    restored = restore_backup(path, backup.path, driver=driver)

    assert content(path, driver) == backup.manifest.tables
    assert restored.previous is not None
    with reading_backup(restored.previous.path, driver) as connection:
        assert connection.value("SELECT count(*) FROM customers WHERE name = 'in the log'") == 1


def leave_log(path: Path) -> None:
    """Another process writes and is killed: its commit stands in the log alone."""
    killed = """
import os, signal, sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0")
connection.execute("INSERT INTO customers (name, vip, joined) VALUES ('in the log', 0, 0)")
os.kill(os.getpid(), signal.SIGKILL)
"""
    run_python(killed, path)
    assert path.with_name(f"{path.name}-wal").stat().st_size


def test_a_damaged_database_is_copied_as_far_as_it_goes_and_replaced(
    path: Path, backup: Backup, driver: DriverName
) -> None:
    damage_leaf(path)

    restored = restore_backup(path, backup.path, driver=driver)

    assert content(path, driver) == backup.manifest.tables
    assert restored.previous is not None
    assert not restored.previous.manifest.verified
    assert "was damaged" in restored.notes[0]
    with pytest.raises(BackupNotVerifiedError):
        undo_restore(path, driver=driver)


def test_pages_of_another_size_are_no_hindrance(path: Path, driver: DriverName) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        connection.execute("PRAGMA page_size=1024")
        connection.execute("VACUUM")
    backup = create_backup(path, reason="daily")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size=8192")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
    add_customer(path, "Dee")

    restored = restore_backup(path, backup.path, driver=driver)

    assert content(path, driver) == backup.manifest.tables
    assert restored.previous is not None
    assert restored.previous.manifest.tables["customers"].rows == 4


# --- live processes ---------------------------------------------------------------------------------------------------

_WRITER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(30000)
for number in range(1_000_000):
    connection.execute("INSERT INTO customers (name, vip, joined) VALUES (?, 0, 0)", (f"live {number}",))
    print(number, flush=True)
"""

_READER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(30000)
sql = ("SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM orders), (SELECT count(*) FROM lines),"
    " (SELECT max(name) FROM customers)")
last = None
while True:
    found = connection.execute(sql).fetchall()[0]
    if found != last:
        print(*found, sep="|", flush=True)
        last = found
"""


@contextmanager
def live(code: str, path: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A process that works on a database; at the end it is killed, and all that it said is in the list."""
    said: list[str] = []
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said.append(process.stdout.readline().strip())
        yield process, said
        process.send_signal(signal.SIGKILL)
        said += [line.strip() for line in process.stdout.read().split("\n")[:-1]]


def test_what_a_live_process_committed_is_in_the_backup_or_in_the_database(path: Path, driver: DriverName) -> None:
    """Each row that it was told is committed: before the restore it is in the backup of before, else in the file."""
    create_backup(path, reason="daily")
    first = find_backup(path)
    kept: set[str] = set()
    with live(_WRITER, path) as (process, said):
        for _ in range(4):
            time.sleep(0.05)
            restored = restore_backup(path, first, driver=driver, timeout_ms=20_000)
            assert restored.previous is not None
            assert restored.previous.manifest.verified
            with reading_backup(restored.previous.path, driver) as connection:
                kept |= {str(row[0]) for row in connection.execute("SELECT name FROM customers").fetchall()}
        time.sleep(0.05)
        assert process.poll() is None  # it goes on
    kept |= set(customers(path))

    acknowledged = {f"live {number}" for number in said}
    assert len(acknowledged) > 10
    assert acknowledged - kept == set()


def test_live_readers_see_the_old_content_or_the_new_one(path: Path, backup: Backup, driver: DriverName) -> None:
    with live(_READER, path) as (process, said):
        for _ in range(4):
            time.sleep(0.05)
            restore_backup(path, backup.path, driver=driver, timeout_ms=20_000)
            undo_restore(path, driver=driver, timeout_ms=20_000)
        restore_backup(path, backup.path, driver=driver, timeout_ms=20_000)
        assert process.stdout is not None
        while said[-1] != "3|4|6|Cy":  # it goes on, and sees the new content in the end
            said.append(process.stdout.readline().strip())

    assert set(said) == {"3|4|6|Cy", "4|4|6|Dee"}


def test_an_open_database_object_goes_on_with_the_restored_content(
    path: Path, backup: Backup, driver: DriverName
) -> None:
    with Database.open(url_of(path), tables=TABLES, driver=driver) as db:
        assert db.select(Customer).count() == 4

        restore_backup(path, backup.path, driver=driver)

        assert db.select(Customer).count() == 3
        db.insert(Customer, name="Eve")
    assert "Eve" in customers(path)


_KILLED = """
import sys
from pathlib import Path
from schemaroot.backup.restore import restore_backup, undo_restore
path, driver = Path(sys.argv[1]), sys.argv[3]
restore_backup(path, Path(sys.argv[2]), driver=driver)
print("go", flush=True)
while True:
    undo_restore(path, driver=driver)
"""


def kill_loop(path: Path, backup: Backup, driver: DriverName, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    old, new = content(path), backup.manifest.tables
    for _ in range(kills):
        command = [sys.executable, "-c", _KILLED, str(path), str(backup.path), driver]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "go\n"
            time.sleep(dice.random() * 0.1)
            process.send_signal(signal.SIGKILL)
            process.wait(30)

        assert content(path, driver) in (old, new)
        for made in list_backups(path):
            assert verify_backup(made.path, driver=driver).ok
        undo_restore(path, driver=driver)


def test_a_kill_leaves_the_old_content_or_the_new_one(path: Path, backup: Backup, driver: DriverName) -> None:
    kill_loop(path, backup, driver, 3, seed=3)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_many_kills_leave_the_old_content_or_the_new_one(
    path: Path, backup: Backup, driver: DriverName, seed: int
) -> None:
    kill_loop(path, backup, driver, 20, seed)
