"""Whatever SQLAlchemy Core can say can be said over our columns, and comes back as our values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import Database, param
from schemaroot.errors import InvalidArgumentsError, ManyRowsError, NoRowError, UnscopedWriteError

from ..engine.shop import MOMENT, Customer, Line, Order, Product, check_statements, recorded


def test_a_join_gives_tuples_of_loaded_values(db: Database) -> None:
    statement = (
        sa.select(Customer.name, Order.state, Order.tags, Order.placed)
        .join_from(Customer, Order, Customer.id == Order.customer_id)
        .where(Order.total > 0.0)
        .order_by(Order.id)
    )

    with recorded(db) as statements:
        found = db.all(statement)

    assert found == [("Ada", "paid", ["paid"], MOMENT), ("Ada", "sent", ["sent"], MOMENT)]
    check_statements(
        db,
        statements,
        (
            "SELECT customers.name, orders.state, orders.tags, orders.placed FROM customers JOIN orders "
            "ON orders.customer_id = customers.id WHERE orders.total > ? ORDER BY orders.id",
            (0.0,),
        ),
    )


def test_an_outer_join_gives_none_where_there_is_no_row(db: Database) -> None:
    orders: Any = Order
    statement = (
        sa.select(Customer.name, Order.id, Order.tags, Order.placed, Order.is_open)
        .select_from(sa.outerjoin(Customer, orders, Customer.id == Order.customer_id))
        .where(Customer.id >= 2)
        .order_by(Customer.id)
    )

    assert db.all(statement) == [("Bo", 4, [], MOMENT, True), ("Cy", None, None, None, None)]


def test_the_same_table_twice(db: Database) -> None:
    clause: Any = Customer.__clause_element__()  # type: ignore[attr-defined]  # how SQLAlchemy sees the class
    referrer = clause.alias("referrer")
    statement = sa.select(Customer.name, referrer.c.name, referrer.c.joined).join_from(
        clause, referrer, Customer.referrer_id == referrer.c.id
    )

    assert db.all(statement) == [("Bo", "Ada", MOMENT)]


def test_groups_and_aggregates(db: Database) -> None:
    statement = (
        sa.select(Order.state, sa.func.count(), sa.func.sum(Order.total), sa.func.min(Order.placed))
        .group_by(Order.state)
        .having(sa.func.count() < 3)
        .order_by(sa.func.count().desc(), Order.state)
    )

    assert db.all(statement) == [
        ("open", 2, 0.0, MOMENT),
        ("paid", 1, 4.5, MOMENT),
        ("sent", 1, 0.1 + 0.2, MOMENT),
    ]


def test_a_common_table_expression_that_calls_itself(db: Database) -> None:
    clause: Any = Customer.__clause_element__()  # type: ignore[attr-defined]  # how SQLAlchemy sees the class
    db.update(Customer).set(Customer.referrer_id.to(2)).where(Customer.name == "Cy").run()
    chain = (
        sa.select(Customer.id, sa.literal(0).label("depth")).where(Customer.referrer_id.is_(None)).cte(recursive=True)
    )
    chain = chain.union_all(
        sa.select(clause.c.id, chain.c.depth + 1).join_from(clause, chain, clause.c.referrer_id == chain.c.id)
    )

    assert db.all(sa.select(chain.c.id, chain.c.depth).order_by(chain.c.depth)) == [(1, 0), (2, 1), (3, 2)]


def test_a_window(db: Database) -> None:
    rank = sa.func.row_number().over(partition_by=Order.customer_id, order_by=Order.id.desc())
    ranked = sa.select(Order.id, Order.placed, rank.label("rank")).subquery()

    assert db.all(sa.select(ranked.c.id, ranked.c.placed).where(ranked.c.rank == 1).order_by(ranked.c.id)) == [
        (3, MOMENT),
        (4, MOMENT),
    ]


@pytest.mark.parametrize(
    ("combine", "found"),
    [
        (sa.union, ["Ada", "Bo", "Cy", "ink", "pen"]),
        (sa.union_all, ["Ada", "Bo", "Cy", "ink", "pen"]),
        (sa.except_, ["Ada", "Bo", "Cy"]),
        (sa.intersect, []),
    ],
)
def test_sets(db: Database, combine: Any, found: list[str]) -> None:
    statement = combine(sa.select(Customer.name), sa.select(Product.sku)).order_by(sa.literal_column("1"))

    assert db.all(statement) == [(name,) for name in found]


def test_subqueries(db: Database) -> None:
    orders = sa.select(sa.func.count()).where(Order.customer_id == Customer.id).correlate(Customer).scalar_subquery()
    buyers = sa.select(Order.customer_id).where(Order.total > 0.0)
    open_order = sa.exists().where(Order.customer_id == Customer.id, Order.state == "open")

    assert db.all(sa.select(Customer.name, orders).order_by(Customer.id)) == [("Ada", 3), ("Bo", 1), ("Cy", 0)]
    assert db.all(sa.select(Customer.name).where(Customer.id.in_(buyers))) == [("Ada",)]
    assert [one.name for one in db.select(Customer).where(Customer.id.in_(buyers)).all()] == ["Ada"]
    assert [one.name for one in db.select(Customer).where(Customer.id.not_in(buyers)).order_by(Customer.id).all()] == [
        "Bo",
        "Cy",
    ]
    assert [one.name for one in db.select(Customer).where(open_order).order_by(Customer.id).all()] == ["Ada", "Bo"]


def test_cases_casts_and_literals(db: Database) -> None:
    size = sa.case((Order.total > 1.0, "big"), else_="small")

    assert db.all(
        sa.select(size, sa.cast(Order.id, sa.String), sa.literal(True), sa.literal(1.5), Order.id > 2).order_by(
            Order.id
        )
    ) == [
        ("small", "1", True, 1.5, False),
        ("big", "2", True, 1.5, False),
        ("small", "3", True, 1.5, True),
        ("small", "4", True, 1.5, True),
    ]


def test_sqlalchemys_own_types_are_bound_and_loaded_as_it_does(db: Database) -> None:
    day, moment = date(2024, 2, 29), datetime(2024, 2, 29, 12, 30)

    assert db.one(sa.select(sa.literal(day), sa.literal(moment), sa.literal(b"raw"))) == (day, moment, b"raw")
    assert db.one(sa.select(sa.literal(date(2025, 1, 1)), sa.literal(moment), sa.literal(b""))) == (
        date(2025, 1, 1),
        moment,
        b"",
    )


def test_a_whole_table_is_all_its_columns(db: Database) -> None:
    statement: Any = sa.select(Product).where(Product.sku == "pen")

    assert db.all(statement) == [("pen", "Pen", 1.5, b"\x00pen")]


def test_one_and_first(db: Database) -> None:
    by_id = sa.select(Customer.name).order_by(Customer.id)

    assert db.one(by_id.where(Customer.id == 2)) == ("Bo",)
    assert db.first(by_id) == ("Ada",)
    assert db.first(by_id.where(Customer.id == 9)) is None
    with pytest.raises(NoRowError):
        db.one(by_id.where(Customer.id == 9))
    with pytest.raises(ManyRowsError):
        db.one(by_id)


# --- the same shape with other values ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda value: sa.select(Product.sku).where(Product.price > value),
        lambda value: sa.select(Product.sku).where(Product.price * 2 > value * 2),
        lambda value: sa.select(Product.sku).where(Product.price.in_([value + 0.5, 99.0])),
        lambda value: sa.select(Product.sku).where(sa.func.abs(Product.price) > value),
        lambda value: sa.select(Product.sku).where(Product.price > sa.bindparam("floor", value)),
        lambda value: sa.select(Product.sku).where(Product.price > sa.select(sa.literal(value)).scalar_subquery()),
        lambda value: sa.select(Product.sku).where(sa.case((Product.price > value, 1), else_=0) == 1),
        lambda value: sa.select(sa.select(Product.sku).where(Product.price > value).subquery().c.sku),
        lambda value: sa.select(sa.select(Product.sku).where(Product.price > value).cte().c.sku),
        lambda value: sa.union(
            sa.select(Product.sku).where(Product.price > value), sa.select(Product.sku).where(Product.price > 99.0)
        ),
        lambda value: sa.select(Product.sku).where(Product.price > sa.bindparam("floor")).params(floor=value),
        lambda value: sa.select(Product.sku).where(Product.price > sa.bindparam("floor", 7.0)).params(floor=value),
        lambda value: sa.select(Product.sku).limit(1 if value == 1.0 else 0).order_by(Product.price.desc()),
        lambda value: sa.select(Product.sku).where(sa.tuple_(Product.sku, Product.price).in_([("pen", value + 0.5)])),
    ],
)
def test_a_statement_of_the_same_shape_uses_its_own_values(db: Database, build: Any) -> None:
    for _ in range(2):
        assert db.all(build(1.0)) == [("pen",)]
        assert db.all(build(50.0)) == []
        assert list(db.stream(build(1.0))) == [("pen",)]
        assert list(db.stream(build(50.0))) == []


@pytest.mark.parametrize(
    "build",
    [
        Product.price.in_,
        lambda values: sa.func.abs(Product.price).in_(values),
        lambda values: Product.price.in_(values) & (Product.sku != "x"),
        lambda values: ~Product.price.not_in(values),
        lambda values: sa.or_(Product.price.in_(values), Product.sku == "x"),
    ],
)
def test_a_list_of_any_length_uses_its_own_values(db: Database, build: Any) -> None:
    """Numbers travel as one parameter each: the text of the statement depends on how many there are."""
    for values, found in (
        ([1.5], ["pen"]),
        ([0.1 + 0.2], ["ink"]),
        ([], []),
        ([0.1 + 0.2, 1.5, 3.0], ["ink", "pen"]),
        ([9.0] * 50, []),
        ([1.5, 1.5], ["pen"]),
    ):
        query = db.select(Product).where(build(values)).order_by(Product.sku)
        assert [product.sku for product in query.all()] == found
        assert [product.sku for product in query.stream()] == found
        assert (query.count(), query.exists()) == (len(found), bool(found))
        assert [sku for (sku,) in db.all(sa.select(Product.sku).where(build(values)).order_by(Product.sku))] == found
        with_lines = query.with_many(Line.sku).all()
        assert [product.sku for product, _ in with_lines] == found
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.delete(Line).all_rows().run()
            assert db.update(Product).set(Product.title.to("x")).where(build(values)).run() == len(found)
            assert len(db.update(Product).set(Product.title.to("y")).where(build(values)).returning()) == len(found)
            assert db.delete(Product).where(build(values)).run() == len(found)
            raise ZeroDivisionError


# --- writes -----------------------------------------------------------------------------------------------------------


def test_writes_use_their_own_values_and_say_how_many_rows_they_changed(db: Database) -> None:
    products: Any = Product
    with recorded(db) as statements:
        changed = [
            db.execute(sa.insert(products).values(sku="cap", price=2.5, title="", picture=b"1")),
            db.execute(sa.insert(products).values(sku="hat", price=3.5, title="", picture=None)),
            db.execute(sa.update(products).values(title="x").where(Product.price > 2.0)),
            db.execute(sa.update(products).values(title="y").where(Product.price > 3.0)),
            db.execute(sa.update(products).values(price=Product.price + 1.0).where(Product.sku == "cap")),
            db.execute(sa.update(products).values(price=Product.price + 2.0).where(Product.sku == "hat")),
            db.execute(sa.delete(products).where(Product.sku == "none")),
        ]

    assert changed == [1, 1, 2, 1, 1, 1, 0]
    found = db.select(Product).where(Product.sku.in_(["cap", "hat"])).order_by(Product.sku).all()
    assert [(one.sku, one.price, one.title, one.picture) for one in found] == [
        ("cap", 3.5, "x", b"1"),
        ("hat", 5.5, "y", None),
    ]
    check_statements(
        db,
        statements,
        (
            "INSERT INTO products (sku, title, price, picture) VALUES (?, ?, ?, ?)",
            ("cap", "", 2.5, b"1"),
        ),
        (
            "INSERT INTO products (sku, title, price, picture) VALUES (?, ?, ?, ?)",
            ("hat", "", 3.5, None),
        ),
        ("UPDATE products SET title=? WHERE products.price > ?", ("x", 2.0)),
        ("UPDATE products SET title=? WHERE products.price > ?", ("y", 3.0)),
        ("UPDATE products SET price=(products.price + ?) WHERE products.sku = ?", (1.0, "cap")),
        ("UPDATE products SET price=(products.price + ?) WHERE products.sku = ?", (2.0, "hat")),
        ("DELETE FROM products WHERE products.sku = ?", ("none",)),
    )


def test_rows_can_be_inserted_from_a_select_and_from_a_list(db: Database) -> None:
    products: Any = Product
    copied = sa.select(sa.literal("copy of ").concat(Product.sku), Product.price * 2).where(Product.sku == "pen")

    assert db.execute(sa.insert(products).from_select(["sku", "price"], copied)) == 1
    for start in (0, 10):  # several rows in one statement: each time anew
        rows = [{"sku": f"{start + number}", "price": 1.0 * number} for number in range(3)]
        assert db.execute(sa.insert(products).values(rows)) == 3

    assert db.select(Product).where(Product.sku == "copy of pen").one().price == 3.0
    assert db.select(Product).count() == 9


def test_an_unscoped_write_does_not_run(db: Database) -> None:
    for statement in (sa.delete(Line), sa.update(Line).values(cents=0)):
        with pytest.raises(UnscopedWriteError, match="lines without where"):
            db.execute(statement)
    assert db.select(Line).where(Line.cents > 0).count() == 6

    assert db.execute(sa.delete(Line).where(sa.true())) == 6


# --- prepared ---------------------------------------------------------------------------------------------------------


def test_a_statement_can_be_compiled_now_and_run_later(db: Database) -> None:
    dearer = db.prepare(
        sa.select(Product.sku, Product.price)
        .where(Product.price > param("floor", Product.price), Product.title != sa.bindparam("title", "none"))
        .order_by(Product.sku)
    )

    with recorded(db) as statements:
        assert dearer.all(floor=0.0) == [("ink", 0.1 + 0.2), ("pen", 1.5)]
        assert dearer.one(floor=1.0) == ("pen", 1.5)
        assert dearer.first(floor=0.0, title="Ink") == ("pen", 1.5)
        assert dearer.one_or_none(floor=9.0) is None

    with pytest.raises(ManyRowsError):
        dearer.one(floor=0.0)
    with pytest.raises(NoRowError):
        dearer.one(floor=9.0)
    with pytest.raises(InvalidArgumentsError, match="floor"):
        dearer.all()
    check_statements(
        db,
        statements,
        *(
            (
                "SELECT products.sku, products.price FROM products WHERE products.price > ? AND products.title != ? "
                "ORDER BY products.sku",
                parameters,
            )
            for parameters in ((0.0, "none"), (1.0, "none"), (0.0, "Ink"), (9.0, "none"))
        ),
    )


def test_a_list_given_later_may_have_any_length(db: Database) -> None:
    among = db.prepare(sa.select(Product.sku).where(Product.price.in_(sa.bindparam("prices", expanding=True))))

    assert among.all(prices=[1.5]) == [("pen",)]
    assert among.all(prices=[]) == []
    assert sorted(among.all(prices=[1.5, 0.1 + 0.2])) == [("ink",), ("pen",)]
    with pytest.raises(InvalidArgumentsError, match="prices"):
        among.all()


def test_a_statement_that_waits_for_values_does_not_run_without_them(db: Database) -> None:
    waiting = sa.select(Product.sku).where(Product.price > param("floor", float))
    for run in (
        lambda: db.all(waiting),
        lambda: list(db.stream(waiting)),
        lambda: db.select(Product).where(Product.price > param("floor", float)).all(),
        lambda: db.select(Product).where(Product.sku == param("sku", str)).count(),
    ):
        with pytest.raises(InvalidArgumentsError, match="was not given its parameter"):
            run()


def test_a_parameter_with_a_value_is_not_taken_for_one_that_waits(db: Database) -> None:
    def priced(*value: Any) -> Any:
        return sa.select(Product.sku).where(Product.price > sa.bindparam("floor", *value))

    prepared = db.prepare(priced())
    assert db.all(priced(1.0)) == [("pen",)]
    assert prepared.all(floor=1.0) == [("pen",)]
    with pytest.raises(InvalidArgumentsError):
        prepared.all()
    assert db.all(priced(9.0)) == []
