"""The revisions lead to the declared tables, whichever way a database came about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from promptliano.schema import SCHEMA_NUMBER, TABLES, Project, Ticket
from promptliano.storage import IDENTITY, VERSIONS, check_current, create, migrations
from schemaroot import Database, new
from schemaroot.engine.driver import DriverName
from schemaroot.introspection import Catalogue, declared_catalogue, read_catalogue
from schemaroot.migration import mending
from schemaroot.migration.compare import differences
from schemaroot.migration.draft import draft, recorded_schema
from schemaroot.migration.errors import DatabaseOutdatedError, SchemaUnknownError
from schemaroot.migration.runner import Runner


def schema_of(path: Path) -> Catalogue:
    with Database.open(f"sqlite:///{path}", identity=IDENTITY) as db:
        connection = db.pool.take()
        try:
            return read_catalogue(connection)
        finally:
            db.pool.give(connection)


def created(path: Path) -> None:
    create(f"sqlite:///{path}").close()


def upgraded(path: Path) -> None:
    Runner(migrations(), path).up(create=True)


def test_nothing_is_left_for_another_revision_to_do() -> None:
    assert draft(migrations()).upgrade == ()
    assert draft(migrations()).downgrade == ()


def test_the_number_in_the_header_counts_the_revisions() -> None:
    revisions = migrations().revisions()
    assert revisions.head is not None
    assert revisions.depth(revisions.head.id) == SCHEMA_NUMBER


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_the_revisions_make_the_declared_schema(driver: DriverName) -> None:
    recorded = recorded_schema(migrations().revisions())

    declared = declared_catalogue(TABLES, driver=driver)
    assert differences(declared, recorded) == differences(recorded, declared) == []


@pytest.mark.parametrize("made", [created, upgraded])
def test_a_fresh_database_and_an_upgraded_one_have_the_same_schema_and_are_current(
    made: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "a.db"
    made(path)

    declared = declared_catalogue(TABLES)
    assert differences(declared, schema_of(path)) == differences(schema_of(path), declared) == []
    with Database.open(f"sqlite:///{path}", identity=IDENTITY) as db:
        check_current(db)
    status = mending.status(Runner(migrations(), path))
    assert (status.pending, status.problems) == ((), ())
    assert Runner(migrations(), path).up().applied == []


def test_a_file_from_before_the_revisions_is_refused_until_it_is_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Database.create(f"sqlite:///{path}", TABLES, identity=IDENTITY) as db:
        project = db.insert(Project, name="p", path="/p")
        db.insert_many([new(Ticket, project_id=project.id, title=f"t{n}") for n in range(3)])
        with pytest.raises(DatabaseOutdatedError, match="promptliano migrate up"):
            check_current(db)

    report = Runner(migrations(), path).up()

    assert report.adopted == ["0001_initial"]
    with Database.open(f"sqlite:///{path}", identity=IDENTITY) as db:
        check_current(db)
        assert db.select(Ticket).count() == 3


def test_a_file_that_only_looks_like_ours_is_not_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Database.create(f"sqlite:///{path}", TABLES[:3], identity=IDENTITY).close()

    with pytest.raises(SchemaUnknownError, match="is missing"):
        Runner(migrations(), path).up()


def test_the_first_revision_goes_back_to_nothing_and_there_again(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    runner = Runner(migrations(), path)
    runner.up(create=True)
    with Database.open(f"sqlite:///{path}", identity=IDENTITY) as db:
        project = db.insert(Project, name="p", path="/p")
        db.insert(Ticket, project_id=project.id, title="kept")

    runner.down("base")
    assert schema_of(path) == Catalogue()
    runner.up()

    with Database.open(f"sqlite:///{path}", tables=TABLES, identity=IDENTITY) as db:
        assert [ticket.title for ticket in db.select(Ticket).all()] == ["kept"]


def test_the_revision_files_hold_no_sql() -> None:
    for path in VERSIONS.glob("*.py"):
        source = path.read_text()
        assert "literal_column" not in source
        assert "text(" not in source
