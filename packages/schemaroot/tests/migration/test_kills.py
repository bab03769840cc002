"""A migration that is killed anywhere leaves the old revision or the new one, and the next run completes it.

Each point of a run (see `children`) is a moment of death: creation, backup, rehearsal, a rebuild of a parent whose
children would go by CASCADE, a dropped column, the search, the ledger, COMMIT.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemaroot.engine.driver import DriverName

from .chain import fill, runner_for, write_chain
from .children import Children
from .found import Look, look

REVISIONS = ["0001_initial", "0002_rules", "0003_rank"]


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as started:
        yield started


class Story:
    """A migration that nothing disturbs, every state that it passes, and what it comes by."""

    def __init__(self, folder: Path, children: Children, driver: DriverName, verb: str, *, create: bool) -> None:
        self.folder, self.children, self.driver, self.verb, self.create = folder, children, driver, verb, create
        self.start = folder / "start"
        self.to = "head" if verb == "up" else "base" if create else REVISIONS[0]
        write_chain(self.start)
        if not create:
            runner = runner_for(self.start, driver=driver)
            runner.up("0001", create=True)
            fill(runner)
            if verb == "down":
                runner.up()
                shutil.rmtree(f"{runner.path}.backups")
        self.states: list[Look] = [Look([], [], 0, [], "ok")] if create else []
        way = REVISIONS[0 if create else 1 :] if verb == "up" else list(reversed(REVISIONS[:-1]))
        stepwise = self.copy("stepwise")
        if not create:
            self.states.append(look(stepwise / "a.db"))
        for revision in way:
            self.run_on(stepwise, to=revision)
            self.states.append(look(stepwise / "a.db"))
        undisturbed = self.copy("undisturbed")
        self.points = self.run_on(undisturbed)
        self.end = look(undisturbed / "a.db")
        assert self.end.content == self.states[-1].content
        self.seen: set[tuple[bytes, bytes, tuple[str, ...]]] = set()

    def copy(self, name: str) -> Path:
        target = self.folder / name
        shutil.copytree(self.start, target)
        return target

    @staticmethod
    def without_backups(folder: Path) -> list[str]:
        """The files that a run leaves; whether it found something to back up depends on what was there before."""
        return [name for name in names_in(folder) if ".backups" not in name]

    def run_on(self, folder: Path, *, to: str | None = None) -> list[str]:
        ended = self.children.run(folder, self.verb, to or self.to, driver=self.driver, create=self.create)
        assert ended.status == 0, ended.error
        return ended.points

    def kill(self, at: int) -> bool:
        """Kills at a point, looks, and runs again; gives whether the files were left as never before."""
        folder = self.copy(f"killed-{at}")
        where = f"killed at {at} before {self.points[at]}"
        ended = self.children.run(folder, self.verb, self.to, driver=self.driver, kill=at, create=self.create)
        assert ended.killed, (where, ended)
        path = folder / "a.db"
        left = [one.read_bytes() if one.exists() else b"" for one in (path, path.with_name("a.db-wal"))]
        trace = (left[0], left[1], tuple(names_in(folder)))
        fresh = trace not in self.seen
        if fresh:  # what follows depends on the files alone
            self.seen.add(trace)
            if left[0]:
                aside = shutil.copytree(folder, self.folder / "aside")
                found = look(aside / "a.db")
                shutil.rmtree(aside)
                assert found in self.states, (where, found)
            self.run_on(folder)
            after = look(path)
            assert after == self.end, where
            assert self.without_backups(folder) == self.without_backups(self.folder / "undisturbed"), where
            assert all(name.endswith((".db", ".db.json")) for name in names_in(folder / "a.db.backups")), where
        shutil.rmtree(folder)
        return fresh


def names_in(folder: Path) -> list[str]:
    """The files in a folder, times and numbers of processes left out; several backups count as one."""
    found = {
        re.sub(r"\d{8}T\d{9}Z|(?<=rehearsal-)\d+|[0-9a-f]{16}(?=\.partial)", "x", str(one.relative_to(folder)))
        for one in folder.rglob("*")
    }
    return sorted(name for name in found if not name.endswith(("-wal", "-shm")) and "__pycache__" not in name)


CASES = [("up", False), ("down", False), ("up", True)]
CASE_NAMES = ["up", "down", "create"]


def chosen(points: list[str], number: int) -> list[int]:
    """Some of the points: a few at commits and files, where it matters most, and others from all over."""
    dice = random.Random(5)
    sharp = [
        at
        for at, point in enumerate(points)
        if point.startswith(("os.", "open")) or point.endswith((": COMMIT", ": BEGIN IMMEDIATE"))
    ]
    sharp += [at + 1 for at in sharp if at + 1 < len(points)]
    first = dice.sample(sharp, min(number // 2, len(sharp)))
    return sorted({*first, *dice.sample(range(len(points)), number - len(first))})


@pytest.mark.parametrize(("verb", "create"), CASES, ids=CASE_NAMES)
def test_a_migration_killed_at_some_points_is_whole_and_is_completed_by_the_next_run(
    tmp_path: Path, children: Children, driver: DriverName, verb: str, create: bool
) -> None:
    story = Story(tmp_path, children, driver, verb, create=create)
    for at in chosen(story.points, 9):
        story.kill(at)


@pytest.mark.soak
@pytest.mark.parametrize(("verb", "create"), CASES, ids=CASE_NAMES)
def test_a_migration_killed_at_every_point_is_whole_and_is_completed_by_the_next_run(
    tmp_path: Path, children: Children, driver: DriverName, verb: str, create: bool
) -> None:
    story = Story(tmp_path, children, driver, verb, create=create)
    print(json.dumps({"points": len(story.points), "states": sum(map(story.kill, range(len(story.points))))}))
