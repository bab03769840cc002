"""A table with every kind of column, and strategies for all that each of them holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pydantic
from hypothesis import strategies as st

from schemaroot import (
    Col,
    JsonValue,
    Ref,
    Table,
    auto_id,
    blob,
    boolean,
    integer,
    json,
    new,
    real,
    references,
    text,
    timestamp_ms,
)
from schemaroot.schema.new import New


class Address(TypedDict):
    street: str
    number: int


class Point(msgspec.Struct, frozen=True):
    x: float
    y: float


class Square(pydantic.BaseModel):
    kind: Literal["square"] = "square"
    side: int


class Circle(pydantic.BaseModel):
    kind: Literal["circle"] = "circle"
    radius: float


Shape = Annotated[Square | Circle, pydantic.Field(discriminator="kind")]


class Box(Table, name="boxes"):
    id: Col[int] = auto_id()


class Kinds(Table, name="kinds"):
    id: Col[int] = auto_id()
    box_id: Ref[Box, int | None] = references(lambda: Box.id, default=None, on_delete="cascade")
    whole: Col[int] = integer()
    whole_or_none: Col[int | None] = integer(default=None)
    number: Col[float] = real()
    number_or_none: Col[float | None] = real(default=None)
    words: Col[str] = text()
    words_or_none: Col[str | None] = text(default=None)
    state: Col[Literal["open", "it's", "Grüße 🖋", ""]] = text()
    level: Col[Literal[-1, 0, 7]] = integer()
    flag: Col[bool] = boolean()
    flag_or_none: Col[bool | None] = boolean(default=None)
    moment: Col[datetime] = timestamp_ms()
    moment_or_none: Col[datetime | None] = timestamp_ms(default=None)
    raw: Col[bytes] = blob()
    raw_or_none: Col[bytes | None] = blob(default=None)
    tags: Col[list[str]] = json()
    anything: Col[JsonValue] = json()
    mapping: Col[dict[str, JsonValue]] = json()
    numbers: Col[list[int]] = json()
    address: Col[Address] = json()
    points: Col[list[Point]] = json()
    shape: Col[Shape] = json()


class MaybeJson(Table, name="maybe_json"):
    id: Col[int] = auto_id()
    tags: Col[list[str] | None] = json(default=None)
    shape: Col[Shape | None] = json(default=None)


INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


MOMENTS = st.one_of(
    st.datetimes(timezones=st.just(UTC)).map(_whole_milliseconds),
    # Around the borders of what the fast way of decoding takes, and of what fits at all.
    st.sampled_from([-(10**12), 0, 10**12, 2**33 * 1000, -62_135_596_800_000, 253_402_300_799_999])
    .flatmap(lambda border: st.integers(-3, 3).map(lambda step: border + step))
    .filter(lambda ms: -62_135_596_800_000 <= ms <= 253_402_300_799_999)
    .map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)),
)
ZONED = st.datetimes(
    min_value=datetime(2, 1, 1),
    max_value=datetime(9998, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=11, minutes=30))]),
).map(_whole_milliseconds)

JSON = st.recursive(
    st.none() | st.booleans() | INT64 | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
SHAPES: st.SearchStrategy[Any] = st.one_of(
    INT64.map(lambda side: Square(side=side)), FLOATS.map(lambda radius: Circle(radius=radius))
)


def _or_none(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "whole": INT64,
    "whole_or_none": _or_none(INT64),
    "number": FLOATS,
    "number_or_none": _or_none(FLOATS),
    "words": TEXTS,
    "words_or_none": _or_none(TEXTS),
    "state": st.sampled_from(["open", "it's", "Grüße 🖋", ""]),
    "level": st.sampled_from([-1, 0, 7]),
    "flag": st.booleans(),
    "flag_or_none": _or_none(st.booleans()),
    "moment": MOMENTS,
    "moment_or_none": _or_none(MOMENTS),
    "raw": st.binary(max_size=40),
    "raw_or_none": _or_none(st.binary(max_size=40)),
    "tags": st.lists(TEXTS, max_size=3),
    "anything": JSON,
    "mapping": st.dictionaries(TEXTS, JSON, max_size=3),
    "numbers": st.lists(INT64, max_size=3),
    "address": st.fixed_dictionaries({"street": TEXTS, "number": INT64}),
    "points": st.lists(st.builds(Point, FLOATS, FLOATS), max_size=2),
    "shape": SHAPES,
}

ROWS = st.fixed_dictionaries(VALUES)

PLAIN: dict[str, Any] = {
    "whole": 1,
    "number": 0.5,
    "words": "word",
    "state": "open",
    "level": 7,
    "flag": True,
    "moment": datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
    "raw": b"\x00\xff",
    "tags": ["a"],
    "anything": {"deep": [1, None]},
    "mapping": {"k": 1.5},
    "numbers": [1, 2],
    "address": {"street": "Lane", "number": 1},
    "points": [Point(1.0, 2.0)],
    "shape": Circle(radius=2.5),
}
"""A value for each column that asks for one."""


def kinds(**values: Any) -> New[Kinds]:
    """A row, with some values of its own."""
    return new(Kinds, **(PLAIN | values))


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal down to their types: 1 is not True, and not 1.0."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, dict):
        return all(is_same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)):
        return all(map(is_same, one, other))
    if isinstance(one, Table):
        return is_same(one.to_dict(), other.to_dict())
    if isinstance(one, datetime):
        return one.tzinfo is other.tzinfo is UTC
    return True
