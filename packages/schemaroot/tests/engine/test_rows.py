"""Rows are plain frozen values: equal by value, hashable when their values are, picklable, and readable."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemaroot import Database
from schemaroot.errors import NotARowError
from schemaroot.schema.table import row_maker

from .kinds import ROWS, Kinds, is_same
from .shop import MOMENT, Customer, Line, Order, Product


def some(**values: Any) -> Any:
    """A row that no database has seen."""
    held = {"id": 1, "box_id": None} | values
    return row_maker(Kinds)(*(held[name] for name in Kinds.__declaration__.columns))


ANY_ROW = ROWS.map(lambda values: some(**values))


@given(row=ANY_ROW)
def test_any_row_survives_pickling_and_copying(row: Kinds) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert is_same(pickle.loads(pickle.dumps(row, protocol)), row)
    assert is_same(copy.copy(row), row)
    assert is_same(copy.deepcopy(row), row)
    assert copy.deepcopy(row).tags is not row.tags


@given(one=ROWS, other=ROWS)
def test_rows_are_equal_when_their_values_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert some(**one) == some(**one)
    assert (some(**one) == some(**other)) is (one == other)
    assert (some(**one) != some(**other)) is (one != other)


@given(row=ANY_ROW, data=st.data())
def test_replacing_a_value_gives_a_copy_with_it_alone_changed(row: Kinds, data: st.DataObject) -> None:
    other = data.draw(ANY_ROW)
    name = data.draw(st.sampled_from(list(Kinds.__declaration__.columns)))
    before = row.to_dict()

    changed = row.replace(getattr(Kinds, name).to(getattr(other, name)))

    assert is_same(changed.to_dict(), before | {name: getattr(other, name)})
    assert is_same(row.to_dict(), before)


@given(values=ROWS)
def test_a_row_as_a_dictionary_is_in_the_order_of_the_declaration(values: dict[str, Any]) -> None:
    row = some(**values)

    assert list(row.to_dict()) == list(Kinds.__declaration__.columns)
    assert is_same(row.to_dict(), {"id": 1, "box_id": None} | values)


def test_rows_of_different_tables_are_never_equal(db: Database) -> None:
    customer: Any = db.select(Customer).first()
    order: Any = db.select(Order).first()

    assert customer != order
    assert customer != customer.to_dict()


def test_a_row_cannot_be_changed(db: Database) -> None:
    row: Any = db.select(Product).first()
    before = row.to_dict()

    for change in (
        lambda: setattr(row, "price", 2.0),
        lambda: setattr(row, "unknown", 2.0),
        lambda: delattr(row, "price"),
        lambda: row.__dict__,
    ):
        with pytest.raises((AttributeError, TypeError, FrozenInstanceError)):
            change()
    assert row.to_dict() == before


def test_rows_with_hashable_values_can_be_in_a_set(db: Database) -> None:
    products = db.select(Product).all()
    lines = db.select(Line).all()

    assert set(products) == set(db.select(Product).all())
    assert len({*products, *db.select(Product).all()}) == 2
    assert {line: number for number, line in enumerate(lines)}[db.select(Line).order_by(Line.order_id).all()[0]] == 0


def test_rows_with_lists_in_them_cannot(db: Database) -> None:
    order = db.select(Order).first()

    with pytest.raises(TypeError, match="unhashable"):
        hash(order)


def test_a_row_reads_well(db: Database) -> None:
    [ada] = db.select(Customer).where(Customer.id == 1).all()
    line = db.select(Line).where(Line.order_id == 1, Line.number == 2).one()

    assert repr(ada) == (
        "Customer(id=1, name='Ada', city='London', email='ada@example.org', vip=True, referrer_id=None, "
        "joined=2024-02-29T12:30:15.250+00:00, deleted=None)"
    )
    assert str(line) == "Line(order_id=1, number=2, sku='ink', quantity=1, cents=20, amount=20)"


def test_a_long_value_is_cut_short_when_shown(db: Database) -> None:
    row = db.insert(Order, customer_id=1, note="x" * 500)

    assert len(repr(row)) < 400
    assert "xxx..." in repr(row)


def test_a_row_is_made_by_storing_it(db: Database) -> None:
    with pytest.raises(NotARowError, match=r"Use db\.insert\(Product, \.\.\.\)"):
        Product(sku="pen")

    assert db.insert(Product, sku="cap").sku == "cap"


def test_a_pickled_row_can_be_read_by_another_process(tmp_path: Path) -> None:
    (tmp_path / "rows.py").write_text(
        "from schemaroot import Col, Table, auto_id, text\n"
        'class Note(Table, name="notes"):\n    id: Col[int] = auto_id()\n    words: Col[str] = text()\n'
    )
    make = (
        "import pickle, sys\nfrom rows import Note\nfrom schemaroot import Database\n"
        "sys.stdout.buffer.write(pickle.dumps(Database.memory([Note]).insert(Note, words='hello')))"
    )
    read = "import pickle, sys\nprint(pickle.loads(sys.stdin.buffer.read()))"
    pickled = subprocess.run([sys.executable, "-c", make], cwd=tmp_path, capture_output=True, check=True).stdout
    shown = subprocess.run([sys.executable, "-c", read], cwd=tmp_path, input=pickled, capture_output=True, check=True)

    assert shown.stdout == b"Note(id=1, words='hello')\n"


def test_a_row_knows_the_moment_to_the_millisecond(db: Database) -> None:
    assert {order.placed for order in db.select(Order).all()} == {MOMENT}
