"""A user's own index and trigger on one of our tables ride along, there and back; `verify` tells of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from schemaroot.engine.driver import DriverName
from schemaroot.introspection import FoundSchema
from schemaroot.introspection.sql.statements import parse_trigger
from schemaroot.migration import mending
from schemaroot.migration.errors import RehearsalError, SchemaDriftError
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Runner

from .chain import dump, fill, runner_for, write, write_chain

INDEX = "CREATE INDEX my_index ON projects (state COLLATE NOCASE DESC) WHERE name <> ''"
TRIGGER = "CREATE TRIGGER my_trigger AFTER INSERT ON projects BEGIN UPDATE projects SET name='none' WHERE name=''; END"
OWN = {("index", "my_index", INDEX), ("trigger", "my_trigger", TRIGGER)}


@pytest.fixture
def runner(tmp_path: Path, driver: DriverName) -> Runner:
    """A database at the first of three revisions; the second and third make its projects anew."""
    write_chain(tmp_path)
    made = runner_for(tmp_path, driver=driver)
    made.up("0001", create=True)
    fill(made)
    by_hand(made, INDEX, TRIGGER)
    return made


def by_hand(runner: Runner, *statements: str) -> None:
    with closing(sqlite3.connect(runner.path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def own(runner: Runner) -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(runner.path)) as connection:
        return set(connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE name LIKE 'my!_%' ESCAPE '!'"))


def test_they_are_as_they_were_after_each_revision_up_and_down(runner: Runner) -> None:
    before = dump(runner.path)

    for revision in ("0002", "0003"):
        runner.up(revision)
        assert own(runner) == OWN
    for revision in ("0002", "0001"):
        runner.down(revision)
        assert own(runner) == OWN

    assert dump(runner.path) == before


def test_verify_tells_them_and_is_silent_about_those_that_the_module_knows(runner: Runner) -> None:
    assert mending.verify(runner).problems == [
        "index my_index on projects is not declared",
        "trigger my_trigger on projects is not declared",
    ]

    by_hand(runner, "DROP INDEX my_index")
    knowing = with_found(runner, TRIGGER)
    assert mending.verify(knowing).problems == []
    changed = with_found(runner, TRIGGER.replace("none", "nobody"))
    assert [one[:26] for one in mending.verify(changed).problems] == ["trigger my_trigger differs"]


def with_found(runner: Runner, statement: str) -> Runner:
    found = FoundSchema(triggers=(parse_trigger(statement),))
    here = runner.migrations
    return Runner(Migrations(here.folder, here.tables, here.application_id, found=found), runner.path)


def test_a_database_without_history_is_taken_in_with_them(runner: Runner) -> None:
    by_hand(runner, "DROP TABLE schema_history")

    report = runner.up()

    assert (report.adopted, [one.revision for one in report.applied]) == (["0001_initial"], ["0002_rules", "0003_rank"])
    assert own(runner) == OWN


def test_a_state_without_an_index_is_not_taken_for_the_one_with_it(runner: Runner) -> None:
    folder = runner.migrations.folder
    drop, make = (
        '    op.drop_index("ix_tickets_project", table_name="tickets")\n',
        '    op.create_index("ix_tickets_project", "tickets", ["project_id", sa.column("title").desc()])\n',
    )
    for later in sorted(folder.glob("000[23]*.py")):
        later.unlink()
    write(folder, "0002_plain", "0001_initial", drop, make)
    by_hand(runner, "DROP TABLE schema_history")

    report = runner.up()

    assert report.adopted == ["0001_initial"]
    assert [one.revision for one in report.applied] == ["0002_plain"]


def test_what_is_ours_must_still_be_as_it_was_made(runner: Runner) -> None:
    by_hand(runner, "DROP INDEX ix_tickets_project")

    with pytest.raises(SchemaDriftError, match="index ix_tickets_project is missing"):
        runner.up()


def test_a_table_does_not_take_them_along_when_it_goes(runner: Runner) -> None:
    before = dump(runner.path)

    with pytest.raises(RehearsalError, match="my_index, which is not declared, is gone"):
        runner.down("base")
    assert dump(runner.path) == before

    by_hand(runner, "DROP INDEX my_index", "DROP TRIGGER my_trigger")
    assert [one.revision for one in runner.down("base").applied] == ["0001_initial"]
