"""Where a stranger's tables, database and revisions are looked for, and what is said when they are not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from schemaroot.cli.errors import CommandError
from schemaroot.cli.project import find_place, load_tables

from .conftest import Shop


def test_the_flag_is_stronger_than_the_environment_and_that_than_the_file(shop: Shop) -> None:
    shop.done("migrate", "new", "-m", "first tables")
    variables = {"DATABASE_URL": "b.db", "SCHEMAROOT_DATABASE_URL": "sqlite:///a.db"}

    assert shop("migrate", "up", "--create", "--database", "flag.db", **variables).code == 0
    assert shop("migrate", "up", "--create", **variables).code == 0
    del variables["SCHEMAROOT_DATABASE_URL"]
    assert shop("migrate", "up", "--create", **variables).code == 0
    assert shop("migrate", "up", "--create").code == 0

    assert sorted(path.name for path in shop.folder.glob("*.db")) == ["a.db", "b.db", "flag.db", "shop.db"]


def test_without_settings_everything_can_be_named(shop: Shop) -> None:
    (shop.folder / "pyproject.toml").unlink()
    assert shop("migrate", "check").err.startswith("error[USAGE]: No tables were named.")
    flags = ["--tables", "shop.tables", "--migrations", "elsewhere", "--application-id", "0x53484F50"]

    assert shop("migrate", "new", "-m", "one", *flags).code == 0
    assert shop("migrate", "up", "--create", *flags).err.startswith("error[USAGE]: No database was named.")
    said = shop("migrate", "up", "--create", "--database", "x.db", *flags)

    assert said.code == 0
    assert (shop.folder / "elsewhere" / "0001_one.py").is_file()
    other = [*flags[:-1], "0x11111111"]
    assert shop("migrate", "status", "--database", "x.db", *other).err.startswith("error[DB_FOREIGN]: ")
    assert "schemaroot migrate up --tables shop.tables --database x.db" in (
        shop("migrate", "new", "-m", "two", "--empty", "--database", "x.db", *flags).err
    )


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        ("raise ZeroDivisionError('no')", "mine", "mine cannot be imported: ZeroDivisionError: no."),
        ("x = 1", "mine", "mine holds no table class."),
        ("TABLES = [int]", "mine", "mine:TABLES is no sequence of table classes."),
        ("x = 1", "mine:OURS", "mine has no OURS."),
        ("OURS = 7", "mine:OURS", "mine:OURS is no sequence of table classes."),
        ("", "not_there_at_all", "not_there_at_all cannot be imported: ModuleNotFoundError: "),
    ],
)
def test_a_module_without_tables_is_told_in_one_line(shop: Shop, source: str, name: str, said: str) -> None:
    (shop.folder / "mine.py").write_text(source)

    answer = shop("migrate", "check", "--tables", name)

    assert answer.code == 2
    assert answer.err.startswith(f"error[TABLES_UNUSABLE]: {said}")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[tool]\nschemaroot = 1", "tool.schemaroot is not a table."),
        ("[tool.schemaroot]\ntabels = 'x'", "the setting 'tabels' of tool.schemaroot is unknown."),
        ("[tool.schemaroot]\ntables = 7", "the setting 'tables' of tool.schemaroot must be a text"),
    ],
)
def test_wrong_settings_are_told(shop: Shop, toml: str, said: str) -> None:
    (shop.folder / "pyproject.toml").write_text(toml)

    answer = shop("migrate", "check")

    assert answer.code == 2
    assert answer.err.startswith("error[CONFIG_INVALID]: ")
    assert said in answer.err


@pytest.mark.parametrize("number", ["0", "-1", "x", "0x80000000"])
def test_an_application_id_is_a_number_that_a_header_can_hold(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "numbered.py").write_text(
        "from schemaroot import *\nclass T(Table, name='t'):\n    id: Col[int] = auto_id()\n"
    )

    with pytest.raises(CommandError, match="is no application id"):
        find_place(tables="numbered", application_id=number)


def test_the_tables_of_a_module_are_all_its_table_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "every.py").write_text(
        "from schemaroot import Table, Col, auto_id\n"
        "class A(Table, name='a'):\n    id: Col[int] = auto_id()\n"
        "class B(Table, name='b'):\n    id: Col[int] = auto_id()\n"
        "ONE = (B,)\n"
    )

    assert [table.__name__ for table in load_tables("every", [tmp_path])[1]] == ["A", "B"]
    assert [table.__name__ for table in load_tables("every:ONE", [tmp_path])[1]] == ["B"]
