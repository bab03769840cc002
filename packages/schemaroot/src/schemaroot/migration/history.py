"""The ledger: what was done to a schema, when, by whom, and with which backup. Rows are added, never changed.

What a database *has* follows from reading the rows in order: each says that a revision came or went.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypedDict

import sqlalchemy as sa

from schemaroot.engine.database import Database
from schemaroot.schema.column import auto_id, boolean, integer, json, text, timestamp_ms
from schemaroot.schema.new import new
from schemaroot.schema.table import Col, Table

Event = Literal["up", "down", "adopt", "stamp", "unstamp", "repair", "squash", "prune"]
"""`adopt`: the schema was there before its history. `stamp` and `unstamp`: set by hand. `repair`: another checksum was
accepted. `squash`: the revision took the place of others. `prune`: its side tables were deleted."""

_COMES: frozenset[Event] = frozenset({"up", "adopt", "stamp", "repair", "squash"})
_GOES: frozenset[Event] = frozenset({"down", "unstamp"})

HISTORY = "schema_history"


class RowCount(TypedDict):
    """How many rows a table had before and after; `None` where it was not there."""

    before: int | None
    after: int | None


def _now() -> datetime:
    return datetime.now(UTC)


class HistoryEntry(Table, name=HISTORY, comment="What was done to the schema"):
    """One line of the ledger."""

    id: Col[int] = auto_id()
    revision: Col[str] = text(comment="The revision that came or went")
    event: Col[Event] = text(comment="What happened to it")
    checksum: Col[str] = text(comment="SHA-256 of the revision's file")
    applied: Col[datetime] = timestamp_ms(default_factory=_now, comment="When")
    duration_ms: Col[int] = integer(default=0, comment="How long it took, in milliseconds")
    by: Col[str] = text(comment="user@host of the runner")
    backup: Col[str | None] = text(default=None, comment="The backup made before")
    rehearsed: Col[bool] = boolean(default=False, comment="Whether it ran on a copy first")
    note: Col[str] = text(default="", comment="What was left out or accepted on purpose")
    rows: Col[dict[str, RowCount]] = json(default_factory=dict, comment="Rows of each table before and after")


@dataclass(frozen=True)
class Fact:
    """What is to be written into the ledger about one revision."""

    revision: str
    event: Event
    checksum: str
    duration_ms: int = 0
    backup: str | None = None
    rehearsed: bool = False
    note: str = ""
    rows: Mapping[str, RowCount] = field(default_factory=dict[str, RowCount])


def runner_name() -> str:
    """`user@host` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no entry for this user, no environment
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def has_history(db: Database) -> bool:
    """Whether the ledger is there."""
    schema = sa.table(
        "sqlite_master", sa.column("name"), sa.column("type")
    )  # older SQLite knows it under no other name
    found = sa.select(schema.c.name).where(schema.c.type == "table", schema.c.name == HISTORY)
    return bool(db.all(found))


def read_history(db: Database) -> list[HistoryEntry]:
    """The ledger in order; empty where there is none yet."""
    return db.select(HistoryEntry).order_by(HistoryEntry.id).all() if has_history(db) else []


def applied(entries: Sequence[HistoryEntry]) -> dict[str, HistoryEntry]:
    """The revisions that a database has, each with the line that says so last, in the order in which they came."""
    found: dict[str, HistoryEntry] = {}
    for entry in entries:
        if entry.event in _COMES:
            found[entry.revision] = entry
        elif entry.event in _GOES:
            found.pop(entry.revision, None)
    return found


def create_history(db: Database) -> None:
    """Makes the ledger's table where it is not there yet; it belongs to the transaction that is open."""
    if not has_history(db):
        db.create_tables([HistoryEntry])


def write_fact(db: Database, fact: Fact) -> HistoryEntry:
    """Adds a line; it belongs to the transaction that is open."""
    return db.insert_new(
        new(
            HistoryEntry,
            revision=fact.revision,
            event=fact.event,
            checksum=fact.checksum,
            duration_ms=fact.duration_ms,
            by=runner_name(),
            backup=fact.backup,
            rehearsed=fact.rehearsed,
            note=fact.note,
            rows=dict(fact.rows),
        )
    )
