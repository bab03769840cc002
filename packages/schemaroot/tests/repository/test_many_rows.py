"""The verbs over many rows: all or nothing, and the place of what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from schemaroot import New, Repository, new
from schemaroot.errors import (
    CheckViolation,
    EmptyUpdateError,
    ForeignKeyViolation,
    InvalidArgumentsError,
    InvalidValueError,
    MissingFilterError,
    NoRowError,
    UniqueViolation,
)
from schemaroot.testing import statements

from .library import Book, Library, Room, Shelf, Supplier, Thing

MANY = 30_000


def things(count: int) -> list[New[Thing]]:
    return [new(Thing, number=number, name=f"thing {number}") for number in range(count)]


def test_thirty_thousand_rows_are_created_changed_and_deleted_in_one_transaction_each(library: Library) -> None:
    repository = library.things

    made = repository.create_many(things(MANY))
    ids = [row.id for row in made]

    assert [row.number for row in made] == list(range(MANY))
    assert ids == sorted(set(ids))
    assert repository.find_many(ids[::-1]) == made[::-1]
    with statements(library.db, transactions=True) as ran:
        assert repository.update_many(ids, Thing.label.to("seen")) == MANY
    assert [word for word in ran if word.split()[0] in ("BEGIN", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert repository.count(Thing.label == "seen") == MANY
    with statements(library.db, transactions=True) as ran:
        assert repository.delete_many(ids) == MANY
    assert [word for word in ran if word.split()[0] in ("BEGIN", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert repository.count() == 0
    assert repository.delete_many(ids) == 0


def test_many_rows_take_few_statements(library: Library) -> None:
    with statements(library.db) as ran:
        library.things.create_many(things(2000))
    created = len(ran)
    with statements(library.db) as ran:
        library.things.update_many(range(1, 2001), Thing.name.to("x"))
    changed = len(ran)

    assert created <= 40
    assert changed == 2


def test_a_refused_row_in_the_middle_undoes_all_and_tells_its_place(library: Library) -> None:
    library.suppliers.create(code="s200")
    rows = [new(Supplier, code=f"s{number}") for number in range(500)]

    with pytest.raises(UniqueViolation) as refused:
        library.suppliers.create_many(rows)

    assert (refused.value.row, refused.value.columns, refused.value.value) == (200, ("code",), "s200")
    assert library.suppliers.count() == 1


def test_a_refused_row_tells_its_place_also_among_rows_with_different_columns(library: Library) -> None:
    rows = [new(Supplier, code="a"), new(Supplier, code="b").with_(Supplier.id.to(50)), new(Supplier, code="a")]

    with pytest.raises(UniqueViolation) as refused:
        library.suppliers.create_many(rows)

    assert refused.value.row == 2
    assert library.suppliers.count() == 0


def test_a_missing_owner_in_the_middle_undoes_all_and_tells_its_place(library: Library) -> None:
    shelf = library.shelf()
    rows = [new(Book, shelf_id=shelf.id if number != 7 else 999, title=str(number)) for number in range(20)]

    with pytest.raises(ForeignKeyViolation) as refused:
        library.books.create_many(rows)

    assert refused.value.columns == ("shelf_id",)
    assert library.books.count() == 0


def test_creating_no_rows_is_nothing(library: Library) -> None:
    assert library.things.create_many([]) == []
    assert library.books.create_many(iter([])) == []


def test_rows_may_come_one_by_one(library: Library) -> None:
    def some() -> Iterator[New[Thing]]:
        yield new(Thing, name="a")
        yield new(Thing, name="b")

    assert [row.name for row in library.things.create_many(some())] == ["a", "b"]


def test_created_rows_carry_what_the_database_computes(library: Library) -> None:
    made = library.things.create_many(things(20))

    assert [row.double for row in made] == [number % 7 for number in range(20)]
    assert made == library.things.all(order_by=[Thing.id])


def test_find_many_keeps_the_order_and_leaves_out_what_is_not_there(library: Library) -> None:
    made = library.things.create_many(things(4))
    library.things.delete(made[1].id)

    found = library.things.find_many([made[3].id, 999, made[1].id, made[0].id, made[3].id])

    assert found == [made[3], made[0]]
    assert library.things.find_many([]) == []


def test_find_many_over_several_statements_sees_one_moment(library: Library) -> None:
    ids = [row.id for row in library.things.create_many(things(2500))]

    with statements(library.db, transactions=True) as ran:
        assert len(library.things.find_many(ids)) == 2500

    assert ran[0] == "BEGIN DEFERRED"
    assert ran[-1] == "ROLLBACK"


def test_update_many_changes_live_rows_alone(library: Library) -> None:
    made = library.things.create_many(things(3))
    library.things.delete(made[0].id)

    assert library.things.update_many([made[0].id, made[1].id, made[1].id, 999], Thing.name.to("x")) == 1

    names = [row.name for row in library.things.select().with_deleted().order_by(Thing.id).all()]
    assert names == ["thing 0", "x", "thing 2"]


def test_update_many_refuses_whole(library: Library) -> None:
    made = [library.suppliers.create(code=str(number)) for number in range(1500)]
    ids = [row.id for row in made]

    with pytest.raises(UniqueViolation):
        library.suppliers.update_many(ids, Supplier.code.to("same"))
    with pytest.raises(EmptyUpdateError):
        library.suppliers.update_many(ids)
    with pytest.raises(EmptyUpdateError):
        library.suppliers.update_many([])
    with pytest.raises(InvalidArgumentsError):
        library.suppliers.update_many(ids, Room.name.to("x"))  # type: ignore[arg-type]  # the wrong table is the point
    with pytest.raises(CheckViolation):
        library.books.create(shelf_id=library.shelf().id, title="x", pages=2)
        library.books.update_many([1], Book.pages.to(Book.pages - 3))

    assert library.suppliers.all(order_by=[Supplier.id]) == made
    assert library.suppliers.update_many([], Supplier.code.to("x")) == 0


def test_update_each_gives_every_row_its_own_changes(library: Library) -> None:
    made = library.things.create_many(things(3))

    changed = library.things.update_each(
        {made[2].id: [Thing.name.to("third")], made[0].id: [Thing.name.to("first"), Thing.flag.to(True)]}
    )

    assert [(row.name, row.flag) for row in changed] == [("third", False), ("first", True)]
    assert library.things.get(made[1].id) == made[1]
    assert library.things.update_each({}) == []


def test_update_each_undoes_all_when_one_is_refused(library: Library) -> None:
    made = [library.suppliers.create(code=str(number)) for number in range(3)]
    first, second, third = (row.id for row in made)

    with pytest.raises(NoRowError, match="suppliers 999"):
        library.suppliers.update_each({first: [Supplier.code.to("x")], 999: [Supplier.code.to("y")]})
    with pytest.raises(UniqueViolation) as refused:
        library.suppliers.update_each({first: [Supplier.code.to("x")], second: [Supplier.code.to("2")]})
    with pytest.raises(InvalidValueError):
        library.suppliers.update_each(
            {first: [Supplier.code.to("x")], second: [Supplier.code.to("\0")], third: [Supplier.code.to("y")]}
        )

    assert refused.value.row == 1
    assert library.suppliers.all(order_by=[Supplier.id]) == made


def test_names_can_be_exchanged_between_rows_step_by_step(library: Library) -> None:
    first, second = library.suppliers.create(code="a"), library.suppliers.create(code="b")

    with library.db.transaction():
        library.suppliers.update(first.id, Supplier.code.to("\x01"))
        library.suppliers.update(second.id, Supplier.code.to("a"))
        library.suppliers.update(first.id, Supplier.code.to("b"))

    assert [row.code for row in library.suppliers.all(order_by=[Supplier.id])] == ["b", "a"]


def test_delete_many_of_a_table_without_soft_delete(library: Library) -> None:
    made = library.suppliers.create_many([new(Supplier, code=str(number)) for number in range(1500)])
    library.deliveries.create(supplier="7")

    assert library.suppliers.delete_many([row.id for row in made[:1400]] + [999_999, made[0].id]) == 1400

    assert library.suppliers.count() == 100
    assert library.deliveries.count() == 0


def test_all_sorts_and_limits(library: Library) -> None:
    library.things.create_many(things(5))

    found = library.things.all(Thing.number > 0, order_by=[Thing.number.desc()], limit=2)

    assert [row.number for row in found] == [4, 3]
    assert library.things.all(limit=0) == []
    with pytest.raises(InvalidArgumentsError, match="limit"):
        library.things.all(limit=-1)
    with pytest.raises(MissingFilterError):
        library.things.all(None)  # type: ignore[arg-type]  # what is missing is the point


def test_a_transaction_around_several_repositories_is_all_or_nothing(library: Library) -> None:
    with pytest.raises(NoRowError), library.db.transaction():
        room = library.rooms.create(name="x")
        shelf = library.shelves.create(room_id=room.id, name="y")
        library.books.create_many([new(Book, shelf_id=shelf.id, title=str(number)) for number in range(10)])
        library.books.get(999)

    assert [library.rooms.count(), library.shelves.count(), library.books.count()] == [0, 0, 0]


def test_a_refused_bulk_inside_a_transaction_leaves_what_came_before(library: Library) -> None:
    with library.db.transaction():
        library.suppliers.create(code="kept")
        with pytest.raises(UniqueViolation):
            library.suppliers.create_many([new(Supplier, code="a"), new(Supplier, code="a")])
        with pytest.raises(NoRowError):
            library.suppliers.update_each({1: [Supplier.code.to("changed")], 999: [Supplier.code.to("x")]})

    assert [row.code for row in library.suppliers.all()] == ["kept"]


def test_two_repositories_of_one_table_see_the_same_rows(library: Library) -> None:
    other = Repository(library.db, Room)

    with library.db.transaction():
        room = library.rooms.create(name="x")
        assert other.get(room.id) == room
        assert other.update(room.id, Room.name.to("y")) == library.rooms.get(room.id)


def test_explicit_moments_of_deletion_are_kept(library: Library) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    room = library.rooms.create(name="x")
    library.rooms.delete(room.id)

    made = library.shelves.create_many([new(Shelf, room_id=room.id, name="y").with_(Shelf.deleted.to(moment))])

    assert made[0].deleted == moment
