"""A check finds what is wrong, names the rows, and changes nothing."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from schemaroot import Col, Database, JsonValue, Table, auto_id, integer, json, new, text
from schemaroot.backup import check
from schemaroot.backup.check import CheckFinding, check_database
from schemaroot.backup.create import create_backup, opened
from schemaroot.backup.digest import digest_tables
from schemaroot.backup.manifest import Backup
from schemaroot.backup.stats import database_stats
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName
from schemaroot.errors import DamagedDatabaseError, DatabaseLockedError

from ..engine.shop import TABLES, Customer, Order, digests, held_by_another_process, url_of
from ..repository.library import TABLES as LIBRARY
from ..repository.library import Book
from .test_create import damage_leaf


class Note(Table, name="notes"):
    id: Col[int] = auto_id()
    level: Col[int] = integer(default=1, minimum=0, maximum=9)
    mail: Col[str] = text(default="a@b", pattern="@")
    words: Col[list[str]] = json(default_factory=list)
    anything: Col[dict[str, JsonValue]] = json(default_factory=dict)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with Database.create(url_of(path), [Note]) as db:
        db.insert_many([new(Note, level=number % 10, words=["x"] * (number % 3)) for number in range(3000)])
    return path


def spoil(path: Path, *statements: str) -> None:
    """Writes what a program could not have written."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        for statement in statements:
            connection.execute(statement)


def found(path: Path, tables: list[type[Table]], driver: DriverName = "apsw", **options: object) -> list[CheckFinding]:
    with opened(path, driver, read_only=False) as connection:
        return check_database(connection, tables, **options)  # type: ignore[arg-type]  # handed on as given


def test_in_a_sound_database_nothing_is_found(path: Path, driver: DriverName) -> None:
    backup = create_backup(path, reason="daily")
    before = digests(path)

    assert found(path, TABLES, driver, backup=backup, drift=lambda _: []) == []
    assert digests(path) == before


def test_values_outside_of_their_type_are_named_by_key(notes: Path, driver: DriverName) -> None:
    spoil(
        notes,
        "UPDATE notes SET level = 77 WHERE id IN (3, 5)",
        "UPDATE notes SET mail = 'nobody' WHERE id = 2999",
        "UPDATE notes SET words = '{\"a\": 1}' WHERE id = 7",
        "UPDATE notes SET words = '[1, 2]' WHERE id = 2000",
        "UPDATE notes SET anything = '{\"a\": ' WHERE id = 8",
    )

    findings = [finding for finding in found(notes, [Note], driver) if finding.kind != "integrity"]

    assert sorted(map(str, findings)) == [
        "notes: anything is no json dict[str, JsonValue] in 1 row (8)",
        "notes: level is outside of integer 0..9 in 2 rows (3, 5)",
        "notes: mail is no text matching @ in 1 row (2999)",
        "notes: words is no json list[str] in 2 rows (7, 2000)",
    ]
    assert {finding.kind for finding in findings} == {"json", "value"}


def test_an_enumeration_and_a_boolean_are_checked(path: Path, driver: DriverName) -> None:
    spoil(path, "UPDATE orders SET state = 'lost' WHERE id = 2", "UPDATE customers SET vip = 7 WHERE id < 3")

    findings = [finding for finding in found(path, TABLES, driver) if finding.kind == "value"]

    assert [(finding.table, finding.rows, finding.keys) for finding in findings] == [
        ("customers", 2, ((1,), (2,))),
        ("orders", 1, ((2,),)),
    ]
    assert str(findings[1]) == "orders: state is outside of open | paid | sent in 1 row (2)"


def test_a_text_that_is_none_is_found(notes: Path, driver: DriverName) -> None:
    spoil(notes, "UPDATE notes SET mail = CAST(x'ff40' AS TEXT) WHERE id = 4")

    assert "notes: mail is no text matching @ in 1 row (4)" in map(str, found(notes, [Note], driver))


def test_many_wrong_rows_are_counted_and_five_are_named(notes: Path) -> None:
    spoil(notes, "UPDATE notes SET level = 10")

    (finding,) = [finding for finding in found(notes, [Note]) if finding.kind == "value"]

    assert str(finding) == "notes: level is outside of integer 0..9 in 3,000 rows (1, 2, 3, 4, 5, ...)"


def test_rows_that_refer_to_nothing_are_found(path: Path, driver: DriverName) -> None:
    spoil(path, "DELETE FROM customers WHERE id = 1")

    findings = [finding for finding in found(path, TABLES, driver) if finding.kind == "foreign key"]

    assert [str(finding) for finding in findings] == [
        "customers: 1 row refers to a row of customers that is not there (2)",
        "orders: 3 rows refer to a row of customers that is not there (1, 2, 3)",
    ]


def test_drift_and_invariants_come_from_the_caller(path: Path) -> None:
    def invariant(connection: Connection) -> Iterator[CheckFinding]:
        count = connection.value("SELECT count(*) FROM orders")
        yield CheckFinding("invariant", "orders", f"there are {count}")

    findings = found(path, TABLES, drift=lambda _: ["table x is missing"], invariants=[invariant])

    assert list(map(str, findings)) == ["table x is missing", "orders: there are 4"]
    assert [finding.kind for finding in findings] == ["drift", "invariant"]


def test_a_full_text_index_that_is_out_of_step_is_found(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "library.db"
    Database.create(url_of(path), LIBRARY).close()
    name = Book.__declaration__.name
    assert found(path, LIBRARY, driver) == []
    spoil(path, f"INSERT INTO {name}_search (rowid, {Book.__declaration__.search[0]}) VALUES (77, 'nowhere')")

    findings = found(path, LIBRARY, driver)

    assert "search" in {finding.kind for finding in findings}
    spoil(path, f"DROP TABLE {name}_search")
    assert f"{name}: its full-text index {name}_search is not there" in map(str, found(path, LIBRARY, driver))


def test_full_text_is_left_out_where_nothing_can_be_written(tmp_path: Path, driver: DriverName) -> None:
    path = tmp_path / "library.db"
    Database.create(url_of(path), LIBRARY).close()
    told: list[str] = []
    with opened(path, driver) as connection:
        assert check_database(connection, LIBRARY, messages=told.append) == []

    assert "full text was not checked: this connection only reads" in told


def test_full_text_waits_for_a_lock_and_is_then_given_up(
    tmp_path: Path, driver: DriverName, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.db"
    Database.create(url_of(path), LIBRARY).close()
    monkeypatch.setattr(check, "LOCK_MS", 50.0)
    with held_by_another_process(path, "BEGIN IMMEDIATE"), pytest.raises(DatabaseLockedError):
        found(path, LIBRARY, driver)


def test_a_damaged_page_is_a_finding_and_no_exception(path: Path, driver: DriverName) -> None:
    damage_leaf(path)

    assert "integrity" in {finding.kind for finding in found(path, TABLES, driver)}


# --- against a backup (4) ---------------------------------------------------------------------------------------------


def test_rows_that_are_not_as_in_the_backup_are_named(path: Path, driver: DriverName) -> None:
    backup = create_backup(path, reason="daily")
    with Database.open(url_of(path), tables=TABLES) as db:
        db.insert(Customer, name="Dee")
        db.update(Order).set(Order.note.to("changed")).where(Order.id == 2).run()
    spoil(path, "DELETE FROM lines WHERE order_id = 1 AND number = 2")

    findings = found(path, TABLES, driver, backup=backup)

    assert [str(finding) for finding in findings if finding.table != "sqlite_sequence"] == [
        f"customers: 1 row is new since {backup.path.name} (4)",
        f"lines: 1 row is gone since {backup.path.name} (1/2)",
        f"orders: 1 row differs from {backup.path.name} (2)",
    ]


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE t (a, b)",
        "CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID",
        "CREATE TABLE t (a, b, PRIMARY KEY (a DESC, b COLLATE NOCASE)) WITHOUT ROWID",
        "CREATE TABLE t (rowid, oid, _rowid_, a, b)",
    ],
)
def test_differences_are_found_in_tables_of_every_kind(tmp_path: Path, driver: DriverName, table: str) -> None:
    path = tmp_path / "a.db"
    values = [1, 2.5, "b", "a", "B2", b"\x00", -7, "é", 10**15, b"z", "Ab", 9, "zz"]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(table)
        connection.executemany("INSERT INTO t (a, b) VALUES (?, ?)", [(value, str(value)) for value in values])
    backup = create_backup(path, reason="daily")
    spoil(
        path,
        "DELETE FROM t WHERE a = 'a'",
        "UPDATE t SET b = b || 'x' WHERE a = 9",
        "INSERT INTO t (a, b) VALUES ('c', 1)",
    )

    (finding, *more) = found(path, [], driver, backup=backup)

    kinds = sorted(str(one).split(" since")[0].split(" from")[0] for one in (finding, *more))
    if "PRIMARY KEY (a DESC, b" in table:  # b is part of the key: a changed row is another one
        assert [kind.partition(" row")[0] for kind in kinds] == ["t: 2", "t: 2"]
    else:
        assert [kind.partition(" row")[0] for kind in kinds] == ["t: 1", "t: 1", "t: 1"] or "oid" in table


def test_a_table_that_is_gone_or_has_other_columns_is_named(path: Path, driver: DriverName) -> None:
    backup = create_backup(path, reason="daily")
    spoil(path, "DROP TABLE lines", "ALTER TABLE products ADD COLUMN extra TEXT")

    findings = list(map(str, found(path, [], driver, backup=backup)))

    assert f"lines: it is not there; {backup.path.name} has it" in findings
    assert f"products: its columns are not those in {backup.path.name}" in findings


def values_of(path: Path) -> list[tuple[int, int]]:
    """Where the values of rows stand in a file: place and length of each piece, read from its pages."""
    content = path.read_bytes()
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        leaves = [
            row[0]
            for row in connection.execute(
                "SELECT pageno FROM dbstat WHERE pagetype = 'leaf' AND name IN"
                " (SELECT name FROM sqlite_schema WHERE type = 'table')"
            )
        ]
    found: list[tuple[int, int]] = []
    for page in leaves:
        start = (page - 1) * size
        head = start + (100 if page == 1 else 0)
        if content[head] != 13:  # the leaf of a table with rowids
            continue
        for cell in range(int.from_bytes(content[head + 3 : head + 5], "big")):
            place = start + int.from_bytes(content[head + 8 + 2 * cell : head + 10 + 2 * cell], "big")
            length, place = varint(content, place)
            _, place = varint(content, place)
            header, _ = varint(content, place)
            local = length if length <= size - 35 else 0  # what overflows is left out here
            if local > header:
                found.append((place + header, local - header))
    return found


def varint(content: bytes, place: int) -> tuple[int, int]:
    value = 0
    for index in range(9):
        byte = content[place + index]
        if index == 8:
            return (value << 8) | byte, place + 9
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            return value, place + index + 1
    raise AssertionError


def damage_values(path: Path, driver: DriverName, seeds: range) -> None:
    """Changes one byte of one value; the check against the backup always finds it."""
    backup = create_backup(path, reason="daily")
    whole = path.read_bytes()
    pieces = values_of(path)
    assert len(pieces) > 10
    unseen = 0
    for seed in seeds:
        dice = random.Random(seed)
        start, length = dice.choice(pieces)
        place = start + dice.randrange(length)
        damaged = bytearray(whole)
        damaged[place] ^= dice.randrange(1, 256)
        path.write_bytes(damaged)

        findings = found(path, [], driver, backup=backup)
        assert findings, f"seed {seed}: byte {place}"
        unseen += all(finding.kind == "content" for finding in findings)
        assert any(finding.kind == "integrity" or finding.keys for finding in findings), findings
    assert unseen > len(seeds) // 10  # SQLite's own check would not have seen these
    path.write_bytes(whole)


def test_one_changed_byte_of_a_value_never_goes_unseen(path: Path, driver: DriverName) -> None:
    damage_values(path, driver, range(30))


@pytest.mark.soak
def test_one_changed_byte_of_a_value_never_goes_unseen_in_many_trials(path: Path, driver: DriverName) -> None:
    damage_values(path, driver, range(300))


# --- damaged leaves (3) -----------------------------------------------------------------------------------------------


def damage_leaves(path: Path, backup: Backup, driver: DriverName, seeds: range) -> None:
    """Overwrites 64 bytes of one page: either the check at the start refuses, or everything reads as it was."""
    whole = path.read_bytes()
    expected = backup.manifest.tables
    refused = 0
    for seed in seeds:
        dice = random.Random(seed)
        page = dice.randrange(1, len(whole) // 4096)
        place = page * 4096 + dice.randrange(4096 - 64)
        path.write_bytes(whole[:place] + dice.randbytes(64) + whole[place + 64 :])
        try:
            Database.open(url_of(path), tables=TABLES, driver=driver, check=True).close()
        except DamagedDatabaseError:
            refused += 1
            continue
        findings = found(path, TABLES, driver, backup=backup)
        if not findings:
            with opened(path, driver) as connection:
                assert digest_tables(connection) == expected, f"seed {seed}"
    assert refused > len(seeds) // 2
    path.write_bytes(whole)


@pytest.fixture
def packed(path: Path) -> Path:
    """The shop with its pages full of rows, so that damage hits something."""
    with Database.open(url_of(path), tables=TABLES) as db:
        db.insert_many([new(Customer, name=f"customer {number}", city="x" * 40) for number in range(2000)])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("VACUUM")
    return path


def test_a_damaged_page_is_found_at_the_start_or_has_changed_nothing(packed: Path, driver: DriverName) -> None:
    damage_leaves(packed, create_backup(packed, reason="daily"), driver, range(30))


@pytest.mark.soak
def test_a_damaged_page_is_found_at_the_start_in_many_trials(packed: Path, driver: DriverName) -> None:
    damage_leaves(packed, create_backup(packed, reason="daily"), driver, range(300))


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_statistics_count_rows_pages_and_what_each_table_takes(packed: Path, driver: DriverName) -> None:
    with opened(packed, driver) as connection:
        stats = database_stats(connection)

    assert stats.bytes == packed.stat().st_size
    assert (stats.page_size, stats.free_pages, stats.wal_bytes) == (4096, 0, 0)
    largest = stats.tables[0]
    assert (largest.name, largest.rows) == ("customers", 2003)
    assert largest.bytes is not None
    assert largest.bytes > 100_000
    assert set(largest.indexes) >= {"ix_customers_joined"}
    total = sum((table.bytes or 0) + sum(size or 0 for size in table.indexes.values()) for table in stats.tables)
    assert total == stats.bytes


def test_statistics_tell_the_size_of_the_log(path: Path, driver: DriverName) -> None:
    with Database.open(url_of(path), tables=TABLES, driver=driver) as db:
        db.insert(Customer, name="Dee")
        with opened(path, driver) as connection:
            assert database_stats(connection).wal_bytes > 0
