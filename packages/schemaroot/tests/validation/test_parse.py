"""Outside data as a whole: every problem at once, JSON text, and hostile input."""

import json as jsonlib
import sys

import pytest

from schemaroot import Check, Col, JsonValue, Table, auto_id, integer, json, text
from schemaroot.errors import InvalidValueError, Problem, ValidationError
from schemaroot.validation.parse import parse_insert, parse_insert_json, parse_update, parse_update_json


class Step(Table, name="steps", checks=[Check("in_order", lambda: Step.starts_at <= Step.ends_at)]):
    id: Col[int] = auto_id()
    title: Col[str] = text(min_length=1, max_length=10)
    starts_at: Col[int] = integer(default=0)
    ends_at: Col[int] = integer(default=10)
    details: Col[dict[str, JsonValue]] = json(default_factory=dict)
    tags: Col[list[str]] = json(default_factory=list)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as raised:
        parse_insert(
            Step,
            {"title": "", "startsAt": 11, "details": {"a": "\0"}, "tags": [1, "x", 2], "id": 4, "colour": "red"},
        )

    assert raised.value.what == "StepCreate"
    assert raised.value.code == "VALIDATION_FAILED"
    assert raised.value.problems == (
        Problem("title", "shorter than 1 characters", "TOO_SHORT"),
        Problem("details.a", "the text holds a NUL character", "TEXT_NOT_STORABLE"),
        Problem("tags[0]", "expected str, got int", "WRONG_TYPE"),
        Problem("tags[2]", "expected str, got int", "WRONG_TYPE"),
        Problem("id", "read-only", "READ_ONLY"),
        Problem("colour", "unknown field", "UNKNOWN_FIELD"),
        Problem("startsAt", "breaks the rule in_order", "CHECK"),
    )
    assert str(raised.value).startswith("StepCreate is not valid: title: shorter than 1 characters; details.a: ")
    assert str(raised.value).endswith("Nothing was written.")


def test_paths_start_where_the_data_stands() -> None:
    with pytest.raises(ValidationError) as raised:
        parse_insert(Step, {"tags": [1]}, at="steps[2]")

    assert [problem.path for problem in raised.value.problems] == ["steps[2].title", "steps[2].tags[0]"]


def test_keys_that_are_no_names_are_quoted_in_paths() -> None:
    with pytest.raises(ValidationError) as raised:
        parse_insert(Step, {"title": "x", "details": {"a b": {"c.d": "\0", "é": "\0", "1": "\0"}}})

    assert [problem.path for problem in raised.value.problems] == [
        'details["a b"]["c.d"]',
        'details["a b"].é',
        'details["a b"]["1"]',
    ]


def test_a_check_over_an_update_is_told_when_all_its_columns_are_given() -> None:
    assert parse_update(Step, {"startsAt": 11}).values() == {"starts_at": 11}
    with pytest.raises(ValidationError) as raised:
        parse_update(Step, {"endsAt": 10, "startsAt": 11})

    assert raised.value.problems == (Problem("startsAt", "breaks the rule in_order", "CHECK"),)


@pytest.mark.parametrize("data", [None, [], "x", 5, True, [{"title": "x"}], object()])
def test_data_that_is_no_object_is_refused(data: object) -> None:
    for parse in (parse_insert, parse_update):
        with pytest.raises(ValidationError) as raised:
            parse(Step, data)

        assert raised.value.problems == (Problem("", "expected an object", "WRONG_TYPE"),)


def test_json_text_and_bytes_are_read_alike() -> None:
    text = '{"title": "é", "details": {"n": 1.5}}'

    assert parse_insert_json(Step, text) == parse_insert_json(Step, text.encode())
    assert parse_insert_json(Step, text) == parse_insert(Step, jsonlib.loads(text))
    assert parse_update_json(Step, text) == parse_update(Step, jsonlib.loads(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("{", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"title": "x"} x', "not JSON: Extra data: line 1 column 16 (char 15)"),
        ('{"title": "x", "startsAt": NaN}', "not JSON: NaN is not a number of JSON"),
        ('{"title": "x", "startsAt": -Infinity}', "not JSON: -Infinity is not a number of JSON"),
        (b'{"title": "\xff"}', "not JSON: 'utf-8' codec can't decode byte 0xff in position 11: invalid start byte"),
        ('{"startsAt": ' + "9" * 5000 + "}", "a number has too many digits"),
    ],
)
def test_text_that_is_not_json_is_refused(text: str | bytes, problem: str) -> None:
    with pytest.raises(ValidationError) as raised:
        parse_insert_json(Step, text)

    assert raised.value.problems == (Problem("", problem, "NOT_JSON"),)


def test_keys_that_stand_twice_are_refused_wherever_they_are() -> None:
    text = '{"title": "x", "title": "y", "details": {"a": [{"b": 1, "c": 2, "b": 3}]}, "endsAt": "z"}'

    with pytest.raises(ValidationError) as raised:
        parse_insert_json(Step, text)

    assert raised.value.problems == (
        Problem("title", "the key stands twice", "DUPLICATE_KEY"),
        Problem("details.a[0].b", "the key stands twice", "DUPLICATE_KEY"),
        Problem("endsAt", "expected a whole number", "WRONG_TYPE"),
    )


def deep_list(levels: int) -> object:
    document: object = "x"
    for _ in range(levels):
        document = [document]
    return document


def deep_object(levels: int) -> object:
    document: object = "x"
    for _ in range(levels):
        document = {"a": document}
    return document


@pytest.mark.parametrize(
    "data",
    [
        {"title": "\0"},
        {"title": "\ud800"},
        {"title": "a\udfff" * 1000},
        {"\0": 1},
        {"\ud800": 1},
        {"": 1},
        {"title" * 100_000: 1},
        {5: 1},
        {None: 1},
        {(1, 2): 1},
        {b"title": b"x"},
        {"title": 10**5000},
        {"title": "x", "startsAt": 10**5000},
        {"title": "x", "startsAt": -(2**63) - 1},
        {"title": "x", "startsAt": float("nan")},
        {"title": "x", "startsAt": complex(1, 2)},
        {"title": "x", "details": {"a": 10**5000}},
        {"title": "x", "details": {"a": float("-inf")}},
        {"title": "x", "details": {1: {2: object()}}},
        {"title": "x", "details": {"\ud800": "\udfff"}},
        {"title": "x", "details": deep_object(10_000)},
        {"title": "x", "details": {"a": deep_list(10_000)}},
        {"title": deep_list(10_000)},
        {"title": deep_object(10_000), "startsAt": deep_list(10_000), "tags": deep_list(10_000)},
        {"title": "x", "unknown": deep_object(10_000)},
        {"title": "x", "tags": [[]] * 1000},
        {"title": "x", "tags": ("a", object())},
        {"title": type, "tags": lambda: None},
        {"title": "x" * 1_000_000},
        dict.fromkeys(map(str, range(2000))),
    ],
    ids=range(30),
)
def test_hostile_data_gives_a_validation_error_and_nothing_else(data: dict[object, object]) -> None:
    for parse in (parse_insert, parse_update):
        with pytest.raises(ValidationError) as raised:
            parse(Step, data)

        assert raised.value.problems
        assert len(str(raised.value)) < 200_000
        str(raised.value).encode()  # can be shown


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "[" * 10_000 + "]" * 10_000,
        '{"details":' + '{"a":' * 10_000 + "1" + "}" * 10_001,
        '{"title":"x","details":' + '{"a":' * 300 + "1" + "}" * 301,
        '{"title":"\\ud800"}',
        '{"\\ud800":1,"\\ud800":2}',
        '{"title":"\\u0000"}',
        '{"title":"x","startsAt":1e999}',
        '{"title":"x","details":{"a":1e999}}',
        '{"title":"x","details":{"a":123456789012345678901234567890}}',
        '{"title":"x","startsAt":1.0}',
        "\ufeff{}",
        "nul",
        '"title"',
        '{"title":"x",}',
        "{'title':'x'}",
        "{" + ",".join(f'"k{number % 100}":1' for number in range(10_000)) + "}",
    ],
    ids=range(17),
)
def test_hostile_text_gives_a_validation_error_and_nothing_else(text: str) -> None:
    for parse in (parse_insert_json, parse_update_json):
        with pytest.raises(ValidationError) as raised:
            parse(Step, text)

        assert raised.value.problems


def test_deep_text_is_refused_however_deep_the_caller_stands() -> None:
    text = '{"title":"x","details":' + '{"a":' * 150 + "1" + "}" * 151

    def called_at(depth: int) -> int:
        return called_at(depth - 1) if depth else len(parse_insert_json(Step, text).stored)

    assert called_at(10) == called_at(sys.getrecursionlimit() // 3)


def test_the_error_is_a_value_error_of_the_toolkit() -> None:
    with pytest.raises(ValueError) as raised:
        parse_insert(Step, {})

    assert not isinstance(raised.value, InvalidValueError)
    assert raised.value.__cause__ is None
