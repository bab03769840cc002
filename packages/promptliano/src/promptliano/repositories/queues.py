"""Queues, their items, and how far these are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from promptliano.schema import Project, Queue, QueueItem, QueueItemStatus, Task, Ticket
from promptliano.schema.queues import is_live
from schemaroot import Repository


class QueueView(NamedTuple):
    """A queue, its project, and the number of its items by status."""

    queue: Queue
    project: Project
    counts: dict[QueueItemStatus, int]


class QueueRepository(Repository[Queue]):
    """Queues."""

    table = Queue

    def named_like(self, words: Sequence[str], *, limit: int, offset: int = 0) -> list[Queue]:
        """The queues whose name or description holds all the words, by name."""
        conditions = [
            Queue.name.icontains(word, autoescape=True) | Queue.description.icontains(word, autoescape=True)
            for word in words
        ]
        return self.select().where(*conditions).order_by(Queue.name, Queue.id).limit(limit).offset(offset).all()

    def views(self, ids: Sequence[int]) -> list[QueueView]:
        """These queues in the order of the ids, with their counts, in a fixed number of statements."""
        from sqlalchemy import func

        items = self.database.select(QueueItem).where(QueueItem.queue_id.in_(ids))
        grouped = items.columns(QueueItem.queue_id, QueueItem.status, func.count())
        counts: dict[int, dict[QueueItemStatus, int]] = {}
        for queue_id, status, number in grouped.group_by(QueueItem.queue_id, QueueItem.status).all():
            counts.setdefault(queue_id, {})[status] = number
        rows = self.select().where(Queue.id.in_(ids)).with_one(Queue.project_id).all()
        by_id = {queue.id: QueueView(queue, project, counts.get(queue.id, {})) for queue, project in rows}
        return [by_id[id] for id in ids if id in by_id]


class QueueItemRepository(Repository[QueueItem]):
    """Items of queues."""

    table = QueueItem

    def waiting_of(self, queue_id: int, limit: int) -> list[tuple[QueueItem, Ticket | None, Task | None]]:
        """The live items of a queue by their place, each with its ticket or task."""
        query = self.select().where(QueueItem.queue_id == queue_id, is_live())
        ordered = query.order_by(QueueItem.position, QueueItem.enqueued, QueueItem.id).limit(limit)
        return ordered.with_one(QueueItem.ticket_id).with_one(QueueItem.task_id).all()

    def latest_of_task(self, task_id: int) -> tuple[QueueItem, Queue] | None:
        """The live item of a task, else its latest one, with its queue; `None` when it was never in a queue."""
        query = self.select().where(QueueItem.task_id == task_id).with_one(QueueItem.queue_id)
        return query.order_by(is_live().desc(), QueueItem.created.desc(), QueueItem.id.desc()).limit(1).first()
