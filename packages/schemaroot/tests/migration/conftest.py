from __future__ import annotations

from pathlib import Path

import pytest

from schemaroot.engine.driver import DriverName

from .bench import Bench


@pytest.fixture(params=["apsw", "sqlite3"])
def driver(request: pytest.FixtureRequest) -> DriverName:
    """Each of the two drivers."""
    name: DriverName = request.param
    return name


@pytest.fixture
def bench(driver: DriverName, tmp_path: Path) -> Bench:
    """An empty database file, with each of the two drivers."""
    return Bench(tmp_path / "bench.db", driver)
