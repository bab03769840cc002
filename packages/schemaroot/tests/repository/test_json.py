"""Rows as JSON: any valid value of any kind of column comes back unchanged from where it was sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemaroot import Database, Repository, Table, declaration_of, new, rows_to_json, to_json
from schemaroot.testing import temporary_database
from schemaroot.testing.strategies import rows_of
from schemaroot.validation.models import insert_model, select_model
from schemaroot.validation.parse import parse_insert_json

from .kinds import KINDS, Card, Cash, Colour, Kinds, Leaf, Parent
from .library import Library, Undo


@pytest.fixture(scope="module", params=["apsw", "sqlite3"])
def kinds(request: pytest.FixtureRequest) -> Iterator[Database]:
    with temporary_database(KINDS, driver=request.param) as db:
        yield db


def stored(row: Table) -> dict[str, Any]:
    """The values of a row as the driver has them: equal in value and in type."""
    columns = type(row).__declaration__.columns
    return {name: columns[name].dump(value) for name, value in row.to_dict().items()}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(rows_of(Kinds), min_size=1, max_size=5))
def test_any_row_survives_insert_select_json_and_parse(kinds: Database, rows: list[dict[str, Any]]) -> None:
    repository = Repository(kinds, Kinds)
    try:
        with kinds.transaction():
            made = repository.create_many([new(Kinds, **values) for values in rows])
            selected = repository.find_many([row.id for row in made])
            single = [repository.get(row.id) for row in made]
            text = rows_to_json(selected)
            assert text == b"[" + b",".join(map(to_json, single)) + b"]"

            for values, row, one, document in zip(rows, made, single, json.loads(text), strict=True):
                assert row == one
                assert stored(row) == stored(one)
                assert {name: getattr(row, name) for name in values} == values
                parsed = select_model(Kinds).model_validate_json(to_json(one))
                assert {name: getattr(parsed, name) for name in one.to_dict()} == one.to_dict()

                read_only = {column.name for column in declaration_of(Kinds).columns.values() if column.is_read_only}
                outside = {field.alias for name, field in insert_model(Kinds).model_fields.items()}
                sent = json.dumps({key: value for key, value in document.items() if key in outside})
                again = repository.create_from(parse_insert_json(Kinds, sent))
                kept = [name for name in one.to_dict() if name not in read_only - {"twice"}]
                assert {name: stored(again)[name] for name in kept} == {name: stored(one)[name] for name in kept}
            raise Undo
    except Undo:
        pass


def test_json_has_camel_case_keys_milliseconds_and_base64(kinds: Database) -> None:
    repository = Repository(kinds, Kinds)
    row = repository.create(
        whole=-(2**63),
        real_number=1.0,
        words='"é\n\u2028',
        data=b"\xfb\xff",
        names=["a"],
        tree=Leaf(leaf_value="x"),
        payment=Card(number="12", maxAmount=3),
        payments=[Card(number="34")],
        colours=[Colour.RED],
        size={"width": 1.5},
        hidden="seen",
    )

    text = to_json(row)
    document = json.loads(text)

    assert list(document) == [field.alias for field in select_model(Kinds).model_fields.values()]
    assert document["created"] == int(row.created.timestamp() * 1000 + 0.5)
    assert type(document["created"]) is int
    assert (document["whole"], document["words"], document["deleted"]) == (-(2**63), '"é\n\u2028', None)
    assert document["data"] == base64.b64encode(b"\xfb\xff").decode()
    assert b'"realNumber":1.0,' in text
    assert document["tree"] == {"type": "leaf", "leafValue": "x", "when": None}
    assert document["payment"] == {"kind": "card", "number": "12", "maxAmount": 3}
    assert document["payments"] == [{"kind": "card", "number": "34", "maxAmount": None}]
    assert (document["colours"], document["size"], document["names"]) == (["red"], {"width": 1.5}, ["a"])
    assert document["hidden"] == "seen"  # who shows rows to others leaves secrets out before


def test_json_says_what_the_models_say(kinds: Database) -> None:
    row = Repository(kinds, Kinds).create(whole=1, real_number=2.0, words="x", payment=Cash(coins=[1, 2]))

    assert json.loads(to_json(row)) == json.loads(select_model(Kinds).model_validate(row).model_dump_json())


def test_rows_of_several_tables_and_no_rows(kinds: Database) -> None:
    parent = kinds.insert(Parent)
    row = Repository(kinds, Kinds).create(whole=1, real_number=2.0, words="x", parent_id=parent.id)

    assert rows_to_json([]) == b"[]"
    assert rows_to_json(iter([parent])) == b'[{"id":%d}]' % parent.id
    assert rows_to_json([parent, row, parent]) == b"[" + b",".join(map(to_json, [parent, row, parent])) + b"]"


def test_deleted_rows_carry_their_moment(library: Library) -> None:
    room = library.rooms.create(name="x")
    deleted = library.rooms.delete(room.id)

    assert json.loads(to_json(deleted)) == {"id": 1, "name": "x", "deleted": 1735689600000}
