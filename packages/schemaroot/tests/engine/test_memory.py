"""A database in memory: one connection, shared by all threads, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from schemaroot import Database
from schemaroot.engine.driver import DriverName
from schemaroot.errors import ClosedError, DatabaseLockedError, PoolExhaustedError, TransactionError

from .shop import SHOP, TABLES, Customer, Line, Order, Product, fill


@pytest.fixture
def memory(driver: DriverName) -> Iterator[Database]:
    """A shop with a few customers and orders, in memory."""
    with Database.create("sqlite:///:memory:", TABLES, driver=driver, timeout_ms=150, identity=SHOP) as db:
        fill(db)
        yield db


def test_all_threads_see_one_database(memory: Database) -> None:
    def write(number: int) -> None:
        for turn in range(20):
            memory.insert(Product, sku=f"{number}/{turn}")
            assert memory.select(Product).where(Product.sku == f"{number}/{turn}").exists()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert memory.select(Product).count() == 82


def test_two_databases_in_memory_are_apart(driver: DriverName) -> None:
    with Database.memory(TABLES, driver=driver) as one, Database.memory(TABLES, driver=driver) as two:
        one.insert(Product, sku="pen")

        assert (one.select(Product).count(), two.select(Product).count()) == (1, 0)


def test_opening_one_in_memory_gives_an_empty_one(driver: DriverName) -> None:
    with Database.open("sqlite:///:memory:", driver=driver) as db:
        db.create_tables([Product])
        assert db.select(Product).count() == 0
        assert (db.path, db.journal_mode) == (":memory:", "memory")


def test_transactions_and_savepoints_work_as_in_a_file(memory: Database) -> None:
    with pytest.raises(ValueError), memory.transaction():
        memory.insert(Product, sku="cap")
        raise ValueError
    with memory.transaction():
        memory.insert(Product, sku="hat")
        with pytest.raises(ValueError), memory.transaction():
            memory.insert(Product, sku="mug")
            raise ValueError

    assert {product.sku for product in memory.select(Product).all()} == {"pen", "ink", "hat"}


def test_writing_in_a_snapshot_is_refused(memory: Database) -> None:
    with memory.snapshot():
        with pytest.raises(TransactionError):
            memory.insert(Product, sku="cap")
        with pytest.raises(TransactionError), memory.transaction():
            pass
        assert memory.select(Product).count() == 2
    memory.insert(Product, sku="cap")


def test_rows_can_be_written_and_read_while_a_stream_is_read(memory: Database) -> None:
    """The stream holds no transaction on the one connection: what is written in its loop is kept."""
    for customer in memory.select(Customer).stream():
        memory.insert(Order, customer_id=customer.id, note="from the stream")
        assert memory.select(Customer).with_many(Order.customer_id).all()
        with memory.transaction():
            memory.update(Customer).set(Customer.vip.to(True)).where(Customer.id == customer.id).run()
        for sku, *_ in memory.stream(sa.select(Product.sku)):
            assert sku in {"pen", "ink"}

    assert memory.select(Order).where(Order.note == "from the stream").count() == 3
    assert memory.select(Customer).where(Customer.vip == True).count() == 3  # noqa: E712  # builds SQL


def test_a_stream_can_be_read_and_dropped_in_another_thread(memory: Database) -> None:
    stream = [memory.select(Customer).stream()]
    first = next(stream[0])
    found: list[str] = []

    def read() -> None:
        found.append(next(stream[0]).name)
        stream.clear()

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()

    assert (first.name, found) == ("Ada", ["Bo"])
    assert memory.select(Customer).count() == 3


def test_another_thread_waits_for_a_transaction_and_then_fails(memory: Database) -> None:
    failed: list[str] = []

    def use() -> None:
        try:
            memory.select(Product).all()
        except PoolExhaustedError as error:
            failed.append(error.code)
        try:
            memory.insert(Product, sku="cap")
        except DatabaseLockedError as error:
            failed.append(error.code)

    with memory.transaction():
        memory.delete(Line).all_rows().run()
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()

    assert failed == ["POOL_EXHAUSTED", "DB_LOCKED"]


def test_closing_it_ends_it(memory: Database) -> None:
    memory.close()

    for use in (lambda: memory.select(Product).all(), lambda: memory.insert(Product, sku="cap")):
        with pytest.raises(ClosedError):
            use()
