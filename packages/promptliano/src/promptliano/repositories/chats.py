"""Chats with their messages."""

from __future__ import annotations

from collections.abc import Sequence

from promptliano.schema import Chat, ChatMessage, Project
from schemaroot import Repository


class ChatRepository(Repository[Chat]):
    """Chats."""

    table = Chat

    def with_counts(self, ids: Sequence[int]) -> list[tuple[Chat, Project | None, int]]:
        """These chats in the order of the ids, each with its project and the number of its messages."""
        query = self.select().where(Chat.id.in_(ids)).with_one(Chat.project_id)
        by_id = {row[0].id: row for row in query.count_many(ChatMessage.chat_id).all()}
        return [by_id[id] for id in ids if id in by_id]


class ChatMessageRepository(Repository[ChatMessage]):
    """Messages of chats."""

    table = ChatMessage

    def of_chat(self, chat_id: int, *, last: int | None = None) -> list[ChatMessage]:
        """The messages of a chat in their order; only the last ones when a number is given."""
        query = self.select().where(ChatMessage.chat_id == chat_id)
        if last is None:
            return query.order_by(ChatMessage.created, ChatMessage.id).all()
        return query.order_by(ChatMessage.created.desc(), ChatMessage.id.desc()).limit(last).all()[::-1]

    def with_chats(self, ids: Sequence[int]) -> list[tuple[ChatMessage, Chat]]:
        """These messages in the order of the ids, each with its chat."""
        rows = self.select().where(ChatMessage.id.in_(ids)).with_one(ChatMessage.chat_id).all()
        by_id = {message.id: (message, chat) for message, chat in rows}
        return [by_id[id] for id in ids if id in by_id]
