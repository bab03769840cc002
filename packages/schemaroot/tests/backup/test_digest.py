"""Digests of content: equal exactly when every value is, whatever the values, the driver and the pages."""

from __future__ import annotations

import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from schemaroot.backup.create import opened
from schemaroot.backup.digest import (
    ROWS_PER_CHUNK,
    SCHEMA_TABLE,
    TableDigest,
    content_tables,
    digest_table,
    digest_tables,
    shape_of,
)
from schemaroot.backup.statements import read_rows
from schemaroot.engine.driver import DriverName

from ..engine.shop import DRIVERS


def made(path: Path, *statements: str | tuple[str, tuple[Any, ...]]) -> Path:
    """A file in which these statements ran."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(*((statement,) if isinstance(statement, str) else statement))
    return path


def digest(path: Path, table: str = "t", driver: DriverName = "apsw", **options: Any) -> TableDigest:
    with opened(path, driver) as connection:
        return digest_table(connection, table, **options)


VALUES: list[tuple[str, tuple[Any, ...]]] = [
    ("null", ("NULL",)),
    ("integer", ("1",)),
    ("real", ("1.0",)),
    ("text", ("'1'",)),
    ("blob", ("x'31'",)),
    ("empty text", ("''",)),
    ("empty blob", ("x''",)),
    ("text with NUL", ("CAST(x'610062' AS TEXT)",)),
    ("text that ends with NUL", ("CAST(x'6100' AS TEXT)",)),
    ("text up to the NUL", ("'a'",)),
    ("the same bytes as a blob", ("x'610062'",)),
    ("invalid text", ("CAST(x'ff' AS TEXT)",)),
    ("another invalid text", ("CAST(x'fe' AS TEXT)",)),
    ("invalid text as a blob", ("x'ff'",)),
    ("lone surrogate", ("CAST(x'eda080' AS TEXT)",)),
    ("lone surrogate as a blob", ("x'eda080'",)),
    ("replacement character", ("char(65533)",)),
    ("largest integer", ("9223372036854775807",)),
    ("that less one", ("9223372036854775806",)),
    ("smallest integer", ("-9223372036854775807 - 1",)),
    ("the largest as a real", ("9223372036854775807.0",)),
    ("a third", ("1.0 / 3",)),
    ("the real next to it", ("0.33333333333333337",)),
    ("infinity", ("9e999",)),
    ("minus infinity", ("-9e999",)),
    ("smallest real", ("5e-324",)),
    ("zero as a real", ("0.0",)),
    ("zero", ("0",)),
    ("emoji", ("char(128640)",)),
]


def test_no_two_different_values_have_the_same_digest(tmp_path: Path, driver: DriverName) -> None:
    found: dict[str, str] = {}
    for number, (name, (expression,)) in enumerate(VALUES):
        path = made(tmp_path / f"{number}.db", "CREATE TABLE t (a)", f"INSERT INTO t VALUES ({expression})")
        found[name] = digest(path, driver=driver).digest

    assert len(set(found.values())) == len(VALUES)


@pytest.mark.parametrize(("name", "expression"), [(name, expression) for name, (expression,) in VALUES])
def test_both_drivers_give_the_same_digest(tmp_path: Path, name: str, expression: str) -> None:
    del name
    path = made(tmp_path / "a.db", "CREATE TABLE t (a, b)", f"INSERT INTO t VALUES (1, {expression}), (2, 'x')")

    one, other = (digest(path, driver=driver) for driver in DRIVERS)

    assert one == other


def test_texts_have_the_same_digest_in_every_encoding(tmp_path: Path, driver: DriverName) -> None:
    digests = []
    for encoding in ("UTF-8", "UTF-16le", "UTF-16be"):
        path = made(
            tmp_path / f"{encoding}.db",
            f"PRAGMA encoding = '{encoding}'",
            "CREATE TABLE t (a TEXT)",
            ("INSERT INTO t VALUES (?), (?), (?)", ("Grüße 🖋", "a\0b", "")),
        )
        digests.append(digest(path, driver=driver))

    assert digests[0] == digests[1] == digests[2]


def test_lone_surrogates_in_utf_16_are_told_apart(tmp_path: Path, driver: DriverName) -> None:
    """SQLite reads both as the same character."""
    found = {
        digest(
            made(
                tmp_path / f"{unit}.db",
                "PRAGMA encoding = 'UTF-16le'",
                "CREATE TABLE t (a)",
                f"INSERT INTO t VALUES (CAST(x'{unit}' AS TEXT))",
            ),
            driver=driver,
        ).digest
        for unit in ("00d8", "01d8", "fdff")
    }

    assert len(found) == 3


def test_one_text_that_is_none_does_not_change_how_others_count(tmp_path: Path, driver: DriverName) -> None:
    """Reading takes another way when a text cannot be read; what both ways give must be the same."""
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
    plain = made(tmp_path / "a.db", "CREATE TABLE t (a, b)", f"INSERT INTO t {rows} SELECT i, 'text ' || i FROM n")
    odd = made(
        tmp_path / "b.db",
        "CREATE TABLE t (a, b)",
        f"INSERT INTO t {rows} SELECT i, 'text ' || i FROM n",
        "UPDATE t SET b = CAST(x'ff' AS TEXT) WHERE a = 8999",
    )

    one, other = digest(plain, driver=driver), digest(odd, driver=driver)

    assert one.rows == other.rows == 9000
    assert one.digest != other.digest
    assert one.chunks[:2] == other.chunks[:2]
    assert one.chunks[2] != other.chunks[2]


def test_where_one_value_changed_one_chunk_differs(tmp_path: Path, driver: DriverName) -> None:
    path = made(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12288)"
        " SELECT i, i % 7 FROM n",
    )
    before = digest(path, driver=driver)
    made(path, f"UPDATE t SET a = 99 WHERE id = {ROWS_PER_CHUNK + 1}")

    after = digest(path, driver=driver)

    assert len(before.chunks) == 3
    assert [one == other for one, other in zip(before.chunks, after.chunks, strict=True)] == [True, False, True]
    assert before.digest != after.digest


def test_pages_indexes_and_vacuum_do_not_change_a_digest(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
        " SELECT i, hex(i) FROM n",
        "DELETE FROM t WHERE id % 3 = 0",
    )
    before = digest(path)

    made(path, "CREATE INDEX ix ON t (a DESC, id)", "PRAGMA page_size = 1024", "VACUUM", "ANALYZE")

    assert digest(path) == before


def test_the_order_is_the_key_s_in_a_table_without_rowid(tmp_path: Path, driver: DriverName) -> None:
    table = "CREATE TABLE t (a TEXT, b INTEGER, c, PRIMARY KEY (b, a)) WITHOUT ROWID"
    one = made(tmp_path / "a.db", table, "INSERT INTO t VALUES ('x', 2, 1), ('y', 1, 2), ('a', 1, 3)")
    other = made(tmp_path / "b.db", table, "INSERT INTO t VALUES ('a', 1, 3), ('x', 2, 1), ('y', 1, 2)")

    assert digest(one, driver=driver) == digest(other, driver=driver)
    with opened(one, driver) as connection:
        assert [name for name, _, _ in shape_of(connection, "t").order] == ["b", "a"]


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE t (a, b)",
        "CREATE TABLE t (rowid TEXT, b)",
        "CREATE TABLE t (rowid, _ROWID_, b)",
        "CREATE TABLE t (rowid, _rowid_, oid)",
        "CREATE TABLE t (a TEXT PRIMARY KEY, b)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b)",
        "CREATE TABLE t (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID",
        "CREATE TABLE t (a, b TEXT, PRIMARY KEY (b COLLATE NOCASE DESC, a)) WITHOUT ROWID",
    ],
)
def test_no_table_is_sorted_or_read_from_an_index(tmp_path: Path, driver: DriverName, table: str) -> None:
    """An index that covers a table may hold other values than a damaged table does, and sorting needs memory."""
    path = made(tmp_path / "a.db", table, "CREATE INDEX ix ON t (b)" if " b" in table else "SELECT 1")
    with opened(path, driver) as connection:
        shape = shape_of(connection, "t")
        sql = read_rows("t", shape.columns, shape.index, shape.order)
        plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]

    assert plan == ["SCAN t"]


def test_some_columns_have_a_digest_of_their_own(tmp_path: Path, driver: DriverName) -> None:
    one = made(tmp_path / "a.db", "CREATE TABLE t (a, b, c)", "INSERT INTO t VALUES (1, 2, 3), (4, 5, 6)")
    other = made(tmp_path / "b.db", "CREATE TABLE t (c, d, a)", "INSERT INTO t VALUES (3, 0, 1), (6, 0, 4)")

    assert digest(one, driver=driver, columns=["a", "c"]) == digest(other, driver=driver, columns=["a", "c"])
    assert digest(one, driver=driver).digest != digest(other, driver=driver).digest


def test_computed_columns_count_when_they_are_stored(tmp_path: Path, driver: DriverName) -> None:
    path = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a, b AS (a * 2) STORED, c AS (a * 3) VIRTUAL)",
        "INSERT INTO t VALUES (1)",
    )

    assert digest(path, driver=driver).columns == ("a", "b")


def test_names_may_hold_any_character(tmp_path: Path, driver: DriverName) -> None:
    path = made(
        tmp_path / "a.db",
        'CREATE TABLE "or""der ü" ("group", "a\'b" TEXT, "x""y")',
        'INSERT INTO "or""der ü" VALUES (1, 2, 3)',
    )

    assert digest(path, 'or"der ü', driver).columns == ("group", "a'b", 'x"y')


def test_a_table_that_is_not_there_is_an_error(tmp_path: Path, driver: DriverName) -> None:
    path = made(tmp_path / "a.db", "CREATE TABLE t (a)")

    with pytest.raises(LookupError, match="missing"):
        digest(path, "missing", driver)


def test_content_is_every_table_but_those_that_a_module_or_sqlite_derives(tmp_path: Path, driver: DriverName) -> None:
    path = made(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE VIRTUAL TABLE t_search USING fts5 (a, content='t', content_rowid='id')",
        "CREATE VIRTUAL TABLE notes USING fts5 (words)",
        "INSERT INTO t (a) VALUES (1)",
        "CREATE INDEX ix ON t (a)",
        "ANALYZE",
    )
    with opened(path, driver) as connection:
        assert content_tables(connection) == [SCHEMA_TABLE, "notes_content", "sqlite_sequence", "t"]


def test_the_schema_counts_without_its_root_pages(tmp_path: Path, driver: DriverName) -> None:
    path = made(tmp_path / "a.db", "CREATE TABLE gone (a)", "CREATE TABLE t (a)", "DROP TABLE gone")
    before = digest(path, SCHEMA_TABLE, driver)
    made(path, "VACUUM")

    assert digest(path, SCHEMA_TABLE, driver) == before
    made(path, "CREATE INDEX ix ON t (a)")
    assert digest(path, SCHEMA_TABLE, driver).rows == 2


def test_progress_ends_at_the_total(tmp_path: Path, driver: DriverName) -> None:
    path = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a)",
        "CREATE TABLE u (a)",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n",
        "INSERT INTO u VALUES (1)",
    )
    told: list[tuple[int, int]] = []
    with opened(path, driver) as connection:
        digest_tables(connection, progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (10_003, 10_003)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, driver: DriverName) -> None:
    """Rows of 100 kB: a batch is counted in bytes, too."""
    path = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a)",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
        " SELECT zeroblob(1000) FROM n",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
        " SELECT randomblob(100000) FROM n",
    )
    digest(path, driver=driver)
    tracemalloc.start()
    try:
        digest(path, driver=driver)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 60_000_000
