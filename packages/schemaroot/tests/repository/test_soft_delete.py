"""Soft delete: every read respects it, it goes down the tree under one stamp, and restore brings back exactly that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func

from schemaroot import Database, Repository, new
from schemaroot.errors import ForeignKeyViolation, InvalidArgumentsError, NoRowError, UniqueViolation
from schemaroot.testing import statements, temporary_database

from .library import Book, Favourite, Library, Loan, Reader, Remark, Room, Shelf

MOMENT = datetime(2024, 5, 6, tzinfo=UTC)


# --- reads ------------------------------------------------------------------------------------------------------------


def test_no_read_sees_a_deleted_row_unless_asked(library: Library) -> None:
    shelf = library.shelf()
    kept, gone = (library.books.create(shelf_id=shelf.id, title=f"{name} novel", pages=9) for name in ("kept", "gone"))
    library.books.delete(gone.id)
    books = library.books

    assert books.find(gone.id) is None
    assert books.find_many([gone.id, kept.id]) == [kept]
    assert books.all() == books.all(Book.pages == 9) == books.select().all() == [kept]
    assert books.page(total=True).items == [kept]
    assert books.page(total=True).total == 1
    assert books.search("novel") == [kept]
    assert (books.count(), books.count(Book.id == gone.id)) == (1, 0)
    assert books.exists(Book.id == kept.id)
    assert not books.exists(Book.id == gone.id)
    assert books.count_by(Book.state) == {"new": 1}
    assert books.aggregate(func.sum(Book.pages)) == 9
    assert list(books.select().stream()) == [kept]

    dead = books.select().with_deleted().where(Book.id == gone.id).one()
    assert dead.deleted is not None
    assert books.select().only_deleted().all() == [dead]
    assert books.page(with_deleted=True, total=True).items == [kept, dead]
    assert books.page(with_deleted=True, total=True).total == 2
    assert sorted(row.id for row in books.search("novel", with_deleted=True)) == [kept.id, gone.id]


def test_no_nested_read_sees_a_deleted_row_unless_asked(library: Library) -> None:
    shelf = library.shelf()
    kept, gone = (library.books.create(shelf_id=shelf.id, title=name, pages=3) for name in ("kept", "gone"))
    library.books.delete(gone.id)
    shelves, books = library.shelves.select(), library.books.select()

    assert shelves.with_many(Book.shelf_id).all() == [(shelf, [kept])]
    assert shelves.count_many(Book.shelf_id).all() == [(shelf, 1)]
    assert shelves.aggregate_many(Book.shelf_id, func.sum(Book.pages)).all() == [(shelf, 3)]
    assert len(shelves.with_many(Book.shelf_id, books.with_deleted()).one()[1]) == 2
    assert shelves.count_many(Book.shelf_id, books.only_deleted()).all() == [(shelf, 1)]
    nested = library.rooms.select().with_many(Shelf.room_id, shelves.with_many(Book.shelf_id)).one()
    assert nested[1] == [(shelf, [kept])]


def test_no_write_touches_a_deleted_row_unless_asked(library: Library) -> None:
    gone = library.book()
    library.books.delete(gone.id)
    before = library.content()

    with pytest.raises(NoRowError):
        library.books.update(gone.id, Book.title.to("x"))
    with pytest.raises(NoRowError):
        library.books.update_each({gone.id: [Book.title.to("x")]})
    with pytest.raises(NoRowError):
        library.books.delete(gone.id)
    assert library.books.update_many([gone.id], Book.title.to("x")) == 0
    assert library.books.delete_many([gone.id]) == 0
    assert library.content() == before

    assert library.db.update(Book).with_deleted().set(Book.title.to("x")).where(Book.id == gone.id).run() == 1


# --- delete -----------------------------------------------------------------------------------------------------------


def test_delete_gives_the_row_with_the_moment_of_the_clock(library: Library) -> None:
    book = library.book()

    deleted = library.books.delete(book.id)

    assert deleted.deleted == library.clock.moment
    assert deleted.title == book.title
    assert library.books.select().with_deleted().one() == deleted


def test_a_moment_finer_than_a_millisecond_is_cut_off(library: Library) -> None:
    book = library.book()
    library.clock.tick(0.001999)

    assert library.books.delete(book.id).deleted == datetime(2025, 1, 1, 0, 0, 0, 1000, UTC)
    assert library.books.restore(book.id).deleted is None


def test_deleting_an_owner_deletes_all_that_belongs_to_it_with_one_stamp(library: Library) -> None:
    shelf = library.shelf()
    inner = library.shelves.create(room_id=shelf.room_id, parent_id=shelf.id, name="inner")
    innermost = library.shelves.create(room_id=shelf.room_id, parent_id=inner.id, name="innermost")
    books = [library.books.create(shelf_id=one.id, title=one.name) for one in (shelf, inner, innermost)]
    chapter = library.chapters.create(book_id=books[2].id, title="one")
    remark = library.remarks.create(chapter_id=chapter.id, text="!")
    reader = library.readers.create(email="a@b", name="A")
    library.loans.create(book_id=books[0].id, reader=reader.email)
    other = library.book("elsewhere")

    room = library.rooms.delete(shelf.room_id)

    content = library.content()
    stamps = {
        row.to_dict()["deleted"]
        for name in ("Room", "Shelf", "Book", "Loan", "Remark")
        for row in content[name]
        if row.to_dict()["deleted"] is not None
    }
    assert stamps == {room.deleted} == {library.clock.moment}
    assert library.live(Room) == [library.shelves.get(other.shelf_id).room_id]
    assert library.live(Shelf) == [other.shelf_id]
    assert library.live(Book) == [other.id]
    assert library.live(Remark) == library.live(Loan) == []
    assert library.live(Reader) == ["a@b"]
    assert library.chapters.get(chapter.id) == chapter  # has no soft delete, so that it stays as it is
    assert remark.deleted is None


def test_shelves_in_a_circle_are_deleted_and_restored_like_others(library: Library) -> None:
    first = library.shelf()
    second = library.shelves.create(room_id=first.room_id, parent_id=first.id, name="second")
    library.shelves.update(first.id, Shelf.parent_id.to(second.id))

    library.shelves.delete(first.id)
    assert library.live(Shelf) == []

    library.shelves.restore(second.id)
    assert library.live(Shelf) == [first.id, second.id]
    library.rooms.delete(first.room_id)
    assert library.live(Shelf) == []
    library.rooms.restore(first.room_id)
    assert library.live(Shelf) == [first.id, second.id]


def test_many_owners_are_deleted_under_one_stamp(library: Library) -> None:
    books = [library.book(str(number)) for number in range(3)]
    rooms = library.live(Room)

    assert library.rooms.delete_many([1, 2, 2, 999]) == 2

    assert library.live(Room) == rooms[2:]
    assert library.live(Book) == [books[2].id]
    assert len({row.deleted for row in library.books.select().only_deleted().all()}) == 1


def test_an_owner_among_what_is_deleted_with_its_own_children_counts_each_once(library: Library) -> None:
    shelf = library.shelf()
    inner = library.shelves.create(room_id=shelf.room_id, parent_id=shelf.id, name="inner")

    assert library.shelves.delete_many([inner.id, shelf.id]) == 2
    assert library.shelves.restore(shelf.id).deleted is None
    assert library.live(Shelf) == [shelf.id, inner.id]


def test_thousands_of_rows_go_and_come_back_with_their_owner(library: Library) -> None:
    shelf = library.shelf()
    library.books.create_many([new(Book, shelf_id=shelf.id, title=str(number)) for number in range(2500)])

    with statements(library.db) as ran:
        library.rooms.delete(shelf.room_id)
    assert library.books.count() == 0
    assert len(ran) < 40
    library.rooms.restore(shelf.room_id)
    assert library.books.count() == 2500


def test_rows_with_a_key_of_two_columns_go_one_by_one(library: Library) -> None:
    books = [library.book("first"), library.book("second")]
    readers = [library.readers.create(email=email, name=email) for email in ("a", "b")]
    for book in books:
        for reader in readers:
            library.db.insert(Favourite, book_id=book.id, reader=reader.email)

    def live() -> list[tuple[int, str]]:
        rows = library.db.select(Favourite).columns(Favourite.book_id, Favourite.reader)
        return rows.order_by(Favourite.book_id, Favourite.reader).all()

    whole = live()
    library.books.delete(1)
    assert live() == [(2, "a"), (2, "b")]
    library.readers.delete("b")
    assert live() == [(2, "a")]
    library.books.restore(1)
    assert live() == [(1, "a"), (2, "a")]
    library.readers.restore("b")
    assert live() == whole


def test_a_database_opened_without_its_tables_refuses_to_delete_half(library: Library) -> None:
    book = library.book()
    with Database.open(f"sqlite:///{library.db.path}") as bare:
        books = Repository(bare, Book)
        with pytest.raises(InvalidArgumentsError, match="opened without its table books"):
            books.delete(book.id)
        assert books.get(book.id) == book


# --- restore ----------------------------------------------------------------------------------------------------------


def test_restore_revives_exactly_what_was_deleted_with_it(library: Library) -> None:
    shelf = library.shelf()
    before, with_it = (library.books.create(shelf_id=shelf.id, title=name) for name in ("before", "with it"))
    chapter = library.chapters.create(book_id=with_it.id, title="one")
    remarks = [library.remarks.create(chapter_id=chapter.id, text=str(number)) for number in range(2)]
    library.clock.tick()
    library.books.delete(before.id)
    library.remarks.delete(remarks[0].id)
    library.clock.tick()
    library.rooms.delete(shelf.room_id)
    library.clock.tick()

    room = library.rooms.restore(shelf.room_id)

    assert room.deleted is None
    assert library.live(Shelf) == [shelf.id]
    assert library.live(Book) == [with_it.id]
    assert library.live(Remark) == [remarks[1].id]
    assert library.books.restore(before.id).title == "before"


def test_what_was_deleted_within_the_same_millisecond_before_stays_deleted(library: Library) -> None:
    """The clock stands still, so that only the stamps that the repository chooses tell the two apart."""
    shelf = library.shelf()
    inner = library.shelves.create(room_id=shelf.room_id, parent_id=shelf.id, name="inner")
    books = [library.books.create(shelf_id=inner.id, title=str(number)) for number in range(3)]

    library.books.delete(books[0].id)
    library.shelves.delete(inner.id)
    library.shelves.delete(shelf.id)
    library.rooms.delete(shelf.room_id)

    library.rooms.restore(shelf.room_id)
    assert (library.live(Shelf), library.live(Book)) == ([], [])
    library.shelves.restore(shelf.id)
    assert (library.live(Shelf), library.live(Book)) == ([shelf.id], [])
    library.shelves.restore(inner.id)
    assert library.live(Book) == [books[1].id, books[2].id]
    library.books.restore(books[0].id)
    assert library.live(Book) == [book.id for book in books]


def test_a_row_that_is_not_deleted_cannot_be_restored(library: Library) -> None:
    book = library.book()

    with pytest.raises(NoRowError):
        library.books.restore(book.id)
    with pytest.raises(NoRowError):
        library.books.restore(999)
    assert library.books.get(book.id) == book


def test_a_name_can_be_used_again_after_delete_and_restore_into_it_is_refused_whole(library: Library) -> None:
    first = library.shelf("name")
    library.shelves.create(room_id=first.room_id, parent_id=first.id, name="inner")
    library.books.create(shelf_id=first.id, title="x")
    library.shelves.delete(first.id)
    second = library.shelves.create(room_id=first.room_id, name="name")
    before = library.content()

    with pytest.raises(UniqueViolation) as refused:
        library.shelves.restore(first.id)

    assert refused.value.columns == ("room_id", "name")
    assert library.content() == before
    library.shelves.delete(second.id)
    assert library.shelves.restore(first.id).name == "name"
    assert library.books.count() == 1


def test_a_taken_name_far_down_the_tree_refuses_the_whole_restore_too(library: Library) -> None:
    shelf = library.shelf()
    book = library.books.create(shelf_id=shelf.id, title="x")
    reader = library.readers.create(email="a@b", name="A")
    library.loans.create(book_id=book.id, reader=reader.email)
    library.rooms.delete(shelf.room_id)
    library.db.insert(Loan, book_id=book.id, reader=reader.email)  # past the repository
    before = library.content()

    with pytest.raises(UniqueViolation):
        library.rooms.restore(shelf.room_id)

    assert library.content() == before


# --- owners -----------------------------------------------------------------------------------------------------------


def test_an_insert_under_a_deleted_owner_is_refused(library: Library) -> None:
    shelf = library.shelf()
    live = library.shelf("live")
    library.shelves.delete(shelf.id)
    before = library.content()

    with pytest.raises(ForeignKeyViolation, match="the row of shelves that it belongs to is deleted") as refused:
        library.books.create(shelf_id=shelf.id, title="x")
    with pytest.raises(ForeignKeyViolation) as refused_many:
        rows = [new(Book, shelf_id=one.id, title="x") for one in (live, live, shelf, shelf)]
        library.books.create_many(rows)
    with pytest.raises(ForeignKeyViolation):
        library.shelves.create(room_id=live.room_id, parent_id=shelf.id, name="inner")

    assert refused.value.code == "FOREIGN_KEY_VIOLATION"
    assert (refused.value.table, refused.value.columns, refused.value.constraint, refused.value.value) == (
        "books",
        ("shelf_id",),
        "fk_books_shelf_id",
        shelf.id,
    )
    assert refused_many.value.row == 2
    assert library.content() == before


def test_a_row_that_is_deleted_itself_may_be_stored_under_a_deleted_owner(library: Library) -> None:
    """An import keeps what was deleted as it was."""
    shelf = library.shelf()
    library.shelves.delete(shelf.id)
    row = new(Book, shelf_id=shelf.id, title="x").with_(Book.deleted.to(MOMENT))

    assert library.books.create_from(row).deleted == MOMENT
    assert library.books.create_many([row])[0].deleted == MOMENT


def test_a_move_under_a_deleted_owner_is_refused(library: Library) -> None:
    book, gone = library.book(), library.shelf("gone")
    moved = library.book("moved")
    library.shelves.delete(gone.id)
    before = library.content()

    for change in (Book.shelf_id.to(gone.id), Book.shelf_id.to(Book.shelf_id * 0 + gone.id)):
        with pytest.raises(ForeignKeyViolation, match="deleted"):
            library.books.update(book.id, change)
        with pytest.raises(ForeignKeyViolation, match="deleted"):
            library.books.update_many([moved.id, book.id], change)
        with pytest.raises(ForeignKeyViolation, match="deleted") as refused:
            library.books.update_each({moved.id: [Book.title.to("x")], book.id: [change]})
        assert refused.value.row == 1

    assert library.content() == before
    assert library.books.update(book.id, Book.shelf_id.to(moved.shelf_id)).shelf_id == moved.shelf_id


def test_a_row_under_a_deleted_owner_is_not_restored_alone(library: Library) -> None:
    book = library.book()
    library.clock.tick()
    library.shelves.delete(book.shelf_id)
    before = library.content()

    with pytest.raises(ForeignKeyViolation, match="deleted") as refused:
        library.books.restore(book.id)

    assert refused.value.value == book.shelf_id
    assert library.content() == before


def test_a_row_with_two_owners_comes_back_with_the_last_of_them(library: Library) -> None:
    book = library.book()
    reader = library.readers.create(email="a@b", name="A")
    loan = library.loans.create(book_id=book.id, reader=reader.email)
    library.books.delete(book.id)
    library.clock.tick()
    library.readers.delete(reader.email)

    library.books.restore(book.id)
    assert library.live(Book) == [book.id]
    assert library.live(Loan) == []
    library.readers.restore(reader.email)
    assert library.live(Loan) == [loan.id]


def test_a_reference_that_does_not_own_is_left_alone(library: Library) -> None:
    room = library.rooms.create(name="x")
    library.suppliers.create(code="s")
    delivery = library.deliveries.create(supplier="s", room_id=room.id)

    library.rooms.delete(room.id)

    assert library.deliveries.get(delivery.id) == delivery
    assert library.deliveries.create(supplier="s", room_id=room.id).room_id == room.id


def test_what_belongs_by_another_column_than_the_key_goes_too() -> None:
    from .codes import CODES, Land, Town

    with temporary_database(CODES) as db:
        lands, towns = Repository(db, Land), Repository(db, Town)
        land = lands.create(code="fr", name="France")
        town = towns.create(land="fr", name="Lyon")
        lands.delete(land.id)
        assert towns.find(town.id) is None
        with pytest.raises(ForeignKeyViolation, match="deleted"):
            towns.create(land="fr", name="Nice")
        lands.restore(land.id)
        assert towns.get(town.id) == town


def test_the_first_sight_of_a_deleted_owner_wins_over_other_faults(library: Library) -> None:
    shelf = library.shelf()
    library.rooms.delete(shelf.room_id)

    with pytest.raises(ForeignKeyViolation) as refused:
        library.shelves.create(room_id=shelf.room_id, parent_id=999, name="x")

    assert refused.value.columns in (("room_id",), ("parent_id",))


def test_time_that_goes_backwards_does_no_harm(library: Library) -> None:
    book = library.book()
    library.books.delete(book.id)
    library.clock.tick(-1000)
    library.rooms.delete(1)
    library.rooms.restore(1)

    assert library.live(Book) == []
    library.books.restore(book.id)
    assert library.live(Book) == [book.id]


def test_an_owner_without_soft_delete_costs_an_insert_nothing(library: Library) -> None:
    library.suppliers.create(code="s")
    with statements(library.db) as ran:
        library.deliveries.create(supplier="s")

    assert len(ran) == 1
    assert "EXISTS" not in ran[0]
