"""A table with columns of every kind, and documents of every sort of shape."""

from __future__ import annotations

import dataclasses
import enum
from datetime import UTC, date, datetime
from typing import Annotated, Literal, NotRequired
from uuid import UUID

import msgspec
import pydantic
import sqlalchemy as sa
from typing_extensions import TypedDict

from schemaroot import (
    Check,
    Col,
    JsonValue,
    Ref,
    Table,
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


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(TypedDict):
    width: float
    depth: NotRequired[int]


@dataclasses.dataclass
class Mark:
    at: int
    note: str = ""


class Leaf(msgspec.Struct, tag="leaf", rename="camel"):
    leaf_value: str
    when: datetime | None = None


class Branch(msgspec.Struct, tag="branch"):
    parts: list[Leaf | Branch]
    weight: Annotated[int, msgspec.Meta(ge=0, lt=10)] = 0


class Card(pydantic.BaseModel):
    kind: Literal["card"] = "card"
    number: Annotated[str, pydantic.Field(min_length=2, max_length=4, pattern="^[0-9]+$")]
    limit: int | None = pydantic.Field(default=None, ge=0, alias="maxAmount")


class Cash(pydantic.BaseModel):
    kind: Literal["cash"] = "cash"
    coins: list[int]


class Parent(Table, name="parents"):
    id: Col[int] = auto_id()


class Kinds(
    Table,
    name="kinds",
    checks=[Check("low_high", lambda: Kinds.low_one <= Kinds.high_one)],
):
    id: Col[int] = auto_id()
    parent_id: Ref[Parent, int | None] = references(lambda: Parent.id, default=None)
    whole: Col[int] = integer()
    low_one: Col[int] = integer(default=0, minimum=-10, maximum=10)
    high_one: Col[int] = integer(default=10, minimum=-10, maximum=10)
    maybe_whole: Col[int | None] = integer(default=None)
    level: Col[Literal[1, 2, 3]] = integer(default=1)
    real_number: Col[float] = real()
    share: Col[float | None] = real(default=0.5, minimum=0, maximum=1)
    words: Col[str] = text()
    short: Col[str] = text(default="abc", min_length=2, max_length=5)
    code: Col[str | None] = text(default=None, pattern="^[A-Z]{2}-[0-9]+$")
    state: Col[Literal["on", "off", "it's"]] = text(default="on")
    maybe_state: Col[Literal["on", "off"] | None] = text(default=None)
    flag: Col[bool] = boolean(default=False)
    maybe_flag: Col[bool | None] = boolean(default=None)
    moment: Col[datetime] = timestamp_ms(default_factory=now)
    maybe_moment: Col[datetime | None] = timestamp_ms(default=None)
    data: Col[bytes] = blob(default=b"\0\xff")
    maybe_data: Col[bytes | None] = blob(default=None, max_length=20)
    anything: Col[JsonValue] = json(default=None)
    maybe_anything: Col[JsonValue | None] = json(default=None)
    names: Col[list[str]] = json(default_factory=list)
    numbers: Col[dict[str, int | float]] = json(default_factory=dict)
    size: Col[Size | None] = json(default=None)
    marks: Col[list[Mark]] = json(default_factory=list)
    tree: Col[Leaf | Branch | None] = json(default=None)
    payment: Col[Annotated[Card | Cash, pydantic.Field(discriminator="kind")] | None] = json(default=None)
    payments: Col[list[Card]] = json(default_factory=list)
    colours: Col[list[Colour]] = json(default_factory=list)
    ids: Col[list[UUID]] = json(default_factory=list)
    days: Col[dict[str, date | None]] = json(default_factory=dict)
    pair: Col[Annotated[list[int], msgspec.Meta(min_length=2, max_length=2)] | None] = json(default=None)
    hidden: Col[str] = text(default="", secret=True)
    twice: Col[int | None] = generated(lambda: sa.func.length(Kinds.words) * 2)
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


KINDS: list[type[Table]] = [Parent, Kinds]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
