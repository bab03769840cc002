"""The tables of a small shop, which the pages of this documentation work with."""

from datetime import datetime
from typing import Literal

from schemaroot import (
    Check,
    Col,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    generated,
    integer,
    json,
    now,
    references,
    soft_delete,
    text,
    timestamp_ms,
)

Status = Literal["open", "paid", "shipped"]


class Customer(Table, name="customers", search=["name", "note"]):
    id: Col[int] = auto_id()
    email: Col[str] = text(max_length=200, pattern="@", unique=True)
    name: Col[str] = text(min_length=1, max_length=100)
    note: Col[str] = text(default="")
    tags: Col[list[str]] = json(default_factory=list)
    created: Col[datetime] = timestamp_ms(default_factory=now)
    deleted: Col[datetime | None] = soft_delete()


class Order(
    Table,
    name="orders",
    indexes=[Index("customer_id", "-created")],
    checks=[Check("shipped_is_dated", lambda: (Order.status != "shipped") | Order.shipped.is_not(None))],
):
    id: Col[int] = auto_id()
    customer_id: Ref[Customer, int] = references(lambda: Customer.id, on_delete="cascade")
    status: Col[Status] = text(default="open")
    shipped: Col[datetime | None] = timestamp_ms(default=None)
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


class Line(Table, name="lines", unique=[Unique("order_id", "product")]):
    id: Col[int] = auto_id()
    order_id: Ref[Order, int] = references(lambda: Order.id, on_delete="cascade")
    product: Col[str] = text(min_length=1)
    quantity: Col[int] = integer(default=1, minimum=1)
    price: Col[int] = integer(minimum=0, comment="in cents")
    total: Col[int] = generated(lambda: Line.quantity * Line.price)


TABLES = [Customer, Order, Line]
