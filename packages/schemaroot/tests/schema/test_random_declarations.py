"""A declaration is refused by us or kept by the database: nothing that the class accepts fails later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from sqlalchemy.dialects import postgresql

from schemaroot import (
    Check,
    Col,
    Database,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    blob,
    boolean,
    generated,
    integer,
    json,
    real,
    references,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.errors import DeclarationError
from schemaroot.schema.sqlalchemy import metadata


class Parent(Table, name="parents"):
    id: Col[int] = auto_id()
    number: Col[int] = integer(unique=True)
    other: Col[int] = integer()
    code: Col[str] = text()
    gone: Col[datetime | None] = soft_delete()


COLUMNS = ("id", "title", "rank", "rowid", "oid", "order", "content", "search", "title_length", "ключ")
NAMES = st.sampled_from(
    [
        *(
            "wrong",
            "Wrong",
            "parents",
            "select",
            "a b",
            'quo"ted',
            "it's",
            "%s",
            "%(x)s",
            "a%b",
            ":x",
            "$1",
            "a.b",
            "[x]",
        ),
        *("`x`", "имя", "😀", "\n", "--", "/*", ";", "x" * 63, "ix_wrong_title", "wrong_search"),
    ]
)
NUMBERS = st.sampled_from([None, 0, 1, 2])
LENGTHS = st.sampled_from([None, 0, 1])
FLAGS = st.booleans()
SELDOM = st.sampled_from([False, False, False, True])
TEXTS = st.sampled_from(["", "a", "it's", "%s", ":x", "\\", "\n", "é", "{}", "s"])
COLUMN = st.sampled_from(COLUMNS)


def maybe(**options: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    """Some of the options."""
    return st.fixed_dictionaries({}, optional=options)


def kind(
    annotations: list[object], function: Any, *, needed: dict[str, SearchStrategy[Any]] | None = None, **options: Any
) -> SearchStrategy[tuple[object, Any]]:
    """An annotation and what a column function gives for what it needs and some of its options."""
    shared = {"was": st.sampled_from(["", "", "old"]), "comment": TEXTS}
    told = st.fixed_dictionaries(needed or {}, optional={**options, **shared})
    return st.tuples(st.sampled_from(annotations), told.map(lambda given: function(**given)))


EXPRESSIONS = [lambda: Parent.id, lambda: "id", lambda: None, lambda: own("id"), lambda: own("order")]
TARGETS = [lambda: Parent.id, lambda: Parent.number, lambda: Parent.other, lambda: Parent.code]

KINDS = st.one_of(
    kind([Col[int]], auto_id),
    kind(
        [Col[int], Col[int | None], Col[Literal[1, 2]], Col[Literal[-1]]],
        integer,
        default=st.one_of(st.none(), NUMBERS),
        minimum=NUMBERS,
        maximum=NUMBERS,
        primary_key=SELDOM,
        unique=FLAGS,
    ),
    kind(
        [Col[float], Col[float | None]],
        real,
        default=st.floats(0, 1),
        minimum=st.floats(-1, 0),
        maximum=st.floats(1, 9),
    ),
    kind(
        [Col[str], Col[str | None], Col[Literal["s", "it's"]], Col[Literal["%s", ":x", "\\", "é"] | None]],
        text,
        default=TEXTS,
        min_length=LENGTHS,
        max_length=LENGTHS,
        pattern=st.sampled_from(["^", ".*"]),
        primary_key=SELDOM,
        unique=FLAGS,
    ),
    kind([Col[bool], Col[bool | None]], boolean, default=st.sampled_from([True, False, None, 1])),
    kind([Col[bytes], Col[bytes | None]], blob, default=st.binary(max_size=4), max_length=LENGTHS),
    kind([Col[list[str]], Col[dict[str, int] | None]], json, default_factory=st.sampled_from([list, dict])),
    kind(
        [Col[datetime], Col[datetime | None]],
        timestamp_ms,
        default=st.sampled_from([None, datetime(2024, 1, 1, tzinfo=UTC)]),
    ),
    kind([Col[datetime | None]], soft_delete),
    kind(
        [Col[int], Col[int | None], Col[str]],
        generated,
        needed={"expression": st.sampled_from(EXPRESSIONS)},
    ),
    kind(
        [Ref[Parent, int], Ref[Parent, int | None], Ref[Parent, str]],
        references,
        needed={"target": st.sampled_from(TARGETS)},
        on_delete=st.sampled_from(["cascade", "set null", "restrict", "no action"]),
        default=st.none(),
        primary_key=SELDOM,
        unique=FLAGS,
    ),
)


def own(name: str) -> Any:
    """A column of whatever table an expression is for."""
    return sa.column(name) + 1


CONDITIONS = st.sampled_from([lambda: own("id") > 1, lambda: own("nowhere") > 1, lambda: "id > 1"])
PARTS = st.one_of(COLUMN, COLUMN.map(lambda name: f"-{name}"), st.just(lambda: own("id")))
OPTIONS = maybe(
    name=NAMES,
    indexes=st.lists(
        st.builds(
            lambda parts, **options: Index(*parts, **options),
            st.lists(PARTS, min_size=1, max_size=3),
            where=CONDITIONS,
            name=NAMES,
        ),
        max_size=2,
    ),
    unique=st.lists(
        st.builds(
            lambda columns, **options: Unique(*columns, **options),
            st.lists(COLUMN, min_size=1, max_size=3),
            where=CONDITIONS,
            nulls_equal=FLAGS,
            over=st.sampled_from(["live", "all"]),
        ),
        max_size=2,
    ),
    checks=st.lists(st.builds(Check, NAMES, CONDITIONS), max_size=2),
    search=st.lists(COLUMN, max_size=3),
    was=NAMES,
    comment=TEXTS,
)


@settings(max_examples=600)
@given(st.dictionaries(COLUMN, KINDS, max_size=4), OPTIONS, FLAGS)
def test_what_the_class_accepts_the_database_keeps(
    columns: dict[str, tuple[object, Any]], options: dict[str, Any], keyed: bool
) -> None:
    if keyed and not any(spec.primary_key for _, spec in columns.values()):
        columns["id"] = (Col[int], auto_id())
    body = {
        "__module__": __name__,
        "__annotations__": {name: annotation for name, (annotation, _) in columns.items()},
        **{name: spec for name, (_, spec) in columns.items()},
    }
    try:
        table: Any = type(Table)("Wrong", (Table,), body, **{"name": "wrong", **options})
    except DeclarationError as error:
        assert error.hint
        event("refused when the class is made")
        return
    try:
        for made in metadata([table, Parent], "postgresql").sorted_tables:
            for statement in (sa.schema.CreateTable(made), *map(sa.schema.CreateIndex, made.indexes)):
                str(statement.compile(dialect=postgresql.dialect()))
        Database.memory([table, Parent]).close()
    except DeclarationError as error:
        assert error.hint
        event("refused with the set")
    else:
        event("kept")
