"""Repositories of one's own, several on one database, several threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemaroot import Database, Page, Repository, new
from schemaroot.errors import DatabaseLockedError, NoRowError, TransactionError, UniqueViolation
from schemaroot.testing import memory_database, temporary_database

from .library import TABLES, Book, Library, Loan, Reader, Room, Shelf, Supplier, Undo


class BookRepository(Repository[Book]):
    """Books, with questions of their own."""

    table = Book

    def lost_of(self, shelf_id: int) -> list[Book]:
        return self.all(Book.shelf_id == shelf_id, Book.state == "lost", order_by=[Book.title])

    def lose(self, id: int) -> Book:
        return self.update(id, Book.state.to("lost"))

    def newest(self, shelf_id: int) -> Page[Book]:
        return self.page(Book.shelf_id == shelf_id, sort="-created", limit=2)

    def with_loans(self) -> list[tuple[Book, list[Loan]]]:
        return self.select().with_many(Loan.book_id).all()


class Lending:
    """Decides over two repositories in one transaction."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.books = BookRepository(db)
        self.loans = Repository(db, Loan)

    def lend(self, book_id: int, reader: str) -> Loan:
        with self.db.transaction():
            self.books.update(book_id, Book.state.to("read"))
            return self.loans.create(book_id=book_id, reader=reader)


def test_a_repository_of_ones_own_answers_its_own_questions(library: Library) -> None:
    books = BookRepository(library.db)
    shelf = library.shelf()
    made = [books.create_from(new(Book, shelf_id=shelf.id, title=title)) for title in ("b", "a", "c")]
    books.lose(made[0].id)
    books.lose(made[1].id)

    assert [book.title for book in books.lost_of(shelf.id)] == ["a", "b"]
    assert len(books.newest(shelf.id).items) == 2
    assert books.with_loans()[0] == (books.get(made[0].id), [])
    assert repr(books) == "<BookRepository of books>"


def test_a_service_over_two_repositories_is_all_or_nothing(library: Library) -> None:
    lending = Lending(library.db)
    book = library.book()
    library.readers.create(email="a@b", name="A")
    lending.lend(book.id, "a@b")
    other = library.book("other")

    with pytest.raises(UniqueViolation):
        lending.lend(book.id, "a@b")
    with pytest.raises(Undo), library.db.transaction():
        lending.lend(other.id, "a@b")
        raise Undo

    assert library.books.get(other.id) == other
    assert library.loans.count() == 1


def test_a_verb_inside_a_transaction_is_undone_alone_when_it_fails(library: Library) -> None:
    shelf = library.shelf("x")
    library.shelves.delete(shelf.id)
    library.shelves.create(room_id=shelf.room_id, name="x")

    with library.db.transaction():
        library.rooms.create(name="kept")
        with pytest.raises(UniqueViolation):
            library.shelves.restore(shelf.id)
        library.rooms.create(name="kept too")

    assert library.rooms.count() == 3
    assert library.shelves.select().only_deleted().count() == 1


def test_nothing_is_written_inside_of_a_snapshot(library: Library) -> None:
    book = library.book()
    with library.db.snapshot():
        assert library.books.page(total=True).total == 1
        assert library.books.search("book") == [book]
        for write in (
            lambda: library.books.update(book.id, Book.title.to("x")),
            lambda: library.books.delete(book.id),
            lambda: library.books.create(shelf_id=book.shelf_id, title="x"),
            lambda: library.books.create_many([new(Book, shelf_id=book.shelf_id, title="x")]),
        ):
            with pytest.raises(TransactionError):
                write()

    assert library.books.all() == [book]


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_threads_share_a_repository(driver: str) -> None:
    with temporary_database(TABLES, driver=driver) as db:  # type: ignore[arg-type]  # one of the two names
        library = Library(db)
        shelf = library.shelf()

        def work(number: int) -> None:
            for turn in range(15):
                book = library.books.create(shelf_id=shelf.id, title=f"n{number}t{turn}")
                library.books.update(book.id, Book.pages.to(Book.pages + number))
                assert library.books.get(book.id).pages == 1 + number
                if turn % 3 == 0:
                    library.books.delete(book.id)
                if turn % 6 == 0:
                    library.books.restore(book.id)
                library.books.page(sort="-created", limit=5, total=True)
                assert library.books.search(f"n{number}t{turn}") == library.books.find_many([book.id])
                library.books.count_by(Book.state)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))

        assert library.books.count() == 6 * 13
        assert library.books.select().with_deleted().count() == 6 * 15


def test_threads_take_turns_in_a_database_in_memory() -> None:
    with memory_database(TABLES) as db:
        library = Library(db)

        def work(number: int) -> None:
            for turn in range(20):
                with db.transaction():
                    id = library.suppliers.create(code=f"{number} {turn}").id
                    library.suppliers.update(id, Supplier.code.to(f"{number} {turn}!"))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))

        assert library.suppliers.count() == 80


def test_no_thread_puts_a_row_under_an_owner_that_another_deletes() -> None:
    """An insert asks for its owner and writes in one statement; nothing comes between."""
    with temporary_database(TABLES) as db:
        library = Library(db)
        start = threading.Barrier(3)
        shelves = [library.shelf(str(number)) for number in range(20)]

        def insert() -> int:
            start.wait()
            refused = 0
            for shelf in shelves * 4:
                try:
                    library.books.create(shelf_id=shelf.id, title="x")
                except Exception as error:
                    assert getattr(error, "code", "") == "FOREIGN_KEY_VIOLATION"  # any other is reported
                    refused += 1
            return refused

        def delete() -> None:
            start.wait()
            for shelf in shelves:
                library.shelves.delete(shelf.id)

        with ThreadPoolExecutor(3) as pool:
            inserts = [pool.submit(insert) for _ in range(2)]
            pool.submit(delete).result()
            for one in inserts:
                one.result()

        assert library.live(Shelf) == []
        assert library.live(Book) == []


def test_a_writer_that_keeps_the_lock_is_waited_for_and_named(library: Library) -> None:
    url, driver = f"sqlite:///{library.db.path}", library.db.driver.name
    with Database.open(url, tables=TABLES, driver=driver, timeout_ms=50) as other:
        rooms = Repository(other, Room)
        with library.db.transaction():
            library.rooms.create(name="x")
            with pytest.raises(DatabaseLockedError):
                rooms.create(name="y")
            with pytest.raises(DatabaseLockedError):
                rooms.create_many([new(Room, name="y")])
            assert rooms.count() == 0
        assert rooms.create(name="y").id == 2


def test_a_lost_race_for_a_row_is_a_missing_row(library: Library) -> None:
    reader = library.readers.create(email="a", name="A")
    library.db.delete(Reader).where(Reader.email == "a").run()

    with pytest.raises(NoRowError, match="readers a"):
        library.readers.update(reader.email, Reader.name.to("B"))
