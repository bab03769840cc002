"""Any valid value of any kind of column goes out as JSON and comes back as the same stored values."""

import dataclasses
import json as jsonlib
from datetime import datetime
from typing import Literal

import msgspec
import pydantic
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypedDict

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
    now,
    real,
    references,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.schema.types import INT64_MAX, INT64_MIN, MAX_MS, MIN_MS, from_milliseconds
from schemaroot.validation.models import insert_model, select_model, update_model
from schemaroot.validation.parse import parse_insert, parse_insert_json, parse_update_json

TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
INTEGERS = st.integers(INT64_MIN, INT64_MAX)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.integers(MIN_MS, MAX_MS).map(from_milliseconds)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


class Size(TypedDict):
    width: float
    height: float


@dataclasses.dataclass
class Mark:
    at: int
    note: str = ""


class Leaf(msgspec.Struct, tag="leaf"):
    value: str


class Node(msgspec.Struct, tag="node", rename="camel"):
    child_nodes: "list[Leaf | Node]" = []


class Person(pydantic.BaseModel):
    name: str
    age: int | None = None


class Everything(Table, name="everything"):
    id: Col[int] = auto_id()
    owner_id: Ref["Everything", int | None] = references(lambda: Everything.id, default=None)
    whole: Col[int] = integer()
    small: Col[int] = integer(default=0, minimum=-5, maximum=5)
    number: Col[float] = real()
    words: Col[str] = text(max_length=20)
    shout: Col[str | None] = text(default=None, pattern="^[A-Z]+$")
    state: Col[Literal["on", "off", "it's"]] = text(default="on")
    level: Col[Literal[0, 1, -7]] = integer(default=0)
    flag: Col[bool] = boolean()
    moment: Col[datetime] = timestamp_ms(default_factory=now)
    later: Col[datetime | None] = timestamp_ms(default=None)
    data: Col[bytes] = blob(default=b"", max_length=16)
    tags: Col[list[str]] = json(default_factory=list)
    counts: Col[dict[str, int]] = json(default_factory=dict)
    size: Col[Size | None] = json(default=None)
    marks: Col[list[Mark]] = json(default_factory=list)
    tree: Col[Leaf | Node | None] = json(default=None)
    people: Col[list[Person]] = json(default_factory=list)
    anything: Col[JsonValue] = json(default=None)
    deleted: Col[datetime | None] = soft_delete()


TREES: st.SearchStrategy[Leaf | Node] = st.recursive(
    TEXTS.map(Leaf), lambda inner: st.lists(inner, max_size=3).map(Node), max_leaves=5
)
VALUES = st.fixed_dictionaries(
    {"whole": INTEGERS, "number": FLOATS, "words": TEXTS, "flag": st.booleans(), "moment": MOMENTS},
    optional={
        "owner_id": st.none() | INTEGERS,
        "small": st.integers(-5, 5),
        "shout": st.none() | st.text("ABC", min_size=1),
        "state": st.sampled_from(["on", "off", "it's"]),
        "level": st.sampled_from([0, 1, -7]),
        "later": st.none() | MOMENTS,
        "data": st.binary(max_size=16),
        "tags": st.lists(TEXTS, max_size=3),
        "counts": st.dictionaries(TEXTS, INTEGERS, max_size=3),
        "size": st.none() | st.fixed_dictionaries({"width": FLOATS, "height": FLOATS}),
        "marks": st.lists(st.builds(Mark, INTEGERS, TEXTS), max_size=3),
        "tree": st.none() | TREES,
        "people": st.lists(st.builds(Person, name=TEXTS, age=st.none() | INTEGERS), max_size=3),
        "anything": DOCUMENTS,
    },
)


@given(VALUES)
def test_an_insert_survives_json(values: dict[str, object]) -> None:
    made = new(Everything, **values)
    written = insert_model(Everything).model_validate(values).model_dump_json()

    assert parse_insert_json(Everything, written).stored == made.stored
    assert parse_insert(Everything, values).stored == made.stored
    assert parse_insert(Everything, jsonlib.loads(written)).stored == made.stored


@given(VALUES)
def test_the_python_values_of_a_new_row_make_the_same_row(values: dict[str, object]) -> None:
    made = new(Everything, **values)

    held = {name: value for name, value in made.values().items() if name != "deleted"}
    assert parse_insert(Everything, held).stored == made.stored


@given(VALUES)
def test_an_update_survives_json(values: dict[str, object]) -> None:
    written = update_model(Everything).model_validate(values).model_dump_json()

    patch = parse_update_json(Everything, written)
    made = new(Everything, **values)
    assert set(patch.values()) == set(values)
    assert made.with_(*patch).stored == made.stored


@given(VALUES)
def test_a_row_survives_json(values: dict[str, object]) -> None:
    held = new(Everything, **values).with_(Everything.id.to(1)).values()

    written = select_model(Everything).model_validate(held).model_dump_json()
    read = select_model(Everything).model_validate(jsonlib.loads(written))
    assert {name: getattr(read, name) for name in held} == held
