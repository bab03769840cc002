"""Which converter takes which source table, in which order, and which tables are derived and not read at all?"""

from __future__ import annotations

from typing import Any

from promptliano.legacy.convert import Known, MappedConverter, TableConverter
from promptliano.legacy.convert_documents import SelectionConverter, TabConverter
from promptliano.legacy.convert_tables import (
    ChatConverter,
    LaterFileConverter,
    LaterQueueConverter,
    LaterSelectionConverter,
    LinkConverter,
    MessageConverter,
    OldFileConverter,
    OldQueueConverter,
    ProjectConverter,
    PromptConverter,
)
from promptliano.legacy.convert_work import ENTRY_COLUMNS, QueueItemConverter, TaskConverter, TicketConverter
from promptliano.legacy.mapping import TableMapping
from promptliano.legacy.source import LegacySource
from promptliano.schema import QueueItem

SEARCH_TABLES = frozenset({"file_search_metadata", "file_keywords", "file_trigrams", "search_cache"})
"""Tables that only help searching; the target's own search takes their place."""

CONVERTERS: tuple[tuple[str, tuple[str, ...], type[TableConverter]], ...] = (
    ("projects", ("id", "path"), ProjectConverter),
    ("task_queues", ("id", "project_id"), OldQueueConverter),
    ("queues", ("id", "project_id"), LaterQueueConverter),
    ("project_files", ("id", "project_id", "path"), OldFileConverter),
    ("files", ("id", "project_id", "path"), LaterFileConverter),
    ("prompts", ("id",), PromptConverter),
    ("prompt_projects", ("id", "prompt_id", "project_id"), LinkConverter),
    ("tickets", ("id", "project_id", *ENTRY_COLUMNS), TicketConverter),
    ("ticket_tasks", ("id", "ticket_id", "done", *ENTRY_COLUMNS), TaskConverter),
    ("queue_items", ("id", "item_type", "item_id"), QueueItemConverter),
    ("chats", ("id",), ChatConverter),
    ("chat_messages", ("id", "chat_id"), MessageConverter),
    ("selected_files", ("id", "data"), SelectionConverter),
    ("selected_files", ("id", "project_id", "file_id", "is_active"), LaterSelectionConverter),
    ("active_tabs", ("id", "data"), TabConverter),
)
"""Source tables in the order in which they are read, each with the columns by which its converter knows it."""

NEW_IDS_AFTER: dict[type[Any], str] = {QueueItem: "queue_items"}


def derived_tables(source: LegacySource) -> list[str]:
    """The source tables that are made anew: search tables, and what full-text search stores."""
    return sorted([*source.search_tables, *(SEARCH_TABLES & source.tables.keys())])


def converters(known: Known) -> list[TableConverter]:
    """A converter for each source table that is read, parents before children."""
    tables = known.source.tables
    made: list[TableConverter] = []
    for name, columns, converter in CONVERTERS:
        if known.source.has(name, *columns):
            made.append(converter(known, tables[name]))
    taken = {one.table.name for one in made}
    rest = sorted(tables.keys() - taken - SEARCH_TABLES)
    return made + [TableConverter(known, tables[name]) for name in rest]


def mapping_of(table: str, columns: set[str]) -> TableMapping[Any] | None:
    """The mapping of a source table with these columns, or `None` when its rows are not mapped."""
    for name, needed, converter in CONVERTERS:
        if name == table and columns.issuperset(needed) and issubclass(converter, MappedConverter):
            return converter.mapping
    return None
