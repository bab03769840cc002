"""What cannot be done is told in one line with a code; exit 2, nothing created, nothing changed."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptliano.schema import APPLICATION_ID, SCHEMA_NUMBER

Program = Callable[..., Any]


def refused(said: Any, code: str) -> str:
    """The one line of a refusal, checked for its form."""
    assert said.code == 2, said
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert re.match(rf"error\[{code}\]: .*[.!?] \S.*\n", said.err), said.err
    assert "Traceback" not in said.err
    return str(said.err)


def digest(folder: Path) -> dict[str, str]:
    """All files below a folder, with the hash of each."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def mark(path: Path, application_id: int, user_version: int) -> None:
    """Makes an SQLite file of some program at some schema number."""
    connection = sqlite3.connect(path)
    connection.executescript(
        f"PRAGMA application_id={application_id}; PRAGMA user_version={user_version}; CREATE TABLE t (a)"
    )
    connection.close()


def make(kind: str, path: Path, database: Path) -> None:
    """Puts something that is not a usable database at a path."""
    match kind:
        case "directory":
            path.mkdir()
        case "empty":
            path.touch()
        case "text":
            path.write_text("These are not the bytes of a database.\n" * 100)
        case "100 bytes":
            path.write_bytes(database.read_bytes()[:100])
        case "half":
            content = database.read_bytes()
            path.write_bytes(content[: len(content) // 2])
        case "newer":
            mark(path, APPLICATION_ID, SCHEMA_NUMBER + 3)
        case "foreign":
            mark(path, 0x12345678, 1)
        case "legacy":
            mark(path, 0, 0)
        case _:
            raise AssertionError(kind)


UNUSABLE = {
    "directory": "NOT_A_DATABASE",
    "empty": "NOT_A_DATABASE",
    "text": "NOT_A_DATABASE",
    "100 bytes": "DB_DAMAGED",
    "half": "DB_DAMAGED",
    "newer": "DB_NEWER",
    "foreign": "DB_FOREIGN",
    "legacy": "DB_FOREIGN",
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_file_that_is_not_our_database_is_refused_and_left_as_it_is(
    bare: Program, tmp_path: Path, database: Path, kind: str
) -> None:
    path = tmp_path / "x.db"
    make(kind, path, database)
    before = digest(tmp_path)

    for command in (["ticket", "list"], ["ticket", "list", "--read-only", "--json"]):
        line = refused(bare(*command, "--database", path), UNUSABLE[kind])

        assert str(path) in line
    assert digest(tmp_path) == before


def test_the_program_ends_as_its_commands_do(program: Program, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database")

    refused(program("ticket", "list", "--database", "x.db"), "NOT_A_DATABASE")
    refused(program("import", "run", "x.db", "--database", "new.db"), "NOT_A_DATABASE")
    refused(program("ticket", "list", "--database", "none.db"), "DB_MISSING")
    refused(program("tickets"), "USAGE")
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]


def test_a_legacy_database_is_told_how_to_be_taken_over(bare: Program, tmp_path: Path, database: Path) -> None:
    make("legacy", tmp_path / "x.db", database)

    assert "promptliano import run" in bare("ticket", "list", "--database", tmp_path / "x.db").err


def test_a_newer_database_is_told_with_both_numbers(bare: Program, tmp_path: Path, database: Path) -> None:
    make("newer", tmp_path / "x.db", database)

    line = bare("ticket", "list", "--database", tmp_path / "x.db").err

    assert f"at {SCHEMA_NUMBER + 3}, this program knows up to {SCHEMA_NUMBER}" in line


@pytest.mark.parametrize("entity", ["project", "ticket", "task", "chat", "prompt", "agent", "file", "queue"])
def test_a_missing_database_is_not_created(bare: Program, tmp_path: Path, entity: str) -> None:
    line = refused(bare(entity, "list", "--database", tmp_path / "none" / "x.db"), "DB_MISSING")

    assert "no file was created" in line
    assert digest(tmp_path) == {}


def test_the_default_place_is_named_and_nothing_is_made_there(bare: Program, tmp_path: Path) -> None:
    line = refused(bare("ticket", "list"), "DB_MISSING")

    assert "(the default)" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["tickets"],
        ["ticket"],
        ["ticket", "lst"],
        ["ticket", "list", "--colour"],
        ["ticket", "list", "--limit", "0"],
        ["ticket", "list", "--limit", "many"],
        ["ticket", "list", "--status", "closed"],
        ["ticket", "list", "--sort", "colour"],
        ["ticket", "list", "--cursor", "made-up"],
        ["ticket", "list", "--cursor", "x", "--offset", "3"],
        ["ticket", "show"],
        ["ticket", "show", "one"],
        ["ticket", "show", "99999999999999999999999"],
        ["ticket", "search"],
        ["import", "run"],
        ["--colour"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_told_in_one_line(cli: Program, arguments: list[str]) -> None:
    refused(cli(*arguments), "(USAGE|UNKNOWN_FIELD|INVALID_CURSOR|INVALID_ARGUMENTS|NOT_FOUND|INVALID_VALUE)")


@pytest.mark.parametrize(
    "arguments",
    [
        ["project", "show", "99"],
        ["project", "show", "Nowhere"],
        ["ticket", "show", "99"],
        ["ticket", "show", "-1"],
        ["task", "show", "9999"],
        ["task", "list", "--ticket", "9999"],
        ["ticket", "list", "--project", "9999"],
        ["ticket", "search", "gate", "--project", "Nowhere"],
        ["chat", "show", "99"],
        ["prompt", "show", "99"],
        ["agent", "show", "nobody"],
        ["file", "show", "src/none.ts"],
        ["queue", "show", "99"],
    ],
    ids=" ".join,
)
def test_an_unknown_id_is_told_in_one_line(cli: Program, arguments: list[str]) -> None:
    if "-1" in arguments:
        arguments = [*arguments[:-1], "--", "-1"]

    line = refused(cli(*arguments), "NOT_FOUND")

    assert "promptliano " in line  # what to type next


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost/x",
        "sqlite://x.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:x.db",
        "sqlite:/x.db",
        "SQLite:///x.db",
        "sqlite+pysqlite:///x.db",
        "file:x.db",
        "sqlite:///x.db?mode=ro",
        "x" * 300,
        "",
        " ",
    ],
)
def test_an_address_that_is_not_known_is_refused(bare: Program, tmp_path: Path, legacy: Path, url: str) -> None:
    refused(bare("ticket", "list", "--database", url), "(DATABASE_URL|NOT_A_DATABASE)")
    refused(bare("import", "run", legacy, "--database", url), "(DATABASE_URL|NOT_A_DATABASE|DB_MISSING)")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hush@db.example/x",
        "postgres://ada:hu@sh@db.example/x",
        "mysql://db.example/x?password=hush&a=1",
    ],
)
def test_a_password_in_an_address_is_not_shown(bare: Program, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)  # as other programs read it

    line = refused(bare("ticket", "list"), "DATABASE_URL")

    assert "db.example" in line
    assert "***" in line
    assert "hush" not in line
    assert "hu@sh" not in line


# --- import -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small legacy database."""
    from promptliano.legacy.sample import write_old

    path = tmp_path_factory.mktemp("legacy") / "old.db"
    write_old(path, scale=0)
    return path


@pytest.mark.parametrize("kind", ["directory", "empty", "text", "100 bytes", "half", "newer", "foreign", "legacy"])
def test_a_source_that_is_not_a_legacy_database_is_refused(
    bare: Program, tmp_path: Path, database: Path, kind: str
) -> None:
    source = tmp_path / "x.db"
    make(kind, source, database)
    before = digest(tmp_path)

    line = refused(
        bare("import", "run", source, "--database", tmp_path / "new.db"), "(NOT_A_DATABASE|DB_DAMAGED|NOT_LEGACY)"
    )

    assert str(source) in line
    assert digest(tmp_path) == before


def test_a_missing_source_creates_nothing(bare: Program, tmp_path: Path) -> None:
    refused(bare("import", "run", "none.db", "--database", "new.db"), "DB_MISSING")
    refused(bare("import", "run", "none.db"), "DB_MISSING")

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_of_the_target_is_not_made(bare: Program, tmp_path: Path, legacy: Path) -> None:
    refused(bare("import", "run", legacy, "--database", "none/new.db"), "DB_MISSING")

    assert list(tmp_path.iterdir()) == []


def test_agents_that_are_not_in_a_folder_are_refused(bare: Program, tmp_path: Path, legacy: Path) -> None:
    refused(bare("import", "run", legacy, "--database", "new.db", "--agents", legacy), "AGENTS_MISSING")

    assert list(tmp_path.iterdir()) == []


def test_a_target_with_other_rows_is_refused_and_left_as_it_is(
    bare: Program, tmp_path: Path, legacy: Path, database: Path
) -> None:
    target = tmp_path / "new.db"
    shutil.copy(database, target)

    refused(bare("import", "run", legacy, "--database", target), "TARGET_NOT_EMPTY")

    assert digest(tmp_path)["new.db"] == digest(database.parent)[database.name]


# --- places and locks -------------------------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path, database: Path) -> Iterator[Path]:
    """A database that another connection keeps for itself."""
    path = tmp_path / "locked.db"
    shutil.copy(database, path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    yield path
    holder.close()


def test_a_locked_database_is_told_with_how_long_was_waited(program: Program, locked: Path) -> None:
    line = refused(program("ticket", "list", "--database", locked), "DB_LOCKED")

    assert re.search(r"\d{4} ms", line)


@pytest.fixture
def unwritable(database: Path, tmp_path: Path) -> Iterator[Path]:
    """A database in a folder that cannot be written."""
    path = tmp_path / "fixed" / "small.db"
    path.parent.mkdir()
    shutil.copy(database, path)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    yield path
    path.parent.chmod(0o755)


def test_a_database_in_a_place_that_cannot_be_written_is_only_read_when_told_so(
    program: Program, unwritable: Path
) -> None:
    before = digest(unwritable.parent)

    line = refused(program("ticket", "list", "--database", unwritable, humble=True), "READ_ONLY")

    assert str(unwritable) in line
    assert "--read-only" in line
    said = program("ticket", "list", "--read-only", "--database", unwritable, humble=True)
    assert (said.code, len(said.out.splitlines())) == (0, 21)
    assert digest(unwritable.parent) == before


def test_an_import_into_a_place_that_cannot_be_written_is_refused(program: Program, unwritable: Path) -> None:
    from promptliano.legacy.sample import write_old

    unwritable.parent.chmod(0o755)
    source = unwritable.with_name("old.db")
    write_old(source, scale=0)
    source.chmod(0o444)
    unwritable.parent.chmod(0o555)
    before = digest(unwritable.parent)

    target = source.with_name("n.db")

    line = refused(program("import", "run", source, "--database", target, humble=True), "READ_ONLY")

    assert str(unwritable.parent) in line
    assert digest(unwritable.parent) == before
