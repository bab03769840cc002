"""What we want to reach, as ratios to the floor in the same run or as figures of their own."""

from __future__ import annotations

from typing import NamedTuple


class Goal(NamedTuple):
    """The most that is allowed, and the most that we aim at; ratios to the floor unless `absolute`."""

    must: float
    aim: float
    absolute: bool = False


GOALS: dict[str, Goal] = {
    "get_by_id": Goal(1.10, 0.80),
    "list_100": Goal(1.05, 0.60),
    "ticket_with_tasks": Goal(1.10, 0.75),
    "page_50_with_tasks": Goal(1.05, 0.70),
    "count_by_status": Goal(1.05, 0.75),
    "read_20000": Goal(0.80, 0.50),
    "update_1": Goal(1.10, 0.90),
    "insert_1": Goal(1.15, 0.90),
    "insert_100": Goal(1.10, 0.80),
    "get_by_id_unprepared": Goal(2.5, 2.5),
    "import_time": Goal(350, 80, absolute=True),
    "rss": Goal(45, 25, absolute=True),
    "migrate_1m": Goal(2.0, 1.8),
    "migrate_1m_growth": Goal(1.25, 1.1, absolute=True),
}

# The specification's own figures: milliseconds (what the original took), MB.
LIMITS: dict[str, tuple[float, str]] = {
    "get_by_id": (1_000, "single fetch ≤ 1 ms (original 0.61)"),
    "insert_100": (25_000, "100 inserts ≤ 25 ms (original 4.92)"),
    "ticket_with_tasks": (4_000, "ticket with tasks ≤ 4 ms (original 1.64)"),
    "rss": (120e6 / 2**20, "resident memory ≤ 120 MB"),
}
"""The most in the operation's unit (µs, MiB), and the sentence."""


def mark(name: str, value: float | None, ratio: float | None) -> str:
    """`aim`, `must` or `missed`, or nothing where there is no goal or no figure."""
    goal = GOALS.get(name)
    figure = value if goal is not None and goal.absolute else ratio
    if goal is None or figure is None:
        return ""
    return "aim" if figure <= goal.aim else "must" if figure <= goal.must else "missed"
