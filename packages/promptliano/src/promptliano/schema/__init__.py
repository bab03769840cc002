"""What the product's data is: one class per table."""

from promptliano.schema.agents import Agent, AgentColor, AgentConfiguration
from promptliano.schema.archive import Archive
from promptliano.schema.chats import Attachment, Chat, ChatMessage, MessageRole, MessageState
from promptliano.schema.files import ExportSpecifier, File, FileExport, FileImport, ImportSpecifier, SelectedFile
from promptliano.schema.preferences import UserPreference
from promptliano.schema.projects import Project
from promptliano.schema.prompts import Prompt, PromptProject
from promptliano.schema.queues import Queue, QueueItem, QueueItemStatus, QueueState
from promptliano.schema.settings import Setting
from promptliano.schema.tasks import Task, TaskStatus
from promptliano.schema.tickets import Ticket, TicketPriority, TicketStatus
from schemaroot import Table

APPLICATION_ID = 0x50524D50
"""Marks a file as a database of Promptliano ("PRMP")."""

SCHEMA_NUMBER = 1
"""Number of the schema below; it grows with each change to it."""

TABLES: tuple[type[Table], ...] = (
    Project,
    Ticket,
    Task,
    Chat,
    ChatMessage,
    File,
    SelectedFile,
    Prompt,
    PromptProject,
    Agent,
    Queue,
    QueueItem,
    UserPreference,
    Setting,
    Archive,
)
"""Every table, each after those that it refers to."""

__all__ = [
    "APPLICATION_ID",
    "SCHEMA_NUMBER",
    "TABLES",
    "Agent",
    "AgentColor",
    "AgentConfiguration",
    "Archive",
    "Attachment",
    "Chat",
    "ChatMessage",
    "ExportSpecifier",
    "File",
    "FileExport",
    "FileImport",
    "ImportSpecifier",
    "MessageRole",
    "MessageState",
    "Project",
    "Prompt",
    "PromptProject",
    "Queue",
    "QueueItem",
    "QueueItemStatus",
    "QueueState",
    "SelectedFile",
    "Setting",
    "Task",
    "TaskStatus",
    "Ticket",
    "TicketPriority",
    "TicketStatus",
    "UserPreference",
]
