"""The columns that are read: the names of the tables' columns, in order."""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]
"""One row as Python values by column name: what an insert is given."""

PROJECT_COLUMNS = ("id", "name", "description", "path", "tags", "metadata", "created", "updated", "deleted")
TICKET_COLUMNS = (
    "id",
    "project_id",
    "title",
    "overview",
    "status",
    "priority",
    "tags",
    "metadata",
    "suggested_file_ids",
    "suggested_prompt_ids",
    "suggested_agents",
    "created",
    "updated",
    "deleted",
)
TASK_COLUMNS = (
    "id",
    "ticket_id",
    "content",
    "description",
    "status",
    "done",
    "order_index",
    "estimated_hours",
    "dependencies",
    "tags",
    "agent",
    "suggested_file_ids",
    "suggested_prompt_ids",
    "suggested_agents",
    "created",
    "updated",
    "deleted",
)
GENERATED = frozenset({"done"})
