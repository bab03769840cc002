"""What the marker of commits costs: ways to add one to a number in each transaction, beside an insert without it.

    python benchmarks/decisions/marker.py [--calls 300] [--rounds 9]

Prints the table of "The marker of commits" in `docs/decisions/0003-backup-strategy.md`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import apsw

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.decisions.common import WORK, blocks, fresh, machine_line, table
from schemaroot import Col, Database, Table, auto_id, integer, text

INSERT = "INSERT INTO t (project_id, title, status, created) VALUES (?, ?, ?, ?)"
UPDATE = "UPDATE schema_commits SET number = number + 1 WHERE id = 1"
TRIGGER = f"CREATE TEMP TRIGGER counting AFTER INSERT ON main.t BEGIN {UPDATE}; END"


class Ticket(Table, name="tickets"):
    id: Col[int] = auto_id()
    project_id: Col[int] = integer()
    title: Col[str] = text()
    status: Col[str] = text(default="open")


def connect(name: str, durability: str) -> apsw.Cursor:
    cursor = apsw.Connection(str(fresh(WORK / f"marker-{name}.db"))).cursor()
    for sql in (
        "PRAGMA journal_mode=WAL",
        f"PRAGMA synchronous={durability}",
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER, title TEXT, status TEXT, created)",
        "CREATE INDEX ix ON t (project_id, status, created)",
        "CREATE TABLE schema_commits (id INTEGER PRIMARY KEY, number INTEGER NOT NULL)",
        "INSERT INTO schema_commits VALUES (1, 0)",
    ):
        cursor.execute(sql).fetchall()
    return cursor


def by_hand(durability: str) -> dict[str, Callable[[int], object]]:
    def plain(cursor: apsw.Cursor) -> Callable[[int], object]:
        return lambda n: cursor.execute(INSERT, (n % 50, f"title {n}", "open", n)).fetchall()

    def within(cursor: apsw.Cursor, *more: str) -> Callable[[int], object]:
        def run(n: int) -> None:
            cursor.execute("BEGIN IMMEDIATE").fetchall()
            cursor.execute(INSERT, (n % 50, f"title {n}", "open", n)).fetchall()
            for sql in more:
                cursor.execute(sql).fetchall()
            cursor.execute("COMMIT").fetchall()

        return run

    triggered = connect("trigger", durability)
    triggered.execute(TRIGGER).fetchall()
    return {
        "insert in autocommit": plain(connect("plain", durability)),
        "BEGIN, insert, COMMIT": within(connect("begin", durability)),
        "**with UPDATE**": within(connect("update", durability), UPDATE),
        "with UPDATE ... RETURNING": within(connect("returning", durability), f"{UPDATE} RETURNING number"),
        "autocommit with a temporary trigger": plain(triggered),
    }


def by_engine(durability: str) -> dict[str, Callable[[int], object]]:
    def inserting(name: str, *, marker: bool) -> Callable[[int], object]:
        path = fresh(WORK / f"{name}.db")
        path.with_name(f"{path.name}.marker").unlink(missing_ok=True)
        level = "normal" if durability == "normal" else "full"
        db = Database.create(f"sqlite:///{path}", [Ticket], durability=level, marker=marker)
        return lambda n: db.insert(Ticket, project_id=n % 50, title=f"title {n}")

    return {
        "`db.insert`": inserting("marker-without", marker=False),
        "`db.insert`, `marker=True`": inserting("marker-with", marker=True),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    for durability in ("full", "normal"):
        contestants = {**by_hand(durability), **by_engine(durability)}
        for name, spent in blocks(contestants, calls=options.calls, rounds=options.rounds).items():
            found.setdefault(name, []).append(min(spent))
    print(machine_line())
    lines = [[name, *(f"{one:.1f}" for one in best)] for name, best in found.items()]
    print(table(["microseconds, best of blocks", "full", "normal"], lines))


if __name__ == "__main__":
    main()
