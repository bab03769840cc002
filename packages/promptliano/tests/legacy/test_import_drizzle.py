"""A real database of the later application is imported whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def drizzle(samples: Path, load: Callable[..., Any]) -> Any:
    return load(samples / "drizzle-era.db", agents_dir=samples / "agents")


@pytest.fixture(scope="module")
def source(samples: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{samples / 'drizzle-era.db'}?immutable=1", uri=True)) as connection:
        yield connection


def test_every_row_is_accounted_for_and_rebuilt_as_the_manifest_says(drizzle: Any, samples: Path) -> None:
    drizzle.check_sums()
    drizzle.check_sound()

    drizzle.check_matches(samples / "drizzle-era.manifest.json")
    assert drizzle.report.totals["quarantined"] == 0


def test_done_is_kept_where_status_says_otherwise(drizzle: Any) -> None:
    assert drizzle.counts("SELECT done, count(*) FROM tasks GROUP BY 1") == {0: 124, 1: 96}
    assert drizzle.counts("SELECT status, count(*) FROM tasks GROUP BY 1") == {
        "cancelled": 33,
        "completed": 96,
        "in_progress": 28,
        "pending": 63,
    }
    assert drizzle.report.rules["done_over_status"] == drizzle.accounts["ticket_tasks"]["repaired"] == 33


def test_one_queue_item_is_kept_for_each_ticket_or_task(drizzle: Any, source: sqlite3.Connection) -> None:
    ((keys,),) = source.execute("SELECT count(DISTINCT item_type || item_id) FROM queue_items")

    assert drizzle.one("SELECT count(*) FROM queue_items") == keys == 73
    assert drizzle.accounts["queue_items"]["merged"] == 78 - 73
    assert drizzle.counts("SELECT status, count(*) FROM queue_items GROUP BY 1") == {
        "completed": 18,
        "failed": 2,
        "in_progress": 4,
        "queued": 49,
    }
    ids = {number for (number,) in source.execute("SELECT id FROM queue_items")}
    assert {number for (number,) in drizzle.all("SELECT id FROM queue_items")} <= ids


def test_an_end_wins_over_an_item_that_still_waits(drizzle: Any, source: sqlite3.Connection) -> None:
    for kind, number in source.execute(
        "SELECT item_type, item_id FROM queue_items GROUP BY 1, 2 HAVING count(*) > 1 AND sum(status = 'completed')"
    ):
        assert drizzle.one(f"SELECT status FROM queue_items WHERE {kind}_id = {number}") == "completed"


def test_text_ids_of_files_become_numbers_everywhere(drizzle: Any, source: sqlite3.Connection) -> None:
    for number, texts in source.execute("SELECT id, suggested_file_ids FROM tickets"):
        listed = json.loads(drizzle.one(f"SELECT suggested_file_ids FROM tickets WHERE id = {number}"))
        found = [drizzle.one(f"SELECT project_id || '_' || path FROM files WHERE id = {one}") for one in listed]
        assert found == json.loads(texts)
    mapped = drizzle.counts("SELECT source_id, payload ->> 'id' FROM archive WHERE reason = 'id_map'")
    assert mapped == drizzle.counts("SELECT project_id || '_' || path, id FROM files")


def test_short_checksums_are_completed(drizzle: Any, source: sqlite3.Connection) -> None:
    short = dict(source.execute("SELECT id, checksum FROM files"))

    full = drizzle.counts("SELECT project_id || '_' || path, checksum FROM files")
    assert {key: value[:16] for key, value in full.items()} == short
    assert {len(value) for value in full.values()} == {64}


def test_prompts_are_linked_to_their_project(drizzle: Any, source: sqlite3.Connection) -> None:
    expected = source.execute("SELECT id, project_id FROM prompts WHERE project_id IS NOT NULL").fetchall()

    assert sorted(drizzle.all("SELECT prompt_id, project_id FROM prompt_projects")) == sorted(expected)


def test_a_file_that_was_selected_twice_is_selected_once(drizzle: Any) -> None:
    assert drizzle.accounts["selected_files"]["merged"] == 1
    assert drizzle.one("SELECT count(*) FROM selected_files") == 19


def test_queues_that_are_not_active_are_paused(drizzle: Any) -> None:
    assert drizzle.counts("SELECT state, count(*) FROM queues GROUP BY 1") == {"active": 10, "paused": 1}


def test_plain_keys_are_sealed(drizzle: Any) -> None:
    stored = drizzle.target.read_bytes()

    assert b"FAKE-openai" not in stored and b"FAKE-anthropic" not in stored
