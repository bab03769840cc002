"""Ctrl-C ends a migration at once, in whatever long work it is, and leaves the old revision or the new one."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemaroot.engine.driver import DriverName
from schemaroot.errors import TransactionError
from schemaroot.migration.session import Session

from .chain import opened, runner_for, write_chain
from .children import Children
from .found import look

ROWS = 150_000

MOMENTS = {
    "the copy for the backup": ("page_count", 0.0, False),
    "the check of the backup": (r"\.partial: PRAGMA integrity_check", 0.02, False),
    "the digests of the backup": (r'\.partial: SELECT .*"projects" NOT INDEXED', 0.05, False),
    "the rebuild in the rehearsal": (r"^rehearsal-.*: INSERT INTO .*projects", 0.03, False),
    "the digests before": (r'^a\.db: SELECT .*"projects" NOT INDEXED', 0.05, True),
    "the rebuild": (r"^a\.db: INSERT INTO .*projects", 0.03, True),
    "the check of references": (r"^a\.db: PRAGMA foreign_key_check", 0.01, True),
    "the check of the whole file": (r"^a\.db: PRAGMA integrity_check", 0.02, True),
    "the commit": (r"^a\.db: COMMIT", 0.002, True),
}


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as started:
        yield started


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a database at the first revision, with enough rows that each step takes a while."""
    folder = tmp_path_factory.mktemp("large") / "large"
    write_chain(folder)
    runner = runner_for(folder)
    runner.up("0001", create=True)
    with sqlite3.connect(runner.path) as connection:
        rows = ((number, f"project {number}", "note " * 12) for number in range(1, ROWS + 1))
        connection.executemany("INSERT INTO projects (id, name, note) VALUES (?, ?, ?)", rows)
        tickets = ((number, f"ticket {number}") for number in range(1, ROWS // 10))
        connection.executemany("INSERT INTO tickets (project_id, title) VALUES (?, ?)", tickets)
    connection.close()
    return folder


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_in_long_work_ends_it_at_once_and_leaves_a_whole_revision(
    large: Path, children: Children, driver: DriverName, moment: str
) -> None:
    pattern, delay, plain = MOMENTS[moment]
    folder = Path(shutil.copytree(large, large.with_name("copy")))
    try:
        ended = children.run(folder, "up", "0002", driver=driver, plain=plain, interrupt=pattern, delay=delay)

        assert ended.took is not None, ended.points
        found = look(folder / "a.db")
        assert ended.status == 130 or (moment == "the commit" and ended.status == 0), ended.error
        assert found.whole == "ok"
        assert ended.took < 5
        assert found.revisions in (["0001_initial"], ["0001_initial", "0002_rules"][: 1 + (moment == "the commit")])
        leftovers = [one.name for one in folder.rglob("*") if one.suffix == ".partial" or "rehearsal" in one.name]
        assert leftovers == []
    finally:
        shutil.rmtree(folder)


def test_ctrl_c_inside_of_a_revision_leaves_foreign_keys_on_and_no_transaction(
    tmp_path: Path, driver: DriverName
) -> None:
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up("0001", create=True)
    with Session(opened(runner)) as session:
        with pytest.raises(KeyboardInterrupt), session.revision_transaction():
            assert session.connection.value("PRAGMA foreign_keys") == 0
            signal.raise_signal(signal.SIGINT)

        assert session.connection.value("PRAGMA foreign_keys") == 1
        assert not session.connection.in_transaction


def test_a_revision_does_not_begin_inside_of_another_transaction(tmp_path: Path, driver: DriverName) -> None:
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up("0001", create=True)
    with Session(opened(runner)) as session:
        session.connection.execute("BEGIN").fetchall()
        with pytest.raises(TransactionError, match="did not turn foreign keys off"), session.revision_transaction():
            pass
