"""A ledger whose transactions can be told to be whole: each writes a batch of entries, and counts the batches."""

from __future__ import annotations

from pathlib import Path

from schemaroot import Col, Database, Table, auto_id, blob, integer, new
from schemaroot.engine.driver import DriverName
from schemaroot.engine.opening import Journal

from .shop import url_of

PARTS = 3


class Entry(Table, name="entries"):
    id: Col[int] = auto_id()
    batch: Col[int] = integer()
    part: Col[int] = integer()
    filling: Col[bytes] = blob(default=b"")


class Counter(Table, name="counters"):
    id: Col[int] = auto_id()
    batches: Col[int] = integer(default=0)


def new_ledger(path: Path, driver: DriverName, journal: Journal = "wal") -> None:
    """A file with an empty ledger."""
    with Database.create(url_of(path), [Entry, Counter], driver=driver, journal=journal) as db:
        db.insert(Counter)


def write_batch(db: Database, batch: int, filling: bytes = b"") -> None:
    """One transaction: a batch's entries, and the count of batches."""
    with db.transaction():
        db.insert_many([new(Entry, batch=batch, part=part, filling=filling) for part in range(PARTS)])
        db.update(Counter).set(Counter.batches.to(Counter.batches + 1)).all_rows().run()


def batches_of(db: Database) -> set[int]:
    """The batches that are there; none of them by half, and the count in step."""
    parts: dict[int, list[int]] = {}
    for batch, part in db.select(Entry).columns(Entry.batch, Entry.part).all():
        parts.setdefault(batch, []).append(part)
    assert all(sorted(found) == list(range(PARTS)) for found in parts.values())
    assert db.select(Counter).one().batches == len(parts)
    return set(parts)
