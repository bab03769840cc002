"""The tables as they were when revisions began.

Revision: 0001_initial
Builds on: nothing
Written: 2026-11-25
"""

from __future__ import annotations

import sqlalchemy as sa

from schemaroot.migration import op

revision = "0001_initial"
down_revision = None


def upgrade() -> None:
    """Goes to this revision."""
    op.create_table(
        "archive",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("source", sa.TEXT(), nullable=False),
        sa.Column("source_table", sa.TEXT(), nullable=False),
        sa.Column("source_id", sa.TEXT(), nullable=False),
        sa.Column("payload", sa.TEXT(), nullable=False),
        sa.Column("reason", sa.TEXT(), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "source",
            "source_table",
            "source_id",
            "reason",
            name="uq_archive_source_source_table_source_id_reason",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("source")) >= 1,
            name="ck_archive_source_length",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("source_table")) >= 1,
            name="ck_archive_source_table_length",
        ),
        sa.CheckConstraint(
            sa.func.json_valid(sa.column("payload")) == 1,
            name="ck_archive_payload_json",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("reason")) >= 1,
            name="ck_archive_reason_length",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column(
            "description",
            sa.TEXT(),
            server_default=sa.literal(""),
            nullable=False,
        ),
        sa.Column("path", sa.TEXT(), nullable=False),
        sa.Column("tags", sa.TEXT(), server_default=sa.literal("[]"), nullable=False),
        sa.Column(
            "metadata",
            sa.TEXT(),
            server_default=sa.literal("{}"),
            nullable=False,
        ),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            sa.and_(sa.func.length(sa.column("name")) >= 1, sa.func.length(sa.column("name")) <= 100),
            name="ck_projects_name_length",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.length(sa.column("path")) >= 1, sa.func.length(sa.column("path")) <= 1000),
            name="ck_projects_path_length",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.json_valid(sa.column("tags")) == 1, sa.func.json_type(sa.column("tags")) == "array"),
            name="ck_projects_tags_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("metadata")) == 1, sa.func.json_type(sa.column("metadata")) == "object"
            ),
            name="ck_projects_metadata_json",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "prompts",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.Column("content", sa.TEXT(), nullable=False),
        sa.Column(
            "description",
            sa.TEXT(),
            server_default=sa.literal(""),
            nullable=False,
        ),
        sa.Column("tags", sa.TEXT(), server_default=sa.literal("[]"), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            sa.func.length(sa.column("title")) >= 1,
            name="ck_prompts_title_length",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.json_valid(sa.column("tags")) == 1, sa.func.json_type(sa.column("tags")) == "array"),
            name="ck_prompts_tags_json",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "settings",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("key", sa.TEXT(), nullable=False),
        sa.Column("value", sa.TEXT(), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            sa.func.length(sa.column("key")) >= 1,
            name="ck_settings_key_length",
        ),
        sa.CheckConstraint(
            sa.func.json_valid(sa.column("value")) == 1,
            name="ck_settings_value_json",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "user_preferences",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("user", sa.TEXT(), nullable=False),
        sa.Column("key", sa.TEXT(), nullable=False),
        sa.Column("value", sa.TEXT(), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            sa.func.length(sa.column("user")) >= 1,
            name="ck_user_preferences_user_length",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("key")) >= 1,
            name="ck_user_preferences_key_length",
        ),
        sa.CheckConstraint(
            sa.func.json_valid(sa.column("value")) == 1,
            name="ck_user_preferences_value_json",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=True),
        sa.Column("slug", sa.TEXT(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column(
            "description",
            sa.TEXT(),
            server_default=sa.literal(""),
            nullable=False,
        ),
        sa.Column(
            "instructions",
            sa.TEXT(),
            server_default=sa.literal(""),
            nullable=False,
        ),
        sa.Column("model", sa.TEXT(), nullable=True),
        sa.Column("configuration", sa.TEXT(), nullable=False),
        sa.Column("file_path", sa.TEXT(), nullable=True),
        sa.Column("active", sa.INTEGER(), server_default=sa.literal(1), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_agents_project_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("slug")) >= 1,
            name="ck_agents_slug_length",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("name")) >= 1,
            name="ck_agents_name_length",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("configuration")) == 1,
                sa.func.json_type(sa.column("configuration")) == "object",
            ),
            name="ck_agents_configuration_json",
        ),
        sa.CheckConstraint(sa.column("active").in_([0, 1]), name="ck_agents_active"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "chats",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=True),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_chats_project_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.length(sa.column("title")) >= 1, sa.func.length(sa.column("title")) <= 500),
            name="ck_chats_title_length",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "files",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=False),
        sa.Column("path", sa.TEXT(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column(
            "extension",
            sa.TEXT(),
            server_default=sa.literal(""),
            nullable=False,
        ),
        sa.Column("size", sa.INTEGER(), server_default=sa.literal(0), nullable=False),
        sa.Column("content", sa.TEXT(), nullable=True),
        sa.Column(
            "content_truncated",
            sa.INTEGER(),
            server_default=sa.literal(0),
            nullable=False,
        ),
        sa.Column("checksum", sa.TEXT(), nullable=True),
        sa.Column("summary", sa.TEXT(), nullable=True),
        sa.Column("summarized", sa.INTEGER(), nullable=True),
        sa.Column(
            "imports",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column(
            "exports",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column("meta", sa.TEXT(), server_default=sa.literal("{}"), nullable=False),
        sa.Column("modified", sa.INTEGER(), nullable=True),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_files_project_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.column("content_truncated").in_([0, 1]),
            name="ck_files_content_truncated",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.json_valid(sa.column("imports")) == 1, sa.func.json_type(sa.column("imports")) == "array"),
            name="ck_files_imports_json",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.json_valid(sa.column("exports")) == 1, sa.func.json_type(sa.column("exports")) == "array"),
            name="ck_files_exports_json",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.json_valid(sa.column("meta")) == 1, sa.func.json_type(sa.column("meta")) == "object"),
            name="ck_files_meta_json",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "prompt_projects",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("prompt_id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["prompt_id"],
            ["prompts.id"],
            name="fk_prompt_projects_prompt_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_prompt_projects_project_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "prompt_id",
            "project_id",
            name="uq_prompt_projects_prompt_id_project_id",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "queues",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column(
            "description",
            sa.TEXT(),
            server_default=sa.literal(""),
            nullable=False,
        ),
        sa.Column(
            "max_parallel_items",
            sa.INTEGER(),
            server_default=sa.literal(1),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.TEXT(),
            server_default=sa.literal("active"),
            nullable=False,
        ),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_queues_project_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.length(sa.column("name")) >= 1, sa.func.length(sa.column("name")) <= 100),
            name="ck_queues_name_length",
        ),
        sa.CheckConstraint(
            sa.and_(sa.column("max_parallel_items") >= 1, sa.column("max_parallel_items") <= 100),
            name="ck_queues_max_parallel_items_range",
        ),
        sa.CheckConstraint(
            sa.column("state").in_(["active", "paused", "inactive"]),
            name="ck_queues_state",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.Column("overview", sa.TEXT(), server_default=sa.literal(""), nullable=False),
        sa.Column(
            "status",
            sa.TEXT(),
            server_default=sa.literal("open"),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.TEXT(),
            server_default=sa.literal("normal"),
            nullable=False,
        ),
        sa.Column("tags", sa.TEXT(), server_default=sa.literal("[]"), nullable=False),
        sa.Column(
            "metadata",
            sa.TEXT(),
            server_default=sa.literal("{}"),
            nullable=False,
        ),
        sa.Column(
            "suggested_file_ids",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column(
            "suggested_prompt_ids",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column(
            "suggested_agents",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_tickets_project_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.length(sa.column("title")) >= 1, sa.func.length(sa.column("title")) <= 500),
            name="ck_tickets_title_length",
        ),
        sa.CheckConstraint(
            sa.column("status").in_(["open", "in_progress", "completed", "archived"]),
            name="ck_tickets_status",
        ),
        sa.CheckConstraint(
            sa.column("priority").in_(["low", "normal", "high", "urgent"]),
            name="ck_tickets_priority",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.json_valid(sa.column("tags")) == 1, sa.func.json_type(sa.column("tags")) == "array"),
            name="ck_tickets_tags_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("metadata")) == 1, sa.func.json_type(sa.column("metadata")) == "object"
            ),
            name="ck_tickets_metadata_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("suggested_file_ids")) == 1,
                sa.func.json_type(sa.column("suggested_file_ids")) == "array",
            ),
            name="ck_tickets_suggested_file_ids_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("suggested_prompt_ids")) == 1,
                sa.func.json_type(sa.column("suggested_prompt_ids")) == "array",
            ),
            name="ck_tickets_suggested_prompt_ids_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("suggested_agents")) == 1,
                sa.func.json_type(sa.column("suggested_agents")) == "array",
            ),
            name="ck_tickets_suggested_agents_json",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "chat_messages",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("chat_id", sa.INTEGER(), nullable=False),
        sa.Column("role", sa.TEXT(), nullable=False),
        sa.Column("type", sa.TEXT(), nullable=True),
        sa.Column("content", sa.TEXT(), nullable=False),
        sa.Column(
            "attachments",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column(
            "metadata",
            sa.TEXT(),
            server_default=sa.literal("{}"),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.TEXT(),
            server_default=sa.literal("complete"),
            nullable=False,
        ),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["chats.id"],
            name="fk_chat_messages_chat_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.column("role").in_(["user", "assistant", "system", "tool"]),
            name="ck_chat_messages_role",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("attachments")) == 1,
                sa.func.json_type(sa.column("attachments")) == "array",
            ),
            name="ck_chat_messages_attachments_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("metadata")) == 1, sa.func.json_type(sa.column("metadata")) == "object"
            ),
            name="ck_chat_messages_metadata_json",
        ),
        sa.CheckConstraint(
            sa.column("state").in_(["complete", "streaming", "interrupted"]),
            name="ck_chat_messages_state",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "selected_files",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=False),
        sa.Column("file_id", sa.INTEGER(), nullable=False),
        sa.Column(
            "selection",
            sa.TEXT(),
            server_default=sa.literal("default"),
            nullable=False,
        ),
        sa.Column(
            "position",
            sa.INTEGER(),
            server_default=sa.literal(0),
            nullable=False,
        ),
        sa.Column("reason", sa.TEXT(), nullable=True),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_selected_files_project_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["files.id"],
            name="fk_selected_files_file_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("selection")) >= 1,
            name="ck_selected_files_selection_length",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("ticket_id", sa.INTEGER(), nullable=False),
        sa.Column("content", sa.TEXT(), nullable=False),
        sa.Column(
            "description",
            sa.TEXT(),
            server_default=sa.literal(""),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.TEXT(),
            server_default=sa.literal("pending"),
            nullable=False,
        ),
        sa.Column(
            "done",
            sa.INTEGER(),
            sa.Computed(sa.column("status") == "completed", persisted=False),
            nullable=False,
        ),
        sa.Column(
            "order_index",
            sa.INTEGER(),
            server_default=sa.literal(0),
            nullable=False,
        ),
        sa.Column("estimated_hours", op.sql_type("REAL"), nullable=True),
        sa.Column(
            "dependencies",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column("tags", sa.TEXT(), server_default=sa.literal("[]"), nullable=False),
        sa.Column("agent", sa.TEXT(), nullable=True),
        sa.Column(
            "suggested_file_ids",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column(
            "suggested_prompt_ids",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column(
            "suggested_agents",
            sa.TEXT(),
            server_default=sa.literal("[]"),
            nullable=False,
        ),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name="fk_tasks_ticket_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.func.length(sa.column("content")) >= 1,
            name="ck_tasks_content_length",
        ),
        sa.CheckConstraint(
            sa.column("status").in_(["pending", "in_progress", "completed", "cancelled"]),
            name="ck_tasks_status",
        ),
        sa.CheckConstraint(
            sa.column("order_index") >= 0,
            name="ck_tasks_order_index_range",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("dependencies")) == 1,
                sa.func.json_type(sa.column("dependencies")) == "array",
            ),
            name="ck_tasks_dependencies_json",
        ),
        sa.CheckConstraint(
            sa.and_(sa.func.json_valid(sa.column("tags")) == 1, sa.func.json_type(sa.column("tags")) == "array"),
            name="ck_tasks_tags_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("suggested_file_ids")) == 1,
                sa.func.json_type(sa.column("suggested_file_ids")) == "array",
            ),
            name="ck_tasks_suggested_file_ids_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("suggested_prompt_ids")) == 1,
                sa.func.json_type(sa.column("suggested_prompt_ids")) == "array",
            ),
            name="ck_tasks_suggested_prompt_ids_json",
        ),
        sa.CheckConstraint(
            sa.and_(
                sa.func.json_valid(sa.column("suggested_agents")) == 1,
                sa.func.json_type(sa.column("suggested_agents")) == "array",
            ),
            name="ck_tasks_suggested_agents_json",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "queue_items",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("queue_id", sa.INTEGER(), nullable=False),
        sa.Column("ticket_id", sa.INTEGER(), nullable=True),
        sa.Column("task_id", sa.INTEGER(), nullable=True),
        sa.Column(
            "status",
            sa.TEXT(),
            server_default=sa.literal("queued"),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.INTEGER(),
            server_default=sa.literal(0),
            nullable=False,
        ),
        sa.Column(
            "position",
            sa.INTEGER(),
            server_default=sa.literal(0),
            nullable=False,
        ),
        sa.Column(
            "attempts",
            sa.INTEGER(),
            server_default=sa.literal(0),
            nullable=False,
        ),
        sa.Column(
            "max_attempts",
            sa.INTEGER(),
            server_default=sa.literal(3),
            nullable=False,
        ),
        sa.Column("lease_token", sa.TEXT(), nullable=True),
        sa.Column("lease_until", sa.INTEGER(), nullable=True),
        sa.Column("available", sa.INTEGER(), nullable=False),
        sa.Column("agent", sa.TEXT(), nullable=True),
        sa.Column("error", sa.TEXT(), nullable=True),
        sa.Column("enqueued", sa.INTEGER(), nullable=False),
        sa.Column("started", sa.INTEGER(), nullable=True),
        sa.Column("finished", sa.INTEGER(), nullable=True),
        sa.Column("estimated_ms", sa.INTEGER(), nullable=True),
        sa.Column("actual_ms", sa.INTEGER(), nullable=True),
        sa.Column("idempotency_key", sa.TEXT(), nullable=True),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.Column("updated", sa.INTEGER(), nullable=False),
        sa.Column("deleted", sa.INTEGER(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(
            ["queue_id"],
            ["queues.id"],
            name="fk_queue_items_queue_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name="fk_queue_items_ticket_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.id"],
            name="fk_queue_items_task_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            sa.column("status").in_(["queued", "in_progress", "completed", "failed", "cancelled", "dead"]),
            name="ck_queue_items_status",
        ),
        sa.CheckConstraint(
            sa.column("attempts") >= 0,
            name="ck_queue_items_attempts_range",
        ),
        sa.CheckConstraint(
            sa.column("max_attempts") >= 1,
            name="ck_queue_items_max_attempts_range",
        ),
        sa.CheckConstraint(
            sa.or_(
                sa.and_(sa.column("ticket_id").is_(None), sa.column("task_id").is_not(None)),
                sa.and_(sa.column("ticket_id").is_not(None), sa.column("task_id").is_(None)),
            ),
            name="ck_queue_items_one_target",
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_projects_created_id", "projects", ["created", "id"])
    op.create_index(
        "uq_projects_path",
        "projects",
        ["path"],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index("ix_prompts_created_id", "prompts", ["created", "id"])
    op.create_index(
        "uq_settings_key",
        "settings",
        ["key"],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index(
        "ix_user_preferences_created_id",
        "user_preferences",
        ["created", "id"],
    )
    op.create_index(
        "uq_user_preferences_user_key",
        "user_preferences",
        ["user", "key"],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index("ix_agents_created_id", "agents", ["created", "id"])
    op.create_index("ix_agents_project_id_name", "agents", ["project_id", "name"])
    op.create_index(
        "uq_agents_project_id_slug",
        "agents",
        [
            sa.func.coalesce(sa.column("project_id"), 0),
            sa.column("project_id").is_(None),
            "slug",
        ],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index("ix_chats_created_id", "chats", ["created", "id"])
    op.create_index("ix_chats_project_id_updated", "chats", ["project_id", "updated"])
    op.create_index("ix_chats_updated_id", "chats", ["updated", "id"])
    op.create_index("ix_files_created_id", "files", ["created", "id"])
    op.create_index(
        "ix_files_project_id_created_id",
        "files",
        ["project_id", "created", "id"],
    )
    op.create_index(
        "ix_files_project_id_extension",
        "files",
        ["project_id", "extension"],
    )
    op.create_index(
        "uq_files_project_id_path",
        "files",
        ["project_id", "path"],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index(
        "ix_prompt_projects_project_id_prompt_id",
        "prompt_projects",
        ["project_id", "prompt_id"],
    )
    op.create_index("ix_queues_created_id", "queues", ["created", "id"])
    op.create_index(
        "ix_queues_project_id_created_id",
        "queues",
        ["project_id", "created", "id"],
    )
    op.create_index(
        "uq_queues_project_id_name",
        "queues",
        ["project_id", "name"],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index("ix_tickets_created_id", "tickets", ["created", "id"])
    op.create_index(
        "ix_tickets_project_id_created_id",
        "tickets",
        ["project_id", "created", "id"],
    )
    op.create_index(
        "ix_tickets_project_id_priority",
        "tickets",
        ["project_id", "priority"],
    )
    op.create_index(
        "ix_tickets_project_id_status_created",
        "tickets",
        ["project_id", "status", "created"],
    )
    op.create_index(
        "ix_chat_messages_chat_id_created_id",
        "chat_messages",
        ["chat_id", "created", "id"],
    )
    op.create_index("ix_chat_messages_created_id", "chat_messages", ["created", "id"])
    op.create_index("ix_selected_files_created_id", "selected_files", ["created", "id"])
    op.create_index("ix_selected_files_file_id", "selected_files", ["file_id"])
    op.create_index(
        "ix_selected_files_project_id_selection_position",
        "selected_files",
        ["project_id", "selection", "position"],
    )
    op.create_index(
        "uq_selected_files_project_id_selection_file_id",
        "selected_files",
        ["project_id", "selection", "file_id"],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index("ix_tasks_created_id", "tasks", ["created", "id"])
    op.create_index(
        "ix_tasks_ticket_id_order_index",
        "tasks",
        ["ticket_id", "order_index"],
    )
    op.create_index(
        "ix_queue_items_claim",
        "queue_items",
        ["queue_id", sa.column("priority") == 0, "priority", "enqueued", "id"],
        sqlite_where=sa.and_(sa.column("status") == "queued", sa.column("deleted").is_(None)),
    )
    op.create_index("ix_queue_items_created_id", "queue_items", ["created", "id"])
    op.create_index(
        "ix_queue_items_lease",
        "queue_items",
        ["lease_until"],
        sqlite_where=sa.and_(sa.column("status") == "in_progress", sa.column("deleted").is_(None)),
    )
    op.create_index(
        "ix_queue_items_queue_id_position",
        "queue_items",
        ["queue_id", "position"],
    )
    op.create_index(
        "ix_queue_items_queue_id_status_position",
        "queue_items",
        ["queue_id", "status", "position"],
    )
    op.create_index(
        "ix_queue_items_task_id_created",
        "queue_items",
        ["task_id", "created"],
    )
    op.create_index(
        "ix_queue_items_ticket_id_created",
        "queue_items",
        ["ticket_id", "created"],
    )
    op.create_index(
        "uq_queue_items_idempotency_key",
        "queue_items",
        ["idempotency_key"],
        unique=True,
        sqlite_where=sa.column("deleted").is_(None),
    )
    op.create_index(
        "uq_queue_items_live_task",
        "queue_items",
        ["task_id"],
        unique=True,
        sqlite_where=sa.and_(
            sa.column("deleted").is_(None),
            sa.or_(sa.column("status") == "queued", sa.column("status") == "in_progress"),
        ),
    )
    op.create_index(
        "uq_queue_items_live_ticket",
        "queue_items",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.and_(
            sa.column("deleted").is_(None),
            sa.or_(sa.column("status") == "queued", sa.column("status") == "in_progress"),
        ),
    )
    op.create_search("projects", ["name", "description"])
    op.create_search("prompts", ["title", "content", "description"])
    op.create_search("agents", ["name", "description", "instructions"])
    op.create_search("files", ["path", "content"])
    op.create_search("tickets", ["title", "overview"])
    op.create_search("chat_messages", ["content"])
    op.create_search("tasks", ["content", "description"])


def downgrade() -> None:
    """Goes back."""
    op.drop_search("projects")
    op.drop_search("prompts")
    op.drop_search("agents")
    op.drop_search("files")
    op.drop_search("tickets")
    op.drop_search("chat_messages")
    op.drop_search("tasks")
    op.drop_table("queue_items")
    op.drop_table("tasks")
    op.drop_table("selected_files")
    op.drop_table("chat_messages")
    op.drop_table("tickets")
    op.drop_table("queues")
    op.drop_table("prompt_projects")
    op.drop_table("files")
    op.drop_table("chats")
    op.drop_table("agents")
    op.drop_table("user_preferences")
    op.drop_table("settings")
    op.drop_table("prompts")
    op.drop_table("projects")
    op.drop_table("archive")
