"""Every public method of databases, statements and repositories, given what nobody should give.

Each call below is made with every value of `VALUES`. The values that it takes are named beside it; every other one must
be refused by an error of the tree, and nothing may be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from schemaroot import (
    MISSING,
    Database,
    Repository,
    new,
    param,
    parse_insert,
    parse_insert_json,
    parse_update,
    rows_to_json,
)
from schemaroot.errors import (
    InvalidArgumentsError,
    InvalidValueError,
    MissingFilterError,
    NoRowError,
    SchemarootError,
)

from .library import TABLES, Book, Room, Shelf, undone


class Unprintable:
    """Something that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


class Desk(NamedTuple):
    """What the calls are made on."""

    db: Database
    books: Repository[Book]
    rooms: Repository[Room]
    by_id: Any
    core: Any


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Database.memory(TABLES) as db:
        db.insert(Room, name="North")
        db.insert(Shelf, room_id=1, name="A")
        db.insert_many([new(Book, shelf_id=1, title=f"Book {number}", body="sea") for number in range(3)])
        id = param("id", int)
        by_id = db.select(Book).where(Book.id == id).prepare(id)
        core = db.prepare(sa.select(Book.id).where(Book.id == sa.bindparam("id")))
        yield Desk(db, Repository(db, Book), Repository(db, Room), by_id, core)


VALUES: dict[str, Any] = {
    "none": None,
    "missing": MISSING,
    "object": object(),
    "unprintable": Unprintable(),
    "true": True,
    "minus one": -1,
    "zero": 0,
    "half": 0.5,
    "nan": math.nan,
    "infinite": math.inf,
    "2**70": 2**70,
    "10**5000": 10**5000,
    "-10**5000": -(10**5000),
    "empty text": "",
    "text": "x",
    "surrogate": "\ud800",
    "nul": "\0",
    "bytes": b"x",
    "moment without zone": datetime(2024, 1, 1),
    "list": [],
    "list of none": [None],
    "list of objects": [object()],
    "list of lists": [[]],
    "list of int": [1],
    "tuple": (),
    "set": {1},
    "dict": {},
    "dict of int": {"a": 1},
    "class": int,
    "function": lambda: 1,
    "table": Book,
    "other table": Room,
    "column": Book.id,
    "condition": Book.id == 1,
    "assignment": Book.title.to("y"),
    "other assignment": Room.name.to("y"),
    "new": new(Book, shelf_id=1, title="n"),
    "other new": new(Room, name="South"),
    "parameter": param("p", int),
    "text()": sa.text("1"),
    "select": sa.select(Book.id),
    "true()": sa.true(),
    "function of SQL": sa.func.count(),
    "database": "the database",
    "query": "a query",
    "row": "a row",
}

CONDITIONS = "condition text() true()"
EXPRESSIONS = f"{CONDITIONS} column"
SQL = f"{EXPRESSIONS} select"
EMPTY = "list tuple dict"
KEYS = ("list", "tuple", "dict", "set", "list of int")
BEYOND = ("2**70", "10**5000", "-10**5000")
WHOLE = ("minus one", "zero", *BEYOND)


def names(*groups: str | tuple[str, ...]) -> set[str]:
    """The names of values, from words and from tuples of names that hold spaces."""
    return {name for group in groups for name in (group.split() if isinstance(group, str) else group)}


Call = Callable[[Desk, Any], object]

CALLS: dict[str, tuple[Call, set[str]]] = {
    # --- opening
    "open": (lambda d, v: Database.open(v), names()),
    "open tables": (lambda d, v: Database.open("sqlite:///:memory:", tables=v), names(EMPTY)),
    "open driver": (lambda d, v: Database.open("sqlite:///:memory:", driver=v), names()),
    "open durability": (lambda d, v: Database.open("sqlite:///:memory:", durability=v), names()),
    "open journal": (lambda d, v: Database.open("sqlite:///:memory:", journal=v), names()),
    "open identity": (lambda d, v: Database.open("sqlite:///:memory:", identity=v), names("none")),
    "open readers": (lambda d, v: Database.open("sqlite:///:memory:", readers=v), names("2**70 10**5000")),
    "open timeout": (lambda d, v: Database.open("sqlite:///:memory:", timeout_ms=v), names("zero half")),
    "create": (lambda d, v: Database.create(v, TABLES), names()),
    "create tables": (lambda d, v: Database.create("sqlite:///:memory:", v), names(EMPTY)),
    "create a table": (lambda d, v: Database.create("sqlite:///:memory:", [v]), names(("other table",))),
    "memory": (lambda d, v: Database.memory(v), names(EMPTY)),
    "create_tables": (lambda d, v: d.db.create_tables(v), names(EMPTY)),
    "create_indexes": (lambda d, v: d.db.create_indexes(v), names(EMPTY)),
    # --- SQLAlchemy's statements
    "all": (lambda d, v: d.db.all(v), names("select")),
    "one": (lambda d, v: d.db.one(v), names()),
    "first": (lambda d, v: d.db.first(v), names("select")),
    "stream": (lambda d, v: list(d.db.stream(v)), names("select")),
    "execute": (lambda d, v: d.db.execute(v), names()),
    "prepare": (lambda d, v: d.db.prepare(v), names("select")),
    # --- writing
    "insert": (lambda d, v: d.db.insert(v, title="x"), names()),
    "insert a number": (lambda d, v: d.db.insert(Book, shelf_id=v, title="x"), names()),
    "insert a text": (lambda d, v: d.db.insert(Book, shelf_id=1, title=v), names(("empty text", "text"))),
    "insert a document": (lambda d, v: d.db.insert(Book, shelf_id=1, title="x", tags=v), names("list tuple missing")),
    "insert_new": (lambda d, v: d.db.insert_new(v), names(("new", "other new"))),
    "insert_many": (lambda d, v: d.db.insert_many(v), names(EMPTY)),
    "insert_many of one": (lambda d, v: d.db.insert_many([v]), names(("new", "other new"))),
    "insert_many, the second": (lambda d, v: d.db.insert_many([VALUES["new"], v]), names("new")),
    "upsert": (lambda d, v: d.db.upsert(v, on=[Room.name]), names(("other new",))),
    "upsert on": (lambda d, v: d.db.upsert(new(Room, name="North"), on=v), names()),
    "upsert on one": (lambda d, v: d.db.upsert(new(Room, name="North"), on=[v]), names()),
    "upsert update": (
        lambda d, v: d.db.upsert(new(Room, name="North"), on=[Room.name], update=v),
        names(EMPTY, "none"),
    ),
    "upsert update one": (lambda d, v: d.db.upsert(new(Room, name="North"), on=[Room.name], update=[v]), names()),
    "update": (lambda d, v: d.db.update(v).set(Book.title.to("x")).where(Book.id == 1).run(), names("table")),
    "delete": (lambda d, v: d.db.delete(v).where(Book.id == 1).run(), names("table")),
    "update set": (lambda d, v: d.db.update(Book).set(v).where(Book.id == 1).run(), names("assignment")),
    "update set a text": (
        lambda d, v: d.db.update(Book).set(Book.title.to(v)).where(Book.id == 1).run(),
        names(SQL, ("empty text", "text")),
    ),
    "update set a number": (
        lambda d, v: d.db.update(Book).set(Book.pages.to(v)).where(Book.id == 1).run(),
        names(SQL, "zero"),
    ),
    "update where": (lambda d, v: d.db.update(Book).set(Book.title.to("x")).where(v).run(), names(CONDITIONS)),
    "update returning": (
        lambda d, v: d.db.update(Book).set(Book.title.to("x")).where(v).returning(),
        names(CONDITIONS),
    ),
    "delete where": (lambda d, v: d.db.delete(Book).where(v).run(), names(CONDITIONS)),
    # --- selects
    "select": (lambda d, v: d.db.select(v).all(), names(("table", "other table"))),
    "where": (lambda d, v: d.db.select(Book).where(v).all(), names(CONDITIONS)),
    "order_by": (lambda d, v: d.db.select(Book).order_by(v).all(), names(EXPRESSIONS)),
    "limit": (lambda d, v: d.db.select(Book).limit(v).all(), names("zero")),
    "offset": (lambda d, v: d.db.select(Book).offset(v).all(), names("zero")),
    "columns": (lambda d, v: d.db.select(Book).columns(v).all(), names(EXPRESSIONS, ("function of SQL",))),
    "group_by": (lambda d, v: d.db.select(Book).columns(sa.func.count()).group_by(v).all(), names("column condition")),
    "with_one": (lambda d, v: d.db.select(Book).with_one(v).all(), names()),
    "with_many": (lambda d, v: d.db.select(Shelf).with_many(v).all(), names()),
    "with_many, children": (lambda d, v: d.db.select(Shelf).with_many(Book.shelf_id, v).all(), names("none query")),
    "count_many": (lambda d, v: d.db.select(Shelf).count_many(v).all(), names()),
    "count_many, children": (lambda d, v: d.db.select(Shelf).count_many(Book.shelf_id, v).all(), names("none query")),
    "aggregate_many": (lambda d, v: d.db.select(Shelf).aggregate_many(v, sa.func.max(Book.id)).all(), names()),
    "aggregate_many, expression": (
        lambda d, v: d.db.select(Shelf).aggregate_many(Book.shelf_id, v).all(),
        names(EXPRESSIONS, ("function of SQL",)),
    ),
    "prepare a query": (lambda d, v: d.db.select(Book).prepare(v), names()),
    "limit by a parameter": (lambda d, v: d.db.select(Book).limit(param("n", int)).prepare().all(n=v), names("zero")),
    "param": (lambda d, v: param(v, int), names("text")),
    # --- filters
    "equal": (lambda d, v: d.db.select(Book).where(Book.id == v).all(), names(SQL, WHOLE, "none")),
    "not equal": (lambda d, v: d.db.select(Book).where(Book.id != v).all(), names(SQL, WHOLE, "none")),
    "less": (lambda d, v: d.db.select(Book).where(Book.id < v).all(), names(SQL, WHOLE) - {"true()"}),
    "equal to a text": (
        lambda d, v: d.db.select(Book).where(Book.title == v).all(),
        names(SQL, "none text nul", ("empty text",)),
    ),
    "before a moment": (lambda d, v: d.db.select(Book).where(Book.created < v).all(), names(SQL) - {"true()"}),
    "among": (
        lambda d, v: d.db.select(Book).where(Book.id.in_(v)).all(),
        names(KEYS, "select text()", ("list of none", "function of SQL")),
    ),
    "among one": (lambda d, v: d.db.select(Book).where(Book.id.in_([v])).all(), names(WHOLE, "none")),
    "and": (lambda d, v: d.db.select(Book).where((Book.id == 1) & v).all(), names(SQL)),
    "or": (lambda d, v: d.db.select(Book).where((Book.id == 1) | v).all(), names(SQL)),
    # --- prepared statements
    "prepared all": (lambda d, v: d.by_id.all(v), names(WHOLE, "none")),
    "prepared one": (lambda d, v: d.by_id.one(v), names()),
    "prepared first": (lambda d, v: d.by_id.first(id=v), names(WHOLE, "none")),
    "prepared one_or_none": (lambda d, v: d.by_id.one_or_none(v), names(WHOLE, "none")),
    "prepared, too many": (lambda d, v: d.by_id.all(1, v), names()),
    "prepared, another name": (lambda d, v: d.by_id.all(1, x=v), names()),
    "prepared, twice": (lambda d, v: d.by_id.all(1, id=v), names()),
    "prepared, wrong name": (lambda d, v: d.by_id.all(x=v), names()),
    "core prepared": (lambda d, v: d.core.all(id=v), names("none zero", ("minus one",))),
    "core prepared, by place": (lambda d, v: d.core.all(v), names()),
    "core prepared, another name": (lambda d, v: d.core.all(id=1, x=v), names()),
    # --- repositories
    "repository of": (lambda d, v: Repository(v, Book), names("database")),
    "repository of a table": (lambda d, v: Repository(d.db, v), names(("table", "other table"))),
    "repository's clock": (lambda d, v: Repository(d.db, Book, clock=v).delete(1), names()),
    "repository's key": (lambda d, v: Repository(d.db, Book, cursor_key=v), names("none bytes")),
    "get": (lambda d, v: d.books.get(v), names()),
    "find": (lambda d, v: d.books.find(v), names(WHOLE)),
    "create a row": (lambda d, v: d.books.create(shelf_id=1, title=v), names("text", ("empty text",))),
    "create_from": (lambda d, v: d.books.create_from(v), names("new")),
    "create_from, another": (lambda d, v: d.rooms.create_from(v), names(("other new",))),
    "update one": (lambda d, v: d.books.update(v, Book.title.to("x")), names()),
    "update one by": (lambda d, v: d.books.update(1, v), names("assignment")),
    "update one's owner": (lambda d, v: d.books.update(1, Book.shelf_id.to(v)), names(SQL)),
    "delete one": (lambda d, v: d.books.delete(v), names()),
    "restore": (lambda d, v: d.books.restore(v), names()),
    "purge": (lambda d, v: d.books.purge(v), names()),
    "repository all": (lambda d, v: d.books.all(v), names(CONDITIONS)),
    "repository all, order": (lambda d, v: d.books.all(order_by=v), names(EMPTY)),
    "repository all, order by one": (lambda d, v: d.books.all(order_by=[v]), names(EXPRESSIONS)),
    "repository all, limit": (lambda d, v: d.books.all(limit=v), names("none zero")),
    "find_many": (lambda d, v: d.books.find_many(v), names(KEYS)),
    "find_many of one": (lambda d, v: d.books.find_many([v]), names(WHOLE)),
    "create_many": (lambda d, v: d.books.create_many(v), names(EMPTY)),
    "create_many of one": (lambda d, v: d.books.create_many([v]), names("new")),
    "update_many": (lambda d, v: d.books.update_many(v, Book.title.to("x")), names(KEYS)),
    "update_many of one": (lambda d, v: d.books.update_many([v], Book.title.to("x")), names(WHOLE)),
    "update_many by": (lambda d, v: d.books.update_many([1], v), names("assignment")),
    "update_many, value": (lambda d, v: d.books.update_many([1], Book.pages.to(v)), names(SQL, "zero")),
    "update_each": (lambda d, v: d.books.update_each(v), names("dict")),
    "update_each of one": (lambda d, v: d.books.update_each({1: v}), names()),
    "update_each by": (lambda d, v: d.books.update_each({1: [v]}), names("assignment")),
    "delete_many": (lambda d, v: d.books.delete_many(v), names(KEYS)),
    "delete_many of one": (lambda d, v: d.books.delete_many([v]), names(WHOLE)),
    "page": (lambda d, v: d.books.page(v), names(CONDITIONS)),
    "page sort": (lambda d, v: d.books.page(sort=v), names(("empty text",))),
    "page limit": (lambda d, v: d.books.page(limit=v), names()),
    "page cursor": (lambda d, v: d.books.page(cursor=v), names("none")),
    "page offset": (lambda d, v: d.books.page(offset=v), names("zero")),
    "page total": (lambda d, v: d.books.page(total=v), names("true")),
    "page with_deleted": (lambda d, v: d.books.page(with_deleted=v), names("true")),
    "search": (lambda d, v: d.books.search(v), names("text surrogate nul", ("empty text",))),
    "search, condition": (lambda d, v: d.books.search("sea", v), names(CONDITIONS)),
    "search limit": (lambda d, v: d.books.search("sea", limit=v), names("zero")),
    "search offset": (lambda d, v: d.books.search("sea", offset=v), names("zero")),
    "search prefix": (lambda d, v: d.books.search("sea", prefix=v), names("true")),
    "search with_deleted": (lambda d, v: d.books.search("sea", with_deleted=v), names("true")),
    "count": (lambda d, v: d.books.count(v), names(CONDITIONS)),
    "exists": (lambda d, v: d.books.exists(v), names(CONDITIONS)),
    "count_by": (lambda d, v: d.books.count_by(v), names("column")),
    "count_by, condition": (lambda d, v: d.books.count_by(Book.state, v), names(CONDITIONS)),
    "aggregate": (lambda d, v: d.books.aggregate(v), names(("function of SQL",))),
    "aggregate, condition": (lambda d, v: d.books.aggregate(sa.func.max(Book.id), v), names(CONDITIONS)),
    # --- values
    "new": (lambda d, v: new(v, title="x"), names()),
    "new with": (lambda d, v: new(Book, shelf_id=1, title="x").with_(v), names("assignment")),
    "parse_insert": (lambda d, v: parse_insert(Book, v), names()),
    "parse_insert into": (lambda d, v: parse_insert(v, {}), names()),
    "parse_insert_json": (lambda d, v: parse_insert_json(Book, v), names()),
    "parse_update": (lambda d, v: parse_update(Book, v), names("dict")),
    "rows_to_json": (lambda d, v: rows_to_json(v), names(EMPTY)),
}


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # a select where a value is wanted
@pytest.mark.parametrize(("call", "taken"), CALLS.values(), ids=CALLS)
def test_what_a_call_does_not_take_is_refused_by_an_error_of_ours(desk: Desk, call: Call, taken: set[str]) -> None:
    stand_ins = {"database": desk.db, "query": desk.db.select(Book), "row": desk.db.select(Book).first()}
    before = [desk.db.select(table).with_deleted().all() for table in (Room, Shelf, Book)]
    wrong: list[str] = []
    for name, value in {**VALUES, **stand_ins}.items():
        outcome = "taken"
        with undone(desk.db):
            try:
                call(desk, value)
            except SchemarootError as error:
                assert error.code
                assert str(error)
                outcome = "refused"
            except Exception as error:  # that there is none is what is tested
                outcome = type(error).__name__
        if outcome != ("taken" if name in taken else "refused"):
            wrong.append(f"{name}: {outcome}")

    assert wrong == []
    assert not desk.db.in_transaction
    assert [desk.db.select(table).with_deleted().all() for table in (Room, Shelf, Book)] == before


def test_the_names_of_what_is_taken_are_those_of_values() -> None:
    assert {name for _, taken in CALLS.values() for name in taken} <= VALUES.keys()


def test_the_errors_say_what_is_wrong(desk: Desk) -> None:
    none: Any = None
    word: Any = "x"
    expected: list[tuple[Callable[[], object], type[SchemarootError], str]] = [
        (lambda: desk.db.insert_many([none]), InvalidArgumentsError, "Expected a row to store"),
        (lambda: desk.db.upsert(none, on=[Room.name]), InvalidArgumentsError, "not NoneType None"),
        (lambda: desk.books.search(none), InvalidArgumentsError, r"search\(\) takes a text"),
        (lambda: desk.books.page(limit=word), InvalidArgumentsError, "limit takes a whole number from 1 to 1000"),
        (lambda: desk.books.get(none), InvalidValueError, "books.id: null is not allowed"),
        (lambda: desk.books.find_many(word), InvalidArgumentsError, "Keys come as a list, not as str 'x'"),
        (lambda: desk.db.select(Book).where(none), MissingFilterError, "a condition"),
        (lambda: desk.by_id.all(x=1), InvalidArgumentsError, "not given its parameter 'id'"),
        (lambda: desk.by_id.all(1, x=1), InvalidArgumentsError, "has no parameter 'x'"),
        (desk.by_id.all, InvalidArgumentsError, "not given its parameter 'id'"),
        (lambda: desk.books.get(10**5000), NoRowError, "books a number of 16610 bits"),
    ]
    for call, kind, message in expected:
        with pytest.raises(kind, match=message):
            call()


def test_prepare_takes_the_statements_parameters_all_of_them_once(desk: Desk) -> None:
    a, b = param("a", int), param("b", int)
    query: Any = desk.db.select(Book).where(Book.id == a, Book.pages == b)

    assert query.prepare(b, a).all(1, 1) != []
    assert query.prepare().all(a=1, b=1) != []
    for wrong in ((a,), (a, a), (a, b, param("c", int)), (param("c", int),)):
        with pytest.raises(InvalidArgumentsError, match="has the parameters a, b"):
            query.prepare(*wrong)


def test_a_parameter_with_a_value_may_be_given_another_one(desk: Desk) -> None:
    prepared = desk.db.prepare(sa.select(Book.id).where(Book.id == sa.bindparam("id", 2)))

    assert prepared.all() == [(2,)]
    assert prepared.all(id=3) == [(3,)]
    with pytest.raises(InvalidArgumentsError, match="has no parameter 'x'"):
        prepared.all(x=3)


def test_a_parameter_of_sqlalchemys_has_no_name_that_is_ours(desk: Desk) -> None:
    with pytest.raises(InvalidArgumentsError, match="'sr_0' has a name that is ours"):
        desk.db.all(sa.select(Book.id).where(Book.id == sa.bindparam("sr_0")))
