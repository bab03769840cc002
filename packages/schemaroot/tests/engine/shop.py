"""The tables of a shop, and the few things that many tests of the engine and of queries need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from schemaroot import (
    Check,
    Col,
    Database,
    Identity,
    Index,
    JsonValue,
    Ref,
    Table,
    Unique,
    auto_id,
    blob,
    boolean,
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
from schemaroot.engine.driver import DriverName

DRIVERS: tuple[DriverName, ...] = ("apsw", "sqlite3")

State = Literal["open", "paid", "sent"]

SHOP = Identity(application_id=0x5C4E_3A01, schema_number=7)

MOMENT = datetime(2024, 2, 29, 12, 30, 15, 250_000, tzinfo=UTC)


class Customer(Table, name="customers", unique=[Unique("name", "city", nulls_equal=True)], indexes=[Index("-joined")]):
    id: Col[int] = auto_id()
    name: Col[str] = text(min_length=1, max_length=50)
    city: Col[str | None] = text(default=None)
    email: Col[str | None] = text(default=None, unique=True)
    vip: Col[bool] = boolean(default=False)
    referrer_id: Ref[Customer, int | None] = references(lambda: Customer.id, default=None, on_delete="set null")
    joined: Col[datetime] = timestamp_ms(default=MOMENT)
    deleted: Col[datetime | None] = soft_delete()


class Product(Table, name="products"):
    sku: Col[str] = text(primary_key=True, max_length=20)
    title: Col[str] = text(default="")
    price: Col[float] = real(default=0.0, minimum=0.0)
    picture: Col[bytes | None] = blob(default=None)


class Order(
    Table,
    name="orders",
    indexes=[Index("customer_id", "state")],
    checks=[Check("paid_needs_total", lambda: (Order.state == "open") | (Order.total > 0.0))],
):
    id: Col[int] = auto_id()
    customer_id: Ref[Customer, int] = references(lambda: Customer.id)
    state: Col[State] = text(default="open")
    note: Col[str] = text(default="")
    total: Col[float] = real(default=0.0, minimum=0.0)
    tags: Col[list[str]] = json(default_factory=list)
    details: Col[dict[str, JsonValue]] = json(default_factory=dict)
    placed: Col[datetime] = timestamp_ms(default=MOMENT)
    updated: Col[datetime | None] = timestamp_ms(default=None, on_update=now)
    is_open: Col[bool] = generated(lambda: Order.state == "open")


class Line(Table, name="lines"):
    order_id: Ref[Order, int] = references(lambda: Order.id, on_delete="cascade", primary_key=True)
    number: Col[int] = integer(primary_key=True)
    sku: Ref[Product, str] = references(lambda: Product.sku, on_delete="restrict")
    quantity: Col[int] = integer(default=1, minimum=1)
    cents: Col[int] = integer(default=0)
    amount: Col[int] = generated(lambda: Line.quantity * Line.cents)


TABLES: list[type[Table]] = [Customer, Product, Order, Line]


def url_of(path: Path) -> str:
    """The address of a database file."""
    return f"sqlite:///{path}"


@contextmanager
def shop_at(path: Path, driver: DriverName, **options: Any) -> Iterator[Database]:
    """A new shop; closed at the end."""
    with Database.create(url_of(path), TABLES, driver=driver, **options) as db:
        yield db


def fill(db: Database) -> None:
    """Three customers: Ada with three orders, Bo with one, Cy with none."""
    with db.transaction():
        ada = db.insert(Customer, name="Ada", city="London", email="ada@example.org", vip=True)
        bo = db.insert(Customer, name="Bo", referrer_id=ada.id, joined=MOMENT + timedelta(days=1))
        db.insert(Customer, name="Cy", city="Paris", joined=MOMENT + timedelta(days=2))
        db.insert(Product, sku="pen", title="Pen", price=1.5, picture=b"\x00pen")
        db.insert(Product, sku="ink", title="Ink", price=0.1 + 0.2)
        orders: list[tuple[State, float]] = [("open", 0.0), ("paid", 4.5), ("sent", 0.1 + 0.2)]
        for state, total in orders:
            order = db.insert(Order, customer_id=ada.id, state=state, total=total, tags=[state], details={"n": total})
            for number in (1, 2):
                db.insert(
                    Line, order_id=order.id, number=number, sku="pen" if number == 1 else "ink", cents=number * 10
                )
        db.insert(Order, customer_id=bo.id, note="Grüße 🖋")


def run_python(code: str, *arguments: object, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a piece of Python in a process of its own and gives what it printed."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)


_HASH = "import hashlib, sys\nfor name in sys.argv[1:]: print(hashlib.sha256(open(name, 'rb').read()).hexdigest())"


def digests(*paths: Path) -> list[str]:
    """SHA-256 of files, taken in another process: closing a handle here would drop the locks that SQLite holds."""
    command = [sys.executable, "-I", "-S", "-c", _HASH, *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()


@contextmanager
def traced(db: Database) -> Iterator[list[str]]:
    """The SQL of every statement that runs inside, on connections that are open already; a writer is opened first."""
    connections = [*db.pool.open_readers, db.pool.take_writer()]
    db.pool.give_writer()
    statements: list[str] = []

    def note(_: object, sql: str, __: object) -> bool:
        statements.append(sql)
        return True

    for connection in connections:
        if db.driver.name == "apsw":
            connection.raw.exec_trace = note
        else:
            connection.raw.set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        for connection in connections:
            if db.driver.name == "apsw":
                connection.raw.exec_trace = None
            else:
                connection.raw.set_trace_callback(None)


def open_files() -> int:
    """How many files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


HOLDER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held_by_another_process(path: Path, statements: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs statements on a database, and keeps its connection open until the end."""
    command = [sys.executable, "-c", HOLDER, str(path), statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.communicate("\n", timeout=30)


@contextmanager
def recorded(db: Database) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """The SQL, on one line, and the parameters of each statement that runs inside; apsw alone tells parameters."""
    connections = [*db.pool.open_readers, db.pool.take_writer()]
    db.pool.give_writer()
    statements: list[tuple[str, tuple[Any, ...]]] = []

    def note(_: object, sql: str, parameters: tuple[Any, ...] | None) -> bool:
        statements.append((" ".join(sql.split()), tuple(parameters or ())))
        return True

    for connection in connections:
        if db.driver.name == "apsw":
            connection.raw.exec_trace = note
    try:
        yield statements
    finally:
        for connection in connections:
            if db.driver.name == "apsw":
                connection.raw.exec_trace = None


def check_statements(
    db: Database, found: list[tuple[str, tuple[Any, ...]]], *expected: tuple[str, tuple[Any, ...]]
) -> None:
    """Asserts the statements that ran, whole; with a driver that does not tell them there is nothing to assert."""
    if db.driver.name == "apsw":
        assert found == list(expected)
