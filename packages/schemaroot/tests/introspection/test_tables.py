"""What a database says of its tables and columns, whoever made them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.introspection import FoundColumn, read_columns, read_tables

FOREIGN = '''
CREATE TABLE "odd ""name""" (a, "b c" TEXT NOT NULL DEFAULT 'x', d INTEGER GENERATED ALWAYS AS (1) VIRTUAL);
CREATE TABLE pairs (x TEXT, y INTEGER NOT NULL, note TEXT, PRIMARY KEY (y, x)) WITHOUT ROWID;
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, notnull_ INTEGER);
CREATE VIEW shown AS SELECT x FROM pairs;
CREATE VIRTUAL TABLE words USING fts5(body);
'''


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as connection:
        connection.executescript(FOREIGN)
    return tmp_path / "foreign.db"


def test_tables_of_every_kind_are_told_apart(foreign: Path) -> None:
    with Database.open(f"sqlite:///{foreign}", read_only=True) as db:
        tables = {table.name: table for table in read_tables(db)}

    kinds = {name: table.kind for name, table in tables.items()}
    assert {name: kind for name, kind in kinds.items() if not name.startswith("words_")} == {
        "counted": "table",
        'odd "name"': "table",
        "pairs": "table",
        "shown": "view",
        "words": "virtual",
    }
    assert {kind for name, kind in kinds.items() if name.startswith("words_")} == {"shadow"}
    assert "sqlite_sequence" not in tables
    assert (tables["counted"].has_rowid, tables["pairs"].has_rowid, tables["shown"].has_rowid) == (True, False, False)


def test_columns_come_in_declared_order_with_their_facts(foreign: Path) -> None:
    with Database.open(f"sqlite:///{foreign}", read_only=True) as db:
        tables = {table.name: table for table in read_tables(db)}

    assert tables['odd "name"'].columns == (
        FoundColumn("a", "", nullable=True, key_place=0, generated=False),
        FoundColumn("b c", "TEXT", nullable=False, key_place=0, generated=False),
        FoundColumn("d", "INTEGER", nullable=True, key_place=0, generated=True),
    )
    assert tables["pairs"].column_names == ("x", "y", "note")
    assert tables["pairs"].key == ("y", "x")
    assert tables['odd "name"'].key == ()
    assert tables["words"].column_names == ("body",)


def test_a_table_that_is_not_there_has_no_columns(foreign: Path) -> None:
    with Database.open(f"sqlite:///{foreign}", read_only=True) as db:
        assert read_columns(db, "no such table") == ()
