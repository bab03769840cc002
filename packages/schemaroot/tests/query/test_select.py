"""Selects: the SQL and its parameters whole, and what SQLite answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import Database
from schemaroot.errors import InvalidArgumentsError, ManyRowsError, NoRowError

from ..engine.shop import MOMENT, Customer, Line, Order, Product, check_statements, recorded

CUSTOMER = (
    "SELECT customers.id, customers.name, customers.city, customers.email, customers.vip, customers.referrer_id, "
    "customers.joined, customers.deleted FROM customers WHERE customers.deleted IS NULL"
)
PRODUCT = "SELECT products.sku, products.title, products.price, products.picture FROM products"
MS = 1_709_209_815_250


def names(db: Database, *conditions: Any) -> list[str]:
    return [customer.name for customer in db.select(Customer).where(*conditions).order_by(Customer.id).all()]


@pytest.mark.parametrize(
    ("conditions", "sql", "parameters", "found"),
    [
        ([Customer.name == "Ada"], "customers.name = ?", ("Ada",), ["Ada"]),
        ([Customer.name != "Ada"], "customers.name != ?", ("Ada",), ["Bo", "Cy"]),
        ([Customer.id > 1], "customers.id > ?", (1,), ["Bo", "Cy"]),
        ([Customer.id >= 3], "customers.id >= ?", (3,), ["Cy"]),
        ([Customer.id < 2], "customers.id < ?", (2,), ["Ada"]),
        ([Customer.id <= 2], "customers.id <= ?", (2,), ["Ada", "Bo"]),
        ([Customer.vip == True], "customers.vip = ?", (1,), ["Ada"]),  # noqa: E712  # builds SQL
        ([Customer.joined > MOMENT], "customers.joined > ?", (MS,), ["Bo", "Cy"]),
        ([Customer.joined == MOMENT + timedelta(days=1)], "customers.joined = ?", (MS + 86_400_000,), ["Bo"]),
        ([Customer.city == None], "customers.city IS NULL", (), ["Bo"]),  # noqa: E711  # builds SQL
        ([Customer.city != None], "customers.city IS NOT NULL", (), ["Ada", "Cy"]),  # noqa: E711  # builds SQL
        ([Customer.city.is_(None)], "customers.city IS NULL", (), ["Bo"]),
        ([Customer.city.is_not(None)], "customers.city IS NOT NULL", (), ["Ada", "Cy"]),
        ([Customer.id > 1, Customer.name < "C"], "customers.id > ? AND customers.name < ?", (1, "C"), ["Bo"]),
        (
            [(Customer.name == "Ada") | (Customer.name == "Cy")],
            "(customers.name = ? OR customers.name = ?)",
            ("Ada", "Cy"),
            ["Ada", "Cy"],
        ),
        (
            [((Customer.id == 1) | (Customer.id == 2)) & (Customer.vip == False)],  # noqa: E712  # builds SQL
            "(customers.id = ? OR customers.id = ?) AND customers.vip = ?",
            (1, 2, 0),
            ["Bo"],
        ),
        (
            [~((Customer.id == 1) | (Customer.id == 2))],
            "NOT (customers.id = ? OR customers.id = ?)",
            (1, 2),
            ["Cy"],
        ),
        (
            [Customer.id.in_([3, 1])],
            "customers.id IN (SELECT anon_1.value FROM json_each(?) AS anon_1)",
            ("[3,1]",),
            ["Ada", "Cy"],
        ),
        (
            [Customer.name.not_in(["Ada"])],
            "(customers.name NOT IN (SELECT anon_1.value FROM json_each(?) AS anon_1))",
            ('["Ada"]',),
            ["Bo", "Cy"],
        ),
        ([Customer.name.like("%o")], "customers.name LIKE ?", ("%o",), ["Bo"]),
        ([Customer.name.startswith("A")], "(customers.name LIKE ? || '%')", ("A",), ["Ada"]),
        ([Customer.id.between(2, 3)], "customers.id BETWEEN ? AND ?", (2, 3), ["Bo", "Cy"]),
        ([Customer.referrer_id == Customer.id - 1], "customers.referrer_id = customers.id - ?", (1,), ["Bo"]),
        ([sa.func.lower(Customer.name) == "ada"], "lower(customers.name) = ?", ("ada",), ["Ada"]),
        (
            [(sa.func.length(Customer.name) == 2) & (Customer.city == "Paris")],
            "length(customers.name) = ? AND customers.city = ?",
            (2, "Paris"),
            ["Cy"],
        ),
        ([sa.or_(Customer.id == 1, Customer.id == 3)], "(customers.id = ? OR customers.id = ?)", (1, 3), ["Ada", "Cy"]),
    ],
)
def test_a_condition_is_the_sql_that_one_expects(
    db: Database, conditions: list[Any], sql: str, parameters: tuple[Any, ...], found: list[str]
) -> None:
    with recorded(db) as statements:
        assert names(db, *conditions) == found
        assert names(db, *conditions) == found  # from the cache

    expected = (f"{CUSTOMER} AND {sql} ORDER BY customers.id", parameters)
    check_statements(db, statements, expected, expected)


def test_sqls_own_true_and_false_are_conditions(db: Database) -> None:
    assert names(db, sa.false()) == []
    assert names(db, sa.true()) == ["Ada", "Bo", "Cy"]


@pytest.mark.parametrize(
    ("build", "sql", "parameters", "found"),
    [
        (lambda query: query.order_by(Product.price), " ORDER BY products.price", (), ["ink", "pen"]),
        (lambda query: query.order_by(Product.price.desc()), " ORDER BY products.price DESC", (), ["pen", "ink"]),
        (lambda query: query.order_by(Product.sku.asc()), " ORDER BY products.sku ASC", (), ["ink", "pen"]),
        (
            lambda query: query.order_by(Product.picture).order_by(Product.sku.desc()),
            " ORDER BY products.picture, products.sku DESC",
            (),
            ["ink", "pen"],
        ),
        (
            lambda query: query.order_by(sa.func.length(Product.title), -Product.price),
            " ORDER BY length(products.title), -products.price",
            (),
            ["pen", "ink"],
        ),
        (
            lambda query: query.order_by(Product.picture.desc().nulls_first()),
            " ORDER BY products.picture DESC NULLS FIRST",
            (),
            ["ink", "pen"],
        ),
        (
            lambda query: query.order_by(Product.sku == "pen", Product.sku),
            " ORDER BY products.sku = ?, products.sku",
            ("pen",),
            ["ink", "pen"],
        ),
        (
            lambda query: query.order_by(Product.sku).limit(1),
            " ORDER BY products.sku LIMIT ? OFFSET ?",
            (1, 0),
            ["ink"],
        ),
        (
            lambda query: query.order_by(Product.sku).limit(5).offset(1),
            " ORDER BY products.sku LIMIT ? OFFSET ?",
            (5, 1),
            ["pen"],
        ),
        (
            lambda query: query.order_by(Product.sku).offset(1),
            " ORDER BY products.sku LIMIT -1 OFFSET ?",
            (1,),
            ["pen"],
        ),
        (lambda query: query.limit(0), " LIMIT ? OFFSET ?", (0, 0), []),
        (
            lambda query: query.where(Product.price > 1.0).order_by(Product.sku == "ink").limit(3).offset(0),
            " WHERE products.price > ? ORDER BY products.sku = ? LIMIT ? OFFSET ?",
            (1.0, "ink", 3, 0),
            ["pen"],
        ),
    ],
)
def test_order_limit_and_offset_are_the_sql_that_one_expects(
    db: Database, build: Any, sql: str, parameters: tuple[Any, ...], found: list[str]
) -> None:
    query = build(db.select(Product))

    with recorded(db) as statements:
        assert [product.sku for product in query.all()] == found

    check_statements(db, statements, (PRODUCT + sql, parameters))


@pytest.mark.parametrize("count", [-1, 1.0, "1", None, True])
def test_a_limit_that_is_no_number_from_0_is_refused(db: Database, count: Any) -> None:
    for method in ("limit", "offset"):
        with pytest.raises(InvalidArgumentsError, match=f"{method} takes a whole number from 0"):
            getattr(db.select(Product), method)(count)


def test_a_half_built_select_can_be_shared(db: Database) -> None:
    live = db.select(Customer).order_by(Customer.id)
    vip = live.where(Customer.vip == True)  # noqa: E712  # builds SQL
    late = live.where(Customer.joined > MOMENT).limit(1)

    assert [customer.name for customer in live.all()] == ["Ada", "Bo", "Cy"]
    assert [customer.name for customer in vip.all()] == ["Ada"]
    assert [customer.name for customer in late.all()] == ["Bo"]
    assert live.spec.conditions == ()


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns_come_as_tuples_of_loaded_values(db: Database) -> None:
    query = (
        db.select(Order)
        .columns(Order.id, Order.tags, Order.placed, Order.is_open, Order.total * 2, sa.func.upper(Order.state))
        .where(Order.customer_id == 1)
        .order_by(Order.id)
    )

    with recorded(db) as statements:
        found = query.all()

    assert found == [
        (1, ["open"], MOMENT, True, 0.0, "OPEN"),
        (2, ["paid"], MOMENT, False, 9.0, "PAID"),
        (3, ["sent"], MOMENT, False, (0.1 + 0.2) * 2, "SENT"),
    ]
    check_statements(
        db,
        statements,
        (
            "SELECT orders.id, orders.tags, orders.placed, orders.is_open, orders.total * ? AS anon_1, "
            "upper(orders.state) AS upper_1 FROM orders WHERE orders.customer_id = ? ORDER BY orders.id",
            (2, 1),
        ),
    )


def test_columns_can_be_named_twice_and_alone(db: Database) -> None:
    assert db.select(Product).order_by(Product.sku).columns(Product.sku, Product.sku).all() == [
        ("ink",) * 2,
        ("pen",) * 2,
    ]
    assert db.select(Product).columns(sa.func.count(Product.picture)).one() == (1,)
    assert db.select(Product).columns(Product.sku).order_by(Product.price).first() == ("ink",)
    assert db.select(Product).columns(Product.sku).where(Product.sku == "none").one_or_none() is None


def test_no_column_at_all_is_refused(db: Database) -> None:
    with pytest.raises(InvalidArgumentsError, match="at least one column"):
        db.select(Product).columns()  # type: ignore[call-overload]  # on purpose


def test_columns_can_be_grouped(db: Database) -> None:
    counted = db.select(Order).columns(Order.customer_id, sa.func.count()).group_by(Order.customer_id)

    assert counted.order_by(Order.customer_id).all() == [(1, 3), (2, 1)]
    assert counted.where(Order.state == "open").order_by(sa.func.count().desc(), Order.customer_id).all() == [
        (1, 1),
        (2, 1),
    ]


# --- one, first, count, exists ----------------------------------------------------------------------------------------


def test_one_gives_the_only_row(db: Database) -> None:
    assert db.select(Customer).where(Customer.name == "Bo").one().id == 2
    with pytest.raises(NoRowError) as none:
        db.select(Customer).where(Customer.name == "Zoe").one()
    with pytest.raises(ManyRowsError) as many:
        db.select(Customer).one()
    assert (none.value.code, none.value.what) == ("NOT_FOUND", "customers")
    assert (many.value.code, many.value.what) == ("MANY_ROWS", "customers")


def test_one_or_none_gives_the_only_row_or_none(db: Database) -> None:
    bo = db.select(Customer).where(Customer.name == "Bo").one_or_none()

    assert bo is not None
    assert bo.id == 2
    assert db.select(Customer).where(Customer.name == "Zoe").one_or_none() is None
    with pytest.raises(ManyRowsError):
        db.select(Customer).one_or_none()


def test_first_reads_one_row_alone(db: Database) -> None:
    with recorded(db) as statements:
        first = db.select(Product).order_by(Product.price.desc()).first()
        second = db.select(Product).order_by(Product.price.desc()).limit(5).offset(1).first()
        none = db.select(Product).where(Product.sku == "none").first()

    assert (first and first.sku, second and second.sku, none) == ("pen", "ink", None)
    check_statements(
        db,
        statements,
        (f"{PRODUCT} ORDER BY products.price DESC LIMIT ? OFFSET ?", (1, 0)),
        (f"{PRODUCT} ORDER BY products.price DESC LIMIT ? OFFSET ?", (5, 1)),
        (f"{PRODUCT} WHERE products.sku = ? LIMIT ? OFFSET ?", ("none", 1, 0)),
    )


def test_count_counts_within_the_limit_and_the_condition(db: Database) -> None:
    lines = db.select(Line).order_by(Line.number)

    with recorded(db) as statements:
        counts = [lines.count(), lines.where(Line.number == 2).count(), lines.limit(4).count(), lines.offset(5).count()]

    assert counts == [6, 3, 4, 1]
    check_statements(
        db,
        statements,
        ("SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM lines) AS anon_1", ()),
        (
            "SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM lines WHERE lines.number = ?) AS anon_1",
            (2,),
        ),
        ("SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM lines LIMIT ? OFFSET ?) AS anon_1", (4, 0)),
        ("SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM lines LIMIT -1 OFFSET ?) AS anon_1", (5,)),
    )


def test_count_and_exists_of_what_else_is_asked_of_the_rows(db: Database) -> None:
    orders = db.select(Customer).with_many(Order.customer_id).order_by(Customer.name)

    assert orders.count() == 3
    assert orders.where(Customer.id == 2).exists()
    assert db.select(Customer).columns(Customer.name).where(Customer.id == 9).count() == 0


def test_exists_asks_for_no_row(db: Database) -> None:
    with recorded(db) as statements:
        answers = [
            db.select(Line).where(Line.number == 2).exists(),
            db.select(Line).where(Line.number == 3).exists(),
            db.select(Line).limit(0).exists(),
        ]

    assert answers == [True, False, False]
    check_statements(
        db,
        statements,
        ("SELECT EXISTS (SELECT 1 FROM lines WHERE lines.number = ?) AS anon_1", (2,)),
        ("SELECT EXISTS (SELECT 1 FROM lines WHERE lines.number = ?) AS anon_1", (3,)),
        ("SELECT EXISTS (SELECT 1 FROM lines LIMIT ? OFFSET ?) AS anon_1", (0, 0)),
    )


def test_the_sql_of_a_select_can_be_read_before_it_runs(db: Database) -> None:
    query = db.select(Product).where(Product.price > 1.0)

    assert " ".join(query.sql.split()) == f"{PRODUCT} WHERE products.price > ?"
    assert query.sql in repr(query)


# --- soft delete ------------------------------------------------------------------------------------------------------


def test_deleted_rows_are_seen_when_asked_for(db: Database) -> None:
    db.update(Customer).set(Customer.deleted.to(MOMENT)).where(Customer.name == "Bo").run()
    query = db.select(Customer).order_by(Customer.id)

    assert [customer.name for customer in query.all()] == ["Ada", "Cy"]
    assert [customer.name for customer in query.with_deleted().all()] == ["Ada", "Bo", "Cy"]
    assert [customer.name for customer in query.only_deleted().all()] == ["Bo"]
    assert (query.count(), query.with_deleted().count(), query.only_deleted().count()) == (2, 3, 1)
    assert not query.where(Customer.name == "Bo").exists()
    assert len(list(query.only_deleted().stream())) == 1
