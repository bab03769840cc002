"""What a revision takes comes back: each test looks after up, after down and after up again, with rows held."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schemaroot.migration import op

from .bench import Bench, Revision

CITIES = (
    "CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "INSERT INTO cities VALUES (1, 'Rome'), (2, 'Oslo')",
)
PEOPLE = (
    *CITIES,
    """CREATE TABLE people (
        id INTEGER PRIMARY KEY,  -- the number on the card
        first TEXT NOT NULL, last TEXT NOT NULL DEFAULT '',
        age REAL, mood TEXT NOT NULL DEFAULT 'calm' CONSTRAINT ck_mood CHECK (mood IN ('calm', 'glad', 'sad')),
        note TEXT, city_id INTEGER REFERENCES cities (id) ON DELETE CASCADE
    )""",
    "CREATE INDEX people_age ON people (age DESC)",
    "INSERT INTO people VALUES (1, 'Ada', 'Byron', 36.5, 'glad', NULL, 1), (2, 'Bo', 'Ek', 7.0, 'sad', 'x', 2),"
    " (5, 'Cy', '', NULL, 'calm', '', NULL), (9, 'Di', 'van der Berg', 0.1, 'sad', 'öß', 1)",
)


def three_looks(bench: Bench, revision: Revision) -> None:
    """After down everything is as at the start, after the second up as after the first."""
    start = bench.dump()
    bench.up(revision)
    first = bench.dump()
    assert first != start

    bench.back(revision)
    assert bench.dump() == start
    bench.up(revision)
    assert bench.dump() == first
    bench.back(revision)
    assert bench.dump() == start
    assert all("_down" in name for name in bench.kept() if "0002_" in name)


class DropColumn(Revision):
    def upgrade(self) -> None:
        with op.alter_table("people") as people:
            people.drop_column("note")

    def downgrade(self) -> None:
        with op.alter_table("people") as people:
            people.add_column(sa.Column("note", sa.Text))


def test_a_dropped_column_comes_back(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    three_looks(bench, DropColumn())


def test_rows_that_came_meanwhile_get_the_default_and_deleted_ones_stay_away(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    bench.up(DropColumn())
    bench.sql(
        "INSERT INTO people (id, first) VALUES (10, 'Eve')",
        "DELETE FROM people WHERE id = 2",
        "UPDATE people SET first = 'Adah' WHERE id = 1",
    )

    bench.back(DropColumn())
    rows = bench.sql("SELECT id, first, note FROM people ORDER BY id")
    assert rows == [(1, "Adah", None), (5, "Cy", ""), (9, "Di", "öß"), (10, "Eve", None)]


def test_a_row_that_takes_the_id_of_a_deleted_one_does_not_get_its_values(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    bench.up(DropColumn())
    bench.sql("DELETE FROM people WHERE id = 9", "INSERT INTO people (first) VALUES ('New')")
    assert bench.sql("SELECT id FROM people WHERE first = 'New'") == [(6,)]
    bench.sql("UPDATE people SET id = 9 WHERE first = 'New'")

    bench.back(DropColumn())
    assert bench.sql("SELECT note FROM people WHERE id = 9") == [(None,)]


class DropIndexedCheckedColumn(Revision):
    def upgrade(self) -> None:
        op.drop_index("people_age", "people")
        with op.alter_table("people") as people:
            people.drop_check("ck_mood")
            people.drop_column("mood")
            people.drop_column("age")

    def downgrade(self) -> None:
        with op.alter_table("people") as people:
            people.add_column(sa.Column("age", sa.REAL))
            people.add_column(sa.Column("mood", sa.Text, nullable=False, server_default="calm"))
            people.add_check("ck_mood", sa.column("mood").in_(["calm", "glad", "sad"]))
        op.create_index("people_age", "people", [sa.column("age").desc()])


def test_a_column_with_an_index_and_a_check_comes_back(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    three_looks(bench, DropIndexedCheckedColumn())


class DropPartOfKey(Revision):
    def upgrade(self) -> None:
        with op.alter_table("stock") as stock:
            stock.set_primary_key("shop", "sku")
            stock.drop_column("lot")

    def downgrade(self) -> None:
        with op.alter_table("stock") as stock:
            stock.add_column(sa.Column("lot", sa.Integer, nullable=False))
            stock.set_primary_key("shop", "sku", "lot")


@pytest.mark.parametrize("without_rowid", ["", " WITHOUT ROWID"])
def test_a_column_of_a_composite_key_comes_back(bench: Bench, without_rowid: str) -> None:
    bench.sql(
        "CREATE TABLE stock (shop TEXT NOT NULL, sku TEXT NOT NULL, lot INTEGER NOT NULL, n INT,"
        f" PRIMARY KEY (shop, sku, lot)){without_rowid}",
        "INSERT INTO stock VALUES ('a', 'pen', 7, 1), ('a', 'ink', 8, 2), ('b', 'pen', 9, NULL)",
    )
    three_looks(bench, DropPartOfKey())


class DropTable(Revision):
    def upgrade(self) -> None:
        op.drop_search("notes")
        op.drop_table("notes")

    def downgrade(self) -> None:
        op.create_table(
            "notes",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("text", sa.Text, nullable=False),
            sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id", ondelete="SET NULL")),
            sqlite_autoincrement=True,
        )
        op.create_index("notes_text", "notes", ["text"], unique=True)
        op.create_search("notes", ["text"])


NOTES = (
    "CREATE TABLE log (what)",
    "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL,"
    " person_id INTEGER REFERENCES people(id) ON DELETE SET NULL)",
    "CREATE UNIQUE INDEX notes_text ON notes (text)",
    "CREATE TRIGGER tell AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (new.text); END",
    "INSERT INTO notes (text, person_id) VALUES ('one', 1), ('two', NULL), ('three', 9), ('four', 2)",
    "DELETE FROM notes WHERE id = 4",
)


class CreateSearch(Revision):
    def upgrade(self) -> None:
        op.create_search("notes", ["text"])

    def downgrade(self) -> None:
        op.drop_search("notes")


def test_a_dropped_table_comes_back_with_all_that_was_on_it(bench: Bench) -> None:
    bench.sql(*PEOPLE, *NOTES)
    bench.up(CreateSearch(), "0001_search")
    three_looks(bench, DropTable())
    assert bench.sql("SELECT text FROM notes_search WHERE notes_search MATCH 'three'") == [("three",)]
    assert bench.sql("INSERT INTO notes (text) VALUES ('five')", "SELECT max(id) FROM notes") == [(5,)]
    assert bench.sql("SELECT what FROM log ORDER BY rowid")[-1] == ("five",)


class NarrowAge(Revision):
    def upgrade(self) -> None:
        with op.alter_table("people") as people:
            people.alter_column("age", type_=sa.Integer, using=sa.cast(sa.column("age"), sa.Integer))

    def downgrade(self) -> None:
        with op.alter_table("people") as people:
            people.alter_column("age", type_=sa.REAL)


def test_a_narrowed_type_gets_its_values_back(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    three_looks(bench, NarrowAge())


def test_a_row_edited_after_a_conversion_keeps_the_edit(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    bench.up(NarrowAge())
    bench.sql("UPDATE people SET age = 40 WHERE id = 1", "INSERT INTO people (id, first, age) VALUES (11, 'Fay', 3)")

    bench.back(NarrowAge())
    rows = bench.sql("SELECT id, age, typeof(age) FROM people ORDER BY id")
    assert rows == [(1, 40.0, "real"), (2, 7.0, "real"), (5, None, "null"), (9, 0.1, "real"), (11, 3.0, "real")]


class ShortenNote(Revision):
    def upgrade(self) -> None:
        with op.alter_table("people") as people:
            people.alter_column("last", type_=sa.VARCHAR(3), using=sa.func.substr(sa.column("last"), 1, 3))
            people.add_check("ck_last", sa.func.length(sa.column("last")) <= 3)

    def downgrade(self) -> None:
        with op.alter_table("people") as people:
            people.drop_check("ck_last")
            people.alter_column("last", type_=sa.Text)


class RequireAge(Revision):
    def upgrade(self) -> None:
        with op.alter_table("people") as people:
            people.alter_column("age", nullable=False, using=sa.func.coalesce(sa.column("age"), -1.0))

    def downgrade(self) -> None:
        with op.alter_table("people") as people:
            people.alter_column("age", nullable=True)


class RemoveMood(Revision):
    def upgrade(self) -> None:
        mood = sa.column("mood")
        with op.alter_table("people") as people:
            people.drop_check("ck_mood")
            people.alter_column("mood", using=sa.case((mood == "sad", "calm"), else_=mood))
            people.add_check("ck_mood", mood.in_(["calm", "glad"]))

    def downgrade(self) -> None:
        with op.alter_table("people") as people:
            people.drop_check("ck_mood")
            people.alter_column("mood")
            people.add_check("ck_mood", sa.column("mood").in_(["calm", "glad", "sad"]))


class MergeNames(Revision):
    def upgrade(self) -> None:
        first, last = sa.column("first", sa.Text), sa.column("last", sa.Text)
        with op.alter_table("people") as people:
            people.add_column(sa.Column("full", sa.Text, nullable=False), using=first + " " + last)
            people.drop_column("first")
            people.drop_column("last")

    def downgrade(self) -> None:
        full = sa.column("full", sa.Text)
        space = sa.func.instr(full, " ")
        with op.alter_table("people") as people:
            people.add_column(sa.Column("first", sa.Text, nullable=False), using=sa.func.substr(full, 1, space - 1))
            people.add_column(
                sa.Column("last", sa.Text, nullable=False, server_default=""), using=sa.func.substr(full, space + 1)
            )
            people.drop_column("full")


class SplitNote(Revision):
    def upgrade(self) -> None:
        name = sa.column("name", sa.Text)
        with op.alter_table("cities") as cities:
            cities.add_column(sa.Column("head", sa.Text), using=sa.func.substr(name, 1, 1))
            cities.add_column(sa.Column("tail", sa.Text), using=sa.func.substr(name, 3))
            cities.drop_column("name")

    def downgrade(self) -> None:
        with op.alter_table("cities") as cities:
            cities.add_column(
                sa.Column("name", sa.Text, nullable=False),
                using=sa.column("head", sa.Text) + sa.column("tail", sa.Text),
            )
            cities.drop_column("head")
            cities.drop_column("tail")


@pytest.mark.parametrize("revision", [ShortenNote, RequireAge, RemoveMood, MergeNames, SplitNote])
def test_a_lossy_change_is_undone_row_for_row(bench: Bench, revision: type[Revision]) -> None:
    bench.sql(*PEOPLE)
    three_looks(bench, revision())


def test_a_merged_column_edited_meanwhile_is_split_as_the_way_back_says(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    bench.up(MergeNames())
    bench.sql(
        "UPDATE people SET \"full\" = 'Ada Lovelace' WHERE id = 1",
        "INSERT INTO people (id, \"full\") VALUES (20, 'Guy Fox')",
    )

    bench.back(MergeNames())
    rows = bench.sql("SELECT id, first, last FROM people ORDER BY id")
    assert rows == [
        (1, "Ada", "Lovelace"),
        (2, "Bo", "Ek"),
        (5, "Cy", ""),
        (9, "Di", "van der Berg"),
        (20, "Guy", "Fox"),
    ]
    bench.sql("UPDATE people SET last = 'Foxx' WHERE id = 20")
    bench.up(MergeNames())
    assert bench.sql('SELECT "full" FROM people ORDER BY id') == [
        ("Ada Lovelace",),
        ("Bo Ek",),
        ("Cy ",),
        ("Di van der Berg",),
        ("Guy Foxx",),
    ]


class OtherKey(Revision):
    def upgrade(self) -> None:
        with op.alter_table("books") as books:
            books.set_primary_key("isbn")
            books.drop_column("id")

    def downgrade(self) -> None:
        with op.alter_table("books") as books:
            books.add_column(sa.Column("id", sa.Integer, nullable=True))
            books.set_primary_key("id")


BOOKS = (
    "CREATE TABLE books (id INTEGER PRIMARY KEY, isbn TEXT NOT NULL, title TEXT)",
    "INSERT INTO books VALUES (3, 'c', 'C'), (1, 'z', 'Z'), (7, 'a', 'A')",
)


def test_another_primary_key_is_undone(bench: Bench) -> None:
    bench.sql(*BOOKS)
    three_looks(bench, OtherKey())


def test_rows_that_came_under_another_key_get_ids_of_their_own(bench: Bench) -> None:
    bench.sql(*BOOKS)
    bench.up(OtherKey())
    bench.sql("INSERT INTO books (isbn) VALUES ('m'), ('b')")

    bench.back(OtherKey())
    assert bench.sql("SELECT id, isbn FROM books ORDER BY id") == [(1, "z"), (3, "c"), (7, "a"), (8, "m"), (9, "b")]


class AddThings(Revision):
    """What the way down removes is kept and comes back as well."""

    def upgrade(self) -> None:
        with op.alter_table("people") as people:
            people.add_column(sa.Column("nick", sa.Text, server_default="-"))
        op.create_table("pets", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
        op.rename_table("cities", "places")

    def downgrade(self) -> None:
        op.rename_table("places", "cities")
        op.drop_table("pets")
        with op.alter_table("people") as people:
            people.drop_column("nick")


def test_what_going_down_removes_comes_back_with_the_next_up(bench: Bench) -> None:
    bench.sql(*PEOPLE)
    start = bench.dump()
    bench.up(AddThings())
    bench.sql("UPDATE people SET nick = 'A' || id WHERE id < 6", "INSERT INTO pets VALUES (4, 'Rex')")
    first = bench.dump()

    bench.back(AddThings())
    assert bench.dump() == start
    bench.up(AddThings())
    assert bench.dump() == first
    bench.back(AddThings())
    bench.sql("INSERT INTO people (id, first) VALUES (30, 'Zoe')")
    bench.up(AddThings())
    assert bench.sql("SELECT nick FROM people ORDER BY id") == [("A1",), ("A2",), ("A5",), ("-",), ("-",)]


class RenameEverything(Revision):
    def upgrade(self) -> None:
        op.rename_table("people", "persons")
        with op.alter_table("persons") as persons:
            persons.rename_column("first", "given name")
            persons.alter_column("age", type_=sa.Integer, using=sa.cast(sa.column("age"), sa.Integer))
            persons.drop_column("note")

    def downgrade(self) -> None:
        op.rename_table("persons", "people")
        with op.alter_table("people") as people:
            people.rename_column("given name", "first")
            people.alter_column("age", type_=sa.REAL)
            people.add_column(sa.Column("note", sa.Text))


def test_renames_and_losses_together_are_undone_with_every_text_as_it_was_spelt(bench: Bench) -> None:
    bench.sql(
        *PEOPLE,
        "CREATE TABLE   pets (owner INT REFERENCES people /* who */ (id) ON DELETE CASCADE)",
        "INSERT INTO pets VALUES (1), (9)",
        "CREATE VIEW adults AS SELECT [first], age FROM people  WHERE age > 18",
        "CREATE TRIGGER grow AFTER UPDATE OF age ON people BEGIN UPDATE people SET last = first WHERE id = new.id; END",
    )
    three_looks(bench, RenameEverything())


class ComputeSlug(Revision):
    def upgrade(self) -> None:
        with op.alter_table("cities") as cities:
            cities.add_column(sa.Column("slug", sa.Text), using=sa.func.lower(sa.column("name", sa.Text)))

    def downgrade(self) -> None:
        with op.alter_table("cities") as cities:
            cities.drop_column("slug")


def test_a_computed_column_is_computed_again_where_the_row_was_edited(bench: Bench) -> None:
    bench.sql(*CITIES, "INSERT INTO cities VALUES (3, 'Kyiv')")
    bench.up(ComputeSlug())
    bench.sql("UPDATE cities SET slug = 'eternal' WHERE id = 1")

    bench.back(ComputeSlug())
    bench.sql("UPDATE cities SET name = 'Kristiania' WHERE id = 2", "INSERT INTO cities VALUES (4, 'Bern')")
    bench.up(ComputeSlug())
    assert bench.sql("SELECT slug FROM cities ORDER BY id") == [("eternal",), ("kristiania",), ("kyiv",), ("bern",)]


class OneKey(Revision):
    def upgrade(self) -> None:
        with op.alter_table("seats") as seats:
            seats.set_primary_key("number")

    def downgrade(self) -> None:
        with op.alter_table("seats") as seats:
            seats.set_primary_key("number", "side")


def test_rows_whose_rowid_became_a_key_have_their_old_one_back(bench: Bench) -> None:
    bench.sql(
        "CREATE TABLE seats (number INTEGER NOT NULL, side TEXT NOT NULL, PRIMARY KEY (number, side))",
        "INSERT INTO seats (rowid, number, side) VALUES (2, 20, 'l'), (5, 50, 'r')",
    )
    three_looks(bench, OneKey())

    bench.up(OneKey())
    bench.sql("INSERT INTO seats VALUES (5, 'new')", "DELETE FROM seats WHERE number = 50")
    bench.back(OneKey())
    assert bench.sql("SELECT number, side FROM seats ORDER BY number") == [(5, "new"), (20, "l")]
    assert bench.sql("SELECT rowid FROM seats WHERE number = 20") == [(2,)]


class DropComputed(Revision):
    def upgrade(self) -> None:
        with op.alter_table("words") as words:
            words.drop_column("size")

    def downgrade(self) -> None:
        with op.alter_table("words") as words:
            words.add_column(
                sa.Column("size", sa.Integer, sa.Computed(sa.func.length(sa.column("word")), persisted=False))
            )


def test_a_computed_column_comes_back_to_the_place_where_it_stood(bench: Bench) -> None:
    bench.sql(
        "CREATE TABLE words (id INTEGER PRIMARY KEY, size INTEGER AS (length(word)), word TEXT)",
        "INSERT INTO words (word) VALUES ('a'), ('bc')",
    )
    three_looks(bench, DropComputed())


class DropName(Revision):
    def upgrade(self) -> None:
        with op.alter_table("cities") as cities:
            cities.drop_column("name")

    def downgrade(self) -> None:
        with op.alter_table("cities") as cities:
            cities.add_column(sa.Column("name", sa.Text, nullable=False))


def test_new_rows_of_a_table_that_was_empty_get_an_empty_value_on_the_way_back(bench: Bench) -> None:
    """As they do beside rows whose values are kept."""
    bench.sql("CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    bench.up(DropName())
    bench.sql("INSERT INTO cities VALUES (1)")

    bench.back(DropName())
    assert bench.sql("SELECT * FROM cities") == [(1, "")]
