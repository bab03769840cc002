"""Which of SQLAlchemy's statements pass through `all`, `stream`, `prepare` and `execute`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from schemaroot import Database
from schemaroot.errors import InvalidArgumentsError, UnscopedWriteError
from schemaroot.schema.sqlalchemy import table_clause

from ..engine.shop import Customer, Line, Order, Product

LINES = table_clause(Line)
PRODUCTS = table_clause(Product)

NOT_A_WRITE: dict[str, Any] = {
    "text": sa.text("DELETE FROM lines"),
    "text with columns": sa.text("SELECT 1 AS one").columns(sa.column("one")),
    "a string": "DELETE FROM lines",
    "a select": sa.select(LINES),
    "a union": sa.union(sa.select(Line.number), sa.select(Line.number)),
    "a table": LINES,
    "a condition": Line.number == 1,
    "a function": sa.func.load_extension("x"),
    "a definition": sa.DDL("DROP TABLE lines"),
    "a class": Line,
    "nothing": None,
    "a number": 7,
}
NOT_A_READ: dict[str, Any] = {
    **{name: value for name, value in NOT_A_WRITE.items() if name not in ("a select", "a union")},
    "a delete": sa.delete(LINES),
    "an update": sa.update(LINES).values(cents=1),
    "an insert that returns": sa.insert(PRODUCTS).values(sku="x").returning(PRODUCTS.c.sku),
}
READS: dict[str, Callable[[Database, Any], object]] = {
    "all": lambda db, statement: db.all(statement),
    "one": lambda db, statement: db.one(statement),
    "first": lambda db, statement: db.first(statement),
    "stream": lambda db, statement: list(db.stream(statement)),
    "prepare": lambda db, statement: db.prepare(statement).all(),
}


@pytest.mark.parametrize("statement", NOT_A_WRITE.values(), ids=NOT_A_WRITE)
def test_execute_takes_inserts_updates_and_deletes_alone(db: Database, statement: Any) -> None:
    with pytest.raises(InvalidArgumentsError, match="takes an insert, update or delete"):
        db.execute(statement)

    assert db.select(Line).count() == 6


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("statement", NOT_A_READ.values(), ids=NOT_A_READ)
def test_reading_takes_selects_alone(db: Database, read: Callable[[Database, Any], object], statement: Any) -> None:
    with pytest.raises(InvalidArgumentsError, match="takes a select"):
        read(db, statement)

    assert db.select(Line).count() == 6
    assert db.select(Product).count() == 2


def test_a_wrong_statement_is_refused_when_a_stream_is_asked_for(db: Database) -> None:
    statement: Any = sa.text("SELECT 1")
    with pytest.raises(InvalidArgumentsError):
        db.stream(statement)


@pytest.mark.filterwarnings("ignore:Invoking:sqlalchemy.exc.SADeprecationWarning")
def test_a_write_whose_condition_joins_no_condition_is_unscoped(db: Database) -> None:
    writes: list[Any] = [
        sa.delete(LINES),
        sa.delete(LINES).where(sa.and_()),
        sa.delete(LINES).where(sa.or_()),
        sa.update(LINES).values(cents=1),
        sa.update(LINES).values(cents=1).where(sa.and_()),
    ]
    for write in writes:
        with pytest.raises(UnscopedWriteError, match=r"^(A delete|An update) on lines"):
            db.execute(write)

    assert db.select(Line).where(Line.cents == 1).count() == 0
    assert db.select(Line).count() == 6


def test_a_write_hidden_in_a_read_or_in_a_scoped_write_is_refused(db: Database) -> None:
    hidden = sa.delete(LINES).returning(LINES.c.number).cte("hidden")

    with pytest.raises(InvalidArgumentsError, match="holds another one that writes"):
        db.all(sa.select(hidden))
    with pytest.raises(InvalidArgumentsError, match="holds another one that writes"):
        db.execute(sa.update(LINES).values(cents=1).where(LINES.c.number.in_(sa.select(hidden.c.number))))
    assert db.select(Line).count() == 6


def test_writes_over_selects_and_common_table_expressions_pass(db: Database) -> None:
    chosen = sa.select(Order.id).where(Order.state == "open").cte("chosen")
    many = sa.select(sa.literal("a-") + Customer.name, Customer.name)

    assert db.execute(sa.insert(PRODUCTS).from_select(["sku", "title"], many)) == 3
    assert db.execute(sqlite_insert(PRODUCTS).values(sku="pen").on_conflict_do_nothing()) == 0
    assert db.execute(sa.update(LINES).values(cents=5).where(LINES.c.order_id.in_(sa.select(chosen.c.id)))) == 2
    assert db.execute(sa.delete(LINES).where(LINES.c.order_id.in_(sa.select(chosen.c.id)))) == 2
    assert db.execute(sa.delete(LINES).where(sa.true())) == 4


def test_selects_of_all_forms_pass_fragments_of_text_too(db: Database) -> None:
    both = sa.union_all(sa.select(Order.id), sa.select(Customer.id))
    named = sa.select(Order.id).where(sa.text("note = :note").bindparams(note=""))

    assert len(db.all(both)) == 7
    assert len(list(db.stream(both))) == 7
    assert len(db.prepare(both).all()) == 7
    assert len(db.all(named)) == 3
    assert len(db.all(sa.select(sa.select(Order.id).cte("some")))) == 4


def test_what_cannot_be_written_for_sqlite_is_an_error_of_ours(db: Database) -> None:
    with pytest.raises(InvalidArgumentsError, match="cannot be written for SQLite"):
        db.execute(sa.delete(LINES).where(LINES.c.order_id == Order.id))
