"""A backup: whole, verified, private, and under its final name only when all of that is true."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from schemaroot import Database
from schemaroot.backup import create
from schemaroot.backup.create import create_backup, opened
from schemaroot.backup.digest import digest_tables
from schemaroot.backup.errors import BackupError, BackupMissingError, BackupNotVerifiedError, NotEnoughSpaceError
from schemaroot.backup.manifest import list_backups, manifest_path, read_backup
from schemaroot.backup.verify import reading_backup, verify_backup
from schemaroot.engine.driver import DriverName
from schemaroot.engine.files import Identity, backup_folder, newest_backup
from schemaroot.errors import (
    DatabaseLockedError,
    DatabaseMissingError,
    DiskFullError,
    ReadOnlyError,
    SchemarootError,
    TransactionError,
)

from ..engine.odd_files import Failing, FailingFiles, through
from ..engine.shop import SHOP, TABLES, Customer, digests, held_by_another_process, url_of
from .clock import Clock

PARTS = {"", "-wal", "-shm", "-journal"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- what a backup is -------------------------------------------------------------------------------------------------


def test_a_backup_holds_what_the_database_holds(db: Database, path: Path, driver: DriverName) -> None:
    db.insert(Customer, name="Dee")  # stands in the write-ahead log

    backup = create_backup(path, reason="daily", driver=driver)

    with reading_backup(backup.path, driver) as copy, opened(path, driver) as live:
        assert digest_tables(copy) == digest_tables(live) == backup.manifest.tables
    assert backup.manifest.tables["customers"].rows == 4
    assert verify_backup(backup.path, identity=SHOP, deep=True, driver=driver).ok


def test_the_manifest_says_what_was_copied(path: Path, driver: DriverName) -> None:
    backup = create_backup(path, reason="Before: Sale!", revision="0002_sale", driver=driver, clock=Clock())

    manifest = backup.manifest
    assert backup.path == backup_folder(path) / "20260131T130000000Z-before-sale.db"
    assert read_backup(backup.path) == backup
    assert manifest.verified
    assert (manifest.reason, manifest.revision, manifest.source) == ("Before: Sale!", "0002_sale", str(path))
    assert (manifest.application_id, manifest.user_version) == (SHOP.application_id, SHOP.schema_number)
    assert manifest.created_at.isoformat() == "2026-01-31T13:00:00+00:00"
    assert manifest.size == backup.path.stat().st_size
    assert [manifest.sha256] == digests(backup.path)
    assert manifest.rows == 3 + 2 + 4 + 6
    assert newest_backup(path) == backup.path


def test_an_open_database_and_a_connection_can_be_backed_up(db: Database, path: Path) -> None:
    by_database = create_backup(db, reason="one")
    connection = db.pool.take()
    try:
        by_connection = create_backup(connection, reason="two")
    finally:
        db.pool.give(connection)

    assert by_database.manifest.tables == by_connection.manifest.tables
    assert {backup.path for backup in list_backups(path)} == {by_database.path, by_connection.path}
    db.insert(Customer, name="Dee")  # the connections are as they were


def test_inside_of_a_transaction_no_backup_is_made(db: Database, path: Path) -> None:
    with db.snapshot():
        held = db.held.connection
        assert held is not None
        with pytest.raises(TransactionError):
            create_backup(held, reason="daily")

    assert not backup_folder(path).exists()


def test_two_backups_of_one_moment_have_two_names(path: Path) -> None:
    one = create_backup(path, reason="daily", clock=lambda: Clock().moment)
    other = create_backup(path, reason="daily", clock=lambda: Clock().moment)

    assert one.path.name == "20260131T120000000Z-daily.db"
    assert other.path.name == "20260131T120000000Z-daily-2.db"
    assert verify_backup(one.path).ok
    assert verify_backup(other.path).ok


def test_backups_are_listed_the_newest_first(path: Path) -> None:
    clock = Clock()
    made = [create_backup(path, reason=reason, clock=clock) for reason in ("z", "a", "m")]
    (backup_folder(path) / "stranger.db").write_bytes(b"")
    (backup_folder(path) / "broken.db").write_bytes(b"")
    (backup_folder(path) / "broken.db.json").write_text("{}")

    assert list_backups(path) == made[::-1]


def test_a_database_in_memory_has_no_backups() -> None:
    with Database.memory(TABLES) as db, pytest.raises(BackupError, match="in memory"):
        create_backup(db, reason="daily")


def test_a_missing_database_is_an_error_and_no_folder_is_made(tmp_path: Path, driver: DriverName) -> None:
    with pytest.raises(DatabaseMissingError):
        create_backup(tmp_path / "nowhere.db", reason="daily", driver=driver)

    assert names(tmp_path) == []


def test_making_a_backup_leaves_the_database_as_it_was(path: Path, driver: DriverName) -> None:
    before = digests(path)

    create_backup(path, reason="daily", driver=driver)

    assert digests(path) == before


def test_rows_that_refer_to_nothing_are_copied_and_counted(path: Path, driver: DriverName) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM customers WHERE name = 'Bo'")
        connection.commit()

    assert create_backup(path, reason="daily", driver=driver).manifest.foreign_key_violations == 1


# --- private (33) -----------------------------------------------------------------------------------------------------


def test_backups_are_for_their_owner_alone_whatever_the_umask(path: Path, driver: DriverName) -> None:
    before = os.umask(0)
    try:
        backup = create_backup(path, reason="daily", driver=driver)
    finally:
        os.umask(before)

    assert mode_of(backup_folder(path)) == 0o700
    assert mode_of(backup.path) == 0o600
    assert mode_of(manifest_path(backup.path)) == 0o600
    assert names(backup_folder(path)) == [backup.path.name, f"{backup.path.name}.json"]


def test_a_folder_that_others_can_read_is_closed_to_them(path: Path) -> None:
    backup_folder(path).mkdir(mode=0o755)
    backup_folder(path).chmod(0o755)

    create_backup(path, reason="daily")

    assert mode_of(backup_folder(path)) == 0o700


def test_while_it_is_written_a_backup_is_private_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    true_check = create.integrity_problems

    def looking(connection: object) -> list[str]:
        seen.extend(mode_of(file) for file in backup_folder(path).iterdir())
        return true_check(connection)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(create, "integrity_problems", looking)
    before = os.umask(0)
    try:
        create_backup(path, reason="daily")
    finally:
        os.umask(before)

    assert seen == [0o600]


# --- not made (32) ----------------------------------------------------------------------------------------------------


def test_without_room_nothing_is_begun(path: Path, driver: DriverName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))

    with pytest.raises(NotEnoughSpaceError) as caught:
        create_backup(path, reason="daily", driver=driver)

    assert caught.value.code == "NO_SPACE"
    assert caught.value.free == 1000
    assert caught.value.needed == path.stat().st_size + create.SPARE_BYTES
    assert names(backup_folder(path)) == []


def test_on_a_disk_that_is_full_no_file_has_the_final_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file operation of the copy fails in turn."""
    failing = Failing(code=apsw.SQLITE_FULL)
    kinds: set[type[BaseException]] = set()
    with through(FailingFiles(failing), monkeypatch), Database.open(url_of(path)) as db:
        create_backup(db, reason="undisturbed")
        failing.count = 0
        create_backup(db, reason="undisturbed")
        points = failing.count
        for at in range(points):
            failing.at, failing.count = at, 0
            before = names(backup_folder(path))
            try:
                backup = create_backup(db, reason="daily")
            except SchemarootError as error:
                kinds.add(type(error))
                assert names(backup_folder(path)) == before, (failing.names[at], error)
            else:
                failing.at = None
                assert verify_backup(backup.path).ok
        failing.at = None

    assert points > 10
    assert DiskFullError in kinds


def test_a_folder_that_cannot_be_written_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup_folder(path).write_bytes(b"a file where the folder should be")

    with pytest.raises(ReadOnlyError) as caught:
        create_backup(path, reason="daily")

    assert caught.value.path == backup_folder(path)


def test_a_damaged_database_gets_no_verified_backup(path: Path, driver: DriverName) -> None:
    damage_leaf(path)

    with pytest.raises(BackupNotVerifiedError):
        create_backup(path, reason="daily", driver=driver)

    assert names(backup_folder(path)) == []


def test_a_damaged_database_is_kept_on_purpose_and_marked(path: Path, driver: DriverName) -> None:
    damage_leaf(path)

    backup = create_backup(path, reason="evidence", even_damaged=True, driver=driver)

    assert not backup.manifest.verified
    assert backup.manifest.problems
    assert newest_backup(path) is None
    assert not verify_backup(backup.path, driver=driver).ok


def damage_leaf(path: Path) -> None:
    """Overwrites the cells' places of the page that holds the customers."""
    with closing(sqlite3.connect(path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'customers'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size + 8)
        file.write(b"\xff" * 64)


def test_a_locked_database_is_waited_for_and_then_given_up(path: Path, driver: DriverName) -> None:
    """With a rollback journal; in a write-ahead log nobody can lock readers out."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    with held_by_another_process(path, "BEGIN EXCLUSIVE"), pytest.raises(DatabaseLockedError) as caught:
        create_backup(path, reason="daily", driver=driver, timeout_ms=100)

    assert caught.value.waited_ms >= 100


_KILLED = """
import sys
from pathlib import Path
from schemaroot.backup.create import create_backup
create_backup(Path(sys.argv[1]), reason="warm", driver=sys.argv[2])
print("go", flush=True)
while True:
    create_backup(Path(sys.argv[1]), reason="daily", driver=sys.argv[2])
"""


def kill_loop(path: Path, driver: DriverName, kills: int, seed: int) -> None:
    """Kills a process that makes backups, again and again; whatever has a final name is whole."""
    dice = random.Random(seed)
    folder = backup_folder(path)
    left = 0
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(path), driver], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "go\n"
            time.sleep(dice.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        left += sum(name.endswith(".partial") for name in names(folder))
        for file in folder.glob("*.db"):
            found = verify_backup(file, driver=driver)
            assert found.ok, found.problems
        backup = create_backup(path, reason="after", driver=driver)
        assert [name for name in names(folder) if not name.endswith((".db", ".db.json"))] == []
        assert all(file.with_suffix("").exists() for file in folder.glob("*.json"))
        for file in folder.iterdir():
            file.unlink()
        assert backup.manifest.verified
    assert left


def test_after_a_kill_every_named_backup_is_whole_and_the_next_one_tidies_up(path: Path, driver: DriverName) -> None:
    kill_loop(path, driver, 6, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_after_hundreds_of_kills_every_named_backup_is_whole(path: Path, driver: DriverName, seed: int) -> None:
    kill_loop(path, driver, 20, seed)


def test_leftovers_that_are_in_use_or_not_ours_stay(path: Path) -> None:
    folder = create.make_folder(path)
    leftover, busy = folder / "0123456789abcdef.partial", folder / "fedcba9876543210.partial"
    for file in (leftover, busy, folder / "notes.partial", folder / f"{leftover.name}-journal"):
        file.write_bytes(b"x")
    (folder / "link0123456789ab.partial").symlink_to(path)
    with busy.open("rb") as held:
        create.fcntl.flock(held, create.fcntl.LOCK_EX)
        removed = create.remove_leftovers(folder)

    assert removed == [leftover, folder / f"{leftover.name}-journal"]
    assert names(folder) == ["fedcba9876543210.partial", "link0123456789ab.partial", "notes.partial"]


# --- under load (31) --------------------------------------------------------------------------------------------------

_BANK = """
import sys, threading, time, apsw
connection = apsw.Connection(sys.argv[1])
connection.set_busy_timeout(10000)
cursor = connection.cursor()
told = threading.Thread(target=sys.stdin.read, daemon=True)
told.start()
print("go", flush=True)
longest, number = 0.0, 0
while told.is_alive():
    number += 1
    started = time.monotonic()
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("UPDATE accounts SET balance = balance - ?1 WHERE id = ?2", (number % 90, number % 100))
    cursor.execute("UPDATE accounts SET balance = balance + ?1 WHERE id = ?2", (number % 90, number * 7 % 100))
    cursor.execute("INSERT INTO movements (source, target, amount, filling) VALUES (?, ?, ?, zeroblob(200))",
        (number % 100, number * 7 % 100, number % 90))
    cursor.execute("COMMIT")
    longest = max(longest, time.monotonic() - started)
print(number, longest, flush=True)
"""


def bank(path: Path, filling: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)")
        connection.execute(
            "CREATE TABLE movements (id INTEGER PRIMARY KEY, source INTEGER, target INTEGER, amount INTEGER, filling)"
        )
        connection.executemany("INSERT INTO accounts VALUES (?, 1000)", [(number,) for number in range(100)])
        connection.execute("CREATE TABLE ballast (id INTEGER PRIMARY KEY, filling BLOB)")
        connection.executemany("INSERT INTO ballast (filling) VALUES (randomblob(1000))", [()] * filling)
        connection.execute("COMMIT")


def books_balance(path: Path) -> bool:
    """Whether the sum is what it was at first, and the movements explain every balance."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        (total,) = connection.execute("SELECT sum(balance) FROM accounts").fetchone()
        wrong = connection.execute(
            "SELECT count(*) FROM accounts AS a WHERE balance - 1000 <>"
            " (SELECT coalesce(sum(amount), 0) FROM movements WHERE target = a.id)"
            " - (SELECT coalesce(sum(amount), 0) FROM movements WHERE source = a.id)"
        ).fetchone()[0]
    return bool(total == 100_000 and wrong == 0)


def back_up_under_load(path: Path, driver: DriverName, runs: int) -> tuple[list[float], float]:
    """The seconds of each backup, and the longest commit of the process that writes meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-c", _BANK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        took: list[float] = []
        for _ in range(runs):
            started = time.monotonic()
            backup = create_backup(path, reason="load", driver=driver)
            took.append(time.monotonic() - started)
            assert books_balance(backup.path)
        said, _ = process.communicate("", timeout=60)
        assert process.returncode == 0
    commits, longest = said.split()
    assert int(commits) > 10
    return took, float(longest)


def test_under_full_write_load_every_backup_is_consistent(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "bank.db"
    bank(path, filling=5_000)

    took, longest = back_up_under_load(path, driver, runs=3)

    assert max(took) < 20  # ten times the figure: a guard against hanging
    assert longest < 5


@pytest.mark.soak
def test_a_hundred_mebibytes_under_full_write_load(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "bank.db"
    bank(path, filling=90_000)

    took, longest = back_up_under_load(path, driver, runs=3)

    print(json.dumps({"driver": driver, "seconds": took, "longest_commit": longest}))
    assert max(took) < 20
    assert longest < 5


# --- verified later (34) ----------------------------------------------------------------------------------------------


def flipped(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def test_a_flipped_bit_is_found_wherever_it_is(path: Path, driver: DriverName) -> None:
    backup = create_backup(path, reason="daily")
    dice = random.Random(5)
    for _ in range(20):
        place = dice.randrange(backup.manifest.size)
        flipped(backup.path, place)

        found = verify_backup(backup.path, driver=driver)
        assert found.problems == ("its SHA-256 is not the one in its manifest",)
        with pytest.raises(BackupNotVerifiedError):
            found.require()
        flipped(backup.path, place)

    assert verify_backup(backup.path, driver=driver).require() == backup


def test_a_backup_that_was_cut_off_or_replaced_is_found(path: Path, tmp_path: Path) -> None:
    backup = create_backup(path, reason="daily")
    whole = backup.path.read_bytes()

    backup.path.write_bytes(whole[:-4096])
    assert "bytes, its manifest says" in verify_backup(backup.path).problems[0]
    backup.path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert not verify_backup(backup.path).ok
    backup.path.unlink()
    assert verify_backup(backup.path).problems == ("there is no such file",)
    backup.path.write_bytes(whole)
    manifest_path(backup.path).unlink()
    found = verify_backup(backup.path)
    assert "is not beside it" in found.problems[0]
    with pytest.raises(BackupMissingError):
        found.require()


def test_another_program_s_backup_is_found(path: Path) -> None:
    backup = create_backup(path, reason="daily")

    found = verify_backup(backup.path, identity=Identity(0x1234, 7))

    assert found.problems == ("it belongs to another program (application id 0x5c4e3a01, not 0x1234)",)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"user_version": 3}, "its schema number is 7, its manifest says 3"),
        ({"application_id": 3}, "its application id is 0x5c4e3a01, its manifest says otherwise"),
        ({"verified": False}, "it was not verified when it was made"),
        ({"version": 99}, "its manifest has version 99, from a newer program"),
    ],
)
def test_a_manifest_that_says_something_else_is_found(path: Path, changed: dict[str, object], problem: str) -> None:
    backup = create_backup(path, reason="daily")
    document = json.loads(manifest_path(backup.path).read_bytes())
    manifest_path(backup.path).write_text(json.dumps({**document, **changed}))

    assert verify_backup(backup.path).problems == (problem,)


def test_counts_and_digests_are_compared_with_the_manifest(path: Path, driver: DriverName) -> None:
    backup = create_backup(path, reason="daily")
    document = json.loads(manifest_path(backup.path).read_bytes())
    document["tables"]["orders"]["rows"] = 9
    document["tables"]["lines"]["digest"] = "0" * 64
    manifest_path(backup.path).write_text(json.dumps(document))

    assert verify_backup(backup.path, driver=driver).problems == ("orders has 4 rows, its manifest says 9",)
    assert verify_backup(backup.path, driver=driver, deep=True).problems == (
        "orders has 4 rows, its manifest says 9",
        "the content of lines is not the one in its manifest",
    )
