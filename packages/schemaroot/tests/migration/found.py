"""How is a database found after something went wrong? Looked at with the plain driver, as any program would."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from .chain import dump


@dataclass(frozen=True)
class Look:
    """How a database is found after a death: its content, the revisions in the ledger, its number, its side tables."""

    content: list[tuple[object, ...]]
    revisions: list[str]
    number: int
    sides: list[tuple[str, int]]
    whole: str


def look(path: Path) -> Look:
    with sqlite3.connect(path) as connection:  # recovers as the program itself would
        whole = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
        number = int(connection.execute("PRAGMA user_version").fetchone()[0])
        names = [str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        has: list[str] = []
        if "schema_history" in names:
            for revision, event in connection.execute("SELECT revision, event FROM schema_history ORDER BY id"):
                has = [*has, revision] if event == "up" else [one for one in has if one != revision]
                assert len(set(has)) == len(has), has
        sides = [
            (name, int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]))
            for name in sorted(names)
            if name.startswith("_undo_")
        ]
    connection.close()
    return Look(dump(path), has, number, sides, whole)
