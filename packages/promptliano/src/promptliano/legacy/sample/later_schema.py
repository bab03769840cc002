"""Which tables does a later ("drizzle era") database hold?

Ids are small counters, a file's id is text, booleans are 0 and 1. Nothing is checked and hardly anything unique.
The tables around the core (git, file analysis, models, processes, leftovers) are in `later_side_schema`.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from promptliano.legacy.sample.declare import (
    declared,
    index,
    integer,
    integers,
    key,
    loose_key,
    real,
    text,
    text_key,
    texts,
    times,
)

METADATA: Final = sa.MetaData()
"""The tables of the later schema; complete once `later_side_schema` is imported."""


def indexes_of(table: sa.Table) -> list[sa.Index]:
    """Give the indexes of a table, by name."""
    return sorted(table.indexes, key=lambda one: str(one.name))


def _queue_columns() -> list[sa.Column[int] | sa.Column[str]]:
    """Declare the queue state on tickets and tasks, which `queue_items` tells a second time."""
    return [
        integer("queue_id", null=True, to="queues.id", on_delete="SET NULL"),
        integer("queue_position", null=True),
        text("queue_status", null=True),
        *integers("queue_priority", "queued_at", "queue_started_at", "queue_completed_at", null=True),
        *texts("queue_agent_id", "queue_error_message", null=True),
        *integers("estimated_processing_time", "actual_processing_time", null=True),
    ]


sa.Table(
    "projects",
    METADATA,
    key(),
    text("name"),
    text("description", null=True),
    text("path"),
    *times(),
)

sa.Table(
    "tickets",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("title"),
    text("overview", null=True),
    text("status", default="open"),
    text("priority", default="normal"),
    *texts("suggested_file_ids", "suggested_agent_ids", "suggested_prompt_ids", default="[]"),
    *_queue_columns(),
    *times(),
    index("idx_tickets_project_priority", "project_id", "priority"),
    index("idx_tickets_project_status", "project_id", "status"),
    index("tickets_created_at_idx", "created_at"),
    index("tickets_priority_idx", "priority"),
    index("tickets_project_idx", "project_id"),
    index("tickets_queue_idx", "queue_id", "queue_position"),
    index("tickets_queue_status_idx", "queue_status"),
    index("tickets_status_idx", "status"),
)

sa.Table(
    "ticket_tasks",
    METADATA,
    key(),
    integer("ticket_id", to="tickets.id", on_delete="CASCADE"),
    text("content"),
    text("description", null=True),
    text("suggested_file_ids", default="[]"),
    integer("done", default=False),
    text("status", default="pending"),
    integer("order_index", default=0),
    real("estimated_hours", null=True),
    *texts("dependencies", "tags", default="[]"),
    text("agent_id", null=True),
    text("suggested_prompt_ids", default="[]"),
    *_queue_columns(),
    *times(),
    index("idx_tasks_ticket_done", "ticket_id", "done"),
    index("ticket_tasks_agent_idx", "agent_id"),
    index("ticket_tasks_done_idx", "done"),
    index("ticket_tasks_order_idx", "ticket_id", "order_index"),
    index("ticket_tasks_queue_idx", "queue_id", "queue_position"),
    index("ticket_tasks_status_idx", "status"),
    index("ticket_tasks_ticket_idx", "ticket_id"),
)

sa.Table(
    "queues",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("name"),
    text("description", null=True),
    integer("max_parallel_items", default=1),
    integer("is_active", default=True),
    *times(),
    index("queues_active_idx", "is_active"),
    index("queues_name_idx", "name"),
    index("queues_project_idx", "project_id"),
)

sa.Table(
    "queue_items",
    METADATA,
    key(),
    integer("queue_id", to="queues.id", on_delete="CASCADE"),
    text("item_type"),
    integer("item_id"),
    integer("priority", default=5),
    text("status", default="queued"),
    *texts("agent_id", "error_message", null=True),
    *integers("estimated_processing_time", "actual_processing_time", "started_at", "completed_at", null=True),
    *times(),
    index("idx_queue_items_queue_status", "queue_id", "status"),
    index("queue_items_agent_idx", "agent_id"),
    index("queue_items_item_idx", "item_type", "item_id"),
    index("queue_items_priority_idx", "priority"),
    index("queue_items_queue_idx", "queue_id"),
    index("queue_items_status_idx", "status"),
)

sa.Table(
    "chats",
    METADATA,
    key(),
    integer("project_id", null=True, to="projects.id", on_delete="CASCADE"),
    text("title"),
    *times(),
    index("chats_project_idx", "project_id"),
    index("chats_updated_at_idx", "updated_at"),
)

sa.Table(
    "chat_messages",
    METADATA,
    key(),
    integer("chat_id", to="chats.id", on_delete="CASCADE"),
    *texts("role", "content"),
    text("metadata", null=True),
    integer("created_at"),
    index("chat_messages_chat_idx", "chat_id"),
    index("chat_messages_created_at_idx", "created_at"),
    index("chat_messages_role_idx", "role"),
    index("idx_messages_chat_created", "chat_id", "created_at"),
)

sa.Table(
    "chat_streams",
    METADATA,
    loose_key(),
    integer("chat_id", to="chats.id", on_delete="CASCADE"),
    *texts("direction", "provider", "model"),
    integer("started_at"),
    integer("finished_at", null=True),
    *texts("finish_reason", "usage_json", "message_metadata_json", null=True),
    text("format", default="ui"),
    integer("version", default=1),
    integer("assistant_message_id", null=True, to="chat_messages.id", on_delete="SET NULL"),
    *times(),
    index("idx_chat_streams_chat_started", "chat_id", "started_at"),
    sqlite_autoincrement=True,
)

sa.Table(
    "chat_stream_events",
    METADATA,
    loose_key(),
    integer("stream_id", to="chat_streams.id", on_delete="CASCADE"),
    *integers("seq", "ts"),
    text("type"),
    text("payload", null=True),
    index("idx_chat_stream_events_stream_seq", "stream_id", "seq"),
    index("idx_chat_stream_events_type", "type"),
    sqlite_autoincrement=True,
)

sa.Table(
    "prompts",
    METADATA,
    key(),
    integer("project_id", null=True, to="projects.id", on_delete="CASCADE"),
    *texts("title", "content"),
    text("description", null=True),
    text("tags", default="[]"),
    *times(),
    index("prompts_project_idx", "project_id"),
    index("prompts_tags_idx", "tags"),
    index("prompts_title_idx", "title"),
)

sa.Table(
    "files",
    METADATA,
    text_key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("name", "path"),
    text("extension", null=True),
    *integers("size", "last_modified", null=True),
    *texts("content_type", "content", "meta", "checksum", "imports", "exports", null=True),
    integer("is_relevant", null=True, default=False),
    real("relevance_score", null=True),
    *times(),
    index("files_checksum_idx", "checksum"),
    index("files_extension_idx", "extension"),
    index("idx_files_project_relevant", "project_id", "is_relevant"),
)

sa.Table(
    "selected_files",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("file_id", to="files.id", on_delete="CASCADE"),
    integer("selected_at"),
    text("selection_reason", null=True),
    integer("is_active", default=True),
)

sa.Table(
    "provider_keys",
    METADATA,
    key(),
    *texts("provider", "key_name"),
    *texts("name", "secret_ref", "key", "base_url", null=True),
    text("custom_headers", null=True, default="{}"),
    integer("is_default", default=False),
    integer("is_active", default=True),
    text("environment", default="production"),
    text("description", null=True),
    *integers("expires_at", "last_used", null=True),
    *times(),
)

sa.Table(
    "mcp_server_configs",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("name", "command"),
    text("args", null=True, default="[]"),
    text("env", null=True, default="{}"),
    integer("enabled", default=True),
    integer("auto_start", default=False),
    *times(),
    index("mcp_server_configs_auto_start_idx", "auto_start"),
    index("mcp_server_configs_enabled_idx", "enabled"),
    index("mcp_server_configs_name_idx", "name"),
    index("mcp_server_configs_project_idx", "project_id"),
)

sa.Table(
    "mcp_tool_executions",
    METADATA,
    key(),
    text("tool_name"),
    integer("project_id", null=True, to="projects.id", on_delete="CASCADE"),
    text("session_id", null=True),
    integer("started_at"),
    *integers("completed_at", "duration_ms", null=True),
    text("status", default="running"),
    *texts("error_message", "error_code", "input_params", null=True),
    integer("output_size", null=True),
    text("metadata", null=True),
    *integers("created_at", "updated_at", default=sa.func.unixepoch()),
    index("mcp_exec_project_idx", "project_id"),
    index("mcp_exec_session_idx", "session_id"),
    index("mcp_exec_started_at_idx", "started_at"),
    index("mcp_exec_status_idx", "status"),
    index("mcp_exec_tool_name_idx", "tool_name"),
    sqlite_autoincrement=True,
)

sa.Table(
    "mcp_tool_statistics",
    METADATA,
    key(),
    text("tool_name"),
    integer("project_id", null=True, to="projects.id", on_delete="CASCADE"),
    *integers("period_start", "period_end"),
    text("period_type"),
    *integers("execution_count", "success_count", "error_count", "timeout_count", "total_duration_ms", default=0),
    real("avg_duration_ms", default=0),
    *integers("min_duration_ms", "max_duration_ms", null=True),
    integer("total_output_size", default=0),
    *integers("created_at", "updated_at", default=sa.func.unixepoch()),
    index("mcp_stat_period_idx", "period_start", "period_end"),
    index("mcp_stat_project_idx", "project_id"),
    index("mcp_stat_tool_name_idx", "tool_name"),
    sqlite_autoincrement=True,
)

sa.Table(
    "mcp_execution_chains",
    METADATA,
    key(),
    text("chain_id"),
    integer("execution_id", to="mcp_tool_executions.id", on_delete="CASCADE"),
    integer("parent_execution_id", null=True, to="mcp_tool_executions.id", on_delete="CASCADE"),
    integer("position", default=0),
    integer("created_at", default=sa.func.unixepoch()),
    index("mcp_chain_execution_idx", "execution_id"),
    index("mcp_chain_idx", "chain_id"),
    sqlite_autoincrement=True,
)

sa.Table(
    "mcp_error_patterns",
    METADATA,
    key(),
    integer("project_id", null=True, to="projects.id", on_delete="CASCADE"),
    *texts("tool_name", "error_type", "error_pattern"),
    integer("occurrence_count", default=1),
    integer("last_occurred_at"),
    text("metadata", null=True),
    *integers("created_at", "updated_at", default=sa.func.unixepoch()),
    index("mcp_error_project_idx", "project_id"),
    index("mcp_error_tool_idx", "tool_name"),
    index("mcp_error_type_idx", "error_type"),
    sqlite_autoincrement=True,
)

sa.Table(
    "__drizzle_migrations",
    METADATA,
    loose_key(),
    text("hash"),
    declared("created_at", "NUMERIC", null=True),
)
