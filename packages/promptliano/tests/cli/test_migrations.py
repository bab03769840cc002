"""`promptliano migrate`, `db` and `doctor` on a database of ours; every verb itself is tested with the toolkit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture
def place(bare: Command, tmp_path: Path) -> Path:
    """A new, empty database in the default place."""
    assert bare("migrate", "up", "--create").code == 0
    return tmp_path / ".local" / "share" / "promptliano" / "promptliano.db"


def alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_up_creates_the_database_in_its_private_place(bare: Command, place: Path) -> None:
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    status = bare("migrate", "status", "--json").json
    assert (status["current"], status["pending"], status["problems"]) == ("0001_initial", [], [])
    assert bare("ticket", "list").code == 0


def test_the_declared_tables_are_what_the_revisions_lead_to(bare: Command) -> None:
    assert bare("migrate", "check", "--json").json == {"clean": True, "operations": [], "unclear": []}


def test_without_create_nothing_is_made(bare: Command, tmp_path: Path) -> None:
    said = bare("migrate", "up", "--database", "new.db")

    assert (said.code, said.err.split("]")[0]) == (2, "error[DB_MISSING")
    assert not (tmp_path / "new.db").exists()


def test_doctor_is_content_once_there_is_a_backup(bare: Command, place: Path) -> None:
    said = bare("doctor")
    assert said.code == 1
    assert "there is no verified backup" in said.out
    assert "promptliano db backup" in said.err

    assert bare("db", "backup").code == 0

    assert bare("doctor").code == 0
    assert bare("doctor", "--json").json["clean"]


def test_doctor_names_what_was_changed_by_hand_and_changes_nothing(bare: Command, place: Path) -> None:
    alter(place, "ALTER TABLE tickets ADD COLUMN colour TEXT")
    before = place.read_bytes()

    said = bare("doctor", "--json")

    assert said.code == 1
    [schema] = [one for one in said.json["findings"] if one["what"] == "schema"]
    assert "colour" in schema["problems"][0]
    assert place.read_bytes() == before


def test_doctor_tells_what_cannot_be_opened(bare: Command, place: Path) -> None:
    place.write_bytes(b"no database at all" * 100)

    said = bare("doctor")

    assert said.code == 1
    assert "opening" in said.out
    assert "does not start as an SQLite database does" in " ".join(said.out.split())


def test_backups_and_restores_work_on_our_files(bare: Command, place: Path) -> None:
    assert bare("db", "backup", "--reason", "first").code == 0
    alter(place, "INSERT INTO settings (key, value, created, updated) VALUES ('a', '1', 0, 0)")
    assert bare("db", "check").code == 0

    assert bare("db", "restore", "--yes").code == 0

    with closing(sqlite3.connect(place)) as connection:
        assert connection.execute("SELECT count(*) FROM settings").fetchone() == (0,)
    assert bare("db", "stats", "--json").json["tables"]
    assert len(bare("db", "backups", "--json").json["backups"]) == 2
