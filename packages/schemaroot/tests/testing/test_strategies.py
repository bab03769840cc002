"""Strategies give valid values of every kind of column, edges included."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from schemaroot import Check, Col, JsonValue, Table, auto_id, blob, boolean, integer, json, new, real, text
from schemaroot.testing.strategies import rows_of, values_of


class Box(Table, name="boxes", checks=[Check("order", lambda: Box.low <= Box.high)]):
    id: Col[int] = auto_id()
    low: Col[int] = integer(minimum=0, maximum=3)
    high: Col[int] = integer(default=3, minimum=0, maximum=3)
    any_number: Col[int] = integer(default=0)
    share: Col[float] = real(default=0.5, minimum=0.25, maximum=0.75)
    name: Col[str] = text(default="abc", min_length=2, max_length=4)
    code: Col[str] = text(default="A1", pattern="^[A-Z][0-9]$")
    flag: Col[bool | None] = boolean(default=None)
    data: Col[bytes] = blob(default=b"", max_length=3)
    document: Col[JsonValue] = json(default=None)


COLUMNS = [Box.low, Box.any_number, Box.share, Box.name, Box.code, Box.flag, Box.data, Box.document]


@pytest.mark.parametrize("column", COLUMNS, ids=repr)
def test_every_value_is_one_that_the_column_takes(column: Any) -> None:
    @settings(max_examples=60)
    @given(values_of(column))
    def check(value: object) -> None:
        found = column.column
        dumped = found.dump(value)
        assert found.load(dumped) == value

    check()


@settings(max_examples=60)
@given(rows_of(Box))
def test_every_row_is_one_that_an_insert_takes(values: dict[str, Any]) -> None:
    row = new(Box, **values).values()

    assert {name: row[name] for name in values} == values
    assert row["low"] <= row["high"]  # type: ignore[operator]  # two numbers
    assert "low" in values
    assert "id" not in values


def test_defaults_are_left_out_at_times_and_edges_come_up() -> None:
    assert "high" not in find(rows_of(Box), lambda values: "high" not in values)
    assert find(rows_of(Box), lambda values: values.get("low") == values.get("high") == 3)
    for column, edges in (
        (Box.any_number, [2**63 - 1, -(2**63), 2**53 + 1]),
        (Box.share, [0.25, 0.75]),
        (Box.flag, [None, True, False]),
        (Box.data, [b"\0"]),
        (Box.document, [None]),
    ):
        for edge in edges:
            found = find(values_of(column), lambda value, edge=edge: value == edge)
            assert found == edge


def test_a_column_itself_is_taken_as_well_as_its_expression() -> None:
    declared = Box.__declaration__.columns["low"]

    assert find(values_of(declared), lambda value: value > 2) == 3


def test_columns_can_be_given_strategies_of_their_own() -> None:
    @given(rows_of(Box, high=st.just(2), name=st.just("ab")))
    def check(values: dict[str, Any]) -> None:
        assert (values["high"], values["name"]) == (2, "ab")
        assert values["low"] <= 2

    check()


def test_hypothesis_is_needed_by_the_strategies_alone() -> None:
    """The toolkit does not depend on it."""
    import subprocess

    code = "import sys, schemaroot.testing; sys.exit('hypothesis' in sys.modules or 'pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@dataclasses.dataclass
class Part:
    name: str
    parts: list[Part]


class Nest(Table, name="nests"):
    id: Col[int] = auto_id()
    part: Col[Part] = json()


def test_documents_may_hold_others_of_their_own_class() -> None:
    nested = find(values_of(Nest.part), lambda value: bool(value.parts))

    assert isinstance(nested.parts[0], Part)
