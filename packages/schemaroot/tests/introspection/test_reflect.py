"""Table classes of an existing database: the module runs, and creates the schema that was read."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from schemaroot import Col, Database, Repository, Table, auto_id, integer, new, text
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.errors import DeclarationError
from schemaroot.introspection import (
    AsFound,
    Catalogue,
    CheckDef,
    ColumnDef,
    KeyPart,
    PrimaryKeyDef,
    Reflected,
    create_statements,
    declared_catalogue,
    read_catalogue,
    reflect,
    same_table,
)
from schemaroot.introspection.observe import shape_of

from .strategies import random_schema
from .test_properties import examples

SHOP = """
CREATE TABLE Customers (id INTEGER PRIMARY KEY, fullName VARCHAR(80) NOT NULL COLLATE NOCASE, "e-mail" TEXT,
    kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'firm')), active BOOLEAN DEFAULT 1, settings TEXT,
    UNIQUE ("e-mail") ON CONFLICT REPLACE);
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER NOT NULL
    CONSTRAINT fk_buyer REFERENCES Customers (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    total NUMERIC(10, 2) DEFAULT 0.5, tags TEXT DEFAULT '[]', placed TEXT DEFAULT CURRENT_TIMESTAMP,
    doubled REAL AS (total * 2) STORED, parent_id INTEGER REFERENCES orders);
CREATE TABLE order_lines (order_id INTEGER NOT NULL, line INTEGER NOT NULL, sku, amount INTEGER NOT NULL,
    PRIMARY KEY (order_id, line DESC)) WITHOUT ROWID;
CREATE TABLE log (at INTEGER, said TEXT, customer_id INTEGER);
CREATE TABLE "key of blobs" (id BLOB PRIMARY KEY, "class" TEXT) STRICT;
CREATE INDEX by_total ON orders (total DESC, lower(tags)) WHERE total > 1;
CREATE INDEX by_time ON log (at);
CREATE VIEW firms AS SELECT * FROM Customers WHERE kind = 'firm';
CREATE TRIGGER logged AFTER DELETE ON orders BEGIN INSERT INTO log VALUES (1, 'gone', old.customer_id); END;
CREATE VIRTUAL TABLE words USING fts5(body, tokenize = 'porter');
INSERT INTO Customers (id, fullName, kind, settings)
    VALUES (1, 'Ada', 'person', '{"dark": true}'), (2, 'Ko', 'firm', '{}');
INSERT INTO orders (customer_id, total, tags) VALUES (1, 3, '["new"]'), (1, 'free', '["old", "x"]');
INSERT INTO order_lines VALUES (1, 1, 'a', 1), (1, 2, 7, 1);
INSERT INTO log VALUES (1, 'x', 9);
"""


@contextmanager
def opened(path: str, driver: DriverName = "apsw") -> Iterator[Connection]:
    chosen = driver_named(driver)
    connection = Connection(chosen, chosen.connect(path, "rwc"), writer=True)
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.executescript(SHOP)
    return tmp_path / "shop.db"


def reflected(path: Path) -> tuple[Catalogue, Reflected]:
    with opened(str(path)) as connection:
        return read_catalogue(connection), reflect(connection)


def module_of(source: str) -> dict[str, Any]:
    scope: dict[str, Any] = {"__name__": "found_tables"}
    exec(compile(source, "found_tables.py", "exec", dont_inherit=True), scope)
    return scope


def assert_same(made: Catalogue, found: Catalogue) -> None:
    assert set(made.tables) == set(found.tables)
    for name, table in found.tables.items():
        assert same_table(made.tables[name], table), name
    assert made.indexes == found.indexes
    assert made.triggers == found.triggers
    assert made.views == found.views
    assert made.virtual_tables == found.virtual_tables


def test_the_module_creates_the_schema_that_was_read(shop: Path) -> None:
    found, made = reflected(shop)
    module = module_of(made.module_source)

    assert_same(declared_catalogue(module["TABLES"], found=module["FOUND"]), found)
    assert_same(declared_catalogue(module["TABLES"], found=module["FOUND"], driver="sqlite3"), found)
    assert {table.__declaration__.name for table in module["TABLES"]} == {"Customers", "orders", "order_lines"}
    assert {table.name for table in module["FOUND"].tables} == {"log", "key of blobs"}


def test_the_classes_read_and_write_the_database(shop: Path) -> None:
    module = module_of(reflected(shop)[1].module_source)
    customers, orders = module["Customer"], module["Order"]

    with Database.open(f"sqlite:///{shop}", tables=module["TABLES"]) as db:
        ada = Repository(db, customers).get(1)
        added = db.insert(orders, customer_id=2, total=1.5, placed="now", tags=["x"])
        again = Repository(db, orders).get(added.id)

    assert (ada.fullName, ada.kind, ada.active, ada.settings) == ("Ada", "person", True, {"dark": True})
    assert (again.customer_id, again.total, again.tags, again.doubled, again.parent_id) == (2, 1.5, ["x"], 3.0, None)


def test_classes_are_written_as_people_write_them(shop: Path) -> None:
    source = reflected(shop)[1].module_source

    _, _, below = source.partition('    """A row of `orders`."""\n\n')
    assert below.partition("\n\n\n")[0] == (
        "    id: Col[int] = auto_id()\n"
        '    customer_id: Ref[Customer, int] = references(lambda: Customer.id, on_delete="cascade")\n'
        "    total: Col[float | None] = real(default=0.5)\n"
        "    tags: Col[list[str] | None] = json(default_factory=list)\n"
        "    placed: Col[str | None] = text(default=None)\n"
        '    doubled: Col[float | None] = generated(lambda: sa.column("total") * 2)\n'
        "    parent_id: Ref[Order, int | None] = references(lambda: Order.id, default=None)"
    )
    assert '    kind: Col[Literal["person", "firm"]] = text(default="person")\n' in source
    assert "e-mail" not in source.partition("A row of `Customers`")[2].partition("class ")[0]


def test_the_module_is_formatted_and_clean(shop: Path, tmp_path: Path) -> None:
    path = tmp_path / "tables.py"
    path.write_text(reflected(shop)[1].module_source, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]

    for command in (
        ["format", "--diff", "--line-length", "120"],
        ["check", "--line-length", "120", "--select", "E,F,I"],
    ):
        done = subprocess.run([*ruff, *command, "--isolated", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_page_tells_what_the_rows_hold_and_what_is_odd(shop: Path) -> None:
    page = reflected(shop)[1].page

    assert "| `Customers` | `Customer` | 2 | 6 |" in page
    assert "| `settings` | TEXT | yes |  | JSON {dark?: true or false} |" in page
    assert "- `total` holds values of several types: integer ×1, text ×1." in page
    assert "- It has no primary key, so it has no class; its definition is in `FOUND`." in page
    assert "- It is WITHOUT ROWID: its rows are kept in the primary key itself." in page
    assert "- The class leaves out `e-mail`: rename what Python cannot name to reach it." in page
    assert (
        "- `customer_id` refers to `Customers` (`id`), on delete cascade, on update cascade, checked at commit "
        "(`fk_buyer`)" in page
    )
    assert "- check `kind IN ('person', 'firm')`" in page


def test_an_empty_database_gives_an_empty_module(tmp_path: Path) -> None:
    found, made = reflected(tmp_path / "empty.db")

    assert found == Catalogue()
    assert module_of(made.module_source)["TABLES"] == []


@examples(40)
@given(random_schema(alter=True))
def test_any_schema_comes_back_from_its_module(statements: list[str]) -> None:
    with opened(":memory:") as connection:
        for statement in statements:
            connection.execute(statement).fetchall()
        found = read_catalogue(connection)
        module = module_of(reflect(connection).module_source)

    assert_same(declared_catalogue(module["TABLES"], found=module["FOUND"]), found)


class Note(
    Table,
    name="notes",
    found=AsFound(
        columns=(ColumnDef("id", "INTEGER", nullable=False), ColumnDef("Title", "VARCHAR(20)", collation="NOCASE")),
        primary_key=PrimaryKeyDef((KeyPart("id"),)),
        checks=(CheckDef("length(Title) > 0"),),
    ),
):
    id: Col[int] = auto_id()
    Title: Col[str | None] = text(default=None)
    stars: Col[int] = integer(default=0, minimum=0)


def test_a_column_that_was_not_found_is_created_as_any_other() -> None:
    table = declared_catalogue([Note]).tables["notes"]

    assert table.columns == (
        ColumnDef("id", "INTEGER", nullable=False),
        ColumnDef("Title", "VARCHAR(20)", collation="NOCASE"),
        ColumnDef("stars", "INTEGER", nullable=False, default="0"),
    )
    assert table.checks[0] == CheckDef("length(Title) > 0")
    assert [check.condition for check in table.checks[1:]] == ["stars >= 0"]
    assert (table.strict, table.primary_key) == (False, PrimaryKeyDef((KeyPart("id"),)))


def test_a_found_table_is_created_and_used_as_any_other() -> None:
    with Database.memory([Note]) as db:
        note = db.insert_new(new(Note, Title="a", stars=2))

        assert Repository(db, Note).get(note.id).Title == "a"


def test_capitals_are_for_columns_that_were_found() -> None:
    with pytest.raises(DeclarationError, match="lower case"):

        class _Wrong(Table, name="wrong"):
            id: Col[int] = auto_id()
            Title: Col[str] = text()

    with pytest.raises(DeclarationError, match="found"):

        class _Worse(Table, name="worse", found="as it is"):  # type: ignore[arg-type]  # wrong on purpose
            id: Col[int] = auto_id()


def test_statements_come_in_an_order_that_runs() -> None:
    assert [statement.split("(")[0].split()[:3] for statement in create_statements([Note])] == [
        ["CREATE", "TABLE", "notes"]
    ]


def test_the_shape_of_documents_is_told_in_a_few_words() -> None:
    assert shape_of([["a"], []]) == "list[text]"
    assert shape_of([{"a": 1, "b": None}, {"a": 1.5}]) == "{a: number, b?: null}"
    assert shape_of([{}, [], True]) == "{} | list | true or false"
    assert shape_of([{str(number): number for number in range(20)}]) == "{text: number}"
