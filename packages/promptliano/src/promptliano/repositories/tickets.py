"""Tickets, with what belongs to each: project, place in a queue, tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from promptliano.schema import Project, Queue, QueueItem, Task, Ticket
from promptliano.schema.queues import is_live
from schemaroot import Repository


class TicketView(NamedTuple):
    """A ticket as users see it.

    Attributes:
        ticket: the ticket.
        project: its project.
        item: its live queue item, else its latest one, else `None`; the ticket's queue fields are this item's.
        queue: the queue of that item.
        tasks: how many tasks it has.
        done: how many of them are done.
    """

    ticket: Ticket
    project: Project
    item: QueueItem | None
    queue: Queue | None
    tasks: int
    done: int


class TicketRepository(Repository[Ticket]):
    """Tickets."""

    table = Ticket

    def views(self, ids: Sequence[int]) -> list[TicketView]:
        """These tickets in the order of the ids, each with what belongs to it, in a fixed number of statements."""
        items = self.database.select(QueueItem).with_one(QueueItem.queue_id)
        newest = items.order_by(is_live().desc(), QueueItem.created.desc(), QueueItem.id.desc()).limit(1)
        finished = self.database.select(Task).where(Task.done == True)  # noqa: E712  # builds SQL
        query = self.select().where(Ticket.id.in_(ids)).with_one(Ticket.project_id)
        rows = query.with_many(QueueItem.ticket_id, newest).count_many(Task.ticket_id)
        by_id: dict[int, TicketView] = {}
        for ticket, project, found, tasks, done in rows.count_many(Task.ticket_id, finished).all():
            item, queue = found[0] if found else (None, None)
            by_id[ticket.id] = TicketView(ticket, project, item, queue, tasks, done)
        return [by_id[id] for id in ids if id in by_id]

    def tasks_of(self, ticket_id: int) -> list[Task]:
        """The tasks of a ticket in their order."""
        query = self.database.select(Task).where(Task.ticket_id == ticket_id)
        return query.order_by(Task.order_index, Task.created, Task.id).all()
