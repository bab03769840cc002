"""Chats and their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NotRequired

from typing_extensions import Doc, TypedDict

from promptliano.schema.projects import Project
from schemaroot import (
    Col,
    Index,
    JsonValue,
    Ref,
    Table,
    auto_id,
    json,
    now,
    references,
    soft_delete,
    text,
    timestamp_ms,
)

MessageRole = Literal["user", "assistant", "system", "tool"]
"""Who speaks."""

MessageState = Literal["complete", "streaming", "interrupted"]
"""Whether all of a message is there."""


class Attachment(TypedDict):
    """A file that was sent along with a message; its bytes lie on disk."""

    id: int
    fileName: str
    mimeType: str
    size: Annotated[int, Doc("bytes")]
    url: str
    created: Annotated[int, Doc("epoch milliseconds")]
    updated: NotRequired[Annotated[int, Doc("epoch milliseconds")]]


class Chat(
    Table,
    name="chats",
    comment="A conversation",
    indexes=[Index("project_id", "updated"), Index("updated", "id"), Index("created", "id")],
):
    """A chat, of one project or of none."""

    id: Col[int] = auto_id()
    project_id: Ref[Project, int | None] = references(lambda: Project.id, default=None, on_delete="cascade")
    title: Col[str] = text(min_length=1, max_length=500)
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now, comment="also raised by each new message")
    deleted: Col[datetime | None] = soft_delete()


class ChatMessage(
    Table,
    name="chat_messages",
    comment="One message of a chat; messages are in the order of created, then id",
    indexes=[Index("chat_id", "created", "id"), Index("created", "id")],
    search=["content"],
):
    """A message. Editing it keeps id, place and time of creation."""

    id: Col[int] = auto_id()
    chat_id: Ref[Chat, int] = references(lambda: Chat.id, on_delete="cascade")
    role: Col[MessageRole] = text()
    type: Col[str | None] = text(default=None, comment="free label of the kind of content")
    content: Col[str] = text(comment="empty while nothing has arrived yet")
    attachments: Col[list[Attachment]] = json(default_factory=list)
    metadata: Col[dict[str, JsonValue]] = json(default_factory=dict, comment="model, token count and the like")
    state: Col[MessageState] = text(default="complete", comment="whether the message is all there")
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
