"""A disk that is full or fails: the error is ours and names it, the state is the old or the new one, work goes on."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from schemaroot import Database, new
from schemaroot.engine import dialect
from schemaroot.engine.driver import DriverName
from schemaroot.engine.opening import Journal
from schemaroot.errors import DiskError, DiskFullError, SchemarootError, TransactionError

from .ledger import Counter, Entry, batches_of, new_ledger, write_batch
from .odd_files import Failing, FailingFiles, through
from .shop import url_of

BIG = bytes(20_000)


# --- full -------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["wal", "delete"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    """A ledger of one batch."""
    path = tmp_path / "ledger.db"
    new_ledger(path, driver, request.param)
    with Database.open(url_of(path), driver=driver, journal=request.param) as db:
        write_batch(db, 1)
        yield db


def fill_disk(db: Database, spare: int = 3) -> None:
    """Lets the file grow by a few pages more and no further."""
    writer = db.pool.take_writer()
    writer.execute(dialect.set_page_limit(writer.value("PRAGMA page_count") + spare)).fetchall()
    db.pool.give_writer()


def free_disk(db: Database) -> None:
    writer = db.pool.take_writer()
    writer.execute(dialect.set_page_limit(100_000)).fetchall()
    db.pool.give_writer()


def test_a_full_disk_undoes_the_transaction_and_reads_go_on(ledger: Database) -> None:
    fill_disk(ledger)

    with pytest.raises(DiskFullError) as caught:
        write_batch(ledger, 2, BIG)

    assert caught.value.code == "DISK_FULL"
    assert isinstance(caught.value.__cause__, ledger.errors)
    assert ledger.driver.fault(caught.value.__cause__).primary == apsw.SQLITE_FULL
    assert "full" in str(caught.value.__cause__)
    assert batches_of(ledger) == {1}
    assert list(ledger.select(Entry).stream()) == ledger.select(Entry).all()
    free_disk(ledger)
    write_batch(ledger, 2, BIG)
    assert batches_of(ledger) == {1, 2}


def test_a_full_disk_undoes_a_single_write(ledger: Database) -> None:
    fill_disk(ledger, spare=0)

    with pytest.raises(DiskFullError):
        ledger.insert(Entry, batch=9, part=0, filling=BIG)
    with pytest.raises(DiskFullError):
        ledger.insert_many([new(Entry, batch=9, part=part, filling=BIG) for part in range(9)])
    with pytest.raises(DiskFullError):
        ledger.update(Entry).set(Entry.filling.to(BIG)).all_rows().run()

    assert batches_of(ledger) == {1}
    assert ledger.update(Entry).set(Entry.part.to(Entry.part)).all_rows().run() == 3


def test_a_full_disk_that_is_caught_inside_of_the_transaction_leaves_no_half(ledger: Database) -> None:
    """Whatever SQLite undid, the statement or all, what is committed in the end is what the code believes."""
    fill_disk(ledger)
    try:
        with ledger.transaction():
            ledger.insert(Entry, batch=2, part=0)
            for _ in range(3):
                with pytest.raises((DiskFullError, TransactionError)):
                    ledger.insert(Entry, batch=2, part=1, filling=BIG * 50)
            ledger.insert(Entry, batch=2, part=1)
            ledger.insert(Entry, batch=2, part=2)
            ledger.update(Counter).set(Counter.batches.to(Counter.batches + 1)).all_rows().run()
        expected = {1, 2}
    except TransactionError:
        expected = {1}

    assert batches_of(ledger) == expected
    free_disk(ledger)
    write_batch(ledger, 3, BIG)
    assert batches_of(ledger) == expected | {3}


def test_a_full_disk_in_a_savepoint_undoes_that_alone_or_all(ledger: Database) -> None:
    fill_disk(ledger)
    try:
        with ledger.transaction():
            ledger.insert_many([new(Entry, batch=2, part=part) for part in range(3)])
            with pytest.raises(DiskFullError), ledger.transaction():
                ledger.insert(Entry, batch=3, part=1, filling=BIG * 50)
            ledger.update(Counter).set(Counter.batches.to(Counter.batches + 1)).all_rows().run()
        expected = {1, 2}
    except TransactionError:
        expected = {1}

    assert batches_of(ledger) == expected


# --- failing ----------------------------------------------------------------------------------------------------------

CODES = {"I/O error": apsw.SQLITE_IOERR, "disk full": apsw.SQLITE_FULL}


class Attempt:
    """What was tried on a disk that fails somewhere: which batches were acknowledged, and which errors were told."""

    def __init__(self) -> None:
        self.acknowledged = {1}
        self.tried = {1}
        self.errors: list[SchemarootError] = []

    def run(self, path: Path, journal: Journal, failing: Failing) -> None:
        """Opens a ledger and works on it, come what may."""
        try:
            with Database.open(url_of(path), journal=journal, timeout_ms=50) as db:
                for batch, filling in ((2, b""), (3, BIG), (4, b"")):
                    self.tried.add(batch)
                    try:
                        write_batch(db, batch, filling)
                        self.acknowledged.add(batch)
                    except SchemarootError as error:
                        self.errors.append(error)
                    try:
                        assert self.acknowledged <= batches_of(db) <= self.tried
                        with db.snapshot():
                            assert len(list(db.select(Entry).stream())) % 3 == 0
                    except SchemarootError as error:
                        self.errors.append(error)
                assert not db.in_transaction
                failing.at = None
                # The disk is well again: so is the database object, whatever went before.
                write_batch(db, 5)
                self.acknowledged.add(5)
                self.tried.add(5)
                assert self.acknowledged <= batches_of(db)
        except SchemarootError as error:
            self.errors.append(error)
        finally:
            failing.at = None


def points(path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The file operations of an attempt that nothing disturbs."""
    failing = Failing()
    copy = path.with_name("undisturbed.db")
    shutil.copyfile(path, copy)
    with through(FailingFiles(failing), monkeypatch):
        attempt = Attempt()
        attempt.run(copy, journal, failing)
    assert attempt.errors == []
    assert attempt.acknowledged == {1, 2, 3, 4, 5}
    return failing.names


def check_failures(tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, *, sample: int | None) -> None:
    """Each file operation fails in turn, once or from then on, in each way."""
    path = tmp_path / "ledger.db"
    new_ledger(path, "apsw", journal)
    with Database.open(url_of(path), journal=journal) as db:
        write_batch(db, 1)
    names = points(path, journal, monkeypatch)
    cases = [(at, code, for_ever) for at in range(len(names)) for code in CODES.values() for for_ever in (False, True)]
    if sample is not None:
        cases = random.Random(2).sample(cases, sample)
    told: set[type[SchemarootError]] = set()
    for number, (at, code, for_ever) in enumerate(cases):
        copy = tmp_path / f"{number}.db"
        shutil.copyfile(path, copy)
        failing = Failing(at=at, code=code, for_ever=for_ever)
        attempt = Attempt()
        with through(FailingFiles(failing), monkeypatch):
            attempt.run(copy, journal, failing)
        told |= {type(error) for error in attempt.errors}

        with Database.open(url_of(copy), journal=journal, check=True) as db:
            found = batches_of(db)
        assert attempt.acknowledged <= found <= attempt.tried, (names[at], code, for_ever)
        for leftover in tmp_path.glob(f"{number}.db*"):
            leftover.unlink()
    assert {DiskError, DiskFullError} <= told


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_disk_that_fails_somewhere_leaves_the_old_state_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    check_failures(tmp_path, journal, monkeypatch, sample=40)


@pytest.mark.soak
@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_disk_that_fails_anywhere_leaves_the_old_state_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    check_failures(tmp_path, journal, monkeypatch, sample=None)
