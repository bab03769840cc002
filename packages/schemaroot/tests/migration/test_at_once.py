"""Several runners at once: every one ends well, each revision is applied once."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from schemaroot.engine.driver import DriverName

from .chain import fill, runner_for, write_chain
from .children import Children, Ended
from .found import look


@pytest.fixture(scope="module")
def four() -> Iterator[list[Children]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Children()) for _ in range(4)]


def ledger(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT revision, event FROM schema_history ORDER BY id").fetchall()
    connection.close()
    return found


def at_once(four: list[Children], folder: Path, driver: DriverName, *, create: bool) -> list[Ended]:
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda one: one.run(folder, driver=driver, create=create), four))


def race(folder: Path, four: list[Children], driver: DriverName, rounds: int) -> None:
    start = folder / "start"
    write_chain(start)
    runner = runner_for(start, driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    alone = folder / "alone"
    shutil.copytree(start, alone)
    runner_for(alone, driver=driver).up()
    wanted = look(alone / "a.db")
    for number in range(rounds):
        copy = folder / f"round-{number}"
        shutil.copytree(start, copy)

        ended = at_once(four, copy, driver, create=False)

        assert [one.status for one in ended] == [0] * 4, [one.error for one in ended]
        assert look(copy / "a.db") == wanted
        assert set(Counter(ledger(copy / "a.db")).values()) == {1}
        shutil.rmtree(copy)

        write_chain(copy)
        ended = at_once(four, copy, driver, create=True)

        assert [one.status for one in ended] == [0] * 4, [one.error for one in ended]
        assert ledger(copy / "a.db") == [("0001_initial", "up"), ("0002_rules", "up"), ("0003_rank", "up")]
        shutil.rmtree(copy)


def test_four_runners_at_once_all_end_well_and_apply_each_revision_once(
    tmp_path: Path, four: list[Children], driver: DriverName
) -> None:
    race(tmp_path, four, driver, rounds=2)


@pytest.mark.soak
def test_four_runners_at_once_twelve_times(tmp_path: Path, four: list[Children], driver: DriverName) -> None:
    race(tmp_path, four, driver, rounds=12)
