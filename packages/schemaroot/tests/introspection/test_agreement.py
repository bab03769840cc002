"""Where an attribute and `found` speak of the same column they say the same, or the table is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from schemaroot import Col, Ref, Table, auto_id, boolean, integer, real, references, text
from schemaroot.errors import DeclarationError
from schemaroot.introspection import AsFound, CheckDef, ColumnDef, ForeignKeyDef, declared_catalogue

ID = ColumnDef("id", "INTEGER", nullable=False)
KIND = ColumnDef("kind", "VARCHAR(9)", default="'a'", collation="NOCASE")


def other_default() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND))):
        id: Col[int] = auto_id()
        kind: Col[str | None] = text(default="zzz")

    return [Ticket]


def no_default() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND))):
        id: Col[int] = auto_id()
        kind: Col[str | None] = text(default=None)

    return [Ticket]


def new_default() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, ColumnDef("kind", "TEXT")))):
        id: Col[int] = auto_id()
        kind: Col[str | None] = text(default="a")

    return [Ticket]


def not_null() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND))):
        id: Col[int] = auto_id()
        kind: Col[str] = text(default="a")

    return [Ticket]


def other_type() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, ColumnDef("kind", "TEXT")))):
        id: Col[int] = auto_id()
        kind: Col[int | None] = integer(default=None)

    return [Ticket]


def one_more_value() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND), checks=(CheckDef("kind IN ('a', 'b')"),))):
        id: Col[int] = auto_id()
        kind: Col[Literal["a", "b", "c"] | None] = text(default="a")

    return [Ticket]


def values_of_nothing() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND))):
        id: Col[int] = auto_id()
        kind: Col[Literal["a", "b"] | None] = text(default="a")

    return [Ticket]


def values_forgotten() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND), checks=(CheckDef("kind IN ('a', 'b')"),))):
        id: Col[int] = auto_id()
        kind: Col[str | None] = text(default="a")

    return [Ticket]


def shorter() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND))):
        id: Col[int] = auto_id()
        kind: Col[str | None] = text(default="a", max_length=5)

    return [Ticket]


def removed() -> list[type[Table]]:
    class Ticket(Table, name="tickets", found=AsFound((ID, KIND))):
        id: Col[int] = auto_id()

    return [Ticket]


def other_action() -> list[type[Table]]:
    class Ticket(
        Table,
        name="tickets",
        found=AsFound((ID, ColumnDef("parent", "INT")), foreign_keys=(ForeignKeyDef(("parent",), "tickets"),)),
    ):
        id: Col[int] = auto_id()
        parent: Ref[Ticket, int | None] = references(lambda: Ticket.id, on_delete="cascade", default=None)

    return [Ticket]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (other_default, "tickets.kind: the default is 'zzz' but found= says 'a'."),
        (no_default, "tickets.kind: there is no default but found= says 'a'."),
        (new_default, "tickets.kind: the default is 'a' but found= says there is none."),
        (not_null, "tickets.kind: the attribute is NOT NULL but found= says nullable."),
        (other_type, "tickets.kind: the attribute is stored as integer but found= says TEXT."),
        (one_more_value, "tickets.kind: the values are 'a', 'b', 'c' but found= says 'a', 'b'."),
        (values_of_nothing, "tickets.kind: the values are 'a', 'b' but found= has no such CHECK."),
        (values_forgotten, "tickets.kind: any value is allowed but found= says 'a', 'b'."),
        (shorter, "tickets.kind: it asks for CHECK (length(kind) <= 5), which found= does not have."),
        (removed, "tickets.kind: found= lists the column, and the class has no such attribute."),
        (
            other_action,
            "tickets.parent: it refers to tickets, on delete cascade, and found= has no such foreign key.",
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_an_attribute_that_says_something_else_than_found_is_refused(
    tables: Callable[[], list[type[Table]]], said: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        declared_catalogue(tables())
    assert caught.value.message == said
    assert "found=AsFound(...)" in caught.value.hint


class Flag(
    Table,
    name="flags",
    found=AsFound(
        (
            ColumnDef("id", "INTEGER"),
            ColumnDef("on", "BOOLEAN", nullable=False, default="FALSE"),
            ColumnDef("price", "DECIMAL(9, 2)", nullable=False, default="1"),
            ColumnDef("made", "TEXT", nullable=False, default="CURRENT_TIMESTAMP"),
            ColumnDef("kind", "TEXT", default="'a'"),
            ColumnDef("class", "TEXT"),
        ),
        checks=(CheckDef("kind IS NULL OR kind IN ('b', 'a')"),),
    ),
):
    id: Col[int] = auto_id()
    on: Col[bool] = boolean(default=False)
    price: Col[float] = real(default=1.0)
    made: Col[str] = text()
    kind: Col[Literal["a", "b"] | None] = text(default="a")
    note: Col[str] = text(default="new", max_length=9)


def test_found_says_what_an_attribute_cannot_and_a_new_attribute_needs_no_entry() -> None:
    table = declared_catalogue([Flag]).tables["flags"]

    assert [(one.name, one.default) for one in table.columns] == [
        ("id", None),
        ("on", "FALSE"),
        ("price", "1"),
        ("made", "CURRENT_TIMESTAMP"),
        ("kind", "'a'"),
        ("class", None),
        ("note", "'new'"),
    ]
    assert "length(note) <= 9" in {check.condition for check in table.checks}
