"""Numbers beyond 64 bits: no row holds one, so none is found; storing one is refused."""

from __future__ import annotations

import operator
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import Database, new, param
from schemaroot.errors import InvalidValueError, NoRowError

from .library import Book, Library, Room, Shelf

BEYOND = [2**63, -(2**63) - 1, 2**70, -(2**70), 10**400, 10**5000, -(10**5000)]
EDGES = [2**63 - 1, -(2**63)]

pytestmark = pytest.mark.parametrize("beyond", BEYOND, ids=lambda number: f"{number.bit_length()} bits {number > 0}")


@pytest.fixture
def books(library: Library) -> Library:
    """A shelf with three books, two of which have the ids at the edges of 64 bits."""
    room = library.db.insert(Room, name="North")
    shelf = library.db.insert(Shelf, room_id=room.id, name="A")
    rows = [new(Book, shelf_id=shelf.id, title=str(id), pages=id % 1000).with_(Book.id.to(id)) for id in (*EDGES, 1)]
    library.db.insert_many(rows)
    return library


def test_no_row_has_such_a_key(books: Library, beyond: int) -> None:
    repository = books.books
    calls: list[Any] = [
        repository.get,
        repository.delete,
        repository.restore,
        repository.purge,
        lambda id: repository.update(id, Book.title.to("x")),
        lambda id: repository.update(id, Book.shelf_id.to(1)),
        lambda id: repository.update(id, Book.title.to(Book.title + "x")),
        lambda id: repository.update_each({id: [Book.title.to("x")]}),
    ]
    for call in calls:
        with pytest.raises(NoRowError) as caught:
            call(beyond)
        assert caught.value.code == "NOT_FOUND"
    with books.db.transaction(), pytest.raises(NoRowError):
        repository.get(beyond)

    assert repository.find(beyond) is None
    assert books.db.point_reader(Book)(beyond) is None
    assert books.db.point_writer(Book)(beyond, (Book.title.to("x"),)) is None
    assert [row.id for row in repository.find_many([1, beyond])] == [1]
    assert repository.update_many([beyond], Book.title.to("x")) == 0
    assert repository.delete_many([beyond]) == 0
    assert repository.exists(Book.id == beyond) is False
    assert repository.count() == 3


def test_the_connection_is_given_back(books: Library, beyond: int) -> None:
    for _ in range(20):
        assert books.books.find(beyond) is None

    assert books.books.get(1).id == 1
    assert books.db.idle_readers >= 1


@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge])
def test_a_comparison_holds_as_it_would_with_numbers_of_any_size(books: Library, beyond: int, compare: Any) -> None:
    db = books.db
    condition = compare(Book.id, beyond)
    expected = {id for id in (*EDGES, 1) if compare(id, beyond)}
    number = param("number", int)

    assert {row.id for row in db.select(Book).where(condition).all()} == expected
    assert {row.id for row in db.select(Book).where(condition).stream()} == expected
    assert db.select(Book).where(condition).count() == len(expected)
    assert {row[0] for row in db.all(sa.select(Book.id).where(condition))} == expected
    assert {row.id for row in db.select(Book).where(compare(Book.id, number)).prepare(number).all(beyond)} == expected
    assert {row.id for row in db.select(Book).where(~condition).all()} == {*EDGES, 1} - expected
    assert books.books.count(condition) == len(expected)
    assert len(books.books.page(condition).items) == len(expected)
    assert db.update(Book).set(Book.title.to("x")).where(condition).run() == len(expected)
    assert db.delete(Book).where(condition).run() == len(expected)


def test_a_list_holds_it_in_vain(books: Library, beyond: int) -> None:
    assert [row.id for row in books.db.select(Book).where(Book.id.in_([beyond, 1])).all()] == [1]
    assert books.db.select(Book).where(Book.id.in_([beyond])).count() == 0
    assert books.db.select(Book).where(Book.id.not_in([beyond, 1])).count() == 2
    assert books.db.select(Book).where(Book.pages.in_([beyond])).exists() is False


def test_storing_one_is_refused(books: Library, beyond: int) -> None:
    db: Database = books.db
    writes: list[Any] = [
        lambda: db.insert(Book, shelf_id=1, title="x", pages=beyond),
        lambda: db.insert(Book, shelf_id=beyond, title="x"),
        lambda: new(Book, shelf_id=1, title="x").with_(Book.id.to(beyond)),
        lambda: books.books.create(shelf_id=1, title="x", pages=beyond),
        lambda: books.books.update(1, Book.pages.to(beyond)),
        lambda: books.books.update_many([1], Book.pages.to(beyond)),
        lambda: db.update(Book).set(Book.pages.to(beyond)).where(Book.id == 1).run(),
        lambda: db.update(Book).set(Book.pages.to(Book.pages + beyond)).where(Book.id == 1).run(),
    ]
    before = books.books.all()
    for write in writes:
        with pytest.raises(InvalidValueError) as caught:
            write()
        assert caught.value.code == "INVALID_VALUE"

    assert books.books.all() == before
