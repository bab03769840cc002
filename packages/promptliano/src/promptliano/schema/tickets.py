"""Tickets: what is to be done in a project."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from promptliano.schema.projects import Project
from schemaroot import (
    Col,
    Index,
    JsonValue,
    Ref,
    Table,
    auto_id,
    json,
    now,
    references,
    soft_delete,
    text,
    timestamp_ms,
)

TicketStatus = Literal["open", "in_progress", "completed", "archived"]
"""How far a ticket is."""

TicketPriority = Literal["low", "normal", "high", "urgent"]
"""How much a ticket matters."""


class Ticket(
    Table,
    name="tickets",
    comment="A piece of work on a project, made of tasks",
    indexes=[
        Index("project_id", "status", "created"),
        Index("project_id", "priority"),
        Index("project_id", "created", "id"),
        Index("created", "id"),
    ],
    search=["title", "overview"],
):
    """A ticket. Its place in a queue is not stored here: it is read through its queue item."""

    id: Col[int] = auto_id()
    project_id: Ref[Project, int] = references(lambda: Project.id, on_delete="cascade")
    title: Col[str] = text(min_length=1, max_length=500)
    overview: Col[str] = text(default="", comment="Markdown")
    status: Col[TicketStatus] = text(default="open")
    priority: Col[TicketPriority] = text(default="normal")
    tags: Col[list[str]] = json(default_factory=list)
    metadata: Col[dict[str, JsonValue]] = json(default_factory=dict, comment="what other programs attach to it")
    suggested_file_ids: Col[list[int]] = json(default_factory=list, comment="files.id worth reading for this work")
    suggested_prompt_ids: Col[list[int]] = json(default_factory=list, comment="prompts.id that suit this work")
    suggested_agents: Col[list[str]] = json(default_factory=list, comment="agents.slug that suit this work")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
