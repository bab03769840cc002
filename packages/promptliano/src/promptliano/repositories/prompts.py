"""Prompts, and the projects that use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from promptliano.schema import Project, Prompt, PromptProject
from schemaroot import Repository

if TYPE_CHECKING:
    import sqlalchemy as sa


class PromptRepository(Repository[Prompt]):
    """Prompts."""

    table = Prompt

    def used_by(self, project_id: int) -> sa.ColumnElement[bool]:
        """The condition that a project uses the prompt."""
        import sqlalchemy as sa

        return Prompt.id.in_(sa.select(PromptProject.prompt_id).where(PromptProject.project_id == project_id))

    def with_projects(self, ids: Sequence[int]) -> list[tuple[Prompt, list[Project]]]:
        """These prompts in the order of the ids, each with the live projects that use it."""
        links = (
            self.database.select(PromptProject).order_by(PromptProject.project_id).with_one(PromptProject.project_id)
        )
        rows = self.select().where(Prompt.id.in_(ids)).with_many(PromptProject.prompt_id, links).all()
        by_id = {
            prompt.id: (prompt, [project for _, project in found if project.deleted is None]) for prompt, found in rows
        }
        return [by_id[id] for id in ids if id in by_id]
