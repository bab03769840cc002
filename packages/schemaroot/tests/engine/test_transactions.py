"""Transactions: all or nothing, whatever happens inside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from schemaroot import Database, new
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName
from schemaroot.errors import DatabaseLockedError, ForeignKeyViolation, TransactionError, UniqueViolation

from .shop import Customer, Line, Order, Product, shop_at, traced, url_of


def skus(db: Database) -> list[str]:
    return [product.sku for product in db.select(Product).order_by(Product.sku).all()]


class Boom(Exception):
    """An exception of the user's own."""


def test_what_happens_inside_happens_together(db: Database) -> None:
    with db.transaction():
        db.insert(Product, sku="cap")
        db.delete(Line).all_rows().run()

    assert skus(db) == ["cap", "ink", "pen"]
    assert db.select(Line).count() == 0


@pytest.mark.parametrize("kind", [Boom, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError])
def test_any_exception_undoes_everything_and_goes_on_its_way(db: Database, kind: type[BaseException]) -> None:
    thrown = kind("on purpose")

    with pytest.raises(kind) as caught, db.transaction():
        db.insert(Product, sku="cap")
        db.update(Order).set(Order.note.to("gone")).all_rows().run()
        raise thrown

    assert caught.value is thrown
    assert skus(db) == ["ink", "pen"]
    assert not db.select(Order).where(Order.note == "gone").exists()
    assert not db.in_transaction
    db.insert(Product, sku="hat")  # the writing connection is free
    assert skus(db) == ["hat", "ink", "pen"]


def test_a_transaction_starts_with_the_write_lock_and_a_single_write_needs_none(db: Database) -> None:
    with traced(db) as statements:
        db.insert(Product, sku="cap")
        with db.transaction():
            db.select(Product).count()
            with db.transaction():
                db.insert(Product, sku="hat")

    words = [" ".join(sql.split()[:2]) for sql in statements]
    assert words == [
        "INSERT INTO",
        "BEGIN IMMEDIATE",
        "SELECT count(*)",
        "SAVEPOINT schemaroot_1",
        "INSERT INTO",
        "RELEASE schemaroot_1",
        "COMMIT",
    ]


# --- a transaction inside another -------------------------------------------------------------------------------------


def test_an_inner_transaction_that_fails_undoes_itself_alone(db: Database) -> None:
    with db.transaction():
        db.insert(Product, sku="cap")
        with pytest.raises(Boom), db.transaction():
            db.insert(Product, sku="hat")
            raise Boom
        db.insert(Product, sku="mug")

    assert skus(db) == ["cap", "ink", "mug", "pen"]


def test_an_inner_transaction_that_succeeds_goes_with_the_outer_one(db: Database) -> None:
    with pytest.raises(Boom), db.transaction():
        with db.transaction():
            db.insert(Product, sku="cap")
        assert skus(db) == ["cap", "ink", "pen"]
        raise Boom

    assert skus(db) == ["ink", "pen"]


def test_transactions_nest_as_deep_as_wanted(db: Database) -> None:
    def level(depth: int) -> None:
        with db.transaction():
            db.insert(Product, sku=f"{depth}")
            if depth < 6:
                with suppress(Boom):
                    level(depth + 1)
            if depth % 2 == 0:
                raise Boom

    level(1)

    assert skus(db) == ["1", "ink", "pen"]  # 2 fails, and all below it goes with it


def test_savepoints_after_each_other_do_not_mix(db: Database) -> None:
    with db.transaction():
        for number in range(4):
            with pytest.raises(Boom) if number % 2 else db.transaction():
                if number % 2:
                    with db.transaction():
                        db.insert(Product, sku=f"{number}")
                        raise Boom
                db.insert(Product, sku=f"{number}")

    assert skus(db) == ["0", "2", "ink", "pen"]


def test_a_refused_statement_can_be_caught_and_the_rest_kept(db: Database) -> None:
    with db.transaction():
        db.insert(Product, sku="cap")
        with pytest.raises(UniqueViolation):
            db.insert(Product, sku="pen")
        with pytest.raises(ForeignKeyViolation):
            db.insert(Order, customer_id=99)
        db.insert(Product, sku="hat")

    assert skus(db) == ["cap", "hat", "ink", "pen"]


def test_rows_inserted_together_are_all_there_or_none(db: Database) -> None:
    rows = [new(Product, sku=sku) for sku in ("cap", "hat", "pen", "mug")]

    with pytest.raises(UniqueViolation) as caught:
        db.insert_many(rows)
    with db.transaction():
        db.insert(Product, sku="bag")
        with pytest.raises(UniqueViolation):
            db.insert_many(rows)

    assert caught.value.row == 2
    assert skus(db) == ["bag", "ink", "pen"]


# --- when the database itself gives a transaction up ------------------------------------------------------------------


def give_up(db: Database) -> None:
    """What some errors (a full disk, an I/O error) make SQLite do: it rolls back, and the next statement fails."""
    connection = db.held.connection
    assert connection is not None
    connection.execute("ROLLBACK").fetchall()
    with pytest.raises(UniqueViolation):
        db.insert(Product, sku="pen")


def test_after_the_database_rolled_back_nothing_more_is_written(db: Database) -> None:
    """A statement that ran on would be outside of any transaction, and stored at once."""
    with pytest.raises(TransactionError, match="rolled back by the database"), db.transaction():
        db.insert(Product, sku="cap")
        give_up(db)
        with pytest.raises(TransactionError, match="rolled back by the database"):
            db.insert(Product, sku="hat")
        with pytest.raises(TransactionError, match="rolled back by the database"), db.transaction():
            pass  # a savepoint would begin a transaction of its own

    assert skus(db) == ["ink", "pen"]
    with db.transaction():
        db.insert(Product, sku="mug")
    assert skus(db) == ["ink", "mug", "pen"]


def test_a_savepoint_whose_transaction_is_gone_does_not_end_well(db: Database) -> None:
    with pytest.raises(TransactionError, match="rolled back by the database"), db.transaction():
        db.insert(Product, sku="cap")
        with db.transaction():
            give_up(db)

    assert skus(db) == ["ink", "pen"]
    assert not db.in_transaction


def test_the_first_error_is_kept_when_rolling_back_fails_too(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Boom), db.transaction():
        db.insert(Product, sku="cap")
        connection = db.held.connection
        assert connection is not None
        connection.execute("ROLLBACK").fetchall()
        raise Boom

    assert skus(db) == ["ink", "pen"]
    assert caplog.records == []


@pytest.mark.parametrize("nested", [False, True])
def test_a_rollback_that_is_interrupted_does_not_poison_what_comes_after(
    db: Database, monkeypatch: pytest.MonkeyPatch, nested: bool
) -> None:
    def interrupted(self: Connection) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), db.transaction():
        db.insert(Product, sku="cap")
        patch.setattr(Connection, "rollback", interrupted)
        raise Boom

    if nested:
        with db.transaction():
            db.insert(Product, sku="hat")
    else:
        db.insert(Product, sku="hat")

    with Database.open(url_of(Path(db.path)), driver=db.driver.name) as other:
        assert skus(other) == ["hat", "ink", "pen"]


# --- snapshots --------------------------------------------------------------------------------------------------------


def test_a_snapshot_sees_one_moment_whatever_is_written_meanwhile(db: Database) -> None:
    with db.snapshot():
        before = skus(db)
        in_thread(lambda: db.insert(Product, sku="cap"))
        assert skus(db) == before
        assert db.select(Customer).with_many(Order.customer_id).count() == 3

    assert skus(db) == ["cap", "ink", "pen"]


@pytest.mark.parametrize(
    "write",
    [
        lambda db: db.insert(Product, sku="cap"),
        lambda db: db.insert_many([new(Product, sku="cap")]),
        lambda db: db.upsert(new(Product, sku="pen"), on=[Product.sku]),
        lambda db: db.update(Product).set(Product.title.to("x")).all_rows().run(),
        lambda db: db.update(Product).set(Product.title.to("x")).all_rows().returning(),
        lambda db: db.delete(Line).all_rows().run(),
        lambda db: db.transaction().__enter__(),
    ],
)
def test_writing_in_a_snapshot_is_refused(db: Database, write: Callable[[Database], object]) -> None:
    with db.snapshot():
        with pytest.raises(TransactionError, match="A snapshot only reads; nothing was written") as caught:
            write(db)
        assert db.select(Line).count() == 6

    assert caught.value.code == "TRANSACTION"
    assert skus(db) == ["ink", "pen"]
    assert not db.select(Product).where(Product.title == "x").exists()


def test_a_snapshot_in_a_transaction_sees_what_it_wrote_and_lets_it_write(db: Database) -> None:
    with db.transaction():
        db.insert(Product, sku="cap")
        with db.snapshot():
            assert skus(db) == ["cap", "ink", "pen"]
            db.insert(Product, sku="hat")

    assert skus(db) == ["cap", "hat", "ink", "pen"]


def test_a_snapshot_in_a_snapshot_is_the_same_one(db: Database) -> None:
    with db.snapshot():
        before = skus(db)
        in_thread(lambda: db.insert(Product, sku="cap"))
        with db.snapshot():
            assert skus(db) == before
        assert skus(db) == before


def test_an_exception_in_a_snapshot_gives_its_connection_back(db: Database) -> None:
    idle = db.idle_readers

    with pytest.raises(Boom), db.snapshot():
        assert db.idle_readers == idle - 1
        raise Boom

    assert db.idle_readers == idle
    db.insert(Product, sku="cap")
    assert skus(db) == ["cap", "ink", "pen"]


# --- several threads --------------------------------------------------------------------------------------------------


def in_thread(run: Callable[[], Any]) -> Any:
    """Runs in a thread of its own and gives the result, or raises the error."""
    result: list[Any] = []

    def work() -> None:
        try:
            result.append(run())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive()
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def test_readers_do_not_wait_for_the_writer_and_see_nothing_uncommitted(db: Database) -> None:
    with db.transaction():
        db.insert(Product, sku="cap")
        db.update(Product).set(Product.title.to("new")).all_rows().run()

        def look() -> tuple[list[str], list[str], bool, list[str]]:
            with db.snapshot():
                together = skus(db)
            streamed = [product.sku for product in db.select(Product).stream()]
            return skus(db), together, db.select(Product).where(Product.title == "new").exists(), sorted(streamed)

        # The thread comes to its end while this transaction is open: it waits for nothing.
        assert in_thread(look) == (["ink", "pen"], ["ink", "pen"], False, ["ink", "pen"])
        assert in_thread(lambda: db.in_transaction) is False

    assert in_thread(lambda: skus(db)) == ["cap", "ink", "pen"]


def test_nothing_that_a_transaction_has_read_changes_under_it(tmp_path: Path, driver: DriverName) -> None:
    with shop_at(tmp_path / "shop.db", driver, timeout_ms=100) as db:
        db.insert(Product, sku="pen", price=1.0)
        with db.transaction():
            before = db.select(Product).one()
            opened = Database.open(url_of(tmp_path / "shop.db"), driver=driver, timeout_ms=100)
            with opened as other, pytest.raises(DatabaseLockedError):
                other.update(Product).set(Product.price.to(2.0)).all_rows().run()
            assert db.select(Product).one() == before


def test_threads_that_count_up_lose_nothing(db: Database) -> None:
    customer = db.insert(Customer, name="counter", city="0")

    def count() -> None:
        for _ in range(25):
            with db.transaction():
                seen = db.select(Customer).where(Customer.id == customer.id).one()
                assert seen.city is not None
                db.update(Customer).set(Customer.city.to(str(int(seen.city) + 1))).where(
                    Customer.id == customer.id
                ).run()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert db.select(Customer).where(Customer.id == customer.id).one().city == "100"


def test_databases_on_one_file_that_count_up_lose_nothing(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with shop_at(path, driver) as db:
        db.insert(Product, sku="counter")
        failures: list[BaseException] = []

        def count() -> None:
            try:
                with Database.open(url_of(path), driver=driver) as own:
                    for _ in range(25):
                        with own.transaction():
                            price = own.select(Product).one().price
                            own.update(Product).set(Product.price.to(price + 1)).all_rows().run()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=count) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert db.select(Product).one().price == 75.0


def test_a_write_of_another_thread_is_no_part_of_this_transaction(db: Database) -> None:
    started = threading.Event()

    def write() -> None:
        started.set()
        db.insert(Product, sku="theirs")

    thread = threading.Thread(target=write)
    with pytest.raises(Boom), db.transaction():
        db.insert(Product, sku="ours")
        thread.start()
        started.wait()
        raise Boom
    thread.join()

    assert skus(db) == ["ink", "pen", "theirs"]


def test_many_threads_write_and_read_at_once(db: Database) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                with db.transaction():
                    customer = db.insert(Customer, name=f"{number}", city=f"{turn}")
                    db.insert_many([new(Order, customer_id=customer.id) for _ in range(3)])
                [(_, orders)] = db.select(Customer).where(Customer.id == customer.id).with_many(Order.customer_id).all()
                assert len(orders) == 3
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert db.select(Customer).count() == 3 + 60
    assert db.select(Order).count() == 4 + 180
