"""Values that a database would not give back as they were are refused, with the column's name, before a write."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import MISSING, Database
from schemaroot.engine.driver import DriverName
from schemaroot.errors import InvalidValueError, TextNotStorableError

from .kinds import PLAIN, Box, Kinds, MaybeJson, Square, kinds
from .shop import url_of


@pytest.fixture
def db(tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    """One row of every kind of value."""
    with Database.create(url_of(tmp_path / "kinds.db"), [Box, Kinds], driver=driver, durability="off") as made:
        made.insert_new(kinds())
        yield made


REFUSED: list[tuple[str, Any, type[InvalidValueError]]] = [
    ("whole", 2**63, InvalidValueError),
    ("whole", -(2**63) - 1, InvalidValueError),
    ("whole", 1.0, InvalidValueError),
    ("whole", True, InvalidValueError),
    ("whole", "1", InvalidValueError),
    ("whole", None, InvalidValueError),
    ("whole", Decimal(1), InvalidValueError),
    ("number", math.nan, InvalidValueError),
    ("number", math.inf, InvalidValueError),
    ("number", -math.inf, InvalidValueError),
    ("number", 10**400, InvalidValueError),
    ("number", "1.5", InvalidValueError),
    ("number", False, InvalidValueError),
    ("words", "a\0b", TextNotStorableError),
    ("words", "\ud800", TextNotStorableError),
    ("words", "🖋\udfff", TextNotStorableError),
    ("words", b"bytes", InvalidValueError),
    ("words", None, InvalidValueError),
    ("state", "shut", InvalidValueError),
    ("state", None, InvalidValueError),
    ("level", 2, InvalidValueError),
    ("level", False, InvalidValueError),  # not 0
    ("flag", 1, InvalidValueError),
    ("flag", None, InvalidValueError),
    ("moment", datetime(2024, 1, 1), InvalidValueError),
    ("moment", date(2024, 1, 1), InvalidValueError),
    ("moment", 1_700_000_000_000, InvalidValueError),
    ("moment", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), InvalidValueError),
    ("raw", "text", InvalidValueError),
    ("tags", ["a", 1], InvalidValueError),
    ("tags", {"a": 1}, InvalidValueError),
    ("tags", ["\ud800"], TextNotStorableError),
    ("tags", ["a\0"], TextNotStorableError),
    ("anything", math.nan, InvalidValueError),
    ("anything", {"deep": [math.inf]}, InvalidValueError),
    ("anything", 2**64, InvalidValueError),
    ("anything", {"deep": [-(2**63) - 1]}, InvalidValueError),
    ("anything", str, InvalidValueError),
    ("mapping", {"a": {"b": math.nan}}, InvalidValueError),
    ("mapping", {"a\0": 1}, TextNotStorableError),
    ("numbers", [2**63], InvalidValueError),
    ("address", {"street": "Lane"}, InvalidValueError),
    ("points", [1.0], InvalidValueError),
    ("shape", {"kind": "triangle"}, InvalidValueError),
    ("words_or_none", "\ud800", TextNotStorableError),
    ("number_or_none", math.nan, InvalidValueError),
    ("moment_or_none", datetime(2024, 1, 1), InvalidValueError),
    ("whole", MISSING, InvalidValueError),
]


@pytest.mark.parametrize(("column", "value", "kind"), REFUSED, ids=lambda value: repr(value).split(" at 0x")[0][:30])
def test_a_value_that_cannot_be_stored_is_refused_by_every_way_of_writing(
    db: Database, column: str, value: Any, kind: type[InvalidValueError]
) -> None:
    expression = getattr(Kinds, column)
    everywhere = sa.update(Kinds).where(sa.true())
    ways: list[Callable[[], object]] = [
        lambda: db.insert(Kinds, **(PLAIN | {column: value})),
        lambda: db.insert_many([kinds(), kinds(**{column: value})]),
        lambda: db.update(Kinds).set(expression.to(value)).all_rows().run(),
        lambda: db.update(Kinds).set(expression.to(value)).all_rows().returning(),
        lambda: db.upsert(kinds(**{column: value}).with_(Kinds.id.to(1)), on=[Kinds.id]),
        lambda: kinds().with_(expression.to(value)),
    ]
    if value is not MISSING:  # which a missing argument of an insert is; an update has no such thing
        ways += [lambda: db.execute(everywhere.values({column: value}))] if value is not None else []
    else:
        ways = ways[2:4]
    before = db.select(Kinds).all()

    for way in ways:
        with pytest.raises(InvalidValueError) as caught:
            way()
        assert type(caught.value) is kind
        assert caught.value.column == f"kinds.{column}"
        assert f"kinds.{column}" in str(caught.value)
        assert caught.value.code in {"INVALID_VALUE", "TEXT_NOT_STORABLE"}
    assert db.select(Kinds).all() == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("moment", datetime(2024, 1, 1)),
        ("number", math.nan),
        ("raw", "text"),
        ("flag", 1),
        ("whole", "1"),
        ("words", 1),
        ("tags", ["a", 1]),
    ],
)
def test_comparing_a_column_with_what_it_can_never_hold_names_it(db: Database, column: str, value: Any) -> None:
    expression = getattr(Kinds, column)

    for condition in (expression == value, expression != value, expression > value):
        for run in (
            lambda condition=condition: db.select(Kinds).where(condition).all(),
            lambda condition=condition: db.update(Kinds).set(Kinds.words.to("x")).where(condition).run(),
            lambda condition=condition: db.delete(Kinds).where(condition).run(),
            lambda condition=condition: db.all(sa.select(Kinds.id).where(condition)),
        ):
            with pytest.raises(InvalidValueError) as caught:
                run()
            assert caught.value.column == f"kinds.{column}"


def test_comparing_with_a_text_that_no_database_holds_is_an_error_of_ours(db: Database) -> None:
    condition = Kinds.words == "\ud800"

    for run in (
        lambda: db.select(Kinds).where(condition).all(),
        lambda: list(db.select(Kinds).where(condition).stream()),
        lambda: db.delete(Kinds).where(condition).run(),
    ):
        with pytest.raises(InvalidValueError):
            run()
    assert db.select(Kinds).count() == 1


def test_a_condition_may_reach_beyond_what_a_column_holds(db: Database) -> None:
    """The bounds of a column are for its values; to ask for more or less is a question like any other."""
    level: Any = Kinds.level
    state: Any = Kinds.state
    assert db.select(Kinds).where(level < 100, level > -100).count() == 1
    assert db.select(Kinds).where(state == "no such state").count() == 0


def test_a_json_column_may_hold_null(tmp_path: Path, driver: DriverName) -> None:
    with Database.create(url_of(tmp_path / "maybe.db"), [MaybeJson], driver=driver) as made:
        row = made.insert(MaybeJson)

        assert made.select(MaybeJson).where(MaybeJson.tags == None).all() == [row]  # noqa: E711  # builds SQL
        assert made.insert(MaybeJson, tags=["a"], shape=Square(side=2)).shape == Square(side=2)


def test_a_part_finer_than_a_millisecond_is_cut_off(db: Database) -> None:
    row = db.insert_new(kinds(moment=datetime(2024, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)))

    assert row.moment == datetime(2024, 1, 1, 0, 0, 0, 999_000, tzinfo=UTC)
    assert db.select(Kinds).where(Kinds.id == row.id).one() == row
