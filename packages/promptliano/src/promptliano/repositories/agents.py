"""Agents, by the slug that others name them by."""

from __future__ import annotations

from promptliano.schema import Agent
from schemaroot import Repository


class AgentRepository(Repository[Agent]):
    """Agents."""

    table = Agent

    def by_slug(self, slug: str, project_id: int | None = None) -> list[Agent]:
        """The agents with that slug, those of all projects first; of one project and of all when it is given."""
        conditions = [Agent.slug == slug]
        if project_id is not None:
            conditions.append((Agent.project_id == project_id) | Agent.project_id.is_(None))
        return self.all(*conditions, order_by=[Agent.project_id, Agent.id])
