"""The three models: what each leaves out, asks for and allows, and how names are spelt."""

from datetime import UTC, datetime

import pydantic
import pytest

from schemaroot import (
    MISSING,
    Check,
    Col,
    Table,
    auto_id,
    generated,
    integer,
    json,
    now,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.errors import DeclarationError, Problem, ValidationError
from schemaroot.schema.table import row_maker
from schemaroot.validation.models import insert_model, outside_name, select_model, update_model
from schemaroot.validation.parse import parse_insert, parse_update, problems_of

MOMENT = datetime(2024, 1, 2, 3, 4, 5, 678_000, UTC)


class Note(Table, name="notes", comment="A note that somebody wrote."):
    id: Col[int] = auto_id()
    note_title: Col[str] = text(max_length=10, comment="What it is about.")
    body: Col[str] = text(default="")
    reminder: Col[str | None] = text(default=None)
    pin: Col[str | None] = text(default=None, max_length=4, secret=True)
    created_at: Col[datetime] = timestamp_ms(default_factory=now)
    updated_at: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    body_length: Col[int] = generated(lambda: Note.id + 1)
    deleted: Col[datetime | None] = soft_delete()


class Setting(Table, name="settings"):
    """Columns with names that Pydantic has taken."""

    key: Col[str] = text(primary_key=True)
    schema: Col[str] = text(default="a")
    copy: Col[str | None] = text(default=None)
    model_dump: Col[str] = text(default="c")
    revision: Col[int] = integer(default=1, on_update=lambda: 2)


def problems(table: type[Table], data: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as raised:
        parse_insert(table, data)
    return [(problem.path, problem.message) for problem in raised.value.problems]


def test_models_are_named_for_the_table_and_made_once() -> None:
    names = [model(Note).__name__ for model in (insert_model, update_model, select_model)]

    assert names == ["NoteCreate", "NoteUpdate", "Note"]
    assert insert_model(Note) is insert_model(Note)
    assert insert_model(Note).__doc__ == "A note that somebody wrote."
    assert insert_model(Note).__module__ == Note.__module__


def test_the_models_differ_in_what_they_leave_out_and_ask_for() -> None:
    def fields(model: type[pydantic.BaseModel]) -> dict[str, bool]:
        return {name: field.is_required() for name, field in model.model_fields.items()}

    assert fields(insert_model(Note)) == {
        "note_title": True,
        "body": False,
        "reminder": False,
        "pin": False,
        "created_at": False,
    }
    assert fields(update_model(Note)) == dict.fromkeys(fields(insert_model(Note)), False)
    assert fields(select_model(Note)) == dict.fromkeys(Note.__declaration__.columns, True)


def test_names_are_camel_case_outside_and_the_columns_own_is_taken_too() -> None:
    outside = parse_insert(Note, {"noteTitle": "x", "createdAt": 5})
    inside = parse_insert(Note, {"note_title": "x", "created_at": 5})

    assert outside_name(Note.__declaration__.columns["note_title"]) == "noteTitle"
    assert outside.values()["created_at"] == inside.values()["created_at"]
    assert insert_model(Note)(note_title="x").model_dump(exclude_unset=True) == {"noteTitle": "x"}


def test_a_field_given_under_both_names_is_refused() -> None:
    assert problems(Note, {"noteTitle": "x", "note_title": "x"}) == [
        ("note_title", "given twice, as noteTitle and as note_title")
    ]


def test_unknown_fields_are_refused_and_a_near_name_is_suggested() -> None:
    assert problems(Note, {"noteTitel": "x", "colour": 1}) == [
        ("noteTitle", "required"),
        ("noteTitel", "unknown field (did you mean noteTitle?)"),
        ("colour", "unknown field"),
    ]


@pytest.mark.parametrize("name", ["id", "updatedAt", "updated_at", "bodyLength", "deleted"])
@pytest.mark.parametrize("value", [1, None])
def test_read_only_columns_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as inserted:
        parse_insert(Note, {"noteTitle": "x", name: value})
    with pytest.raises(ValidationError) as updated:
        parse_update(Note, {name: value})

    assert inserted.value.problems == (Problem(name, "read-only", "READ_ONLY"),)
    assert updated.value.problems == inserted.value.problems


def test_absent_is_not_null_in_an_update() -> None:
    absent = parse_update(Note, {"body": "y"})
    null = parse_update(Note, {"body": "y", "reminder": None})

    assert absent.values() == {"body": "y"}
    assert null.values() == {"body": "y", "reminder": None}
    assert absent.get(Note.reminder) is MISSING
    assert null.get(Note.reminder) is None


def test_null_is_refused_where_the_column_is_not_nullable() -> None:
    with pytest.raises(ValidationError) as raised:
        parse_update(Note, {"body": None, "noteTitle": None, "createdAt": None})

    assert raised.value.problems == (
        Problem("noteTitle", "null is not allowed", "NULL_NOT_ALLOWED"),
        Problem("body", "null is not allowed", "NULL_NOT_ALLOWED"),
        Problem("createdAt", "null is not allowed", "NULL_NOT_ALLOWED"),
    )


def test_an_update_of_nothing_is_an_empty_patch() -> None:
    assert not parse_update(Note, {})


def test_an_update_keeps_what_was_not_given_out_of_its_json() -> None:
    made = update_model(Note).model_validate({"reminder": None})

    assert made.model_dump_json() == '{"reminder":null}'
    assert made.model_fields_set == {"reminder"}


def test_an_insert_fills_in_defaults() -> None:
    values = parse_insert(Note, {"noteTitle": "x"}).values()

    assert values["body"] == ""
    assert values["reminder"] is None
    assert values["deleted"] is None
    assert values["created_at"] == values["updated_at"]


def test_an_instance_of_the_model_is_taken_as_data() -> None:
    made = insert_model(Note).model_validate({"noteTitle": "x", "createdAt": 5})

    assert parse_insert(Note, made).values()["note_title"] == "x"


def test_instances_are_frozen() -> None:
    made = insert_model(Note).model_validate({"noteTitle": "x"})

    with pytest.raises(pydantic.ValidationError):
        made.body = "y"


def test_a_row_becomes_its_model() -> None:
    row = row_maker(Note)(1, "x", "", None, None, MOMENT, MOMENT, 2, None)

    shown = select_model(Note).model_validate(row).model_dump(mode="json")

    milliseconds = int(MOMENT.timestamp() * 1000)
    assert shown == {
        "id": 1,
        "noteTitle": "x",
        "body": "",
        "reminder": None,
        "pin": None,
        "createdAt": milliseconds,
        "updatedAt": milliseconds,
        "bodyLength": 2,
        "deleted": None,
    }


def test_a_row_from_outside_must_be_whole() -> None:
    with pytest.raises(pydantic.ValidationError) as raised:
        select_model(Note).model_validate({"id": 1, "extra": 2})

    found = {problem.path: problem.kind for problem in problems_of(raised.value)}
    assert found["noteTitle"] == "MISSING"
    assert found["deleted"] == "MISSING"
    assert found["extra"] == "UNKNOWN_FIELD"


def test_columns_may_have_names_that_pydantic_uses() -> None:
    made = parse_insert(Setting, {"key": "k", "schema": "x", "copy": "y", "modelDump": "z"})
    patch = parse_update(Setting, {"schema": "x", "model_dump": "z"})
    row = row_maker(Setting)("k", "x", "y", "z", 1)

    assert made.values() == {"key": "k", "schema": "x", "copy": "y", "model_dump": "z", "revision": 1}
    assert patch.values() == {"schema": "x", "model_dump": "z"}
    assert select_model(Setting).model_validate(row).model_dump() == {
        "key": "k",
        "schema": "x",
        "copy": "y",
        "modelDump": "z",
        "revision": 1,
    }


def test_two_columns_of_one_name_outside_are_a_wrong_declaration() -> None:
    class Twins(Table, name="twins"):
        id: Col[int] = auto_id()
        line_2: Col[str] = text()
        line2: Col[str] = text()

    with pytest.raises(DeclarationError, match="line2"):
        insert_model(Twins)


def test_no_value_is_carried_by_an_error() -> None:
    with pytest.raises(pydantic.ValidationError) as raised:
        insert_model(Note).model_validate({"noteTitle": "far too long to be a title", "pin": "4711-0815"})

    assert all(details["input"] is None for details in raised.value.errors())
    assert "4711" not in str(raised.value)
    assert "far too long" not in str(raised.value)


def test_a_secret_is_not_shown_by_models_either() -> None:
    made = insert_model(Note).model_validate({"noteTitle": "x", "pin": "4711"})

    assert "4711" not in repr(made)


def test_a_secret_document_of_the_wrong_shape_is_not_shown() -> None:
    class Vault(Table, name="vaults"):
        id: Col[int] = auto_id()
        keys: Col[dict[str, int]] = json(default_factory=dict, secret=True)

    with pytest.raises(ValidationError) as raised:
        parse_insert(Vault, {"keys": {"a": "hunter2"}})

    assert [problem.path for problem in raised.value.problems] == ["keys.a"]
    assert "hunter2" not in str(raised.value)


def test_values_that_only_updates_write_are_filled_in_by_an_insert() -> None:
    class Counted(Table, name="counted"):
        id: Col[int] = auto_id()
        times: Col[int] = integer(default=0, on_update=lambda: 1)

    assert parse_insert(Counted, {}).values()["times"] == 0


def test_a_check_is_told_by_the_models_themselves() -> None:
    class Span(Table, name="spans", checks=[Check("in_order", lambda: Span.low <= Span.high)]):
        id: Col[int] = auto_id()
        low: Col[int] = integer()
        high: Col[int] = integer(default=10)

    with pytest.raises(pydantic.ValidationError) as raised:
        insert_model(Span).model_validate({"low": 11})

    assert problems_of(raised.value) == (Problem("low", "breaks the rule in_order", "CHECK"),)
