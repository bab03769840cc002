"""Tasks, and the tickets that they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from promptliano.schema import Task, Ticket
from schemaroot import Repository


class TaskRepository(Repository[Task]):
    """Tasks."""

    table = Task

    def with_tickets(self, ids: Sequence[int]) -> list[tuple[Task, Ticket]]:
        """These tasks in the order of the ids, each with its ticket."""
        rows = self.select().where(Task.id.in_(ids)).with_one(Task.ticket_id).all()
        by_id = {task.id: (task, ticket) for task, ticket in rows}
        return [by_id[id] for id in ids if id in by_id]
