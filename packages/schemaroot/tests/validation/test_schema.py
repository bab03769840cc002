"""JSON Schema of the three models: whole in golden files, and of one mind with the models' own verdict."""

import json as jsonlib
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NotRequired

import msgspec
import pydantic
import pytest
from typing_extensions import TypedDict

from schemaroot import (
    Col,
    JsonValue,
    Ref,
    Table,
    auto_id,
    blob,
    boolean,
    generated,
    integer,
    json,
    now,
    real,
    references,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.errors import ValidationError
from schemaroot.validation.models import Kind, insert_model
from schemaroot.validation.parse import parse_insert, parse_update
from schemaroot.validation.schema import json_schema

GOLDEN = Path(__file__).parent / "golden"


class Photo(msgspec.Struct, tag="photo"):
    width: int
    caption: str | None = None


class Album(msgspec.Struct, tag="album"):
    items: "list[Photo | Album]"


class Place(TypedDict):
    name: str
    floor: NotRequired[int]


class Contact(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    email: str
    deputy: "Contact | None" = None


class Room(Table, name="rooms", comment="A room that can be booked."):
    id: Col[int] = auto_id()
    parent_id: Ref["Room", int | None] = references(lambda: Room.id, default=None)
    name: Col[str] = text(min_length=1, max_length=40, comment="Written on the door.")
    code: Col[str] = text(pattern="^[A-Z][0-9]+$")
    seats: Col[int] = integer(default=1, minimum=1, maximum=500)
    price: Col[float | None] = real(default=None, minimum=0)
    state: Col[Literal["free", "booked"]] = text(default="free")
    grade: Col[Literal[1, 2, 3] | None] = integer(default=None)
    heated: Col[bool] = boolean(default=True)
    plan: Col[bytes] = blob(default=b"", max_length=5)
    opened: Col[datetime] = timestamp_ms()
    tags: Col[list[str]] = json(default_factory=list)
    media: Col[list[Photo | Album]] = json(default_factory=list)
    place: Col[Place | None] = json(default=None)
    contact: Col[Contact | None] = json(default=None)
    extra: Col[JsonValue] = json(default=None)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    double: Col[int] = generated(lambda: Room.seats * 2)
    deleted: Col[datetime | None] = soft_delete()


@pytest.mark.parametrize("kind", ["insert", "update", "select"])
def test_the_schema_is_the_golden_one(kind: Kind) -> None:
    """To make the golden files anew, delete them and run this test once."""
    golden = GOLDEN / f"room_{kind}.json"
    made = jsonlib.dumps(json_schema(Room, kind), indent=2, ensure_ascii=False) + "\n"
    if not golden.exists():
        golden.write_text(made, encoding="utf-8")
        pytest.fail(f"{golden.name} was not there and was written; look at it")

    assert made == golden.read_text(encoding="utf-8")


def test_no_optionality_is_invented() -> None:
    declared = Room.__declaration__
    insert, update, select = (json_schema(Room, kind) for kind in ("insert", "update", "select"))

    assert insert["required"] == ["name", "code", "opened"]
    assert "required" not in update
    assert select["required"] == [name for name in select["properties"]]
    assert len(select["required"]) == len(declared.columns)
    assert {schema["additionalProperties"] for schema in (insert, update, select)} == {False}


def test_no_integer_has_a_format() -> None:
    assert '"format"' not in jsonlib.dumps([json_schema(Room, kind) for kind in ("insert", "update", "select")])


def test_one_schema_for_many_models_names_each_shape_once() -> None:
    """What FastAPI does for OpenAPI: references as it wants them, and two shapes of one name kept apart."""

    def other() -> type[Table]:
        class Place(TypedDict):
            street: str

        class Shop(Table, name="shops"):
            id: Col[int] = auto_id()
            place: Col[Place] = json()

        return Shop

    models = [(insert_model(Room), "validation"), (insert_model(other()), "validation")]
    _, schema = pydantic.json_schema.models_json_schema(models, ref_template="#/components/schemas/{model}")

    definitions = schema["$defs"]
    places = sorted(name for name in definitions if name.startswith("Place"))
    assert len(places) == 2
    assert sorted(sorted(definitions[name]["properties"]) for name in places) == [["floor", "name"], ["street"]]
    mapping = definitions["RoomCreate"]["properties"]["media"]["items"]["discriminator"]["mapping"]
    assert mapping == {"photo": "#/components/schemas/Photo", "album": "#/components/schemas/Album"}


class Checker:
    """As much of JSON Schema as our schemas use, written from its specification."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def fits(self, value: object) -> bool:
        return self.is_valid(self.schema, value)

    def is_valid(self, schema: dict[str, Any], value: Any) -> bool:
        known = {"$schema", "$defs", "title", "description", "default", "discriminator", "contentEncoding"}
        return all(
            getattr(self, f"check_{key.strip('$')}")(schema[key], value, schema) for key in schema if key not in known
        )

    def check_ref(self, ref: str, value: object, _schema: object) -> bool:
        return self.is_valid(self.schema["$defs"][ref.removeprefix("#/$defs/")], value)

    def check_anyOf(self, options: list[dict[str, Any]], value: object, _schema: object) -> bool:  # JSON Schema's name
        return any(self.is_valid(option, value) for option in options)

    def check_type(self, name: str, value: object, _schema: object) -> bool:
        types = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int}
        if name == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, types[name]) and (name != "integer" or not isinstance(value, bool))

    def check_enum(self, members: list[object], value: object, _schema: object) -> bool:
        return any(type(member) is type(value) and member == value for member in members)

    def check_minimum(self, low: float, value: Any, _schema: object) -> bool:
        return not isinstance(value, (int, float)) or value >= low

    def check_maximum(self, high: float, value: Any, _schema: object) -> bool:
        return not isinstance(value, (int, float)) or value <= high

    def check_minLength(self, low: int, value: object, _schema: object) -> bool:  # JSON Schema's name
        return not isinstance(value, str) or len(value) >= low

    def check_maxLength(self, high: int, value: object, _schema: object) -> bool:  # JSON Schema's name
        return not isinstance(value, str) or len(value) <= high

    def check_pattern(self, pattern: str, value: object, _schema: object) -> bool:
        return not isinstance(value, str) or re.search(pattern, value) is not None

    def check_items(self, schema: dict[str, Any], value: object, _schema: object) -> bool:
        return not isinstance(value, list) or all(self.is_valid(schema, item) for item in value)

    def check_required(self, names: list[str], value: object, _schema: object) -> bool:
        return not isinstance(value, dict) or all(name in value for name in names)

    def check_properties(self, properties: dict[str, Any], value: object, _schema: object) -> bool:
        return not isinstance(value, dict) or all(
            self.is_valid(properties[name], item) for name, item in value.items() if name in properties
        )

    def check_additionalProperties(
        self, allowed: bool, value: object, schema: dict[str, Any]
    ) -> bool:  # JSON Schema's name
        return allowed or not isinstance(value, dict) or all(name in schema["properties"] for name in value)


WHOLE = {"name": "Blue", "code": "A1", "opened": 5}

VALUES: dict[str, list[object]] = {
    "parentId": [None, 1, -(2**63), 2**63 - 1, 2**63, "1", 1.5, True, {}],
    "name": ["a", "", "a" * 40, "a" * 41, "é" * 40, None, 5, []],
    "code": ["A1", "a1", "xA1", "A", "A1x"],
    "seats": [1, 0, 500, 501, "1", 1.5, None, False],
    "price": [None, 0, 0.5, -0.5, "1", True, 1e308],
    "state": ["free", "booked", "lost", None, 1],
    "grade": [None, 1, 3, 4, "1", True],
    "heated": [True, False, 0, 1, "true", None],
    "plan": ["", "YQ==", "YQ=", "!!!!", "YWJjZGU=", "YWJjZGVmZ2g=", None, 5],
    "opened": [0, -1, 253_402_300_799_999, 253_402_300_800_000, "2024-01-01", 1.5, None],
    "tags": [[], ["a"], [1], "a", None, {}, [None]],
    "media": [
        [],
        [{"type": "photo", "width": 1}],
        [{"type": "photo", "width": 1, "caption": None}],
        [{"type": "album", "items": [{"type": "photo", "width": 2}]}],
        [{"type": "album", "items": [{"type": "photo"}]}],
        [{"type": "photo", "width": "1"}],
        [{"type": "photo", "width": 1, "height": 2}],
        [{"type": "film"}],
        [{"width": 1}],
        {},
    ],
    "place": [None, {"name": "x"}, {"name": "x", "floor": 2}, {"floor": 2}, {"name": 1}, {"name": "x", "roof": 1}, []],
    "contact": [
        None,
        {"email": "e"},
        {"email": "e", "deputy": {"email": "f"}},
        {"email": "e", "deputy": {}},
        {"email": "e", "phone": "1"},
        {},
        "e",
    ],
    "extra": [None, 1, "x", [{"a": None}]],
    "updated": [5],
    "double": [2],
    "deleted": [None],
    "id": [1],
    "unknown": [1],
}


@pytest.mark.parametrize("name", VALUES)
def test_the_schema_and_the_models_have_one_verdict(name: str) -> None:
    insert, update = Checker(json_schema(Room, "insert")), Checker(json_schema(Room, "update"))

    for value in VALUES[name]:
        whole, part = {**WHOLE, name: value}, {name: value}
        assert insert.fits(whole) == takes(parse_insert, whole), value
        assert update.fits(part) == takes(parse_update, part), value
    assert not insert.fits({})
    assert update.fits({})


def takes(parse: Any, data: object) -> bool:
    try:
        parse(Room, data)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", ["name", "code", "opened"])
def test_the_schema_and_the_models_ask_for_the_same(name: str) -> None:
    data = {key: value for key, value in WHOLE.items() if key != name}

    assert not Checker(json_schema(Room, "insert")).fits(data)
    assert not takes(parse_insert, data)
