"""Pages by offset and by cursor: stable while rows come and go, and cursors that nobody can forge."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaroot import Database, Page, Repository, new
from schemaroot.errors import InvalidArgumentsError, InvalidCursorError, UnknownFieldError
from schemaroot.repository.page import CursorCodec, SortKey
from schemaroot.testing import memory_database, statements
from schemaroot.testing.strategies import rows_of

from .library import TABLES, Book, Library, Room, Thing

SORTABLE = ["id", "number", "size", "name", "label", "flag", "moment", "data", "state", "double", "deleted"]


def walk(
    repository: Repository[Thing], sort: str, limit: int, between: Callable[[], object] = lambda: None
) -> list[Thing]:
    """The rows of all pages, one page after the other."""
    found: list[Thing] = []
    page = repository.page(sort=sort, limit=limit)
    while True:
        assert len(page.items) <= limit
        found += page.items
        if page.next_cursor is None:
            return found
        assert len(page.items) == limit
        between()
        page = repository.page(sort=sort, limit=limit, cursor=page.next_cursor)


# --- the plain cases --------------------------------------------------------------------------------------------------


def test_pages_by_offset(library: Library) -> None:
    made = library.things.create_many([new(Thing, number=number) for number in range(7)])

    pages = [library.things.page(limit=3, offset=offset) for offset in (0, 3, 6, 9)]

    assert [row for page in pages for row in page.items] == made
    assert [len(page.items) for page in pages] == [3, 3, 1, 0]
    assert [page.next_cursor is None for page in pages] == [False, False, True, True]
    assert library.things.page(limit=3, cursor=pages[1].next_cursor).items == made[6:]


def test_pages_by_cursor(library: Library) -> None:
    made = library.things.create_many([new(Thing, number=number // 2) for number in range(7)])

    assert walk(library.things, "", 3) == made
    assert walk(library.things, "-id", 2) == made[::-1]
    assert walk(library.things, "number", 1) == made
    assert walk(library.things, "-number,id", 3) == sorted(made, key=lambda row: (-(row.number or 0), row.id))


def test_the_last_page_has_no_cursor_also_when_it_is_full(library: Library) -> None:
    library.things.create_many([new(Thing) for _ in range(4)])

    first = library.things.page(limit=2)
    last = library.things.page(limit=2, cursor=first.next_cursor)

    assert len(last.items) == 2
    assert last.next_cursor is None
    assert library.things.page(limit=4).next_cursor is None
    assert library.things.page(Thing.id < 0) == Page([], None, None)


def test_conditions_and_totals(library: Library) -> None:
    library.things.create_many([new(Thing, number=number, flag=number % 2 == 0) for number in range(10)])
    library.things.delete(1)

    page = library.things.page(Thing.flag == True, limit=2, total=True)  # noqa: E712  # SQL
    rest = library.things.page(Thing.flag == True, limit=2, total=True, cursor=page.next_cursor)  # noqa: E712  # SQL

    assert [row.number for row in page.items + rest.items] == [2, 4, 6, 8]
    assert (page.total, rest.total) == (4, 4)
    assert library.things.page(with_deleted=True, total=True).total == 10
    assert library.things.page().total is None


def test_the_total_and_the_rows_are_of_one_moment(library: Library) -> None:
    with statements(library.db, transactions=True) as ran:
        library.things.page(total=True)

    assert ran[0] == "BEGIN DEFERRED"
    assert len(ran) == 4
    with statements(library.db, transactions=True) as ran:
        library.things.page()
    assert len(ran) == 1


@pytest.mark.parametrize("limit", [0, -1, 1001, 10**30])
def test_a_limit_beyond_bounds_is_refused(library: Library, limit: int) -> None:
    with pytest.raises(InvalidArgumentsError, match="from 1 to 1000"):
        library.things.page(limit=limit)


def test_odd_arguments_are_refused(library: Library) -> None:
    library.things.create_many([new(Thing) for _ in range(3)])
    cursor = library.things.page(limit=1).next_cursor

    with pytest.raises(InvalidArgumentsError, match="not at both"):
        library.things.page(cursor=cursor, offset=1)
    with pytest.raises(InvalidArgumentsError, match="offset"):
        library.things.page(offset=-1)
    with pytest.raises(InvalidArgumentsError):
        library.things.page(limit=2.5)  # type: ignore[arg-type]  # the wrong type is the point


@pytest.mark.parametrize("sort", ["unknown", "-", "--id", "tags", "secret", "id;drop", "name desc", "Name", "\0", "*"])
def test_a_sort_by_what_is_not_offered_is_refused(library: Library, sort: str) -> None:
    with pytest.raises(UnknownFieldError) as refused:
        library.things.page(sort=sort)

    assert set(refused.value.allowed) == set(SORTABLE)


def test_a_sort_forgives_blanks_and_repetition(library: Library) -> None:
    made = library.things.create_many([new(Thing, name=name) for name in ("b", "a", "c")])

    in_order = [made[1], made[0], made[2]]
    assert walk(library.things, " name , id ", 1) == in_order
    assert walk(library.things, "name,-name,name", 1) == in_order
    assert walk(library.things, "name,id,-name", 2) == in_order
    assert walk(library.things, ",,", 1) == made


def test_a_page_of_an_index_is_read_from_the_index(library: Library) -> None:
    """Both directions of a sort over columns without nulls are one comparison of row values."""
    with statements(library.db) as ran:
        page = library.books.page(sort="created", limit=1)
        shelf = library.shelf()
        library.books.create_many([new(Book, shelf_id=shelf.id, title=str(number)) for number in range(3)])
        page = library.books.page(sort="-created", limit=1)
        library.books.page(sort="-created", limit=1, cursor=page.next_cursor)

    assert "(books.created, books.id) < (?, ?)" in ran[-1]


def test_the_same_milliseconds_are_no_hindrance(library: Library) -> None:
    moment = datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)
    made = library.things.create_many([new(Thing, moment=moment) for _ in range(5)])

    assert walk(library.things, "-moment", 2) == made[::-1]


# --- any sort, rows coming and going ----------------------------------------------------------------------------------


def _compare(left: object, right: object) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    return (left > right) - (left < right)  # type: ignore[operator]  # of one type


def in_order(rows: Iterable[Thing], sort: str) -> list[Thing]:
    """The rows sorted by Python, nulls first."""
    names = [name for name in sort.split(",") if name]
    if "id" not in [name.lstrip("-") for name in names]:
        names.append("-id" if names and names[-1].startswith("-") else "id")

    def compare(left: Thing, right: Thing) -> int:
        for name in names:
            column = name.lstrip("-")
            a, b = getattr(left, column), getattr(right, column)
            if isinstance(a, str) and isinstance(b, str):
                a, b = a.encode(), b.encode()
            found = _compare(a, b)
            if found:
                return -found if name.startswith("-") else found
        return 0

    return sorted(rows, key=cmp_to_key(compare))


# Few different values, so that rows are often equal but for their key.
FEW: dict[str, st.SearchStrategy[Any]] = {
    "number": st.none() | st.integers(-1, 2) | st.sampled_from([2**63 - 1, -(2**63), 2**53 + 1]),
    "size": st.none() | st.sampled_from([0.0, -0.0, 0.1 + 0.2, 0.3, 1e300, -1e300, 5e-324]),
    "name": st.sampled_from(["", "a", "A", "b", "é", "😀", "\uffff", "a\x01"]),
    "label": st.none() | st.sampled_from(["", "x"]),
    "moment": st.none() | st.sampled_from([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]),
    "data": st.none() | st.sampled_from([b"", b"\0", b"\xff", b"ab"]),
}
THINGS = rows_of(Thing, **FEW)
SORTS = st.lists(st.tuples(st.sampled_from(SORTABLE), st.booleans()), max_size=4, unique_by=lambda pair: pair[0]).map(
    lambda pairs: ",".join(("-" if down else "") + name for name, down in pairs)
)


@dataclass
class Change:
    """What happens to the table between two pages."""

    kind: str
    row: dict[str, Any]
    place: int


CHANGES = st.lists(
    st.builds(Change, st.sampled_from(["insert", "delete", "update", "restore"]), THINGS, st.integers(0, 30)),
    max_size=6,
)


@pytest.fixture(scope="module")
def things(shared: Library) -> Repository[Thing]:
    return shared.things


@settings(max_examples=100)
@given(
    rows=st.lists(THINGS, max_size=12),
    sort=SORTS,
    limit=st.integers(1, 5),
    rounds=st.lists(CHANGES, max_size=6),
)
def test_rows_that_stay_come_exactly_once_and_in_order_whatever_happens_between_the_pages(
    things: Repository[Thing], rows: list[dict[str, Any]], sort: str, limit: int, rounds: list[list[Change]]
) -> None:
    things.database.delete(Thing).all_rows().run()
    made = things.create_many([new(Thing, **row) for row in rows])
    touched: set[int] = set()
    gone: list[int] = []
    left = iter(rounds)

    def between() -> None:
        for change in next(left, []):
            live = things.all(order_by=[Thing.id])
            if change.kind == "insert":
                touched.add(things.create(**change.row).id)
            elif change.kind == "restore" and gone:
                things.restore(gone.pop(change.place % len(gone)))
            elif live:
                id = live[change.place % len(live)].id
                touched.add(id)
                if change.kind == "delete":
                    gone.append(things.delete(id).id)
                elif change.row:
                    things.update(id, *(getattr(Thing, name).to(value) for name, value in change.row.items()))

    found = walk(things, sort, limit, between)

    stayed = [row for row in made if row.id not in touched]
    assert [row for row in found if row.id not in touched] == in_order(stayed, sort)
    assert rounds or found == in_order(made, sort)
    untouched_ids = [row.id for row in found if row.id not in touched]
    assert len(untouched_ids) == len(set(untouched_ids))


@settings(max_examples=60)
@given(rows=st.lists(THINGS, max_size=12), sort=SORTS, limit=st.integers(1, 5))
def test_pages_by_offset_and_by_cursor_give_the_same(
    things: Repository[Thing], rows: list[dict[str, Any]], sort: str, limit: int
) -> None:
    things.database.delete(Thing).all_rows().run()
    things.create_many([new(Thing, **row) for row in rows])

    by_offset = [things.page(sort=sort, limit=limit, offset=start).items for start in range(0, 12, limit)]

    assert [row for items in by_offset for row in items] == walk(things, sort, limit)


# --- cursors ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three() -> Any:
    with memory_database(TABLES) as db:
        made = Library(db)
        made.things.create_many([new(Thing, name=name, data=name.encode()) for name in ("a", "b", "c")])
        made.rooms.create_many([new(Room, name=name) for name in ("a", "b", "c")])
        yield made


def cursor_of(page: Page[Any]) -> str:
    assert page.next_cursor is not None
    return page.next_cursor


def test_a_cursor_of_another_table_is_refused(three: Library) -> None:
    cursor = cursor_of(three.rooms.page(sort="name", limit=1))

    with pytest.raises(InvalidCursorError) as refused:
        three.things.page(sort="name", limit=1, cursor=cursor)
    assert refused.value.code == "INVALID_CURSOR"


@pytest.mark.parametrize("sort", ["-name", "", "name,state", "name,-id", "state,name", "-id"])
def test_a_cursor_of_another_sort_is_refused(three: Library, sort: str) -> None:
    cursor = cursor_of(three.things.page(sort="name", limit=1))

    with pytest.raises(InvalidCursorError, match="another sort order"):
        three.things.page(sort=sort, limit=1, cursor=cursor)


def test_a_cursor_of_another_key_is_refused_and_one_of_the_same_key_is_taken(three: Library) -> None:
    mine, yours, ours = (
        Repository(three.db, Thing, cursor_key=key) for key in (b"mine" * 8, b"yours" * 8, b"mine" * 8)
    )
    cursor = cursor_of(mine.page(limit=1))

    with pytest.raises(InvalidCursorError, match="signature"):
        yours.page(limit=1, cursor=cursor)
    with pytest.raises(InvalidCursorError, match="signature"):
        three.things.page(limit=1, cursor=cursor)
    assert ours.page(limit=5, cursor=cursor).items == mine.all(Thing.id > 1)


def test_every_change_of_one_character_is_refused(three: Library) -> None:
    cursor = cursor_of(three.things.page(sort="data,name", limit=1))
    letters = "ABab01-_+/=. \n\0é\ud800"

    for place in range(len(cursor)):
        for letter in letters:
            changed = cursor[:place] + letter + cursor[place + 1 :]
            if changed != cursor:
                with pytest.raises(InvalidCursorError):
                    three.things.page(sort="data,name", limit=1, cursor=changed)
    for changed in (
        cursor + "=",
        cursor + "A",
        cursor[:-1],
        cursor[1:],
        " " + cursor,
        cursor * 2,
        "",
        "=",
        cursor.lower(),
    ):
        with pytest.raises(InvalidCursorError):
            three.things.page(sort="data,name", limit=1, cursor=changed)


@settings(max_examples=200)
@given(
    cursor=st.text()
    | st.text(st.characters(), max_size=80)
    | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))
)
def test_any_other_text_is_refused_as_a_cursor_and_by_no_other_error(three: Library, cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        three.things.page(sort="name", cursor=cursor)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200)
@given(values=st.lists(JSON, max_size=6), sort=st.sampled_from(["", *SORTABLE]))
def test_a_cursor_signed_before_the_columns_changed_is_refused_and_by_no_other_error(
    three: Library, values: list[object], sort: str
) -> None:
    """With a lasting key, a cursor may come back after a migration: signed rightly, its values of other types."""
    key = b"k" * 32
    codec = CursorCodec(Thing.__declaration__, key)
    keys = [SortKey(name, False) for name in dict.fromkeys([*([sort] if sort else []), "id"])]
    body = msgspec.json.encode([",".join(key.name for key in keys), values])
    cursor = base64.urlsafe_b64encode(codec._mac(body) + body).decode().rstrip("=")  # pyright: ignore[reportPrivateUsage]  # forging needs the key

    try:
        found = Repository(three.db, Thing, cursor_key=key).page(sort=sort, cursor=cursor)
    except InvalidCursorError:
        return
    assert len(values) == len(keys)
    assert isinstance(found.items, list)


def test_a_cursor_outlives_its_row(library: Library) -> None:
    made = library.things.create_many([new(Thing, name=name) for name in "abcd"])
    cursor = cursor_of(library.things.page(sort="name", limit=2))
    library.things.purge(made[1].id)

    assert library.things.page(sort="name", cursor=cursor).items == made[2:]


def test_a_cursor_works_with_other_conditions_and_limits(library: Library) -> None:
    made = library.things.create_many([new(Thing, name=name) for name in "abcd"])
    cursor = cursor_of(library.things.page(sort="name", limit=1))

    assert library.things.page(Thing.name != "c", sort="name", limit=7, cursor=cursor).items == [made[1], made[3]]


def test_pages_in_a_transaction_see_what_it_wrote(library: Library, db: Database) -> None:
    with db.transaction():
        made = library.things.create_many([new(Thing) for _ in range(3)])
        assert walk(library.things, "", 1) == made
        assert library.things.page(total=True).total == 3


def test_a_page_is_a_value() -> None:
    assert Page([], "x", 3) == Page([], "x", 3)
    assert all(left != right for left, right in pairwise([Page([]), Page([], "x"), Page([], "x", 1)]))
