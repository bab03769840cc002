"""The usual questions of each table, and the few that are its own; one file per entity as in `schema`."""

from promptliano.repositories.agents import AgentRepository
from promptliano.repositories.chats import ChatMessageRepository, ChatRepository
from promptliano.repositories.files import FileRepository
from promptliano.repositories.projects import ProjectCounts, ProjectRepository
from promptliano.repositories.prompts import PromptRepository
from promptliano.repositories.queues import QueueItemRepository, QueueRepository, QueueView
from promptliano.repositories.tasks import TaskRepository
from promptliano.repositories.tickets import TicketRepository, TicketView

__all__ = [
    "AgentRepository",
    "ChatMessageRepository",
    "ChatRepository",
    "FileRepository",
    "ProjectCounts",
    "ProjectRepository",
    "PromptRepository",
    "QueueItemRepository",
    "QueueRepository",
    "QueueView",
    "TaskRepository",
    "TicketRepository",
    "TicketView",
]
