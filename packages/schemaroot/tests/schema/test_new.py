"""Values to be stored: what `new` takes, refuses and holds."""

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest

from schemaroot import (
    MISSING,
    Col,
    JsonValue,
    Patch,
    Table,
    auto_id,
    blob,
    boolean,
    generated,
    integer,
    json,
    new,
    now,
    real,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.errors import InvalidArgumentsError, InvalidValueError, TextNotStorableError
from schemaroot.schema.new import binder

MOMENT = datetime(2024, 5, 6, 7, 8, 9, 123000, UTC)


class Parcel(Table, name="parcels"):
    id: Col[int] = auto_id()
    code: Col[str] = text(min_length=2, max_length=8, pattern="^[A-Z]")
    weight: Col[float] = real(minimum=0, maximum=1000)
    count: Col[int] = integer(default=1, minimum=1, maximum=99)
    state: Col[Literal["packed", "sent"]] = text(default="packed")
    level: Col[Literal[1, 2]] = integer(default=1)
    fragile: Col[bool] = boolean(default=False)
    label: Col[bytes | None] = blob(default=None, max_length=4)
    note: Col[str | None] = text(default=None)
    pin: Col[str | None] = text(default=None, max_length=4, secret=True)
    tags: Col[list[str]] = json(default_factory=list)
    details: Col[dict[str, JsonValue]] = json(default_factory=dict)
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    double: Col[float] = generated(lambda: Parcel.weight * 2)
    deleted: Col[datetime | None] = soft_delete()


class Empty(Table, name="empties"):
    id: Col[int] = auto_id()


class Words(Table, name="words"):
    """Columns that are called like what the generated function uses."""

    type: Col[str] = text(primary_key=True)
    int: Col[str] = text()
    len: Col[str] = text(default="")
    str: Col[bool] = boolean(default=True)
    bind: Col[bool] = boolean(default=True)


def test_a_new_row_holds_the_drivers_values_in_the_order_of_the_declaration() -> None:
    made = new(Parcel, code="AB", weight=2.5, fragile=True, label=b"\0x", created=MOMENT, updated=MOMENT)

    moment = int(MOMENT.timestamp()) * 1000 + 123
    names = [column.name for column in Parcel.__declaration__.stored]
    assert made.table is Parcel
    assert dict(zip(names, made.stored, strict=True)) == {
        "code": "AB",
        "weight": 2.5,
        "count": 1,
        "state": "packed",
        "level": 1,
        "fragile": 1,
        "label": b"\0x",
        "note": None,
        "pin": None,
        "tags": "[]",
        "details": "{}",
        "created": moment,
        "updated": moment,
        "deleted": None,
    }
    assert made.extra == {}


def test_a_new_row_gives_back_its_python_values() -> None:
    made = new(Parcel, code="AB", weight=2, tags=["x"], details={"a": [1, None]}, created=MOMENT, updated=MOMENT)

    assert made.values() == {
        "code": "AB",
        "weight": 2.0,
        "count": 1,
        "state": "packed",
        "level": 1,
        "fragile": False,
        "label": None,
        "note": None,
        "pin": None,
        "tags": ["x"],
        "details": {"a": [1, None]},
        "created": MOMENT,
        "updated": MOMENT,
        "deleted": None,
    }


def test_moments_of_one_row_that_nobody_gave_are_one_moment() -> None:
    values = new(Parcel, code="AB", weight=1.0).values()

    assert values["created"] == values["updated"]


def test_a_value_that_is_missing_is_a_value_that_was_not_given() -> None:
    assert new(Parcel, code="AB", weight=1.0, count=MISSING).values()["count"] == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"code": "AB"}, "missing weight"),
        ({}, "missing code, weight"),
        ({"code": "AB", "wieght": 1.0}, "missing weight; unknown wieght (did you mean weight?)"),
        ({"code": "AB", "weight": 1.0, "colour": "red"}, "unknown colour"),
        ({"code": "AB", "weight": 1.0, "id": 4}, "id is read-only here (say new(Parcel, ...).with_(Parcel.id.to(...))"),
        ({"code": "AB", "weight": 1.0, "deleted": None}, "deleted is read-only here"),
        ({"code": "AB", "weight": 1.0, "double": 2.0}, "double is read-only here (the database computes it)"),
    ],
)
def test_wrong_arguments_are_named_and_the_right_ones_listed(values: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidArgumentsError) as raised:
        new(Parcel, **values)

    assert words in str(raised.value)
    assert "It asks for code, weight and takes count, state, level," in str(raised.value)


def test_values_by_position_are_refused() -> None:
    with pytest.raises(InvalidArgumentsError, match="by keyword"):
        new(Parcel, "AB", 1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "A"),
        ("code", "ABCDEFGHI"),
        ("code", "ab"),
        ("code", 12),
        ("code", None),
        ("weight", "1"),
        ("weight", True),
        ("weight", -0.5),
        ("weight", 1000.5),
        ("weight", float("nan")),
        ("weight", float("inf")),
        ("weight", 10**400),
        ("count", 0),
        ("count", 100),
        ("count", True),
        ("count", 1.0),
        ("count", "1"),
        ("state", "lost"),
        ("state", 1),
        ("level", 3),
        ("level", True),
        ("level", 1.0),
        ("fragile", 1),
        ("fragile", "yes"),
        ("label", b"12345"),
        ("label", "text"),
        ("note", "a\0b"),
        ("note", "\ud800"),
        ("tags", [1]),
        ("tags", "x"),
        ("tags", ["\0"]),
        ("details", {"a": float("nan")}),
        ("details", {"a": 2**63}),
        ("details", {"a": object()}),
        ("created", datetime(2024, 1, 1)),
        ("created", 5),
        ("created", None),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_column(name: str, value: object) -> None:
    values: dict[str, object] = {"code": "AB", "weight": 1.0, name: value}

    with pytest.raises(InvalidValueError) as raised:
        new(Parcel, **values)

    assert raised.value.column == f"parcels.{name}"
    assert "Nothing was written." in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("code", "Äß", None),  # not ASCII, and not matching
        ("code", "AÄ€𝄞", "AÄ€𝄞"),
        ("code", "ABCDEFG𝄞", "ABCDEFG𝄞"),
        ("weight", 0, 0.0),
        ("weight", 1000, 1000.0),
        ("count", 1, 1),
        ("count", 99, 99),
        ("label", bytearray(b"12"), b"12"),
        ("created", datetime(1970, 1, 1, 0, 0, 0, 1999, UTC), 1),
        ("created", datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
        ("tags", ["a", "b"], '["a","b"]'),
    ],
)
def test_a_value_at_the_edge_is_stored_whole(name: str, value: object, stored: object) -> None:
    values: dict[str, object] = {"code": "AB", "weight": 1.0, name: value}
    if stored is None:
        with pytest.raises(InvalidValueError):
            new(Parcel, **values)
        return

    made = new(Parcel, **values)

    position = [column.name for column in Parcel.__declaration__.stored].index(name)
    assert made.stored[position] == stored
    assert type(made.stored[position]) is type(stored)


def test_texts_that_no_database_stores_have_their_own_code() -> None:
    with pytest.raises(TextNotStorableError) as raised:
        new(Parcel, code="AB", weight=1.0, note="a\0")

    assert raised.value.code == "TEXT_NOT_STORABLE"


def test_a_secret_value_is_never_shown() -> None:
    made = new(Parcel, code="AB", weight=1.0, pin="4711")
    with pytest.raises(InvalidValueError) as raised:
        new(Parcel, code="AB", weight=1.0, pin=4711_0815)

    assert "4711" not in repr(made)
    assert "4711" not in str(raised.value)


def test_with_sets_what_an_insert_does_not_ask_for() -> None:
    made = new(Parcel, code="AB", weight=1.0).with_(Parcel.id.to(7), Parcel.deleted.to(MOMENT), Parcel.count.to(3))

    assert made.extra == {"id": 7}
    assert made.values()["deleted"] == MOMENT
    assert made.values()["count"] == 3
    assert next(iter(made.values())) == "id"


def test_with_leaves_the_first_value_as_it_was() -> None:
    first = new(Parcel, code="AB", weight=1.0)

    first.with_(Parcel.id.to(7))

    assert first.extra == {}


def test_with_refuses_what_an_insert_cannot_write() -> None:
    made = new(Parcel, code="AB", weight=1.0)

    with pytest.raises(InvalidArgumentsError, match="computed by the database"):
        made.with_(Parcel.double.to(2.0))
    with pytest.raises(InvalidArgumentsError, match="not a column of parcels"):
        made.with_(Empty.id.to(1))
    with pytest.raises(InvalidArgumentsError, match="not SQL expressions"):
        made.with_(Parcel.count.to(Parcel.count + 1))
    with pytest.raises(InvalidValueError, match=r"parcels\.id"):
        made.with_(Parcel.id.to(2**63))


def test_new_values_are_equal_by_value_picklable_and_printable() -> None:
    made = new(Parcel, code="AB", weight=1.0, created=MOMENT, updated=MOMENT).with_(Parcel.id.to(7))

    again = new(Parcel, code="AB", weight=1.0, created=MOMENT, updated=MOMENT).with_(Parcel.id.to(7))
    assert made == again
    assert pickle.loads(pickle.dumps(made)) == made
    assert made != new(Parcel, code="AC", weight=1.0, created=MOMENT, updated=MOMENT)
    assert repr(made).startswith("New(Parcel, id=7, code='AB', weight=1.0, count=1,")


def test_a_table_that_asks_for_nothing_takes_nothing() -> None:
    assert new(Empty).stored == ()
    with pytest.raises(InvalidArgumentsError, match="It asks for nothing"):
        new(Empty, name="x")


def test_columns_may_be_called_like_pythons_own_functions() -> None:
    assert new(Words, type="a", int="b", len="c").stored == ("a", "b", "c", 1, 1)


class Documents(Table, name="documents"):
    """One column for each way in which a document is checked."""

    id: Col[int] = auto_id()
    texts: Col[list[str]] = json(default_factory=list)
    names: Col[dict[str, str]] = json(default_factory=dict)
    numbers: Col[list[int]] = json(default_factory=list)
    counts: Col[dict[str, int]] = json(default_factory=dict)
    things: Col[list[JsonValue]] = json(default_factory=list)
    facts: Col[dict[str, JsonValue]] = json(default_factory=dict)
    pairs: Col[list[list[int]]] = json(default_factory=list)
    anything: Col[JsonValue] = json(default="")


def _nested(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


AWKWARD: list[object] = [
    *([item] for item in (1, -1, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63), -(2**63) - 1, True, None, 0.5, 1e300)),
    *([item] for item in (float("nan"), float("inf"), "x", "\0", "\ud800", "\\u0000", "\\\\u0000", "é" * 9, "null")),
    *([item] for item in ([1], ["x"], {}, {"a": 1}, (1, 2), {1}, b"x", 1j, object())),
    *({"a": item} for item in (1, 2**63, 2**64, True, None, "x", "\0", "\ud800", float("nan"), [2**63], "9" * 19)),
    *(("x",), (1,), {"x"}, {1: "x"}, {("a",): 1}, {"a\0": 1}, {"\ud800": 1}, "x", 1, 2**63, b"[]", range(3), object()),
    *(_nested(depth) for depth in (3, 400, 990, 2000)),
]


@pytest.mark.parametrize("column", [column.name for column in Documents.__declaration__.stored])
def test_a_document_meets_the_same_verdict_in_new_as_in_its_columns_own_check(column: str) -> None:
    def verdict(check: Callable[[object], object], value: object) -> object:
        try:
            return check(value)
        except InvalidValueError as error:
            return type(error), str(error)

    declared = Documents.__declaration__
    place = [one.name for one in declared.stored].index(column)
    dump, bind = declared.columns[column].dump, binder(Documents)
    for value in AWKWARD:
        assert verdict(lambda given: bind(**{column: given}).stored[place], value) == verdict(dump, value), repr(value)[
            :80
        ]


def test_the_binder_is_made_once() -> None:
    assert binder(Parcel) is binder(Parcel)


def test_an_error_of_a_default_factory_is_not_taken_for_wrong_arguments() -> None:
    def broken() -> int:
        raise TypeError("the clock is broken")

    class Broken(Table, name="brokens"):
        id: Col[int] = auto_id()
        number: Col[int] = integer(default_factory=broken)

    with pytest.raises(TypeError, match="the clock is broken"):
        new(Broken)


def test_a_patch_is_true_when_it_changes_something_and_equal_by_value() -> None:
    patch = Patch(Parcel, (Parcel.count.to(2), Parcel.pin.to("4711")))

    assert patch
    assert not Patch(Parcel, ())
    assert len(patch) == 2
    assert [assignment.column.name for assignment in patch] == ["count", "pin"]
    assert patch == Patch(Parcel, (Parcel.count.to(2), Parcel.pin.to("4711")))
    assert patch != Patch(Parcel, ())
    assert repr(patch) == "Patch(Parcel, count=2, pin=<secret>)"
    assert patch.get(Parcel.count) == 2
    assert patch.get(Parcel.note) is MISSING
