"""Queues of tickets and tasks that wait for an agent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from promptliano.schema.projects import Project
from promptliano.schema.tasks import Task
from promptliano.schema.tickets import Ticket
from schemaroot import (
    Check,
    Col,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    integer,
    now,
    references,
    soft_delete,
    text,
    timestamp_ms,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

QueueState = Literal["active", "paused", "inactive"]
"""Whether a queue gives out work: only an active one does."""

QueueItemStatus = Literal["queued", "in_progress", "completed", "failed", "cancelled", "dead"]
"""How far a queue item is: `queued` and `in_progress` are live, the others are ends; `dead` ran out of attempts."""


class Queue(
    Table,
    name="queues",
    comment="A line of tickets and tasks that agents work off",
    indexes=[Index("project_id", "created", "id"), Index("created", "id")],
    unique=[Unique("project_id", "name")],
):
    """A queue; its counts and times are computed from its items."""

    id: Col[int] = auto_id()
    project_id: Ref[Project, int] = references(lambda: Project.id, on_delete="cascade")
    name: Col[str] = text(min_length=1, max_length=100)
    description: Col[str] = text(default="")
    max_parallel_items: Col[int] = integer(default=1, minimum=1, maximum=100, comment="most items in progress at once")
    state: Col[QueueState] = text(default="active", comment="only an active queue gives out work")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


def is_live() -> sa.ColumnElement[bool]:
    """Whether a queue item waits or is in progress; that it is not deleted is asked besides."""
    return (QueueItem.status == "queued") | (QueueItem.status == "in_progress")


def has_no_priority() -> sa.ColumnElement[bool]:
    """Whether a queue item has no priority, which sorts it last.

    The zero is written out, since a parameter would keep the claim from using its index.
    """
    import sqlalchemy as sa

    return QueueItem.priority == sa.literal_column("0", sa.INTEGER())


class QueueItem(
    Table,
    name="queue_items",
    comment="A ticket or a task in a queue, and what became of it",
    indexes=[
        # The claim: the next waiting item by priority, then age.
        Index(
            "queue_id",
            has_no_priority,
            "priority",
            "enqueued",
            "id",
            where=lambda: (QueueItem.status == "queued") & QueueItem.deleted.is_(None),
            name="ix_queue_items_claim",
        ),
        # Leases that may have run out.
        Index(
            "lease_until",
            where=lambda: (QueueItem.status == "in_progress") & QueueItem.deleted.is_(None),
            name="ix_queue_items_lease",
        ),
        Index("queue_id", "status", "position"),
        Index("queue_id", "position"),
        Index("ticket_id", "created"),
        Index("task_id", "created"),
        Index("created", "id"),
    ],
    unique=[
        Unique("ticket_id", where=is_live, name="uq_queue_items_live_ticket"),
        Unique("task_id", where=is_live, name="uq_queue_items_live_task"),
        Unique("idempotency_key"),
    ],
    checks=[
        Check(
            "one_target",
            lambda: (
                (QueueItem.ticket_id.is_(None) & QueueItem.task_id.is_not(None))
                | (QueueItem.ticket_id.is_not(None) & QueueItem.task_id.is_(None))
            ),
        )
    ],
):
    """A queue item. A ticket or task has at most one live item; ended ones are its history."""

    id: Col[int] = auto_id()
    queue_id: Ref[Queue, int] = references(lambda: Queue.id, on_delete="cascade")
    ticket_id: Ref[Ticket, int | None] = references(lambda: Ticket.id, default=None, on_delete="cascade")
    task_id: Ref[Task, int | None] = references(lambda: Task.id, default=None, on_delete="cascade")
    status: Col[QueueItemStatus] = text(default="queued")
    priority: Col[int] = integer(default=0, comment="lower runs first; 0 is no priority and runs last")
    position: Col[int] = integer(default=0, comment="place in the queue as users see it")
    attempts: Col[int] = integer(default=0, minimum=0, comment="how often it was claimed")
    max_attempts: Col[int] = integer(default=3, minimum=1, comment="claims after which a failure makes it dead")
    lease_token: Col[str | None] = text(default=None, comment="names the claim; a worker with another has lost it")
    lease_until: Col[datetime | None] = timestamp_ms(default=None, comment="when the claim runs out unless extended")
    available: Col[datetime] = timestamp_ms(default_factory=now, comment="not claimed before this moment")
    agent: Col[str | None] = text(default=None, comment="agents.slug of the agent that works or worked on it")
    error: Col[str | None] = text(default=None, comment="what the last failure said")
    enqueued: Col[datetime] = timestamp_ms(default_factory=now, comment="when it entered the queue")
    started: Col[datetime | None] = timestamp_ms(default=None, comment="when it was last claimed")
    finished: Col[datetime | None] = timestamp_ms(default=None, comment="when it reached its end")
    estimated_ms: Col[int | None] = integer(default=None, comment="expected duration of the work in milliseconds")
    actual_ms: Col[int | None] = integer(default=None, comment="duration of the work in milliseconds")
    idempotency_key: Col[str | None] = text(default=None, comment="a client's mark, so that its retry adds nothing")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
