"""What is kept for the way back, and deleting it on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schemaroot.engine.connection import Connection
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.undo import Direction, drop_side
from schemaroot.migration.work import Work


@dataclass(frozen=True)
class Kept:
    """The rows that one run of a revision keeps of one table.

    Attributes:
        revision: the revision.
        direction: the way that took the values; they come back on the other.
        at: since when they are kept.
        table: the table whose rows these are, by its name after the revision.
        side: the side table that holds them.
        rows: how many.
    """

    revision: str
    direction: Direction
    at: datetime
    table: str
    side: str
    rows: int


@dataclass(frozen=True)
class _Run:
    """One run of a revision, in the table that notes what it kept."""

    meta: str
    number: int
    revision: str
    direction: Direction
    at: datetime


def kept_rows(connection: Connection) -> list[Kept]:
    """What is kept in a database, in the order in which it came."""
    work = Work(connection)
    found: list[Kept] = []
    for run in _runs(work):
        for number, kind, name, _, _, side, _ in work.ask(statements.read_all_meta(run.meta)):
            if number == run.number and kind in ("rows", "table") and side is not None:
                rows = int(work.value(statements.count(side)))
                found.append(Kept(run.revision, run.direction, run.at, name, side, rows))
    return found


def prune(connection: Connection, *, revision: str | None = None, older_than: datetime | None = None) -> list[Kept]:
    """Deletes what is kept; after that, going back brings none of it.

    Args:
        connection: a connection that may write; the caller begins and commits.
        revision: of this revision alone, else of all.
        older_than: kept before this moment alone, else whenever.

    Returns what was deleted.
    """
    work = Work(connection)
    work.place = "prune"
    doomed = [
        run
        for run in _runs(work)
        if (revision is None or run.revision == revision) and (older_than is None or run.at < older_than)
    ]
    sides = {(kept.revision, kept.direction, kept.at, kept.side): kept for kept in kept_rows(connection)}
    triggers = {folded(name) for kind, name, _, _ in work.objects() if kind == "trigger"}
    deleted: list[Kept] = []
    for run in doomed:
        for (name, direction, at, side), kept in sides.items():
            if (name, direction, at) == (run.revision, run.direction, run.at):
                drop_side(work, side, triggers)
                deleted.append(kept)
        work.run(statements.forget_whole_run(run.meta), (run.number,))
        if not work.value(statements.has_rows(run.meta)):
            work.run(statements.drop("table", run.meta))
    return deleted


def _runs(work: Work) -> Iterator[_Run]:
    for (meta,) in work.ask(statements.UNDO_TABLES):
        for number, kind, name, owner, _, _, detail in work.ask(statements.read_all_meta(meta)):
            if kind == "run":
                direction: Direction = "down" if owner == "down" else "up"
                yield _Run(meta, number, name, direction, datetime.fromisoformat(detail))
