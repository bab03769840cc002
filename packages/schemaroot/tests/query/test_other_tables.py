"""A statement on one table reads from that table: another table's column would pair every row with every row there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import Database, Repository
from schemaroot.errors import InvalidArgumentsError, OtherTableError
from schemaroot.schema.sqlalchemy import table_clause

from ..engine.shop import Customer, Line, Order
from ..repository.library import Book, Room, Shelf

Use = Callable[[Database], object]

USES: dict[str, Use] = {
    "where of a select": lambda db: db.select(Order).where(Customer.name == "Ada").all(),
    "one of many conditions": lambda db: db.select(Order).where(Order.id == 1, Customer.name == "Ada").all(),
    "deep in a condition": lambda db: db.select(Order).where((Order.id == 1) | ~(Customer.name == "Ada")).all(),
    "compared with a column": lambda db: db.select(Order).where(Order.customer_id == Customer.id).all(),
    "inside of a function": lambda db: db.select(Order).where(sa.func.length(Customer.name) > 2).all(),
    "count": lambda db: db.select(Order).where(Customer.name == "Ada").count(),
    "exists": lambda db: db.select(Order).where(Customer.name == "Ada").exists(),
    "first": lambda db: db.select(Order).where(Customer.name == "Ada").first(),
    "stream": lambda db: list(db.select(Order).where(Customer.name == "Ada").stream()),
    "prepare": lambda db: db.select(Order).where(Customer.name == "Ada").prepare(),
    "sql": lambda db: db.select(Order).where(Customer.name == "Ada").sql,
    "order_by": lambda db: db.select(Order).order_by(Customer.name).all(),
    "order_by descending": lambda db: db.select(Order).order_by(Customer.name.desc()).all(),
    "columns": lambda db: db.select(Order).columns(Order.id, Customer.name).all(),
    "group_by": lambda db: db.select(Order).columns(sa.func.count()).group_by(Customer.name).all(),
    "where of an update": lambda db: db.update(Order).set(Order.note.to("x")).where(Customer.name == "Ada").run(),
    "returning update": lambda db: db.update(Order).set(Order.note.to("x")).where(Customer.id == 1).returning(),
    "update set": lambda db: db.update(Order).set(Order.note.to(Customer.name)).where(Order.id == 1).run(),
    "update set by an expression": lambda db: (
        db.update(Order).set(Order.note.to(Customer.name + "!")).where(Order.id == 1).run()
    ),
    "where of a delete": lambda db: db.delete(Order).where(Customer.name == "Ada").run(),
    "where of children": lambda db: (
        db.select(Customer).with_many(Order.customer_id, db.select(Order).where(Customer.name == "Ada")).all()
    ),
    "order of children": lambda db: (
        db.select(Customer).with_many(Order.customer_id, db.select(Order).order_by(Customer.name)).all()
    ),
    "order of limited children": lambda db: (
        db.select(Customer).with_many(Order.customer_id, db.select(Order).order_by(Customer.name).limit(2)).all()
    ),
    "count of children": lambda db: (
        db.select(Customer).count_many(Order.customer_id, db.select(Order).where(Customer.name == "Ada")).all()
    ),
    "aggregate of children": lambda db: (
        db.select(Customer).aggregate_many(Order.customer_id, sa.func.max(Customer.name)).all()
    ),
    "repository all": lambda db: Repository(db, Order).all(Customer.name == "Ada"),
    "repository order": lambda db: Repository(db, Order).all(order_by=[Customer.name]),
    "repository page": lambda db: Repository(db, Order).page(Customer.name == "Ada"),
    "repository count": lambda db: Repository(db, Order).count(Customer.name == "Ada"),
    "repository exists": lambda db: Repository(db, Order).exists(Customer.name == "Ada"),
    "repository aggregate": lambda db: Repository(db, Order).aggregate(sa.func.max(Customer.name)),
    "repository update": lambda db: Repository(db, Order).update(1, Order.note.to(Customer.name)),
    "repository update_many": lambda db: Repository(db, Order).update_many([1], Order.note.to(Customer.name)),
}


def rows_of(db: Database) -> list[list[Any]]:
    return [db.select(table).with_deleted().all() for table in (Customer, Order, Line)]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_column_of_another_table_is_refused_naming_both_tables(db: Database, use: Use) -> None:
    before = rows_of(db)

    for _ in range(2):  # what is refused is kept in no cache
        with pytest.raises(OtherTableError) as caught:
            use(db)

    assert (caught.value.table, caught.value.other) == ("orders", "customers")
    assert "orders" in caught.value.message
    assert "customers" in caught.value.message
    assert rows_of(db) == before


def test_it_is_a_kind_of_invalid_arguments_with_a_code_of_its_own(db: Database) -> None:
    with pytest.raises(InvalidArgumentsError) as caught:
        db.select(Order).where(Customer.id == 1).all()

    assert caught.value.code == "OTHER_TABLE"


def test_a_second_look_at_the_same_table_is_refused_too(db: Database) -> None:
    other = table_clause(Order).alias("twin")

    with pytest.raises(OtherTableError, match="twin"):
        db.select(Order).where(other.c.id == 1).all()


def test_rows_of_another_table_are_asked_for_in_a_subquery(db: Database) -> None:
    adas = sa.select(Customer.id).where(Customer.name == "Ada")
    belongs = sa.select(Customer.id).where(Customer.id == Order.customer_id, Customer.name == "Ada")
    name = sa.select(Customer.name).where(Customer.id == Order.customer_id).scalar_subquery()

    assert db.select(Order).where(Order.customer_id.in_(adas)).count() == 3
    assert db.select(Order).where(sa.exists(belongs)).count() == 3
    assert db.select(Order).where(~sa.exists(belongs)).count() == 1
    assert db.select(Order).where(name == "Bo").count() == 1
    assert [row[0] for row in db.select(Order).order_by(name.desc(), Order.id).columns(name).all()] == [
        "Bo",
        "Ada",
        "Ada",
        "Ada",
    ]
    assert db.update(Order).set(Order.note.to(name)).where(sa.exists(belongs)).run() == 3
    assert db.select(Order).where(Order.note == "Ada").count() == 3
    assert db.delete(Line).where(Line.order_id.in_(sa.select(Order.id).where(Order.note == "Ada"))).run() == 6


def test_the_values_of_a_json_list_belong_to_the_row_that_holds_it(db: Database) -> None:
    tag = sa.func.json_each(Order.tags).table_valued("value").c.value

    assert [row.state for row in db.select(Order).where(tag == "paid").all()] == ["paid"]


def test_a_search_takes_no_condition_over_another_table() -> None:
    with Database.memory([Room, Shelf, Book]) as library, pytest.raises(OtherTableError, match="rooms"):
        Repository(library, Book).search("sea", Room.name == "North")
