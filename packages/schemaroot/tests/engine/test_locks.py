"""Locks of other processes are waited for with patience, and named when it ends; logs that grow are told."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.engine import connection as connections
from schemaroot.engine import core
from schemaroot.engine.driver import DriverName
from schemaroot.errors import DatabaseLockedError

from .shop import Customer, Order, Product, digests, fill, held_by_another_process, shop_at

LOCK = "BEGIN IMMEDIATE; UPDATE products SET title = 'theirs'"


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_lock_that_is_held_too_long_is_an_error_that_says_how_long_it_waited(
    tmp_path: Path, driver: DriverName, journal: str
) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, timeout_ms=200, journal=journal) as db:
        fill(db)
        with held_by_another_process(path, LOCK):
            before = digests(path)
            for write in (
                lambda: db.insert(Product, sku="cap"),
                lambda: db.transaction().__enter__(),
                lambda: db.update(Order).set(Order.note.to("x")).all_rows().run(),
                lambda: db.create_indexes([]),
            ):
                started = time.monotonic()
                with pytest.raises(DatabaseLockedError) as caught:
                    write()

                assert caught.value.code == "DB_LOCKED"
                assert 200 <= caught.value.waited_ms <= (time.monotonic() - started) * 1000 + 1
                assert f"locked by another writer for {caught.value.waited_ms:.0f} ms" in str(caught.value)
                assert "nothing was written" in str(caught.value)
            assert db.select(Product).count() == 2  # reading waits for no writer
            assert digests(path) == before

        db.insert(Product, sku="cap")
        assert {product.title for product in db.select(Product).all()} == {"Pen", "Ink", ""}


def test_a_lock_that_ends_in_time_is_waited_for(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, timeout_ms=20_000) as db:
        fill(db)
        with held_by_another_process(path, LOCK) as holder:
            timer = threading.Timer(0.15, lambda: holder.communicate("\n"))
            timer.start()
            db.insert(Product, sku="cap")
            timer.join()
        with held_by_another_process(path, LOCK) as holder:
            timer = threading.Timer(0.15, lambda: holder.communicate("\n"))
            timer.start()
            with db.transaction():
                db.insert(Product, sku="hat")
            timer.join()

        assert db.select(Product).count() == 4


def test_the_wait_between_two_tries_is_short_and_never_the_same(
    tmp_path: Path, driver: DriverName, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    path = tmp_path / "shop.db"
    with shop_at(path, driver, timeout_ms=100) as db:
        db.insert(Product, sku="pen")
        sleep = time.sleep

        def nap(seconds: float) -> None:
            naps.append(seconds)
            sleep(seconds)

        with held_by_another_process(path, LOCK), monkeypatch.context() as patch:  # waiting for the holder naps too
            patch.setattr("schemaroot.engine.connection.time.sleep", nap)
            with pytest.raises(DatabaseLockedError):
                db.insert(Product, sku="cap")

    assert len(naps) > 5
    assert all(connections.RETRY_MIN_S <= nap <= connections.RETRY_MAX_S for nap in naps)
    assert len(set(naps)) > len(naps) // 2


def test_a_commit_waits_for_readers_where_there_is_no_log(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver, timeout_ms=200, journal="delete") as db:
        fill(db)
        with held_by_another_process(path, "BEGIN; SELECT count(*) FROM products"):
            with pytest.raises(DatabaseLockedError) as caught, db.transaction():
                db.insert(Product, sku="cap")
            assert caught.value.waited_ms >= 200
            assert not db.in_transaction

        assert db.select(Product).count() == 2
        db.insert(Product, sku="cap")


# --- a read transaction that nobody ends ------------------------------------------------------------------------------


@pytest.fixture
def small_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "WAL_ALERT_BYTES", 200_000)


def grow(db: Database) -> None:
    """Writes more than the alert allows to the log."""
    for number in range(3):
        db.update(Product).set(Product.title.to(str(number) * 100_000)).where(Product.sku == "pen").run()
    db._wal_checked = 0.0
    db.update(Product).set(Product.title.to("")).where(Product.sku == "pen").run()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.usefixtures("small_alert")
def test_a_forgotten_stream_is_told_with_its_age_when_the_log_grows(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    stream = db.select(Order).stream()
    next(stream)
    db.pool.open_readers[0].since -= 75

    grow(db)

    [said] = warnings(caplog)
    assert said.startswith(f"WAL_LARGE: the write-ahead log of {db.path} has ")
    assert said.endswith(" bytes; the oldest read transaction is 75 s old")
    del stream


@pytest.mark.usefixtures("small_alert")
def test_a_forgotten_snapshot_is_told_with_its_age_when_the_log_grows(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    inside, ended = threading.Event(), threading.Event()

    def forget() -> None:
        with db.snapshot():
            db.select(Customer).count()
            inside.set()
            ended.wait()

    thread = threading.Thread(target=forget)
    thread.start()
    inside.wait()
    for connection in db.pool.open_readers:
        if connection.since:
            connection.since -= 3_600
    with db.transaction():
        pass
    grow(db)
    ended.set()
    thread.join()

    assert [said.rpartition("; ")[2] for said in warnings(caplog)] == ["the oldest read transaction is 3600 s old"]


@pytest.mark.usefixtures("small_alert")
def test_a_log_that_another_process_keeps_is_told_too(
    db: Database, caplog: pytest.LogCaptureFixture, driver: DriverName
) -> None:
    with held_by_another_process(Path(db.path), "BEGIN; SELECT count(*) FROM products"):
        grow(db)

    assert [said.rpartition("; ")[2] for said in warnings(caplog)] == ["no read transaction of this process is open"]


@pytest.mark.usefixtures("small_alert")
def test_the_log_is_looked_at_once_a_second_at_most_and_a_small_one_is_not_told(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    db.insert(Product, sku="cap")
    assert warnings(caplog) == []
    stream = db.select(Order).stream()
    next(stream)
    grow(db)
    for number in range(20):
        db.insert(Product, sku=f"{number}")

    assert len(warnings(caplog)) <= 2
    stream.close()  # type: ignore[attr-defined]  # a generator


def test_the_alert_stands_at_64_mebibytes() -> None:
    assert core.WAL_ALERT_BYTES == 64 * 1024 * 1024
