"""New values computed in Python: whole or not at all, in batches that survive a killed run, and back again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemaroot.engine.driver import DriverName
from schemaroot.migration import mending
from schemaroot.migration.errors import RehearsalError, RevisionFailedError
from schemaroot.migration.plan import Touched, plan
from schemaroot.migration.runner import Options, Runner
from schemaroot.migration.watch import Silent

from .chain import PROJECTS, dump, opened, runner_for, write_chain

PLAIN = Options(backup=False, rehearse=False)

FILE = '''"""Give projects a slug."""

from __future__ import annotations

import os
from collections.abc import Sequence

import sqlalchemy as sa

from schemaroot import Assignment, Col, Table, auto_id, text
from schemaroot.migration import op

revision = "0004_slug"
down_revision = "0003_rank"


class Project(Table, name="projects"):
    """The table at this point."""

    id: Col[int] = auto_id()
    name: Col[str] = text()
    slug: Col[str | None] = text(default=None)


def slugged(row: Project) -> Sequence[Assignment[Project]]:
    if log := os.environ.get("COMPUTED"):
        with open(log, "a") as file:
            print(row.id, file=file)
    {compute}


def upgrade() -> None:
    {before}
    op.backfill(Project, slugged{options})


def downgrade() -> None:
    {down}
'''
ADD = """
    with op.alter_table("projects") as projects:
        projects.add_column(sa.Column("slug", sa.TEXT(), nullable=True))
"""
DROP = """
    with op.alter_table("projects") as projects:
        projects.drop_column("slug")
"""
SLUG = "return [Project.slug.to(row.name.upper())]"


def revision(
    folder: Path,
    compute: str = SLUG,
    *,
    before: str = ADD.strip(),
    down: str = DROP.strip(),
    options: str = ", batch=2",
) -> Path:
    path = folder / "versions" / "0004_slug.py"
    path.write_text(FILE.format(compute=compute, before=before, down=down, options=options))
    return path


@pytest.fixture(params=["apsw", "sqlite3"])
def runner(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A database at the third revision with seven projects; the fourth gives them slugs, two at a time."""
    driver: DriverName = request.param
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up(create=True, options=PLAIN)
    with opened(runner) as db, db.transaction():
        for number in range(1, 8):
            db.execute(
                sa.insert(sa.table("projects", sa.column("id"), sa.column("name"))).values(id=number, name=f"p{number}")
            )
    revision(tmp_path)
    monkeypatch.setenv("COMPUTED", str(tmp_path / "computed"))
    return runner


def slugs(runner: Runner) -> list[str | None]:
    with opened(runner) as db:
        return [slug for (slug,) in db.all(sa.select(sa.column("slug")).select_from(sa.table("projects")))]


def computed(runner: Runner) -> list[int]:
    path = runner.path.parent / "computed"
    found = [int(line) for line in path.read_text().split()] if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def staged(runner: Runner) -> list[str]:
    with opened(runner) as db:
        names = db.all(sa.select(sa.column("name")).select_from(sa.table("sqlite_master")))
    return [name for (name,) in names if name.startswith(("_data_", "_undo_0004_slug_"))]


def test_rows_get_what_is_computed_and_come_back(runner: Runner) -> None:
    start = dump(runner.path)

    runner.up()
    first = dump(runner.path)
    assert slugs(runner) == [f"P{number}" for number in range(1, 8)]
    assert staged(runner) == []
    runner.down()
    assert dump(runner.path) == start
    runner.up()
    assert dump(runner.path) == first


def test_each_row_is_computed_once_where_nothing_is_rehearsed(runner: Runner) -> None:
    runner.up(options=PLAIN)

    assert computed(runner) == [1, 2, 3, 4, 5, 6, 7]


def test_values_of_a_column_that_was_there_come_back_by_themselves(runner: Runner) -> None:
    change = "return [] if row.id == 3 else [Project.name.to(f'{row.name}!')]"
    class_without = FILE.replace("    slug: Col[str | None] = text(default=None)\n", "")
    path = runner.migrations.folder / "0004_slug.py"
    path.write_text(class_without.format(compute=change, before="pass", down="pass", options=", batch=3"))
    start = dump(runner.path)

    runner.up()
    first = dump(runner.path)
    with opened(runner) as db:
        assert db.all(sa.select(PROJECTS.c.name)) == [(f"p{n}" if n == 3 else f"p{n}!",) for n in range(1, 8)]
    runner.down()
    assert dump(runner.path) == start
    runner.up()
    assert dump(runner.path) == first

    with opened(runner) as db:
        db.execute(sa.update(PROJECTS).where(PROJECTS.c.id == 2).values(name="edited"))
    runner.down(options=PLAIN)
    with opened(runner) as db:
        assert db.all(sa.select(PROJECTS.c.name)) == [("edited" if n == 2 else f"p{n}",) for n in range(1, 8)]


def test_what_people_made_of_a_value_comes_back_instead_of_being_computed_again(runner: Runner) -> None:
    runner.up(options=PLAIN)
    slug = sa.table("projects", sa.column("id"), sa.column("slug"))
    with opened(runner) as db:
        db.execute(sa.update(slug).where(slug.c.id == 2).values(slug="mine"))
        db.execute(sa.update(slug).where(slug.c.id == 3).values(slug=None))
    first = dump(runner.path)

    runner.down()
    with opened(runner) as db:
        db.execute(sa.insert(PROJECTS).values(id=8, name="p8"))
    runner.up()

    assert slugs(runner) == ["P1", "mine", None, "P4", "P5", "P6", "P7", "P8"]
    with opened(runner) as db:
        db.execute(sa.delete(PROJECTS).where(PROJECTS.c.id == 8))
    assert [row for row in dump(runner.path) if row[0] == "projects"] == [row for row in first if row[0] == "projects"]


def test_a_condition_says_which_rows(runner: Runner) -> None:
    revision(runner.path.parent, options=", where=Project.id > 4")

    runner.up(options=PLAIN)

    assert slugs(runner) == [None] * 4 + ["P5", "P6", "P7"]
    assert computed(runner) == [5, 6, 7]


class Intruder(Silent):
    """Changes rows while the last batch is staged, as a program would that goes on working."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.done = False

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Looks for the moment."""
        if stage == "backfill projects" and done == 6 and not self.done:
            self.done = True
            name = sa.table("projects", sa.column("id"), sa.column("name"))
            with opened(self.runner) as db:
                db.execute(sa.update(name).where(name.c.id == 2).values(name="changed"))
                db.execute(sa.delete(name).where(name.c.id == 3))
                db.execute(sa.insert(name).values(id=-1, name="new"))


def test_rows_that_change_or_come_while_it_computes_are_computed_again(runner: Runner) -> None:
    runner.watcher = Intruder(runner)

    runner.up(options=PLAIN)

    assert slugs(runner) == ["NEW", "P1", "CHANGED", "P4", "P5", "P6", "P7"]
    assert computed(runner) == [1, 2, 3, 4, 5, 6, 7, -1, 2]


def test_a_renamed_table_and_using_are_seen_as_they_will_be(runner: Runner) -> None:
    before = """
    op.rename_table("projects", "works")
    with op.alter_table("works") as works:
        works.add_column(sa.Column("slug", sa.TEXT(), nullable=True), using=sa.func.lower(sa.column("name")) + "?")
"""
    down = """
    with op.alter_table("works") as works:
        works.drop_column("slug")
    op.rename_table("works", "projects")
"""
    path = revision(runner.path.parent, "return [Project.slug.to(f'{row.slug}!')]", before=before, down=down)
    path.write_text(path.read_text().replace('name="projects"', 'name="works"'))

    runner.up(options=PLAIN)

    with opened(runner) as db:
        assert db.all(sa.select(sa.column("slug")).select_from(sa.table("works")))[:2] == [("p1?!",), ("p2?!",)]
    assert computed(runner) == [1, 2, 3, 4, 5, 6, 7]


def test_rows_that_the_same_revision_makes_are_computed_inside_of_it(runner: Runner) -> None:
    before = (
        ADD
        + """
    op.execute(sa.insert(sa.table("projects", sa.column("name"))).values(name="born"), also=["tickets"])
"""
    )
    revision(runner.path.parent, before=before.strip())

    runner.up(options=PLAIN)

    assert slugs(runner)[-1] == "BORN"
    assert staged(runner) == []


BAD = {
    "raises": ("return [Project.slug.to(str(1 // (row.id - 5)))]", "row with id 5 could not be computed: ZeroDivision"),
    "gives a wrong value": ("return [Project.slug.to(5)]", "row with id 1 could not be computed: .*slug"),
    "changes the key": ("return [Project.id.to(5)]", "id is the key"),
    "gives SQL": ("return [Project.slug.to(Project.name)]", "an SQL expression is no computed value"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_row_that_cannot_be_computed_is_named_and_nothing_is_changed(runner: Runner, bad: str) -> None:
    compute, said = BAD[bad]
    revision(runner.path.parent, compute)
    before = dump(runner.path)

    with pytest.raises(RehearsalError, match=said):
        runner.up()
    assert dump(runner.path) == before
    assert staged(runner) == []
    with pytest.raises(RevisionFailedError, match=f"0004_slug.*{said}"):
        runner.up(options=PLAIN)
    assert dump(runner.path) == before
    assert mending.status(runner).current == "0003_rank"


def test_a_file_that_was_edited_after_a_failure_computes_everything_anew(runner: Runner) -> None:
    revision(runner.path.parent, BAD["raises"][0])
    with pytest.raises(RevisionFailedError):
        runner.up(options=PLAIN)
    assert staged(runner) == ["_data_0004_slug_projects"]
    revision(runner.path.parent)
    computed(runner)

    runner.up(options=PLAIN)

    assert computed(runner) == [1, 2, 3, 4, 5, 6, 7]
    assert slugs(runner) == [f"P{number}" for number in range(1, 8)]


def test_a_batch_of_no_rows_and_a_table_without_key_are_refused(runner: Runner) -> None:
    revision(runner.path.parent, options=", batch=0")

    with pytest.raises(RevisionFailedError, match="batch is 0"):
        runner.up(options=PLAIN)


def test_a_plan_counts_the_rows(runner: Runner) -> None:
    (planned,) = plan(runner).revisions

    assert planned.operations[-1] == "backfill(projects)"
    assert planned.touched[-1] == Touched("projects", "changed", 7)
    assert planned.no_way_back == ""


CHILD = """
import os, signal, sys
from pathlib import Path
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Options, Runner
from schemaroot.migration.watch import Silent

class Killer(Silent):
    told = 0
    def progress(self, stage, done, total):
        if stage == "backfill projects":
            self.told += 1
            if self.told == int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
migrations = Migrations(folder / "versions", application_id=0x54455354, command="shop migrate")
runner = Runner(migrations, folder / "a.db", driver=sys.argv[2], watcher=Killer())
runner.up(options=Options(backup=False, rehearse=False))
"""


@pytest.mark.parametrize("at", range(1, 6))
def test_a_run_killed_after_any_batch_goes_on_with_the_next(runner: Runner, at: int) -> None:
    before = dump(runner.path)
    command = [sys.executable, "-c", CHILD, str(runner.path.parent), runner.driver, str(at)]

    killed = subprocess.run(command, check=False, env=os.environ)

    assert killed.returncode == -signal.SIGKILL
    assert dump(runner.path) == before
    done = computed(runner)
    assert done == list(range(1, min(2 * (at - 1), 7) + 1))
    runner.up(options=PLAIN)
    assert computed(runner) == list(range(len(done) + 1, 8))
    assert slugs(runner) == [f"P{number}" for number in range(1, 8)]
    assert staged(runner) == []
