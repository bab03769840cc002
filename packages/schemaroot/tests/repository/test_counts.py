"""Counts and aggregates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func

from schemaroot import new
from schemaroot.errors import InvalidArgumentsError, MissingFilterError
from schemaroot.testing import statements

from .library import Book, Library, Room, Thing

MOMENT = datetime(2025, 2, 3, 4, 5, 6, 789000, UTC)


@pytest.fixture
def counted(library: Library) -> Library:
    """Six things, one of them deleted."""
    rows = [
        new(Thing, number=number, size=number / 2, state="read" if number % 3 else "new", label=label, moment=MOMENT)
        for number, label in enumerate(["a", None, "a", None, None, "b"])
    ]
    made = library.things.create_many(rows)
    library.things.delete(made[5].id)
    return library


def test_count_and_exists(counted: Library) -> None:
    assert counted.things.count() == 5
    assert counted.things.count(Thing.number > 1, Thing.label.is_(None)) == 2
    assert counted.things.count(Thing.number.in_([])) == 0
    assert counted.things.exists()
    assert counted.things.exists(Thing.label == "a")
    assert not counted.things.exists(Thing.label == "b")
    for verb in (counted.things.count, counted.things.exists, counted.things.all):
        with pytest.raises(MissingFilterError):
            verb(None)  # type: ignore[arg-type]  # what is missing is the point


def test_count_by_gives_the_most_frequent_first_and_equals_by_value(counted: Library) -> None:
    assert list(counted.things.count_by(Thing.state).items()) == [("read", 3), ("new", 2)]
    assert counted.things.count_by(Thing.label) == {None: 3, "a": 2}
    assert counted.things.count_by(Thing.moment) == {MOMENT: 5}
    assert list(counted.things.count_by(Thing.number).items()) == [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]
    assert counted.things.count_by(Thing.state, Thing.number < 2) == {"new": 1, "read": 1}
    assert counted.things.count_by(Thing.state, Thing.number > 99) == {}


def test_count_by_sees_what_was_written_since(counted: Library) -> None:
    assert counted.things.count_by(Thing.state) == {"read": 3, "new": 2}
    counted.things.create(state="lost")
    counted.things.delete(1)

    assert counted.things.count_by(Thing.state) == {"read": 3, "new": 1, "lost": 1}


def test_count_by_answers_are_the_callers_own(counted: Library) -> None:
    counted.things.count_by(Thing.state).clear()

    assert counted.things.count_by(Thing.state) == {"read": 3, "new": 2}


def test_count_by_refuses_what_cannot_be_counted(counted: Library) -> None:
    with pytest.raises(InvalidArgumentsError, match=r"not counted by things\.tags"):
        counted.things.count_by(Thing.tags)
    with pytest.raises(InvalidArgumentsError, match=r"not counted by rooms\.name"):
        counted.things.count_by(Room.name)  # type: ignore[arg-type]  # the wrong table is the point


def test_aggregates_come_as_the_columns_own_values(counted: Library) -> None:
    assert counted.things.aggregate(func.sum(Thing.number)) == 10
    assert counted.things.aggregate(func.max(Thing.size)) == 2.0
    assert counted.things.aggregate(func.max(Thing.moment)) == MOMENT
    assert counted.things.aggregate(func.min(Thing.label), Thing.number > 0) == "a"
    assert counted.things.aggregate(func.count(Thing.label.distinct())) == 1


def test_an_aggregate_over_no_rows_is_none_and_a_count_is_0(counted: Library) -> None:
    assert counted.things.aggregate(func.max(Thing.moment), Thing.number > 99) is None
    assert counted.things.aggregate(func.count(), Thing.number > 99) == 0


def test_each_is_one_statement(counted: Library) -> None:
    things = counted.things
    calls: list[Any] = [
        things.count,
        things.exists,
        lambda: things.count_by(Thing.state),
        lambda: things.count_by(Thing.state, Thing.number > 0),
        lambda: things.aggregate(func.sum(Thing.number)),
    ]
    for call in calls:
        with statements(counted.db) as ran:
            call()
        assert len(ran) == 1


def test_counts_of_a_table_without_soft_delete(library: Library) -> None:
    book = library.book()
    library.chapters.create_many([])
    library.chapters.create(book_id=book.id, title="x")

    assert library.chapters.count() == 1
    assert library.books.count_by(Book.state) == {"new": 1}
