"""A filter whose value is missing, null or empty never widens what is read or written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import MISSING, Database
from schemaroot.errors import InvalidArgumentsError, InvalidValueError, MissingFilterError

from ..engine.shop import Customer, Line, Order, Product

COMPARISONS: list[Callable[[Any, Any], Any]] = [
    lambda column, value: column == value,
    lambda column, value: column != value,
    lambda column, value: column < value,
    lambda column, value: column <= value,
    lambda column, value: column > value,
    lambda column, value: column >= value,
]


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("column", [Customer.id, Customer.city, Customer.joined, Order.tags, Product.price])
def test_comparing_with_a_missing_value_is_refused(compare: Any, column: Any) -> None:
    with pytest.raises(MissingFilterError) as caught:
        compare(column, MISSING)

    assert (caught.value.code, caught.value.column) == ("MISSING_FILTER", repr(column))


@pytest.mark.parametrize("compare", COMPARISONS[2:])
def test_more_or_less_than_null_is_refused(compare: Any) -> None:
    with pytest.raises(MissingFilterError):
        compare(Customer.city, None)


def test_equal_to_null_is_the_rows_that_hold_null(db: Database) -> None:
    never_null: Any = Customer.name
    assert [one.name for one in db.select(Customer).where(Customer.city == None).all()] == ["Bo"]  # noqa: E711  # SQL
    assert db.select(Customer).where(never_null == None).count() == 0  # noqa: E711  # builds SQL
    assert db.select(Product).where(Product.picture == None).count() == 1  # noqa: E711  # builds SQL


@pytest.mark.parametrize("values", [[], (), set(), iter(())])
def test_among_nothing_is_nothing(db: Database, values: Any) -> None:
    values = list(values)
    for column in (Customer.id, Customer.name, Customer.vip, Customer.joined):
        assert db.select(Customer).where(column.in_(values)).all() == []
        assert db.update(Customer).set(Customer.city.to("Rome")).where(column.in_(values)).run() == 0
        assert db.delete(Customer).where(column.in_(values)).run() == 0
        assert db.select(Customer).where(column.not_in(values)).count() == 3
    for own in (Product.price, Product.picture):
        assert db.select(Product).where(own.in_(values)).all() == []
        assert db.delete(Product).where(own.in_(values)).run() == 0
    assert db.select(Customer).count() == 3


@pytest.mark.parametrize("values", [None, MISSING])
@pytest.mark.parametrize("column", [Customer.id, Customer.name, Product.price])
def test_among_what_is_missing_is_refused(column: Any, values: Any) -> None:
    for method in (column.in_, column.not_in):
        with pytest.raises(MissingFilterError):
            method(values)


@pytest.mark.parametrize("column", [Customer.id, Customer.name])
def test_a_missing_value_among_others_is_refused(column: Any) -> None:
    with pytest.raises(MissingFilterError):
        column.in_([1, MISSING])


def test_null_among_others_never_matches_everything(db: Database) -> None:
    assert [one.name for one in db.select(Customer).where(Customer.city.in_(["Paris", None])).all()] == ["Cy"]
    assert db.select(Customer).where(Customer.city.not_in(["Paris", None])).all() == []  # as SQL has it


@pytest.mark.parametrize("condition", [None, MISSING, True, False])
def test_a_condition_that_is_none_is_refused(db: Database, condition: Any) -> None:
    for query in (
        db.select(Customer),
        db.select(Customer).columns(Customer.id),
        db.delete(Customer),
        db.update(Customer),
    ):
        for conditions in ([condition], [Customer.id == 1, condition]):
            with pytest.raises(MissingFilterError):
                query.where(*conditions)


@pytest.mark.filterwarnings("ignore:Invoking (and|or)_")
@pytest.mark.parametrize("join", [sa.and_, sa.or_])
def test_conditions_that_join_nothing_are_refused(db: Database, join: Any) -> None:
    for condition in (join(), join(join(), join())):
        for query in (db.select(Line), db.delete(Line), db.update(Line).set(Line.cents.to(0))):
            with pytest.raises(MissingFilterError):
                query.where(condition)
    assert db.select(Line).where(Line.cents > 0).count() == 6


@pytest.mark.parametrize("condition", ["1 = 1", 1, [Customer.id == 1], {"id": 1}, object(), b""])
def test_a_condition_that_is_no_sql_is_refused(db: Database, condition: Any) -> None:
    for query in (db.select(Customer), db.delete(Customer)):
        with pytest.raises(InvalidArgumentsError, match="where\\(\\) takes conditions"):
            query.where(condition)


@pytest.mark.parametrize(
    "condition",
    [
        Customer.id == 1,
        Customer.city == None,  # noqa: E711  # builds SQL
        Customer.id.in_([1]),
        (Customer.id == 1) | (Customer.id == 2),
        ~(Customer.id == 1),
        Customer.vip,
    ],
)
def test_python_does_not_decide_about_a_condition(condition: Any) -> None:
    """`where(a and b)` would drop `a`, and `where(not a)` would be `False`."""
    uses: list[Callable[[], object]] = [
        lambda: condition and True,
        lambda: not condition,
        lambda: condition or True,
        lambda: bool(condition),
    ]
    for use in uses:
        with pytest.raises(TypeError, match="has no truth value"):
            use()


def test_no_condition_at_all_reads_all(db: Database) -> None:
    conditions: list[Any] = []

    assert db.select(Customer).where(*conditions).count() == 3


@pytest.mark.parametrize("value", [MISSING, object(), b"x"])
def test_a_value_that_cannot_be_compared_is_refused_when_it_runs(db: Database, value: Any) -> None:
    joined: Any = Customer.joined
    if value is MISSING:
        with pytest.raises(MissingFilterError):
            db.select(Customer).where(joined == value)
        return
    with pytest.raises(InvalidValueError, match=r"customers\.joined"):
        db.select(Customer).where(joined == value).all()
