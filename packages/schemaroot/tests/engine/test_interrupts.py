"""An exception that a signal raises in the middle of a read or a write leaves every connection fit for the next one."""

from __future__ import annotations

import gc
import random
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemaroot import Database, Repository
from schemaroot.engine.driver import DriverName

from .shop import Customer, Order, fill, shop_at


class Interrupted(BaseException):
    """What the alarm raises, as Ctrl-C raises KeyboardInterrupt."""


@pytest.fixture
def alarm() -> Iterator[Callable[[float], None]]:
    """Sets an alarm, in seconds from now (0 for none), which raises wherever the main thread is then."""

    def ring(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def nested_writes(db: Database) -> None:
    with db.transaction():
        db.update(Customer).set(Customer.city.to("Rome")).where(Customer.id == 1).run()
        with db.transaction():
            db.update(Customer).set(Customer.city.to("Oslo")).where(Customer.id == 2).run()


def in_a_snapshot(db: Database) -> None:
    with db.snapshot():
        db.select(Customer).count()
        db.select(Order).all()


OPERATIONS: dict[str, Callable[[Database, Repository[Customer]], object]] = {
    "a read by key": lambda db, customers: customers.get(1),
    "a list": lambda db, customers: customers.all(),
    "nested rows": lambda db, customers: db.select(Customer).with_many(Order.customer_id).all(),
    "a stream": lambda db, customers: list(db.select(Order).stream()),
    "a snapshot": lambda db, customers: in_a_snapshot(db),
    "an update by key": lambda db, customers: customers.update(1, Customer.city.to("Bonn")),
    "transactions": lambda db, customers: nested_writes(db),
}


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals come to the main thread")
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_interrupt_anywhere_leaves_the_database_fit_for_use(
    tmp_path: Path,
    driver: DriverName,
    alarm: Callable[[float], None],
    operation: Callable[[Database, Repository[Customer]], object],
) -> None:
    chance = random.Random(7)
    interrupted = 0
    with shop_at(tmp_path / "shop.db", driver, durability="off", readers=2, timeout_ms=2000) as db:
        fill(db)
        customers = Repository(db, Customer)
        for _ in range(250):
            try:
                alarm(chance.uniform(1e-6, 3e-4))
                for _ in range(100):
                    operation(db, customers)
                alarm(0)
            except Interrupted:
                interrupted += 1
            gc.collect(0)

            assert not db.in_transaction
            writer = db.pool.take_writer()
            db.pool.give_writer()
            assert (writer.depth, writer.lost, writer.read_only, writer.streams) == (0, False, False, [])
            assert [reader.in_transaction for reader in db.pool.open_readers] == [False] * len(db.pool.open_readers)

        gc.collect()
        assert interrupted > 100
        assert db.idle_readers == len(db.pool.open_readers)
        nested_writes(db)
        assert [row.city for row in customers.all(Customer.id.in_([1, 2]), order_by=[Customer.id])] == ["Rome", "Oslo"]
