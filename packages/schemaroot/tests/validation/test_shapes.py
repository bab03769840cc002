"""JSON columns: documents of every kind of shape, valid and not, and every fault with its place."""

import dataclasses
import json as jsonlib
from datetime import datetime
from typing import Annotated, Generic, Literal, NotRequired, Required, TypeVar

import msgspec
import pydantic
import pytest
from typing_extensions import TypedDict

from schemaroot import Col, JsonValue, Table, auto_id, json
from schemaroot.errors import ValidationError
from schemaroot.validation.parse import parse_insert, parse_insert_json
from schemaroot.validation.shapes import MAX_DEPTH

T = TypeVar("T")


class Point(TypedDict):
    x: float
    y: float
    label: NotRequired[str]


class Loose(TypedDict, total=False):
    size: Required[int]
    hue: Annotated[int, msgspec.Meta(ge=0, le=360)]


@dataclasses.dataclass
class Line:
    start: Point
    end: Point
    width: float = 1.0
    marks: list[int] = dataclasses.field(default_factory=list)


class Circle(msgspec.Struct, tag="circle"):
    radius: float


class Group(msgspec.Struct, tag="group", rename="camel"):
    group_name: str
    members: "list[Circle | Group]" = []


class Quiet(msgspec.Struct, omit_defaults=True):
    level: int = 3


class Pair(msgspec.Struct, array_like=True):
    left: int
    right: int


class Box(msgspec.Struct, Generic[T]):
    content: T


class Address(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    street: str
    number: int
    since: datetime | None = None


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = []


class Drawing(Table, name="drawings"):
    id: Col[int] = auto_id()
    numbers: Col[list[int]] = json(default_factory=list)
    counts: Col[dict[str, int]] = json(default_factory=dict)
    points: Col[list[Point]] = json(default_factory=list)
    loose: Col[Loose | None] = json(default=None)
    line: Col[Line | None] = json(default=None)
    shapes: Col[list[Circle | Group]] = json(default_factory=list)
    quiet: Col[Quiet | None] = json(default=None)
    pair: Col[Pair | None] = json(default=None)
    box: Col[Box[int] | None] = json(default=None)
    mixed: Col[dict[str, int | str | list[int] | None]] = json(default_factory=dict)
    mode: Col[Literal["a", "b"] | None] = json(default=None)
    keyed: Col[dict[int, str]] = json(default_factory=dict)
    limited: Col[Annotated[list[int], msgspec.Meta(max_length=2)] | None] = json(default=None)
    address: Col[Address | None] = json(default=None)
    pets: Col[list[Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]]] = json(default_factory=list)
    anything: Col[JsonValue] = json(default=None)


@pytest.mark.parametrize(
    ("name", "given", "held"),
    [
        ("numbers", [1, 2], [1, 2]),
        ("counts", {"a": 1, "é b": 2}, {"a": 1, "é b": 2}),
        ("points", [{"x": 1, "y": 2.5}, {"x": 0, "y": 0, "label": "o"}], None),
        ("loose", {"size": 1, "hue": 360}, None),
        (
            "line",
            {"start": {"x": 1, "y": 2}, "end": {"x": 3, "y": 4}, "marks": [1]},
            Line({"x": 1, "y": 2}, {"x": 3, "y": 4}, marks=[1]),
        ),
        ("shapes", [{"type": "circle", "radius": 1}], [Circle(1.0)]),
        (
            "shapes",
            [{"type": "group", "groupName": "g", "members": [{"type": "circle", "radius": 2.0}]}],
            [Group("g", [Circle(2.0)])],
        ),
        ("quiet", {"level": 3}, Quiet()),
        ("quiet", {}, Quiet()),
        ("pair", [1, 2], Pair(1, 2)),
        ("box", {"content": 5}, Box(5)),
        ("mixed", {"a": 1, "b": "x", "c": [1], "d": None}, {"a": 1, "b": "x", "c": [1], "d": None}),
        ("mode", "a", "a"),
        ("keyed", {"1": "x"}, {1: "x"}),
        ("limited", [1, 2], [1, 2]),
        ("address", {"street": "s", "number": 1, "since": None}, Address(street="s", number=1)),
        (
            "pets",
            [{"kind": "cat"}, {"kind": "dog", "tricks": ["sit"]}],
            [Cat(kind="cat"), Dog(kind="dog", tricks=["sit"])],
        ),
        ("anything", "text", "text"),
        ("anything", [[[]]], [[[]]]),
    ],
)
def test_a_document_of_the_shape_becomes_its_python_value(name: str, given: object, held: object) -> None:
    made = parse_insert(Drawing, {name: given})

    assert made.values()[name] == (given if held is None else held)
    assert parse_insert_json(Drawing, jsonlib.dumps({name: given})) == made
    assert parse_insert(Drawing, {name: made.values()[name]}) == made  # the Python value is taken as data too


@pytest.mark.parametrize(
    ("name", "given", "faults"),
    [
        ("numbers", [1, "2", 3.5, None], ["numbers[1] WRONG_TYPE", "numbers[2] WRONG_TYPE", "numbers[3] WRONG_TYPE"]),
        ("counts", {"a": "1", "b c": True}, ["counts.a WRONG_TYPE", 'counts["b c"] WRONG_TYPE']),
        (
            "points",
            [{"x": "1", "y": 2}, {"y": 1, "z": 3}, 4],
            ["points[0].x WRONG_TYPE", "points[1].x MISSING", "points[1].z UNKNOWN_FIELD", "points[2] WRONG_TYPE"],
        ),
        ("loose", {"hue": 361, "size": 1}, ["loose.hue OUT_OF_RANGE"]),
        ("loose", {"hue": 1}, ["loose.size MISSING"]),
        (
            "line",
            {"start": {"x": 1}, "end": {"x": 1, "y": 1}, "width": "w", "colour": 1},
            ["line.start.y MISSING", "line.width WRONG_TYPE", "line.colour UNKNOWN_FIELD"],
        ),
        ("line", {"start": {"x": 1, "y": 1}}, ["line.end MISSING"]),
        ("line", [], ["line WRONG_TYPE"]),
        ("shapes", [{"type": "square"}], ["shapes[0].type NOT_ONE_OF"]),
        ("shapes", [{}], ["shapes[0] MISSING"]),
        (
            "shapes",
            [{"type": "group", "group_name": "g", "members": [{"type": "circle", "radius": "r", "x": 1}]}],
            [
                "shapes[0].groupName MISSING",
                "shapes[0].members[0].radius WRONG_TYPE",
                "shapes[0].members[0].x UNKNOWN_FIELD",
                "shapes[0].group_name UNKNOWN_FIELD",
            ],
        ),
        ("quiet", {"level": 3, "loud": 1}, ["quiet.loud UNKNOWN_FIELD"]),
        ("pair", [1], ["pair OUT_OF_RANGE"]),
        ("pair", [1, "x"], ["pair[1] WRONG_TYPE"]),
        ("box", {"content": "x"}, ["box.content WRONG_TYPE"]),
        ("mixed", {"a": 1.5, "b": [1, "x"]}, ["mixed.a WRONG_TYPE", "mixed.b[1] WRONG_TYPE"]),
        ("mode", "c", ["mode NOT_ONE_OF"]),
        ("keyed", {"x": "y"}, ["keyed WRONG_TYPE"]),
        ("limited", [1, 2, 3], ["limited OUT_OF_RANGE"]),
        (
            "address",
            {"street": 5, "number": "1", "zip": 3},
            ["address.street WRONG_TYPE", "address.number WRONG_TYPE", "address.zip UNKNOWN_FIELD"],
        ),
        (
            "pets",
            [{"kind": "cow"}, {"kind": "dog", "tricks": [1]}],
            ["pets[0] WRONG_SHAPE", "pets[1].tricks[0] WRONG_TYPE"],
        ),
        (
            "anything",
            {"a": "\0", "b": ["\ud800", {"c": float("inf")}], "d": 2**64, "e\0": 1},
            [
                "anything.a TEXT_NOT_STORABLE",
                "anything.b[0] TEXT_NOT_STORABLE",
                "anything.b[1].c OUT_OF_RANGE",
                "anything.d OUT_OF_RANGE",
                'anything["e\\u0000"] TEXT_NOT_STORABLE',
            ],
        ),
        ("anything", {"a": object()}, ["anything INVALID_VALUE"]),
        ("address", {"street": object()}, ["address WRONG_SHAPE"]),
    ],
)
def test_every_fault_of_a_document_is_told_with_its_place(name: str, given: object, faults: list[str]) -> None:
    with pytest.raises(ValidationError) as raised:
        parse_insert(Drawing, {name: given})

    assert [f"{problem.path} {problem.kind}" for problem in raised.value.problems] == faults


def nested(levels: int) -> object:
    document: object = 1
    for _ in range(levels):
        document = [document]
    return document


def test_documents_may_be_nested_to_a_fixed_depth() -> None:
    made = parse_insert(Drawing, {"anything": nested(MAX_DEPTH)})
    with pytest.raises(ValidationError) as raised:
        parse_insert(Drawing, {"anything": nested(MAX_DEPTH + 1)})

    assert made.values()["anything"] == nested(MAX_DEPTH)
    assert [(problem.path, problem.kind) for problem in raised.value.problems] == [("anything", "TOO_DEEP")]


def test_a_document_without_end_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["self"] = endless

    with pytest.raises(ValidationError, match="nested deeper"):
        parse_insert(Drawing, {"anything": endless, "address": endless, "points": endless})
