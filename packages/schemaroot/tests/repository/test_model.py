"""A repository behaves like a dictionary, whatever is done to it in whatever order."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from schemaroot import Col, Repository, Table, Unique, auto_id, integer, new, soft_delete, text
from schemaroot.engine.driver import DriverName
from schemaroot.errors import ConstraintViolation, ForeignKeyViolation, NoRowError, UniqueViolation
from schemaroot.testing import memory_database

from .library import TABLES, Book, Clock, Library, Loan, Reader, Room, Shelf


class Card(Table, name="cards", unique=[Unique("name")], search=["words"]):
    id: Col[int] = auto_id()
    name: Col[str] = text()
    words: Col[str] = text(default="")
    rank: Col[int | None] = integer(default=None)
    deleted: Col[datetime | None] = soft_delete()


@dataclass
class Model:
    """What a card should be."""

    id: int
    name: str
    words: str
    rank: int | None
    deleted: bool = False


NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
WORDS = st.sampled_from(["", "red", "red green", "green C++", "C", "50%", "blau 漢字"])
RANKS = st.none() | st.integers(0, 3)
FIELDS = st.fixed_dictionaries({"name": NAMES}, optional={"words": WORDS, "rank": RANKS})
CHANGES = st.fixed_dictionaries({}, optional={"name": NAMES, "words": WORDS, "rank": RANKS}).filter(bool)


class Cards(RuleBasedStateMachine):
    """Does the same to a repository and to a dictionary."""

    driver: DriverName = "apsw"
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        db = self.stack.enter_context(memory_database([Card], driver=self.driver))
        self.cards = Repository(db, Card, clock=Clock())
        self.model: dict[int, Model] = {}
        self.last = 0

    def teardown(self) -> None:
        self.stack.close()

    # What the dictionary says.

    def live(self) -> list[Model]:
        return [card for card in self.model.values() if not card.deleted]

    def fits(self, cards: list[Model]) -> bool:
        names = [card.name for card in cards if not card.deleted]
        return len(names) == len(set(names))

    def same(self, row: Card, card: Model) -> None:
        assert (row.id, row.name, row.words, row.rank, row.deleted is not None) == (
            card.id,
            card.name,
            card.words,
            card.rank,
            card.deleted,
        )

    def tried(self, cards: dict[int, Model], call: Any) -> Any:
        """Runs a call that leads to `cards`, or is refused because two of them would have one name."""
        if not self.fits(list(cards.values())):
            with pytest.raises(UniqueViolation):
                call()
            return None
        result = call()
        self.model = cards
        return result

    # What is done.

    @initialize(target=ids, fields=FIELDS)
    def start(self, fields: dict[str, Any]) -> Any:
        return self.create(fields)

    def added(self, many: list[dict[str, Any]]) -> dict[int, Model]:
        cards = dict(self.model)
        for place, fields in enumerate(many, self.last + 1):
            cards[place] = Model(place, fields["name"], fields.get("words", ""), fields.get("rank"))
        return cards

    @rule(target=ids, fields=FIELDS)
    def create(self, fields: dict[str, Any]) -> Any:
        row = self.tried(self.added([fields]), lambda: self.cards.create(**fields))
        if row is None:
            return multiple()
        self.last += 1
        self.same(row, self.model[self.last])
        return row.id

    @rule(target=ids, many=st.lists(FIELDS, max_size=4))
    def create_many(self, many: list[dict[str, Any]]) -> Any:
        rows = self.tried(self.added(many), lambda: self.cards.create_many([new(Card, **fields) for fields in many]))
        if rows is None:
            return multiple()
        for row in rows:
            self.last += 1
            self.same(row, self.model[self.last])
        return multiple(*(row.id for row in rows))

    @rule(id=ids, changes=CHANGES)
    def update(self, id: int, changes: dict[str, Any]) -> None:
        assignments = [getattr(Card, name).to(value) for name, value in changes.items()]
        if id not in self.model or self.model[id].deleted:
            with pytest.raises(NoRowError):
                self.cards.update(id, *assignments)
            return
        cards = self.model | {id: replace(self.model[id], **changes)}
        row = self.tried(cards, lambda: self.cards.update(id, *assignments))
        if row is not None:
            self.same(row, self.model[id])

    @rule(some=st.lists(ids, max_size=4, unique=True), rank=RANKS)
    def update_many(self, some: list[int], rank: int | None) -> None:
        live = [id for id in some if id in self.model and not self.model[id].deleted]
        assert self.cards.update_many(some, Card.rank.to(rank)) == len(live)
        self.model |= {id: replace(self.model[id], rank=rank) for id in live}

    @rule(some=st.dictionaries(ids, CHANGES, max_size=3))
    def update_each(self, some: dict[int, dict[str, Any]]) -> None:
        given = {id: [getattr(Card, n).to(v) for n, v in changes.items()] for id, changes in some.items()}
        cards = dict(self.model)
        for id, changes in some.items():
            if id not in cards or cards[id].deleted:
                with pytest.raises((NoRowError, UniqueViolation)):
                    self.cards.update_each(given)
                return
            cards[id] = replace(cards[id], **changes)
            if not self.fits(list(cards.values())):  # also when a later change would end the clash
                with pytest.raises(UniqueViolation):
                    self.cards.update_each(given)
                return
        for row in self.cards.update_each(given):
            self.same(row, cards[row.id])
        self.model = cards

    @rule(id=ids)
    def delete(self, id: int) -> None:
        if id not in self.model or self.model[id].deleted:
            with pytest.raises(NoRowError):
                self.cards.delete(id)
            return
        self.model[id] = replace(self.model[id], deleted=True)
        self.same(self.cards.delete(id), self.model[id])

    @rule(some=st.lists(ids, max_size=5))
    def delete_many(self, some: list[int]) -> None:
        live = {id for id in some if id in self.model and not self.model[id].deleted}
        assert self.cards.delete_many(some) == len(live)
        self.model |= {id: replace(self.model[id], deleted=True) for id in live}

    @rule(id=ids)
    def restore(self, id: int) -> None:
        if id not in self.model or not self.model[id].deleted:
            with pytest.raises(NoRowError):
                self.cards.restore(id)
            return
        cards = self.model | {id: replace(self.model[id], deleted=False)}
        row = self.tried(cards, lambda: self.cards.restore(id))
        if row is not None:
            self.same(row, self.model[id])

    @rule(id=consumes(ids))
    def purge(self, id: int) -> None:
        if id not in self.model:
            with pytest.raises(NoRowError):
                self.cards.purge(id)
            return
        self.same(self.cards.purge(id), self.model.pop(id))

    # What is asked.

    @rule(id=ids)
    def get(self, id: int) -> None:
        row = self.cards.find(id)
        if id in self.model and not self.model[id].deleted:
            assert row is not None
            self.same(row, self.model[id])
            assert self.cards.get(id) == row
        else:
            assert row is None

    @rule(some=st.lists(ids, max_size=5))
    def find_many(self, some: list[int]) -> None:
        wanted = [id for id in dict.fromkeys(some) if id in self.model and not self.model[id].deleted]
        assert [row.id for row in self.cards.find_many(some)] == wanted

    @rule(sort=st.sampled_from(["", "-id", "rank", "-rank", "rank,-name", "-rank,name"]), limit=st.integers(1, 4))
    def page(self, sort: str, limit: int) -> None:
        found: list[int] = []
        page = self.cards.page(sort=sort, limit=limit, total=True)
        assert page.total == len(self.live())
        found += [row.id for row in page.items]
        while page.next_cursor is not None:
            page = self.cards.page(sort=sort, limit=limit, cursor=page.next_cursor)
            found += [row.id for row in page.items]
        assert sorted(found) == sorted(card.id for card in self.live())
        ranks = [-1 if self.model[id].rank is None else self.model[id].rank for id in found]
        if "rank" in sort:
            assert ranks == sorted(ranks, reverse=sort.startswith("-"), key=lambda rank: rank or 0)

    @rule(text=st.sampled_from(["red", "green red", "C", "C++", "50%", "%", "漢", "50", "nothing", ""]))
    def search(self, text: str) -> None:
        def holds(words: str) -> bool:
            whole = words.replace("C++", "C C++").replace("50%", "50 50% %").replace("漢字", "漢字 漢").split()
            return bool(text) and all(word in whole for word in text.split())

        wanted = [card.id for card in self.live() if holds(card.words)]
        assert sorted(row.id for row in self.cards.search(text)) == sorted(wanted)

    @rule(rank=RANKS)
    def count(self, rank: int | None) -> None:
        wanted = [card for card in self.live() if card.rank == rank]
        assert self.cards.count(Card.rank == rank) == len(wanted)
        assert self.cards.exists(Card.rank == rank) == bool(wanted)
        ranks = [card.rank for card in self.live()]
        assert self.cards.count_by(Card.rank) == {one: ranks.count(one) for one in set(ranks)}

    @invariant()
    def holds_what_the_dictionary_holds(self) -> None:
        rows = self.cards.select().with_deleted().order_by(Card.id).all()
        assert [row.id for row in rows] == sorted(self.model)
        for row in rows:
            self.same(row, self.model[row.id])
        assert [row.id for row in self.cards.all(order_by=[Card.id])] == sorted(card.id for card in self.live())


class StandardCards(Cards):
    """The same with the other driver."""

    driver: DriverName = "sqlite3"


class Tree(RuleBasedStateMachine):
    """Owners over several levels: deleting and restoring keeps what the words promise."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.library = Library(self.stack.enter_context(memory_database(TABLES)))
        self.repositories: dict[str, Any] = {
            "rooms": self.library.rooms,
            "shelves": self.library.shelves,
            "books": self.library.books,
            "readers": self.library.readers,
            "loans": self.library.loans,
        }
        self.names = 0

    def teardown(self) -> None:
        self.stack.close()

    def pick(self, table: type[Table], place: int) -> Any:
        """A key of a table, of a live row or of a deleted one."""
        keys = [row.to_dict()[table.__declaration__.primary_key[0].name] for row in self.rows(table)]
        return keys[place % len(keys)] if keys else (999 if table is not Reader else "nobody")

    def rows(self, table: type[Table]) -> list[Table]:
        return self.library.db.select(table).with_deleted().all()

    @rule()
    def room(self) -> None:
        self.names += 1
        self.library.rooms.create(name=str(self.names))

    @rule()
    def reader(self) -> None:
        self.names += 1
        self.library.readers.create(email=str(self.names), name="x")

    @rule(place=st.integers(0, 5), inside=st.none() | st.integers(0, 8))
    def shelf(self, place: int, inside: int | None) -> None:
        self.names += 1
        room = self.pick(Room, place)
        parent = None if inside is None else self.pick(Shelf, inside)
        self.owned(
            [(Room, room), (Shelf, parent)],
            lambda: self.library.shelves.create(room_id=room, parent_id=parent, name=str(self.names)),
        )

    @rule(place=st.integers(0, 8))
    def book(self, place: int) -> None:
        shelf = self.pick(Shelf, place)
        self.owned([(Shelf, shelf)], lambda: self.library.books.create(shelf_id=shelf, title="x"))

    @rule(place=st.integers(0, 8), reader=st.integers(0, 4))
    def loan(self, place: int, reader: int) -> None:
        book, email = self.pick(Book, place), self.pick(Reader, reader)
        if not self.library.loans.exists(Loan.book_id == book):
            self.owned([(Book, book), (Reader, email)], lambda: self.library.loans.create(book_id=book, reader=email))

    @rule(place=st.integers(0, 8), to=st.integers(0, 8))
    def move(self, place: int, to: int) -> None:
        shelf, parent = self.pick(Shelf, place), self.pick(Shelf, to)
        if self.library.shelves.find(shelf) is not None:
            self.owned([(Shelf, parent)], lambda: self.library.shelves.update(shelf, Shelf.parent_id.to(parent)))

    def owned(self, owners: list[tuple[type[Table], Any]], call: Any) -> None:
        """Runs a call that is refused exactly when one of the owners is not live."""
        wanted = [(table, key) for table, key in owners if key is not None]
        if all(key in self.library.live(table) for table, key in wanted):
            call()
            return
        before = self.library.content()
        with pytest.raises(ForeignKeyViolation):
            call()
        assert self.library.content() == before

    @rule(table=st.sampled_from([Room, Shelf, Book, Reader, Loan]), place=st.integers(0, 8), ticks=st.booleans())
    def delete_and_restore_is_nothing(self, table: type[Table], place: int, ticks: bool) -> None:
        repository, key = self.repositories[table.__declaration__.name], self.pick(table, place)
        if repository.find(key) is None:
            return
        before = self.unstamped()
        if ticks:
            self.library.clock.tick()
        repository.delete(key)
        repository.restore(key)
        assert self.unstamped() == before

    def unstamped(self) -> dict[str, list[dict[str, object]]]:
        """All rows without the moment of their last update."""
        return {
            name: [{key: value for key, value in row.to_dict().items() if key != "updated"} for row in rows]
            for name, rows in self.library.content().items()
        }

    @rule(table=st.sampled_from([Room, Shelf, Book, Reader, Loan]), place=st.integers(0, 8), ticks=st.booleans())
    def delete(self, table: type[Table], place: int, ticks: bool) -> None:
        repository, key = self.repositories[table.__declaration__.name], self.pick(table, place)
        if ticks:
            self.library.clock.tick()
        if repository.find(key) is None:
            with pytest.raises(NoRowError):
                repository.delete(key)
        else:
            assert repository.delete(key).deleted is not None

    @rule(table=st.sampled_from([Room, Shelf, Book, Reader, Loan]), place=st.integers(0, 8))
    def restore(self, table: type[Table], place: int) -> None:
        repository, key = self.repositories[table.__declaration__.name], self.pick(table, place)
        before = self.library.content()
        live = {table: set(self.library.live(table)) for table in (Room, Shelf, Book, Reader, Loan)}
        try:
            repository.restore(key)
        except (NoRowError, ConstraintViolation):
            assert self.library.content() == before
        else:
            for one, keys in live.items():
                assert keys <= set(self.library.live(one))

    @invariant()
    def no_live_row_stands_under_a_deleted_owner(self) -> None:
        shelves, books = self.library.shelves.all(), self.library.books.all()
        rooms, readers = set(self.library.live(Room)), set(self.library.live(Reader))
        live_shelves, live_books = {row.id for row in shelves}, {row.id for row in books}
        assert {row.room_id for row in shelves} <= rooms
        assert {row.parent_id for row in shelves} - {None} <= live_shelves
        assert {row.shelf_id for row in books} <= live_shelves
        loans = self.library.loans.all()
        assert {row.book_id for row in loans} <= live_books
        assert {row.reader for row in loans} <= readers


QUICK = settings(max_examples=30, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow])
TestCards = Cards.TestCase
TestCards.settings = QUICK
TestStandardCards = StandardCards.TestCase
TestStandardCards.settings = QUICK
TestTree = Tree.TestCase
TestTree.settings = settings(QUICK, max_examples=40, stateful_step_count=30)
