"""What becomes of each column of the legacy tables? One mapping per table, for the columns of both eras.

A mapping names every column that some era had; the ones that a database lacks are left out when it is bound.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from promptliano.legacy.cells import Cell
from promptliano.legacy.codecs import (
    Codec,
    as_milliseconds,
    attachments,
    choice,
    document,
    empty_when_null,
    exports,
    flag,
    imports,
    moment,
    null_document,
    null_exports,
    null_imports,
    null_when_empty,
    numbers,
    numbers_as_texts,
    plain,
    real,
    texts,
    to_json_text,
    whole,
    zero_is_never,
)
from promptliano.legacy.mapping import Computed, TableMapping, Values, carry
from promptliano.schema import (
    Chat,
    ChatMessage,
    File,
    MessageRole,
    Project,
    Prompt,
    PromptProject,
    Queue,
    QueueItem,
    QueueItemStatus,
    QueueState,
    SelectedFile,
    Task,
    TaskStatus,
    Ticket,
    TicketPriority,
    TicketStatus,
    UserPreference,
)
from schemaroot import JsonValue

_ticket_status: Codec[TicketStatus] = choice(TicketStatus, {"closed": "completed"})
_ticket_priority: Codec[TicketPriority] = choice(TicketPriority, {})
_task_status: Codec[TaskStatus] = choice(TaskStatus, {})
_role: Codec[MessageRole] = choice(MessageRole, {})
_queue_state: Codec[QueueState] = choice(QueueState, {})
_item_status: Codec[QueueItemStatus] = choice(QueueItemStatus, {})


def _always(cell: Cell) -> Computed:
    """A column that was never written: it always holds the same."""
    return lambda _: cell


PROJECTS = TableMapping(
    Project,
    carry("id", Project.id, whole),
    carry("name", Project.name, plain),
    carry("description", Project.description, empty_when_null),
    carry("path", Project.path, plain),
    carry("created_at", Project.created, moment),
    carry("updated_at", Project.updated, moment),
)

TICKETS = TableMapping(
    Ticket,
    carry("id", Ticket.id, whole),
    carry("project_id", Ticket.project_id, whole),
    carry("title", Ticket.title, plain),
    carry("overview", Ticket.overview, empty_when_null),
    carry("status", Ticket.status, _ticket_status),
    carry("priority", Ticket.priority, _ticket_priority),
    carry("suggested_file_ids", Ticket.suggested_file_ids, numbers_as_texts),
    carry("suggested_agent_ids", Ticket.suggested_agents, texts),
    carry("suggested_prompt_ids", Ticket.suggested_prompt_ids, numbers),
    carry("created_at", Ticket.created, moment),
    carry("updated_at", Ticket.updated, moment),
)

TASKS = TableMapping(
    Task,
    carry("id", Task.id, whole),
    carry("ticket_id", Task.ticket_id, whole),
    carry("content", Task.content, plain),
    carry("description", Task.description, empty_when_null, nullable=null_when_empty),
    carry("suggested_file_ids", Task.suggested_file_ids, numbers_as_texts),
    carry("status", Task.status, _task_status),
    carry("order_index", Task.order_index, whole),
    carry("estimated_hours", Task.estimated_hours, real.or_null()),
    carry("dependencies", Task.dependencies, numbers),
    carry("tags", Task.tags, texts),
    carry("agent_id", Task.agent, plain.or_null()),
    carry("suggested_prompt_ids", Task.suggested_prompt_ids, numbers),
    carry("created_at", Task.created, moment),
    carry("updated_at", Task.updated, moment),
    computed={"done": lambda values: int(values["status"] == "completed")},
)

ENTRIES = TableMapping(
    QueueItem,
    carry("queue_id", QueueItem.queue_id, whole),
    carry("queue_position", QueueItem.position, whole.null_as(0)),
    carry("queue_status", QueueItem.status, _item_status.null_as("queued", back=False)),
    carry("queue_priority", QueueItem.priority, whole.null_as(0, back=False)),
    carry("queue_started_at", QueueItem.started, moment.or_null()),
    carry("queue_completed_at", QueueItem.finished, moment.or_null()),
    carry("queue_agent_id", QueueItem.agent, plain.or_null()),
    carry("queue_error_message", QueueItem.error, plain.or_null()),
    carry("estimated_processing_time", QueueItem.estimated_ms, whole.or_null()),
    carry("actual_processing_time", QueueItem.actual_ms, whole.or_null()),
    computed={"queued_at": lambda values: as_milliseconds(cast(datetime, values["enqueued"]))},
)
"""The queue columns that tickets and tasks had, which are a queue item here."""

QUEUE_ITEMS = TableMapping(
    QueueItem,
    carry("id", QueueItem.id, whole),
    carry("queue_id", QueueItem.queue_id, whole),
    carry("priority", QueueItem.priority, whole),
    carry("status", QueueItem.status, _item_status),
    carry("agent_id", QueueItem.agent, plain.or_null()),
    carry("error_message", QueueItem.error, plain.or_null()),
    carry("estimated_processing_time", QueueItem.estimated_ms, whole.or_null()),
    carry("actual_processing_time", QueueItem.actual_ms, whole.or_null()),
    carry("started_at", QueueItem.started, moment.or_null()),
    carry("completed_at", QueueItem.finished, moment.or_null()),
    carry("created_at", QueueItem.created, moment),
    carry("updated_at", QueueItem.updated, moment),
    computed={
        "item_type": lambda values: "task" if values["ticket_id"] is None else "ticket",
        "item_id": lambda values: cast(
            "int | None", values["task_id"] if values["ticket_id"] is None else values["ticket_id"]
        ),
    },
)

TASK_QUEUES = TableMapping(
    Queue,
    carry("id", Queue.id, whole),
    carry("project_id", Queue.project_id, whole),
    carry("name", Queue.name, plain),
    carry("description", Queue.description, empty_when_null),
    carry("status", Queue.state, _queue_state),
    carry("max_parallel_items", Queue.max_parallel_items, whole),
    carry("created_at", Queue.created, moment),
    carry("updated_at", Queue.updated, moment),
    computed={"average_processing_time": _always(None), "total_completed_items": _always(0)},
)

_from_flag: Codec[QueueState] = Codec(
    lambda cell: "active" if flag.there(cell) else "paused", lambda state: int(state == "active")
)

QUEUES = TableMapping(
    Queue,
    carry("id", Queue.id, whole),
    carry("project_id", Queue.project_id, whole),
    carry("name", Queue.name, plain),
    carry("description", Queue.description, null_when_empty),
    carry("is_active", Queue.state, _from_flag),
    carry("max_parallel_items", Queue.max_parallel_items, whole),
    carry("created_at", Queue.created, moment),
    carry("updated_at", Queue.updated, moment),
)

CHATS = TableMapping(
    Chat,
    carry("id", Chat.id, whole),
    carry("title", Chat.title, plain),
    carry("project_id", Chat.project_id, whole.or_null()),
    carry("created_at", Chat.created, moment),
    carry("updated_at", Chat.updated, moment),
)

CHAT_MESSAGES = TableMapping(
    ChatMessage,
    carry("id", ChatMessage.id, whole),
    carry("chat_id", ChatMessage.chat_id, whole),
    carry("role", ChatMessage.role, _role),
    carry("content", ChatMessage.content, plain),
    carry("type", ChatMessage.type, plain.or_null()),
    carry("attachments", ChatMessage.attachments, attachments),
    carry("metadata", ChatMessage.metadata, null_document),
    carry("created_at", ChatMessage.created, moment),
    carry("updated_at", ChatMessage.updated, moment),
)

PROMPTS = TableMapping(
    Prompt,
    carry("id", Prompt.id, whole),
    carry("name", Prompt.title, plain),
    carry("title", Prompt.title, plain),
    carry("content", Prompt.content, plain),
    carry("description", Prompt.description, null_when_empty),
    carry("tags", Prompt.tags, texts),
    carry("created_at", Prompt.created, moment),
    carry("updated_at", Prompt.updated, moment),
)

PROMPT_PROJECTS = TableMapping(
    PromptProject,
    carry("id", PromptProject.id, whole),
    carry("prompt_id", PromptProject.prompt_id, whole),
    carry("project_id", PromptProject.project_id, whole),
    carry("created_at", PromptProject.created, moment),
)

PROJECT_FILES = TableMapping(
    File,
    carry("id", File.id, whole),
    carry("project_id", File.project_id, whole),
    carry("name", File.name, plain),
    carry("path", File.path, plain),
    carry("extension", File.extension, plain),
    carry("size", File.size, whole),
    carry("content", File.content, plain.or_null()),
    carry("summary", File.summary, plain.or_null()),
    carry("summary_last_updated", File.summarized, zero_is_never),
    carry("meta", File.meta, document.null_as({}, back=False)),
    carry("checksum", File.checksum, plain.or_null()),
    carry("imports", File.imports, imports),
    carry("exports", File.exports, exports),
    carry("created_at", File.created, moment),
    carry("updated_at", File.updated, moment),
)

FILE_EXTRAS = {"contentType": "content_type", "isRelevant": "is_relevant", "relevanceScore": "relevance_score"}
"""Keys of `files.meta` that hold columns of the later table, which has no home for them elsewhere."""


def _meta(values: Values) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", values["meta"])


def _meta_cell(values: Values) -> Cell:
    own = {key: value for key, value in _meta(values).items() if key not in FILE_EXTRAS}
    return to_json_text(own) if own else None


FILES = TableMapping(
    File,
    carry("project_id", File.project_id, whole),
    carry("name", File.name, plain),
    carry("path", File.path, plain),
    carry("extension", File.extension, null_when_empty),
    carry("size", File.size, whole.null_as(0, back=False)),
    carry("last_modified", File.modified, moment.or_null()),
    carry("content", File.content, plain.or_null()),
    carry("meta", File.meta, null_document),
    carry("checksum", File.checksum, Codec(plain.or_null().there, lambda value: value and value[:16])),
    carry("imports", File.imports, null_imports),
    carry("exports", File.exports, null_exports),
    carry("created_at", File.created, moment),
    carry("updated_at", File.updated, moment),
    computed={
        "meta": _meta_cell,
        "content_type": lambda values: cast("str | None", _meta(values).get("contentType")),
        "is_relevant": lambda values: int(_meta(values).get("isRelevant") is True),
        "relevance_score": lambda values: cast("float | None", _meta(values).get("relevanceScore")),
    },
)
"""The later table of files; its ids are texts, which the archive maps to the numbers that are used here."""

SELECTED_FILES = TableMapping(
    SelectedFile,
    carry("id", SelectedFile.id, whole),
    carry("project_id", SelectedFile.project_id, whole),
    carry("selection_reason", SelectedFile.reason, plain.or_null()),
    carry("selected_at", SelectedFile.created, moment),
    computed={"is_active": lambda values: int(values["deleted"] is None)},
)
"""The later table of selected files; the old one of that name holds documents."""


def _tab(values: Values) -> Cell:
    """The document of a tab as the old application put it together."""
    created, updated = (as_milliseconds(cast(datetime, values[name])) for name in ("created", "updated"))
    return to_json_text({"id": values["id"], "data": values["value"], "created": created, "updated": updated})


ACTIVE_TABS = TableMapping(
    UserPreference,
    carry("created_at", UserPreference.created, moment),
    carry("updated_at", UserPreference.updated, moment),
    computed={"id": lambda values: str(values["id"]), "data": _tab},
)
"""The documents of tabs, which are user preferences here."""
