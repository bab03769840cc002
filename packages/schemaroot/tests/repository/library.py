"""The tables of a reading room: owners over several levels, owners of the same table, two owners, keys of all sorts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from schemaroot import (
    Col,
    Database,
    Expr,
    Index,
    Ref,
    Repository,
    Table,
    Unique,
    auto_id,
    blob,
    boolean,
    generated,
    integer,
    json,
    now,
    real,
    references,
    soft_delete,
    text,
    timestamp_ms,
)

State = Literal["new", "read", "lost"]


class Room(Table, name="rooms", unique=[Unique("name")]):
    id: Col[int] = auto_id()
    name: Col[str] = text(min_length=1, max_length=100)
    deleted: Col[datetime | None] = soft_delete()


class Shelf(Table, name="shelves", unique=[Unique("room_id", "name")]):
    id: Col[int] = auto_id()
    room_id: Ref[Room, int] = references(lambda: Room.id, on_delete="cascade")
    parent_id: Ref[Shelf, int | None] = references(lambda: Shelf.id, default=None, on_delete="cascade")
    name: Col[str] = text()
    deleted: Col[datetime | None] = soft_delete()


class Book(Table, name="books", search=["title", "body", "tags"], indexes=[Index("shelf_id", "created")]):
    id: Col[int] = auto_id()
    shelf_id: Ref[Shelf, int] = references(lambda: Shelf.id, on_delete="cascade")
    title: Col[str] = text()
    body: Col[str | None] = text(default=None)
    tags: Col[list[str]] = json(default_factory=list)
    state: Col[State] = text(default="new")
    pages: Col[int] = integer(default=1, minimum=0)
    title_length: Col[int] = generated(lambda: sa.func.length(Book.title))
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


class Chapter(Table, name="chapters"):
    """Belongs to books and has no soft delete."""

    id: Col[int] = auto_id()
    book_id: Ref[Book, int] = references(lambda: Book.id, on_delete="cascade")
    title: Col[str] = text()


class Remark(Table, name="remarks"):
    id: Col[int] = auto_id()
    chapter_id: Ref[Chapter, int] = references(lambda: Chapter.id, on_delete="cascade")
    text: Col[str] = text()
    deleted: Col[datetime | None] = soft_delete()


class Reader(Table, name="readers"):
    """Has a key of text."""

    email: Col[str] = text(primary_key=True)
    name: Col[str] = text()
    deleted: Col[datetime | None] = soft_delete()


class Loan(Table, name="loans", unique=[Unique("book_id")]):
    """Belongs to a book and to a reader."""

    id: Col[int] = auto_id()
    book_id: Ref[Book, int] = references(lambda: Book.id, on_delete="cascade")
    reader: Ref[Reader, str] = references(lambda: Reader.email, on_delete="cascade")
    deleted: Col[datetime | None] = soft_delete()


class Favourite(Table, name="favourites"):
    """Has a key of two columns, both of them owners."""

    book_id: Ref[Book, int] = references(lambda: Book.id, on_delete="cascade", primary_key=True)
    reader: Ref[Reader, str] = references(lambda: Reader.email, on_delete="cascade", primary_key=True)
    deleted: Col[datetime | None] = soft_delete()


class Supplier(Table, name="suppliers"):
    """Has no soft delete; books may name one without belonging to it."""

    id: Col[int] = auto_id()
    code: Col[str] = text(unique=True)


class Delivery(Table, name="deliveries"):
    """Belongs to suppliers by a column that is not their key."""

    id: Col[int] = auto_id()
    supplier: Ref[Supplier, str] = references(lambda: Supplier.code, on_delete="cascade")
    room_id: Ref[Room, int | None] = references(lambda: Room.id, default=None, on_delete="set null")
    weight: Col[float | None] = real(default=None)


class Thing(Table, name="things"):
    """Something to sort by columns of all kinds."""

    id: Col[int] = auto_id()
    number: Col[int | None] = integer(default=None)
    size: Col[float | None] = real(default=None)
    name: Col[str] = text(default="")
    label: Col[str | None] = text(default=None)
    flag: Col[bool] = boolean(default=False)
    moment: Col[datetime | None] = timestamp_ms(default=None)
    data: Col[bytes | None] = blob(default=None)
    state: Col[State] = text(default="new")
    secret: Col[str] = text(default="", secret=True)
    tags: Col[list[str]] = json(default_factory=list)
    double: Col[int | None] = generated(lambda: Thing.number % 7)
    deleted: Col[datetime | None] = soft_delete()


TABLES: list[type[Table]] = [
    Room,
    Shelf,
    Book,
    Chapter,
    Remark,
    Reader,
    Loan,
    Favourite,
    Supplier,
    Delivery,
    Thing,
]


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.moment = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def tick(self, seconds: float = 1.0) -> datetime:
        self.moment += timedelta(seconds=seconds)
        return self.moment


class Library:
    """One repository for each table, all with the same clock."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = Clock()
        self.rooms = Repository(db, Room, clock=self.clock)
        self.shelves = Repository(db, Shelf, clock=self.clock)
        self.books = Repository(db, Book, clock=self.clock)
        self.chapters = Repository(db, Chapter, clock=self.clock)
        self.remarks = Repository(db, Remark, clock=self.clock)
        self.readers = Repository(db, Reader, clock=self.clock)
        self.loans = Repository(db, Loan, clock=self.clock)
        self.suppliers = Repository(db, Supplier, clock=self.clock)
        self.deliveries = Repository(db, Delivery, clock=self.clock)
        self.things = Repository(db, Thing, clock=self.clock)

    def shelf(self, name: str = "shelf") -> Shelf:
        """A shelf in a room of its own."""
        return self.shelves.create(room_id=self.rooms.create(name=f"room of {name}").id, name=name)

    def book(self, title: str = "book") -> Book:
        """A book on a shelf of its own."""
        number = self.shelves.select().with_deleted().count()
        return self.books.create(shelf_id=self.shelf(f"shelf {number}").id, title=title)

    def live(self, table: type[Table]) -> list[object]:
        """The keys of a table's live rows."""
        key: Expr[Table, object] = getattr(table, table.__declaration__.primary_key[0].name)
        return [row[0] for row in self.db.select(table).columns(key).order_by(key).all()]

    def content(self) -> dict[str, list[Table]]:
        """All rows of all tables."""
        return {table.__name__: self.db.select(table).with_deleted().all() for table in TABLES}


class Undo(Exception):
    """Rolls back what a test did."""


@contextmanager
def undone(db: Database) -> Iterator[None]:
    """A transaction that is rolled back at its end, so that examples of one test do not meet."""
    try:
        with db.transaction():
            yield
            raise Undo
    except Undo:
        pass
