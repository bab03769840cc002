"""Every kind of column: what it takes from outside, at the edge too, and what it refuses, and why."""

import base64
import json as jsonlib
from datetime import UTC, datetime
from typing import Literal

import pytest

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
    real,
    references,
    text,
    timestamp_ms,
)
from schemaroot.errors import Problem, ValidationError
from schemaroot.validation.models import insert_model, select_model
from schemaroot.validation.parse import parse_insert, parse_insert_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_MS = 253_402_300_799_999
MIN_MS = -62_135_596_800_000


class Sample(Table, name="samples"):
    id: Col[int] = auto_id()
    whole: Col[int] = integer(default=0)
    few: Col[int] = integer(default=5, minimum=1, maximum=9)
    number: Col[float] = real(default=0.0)
    share: Col[float] = real(default=0.5, minimum=0, maximum=1)
    words: Col[str] = text(default="")
    code: Col[str] = text(default="ab", min_length=2, max_length=4, pattern="^[a-zé€𝄞]+$")
    state: Col[Literal["on", "off"]] = text(default="on")
    level: Col[Literal[0, 1]] = integer(default=0)
    flag: Col[bool] = boolean(default=False)
    moment: Col[datetime] = timestamp_ms(default=EPOCH)
    data: Col[bytes] = blob(default=b"", max_length=4)
    maybe: Col[int | None] = integer(default=None)
    parent: Ref["Sample", int | None] = references(lambda: Sample.id, default=None)
    tags: Col[list[str]] = json(default_factory=list)
    anything: Col[JsonValue] = json(default=None)


@pytest.mark.parametrize(
    ("name", "given", "held"),
    [
        ("whole", 0, 0),
        ("whole", 2**63 - 1, 2**63 - 1),
        ("whole", -(2**63), -(2**63)),
        ("few", 1, 1),
        ("few", 9, 9),
        ("number", 1.5, 1.5),
        ("number", 3, 3.0),
        ("number", -1.7976931348623157e308, -1.7976931348623157e308),
        ("number", 5e-324, 5e-324),
        ("share", 0, 0.0),
        ("share", 1, 1.0),
        ("words", "", ""),
        ("words", "é€𝄞\n\t\x7f", "é€𝄞\n\t\x7f"),
        ("code", "ab", "ab"),
        ("code", "𝄞𝄞𝄞𝄞", "𝄞𝄞𝄞𝄞"),
        ("state", "off", "off"),
        ("level", 1, 1),
        ("flag", True, True),
        ("moment", 1, datetime(1970, 1, 1, 0, 0, 0, 1000, UTC)),
        ("moment", MAX_MS, datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)),
        ("moment", MIN_MS, datetime(1, 1, 1, tzinfo=UTC)),
        ("data", "", b""),
        ("data", base64.b64encode(b"\0\xff\xfe\x01").decode(), b"\0\xff\xfe\x01"),
        ("maybe", None, None),
        ("maybe", 7, 7),
        ("parent", None, None),
        ("parent", 7, 7),
        ("tags", [], []),
        ("tags", ["", "é"], ["", "é"]),
        ("anything", None, None),
        ("anything", {"a": [1, 2.5, "x", None, True, {}]}, {"a": [1, 2.5, "x", None, True, {}]}),
    ],
)
def test_a_valid_value_is_taken_from_data_and_from_json_text_alike(name: str, given: object, held: object) -> None:
    from_data = parse_insert(Sample, {name: given})
    from_text = parse_insert_json(Sample, jsonlib.dumps({name: given}))

    assert from_data.values()[name] == held
    assert type(from_data.values()[name]) is type(held)
    assert from_text == from_data


@pytest.mark.parametrize(
    ("name", "given", "kind", "message"),
    [
        ("whole", "1", "WRONG_TYPE", "expected a whole number"),
        ("whole", 1.0, "WRONG_TYPE", "expected a whole number"),
        ("whole", True, "WRONG_TYPE", "expected a whole number"),
        ("whole", 2**63, "OUT_OF_RANGE", "greater than 9223372036854775807"),
        ("whole", -(2**63) - 1, "OUT_OF_RANGE", "less than -9223372036854775808"),
        ("whole", 10**4000, "OUT_OF_RANGE", "greater than 9223372036854775807"),
        ("whole", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("few", 0, "OUT_OF_RANGE", "less than 1"),
        ("few", 10, "OUT_OF_RANGE", "greater than 9"),
        ("number", "1.5", "WRONG_TYPE", "expected a number"),
        ("number", False, "WRONG_TYPE", "expected a number"),
        ("number", 10**400, "WRONG_TYPE", "expected a number"),
        ("number", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("share", 1.0000001, "OUT_OF_RANGE", "greater than 1.0"),
        ("share", -1, "OUT_OF_RANGE", "less than 0.0"),
        ("words", 5, "WRONG_TYPE", "expected a text"),
        ("words", ["a"], "WRONG_TYPE", "expected a text"),
        ("words", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("words", "a\0b", "TEXT_NOT_STORABLE", "the text holds a NUL character"),
        ("words", "\ud800", "TEXT_NOT_STORABLE", "the text holds a lone surrogate"),
        ("code", "a", "TOO_SHORT", "shorter than 2 characters"),
        ("code", "abcde", "TOO_LONG", "longer than 4 characters"),
        ("code", "AB", "PATTERN", "does not match ^[a-zé€𝄞]+$"),
        ("state", "gone", "NOT_ONE_OF", "not one of 'on' or 'off'"),
        ("state", 1, "NOT_ONE_OF", "not one of 'on' or 'off'"),
        ("state", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("level", 2, "NOT_ONE_OF", "not one of 0 or 1"),
        ("level", True, "WRONG_TYPE", "expected a whole number"),
        ("level", 1.0, "WRONG_TYPE", "expected a whole number"),
        ("level", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("flag", 1, "WRONG_TYPE", "expected true or false"),
        ("flag", "true", "WRONG_TYPE", "expected true or false"),
        ("flag", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("moment", "2024-01-01T00:00:00Z", "WRONG_TYPE", "expected whole milliseconds since 1970 UTC"),
        ("moment", 1.5, "WRONG_TYPE", "expected whole milliseconds since 1970 UTC"),
        ("moment", True, "WRONG_TYPE", "expected whole milliseconds since 1970 UTC"),
        ("moment", MAX_MS + 1, "OUT_OF_RANGE", "outside of the years 1 to 9999"),
        ("moment", MIN_MS - 1, "OUT_OF_RANGE", "outside of the years 1 to 9999"),
        ("moment", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("data", "!!!!", "WRONG_SHAPE", "expected base64 with its padding"),
        ("data", "YQ", "WRONG_SHAPE", "expected base64 with its padding"),
        ("data", "YQ==YQ==", "WRONG_SHAPE", "expected base64 with its padding"),
        ("data", "Y Q=", "WRONG_SHAPE", "expected base64 with its padding"),
        ("data", "é===", "WRONG_SHAPE", "expected base64 with its padding"),
        ("data", 5, "WRONG_TYPE", "expected bytes as base64"),
        ("data", base64.b64encode(b"12345").decode(), "TOO_LONG", "longer than 4 bytes"),
        ("data", None, "NULL_NOT_ALLOWED", "null is not allowed"),
        ("maybe", "x", "WRONG_TYPE", "expected a whole number"),
        ("parent", "x", "WRONG_TYPE", "expected a whole number"),
        ("tags", "x", "WRONG_TYPE", "expected array, got str"),
        ("tags", {}, "WRONG_TYPE", "expected array, got object"),
        ("tags", None, "NULL_NOT_ALLOWED", "null is not allowed"),
    ],
)
def test_an_invalid_value_is_refused_with_its_path_kind_and_reason(
    name: str, given: object, kind: str, message: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        parse_insert(Sample, {name: given})

    assert raised.value.problems == (Problem(name, message, kind),)


def test_numbers_that_are_not_finite_are_refused() -> None:
    for bad in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValidationError) as raised:
            parse_insert(Sample, {"number": bad, "whole": bad, "moment": bad, "anything": {"a": [bad]}})

        assert {(problem.path, problem.kind) for problem in raised.value.problems} == {
            ("number", "OUT_OF_RANGE"),
            ("whole", "WRONG_TYPE"),
            ("moment", "WRONG_TYPE"),
            ("anything.a[0]", "OUT_OF_RANGE"),
        }


def test_python_values_of_moments_and_bytes_are_taken_too() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, 678_999, UTC)

    values = parse_insert(Sample, {"moment": moment, "data": b"\0\1"}).values()

    assert values["moment"] == moment.replace(microsecond=678_000)
    assert values["data"] == b"\0\1"


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="has no time zone"):
        parse_insert(Sample, {"moment": datetime(2024, 1, 2)})


def test_models_write_the_json_that_they_take() -> None:
    given = {"moment": 5, "data": "AAE=", "tags": ["a"], "anything": {"b": 1}, "parent": 3, "number": 2.5}

    written = insert_model(Sample).model_validate(given).model_dump_json(exclude_unset=True)

    assert jsonlib.loads(written) == given
    assert parse_insert_json(Sample, written) == parse_insert(Sample, given)


def test_a_row_is_shown_as_the_same_json() -> None:
    given = {"moment": 5, "data": "AAE=", "tags": ["a"], "anything": {"b": 1}, "parent": 3, "number": 2.5}
    values = parse_insert(Sample, given).with_(Sample.id.to(7)).values()

    shown = select_model(Sample).model_validate(values).model_dump(mode="json")

    assert shown == {
        "id": 7,
        "whole": 0,
        "few": 5,
        "share": 0.5,
        "words": "",
        "code": "ab",
        "state": "on",
        "level": 0,
        "flag": False,
        "maybe": None,
        **given,
    }
