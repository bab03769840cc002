"""What a constraint refused arrives typed: the kind, the table, the columns, its name, the value where it is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from schemaroot import (
    Check,
    Col,
    Database,
    JsonValue,
    Ref,
    Table,
    Unique,
    auto_id,
    blob,
    boolean,
    integer,
    json,
    new,
    real,
    references,
    text,
)
from schemaroot.engine.driver import DriverName
from schemaroot.errors import (
    CheckViolation,
    ConstraintViolation,
    ForeignKeyViolation,
    NotNullViolation,
    StatementError,
    UniqueViolation,
)

from .shop import url_of


class Room(Table, name="rooms"):
    id: Col[int] = auto_id()


class Owner(Table, name="owners"):
    id: Col[int] = auto_id()
    email: Col[str] = text(unique=True)
    token: Col[str | None] = text(default=None, unique=True, secret=True)


class Thing(
    Table,
    name="things",
    unique=[
        Unique("owner_id", "name"),
        Unique("place", "shelf", nulls_equal=True, name="uq_place"),
        Unique("code", where=lambda: Thing.active == True),  # noqa: E712  # builds SQL
    ],
    checks=[
        Check("cheap_or_active", lambda: (Thing.price < 100.0) | (Thing.active == True)),  # noqa: E712  # builds SQL
        Check("price", lambda: Thing.price != 13.0),
    ],
):
    id: Col[int] = auto_id()
    owner_id: Ref[Owner, int] = references(lambda: Owner.id)
    room_id: Ref[Room, int | None] = references(lambda: Room.id, default=None, on_delete="cascade")
    name: Col[str] = text(min_length=1, max_length=200)
    place: Col[str | None] = text(default=None)
    shelf: Col[int | None] = integer(default=None)
    code: Col[str] = text(default="")
    kind: Col[Literal["a", "b's"]] = text(default="a")
    level: Col[int] = integer(default=1, minimum=1, maximum=9)
    price: Col[float] = real(default=1.0, minimum=0.0)
    active: Col[bool] = boolean(default=False)
    tags: Col[list[str]] = json(default_factory=list)
    extra: Col[JsonValue] = json(default=None)
    picture: Col[bytes] = blob(default=b"", max_length=4)


class Part(Table, name="parts"):
    thing_id: Ref[Thing, int] = references(lambda: Thing.id, on_delete="cascade", primary_key=True)
    number: Col[int] = integer(primary_key=True)
    spare_of: Ref[Owner, int | None] = references(lambda: Owner.id, default=None, on_delete="set null")


class Screw(Table, name="screws"):
    id: Col[int] = auto_id()
    thing_id: Ref[Thing, int] = references(lambda: Thing.id, on_delete="restrict")


TABLES: list[type[Table]] = [Room, Owner, Thing, Part, Screw]


@pytest.fixture
def db(tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    """Two owners; a thing with a part and a screw, and one that is active."""
    with Database.create(url_of(tmp_path / "things.db"), TABLES, driver=driver, durability="off") as made:
        made.insert(Room)
        made.insert(Owner, email="ada@example.org", token="s3cr3t")
        made.insert(Owner, email="bo@example.org")
        made.insert(Thing, owner_id=1, name="lamp", room_id=1, place="attic", code="L")
        made.insert(Thing, owner_id=1, name="desk", code="D", active=True, shelf=0)
        made.insert(Part, thing_id=1, number=1)
        made.insert(Screw, thing_id=1)
        yield made


def refused(kind: type[ConstraintViolation], run: Callable[[], object]) -> tuple[str, tuple[str, ...], str, object]:
    """Table, columns, constraint and value of what is refused."""
    with pytest.raises(kind) as caught:
        run()
    error = caught.value
    assert type(error) is kind
    assert error.code == kind.code
    assert error.__cause__ is not None
    assert "Nothing was written" in str(error)
    for fact in (error.table, *error.columns, error.constraint):
        assert fact in str(error)
    return error.table, error.columns, error.constraint, error.value


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "table", "columns", "constraint", "value"),
    [
        (
            lambda db: db.insert(Owner, email="ada@example.org"),
            "owners",
            ("email",),
            "uq_owners_email",
            "ada@example.org",
        ),
        (
            lambda db: db.update(Owner).set(Owner.email.to("bo@example.org")).where(Owner.id == 1).run(),
            "owners",
            ("email",),
            "uq_owners_email",
            "bo@example.org",
        ),
        (
            lambda db: db.insert(Thing, owner_id=1, name="desk"),
            "things",
            ("owner_id", "name"),
            "uq_things_owner_id_name",
            None,
        ),
        (
            lambda db: db.insert(Thing, owner_id=2, name="x", place="attic"),
            "things",
            ("place", "shelf"),
            "uq_place",
            None,
        ),
        (
            lambda db: db.insert(Thing, owner_id=2, name="x", shelf=1, code="D", active=True),
            "things",
            ("code",),
            "uq_things_code",
            "D",
        ),
        (lambda db: db.insert_new(new(Owner, email="x").with_(Owner.id.to(2))), "owners", ("id",), "pk_owners", 2),
        (lambda db: db.insert(Part, thing_id=1, number=1), "parts", ("thing_id", "number"), "pk_parts", None),
        (
            lambda db: db.upsert(new(Owner, email="ada@example.org").with_(Owner.id.to(2)), on=[Owner.id]),
            "owners",
            ("email",),
            "uq_owners_email",
            "ada@example.org",
        ),
        (
            # A free statement tells no table of ours: what SQLite's words hold is there, and no name of the key.
            lambda db: db.execute(sa.insert(Owner).values(email="ada@example.org")),
            "owners",
            ("email",),
            "",
            None,
        ),
    ],
)
def test_a_key_that_is_taken_is_named(
    db: Database,
    write: Callable[[Database], object],
    table: str,
    columns: tuple[str, ...],
    constraint: str,
    value: object,
) -> None:
    found = refused(UniqueViolation, lambda: write(db))

    assert found == (table, columns, constraint, value)


def test_a_key_over_nothing_and_nothing_is_taken_once(db: Database) -> None:
    db.insert(Thing, owner_id=2, name="first")

    found = refused(UniqueViolation, lambda: db.insert(Thing, owner_id=2, name="second"))

    assert found == ("things", ("place", "shelf"), "uq_place", None)


def test_the_refused_row_of_many_is_told_by_its_place(db: Database) -> None:
    rows = [new(Owner, email=f"{number}") for number in range(2_500)]
    rows[2_345] = new(Owner, email="ada@example.org")

    with pytest.raises(UniqueViolation) as caught:
        db.insert_many(rows)

    assert (caught.value.row, caught.value.value) == (2_345, "ada@example.org")
    assert db.select(Owner).count() == 2


def test_the_refused_row_of_many_is_told_when_some_bring_their_key(db: Database) -> None:
    rows = [new(Owner, email="x"), new(Owner, email="y").with_(Owner.id.to(70)), new(Owner, email="x")]

    with pytest.raises(UniqueViolation) as caught:
        db.insert_many(rows)

    assert (caught.value.row, caught.value.columns) == (2, ("email",))


@pytest.mark.parametrize("table", [Thing, Part])
def test_the_refused_row_of_many_is_told_for_foreign_keys_and_computed_columns(db: Database, table: Any) -> None:
    rows: list[Any] = (
        [new(Thing, owner_id=1, name="a", shelf=1), new(Thing, owner_id=9, name="b", shelf=2)]
        if table is Thing
        else [new(Part, thing_id=2, number=1), new(Part, thing_id=9, number=2)]
    )

    with pytest.raises(ForeignKeyViolation) as caught:
        db.insert_many(rows)

    column = "owner_id" if table is Thing else "thing_id"
    assert (caught.value.row, caught.value.columns, caught.value.value) == (1, (column,), 9)


# --- values that are safe to show -------------------------------------------------------------------------------------


def test_a_secret_value_is_not_shown(db: Database) -> None:
    with pytest.raises(UniqueViolation) as caught:
        db.insert(Owner, email="x", token="s3cr3t")

    assert (caught.value.columns, caught.value.value) == (("token",), None)
    assert "s3cr3t" not in str(caught.value)


def test_a_long_value_is_not_shown(db: Database) -> None:
    db.insert(Owner, email="x" * 200)

    with pytest.raises(UniqueViolation) as caught:
        db.insert(Owner, email="x" * 200)

    assert caught.value.value is None
    assert "xxx" not in str(caught.value)


# --- not null, checks, storage classes --------------------------------------------------------------------------------


def set_to(column: Any, value: Any) -> Callable[[Database], object]:
    return lambda db: db.update(Thing).set(column.to(value)).where(Thing.id == 1).run()


def test_null_where_none_may_be_is_named(db: Database) -> None:
    assert refused(NotNullViolation, lambda: set_to(Thing.name, sa.null())(db)) == ("things", ("name",), "", None)


@pytest.mark.parametrize(
    ("write", "columns", "constraint", "value"),
    [
        (set_to(Thing.kind, sa.literal("c")), ("kind",), "ck_things_kind", None),
        (set_to(Thing.level, Thing.level + 9), ("level",), "ck_things_level_range", None),
        (set_to(Thing.name, sa.literal("")), ("name",), "ck_things_name_length", None),
        (set_to(Thing.active, Thing.level + 1), ("active",), "ck_things_active", None),
        (set_to(Thing.tags, Thing.name), ("tags",), "ck_things_tags_json", None),
        (set_to(Thing.extra, sa.literal("{")), ("extra",), "ck_things_extra_json", None),
        (set_to(Thing.picture, sa.func.zeroblob(5)), ("picture",), "ck_things_picture_length", None),
        (
            lambda db: db.insert(Thing, owner_id=1, name="x", price=200.0),
            ("price", "active"),
            "ck_things_cheap_or_active",
            None,
        ),
        (lambda db: db.insert(Thing, owner_id=1, name="x", price=13.0), ("price",), "ck_things_price", 13.0),
        (set_to(Thing.price, 13.0), ("price",), "ck_things_price", 13.0),
    ],
)
def test_a_check_is_named_with_its_columns(
    db: Database, write: Callable[[Database], object], columns: tuple[str, ...], constraint: str, value: object
) -> None:
    table, found_columns, found, shown = refused(CheckViolation, lambda: write(db))

    assert (table, found_columns, found, shown) == ("things", columns, constraint, value)


@pytest.mark.parametrize(
    ("write", "column"),
    [
        (set_to(Thing.level, sa.literal("high")), "level"),
        (set_to(Thing.price, sa.literal("dear")), "price"),
        (set_to(Thing.picture, sa.literal("text")), "picture"),
        (set_to(Thing.name, sa.func.zeroblob(3)), "name"),
    ],
)
def test_a_value_of_another_storage_class_is_named(
    db: Database, write: Callable[[Database], object], column: str
) -> None:
    assert refused(CheckViolation, lambda: write(db))[:2] == ("things", (column,))


# --- foreign keys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "column", "value"),
    [
        (lambda db: db.insert(Thing, owner_id=99, name="x"), "owner_id", 99),
        (lambda db: db.insert(Thing, owner_id=1, name="x", room_id=98), "room_id", 98),
        (set_to(Thing.owner_id, 97), "owner_id", 97),
        (lambda db: db.update(Thing).set(Thing.room_id.to(96)).where(Thing.id == 1).returning(), "room_id", 96),
        (
            lambda db: db.upsert(new(Thing, owner_id=95, name="x").with_(Thing.id.to(1)), on=[Thing.id]),
            "owner_id",
            95,
        ),
    ],
)
def test_a_row_without_its_parent_is_named(
    db: Database, write: Callable[[Database], object], column: str, value: int
) -> None:
    found = refused(ForeignKeyViolation, lambda: write(db))

    assert found == ("things", (column,), f"fk_things_{column}", value)


def test_a_parent_of_the_same_transaction_is_seen_when_looking_for_the_missing_one(db: Database) -> None:
    with db.transaction():
        owner = db.insert(Owner, email="new")
        found = refused(ForeignKeyViolation, lambda: db.insert(Thing, owner_id=owner.id, name="x", room_id=98))

    assert found[2:] == ("fk_things_room_id", 98)


@pytest.mark.parametrize(
    ("write", "table", "constraint", "children"),
    [
        (lambda db: db.delete(Owner).where(Owner.id == 1).run(), "owners", "fk_things_owner_id", "things"),
        (lambda db: db.delete(Thing).where(Thing.id == 1).run(), "things", "fk_screws_thing_id", "screws"),
        # Its things would go with the room, but for the screw.
        (lambda db: db.delete(Room).all_rows().run(), "rooms", "fk_screws_thing_id", "screws"),
        (
            lambda db: db.update(Owner).set(Owner.id.to(50)).where(Owner.id == 1).run(),
            "owners",
            "fk_things_owner_id",
            "things",
        ),
        (
            lambda db: db.update(Thing).set(Thing.id.to(50)).where(Thing.name == "lamp").returning(),
            "things",
            "fk_parts_thing_id",
            "parts",
        ),
    ],
)
def test_a_row_that_others_refer_to_is_named_with_them(
    db: Database, write: Callable[[Database], object], table: str, constraint: str, children: str
) -> None:
    assert refused(ForeignKeyViolation, lambda: write(db)) == (table, (), constraint, None)
    with pytest.raises(ForeignKeyViolation, match=f"rows of {children} refer to it"):
        write(db)


def test_a_row_that_nobody_refers_to_goes_and_takes_its_own_along(db: Database) -> None:
    db.delete(Screw).all_rows().run()

    assert db.delete(Thing).where(Thing.id == 1).run() == 1
    assert db.select(Part).count() == 0
    assert db.delete(Owner).where(Owner.id == 2).run() == 1


def test_a_database_that_does_not_know_its_tables_still_tells_the_kind(db: Database) -> None:
    with Database.open(f"sqlite:///{db.path}", driver=db.driver.name) as other:
        found = refused(ForeignKeyViolation, lambda: other.delete(Owner).where(Owner.id == 1).run())

    assert found == ("owners", (), "", None)


# --- names that SQL uses, or that look like its messages --------------------------------------------------------------


class Select(Table, name="select", unique=[Unique("group", "where")]):
    order: Col[int] = integer(primary_key=True)
    group: Col[str] = text(default="")
    where: Col[str] = text(default="")
    values: Col[int] = integer(default=1, minimum=1)
    table: Ref[Select, int | None] = references(lambda: Select.order, default=None)


class Odd(Table, name="o\"d.d, ta'ble [x].y", unique=[Unique("a", "b")]):
    id: Col[int] = auto_id()
    a: Col[int] = integer(minimum=0)
    b: Col[int] = integer(default=0)
    parent: Ref[Odd, int | None] = references(lambda: Odd.id, default=None)


@pytest.fixture
def odd(tmp_path: Path, driver: DriverName) -> Iterator[Database]:
    with Database.create(url_of(tmp_path / "odd.db"), [Select, Odd], driver=driver, durability="off") as made:
        made.insert(Select, order=1)
        made.insert(Odd, a=1)
        yield made


def test_keywords_as_names_are_told_as_they_are(odd: Database) -> None:
    assert refused(UniqueViolation, lambda: odd.insert(Select, order=1, group="g"))[:3] == (
        "select",
        ("order",),
        "pk_select",
    )
    assert refused(UniqueViolation, lambda: odd.insert(Select, order=2))[:3] == (
        "select",
        ("group", "where"),
        "uq_select_group_where",
    )
    assert refused(ForeignKeyViolation, lambda: odd.insert(Select, order=2, group="g", table=9)) == (
        "select",
        ("table",),
        "fk_select_table",
        9,
    )
    below = odd.update(Select).set(Select.values.to(Select.values - 1)).all_rows()
    assert refused(CheckViolation, below.run)[:3] == ("select", ("values",), "ck_select_values_range")
    null = odd.update(Select).set(Select.group.to(sa.null())).all_rows()  # type: ignore[arg-type]  # SQL's own null
    assert refused(NotNullViolation, null.run)[:2] == ("select", ("group",))


def test_a_table_name_that_looks_like_a_message_is_told_as_it_is(odd: Database) -> None:
    name = Odd.__declaration__.name
    assert refused(UniqueViolation, lambda: odd.insert(Odd, a=1))[:3] == (name, ("a", "b"), f"uq_{name}_a_b")
    assert refused(UniqueViolation, lambda: odd.insert_new(new(Odd, a=2).with_(Odd.id.to(1))))[:3] == (
        name,
        ("id",),
        f"pk_{name}",
    )
    assert refused(ForeignKeyViolation, lambda: odd.insert(Odd, a=2, parent=9))[:3] == (
        name,
        ("parent",),
        f"fk_{name}_parent",
    )
    below = odd.update(Odd).set(Odd.a.to(Odd.a - 5)).all_rows()
    assert refused(CheckViolation, below.run)[:3] == (name, ("a",), f"ck_{name}_a_range")
    null = odd.update(Odd).set(Odd.a.to(sa.null())).all_rows()  # type: ignore[arg-type]  # SQL's own null
    assert refused(NotNullViolation, null.run)[:2] == (name, ("a",))
    kind = odd.update(Odd).set(Odd.a.to(sa.literal("x"))).all_rows()
    assert refused(CheckViolation, kind.run)[:2] == (name, ("a",))


def test_what_is_no_constraint_names_its_statement(db: Database) -> None:
    with pytest.raises(StatementError) as caught:
        db.all(sa.select(sa.func.no_such_function(Owner.id)))

    assert caught.value.code == "STATEMENT_ERROR"
    assert "no such function" in caught.value.detail
    assert "no_such_function(owners.id)" in caught.value.sql
