"""Tasks: the steps of a ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from promptliano.schema.tickets import Ticket
from schemaroot import (
    Col,
    Index,
    Ref,
    Table,
    auto_id,
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

TaskStatus = Literal["pending", "in_progress", "completed", "cancelled"]
"""How far a task is."""


class Task(
    Table,
    name="tasks",
    comment="One step of a ticket",
    indexes=[Index("ticket_id", "order_index"), Index("created", "id")],
    search=["content", "description"],
):
    """A task. `done` follows `status`: the database computes it, and nothing else can set it."""

    id: Col[int] = auto_id()
    ticket_id: Ref[Ticket, int] = references(lambda: Ticket.id, on_delete="cascade")
    content: Col[str] = text(min_length=1, comment="what is to be done, in one line")
    description: Col[str] = text(default="", comment="what is to be done, at length")
    status: Col[TaskStatus] = text(default="pending")
    done: Col[bool] = generated(lambda: Task.status == "completed", comment="whether the status is completed")
    order_index: Col[int] = integer(default=0, minimum=0, comment="place within the ticket; may have gaps and repeats")
    estimated_hours: Col[float | None] = real(default=None)
    dependencies: Col[list[int]] = json(default_factory=list, comment="tasks.id of tasks to be done before this one")
    tags: Col[list[str]] = json(default_factory=list)
    agent: Col[str | None] = text(default=None, comment="agents.slug of the agent that is to do it")
    suggested_file_ids: Col[list[int]] = json(default_factory=list, comment="files.id worth reading for this work")
    suggested_prompt_ids: Col[list[int]] = json(default_factory=list, comment="prompts.id that suit this work")
    suggested_agents: Col[list[str]] = json(default_factory=list, comment="agents.slug that suit this work")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
