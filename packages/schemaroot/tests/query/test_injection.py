"""Hostile names are quoted, hostile values are parameters, and neither is ever read as SQL or Python."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot import (
    Col,
    Database,
    Index,
    JsonValue,
    Ref,
    Table,
    Unique,
    auto_id,
    blob,
    integer,
    json,
    new,
    param,
    references,
    text,
)
from schemaroot.engine.driver import DriverName
from schemaroot.errors import (
    DeclarationError,
    ForeignKeyViolation,
    InvalidArgumentsError,
    InvalidValueError,
    UniqueViolation,
)

from ..engine.shop import DRIVERS, url_of

NAMES = [
    "select",
    "Order By",
    "group",
    "table",
    "values",
    'quo"ted',
    'two""',
    "it's",
    "back`tick",
    "[brackets]",
    "semi;colon",
    "comment--",
    "/* comment */",
    "a.b",
    "a, b",
    " leading and trailing ",
    "line\nbreak",
    "tab\tstop",
    "100%",
    "%s %(name)s",
    "?1",
    ":name",
    "@name",
    "$1",
    "{braces}",
    "back\\slash",
    "x VALUES (1)",
    '"; DROP TABLE canaries; --',
    "'; DROP TABLE canaries; --",
    "naïve 🖋",
    "x) RETURNING (y",
]

VALUES = [
    "'; DROP TABLE canaries; --",
    '"; DROP TABLE canaries; --',
    "' OR '1'='1",
    "' OR 1=1 --",
    "1; DELETE FROM canaries",
    "1 OR 1=1",
    "x' UNION SELECT sql FROM sqlite_schema --",
    "'||(SELECT 1)||'",
    "') --",
    '"]}',
    '["a"]',
    '{"a": 1}',
    "null",
    "?",
    "?1",
    ":name",
    "%s",
    "%(name)s",
    "%",
    "_",
    "\\",
    "\\'",
    "a\nb; DROP TABLE canaries",
    "/*",
    "--",
    "𝕏 ＇ ʼ ' ",
    "{0.__class__}",
    "__import__('os')",
    "' + str(1) + '",
    "\x01\x1f\x7f",
    "",
    " ",
]


class Canary(Table, name="canaries"):
    id: Col[int] = auto_id()


class Note(Table, name="notes", unique=[Unique("words")], search=["words"]):
    id: Col[int] = auto_id()
    words: Col[str] = text()
    tags: Col[list[str]] = json(default_factory=list)
    mapping: Col[dict[str, JsonValue]] = json(default_factory=dict)
    raw: Col[bytes] = blob(default=b"")
    rank: Col[int] = integer(default=0)


def check_canary(db: Database) -> None:
    """The table that hostile input wants to drop is there, and whole."""
    assert db.select(Canary).count() == 1


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def notes(tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    """A note for each hostile value."""
    with Database.create(url_of(tmp_path / "notes.db"), [Canary, Note], driver=driver, durability="off") as made:
        made.insert(Canary)
        made.insert_many(
            [new(Note, words=value, tags=[value], mapping={value: value}, raw=value.encode()) for value in VALUES]
        )
        yield made
        check_canary(made)
        assert made.select(Note).count() == len(VALUES)


def test_hostile_values_come_back_as_they_are(notes: Database) -> None:
    rows = notes.select(Note).order_by(Note.id).all()

    assert [row.words for row in rows] == VALUES
    assert [row.tags for row in rows] == [[value] for value in VALUES]
    assert [row.mapping for row in rows] == [{value: value} for value in VALUES]
    assert [row.raw for row in rows] == [value.encode() for value in VALUES]


def test_a_hostile_value_finds_its_row_alone(notes: Database) -> None:
    for value in VALUES:
        check_found(notes, value)


def check_found(notes: Database, value: str) -> None:
    everything = notes.select(Note)
    by_words = notes.select(Note).where(Note.words == param("words", str)).prepare(param("words", str))

    for found in (
        everything.where(Note.words == value).all(),
        everything.where(Note.words.in_([value])).all(),
        everything.where(Note.tags == [value]).all(),
        everything.where(Note.mapping == {value: value}).all(),
        everything.where(Note.raw == value.encode()).all(),
        everything.where(Note.raw.in_([value.encode()])).all(),
        everything.where(sa.func.coalesce(Note.words, "x") == value).all(),
        everything.where((Note.words == value) | (Note.words == "no such words")).all(),
        by_words.all(value),
        list(everything.where(Note.words == value).stream()),
    ):
        assert [row.words for row in found] == [value]
    assert len(everything.where(Note.words != value).all()) == len(VALUES) - 1
    assert notes.all(sa.select(Note.words).where(Note.words == value)) == [(value,)]
    assert notes.all(sa.select(sa.literal(value))) == [(value,)]
    assert everything.where(Note.words.like(f"%{value}%", escape=None)).exists() or "\\" in value


def test_a_hostile_value_changes_its_row_alone(notes: Database) -> None:
    for value in VALUES:
        check_changed(notes, value)
        notes.update(Note).set(Note.rank.to(0)).all_rows().run()


def check_changed(notes: Database, value: str) -> None:
    assert notes.update(Note).set(Note.rank.to(1), Note.tags.to([value, value])).where(Note.words == value).run() == 1
    assert [row.words for row in notes.select(Note).where(Note.rank == 1).all()] == [value]
    row = notes.upsert(new(Note, words=value, rank=2), on=[Note.words])
    assert [one.words for one in notes.select(Note).where(Note.rank == 2).all()] == [value]
    with pytest.raises(UniqueViolation) as caught:
        notes.insert(Note, words=value)
    assert (caught.value.columns, caught.value.value) == (("words",), value)
    assert notes.delete(Note).where(Note.words == value).run() == 1
    assert notes.select(Note).count() == len(VALUES) - 1
    notes.insert_new(new(Note, words=value).with_(Note.id.to(row.id)))


def test_hostile_values_nest_under_their_parents(tmp_path: Path, driver: DriverName) -> None:
    class Parent(Table, name="parents"):
        key: Col[str] = text(primary_key=True)

    class Child(Table, name="children"):
        id: Col[int] = auto_id()
        parent: Ref[Parent, str] = references(lambda: Parent.key)

    with Database.create(url_of(tmp_path / "nested.db"), [Canary, Parent, Child], driver=driver) as db:
        db.insert(Canary)
        db.insert_many([new(Parent, key=value) for value in VALUES])
        db.insert_many([new(Child, parent=value) for value in VALUES * 2])
        with pytest.raises(ForeignKeyViolation) as caught:
            db.insert(Child, parent="'; DROP TABLE parents; --")

        found = db.select(Parent).with_many(Child.parent).count_many(Child.parent).all()

        assert caught.value.value == "'; DROP TABLE parents; --"
        assert {parent.key: [child.parent for child in children] for parent, children, _ in found} == {
            value: [value, value] for value in VALUES
        }
        assert {count for _, _, count in found} == {2}
        check_canary(db)


def test_a_number_is_a_number(notes: Database) -> None:
    values: list[Any] = ["1; DROP TABLE canaries", "1 OR 1=1", b"1", 1.5, [1]]
    for value in values:
        with pytest.raises(InvalidValueError):
            notes.select(Note).where(Note.rank == value).all()
        with pytest.raises(InvalidValueError):
            notes.insert(Note, words="x", rank=value)
        for method in ("limit", "offset"):
            with pytest.raises(InvalidArgumentsError):
                getattr(notes.select(Note), method)(value)


def test_a_text_is_no_column_to_sort_by(notes: Database) -> None:
    for name in ("words", "words = words --", "1", "id; DROP TABLE canaries"):
        for query in (notes.select(Note), notes.select(Note).columns(Note.id)):
            with pytest.raises(InvalidArgumentsError, match=r"order_by\(\) takes columns"):
                query.order_by(name)  # type: ignore[arg-type]  # on purpose
        with pytest.raises(InvalidArgumentsError, match=r"columns\(\) takes columns"):
            notes.select(Note).columns(name)  # type: ignore[call-overload]  # on purpose
        with pytest.raises(InvalidArgumentsError, match=r"group_by\(\) takes columns"):
            notes.select(Note).columns(Note.id).group_by(name)  # type: ignore[arg-type]  # on purpose


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "driver"), [(name, DRIVERS[place % 2]) for place, name in enumerate(NAMES)])
def test_a_table_may_have_any_name(tmp_path: Path, driver: DriverName, name: str) -> None:
    class Odd(
        Table,
        name=name,
        search=["words"],
        unique=[Unique("words", nulls_equal=True)],
        indexes=[Index("-number", "words"), Index("number", where=lambda: Odd.number > 3, name="ix_some")],
    ):
        id: Col[int] = auto_id()
        words: Col[str | None] = text(default=None)
        number: Col[int] = integer(default=0)

    class Child(Table, name=f"{name} 2"):
        id: Col[int] = auto_id()
        odd: Ref[Odd, int | None] = references(lambda: Odd.id, default=None, on_delete="cascade")

    path = tmp_path / "odd.db"
    with Database.create(url_of(path), [Canary, Odd, Child], driver=driver, durability="off") as db:
        db.insert(Canary)
        one = db.insert(Odd, words="one")
        rows = db.insert_many([new(Odd, words=f"{number}", number=number) for number in range(5)])
        db.insert_many([new(Child, odd=row.id) for row in rows[:2] for _ in range(2)])
        changed = db.upsert(new(Odd, words="one", number=9), on=[Odd.words])

        assert (changed.id, changed.number) == (one.id, 9)
        assert db.select(Odd).where(Odd.number > 3).order_by(Odd.number.desc()).limit(1).all() == [changed]
        assert [len(children) for _, children in db.select(Odd).order_by(Odd.id).with_many(Child.odd).all()] == [
            0,
            2,
            2,
            0,
            0,
            0,
        ]
        some = db.select(Child).order_by(Child.id).limit(1)
        assert [len(children) for _, children in db.select(Odd).order_by(Odd.id).with_many(Child.odd, some).all()] == [
            0,
            1,
            1,
            0,
            0,
            0,
        ]
        assert [odd and odd.id for _, odd in db.select(Child).with_one(Child.odd).all()] == [2, 2, 3, 3]
        assert (db.select(Odd).count(), db.select(Odd).where(Odd.words == "none").exists()) == (6, False)
        assert len(list(db.select(Odd).stream())) == 6
        assert db.all(sa.select(sa.func.max(Odd.number), sa.func.count(Odd.words))) == [(9, 6)]
        assert len(db.update(Odd).set(Odd.number.to(Odd.number + 1)).where(Odd.words == "one").returning()) == 1
        with pytest.raises(UniqueViolation) as unique:
            db.insert(Odd, words="one")
        assert (unique.value.table, unique.value.columns) == (name, ("words",))
        with pytest.raises(ForeignKeyViolation) as foreign:
            db.insert(Child, odd=99)
        assert (foreign.value.table, foreign.value.columns) == (f"{name} 2", ("odd",))
        assert db.delete(Odd).where(Odd.id == rows[0].id).run() == 1
        assert db.select(Child).count() == 2
        check_canary(db)
    with Database.open(url_of(path), driver=driver, check=True) as db:
        assert db.select(Odd).count() == 5


class Keywords(Table, name="keywords", indexes=[Index("order", "-group")], unique=[Unique("select", "where")]):
    id: Col[int] = auto_id()
    select: Col[str] = text(default="")
    where: Col[str] = text(default="")
    order: Col[int] = integer(default=0)
    group: Col[int | None] = integer(default=None)
    values: Col[list[str]] = json(default_factory=list)
    table: Col[str] = text(default="")
    default: Col[str] = text(default="")
    index: Col[int] = integer(default=0)
    limit: Col[int] = integer(default=0)
    type: Col[str] = text(default="")
    column: Col[str] = text(default="")
    label: Col[str] = text(default="")
    key: Col[str] = text(default="")
    shape: Col[str] = text(default="")
    connection: Col[str] = text(default="")
    self: Col[str] = text(default="")
    row: Col[str] = text(default="")
    make: Col[str] = text(default="")
    bind: Col[str] = text(default="")
    rowid: Col[str] = text(default="")


def test_columns_may_be_called_like_words_of_sql_and_of_python(tmp_path: Path, driver: DriverName) -> None:
    with Database.create(url_of(tmp_path / "keywords.db"), [Keywords], driver=driver, durability="off") as db:
        one = db.insert(Keywords, select="a", where="b", order=1, values=["x"], self="me", key="k", type="t")
        more = db.insert_many([new(Keywords, select=f"{number}", group=number, limit=number) for number in range(5)])
        again = db.upsert(new(Keywords, select="a", where="b", order=7), on=[Keywords.select, Keywords.where])

        assert (one.self, one.values, one.key, one.type) == ("me", ["x"], "k", "t")
        assert (again.id, again.order) == (one.id, 7)
        found = (
            db.select(Keywords)
            .where(Keywords.group >= 2, Keywords.limit < 4)
            .order_by(Keywords.order, Keywords.group.desc())
            .limit(5)
        )
        assert [row.group for row in found.all()] == [3, 2]
        assert found.columns(Keywords.select, Keywords.index, Keywords.table).first() == ("3", 0, "")
        change = db.update(Keywords).set(Keywords.default.to("d"), Keywords.bind.to("e"))
        assert change.where(Keywords.id == 2).run() == 1
        assert db.select(Keywords).where(Keywords.id == 2).one().to_dict()["bind"] == "e"
        counted = sa.select(Keywords.group, sa.func.count()).group_by(Keywords.group).order_by(Keywords.group)
        assert db.all(counted)[0] == (None, 1)
        assert len(more) == 5


COLUMNS = [
    'quo"ted',
    "it's",
    "semi;colon",
    "a b",
    "a.b",
    "a, b",
    "x=print('injected')",
    "x): pass\nprint('injected')\ndef bind(y",
    "x]",
    "1a",
    "a-b",
    "class",
    "lambda",
]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_is_no_python_name_is_refused_when_it_is_declared(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a name cannot be written as an attribute; it would end up in generated code."""

    def body(namespace: dict[str, Any]) -> None:
        namespace["__annotations__"] = {"id": Col[int], name: Col[str]}
        namespace["id"] = auto_id()
        namespace[name] = text(default="")

    with pytest.raises(DeclarationError, match="is no Python name"):
        types.new_class("Odd", (Table,), {"name": "odd"}, body)
    assert capsys.readouterr().out == ""
