"""What this user may not read or write is told in one line, with a code; exit 2, nothing changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptliano.legacy.sample import write_old

Program = Callable[..., Any]


def refused(said: Any, code: str, *names: object) -> str:
    """The one line of a refusal, which names the path and what the system said."""
    assert said.code == 2, said
    assert said.out == ""
    assert re.fullmatch(rf"error\[{code}\]: .*[.!?] \S.*\n", said.err), said.err
    for name in names:
        assert str(name) in said.err
    return str(said.err)


@pytest.fixture
def closed() -> Iterator[Callable[[Path, int], None]]:
    """Takes permissions away until the test ends."""
    before: list[tuple[Path, int]] = []

    def take(path: Path, mode: int = 0) -> None:
        before.append((path, path.stat().st_mode & 0o777))
        path.chmod(mode)

    yield take
    for path, mode in reversed(before):
        path.chmod(mode)


Closed = Callable[..., None]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A legacy database in a folder of its own."""
    path = tmp_path / "source" / "old.db"
    path.parent.mkdir()
    write_old(path, scale=0)
    return path


@pytest.fixture
def humble(program: Program) -> Program:
    """Runs the program as a user whom permissions bind."""

    def call(*arguments: str | Path, **more: str) -> Any:
        return program(*arguments, humble=True, **more)

    return call


def test_a_source_that_cannot_be_read(humble: Program, tmp_path: Path, source: Path, closed: Closed) -> None:
    closed(source)

    refused(humble("import", "run", source, "--database", "new.db"), "SOURCE_UNREADABLE", source, "Permission denied")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("mode", [0, 0o400])
def test_a_folder_of_the_source_that_cannot_be_entered(
    humble: Program, tmp_path: Path, source: Path, closed: Closed, mode: int
) -> None:
    closed(source.parent, mode)

    for more in (["--database", "new.db"], []):
        refused(humble("import", "run", source, *more), "SOURCE_UNREADABLE", source, "Permission denied")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("mode", [0, 0o400, 0o555])
def test_a_folder_of_the_target_that_cannot_be_written(
    humble: Program, tmp_path: Path, source: Path, closed: Closed, mode: int
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    closed(place, mode)

    refused(humble("import", "run", source, "--database", "place/new.db"), "READ_ONLY", "place", "Permission denied")
    assert os.listdir(place) == []


def test_a_database_that_cannot_be_read(humble: Program, tmp_path: Path, database: Path, closed: Closed) -> None:
    path = tmp_path / "x.db"
    shutil.copy(database, path)
    closed(path)

    refused(humble("ticket", "list", "--database", path), "READ_ONLY", path, "Permission denied")
    refused(humble("ticket", "list", "--database", path, "--read-only"), "READ_ONLY", path, "Permission denied")


@pytest.mark.parametrize("mode", [0, 0o555])
def test_a_default_place_that_cannot_be_made(
    humble: Program, tmp_path: Path, source: Path, closed: Closed, mode: int
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    closed(home, mode)

    refused(humble("import", "run", source, HOME=str(home)), "CANNOT_WRITE", home, "Permission denied", "--database")
    refused(humble("ticket", "list", HOME=str(home)), "(READ_ONLY|DB_MISSING)", home)
    refused(humble("import", "run", source, HOME="/dev/null"), "CANNOT_WRITE", "Not a directory", "--database")


def test_a_data_folder_of_a_checkout_that_cannot_be_made(
    humble: Program, tmp_path: Path, source: Path, closed: Closed
) -> None:
    for name in ("schemaroot", "promptliano"):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "pyproject.toml").touch()
    closed(tmp_path, 0o555)

    refused(humble("import", "run", source), "CANNOT_WRITE", tmp_path / "data", "Permission denied", "--database")
    closed(tmp_path / "packages")
    refused(humble("ticket", "list", HOME="/nowhere"), "DB_MISSING", "/nowhere")


@pytest.mark.parametrize("mode", [0, 0o400])
@pytest.mark.parametrize("name", ["", "p", "p/.claude", "p/.claude/agents", "p/.claude/agents/a.md"])
def test_agents_that_cannot_be_read_are_not_left_out_in_silence(
    humble: Program, tmp_path: Path, source: Path, closed: Closed, name: str, mode: int
) -> None:
    file = tmp_path / "agents" / "p" / ".claude" / "agents" / "a.md"
    file.parent.mkdir(parents=True)
    file.write_text("---\nname: A\n---\nDo.")
    if name.endswith(".md") and mode:
        pytest.skip("a file is read without being entered")
    closed(tmp_path / "agents" / name, mode)

    said = humble("import", "run", source, "--database", "new.db", "--agents", "agents")

    refused(said, "AGENTS_UNREADABLE", "agents", "Permission denied")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agents", "source"]


def test_what_only_looks_like_an_agent_is_passed_by(humble: Program, tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "agents" / "p" / ".claude" / "agents"
    (folder / "folder.md").mkdir(parents=True)
    os.mkfifo(folder / "pipe.md")
    (folder / "gone.md").symlink_to("nowhere")

    assert humble("import", "run", source, "--database", "new.db", "--agents", "agents").code == 0


def test_a_configuration_that_cannot_be_read(humble: Program, tmp_path: Path, closed: Closed) -> None:
    path = tmp_path / "promptliano.toml"
    path.write_text('database = "x.db"')
    closed(path)

    refused(humble("ticket", "list"), "CONFIG_INVALID", path, "Permission denied")


def test_a_configuration_that_is_wrong_does_not_matter_where_the_database_is_named(
    program: Program, tmp_path: Path, source: Path
) -> None:
    (tmp_path / "promptliano.toml").write_text("database = ")

    said = program("import", "run", source, "--database", "new.db")

    assert said.code == 0
    assert "promptliano ticket list --database new.db" in said.err


def test_a_configuration_that_is_no_file_is_none(program: Program, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "promptliano.toml")
    (tmp_path / "pyproject.toml").mkdir()

    refused(program("ticket", "list"), "DB_MISSING", "(the default)")


def test_a_current_folder_that_is_gone(environment: dict[str, str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    for arguments in ("ticket list", "import run x.db", "bench"):
        command = (
            f"cd {gone} && rmdir {gone} && {sys.executable} -m promptliano {arguments}; c=$?; mkdir {gone}; exit $c"
        )
        done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)

        assert (done.returncode, done.stdout) == (2, "")
        why = "The current folder: No such file or directory. Nothing was changed."
        assert done.stderr == f"error[PATH_UNUSABLE]: {why} Go to another one.\n"


@pytest.mark.parametrize("kind", ["closed", "another's"])
def test_a_key_file_that_cannot_be_read(
    humble: Program, tmp_path: Path, source: Path, closed: Closed, kind: str
) -> None:
    key = tmp_path / "new.db.key"
    key.write_text("short")
    if kind == "closed":
        closed(key)

    refused(humble("import", "run", source, "--database", "new.db"), "KEY_FILE", key.name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.db.key", "source"]


def test_a_staging_folder_that_cannot_be_looked_into(
    humble: Program, tmp_path: Path, source: Path, closed: Closed
) -> None:
    (tmp_path / ".new.db.importing").mkdir()
    closed(tmp_path / ".new.db.importing")

    refused(humble("import", "run", source, "--database", "new.db"), "TARGET_TAKEN", ".new.db.importing")


NOBODY, UNKNOWN = 65534, 54321

# A user who owns nothing here may not even enter Python's folder: the child becomes nobody once everything is loaded.
_AS_NOBODY = """
import importlib, os, pkgutil, sys
import promptliano.cli, promptliano.legacy, promptliano.repositories, promptliano.schema, schemaroot
import encodings.idna, platformdirs, rich.table, rich.console, apsw, tomllib, pwd
from promptliano.main import main
for package in (promptliano, schemaroot):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "__main__" not in module.name:
            importlib.import_module(module.name)
os.chdir(sys.argv[1])
user = int(sys.argv[2])
os.setgroups([]); os.setgid(user); os.setuid(user)
sys.argv[1:] = sys.argv[3:]
main()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
class TestAsNobody:
    """A user to whom nothing here belongs."""

    @pytest.fixture
    def place(self) -> Iterator[Path]:
        """A folder that every user may enter: pytest's own are closed to others."""
        folder = Path(tempfile.mkdtemp(prefix="promptliano-test-"))
        folder.chmod(0o755)
        yield folder
        shutil.rmtree(folder)

    @pytest.fixture
    def nobody(self, environment: dict[str, str], place: Path) -> Program:
        """Runs a command as nobody, in that folder."""
        from .conftest import Said

        def call(*arguments: str | Path, user: int = NOBODY) -> Said:
            done = subprocess.run(
                [sys.executable, "-c", _AS_NOBODY, str(place), str(user), *map(str, arguments)],
                env={name: value for name, value in environment.items() if name != "HOME"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            return Said(done.returncode, done.stdout, done.stderr)

        return call

    def test_roots_own_files_are_refused_by_name(self, nobody: Program, place: Path) -> None:
        source = place / "old.db"
        write_old(source, scale=0)
        source.chmod(0o600)

        refused(nobody("import", "run", source, "--database", "new.db"), "SOURCE_UNREADABLE", source)
        source.chmod(0o644)
        refused(nobody("import", "run", source, "--database", "new.db"), "READ_ONLY", "Permission denied")
        refused(nobody("import", "run", source), "CANNOT_WRITE", "Permission denied", "--database")
        refused(nobody("import", "sample", "s"), "CANNOT_WRITE", "Permission denied")
        refused(nobody("ticket", "list"), "DB_MISSING", "(the default)")
        assert [path.name for path in place.iterdir()] == ["old.db"]

    def test_a_source_of_root_is_taken_over_into_a_place_of_ones_own(self, nobody: Program, place: Path) -> None:
        source = place / "old.db"
        write_old(source, scale=0)
        own = place / "own"
        own.mkdir()
        os.chown(own, NOBODY, NOBODY)

        assert nobody("import", "run", source, "--database", "own/new.db").code == 0
        assert nobody("ticket", "list", "--database", "own/new.db").code == 0
        source.unlink()

    def test_a_user_without_a_home_must_name_the_database(self, nobody: Program, place: Path) -> None:
        write_old(place / "old.db", scale=0)
        place.chmod(0o777)

        refused(nobody("ticket", "list", user=UNKNOWN), "NO_HOME", "--database")
        refused(nobody("import", "run", "old.db", user=UNKNOWN), "NO_HOME", "--database")
        assert nobody("import", "run", "old.db", "--database", "new.db", user=UNKNOWN).code == 0
        assert nobody("--help", user=UNKNOWN).code == 0

    def test_another_users_staging_folder_is_not_touched(self, nobody: Program, place: Path) -> None:
        source = place / "old.db"
        write_old(source, scale=0)
        place.chmod(0o777)
        (place / ".new.db.importing").mkdir(mode=0o777)

        refused(nobody("import", "run", source, "--database", "new.db"), "TARGET_TAKEN", ".new.db.importing")
