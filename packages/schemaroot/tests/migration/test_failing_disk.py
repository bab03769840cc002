"""A disk that is full or fails at any moment of a migration leaves the old revision or the new one, and is named."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from schemaroot.errors import DiskError, DiskFullError, SchemarootError

from ..engine.odd_files import Failing, FailingFiles, through
from .chain import fill, runner_for, write_chain
from .found import Look, look

CODES = {"I/O error": apsw.SQLITE_IOERR, "disk full": apsw.SQLITE_FULL}


@contextmanager
def aside(folder: Path, name: str) -> Iterator[Path]:
    """A copy of a folder, gone at the end."""
    copy = folder.with_name(name)
    shutil.copytree(folder, copy)
    yield copy
    shutil.rmtree(copy)


def open_files(folder: Path) -> list[str]:
    """The files of a folder that this process has open."""
    links = [Path(f"/proc/self/fd/{handle}") for handle in os.listdir("/proc/self/fd")]
    return [str(link.readlink()) for link in links if link.is_symlink() and folder in link.readlink().parents]


class Attempts:
    """The same migration again and again, each time on a disk that fails somewhere else."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.start = folder / "start"
        self.monkeypatch = monkeypatch
        write_chain(self.start)
        runner = runner_for(self.start)
        runner.up("0001", create=True)
        fill(runner)
        self.states: list[Look] = [look(runner.path)]
        with aside(self.start, "undisturbed") as copy:
            failing = Failing()
            for revision in ("0002", "0003"):
                runner_for(copy).up(revision)
                self.states.append(look(copy / "a.db"))
        with aside(self.start, "counted") as copy:
            failing = Failing()
            with through(FailingFiles(failing), monkeypatch):
                runner_for(copy).up()
            self.names = failing.names
        self.told: set[type[BaseException]] = set()

    def fail(self, at: int, code: int, *, for_ever: bool) -> None:
        where = (at, self.names[at], code, for_ever)
        with aside(self.start, f"at-{at}") as copy:
            failing = Failing(at=at, code=code, for_ever=for_ever)
            with through(FailingFiles(failing), self.monkeypatch):
                try:
                    runner_for(copy).up()
                except SchemarootError as error:
                    self.told.add(type(error))
                except Exception as error:
                    raise AssertionError(where) from error
            assert open_files(copy) == [], where
            with aside(copy, "looked") as looked:
                assert look(looked / "a.db") in self.states, where

            runner_for(copy).up()

            assert look(copy / "a.db") == self.states[-1], where
            leftovers = [one.name for one in copy.rglob("*") if one.suffix == ".partial" or "rehearsal" in one.name]
            assert leftovers == [], where


def test_a_migration_on_a_disk_that_fails_somewhere_leaves_the_old_revision_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = Attempts(tmp_path, monkeypatch)
    dice = random.Random(3)
    for _ in range(24):
        at, code = dice.randrange(len(attempts.names)), dice.choice([*CODES.values()])
        attempts.fail(at, code, for_ever=dice.random() < 0.5)

    assert {DiskError, DiskFullError} <= attempts.told


@pytest.mark.soak
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_migration_on_a_disk_that_fails_anywhere_leaves_the_old_revision_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, for_ever: bool
) -> None:
    attempts = Attempts(tmp_path, monkeypatch)
    for at in range(len(attempts.names)):
        attempts.fail(at, code, for_ever=for_ever)
