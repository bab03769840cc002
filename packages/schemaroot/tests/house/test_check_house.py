"""The house check reports each planted violation at its line, and nothing in this project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from check_house import SQL_PLACES, check, module_of

PROJECT = Path(__file__).parents[4]
TOOLKIT = "packages/schemaroot/src/schemaroot"
PRODUCT = "packages/promptliano/src/promptliano"


def findings(root: Path, name: str, source: str) -> list[tuple[int, str]]:
    """What the check says of a tree that holds one file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    found = check(root)
    assert all(finding.path == name for finding in found)
    return [(finding.line, finding.message) for finding in found]


def test_this_project_is_in_order() -> None:
    assert [str(finding) for finding in check(PROJECT)] == []


def test_every_listed_place_for_sql_exists_and_has_a_reason() -> None:
    for name, reason in SQL_PLACES.items():
        assert (PROJECT / name).is_file(), name
        assert reason


@pytest.mark.parametrize(
    ("name", "line", "arrow"),
    [
        ("schemaroot/schema/table.py", "from schemaroot.query.select import Select", "schema > query"),
        ("schemaroot/schema/table.py", "from schemaroot import engine", "schema > engine"),
        ("schemaroot/schema/table.py", "from ..engine import database", "schema > engine"),
        ("schemaroot/schema/table.py", "from .. import engine", "schema > engine"),
        ("schemaroot/schema/table.py", "import schemaroot.engine.database as database", "schema > engine"),
        ("schemaroot/schema/table.py", "from schemaroot import Table", "schema > __init__"),
        ("schemaroot/query/select.py", "from schemaroot.engine.database import Database", "query > engine"),
        ("schemaroot/engine/database.py", "import schemaroot.repository", "engine > repository"),
        ("schemaroot/validation/models.py", "import schemaroot.query", "validation > query"),
        ("schemaroot/export/shape.py", "import schemaroot.engine", "export > engine"),
        ("schemaroot/errors.py", "import schemaroot.schema", "errors > schema"),
        ("promptliano/schema/tickets.py", "import promptliano.config", "schema > config"),
        ("promptliano/repositories/tickets.py", "from ..services import tickets", "repositories > services"),
        ("promptliano/services/tickets.py", "import promptliano.legacy", "services > legacy"),
        ("promptliano/legacy/reader.py", "import promptliano.services", "legacy > services"),
        ("promptliano/cli/tickets.py", "from promptliano.main import main", "cli > main"),
    ],
)
def test_an_import_that_points_forwards_is_reported(tmp_path: Path, name: str, line: str, arrow: str) -> None:
    package = name.split("/")[0]
    room, wanted = arrow.split(" > ")

    [(number, message)] = findings(tmp_path, f"packages/{package}/src/{name}", f'"""A part."""\n{line}\n')

    assert number == 2
    assert message.startswith(f"{package}.{room} must not import {package}.{wanted} ")


def test_the_toolkit_knows_nothing_of_the_product(tmp_path: Path) -> None:
    name, source = f"{TOOLKIT}/testing/fixtures.py", "from promptliano.schema.tickets import Ticket\n"

    assert findings(tmp_path, name, source) == [(1, "schemaroot must not import promptliano")]


def test_imports_for_type_checkers_and_inside_functions_count_too(tmp_path: Path) -> None:
    source = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n"
        "    from schemaroot.engine.database import Database\n"
        "def run() -> None:\n"
        "    import schemaroot.repository\n"
    )

    assert [line for line, _ in findings(tmp_path, f"{TOOLKIT}/query/select.py", source)] == [3, 5]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (f"{TOOLKIT}/schema/table.py", "from schemaroot.errors import SchemarootError"),
        (f"{TOOLKIT}/schema/table.py", "from schemaroot.schema.column import Column"),
        (f"{TOOLKIT}/schema/__init__.py", "from .column import Column"),
        (f"{TOOLKIT}/engine/__init__.py", "from .. import query"),
        (f"{TOOLKIT}/repository/pages.py", "import schemaroot.engine.database"),
        (f"{TOOLKIT}/testing/fixtures.py", "import schemaroot.repository"),
        (f"{TOOLKIT}/__init__.py", "from schemaroot.repository.repository import Repository"),
        (f"{PRODUCT}/schema/tickets.py", "from schemaroot import Table"),
        (f"{PRODUCT}/legacy/importer.py", "from promptliano.repositories.tickets import Tickets"),
        (f"{PRODUCT}/cli/tickets.py", "from promptliano.http.app import app"),
        (f"{PRODUCT}/main.py", "from promptliano.cli import app"),
    ],
)
def test_an_import_that_points_back_is_fine(tmp_path: Path, name: str, line: str) -> None:
    assert findings(tmp_path, name, f"{line}\n") == []


def test_a_room_that_the_tables_do_not_know_is_reported(tmp_path: Path) -> None:
    [(line, message)] = findings(tmp_path, f"{TOOLKIT}/cellar/wine.py", "")

    assert line == 1
    assert message.startswith("schemaroot.cellar has no line in the table of imports")


@pytest.mark.parametrize(
    "line",
    [
        'STATEMENT = "SELECT id FROM tickets"',
        'STATEMENT = """\n    CREATE TABLE x (id INTEGER)"""',
        'def f(table: str) -> str: return f"DELETE FROM {table}"',
        'def f(table: str) -> str: return f"DROP {table}"',
        'BEGIN = "BEGIN IMMEDIATE"',
        'END = "COMMIT"',
        'FLAG = "PRAGMA foreign_keys"',
        "def f(cursor, sql): cursor.exec_driver_sql(sql)",
        'def f(cursor): cursor.execute("select 1")',
        'def f(cursor, name): cursor.execute(f"select {name}")',
        'def f(cursor, name): cursor.executemany("delete from " + name, [])',
        'def f(cursor, name): cursor.executescript("analyze {}".format(name))',
        "from sqlalchemy import text\nx = text('1')",
        "from sqlalchemy import text as words\nx = words('1')",
        "from sqlalchemy.sql.expression import TextClause\nx = TextClause('1')",
        "import sqlalchemy\nx = sqlalchemy.text('1')",
        "import sqlalchemy as sa\nx = sa.DDL('1')",
        "from sqlalchemy import sql\nx = sql.text('1')",
    ],
)
def test_sql_text_outside_the_listed_places_is_reported(tmp_path: Path, line: str) -> None:
    for folder in (TOOLKIT + "/engine", PRODUCT + "/legacy"):
        for old in tmp_path.rglob("*.py"):
            old.unlink()
        [(number, message)] = findings(tmp_path, f"{folder}/database.py", f'"""A part."""\n{line}\n')

        assert number in {2, 3}
        assert "SQL" in message or "exec_driver_sql" in message


@pytest.mark.parametrize(
    "source",
    [
        '"""SELECT is what this part builds."""\n',
        'def f() -> None:\n    """DELETE without WHERE is refused."""\n',
        "from schemaroot.schema.column import text\ntitle = text('x')\n",
        'METHODS = ["GET", "DELETE", "UPDATE"]\n',
        'MESSAGE = "an UPDATE needs a condition"\n',
        'ACTION = "set null"\n',
        "def f(cursor, statement): cursor.execute(statement.sql, statement.parameters)\n",
        "import sqlalchemy as sa\nx = sa.select(sa.func.count())\n",
    ],
)
def test_words_that_only_look_like_sql_are_fine(tmp_path: Path, source: str) -> None:
    assert findings(tmp_path, f"{TOOLKIT}/engine/database.py", source) == []


def test_sql_text_is_at_home_in_the_listed_places_and_in_tests(tmp_path: Path) -> None:
    source = 'FLAG = "PRAGMA foreign_keys"\n'
    for name in [*SQL_PLACES, "packages/schemaroot/tests/engine/test_dialect.py", "benchmarks/floor.py"]:
        assert findings(tmp_path, name, source) == []


@pytest.mark.parametrize(
    "comment",
    [
        "type: ignore",
        "type: ignore[override]",
        "pyright: ignore",
        "pyright: ignore[reportAny, reportUnknown]",
        "mypy: ignore-errors",
        "noqa",
        "noqa: E501, F401",
        "ruff: noqa: E501",
    ],
)
def test_silencing_a_checker_takes_a_reason(tmp_path: Path, comment: str) -> None:
    name = "examples/shop.py"

    assert findings(tmp_path, name, f"\nx = y  # {comment}\n") == [(2, f"{comment!r} without a reason after it")]
    assert findings(tmp_path, name, f"x = y  # {comment}  # the driver has no types\n") == []
    assert findings(tmp_path, name, f"x = '# {comment}'\n") == []


@pytest.mark.parametrize("folder", ["work", "root"])
def test_a_folder_of_the_authors_machine_is_reported_in_any_text(tmp_path: Path, folder: str) -> None:
    [(line, message)] = findings(tmp_path, "docs/page.md", f"One line.\nSee /{folder}/main for more.\n")

    assert line == 2
    assert message.endswith("a folder of the machine it was written on")
    assert findings(tmp_path, "docs/page.md", f"See ../{folder}/main and example.org/{folder}/main.\n") == []


@pytest.mark.parametrize("host", ["pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org"])
def test_a_registry_host_is_reported_in_lock_files_too(tmp_path: Path, host: str) -> None:
    [(line, message)] = findings(tmp_path, "requirements/dev.lock", f"--index-url https://{host}/simple\n")

    assert line == 1
    assert message.endswith("the host of a package registry")


def test_files_that_are_no_text_and_folders_that_tools_make_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    for folder in (".venv", "dist", "data", ".mypy_cache"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").write_text("x = 1  # " + "noqa\n")

    assert check(tmp_path) == []


def test_a_file_that_is_not_python_is_one_finding(tmp_path: Path) -> None:
    [(line, message)] = findings(tmp_path, f"{TOOLKIT}/schema/table.py", "x = 1\ndef\n")

    assert line == 2
    assert message.startswith("not Python")


def test_only_source_of_our_packages_has_a_module_name() -> None:
    assert module_of(f"{TOOLKIT}/engine/database.py") == ("schemaroot", "engine", "database")
    assert module_of("packages/schemaroot/tests/engine/test_database.py") is None
    assert module_of("tools/check_house.py") is None


def test_the_command_prints_one_line_a_finding_and_exits_with_1(tmp_path: Path) -> None:
    command = [sys.executable, str(PROJECT / "tools" / "check_house.py"), str(tmp_path)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    (tmp_path / "x.py").write_text("x = 1  # " + "noqa\n")

    outcome = subprocess.run(command, check=False, capture_output=True, text=True)

    assert outcome.returncode == 1
    assert outcome.stdout.splitlines()[0] == "x.py:1: 'noqa' without a reason after it"
