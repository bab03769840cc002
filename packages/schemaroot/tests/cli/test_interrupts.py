"""Ctrl-C while a migration works: exit 130 soon, all as before, and nothing left behind that the next run minds."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Shop

ROWS = 300_000
SOON_S = 5.0
"""Ten times what is promised, for a machine that is busy."""


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Lets Ctrl-C through to the tests and their children, also when a shell runs them in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def large(filled: Shop) -> Shop:
    """A shop with many orders, and a revision that copies them all."""
    filled.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO orders (customer_id, total) SELECT 1, i FROM n",
        ROWS,
    )
    filled.declare(("integer(default=0)", "integer(default=1)"))
    filled.done("migrate", "new", "-m", "another default")
    return filled


def content(shop: Shop) -> list[object]:
    """What must be as before: the schema, and what the rows add up to."""
    return [
        shop.sql("SELECT name, sql FROM sqlite_schema ORDER BY name"),
        shop.sql("SELECT count(*), sum(total), sum(id) FROM orders"),
        shop.sql("SELECT * FROM customers"),
        shop.sql("SELECT revision, event FROM schema_history"),
    ]


def in_folder(pattern: str) -> Callable[[Shop], bool]:
    """Whether a file is there that only one stage of the work has."""
    return lambda shop: any((shop.folder / "shop.db.backups").glob(pattern))


def log_has_grown(shop: Shop) -> bool:
    """Whether the revision is being applied: its rows are in the log, and not committed."""
    log = shop.folder / "shop.db-wal"
    return log.exists() and log.stat().st_size > 1_000_000


STAGES = {
    "backup": (in_folder("*.partial"), []),
    "rehearsal": (in_folder("rehearsal-*.db-wal"), []),
    "revision": (log_has_grown, ["--no-backup", "--no-rehearse"]),
}


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_is_interrupted_ends_at_once_and_leaves_all_as_it_was(
    large: Shop, environment: dict[str, str], stage: str, driver: str
) -> None:
    reached, options = STAGES[stage]
    before = content(large)
    arguments = ["migrate", "up", "--driver", driver, *options]
    child = subprocess.Popen(
        [sys.executable, "-m", "schemaroot", *arguments],
        cwd=large.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(child, lambda: reached(large))
    started = time.monotonic()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    took = time.monotonic() - started
    print(f"{stage}, {driver}: {took:.3f} s")

    assert (child.returncode, out) == (130, ""), err
    assert "error[INTERRUPTED]: Interrupted. What had begun was rolled back;" in err
    assert "shop.db is at 0001_first_tables." in err
    assert "Traceback" not in err
    assert took < SOON_S
    assert content(large) == before
    assert leftovers(large.folder) == []
    assert large.done("migrate", "up", "--json", *options).json["revision"] == "0002_another_default"


def wait_for(child: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert child.poll() is None and time.monotonic() < deadline, child.communicate()
        time.sleep(0.001)


def leftovers(folder: Path) -> list[str]:
    """Files that only work which goes on may have."""
    found = [*folder.glob("shop.db.new*"), *folder.glob("shop.db-journal")]
    backups = folder / "shop.db.backups"
    found += [*backups.glob("*.partial*"), *backups.glob("rehearsal-*")] if backups.is_dir() else []
    return sorted(path.name for path in found)


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_a_backup_that_is_interrupted_leaves_nothing(large: Shop, environment: dict[str, str], driver: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "schemaroot", "db", "backup", "--driver", driver],
        cwd=large.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(child, lambda: in_folder("*.partial")(large))
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)

    assert (child.returncode, out) == (130, ""), err
    assert "shop.db is as it was." in err
    assert leftovers(large.folder) == []
    assert list((large.folder / "shop.db.backups").glob("*.db")) == []
