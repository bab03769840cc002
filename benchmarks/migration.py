"""Runs the migration of a large table in fresh processes, and tells its figures as operations of the document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

ROWS, ROWS_QUICK = 1_000_000, 50_000

SMALLER = 10
"""How many times smaller the table is whose peak of memory stands beside."""

APART = ("backup", "rehearsal", "digests")
"""Kinds of work that bare SQL does not do at all: each is told by itself and left out of `migrate_1m`."""

SHARES = ("statements", "checks", *APART)

MIGRATION: dict[str, tuple[str, str]] = {
    "migrate_1m": ("s", "another default for a column of a large table, beside the bare SQL of its rebuild"),
    "migrate_1m_statements": ("s", "of it: the statements"),
    "migrate_1m_checks": ("s", "of it: foreign keys, integrity check, invariants"),
    "migrate_1m_digests": ("s", "apart: digests of what must come through, before and after"),
    "migrate_1m_backup": ("s", "apart: the verified backup"),
    "migrate_1m_rehearsal": ("s", "apart: on a copy there, back and there again, all checked"),
    "migrate_1m_memory": ("MiB", "the most memory held, with backup and rehearsal"),
    "migrate_1m_growth": ("times", "that memory, by what a tenth of the rows takes"),
}
"""Names of the operations, each with its unit and what it is."""


class Cost(NamedTuple):
    """What one way of making the change cost: seconds, the peak in MiB, the seconds of each kind of work."""

    seconds: float
    peak_mib: float
    spent: dict[str, float]


def measure_migration(
    rows: int,
    clock: Literal["wall", "cpu"],
    folder: Path,
    run: Callable[[list[str]], str],
    say: Callable[[str], None],
) -> dict[str, tuple[float, float | None]]:
    """The figures of the operations of `MIGRATION`: ours, and that of the bare SQL where there is one."""

    def cost(size: int, verb: str) -> Cost:
        say(f"migrating {size:,} rows: {verb}")
        said = run(
            ["-m", "benchmarks.migration_ways", verb, str(folder / str(size)), *(["--cpu"] if clock == "cpu" else [])]
        )
        return Cost(**json.loads(said))

    for size in (rows // SMALLER, rows):
        run(["-m", "benchmarks.migration_ways", "build", str(folder / str(size)), str(size)])
    small = cost(rows // SMALLER, "whole")
    bare, alone, whole = (cost(rows, verb) for verb in ("bare", "alone", "whole"))
    shares = {f"migrate_1m_{kind}": ((whole if kind in APART else alone).spent[kind], None) for kind in SHARES}
    return {
        "migrate_1m": (alone.seconds - alone.spent["digests"], bare.seconds),
        **shares,
        "migrate_1m_memory": (whole.peak_mib, bare.peak_mib),
        "migrate_1m_growth": (whole.peak_mib / small.peak_mib, None),
    }
