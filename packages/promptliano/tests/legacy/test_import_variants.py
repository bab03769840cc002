"""Databases that came about in other ways: half set up, of both eras, and left behind by a killed process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("name", ["half-migrated", "mixed-era", "crash"])
def test_every_row_is_accounted_for_and_rebuilt(
    name: str, samples: Path, load: Callable[..., Any], folder_bytes: Callable[[Path], dict[str, bytes]]
) -> None:
    before = folder_bytes(samples / "variants")

    imported = load(samples / "variants" / f"{name}.db")

    imported.check_sums()
    imported.check_sound()
    imported.check_matches(samples / "variants" / f"{name}.manifest.json")
    assert imported.report.totals["quarantined"] == 0
    assert folder_bytes(samples / "variants") == before


def test_rows_that_stand_in_the_log_alone_are_imported(samples: Path, load: Callable[..., Any], tmp_path: Path) -> None:
    shutil.copyfile(samples / "variants" / "crash.db", tmp_path / "crash.db")

    alone = load(tmp_path / "crash.db")
    both = load(samples / "variants" / "crash.db")

    assert both.one("SELECT count(*) FROM tickets") - alone.one("SELECT count(*) FROM tickets") == 7
    assert both.one("SELECT count(*) FROM tasks") - alone.one("SELECT count(*) FROM tasks") == 28


def test_both_halves_of_a_mixed_database_are_imported(samples: Path, load: Callable[..., Any]) -> None:
    mixed = load(samples / "variants" / "mixed-era.db")

    assert mixed.accounts["task_queues"]["imported"] == 6
    assert mixed.accounts["queues"]["imported"] == 1
    assert mixed.one("SELECT count(*) FROM queues") == 7
    assert mixed.one("SELECT count(*) FROM prompts WHERE title <> 'title'") == 6


def test_a_prompt_whose_link_was_lost_gets_it_back(samples: Path, load: Callable[..., Any]) -> None:
    half = load(samples / "variants" / "half-migrated.db")

    assert half.report.rules["link_from_prompt"] == 2
    assert half.one("SELECT count(*) FROM prompt_projects") == half.accounts["prompt_projects"]["imported"] + 2


def test_damaged_rows_are_set_aside_and_kept(samples: Path, load: Callable[..., Any]) -> None:
    """How well they are mended is another matter; here none is lost and none stops the import."""
    dirty = load(samples / "dirty.db")

    dirty.check_sums()
    dirty.check_sound()
    dirty.check_matches(samples / "dirty.manifest.json")
    assert dirty.report.totals["quarantined"] > 0
