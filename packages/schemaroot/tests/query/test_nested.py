"""Rows with what belongs to them: equal to reading it directly, in a fixed number of statements."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaroot import Col, Database, Ref, Table, auto_id, blob, integer, new, real, references, text
from schemaroot.engine.driver import DriverName
from schemaroot.errors import InvalidArgumentsError

from ..engine.shop import (
    DRIVERS,
    MOMENT,
    Customer,
    Line,
    Order,
    Product,
    State,
    check_statements,
    recorded,
    traced,
    url_of,
)

ORDER_COLUMNS = (
    "orders.id, orders.customer_id, orders.state, orders.note, orders.total, orders.tags, orders.details, "
    "orders.placed, orders.updated, orders.is_open"
)
CUSTOMERS = (
    "SELECT customers.id, customers.name, customers.city, customers.email, customers.vip, customers.referrer_id, "
    "customers.joined, customers.deleted FROM customers"
)


def many_statements(found: list[str]) -> int:
    """How many selects ran: BEGIN and ROLLBACK around them are no questions."""
    return sum(sql.lstrip().startswith("SELECT") for sql in found)


# --- the SQL ----------------------------------------------------------------------------------------------------------


def test_the_rows_of_one_parent_are_asked_for_by_its_key(db: Database) -> None:
    with recorded(db) as statements:
        ada, orders = db.select(Customer).where(Customer.id == 1).with_many(Order.customer_id).one()

    assert (ada.name, [order.id for order in orders]) == ("Ada", [1, 2, 3])
    check_statements(
        db,
        statements,
        ("BEGIN DEFERRED", ()),
        (f"{CUSTOMERS} WHERE customers.deleted IS NULL AND customers.id = ?", (1,)),
        (f"SELECT {ORDER_COLUMNS} FROM orders WHERE orders.customer_id = ? ORDER BY orders.id", (1,)),
        ("ROLLBACK", ()),
    )


def test_the_rows_of_many_parents_are_asked_for_at_once(db: Database) -> None:
    with recorded(db) as statements:
        found = db.select(Customer).order_by(Customer.id).with_many(Order.customer_id).all()

    assert [(customer.name, [order.id for order in orders]) for customer, orders in found] == [
        ("Ada", [1, 2, 3]),
        ("Bo", [4]),
        ("Cy", []),
    ]
    check_statements(
        db,
        statements,
        ("BEGIN DEFERRED", ()),
        (f"{CUSTOMERS} WHERE customers.deleted IS NULL ORDER BY customers.id", ()),
        (
            f"SELECT {ORDER_COLUMNS} FROM orders WHERE orders.customer_id IN "
            "(SELECT anon_1.value FROM json_each(?) AS anon_1) ORDER BY orders.customer_id, orders.id",
            ("[1,2,3]",),
        ),
        ("ROLLBACK", ()),
    )


def test_a_limit_is_for_each_parent(db: Database) -> None:
    newest = db.select(Order).where(Order.total >= 0.0).order_by(Order.id.desc()).limit(2)

    with recorded(db) as statements:
        found = db.select(Customer).order_by(Customer.id).with_many(Order.customer_id, newest).all()
        alone = db.select(Customer).where(Customer.id == 1).with_many(Order.customer_id, newest).one()

    assert [[order.id for order in orders] for _, orders in found] == [[3, 2], [4], []]
    assert [order.id for order in alone[1]] == [3, 2]
    ranked = ORDER_COLUMNS.replace("orders.", "sr_ranked.")
    check_statements(
        db,
        [statement for statement in statements if "FROM orders" in statement[0]],
        (
            f"SELECT {ranked} FROM (SELECT {', '.join(f'{name} AS {name[7:]}' for name in ORDER_COLUMNS.split(', '))}, "
            "row_number() OVER (PARTITION BY orders.customer_id ORDER BY orders.id DESC) AS sr_number FROM orders "
            "WHERE orders.total >= ? AND orders.customer_id IN (SELECT anon_1.value FROM json_each(?) AS anon_1)) "
            "AS sr_ranked WHERE sr_ranked.sr_number <= ? ORDER BY sr_ranked.sr_number",
            (0.0, "[1,2,3]", 2),
        ),
        (
            f"SELECT {ORDER_COLUMNS} FROM orders WHERE orders.total >= ? AND orders.customer_id = ? "
            "ORDER BY orders.id DESC LIMIT ? OFFSET ?",
            (0.0, 1, 2, 0),
        ),
    )


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (None, None, [[1, 2, 3], [4], []]),
        (2, None, [[1, 2], [4], []]),
        (None, 1, [[2, 3], [], []]),
        (1, 1, [[2], [], []]),
        (0, None, [[], [], []]),
        (9, 9, [[], [], []]),
    ],
)
def test_limit_and_offset_are_the_same_for_one_parent_and_for_many(
    db: Database, limit: int | None, offset: int | None, expected: list[list[int]]
) -> None:
    orders = db.select(Order)
    orders = orders if limit is None else orders.limit(limit)
    orders = orders if offset is None else orders.offset(offset)
    query = db.select(Customer).order_by(Customer.id).with_many(Order.customer_id, orders)

    together = query.all()
    alone = [query.where(Customer.id == number).one() for number in (1, 2, 3)]

    assert [[order.id for order in found] for _, found in together] == expected
    assert together == alone == list(query.stream())


# --- what can be nested -----------------------------------------------------------------------------------------------


def test_the_row_that_a_row_refers_to(db: Database) -> None:
    bo = db.select(Customer).where(Customer.id == 2).with_one(Customer.referrer_id).one()
    everyone = db.select(Customer).order_by(Customer.id).with_one(Customer.referrer_id).all()

    assert bo[1] is not None
    assert (bo[0].name, bo[1].name) == ("Bo", "Ada")
    assert [(customer.name, referrer and referrer.name) for customer, referrer in everyone] == [
        ("Ada", None),
        ("Bo", "Ada"),
        ("Cy", None),
    ]


def test_a_row_refers_to_one_that_was_deleted_softly_all_the_same(db: Database) -> None:
    db.update(Customer).set(Customer.deleted.to(MOMENT)).where(Customer.name == "Ada").run()

    found = db.select(Order).order_by(Order.id).with_one(Order.customer_id).all()

    assert [customer.name for _, customer in found] == ["Ada", "Ada", "Ada", "Bo"]
    assert [customer.name for customer, _ in db.select(Customer).with_many(Order.customer_id).all()] == ["Bo", "Cy"]


def test_several_things_side_by_side(db: Database) -> None:
    query = (
        db.select(Order)
        .order_by(Order.id)
        .with_one(Order.customer_id)
        .with_many(Line.order_id, db.select(Line).order_by(Line.number.desc()))
        .count_many(Line.order_id)
        .count_many(Line.order_id, db.select(Line).where(Line.cents > 10))
        .aggregate_many(Line.order_id, sa.func.sum(Line.cents))
        .aggregate_many(Line.order_id, sa.func.max(Line.sku), db.select(Line).where(Line.number == 1))
    )

    found = query.all()

    shown = [
        (order.id, customer.name, [line.number for line in lines], *rest) for order, customer, lines, *rest in found
    ]
    assert shown == [
        (1, "Ada", [2, 1], 2, 1, 30, "pen"),
        (2, "Ada", [2, 1], 2, 1, 30, "pen"),
        (3, "Ada", [2, 1], 2, 1, 30, "pen"),
        (4, "Bo", [], 0, 0, None, None),
    ]
    assert list(query.stream()) == found
    assert [query.where(Order.id == order.id).one() for order, *_ in found] == found


def test_nesting_goes_deeper(db: Database) -> None:
    lines = db.select(Line).with_one(Line.sku).order_by(Line.number.desc())
    orders = (
        db.select(Order).with_many(Line.order_id, lines).count_many(Line.order_id).order_by(Order.id.desc()).limit(2)
    )
    query = db.select(Customer).with_many(Order.customer_id, orders).order_by(Customer.id)

    found = query.all()

    assert [
        (
            customer.name,
            [
                (order.id, [(line.number, product.title) for line, product in lines], count)
                for order, lines, count in orders
            ],
        )
        for customer, orders in found
    ] == [
        ("Ada", [(3, [(2, "Ink"), (1, "Pen")], 2), (2, [(2, "Ink"), (1, "Pen")], 2)]),
        ("Bo", [(4, [], 0)]),
        ("Cy", []),
    ]
    assert list(query.stream()) == found
    assert [query.where(Customer.id == customer.id).one() for customer, _ in found] == found


def test_a_sum_of_truths_is_a_number(db: Database) -> None:
    found = (
        db.select(Customer).order_by(Customer.id).aggregate_many(Order.customer_id, sa.func.sum(Order.is_open)).all()
    )

    assert [total for _, total in found] == [1, 1, None]
    assert db.all(sa.select(sa.func.sum(Line.number), sa.func.sum(Order.is_open)).where(Line.order_id == Order.id)) == [
        (9, 2)
    ]


def test_rows_deleted_softly_are_not_nested_unless_asked_for(db: Database) -> None:
    db.update(Customer).set(Customer.referrer_id.to(1)).where(Customer.name == "Cy").run()
    db.update(Customer).set(Customer.deleted.to(MOMENT)).where(Customer.name == "Bo").run()
    everyone = db.select(Customer).with_deleted()

    def referred(children: Any) -> list[str]:
        [(_, found, count)] = (
            db.select(Customer)
            .where(Customer.id == 1)
            .with_many(Customer.referrer_id, children)
            .count_many(Customer.referrer_id, children)
            .all()
        )
        assert count == len(found)
        return [customer.name for customer in found]

    assert referred(None) == ["Cy"]
    assert referred(everyone) == ["Bo", "Cy"]
    assert referred(db.select(Customer).only_deleted()) == ["Bo"]


def test_nothing_found_is_nothing_asked_further(db: Database) -> None:
    with traced(db) as statements:
        assert db.select(Customer).where(Customer.id == 99).with_many(Order.customer_id).all() == []
        assert db.select(Order).where(Order.id == 99).with_one(Order.customer_id).one_or_none() is None

    assert many_statements(statements) == 2


# --- how many statements ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "count"),
    [
        (lambda db: db.select(Customer).with_many(Order.customer_id), 2),
        (lambda db: db.select(Order).with_one(Order.customer_id), 2),
        (lambda db: db.select(Customer).with_many(Order.customer_id).count_many(Order.customer_id), 2),
        (
            lambda db: (
                db.select(Customer)
                .with_many(Order.customer_id, db.select(Order).where(Order.state == "open"))
                .count_many(Order.customer_id, db.select(Order).where(Order.state == "open"))
            ),
            2,
        ),
        (
            lambda db: (
                db.select(Customer)
                .with_many(Order.customer_id, db.select(Order).where(Order.state == "open"))
                .count_many(Order.customer_id, db.select(Order).where(Order.state == "paid"))
            ),
            3,
        ),
        (
            lambda db: (
                db.select(Customer)
                .with_many(Order.customer_id, db.select(Order).limit(1))
                .count_many(Order.customer_id)
            ),
            3,
        ),
        (lambda db: db.select(Customer).count_many(Order.customer_id), 2),
        (lambda db: db.select(Customer).aggregate_many(Order.customer_id, sa.func.sum(Order.total)), 2),
        (
            lambda db: db.select(Customer).with_many(
                Order.customer_id, db.select(Order).with_many(Line.order_id, db.select(Line).with_one(Line.sku))
            ),
            4,
        ),
    ],
)
def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(db: Database, build: Any, count: int) -> None:
    query = build(db)
    query.all()
    counts = []
    for _ in range(2):
        with traced(db) as statements:
            query.all()
        counts.append(many_statements(statements))
        with db.transaction():
            for number in range(30):
                customer = db.insert(Customer, name=f"{len(counts)}/{number}")
                for order in db.insert_many([new(Order, customer_id=customer.id, state="open")] * 3):
                    db.insert(Line, order_id=order.id, number=1, sku="pen")

    assert counts == [count, count]


def test_counting_the_rows_nested_is_never_mixed_up_with_counting_others(db: Database) -> None:
    """The same shape, other values: once the number of the rows that are nested, once of others."""

    def counts(nested: State, counted: State) -> list[tuple[int, int]]:
        found = (
            db.select(Customer)
            .order_by(Customer.id)
            .with_many(Order.customer_id, db.select(Order).where(Order.state == nested))
            .count_many(Order.customer_id, db.select(Order).where(Order.state == counted))
            .all()
        )
        return [(len(orders), count) for _, orders, count in found]

    assert counts("open", "open") == [(1, 1), (1, 1), (0, 0)]
    assert counts("open", "paid") == [(1, 1), (1, 0), (0, 0)]
    assert counts("paid", "open") == [(1, 1), (0, 1), (0, 0)]
    assert counts("sent", "sent") == [(1, 1), (0, 0), (0, 0)]


def test_all_of_a_nested_read_is_of_one_moment(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is written between the statements is seen by none of them."""
    from schemaroot.engine.plans import ChildRowsPlan

    column = ChildRowsPlan.column
    written: list[int] = []

    def later(self: Any, connection: Any, *rest: Any) -> Any:
        if not written:
            written.append(1)
            with Database.open(url_of(Path(db.path)), driver=db.driver.name) as other:
                other.insert(Order, customer_id=3)
        return column(self, connection, *rest)

    monkeypatch.setattr(ChildRowsPlan, "column", later)

    found = db.select(Customer).order_by(Customer.id).with_many(Order.customer_id).all()

    assert [len(orders) for _, orders in found] == [3, 1, 0]
    assert [
        len(orders) for _, orders in db.select(Customer).order_by(Customer.id).with_many(Order.customer_id).all()
    ] == [
        3,
        1,
        1,
    ]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda db: db.select(Product).with_many(Order.customer_id), "orders.customer_id does not refer to products"),
        (lambda db: db.select(Product).with_one(Order.customer_id), "orders.customer_id is not a column of products"),
        (lambda db: db.select(Product).count_many(Order.customer_id), "does not refer to products"),
        (lambda db: db.select(Customer).with_many(Order.customer_id, db.select(Line)), "not over orders"),
        (lambda db: db.select(Customer).count_many(Order.customer_id, db.select(Line)), "not over orders"),
        (
            lambda db: db.select(Customer).aggregate_many(Order.customer_id, sa.func.count(), db.select(Line)),
            "not over orders",
        ),
        (lambda db: db.select(Customer).count_many(Order.customer_id, db.select(Order).limit(1)), "no limit or offset"),
        (
            lambda db: db.select(Customer).aggregate_many(
                Order.customer_id, sa.func.count(), db.select(Order).offset(1)
            ),
            "no limit or offset",
        ),
    ],
)
def test_what_does_not_belong_is_refused_before_anything_runs(db: Database, build: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=message):
        build(db)


# --- value for value --------------------------------------------------------------------------------------------------


class Parent(Table, name="parents"):
    key: Col[str] = text(primary_key=True)
    number: Col[int] = integer()


class Child(Table, name="children"):
    id: Col[int] = auto_id()
    parent: Ref[Parent, str | None] = references(lambda: Parent.key, default=None)
    other: Ref[Parent, str | None] = references(lambda: Parent.key, default=None)
    number: Col[float] = real()
    words: Col[str | None] = text(default=None)
    raw: Col[bytes | None] = blob(default=None)
    rank: Col[int] = integer(default=0)


KEYS = ["", "a", "A", "ä", "it's", '"quoted"', "[1]", "🖋", " a", "null", "1", "%", "a\nb", "\\", "\u2028"]


@pytest.fixture(scope="module", params=DRIVERS)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    driver: DriverName = request.param
    path = tmp_path_factory.mktemp("family") / "family.db"
    with Database.create(url_of(path), [Parent, Child], driver=driver, durability="off") as made:
        yield made


class Undo(Exception):
    """Undoes what an example wrote."""


FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1 + 0.2, 1e-320, 2.0**53 + 1])
CHILDREN = st.lists(
    st.fixed_dictionaries(
        {
            "parent": st.sampled_from([None, *KEYS]),
            "other": st.sampled_from([None, *KEYS]),
            "number": FLOATS,
            "words": st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
            "raw": st.none() | st.binary(max_size=5),
            "rank": st.integers(0, 3),
        }
    ),
    max_size=25,
)


@settings(max_examples=50)
@given(
    rows=CHILDREN,
    keys=st.sets(st.sampled_from(KEYS)),
    floor=st.integers(0, 3),
    limit=st.none() | st.integers(0, 3),
    offset=st.none() | st.integers(0, 2),
)
def test_a_nested_read_equals_reading_directly(
    family: Database,
    rows: list[dict[str, Any]],
    keys: set[str],
    floor: int,
    limit: int | None,
    offset: int | None,
) -> None:
    """The rows of each parent are those of a select of its own, whatever the values, the filter, order and limit."""
    with pytest.raises(Undo), family.transaction():
        family.insert_many([new(Parent, key=key, number=place) for place, key in enumerate(KEYS)])
        stored = family.insert_many([new(Child, **values) for values in rows])
        children = family.select(Child).where(Child.rank >= floor).order_by(Child.rank.desc(), Child.id)
        bounded = children if limit is None else children.limit(limit)
        bounded = bounded if offset is None else bounded.offset(offset)
        parents = family.select(Parent).where(Parent.key.in_(keys)).order_by(Parent.number)

        found = (
            parents.with_many(Child.parent, bounded)
            .with_many(Child.other)
            .count_many(Child.parent, children)
            .aggregate_many(Child.parent, sa.func.max(Child.number), children)
            .all()
        )

        assert [parent for parent, *_ in found] == parents.all()
        by_other = defaultdict(list)
        for child in stored:
            by_other[child.other].append(child)
        for parent, nested, others, count, highest in found:
            own = children.where(Child.parent == parent.key)
            direct = bounded.where(Child.parent == parent.key).all()
            assert nested == direct
            assert [repr(child) for child in nested] == [repr(child) for child in direct]
            assert others == by_other[parent.key]
            assert count == own.count()
            assert highest == max((child.number for child in own.all()), default=None)
        with_parent = family.select(Child).order_by(Child.id).with_one(Child.parent).with_one(Child.other).all()
        by_key = {parent.key: parent for parent in family.select(Parent).all()}
        assert with_parent == [
            (
                child,
                None if child.parent is None else by_key[child.parent],
                None if child.other is None else by_key[child.other],
            )
            for child in stored
        ]
        raise Undo


@pytest.mark.parametrize("count", [1, 2, 3, 4, 255, 256, 257, 600])
def test_any_number_of_parents_and_children(family: Database, count: int) -> None:
    dice = random.Random(count)
    with pytest.raises(Undo), family.transaction():
        parents = family.insert_many([new(Parent, key=f"{number:04}", number=number) for number in range(count)])
        children = family.insert_many(
            [new(Child, parent=dice.choice(parents).key, number=float(number)) for number in range(count * 2)]
        )
        expected = [(parent, [child for child in children if child.parent == parent.key]) for parent in parents]
        query = family.select(Parent).order_by(Parent.key).with_many(Child.parent)

        assert query.all() == expected
        assert list(query.stream()) == expected
        raise Undo
