"""Random tables with random rows become other tables: up, down and up again, and everything is as it was each time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from schemaroot.introspection import CheckDef, ColumnDef, KeyPart, PrimaryKeyDef, TableDef, read_catalogue
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.render import create_table
from schemaroot.migration.compare import differences
from schemaroot.migration.diff import difference

from .bench import Bench, connected

TYPES = ["INTEGER", "TEXT", "REAL", "BLOB", "", "NUMERIC", "VARCHAR(3)"]
DEFAULTS = [None, None, "'d'", "3", "1.5", "'007'"]
VALUES = [None, 0, 1, -5, 2**40, 1.5, 0.1, "a", "B", "12", "007", "1e3", "", b"x\x00", b"", 3.0]


def a_column(r: random.Random, name: str) -> ColumnDef:
    nullable = r.random() < 0.7
    default = r.choice(DEFAULTS) or (None if nullable else "'x'")
    return ColumnDef(name, r.choice(TYPES), nullable, default, r.choice([None, None, "NOCASE"]))


def a_table(r: random.Random, name: str, columns: str) -> TableDef:
    made = [a_column(r, column) for column in columns]
    kind = r.choice(["integer", "integer", "automatic", "none", "text", "composite", "without rowid"])
    key: PrimaryKeyDef | None = None
    match kind:
        case "integer" | "automatic":
            made.insert(0, ColumnDef("id", "INTEGER", False))
            key = PrimaryKeyDef((KeyPart("id"),), autoincrement=kind == "automatic")
        case "text":
            made.insert(0, ColumnDef("id", "TEXT", False))
            key = PrimaryKeyDef((KeyPart("id"),))
        case "composite" | "without rowid":
            made[:0] = [ColumnDef("id", "INTEGER", False), ColumnDef("k", "TEXT", False)]
            key = PrimaryKeyDef((KeyPart("id"), KeyPart("k")))
        case _:
            pass
    checks = (CheckDef(f"length({columns[0]}) < 50", "ck_first"),) if r.random() < 0.3 else ()
    return TableDef(name, tuple(made), key, checks=checks, without_rowid=kind == "without rowid")


def changed(r: random.Random, table: TableDef) -> TableDef:
    """The table after one to three changes."""
    members = set(table.primary_key.columns) if table.primary_key else set[str]()
    for _ in range(r.randint(1, 3)):
        free = [column for column in table.columns if column.name not in members]
        chosen = r.choice(free)
        like = a_column(r, chosen.name)
        match r.choice(["add", "drop", "type", "default", "collation", "check", "rowid"]):
            case "add":
                name = next(name for name in "uvwxyz" if table.column(name) is None)
                table = replace(table, columns=(*table.columns, a_column(r, name)))
            case "drop" if len(free) > 1:
                kept = tuple(check for check in table.checks if f"({chosen.name})" not in check.condition)
                left = tuple(column for column in table.columns if column is not chosen)
                table = replace(table, columns=left, checks=kept)
            case "type":
                table = _with(table, replace(chosen, type=like.type))
            case "default" if chosen.nullable or like.default is not None:
                table = _with(table, replace(chosen, default=like.default))
            case "collation":
                table = _with(table, replace(chosen, collation=like.collation))
            case "check":
                new = (CheckDef(f"length({chosen.name}) < 60", "ck_other"),)
                table = replace(table, checks=() if table.checks else new)
            case "rowid" if table.primary_key and not table.integer_key:
                table = replace(table, without_rowid=not table.without_rowid)
            case _:
                pass
    return table


def _with(table: TableDef, column: ColumnDef) -> TableDef:
    return replace(table, columns=tuple(column if each.name == column.name else each for each in table.columns))


def fill(r: random.Random, bench: Bench, table: TableDef) -> None:
    """Up to eight rows; those that a key or a check refuses are left out."""
    names = ", ".join(table.column_names)
    places = ", ".join("?" * len(table.columns))
    members = table.primary_key.columns if table.primary_key else ()
    with connected(bench.path, bench.driver) as connection:
        for number in range(r.randint(0, 8)):
            row: list[object] = []
            for column in table.columns:
                if column.name in members:
                    row.append(r.randint(1, 40) if column.type == "INTEGER" else r.choice(["a", "b", "C", str(number)]))
                else:
                    value = r.choice(VALUES)
                    row.append("q" if value is None and not column.nullable else value)
            sql = f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({places})"
            try:
                connection.execute(sql, row).fetchall()
            except connection.driver.errors:
                continue


def catalogue_of(bench: Bench) -> Catalogue:
    with connected(bench.path, bench.driver) as connection:
        return read_catalogue(connection)


def made(path: Path, driver: str, tables: Sequence[TableDef], *more: str) -> Bench:
    path.unlink(missing_ok=True)
    bench = Bench(path, "apsw" if driver == "apsw" else "sqlite3")
    bench.sql(*map(create_table, tables), *more)
    return bench


def go_through(folder: Path, seed: int) -> None:
    """One random database, taken to another schema and back and there again."""
    r = random.Random(seed)
    driver = r.choice(["apsw", "sqlite3"])
    index = ["CREATE INDEX i ON one (b DESC, a)"] if r.random() < 0.4 else []
    before = [a_table(r, "one", "abc"), a_table(r, "two", "ab")]
    bench = made(folder / "bench.db", driver, before, *index)
    for table in before:
        fill(r, bench, table)
    after = [changed(r, table) for table in before]
    if r.random() < 0.2:
        after[1] = a_table(r, "three", "am")
    stays = after[0].column("a") and after[0].column("b") and r.random() < 0.7
    target = catalogue_of(made(folder / "target.db", driver, after, *(index if stays else [])))
    start, schema = bench.dump(), catalogue_of(bench)
    up, down = difference(schema, target), difference(target, schema)

    bench.run(up)
    first = bench.dump()
    assert differences(target, catalogue_of(bench)) == []
    bench.run(down, direction="down")
    assert bench.dump() == start
    bench.run(up)
    assert bench.dump() == first


@pytest.mark.parametrize("part", range(4))
def test_random_changes_go_there_and_back_and_there(tmp_path: Path, part: int) -> None:
    for seed in range(part * 20, part * 20 + 20):
        go_through(tmp_path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_ten_thousand_random_changes_go_there_and_back_and_there(tmp_path: Path, part: int) -> None:
    for seed in range(1_000 + part * 500, 1_500 + part * 500):
        go_through(tmp_path, seed)
