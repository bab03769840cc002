"""A database's schema read back as definitions: complete, and the same however it was spelt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemaroot import Col, Ref, Table, auto_id, integer, json, references, text
from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.errors import CatalogueError
from schemaroot.introspection import (
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
    declared_catalogue,
    read_catalogue,
    same_table,
)
from schemaroot.introspection import read as reading
from schemaroot.introspection.render import (
    column_text,
    create_index,
    create_table,
    create_trigger,
    create_view,
    create_virtual_table,
)
from schemaroot.introspection.sql.reader import Unreadable
from schemaroot.introspection.sql.statements import parse_index, parse_statement, parse_table

Opened = Callable[[str], Connection]

NASTY = r"""
CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, -- a comment, with a comma
    "b c" VARCHAR ( 20 ) NOT NULL ON CONFLICT IGNORE DEFAULT 'x''y' COLLATE nocase UNIQUE,
    c DOUBLE  PRECISION DEFAULT -1.50,
    d DEFAULT (1), e DEFAULT abc, f INT CONSTRAINT fc CHECK (f IN ("open", 'x') AND a.f > 0),
    g GENERATED ALWAYS AS (c*2) STORED,
    h INT AS (f+1) /* ) */, CONSTRAINT ck CHECK (length("b c")<5) CONSTRAINT u1 UNIQUE (c, d DESC)
    FOREIGN KEY (f) REFERENCES a(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE pairs (k TEXT COLLATE RTRIM, v ANY, [x y] TEXT, primary key (v, k COLLATE NOCASE)) STRICT, WITHOUT ROWID;
CREATE TABLE odd (k "odd-type", v [my type], `q``z` unsigned big int, i INTEGER PRIMARY KEY DESC);
CREATE TABLE turned (i INTEGER, x REFERENCES odd, PRIMARY KEY (i DESC), UNIQUE (x), UNIQUE (i));
CREATE TABLE refers (y REFERENCES a(id) MATCH FULL ON UPDATE CASCADE NOT DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE 'quoted' ('a' text primary key, "select" integer default +5 null);
CREATE TABLE copied AS SELECT id, "b c", c, 'x' AS "na""me" FROM a;
CREATE UNIQUE INDEX i1 ON a ("b c" COLLATE BINARY DESC, lower(c), (f+1)) WHERE f IS NOT NULL AND a.c <> 3;
CREATE VIEW shown(a, b) AS SELECT /* c */ id,  "b c" FROM a -- bye
;
CREATE TRIGGER t1 UPDATE OF c, "b c" ON a FOR EACH ROW WHEN new.c>1 BEGIN UPDATE a SET c=-1 WHERE id=new.id;
    SELECT CASE WHEN 1 THEN RAISE(ABORT, 'no') END; END;
CREATE TRIGGER t2 INSTEAD OF DELETE ON shown BEGIN SELECT 1; END;
CREATE VIRTUAL TABLE docs USING fts5("title", body, tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE docs_fts USING fts5(x);
CREATE TABLE _undo_0001_a (id INTEGER);
CREATE TABLE schema_history (id INTEGER);
"""


@pytest.fixture(params=["apsw", "sqlite3"])
def driver(request: pytest.FixtureRequest) -> DriverName:
    name: DriverName = request.param
    return name


@pytest.fixture
def opened(driver: DriverName, tmp_path: Path) -> Iterator[Opened]:
    """Makes a database file with the statements of a script."""
    chosen = driver_named(driver)
    made: list[Connection] = []

    def open_(script: str) -> Connection:
        connection = Connection(chosen, chosen.connect(str(tmp_path / f"{len(made)}.db"), "rwc"), writer=True)
        run(connection, script)
        made.append(connection)
        return connection

    yield open_
    for connection in made:
        connection.close()


def run(connection: Connection, script: str) -> None:
    """Runs statements that are separated by semicolons, whatever stands inside of them."""
    run_all = connection.raw.executescript if connection.driver.name == "sqlite3" else connection.raw.execute
    run_all(script)


def test_everything_a_table_can_say_is_read(opened: Opened) -> None:
    table = read_catalogue(opened(NASTY)).tables["a"]

    assert table == TableDef(
        "a",
        (
            ColumnDef("id", "INTEGER", nullable=False),
            ColumnDef("b c", "VARCHAR(20)", False, "'x''y'", "NOCASE", null_conflict="ignore"),
            ColumnDef("c", "DOUBLE PRECISION", default="-1.5"),
            ColumnDef("d", default="1"),
            ColumnDef("e", default="'abc'"),
            ColumnDef("f", "INT"),
            ColumnDef("g", generated="c * 2", stored=True),
            ColumnDef("h", "INT", generated="f + 1"),
        ),
        PrimaryKeyDef((KeyPart("id"),), autoincrement=True),
        (
            UniqueDef((KeyPart("b c"),)),
            UniqueDef((KeyPart("c"), KeyPart("d", descending=True)), "u1"),
        ),
        (CheckDef("f IN ('open', 'x') AND f > 0", "fc"), CheckDef('length("b c") < 5', "ck")),
        (ForeignKeyDef(("f",), "a", ("id",), on_delete="set null", deferred=True),),
    )


def test_options_types_and_keys_of_odd_tables_are_read(opened: Opened) -> None:
    tables = read_catalogue(opened(NASTY)).tables

    assert (tables["pairs"].strict, tables["pairs"].without_rowid) == (True, True)
    assert tables["pairs"].primary_key == PrimaryKeyDef((KeyPart("v"), KeyPart("k", collation="NOCASE")))
    assert [column.nullable for column in tables["pairs"].columns] == [False, False, True]
    assert [column.type for column in tables["odd"].columns] == ['"odd-type"', "MY TYPE", "UNSIGNED BIG INT", "INTEGER"]
    assert (tables["odd"].integer_key, tables["turned"].integer_key) == (None, "i")
    assert tables["refers"].foreign_keys == (ForeignKeyDef(("y",), "a", ("id",), on_update="cascade", match="FULL"),)
    assert tables["quoted"].columns == (ColumnDef("a", "TEXT"), ColumnDef("select", "INTEGER", default="5"))
    assert tables["copied"].column_names == ("id", "b c", "c", 'na"me')


def test_indexes_triggers_views_and_virtual_tables_are_read(opened: Opened) -> None:
    catalogue = read_catalogue(opened(NASTY))

    parts = (KeyPart("b c", descending=True, collation="BINARY"), KeyPart(None, "lower(c)"), KeyPart(None, "f + 1"))
    assert catalogue.indexes["i1"] == IndexDef("i1", "a", parts, True, "f IS NOT NULL AND c != 3")
    assert catalogue.views["shown"].statement == 'CREATE VIEW shown (a, b) AS SELECT id, "b c" FROM a'
    assert catalogue.triggers["t1"].statement == (
        'CREATE TRIGGER t1 BEFORE UPDATE OF c, "b c" ON a WHEN new.c > 1 BEGIN UPDATE a SET c = -1 WHERE id = new.id; '
        "SELECT CASE WHEN 1 THEN RAISE(ABORT, 'no') END; END"
    )
    assert catalogue.triggers["t2"].table == "shown"
    assert catalogue.virtual_tables["docs"].arguments == (
        '"title"',
        "body",
        "tokenize = 'unicode61 remove_diacritics 2'",
    )
    shadows = {name: table.shadows for name, table in catalogue.virtual_tables.items()}
    assert shadows["docs"] == ("docs_config", "docs_content", "docs_data", "docs_docsize", "docs_idx")
    assert shadows["docs_fts"][0] == "docs_fts_config"
    assert not {name for name in catalogue.tables if name.startswith("docs")}


def test_tables_of_migrations_are_shown_on_request(opened: Opened) -> None:
    connection = opened(NASTY)

    assert not {"_undo_0001_a", "schema_history"} & set(read_catalogue(connection).tables)
    assert {"_undo_0001_a", "schema_history"} <= set(read_catalogue(connection, internal=True).tables)


def test_what_is_rendered_and_created_is_read_as_it_was(opened: Opened) -> None:
    before = read_catalogue(opened(NASTY))
    statements = [
        *map(create_table, before.tables.values()),
        *map(create_index, before.indexes.values()),
        *map(create_view, before.views.values()),
        *map(create_trigger, before.triggers.values()),
        *map(create_virtual_table, before.virtual_tables.values()),
    ]

    assert read_catalogue(opened(";\n".join(statements))) == before


def test_alter_table_leaves_texts_that_are_read(opened: Opened) -> None:
    connection = opened(NASTY)
    column = ColumnDef("added", "TEXT", nullable=False, default="'q'", collation="NOCASE")
    run(connection, f"ALTER TABLE a ADD COLUMN {column_text(column)}")
    run(connection, 'ALTER TABLE a RENAME COLUMN f TO "f g"; ALTER TABLE a RENAME TO "a a"; DROP VIEW shown')
    run(connection, 'ALTER TABLE "a a" DROP COLUMN e')

    catalogue = read_catalogue(connection)
    table = catalogue.tables["a a"]
    assert table.column_names == ("id", "b c", "c", "d", "f g", "g", "h", "added")
    assert table.column("added") == column
    assert table.checks[0] == CheckDef("\"f g\" IN ('open', 'x') AND \"f g\" > 0", "fc")
    assert table.foreign_keys[0].target == "a a"
    assert catalogue.indexes["i1"].where == '"f g" IS NOT NULL AND c != 3'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a INTEGER PRIMARY KEY", "a INTEGER NOT NULL, PRIMARY KEY (a)"),
        ("a TEXT UNIQUE", "a TEXT, UNIQUE (a)"),
        ("a TEXT CHECK (a > 1)", 'a TEXT, CHECK ((("a") > 1))'),
        ("a REFERENCES t", "a, FOREIGN KEY (a) REFERENCES t ON DELETE NO ACTION NOT DEFERRABLE"),
        ("a INT DEFAULT 1", "a INT DEFAULT (1)"),
        ("a INT DEFAULT +1", "a INT DEFAULT 01"),
        ("a DEFAULT x", "a DEFAULT ('x')"),
        ("a DEFAULT TRUE", "a default ( true )"),
        ("a varchar(10)", "a  VarChar ( 10 ) NULL"),
        ("a COLLATE BINARY NOT NULL ON CONFLICT ABORT", "a NOT NULL"),
        ("a, b AS (a) VIRTUAL", "a, b GENERATED ALWAYS AS (a)"),
        ("a INTEGER PRIMARY KEY AUTOINCREMENT", "a INTEGER, PRIMARY KEY (a AUTOINCREMENT)"),
        ("a, b, UNIQUE (a), CHECK (b)", "a UNIQUE, b CHECK (b)"),
    ],
)
def test_spelling_makes_no_difference(one: str, other: str) -> None:
    assert parse_table(f"CREATE TABLE t ({one})") == parse_table(f"create table if not exists main.[t]({other});")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a INTEGER PRIMARY KEY", "a INT PRIMARY KEY"),
        ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY DESC"),
        ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY ON CONFLICT REPLACE"),
        ("a TEXT PRIMARY KEY", "a TEXT NOT NULL PRIMARY KEY"),
        ("a", "a COLLATE NOCASE"),
        ("a DEFAULT 1", "a DEFAULT '1'"),
        ("a DEFAULT 1", "a DEFAULT 1.0"),
        ("a DEFAULT NULL", "a"),
        ("a CHECK (a > 1)", "a CONSTRAINT c CHECK (a > 1)"),
        ("a REFERENCES t", "a REFERENCES t (a)"),
        ("a REFERENCES t", "a REFERENCES t DEFERRABLE INITIALLY DEFERRED"),
        ("a REFERENCES t", "a REFERENCES t ON UPDATE CASCADE"),
        ("a, b AS (a)", "a, b AS (a) STORED"),
        ("a NOT NULL", "a NOT NULL ON CONFLICT FAIL"),
        ("a UNIQUE", "a UNIQUE ON CONFLICT IGNORE"),
        ("a, b, UNIQUE (a, b)", "a, b, UNIQUE (b, a)"),
    ],
)
def test_meaning_makes_a_difference(one: str, other: str) -> None:
    assert parse_table(f"CREATE TABLE t ({one})") != parse_table(f"CREATE TABLE t ({other})")


def test_options_make_a_difference() -> None:
    texts = ("", "STRICT", "WITHOUT ROWID", "STRICT, WITHOUT ROWID")

    assert len({parse_table(f"CREATE TABLE t (a TEXT PRIMARY KEY) {options}") for options in texts}) == len(texts)


def test_what_is_no_create_statement_is_refused() -> None:
    for sql in ("", "SELECT 1", "CREATE TABLE t AS SELECT 1", "CREATE TABLE t (a,)", "CREATE TABLE t (a", "CREATE x"):
        with pytest.raises(Unreadable):
            parse_statement(sql)


def test_an_index_without_its_table_takes_double_quotes_for_names() -> None:
    assert parse_index('CREATE INDEX i ON t ("a", "no such")').parts == (KeyPart("a"), KeyPart("no such"))


def test_a_text_in_an_index_is_a_column_where_sqlite_takes_it_for_one(opened: Opened) -> None:
    script = (
        "CREATE TABLE t (a); CREATE INDEX i ON t ('a', 'A' COLLATE NOCASE, ('x' COLLATE NOCASE) COLLATE RTRIM DESC)"
    )
    index = read_catalogue(opened(script)).indexes["i"]

    assert index.parts == (
        KeyPart("a"),
        KeyPart("a", collation="NOCASE"),
        KeyPart(None, "'x'", descending=True, collation="RTRIM"),
    )
    assert read_catalogue(opened(f"CREATE TABLE t (a); {create_index(index)}")).indexes["i"] == index


def test_a_statement_that_was_read_before_is_held_against_what_sqlite_says_now(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = opened("CREATE TABLE seen_before (a TEXT)")
    assert read_catalogue(connection) == read_catalogue(connection)

    otherwise = dialect.COLUMNS_OF_TABLES.replace("c.name", "upper(c.name)")
    monkeypatch.setattr(dialect, "COLUMNS_OF_TABLES", otherwise)
    with pytest.raises(CatalogueError, match="its columns"):
        read_catalogue(connection)


def test_a_statement_that_sqlite_reads_otherwise_is_an_error(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = opened("CREATE TABLE t (a TEXT, b INTEGER)")
    monkeypatch.setattr(reading, "parse_table", lambda sql: parse_table("CREATE TABLE t (a TEXT)"))

    with pytest.raises(CatalogueError, match="its columns") as caught:
        read_catalogue(connection)

    assert (caught.value.name, caught.value.code) == ("t", "CATALOGUE")


class Shelf(Table, name="shelves"):
    id: Col[int] = auto_id()
    label: Col[str] = text(min_length=1, max_length=20)


class Book(Table, name="books", search=["title"]):
    id: Col[int] = auto_id()
    shelf_id: Ref[Shelf, int] = references(lambda: Shelf.id, on_delete="cascade")
    title: Col[str] = text()
    pages: Col[int] = integer(default=0, minimum=0)
    tags: Col[list[str]] = json(default_factory=list)


def test_declared_tables_have_the_catalogue_of_the_database_they_make(driver: DriverName) -> None:
    catalogue = declared_catalogue([Book, Shelf], driver=driver)

    assert list(catalogue.tables) == ["shelves", "books"]
    assert catalogue.tables["books"].column("pages") == ColumnDef("pages", "INTEGER", nullable=False, default="0")
    assert CheckDef("pages >= 0", "ck_books_pages_range") in catalogue.tables["books"].checks
    assert set(catalogue.virtual_tables) == {"books_search"}
    assert set(catalogue.triggers) == {"books_search_insert", "books_search_delete", "books_search_update"}
    assert declared_catalogue([Shelf, Book]) == catalogue
    for table in catalogue.tables.values():
        assert same_table(parse_table(create_table(table)), table)
