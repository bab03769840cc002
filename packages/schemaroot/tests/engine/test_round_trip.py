"""Whatever a column holds comes back as it went in: alone, in bulk, streamed, nested, projected, with either driver."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaroot import Database, new
from schemaroot.engine import decode
from schemaroot.engine.decode import row_decoder
from schemaroot.engine.driver import DriverName

from .kinds import FIRST, LAST, MOMENTS, PLAIN, ROWS, ZONED, Box, Circle, Kinds, Point, is_same, kinds
from .shop import DRIVERS, url_of


@pytest.fixture(scope="module", params=DRIVERS)
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A table with every kind of column; what a test writes is undone."""
    driver: DriverName = request.param
    path = tmp_path_factory.mktemp("round trip") / "kinds.db"
    with Database.create(url_of(path), [Box, Kinds], driver=driver, durability="off") as made:
        yield made


class Undo(Exception):
    """Undoes what an example wrote."""


def check_every_way(db: Database, rows: list[dict[str, Any]], stored: list[Kinds], box: Box) -> None:
    """All ways of reading give the rows as they were given to be stored."""
    for values, row in zip(rows, stored, strict=True):
        assert is_same({name: getattr(row, name) for name in values}, values)
    query = db.select(Kinds).order_by(Kinds.id)
    assert is_same(query.all(), stored)
    assert is_same(list(query.stream()), stored)
    assert is_same(query.where(Kinds.box_id == box.id).all(), stored)
    assert is_same([db.select(Kinds).where(Kinds.id == row.id).one() for row in stored], stored)
    assert is_same(db.select(Box).with_many(Kinds.box_id).all(), [(box, stored)])
    assert is_same(db.select(Kinds).order_by(Kinds.id).with_one(Kinds.box_id).all(), [(row, box) for row in stored])
    names = list(Kinds.__declaration__.columns)
    columns = [getattr(Kinds, name) for name in names]
    tuples = [tuple(getattr(row, name) for name in names) for row in stored]
    assert is_same(db.all(sa.select(*columns).order_by(Kinds.id)), tuples)
    assert is_same(query.columns(*columns).all(), tuples)
    assert is_same(list(db.stream(sa.select(*columns).order_by(Kinds.id))), tuples)


@settings(max_examples=60)
@given(values=ROWS)
def test_a_row_survives_being_stored_alone(db: Database, values: dict[str, Any]) -> None:
    with pytest.raises(Undo), db.transaction():
        box = db.insert(Box)
        stored = db.insert(Kinds, box_id=box.id, **values)
        check_every_way(db, [values], [stored], box)
        raise Undo


@settings(max_examples=40)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_rows_survive_being_stored_together(db: Database, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(Undo), db.transaction():
        box = db.insert(Box)
        stored = db.insert_many([new(Kinds, box_id=box.id, **values) for values in rows])
        check_every_way(db, rows, stored, box)
        raise Undo


@settings(max_examples=60)
@given(before=ROWS, after=ROWS)
def test_a_row_survives_being_updated_and_upserted(db: Database, before: dict[str, Any], after: dict[str, Any]) -> None:
    with pytest.raises(Undo), db.transaction():
        row = db.insert(Kinds, **before)
        [updated] = (
            db.update(Kinds)
            .set(*(getattr(Kinds, name).to(value) for name, value in after.items()))
            .where(Kinds.id == row.id)
            .returning()
        )
        assert is_same({name: getattr(updated, name) for name in after}, after)
        assert is_same(db.select(Kinds).where(Kinds.id == row.id).one(), updated)

        again = db.upsert(new(Kinds, **before).with_(Kinds.id.to(row.id)), on=[Kinds.id])
        assert is_same(again, row)
        assert is_same(db.select(Kinds).where(Kinds.id == row.id).one(), row)
        raise Undo


@settings(max_examples=60)
@given(values=ROWS, other=ROWS)
def test_each_value_finds_its_row_again(db: Database, values: dict[str, Any], other: dict[str, Any]) -> None:
    """A value in a condition meets the stored one, for every kind of column."""
    with pytest.raises(Undo), db.transaction():
        row = db.insert(Kinds, **values)
        another = db.insert(Kinds, **other)
        for name, value in values.items():
            column = getattr(Kinds, name)
            equal = [one.id for one in (row, another) if getattr(one, name) == getattr(row, name)]
            # These are compared as documents, by their text.
            if name not in {"anything", "mapping", "points", "shape", "address"}:
                found = db.select(Kinds).where(column == value).order_by(Kinds.id).all()
                assert [one.id for one in found] == equal, name
            else:
                assert row.id in [one.id for one in db.select(Kinds).where(column == value).all()]
            if name in {"whole", "words", "state", "level", "flag", "moment", "number", "raw"}:
                among = db.select(Kinds).where(column.in_([value])).order_by(Kinds.id).all()
                assert [one.id for one in among] == equal, name
        raise Undo


# --- moments ----------------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(moments=st.lists(MOMENTS, min_size=1, max_size=20))
def test_every_moment_to_the_millisecond_survives(db: Database, moments: list[datetime]) -> None:
    with pytest.raises(Undo), db.transaction():
        db.insert_many([kinds(moment=moment, moment_or_none=moment) for moment in moments])
        found = db.select(Kinds).order_by(Kinds.id).all()
        assert is_same([row.moment for row in found], moments)
        assert is_same([row.moment_or_none for row in found], moments)
        assert is_same([db.select(Kinds).where(Kinds.id == row.id).one().moment for row in found], moments)
        raise Undo


@settings(max_examples=60)
@given(moment=ZONED)
def test_a_moment_of_any_zone_is_the_same_moment_in_utc(db: Database, moment: datetime) -> None:
    with pytest.raises(Undo), db.transaction():
        row = db.insert_new(kinds(moment=moment))
        assert is_same(row.moment, moment.astimezone(UTC))
        assert db.select(Kinds).where(Kinds.moment == moment).one() == row
        raise Undo


def test_the_first_and_the_last_moment_survive_among_others_and_alone(db: Database) -> None:
    moments = [FIRST, LAST, datetime(1970, 1, 1, tzinfo=UTC), FIRST + timedelta(milliseconds=1)]
    with pytest.raises(Undo), db.transaction():
        db.insert_many([kinds(moment=moment) for moment in moments * 80])
        assert is_same([row.moment for row in db.select(Kinds).order_by(Kinds.id).all()], moments * 80)
        assert db.select(Kinds).where(Kinds.moment == LAST).count() == 80
        raise Undo


# --- many rows, and where they are cut into chunks --------------------------------------------------------------------

SIZES = sorted(
    {
        0,
        *range(1, 6),
        *(border + step for border in (decode.FEW, decode.CHUNK, 2 * decode.CHUNK) for step in (-1, 0, 1)),
        *(255, 256, 257),
    }
)


def varied(number: int) -> list[dict[str, Any]]:
    """Rows with nulls here and there, the same ones each time."""
    dice = random.Random(number)

    def maybe(value: Any) -> Any:
        return value if dice.random() < 0.5 else None

    return [
        PLAIN
        | {
            "whole": place,
            "whole_or_none": maybe(place),
            "number_or_none": maybe(place / 3),
            "words_or_none": maybe(f"{place}"),
            "flag": dice.random() < 0.5,
            "flag_or_none": maybe(dice.random() < 0.5),
            "moment": FIRST + timedelta(days=dice.randrange(3_000_000)),
            "moment_or_none": maybe(LAST - timedelta(days=place)),
            "raw_or_none": maybe(bytes([place % 256])),
            "tags": [] if dice.random() < 0.5 else [f"{place}"],
            "mapping": {} if dice.random() < 0.5 else {"place": place},
            "points": [Point(place, 0.5)] * dice.randrange(3),
            "shape": Circle(radius=place),
        }
        for place in range(number)
    ]


@pytest.mark.parametrize("size", SIZES)
def test_any_number_of_rows_is_decoded_as_each_one_alone(db: Database, size: int) -> None:
    rows = varied(size)
    with pytest.raises(Undo), db.transaction():
        box = db.insert(Box)
        stored = db.insert_many([new(Kinds, box_id=box.id, **values) for values in rows])
        check_every_way(db, rows, stored, box)
        decoder = row_decoder(Kinds)
        connection = db.held.connection
        assert connection is not None
        raw = connection.execute("SELECT * FROM kinds ORDER BY id").fetchall()
        assert is_same([decoder.one(row) for row in raw], stored)
        assert is_same(decoder.many(raw), stored)
        assert is_same([row for chunk in decoder.chunks(iter(raw)) for row in chunk], stored)
        raise Undo


@pytest.mark.parametrize("enabled", [True, False])
def test_reading_leaves_the_garbage_collector_as_it_was(db: Database, enabled: bool) -> None:
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(Undo), db.transaction():
            db.insert_many([new(Kinds, **values) for values in varied(300)])
            assert len(db.select(Kinds).all()) == 300
            connection = db.held.connection
            assert connection is not None
            connection.execute("UPDATE kinds SET tags = '[1]' WHERE whole = 299").fetchall()
            with pytest.raises(Exception, match=r"kinds\.tags"):
                db.select(Kinds).all()
            assert gc.isenabled() is enabled
            raise Undo
    finally:
        (gc.enable if before else gc.disable)()


# --- what the declaration does not know -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        ("tags", "'[1]'"),
        ("tags", "'[null]'"),
        ("mapping", "'{\"a\": 1e999}'"),
        ("numbers", "'[1.5]'"),
        ("address", '\'{"street": "x"}\''),
        ("points", "'[{\"x\": 1.0}]'"),
        ("shape", '\'{"kind": "triangle"}\''),
        ("moment", "9223372036854775807"),
        ("moment", "-9223372036854775808"),
        ("moment", "253402300800000"),
    ],
)
@pytest.mark.parametrize("others", [0, 30])
def test_a_stored_value_that_the_declaration_does_not_know_is_named(
    db: Database, column: str, stored: str, others: int
) -> None:
    with pytest.raises(Undo), db.transaction():
        db.insert_many([kinds() for _ in range(others)])
        row = db.insert_new(kinds())
        connection = db.held.connection
        assert connection is not None
        connection.execute(f"UPDATE kinds SET {column} = {stored} WHERE id = {row.id}").fetchall()
        expression = getattr(Kinds, column)
        for read in (
            lambda: db.select(Kinds).all(),
            lambda: list(db.select(Kinds).stream()),
            lambda: db.select(Kinds).where(Kinds.id == row.id).one(),
            lambda: db.all(sa.select(expression).where(Kinds.id == row.id)),
        ):
            with pytest.raises(
                Exception, match=f"kinds.{column} holds a value that its declaration does not know"
            ) as caught:
                read()
            assert getattr(caught.value, "code", "") == "DATABASE_ERROR"
        raise Undo
