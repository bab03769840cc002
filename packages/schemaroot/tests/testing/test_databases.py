"""Databases for one test each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from schemaroot import Col, Database, Repository, Table, auto_id, new, soft_delete, text
from schemaroot.errors import ClosedError
from schemaroot.testing import database_fixture, memory_database, temporary_database


class Note(Table, name="notes", search=["words"]):
    id: Col[int] = auto_id()
    words: Col[str] = text()
    deleted: Col[datetime | None] = soft_delete()


db = database_fixture([Note])
each = database_fixture([Note], drivers=["apsw", "sqlite3"], file=True)
kept = database_fixture([Note], scope="module")


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_a_database_in_memory_has_the_tables_and_ends(driver: str) -> None:
    with memory_database([Note], driver=driver) as made:  # type: ignore[arg-type]  # one of the two names
        notes = Repository(made, Note)
        note = notes.create(words="hello")
        assert notes.search("hello") == [note]
        assert made.path == ":memory:"
        assert made.driver.name == driver
    with pytest.raises(ClosedError):
        notes.get(1)


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_a_temporary_database_is_a_file_that_vanishes(driver: str) -> None:
    with temporary_database([Note], driver=driver) as made:  # type: ignore[arg-type]  # one of the two names
        path = Path(made.path)
        made.insert(Note, words="x")
        assert path.is_file()
        assert made.driver.name == driver
    assert not path.parent.exists()


def test_a_database_vanishes_after_an_error_too() -> None:
    path = Path()
    with pytest.raises(ZeroDivisionError), temporary_database([Note]) as made:
        path = Path(made.path)
        raise ZeroDivisionError
    assert not path.exists()
    assert path.name == "test.db"


def test_two_databases_do_not_meet() -> None:
    with memory_database([Note]) as first, memory_database([Note]) as second:
        first.insert(Note, words="x")
        assert second.select(Note).count() == 0


@pytest.mark.parametrize("turn", [1, 2])
def test_the_fixture_is_new_for_each_test(db: Database, turn: int) -> None:
    assert db.insert_many([new(Note, words="x")] * turn)[0].id == 1
    assert db.select(Note).count() == turn


def test_the_fixture_runs_a_test_with_each_driver(each: Database, request: pytest.FixtureRequest) -> None:
    assert each.driver.name in request.node.name
    assert Path(each.path).is_file()


INSERTED: list[int] = []
"""What the tests of this process have put into the kept database, in whichever process and order they run."""


@pytest.mark.parametrize("turn", [1, 2])
def test_the_fixture_can_be_kept_for_a_module(kept: Database, turn: int) -> None:
    INSERTED.append(kept.insert(Note, words=f"turn {turn}").id)

    assert [note.id for note in kept.select(Note).order_by(Note.id).all()] == INSERTED
