"""Prompts, and the projects that use them."""

from __future__ import annotations

from datetime import datetime

from promptliano.schema.projects import Project
from schemaroot import Col, Index, Ref, Table, Unique, auto_id, json, now, references, soft_delete, text, timestamp_ms


class Prompt(
    Table,
    name="prompts",
    comment="A text to be given to a model, written once and used again",
    indexes=[Index("created", "id")],
    search=["title", "content", "description"],
):
    """A prompt, of any number of projects."""

    id: Col[int] = auto_id()
    title: Col[str] = text(min_length=1)
    content: Col[str] = text(comment="may hold {variables}")
    description: Col[str] = text(default="")
    tags: Col[list[str]] = json(default_factory=list)
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()


class PromptProject(
    Table,
    name="prompt_projects",
    comment="A project uses a prompt",
    indexes=[Index("project_id", "prompt_id")],
    unique=[Unique("prompt_id", "project_id")],
):
    """A link. It is there or not there: nothing in it can change, and removing it deletes the row."""

    id: Col[int] = auto_id()
    prompt_id: Ref[Prompt, int] = references(lambda: Prompt.id, on_delete="cascade")
    project_id: Ref[Project, int] = references(lambda: Project.id, on_delete="cascade")
    created: Col[datetime] = timestamp_ms(default_factory=now)
