"""A wrong declaration fails when the class is made: one clear error, with a hint."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
import pytest

from schemaroot import (
    Check,
    Col,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    blob,
    declaration_of,
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
from schemaroot.errors import DeclarationError


class Shelf(Table, name="shelves"):
    id: Col[int] = auto_id()
    code: Col[str] = text(unique=True)
    label: Col[str] = text(default="")
    opened: Col[datetime] = timestamp_ms(default_factory=now)
    deleted: Col[datetime | None] = soft_delete()


class Pair(Table, name="pairs"):
    first: Col[int] = integer(primary_key=True)
    second: Col[int] = integer(primary_key=True)
    number: Col[int] = integer(unique=True)


Size = Literal["s", "m"]


def declare(columns: dict[str, tuple[object, object]] | None = None, **options: Any) -> type[Table]:
    """A table `wrong` with a key, a title, a size, a moment of deletion, and what is given."""
    given = {
        "id": (Col[int], auto_id()),
        "title": (Col[str], text()),
        "size": (Col[Size], text(default="s")),
        "deleted": (Col[datetime | None], soft_delete()),
        **(columns or {}),
    }
    body = {
        "__module__": __name__,
        "__annotations__": {name: annotation for name, (annotation, _) in given.items()},
        **{name: spec for name, (_, spec) in given.items()},
    }
    return type(Table)("Wrong", (Table,), body, **{"name": "wrong", **options})


def refusal(columns: dict[str, tuple[object, object]] | None = None, **options: Any) -> str:
    """The message of the error that a declaration gives; it has a hint."""
    with pytest.raises(DeclarationError) as raised:
        declare(columns, **options)
    assert raised.value.hint
    assert str(raised.value).startswith(("wrong.", "table wrong", "table class Wrong"))
    return str(raised.value)


def test_the_declaration_that_the_others_spoil_is_right() -> None:
    assert list(declaration_of(declare()).columns) == ["id", "title", "size", "deleted"]


# --- twice ------------------------------------------------------------------------------------------------------------


def test_a_column_declared_twice_is_refused_at_its_second_line() -> None:
    with pytest.raises(DeclarationError, match=r"^twice\.title: is declared twice in the class body\. Keep one"):

        class Twice(Table, name="twice"):
            id: Col[int] = auto_id()
            title: Col[str] = text()
            title: Col[int] = integer()


@pytest.mark.parametrize("part", [Index("id"), Unique("id"), Check("positive", lambda: None)])
def test_an_index_or_a_rule_in_the_body_is_refused_with_the_option_to_write(part: object) -> None:
    with pytest.raises(DeclarationError, match=r"t\.extra: .* no part .*Table, name=\"t\", \w+=\[") as caught:

        class T(Table, name="t"):
            id: Col[int] = auto_id()
            extra = part

    assert caught.value.where == "t.extra"


def test_a_column_annotated_twice_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"^twice\.title: is declared twice"):

        class Twice(Table, name="twice"):
            title: Col[int]
            title: Col[str] = text()


def test_a_method_with_the_name_of_a_column_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"^twice\.title: is declared twice"):

        class Twice(Table, name="twice"):
            title: Col[str] = text(primary_key=True)

            def title(self) -> str:  # noqa: F811  # what is tested
                return ""


def test_methods_and_properties_of_rows_are_as_in_any_class() -> None:
    class Named(Table, name="named"):
        id: Col[int] = auto_id()

        @property
        def twice(self) -> int:
            return self.id * 2

        @twice.setter
        def twice(self, value: int) -> None: ...

    assert list(declaration_of(Named).columns) == ["id"]


@pytest.mark.parametrize(
    "options",
    [
        {"indexes": [Index("title", "title")]},
        {"indexes": [Index("title", "-title")]},
        {"unique": [Unique("title", "title")]},
        {"search": ["title", "title"]},
    ],
    ids=repr,
)
def test_a_column_twice_in_an_index_key_or_search_is_refused(options: dict[str, Any]) -> None:
    assert "names the column 'title' twice. Name it once." in refusal(**options)


def check(name: str) -> Check:
    return Check(name, lambda: None)


@pytest.mark.parametrize(
    ("columns", "options", "name"),
    [
        ({}, {"checks": [check("a"), check("a")]}, "ck_wrong_a"),
        ({}, {"checks": [check("a"), check("A")]}, "ck_wrong_A"),
        ({}, {"checks": [check("size")]}, "ck_wrong_size"),
        ({"n": (Col[int], integer(minimum=1))}, {"checks": [check("n_range")]}, "ck_wrong_n_range"),
        ({"n": (Col[float], real(maximum=1))}, {"checks": [check("n_range")]}, "ck_wrong_n_range"),
        ({"n": (Col[str], text(max_length=1))}, {"checks": [check("n_length")]}, "ck_wrong_n_length"),
        ({"n": (Col[bytes], blob(max_length=1))}, {"checks": [check("n_length")]}, "ck_wrong_n_length"),
        ({"n": (Col[list[str]], json())}, {"checks": [check("n_json")]}, "ck_wrong_n_json"),
        ({"n": (Col[int], integer(minimum=1)), "n_range": (Col[Size], text())}, {}, "ck_wrong_n_range"),
        ({}, {"indexes": [Index("title"), Index("title")]}, "ix_wrong_title"),
        ({}, {"indexes": [Index("title"), Index("size", name="IX_wrong_title")]}, "IX_wrong_title"),
        ({}, {"indexes": [Index("title", name="wrong")]}, "wrong"),
        ({}, {"indexes": [Index("title", name="pk_wrong")]}, "pk_wrong"),
        ({}, {"indexes": [Index("title", name="wrong_search_data")], "search": ["title"]}, "wrong_search_data"),
        ({"title": (Col[str], text(unique=True))}, {"unique": [Unique("title")]}, "uq_wrong_title"),
        ({"n": (Ref[Shelf, int], references(lambda: Shelf.id))}, {"indexes": [Index("n", name="fk_wrong_n")]}, "fk_"),
    ],
)
def test_two_names_that_differ_in_case_alone_or_not_at_all_are_refused(
    columns: dict[str, tuple[object, object]], options: dict[str, Any], name: str
) -> None:
    assert f"two constraints or indexes are named '{name}" in refusal(columns, **options)


# --- names ------------------------------------------------------------------------------------------------------------

LONG = "x" * 57


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ({}, {"name": "n" * 64}),
        ({}, {"name": "é" * 32}),
        ({}, {"name": "n" * 61}),
        ({}, {"name": "wrong" * 10, "search": ["title"]}),
        ({"c" * 64: (Col[str], text())}, {}),
        ({LONG: (Col[Size], text())}, {}),
        ({LONG: (Col[int], integer(minimum=0))}, {}),
        ({LONG: (Col[bool], generated(lambda: None)), LONG[1:]: (Col[list[str]], json())}, {}),
        ({LONG: (Ref[Shelf, int], references(lambda: Shelf.id))}, {}),
        ({LONG: (Col[str], text(unique=True))}, {}),
        ({LONG: (Col[str], text())}, {"indexes": [Index(LONG)]}),
        ({}, {"indexes": [Index("title", name=LONG * 2)]}),
        ({}, {"unique": [Unique("title", name=LONG * 2)]}),
        ({}, {"checks": [check(LONG)]}),
    ],
)
def test_every_name_fits_into_what_postgresql_keeps(
    columns: dict[str, tuple[object, object]], options: dict[str, Any]
) -> None:
    with pytest.raises(DeclarationError, match="63 bytes"):
        declare(columns, **options)


@pytest.mark.parametrize("name", ["sqlite_words", "SQLITE_words", "", "a\0b", "\ud800"])
def test_names_that_no_table_or_index_can_have_are_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match="not a name"):
        declare(name=name)
    if name:
        assert "not a name" in refusal(indexes=[Index("title", name=name)])
        assert "not a name" in refusal(unique=[Unique("title", name=name)])
    assert "not a name" in refusal(checks=[check(name)])


@pytest.mark.parametrize(
    "name", ["Title", "TITLE", "_title", "mro", "replace", "to_dict", "xmin", "class", "a b", "1a"]
)
def test_names_that_no_column_can_have_are_refused(name: str) -> None:
    assert f"wrong.{name}: " in refusal({name: (Col[str], text())})


# --- keys that refer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "spec", "problem"),
    [
        (Ref[Shelf, str], references(lambda: Shelf.label), "refers to shelves.label, which is no key by itself"),
        (Ref[Shelf, str], references(lambda: Shelf.code), "shelves.code, which is unique among live rows only"),
        (Ref[Pair, int], references(lambda: Pair.first), "refers to pairs.first, which is no key by itself"),
        (Ref[Pair, int], references(lambda: Shelf.id), "a column of Shelf, but is annotated Ref[Pair, ...]"),
        ("Ref[Pair, int]", references(lambda: Shelf.id), "a column of Shelf, but is annotated Ref[Pair, ...]"),
        ("Ref[Later, int]", references(lambda: Shelf.id), "a column of Shelf, but is annotated Ref[Later, ...]"),
        (Ref["Later", int], references(lambda: Shelf.id), "a column of Shelf, but is annotated Ref[Later, ...]"),
        (Ref[int, int], references(lambda: Shelf.id), "Ref[int, ...] names what is no table"),
        (Ref[Shelf, str], references(lambda: Shelf.id), "holds text but shelves.id holds integer"),
        (Ref[Shelf, int], references(lambda: Shelf.opened), "holds integer but shelves.opened holds timestamp (ms)"),
        (Ref[Shelf, int], references(lambda: Shelf.nothing), "refers to something unknown"),
        (Ref[Shelf, int], references(lambda: {}["id"]), "refers to something unknown"),
        (Ref[Shelf, int], references(Shelf), "which is not a function without arguments"),
        (Ref[Shelf, int], references(lambda: Shelf), "which is not a column"),
        (Ref[Shelf, int], references(lambda: "shelves.id"), "refers to str 'shelves.id', which is not a column"),
        (Ref[Shelf, int], references(Shelf.id), "which is not a function without arguments"),
        (Ref[Shelf, int], references(lambda table: table.id), "which is not a function without arguments"),
        (
            Ref[Shelf, int],
            references(lambda: Shelf.id, on_delete="set null"),
            'on_delete is "set null", but the column',
        ),
        (
            Ref[Shelf, int],
            references(lambda: Shelf.id, on_delete="explode"),
            "on_delete is str 'explode', which is not",
        ),
        (Ref[Shelf, int], references(lambda: Shelf.id, on_delete=None), "on_delete is NoneType None, which is not"),
        (Ref[Shelf, int | None], references(lambda: Shelf.id, default=1), "a reference has no default but None"),
        (Ref[Shelf, int], references(lambda: Shelf.id, default=None), "null is not allowed"),
        (Ref[Shelf, float], references(lambda: Shelf.id), "references() does not hold float"),
        (Col[int], references(lambda: Shelf.id), "Ref[...] and references(...) belong together"),
        (Ref[Shelf, int], integer(), "Ref[...] and references(...) belong together"),
    ],
)
def test_a_reference_that_no_database_would_keep_is_refused(annotation: object, spec: object, problem: str) -> None:
    assert problem in refusal({"shelf_id": (annotation, spec)})


def test_a_reference_may_point_at_a_key_of_one_column_and_at_what_is_declared_later() -> None:
    columns = {
        "shelf_id": (Ref[Shelf, int | None], references(lambda: Shelf.id, default=None, on_delete="set null")),
        "pair": (Ref[Pair, int], references(lambda: Pair.number)),
        "later": ("Ref[Later, int]", references(lambda: Later.id)),  # noqa: F821  # what is tested
    }

    assert list(declaration_of(declare(columns)).columns)[4:] == ["shelf_id", "pair", "later"]


# --- values -----------------------------------------------------------------------------------------------------------


class Frozen(msgspec.Struct, frozen=True):
    words: list[str]


@pytest.mark.parametrize(
    ("annotation", "spec", "problem"),
    [
        (Col[int], integer(minimum=2, maximum=1), "minimum 2 is more than maximum 1"),
        (Col[float], real(minimum=0.2, maximum=0.1), "minimum 0.2 is more than maximum 0.1"),
        (Col[str], text(min_length=2, max_length=1), "min_length 2 is more than max_length 1"),
        (Col[str], text(min_length=-1), "min_length is int -1, which is not a length"),
        (Col[bytes], blob(max_length=-1), "max_length is int -1, which is not a length"),
        (Col[str], text(pattern="["), "pattern is str '[', which is not a regular expression"),
        (Col[str], text(pattern="a{99999999999}"), "which is not a regular expression"),
        (Col[int], integer(default=0, minimum=1), "the default does not fit: 0 is outside of integer 1.."),
        (Col[float], real(default=2.0, maximum=1), "the default does not fit"),
        (Col[str], text(default="", min_length=1), "the default does not fit"),
        (Col[str], text(default="a", pattern="^b"), "the default does not fit"),
        (Col[Size], text(default="xl"), "the default does not fit: str 'xl' is not one of 's', 'm'"),
        (Col[str], text(default=None), "the default does not fit: null is not allowed"),
        (Col[int], integer(default="1"), "the default does not fit"),
        (Col[int], integer(default=Shelf.id), "the default does not fit"),
        (Col[datetime], timestamp_ms(default=datetime(2024, 1, 1)), "has no time zone"),
        (Col[str], text(default_factory=int), "what int() gives does not fit"),
        (Col[str], text(default_factory=str, min_length=1), "what str() gives does not fit"),
        (Col[str], text(default="", default_factory=str), "has both default and default_factory"),
        (Col[str], text(default_factory=""), "default_factory is str '', which is not a function"),
        (Col[str], text(default_factory=lambda row: row), "which is not a function without arguments"),
        (Col[int], integer(on_update=1), "on_update is int 1, which is not a function"),
        (Col[list[str]], json(default=[]), "has a mutable default. Use default_factory=list."),
        (Col[dict[str, int]], json(default={}), "has a mutable default. Use default_factory=dict."),
        (Col[Frozen], json(default=Frozen(["a"])), "has a mutable default. Use default_factory=lambda: ...."),
        (Col[Literal["a", 1]], text(), "text() does not hold Literal['a', 1]"),
        (Col[Literal["a", None]], text(), "text() does not hold Literal['a', None]"),
        (Col[Literal[b"a"]], text(), "text() does not hold Literal[b'a']"),
        (Col[Literal[True]], integer(), "integer() does not hold Literal[True]"),
        (Col[Literal["a"]], integer(), "integer() does not hold Literal['a']"),
        (Col[Literal["a\0"]], text(), "a member of the Literal cannot be stored"),
        (Col[Literal[2**63]], integer(), "a member of the Literal cannot be stored"),
        (Col[Size], text(max_length=1), "a Literal takes no max_length"),
        (Col[set[str]], json(), "a JSON column does not hold set[str]"),
        (Col[dict[str, list[complex]]], json(), "is not a shape that JSON can hold (complex has no form in it)"),
        (Col[list[Col[int]]], json(), "is not a shape that JSON can hold"),
        (Col[complex], json(), "is not a shape that JSON can hold"),
        (Col[complex], text(), "text() does not hold complex"),
        (Col["str"], text(), "text() does not hold"),
        ("Col[", text(), "cannot be read"),
        ("Col[1 / 0]", text(), "cannot be read"),
        ("Col[Nowhere]", text(), "uses the unknown name 'Nowhere'"),
        (int, integer(), "not Col[...] or Ref[...]"),
        (Col, integer(), "not Col[...] or Ref[...]"),
        (Col[str], "", "is not declared by a column function"),
    ],
)
def test_a_column_whose_parts_do_not_fit_is_refused(annotation: object, spec: object, problem: str) -> None:
    assert problem in refusal({"column": (annotation, spec)})


# --- what makes no sense ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "options", "problem"),
    [
        ({"id": (Col[int | None], auto_id())}, {}, "a primary key is never null"),
        ({"id": (Col[Literal[1, 2]], auto_id())}, {}, "an automatic key does not hold 1 | 2"),
        ({"id": (Col[str], auto_id())}, {}, "auto_id() does not hold str"),
        ({"id": (Col[str | None], text(primary_key=True))}, {}, "a primary key is never null"),
        ({"id": (Col[int], integer(primary_key=True, on_update=int))}, {}, "a primary key does not change"),
        ({"id": (Col[int], integer())}, {}, "has no primary key"),
        ({"other": (Col[int], auto_id())}, {}, "an automatic key is the only key column"),
        ({"other": (Col[int], integer(primary_key=True))}, {}, "an automatic key is the only key column"),
        ({"deleted": (Col[datetime], soft_delete())}, {}, "a soft-delete column is null for live rows"),
        ({"gone": (Col[datetime | None], soft_delete())}, {}, "has two soft-delete columns"),
        ({}, {"unique": [Unique("title", "deleted")]}, "over live rows, for which deleted is always null"),
        ({"upper": (Col[str], generated("upper(title)"))}, {}, "the expression of generated() is str 'upper(title)'"),
        ({"upper": (Col[str], generated(None))}, {}, "the expression of generated() is NoneType None"),
        ({"upper": (Col[bytes], generated(lambda: None))}, {}, "generated() does not hold bytes"),
        ({"upper": (Col[str], generated(lambda: None))}, {"search": ["upper"]}, "over stored columns, but upper is"),
        ({"n": (Col[int], integer())}, {"search": ["n"]}, "full-text search is over text columns"),
        ({"rank": (Col[str], text())}, {"search": ["rank"]}, "has a column of its own that is called rank"),
        ({"wrong_search": (Col[str], text())}, {"search": ["wrong_search"]}, "has a column of its own"),
        ({"id": (Col[int], integer(primary_key=True))}, {"search": ["title"]}, "needs an auto_id() key"),
        ({}, {"indexes": [Index()]}, "has an Index over nothing"),
        ({}, {"unique": [Unique()]}, "has a Unique over nothing"),
        ({}, {"indexes": [Index("colour")]}, "names the unknown column 'colour'"),
        ({}, {"indexes": [Index("--title")]}, "names the unknown column '-title'"),
        ({}, {"indexes": [Index("Title")]}, "names the unknown column 'Title'"),
        ({}, {"unique": [Unique("-title")]}, "names the unknown column '-title'"),
        ({}, {"search": ["colour"]}, "names the unknown column 'colour'"),
        ({}, {"indexes": [Index(lambda: None)]}, "an index over an expression needs a name"),
        ({}, {"unique": [Unique("title", over="dead")]}, "over of a Unique is str 'dead', which is not one of"),
        ({}, {"was": "wrong"}, "was= is the name that it has"),
        ({"title": (Col[str], text(was="title"))}, {}, "was= names wrong.title, which is still there"),
        ({"title": (Col[str], text(was="size"))}, {}, "was= names wrong.size, which is still there"),
        ({"a": (Col[str], text(was="c")), "b": (Col[str], text(was="c"))}, {}, "two columns were called 'c'"),
        ({}, {"colour": "red"}, "unknown option colour"),
    ],
)
def test_what_makes_no_sense_is_refused(
    columns: dict[str, tuple[object, object]], options: dict[str, Any], problem: str
) -> None:
    assert problem in refusal(columns, **options)


def test_two_columns_may_exchange_their_names() -> None:
    columns: dict[str, tuple[object, object]] = {"a": (Col[str], text(was="b")), "b": (Col[str], text(was="a"))}

    assert declaration_of(declare(columns)).columns["a"].was == "b"


@pytest.mark.parametrize("name", ["__init__", "__new__", "__slots__"])
def test_a_class_that_cannot_be_one_of_rows_is_refused(name: str) -> None:
    body = {"__annotations__": {"id": Col[int]}, "id": auto_id(), name: ()}
    with pytest.raises(DeclarationError, match="cannot be made") as raised:
        type(Table)("Wrong", (Table,), body, name="wrong")

    assert raised.value.hint


def test_a_table_without_a_name_or_with_other_bases_is_refused() -> None:
    body: dict[str, Any] = {"__annotations__": {"id": Col[int]}, "id": auto_id()}
    for bases, options in (((Table,), {}), ((Shelf,), {"name": "a"}), ((Table, dict), {"name": "a"})):
        with pytest.raises(DeclarationError) as raised:
            type(Table)("Wrong", bases, body, **options)
        assert raised.value.hint


# --- values of every kind, where others belong ------------------------------------------------------------------------


class Rude:
    """Fails at whatever is done with it."""

    def __repr__(self) -> str:
        raise ValueError("no words")

    def __eq__(self, other: object) -> bool:
        raise ValueError("no equals")

    def __hash__(self) -> int:
        raise ValueError("no hash")

    def __bool__(self) -> bool:
        raise ValueError("no truth")

    def __len__(self) -> int:
        raise ValueError("no length")

    def __iter__(self) -> Any:
        raise ValueError("no members")


HOSTILE: list[Any] = [
    0,
    -1,
    5,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    True,
    b"x",
    "",
    "title",
    "a\0b",
    "\ud800",
    "x" * 100,
    [],
    [1],
    [None],
    [("title",)],
    ["nothing"],
    [[]],
    ("title",),
    {"title": 1},
    {1, 2},
    object(),
    Rude(),
    [Rude()],
    int,
    Table,
    Shelf,
    Shelf.id,
    Shelf.id == 1,
    lambda: Shelf.id,
    lambda value: value,
    [lambda: 1],
    Index("title"),
    [Index(1)],
    [Index("title", where=1)],
    [Index("title", name=1)],
    [Index(Rude())],
    [Unique(("title", "size"))],
    [Unique("title", nulls_equal="yes")],
    [Unique("title", over=Rude())],
    [Unique("title", where="size = 's'")],
    [Check(1, lambda: None)],
    [Check("a", "title > size")],
    [Check("a", Shelf.id == 1)],
    Check("a", lambda: None),
]

FUNCTIONS: list[tuple[Any, object, dict[str, Any]]] = [
    (integer, Col[int], {"default": 1}),
    (integer, Col[Literal[1, 2]], {}),
    (real, Col[float], {}),
    (text, Col[str], {}),
    (text, Col[Size | None], {"default": None}),
    (blob, Col[bytes], {}),
    (json, Col[list[str]], {}),
    (timestamp_ms, Col[datetime], {}),
    (auto_id, Col[int], {}),
    (soft_delete, Col[datetime | None], {}),
    (generated, Col[int], {"expression": lambda: None}),
    (references, Ref[Shelf, int], {"target": lambda: Shelf.id}),
]
OPTIONS = [
    "default",
    "default_factory",
    "on_update",
    "minimum",
    "maximum",
    "min_length",
    "max_length",
    "pattern",
    "primary_key",
    "unique",
    "secret",
    "was",
    "comment",
    "on_delete",
    "target",
    "expression",
    "colour",
]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(("function", "annotation", "others"), FUNCTIONS)
def test_no_option_of_a_column_lets_another_error_out(
    function: Any, annotation: object, others: dict[str, Any], option: str
) -> None:
    """A value may be right where it stands; what is wrong is a `DeclarationError` with a hint."""
    for value in HOSTILE:
        try:
            declare({"column": (annotation, function(**{**others, option: value}))})
        except DeclarationError as error:
            assert error.hint


@pytest.mark.parametrize("option", ["name", "indexes", "unique", "checks", "search", "was", "comment", "colour"])
def test_no_option_of_a_table_lets_another_error_out(option: str) -> None:
    for value in HOSTILE:
        try:
            declare(**{option: value})
        except DeclarationError as error:
            assert error.hint


@pytest.mark.parametrize("option", ["minimum", "maximum", "min_length", "max_length", "pattern"])
def test_an_option_of_another_type_is_refused_whatever_it_is(option: str) -> None:
    column, annotation = (integer, Col[int]) if option in ("minimum", "maximum") else (text, Col[str])
    rights: tuple[type, ...] = (str,) if option == "pattern" else (int,)
    for value in HOSTILE:
        if type(value) not in rights:
            assert f"wrong.column: {option} is " in refusal({"column": (annotation, column(**{option: value}))})


@pytest.mark.parametrize("option", ["indexes", "unique", "checks", "search", "name", "was", "comment"])
def test_an_option_of_a_table_of_another_type_is_refused_whatever_it_is(option: str) -> None:
    lists = {"indexes": Index, "unique": Unique, "checks": Check, "search": str}
    for value in HOSTILE:
        if option in lists:
            is_right = isinstance(value, (list, tuple)) and all(isinstance(item, lists[option]) for item in value)
        else:
            is_right = isinstance(value, str)
        if not is_right:
            assert f"{option} is " in refusal(**{option: value})


@pytest.mark.parametrize(
    "annotation", [*HOSTILE, "", "x" * 100, "Ref[Shelf]", "Col[int, str]", "Col[()]", "__import__('os')"]
)
def test_no_annotation_lets_another_error_out(annotation: object) -> None:
    refusal({"column": (annotation, text())})


@pytest.mark.parametrize(
    "call",
    [
        lambda: text(maximum=3),
        lambda: integer(5),
        references,
        generated,
        lambda: Index("a", over="all"),
        lambda: Unique("a", colour=1),
        lambda: Check("a"),
    ],
)
def test_an_argument_that_a_function_does_not_take_is_a_wrong_declaration(call: Any) -> None:
    with pytest.raises(DeclarationError, match=r"^\w+\(\): .*argument") as raised:
        call()

    assert raised.value.hint.startswith("It takes ")


@pytest.mark.parametrize("annotation", [lambda: Ref[Shelf], lambda: Col[int, str], lambda: Col[()], lambda: Ref[()]])
def test_an_annotation_of_too_many_types_or_too_few_is_a_wrong_declaration(annotation: Any) -> None:
    with pytest.raises(DeclarationError, match=r"^(Col|Ref)\[\.\.\.\]: ") as raised:
        annotation()

    assert raised.value.hint
