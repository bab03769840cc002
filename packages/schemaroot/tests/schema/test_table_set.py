"""Tables together: what the class could not know is refused where the set is first seen, before a file is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import (
    Check,
    Col,
    Database,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    declaration_of,
    generated,
    integer,
    references,
    text,
)
from schemaroot.errors import DeclarationError
from schemaroot.export.diagram import diagram
from schemaroot.export.reference import reference_page
from schemaroot.schema.sqlalchemy import metadata
from schemaroot.validation.checks import breaches


class Author(Table, name="authors"):
    id: Col[int] = auto_id()
    name: Col[str] = text()
    books: Col[int] = integer(default=0)


class Book(Table, name="books", search=["title"]):
    id: Col[int] = auto_id()
    author_id: Ref[Author, int] = references(lambda: Author.id)
    title: Col[str] = text()


def named(name: str, **options: Any) -> type[Table]:
    """A table of that name with a key and a title."""

    class Named(Table, name=name, **options):
        id: Col[int] = auto_id()
        title: Col[str] = text()

    return Named


def refusals(tables: Any, tmp_path: Path, *, opening: bool = True) -> set[str]:
    """What each door says that meets the tables first; none of them leaves a file."""
    path = tmp_path / "new.db"
    url = f"sqlite:///{path}"
    doors: list[Callable[[], object]] = [
        lambda: Database.create(url, tables),
        lambda: Database.memory(tables),
        lambda: metadata(tables, "sqlite"),
        lambda: metadata(tables, "postgresql"),
        *([lambda: reference_page(tables, title=""), lambda: diagram(tables, title="")] if opening else []),
        *([lambda: Database.open(url, tables=tables)] if opening else []),
    ]
    said: set[str] = set()
    for door in doors:
        with pytest.raises(DeclarationError) as raised:
            door()
        assert raised.value.hint
        said.add(str(raised.value))
    assert not list(tmp_path.iterdir())
    return said


@pytest.mark.parametrize("name", ["books", "Books"])
def test_two_tables_whose_names_differ_in_case_alone_or_not_at_all_are_refused(name: str, tmp_path: Path) -> None:
    (said,) = refusals([Author, Book, named(name)], tmp_path)

    assert said.startswith(f"table {name}: is the name of two tables, of the classes Book and Named. Rename one")


def test_a_table_given_twice_is_refused(tmp_path: Path) -> None:
    (said,) = refusals([Author, Author], tmp_path)

    assert "or give the table once" in said


@pytest.mark.parametrize(
    "other",
    [
        named("books_search"),
        named("Books_Search_data"),
        named("pk_authors"),
        named("notes", indexes=[Index("title", name="books")]),
        named("notes", unique=[Unique("title", name="books_search_idx")]),
    ],
)
def test_a_name_that_another_table_uses_is_refused(other: type[Table], tmp_path: Path) -> None:
    (said,) = refusals([Author, Book, other], tmp_path)

    assert "is one that table " in said
    assert "uses already" in said


def test_two_indexes_of_one_name_in_two_tables_are_refused(tmp_path: Path) -> None:
    class A(Table, name="a", indexes=[Index("b", "c")]):
        id: Col[int] = auto_id()
        b: Col[str] = text()
        c: Col[str] = text()

    class AB(Table, name="a_b", indexes=[Index("c")]):
        id: Col[int] = auto_id()
        c: Col[str] = text()

    (said,) = refusals([A, AB], tmp_path)

    assert said.startswith("table a_b: the name 'ix_a_b_c' of it or of one of its indexes is one that table a uses")


@pytest.mark.parametrize(
    "tables", [5, None, Author, "authors", [5], ["authors"], [Table], [Author.id], [int]], ids=repr
)
def test_what_is_no_list_of_tables_is_refused(tables: Any, tmp_path: Path) -> None:
    (said,) = refusals(tables, tmp_path)

    assert said.startswith("the tables: ")


def test_a_table_whose_reference_leads_out_of_the_set_is_refused_where_it_would_be_created(tmp_path: Path) -> None:
    (said,) = refusals([Book], tmp_path, opening=False)

    assert said == "books.author_id: refers to authors.id, whose table is not among those given. Give Author too."


def test_a_database_may_be_opened_with_some_of_its_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    Database.create(url, [Book, Author]).close()

    with Database.open(url, tables=[Book]) as db:
        assert db.tables == (Book,)


def test_a_former_name_that_is_still_there_is_refused(tmp_path: Path) -> None:
    (said,) = refusals([Author, named("writers", was="authors")], tmp_path)

    assert said.startswith("table writers: was= names authors, which is still there")


# --- references that were not known when the class was made -----------------------------------------------------------


class Early(Table, name="early"):
    id: Col[int] = auto_id()
    shelf: Ref[Shelf, int] = references(lambda: Shelf.place)


class Wordy(Table, name="wordy"):
    id: Col[int] = auto_id()
    shelf: Ref[Shelf, str] = references(lambda: Shelf.id)


class Elsewhere(Table, name="elsewhere"):
    id: Col[int] = auto_id()
    shelf: Ref[Author, int] = references(lambda: Shelf.id)


class Nowhere(Table, name="nowhere"):
    id: Col[int] = auto_id()
    shelf: Ref[Missing, int] = references(lambda: Missing.id)  # noqa: F821  # what is tested


class Wrong(Table, name="wrong"):
    id: Col[int] = auto_id()
    shelf: Ref[Shelf, int] = references(lambda: Shelf.nothing)


class Itself(Table, name="itself"):
    id: Col[int] = auto_id()
    number: Col[int] = integer()
    other: Ref[Itself, int | None] = references(lambda: Itself.number, default=None)


class Shelf(Table, name="shelves"):
    id: Col[int] = auto_id()
    place: Col[int] = integer()


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (Early, "early.shelf: refers to shelves.place, which is no key by itself."),
        (Wordy, "wordy.shelf: holds text but shelves.id holds integer."),
        (Elsewhere, "elsewhere.shelf: refers to a column of Shelf, but is annotated Ref[Author, ...]."),
        (Nowhere, "nowhere.shelf: refers to something unknown (name 'Missing' is not defined)."),
        (Wrong, "wrong.shelf: refers to something unknown (type object 'Shelf' has no attribute 'nothing')."),
        (Itself, "itself.other: refers to itself.number, which is no key by itself."),
    ],
)
def test_a_reference_to_what_is_declared_later_is_checked_with_the_set(
    table: type[Table], problem: str, tmp_path: Path
) -> None:
    (said,) = refusals([table, Shelf, Author], tmp_path)

    assert said.startswith(problem)


def test_a_reference_is_checked_against_the_table_that_is_there_by_its_name(tmp_path: Path) -> None:
    """A class that stands in for the one referred to serves as well, when it has the key."""

    class Stand(Table, name="authors"):
        id: Col[int] = auto_id()

    class Bare(Table, name="authors"):
        slug: Col[str] = text(primary_key=True)

    Database.memory([Book, Stand]).close()
    (said,) = refusals([Book, Bare], tmp_path)

    assert said.startswith("books.author_id: refers to authors.id, which the table given by that name does not have.")


# --- expressions ------------------------------------------------------------------------------------------------------

EXPRESSIONS: list[tuple[Callable[[], object], str]] = [
    (lambda: "title = ''", "is str \"title = ''\", which is no SQL expression"),
    (lambda: None, "is NoneType None, which is no SQL expression"),
    (lambda: True, "is bool True, which is no SQL expression"),
    (lambda: 1 / 0, "cannot be built (division by zero)"),
    (lambda: Nothing.id, "cannot be built (name 'Nothing' is not defined)"),  # noqa: F821  # what is tested
    (lambda: Author.title, "cannot be built (type object 'Author' has no attribute 'title')"),
    (lambda: Author.books < None, "cannot be built ("),
    (lambda: sa.column("colour") > 1, "uses the unknown column colour. The columns are id, "),
    (lambda: Author.books == Shelf.place, "uses authors.books. Use columns of the same table"),
]


@pytest.mark.parametrize(("function", "problem"), EXPRESSIONS)
def test_what_gives_no_expression_over_the_row_is_refused(
    function: Callable[[], Any], problem: str, tmp_path: Path
) -> None:
    options: list[dict[str, Any]] = [
        {"checks": [Check("a", function)]},
        {"indexes": [Index(function, name="ix")]},
        {"indexes": [Index("title", where=function)]},
        {"unique": [Unique("title", where=function)]},
    ]
    for given in options:
        (said,) = refusals([named("notes", **given)], tmp_path, opening=False)
        assert said.startswith("table notes: ")
        assert problem in said

    class Computed(Table, name="computed"):
        id: Col[int] = auto_id()
        sum: Col[int] = generated(function)

    (said,) = refusals([Computed], tmp_path, opening=False)

    assert problem in said


def test_a_column_that_is_computed_from_a_computed_one_is_refused(tmp_path: Path) -> None:
    class Chain(Table, name="chain"):
        id: Col[int] = auto_id()
        number: Col[int] = integer()
        double: Col[int] = generated(lambda: Chain.number * 2)
        fourfold: Col[int] = generated(lambda: sa.func.abs(Chain.double) * 2)

    (said,) = refusals([Chain], tmp_path, opening=False)

    assert said.startswith(
        "chain.fourfold: is computed from double, which is computed itself. PostgreSQL does not do so"
    )


def test_a_condition_that_cannot_be_built_is_told_where_a_model_asks_it() -> None:
    table = named("notes", checks=[Check("a", lambda: Nothing.id)])  # noqa: F821  # what is tested

    with pytest.raises(DeclarationError, match=r"Check\('a'\): its condition cannot be built \(name 'Nothing'"):
        breaches(declaration_of(table), {"title": ""})
    with pytest.raises(DeclarationError, match="cannot be built"):
        reference_page([table], title="Notes")
