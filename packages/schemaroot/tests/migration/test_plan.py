"""A plan says what a run would do to this very database, and the run then does that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemaroot import Col, Table, auto_id, integer, text
from schemaroot.engine.driver import DriverName
from schemaroot.migration.errors import SchemaUnknownError
from schemaroot.migration.plan import Touched, duration_of, plan, plan_draft
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Options, Runner

from .chain import APPLICATION_ID, PROJECTS, dump, fill, opened, runner_for, write, write_chain

PLAIN = Options(backup=False, rehearse=False)


@pytest.fixture(params=["apsw", "sqlite3"])
def runner(tmp_path: Path, request: pytest.FixtureRequest) -> Runner:
    """A database at the first of three revisions, with rows."""
    driver: DriverName = request.param
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    return runner


def add(runner: Runner, name: str, parent: str, up: str, down: str = "") -> None:
    write(runner.migrations.folder, name, parent, up, down)


def test_the_planned_sql_is_what_runs_both_ways(runner: Runner) -> None:
    second = plan(runner, steps=1)
    up, down = runner.up(steps=1, options=PLAIN), runner.down(options=PLAIN)
    assert list(second.revisions[0].sql_up) == up.applied[0].statements
    assert list(second.revisions[0].sql_down) == down.applied[0].statements
    runner.up(steps=1, options=PLAIN)
    third = plan(runner)
    up, down = runner.up(options=PLAIN), runner.down(options=PLAIN)

    assert list(third.revisions[0].sql_up) == up.applied[0].statements
    assert list(third.revisions[0].sql_down) == down.applied[0].statements
    assert any("_undo_0003_rank_projects" in sql for sql in third.revisions[0].sql_up)


def test_a_plan_reads_and_writes_nothing(runner: Runner) -> None:
    before, files = dump(runner.path), sorted(runner.path.parent.rglob("*"))
    content = runner.path.read_bytes()

    plan(runner)

    assert runner.path.read_bytes() == content
    assert dump(runner.path) == before
    assert [one for one in sorted(runner.path.parent.rglob("*")) if one not in files] == []


def test_it_names_operations_rows_rebuilds_and_how_long(runner: Runner) -> None:
    second, third = plan(runner).revisions

    assert second.operations == ("alter_table(projects): alter_column(state), add_check(ck_projects_name)",)
    assert second.touched == (Touched("projects", "copied", 3),)
    assert (third.rebuilds, third.duration, third.no_way_back) == (("projects",), "instant", "")
    assert third.message == "Do 0003_rank."


def test_it_says_how_much_room_the_run_needs(runner: Runner) -> None:
    size = runner.path.stat().st_size
    found = plan(runner)
    bare = plan(runner, options=PLAIN)

    assert (found.space.backup, found.space.rehearsal, found.space.log) == (size, 2 * size, size)
    assert (bare.space.backup, bare.space.rehearsal) == (0, 0)
    assert found.free is not None and found.free > 0


def test_what_the_file_allows_is_found_and_not_refused(runner: Runner) -> None:
    third = plan(runner).revisions[1]

    (finding,) = third.findings
    assert (finding.code, finding.revision) == ("DROP_FILLED_COLUMN", "0003_rank")
    assert third.allowed == {"DROP_FILLED_COLUMN": "tests bring it back"}
    assert third.refused == ()


def test_a_later_revision_is_held_against_rows_that_the_earlier_ones_leave_alone(runner: Runner) -> None:
    add(runner, "0004_named", "0003_rank", "    op.rename_table('projects', 'works')\n")
    up = """
    with op.alter_table("works") as works:
        works.rename_column("name", "title")
"""
    add(runner, "0005_titled", "0004_named", up)
    up = """
    with op.alter_table("works") as works:
        works.add_unique("uq_works_title", ["title"])
        works.drop_column("state")
"""
    add(runner, "0006_unique", "0005_titled", up)
    with opened(runner) as db:
        db.execute(sa.insert(PROJECTS).values(name="p1"))

    last = plan(runner).revisions[-1]

    duplicates, dropped = last.findings[0], last.findings[1]
    assert {duplicates.code, dropped.code} >= {"UNIQUE_DUPLICATES", "DROP_FILLED_COLUMN"}
    assert "'p1' 2 times" in {one.code: one.message for one in last.findings}["UNIQUE_DUPLICATES"]
    assert "4 values" in {one.code: one.message for one in last.findings}["DROP_FILLED_COLUMN"]
    assert last.touched == (Touched("works", "copied", 4),)


def test_what_an_earlier_revision_decides_is_not_guessed(runner: Runner) -> None:
    up = """
    projects = sa.table("projects", sa.column("id"))
    op.execute(sa.delete(projects).where(projects.c.id == 1), also=["tickets"])
"""
    add(runner, "0004_less", "0003_rank", up)
    add(runner, "0005_gone", "0004_less", "    op.drop_search('tickets')\n    op.drop_table('tickets')\n")

    fourth, last = plan(runner).revisions[2:]

    assert fourth.touched == (Touched("projects", "changed", 3), Touched("tickets", "changed", 12))
    assert last.touched == (Touched("tickets", "dropped", None),)
    assert [one.message.partition(";")[0] for one in last.findings if one.code == "DROP_FILLED_TABLE"] == [
        "tickets goes"
    ]


def test_a_table_that_an_earlier_revision_makes_is_empty(runner: Runner) -> None:
    add(runner, "0004_more", "0003_rank", "    op.create_table('more', sa.Column('a', sa.TEXT()))\n")
    add(runner, "0005_gone", "0004_more", "    op.drop_table('more')\n")

    last = plan(runner).revisions[-1]

    assert last.touched == (Touched("more", "dropped", 0),)
    assert [one.code for one in last.findings if one.severity == "error"] == []


def test_a_downgrade_that_does_not_lead_back_is_told(runner: Runner) -> None:
    add(runner, "0004_oneway", "0003_rank", "    op.create_index('ix_more', 'tickets', ['title'])\n")
    raising = "    from schemaroot.migration.errors import IrreversibleError\n    raise IrreversibleError('ashes')\n"
    add(runner, "0005_never", "0004_oneway", "    op.create_index('ix_most', 'tickets', ['title'])\n", raising)

    fourth, fifth = plan(runner).revisions[2:]

    assert "index ix_more on tickets is not declared" in fourth.no_way_back
    assert fifth.no_way_back == "ashes"
    assert [one.code for one in fifth.findings] == ["NO_WAY_BACK"]


def test_how_far_and_which_way_are_as_in_a_run(runner: Runner) -> None:
    assert [one.revision for one in plan(runner, steps=1).revisions] == ["0002_rules"]
    assert [one.revision for one in plan(runner, "0002").revisions] == ["0002_rules"]
    runner.up(options=PLAIN)

    assert plan(runner).revisions == ()
    back = plan(runner, "base", direction="down")
    assert [one.revision for one in back.revisions] == ["0003_rank", "0002_rules", "0001_initial"]
    assert back.revisions[0].operations == ("alter_table(projects): drop_column(rank), add_column(note)",)
    assert back.current == "0003_rank"


def test_a_schema_without_history_is_planned_for_what_it_equals(runner: Runner) -> None:
    with opened(runner) as db, db.transaction():
        assert db.held.connection is not None
        db.held.connection.execute("DROP TABLE schema_history").fetchall()
    assert [one.revision for one in plan(runner).revisions] == ["0002_rules", "0003_rank"]

    with opened(runner) as db, db.transaction():
        assert db.held.connection is not None
        db.held.connection.execute("ALTER TABLE projects ADD COLUMN odd TEXT").fetchall()
    with pytest.raises(SchemaUnknownError):
        plan(runner)


def test_a_plan_is_json(runner: Runner) -> None:
    said = json.loads(json.dumps(plan(runner).to_json()))

    assert said["revisions"][0]["revision"] == "0002_rules"
    assert said["space"]["total"] > said["space"]["backup"]
    assert said["revisions"][1]["findings"][0]["code"] == "DROP_FILLED_COLUMN"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.1, "instant"), (1, "seconds"), (60, "minutes"), (3600, "hours"), (1e6, "hours")]
)
def test_times_have_classes(seconds: float, expected: str) -> None:
    assert duration_of(seconds) == expected


def test_a_draft_is_planned_with_rows_and_not_written(runner: Runner) -> None:
    class Project(Table, name="projects"):
        id: Col[int] = auto_id()
        name: Col[str] = text()

    class Note(Table, name="notes"):
        id: Col[int] = auto_id()
        stars: Col[int] = integer(default=0)

    migrations = replace(runner.migrations, tables=[Project, Note])
    files = sorted(runner.migrations.folder.iterdir())

    without = plan_draft(migrations, "notes")
    (drafted,) = plan_draft(migrations, "notes", runner=runner).revisions

    assert without.revisions[0].operations == drafted.operations
    assert (drafted.revision, without.database) == ("0004_notes", "")
    assert "create_table(notes)" in drafted.operations
    dropped = {one.where: one.message for one in drafted.findings if one.code == "DROP_FILLED_TABLE"}
    assert dropped["tickets"].startswith("tickets goes with its 12 rows")
    assert sorted(runner.migrations.folder.iterdir()) == files


def test_a_plan_can_be_in_the_words_of_postgresql(runner: Runner) -> None:
    add(runner, "0004_more", "0003_rank", "    op.create_index('ix_more', 'tickets', ['title'])\n")

    found = plan(runner, dialect="postgresql")

    second, last = found.revisions[0], found.revisions[-1]
    assert any("ALTER COLUMN state SET DEFAULT 'open'" in sql for sql in second.sql_up)
    assert any("ALTER COLUMN state SET DEFAULT 'new'" in sql for sql in second.sql_down)
    assert {"INDEX_BLOCKS_WRITES"} <= {one.code for one in last.findings}


def test_a_draft_of_nothing_is_an_empty_plan(tmp_path: Path) -> None:
    assert plan_draft(Migrations(tmp_path / "versions", application_id=APPLICATION_ID)).revisions == ()
