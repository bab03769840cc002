"""What is kept can be listed and deleted on purpose; nothing of it stays behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from schemaroot.migration import op
from schemaroot.migration.kept import kept_rows, prune

from .bench import Bench, connected

SOME = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INT)",
    "CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT)",
    "INSERT INTO people VALUES (1, 'Ada', 36), (2, 'Bo', 7)",
    "INSERT INTO pets VALUES (5, 'Rex')",
)


def drop_age() -> None:
    with op.alter_table("people") as people:
        people.drop_column("age")


def drop_pets() -> None:
    op.drop_table("pets")


def add_age() -> None:
    with op.alter_table("people") as people:
        people.add_column(sa.Column("age", sa.INT))


def test_what_is_kept_is_listed_with_revision_and_rows(bench: Bench) -> None:
    bench.sql(*SOME)
    bench.call(drop_age, "0002_age")
    bench.call(drop_pets, "0003_pets")
    with connected(bench.path, bench.driver) as connection:
        listed = kept_rows(connection)

    assert [(each.revision, each.direction, each.table, each.side, each.rows) for each in listed] == [
        ("0002_age", "up", "people", "_undo_0002_age_people", 2),
        ("0003_pets", "up", "pets", "_undo_0003_pets_pets", 1),
    ]
    assert all(datetime.now(UTC) - each.at < timedelta(minutes=1) for each in listed)


def test_pruning_one_revision_leaves_the_others(bench: Bench) -> None:
    bench.sql(*SOME)
    bench.call(drop_age, "0002_age")
    bench.call(drop_pets, "0003_pets")
    with connected(bench.path, bench.driver) as connection:
        assert prune(connection, older_than=datetime(2020, 1, 1, tzinfo=UTC)) == []
        gone = prune(connection, revision="0002_age")

    assert [(each.table, each.rows) for each in gone] == [("people", 2)]
    assert bench.kept() == ["_undo_0003_pets", "_undo_0003_pets_pets"]
    bench.sql("DELETE FROM people WHERE id = 1")
    bench.call(add_age, "0002_age", "down")
    assert bench.sql("SELECT * FROM people") == [(2, "Bo", None)]


def test_pruning_everything_leaves_nothing_behind(bench: Bench) -> None:
    bench.sql(*SOME)
    bench.call(drop_age, "0002_age")
    bench.call(drop_pets, "0003_pets")
    with connected(bench.path, bench.driver) as connection:
        prune(connection)

    assert bench.kept() == []
    assert bench.sql("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%undo%'") == [(0,)]


def test_a_deleted_row_takes_what_is_kept_of_it_along(bench: Bench) -> None:
    bench.sql(*SOME)
    bench.call(drop_age, "0002_age")
    bench.sql("DELETE FROM people WHERE id = 1")

    assert bench.sql('SELECT "key:id", "lost:age" FROM _undo_0002_age_people') == [(2, 7)]
