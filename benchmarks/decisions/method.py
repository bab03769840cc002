"""How to measure: what interleaving, ratios, equal durability and reading every attribute change in the figures.

    python benchmarks/decisions/method.py [--repeats 7]

Prints the tables of `docs/decisions/0004-benchmarks.md`. It needs both packages of this workspace.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import data
from benchmarks.contestant import BY_NAME, consumer
from benchmarks.decisions.common import WORK, blocks, fresh, machine_line, medians, ratio, table
from benchmarks.floor import LIST_TICKETS, Floor, texts
from benchmarks.ours import OursSqlite3

FOLDER = WORK / "method"


def opened(kind: Any, name: str) -> Any:
    """A contestant on a copy of its own."""
    pristine = FOLDER / "pristine.db"
    if not pristine.exists():
        data.build(pristine)
    path = fresh(FOLDER / f"{name}.db")
    shutil.copyfile(pristine, path)
    made = kind()
    made.open(path)
    return made


def spread(values: list[float], digits: int = 2) -> str:
    """The smallest and the greatest, and how far apart they are."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}, {(max(values) / min(values) - 1) * 100:.0f} % apart"


SPIN = "while True: pass"


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Other processes that keep the processor busy."""
    busy = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def order_of_blocks(repeats: int) -> None:
    """The same code against itself, one after the other and interleaved; times and ratios under load."""
    first, second, ours = opened(Floor, "a"), opened(Floor, "b"), opened(OursSqlite3, "c")
    runs: dict[str, Callable[[int], object]] = {
        "first": lambda turn: first.list_100(turn % 3 + 1),
        "second": lambda turn: second.list_100(turn % 3 + 1),
        "ours": lambda turn: ours.list_100(turn % 3 + 1),
    }
    sequential: list[float] = []
    interleaved: list[float] = []
    times: dict[int, list[float]] = {0: [], 2: []}
    ratios: dict[int, list[float]] = {0: [], 2: []}
    for _ in range(repeats):
        alone = {name: medians({name: runs[name]}, calls=3, rounds=41)[name] for name in ("first", "second")}
        sequential.append(alone["second"] / alone["first"])
        for count in (0, 2):
            with neighbours(count):
                together = blocks(runs, calls=3, rounds=41)
            if not count:
                interleaved.append(ratio(together, "second", "first"))
            times[count].append(statistics.median(together["ours"]))
            ratios[count].append(ratio(together, "ours", "first"))
    rows: list[list[object]] = [
        ["the same code against itself, one after the other: ratio", spread(sequential)],
        ["the same code against itself, interleaved, each round's ratio: ratio", spread(interleaved)],
    ]
    for count, label in ((0, "as the machine was"), (2, "beside two busy processes more")):
        rows.append([f"ours, {label}: median µs", f"{statistics.median(times[count]):,.0f}"])
        rows.append([f"ours, {label}: median ratio to hand-written code", f"{statistics.median(ratios[count]):.2f}"])
    print(table([f"list_100, {repeats} repetitions of 41 rounds", "found"], rows))
    for one in (first, second, ours):
        one.close()


def durability() -> None:
    """One insert and its commit, with each of SQLite's levels of synchronisation."""
    rows: list[list[object]] = []
    row = data.inserts()[0]
    contestants: dict[str, Any] = {}
    for level, name in ((2, "FULL"), (1, "NORMAL"), (0, "OFF")):
        contestants[name] = opened(Floor, f"sync{level}")
        contestants[name].connection.execute(f"PRAGMA synchronous={level}")
    runs = {name: lambda _, one=one: one.insert_1(row) for name, one in contestants.items()}
    spent = medians(runs, calls=20, rounds=15)
    for name, microseconds in spent.items():
        rows.append([name, f"{microseconds:,.0f}", f"{microseconds / spent['FULL']:.2f}"])
    print(table(["`synchronous`", "µs", "ratio to FULL"], rows))
    for one in contestants.values():
        one.close()


class LazyTicket:
    """A row that turns its values into Python's when they are asked for."""

    def __init__(self, row: sqlite3.Row) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        value = self._row[name]
        return texts(value) if name in {"tags", "suggested_agents"} else value


def laziness() -> None:
    """A lazy row beside an eager one, when nothing is read of it and when everything is."""
    eager = opened(Floor, "eager")
    lazy = opened(Floor, "lazy")
    lazy.connection.row_factory = sqlite3.Row
    read = consumer(eager, BY_NAME["list_100"])

    def lazily(turn: int) -> list[LazyTicket]:
        return [LazyTicket(row) for row in lazy.connection.execute(LIST_TICKETS, (turn % 3 + 1,))]

    spent = medians(
        {
            "eager, unread": lambda turn: eager.list_100(turn % 3 + 1),
            "lazy, unread": lazily,
            "eager, every attribute read": lambda turn: read(eager.list_100(turn % 3 + 1)),
            "lazy, every attribute read": lambda turn: read(lazily(turn)),
        },
        calls=10,
        rounds=15,
    )
    rows: list[list[object]] = []
    for what in ("unread", "every attribute read"):
        one, other = spent[f"eager, {what}"], spent[f"lazy, {what}"]
        rows.append([what, f"{one:,.0f}", f"{other:,.0f}", f"{other / one:.2f}"])
    print(table(["list_100", "eager, µs", "lazy, µs", "lazy / eager"], rows))
    eager.close()
    lazy.close()


def main(argv: list[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="repetitions of the first part")
    options = parser.parse_args(argv)
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(machine_line())
    for title, part in {
        "order of blocks": lambda: order_of_blocks(options.repeats),
        "durability": durability,
        "laziness": laziness,
    }.items():
        print(f"\n## {title}\n")
        part()
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
