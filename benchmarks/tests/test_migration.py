"""The bare SQL of the migration is an honest opponent: it ends where the migration does."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import migration_ways
from benchmarks.measure import run_python
from benchmarks.migration import MIGRATION, measure_migration
from schemaroot.engine.database import Database
from schemaroot.introspection.read import read_catalogue
from schemaroot.migration.session import Session

ROWS = 500


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("migration")
    migration_ways.build(made, ROWS)
    return made


def test_the_bare_sql_and_the_migration_end_with_the_same_schema_and_rows(folder: Path) -> None:
    paths = [folder / "bare.db", folder / "migrated.db"]
    for path in paths:
        shutil.copy(folder / "pristine.db", path)
    migration_ways.bare(paths[0])
    migration_ways.migrate(paths[1], folder / "versions", whole=False)

    schemas, rows = [], []
    for path in paths:
        with Session(Database.open(f"sqlite:///{path}")) as session:
            schemas.append(read_catalogue(session.connection))
        with closing(sqlite3.connect(path)) as connection:
            rows.append(connection.execute("SELECT * FROM orders ORDER BY id").fetchall())
    assert schemas[0] == schemas[1]
    default = schemas[0].tables["orders"].column("status")
    assert default is not None and default.default == "'open'"
    assert rows[0] == rows[1] and len(rows[0]) == ROWS


def test_every_figure_of_a_migration_is_measured(tmp_path: Path) -> None:
    figures = measure_migration(ROWS, "wall", tmp_path, run_python, lambda _: None)

    assert figures.keys() == MIGRATION.keys()
    assert all(ours > 0 for ours, _ in figures.values())
