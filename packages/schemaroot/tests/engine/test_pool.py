"""Connections: few, shared, given back whatever happens, and gone when the database is closed."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from schemaroot import Database, new
from schemaroot.engine.driver import DriverName
from schemaroot.errors import (
    ClosedError,
    DatabaseLockedError,
    ForeignKeyViolation,
    PoolExhaustedError,
    SchemarootError,
    UniqueViolation,
)

from .shop import Customer, Order, Product, fill, open_files, shop_at


def test_reading_one_thing_after_the_other_needs_one_connection(db: Database) -> None:
    for _ in range(20):
        db.select(Customer).with_many(Order.customer_id).all()
        assert list(db.select(Order).stream())
        with db.snapshot():
            db.select(Order).count()

    assert len(db.pool.open_readers) == db.idle_readers == 1


def test_when_all_readers_are_busy_the_next_waits_and_then_fails(tmp_path: Path, driver: DriverName) -> None:
    with shop_at(tmp_path / "shop.db", driver, readers=2, timeout_ms=120) as db:
        fill(db)
        streams = [db.select(Customer).stream(), db.select(Order).stream()]
        for stream in streams:
            next(stream)

        with pytest.raises(PoolExhaustedError) as caught:
            db.select(Product).all()

        assert (caught.value.code, caught.value.size) == ("POOL_EXHAUSTED", 2)
        assert 120 <= caught.value.waited_ms < 5_000
        db.insert(Product, sku="cap")  # writing has a connection of its own
        streams[0].close()  # type: ignore[attr-defined]  # a generator
        assert db.select(Product).count() == 3
        assert len(db.pool.open_readers) == 2


def test_who_waits_for_a_reader_gets_the_one_that_comes_back(tmp_path: Path, driver: DriverName) -> None:
    with shop_at(tmp_path / "shop.db", driver, readers=1, timeout_ms=20_000) as db:
        fill(db)
        stream = db.select(Order).stream()
        next(stream)
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(db.select(Product).count()))
        thread.start()
        thread.join(timeout=0.1)
        assert found == []

        list(stream)
        thread.join(timeout=20)

        assert found == [2]


def test_many_threads_share_few_readers(tmp_path: Path, driver: DriverName) -> None:
    with shop_at(tmp_path / "shop.db", driver, readers=3, timeout_ms=20_000) as db:
        fill(db)
        counts: list[int] = []

        def read() -> None:
            for _ in range(20):
                counts.append(len(db.select(Customer).with_many(Order.customer_id).all()))

        threads = [threading.Thread(target=read) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert counts == [3] * 200
        assert len(db.pool.open_readers) <= 3
        assert db.idle_readers == len(db.pool.open_readers)


def test_a_second_writer_of_this_process_waits_and_then_fails(tmp_path: Path, driver: DriverName) -> None:
    with shop_at(tmp_path / "shop.db", driver, timeout_ms=120) as db:
        failed: list[DatabaseLockedError] = []

        def write() -> None:
            try:
                db.insert(Product, sku="theirs")
            except DatabaseLockedError as error:
                failed.append(error)

        with db.transaction():
            thread = threading.Thread(target=write)
            thread.start()
            thread.join(timeout=20)

        assert [error.code for error in failed] == ["DB_LOCKED"]
        assert 120 <= failed[0].waited_ms < 5_000
        assert db.select(Product).count() == 0


class Boom(Exception):
    """An exception of the user's own."""


def _succeed(db: Database) -> None:
    with db.transaction():
        product = db.insert(Product, sku="cap")
        db.delete(Product).where(Product.sku == product.sku).run()


def _unique(db: Database) -> None:
    with db.transaction():
        db.insert(Product, sku="cap")
        db.insert(Product, sku="pen")


def _reference(db: Database) -> None:
    db.insert_many([new(Order, customer_id=1), new(Order, customer_id=99)])


def _inner(db: Database) -> None:
    with db.transaction(), db.transaction():
        db.insert(Product, sku="cap")
        raise Boom


def _stream(db: Database) -> None:
    with db.snapshot():
        for _ in db.select(Order).stream():
            raise Boom


def _dropped_stream(db: Database) -> None:
    next(db.select(Order).stream())
    raise Boom


def _value(db: Database) -> None:
    with db.transaction():
        db.insert(Customer, name="")


def run_many(db: Database, times: int) -> None:
    turns: list[Callable[[Database], None]] = [
        _succeed,
        _unique,
        _reference,
        _inner,
        _stream,
        _dropped_stream,
        _value,
    ]
    dice = random.Random(5)
    for _ in range(times):
        with suppress(Boom, SchemarootError):
            dice.choice(turns)(db)


def test_ten_thousand_transactions_of_which_most_fail_leak_no_connection(tmp_path: Path, driver: DriverName) -> None:
    """After any number of transactions, most of which failed, as many connections and files are open as before."""
    with shop_at(tmp_path / "shop.db", driver, durability="off") as db:
        fill(db)
        run_many(db, 40)
        gc.collect()
        before = (len(db.pool.open_readers), db.idle_readers, open_files())
        threads = [threading.Thread(target=run_many, args=(db, 2_500)) for _ in range(2)]
        for thread in threads:
            thread.start()
        run_many(db, 5_000)
        for thread in threads:
            thread.join()
        gc.collect()

        assert db.idle_readers == len(db.pool.open_readers)
        assert len(db.pool.open_readers) <= before[0] + 2  # one for each further thread
        assert open_files() <= before[2] + 2 * 3
        assert (db.select(Product).count(), db.select(Order).count()) == (2, 4)
        for turn, error in ((_unique, UniqueViolation), (_reference, ForeignKeyViolation)):
            with pytest.raises(error):
                turn(db)
    assert open_files() <= before[2]


# --- closing ----------------------------------------------------------------------------------------------------------


def test_a_closed_database_has_no_file_open_and_says_that_it_is_closed(tmp_path: Path, driver: DriverName) -> None:
    before = open_files()
    with shop_at(tmp_path / "shop.db", driver) as db:
        fill(db)
        list(db.select(Customer).with_many(Order.customer_id).stream())

    assert open_files() == before
    assert {path.name for path in tmp_path.iterdir()} == {"shop.db"}
    for use in (
        lambda: db.select(Product).all(),
        lambda: list(db.select(Product).stream()),
        lambda: db.insert(Product, sku="cap"),
        lambda: db.transaction().__enter__(),
        lambda: db.snapshot().__enter__(),
    ):
        with pytest.raises(ClosedError) as caught:
            use()
        assert caught.value.code == "DB_CLOSED"
    db.close()  # a second time does nothing


def test_closing_waits_for_no_stream_and_its_connection_goes_when_it_ends(tmp_path: Path, driver: DriverName) -> None:
    before = open_files()
    with shop_at(tmp_path / "shop.db", driver) as db:
        fill(db)
        stream = db.select(Order).stream()
        first = next(stream)

    assert [first, *stream][-1].id == 4
    assert open_files() == before


def test_closing_in_the_middle_of_another_threads_transaction_lets_it_finish(
    tmp_path: Path, driver: DriverName
) -> None:
    path = tmp_path / "shop.db"
    before = open_files()
    inside, closed = threading.Event(), threading.Event()
    db = Database.create(f"sqlite:///{path}", [Product], driver=driver)

    def write() -> None:
        with db.transaction():
            db.insert(Product, sku="cap")
            inside.set()
            closed.wait()
            db.insert(Product, sku="hat")

    thread = threading.Thread(target=write)
    thread.start()
    inside.wait()
    db.close()
    closed.set()
    thread.join()

    assert open_files() == before
    with Database.open(f"sqlite:///{path}", driver=driver) as again:
        assert again.select(Product).count() == 2


def test_who_waits_for_a_reader_is_told_when_the_database_is_closed(tmp_path: Path, driver: DriverName) -> None:
    failed: list[BaseException] = []
    with shop_at(tmp_path / "shop.db", driver, readers=1, timeout_ms=20_000) as db:
        fill(db)
        stream = db.select(Order).stream()
        next(stream)

        def read() -> None:
            try:
                db.select(Product).all()
            except ClosedError as error:
                failed.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        thread.join(timeout=0.1)
    thread.join(timeout=20)
    del stream

    assert [type(error) for error in failed] == [ClosedError]
