from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.engine.driver import DriverName
from schemaroot.testing import temporary_database

from .library import TABLES, Library, undone

DRIVERS: tuple[DriverName, ...] = ("apsw", "sqlite3")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty library, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "library.db"
    Database.create(f"sqlite:///{path}", TABLES, driver="sqlite3").close()
    return path


@pytest.fixture(params=DRIVERS)
def db(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty library in a file of its own, with each of the two drivers."""
    path = tmp_path / "library.db"
    shutil.copyfile(empty, path)
    url = f"sqlite:///{path}"
    with Database.open(url, tables=TABLES, driver=request.param, durability="off") as opened:
        yield opened


@pytest.fixture
def library(db: Database) -> Library:
    """Repositories of all its tables."""
    return Library(db)


@pytest.fixture(scope="module", params=DRIVERS)
def shared(request: pytest.FixtureRequest) -> Iterator[Library]:
    """A library for all examples of a module; each undoes what it did."""
    with temporary_database(TABLES, driver=request.param) as made:
        yield Library(made)


@pytest.fixture
def clean(shared: Library) -> Iterator[Library]:
    """The shared library inside of a transaction that is undone."""
    with undone(shared.db):
        yield shared
