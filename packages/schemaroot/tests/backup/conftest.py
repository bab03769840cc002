from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.engine.driver import DriverName

from ..engine.shop import DRIVERS, SHOP, TABLES, fill, shop_at, url_of


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> DriverName:
    """Each of the two drivers."""
    name: DriverName = request.param
    return name


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a shop with a few customers and orders, marked as a shop's, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "shop.db"
    with shop_at(path, "apsw", identity=SHOP) as made:
        fill(made)
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """A shop in a file of its own, which nobody has open."""
    path = tmp_path / "shop.db"
    shutil.copyfile(filled, path)
    return path


@pytest.fixture
def db(path: Path, driver: DriverName) -> Iterator[Database]:
    """The same shop, open."""
    with Database.open(url_of(path), tables=TABLES, driver=driver) as opened:
        yield opened
