"""Many revisions become one: proved to be the same, and no database is left behind without being told."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemaroot.migration import draft, mending
from schemaroot.migration.errors import (
    RevisionReplacedError,
    SquashedMiddleError,
    SquashRefusedError,
)
from schemaroot.migration.guard import require_current
from schemaroot.migration.plan import plan
from schemaroot.migration.runner import Options, Runner

from .chain import Listening, dump, fill, opened, runner_for, write, write_chain

PLAIN = Options(backup=False, rehearse=False)
MORE_UP = "    op.create_index('ix_more', 'tickets', ['title'])\n"
MORE_DOWN = "    op.drop_index('ix_more', table_name='tickets')\n"


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A database at the first of four revisions, with rows."""
    write_chain(tmp_path)
    write(tmp_path / "versions", "0004_more", "0003_rank", MORE_UP, MORE_DOWN)
    runner = runner_for(tmp_path)
    runner.up("0001", create=True)
    fill(runner)
    return runner


def squashed(runner: Runner) -> Path:
    return draft.squash(runner.migrations, "0003")


def test_the_new_revision_stands_for_the_old_ones_and_leads_to_the_same_schema(runner: Runner) -> None:
    path = squashed(runner)

    revisions = runner.migrations.revisions()
    assert path.name == "0003_make_the_schema_of_0003_rank.py"
    assert sorted(one.name for one in runner.migrations.folder.glob("*.py")) == [path.name, "0004_more.py"]
    assert [one.id for one in revisions.ordered] == [path.stem, "0004_more"]
    assert revisions.by_id[path.stem].replaces == ("0001_initial", "0002_rules", "0003_rank")
    assert revisions.by_id["0004_more"].parents == (path.stem,)


def test_a_fresh_database_gets_the_new_revision_and_comes_back_from_it(runner: Runner, tmp_path: Path) -> None:
    path = squashed(runner)
    fresh = Runner(runner.migrations, tmp_path / "fresh.db")

    fresh.up(create=True)

    assert [one.revision for one in mending.status(fresh).applied] == [path.stem, "0004_more"]
    assert mending.verify(fresh).problems == []
    fresh.down("base")
    assert mending.status(fresh).applied == ()


def test_a_database_that_has_all_of_the_old_ones_goes_on_with_a_line_in_its_ledger(runner: Runner) -> None:
    runner.up("0003", options=PLAIN)
    path = squashed(runner)
    with opened(runner) as db, pytest.raises(Exception, match="0004_more"):
        require_current(db, runner.migrations.folder)
    assert [one.revision for one in plan(runner).revisions] == ["0004_more"]
    assert mending.status(runner).pending == ("0004_more",)
    before = dump(runner.path)

    report = runner.up()

    assert [one.revision for one in report.applied] == ["0004_more"]
    assert [(one.event, one.revision) for one in mending.history(runner)][3:] == [
        ("unstamp", "0001_initial"),
        ("unstamp", "0002_rules"),
        ("unstamp", "0003_rank"),
        ("squash", path.stem),
        ("up", "0004_more"),
    ]
    assert mending.verify(runner).problems == []
    with opened(runner) as db:
        require_current(db, runner.migrations.folder)
    runner.down(options=PLAIN)
    assert dump(runner.path) == before


def test_a_database_at_the_end_opens_before_anything_is_noted(runner: Runner) -> None:
    runner.up(options=PLAIN)
    squashed(runner)

    with opened(runner) as db:
        require_current(db, runner.migrations.folder)
    assert runner.up().applied == []
    assert mending.history(runner)[-1].event == "squash"
    lines = len(mending.history(runner))
    runner.up()
    assert len(mending.history(runner)) == lines


def test_a_database_in_the_middle_is_refused_with_the_way_out(runner: Runner) -> None:
    runner.up("0002", options=PLAIN)
    squashed(runner)
    before = dump(runner.path)

    with pytest.raises(SquashedMiddleError, match=r"stands at 0002_rules, .*\(shop migrate up 0003_rank\)"):
        runner.up()
    with pytest.raises(SquashedMiddleError):
        plan(runner)
    with opened(runner) as db, pytest.raises(SquashedMiddleError):
        require_current(db, runner.migrations.folder)
    assert "in the middle" in mending.status(runner).problems[0]
    assert dump(runner.path) == before


def test_values_kept_for_squashed_revisions_are_told_with_their_number(runner: Runner) -> None:
    """The way down of the third revision is gone, and with it the notes that it would have brought back."""
    runner.up("0003", options=PLAIN)
    path = squashed(runner)
    runner.watcher = Listening()

    runner.up(options=PLAIN)
    told = [text for text in runner.watcher.said if text.startswith("KEPT_VALUES_SQUASHED")]
    assert told == [
        "KEPT_VALUES_SQUASHED projects: 3 kept rows in _undo_0003_rank_projects belong to 0003_rank, for which"
        f" {path.stem} stands now; no down brings them back."
        ' shop migrate prune 0003_rank --reason "squashed"  # where they are not needed'
    ]
    runner.watcher.said.clear()
    runner.up(options=PLAIN)
    assert runner.watcher.said == []
    assert mending.prune(runner, ["0003_rank"], reason="squashed") == {"_undo_0003_rank_projects": 3}


def test_a_squash_can_be_squashed_again(runner: Runner, tmp_path: Path) -> None:
    first = squashed(runner)
    fresh = Runner(runner.migrations, tmp_path / "fresh.db")
    fresh.up(create=True)
    write(
        runner.migrations.folder,
        "0005_last",
        "0004_more",
        "    op.drop_index('ix_more', table_name='tickets')\n",
        MORE_UP,
    )
    fresh.up(options=PLAIN)

    second = draft.squash(runner.migrations, "0005", message="All of it")

    assert second.name == "0005_all_of_it.py"
    assert runner.migrations.revisions().by_id[second.stem].replaces[3:] == (first.stem, "0004_more", "0005_last")
    assert fresh.up().applied == []
    assert mending.status(fresh).current == "0005_all_of_it"
    assert mending.verify(fresh).problems == []


def test_a_file_that_came_back_beside_the_squash_is_refused_by_name(runner: Runner) -> None:
    path = squashed(runner)
    write(runner.migrations.folder, "0002_rules", None)

    with pytest.raises(RevisionReplacedError, match=f"0002_rules is there although {path.stem}"):
        runner.up()


def files(runner: Runner) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in runner.migrations.folder.glob("*")}


FILLS = """
    op.bulk_insert(sa.table("projects", sa.column("id"), sa.column("name")), [{"id": 1, "name": "first"}])
"""
EMPTIES = """
    op.execute(sa.delete(sa.table("projects")))
"""


def test_rows_that_a_fresh_database_would_lack_stop_it_with_the_step_named(runner: Runner) -> None:
    write(runner.migrations.folder, "0005_seed", "0004_more", FILLS, EMPTIES)
    before = files(runner)

    with pytest.raises(SquashRefusedError, match=r"0005_seed puts rows .* bulk_insert\(projects: 1 rows\)"):
        draft.squash(runner.migrations, "0005")
    assert files(runner) == before

    assert draft.squash(runner.migrations, "0005", without_rows=True).exists()


def test_steps_that_change_nothing_in_a_fresh_database_do_not_stop_it(runner: Runner) -> None:
    write(runner.migrations.folder, "0005_seed", "0004_more", FILLS, EMPTIES)
    write(runner.migrations.folder, "0006_empty", "0005_seed", EMPTIES)

    assert draft.squash(runner.migrations, "0006").exists()


def test_a_branch_out_of_the_middle_stops_it(runner: Runner) -> None:
    write(runner.migrations.folder, "0003_other", "0002_rules")
    before = files(runner)

    with pytest.raises(SquashRefusedError, match="0003_other builds on 0002_rules, which would be gone"):
        draft.squash(runner.migrations, "0003_rank")
    with pytest.raises(SquashRefusedError, match="only 0001_initial"):
        draft.squash(runner.migrations, "0001")
    assert files(runner) == before


def test_a_schema_that_the_new_revision_cannot_say_stops_it(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    import schemaroot.migration.squash as module

    real = module.difference
    monkeypatch.setattr(module, "difference", lambda *given: real(*given)[:-1])
    before = files(runner)

    with pytest.raises(SquashRefusedError):
        squashed(runner)
    assert files(runner) == before
