"""A stranger's shop: its tables as a module, and two ways to run commands on it."""

from __future__ import annotations

import importlib
import io
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemaroot.cli.main import run

TABLES = """
from schemaroot import Col, Ref, Table, auto_id, integer, references, text


class Customer(Table, name="customers"):
    id: Col[int] = auto_id()
    name: Col[str] = text()


class Order(Table, name="orders"):
    id: Col[int] = auto_id()
    customer_id: Ref[Customer, int] = references(lambda: Customer.id, on_delete="cascade")
    total: Col[int] = integer(default=0)
"""


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


@dataclass
class Shop:
    """A folder with a package `shop`, whose tables change as a test says, and its database `shop.db`."""

    folder: Path
    command: Callable[..., Said]

    @property
    def path(self) -> Path:
        return self.folder / "shop.db"

    @property
    def versions(self) -> Path:
        return self.folder / "shop" / "migrations" / "versions"

    def declare(self, *changes: tuple[str, str]) -> None:
        """Writes the tables, with some texts in the place of others."""
        source = TABLES
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        (self.folder / "shop" / "tables.py").write_text(source)

    def __call__(self, *arguments: str, **more: str) -> Said:
        return self.command(*arguments, **more)

    def done(self, *arguments: str) -> Said:
        """Runs a command that must succeed."""
        said = self(*arguments)
        assert said.code == 0, said.err
        return said

    def sql(self, statement: str, *values: object) -> list[Any]:
        """What a statement gives on the database."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            return connection.execute(statement, values).fetchall()

    def fill(self) -> None:
        """Two customers, three orders."""
        self.sql("INSERT INTO customers (name) VALUES ('ada'), ('bob')")
        self.sql("INSERT INTO orders (customer_id, total) VALUES (1, 5), (1, 6), (2, 7)")


NOTE = ("name: Col[str] = text()", 'name: Col[str] = text()\n    note: Col[str | None] = text(default="none")')
"""The change that adds a column."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    """A shop without database and revisions; commands run in this process, in its folder."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.schemaroot]\ntables = "shop.tables"\ndatabase = "shop.db"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two writes of a file within a second look alike
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name in ("DATABASE_URL", "SCHEMAROOT_DATABASE_URL", "SCHEMAROOT_DEBUG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, **variables: str) -> Said:
        before, modules = list(sys.path), set(sys.modules)
        capfd.readouterr()
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            code = run(arguments)
        sys.path[:] = before
        for name in sys.modules.keys() - modules:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
                del sys.modules[name]
        importlib.invalidate_caches()
        out, err = capfd.readouterr()
        return Said(code, out, err)

    made = Shop(tmp_path, call)
    made.declare()
    yield made


@pytest.fixture
def environment() -> dict[str, str]:
    """What a process of its own gets that runs `python -m schemaroot`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCHEMAROOT")}
    kept.pop("DATABASE_URL", None)
    kept.pop("COLUMNS", None)
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """The shop at its first revision, with rows."""
    shop.done("migrate", "new", "-m", "first tables")
    shop.done("migrate", "up", "--create")
    shop.fill()
    return shop
