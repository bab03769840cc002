"""Stopped before any of its statements, a revision leaves everything as it was, and the next run goes through."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schemaroot.migration import op

from .bench import Bench, Revision


class Stopped(Exception):
    """Stands for a process that ends."""


class Change(Revision):
    def upgrade(self) -> None:
        people = sa.table("people", sa.column("id"), sa.column("name"))
        with op.alter_table("people") as changes:
            changes.rename_column("title", "name")
            changes.drop_column("age")
            changes.add_column(sa.Column("state", sa.Text, nullable=False, server_default="new"))
        op.create_index("people_name", "people", ["name"])
        op.execute(sa.update(people).where(people.c.id == 2).values(name="Bob"))
        op.rename_table("pets", "animals")

    def downgrade(self) -> None:
        op.rename_table("animals", "pets")
        op.drop_index("people_name", "people")
        with op.alter_table("people") as changes:
            changes.rename_column("name", "title")
            changes.drop_column("state")
            changes.add_column(sa.Column("age", sa.Integer))


def stop_at(number: int) -> tuple[list[str], object]:
    """A hook that stops before the statement of that number, from 0."""
    seen: list[str] = []

    def hook(sql: str, place: str) -> None:
        del place
        if len(seen) == number:
            raise Stopped
        seen.append(sql)

    return seen, hook


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_stop_before_any_statement_changes_nothing(bench: Bench, direction: str) -> None:
    bench.sql(
        "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, age INTEGER)",
        "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INT REFERENCES people (id) ON DELETE CASCADE)",
        "CREATE TRIGGER t AFTER DELETE ON people BEGIN DELETE FROM pets WHERE owner = old.id; END",
        "INSERT INTO people (title, age) VALUES ('Ada', 36), ('Bo', 7)",
        "INSERT INTO pets VALUES (1, 1), (2, 1)",
    )
    revision = Change()
    steps = revision.upgrade
    if direction == "down":
        bench.up(revision)
        steps = revision.downgrade
    before, kept = bench.dump(), bench.kept()
    number = 0
    while True:
        seen, hook = stop_at(number)
        try:
            bench.call(steps, direction=direction, on_statement=hook)
        except Stopped:
            assert (bench.dump(), bench.kept()) == (before, kept), seen[-1]
            number += 1
            continue
        break

    assert number > 40
    assert bench.sql("PRAGMA foreign_key_check") == []
    if direction == "up":
        assert bench.sql("SELECT name, state FROM people") == [("Ada", "new"), ("Bob", "new")]
    else:
        assert bench.sql("SELECT title, age FROM people") == [("Ada", 36), ("Bob", 7)]
    assert bench.sql("SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_old%' ESCAPE '\\'") == [(0,)]
