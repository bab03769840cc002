"""CHECKs told in Python: the same verdict as the database's, or none."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from schemaroot import Check, Col, Table, auto_id, blob, boolean, integer, real, text, timestamp_ms
from schemaroot.schema.values import SqlValue
from schemaroot.validation.checks import breaches

TOLD: list[Callable[[], object]] = [
    lambda: Gauge.low <= Gauge.high,
    lambda: Gauge.low < Gauge.high,
    lambda: Gauge.low != Gauge.high,
    lambda: Gauge.low == 3,
    lambda: (Gauge.low == 3) | (Gauge.high == 3),
    lambda: (Gauge.low > 0) & (Gauge.ratio >= 0.5),
    lambda: ~((Gauge.low > 0) & (Gauge.ratio >= 0.5)),
    lambda: Gauge.low == None,  # noqa: E711  # how SQL expressions say it
    lambda: (Gauge.low.is_not(None)) | (Gauge.name == "b"),
    lambda: Gauge.name != "",
    lambda: Gauge.mode == "slow",
    lambda: sa.or_(Gauge.active, Gauge.low > 2),
    lambda: sa.and_(Gauge.active, Gauge.low > 2),
    lambda: sa.not_(Gauge.active),
    lambda: Gauge.active == True,  # noqa: E712  # how SQL expressions say it
    lambda: sa.func.length(Gauge.name) > 2,
    lambda: sa.func.length(Gauge.name) + Gauge.low > 3,
    lambda: sa.func.length(Gauge.data) <= 2,
    lambda: Gauge.low + Gauge.high * 2 - 1 > 4,
    lambda: Gauge.low * Gauge.ratio <= Gauge.high,
    lambda: -Gauge.low < Gauge.high,
    lambda: sa.func.coalesce(Gauge.low, Gauge.high, 0) >= 1,
    lambda: Gauge.low.between(1, Gauge.high),
    lambda: ~Gauge.low.between(1, 3),
    lambda: Gauge.ratio.in_([0.5, 1.0]),
    lambda: Gauge.ratio.not_in([0.5, 1.0]),
    lambda: sa.column("low") == 3,
    lambda: sa.null() == Gauge.low,
    sa.true,
    lambda: Gauge.at >= datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC),
    lambda: sa.type_coerce(Gauge.low, sa.Integer) > 1,
    lambda: sa.or_(Gauge.low.is_(None), sa.and_(Gauge.high.is_not(None), Gauge.low <= Gauge.high)),
]

LEFT_TO_THE_DATABASE: list[Callable[[], object]] = [
    lambda: Gauge.name < "z",
    lambda: Gauge.name.like("a%"),
    lambda: sa.func.lower(Gauge.name) == "a",
    lambda: Gauge.low / 2 > 1,
    lambda: Gauge.low % 2 == 1,
    lambda: sa.cast(Gauge.low, sa.Text) == "1",
    lambda: sa.text("low > 1"),
    lambda: sa.literal_column("low") > 1,
    lambda: sa.case((Gauge.low > 1, 1), else_=0) == 1,
    lambda: Gauge.id > 5,
    lambda: sa.column("other", _selectable=sa.table("elsewhere")) == 1,
    lambda: Gauge.low.is_distinct_from(3),
    lambda: sa.select(sa.literal(1)).scalar_subquery() == 2,
    lambda: Gauge.low + 2**62 + 2**62 + 2**62 > 0,
]


class Gauge(Table, name="gauges"):
    id: Col[int] = auto_id()
    low: Col[int | None] = integer(default=None)
    high: Col[int | None] = integer(default=None)
    ratio: Col[float | None] = real(default=None)
    name: Col[str | None] = text(default=None)
    mode: Col[Literal["slow", "fast"] | None] = text(default=None)
    active: Col[bool | None] = boolean(default=None)
    data: Col[bytes | None] = blob(default=None)
    at: Col[datetime | None] = timestamp_ms(default=None)


ROWS = st.fixed_dictionaries(
    {
        "low": st.none() | st.integers(-3, 5),
        "high": st.none() | st.integers(-3, 5),
        "ratio": st.none() | st.sampled_from([0.0, 0.5, 1.0, -2.25]),
        "name": st.none() | st.sampled_from(["a", "b", "abc", "é€𝄞"]),
        "mode": st.none() | st.sampled_from(["slow", "fast"]),
        "active": st.none() | st.sampled_from([0, 1]),
        "data": st.none() | st.sampled_from([b"", b"\xff\xfe\xfd"]),
        "at": st.none() | st.sampled_from([0, 3000, 5000]),
    }
)


def is_broken(condition: Callable[[], object], values: dict[str, SqlValue]) -> bool:
    declared = Gauge.__declaration__
    checked = type(declared)(declared.name, declared.columns, checks=(Check("rule", condition),))
    return bool(breaches(checked, values))


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        yield opened


@lru_cache
def query_for(condition: Callable[[], object]) -> str:
    element: Any = condition()
    compiled = sa.select(element).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    row = ", ".join(f":{name} AS {name}" for name in Gauge.__declaration__.columns if name != "id")
    return f"{str(compiled).partition('FROM')[0]} FROM (SELECT {row}) AS gauges"


@pytest.mark.parametrize("condition", TOLD)
@settings(max_examples=30)
@given(values=ROWS)
def test_a_condition_that_can_be_told_has_the_databases_verdict(
    condition: Callable[[], object], values: dict[str, SqlValue], connection: sqlite3.Connection
) -> None:
    (result,) = connection.execute(query_for(condition), values).fetchone()

    assert is_broken(condition, values) == (result is not None and not result)


@pytest.mark.parametrize("condition", LEFT_TO_THE_DATABASE)
def test_a_condition_that_cannot_be_told_is_never_broken(condition: Callable[[], object]) -> None:
    for number in (-3, 0, 1, 2, 5, None):
        row: dict[str, SqlValue] = {"low": number, "high": number, "name": None if number is None else f"a{number}"}
        assert not is_broken(condition, row)


@pytest.mark.parametrize("members", [["slow"], ["slow", "fast"], []])
@pytest.mark.parametrize("mode", ["slow", "fast", None])
def test_a_column_in_a_list_is_told(members: list[Literal["slow", "fast"]], mode: str | None) -> None:
    expected = mode not in members if mode is not None or not members else False

    assert is_broken(lambda: Gauge.mode.in_(members), {"mode": mode}) == expected


def test_a_column_that_was_not_given_breaks_nothing() -> None:
    assert not is_broken(lambda: Gauge.low <= Gauge.high, {"low": 5})
    assert not is_broken(lambda: Gauge.low <= 3, {})


def test_what_is_given_may_be_enough_to_tell() -> None:
    assert is_broken(lambda: (Gauge.low <= Gauge.high) & (Gauge.ratio > 1), {"ratio": 0.5})
    assert not is_broken(lambda: (Gauge.low <= Gauge.high) | (Gauge.ratio > 1), {"ratio": 0.5})


def test_a_breach_names_its_columns_in_order() -> None:
    declared = Gauge.__declaration__
    check = Check("rule", lambda: (Gauge.high >= Gauge.low) & (Gauge.ratio > 1))
    checked = type(declared)(declared.name, declared.columns, checks=(check,))

    (breach,) = breaches(checked, {"low": 5, "high": 3, "ratio": 2.0})

    assert breach.check is check
    assert breach.columns == ("high", "low", "ratio")
