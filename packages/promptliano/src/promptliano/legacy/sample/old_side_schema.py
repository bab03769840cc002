"""Which tables stand around the core of an old database? Documents, search, statistics, bookkeeping, jobs."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from promptliano.legacy.sample.declare import (
    blob,
    declared,
    index,
    integer,
    integers,
    key,
    loose_key,
    loose_text_key,
    member_index,
    one_of,
    real,
    text,
    text_key,
    texts,
    times,
    unique,
)
from promptliano.legacy.sample.old_schema import METADATA, UPGRADED

COMPLETE: Final = METADATA
"""The same tables as `old_schema.METADATA`, with those of this module among them."""

COMPLETE_UPGRADED: Final = UPGRADED
"""The same tables as `old_schema.UPGRADED`, with those of this module among them."""


def _documents(name: str, *indexes: sa.Index) -> None:
    """Declare a document table: an id as text, and the record as one JSON document."""
    sa.Table(name, METADATA, loose_text_key(), declared("data", "JSON"), *times(), *indexes)


_documents("active_tabs")

_documents(
    "selected_files",
    member_index("idx_selected_files_projectId", "projectId"),
    member_index("idx_selected_files_tabId", "tabId"),
    index("idx_selected_files_updated_at", "updated_at"),
)

_documents(
    "mcp_server_configs",
    index("idx_mcp_server_configs_created_at", "created_at"),
)

_documents(
    "mcp_server_states",
    member_index("idx_mcp_server_states_serverId", "serverId"),
    index("idx_mcp_server_states_updated_at", "updated_at"),
)

_documents(
    "mcp_tools",
    index("idx_mcp_tools_created_at", "created_at"),
    member_index("idx_mcp_tools_serverId", "serverId"),
)

_documents(
    "mcp_resources",
    index("idx_mcp_resources_created_at", "created_at"),
    member_index("idx_mcp_resources_serverId", "serverId"),
)

_documents(
    "mcp_tool_executions",
    index("idx_mcp_tool_executions_created_at", "created_at"),
    member_index("idx_mcp_tool_executions_toolId", "toolId"),
)

sa.Table(
    "migrations",
    METADATA,
    loose_key("version"),
    text("description"),
    integer("applied_at"),
)

sa.Table(
    "file_search_metadata",
    METADATA,
    loose_text_key("file_id"),
    integer("project_id"),
    blob("tf_idf_vector", null=True),
    text("keyword_vector", null=True),
    integer("last_indexed"),
    *integers("file_size", "token_count", null=True),
    text("language", null=True),
    *times(),
    index("idx_file_search_metadata_indexed", "last_indexed"),
    index("idx_file_search_metadata_project", "project_id"),
)

sa.Table(
    "file_keywords",
    METADATA,
    text_key("file_id"),
    text_key("keyword"),
    integer("frequency"),
    real("tf_score"),
    real("idf_score", null=True),
    index("idx_file_keywords_file", "file_id"),
    index("idx_file_keywords_keyword", "keyword"),
)

sa.Table(
    "file_trigrams",
    METADATA,
    text_key("trigram"),
    text_key("file_id"),
    key("position"),
    index("idx_file_trigrams_file", "file_id"),
)

sa.Table(
    "search_cache",
    METADATA,
    loose_text_key("cache_key"),
    text("query"),
    integer("project_id"),
    text("results"),
    text("score_data", null=True),
    *integers("created_at", "expires_at"),
    integer("hit_count", null=True, default=0),
    index("idx_search_cache_expires", "expires_at"),
)

sa.Table(
    "queue_history",
    METADATA,
    loose_key(),
    integer("queue_id", to="task_queues.id", on_delete="CASCADE"),
    integer("item_id"),
    *integers("ticket_id", "task_id", null=True),
    text("status"),
    integer("processing_time", null=True),
    text("agent_id", null=True),
    integer("completed_at"),
    integer("actual_processing_time", null=True),
    index("idx_queue_history_agent", "agent_id"),
    index("idx_queue_history_completed_at", "completed_at"),
    index("idx_queue_history_queue_id", "queue_id"),
    index(
        "idx_queue_history_stats",
        "queue_id",
        "completed_at",
        "processing_time",
        where=sa.column("processing_time").is_not(None),
    ),
)

sa.Table(
    "queue_dead_letter",
    METADATA,
    loose_key(),
    integer("original_queue_id", to="task_queues.id", on_delete="CASCADE"),
    integer("original_item_id"),
    integer("ticket_id", null=True, to="tickets.id", on_delete="CASCADE"),
    integer("task_id", null=True, to="ticket_tasks.id", on_delete="CASCADE"),
    text("final_status"),
    text("error_message", null=True),
    integer("retry_count"),
    text("agent_id", null=True),
    *integers("moved_at", "original_created_at"),
    index("idx_dead_letter_moved_at", "moved_at"),
    index("idx_dead_letter_queue_id", "original_queue_id"),
)

sa.Table(
    "flow_migration_metadata",
    METADATA,
    loose_key(),
    *integers("migration_version", "migrated_at"),
    *integers("tickets_migrated", "tasks_migrated", "queue_items_count", null=True),
)

sa.Table(
    "mcp_tool_executions_v2",
    METADATA,
    loose_key(),
    text("tool_name"),
    integer("project_id", null=True),
    *texts("user_id", "session_id", null=True),
    integer("started_at"),
    *integers("completed_at", "duration_ms", null=True),
    text("status"),
    *texts("error_message", "error_code", "input_params", null=True),
    integer("output_size", null=True),
    text("metadata", null=True),
    one_of("status", ["success", "error", "timeout"]),
    index("idx_mcp_tool_executions_v2_project_id", "project_id"),
    index("idx_mcp_tool_executions_v2_started_at", "started_at"),
    index("idx_mcp_tool_executions_v2_status", "status"),
    index("idx_mcp_tool_executions_v2_tool_name", "tool_name"),
    sqlite_autoincrement=True,
)

sa.Table(
    "mcp_tool_statistics",
    METADATA,
    loose_key(),
    text("tool_name"),
    integer("project_id", null=True),
    *integers("period_start", "period_end"),
    text("period_type"),
    *integers(
        "execution_count",
        "success_count",
        "error_count",
        "timeout_count",
        "total_duration_ms",
        "avg_duration_ms",
        default=0,
    ),
    *integers("min_duration_ms", "max_duration_ms", null=True),
    integer("total_output_size", default=0),
    text("metadata", null=True),
    one_of("period_type", ["hour", "day", "week", "month"]),
    index("idx_mcp_tool_statistics_period", "period_start", "period_end", "period_type"),
    index("idx_mcp_tool_statistics_project_id", "project_id"),
    index("idx_mcp_tool_statistics_tool_name", "tool_name"),
    unique("tool_name", "project_id", "period_start", "period_type"),
    sqlite_autoincrement=True,
)

sa.Table(
    "mcp_tool_chains",
    METADATA,
    loose_key(),
    text("chain_id"),
    integer("execution_id", to="mcp_tool_executions_v2.id"),
    integer("parent_execution_id", null=True, to="mcp_tool_executions_v2.id"),
    *integers("position", "created_at"),
    index("idx_mcp_tool_chains_chain_id", "chain_id"),
    index("idx_mcp_tool_chains_execution_id", "execution_id"),
    sqlite_autoincrement=True,
)

sa.Table(
    "mcp_tool_patterns",
    METADATA,
    loose_key(),
    integer("project_id", null=True),
    *texts("pattern_type", "pattern_data"),
    integer("occurrence_count", default=1),
    *integers("first_seen", "last_seen"),
    text("metadata", null=True),
    one_of("pattern_type", ["sequence", "frequency", "error"]),
    index("idx_mcp_tool_patterns_project_id", "project_id"),
    index("idx_mcp_tool_patterns_type", "pattern_type"),
    sqlite_autoincrement=True,
)

sa.Table(
    "jobs",
    UPGRADED,
    loose_key(),
    *texts("type", "status"),
    text("priority", default="normal"),
    integer("project_id", null=True),
    text("user_id", null=True),
    text("input"),
    *texts("result", "error", "progress", "metadata", null=True),
    integer("created_at"),
    *integers("started_at", "completed_at", null=True),
    integer("updated_at"),
    integer("timeout_ms", null=True),
    *integers("max_retries", "retry_count", null=True, default=0),
    integer("retry_delay_ms", null=True, default=1000),
    one_of("status", ["pending", "running", "completed", "failed", "cancelled"]),
    one_of("priority", ["low", "normal", "high"]),
    index("idx_jobs_created_at", "created_at"),
    index("idx_jobs_priority_status", "priority", "status"),
    index("idx_jobs_project_id", "project_id"),
    index("idx_jobs_status", "status"),
    index("idx_jobs_status_created", "status", "created_at"),
    index("idx_jobs_type", "type"),
    sqlite_autoincrement=True,
)

sa.Table(
    "job_history",
    UPGRADED,
    loose_key(),
    *texts("type", "status", "priority"),
    integer("project_id", null=True),
    text("user_id", null=True),
    text("input"),
    *texts("result", "error", "metadata", null=True),
    integer("created_at"),
    *integers("started_at", "completed_at", "duration_ms", null=True),
    integer("archived_at"),
    index("idx_job_history_created_at", "created_at"),
    index("idx_job_history_project_id", "project_id"),
    index("idx_job_history_type", "type"),
)

sa.Table(
    "job_locks",
    UPGRADED,
    loose_text_key("lock_key"),
    integer("job_id", to="jobs.id", on_delete="CASCADE"),
    *integers("locked_at", "expires_at"),
    index("idx_job_locks_expires_at", "expires_at"),
    index("idx_job_locks_job_id", "job_id"),
)
