"""Each danger of a revision is found on real rows, counted, and told with what to write instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemaroot import Col, Database, Ref, Table, auto_id, integer, new, real, references, text
from schemaroot.introspection import Catalogue
from schemaroot.introspection.catalogue import (
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    TableDef,
    UniqueDef,
)
from schemaroot.introspection.read import read_catalogue
from schemaroot.migration.lint import CODES, Finding, allowed, lint
from schemaroot.migration.operations import (
    Action,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddUnique,
    AlterColumn,
    AlterTable,
    CreateIndex,
    CreateTable,
    DropCheck,
    DropColumn,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)


class Shelf(Table, name="shelves"):
    id: Col[int] = auto_id()
    name: Col[str] = text()


class Book(Table, name="books"):
    id: Col[int] = auto_id()
    title: Col[str] = text()
    kind: Col[str] = text(default="novel")
    price: Col[float | None] = real(default=None)
    pages: Col[int] = integer(default=1)
    shelf_id: Ref[Shelf, int | None] = references(lambda: Shelf.id, default=None)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with Database.create(f"sqlite:///{tmp_path / 'a.db'}", [Shelf, Book]) as db:
        shelf = db.insert(Shelf, name="top")
        prices = [1.5, 2.0, None]
        db.insert_many(
            [
                new(Book, title=f"b{n}", kind="novel" if n else "atlas", price=prices[n], pages=n, shelf_id=shelf.id)
                for n in range(3)
            ]
        )
        yield db


def catalogue(db: Database) -> Catalogue:
    connection = db.pool.take()
    try:
        return read_catalogue(connection)
    finally:
        db.pool.give(connection)


def found(db: Database, *operations: Operation) -> list[Finding]:
    findings = lint(operations, catalogue(db), db)
    assert all(one.code in CODES for one in findings)
    return findings


def alter(*actions: Action) -> AlterTable:
    return AlterTable("books", actions)


def only(findings: list[Finding], code: str) -> Finding:
    assert [one.code for one in findings] == [code]
    return findings[0]


def test_a_new_not_null_column_needs_a_value_for_the_rows_that_are_there(db: Database) -> None:
    finding = only(found(db, alter(AddColumn(ColumnDef("isbn", "TEXT", nullable=False)))), "NOT_NULL_WITHOUT_DEFAULT")

    assert finding.severity == "error"
    assert "3 rows" in finding.message
    assert 'books.add_column(sa.Column("isbn"' in finding.safer
    assert found(db, alter(AddColumn(ColumnDef("isbn", "TEXT", nullable=False, default="''")))) == []
    assert found(db, alter(AddColumn(ColumnDef("isbn", "TEXT", nullable=False), using="title"))) == []
    db.delete(Book).all_rows().run()
    assert found(db, alter(AddColumn(ColumnDef("isbn", "TEXT", nullable=False)))) == []


def test_a_column_that_holds_nulls_cannot_become_not_null(db: Database) -> None:
    finding = only(found(db, alter(AlterColumn(ColumnDef("price", "REAL", nullable=False)))), "NOT_NULL_ON_NULLS")

    assert "in 1 row (id: 3)" in finding.message
    assert "coalesce" in finding.safer
    assert found(db, alter(AlterColumn(ColumnDef("price", "REAL", nullable=False), using="coalesce(price, 0)"))) == []


def test_a_narrower_type_is_told_with_the_rows_whose_values_would_change(db: Database) -> None:
    finding = only(found(db, alter(AlterColumn(ColumnDef("price", "INTEGER")))), "NARROWING_TYPE")
    assert "REAL becomes INTEGER" in finding.message and "of 2 rows" in finding.message

    assert only(found(db, alter(AlterColumn(ColumnDef("title", "INTEGER", nullable=False)))), "NARROWING_TYPE")


def test_an_enumeration_value_in_use_cannot_go_and_the_mapping_is_spelt_out(db: Database) -> None:
    old, new_check = CheckDef("kind IN ('novel', 'atlas')", "ck_kind"), CheckDef("kind IN ('novel')", "ck_kind")

    finding = only(found(db, alter(DropCheck(old), AddCheck(new_check))), "ENUM_VALUE_REMOVED")

    assert "'atlas' is no longer allowed and is the value of 1 row (id: 1)" in finding.message
    case = 'sa.case((sa.column("kind") == "atlas", "novel"), else_=sa.column("kind"))'
    assert finding.safer == f'books.alter_column("kind", using={case})'
    mapped = AlterColumn(ColumnDef("kind", "TEXT", nullable=False), using="'novel'")
    assert found(db, alter(DropCheck(old), mapped, AddCheck(new_check))) == []
    db.update(Book).set(Book.kind.to("novel")).all_rows().run()
    assert found(db, alter(DropCheck(old), AddCheck(new_check))) == []


def test_a_check_that_rows_break_lists_them(db: Database) -> None:
    finding = only(found(db, alter(AddCheck(CheckDef("pages > 1", "ck_pages")))), "CHECK_VIOLATED")

    assert finding.message == "2 rows do not keep ck_pages (id: 1, 2)"


@pytest.mark.parametrize("made", ["constraint", "index"])
def test_duplicates_under_a_new_unique_key_are_counted_and_shown(db: Database, made: str) -> None:
    parts = (KeyPart("kind"),)
    operation: Operation = (
        alter(AddUnique(UniqueDef(parts, "uq_kind")))
        if made == "constraint"
        else CreateIndex(IndexDef("uq_kind", "books", parts, unique=True))
    )

    finding = only(found(db, operation), "UNIQUE_DUPLICATES")

    assert finding.message == "1 value of (kind) stands in more than one row: 'novel' 2 times"
    partial = CreateIndex(IndexDef("uq_kind", "books", parts, unique=True, where="pages > 1"))
    assert found(db, partial) == []


def test_a_unique_key_over_a_column_that_takes_the_name_of_another_asks_the_right_one(db: Database) -> None:
    swapped = [RenameColumn("kind", "sort"), RenameColumn("title", "kind")]

    assert found(db, alter(*swapped, AddUnique(UniqueDef((KeyPart("kind"),), "uq")))) == []
    assert only(found(db, alter(*swapped, AddUnique(UniqueDef((KeyPart("sort"),), "uq")))), "UNIQUE_DUPLICATES")


def test_a_foreign_key_that_rows_break_lists_them(db: Database) -> None:
    key = ForeignKeyDef(("pages",), "shelves", ("id",), name="fk_pages")

    finding = only(found(db, alter(AddForeignKey(key))), "FOREIGN_KEY_VIOLATED")

    assert finding.message == "2 rows refer to rows of shelves that are not there (id: 1, 3)"
    assert found(db, alter(AddForeignKey(ForeignKeyDef(("shelf_id",), "shelves", ("id",))))) == []


def test_dropping_what_holds_values_is_an_error_until_the_file_allows_it(db: Database) -> None:
    column = only(found(db, alter(DropColumn("price"))), "DROP_FILLED_COLUMN")
    table = only(found(db, DropTable("books")), "DROP_FILLED_TABLE")

    assert "2 values" in column.message and "3 rows" in table.message
    source = f"{column.safer}\n    # lint: allow DROP_FILLED_TABLE\n".encode()
    assert list(allowed(source)) == ["DROP_FILLED_COLUMN"]
    assert allowed(b"# lint: allow RENAME_LIKE, DROP_FILLED_TABLE - it is another one") == {
        "RENAME_LIKE": "it is another one",
        "DROP_FILLED_TABLE": "it is another one",
    }
    db.update(Book).set(Book.price.to(None)).all_rows().run()
    assert found(db, alter(DropColumn("price"))) == []


def test_a_drop_beside_an_addition_of_the_same_kind_is_told_as_a_likely_rename(db: Database) -> None:
    codes = [one.code for one in found(db, alter(DropColumn("price"), AddColumn(ColumnDef("cost", "REAL"))))]
    assert codes == ["RENAME_LIKE", "DROP_FILLED_COLUMN"]

    books = catalogue(db).tables["books"]
    again = TableDef("volumes", books.columns, books.primary_key)
    assert [one.code for one in found(db, DropTable("books"), CreateTable(again))] == [
        "RENAME_LIKE",
        "DROP_FILLED_TABLE",
    ]


def test_the_rows_are_asked_under_the_names_that_they_have_now(db: Database) -> None:
    operations = [
        RenameTable("books", "volumes"),
        AlterTable("volumes", (RenameColumn("price", "cost"), AlterColumn(ColumnDef("cost", "REAL", nullable=False)))),
    ]

    assert only(found(db, *operations), "NOT_NULL_ON_NULLS").where == "volumes.cost"


def test_postgresql_is_told_what_keeps_writers_waiting(db: Database) -> None:
    operations: list[Operation] = [
        CreateIndex(IndexDef("ix_kind", "books", (KeyPart("kind"),))),
        alter(AddCheck(CheckDef("pages >= 0", "ck_pages"))),
        alter(AddForeignKey(ForeignKeyDef(("shelf_id",), "shelves", ("id",), name="fk"))),
    ]

    found = lint(operations, catalogue(db), db, dialect="postgresql")

    assert [one.code for one in found] == ["INDEX_BLOCKS_WRITES", "CONSTRAINT_BLOCKS", "CONSTRAINT_BLOCKS"]
    assert lint(operations, catalogue(db), db) == []
    concurrent = CreateIndex(IndexDef("ix_kind", "books", (KeyPart("kind"),)), concurrently=True)
    assert lint([concurrent], catalogue(db), db, dialect="postgresql") == []


def test_a_large_table_is_told_before_it_is_copied(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemaroot.migration.lint.LARGE_ROWS", 3)
    cheap = alter(AddColumn(ColumnDef("isbn", "TEXT")))

    assert only(found(db, alter(AddCheck(CheckDef("pages >= 0", "ck")))), "LARGE_REBUILD").severity == "warning"
    assert found(db, cheap) == []


def test_without_a_database_only_what_needs_no_rows_is_told(db: Database) -> None:
    before = catalogue(db)
    operation = alter(DropColumn("price"), AddColumn(ColumnDef("isbn", "TEXT", nullable=False)))

    assert [one.code for one in lint([operation], before)] == ["DROP_FILLED_COLUMN", "NOT_NULL_WITHOUT_DEFAULT"]


def test_columns_are_asked_by_the_names_that_they_have_in_the_database_now(db: Database) -> None:
    """`title` is `kind` before the revision, and what was called `title` has another name."""
    renamed = AlterTable("books", (RenameColumn("title", "name"), RenameColumn("kind", "title")))
    key = IndexDef("uq", "books", (KeyPart(column="title"),), unique=True, where="title IS NOT NULL")
    reference = AddForeignKey(ForeignKeyDef(("pages",), "shelves", ("number",)))

    (same,) = found(db, renamed, CreateIndex(key))
    (unkept,) = found(db, renamed, AlterTable("books", (AddCheck(CheckDef("title = 'novel'", "ck")),)))
    (dangling,) = found(db, AlterTable("shelves", (RenameColumn("id", "number"),)), AlterTable("books", (reference,)))

    assert same.code == "UNIQUE_DUPLICATES" and "'novel' 2 times" in same.message
    assert unkept.code == "CHECK_VIOLATED" and unkept.message.startswith("1 row does not keep")
    assert dangling.code == "FOREIGN_KEY_VIOLATED" and dangling.message.startswith("2 rows")


def test_what_a_revision_adds_itself_is_left_to_the_copy(db: Database) -> None:
    added = AlterTable("books", (AddColumn(ColumnDef("code", "TEXT"), using="kind"),))
    key = IndexDef("uq", "books", (KeyPart(expression="lower(code)"),), unique=True, where="code IS NOT NULL")

    assert found(db, added, CreateIndex(key)) == []
