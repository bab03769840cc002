"""A column's annotation, kind, default and target fit each other."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_type

from tables import Agent, Project, Status, Ticket

from schemaroot import (
    Col,
    Expr,
    FkExpr,
    Index,
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

assert_type(Ticket.title, Expr[Ticket, str])
assert_type(Ticket.status, Expr[Ticket, Status])
assert_type(Ticket.deleted, Expr[Ticket, datetime | None])
assert_type(Ticket.tags, Expr[Ticket, list[str]])
assert_type(Ticket.project_id, FkExpr[Ticket, Project, int])
assert_type(Ticket.parent_id, FkExpr[Ticket, Ticket, int | None])
assert_type(Ticket.agent, FkExpr[Ticket, Agent, str | None])


class Right(Table, name="right", indexes=[Index("title", "-created")], was="former", comment="All of it is fine."):
    id: Col[int] = auto_id()
    own: Ref[Right, int] = references(lambda: Right.id)
    later: Ref[Later, int | None] = references(lambda: Later.id)
    agent: Ref[Agent, str] = references(lambda: Agent.slug, on_delete="restrict")
    title: Col[str | None] = text(max_length=10)
    status: Col[Status | None] = text(default=None)
    rank: Col[Literal[1, 2]] = integer()
    tags: Col[list[Status]] = json(default_factory=lambda: ["open"])
    anything: Col[JsonValue] = json(default=None)
    upper: Col[str] = generated(lambda: Right.status.concat("!"))
    created: Col[datetime] = timestamp_ms(default_factory=now)


class Later(Table, name="later"):
    id: Col[int] = auto_id()
    right_id: Ref[Right, int] = references(lambda: Right.id)


assert_type(Right.later, FkExpr[Right, Later, int | None])
assert_type(Right.upper, Expr[Right, str])


class Wrong(Table, name="wrong"):
    id: Col[str] = auto_id()  # E the key is a number
    count: Col[int] = text()  # E another kind
    name: Col[str] = integer()  # E another kind
    names: Col[list[str]] = text()  # E a list is JSON
    number: Col[int] = integer(default="1")  # E default of the wrong type
    status: Col[Status] = text(default="bogus")  # E default outside of the enumeration
    weight: Col[float] = real(default="heavy")  # E
    urgent: Col[bool] = boolean(default=2)  # E
    picture: Col[bytes] = blob(default="x")  # E
    title: Col[str] = text(default=None)  # E null where it is not allowed
    made: Col[datetime] = timestamp_ms(default_factory=lambda: 0)  # E the factory gives another type
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=lambda: "now")  # E
    deleted: Col[datetime] = soft_delete()  # E null for a live row
    tags: Col[list[str]] = json(default_factory=lambda: [1])  # E JSON of the wrong shape
    length: Col[int] = generated(lambda: Ticket.title)  # E it computes a text
    low: Col[int] = integer(minimum="0")  # E
    high: Col[str] = text(maximum=3)  # E no such option
    project_id: Ref[Project, int] = references(lambda: Ticket.id)  # E another table's key
    agent: Ref[Agent, int] = references(lambda: Agent.slug)  # E its key is a text
    maybe: Ref[Project, int] = references(lambda: Project.id, default=None)  # E null where it is not allowed
    owner: Ref[Project, int] = references(lambda: Project.id, on_delete="explode")  # E no such action
    plain: Col[int] = references(lambda: Project.id)  # E a reference is a Ref
    key: Ref[Project, int] = integer()  # E a Ref is a reference


class Nameless(Table):  # E every table has a name
    id: Col[int] = auto_id()


class Coloured(Table, name="coloured", colour="red"):  # E no such option
    id: Col[int] = auto_id()


class Indexed(Table, name="indexed", indexes=["id"]):  # E an Index, not a name
    id: Col[int] = auto_id()
