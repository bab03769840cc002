"""Projects: everything else belongs to one, or to none."""

from __future__ import annotations

from datetime import datetime

from schemaroot import Col, Index, JsonValue, Table, Unique, auto_id, json, now, soft_delete, text, timestamp_ms


class Project(
    Table,
    name="projects",
    comment="A software project: a folder on disk and all that is kept about it",
    indexes=[Index("created", "id")],
    unique=[Unique("path")],
    search=["name", "description"],
):
    """A project; its path can be used again once it is deleted."""

    id: Col[int] = auto_id()
    name: Col[str] = text(min_length=1, max_length=100)
    description: Col[str] = text(default="")
    path: Col[str] = text(min_length=1, max_length=1000, comment="absolute path of its folder, as the user typed it")
    tags: Col[list[str]] = json(default_factory=list)
    metadata: Col[dict[str, JsonValue]] = json(default_factory=dict, comment="what other programs attach to it")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
