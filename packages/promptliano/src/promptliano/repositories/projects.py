"""Projects, and how much belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from promptliano.schema import Chat, File, Project, Queue, Ticket
from schemaroot import Repository


class ProjectCounts(NamedTuple):
    """A project and how many live rows of each kind belong to it."""

    project: Project
    tickets: int
    open_tickets: int
    chats: int
    files: int
    queues: int


class ProjectRepository(Repository[Project]):
    """Projects."""

    table = Project

    def counts(self, ids: Sequence[int]) -> list[ProjectCounts]:
        """These projects in the order of the ids, with their counts, in a fixed number of statements."""
        unfinished = self.database.select(Ticket).where(Ticket.status.in_(["open", "in_progress"]))
        query = self.select().where(Project.id.in_(ids)).count_many(Ticket.project_id)
        query_of_all = query.count_many(Ticket.project_id, unfinished).count_many(Chat.project_id)
        rows = query_of_all.count_many(File.project_id).count_many(Queue.project_id).all()
        by_id = {row[0].id: ProjectCounts(*row) for row in rows}
        return [by_id[id] for id in ids if id in by_id]

    def named(self, name: str) -> list[Project]:
        """The projects with that name, or with that path."""
        return self.all((Project.name == name) | (Project.path == name), order_by=[Project.id])
