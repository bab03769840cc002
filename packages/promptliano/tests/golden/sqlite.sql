CREATE TABLE projects (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    path TEXT NOT NULL,
    tags TEXT DEFAULT '[]' NOT NULL,
    metadata TEXT DEFAULT '{}' NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT ck_projects_name_length CHECK (length(name) >= 1 AND length(name) <= 100),
    CONSTRAINT ck_projects_path_length CHECK (length(path) >= 1 AND length(path) <= 1000),
    CONSTRAINT ck_projects_tags_json CHECK (json_valid(tags) = 1 AND json_type(tags) = 'array'),
    CONSTRAINT ck_projects_metadata_json CHECK (json_valid(metadata) = 1 AND json_type(metadata) = 'object')
)
 STRICT;

CREATE INDEX ix_projects_created_id ON projects (created, id);

CREATE UNIQUE INDEX uq_projects_path ON projects (path) WHERE deleted IS NULL;

CREATE TABLE tickets (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    overview TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL,
    priority TEXT DEFAULT 'normal' NOT NULL,
    tags TEXT DEFAULT '[]' NOT NULL,
    metadata TEXT DEFAULT '{}' NOT NULL,
    suggested_file_ids TEXT DEFAULT '[]' NOT NULL,
    suggested_prompt_ids TEXT DEFAULT '[]' NOT NULL,
    suggested_agents TEXT DEFAULT '[]' NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_tickets_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT ck_tickets_title_length CHECK (length(title) >= 1 AND length(title) <= 500),
    CONSTRAINT ck_tickets_status CHECK (status IN ('open', 'in_progress', 'completed', 'archived')),
    CONSTRAINT ck_tickets_priority CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    CONSTRAINT ck_tickets_tags_json CHECK (json_valid(tags) = 1 AND json_type(tags) = 'array'),
    CONSTRAINT ck_tickets_metadata_json CHECK (json_valid(metadata) = 1 AND json_type(metadata) = 'object'),
    CONSTRAINT ck_tickets_suggested_file_ids_json CHECK (json_valid(suggested_file_ids) = 1 AND json_type(suggested_file_ids) = 'array'),
    CONSTRAINT ck_tickets_suggested_prompt_ids_json CHECK (json_valid(suggested_prompt_ids) = 1 AND json_type(suggested_prompt_ids) = 'array'),
    CONSTRAINT ck_tickets_suggested_agents_json CHECK (json_valid(suggested_agents) = 1 AND json_type(suggested_agents) = 'array')
)
 STRICT;

CREATE INDEX ix_tickets_created_id ON tickets (created, id);

CREATE INDEX ix_tickets_project_id_created_id ON tickets (project_id, created, id);

CREATE INDEX ix_tickets_project_id_priority ON tickets (project_id, priority);

CREATE INDEX ix_tickets_project_id_status_created ON tickets (project_id, status, created);

CREATE TABLE tasks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    done INTEGER NOT NULL GENERATED ALWAYS AS (status = 'completed') VIRTUAL,
    order_index INTEGER DEFAULT 0 NOT NULL,
    estimated_hours REAL,
    dependencies TEXT DEFAULT '[]' NOT NULL,
    tags TEXT DEFAULT '[]' NOT NULL,
    agent TEXT,
    suggested_file_ids TEXT DEFAULT '[]' NOT NULL,
    suggested_prompt_ids TEXT DEFAULT '[]' NOT NULL,
    suggested_agents TEXT DEFAULT '[]' NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_tasks_ticket_id FOREIGN KEY(ticket_id) REFERENCES tickets (id) ON DELETE CASCADE,
    CONSTRAINT ck_tasks_content_length CHECK (length(content) >= 1),
    CONSTRAINT ck_tasks_status CHECK (status IN ('pending', 'in_progress', 'completed', 'cancelled')),
    CONSTRAINT ck_tasks_order_index_range CHECK (order_index >= 0),
    CONSTRAINT ck_tasks_dependencies_json CHECK (json_valid(dependencies) = 1 AND json_type(dependencies) = 'array'),
    CONSTRAINT ck_tasks_tags_json CHECK (json_valid(tags) = 1 AND json_type(tags) = 'array'),
    CONSTRAINT ck_tasks_suggested_file_ids_json CHECK (json_valid(suggested_file_ids) = 1 AND json_type(suggested_file_ids) = 'array'),
    CONSTRAINT ck_tasks_suggested_prompt_ids_json CHECK (json_valid(suggested_prompt_ids) = 1 AND json_type(suggested_prompt_ids) = 'array'),
    CONSTRAINT ck_tasks_suggested_agents_json CHECK (json_valid(suggested_agents) = 1 AND json_type(suggested_agents) = 'array')
)
 STRICT;

CREATE INDEX ix_tasks_created_id ON tasks (created, id);

CREATE INDEX ix_tasks_ticket_id_order_index ON tasks (ticket_id, order_index);

CREATE TABLE chats (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER,
    title TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_chats_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT ck_chats_title_length CHECK (length(title) >= 1 AND length(title) <= 500)
)
 STRICT;

CREATE INDEX ix_chats_created_id ON chats (created, id);

CREATE INDEX ix_chats_project_id_updated ON chats (project_id, updated);

CREATE INDEX ix_chats_updated_id ON chats (updated, id);

CREATE TABLE chat_messages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    type TEXT,
    content TEXT NOT NULL,
    attachments TEXT DEFAULT '[]' NOT NULL,
    metadata TEXT DEFAULT '{}' NOT NULL,
    state TEXT DEFAULT 'complete' NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_chat_messages_chat_id FOREIGN KEY(chat_id) REFERENCES chats (id) ON DELETE CASCADE,
    CONSTRAINT ck_chat_messages_role CHECK (role IN ('user', 'assistant', 'system', 'tool')),
    CONSTRAINT ck_chat_messages_attachments_json CHECK (json_valid(attachments) = 1 AND json_type(attachments) = 'array'),
    CONSTRAINT ck_chat_messages_metadata_json CHECK (json_valid(metadata) = 1 AND json_type(metadata) = 'object'),
    CONSTRAINT ck_chat_messages_state CHECK (state IN ('complete', 'streaming', 'interrupted'))
)
 STRICT;

CREATE INDEX ix_chat_messages_chat_id_created_id ON chat_messages (chat_id, created, id);

CREATE INDEX ix_chat_messages_created_id ON chat_messages (created, id);

CREATE TABLE files (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    extension TEXT DEFAULT '' NOT NULL,
    size INTEGER DEFAULT 0 NOT NULL,
    content TEXT,
    content_truncated INTEGER DEFAULT 0 NOT NULL,
    checksum TEXT,
    summary TEXT,
    summarized INTEGER,
    imports TEXT DEFAULT '[]' NOT NULL,
    exports TEXT DEFAULT '[]' NOT NULL,
    meta TEXT DEFAULT '{}' NOT NULL,
    modified INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_files_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT ck_files_content_truncated CHECK (content_truncated IN (0, 1)),
    CONSTRAINT ck_files_imports_json CHECK (json_valid(imports) = 1 AND json_type(imports) = 'array'),
    CONSTRAINT ck_files_exports_json CHECK (json_valid(exports) = 1 AND json_type(exports) = 'array'),
    CONSTRAINT ck_files_meta_json CHECK (json_valid(meta) = 1 AND json_type(meta) = 'object')
)
 STRICT;

CREATE INDEX ix_files_created_id ON files (created, id);

CREATE INDEX ix_files_project_id_created_id ON files (project_id, created, id);

CREATE INDEX ix_files_project_id_extension ON files (project_id, extension);

CREATE UNIQUE INDEX uq_files_project_id_path ON files (project_id, path) WHERE deleted IS NULL;

CREATE TABLE selected_files (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    selection TEXT DEFAULT 'default' NOT NULL,
    position INTEGER DEFAULT 0 NOT NULL,
    reason TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_selected_files_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_selected_files_file_id FOREIGN KEY(file_id) REFERENCES files (id) ON DELETE CASCADE,
    CONSTRAINT ck_selected_files_selection_length CHECK (length(selection) >= 1)
)
 STRICT;

CREATE INDEX ix_selected_files_created_id ON selected_files (created, id);

CREATE INDEX ix_selected_files_file_id ON selected_files (file_id);

CREATE INDEX ix_selected_files_project_id_selection_position ON selected_files (project_id, selection, position);

CREATE UNIQUE INDEX uq_selected_files_project_id_selection_file_id ON selected_files (project_id, selection, file_id) WHERE deleted IS NULL;

CREATE TABLE prompts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    tags TEXT DEFAULT '[]' NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT ck_prompts_title_length CHECK (length(title) >= 1),
    CONSTRAINT ck_prompts_tags_json CHECK (json_valid(tags) = 1 AND json_type(tags) = 'array')
)
 STRICT;

CREATE INDEX ix_prompts_created_id ON prompts (created, id);

CREATE TABLE prompt_projects (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    prompt_id INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    created INTEGER NOT NULL,
    CONSTRAINT fk_prompt_projects_prompt_id FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE,
    CONSTRAINT fk_prompt_projects_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT uq_prompt_projects_prompt_id_project_id UNIQUE (prompt_id, project_id)
)
 STRICT;

CREATE INDEX ix_prompt_projects_project_id_prompt_id ON prompt_projects (project_id, prompt_id);

CREATE TABLE agents (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    instructions TEXT DEFAULT '' NOT NULL,
    model TEXT,
    configuration TEXT NOT NULL,
    file_path TEXT,
    active INTEGER DEFAULT 1 NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_agents_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT ck_agents_slug_length CHECK (length(slug) >= 1),
    CONSTRAINT ck_agents_name_length CHECK (length(name) >= 1),
    CONSTRAINT ck_agents_configuration_json CHECK (json_valid(configuration) = 1 AND json_type(configuration) = 'object'),
    CONSTRAINT ck_agents_active CHECK (active IN (0, 1))
)
 STRICT;

CREATE INDEX ix_agents_created_id ON agents (created, id);

CREATE INDEX ix_agents_project_id_name ON agents (project_id, name);

CREATE UNIQUE INDEX uq_agents_project_id_slug ON agents (coalesce(project_id, 0), project_id IS NULL, slug) WHERE deleted IS NULL;

CREATE TABLE queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    max_parallel_items INTEGER DEFAULT 1 NOT NULL,
    state TEXT DEFAULT 'active' NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_queues_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT ck_queues_name_length CHECK (length(name) >= 1 AND length(name) <= 100),
    CONSTRAINT ck_queues_max_parallel_items_range CHECK (max_parallel_items >= 1 AND max_parallel_items <= 100),
    CONSTRAINT ck_queues_state CHECK (state IN ('active', 'paused', 'inactive'))
)
 STRICT;

CREATE INDEX ix_queues_created_id ON queues (created, id);

CREATE INDEX ix_queues_project_id_created_id ON queues (project_id, created, id);

CREATE UNIQUE INDEX uq_queues_project_id_name ON queues (project_id, name) WHERE deleted IS NULL;

CREATE TABLE queue_items (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    queue_id INTEGER NOT NULL,
    ticket_id INTEGER,
    task_id INTEGER,
    status TEXT DEFAULT 'queued' NOT NULL,
    priority INTEGER DEFAULT 0 NOT NULL,
    position INTEGER DEFAULT 0 NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    max_attempts INTEGER DEFAULT 3 NOT NULL,
    lease_token TEXT,
    lease_until INTEGER,
    available INTEGER NOT NULL,
    agent TEXT,
    error TEXT,
    enqueued INTEGER NOT NULL,
    started INTEGER,
    finished INTEGER,
    estimated_ms INTEGER,
    actual_ms INTEGER,
    idempotency_key TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT fk_queue_items_queue_id FOREIGN KEY(queue_id) REFERENCES queues (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_items_ticket_id FOREIGN KEY(ticket_id) REFERENCES tickets (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_items_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT ck_queue_items_status CHECK (status IN ('queued', 'in_progress', 'completed', 'failed', 'cancelled', 'dead')),
    CONSTRAINT ck_queue_items_attempts_range CHECK (attempts >= 0),
    CONSTRAINT ck_queue_items_max_attempts_range CHECK (max_attempts >= 1),
    CONSTRAINT ck_queue_items_one_target CHECK (ticket_id IS NULL AND task_id IS NOT NULL OR ticket_id IS NOT NULL AND task_id IS NULL)
)
 STRICT;

CREATE INDEX ix_queue_items_claim ON queue_items (queue_id, priority = 0, priority, enqueued, id) WHERE status = 'queued' AND deleted IS NULL;

CREATE INDEX ix_queue_items_created_id ON queue_items (created, id);

CREATE INDEX ix_queue_items_lease ON queue_items (lease_until) WHERE status = 'in_progress' AND deleted IS NULL;

CREATE INDEX ix_queue_items_queue_id_position ON queue_items (queue_id, position);

CREATE INDEX ix_queue_items_queue_id_status_position ON queue_items (queue_id, status, position);

CREATE INDEX ix_queue_items_task_id_created ON queue_items (task_id, created);

CREATE INDEX ix_queue_items_ticket_id_created ON queue_items (ticket_id, created);

CREATE UNIQUE INDEX uq_queue_items_idempotency_key ON queue_items (idempotency_key) WHERE deleted IS NULL;

CREATE UNIQUE INDEX uq_queue_items_live_task ON queue_items (task_id) WHERE deleted IS NULL AND (status = 'queued' OR status = 'in_progress');

CREATE UNIQUE INDEX uq_queue_items_live_ticket ON queue_items (ticket_id) WHERE deleted IS NULL AND (status = 'queued' OR status = 'in_progress');

CREATE TABLE user_preferences (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT ck_user_preferences_user_length CHECK (length(user) >= 1),
    CONSTRAINT ck_user_preferences_key_length CHECK (length("key") >= 1),
    CONSTRAINT ck_user_preferences_value_json CHECK (json_valid(value) = 1)
)
 STRICT;

CREATE INDEX ix_user_preferences_created_id ON user_preferences (created, id);

CREATE UNIQUE INDEX uq_user_preferences_user_key ON user_preferences (user, "key") WHERE deleted IS NULL;

CREATE TABLE settings (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    CONSTRAINT ck_settings_key_length CHECK (length("key") >= 1),
    CONSTRAINT ck_settings_value_json CHECK (json_valid(value) = 1)
)
 STRICT;

CREATE UNIQUE INDEX uq_settings_key ON settings ("key") WHERE deleted IS NULL;

CREATE TABLE archive (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    source_table TEXT NOT NULL,
    source_id TEXT NOT NULL,
    payload TEXT NOT NULL,
    reason TEXT NOT NULL,
    created INTEGER NOT NULL,
    CONSTRAINT ck_archive_source_length CHECK (length(source) >= 1),
    CONSTRAINT ck_archive_source_table_length CHECK (length(source_table) >= 1),
    CONSTRAINT ck_archive_payload_json CHECK (json_valid(payload) = 1),
    CONSTRAINT ck_archive_reason_length CHECK (length(reason) >= 1),
    CONSTRAINT uq_archive_source_source_table_source_id_reason UNIQUE (source, source_table, source_id, reason)
)
 STRICT;
