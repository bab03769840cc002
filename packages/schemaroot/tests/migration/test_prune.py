"""What is kept goes only on purpose, with a line in the ledger; after that the way back says what it cannot bring."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schemaroot.migration import mending
from schemaroot.migration.errors import RevisionUnknownError
from schemaroot.migration.plan import plan
from schemaroot.migration.runner import Options, Runner

from .chain import PROJECTS, Listening, dump, fill, opened, runner_for, write_chain

PLAIN = Options(backup=False, rehearse=False)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A database at the third revision, which keeps the notes of three projects."""
    write_chain(tmp_path)
    runner = runner_for(tmp_path, watcher=Listening())
    runner.up("0001", create=True)
    fill(runner)
    runner.up(options=PLAIN)
    return runner


def notes(runner: Runner) -> list[str | None]:
    with opened(runner) as db:
        return [note for (note,) in db.all(sa.select(PROJECTS.c.note).order_by(PROJECTS.c.id))]


def test_pruning_deletes_what_is_kept_and_says_so_in_the_ledger(runner: Runner) -> None:
    schema = dump(runner.path)
    assert {one.side: one.rows for one in mending.kept(runner)} == {"_undo_0003_rank_projects": 3}

    assert mending.prune(runner, ["0003"], reason="no room") == {"_undo_0003_rank_projects": 3}

    last = mending.history(runner)[-1]
    assert (last.event, last.revision, last.note) == ("prune", "0003_rank", "no room")
    assert last.rows == {"_undo_0003_rank_projects": {"before": 3, "after": 0}}
    assert mending.kept(runner) == []
    assert dump(runner.path) == schema
    assert mending.status(runner).current == "0003_rank"
    assert mending.verify(runner).problems == []


def test_after_pruning_the_way_back_gives_defaults_and_says_so(runner: Runner) -> None:
    mending.prune(runner, reason="no room")

    (planned,) = plan(runner, direction="down").revisions
    runner.down()

    (finding,) = planned.findings
    assert (finding.code, finding.severity) == ("KEPT_VALUES_PRUNED", "warning")
    assert "(no room): 3 rows of _undo_0003_rank_projects" in finding.message
    assert isinstance(runner.watcher, Listening)
    assert [text for text in runner.watcher.said if text.startswith("KEPT_VALUES_PRUNED")] == [str(finding)]
    assert notes(runner) == [None, None, None]


def test_what_is_kept_anew_after_pruning_comes_back(runner: Runner) -> None:
    mending.prune(runner, reason="no room")
    runner.down(options=PLAIN)
    with opened(runner) as db:
        db.execute(sa.update(PROJECTS).where(PROJECTS.c.id > 0).values(note="new"))
    runner.up(options=PLAIN)

    assert plan(runner, direction="down").revisions[0].findings == ()
    runner.down(options=PLAIN)
    assert notes(runner) == ["new"] * 3


def test_nothing_kept_writes_nothing_and_an_unknown_name_is_refused(runner: Runner) -> None:
    lines = len(mending.history(runner))

    assert mending.prune(runner, ["0002"], reason="none") == {}
    with pytest.raises(RevisionUnknownError):
        mending.prune(runner, ["0003", "0009"], reason="none")

    assert len(mending.history(runner)) == lines
    assert len(mending.kept(runner)) == 1
