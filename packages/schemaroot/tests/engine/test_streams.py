"""Streams: bounded memory, one view of the database, and a connection that always comes back."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import Database, new
from schemaroot.engine import decode
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName
from schemaroot.engine.writes import InsertPlan
from schemaroot.errors import DatabaseError, DatabaseLockedError, TransactionError

from .shop import Customer, Line, Order, Product, shop_at, url_of


@pytest.fixture
def many(tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    """A shop with 600 products: more than two chunks of what is decoded at once."""
    with shop_at(tmp_path / "shop.db", driver, readers=2, timeout_ms=500, durability="off") as db:
        db.insert_many([new(Product, sku=f"{number:04}", price=float(number)) for number in range(600)])
        yield db


def idle(db: Database) -> bool:
    return db.idle_readers == len(db.pool.open_readers)


def test_a_stream_gives_what_a_read_gives_in_its_order(many: Database) -> None:
    query = many.select(Product).where(Product.price >= 5.0).order_by(Product.sku.desc())

    assert list(query.stream()) == query.all()
    assert list(query.columns(Product.sku, Product.price).stream()) == query.columns(Product.sku, Product.price).all()
    statement = sa.select(Product.sku, Product.price * 2).order_by(Product.price)
    assert list(many.stream(statement)) == many.all(statement)


def test_a_stream_with_rows_nested_in_it_gives_what_a_read_gives(db: Database) -> None:
    query = (
        db.select(Customer)
        .with_many(Order.customer_id, db.select(Order).with_many(Line.order_id))
        .order_by(Customer.id)
    )

    assert list(query.stream()) == query.all()


def test_a_stream_that_is_read_to_its_end_gives_its_connection_back(many: Database) -> None:
    stream = many.select(Product).stream()
    next(stream)
    assert not idle(many)

    assert sum(1 for _ in stream) == 599
    assert idle(many)
    assert next(stream, None) is None


def test_a_stream_that_is_closed_gives_its_connection_back(many: Database) -> None:
    stream: Any = many.select(Product).stream()
    next(stream)

    stream.close()

    assert idle(many)


def test_a_stream_that_is_dropped_gives_its_connection_back(many: Database) -> None:
    for _ in range(5):
        for product in many.select(Product).stream():
            if product.price > 300:
                break
    gc.collect()

    assert idle(many)
    assert len(many.pool.open_readers) <= 2


def test_a_stream_that_nobody_reads_takes_no_connection(many: Database) -> None:
    streams = [many.select(Product).stream() for _ in range(10)]

    assert idle(many)
    assert many.select(Product).count() == 600
    del streams


def test_a_stream_that_is_dropped_in_another_thread_gives_its_connection_back(many: Database) -> None:
    streams = [many.select(Product).stream()]
    next(streams[0])

    thread = threading.Thread(target=streams.clear)
    thread.start()
    thread.join()

    assert idle(many)


def test_a_stream_can_be_read_by_one_thread_after_the_other(many: Database) -> None:
    stream = many.select(Product).stream()
    found = [next(stream)]
    thread = threading.Thread(target=lambda: found.extend(next(stream) for _ in range(300)))
    thread.start()
    thread.join()

    found.extend(stream)

    assert [product.price for product in found] == [float(number) for number in range(600)]
    assert idle(many)


def test_a_stream_sees_one_moment_whatever_is_written_meanwhile(many: Database) -> None:
    stream = many.select(Product).order_by(Product.sku).stream()
    seen = [next(stream)]

    many.update(Product).set(Product.title.to("new")).all_rows().run()
    many.delete(Product).where(Product.price > 100.0).run()
    many.insert(Product, sku="9999")

    seen.extend(stream)
    assert len(seen) == 600
    assert {product.title for product in seen} == {""}


def test_rows_nested_in_a_stream_are_of_the_same_moment(db: Database) -> None:
    stream = db.select(Customer).order_by(Customer.id).with_many(Order.customer_id).stream()
    first, orders = next(stream)
    db.delete(Line).all_rows().run()
    db.delete(Order).all_rows().run()

    rest = list(stream)

    assert (first.name, len(orders)) == ("Ada", 3)
    assert [(customer.name, len(orders)) for customer, orders in rest] == [("Bo", 1), ("Cy", 0)]


def test_after_a_stream_the_connection_sees_the_newest_rows(many: Database) -> None:
    """A statement that is left half read would hold its view open for whoever takes the connection next."""
    for end in ("close", "drop", "fail"):
        stream: Any = many.select(Product).stream()
        next(stream)
        if end == "close":
            stream.close()
        elif end == "fail":
            with pytest.raises(ValueError):
                stream.throw(ValueError("on purpose"))
        del stream
        many.insert(Product, sku=end)

        assert many.select(Product).where(Product.sku == end).exists()
    assert len(many.pool.open_readers) == 1


def test_reading_on_while_a_value_cannot_be_decoded_leaves_nothing_open(db: Database) -> None:
    connection = db.pool.take_writer()
    connection.execute("UPDATE orders SET tags = '[1]' WHERE id = 3").fetchall()
    db.pool.give_writer()

    reads: list[Callable[[], object]] = [lambda: list(db.select(Order).stream()), lambda: db.select(Order).all()]
    for read in reads:
        with pytest.raises(
            DatabaseError, match=r"orders\.tags holds a value that its declaration does not know"
        ) as caught:
            read()
        db.update(Product).set(Product.title.to("later")).all_rows().run()
        assert db.select(Product).where(Product.title == "later").count() == 2
        del caught

    assert idle(db)


def holds_nothing_open(db: Database) -> bool:
    """Whether the log can be moved into the file whole, which any open view of the database hinders."""
    db.update(Product).set(Product.price.to(Product.price + 1.0)).all_rows().run()
    connection = db.pool.take_writer()
    [(busy, *_)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.pool.give_writer()
    return not busy


def test_an_interrupted_read_leaves_nothing_open(many: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    reads: list[Callable[[], object]] = [
        lambda: many.select(Product).all(),
        lambda: list(many.select(Product).stream()),
        lambda: many.all(sa.select(Product.price * 2, Product.picture, sa.literal(True))),
    ]
    for read in reads:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(decode, "_paused", interrupted)
            read()

        assert holds_nothing_open(many)
    stream = many.select(Product).stream()
    next(stream)
    assert not holds_nothing_open(many)
    del stream


def test_an_interrupted_write_leaves_nothing_open(many: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: InsertPlan[Any], connection: Connection, row: Any) -> None:
        connection.execute("UPDATE products SET title = 'half' RETURNING sku")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(InsertPlan, "one", interrupted)
        many.insert(Product, sku="cap")

    assert holds_nothing_open(many)
    with Database.open(url_of(Path(many.path)), driver=many.driver.name, timeout_ms=100) as other:
        other.insert(Product, sku="hat")


# --- inside of a transaction ------------------------------------------------------------------------------------------


def test_a_stream_in_a_transaction_sees_what_it_wrote(many: Database) -> None:
    with many.transaction():
        many.delete(Product).where(Product.price >= 10.0).run()

        assert len(list(many.select(Product).stream())) == 10
        assert len(list(many.stream(sa.select(Product.sku)))) == 10
        assert idle(many)


def test_rows_can_be_written_while_a_stream_of_the_same_transaction_is_read(many: Database) -> None:
    with many.transaction():
        for product in many.select(Product).order_by(Product.sku).stream():
            if product.price < 300:
                many.update(Product).set(Product.title.to("seen")).where(Product.sku == product.sku).run()

    assert many.select(Product).where(Product.title == "seen").count() == 300


@pytest.mark.parametrize("block", ["transaction", "snapshot"])
def test_a_stream_does_not_outlive_the_block_that_it_began_in(many: Database, block: str) -> None:
    with getattr(many, block)():
        stream = many.select(Product).order_by(Product.sku).stream()
        core = many.stream(sa.select(Product.sku))
        next(stream)
        next(core)

    for ended in (stream, core):
        with pytest.raises(TransactionError, match="The stream's transaction has ended"):
            list(ended)
    many.insert(Product, sku="later")  # its statement holds nothing open
    assert many.select(Product).where(Product.sku == "later").exists()
    with many.transaction():
        assert many.select(Product).count() == 601


def test_a_stream_that_its_transaction_rolled_back_ends_too(many: Database) -> None:
    with pytest.raises(ValueError), many.transaction():
        stream = many.select(Product).stream()
        next(stream)
        raise ValueError

    with pytest.raises(TransactionError):
        list(stream)
    assert many.select(Product).count() == 600


def test_a_stream_that_began_before_a_transaction_reads_on_in_it(many: Database) -> None:
    stream = many.select(Product).stream()
    next(stream)

    with many.transaction():
        many.delete(Product).all_rows().run()
        assert len(list(stream)) == 599

    assert many.select(Product).count() == 0
    assert idle(many)


def read_in_snapshot(db: Database) -> list[Product]:
    with db.snapshot():
        return db.select(Product).all()


def test_a_stream_waits_for_a_lock_as_any_read_does(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "shop.db"
    with (
        shop_at(path, driver, journal="delete") as db,
        Database.open(url_of(path), driver=driver, journal="delete", timeout_ms=100) as hasty,
        Database.open(url_of(path), driver=driver, journal="delete", timeout_ms=20_000) as patient,
    ):
        db.insert(Product, sku="pen")
        connection = db.pool.take_writer()
        connection.execute("BEGIN EXCLUSIVE").fetchall()

        for read in (
            lambda: list(hasty.select(Product).stream()),
            lambda: list(hasty.stream(sa.select(Product.sku))),
            lambda: hasty.select(Product).all(),
            lambda: read_in_snapshot(hasty),
        ):
            with pytest.raises(DatabaseLockedError) as caught:
                read()
            assert caught.value.waited_ms >= 100

        timer = threading.Timer(0.1, lambda: connection.execute("COMMIT").fetchall())
        timer.start()
        assert len(list(patient.select(Product).stream())) == 1
        timer.join()
        db.pool.give_writer()
