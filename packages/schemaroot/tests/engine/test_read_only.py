"""Places that cannot be written: named when writing is wanted, and no hindrance to reading."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from schemaroot import Database
from schemaroot.engine.driver import DriverName
from schemaroot.errors import DamagedDatabaseError, TransactionError

from .shop import TABLES, Customer, Order, Product, digests, shop_at, url_of

# Tests may run as root, who may write anywhere: the child becomes nobody once everything is loaded.
_AS_NOBODY = """
import json, os, sys
from schemaroot import Database
from schemaroot.errors import SchemarootError
for name in ("apsw", "sqlite3"):
    Database.memory([], driver=name).close()
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for line in sys.stdin:
    verb, url, options = json.loads(line)
    try:
        if verb == "create":
            Database.create(url, [], **options).close()
            said = {"code": "created"}
        else:
            with Database.open(url, **options) as db:
                connection = db.pool.take()
                said = {"names": [row[0] for row in connection.execute("SELECT name FROM customers")]}
                db.pool.give(connection)
    except SchemarootError as error:
        said = {"code": error.code, "message": str(error), "path": str(getattr(error, "path", ""))}
    print(json.dumps(said), flush=True)
"""


@pytest.fixture(scope="module")
def nobody() -> Iterator[subprocess.Popen[str]]:
    """A process that opens files as a user who owns nothing here."""
    command = [sys.executable, "-c", _AS_NOBODY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.communicate(timeout=30)


@pytest.fixture
def as_nobody(nobody: subprocess.Popen[str], driver: DriverName) -> Callable[..., dict[str, Any]]:
    """Opens or creates a file as nobody, and gives what comes of it."""

    def ask(path: Path, verb: str = "open", **options: Any) -> dict[str, Any]:
        assert nobody.stdin is not None
        assert nobody.stdout is not None
        nobody.stdin.write(json.dumps([verb, url_of(path), {"driver": driver, **options}]) + "\n")
        nobody.stdin.flush()
        said: dict[str, Any] = json.loads(nobody.stdout.readline())
        return said

    return ask


AsNobody = Callable[..., dict[str, Any]]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="schemaroot-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def shop(place: Path, filled: Path) -> Path:
    """A shop that every user may read."""
    path = place / "shop.db"
    shutil.copyfile(filled, path)
    path.chmod(0o444)
    return path


def test_a_file_that_cannot_be_written_is_refused_by_name_and_cause(shop: Path, as_nobody: AsNobody) -> None:
    shop.parent.chmod(0o777)
    before = digests(shop)

    said = as_nobody(shop)

    assert (said["code"], said["path"]) == ("READ_ONLY", str(shop))
    assert "the file is not writable for this user" in said["message"]
    assert digests(shop) == before
    assert list(shop.parent.iterdir()) == [shop]


def test_a_folder_that_cannot_be_written_is_refused_by_name_and_cause(shop: Path, as_nobody: AsNobody) -> None:
    shop.chmod(0o666)
    shop.parent.chmod(0o555)
    before = digests(shop)

    said = as_nobody(shop)

    assert (said["code"], said["path"]) == ("READ_ONLY", str(shop))
    assert f"the directory {shop.parent} is not writable for this user" in said["message"]
    assert digests(shop) == before
    assert list(shop.parent.iterdir()) == [shop]


def test_a_file_that_cannot_even_be_read_is_refused(shop: Path, as_nobody: AsNobody) -> None:
    shop.chmod(0o000)

    said = as_nobody(shop, read_only=True)

    assert (said["code"], said["path"]) == ("READ_ONLY", str(shop))
    assert "Permission denied" in said["message"]


def test_creating_where_nothing_can_be_written_is_refused(place: Path, as_nobody: AsNobody) -> None:
    place.chmod(0o555)

    said = as_nobody(place / "new.db", "create")

    assert (said["code"], said["path"]) == ("READ_ONLY", str(place / "new.db"))
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("log", [None, b""], ids=["no log", "an empty log"])
def test_reading_works_where_nothing_can_be_written(shop: Path, as_nobody: AsNobody, log: bytes | None) -> None:
    if log is not None:
        Path(f"{shop}-wal").write_bytes(log)
        Path(f"{shop}-wal").chmod(0o444)
    shop.parent.chmod(0o555)
    before = {path.name: path.stat().st_size for path in shop.parent.iterdir()}

    assert as_nobody(shop, read_only=True) == {"names": ["Ada", "Bo", "Cy"]}
    assert {path.name: path.stat().st_size for path in shop.parent.iterdir()} == before


def left_open(shop: Path) -> apsw.Connection:
    """A writer that stays open, with a row that stands in the log alone."""
    shop.chmod(0o644)
    connection = apsw.Connection(str(shop))
    connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    connection.execute("INSERT INTO customers (name, joined) VALUES ('Dee', 0)")
    return connection


def test_a_log_with_changes_is_read_where_a_living_writer_keeps_its_index(shop: Path, as_nobody: AsNobody) -> None:
    connection = left_open(shop)
    shop.parent.chmod(0o555)

    said = as_nobody(shop, read_only=True)
    connection.close()

    assert said == {"names": ["Ada", "Bo", "Cy", "Dee"]}


def test_a_log_with_changes_that_cannot_be_read_is_never_left_out_in_silence(shop: Path, as_nobody: AsNobody) -> None:
    """Without its index the log cannot be read in a place that cannot be written; the rows would be old ones."""
    connection = left_open(shop)
    copy = shop.with_name("copy.db")
    for suffix in ("", "-wal"):
        subprocess.run(["cp", f"{shop}{suffix}", f"{copy}{suffix}"], check=True)
        Path(f"{copy}{suffix}").chmod(0o444)
    connection.close()
    shop.parent.chmod(0o555)

    said = as_nobody(copy, read_only=True)

    assert (said["code"], said["path"]) == ("READ_ONLY", str(copy))
    assert (
        f"its write-ahead log holds changes, which cannot be read because {copy.parent} cannot be written"
        in said["message"]
    )


def test_a_database_opened_for_reading_refuses_to_write(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    before = digests(path)

    with Database.open(url_of(path), tables=TABLES, driver=driver, read_only=True) as db:
        for write in (
            lambda: db.insert(Product, sku="cap"),
            lambda: db.update(Order).set(Order.note.to("x")).all_rows().run(),
            lambda: db.delete(Order).all_rows().run(),
            lambda: db.transaction().__enter__(),
        ):
            with pytest.raises(TransactionError, match="opened read-only; nothing was written"):
                write()
        assert db.select(Customer).with_many(Order.customer_id).count() == 3
        with db.snapshot():
            assert db.select(Product).count() == 2

    assert digests(path) == before


def test_a_database_opened_for_reading_sees_what_others_write(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)

    with (
        Database.open(url_of(path), driver=driver, read_only=True) as reading,
        Database.open(url_of(path), driver=driver) as writing,
    ):
        writing.insert(Product, sku="cap")

        assert reading.select(Product).count() == 3


def test_a_damaged_page_is_told_when_only_reading_too(tmp_path: Path, driver: DriverName, filled: Path) -> None:
    path = tmp_path / "shop.db"
    content = bytearray(filled.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)

    with pytest.raises(DamagedDatabaseError):
        Database.open(url_of(path), driver=driver, read_only=True, check=True)


def test_a_new_shop_can_be_read_only_once_it_is_closed(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver) as db:
        db.insert(Product, sku="pen")

    with Database.open(url_of(path), driver=driver, read_only=True) as db:
        assert db.select(Product).one().sku == "pen"
        assert db.journal_mode == "wal"
