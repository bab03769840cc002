from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.engine.driver import DriverName

from ..engine.shop import DRIVERS, TABLES, fill, shop_at, url_of


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> DriverName:
    """Each of the two drivers."""
    name: DriverName = request.param
    return name


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a shop with a few customers and orders, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "shop.db"
    with shop_at(path, "apsw") as made:
        fill(made)
    return path


@pytest.fixture
def db(filled: Path, tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    """A shop with a few customers and orders, in a file of its own."""
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    with Database.open(url_of(path), tables=TABLES, driver=driver) as opened:
        yield opened
