"""Which tables does an old database (versions 0.9.2 to 0.9.4) hold?

The tables around the core (documents, search, tool statistics, bookkeeping, jobs) are in `old_side_schema`.

The full text table `file_search_fts` and its shadow tables are left out: SQLAlchemy has no word for a virtual
table, and search tables are derived from `project_files` anyway; whoever reads an old database rebuilds them.
The originals spell the member indexes of document tables with double quotes; here they have single ones.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from promptliano.legacy.sample.declare import (
    index,
    integer,
    integers,
    loose_key,
    one_of,
    real,
    text,
    texts,
    times,
    unique,
)

METADATA: Final = sa.MetaData()
"""Every table of a clean 0.9.4 installation; complete once `old_side_schema` is imported."""

UPGRADED: Final = sa.MetaData()
"""What installations that grew from 0.9.3 and 0.9.2 hold differently (`provider_keys`) or besides (job tables)."""

QUEUE_STATUSES: Final = ("queued", "in_progress", "completed", "failed", "cancelled")
"""The only queue statuses that tickets and tasks accept."""


def _queue_columns() -> list[sa.Column[int] | sa.Column[str]]:
    """Declare the queue state that tickets and tasks carry; there is no table of queue entries."""
    return [
        integer("queue_id", null=True, to="task_queues.id", on_delete="SET NULL"),
        integer("queue_position", null=True),
        text("queue_status", null=True),
        integer("queue_priority", null=True, default=0),
        *integers("queued_at", "queue_started_at", "queue_completed_at", null=True),
        *texts("queue_agent_id", "queue_error_message", null=True),
        *integers("estimated_processing_time", "actual_processing_time", null=True),
    ]


def _provider_keys(metadata: sa.MetaData, *columns: sa.Column[int] | sa.Column[str]) -> None:
    """Declare `provider_keys`; its last columns stand in another order where they were added later."""
    sa.Table(
        "provider_keys",
        metadata,
        loose_key(),
        *texts("name", "provider", "key"),
        integer("encrypted", default=0),
        *texts("iv", "tag", "salt", null=True),
        integer("is_default", default=0),
        integer("is_active", default=1),
        text("environment", default="production"),
        text("description", null=True),
        *integers("expires_at", "last_used", null=True),
        *columns,
        one_of("encrypted", [0, 1]),
        one_of("is_default", [0, 1]),
        one_of("is_active", [0, 1]),
        index("idx_provider_keys_created_at", "created_at"),
        index(
            "idx_provider_keys_custom",
            "provider",
            "base_url",
            where=sa.and_(sa.column("provider") == "custom", sa.column("base_url").is_not(None)),
        ),
        index("idx_provider_keys_is_active", "is_active"),
        index("idx_provider_keys_provider", "provider"),
        index("idx_provider_keys_provider_active", "provider", "is_active"),
        index("idx_provider_keys_provider_active_default", "provider", "is_active", "is_default"),
        index("idx_provider_keys_updated_at", "updated_at"),
    )


sa.Table(
    "projects",
    METADATA,
    loose_key(),
    text("name"),
    text("description", default=""),
    text("path"),
    *times(),
    index("idx_projects_created_at", "created_at"),
    index("idx_projects_path", "path", unique=True),
    index("idx_projects_updated_at", "updated_at"),
    unique("path"),
)

sa.Table(
    "project_files",
    METADATA,
    loose_key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("name", "path", "extension"),
    integer("size"),
    *texts("content", "summary", null=True),
    integer("summary_last_updated", null=True),
    *texts("meta", "checksum", null=True),
    *texts("imports", "exports", default="[]"),
    *times(),
    index("idx_project_files_checksum", "checksum"),
    index("idx_project_files_created_at", "created_at"),
    index("idx_project_files_extension", "extension"),
    index("idx_project_files_path", "path"),
    index("idx_project_files_project_extension", "project_id", "extension"),
    index("idx_project_files_project_id", "project_id"),
    index("idx_project_files_project_path", "project_id", "path"),
    index("idx_project_files_summary_updated", "summary_last_updated"),
    index("idx_project_files_updated_at", "updated_at"),
    unique("project_id", "path"),
)

sa.Table(
    "task_queues",
    METADATA,
    loose_key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("name"),
    text("description", null=True, default=""),
    text("status", default="active"),
    integer("max_parallel_items", default=1),
    integer("average_processing_time", null=True),
    integer("total_completed_items", null=True, default=0),
    *times(),
    one_of("status", ["active", "paused", "inactive"]),
    index("idx_task_queues_created_at", "created_at"),
    index("idx_task_queues_project_id", "project_id"),
    index("idx_task_queues_status", "status"),
    unique("project_id", "name"),
)

sa.Table(
    "tickets",
    METADATA,
    loose_key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("title"),
    text("overview", default=""),
    text("status", default="open"),
    text("priority", default="normal"),
    *texts("suggested_file_ids", "suggested_agent_ids", "suggested_prompt_ids", default="[]"),
    *_queue_columns(),
    *times(),
    one_of("queue_status", QUEUE_STATUSES),
    index("idx_tickets_created_at", "created_at"),
    index("idx_tickets_priority", "priority"),
    index("idx_tickets_project_id", "project_id"),
    index("idx_tickets_queue_id", "queue_id"),
    index("idx_tickets_queue_status", "queue_status"),
    index("idx_tickets_status", "status"),
    index("idx_tickets_updated_at", "updated_at"),
)

sa.Table(
    "ticket_tasks",
    METADATA,
    loose_key(),
    integer("ticket_id", to="tickets.id", on_delete="CASCADE"),
    text("content"),
    text("description", default=""),
    text("suggested_file_ids", default="[]"),
    *integers("done", "order_index", default=0),
    real("estimated_hours", null=True),
    *texts("dependencies", "tags", default="[]"),
    text("agent_id", null=True),
    text("suggested_prompt_ids", default="[]"),
    *_queue_columns(),
    *times(),
    one_of("queue_status", QUEUE_STATUSES),
    index("idx_ticket_tasks_created_at", "created_at"),
    index("idx_ticket_tasks_done", "done"),
    index("idx_ticket_tasks_order_index", "order_index"),
    index("idx_ticket_tasks_queue_id", "queue_id"),
    index("idx_ticket_tasks_queue_status", "queue_status"),
    index("idx_ticket_tasks_ticket_id", "ticket_id"),
)

sa.Table(
    "prompts",
    METADATA,
    loose_key(),
    *texts("name", "content"),
    integer("project_id", null=True, to="projects.id", on_delete="SET NULL"),
    *times(),
    index("idx_prompts_created_at", "created_at"),
    index("idx_prompts_name", "name"),
    index("idx_prompts_project_id", "project_id"),
    index("idx_prompts_updated_at", "updated_at"),
)

sa.Table(
    "prompt_projects",
    METADATA,
    loose_key(),
    integer("prompt_id", to="prompts.id", on_delete="CASCADE"),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    integer("created_at"),
    index("idx_prompt_projects_project_id", "project_id"),
    index("idx_prompt_projects_prompt_id", "prompt_id"),
    unique("prompt_id", "project_id"),
)

sa.Table(
    "chats",
    METADATA,
    loose_key(),
    text("title"),
    integer("project_id", null=True, to="projects.id", on_delete="SET NULL"),
    *times(),
    index("idx_chats_created_at", "created_at"),
    index("idx_chats_project_id", "project_id"),
    index("idx_chats_updated_at", "updated_at"),
)

sa.Table(
    "chat_messages",
    METADATA,
    loose_key(),
    integer("chat_id", to="chats.id", on_delete="CASCADE"),
    *texts("role", "content"),
    text("type", null=True),
    text("attachments", default="[]"),
    *times(),
    one_of("role", ["user", "assistant", "system"]),
    index("idx_chat_messages_chat_id", "chat_id"),
    index("idx_chat_messages_chat_id_created_at", "chat_id", "created_at"),
    index("idx_chat_messages_created_at", "created_at"),
    index("idx_chat_messages_role", "role"),
)

_provider_keys(METADATA, *texts("base_url", "custom_headers", null=True), *times())
_provider_keys(UPGRADED, *times(), *texts("base_url", "custom_headers", null=True))
