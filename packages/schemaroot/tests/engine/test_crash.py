"""Whatever was acknowledged is there after a kill or a power loss, and nothing is there by half."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.engine.driver import DriverName
from schemaroot.engine.opening import Durability, Journal

from .ledger import batches_of, new_ledger, write_batch
from .odd_files import Diary, RecordedFiles, image_after_power_loss, through, write_image
from .shop import run_python, url_of

# --- killed -----------------------------------------------------------------------------------------------------------

_KILL_LOOP = """
import json, os, random, signal, sys, time
from schemaroot import Col, Database, Table, auto_id, blob, integer, new

class Entry(Table, name="entries"):
    id: Col[int] = auto_id()
    batch: Col[int] = integer()
    part: Col[int] = integer()
    filling: Col[bytes] = blob(default=b"")

class Counter(Table, name="counters"):
    id: Col[int] = auto_id()
    batches: Col[int] = integer(default=0)

url, driver, kills, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
dice = random.Random(seed)
with Database.memory([Entry, Counter], driver=driver) as db:  # loads what the children need
    db.insert(Entry, batch=0, part=0)

def work(turn, into):
    db = Database.open(url, driver=driver)
    number = turn * 1_000_000
    while True:
        number += 1
        with db.transaction():
            db.insert_many([new(Entry, batch=number, part=part, filling=bytes(number % 5_000)) for part in range(3)])
            db.update(Counter).set(Counter.batches.to(Counter.batches + 1)).all_rows().run()
        os.write(into, b"%d\\n" % number)

acknowledged = []
for turn in range(kills):
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        try:
            work(turn, into)
        finally:
            os._exit(1)
    os.close(into)
    said, wanted = b"", dice.randrange(0, 10)
    while said.count(b"\\n") < wanted:
        piece = os.read(out, 65536)
        if not piece:
            sys.exit("the child ended by itself")
        said += piece
    time.sleep(dice.random() * 0.004)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while piece := os.read(out, 65536):
        said += piece
    os.close(out)
    acknowledged += [int(number) for number in said.split(b"\\n")[:-1]]
print(json.dumps(acknowledged))
"""


def kill_and_look(path: Path, driver: DriverName, journal: Journal, kills: int, seed: int) -> None:
    new_ledger(path, driver, journal)

    done = run_python(_KILL_LOOP, url_of(path), driver, kills, seed, timeout=600)
    assert done.stderr == ""
    acknowledged = set(json.loads(done.stdout))

    with Database.open(url_of(path), driver=driver, journal=journal, check=True) as db:
        found = batches_of(db)
    assert acknowledged <= found
    assert len(found - acknowledged) <= kills  # at most the one that was under way
    assert len(acknowledged) > kills


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_after_a_kill_all_that_was_acknowledged_is_there_and_nothing_by_half(
    tmp_path: Path, driver: DriverName, journal: Journal
) -> None:
    kill_and_look(tmp_path / "ledger.db", driver, journal, 30 if journal == "wal" else 10, seed=11)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_after_hundreds_of_kills_all_that_was_acknowledged_is_there(
    tmp_path: Path, driver: DriverName, seed: int
) -> None:
    kill_and_look(tmp_path / "ledger.db", driver, "wal", 100, seed)


# --- the power goes ---------------------------------------------------------------------------------------------------


def recorded(
    path: Path, durability: Durability, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, bytes], Diary]:
    """A ledger that was written to, with the diary of its files and how they were at the start."""
    new_ledger(path, "apsw", journal)
    start = {"": path.read_bytes()}
    diary = Diary()
    files = RecordedFiles(diary)
    dice = random.Random(3)
    with through(files, monkeypatch), Database.open(url_of(path), durability=durability, journal=journal) as db:
        writer = db.pool.take_writer()
        writer.execute("PRAGMA wal_autocheckpoint = 12").fetchall()
        db.pool.give_writer()
        for number in range(1, 41):
            write_batch(db, number, dice.randbytes(dice.choice([0, 10, 3_000, 20_000])))
            diary.acknowledge(number)
        events = list(diary.events)  # without what happens when it is closed
    diary.events = events
    return start, diary


def check_images(
    path: Path, durability: Durability, journal: Journal, images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, diary = recorded(path, durability, journal, monkeypatch)
    kinds = {event.kind for event in diary.events}
    assert {"write", "sync", "acknowledged"} <= kinds
    if journal == "wal":
        assert any(event.kind == "write" and event.part == "" for event in diary.events)  # checkpoints happened
    dice = random.Random(7)
    image = path.with_name("image.db")
    lost = 0
    for _ in range(images):
        events = diary.events[: dice.randrange(len(diary.events) + 1)]
        acknowledged = {event.offset for event in events if event.kind == "acknowledged"}
        write_image(image, image_after_power_loss(start, events, dice))

        with Database.open(url_of(image), journal=journal, check=True) as db:
            found = batches_of(db)

        assert found == set(range(1, len(found) + 1))  # the oldest ones, without a gap
        lost += len(acknowledged - found)
    if durability == "full":
        assert lost == 0
    else:
        assert lost > 0  # else the images show nothing


@pytest.mark.parametrize(("durability", "journal"), [("full", "wal"), ("normal", "wal"), ("full", "delete")])
def test_after_a_power_loss_full_lost_nothing_and_normal_is_consistent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Durability, journal: Journal
) -> None:
    check_images(tmp_path / "ledger.db", durability, journal, 40, monkeypatch)


@pytest.mark.soak
@pytest.mark.parametrize(("durability", "journal"), [("full", "wal"), ("normal", "wal"), ("full", "delete")])
def test_after_a_power_loss_at_400_moments_full_lost_nothing_and_normal_is_consistent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Durability, journal: Journal
) -> None:
    check_images(tmp_path / "ledger.db", durability, journal, 400, monkeypatch)
