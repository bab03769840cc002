"""A source is only ever read: whatever it is and wherever it lies, its folder keeps every byte."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from promptliano.legacy.cells import BrokenText
from promptliano.legacy.errors import NotLegacyError, SourceChangingError, SourceUnreadableError
from promptliano.legacy.importer import run_import
from promptliano.legacy.sample import write_later, write_old
from promptliano.legacy.source import LegacySource
from promptliano.storage import create
from schemaroot import Database
from schemaroot.errors import DamagedDatabaseError, DatabaseMissingError, NotADatabaseError, SchemarootError

Bytes = Callable[[Path], dict[str, bytes]]

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    write_old(tmp_path / "source" / "old.db", scale=0)
    return tmp_path / "source"


def with_log(folder: Path, *, title: str = "only in the log") -> Path:
    """A database whose last change stands in its write-ahead log, as a killed process leaves it."""
    with closing(sqlite3.connect(folder / "old.db", isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE tickets SET title = ? WHERE id = (SELECT min(id) FROM tickets)", (title,))
        left = folder.parent / "left"
        left.mkdir()
        for name in ("old.db", "old.db-wal"):
            shutil.copyfile(folder / name, left / name)
    return left / "old.db"


def test_eras_are_known_by_their_tables(tmp_path: Path, folder: Path) -> None:
    write_later(tmp_path / "later.db", scale=0)

    with LegacySource.open(folder / "old.db") as old, LegacySource.open(tmp_path / "later.db") as later:
        assert (old.era, later.era) == ("old", "later")


def test_both_kinds_of_tables_make_a_mixed_era(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "old.db")) as connection:
        connection.execute("CREATE TABLE queues (id INTEGER PRIMARY KEY, project_id INTEGER, name TEXT)")

    with LegacySource.open(folder / "old.db") as source:
        assert source.era == "mixed"


def test_rows_come_as_the_driver_s_values_in_the_order_of_their_key(folder: Path) -> None:
    with closing(sqlite3.connect(f"file:{folder / 'old.db'}?immutable=1", uri=True)) as connection:
        expected = connection.execute("SELECT * FROM ticket_tasks ORDER BY id").fetchall()

    with LegacySource.open(folder / "old.db") as source:
        found = [tuple(row.cells.values()) for row in source.rows("ticket_tasks")]
        assert found == expected
        assert source.count("ticket_tasks") == len(expected)
        assert sum(len(chunk) for chunk in source.chunks("ticket_tasks")) == len(expected)


def test_the_folder_keeps_every_byte(folder: Path, tmp_path: Path, folder_bytes: Bytes) -> None:
    before = folder_bytes(folder)

    run_import(folder / "old.db", f"sqlite:///{tmp_path / 'target.db'}")

    assert folder_bytes(folder) == before


def test_what_stands_in_the_log_is_read_and_the_pair_keeps_every_byte(
    folder: Path, tmp_path: Path, folder_bytes: Bytes
) -> None:
    path = with_log(folder)
    before = folder_bytes(path.parent)
    assert set(before) == {"old.db", "old.db-wal"}

    run_import(path, f"sqlite:///{tmp_path / 'target.db'}")

    with (
        Database.open(f"sqlite:///{tmp_path / 'target.db'}", read_only=True),
        closing(sqlite3.connect(tmp_path / "target.db")) as target,
    ):
        assert target.execute("SELECT count(*) FROM tickets WHERE title = 'only in the log'").fetchone() == (1,)
    assert folder_bytes(path.parent) == before


def test_an_empty_log_is_no_hindrance(folder: Path, tmp_path: Path, folder_bytes: Bytes) -> None:
    (folder / "old.db-wal").touch()
    before = folder_bytes(folder)

    report = run_import(folder / "old.db", f"sqlite:///{tmp_path / 'target.db'}")

    assert report.totals["read"] > 0
    assert folder_bytes(folder) == before


def test_a_rollback_journal_that_a_crash_left_is_taken_into_account(folder: Path, tmp_path: Path) -> None:
    path = folder / "old.db"
    left = tmp_path / "left"
    left.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = DELETE")
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE project_files SET content = content || 'half written'")
        for name in ("old.db", "old.db-journal"):
            shutil.copyfile(folder / name, left / name)
        writer.execute("ROLLBACK")

    with LegacySource.open(left / "old.db") as source:
        contents = [str(row.cells["content"]) for row in source.rows("project_files")]
    assert contents and not any("half written" in content for content in contents)


AS_NOBODY = """
import os, sys
from pathlib import Path
from promptliano.legacy.importer import run_import
from schemaroot.errors import SchemarootError
source, target = Path(sys.argv[1]), "sqlite:///" + sys.argv[2]
run_import(Path(sys.argv[3]), target, dry_run=True)  # loads what nobody may not be able to read
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert not os.access(source.parent, os.W_OK)
try:
    print(run_import(source, target).totals["read"])
except SchemarootError as error:
    print(error.code)
"""


@pytest.fixture
def place(folder: Path) -> Iterator[Path]:
    """A folder with the source, at a path that every user may follow: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="source-") as name:
        place = Path(name)
        place.chmod(0o755)
        shutil.copytree(folder, place / "source")
        (place / "elsewhere").mkdir()
        if os.geteuid() == 0:
            os.chown(place / "elsewhere", NOBODY, NOBODY)
        yield place


def as_nobody(path: Path, place: Path) -> str:
    """What an import says that runs as a user who may write nothing but the target's folder."""
    target = place / "elsewhere"
    write_old(place / "warm.db", scale=0)
    path.parent.chmod(0o555)
    ran = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(path), str(target / "target.db"), str(place / "warm.db")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(target)},
        check=False,
    )
    path.parent.chmod(0o755)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_a_place_that_cannot_be_written_is_read(place: Path, folder_bytes: Bytes) -> None:
    """Also with a log beside the file."""
    path = with_log(place / "source")
    for file in path.parent.iterdir():
        file.chmod(0o444)
    before = folder_bytes(path.parent)

    assert int(as_nobody(path, place)) > 0
    assert folder_bytes(path.parent) == before
    assert sorted(file.name for file in (place / "elsewhere").iterdir()) == ["target.db", "target.db.key"]


def test_a_file_that_cannot_be_read_is_refused(place: Path) -> None:
    (place / "source" / "old.db").chmod(0)

    assert as_nobody(place / "source" / "old.db", place) == SourceUnreadableError.code
    assert not any((place / "elsewhere").iterdir())


# --- what is no source ------------------------------------------------------------------------------------------------


def refused(path: Path, tmp_path: Path, kind: type[SchemarootError]) -> SchemarootError:
    """The error that an import of `path` ends with; the target's folder stays empty."""
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(kind) as caught:
        run_import(path, f"sqlite:///{target / 'target.db'}")
    assert not any(target.iterdir())
    assert str(path) in str(caught.value)
    return caught.value


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "no.db", tmp_path, DatabaseMissingError).code == "DB_MISSING"
    assert not (tmp_path / "no.db").exists()


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()

    assert "it is a directory" in str(refused(tmp_path / "folder.db", tmp_path, NotADatabaseError))


@pytest.mark.parametrize("content", [b"", b"hello, this is a text and no database at all\n" * 40])
def test_what_is_no_database_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(content)

    refused(tmp_path / "text.db", tmp_path, NotADatabaseError)


def test_a_cut_database_is_refused(folder: Path, tmp_path: Path) -> None:
    path = folder / "old.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    refused(path, tmp_path, DamagedDatabaseError)


def test_damage_in_the_middle_is_refused(folder: Path, tmp_path: Path) -> None:
    path = folder / "old.db"
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)

    refused(path, tmp_path, DamagedDatabaseError)


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE music (id INTEGER PRIMARY KEY)")

    assert refused(tmp_path / "other.db", tmp_path, NotLegacyError).code == "NOT_LEGACY"


def test_a_database_of_promptliano_is_no_legacy_database(tmp_path: Path) -> None:
    create(f"sqlite:///{tmp_path / 'ours.db'}").close()

    assert "already" in str(refused(tmp_path / "ours.db", tmp_path, NotLegacyError))


def test_a_source_that_keeps_changing_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from promptliano.legacy import source

    copied = source._copy_file

    def touching(*args: object) -> None:
        copied(*args)  # type: ignore[arg-type]  # as it was called
        with (folder / "old.db").open("ab") as file:
            file.write(b"\0")

    monkeypatch.setattr(source, "_copy_file", touching)

    assert refused(folder / "old.db", tmp_path, SourceChangingError).code == "SOURCE_CHANGING"


def test_a_text_that_is_not_utf_8_does_not_stop_the_reading(folder: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(folder / "old.db", isolation_level=None)) as connection:
        connection.execute(
            "UPDATE prompts SET content = CAST(x'61ff62' AS TEXT) WHERE id = (SELECT max(id) FROM prompts)"
        )

    with LegacySource.open(folder / "old.db") as source:
        rows = list(source.rows("prompts"))
    report = run_import(folder / "old.db", f"sqlite:///{tmp_path / 'target.db'}")

    assert rows[-1].cells["content"] == BrokenText(b"a\xffb")
    assert all(isinstance(row.cells["content"], str) for row in rows[:-1])
    assert report.rules["not_a_text:content"] == 1
    assert report.rules["missing_parent"] == report.totals["quarantined"] - 1  # its links to projects
