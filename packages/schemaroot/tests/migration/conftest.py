from __future__ import annotations

from pathlib import Path

import pytest

from schemaroot.engine.driver import DriverName

from .bench import Bench


@pytest.fixture(params=["apsw", "sqlite3"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """An empty database file, with each of the two drivers."""
    driver: DriverName = request.param
    return Bench(tmp_path / "bench.db", driver)
