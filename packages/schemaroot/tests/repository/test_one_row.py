"""The verbs that read, create, change and delete one row."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from schemaroot import Database, Repository, new
from schemaroot.errors import (
    CheckViolation,
    EmptyUpdateError,
    ForeignKeyViolation,
    InvalidArgumentsError,
    InvalidValueError,
    NoRowError,
    UniqueViolation,
)
from schemaroot.testing import statements

from .library import Book, Chapter, Favourite, Library, Reader, Room, Supplier

MOMENT = datetime(2024, 5, 6, tzinfo=UTC)


def test_create_gives_the_row_as_it_is_stored(library: Library) -> None:
    shelf = library.shelf()

    book = library.books.create(shelf_id=shelf.id, title="Emma", tags=["novel"], pages=474)

    assert (book.title, book.tags, book.pages, book.title_length, book.deleted) == ("Emma", ["novel"], 474, 4, None)
    assert book == library.books.get(book.id)


def test_create_refuses_what_does_not_fit_and_writes_nothing(library: Library) -> None:
    shelf = library.shelf()

    with pytest.raises(InvalidValueError, match=r"books\.pages"):
        library.books.create(shelf_id=shelf.id, title="x", pages=-1)
    with pytest.raises(InvalidArgumentsError, match="missing title"):
        library.books.create(shelf_id=shelf.id)  # type: ignore[call-arg]  # what is missing is the point
    with pytest.raises(ForeignKeyViolation) as refused:
        library.books.create(shelf_id=999, title="x")
    with pytest.raises(UniqueViolation):
        library.rooms.create(name="room of shelf")

    assert (refused.value.columns, refused.value.value) == (("shelf_id",), 999)
    assert library.books.count() == 0
    assert library.rooms.count() == 1


def test_create_from_takes_explicit_values(library: Library) -> None:
    shelf = library.shelf()

    book = library.books.create_from(
        new(Book, shelf_id=shelf.id, title="old").with_(Book.id.to(77), Book.deleted.to(MOMENT))
    )

    assert (book.id, book.deleted) == (77, MOMENT)
    assert library.books.find(77) is None
    assert library.books.create(shelf_id=shelf.id, title="next").id == 78


def test_a_row_of_another_table_is_refused(library: Library) -> None:
    row = new(Room, name="x")

    with pytest.raises(InvalidArgumentsError, match="rooms does not go into suppliers"):
        library.suppliers.create_from(row)  # type: ignore[arg-type]  # the wrong table is the point
    with pytest.raises(InvalidArgumentsError, match="rooms does not go into suppliers"):
        library.suppliers.create_many([new(Supplier, code="a"), row])  # type: ignore[list-item]  # as above

    assert library.rooms.count() == library.suppliers.count() == 0


def test_get_raises_where_find_gives_none(library: Library) -> None:
    room = library.rooms.create(name="x")

    assert library.rooms.get(room.id) == library.rooms.find(room.id) == room
    assert library.rooms.find(room.id + 1) is None
    with pytest.raises(NoRowError, match="rooms 2: no such row") as missing:
        library.rooms.get(room.id + 1)
    assert missing.value.code == "NOT_FOUND"


@pytest.mark.parametrize("id", ["1", None, True, 1.0, 2**63, -(2**63) - 1, b"1"], ids=repr)
def test_a_key_of_the_wrong_type_finds_nothing_in_any_verb(library: Library, id: object) -> None:
    library.rooms.create(name="x")
    library.suppliers.create(code="x")
    key: int = id  # type: ignore[assignment]  # the wrong type is the point
    before = library.content()

    for rooms, change in ((library.rooms, Room.name.to("y")), (library.suppliers, Supplier.code.to("y"))):
        calls: list[Callable[[], object]] = [
            lambda rooms=rooms: rooms.get(key),
            lambda rooms=rooms: rooms.find(key),
            lambda rooms=rooms: rooms.delete(key),
            lambda rooms=rooms: rooms.purge(key),
            lambda rooms=rooms, change=change: rooms.update(key, change),
            lambda rooms=rooms: rooms.find_many([key]),
            lambda rooms=rooms: rooms.delete_many([key]),
            lambda rooms=rooms, change=change: rooms.update_many([key], change),
            lambda rooms=rooms, change=change: rooms.update_each({key: [change]}),
        ]
        for call in calls:
            try:
                found = call()
            except (InvalidValueError, NoRowError):
                continue
            assert not found

    with pytest.raises((InvalidValueError, NoRowError)):
        library.rooms.restore(key)
    assert library.content() == before


def test_update_changes_the_given_columns_and_those_that_every_update_sets(library: Library) -> None:
    book = library.book()

    changed = library.books.update(book.id, Book.title.to("longer title"), Book.body.to(None))

    assert (changed.title, changed.body, changed.title_length) == ("longer title", None, 12)
    assert changed.updated >= book.updated
    assert changed.created == book.created
    assert library.books.get(book.id) == changed


def test_update_takes_expressions_over_the_row(library: Library) -> None:
    book = library.book()

    assert library.books.update(book.id, Book.pages.to(Book.pages + 41)).pages == 42


def test_update_refuses_and_changes_nothing(library: Library) -> None:
    book = library.book()
    library.rooms.create(name="taken")

    with pytest.raises(EmptyUpdateError):
        library.books.update(book.id)
    with pytest.raises(InvalidValueError, match=r"books\.title: null"):
        library.books.update(book.id, Book.title.to(None))  # type: ignore[arg-type]  # null is the point
    with pytest.raises(InvalidArgumentsError, match=r"rooms\.name is not a column of books"):
        library.books.update(book.id, Room.name.to("x"))  # type: ignore[arg-type]  # the wrong table is the point
    with pytest.raises(InvalidArgumentsError, match="set twice"):
        library.books.update(book.id, Book.title.to("x"), Book.title.to("y"))
    with pytest.raises(InvalidArgumentsError, match="computed"):
        library.books.update(book.id, Book.title_length.to(1))
    with pytest.raises(CheckViolation):
        library.books.update(book.id, Book.pages.to(Book.pages - 2))
    with pytest.raises(ForeignKeyViolation):
        library.books.update(book.id, Book.shelf_id.to(999))
    with pytest.raises(UniqueViolation):
        library.rooms.update(1, Room.name.to("taken"))
    with pytest.raises(NoRowError):
        library.books.update(999, Book.title.to("x"))

    assert library.books.get(book.id) == book


def test_delete_without_soft_delete_removes_the_row_and_what_belongs_to_it(library: Library) -> None:
    supplier = library.suppliers.create(code="s")
    library.deliveries.create(supplier="s")

    assert library.suppliers.delete(supplier.id) == supplier

    assert library.content()["Supplier"] == library.content()["Delivery"] == []
    with pytest.raises(NoRowError):
        library.suppliers.delete(supplier.id)
    with pytest.raises(InvalidArgumentsError, match="no soft delete"):
        library.suppliers.restore(supplier.id)


def test_purge_removes_live_and_deleted_rows_for_good(library: Library) -> None:
    book = library.book()
    chapter = library.chapters.create(book_id=book.id, title="one")
    library.remarks.create(chapter_id=chapter.id, text="x")
    deleted = library.books.delete(book.id)

    assert library.books.purge(book.id) == deleted

    assert [library.content()[name] for name in ("Book", "Chapter", "Remark")] == [[], [], []]
    with pytest.raises(NoRowError):
        library.books.purge(book.id)
    with pytest.raises(NoRowError):
        library.books.restore(book.id)


def test_a_key_of_text_is_found_by_text_alone(library: Library) -> None:
    library.readers.create(email="1", name="One")

    assert library.readers.get("1").name == "One"
    assert library.readers.update("1", Reader.name.to("Uno")).name == "Uno"
    assert library.readers.delete("1").deleted is not None
    assert library.readers.restore("1").name == "Uno"
    for call in (
        lambda: library.readers.get(1),
        lambda: library.readers.find(1),
        lambda: library.readers.update(1, Reader.name.to("x")),
        lambda: library.readers.find_many([1]),
        lambda: library.readers.update_many([1], Reader.name.to("x")),
        lambda: library.readers.delete_many([1]),
        lambda: library.readers.delete(1),
        lambda: library.readers.purge(1),
    ):
        with suppress(InvalidValueError, NoRowError):
            assert not call()
    assert library.readers.get("1").name == "Uno"


def test_a_repository_needs_a_key_of_one_column(db: Database) -> None:
    with pytest.raises(InvalidArgumentsError, match="favourites has a key of several columns"):
        Repository(db, Favourite)


def test_each_verb_of_one_row_takes_a_fixed_number_of_statements(library: Library) -> None:
    book = library.book()
    for number in range(3):
        library.chapters.create(book_id=book.id, title=str(number))
    expected = {"get": 1, "find": 1, "update": 1, "create": 1}

    ran: dict[str, int] = {}
    with statements(library.db) as seen:
        library.books.get(book.id)
    ran["get"] = len(seen)
    with statements(library.db) as seen:
        library.books.find(book.id)
    ran["find"] = len(seen)
    with statements(library.db) as seen:
        library.books.update(book.id, Book.title.to("y"))
    ran["update"] = len(seen)
    with statements(library.db) as seen:
        library.books.create(shelf_id=book.shelf_id, title="z")
    ran["create"] = len(seen)

    assert ran == expected


def test_a_repository_shows_its_table(library: Library) -> None:
    assert repr(library.chapters) == f"<Repository of {Chapter.__declaration__.name}>"
