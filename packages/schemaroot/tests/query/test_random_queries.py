"""Random queries agree with plain Python, and the cache of plans never takes one shape for another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaroot import Col, Database, Ref, Table, auto_id, boolean, integer, new, real, references, text
from schemaroot.engine.cache import PlanCache
from schemaroot.engine.driver import DriverName

from ..engine.shop import DRIVERS, url_of

PLANS = 12


class Group(Table, name="groups"):
    id: Col[int] = auto_id()
    name: Col[str] = text()


class Item(Table, name="items"):
    id: Col[int] = auto_id()
    group_id: Ref[Group, int | None] = references(lambda: Group.id, default=None)
    number: Col[int] = integer()
    maybe: Col[int | None] = integer(default=None)
    price: Col[float] = real()
    words: Col[str] = text()
    note: Col[str | None] = text(default=None)
    state: Col[Literal["a", "b", "c"]] = text()
    flag: Col[bool] = boolean()


def some_rows() -> list[dict[str, Any]]:
    dice = random.Random(4)
    return [
        {
            "group_id": dice.choice([None, 1, 2, 3]),
            "number": dice.randrange(-4, 5),
            "maybe": dice.choice([None, *range(4)]),
            "price": dice.choice([0.0, 0.5, 0.1 + 0.2, 2.0, -1.5]),
            "words": dice.choice(["", "a", "A", "ab", "ä", "it's", "z"]),
            "note": dice.choice([None, "", "x", "y"]),
            "state": dice.choice("abc"),
            "flag": dice.random() < 0.5,
        }
        for _ in range(40)
    ]


@pytest.fixture(scope="module", params=DRIVERS)
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Forty items in three groups, and a cache that is small enough to be full all the time."""
    driver: DriverName = request.param
    path = tmp_path_factory.mktemp("random") / "items.db"
    with Database.create(url_of(path), [Group, Item], driver=driver, durability="off") as made:
        made._plans = PlanCache(PLANS)
        made.insert_many([new(Group, name=name) for name in ("one", "two", "three", "empty")])
        made.insert_many([new(Item, **values) for values in some_rows()])
        yield made


# --- conditions, in SQL and in Python ---------------------------------------------------------------------------------

Truth = bool | None


@dataclass(frozen=True)
class Both:
    """A condition as SQL, and as a function of a row with SQL's three truths."""

    sql: Any
    holds: Callable[[Any], Truth]
    shown: str

    def __repr__(self) -> str:
        return self.shown


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-5, 5),
    "maybe": st.integers(-1, 4),
    "price": st.sampled_from([0.0, 0.5, 0.1 + 0.2, 0.3, 2.0, -1.5, 7.0]),
    "words": st.sampled_from(["", "a", "A", "ab", "ä", "it's", "z", "none"]),
    "note": st.sampled_from(["", "x", "y", "none"]),
    "state": st.sampled_from(["a", "b", "c"]),
    "flag": st.booleans(),
    "group_id": st.integers(0, 4),
    "id": st.integers(0, 41),
}


def compared(name: str, operator: str, value: Any) -> Both:
    def holds(row: Any) -> Truth:
        own = getattr(row, name)
        return None if own is None else COMPARE[operator](own, value)

    return Both(COMPARE[operator](getattr(Item, name), value), holds, f"{name} {operator} {value!r}")


def null(name: str, negated: bool) -> Both:
    column = getattr(Item, name)
    return Both(
        column != None if negated else column == None,  # noqa: E711  # builds SQL
        lambda row: (getattr(row, name) is not None) is negated,
        f"{name} is {'not ' if negated else ''}null",
    )


def among(name: str, values: list[Any], negated: bool) -> Both:
    column = getattr(Item, name)

    def holds(row: Any) -> Truth:
        own = getattr(row, name)
        if own is None:
            return None if values else negated
        return (own in values) is not negated

    sql = column.not_in(values) if negated else column.in_(values)
    return Both(sql, holds, f"{name} {'not ' * negated}in {values}")


def free(kind: int, value: int) -> Both:
    """Conditions that SQLAlchemy builds, with values of their own."""
    forms: list[tuple[Any, Callable[[Any], Truth]]] = [
        (sa.func.length(Item.words) > value, lambda row: len(row.words) > value),
        (Item.number + value > Item.id, lambda row: row.number + value > row.id),
        (Item.number.between(value, value + 2), lambda row: value <= row.number <= value + 2),
        (sa.func.coalesce(Item.maybe, value) == value, lambda row: row.maybe is None or row.maybe == value),
        (Item.maybe == Item.number, lambda row: None if row.maybe is None else row.maybe == row.number),
        (sa.case((Item.number > value, 1), else_=0) == 1, lambda row: row.number > value),
        (
            Item.id.in_(sa.select(Item.id).where(Item.number == value).correlate(None)),
            lambda row: row.number == value,
        ),
    ]
    sql, holds = forms[kind]
    return Both(sql, holds, f"free {kind} of {value}")


def negation(one: Both) -> Both:
    def holds(row: Any) -> Truth:
        truth = one.holds(row)
        return None if truth is None else not truth

    return Both(~one.sql, holds, f"not ({one})")


def both(one: Both, other: Both) -> Both:
    def holds(row: Any) -> Truth:
        truths = (one.holds(row), other.holds(row))
        return False if False in truths else None if None in truths else True

    return Both(one.sql & other.sql, holds, f"({one} and {other})")


def either(one: Both, other: Both) -> Both:
    def holds(row: Any) -> Truth:
        truths = (one.holds(row), other.holds(row))
        return True if True in truths else None if None in truths else False

    return Both(one.sql | other.sql, holds, f"({one} or {other})")


LEAVES = st.one_of(
    st.sampled_from(list(VALUES)).flatmap(
        lambda name: st.builds(compared, st.just(name), st.sampled_from(list(COMPARE)), VALUES[name])
    ),
    st.builds(null, st.sampled_from(["maybe", "note", "group_id", "words"]), st.booleans()),
    st.sampled_from(list(VALUES)).flatmap(
        lambda name: st.builds(among, st.just(name), st.lists(VALUES[name], max_size=4), st.booleans())
    ),
    st.builds(free, st.integers(0, 6), st.integers(-3, 5)),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.builds(negation, inner), st.builds(both, inner, inner), st.builds(either, inner, inner)),
    max_leaves=5,
)
ORDERS = st.lists(
    st.tuples(st.sampled_from(["number", "maybe", "price", "words", "note", "state", "flag"]), st.booleans()),
    max_size=3,
    unique_by=lambda order: order[0],
)


def sorts_as(value: Any) -> tuple[bool, Any]:
    """Nulls first, texts by their bytes, as SQLite sorts."""
    return value is not None, value.encode() if isinstance(value, str) else value or 0


def ordered(rows: list[Item], order: list[tuple[str, bool]]) -> list[Item]:
    found = sorted(rows, key=lambda row: row.id)
    for name, descending in reversed(order):
        found.sort(key=lambda row: sorts_as(getattr(row, name)), reverse=descending)
    return found


class Undo(Exception):
    """Undoes what an example wrote."""


some_query = given(
    conditions=st.lists(CONDITIONS, max_size=2),
    order=ORDERS,
    limit=st.none() | st.integers(0, 9),
    offset=st.none() | st.integers(0, 9),
    use=st.integers(0, 8),
)


@settings(max_examples=100)
@some_query
def test_a_random_query_finds_what_python_finds(db: Database, **query: Any) -> None:
    check_query(db, **query)


@pytest.mark.soak
@settings(max_examples=1_500, derandomize=False)
@some_query
def test_thousands_of_random_queries_find_what_python_finds(db: Database, **query: Any) -> None:
    check_query(db, **query)


def check_query(
    db: Database,
    conditions: list[Both],
    order: list[tuple[str, bool]],
    limit: int | None,
    offset: int | None,
    use: int,
) -> None:
    everything = db.all(sa.select(*(getattr(Item, name) for name in Item.__declaration__.columns)).order_by(Item.id))
    rows = db.select(Item).order_by(Item.id).all()
    assert [tuple(row.to_dict().values()) for row in rows] == everything
    matching = [row for row in rows if all(condition.holds(row) is True for condition in conditions)]
    expected = ordered(matching, order)
    start = offset or 0
    expected = expected[start:] if limit is None else expected[start : start + limit]
    query = db.select(Item).where(*(condition.sql for condition in conditions))
    for name, descending in order:
        query = query.order_by(getattr(Item, name).desc() if descending else getattr(Item, name))
    query = query.order_by(Item.id)
    query = query if limit is None else query.limit(limit)
    query = query if offset is None else query.offset(offset)

    match use:
        case 0:
            assert query.all() == expected
        case 1:
            assert list(query.stream()) == expected
        case 2:
            assert (query.count(), query.exists()) == (len(expected), bool(expected))
        case 3:
            assert query.first() == (expected[0] if expected else None)
        case 4:
            found = query.columns(Item.id, Item.price * 2, Item.note).all()
            assert found == [(row.id, row.price * 2, row.note) for row in expected]
        case 5:
            groups = {group.id: group for group in db.select(Group).all()}
            assert query.with_one(Item.group_id).all() == [(row, groups.get(row.group_id or 0)) for row in expected]
        case 6:
            found_groups = db.select(Group).order_by(Group.id).with_many(Item.group_id, query).all()
            for group, items in found_groups:
                own = ordered([row for row in matching if row.group_id == group.id], order)
                assert items == (own[start:] if limit is None else own[start : start + limit])
        case 7:
            bare = db.select(Item).where(*(condition.sql for condition in conditions))
            counted = (
                db.select(Group)
                .order_by(Group.id)
                .with_many(Item.group_id, bare)
                .count_many(Item.group_id, db.select(Item).where(Item.number > (limit or 0)))
                .aggregate_many(Item.group_id, sa.func.max(Item.number), bare)
                .all()
            )
            for group, items, count, highest in counted:
                assert items == [row for row in matching if row.group_id == group.id]
                assert count == sum(row.group_id == group.id and row.number > (limit or 0) for row in rows)
                assert highest == max((item.number for item in items), default=None)
        case _ if conditions:
            with pytest.raises(Undo), db.transaction():
                sql = [condition.sql for condition in conditions]
                assert db.update(Item).set(Item.number.to(limit or 0)).where(*sql).run() == len(matching)
                raise Undo
            with pytest.raises(Undo), db.transaction():
                changed = db.update(Item).set(Item.words.to(Item.words.concat("!"))).where(*sql).returning()
                assert sorted((row.id, row.words) for row in changed) == [(row.id, row.words + "!") for row in matching]
                raise Undo
            with pytest.raises(Undo), db.transaction():
                assert db.delete(Item).where(*sql).run() == len(matching)
                assert db.select(Item).order_by(Item.id).all() == [row for row in rows if row not in matching]
                raise Undo
        case _:
            assert query.all() == expected
    assert len(db._plans) <= PLANS


# --- the cache itself -------------------------------------------------------------------------------------------------


def test_the_same_shape_is_compiled_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(value: int) -> list[Any]:
        condition = (Item.number > value) | (Item.maybe == value)
        return [
            db.select(Item).where(condition).order_by(Item.id).limit(value + 5).all(),
            db.select(Item).where(sa.func.abs(Item.number) > value).all(),
            db.all(sa.select(Item.id).where(Item.number * value > 0)),
            db.select(Item).where(Item.words.in_(["a"] * value)).count(),
        ]

    first = ask(1)
    monkeypatch.setattr(sa.ClauseElement, "compile", lambda *_: pytest.fail("compiled again"))

    assert ask(2) != first
    assert ask(1) == first


def test_the_cache_stays_within_its_bound_and_serves_what_is_used(tmp_path: Any, driver: DriverName) -> None:
    with Database.create(url_of(tmp_path / "items.db"), [Group, Item], driver=driver, durability="off") as db:
        for number in range(560):
            columns = [Item.id] * (number % 40 + 1)
            statement = sa.select(*columns, sa.literal_column(str(number)))
            assert db.all(statement) == []
            assert len(db._plans) <= 512


def test_what_cannot_be_recognised_again_does_not_push_out_what_can() -> None:
    cache = PlanCache(4)
    unknown: Any = ([],)

    for number in range(4):
        cache.get(("shape", number), object)
    kept = [cache.get(("shape", number), object) for number in range(4)]
    made = [cache.get(unknown, object) for _ in range(20)]

    assert [cache.get(("shape", number), object) for number in range(4)] == kept
    assert len(set(map(id, made))) == 20
    assert len(cache) == 4


def test_a_full_cache_lets_the_older_half_go() -> None:
    cache = PlanCache(4)
    plans = [cache.get(number, object) for number in range(5)]

    assert len(cache) == 3
    assert all(cache.get(number, object) is plans[number] for number in (2, 3, 4))
    assert cache.get(0, object) is not plans[0]
