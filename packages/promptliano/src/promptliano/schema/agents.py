"""Agents: assistants with instructions of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from typing_extensions import Doc, TypedDict

from promptliano.schema.projects import Project
from schemaroot import (
    Col,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    boolean,
    json,
    now,
    references,
    soft_delete,
    text,
    timestamp_ms,
)

AgentColor = Literal["blue", "green", "red", "yellow", "purple", "cyan", "orange", "pink"]
"""The colors that an agent can be shown in."""


class AgentConfiguration(TypedDict, total=False):
    """How an agent is shown and run; every member may be absent."""

    color: AgentColor
    temperature: float
    maxTokens: int
    tools: Annotated[list[str], Doc("names of the tools that it may use; all when absent")]
    frontMatter: Annotated[dict[str, str], Doc("lines at the head of its file that have no column of their own")]
    secrets: Annotated[dict[str, str], Doc("keys by name, each sealed; never given out")]
    missing: Annotated[bool, Doc("true when something names the agent but no file of it was found")]


class Agent(
    Table,
    name="agents",
    comment="An assistant with instructions of its own, of one project or for all",
    indexes=[Index("project_id", "name"), Index("created", "id")],
    unique=[Unique("project_id", "slug", nulls_equal=True)],
    search=["name", "description", "instructions"],
):
    """An agent; tickets, tasks and queue items name it by its slug."""

    id: Col[int] = auto_id()
    project_id: Ref[Project, int | None] = references(
        lambda: Project.id, default=None, on_delete="cascade", comment="null for an agent of all projects"
    )
    slug: Col[str] = text(min_length=1, comment="short name by which others refer to it")
    name: Col[str] = text(min_length=1)
    description: Col[str] = text(default="", comment="what it is good at")
    instructions: Col[str] = text(default="", comment="Markdown")
    model: Col[str | None] = text(default=None, comment="the model to run it with; null for the user's choice")
    configuration: Col[AgentConfiguration] = json(
        default_factory=AgentConfiguration, secret=True, comment="how it is shown and run"
    )
    file_path: Col[str | None] = text(default=None, comment="where it was read from, relative to the project's folder")
    active: Col[bool] = boolean(default=True, comment="whether it is offered for new work")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
