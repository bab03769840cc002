"""What the measurements share: where they run, medians of interleaved blocks, and tables of Markdown."""

from __future__ import annotations

import gc
import os
import platform
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "decisions"
"""Where files are written; it is made by tools, and git does not see it."""


def make_importable() -> None:
    """Puts the checkout on the path, so that a script can be run as a file."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


def machine_line() -> str:
    """The machine that the figures are of: processor, cores, Python, both SQLite libraries, load at the moment."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        import apsw  # the page on migrations does without

        brought = f", SQLite {apsw.sqlite_lib_version()} in apsw {apsw.apsw_version()}"
    except ImportError:
        brought = ""
    return (
        f"{cpu}, {cores} cores, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version} in sqlite3{brought}; load {os.getloadavg()[0]:.1f}"
    )


Runs = Mapping[str, Callable[[int], object]]
"""Contestants by name; each is called with the number of the call."""


def blocks(contestants: Runs, *, calls: int, rounds: int) -> dict[str, list[float]]:
    """Microseconds per call of each, one figure for each block of `calls` calls: in every round one block of everyone.

    The order changes from round to round, and what is in one round is compared with its neighbours.
    """
    dice = random.Random(20_240_108)
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run(0)
    for number in range(rounds):
        names = list(contestants)
        dice.shuffle(names)
        for name in names:
            run = contestants[name]
            gc.collect()
            started = time.perf_counter_ns()
            for call in range(calls):
                run(number * calls + call)
            spent[name].append((time.perf_counter_ns() - started) / calls / 1000)
    return spent


def medians(contestants: Runs, *, calls: int, rounds: int) -> dict[str, float]:
    """Microseconds per call of each: the median of its blocks."""
    found = blocks(contestants, calls=calls, rounds=rounds)
    return {name: statistics.median(spent) for name, spent in found.items()}


def ratio(spent: Mapping[str, Sequence[float]], name: str, base: str) -> float:
    """How much longer `name` takes than `base`: the median of the ratios of their blocks of one round."""
    return statistics.median(mine / other for mine, other in zip(spent[name], spent[base], strict=True))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of Markdown, numbers to the right."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " --: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def fresh(path: Path) -> Path:
    """`path` with no database there, nor what belongs to one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    return path
