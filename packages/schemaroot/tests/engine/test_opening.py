"""Opening and creating files: what is refused is named, and is not changed by a byte."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from schemaroot import Database, Identity
from schemaroot.engine import driver_apsw, driver_standard
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.engine.driver_apsw import ApswDriver
from schemaroot.engine.driver_standard import StandardDriver
from schemaroot.errors import (
    DamagedDatabaseError,
    DatabaseError,
    DatabaseExistsError,
    DatabaseLockedError,
    DatabaseMissingError,
    DatabaseUrlError,
    ForeignDatabaseError,
    JournalModeError,
    LibraryTooOldError,
    NewerDatabaseError,
    NotADatabaseError,
)

from .shop import (
    SHOP,
    TABLES,
    Customer,
    Order,
    Product,
    digests,
    fill,
    held_by_another_process,
    run_python,
    shop_at,
    url_of,
)

PAGE = 4096


def verified_backup(path: Path, name: str, created: int, *, verified: object = True) -> Path:
    """A backup beside a database, with its manifest."""
    folder = path.with_name(f"{path.name}.backups")
    folder.mkdir(exist_ok=True)
    backup = folder / name
    backup.write_bytes(b"a copy")
    Path(f"{backup}.json").write_text(json.dumps({"verified": verified, "created": created}), encoding="utf-8")
    return backup


# --- a file that is not there -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["none.db", "no/such/folder/none.db"])
def test_opening_never_creates_a_file(tmp_path: Path, driver: DriverName, name: str) -> None:
    with pytest.raises(DatabaseMissingError) as caught:
        Database.open(url_of(tmp_path / name), driver=driver)

    assert (caught.value.code, caught.value.path) == ("DB_MISSING", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_opening_below_a_file_is_a_missing_database(tmp_path: Path, driver: DriverName) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(DatabaseMissingError):
        Database.open(url_of(tmp_path / "file" / "shop.db"), driver=driver)


def test_a_file_that_vanishes_after_it_was_looked_at_is_not_created(
    tmp_path: Path, driver: DriverName, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    connect = type(driver_named(driver)).connect

    def vanished(self: Any, name: str, mode: Any) -> Any:
        path.unlink(missing_ok=True)
        return connect(self, name, mode)

    monkeypatch.setattr(type(driver_named(driver)), "connect", vanished)

    with pytest.raises(DatabaseError):
        Database.open(url_of(path), driver=driver)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "shop.db",
        "/tmp/shop.db",
        "sqlite://shop.db",
        "sqlite:///",
        "postgresql:///shop",
        "sqlite:///a?mode=rwc",
        "sqlite:///a\0b",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        Database.open(url)

    assert (caught.value.code, caught.value.url) == ("DATABASE_URL", url)


@pytest.mark.parametrize("name", ["with space.db", "100%25 #1.db", "naïve 🖋.db", "a;b'c\"d.db", "-wal"])
def test_a_file_name_may_hold_any_character(tmp_path: Path, driver: DriverName, name: str) -> None:
    with shop_at(tmp_path / name, driver) as db:
        db.insert(Product, sku="pen")

    with Database.open(url_of(tmp_path / name), driver=driver) as db:
        assert db.select(Product).one().sku == "pen"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_name_that_is_not_unicode_works_too(tmp_path: Path, driver: DriverName) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.db"))

    with shop_at(path, driver) as db:
        db.insert(Product, sku="pen")

    with Database.open(url_of(path), driver=driver) as db:
        assert db.select(Product).count() == 1


def test_a_relative_address_is_below_the_working_folder(
    tmp_path: Path, driver: DriverName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with Database.create("sqlite:///shop.db", TABLES, driver=driver):
        pass

    assert (tmp_path / "shop.db").is_file()


# --- creating ---------------------------------------------------------------------------------------------------------


def test_a_new_file_is_private_and_carries_its_mark(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    before = os.umask(0)
    try:
        with shop_at(path, driver, identity=SHOP) as db:
            db.insert(Product, sku="pen")
            modes = {name.name: stat.S_IMODE(name.stat().st_mode) for name in tmp_path.iterdir()}
    finally:
        os.umask(before)

    assert modes == {"shop.db": 0o600, "shop.db-wal": 0o600, "shop.db-shm": 0o600}
    head = path.read_bytes()[:100]
    assert int.from_bytes(head[68:72], "big") == SHOP.application_id
    assert int.from_bytes(head[60:64], "big") == SHOP.schema_number


def test_creating_never_overwrites(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(b"")

    with pytest.raises(DatabaseExistsError) as caught:
        Database.create(url_of(path), TABLES, driver=driver)

    assert caught.value.code == "DB_EXISTS"
    assert path.read_bytes() == b""


def test_creating_in_a_folder_that_is_not_there_names_the_folder(tmp_path: Path, driver: DriverName) -> None:
    with pytest.raises(DatabaseMissingError) as caught:
        Database.create(url_of(tmp_path / "none" / "shop.db"), TABLES, driver=driver)

    assert caught.value.path == tmp_path / "none"


def test_a_creation_that_fails_leaves_nothing_behind(
    tmp_path: Path, driver: DriverName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemaroot.engine.ddl.create_index_statements", lambda tables: ["CREATE INDEX broken"])

    with pytest.raises(DatabaseError):
        Database.create(url_of(tmp_path / "shop.db"), TABLES, driver=driver)

    assert list(tmp_path.iterdir()) == []


def test_a_log_left_by_an_older_file_of_the_name_does_not_come_alive(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver) as db:
        db.insert(Product, sku="old")
        log = Path(f"{path}-wal").read_bytes()
    path.unlink()
    Path(f"{path}-wal").write_bytes(log)

    with shop_at(path, driver) as db:
        assert db.select(Product).count() == 0


def test_indexes_can_wait_until_the_rows_are_in(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, indexes=False) as db:
        fill(db)
        db.create_indexes(TABLES)
        early = {"ix_customers_joined", "ix_orders_customer_id_state", "uq_customers_name_city"}

    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    connection.close()
    assert early <= names


# --- a file that is no database, or a damaged one ---------------------------------------------------------------------


def empty(path: Path) -> None:
    path.write_bytes(b"")


def first_hundred_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def first_sixty_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def first_half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def schema_page_zeroed(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(PAGE - 100) + content[PAGE:])


def all_zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def text_file(path: Path) -> None:
    path.write_text("name,price\npen,1.50\n" * 100, encoding="utf-8")


def odd_page_size(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[16:18] = (1000).to_bytes(2, "big")
    path.write_bytes(content)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (empty, NotADatabaseError),
        (text_file, NotADatabaseError),
        (all_zeroed, NotADatabaseError),
        (first_sixty_bytes, DamagedDatabaseError),
        (first_hundred_bytes, DamagedDatabaseError),
        (first_half, DamagedDatabaseError),
        (schema_page_zeroed, DamagedDatabaseError),
        (odd_page_size, DamagedDatabaseError),
    ],
)
def test_a_damaged_file_is_refused_by_name_with_its_newest_backup_and_stays_as_it_is(
    tmp_path: Path,
    driver: DriverName,
    filled: Path,
    damage: Callable[[Path], None],
    kind: type[DatabaseError],
    read_only: bool,
) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    damage(path)
    verified_backup(path, "monday.db", 1_000)
    tuesday = verified_backup(path, "tuesday.db", 2_000)
    verified_backup(path, "wednesday.db", 3_000, verified=False)
    before = digests(path)

    with pytest.raises(kind) as caught:
        Database.open(url_of(path), driver=driver, read_only=read_only)

    assert type(caught.value) is kind
    assert str(path) in str(caught.value)
    assert str(tuesday) in str(caught.value)
    assert "not changed" in str(caught.value)
    assert digests(path) == before
    # A connection that only reads may leave SQLite's empty log and its index beside the file.
    left = {"shop.db-wal", "shop.db-shm"} if read_only else set[str]()
    assert {name.name for name in tmp_path.iterdir()} - left == {"shop.db", "shop.db.backups"}


def test_a_damaged_file_without_a_backup_says_so(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    first_half(path)

    with pytest.raises(DamagedDatabaseError, match="No verified backup lies beside it"):
        Database.open(url_of(path), driver=driver)


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"{", b'{"verified": true}', b'{"verified": "yes", "created": 5}', b"\xff"]
)
def test_a_manifest_that_cannot_be_read_vouches_for_nothing(
    tmp_path: Path, driver: DriverName, manifest: bytes
) -> None:
    path = tmp_path / "shop.db"
    empty(path)
    backup = verified_backup(path, "monday.db", 1_000)
    Path(f"{backup}.json").write_bytes(manifest)

    with pytest.raises(NotADatabaseError, match="no verified backup"):
        Database.open(url_of(path), driver=driver)


def test_a_manifest_whose_backup_is_gone_vouches_for_nothing(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    empty(path)
    verified_backup(path, "monday.db", 1_000).unlink()

    with pytest.raises(NotADatabaseError, match="no verified backup"):
        Database.open(url_of(path), driver=driver)


def test_a_directory_is_no_database(tmp_path: Path, driver: DriverName) -> None:
    with pytest.raises(NotADatabaseError, match="it is a directory") as caught:
        Database.open(url_of(tmp_path), driver=driver)

    assert caught.value.code == "NOT_A_DATABASE"


def test_a_pipe_is_no_database_and_is_not_waited_for(tmp_path: Path, driver: DriverName) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(NotADatabaseError, match="not a regular file"):
        Database.open(url_of(tmp_path / "pipe"), driver=driver)


@contextmanager
def page_zeroed(path: Path, table: str) -> Iterator[None]:
    """Zeroes the first page of a table, as a bad disk would."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
    path.write_bytes(content)
    yield


def test_a_zeroed_page_is_found_by_the_check_when_opening(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    backup = verified_backup(path, "monday.db", 1_000)
    with page_zeroed(path, "orders"):
        before = digests(path)

    with pytest.raises(DamagedDatabaseError) as caught:
        Database.open(url_of(path), driver=driver, check=True)

    assert (caught.value.code, caught.value.backup) == ("DB_DAMAGED", backup)
    assert digests(path) == before


def test_a_zeroed_page_is_reported_by_the_read_that_meets_it(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    backup = verified_backup(path, "monday.db", 1_000)
    with page_zeroed(path, "orders"), Database.open(url_of(path), driver=driver) as db:
        with pytest.raises(DamagedDatabaseError) as caught:
            db.select(Order).all()

        assert caught.value.backup == backup
        assert db.select(Customer).count() == 3


def test_a_sound_file_passes_the_check(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    with Database.open(url_of(filled), driver=driver, check=True) as db:
        assert db.select(Customer).count() == 3


# --- whose file it is -------------------------------------------------------------------------------------------------


def test_a_newer_file_is_refused_before_anything_is_written(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, identity=Identity(SHOP.application_id, 12), journal="delete"):
        pass
    before = digests(path)

    with pytest.raises(NewerDatabaseError) as caught:
        Database.open(url_of(path), driver=driver, identity=Identity(SHOP.application_id, 9))

    assert (caught.value.code, caught.value.found, caught.value.known) == ("DB_NEWER", 12, 9)
    assert "the database is at 12, this program knows up to 9" in str(caught.value)
    assert digests(path) == before
    assert list(tmp_path.iterdir()) == [path]


def left_with_a_log(path: Path, driver: DriverName, pragma: str) -> Path:
    """A copy of a database that was left, as by a crash, with a change that stands in its log alone."""
    source = path.with_name("source.db")
    with shop_at(source, driver, identity=SHOP):
        pass
    connection = apsw.Connection(str(source))
    connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    connection.execute(pragma).fetchall()
    for suffix in ("", "-wal"):
        subprocess.run(["cp", f"{source}{suffix}", f"{path}{suffix}"], check=True)
    connection.close()
    return Path(f"{path}-wal")


def test_a_newer_file_is_recognised_when_its_number_stands_in_the_log_alone(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    log = left_with_a_log(path, driver, "PRAGMA user_version = 12")
    before = digests(path, log)

    with pytest.raises(NewerDatabaseError) as caught:
        Database.open(url_of(path), driver=driver, identity=SHOP)

    assert caught.value.found == 12
    assert digests(path, log) == before


def test_a_file_whose_mark_stands_in_the_log_alone_is_no_foreign_file(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, identity=SHOP):
        code = "import sys, apsw\nprint(open(sys.argv[1], 'rb').read(72)[68:].hex())"
        assert run_python(code, path).stdout.strip() == "00000000"

        opened = run_python(
            "import sys\nfrom schemaroot import Database, Identity\n"
            "Database.open(sys.argv[1], identity=Identity(int(sys.argv[2]), 7), driver=sys.argv[3]).close()\n"
            "print('fine')",
            url_of(path),
            SHOP.application_id,
            driver,
        )

    assert (opened.stdout, opened.stderr) == ("fine\n", "")


def test_another_programs_file_is_refused_and_not_changed(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA application_id = 42")
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = digests(path)

    with pytest.raises(ForeignDatabaseError) as caught:
        Database.open(url_of(path), driver=driver, identity=SHOP)

    assert (caught.value.code, caught.value.found, caught.value.expected) == ("DB_FOREIGN", 42, SHOP.application_id)
    assert digests(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_older_file_and_one_without_a_question_are_opened(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, identity=SHOP):
        pass

    for identity in (SHOP, Identity(SHOP.application_id, 8), None):
        with Database.open(url_of(path), driver=driver, identity=identity) as db:
            assert db.select(Customer).count() == 0


# --- a schema that the library is too old for -------------------------------------------------------------------------


@pytest.mark.skipif(sqlite3.sqlite_version_info >= (3, 44), reason="the standard library's SQLite reads it too")
def test_a_schema_that_needs_a_newer_library_is_told_from_damage(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE lines (a, b)")
    # ORDER BY inside an aggregate came with SQLite 3.44.
    connection.execute("CREATE VIEW listed AS SELECT group_concat(a, ',' ORDER BY b) FROM lines")
    connection.close()
    before = digests(path)

    with pytest.raises(LibraryTooOldError) as caught:
        Database.open(url_of(path), driver="sqlite3")

    assert caught.value.code == "SQLITE_TOO_OLD"
    assert sqlite3.sqlite_version in str(caught.value)
    assert apsw.sqlite_lib_version() in str(caught.value)
    assert digests(path) == before
    with Database.open(url_of(path), driver="apsw"):
        pass


def test_a_schema_of_the_same_library_that_cannot_be_read_is_damage(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    connection = apsw.Connection(str(path)) if driver == "apsw" else sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE lines (a, b)")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE lines (a, b'")
    connection.close()

    with pytest.raises(DamagedDatabaseError):
        Database.open(url_of(path), driver=driver)


# --- file systems that grant no write-ahead log -----------------------------------------------------------------------


class _NoLog:
    """A driver's cursor on a file system without shared memory: it answers the wish for a log with the old mode."""

    def __init__(self, cursor: Any, granted: str) -> None:
        self._cursor = cursor
        self._granted = granted

    def execute(self, sql: str, *parameters: Any) -> Any:
        if sql == "PRAGMA journal_mode=WAL":
            return self._cursor.execute("SELECT ?", (self._granted,))
        return self._cursor.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class _StubApsw(ApswDriver):
    def cursor(self, connection: Any) -> Any:
        return _NoLog(super().cursor(connection), "delete")


class _StubStandard(StandardDriver):
    def cursor(self, connection: Any) -> Any:
        return _NoLog(super().cursor(connection), "delete")


@pytest.fixture
def without_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_apsw, "ApswDriver", _StubApsw)
    monkeypatch.setattr(driver_standard, "StandardDriver", _StubStandard)


@pytest.mark.usefixtures("without_log")
def test_a_file_system_that_grants_no_log_is_refused(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    before = digests(path)

    with pytest.raises(JournalModeError, match='journal="delete"') as caught:
        Database.open(url_of(path), driver=driver)

    assert (caught.value.code, caught.value.granted) == ("WAL_NOT_GRANTED", "delete")
    assert digests(path) == before


@pytest.mark.usefixtures("without_log")
def test_nothing_is_created_where_no_log_is_granted_unless_asked_to_go_without(
    tmp_path: Path, driver: DriverName
) -> None:
    path = tmp_path / "shop.db"
    with pytest.raises(JournalModeError):
        Database.create(url_of(path), TABLES, driver=driver)
    assert list(tmp_path.iterdir()) == []

    with shop_at(path, driver, journal="delete") as db:
        fill(db)
        assert db.journal_mode == "delete"

    assert path.read_bytes()[18:20] == b"\x01\x01"  # the file's format: no write-ahead log


def test_without_a_log_everything_works_and_no_log_appears(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, journal="delete") as db:
        fill(db)

    with Database.open(url_of(path), driver=driver, journal="delete") as db:
        db.insert(Product, sku="cap")
        with db.transaction():
            db.update(Order).set(Order.note.to("seen")).all_rows().run()
            assert db.select(Order).where(Order.note == "seen").count() == 4
        assert {name.name for name in tmp_path.iterdir()} == {"shop.db"}
        assert db.select(Product).count() == 3


# --- every connection is set up alike ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1), ("off", 0)])
def test_each_connection_has_foreign_keys_log_and_durability(
    tmp_path: Path, driver: DriverName, durability: Any, level: int
) -> None:
    with shop_at(tmp_path / "shop.db", driver, durability=durability) as db:
        db.insert(Product, sku="pen")
        readers = [db.pool.take(), db.pool.take()]
        connections = [*readers, db.pool.take_writer()]
        settings = {
            tuple(
                connection.value(f"PRAGMA {name}")
                for name in ("foreign_keys", "journal_mode", "synchronous", "secure_delete")
            )
            for connection in connections
        }
        db.pool.give_writer()
        for reader in readers:
            db.pool.give(reader)

        assert settings == {(1, "wal", level, 1)}


def test_a_setting_that_does_not_take_is_an_error(
    tmp_path: Path, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemaroot.engine.dialect.PRAGMA_FOREIGN_KEYS_ON", "PRAGMA foreign_keys=OFF")

    with pytest.raises(DatabaseError, match="foreign_keys=OFF' did not take"):
        Database.open(url_of(filled))


# --- a locked file ----------------------------------------------------------------------------------------------------


def test_a_file_that_another_process_locks_whole_is_waited_for_and_then_refused(
    tmp_path: Path, driver: DriverName
) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, journal="delete") as db:
        fill(db)

    with held_by_another_process(path, "BEGIN EXCLUSIVE"), pytest.raises(DatabaseLockedError) as caught:
        Database.open(url_of(path), driver=driver, timeout_ms=150)

    assert caught.value.code == "DB_LOCKED"
    assert 150 <= caught.value.waited_ms < 5_000
    with Database.open(url_of(path), driver=driver) as db:
        assert db.select(Customer).count() == 3


def test_opening_a_file_again_does_not_drop_the_locks_of_this_process(tmp_path: Path, driver: DriverName) -> None:
    """Closing any handle on a file drops the locks that its process holds (POSIX): so no second handle is opened."""
    path = tmp_path / "shop.db"
    with shop_at(path, driver, journal="delete") as db:
        with db.transaction():
            db.insert(Product, sku="pen")
            for _ in range(3):
                Database.open(url_of(path), driver=driver, journal="delete", identity=None).close()
            other = run_python(
                "import sys, apsw\nconnection = apsw.Connection(sys.argv[1])\n"
                "try: connection.execute('BEGIN IMMEDIATE')\nexcept apsw.BusyError: print('locked')",
                path,
            )

        assert (other.stdout, other.stderr) == ("locked\n", "")


def test_the_last_reader_of_another_process_does_not_take_the_log_away(tmp_path: Path, driver: DriverName) -> None:
    """What happens when the lock is lost: another process closes as if it were the last, and deletes the log."""
    path = tmp_path / "shop.db"
    reader = (
        "import sys, apsw\nconnection = apsw.Connection(sys.argv[1])\n"
        "print(connection.execute('SELECT count(*) FROM products').get)\nconnection.close()"
    )
    with shop_at(path, driver) as db:
        db.insert(Product, sku="pen")
        Database.open(url_of(path), driver=driver).close()

        assert run_python(reader, path).stdout == "1\n"
        assert Path(f"{path}-wal").exists()
        db.insert(Product, sku="ink")
        assert run_python(reader, path).stdout == "2\n"


def test_threads_that_open_and_close_one_file_keep_its_locks(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver) as db:
        fill(db)
    failures: list[BaseException] = []

    def opens() -> None:
        try:
            for _ in range(10):
                with Database.open(url_of(path), driver=driver) as db:
                    db.insert(Customer, name="Dee", city=str(threading.get_ident()))
                    db.delete(Customer).where(Customer.city == str(threading.get_ident())).run()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=opens) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with Database.open(url_of(path), driver=driver, check=True) as db:
        assert db.select(Customer).count() == 3


def test_a_checkpoint_in_progress_is_not_taken_for_damage(tmp_path: Path, driver: DriverName) -> None:
    """Page 1, with the new size, may be written back before the pages that it counts; the log has them still."""
    path = tmp_path / "shop.db"
    log = left_with_a_log(path, driver, "CREATE TABLE big AS SELECT randomblob(100000) AS x")
    content = bytearray(path.read_bytes())
    pages = int.from_bytes(content[28:32], "big")
    content[28:32] = (pages + 30).to_bytes(4, "big")
    path.write_bytes(content)
    assert log.stat().st_size > 100_000

    with Database.open(url_of(path), driver=driver, identity=SHOP, check=True) as db:
        assert db.select(Customer).count() == 0
