"""The tables that the expectations speak of: every kind of column, keys of numbers and of texts, a table in itself."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from typing_extensions import TypedDict

from schemaroot import (
    Col,
    Database,
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

Status = Literal["open", "done"]


class Link(TypedDict):
    label: str
    url: str


class Project(Table, name="projects"):
    id: Col[int] = auto_id()
    name: Col[str] = text(min_length=1, unique=True)


class Agent(Table, name="agents"):
    slug: Col[str] = text(primary_key=True)
    name: Col[str] = text(default="")


class Ticket(Table, name="tickets"):
    id: Col[int] = auto_id()
    project_id: Ref[Project, int] = references(lambda: Project.id, on_delete="cascade")
    parent_id: Ref[Ticket, int | None] = references(lambda: Ticket.id, default=None)
    agent: Ref[Agent, str | None] = references(lambda: Agent.slug, default=None, on_delete="set null")
    title: Col[str] = text(max_length=200)
    status: Col[Status] = text(default="open")
    rank: Col[Literal[1, 2, 3]] = integer(default=2)
    weight: Col[float | None] = real(default=None)
    urgent: Col[bool] = boolean(default=False)
    tags: Col[list[str]] = json(default_factory=list)
    links: Col[list[Link]] = json(default_factory=list)
    extra: Col[dict[str, JsonValue]] = json(default_factory=dict)
    picture: Col[bytes | None] = blob(default=None)
    length: Col[int] = generated(lambda: sa.func.length(Ticket.title))
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


class Task(Table, name="tasks"):
    id: Col[int] = auto_id()
    ticket_id: Ref[Ticket, int] = references(lambda: Ticket.id, on_delete="cascade")
    content: Col[str] = text()
    points: Col[int] = integer(default=0, minimum=0)


class Step(Table, name="steps"):
    id: Col[int] = auto_id()
    task_id: Ref[Task, int] = references(lambda: Task.id, on_delete="cascade")


db = Database.memory([Project, Agent, Ticket, Task, Step])


def use(value: object) -> None:
    """Takes anything: for looking at a value."""
    del value
