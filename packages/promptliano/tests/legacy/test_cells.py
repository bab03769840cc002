"""Cells survive the archive exactly, and secrets survive it sealed."""

from __future__ import annotations

import base64
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptliano.legacy.cells import (
    BrokenText,
    Cell,
    Refusal,
    difference,
    from_json,
    row_bytes,
    same,
    sort_key,
    to_json,
)
from promptliano.legacy.codecs import (
    EPOCH,
    choice,
    empty_when_null,
    flag,
    moment,
    null_when_empty,
    numbers_as_texts,
    texts,
    whole,
    zero_is_never,
)
from promptliano.legacy.errors import KeyFileError
from promptliano.legacy.sealing import SECRETS, Sealer
from promptliano.schema import TicketStatus
from schemaroot import JsonValue

CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
    st.binary().map(lambda raw: BrokenText(b"\xff" + raw)),
)


@given(CELLS)
def test_a_cell_survives_json(cell: Cell) -> None:
    text = msgspec.json.encode(to_json(cell))

    assert same(from_json(cast("JsonValue", msgspec.json.decode(text))), cell)


def test_cells_of_another_storage_class_or_sign_are_not_the_same() -> None:
    assert not same(1, 1.0)
    assert not same(0.0, -0.0)
    assert not same("a", b"a")
    assert not same("", None)
    assert difference({"a": 1, "b": 1, "c": None}, {"a": 1, "b": 1.0}) == {"b": 1, "c": None}


def test_a_row_is_hashed_as_the_manifests_say() -> None:
    assert row_bytes([None, -7, 0.5, "ä", b"\0", BrokenText(b"\xff")]) == (
        b"n|i-7|r3fe0000000000000|t2:\xc3\xa4|b1:\0|t1:\xff\n"
    )


def test_cells_sort_as_sqlite_sorts_them() -> None:
    cells: list[Cell] = [b"a", "b", "a", BrokenText(b"\xff"), 2, 1.5, None]

    assert sorted(cells, key=sort_key) == [None, 1.5, 2, "a", "b", BrokenText(b"\xff"), b"a"]


# --- codecs -----------------------------------------------------------------------------------------------------------


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_moment_goes_both_ways_exactly(milliseconds: int) -> None:
    assert moment.back(moment.there(milliseconds)) == milliseconds


def test_codecs_take_what_was_written_and_refuse_the_rest() -> None:
    status = choice(TicketStatus, {"closed": "completed"})

    assert status.there("closed") == "completed"
    assert status.back("completed") == "closed"
    assert (empty_when_null.there(None), null_when_empty.there(None)) == ("", "")
    assert (empty_when_null.back(""), null_when_empty.back("")) == ("", None)
    assert (zero_is_never.there(0), zero_is_never.back(None)) == (None, 0)
    assert numbers_as_texts.there('["12","7"]') == [12, 7]
    assert numbers_as_texts.back([12, 7]) == '["12","7"]'
    assert moment.there(0) == EPOCH == datetime(1970, 1, 1, tzinfo=UTC)
    for refusing, cell in (
        (status, "completed"),
        (status, "Open"),
        (whole, 1.0),
        (whole, None),
        (flag, 2),
        (moment, "2025-01-01"),
        (moment, 2**63 - 1),
        (texts, "[1]"),
        (texts, '["a"'),
        (texts, None),
        (numbers_as_texts, '["1_0"]'),
        (numbers_as_texts, '["٣"]'),
    ):
        with pytest.raises(Refusal):
            refusing.there(cell)


def test_every_status_can_be_told_in_old_words() -> None:
    status = choice(TicketStatus, {"closed": "completed"})

    assert {status.there(status.back(member)) for member in get_args(TicketStatus)} == set(get_args(TicketStatus))


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_secret_cells_are_sealed_and_opened_again(tmp_path: Path) -> None:
    cells: dict[str, Cell] = {"id": 1, "key": "sk-secret", "iv": None, "provider": "openai"}

    sealed = Sealer(tmp_path / "a.key").archived("provider_keys", "1", cells)

    assert (sealed["id"], sealed["iv"], sealed["provider"]) == (1, None, "openai")
    assert b"sk-secret" not in msgspec.json.encode(sealed)
    assert Sealer(tmp_path / "a.key").opened("provider_keys", "1", sealed) == cells
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


def test_no_key_file_is_made_without_a_secret(tmp_path: Path) -> None:
    Sealer(tmp_path / "a.key").archived("migrations", "1", {"key": "no secret here"})

    assert "migrations" not in SECRETS
    assert not any(tmp_path.iterdir())


def test_a_sealed_cell_opens_only_in_its_place_and_with_its_key(tmp_path: Path) -> None:
    sealed = Sealer(tmp_path / "a.key").archived("provider_keys", "1", {"key": "sk-secret"})
    (tmp_path / "other.key").write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    (tmp_path / "broken.key").write_bytes(b"short")

    for key, row in (("a.key", "2"), ("other.key", "1"), ("broken.key", "1"), ("missing.key", "1")):
        with pytest.raises(KeyFileError):
            Sealer(tmp_path / key).opened("provider_keys", row, sealed)
