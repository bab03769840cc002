from __future__ import annotations

import pytest

from schemaroot import Database
from schemaroot.testing import database_fixture

from .library import TABLES, Library

db = database_fixture(TABLES, drivers=("apsw", "sqlite3"), file=True)


@pytest.fixture
def library(db: Database) -> Library:
    """Repositories of all tables in an empty file, with each of the two drivers."""
    return Library(db)
