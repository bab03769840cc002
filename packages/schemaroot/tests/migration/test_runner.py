"""Up, down and up again lose nothing; whatever is wrong is refused by name, and nothing is half done."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemaroot import Database
from schemaroot.backup.create import create_backup
from schemaroot.backup.errors import NotEnoughSpaceError
from schemaroot.backup.manifest import AFTER_NOTHING, BEFORE_MIGRATION, list_backups
from schemaroot.backup.retention import prune_backups
from schemaroot.backup.verify import verify_backup
from schemaroot.engine.driver import DriverName
from schemaroot.errors import DamagedDatabaseError, DatabaseError, DatabaseMissingError, NewerDatabaseError
from schemaroot.migration import mending
from schemaroot.migration.errors import (
    ChecksumMismatchError,
    DatabaseOutdatedError,
    InvariantError,
    LintError,
    MigrationError,
    RehearsalError,
    RevisionFailedError,
    RevisionHeadsError,
    RevisionMissingError,
    RevisionOrderError,
    RevisionParentError,
    RevisionUnknownError,
    SchemaDriftError,
    SchemaUnknownError,
)
from schemaroot.migration.guard import require_current
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Options, Runner

from .chain import (
    APPLICATION_ID,
    FIRST_DOWN,
    FIRST_UP,
    PROJECTS,
    TICKETS,
    dump,
    fill,
    opened,
    runner_for,
    write,
    write_chain,
)

PLAIN = Options(backup=False, rehearse=False)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A database at the first of three revisions, with rows."""
    write_chain(tmp_path)
    runner = runner_for(tmp_path)
    runner.up("0001", create=True)
    fill(runner)
    return runner


def counts(runner: Runner) -> tuple[int, int]:
    with opened(runner) as db:
        return tuple(db.one(sa.select(sa.func.count()).select_from(table))[0] for table in (PROJECTS, TICKETS))  # type: ignore[return-value]  # two


# --- going ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_down_brings_every_byte_back_and_up_again_is_the_first_up(tmp_path: Path, driver: DriverName) -> None:
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    start = dump(runner.path)

    up = runner.up()
    first = dump(runner.path)
    down = runner.down("0001")
    back = dump(runner.path)
    runner.up()

    assert [one.revision for one in up.applied] == ["0002_rules", "0003_rank"]
    assert [one.revision for one in down.applied] == ["0003_rank", "0002_rules"]
    assert counts(runner) == (3, 12)
    assert back == start
    assert dump(runner.path) == first
    assert up.applied[1].kept == {"_undo_0003_rank_projects": 3}


def test_nothing_to_do_is_done_at_once_and_writes_nothing(runner: Runner) -> None:
    runner.up()
    before = runner.path.read_bytes()

    assert runner.up().applied == []
    assert runner.path.read_bytes() == before


def test_steps_and_names_say_how_far_to_go(runner: Runner) -> None:
    assert [one.revision for one in runner.up(steps=1).applied] == ["0002_rules"]
    assert [one.revision for one in runner.up("0003").applied] == ["0003_rank"]
    assert [one.revision for one in runner.down().applied] == ["0003_rank"]
    assert [one.revision for one in runner.down("base").applied] == ["0002_rules", "0001_initial"]
    with pytest.raises(RevisionUnknownError):
        runner.up("0009")
    with pytest.raises(RevisionUnknownError):
        runner.down("0003")


def test_rows_written_after_the_upgrade_get_the_default_on_the_way_back(runner: Runner) -> None:
    runner.up()
    with opened(runner) as db:
        db.execute(sa.insert(sa.table("projects", sa.column("name"))).values(name="later"))
        db.execute(sa.delete(PROJECTS).where(PROJECTS.c.id == 2))

    runner.down("0001")

    with opened(runner) as db:
        rows = db.all(sa.select(PROJECTS.c.name, PROJECTS.c.note, PROJECTS.c.state).order_by(PROJECTS.c.id))
    assert rows == [("p1", "note 1", "new"), ("p3", "note 3", "new"), ("later", None, "open")]


def test_what_only_the_side_tables_hold_is_backed_up_too(runner: Runner) -> None:
    runner.down("base", options=PLAIN)

    report = runner.up("0001")

    assert len(report.backups) == 1
    assert counts(runner) == (3, 12)


def test_the_ledger_says_what_was_done_by_whom_and_with_which_backup(runner: Runner) -> None:
    report = runner.up(steps=1)
    runner.up(options=Options(backup=False, rehearse=False))

    first, second, third = mending.history(runner)
    assert (first.event, first.revision, first.backup, first.rehearsed) == ("up", "0001_initial", None, False)
    assert (second.backup, second.rehearsed, second.note) == (str(report.backups[0]), True, "")
    assert (third.backup, third.rehearsed, third.note) == (None, False, "no backup, no rehearsal")
    assert second.rows["tickets"] == {"before": 12, "after": 12}
    assert "@" in second.by and second.checksum == runner.migrations.revisions().by_id["0002_rules"].checksum


def test_one_backup_is_made_for_a_run_and_one_for_each_revision_where_asked(runner: Runner) -> None:
    assert len(runner.up().backups) == 1
    runner.down("0001", options=PLAIN)

    assert len(runner.up(options=Options(backup_each=True)).backups) == 2
    assert len(list_backups(runner.path)) == 3
    assert all(backup.manifest.verified for backup in list_backups(runner.path))


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_created_only_when_asked(tmp_path: Path) -> None:
    write_chain(tmp_path)
    runner = runner_for(tmp_path)
    with pytest.raises(DatabaseMissingError):
        runner.up()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["versions"]

    assert runner.up(create=True).created
    assert mending.status(runner).current == "0003_rank"


def test_a_file_that_was_created_goes_when_the_first_revision_fails(tmp_path: Path) -> None:
    write(tmp_path / "versions", "0001_initial", None, FIRST_UP + "    raise RuntimeError('no')\n", FIRST_DOWN)
    runner = runner_for(tmp_path)

    with pytest.raises(MigrationError):
        runner.up(create=True)
    assert not runner.path.exists()


def test_a_program_opens_only_what_stands_at_its_newest_revision(runner: Runner, tmp_path: Path) -> None:
    folder = runner.migrations.folder
    with opened(runner) as db, pytest.raises(DatabaseOutdatedError, match=r"at 0001_initial, .* needs 0003_rank"):
        require_current(db, folder)
    runner.up(options=PLAIN)
    with opened(runner) as db:
        require_current(db, folder)
    older = Runner(Migrations(tmp_path / "old", application_id=APPLICATION_ID), runner.path)
    write(tmp_path / "old", "0001_initial", None, FIRST_UP, FIRST_DOWN)
    before = runner.path.read_bytes()
    with pytest.raises(NewerDatabaseError, match="is at 3, this program knows up to 1"):
        older.up()
    assert runner.path.read_bytes() == before


def test_a_schema_that_was_there_before_its_history_is_taken_in(runner: Runner, tmp_path: Path) -> None:
    with opened(runner) as db, db.transaction():
        assert db.held.connection is not None
        db.held.connection.execute("DROP TABLE schema_history").fetchall()

    report = runner.up()

    assert report.adopted == ["0001_initial"]
    assert [one.event for one in mending.history(runner)] == ["adopt", "up", "up"]
    assert counts(runner) == (3, 12)


def test_a_schema_of_nobody_is_refused_with_what_differs(tmp_path: Path) -> None:
    write_chain(tmp_path)
    runner = runner_for(tmp_path)
    runner.up("0001", create=True)
    with opened(runner) as db, db.transaction():
        assert db.held.connection is not None
        db.held.connection.execute("DROP TABLE schema_history").fetchall()
        db.held.connection.execute("ALTER TABLE projects ADD COLUMN odd TEXT").fetchall()
    before = dump(runner.path)

    with pytest.raises(SchemaUnknownError, match=r"nearest is 0001_initial: column projects\.odd is not declared"):
        runner.up()
    assert dump(runner.path) == before


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_an_edited_file_is_refused_until_it_is_repaired(runner: Runner) -> None:
    runner.up(options=PLAIN)
    path = runner.migrations.folder / "0002_rules.py"
    path.write_bytes(path.read_bytes() + b"\n")
    before = dump(runner.path)

    with pytest.raises(ChecksumMismatchError, match=r"0002_rules\.py was changed .* shop migrate repair 0002_rules"):
        runner.down()
    assert dump(runner.path) == before
    assert "was changed" in mending.status(runner).problems[0]

    mending.repair(runner, "0002_rules", reason="a comment")
    runner.down(options=PLAIN)
    assert [(one.event, one.note) for one in mending.history(runner)][-2] == ("repair", "a comment")


def test_a_removed_file_is_refused_by_name(runner: Runner) -> None:
    runner.up(options=PLAIN)
    (runner.migrations.folder / "0003_rank.py").unlink()
    write(runner.migrations.folder, "0003_other", "0002_rules")

    with pytest.raises(RevisionMissingError, match="0003_rank"):
        runner.up()


def test_a_gone_file_in_the_middle_is_let_go_once_the_next_one_does_not_name_it(runner: Runner) -> None:
    gone = write(runner.migrations.folder, "0004_gone", "0003_rank")
    last = write(runner.migrations.folder, "0005_last", "0004_gone")
    runner.up(options=PLAIN)
    gone.unlink()
    with pytest.raises(RevisionParentError) as refused:
        mending.repair(runner, "0004_gone", reason="never released")
    assert "mend its down_revision" in refused.value.hint and "with repair" in refused.value.hint

    last.write_text(last.read_text().replace("'0004_gone'", "'0003_rank'"))
    mending.repair(runner, "0004_gone", reason="never released")
    mending.repair(runner, "0005_last", reason="0004 is gone")

    assert runner.up().applied == []
    status = mending.status(runner, whole=True)
    assert (status.current, status.problems) == ("0005_last", ())


def test_a_gap_is_refused_by_name(runner: Runner) -> None:
    runner.up(options=PLAIN)
    write(runner.migrations.folder, "0002_between", "0001_initial")
    path = runner.migrations.folder / "0003_rank.py"
    path.write_text(path.read_text().replace("= '0002_rules'", "= ('0002_rules', '0002_between')"))
    mending.repair(runner, "0003_rank", reason="late")

    with pytest.raises(RevisionOrderError, match="0003_rank without 0002_between"):
        runner.up()


def test_two_heads_are_refused_with_the_way_out(runner: Runner) -> None:
    write(runner.migrations.folder, "0002_late", "0001_initial")

    with pytest.raises(RevisionHeadsError, match=r"0003_rank.* shop migrate merge"):
        runner.up()
    assert counts(runner) == (3, 12)


def test_a_schema_changed_by_hand_is_refused_with_what_differs(runner: Runner) -> None:
    with opened(runner) as db, db.transaction():
        assert db.held.connection is not None
        db.held.connection.execute("DROP INDEX ix_tickets_project").fetchall()

    with pytest.raises(SchemaDriftError, match="index ix_tickets_project is missing"):
        runner.up()
    assert mending.verify(runner).problems == ["index ix_tickets_project is missing"]


def test_too_little_space_is_refused_before_anything_is_written(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(runner.path)

    class Full:
        f_bavail = 10
        f_frsize = real.f_frsize

    monkeypatch.setattr(os, "statvfs", lambda path: Full)
    with pytest.raises(NotEnoughSpaceError):
        runner.up()
    assert list_backups(runner.path) == []


def test_a_backup_place_that_cannot_be_written_stops_the_run(runner: Runner) -> None:
    Path(f"{runner.path}.backups").write_text("in the way")

    with pytest.raises(DatabaseError):
        runner.up()
    assert mending.status(runner).current == "0001_initial"


def failing(runner: Runner, up: str, down: str = "") -> None:
    write(runner.migrations.folder, "0004_bad", "0003_rank", up, down)


BAD_STEPS = {
    "raises": ("    raise RuntimeError('planted')\n", "RuntimeError: planted"),
    "raises after a change": ("    op.drop_index('ix_tickets_project', table_name='tickets')\n    1 / 0\n", "division"),
    "asks for something unknown": ("    op.drop_table('nowhere')\n", "nowhere"),
    "runs SQL as text": ("    op.execute('DELETE FROM tickets')\n", "refused"),
}
DELETES_PARENTS = """
    projects = sa.table("projects", sa.column("id"))
    op.execute(sa.delete(projects).where(projects.c.id == 1))
"""


@pytest.mark.parametrize("bad", BAD_STEPS)
def test_a_revision_that_fails_is_rolled_back_whole_and_named(runner: Runner, bad: str) -> None:
    runner.up(options=PLAIN)
    up, said = BAD_STEPS[bad]
    failing(runner, up)
    before = dump(runner.path)

    with pytest.raises(RevisionFailedError, match=f"0004_bad .*on an empty database already at step .*{said}"):
        runner.up()
    assert dump(runner.path) == before
    assert list_backups(runner.path) == []


def test_a_revision_that_fails_only_on_rows_fails_on_the_copy_or_is_rolled_back_with_the_backup_named(
    runner: Runner,
) -> None:
    runner.up(options=PLAIN)
    failing(runner, DELETES_PARENTS)
    before = dump(runner.path)

    with pytest.raises(RehearsalError, match=r"there, 0004_bad.*not there.*\.db\.backups"):
        runner.up()
    assert dump(runner.path) == before
    with pytest.raises((RevisionFailedError, InvariantError), match=r"0004_bad.*not there.*\.db\.backups"):
        runner.up(options=Options(rehearse=False))
    assert dump(runner.path) == before


def test_the_revision_that_fails_is_named_with_its_step_and_the_ones_before_it_stay(runner: Runner) -> None:
    failing(runner, "    op.drop_index('ix_tickets_project', table_name='tickets')\n" + DELETES_PARENTS)

    with pytest.raises((RevisionFailedError, InvariantError)) as caught:
        runner.up(options=Options(rehearse=False))

    assert caught.value.revision == "0004_bad"
    assert mending.status(runner).current == "0003_rank"


def test_a_way_back_that_does_not_lead_back_is_found_in_the_rehearsal(runner: Runner) -> None:
    failing(
        runner,
        "    op.create_index('ix_more', 'tickets', ['title'])\n",
        "    pass\n",
    )

    with pytest.raises(RehearsalError, match=r"back, 0004_bad.*ix_more"):
        runner.up()
    assert mending.status(runner).current == "0001_initial"


def test_a_danger_is_refused_until_the_file_says_that_it_is_meant(runner: Runner) -> None:
    path = runner.migrations.folder / "0003_rank.py"
    path.write_text(path.read_text().replace("# lint:", "# lint too:"))
    runner.up("0002", options=PLAIN)

    with pytest.raises(LintError, match=r"projects\.note.* 3 values.*# lint: allow DROP_FILLED_COLUMN - your reason"):
        runner.up()
    assert list_backups(runner.path) == []
    assert mending.status(runner).current == "0002_rules"
    assert runner.up(options=Options(allow=["DROP_FILLED_COLUMN"])).applied[-1].revision == "0003_rank"
    assert mending.history(runner)[-1].note == "allowed DROP_FILLED_COLUMN"


def test_a_rule_of_the_program_that_breaks_rolls_the_revision_back(runner: Runner) -> None:
    def no_empty_projects(db: Database) -> list[str]:
        names = db.all(sa.select(PROJECTS.c.name).where(PROJECTS.c.name == "p2"))
        return [f"{name} must not be there" for (name,) in names]

    strict = Runner(
        Migrations(runner.migrations.folder, application_id=APPLICATION_ID, invariants=[no_empty_projects]), runner.path
    )
    with pytest.raises(InvariantError, match="p2 must not be there"):
        strict.up(options=Options(rehearse=False))
    assert mending.status(runner).current == "0001_initial"


# --- ids and standing -------------------------------------------------------------------------------------------------


def test_an_id_that_was_moved_above_all_given_ones_comes_through_a_rebuild(runner: Runner) -> None:
    with opened(runner) as db, db.transaction():
        db.execute(sa.insert(PROJECTS).values(name="moved"))
        db.execute(sa.update(PROJECTS).where(PROJECTS.c.name == "moved").values(id=50))
    sequences = [row for row in dump(runner.path) if row[0] == "sequence"]

    runner.up("0002")

    assert [row for row in dump(runner.path) if row[0] == "sequence"] == sequences
    with opened(runner) as db, db.transaction():
        db.execute(sa.insert(PROJECTS).values(name="next"))
        assert db.one(sa.select(PROJECTS.c.id).where(PROJECTS.c.name == "next"))[0] == 51


def test_status_tells_of_a_schema_without_history_that_no_revision_makes(runner: Runner) -> None:
    with sqlite3.connect(runner.path) as connection:
        connection.execute("DROP TABLE schema_history")
    connection.close()
    assert mending.status(runner, whole=True).problems == ()
    with sqlite3.connect(runner.path) as connection:
        connection.execute("ALTER TABLE projects ADD COLUMN odd TEXT")
    connection.close()

    (problem,) = mending.status(runner, whole=True).problems

    assert "its schema is that of no revision; nearest is 0001_initial" in problem


def damage(runner: Runner) -> None:
    """Makes an index of the database unreadable."""
    with sqlite3.connect(runner.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ix_tickets_project'").fetchone()
    connection.close()
    content = bytearray(runner.path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    runner.path.write_bytes(content)


def test_status_tells_of_a_damaged_file(runner: Runner) -> None:
    damage(runner)

    assert mending.status(runner, whole=True).problems[0].startswith("The file is damaged: ")


def test_up_on_a_damaged_file_says_so_and_names_the_newest_backup(runner: Runner) -> None:
    backup = create_backup(runner.path, reason="daily").path
    damage(runner)

    with pytest.raises(DamagedDatabaseError, match="is damaged") as refused:
        runner.up()

    assert refused.value.hint == f"The newest verified backup is {backup}."


def test_a_folder_of_revisions_that_is_not_there_is_named(runner: Runner) -> None:
    elsewhere = Runner(Migrations(runner.path.parent / "nowhere"), runner.path)

    with pytest.raises(RevisionUnknownError) as refused:
        elsewhere.up()

    assert refused.value.hint == f"{runner.path.parent / 'nowhere'} is not there; check the path."
    assert any("nowhere, is not there" in problem for problem in mending.status(elsewhere, whole=True).problems)


def test_the_backup_of_a_run_that_applied_nothing_may_go(runner: Runner) -> None:
    write(runner.migrations.folder, "0004_bad", "0003_rank", "    op.create_index('ix_more', 'projects', ['name'])\n")
    with pytest.raises(RehearsalError):
        runner.up()
    (failed,) = list_backups(runner.path)
    assert failed.manifest.reason == AFTER_NOTHING
    assert verify_backup(failed.path).ok
    runner.up("0003")

    assert [one.path for one in prune_backups(runner.path, keep=0)] == [failed.path]
    (kept,) = list_backups(runner.path)
    assert kept.manifest.reason == BEFORE_MIGRATION


# --- stamping ---------------------------------------------------------------------------------------------------------


def test_a_database_that_has_the_tables_is_not_at_base(runner: Runner) -> None:
    with pytest.raises(SchemaDriftError, match="table projects is still there; table tickets is still there"):
        mending.stamp(runner, "base", reason="by mistake")
    mending.stamp(runner, "base", reason="on purpose", force=True)

    with pytest.raises(RehearsalError, match=r"the name projects is taken already.* stamp the database"):
        runner.up()


def test_a_stamp_needs_the_schema_or_force_and_leaves_a_line(runner: Runner) -> None:
    with pytest.raises(SchemaDriftError):
        mending.stamp(runner, "0002", reason="by hand")
    mending.stamp(runner, "0002", reason="by hand", force=True)
    assert mending.status(runner).current == "0002_rules"
    mending.stamp(runner, "0001", reason="back")

    assert [(one.event, one.revision) for one in mending.history(runner)][1:] == [
        ("stamp", "0002_rules"),
        ("unstamp", "0002_rules"),
    ]
    assert runner.up().applied[0].revision == "0002_rules"


# --- damage -----------------------------------------------------------------------------------------------------------


def test_verify_tells_of_commits_that_the_log_has_lost(runner: Runner) -> None:
    runner.up(options=PLAIN)
    older = runner.path.read_bytes()
    with Database.open(f"sqlite:///{runner.path}", marker=True) as db:
        db.execute(sa.insert(TICKETS).values(project_id=1, title="lost"))
    assert mending.verify(runner).problems == []

    runner.path.write_bytes(older)

    assert mending.verify(runner).problems == ["lost commits: marker 1, database 0"]


def test_a_file_that_no_program_marks_as_its_own_is_created_too(tmp_path: Path) -> None:
    write_chain(tmp_path)
    runner = Runner(Migrations(tmp_path / "versions"), tmp_path / "a.db")

    assert runner.up(create=True).created
    assert [one.revision for one in mending.history(runner)] == ["0001_initial", "0002_rules", "0003_rank"]


def test_a_column_of_a_table_that_gives_no_id_twice_is_renamed(runner: Runner) -> None:
    write(
        runner.migrations.folder,
        "0004_label",
        "0003_rank",
        '    with op.alter_table("projects") as projects:\n        projects.rename_column("name", "label")\n',
        '    with op.alter_table("projects") as projects:\n        projects.rename_column("label", "name")\n',
    )

    runner.up()
    runner.down("0001")
    assert counts(runner) == (3, 12)
