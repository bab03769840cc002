"""Commits that are gone are noticed, and nothing else is taken for them."""

from __future__ import annotations

import logging
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.backup.create import create_backup, opened
from schemaroot.backup.digest import content_tables
from schemaroot.backup.restore import restore_backup
from schemaroot.engine import marker
from schemaroot.engine.driver import DriverName
from schemaroot.engine.marker import LostCommits, find_lost_commits, marker_path, reset_marker
from schemaroot.errors import UniqueViolation

from ..engine.shop import TABLES, Customer, url_of

COMMITS = 40


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The marker is written after each commit, so that tests need not wait for seconds."""
    monkeypatch.setattr(marker, "INTERVAL_S", 0.0)


_KILLED = """
import os, shutil, signal, sys
from schemaroot import Col, Database, Table, auto_id, text
from schemaroot.engine import marker
marker.INTERVAL_S = 0.0

class Entry(Table, name="entries"):
    id: Col[int] = auto_id()
    words: Col[str] = text()

path, driver, commits = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = Database.create("sqlite:///" + path, [Entry], driver=driver, marker=True)
for number in range(commits):
    if number == commits // 2:
        shutil.copyfile(path + "-wal", path + "-older-wal")
    db.insert(Entry, words=f"entry {number}" * 20)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[DriverName, Path]:
    """A folder for each driver, in which a process wrote and was killed: its commits stand in the log."""
    made: dict[DriverName, Path] = {}
    for driver in ("apsw", "sqlite3"):
        folder = tmp_path_factory.mktemp(driver)
        command = [sys.executable, "-c", _KILLED, str(folder / "a.db"), driver, str(COMMITS)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        made["apsw" if driver == "apsw" else "sqlite3"] = folder
    return made


@pytest.fixture
def left(killed: dict[DriverName, Path], driver: DriverName, tmp_path: Path) -> Path:
    """A copy of what the killed process left."""
    shutil.copytree(killed[driver], tmp_path / "left")
    (tmp_path / "left" / "a.db-shm").unlink()
    return tmp_path / "left" / "a.db"


def lost(path: Path, driver: DriverName = "apsw") -> LostCommits | None:
    with Database.open(url_of(path), driver=driver, marker=True) as db:
        return db.lost_commits


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def truncated(log: Path) -> None:
    os.truncate(log, log.stat().st_size - 2 * 4120)


def zeroed_tail(log: Path) -> None:
    whole = log.read_bytes()
    log.write_bytes(whole[:-6000] + bytes(6000))


def flipped_byte(log: Path) -> None:
    whole = bytearray(log.read_bytes())
    whole[-2000] ^= 1
    log.write_bytes(whole)


def damaged_header(log: Path) -> None:
    whole = bytearray(log.read_bytes())
    whole[17] ^= 1  # a salt
    log.write_bytes(whole)


def deleted(log: Path) -> None:
    log.unlink()


def older_copy(log: Path) -> None:
    log.with_name("a.db-older-wal").replace(log)


# --- noticed (5) ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage", [truncated, zeroed_tail, flipped_byte, damaged_header, deleted, older_copy], ids=lambda one: one.__name__
)
def test_commits_that_a_damaged_log_lost_are_noticed(
    left: Path, driver: DriverName, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(log_of(left))

    with caplog.at_level(logging.WARNING):
        found = lost(left, driver)

    assert found is not None
    assert found.marker == COMMITS
    assert found.database < COMMITS
    assert f"LOST_COMMITS: {left}: lost commits: marker {COMMITS}, database {found.database}" in caplog.text


def test_a_log_that_is_whole_is_no_loss(left: Path, driver: DriverName) -> None:
    assert lost(left, driver) is None


@pytest.mark.soak
def test_a_byte_that_is_flipped_anywhere_in_the_log_is_noticed_or_loses_nothing(
    left: Path, driver: DriverName, tmp_path: Path
) -> None:
    whole = log_of(left).read_bytes()
    for seed in range(300):
        folder = tmp_path / str(seed)
        shutil.copytree(left.parent, folder)
        content = bytearray(whole)
        content[random.Random(seed).randrange(len(whole))] ^= 1 << random.Random(seed).randrange(8)
        (folder / "a.db-wal").write_bytes(content)
        found = lost(folder / "a.db", driver)
        if found is None:
            with closing(sqlite3.connect(folder / "a.db")) as connection:
                assert connection.execute("SELECT count(*) FROM entries").fetchone() == (COMMITS,), seed
        shutil.rmtree(folder)


def test_an_older_copy_of_the_database_is_noticed(path: Path, driver: DriverName) -> None:
    Database.open(url_of(path), driver=driver, marker=True).close()
    older = path.read_bytes()
    with Database.open(url_of(path), tables=TABLES, driver=driver, marker=True) as db:
        db.insert(Customer, name="Dee")
    path.write_bytes(older)

    found = lost(path, driver)

    assert found is not None
    assert found.marker > found.database


def test_a_log_that_lost_everything_is_noticed_too(left: Path, driver: DriverName) -> None:
    """What is left of the number is its table, without a row."""
    deleted(log_of(left))
    with closing(sqlite3.connect(left)) as connection:
        connection.execute("DROP TABLE IF EXISTS schema_commits")
        connection.execute("CREATE TABLE schema_commits (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)")

    found = lost(left, driver)

    assert found is not None
    assert (found.marker, found.database) == (COMMITS, 0)
    assert number_in(left) == 0


def test_a_loss_stays_known_until_it_is_acknowledged(left: Path, driver: DriverName) -> None:
    deleted(log_of(left))
    first = lost(left, driver)
    with Database.open(url_of(left), driver=driver, marker=True) as db:
        with db.transaction():
            pass
        assert db.lost_commits == first

    assert lost(left, driver) == first
    with opened(left, driver) as connection:
        assert find_lost_commits(left, connection) == first
        reset_marker(left, connection)
    assert lost(left, driver) is None


def test_a_database_that_is_opened_for_reading_tells_it_too(left: Path, driver: DriverName) -> None:
    deleted(log_of(left))

    with Database.open(url_of(left), driver=driver, marker=True, read_only=True) as db:
        assert db.lost_commits is not None


# --- no false alarm ---------------------------------------------------------------------------------------------------


def number_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT number FROM schema_commits").fetchone()[0])


def test_the_number_grows_with_each_write_and_the_marker_follows(path: Path, driver: DriverName) -> None:
    with Database.open(url_of(path), tables=TABLES, driver=driver, marker=True) as db:
        assert db.lost_commits is None
        db.insert(Customer, name="Dee")
        with db.transaction():
            db.insert(Customer, name="Eve")
            with db.transaction():
                db.update(Customer).set(Customer.vip.to(True)).where(Customer.name == "Eve").run()
        assert db.update(Customer).set(Customer.vip.to(True)).where(Customer.name != "Eve").run() == 4
        db.select(Customer).all()
        with pytest.raises(UniqueViolation):
            db.insert(Customer, name="Dee", email="ada@example.org")
        with pytest.raises(RuntimeError), db.transaction():
            db.insert(Customer, name="Fay")
            raise RuntimeError

    assert number_in(path) == 3
    assert marker_path(path).read_bytes() == b'{"number":3,"lost":null}'
    assert marker_path(path).stat().st_mode & 0o777 == 0o600
    assert lost(path, driver) is None


def test_the_marker_is_written_at_most_once_a_second_and_at_the_end(
    path: Path, driver: DriverName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marker, "INTERVAL_S", 3600.0)
    with Database.open(url_of(path), tables=TABLES, driver=driver, marker=True) as db:
        for number in range(5):
            db.insert(Customer, name=f"customer {number}")
        assert b'"number":1,' in marker_path(path).read_bytes()

    assert b'"number":5,' in marker_path(path).read_bytes()


def test_two_processes_count_together(path: Path) -> None:
    code = """
import sys
from schemaroot import Database, Col, Table, auto_id, text
from schemaroot.engine import marker
marker.INTERVAL_S = 0.0
class Note(Table, name="notes"):
    id: Col[int] = auto_id()
    words: Col[str] = text()
with Database.open(sys.argv[1], tables=[Note], marker=True, timeout_ms=30000) as db:
    for number in range(50):
        db.insert(Note, words="x")
"""
    with Database.open(url_of(path), marker=True) as db, db.transaction():
        db.pool._writer.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT)").fetchall()  # type: ignore[union-attr]  # the transaction has opened it
    others = [subprocess.Popen([sys.executable, "-c", code, url_of(path)]) for _ in range(2)]
    assert [other.wait(60) for other in others] == [0, 0]

    assert number_in(path) == 101
    assert lost(path) is None


def test_a_restore_of_an_older_backup_is_no_loss(path: Path, driver: DriverName) -> None:
    with Database.open(url_of(path), tables=TABLES, driver=driver, marker=True) as db:
        db.insert(Customer, name="Dee")
        backup = create_backup(db, reason="daily")
        for number in range(5):
            db.insert(Customer, name=f"customer {number}")

    restore_backup(path, backup.path, driver=driver)

    assert lost(path, driver) is None
    assert number_in(path) == 1


def test_after_a_kill_nothing_is_lost(path: Path, driver: DriverName) -> None:
    code = """
import sys
from schemaroot import Database, Col, Table, auto_id, text
from schemaroot.engine import marker
marker.INTERVAL_S = 0.0
class Note(Table, name="notes"):
    id: Col[int] = auto_id()
    words: Col[str] = text()
db = Database.create(sys.argv[1], [Note], driver=sys.argv[2], marker=True)
print("go", flush=True)
while True:
    db.insert(Note, words="x")
"""
    for turn in range(3):
        other = path.with_name(f"{turn}.db")
        with subprocess.Popen(
            [sys.executable, "-c", code, url_of(other), driver], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.03 * (turn + 1))
            process.send_signal(signal.SIGKILL)
        assert lost(other, driver) is None


def test_what_a_killed_writer_left_is_removed_when_it_is_old(path: Path) -> None:
    old, new = (path.with_name(f"{path.name}.marker.{name}") for name in ("01234567", "89abcdef"))
    for file in (old, new):
        file.write_bytes(b"")
    os.utime(old, (0, 0))

    assert lost(path) is None
    assert not old.exists()
    assert new.exists()


def test_without_being_asked_for_there_is_no_marker(path: Path) -> None:
    with Database.open(url_of(path), tables=TABLES) as db:
        db.insert(Customer, name="Dee")
        assert db.lost_commits is None

    assert not marker_path(path).exists()


def test_the_number_is_no_content(path: Path, driver: DriverName) -> None:
    Database.open(url_of(path), driver=driver, marker=True).close()

    with opened(path, driver) as connection:
        assert "schema_commits" not in content_tables(connection)


def test_a_marker_that_cannot_be_read_tells_nothing(path: Path, driver: DriverName) -> None:
    marker_path(path).write_bytes(b"{")

    assert lost(path, driver) is None


def test_a_marker_that_cannot_be_written_stops_no_write(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    marker_path(path).mkdir()
    with Database.open(url_of(path), tables=TABLES, marker=True) as db:
        assert db.insert(Customer, name="Dee").id == 4

    assert "could not be written" in caplog.text
    assert [name for name in os.listdir(path.parent) if ".marker." in name] == []


def test_a_database_in_memory_has_no_marker() -> None:
    with Database.open("sqlite:///:memory:", marker=True) as db:
        assert db.lost_commits is None
