"""Databases for one test each, gone when it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from schemaroot.engine.database import Database
from schemaroot.engine.driver import DriverName
from schemaroot.engine.opening import Durability
from schemaroot.schema.table import Table

if TYPE_CHECKING:
    import pytest

Scope = Literal["function", "class", "module", "package", "session"]
"""How long pytest keeps a fixture."""


@contextmanager
def memory_database(tables: Sequence[type[Table]], *, driver: DriverName = "apsw") -> Generator[Database]:
    """A database in memory with the declared tables, closed at the end.

    Its one connection serves one thread at a time; take `temporary_database` for tests of threads and locks.
    """
    with Database.memory(tables, driver=driver) as database:
        yield database


@contextmanager
def temporary_database(
    tables: Sequence[type[Table]], *, driver: DriverName = "apsw", durability: Durability = "off"
) -> Generator[Database]:
    """A database file with the declared tables in a directory of its own, both removed at the end.

    Args:
        tables: the tables.
        driver: as in `Database.open`.
        durability: as in `Database.open`; a file that is thrown away need not survive a power loss.
    """
    with TemporaryDirectory(prefix="schemaroot-") as folder:
        url = f"sqlite:///{Path(folder) / 'test.db'}"
        with Database.create(url, tables, driver=driver, durability=durability) as database:
            yield database


def database_fixture(
    tables: Sequence[type[Table]],
    *,
    drivers: Sequence[DriverName] = ("apsw",),
    file: bool = False,
    scope: Scope = "function",
) -> Callable[[pytest.FixtureRequest], Generator[Database]]:
    """A pytest fixture that gives an empty database; assign it to the fixture's name in `conftest.py`.

    Args:
        tables: the tables.
        drivers: each test runs once with each.
        file: whether it is a file rather than in memory.
        scope: how long pytest keeps it; longer than a function, tests share its rows.
    """
    import pytest  # needed by this function alone

    opened = temporary_database if file else memory_database

    @pytest.fixture(scope=scope, params=list(drivers), ids=list(drivers))
    def database(request: pytest.FixtureRequest) -> Generator[Database]:
        with opened(tables, driver=request.param) as made:
            yield made

    return database
