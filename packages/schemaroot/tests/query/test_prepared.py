"""Prepared selects: compiled once, given their values later, in order or by name."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import MISSING, Database, param
from schemaroot.errors import InvalidArgumentsError, InvalidValueError, ManyRowsError, NoRowError

from ..engine.shop import Customer, Line, Order, Product, check_statements, recorded, traced

PRODUCT = "SELECT products.sku, products.title, products.price, products.picture FROM products"


def test_values_are_given_in_order_or_by_name(db: Database) -> None:
    between: Any = (
        db.select(Product)
        .where(Product.price >= param("low", Product.price), Product.price < param("high", float))
        .order_by(Product.sku)
        .prepare(param("low", float), param("high", float))
    )

    with recorded(db) as statements:
        assert [product.sku for product in between.all(0.0, 9.0)] == ["ink", "pen"]
        assert [product.sku for product in between.all(1.0, high=9.0)] == ["pen"]
        assert between.all(high=9.0, low=5.0) == []
        assert between.one(1.0, 9.0).sku == "pen"
        assert between.one_or_none(5.0, 9.0) is None
        first = between.first(0.0, 9.0)

    assert first is not None
    assert first.sku == "ink"
    sql = f"{PRODUCT} WHERE products.price >= ? AND products.price < ? ORDER BY products.sku"
    check_statements(
        db,
        statements,
        *((sql, parameters) for parameters in ((0.0, 9.0), (1.0, 9.0), (5.0, 9.0), (1.0, 9.0), (5.0, 9.0), (0.0, 9.0))),
    )


def test_one_says_when_there_is_none_or_more(db: Database) -> None:
    named = db.select(Customer).where(Customer.name != param("name", str)).prepare(param("name", str))

    with pytest.raises(ManyRowsError):
        named.one("Ada")
    with pytest.raises(ManyRowsError):
        named.one_or_none("Ada")
    with pytest.raises(NoRowError, match="customers"):
        db.select(Customer).where(Customer.name == param("name", str)).prepare().one(name="Zoe")


@pytest.mark.parametrize(
    ("arguments", "values"),
    [((), {}), ((1,), {}), ((1, 2, 3), {}), ((), {"low": 1}), ((), {"low": 1, "hihg": 2})],
)
def test_a_value_that_is_not_given_is_named(db: Database, arguments: Any, values: Any) -> None:
    between = (
        db.select(Line)
        .where(Line.number >= param("low", int), Line.number <= param("high", int))
        .prepare(param("low", int), param("high", int))
    )

    for run in (between.all, between.one, between.one_or_none, between.first):
        with pytest.raises(InvalidArgumentsError, match="parameter"):
            run(*arguments, **values)


def test_values_that_were_there_when_it_was_prepared_stay(db: Database) -> None:
    prepared = [
        db.select(Product).where(Product.sku == sku, Product.price > param("floor", float)).prepare()
        for sku in ("pen", "ink")
    ]
    db.select(Product).where(Product.sku == "none", Product.price > param("floor", float)).prepare()

    assert [one.one(floor=0.0).sku for one in prepared] == ["pen", "ink"]


def test_a_value_and_a_parameter_that_change_places_are_not_mixed_up(db: Database) -> None:
    """The same conditions, once with a value here and a parameter there, once the other way round."""
    price: Any = param("price", float)
    sku: Any = param("sku", str)

    def prepared(first: Any, second: Any) -> Any:
        return db.select(Product).where((Product.price > first) & (Product.sku == second)).prepare()

    assert prepared(price, "pen").one(price=1.0).sku == "pen"
    assert prepared(1.0, sku).one(sku="pen").sku == "pen"
    assert prepared(price, sku).one(sku="pen", price=1.0).sku == "pen"
    assert prepared(price, "ink").all(price=1.0) == []
    assert prepared(9.0, sku).all(sku="pen") == []


def test_a_list_a_moment_and_a_truth_can_be_given_later(db: Database) -> None:
    by_vip = db.select(Customer).where(Customer.vip == param("vip", Customer.vip)).prepare()
    since = (
        db.select(Customer).where(Customer.joined >= param("since", Customer.joined)).order_by(Customer.id).prepare()
    )

    assert [one.name for one in by_vip.all(vip=True)] == ["Ada"]
    bo = db.select(Customer).where(Customer.name == "Bo").one()
    assert [one.name for one in since.all(since=bo.joined)] == ["Bo", "Cy"]


def test_columns_nested_rows_and_free_expressions_can_be_prepared(db: Database) -> None:
    columns = (
        db.select(Product).where(sa.func.length(Product.sku) == param("length", int)).columns(Product.sku).prepare()
    )
    nested: Any = (
        db.select(Customer)
        .where(Customer.id <= param("last", int))
        .order_by(Customer.id)
        .with_many(Order.customer_id, db.select(Order).where(Order.state == param("state", str)))
        .count_many(Order.customer_id)
        .prepare(param("last", int), param("state", str))
    )
    by_name = db.select(Customer).where(Customer.name == param("name", str)).with_one(Customer.referrer_id).prepare()

    assert sorted(columns.all(length=3)) == [("ink",), ("pen",)]
    for state, found in (("open", [1, 1]), ("paid", [1, 0])):
        assert [len(orders) for _, orders, _ in nested.all(2, state)] == found
        assert [count for _, _, count in nested.all(2, state)] == [3, 1]
    with pytest.raises(InvalidArgumentsError, match="state"):
        nested.all(2)
    assert by_name.one(name="Bo")[1] == db.select(Customer).where(Customer.id == 1).one()


def test_limit_and_offset_can_be_given_later(db: Database) -> None:
    page = db.select(Customer).order_by(Customer.id).limit(param("limit", int)).offset(param("offset", int)).prepare()
    each = (
        db.select(Customer)
        .order_by(Customer.id)
        .with_many(Order.customer_id, db.select(Order).limit(param("limit", int)))
        .prepare()
    )

    assert [one.name for one in page.all(limit=2, offset=0)] == ["Ada", "Bo"]
    assert [one.name for one in page.all(limit=2, offset=2)] == ["Cy"]
    assert page.all(limit=0, offset=0) == []
    assert [len(orders) for _, orders in each.all(limit=2)] == [2, 1, 0]
    for value in (-1, None, 1.5, True, MISSING, "1"):
        for values in ({"limit": value, "offset": 0}, {"limit": 1, "offset": value}):
            with pytest.raises(InvalidArgumentsError, match="a whole number from 0"):
                page.all(**values)
        with pytest.raises(InvalidArgumentsError, match="a whole number from 0"):
            each.all(limit=value)


@pytest.mark.parametrize("value", [MISSING, b"x", "x"])
def test_a_value_of_another_type_is_refused_by_name(db: Database, value: Any) -> None:
    prepared = db.select(Product).where(Product.price == param("price", float)).prepare()

    with pytest.raises(InvalidValueError, match=r"products\.price"):
        prepared.all(price=value)


def test_null_given_later_matches_nothing(db: Database) -> None:
    """`city = NULL` holds for no row; it never means all."""
    for condition in (Customer.city == param("city", str), Customer.city != param("city", str)):
        assert db.select(Customer).where(condition).prepare().all(city=None) == []


def test_it_belongs_to_the_transaction_that_it_runs_in(db: Database) -> None:
    count = db.select(Product).prepare()

    with pytest.raises(ZeroDivisionError), db.transaction():
        db.insert(Product, sku="cap")
        assert len(count.all()) == 3
        raise ZeroDivisionError
    assert len(count.all()) == 2


def test_it_can_be_shared_by_threads(db: Database) -> None:
    by_id = db.select(Customer).where(Customer.id == param("id", int)).prepare(param("id", int))
    found: list[bool] = []

    def read(number: int) -> None:
        found.extend(by_id.one(number).id == number for _ in range(50))

    threads = [threading.Thread(target=read, args=(1 + number % 3,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [True] * 300


def test_it_compiles_nothing_when_it_runs(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = db.select(Customer).where(Customer.id == param("id", int)).with_many(Order.customer_id).prepare()
    monkeypatch.setattr(sa.ClauseElement, "compile", lambda *_: pytest.fail("compiled"))

    with traced(db):
        assert len(prepared.one(id=1)[1]) == 3
