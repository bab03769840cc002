"""Kept values belong to a row and not to its key: they go along with it when its key changes, and end with it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schemaroot.migration import op
from schemaroot.migration.kept import prune

from .bench import Bench, Revision, connected


class DropNote(Revision):
    def upgrade(self) -> None:
        with op.alter_table("things") as things:
            things.drop_column("note")

    def downgrade(self) -> None:
        with op.alter_table("things") as things:
            things.add_column(sa.Column("note", sa.Text, nullable=False, server_default="-"))


NOTE = "note TEXT NOT NULL DEFAULT '-'"
NUMBERED = (
    f"CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, {NOTE})",
    "INSERT INTO things VALUES (1, 'a', 'note a'), (2, 'b', 'note b'), (3, 'c', 'note c')",
)


def without_notes(bench: Bench, *made: str) -> None:
    """A database whose revision 2 dropped the notes."""
    bench.sql(*made)
    bench.up(DropNote())


def notes(bench: Bench) -> list[tuple[object, ...]]:
    """The names with their notes after the way back."""
    bench.back(DropNote())
    assert bench.kept() == [] or all("_down" in name for name in bench.kept())
    return bench.sql("SELECT name, note FROM things ORDER BY name")


WHOLE = [("a", "note a"), ("b", "note b"), ("c", "note c")]


@pytest.mark.parametrize(
    "moves",
    [
        ("UPDATE things SET id = 10 WHERE id = 1",),
        ("UPDATE things SET id = 0 WHERE id = 1", "UPDATE things SET id = 1 WHERE id = 2"),
        (
            "UPDATE things SET id = -1 WHERE id = 1",
            "UPDATE things SET id = 1 WHERE id = 2",
            "UPDATE things SET id = 2 WHERE id = -1",
        ),
        ("UPDATE things SET id = id - 1",),
        ("UPDATE things SET id = -id", "UPDATE things SET id = 1 - id"),
        ("UPDATE things SET rowid = 7 WHERE name = 'b'",),
        ("UPDATE things SET oid = 7, name = name WHERE name = 'b'",),
        ("INSERT INTO things VALUES (2, 'x') ON CONFLICT (id) DO UPDATE SET id = 20",),
        ("UPDATE things SET id = id, name = name",),
    ],
)
def test_kept_values_go_along_with_a_row_whose_number_changes(bench: Bench, moves: tuple[str, ...]) -> None:
    without_notes(bench, *NUMBERED)
    bench.sql(*moves)

    assert notes(bench) == WHOLE


@pytest.mark.parametrize("option", ["", " WITHOUT ROWID"])
@pytest.mark.parametrize("collation", ["", " COLLATE NOCASE"])
def test_kept_values_go_along_with_a_text_key(bench: Bench, option: str, collation: str) -> None:
    without_notes(
        bench,
        f"CREATE TABLE things (slug TEXT NOT NULL{collation} PRIMARY KEY, name TEXT, {NOTE}){option}",
        "INSERT INTO things VALUES ('t1', 'a', 'note a'), ('t2', 'b', 'note b'), ('t3', 'c', 'note c')",
    )
    bench.sql(
        "UPDATE things SET slug = 'zz' WHERE slug = 't2'",
        "UPDATE things SET slug = 't2' WHERE slug = 't1'",
        "UPDATE things SET slug = 'x' || slug",
        "UPDATE things SET slug = upper(slug)",
    )

    assert notes(bench) == WHOLE


@pytest.mark.parametrize("option", ["", " WITHOUT ROWID"])
def test_kept_values_go_along_with_a_key_of_two_columns(bench: Bench, option: str) -> None:
    without_notes(
        bench,
        'CREATE TABLE things (shop TEXT NOT NULL, "the No" INTEGER NOT NULL, name TEXT,'
        f' {NOTE}, PRIMARY KEY (shop, "the No")){option}',
        "INSERT INTO things VALUES ('p', 1, 'a', 'note a'), ('p', 2, 'b', 'note b'), ('q', 1, 'c', 'note c')",
    )
    bench.sql(
        "UPDATE things SET shop = 'r' WHERE name = 'a'",
        "UPDATE things SET shop = 'p', \"the No\" = 1 WHERE name = 'c'",
        'UPDATE things SET "the No" = "the No" + 10',
    )

    assert notes(bench) == WHOLE


@pytest.mark.parametrize("name", ["rowid", "_rowid_", "oid"])
def test_kept_values_go_along_with_the_rowid_of_a_table_without_a_key(bench: Bench, name: str) -> None:
    without_notes(
        bench,
        f"CREATE TABLE things (name TEXT, {NOTE})",
        "INSERT INTO things VALUES ('a', 'note a'), ('b', 'note b'), ('c', 'note c')",
    )
    bench.sql(f"UPDATE things SET {name} = 0 WHERE name = 'a'", f"UPDATE things SET {name} = 1 WHERE name = 'b'")

    assert notes(bench) == WHOLE


def test_a_row_that_replaces_another_does_not_get_its_values(bench: Bench) -> None:
    without_notes(bench, *NUMBERED)
    bench.sql("REPLACE INTO things VALUES (1, 'new')", "UPDATE OR REPLACE things SET id = 3 WHERE name = 'b'")

    assert notes(bench) == [("b", "note b"), ("new", "-")]


def test_a_row_that_takes_the_number_of_a_replaced_one_does_not_get_its_values(bench: Bench) -> None:
    """A row that goes because of another unique value tells no trigger of its number."""
    without_notes(bench, *NUMBERED)
    bench.sql("REPLACE INTO things VALUES (9, 'a')", "REPLACE INTO things VALUES (8, 'b')")
    bench.sql("INSERT INTO things VALUES (1, 'new')", "UPDATE things SET id = 2 WHERE id = 1")

    assert notes(bench) == [("a", "-"), ("b", "-"), ("c", "note c"), ("new", "-")]


def test_kept_values_that_find_no_row_are_counted(bench: Bench) -> None:
    without_notes(bench, *NUMBERED)
    bench.sql("REPLACE INTO things VALUES (9, 'a')", "DELETE FROM things WHERE name = 'b'")

    (done,) = bench.back(DropNote()).executed
    assert (done.restored, done.orphaned) == (1, 1)


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT OR IGNORE INTO things VALUES (1, 'x')",
        "INSERT INTO things VALUES (1, 'x') ON CONFLICT DO NOTHING",
        "INSERT INTO things VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = name",
    ],
)
def test_an_insert_that_leaves_the_row_leaves_its_kept_values(bench: Bench, insert: str) -> None:
    without_notes(bench, *NUMBERED)
    bench.sql(insert)

    assert notes(bench) == WHOLE


def test_values_that_the_way_down_took_go_along_as_well(bench: Bench) -> None:
    bench.sql(*NUMBERED, "ALTER TABLE things DROP COLUMN note")
    bench.call(DropNote().downgrade)
    bench.sql("UPDATE things SET note = 'note ' || name")
    bench.call(DropNote().upgrade, direction="down")
    bench.sql("UPDATE things SET id = 0 WHERE id = 1", "UPDATE things SET id = 1 WHERE id = 2")

    bench.call(DropNote().downgrade)
    assert bench.sql("SELECT name, note FROM things ORDER BY name") == WHOLE


class RenameThings(Revision):
    def upgrade(self) -> None:
        op.rename_table("things", "the things")
        with op.alter_table("the things") as things:
            things.rename_column("id", "the number")
            things.add_column(sa.Column("more", sa.Text, nullable=False), using=sa.literal("x"))

    def downgrade(self) -> None:
        with op.alter_table("the things") as things:
            things.drop_column("more")
            things.rename_column("the number", "id")
        op.rename_table("the things", "things")


def test_kept_values_go_along_while_table_and_key_have_other_names(bench: Bench) -> None:
    without_notes(bench, *NUMBERED)
    bench.up(RenameThings(), "0003_names")
    bench.sql('UPDATE "the things" SET "the number" = "the number" - 1')
    bench.back(RenameThings(), "0003_names")
    bench.sql("UPDATE things SET id = 7 WHERE name = 'c'")

    assert notes(bench) == WHOLE


class DropThings(Revision):
    def upgrade(self) -> None:
        op.drop_table("things")

    def downgrade(self) -> None:
        op.create_table(
            "things", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, unique=True)
        )


def test_kept_values_go_along_after_their_table_went_and_came_back(bench: Bench) -> None:
    without_notes(bench, *NUMBERED)
    bench.up(DropThings(), "0003_nothing")
    bench.back(DropThings(), "0003_nothing")
    bench.sql("UPDATE things SET id = id - 1", "REPLACE INTO things VALUES (0, 'new')")

    assert notes(bench) == [("b", "note b"), ("c", "note c"), ("new", "-")]


def test_a_table_that_comes_back_after_a_prune_can_be_written(bench: Bench) -> None:
    without_notes(bench, *NUMBERED)
    bench.up(DropThings(), "0003_nothing")
    with connected(bench.path, bench.driver) as connection:
        prune(connection, revision="0002_change")
    bench.back(DropThings(), "0003_nothing")

    bench.sql("UPDATE things SET id = 0 WHERE id = 1", "INSERT INTO things VALUES (7, 'x')", "DELETE FROM things")
    assert bench.sql("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'") == [(0,)]
