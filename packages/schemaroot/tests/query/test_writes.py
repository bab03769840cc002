"""Inserts, upserts, updates and deletes: their SQL and parameters whole, and the rows as they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import (
    Col,
    Database,
    Table,
    Unique,
    auto_id,
    generated,
    integer,
    new,
    now,
    real,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.engine.driver import DriverName
from schemaroot.errors import (
    EmptyUpdateError,
    InvalidArgumentsError,
    InvalidValueError,
    MissingFilterError,
    UniqueViolation,
    UnscopedWriteError,
)

from ..engine.shop import MOMENT, Customer, Line, Order, Product, check_statements, recorded, url_of

MS = 1_709_209_815_250


def close_to_now(moment: datetime | None) -> bool:
    return moment is not None and abs(moment - now()) < timedelta(minutes=1)


# --- insert -----------------------------------------------------------------------------------------------------------


def test_an_inserted_row_comes_back_as_it_is_stored(db: Database) -> None:
    with recorded(db) as statements:
        customer = db.insert(Customer, name="Dee")
        order = db.insert(Order, customer_id=customer.id, state="open", tags=["a"], details={"k": None})
        line = db.insert(Line, order_id=order.id, number=7, sku="pen", quantity=3, cents=5)

    assert (customer.id, customer.joined, customer.deleted) == (4, MOMENT, None)
    assert (order.id, order.is_open, order.updated) == (5, True, None)
    assert line.amount == 15
    assert db.select(Customer).where(Customer.id == 4).one() == customer
    assert db.select(Order).where(Order.id == 5).one() == order
    assert db.select(Line).where(Line.order_id == 5).one() == line
    check_statements(
        db,
        statements,
        (
            "INSERT INTO customers (name, city, email, vip, referrer_id, joined, deleted) VALUES (?, ?, ?, ?, ?, ?, ?)",
            ("Dee", None, None, 0, None, MS, None),
        ),
        (
            "INSERT INTO orders (customer_id, state, note, total, tags, details, placed, updated) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING is_open",
            (4, "open", "", 0.0, '["a"]', '{"k":null}', MS, None),
        ),
        (
            "INSERT INTO lines (order_id, number, sku, quantity, cents) VALUES (?, ?, ?, ?, ?) RETURNING amount",
            (5, 7, "pen", 3, 5),
        ),
    )


def test_values_beyond_those_of_an_insert_can_be_given_on_purpose(db: Database) -> None:
    with recorded(db) as statements:
        row = db.insert_new(new(Customer, name="Old").with_(Customer.id.to(70), Customer.deleted.to(MOMENT)))

    assert (row.id, row.deleted) == (70, MOMENT)
    assert db.select(Customer).only_deleted().one() == row
    assert db.insert(Customer, name="Next").id == 71
    check_statements(
        db,
        statements,
        (
            "INSERT INTO customers (id, name, city, email, vip, referrer_id, joined, deleted) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (70, "Old", None, None, 0, None, MS, MS),
        ),
    )


def test_a_key_is_never_used_twice(db: Database) -> None:
    last = db.insert(Customer, name="Last")
    db.delete(Customer).where(Customer.id == last.id).run()

    assert db.insert(Customer, name="Next").id == last.id + 1
    [one, two] = db.insert_many([new(Customer, name="One"), new(Customer, name="Two")])
    db.delete(Customer).where(Customer.id.in_([one.id, two.id])).run()
    assert [row.id for row in db.insert_many([new(Customer, name="Three")])] == [two.id + 1]


class Counter(Table, name="counters"):
    id: Col[int] = auto_id()


class Note(Table, name="notes", search=["words"]):
    id: Col[int] = auto_id()
    words: Col[str] = text()
    length: Col[int] = generated(lambda: sa.func.length(Note.words))


class Key(Table, name="keys"):
    key: Col[str] = text(primary_key=True)
    value: Col[float] = real()
    twice: Col[float] = generated(lambda: Key.value * 2)


class Pair(Table, name="pairs"):
    a: Col[int] = integer(primary_key=True)
    b: Col[int] = integer(primary_key=True)


@pytest.fixture
def small(tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    """Tables with keys of every kind."""
    tables: list[type[Table]] = [Counter, Note, Key, Pair, Tag, Setting, Stamped]
    with Database.create(url_of(tmp_path / "small.db"), tables, driver=driver, durability="off") as made:
        yield made


def test_a_table_of_nothing_but_its_key(small: Database) -> None:
    assert [small.insert(Counter).id for _ in range(3)] == [1, 2, 3]
    assert [row.id for row in small.insert_many([new(Counter)] * 3)] == [4, 5, 6]
    assert small.insert_new(new(Counter).with_(Counter.id.to(70))).id == 70
    assert small.select(Counter).count() == 7


def test_the_key_is_right_though_triggers_write_to_an_index_of_words(small: Database) -> None:
    one = small.insert(Note, words="a few words")
    more = small.insert_many([new(Note, words="x" * number) for number in range(5)])

    assert (one.id, one.length) == (1, 11)
    assert [(row.id, row.length) for row in more] == [(number + 2, number) for number in range(5)]
    assert small.select(Note).order_by(Note.id).all() == [one, *more]


def test_keys_of_text_and_of_several_columns_and_computed_reals(small: Database) -> None:
    assert small.insert(Key, key="a", value=1.5).twice == 3.0
    keys = small.insert_many([new(Key, key=f"{number}", value=number / 2) for number in range(300)])
    pairs = small.insert_many([new(Pair, a=number % 7, b=number) for number in range(300)])

    assert [type(row.twice) for row in keys] == [float] * 300
    assert [row.twice for row in keys] == [float(number) for number in range(300)]
    assert small.select(Pair).order_by(Pair.b).all() == pairs
    assert small.select(Key).where(Key.key != "a").order_by(Key.value).all() == keys


# --- many at once -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 255, 256, 257, 1_999, 5_000])
def test_any_number_of_rows_comes_back_in_its_order_with_its_keys(db: Database, count: int) -> None:
    stored = db.insert_many([new(Product, sku=f"{number:05}", price=number / 4) for number in range(count)])
    customers = db.insert_many([new(Customer, name=f"{number}") for number in range(count)])

    assert stored == db.select(Product).where(Product.sku.not_in(["pen", "ink"])).order_by(Product.sku).all()
    assert [row.id for row in customers] == list(range(4, 4 + count))
    assert customers == db.select(Customer).where(Customer.id > 3).order_by(Customer.id).all()


def test_rows_with_and_without_keys_can_be_mixed(db: Database) -> None:
    rows = [
        new(Customer, name="a"),
        new(Customer, name="b").with_(Customer.id.to(50)),
        new(Customer, name="c").with_(Customer.id.to(20)),
        new(Customer, name="d"),
        new(Customer, name="e").with_(Customer.deleted.to(MOMENT)),
    ]

    stored = db.insert_many(rows)

    assert [(row.id, row.name, row.deleted) for row in stored] == [
        (4, "a", None),
        (50, "b", None),
        (20, "c", None),
        (51, "d", None),
        (52, "e", MOMENT),
    ]
    assert sorted(stored, key=lambda row: row.id) == (
        db.select(Customer).with_deleted().where(Customer.id > 3).order_by(Customer.id).all()
    )


def test_rows_with_computed_columns_and_keys_of_their_own(db: Database) -> None:
    stored = db.insert_many([new(Order, customer_id=1).with_(Order.id.to(number)) for number in (90, 80, 85)])

    assert [(row.id, row.is_open) for row in stored] == [(90, True), (80, True), (85, True)]


def test_a_self_reference_to_an_earlier_row_of_the_same_list(db: Database) -> None:
    stored = db.insert_many([new(Customer, name="a"), new(Customer, name="b", referrer_id=4)])

    assert [row.referrer_id for row in stored] == [None, 4]


def test_rows_of_different_tables_are_refused_together(db: Database) -> None:
    rows: list[Any] = [new(Customer, name="a"), new(Product, sku="b")]

    with pytest.raises(InvalidArgumentsError, match="rows of one table"):
        db.insert_many(rows)
    assert db.select(Customer).count() == 3


def test_keys_that_run_out_are_an_error_of_ours(db: Database) -> None:
    db.insert_new(new(Customer, name="last").with_(Customer.id.to(2**63 - 1)))

    with pytest.raises(InvalidValueError, match=r"customers\.id: no keys are left"):
        db.insert_many([new(Customer, name="next")])
    assert db.select(Customer).count() == 4


# --- upsert -----------------------------------------------------------------------------------------------------------


class Tag(
    Table,
    name="tags",
    unique=[
        Unique("word"),
        Unique("place", "shelf", nulls_equal=True),
        Unique("code", where=lambda: (Tag.kind == "it's") & (Tag.rank > 5), over="all"),
    ],
):
    id: Col[int] = auto_id()
    word: Col[str] = text()
    place: Col[str | None] = text(default=None)
    shelf: Col[int] = integer(default=0)
    code: Col[str] = text(default="")
    kind: Col[str] = text(default="")
    rank: Col[int] = integer(default=0)
    seen: Col[int] = integer(default=0)
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


class Setting(Table, name="settings"):
    key: Col[str] = text(primary_key=True)
    value: Col[str] = text()


LATER = datetime(2030, 1, 1, tzinfo=UTC)


class Stamped(Table, name="stamped"):
    key: Col[str] = text(primary_key=True)
    value: Col[int] = integer(default=0)
    changed: Col[datetime | None] = timestamp_ms(default=None, on_update=lambda: LATER)
    times: Col[int] = integer(default=0, on_update=lambda: 1)


def test_an_upsert_inserts_or_updates_the_row_with_the_key(small: Database) -> None:
    with recorded(small) as statements:
        first = small.upsert(new(Setting, key="k", value="a"), on=[Setting.key])
        second = small.upsert(new(Setting, key="k", value="b"), on=[Setting.key])

    assert (first.value, second.value) == ("a", "b")
    assert small.select(Setting).all() == [second]
    sql = (
        'INSERT INTO settings ("key", value) VALUES (?, ?) ON CONFLICT ("key") DO UPDATE SET value = excluded.value '
        'RETURNING "key", value'
    )
    check_statements(small, statements, (sql, ("k", "a")), (sql, ("k", "b")))


def test_an_upsert_keeps_the_moment_of_creation_and_sets_that_of_the_update(small: Database) -> None:
    born = datetime(2020, 1, 1, tzinfo=UTC)
    first = small.upsert(new(Tag, word="w", created=born, updated=born), on=[Tag.word])

    second = small.upsert(new(Tag, word="w", seen=2), on=[Tag.word])

    assert (second.id, second.created, second.seen) == (first.id, born, 2)
    assert close_to_now(second.updated)


def test_an_upsert_sets_what_an_update_sets_and_not_what_a_new_row_holds(small: Database) -> None:
    first = small.upsert(new(Stamped, key="k"), on=[Stamped.key])
    second = small.upsert(new(Stamped, key="k", value=2), on=[Stamped.key])
    third = small.upsert(
        new(Stamped, key="k", value=3, times=7), on=[Stamped.key], update=[Stamped.value, Stamped.times]
    )

    assert (first.changed, first.times) == (None, 0)
    assert (second.value, second.changed, second.times) == (2, LATER, 1)
    assert (third.value, third.changed, third.times) == (3, LATER, 7)
    assert small.select(Stamped).one() == third


def test_an_upsert_can_be_told_what_to_take_over(small: Database) -> None:
    small.insert(Tag, word="w", shelf=1, seen=1)

    row = small.upsert(new(Tag, word="w", shelf=9, seen=2), on=[Tag.word], update=[Tag.seen])
    same = small.upsert(new(Setting, key="k", value="a"), on=[Setting.key], update=[])
    again = small.upsert(new(Setting, key="k", value="b"), on=[Setting.key], update=[])

    assert (row.shelf, row.seen) == (1, 2)
    assert (same.value, again.value) == ("a", "a")


def test_an_upsert_meets_the_live_row_alone(small: Database) -> None:
    dead = small.insert_new(new(Tag, word="w").with_(Tag.deleted.to(MOMENT)))
    live = small.upsert(new(Tag, word="w", shelf=1), on=[Tag.word])
    again = small.upsert(new(Tag, word="w", shelf=1, seen=3), on=[Tag.word])

    assert dead.id != live.id == again.id
    assert again.seen == 3
    assert small.select(Tag).only_deleted().all() == [dead]


def test_an_upsert_by_a_key_in_which_nothing_equals_nothing(small: Database) -> None:
    first = small.upsert(new(Tag, word="a", shelf=1), on=[Tag.place, Tag.shelf])
    second = small.upsert(new(Tag, word="b", shelf=1), on=[Tag.place, Tag.shelf])
    third = small.upsert(new(Tag, word="c", place="", shelf=1), on=[Tag.place, Tag.shelf])

    assert (first.id, second.id, second.word) == (1, 1, "b")
    assert third.id != 1  # an empty text is not nothing


def test_an_upsert_by_a_key_over_some_rows_alone(small: Database) -> None:
    one = small.upsert(new(Tag, word="a", code="c", kind="it's", rank=6), on=[Tag.code])
    two = small.upsert(new(Tag, word="b", code="c", kind="it's", rank=7, shelf=1), on=[Tag.code])
    other = small.upsert(new(Tag, word="d", code="c", kind="other", rank=7, shelf=2), on=[Tag.code])

    assert (two.id, two.word, two.rank) == (one.id, "b", 7)
    assert other.id != one.id


def test_an_upsert_with_a_key_of_its_own(small: Database) -> None:
    first = small.upsert(new(Tag, word="w").with_(Tag.id.to(40)), on=[Tag.id])
    second = small.upsert(new(Tag, word="v").with_(Tag.id.to(40)), on=[Tag.id])

    assert (first.id, second.id, second.word) == (40, 40, "v")
    with pytest.raises(UniqueViolation):
        small.upsert(new(Tag, word="v", shelf=5), on=[Tag.id])


def test_an_upsert_by_columns_that_are_no_key_is_refused(small: Database) -> None:
    with pytest.raises(InvalidArgumentsError, match=r"tags has no unique key over \(seen\); nothing was written"):
        small.upsert(new(Tag, word="w"), on=[Tag.seen])
    assert small.select(Tag).count() == 0


# --- update -----------------------------------------------------------------------------------------------------------


def test_an_update_says_how_many_rows_it_changed(db: Database) -> None:
    with recorded(db) as statements:
        counts = [
            db.update(Product).set(Product.price.to(2.0), Product.title.to("x")).where(Product.sku == "pen").run(),
            db.update(Product).set(Product.title.to("y"), Product.price.to(3.0)).where(Product.sku == "none").run(),
            db.update(Product).set(Product.price.to(Product.price + 1.0)).where(Product.price > 1.0).run(),
            db.update(Product).set(Product.picture.to(None)).all_rows().run(),
        ]

    assert counts == [1, 0, 1, 2]
    assert [(one.sku, one.title, one.price, one.picture) for one in db.select(Product).order_by(Product.sku).all()] == [
        ("ink", "Ink", 0.1 + 0.2, None),
        ("pen", "x", 3.0, None),
    ]
    check_statements(
        db,
        statements,
        ("UPDATE products SET title=?, price=? WHERE products.sku = ?", ("x", 2.0, "pen")),
        ("UPDATE products SET title=?, price=? WHERE products.sku = ?", ("y", 3.0, "none")),
        ("UPDATE products SET price=(products.price + ?) WHERE products.price > ?", (1.0, 1.0)),
        ("UPDATE products SET picture=?", (None,)),
    )


def test_an_update_gives_the_rows_as_they_are_now(db: Database) -> None:
    found = db.update(Order).set(Order.note.to("seen")).where(Order.total > 0.0).returning()

    assert sorted(order.id for order in found) == [2, 3]
    assert {order.note for order in found} == {"seen"}
    assert all(close_to_now(order.updated) for order in found)
    assert found == db.select(Order).where(Order.note == "seen").order_by(Order.id).all()


def test_a_column_that_each_update_sets_can_be_set_by_hand(db: Database) -> None:
    [order] = db.update(Order).set(Order.updated.to(MOMENT)).where(Order.id == 1).returning()

    assert order.updated == MOMENT


def test_an_update_sees_live_rows_alone_unless_told_otherwise(db: Database) -> None:
    db.update(Customer).set(Customer.deleted.to(MOMENT)).where(Customer.id == 1).run()
    rename = db.update(Customer).set(Customer.city.to("Rome"))

    assert rename.where(Customer.id == 1).run() == 0
    assert rename.all_rows().run() == 2
    assert rename.with_deleted().where(Customer.id == 1).run() == 1


def test_an_update_with_another_columns_value_a_case_and_a_subquery(db: Database) -> None:
    highest = sa.select(sa.func.max(Order.id)).scalar_subquery()

    db.update(Order).set(Order.note.to(Order.state), Order.total.to(sa.case((Order.id > 2, 9.0), else_=8.0))).where(
        Order.id < highest
    ).run()

    assert [(one.note, one.total) for one in db.select(Order).order_by(Order.id).all()] == [
        ("open", 8.0),
        ("paid", 8.0),
        ("sent", 9.0),
        ("Grüße 🖋", 0.0),
    ]


def test_an_update_of_the_same_shape_uses_its_own_values(db: Database) -> None:
    for factor in (2.0, 3.0):
        db.update(Product).set(Product.price.to(Product.price * factor)).where(Product.price * 2 > factor).run()

    assert [one.price for one in db.select(Product).order_by(Product.sku).all()] == [0.1 + 0.2, 9.0]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda db: db.update(Product).where(Product.sku == "pen").run(), EmptyUpdateError, "sets no column"),
        (lambda db: db.update(Product).set().all_rows().run(), EmptyUpdateError, "sets no column"),
        (lambda db: db.update(Product).set(Order.note.to("x")), InvalidArgumentsError, "not a column of products"),
        (lambda db: db.update(Line).set(Line.amount.to(1)), InvalidArgumentsError, "computed by the database"),
        (
            lambda db: db.update(Product).set(Product.title.to("a"), Product.title.to("b")),
            InvalidArgumentsError,
            "set twice",
        ),
        (
            lambda db: db.update(Product).set(Product.title.to("a")).set(Product.title.to("b")),
            InvalidArgumentsError,
            "set twice",
        ),
    ],
)
def test_an_update_that_makes_no_sense_is_refused(db: Database, build: Any, error: Any, message: str) -> None:
    before = db.select(Product).all()

    with pytest.raises(error, match=message):
        build(db)
    assert db.select(Product).all() == before


# --- delete -----------------------------------------------------------------------------------------------------------


def test_a_delete_says_how_many_rows_went(db: Database) -> None:
    with recorded(db) as statements:
        counts = [
            db.delete(Line).where(Line.order_id == 1, Line.number.in_([1, 2])).run(),
            db.delete(Line).where(Line.order_id == 99).run(),
            db.delete(Order).where(Order.id == 2).run(),  # its lines go with it, and are not counted
            db.delete(Line).all_rows().run(),
        ]

    assert counts == [2, 0, 1, 2]
    check_statements(
        db,
        statements,
        (
            "DELETE FROM lines WHERE lines.order_id = ? AND lines.number IN "
            "(SELECT anon_1.value FROM json_each(?) AS anon_1)",
            (1, "[1,2]"),
        ),
        ("DELETE FROM lines WHERE lines.order_id = ?", (99,)),
        ("DELETE FROM orders WHERE orders.id = ?", (2,)),
        ("DELETE FROM lines", ()),
    )


def test_deleting_a_row_sets_null_where_that_is_declared(db: Database) -> None:
    db.delete(Order).where(Order.customer_id == 1).run()
    db.delete(Customer).where(Customer.id == 1).run()

    assert db.select(Customer).where(Customer.name == "Bo").one().referrer_id is None


def test_a_delete_is_for_rows_that_were_deleted_softly_too(db: Database) -> None:
    db.update(Customer).set(Customer.deleted.to(MOMENT)).where(Customer.id == 3).run()

    assert db.delete(Customer).where(Customer.id == 3).run() == 1
    assert db.select(Customer).with_deleted().count() == 2


# --- never all by accident --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda db: db.update(Product).set(Product.title.to("x")).run(),
        lambda db: db.update(Product).set(Product.title.to("x")).returning(),
        lambda db: db.update(Product).set(Product.title.to("x")).with_deleted().run(),
        lambda db: db.update(Product).set(Product.title.to("x")).where().run(),
        lambda db: db.delete(Line).run(),
        lambda db: db.delete(Line).where().run(),
        lambda db: db.delete(Line).where(*[]).run(),
    ],
)
def test_a_write_without_a_condition_does_not_run(db: Database, build: Any) -> None:
    with pytest.raises(UnscopedWriteError, match=r"without where\(\.\.\.\) was refused; nothing was written") as caught:
        build(db)

    assert caught.value.code == "UNSCOPED_WRITE"
    assert db.select(Line).count() == 6
    assert not db.select(Product).where(Product.title == "x").exists()


@pytest.mark.parametrize("condition", [None, True, False])
def test_a_write_with_no_real_condition_does_not_run(db: Database, condition: Any) -> None:
    for build in (
        lambda: db.delete(Line).where(condition),
        lambda: db.delete(Line).where(Line.number == 1, condition),
        lambda: db.update(Product).set(Product.title.to("x")).where(condition),
    ):
        with pytest.raises(MissingFilterError):
            build()
    assert db.select(Line).count() == 6
