"""Which tables stand around the core of a later database? Most of them were never filled.

`process_runs` is declared, since others refer to it, but no fresh database had it: `tables_of_later` leaves it out.
"""

from __future__ import annotations

import sqlalchemy as sa

from promptliano.legacy.sample.declare import index, integer, integers, key, real, reals, text, text_key, texts, times
from promptliano.legacy.sample.later_schema import METADATA


def tables_of_later() -> list[sa.Table]:
    """Give the tables that a fresh database of the later schema holds, parents before children."""
    return [table for table in METADATA.sorted_tables if table.name != "process_runs"]


sa.Table("process_runs", METADATA, key())

sa.Table(
    "ai_sdk_options",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("name"),
    *texts("ollama_url", "lmstudio_url", null=True),
    real("temperature", null=True),
    integer("max_tokens", null=True),
    *reals("top_p", "frequency_penalty", "presence_penalty", null=True),
    integer("top_k", null=True),
    *texts("stop", "response_format", "provider", "model", null=True),
    *times(),
)

sa.Table(
    "claude_agents",
    METADATA,
    text_key(),
    text("name"),
    *texts("description", "instructions", null=True),
    text("model"),
    integer("is_active", default=True),
    *times(),
    index("claude_agents_active_idx", "is_active"),
    index("claude_agents_model_idx", "model"),
    index("claude_agents_name_idx", "name"),
)

sa.Table(
    "claude_commands",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("name"),
    text("description", null=True),
    text("command"),
    text("args", default="{}"),
    integer("is_active", default=True),
    *times(),
    index("claude_commands_active_idx", "is_active"),
    index("claude_commands_name_idx", "name"),
    index("claude_commands_project_idx", "project_id"),
)

sa.Table(
    "claude_hooks",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("name"),
    text("description", null=True),
    *texts("hook_type", "trigger_event", "script"),
    integer("is_active", default=True),
    *times(),
    index("claude_hooks_active_idx", "is_active"),
    index("claude_hooks_event_idx", "trigger_event"),
    index("claude_hooks_project_idx", "project_id"),
    index("claude_hooks_type_idx", "hook_type"),
)

sa.Table(
    "claude_messages",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    text("type"),
    text("message", null=True),
    *texts("timestamp", "session_id"),
    *texts("uuid", "parent_uuid", "request_id", "user_type", null=True),
    integer("is_sidechain", null=True, default=False),
    *texts("cwd", "version", "git_branch", "tool_use_result", "content", null=True),
    integer("is_meta", null=True, default=False),
    *texts("tool_use_id", "level", null=True),
    integer("tokens_used", null=True),
    real("cost_usd", null=True),
    integer("duration_ms", null=True),
    text("model", null=True),
    *times(),
    index("claude_messages_parent_uuid_idx", "parent_uuid"),
    index("claude_messages_project_idx", "project_id"),
    index("claude_messages_session_idx", "session_id"),
    index("claude_messages_timestamp_idx", "timestamp"),
    index("claude_messages_type_idx", "type"),
    index("claude_messages_uuid_idx", "uuid"),
)

sa.Table(
    "claude_session_metadata",
    METADATA,
    key(),
    text("session_id", to="claude_sessions.id", on_delete="CASCADE"),
    *texts("project_path", "start_time", "last_update"),
    *integers("message_count", "file_size"),
    *integers("has_git_branch", "has_cwd", default=False),
    *texts("first_message_preview", "last_message_preview", null=True),
    *times(),
    index("claude_session_metadata_file_size_idx", "file_size"),
    index("claude_session_metadata_last_update_idx", "last_update"),
    index("claude_session_metadata_project_path_idx", "project_path"),
    index("claude_session_metadata_session_idx", "session_id"),
)

sa.Table(
    "claude_sessions",
    METADATA,
    text_key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("project_path", "start_time", "last_update"),
    integer("message_count", default=0),
    *texts("git_branch", "cwd", "token_usage", null=True),
    text("service_tiers", null=True, default="[]"),
    integer("total_tokens_used", null=True),
    real("total_cost_usd", null=True),
    *times(),
    index("claude_sessions_branch_idx", "git_branch"),
    index("claude_sessions_last_update_idx", "last_update"),
    index("claude_sessions_project_idx", "project_id"),
    index("claude_sessions_project_path_idx", "project_path"),
    index("claude_sessions_start_time_idx", "start_time"),
)

sa.Table(
    "encryption_keys",
    METADATA,
    key(),
    text("key"),
    integer("is_default", default=True),
    *times(),
)

sa.Table(
    "file_export_info",
    METADATA,
    key(),
    text("file_id", to="files.id", on_delete="CASCADE"),
    text("type"),
    *texts("source", "specifiers", null=True),
    *times(),
    index("file_export_info_file_idx", "file_id"),
    index("file_export_info_type_idx", "type"),
)

sa.Table(
    "file_groups",
    METADATA,
    text_key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("name", "strategy", "file_ids"),
    text("relationships", null=True, default="[]"),
    integer("estimated_tokens", null=True),
    integer("priority", default=5),
    text("metadata", null=True, default="{}"),
    *times(),
    index("file_groups_name_idx", "name"),
    index("file_groups_priority_idx", "priority"),
    index("file_groups_project_idx", "project_id"),
    index("file_groups_strategy_idx", "strategy"),
)

sa.Table(
    "file_import_info",
    METADATA,
    key(),
    text("file_id", to="files.id", on_delete="CASCADE"),
    *texts("source", "specifiers"),
    *times(),
    index("file_import_info_file_idx", "file_id"),
    index("file_import_info_source_idx", "source"),
)

sa.Table(
    "file_importance",
    METADATA,
    key(),
    text("file_id", to="files.id", on_delete="CASCADE"),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *reals("score", "type_score", "location_score", "dependency_score", "size_score", "recency_score"),
    *times(),
    index("file_importance_file_idx", "file_id"),
    index("file_importance_project_idx", "project_id"),
    index("file_importance_score_idx", "score"),
)

sa.Table(
    "file_relationships",
    METADATA,
    key(),
    text("source_file_id", to="files.id", on_delete="CASCADE"),
    text("target_file_id", to="files.id", on_delete="CASCADE"),
    text("type"),
    real("strength"),
    text("metadata", null=True, default="{}"),
    *times(),
    index("file_relationships_source_idx", "source_file_id"),
    index("file_relationships_strength_idx", "strength"),
    index("file_relationships_target_idx", "target_file_id"),
    index("file_relationships_type_idx", "type"),
)

sa.Table(
    "git_remotes",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("name", "fetch", "push"),
    *times(),
    index("git_remotes_name_idx", "name"),
    index("git_remotes_project_idx", "project_id"),
)

sa.Table(
    "git_stashes",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    integer("stash_index"),
    *texts("message", "branch", "date"),
    integer("created_at"),
    index("git_stashes_branch_idx", "branch"),
    index("git_stashes_index_idx", "stash_index"),
    index("git_stashes_project_idx", "project_id"),
)

sa.Table(
    "git_status",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    integer("is_repo"),
    *texts("current", "tracking", null=True),
    *integers("ahead", "behind", default=0),
    *texts("files", "staged", "modified", "created_files", "deleted", "renamed", "conflicted", default="[]"),
    *times(),
    index("git_status_branch_idx", "current"),
    index("git_status_project_idx", "project_id"),
    index("git_status_repo_idx", "is_repo"),
)

sa.Table(
    "git_tags",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("name", "commit"),
    *texts("annotation", "tagger", null=True),
    *times(),
    index("git_tags_commit_idx", "commit"),
    index("git_tags_name_idx", "name"),
    index("git_tags_project_idx", "project_id"),
)

sa.Table(
    "git_worktrees",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("path", "branch", "commit"),
    *integers("is_main", "is_locked", default=False),
    text("lock_reason", null=True),
    integer("prunable", null=True, default=False),
    *times(),
    index("git_worktrees_branch_idx", "branch"),
    index("git_worktrees_main_idx", "is_main"),
    index("git_worktrees_path_idx", "path"),
    index("git_worktrees_project_idx", "project_id"),
)

sa.Table(
    "model_configs",
    METADATA,
    key(),
    text("name"),
    text("display_name", null=True),
    *texts("provider", "model"),
    real("temperature", null=True, default=0.7),
    integer("max_tokens", null=True, default=4096),
    real("top_p", null=True, default=1),
    integer("top_k", null=True, default=0),
    *reals("frequency_penalty", "presence_penalty", null=True, default=0),
    *texts("response_format", "system_prompt", null=True),
    *integers("is_system_preset", "is_default", default=False),
    integer("is_active", default=True),
    integer("user_id", null=True),
    *texts("description", "preset_category", "ui_icon", "ui_color", null=True),
    integer("ui_order", null=True, default=0),
    *times(),
    index("model_configs_is_default_idx", "is_default"),
    index("model_configs_name_idx", "name"),
    index("model_configs_provider_idx", "provider"),
    index("model_configs_user_idx", "user_id"),
)

sa.Table(
    "model_presets",
    METADATA,
    key(),
    text("name"),
    text("description", null=True),
    integer("config_id", to="model_configs.id", on_delete="CASCADE"),
    text("category", null=True, default="general"),
    integer("is_system_preset", default=False),
    integer("is_active", default=True),
    integer("usage_count", default=0),
    integer("last_used_at", null=True),
    text("metadata", null=True),
    *times(),
)

sa.Table(
    "process_logs",
    METADATA,
    key(),
    integer("run_id", to="process_runs.id", on_delete="CASCADE"),
    integer("timestamp"),
    *texts("type", "content"),
    *integers("line_number", "created_at"),
    index("process_logs_run_idx", "run_id"),
    index("process_logs_timestamp_idx", "timestamp"),
    index("process_logs_type_idx", "type"),
)

sa.Table(
    "process_ports",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    integer("run_id", null=True, to="process_runs.id", on_delete="SET NULL"),
    integer("port"),
    text("protocol", default="tcp"),
    text("address", default="0.0.0.0"),
    integer("pid", null=True),
    text("process_name", null=True),
    text("state", default="listening"),
    *times(),
    index("process_ports_port_idx", "port"),
    index("process_ports_project_idx", "project_id"),
    index("process_ports_project_port_unique", "project_id", "port", unique=True),
    index("process_ports_run_idx", "run_id"),
    index("process_ports_state_idx", "state"),
)

sa.Table(
    "relevance_configs",
    METADATA,
    key(),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *texts("name", "weights"),
    integer("max_files", default=100),
    real("min_score", default=0.1),
    *times(),
    index("relevance_configs_name_idx", "name"),
    index("relevance_configs_project_idx", "project_id"),
)

sa.Table(
    "relevance_scores",
    METADATA,
    key(),
    text("file_id", to="files.id", on_delete="CASCADE"),
    integer("project_id", to="projects.id", on_delete="CASCADE"),
    *reals("total_score", "keyword_score", "path_score", "type_score", "recency_score", "import_score"),
    text("query", null=True),
    *times(),
    index("relevance_scores_file_idx", "file_id"),
    index("relevance_scores_project_idx", "project_id"),
    index("relevance_scores_query_idx", "query"),
    index("relevance_scores_total_score_idx", "total_score"),
)
