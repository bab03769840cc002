"""How did an old installation come to be, and what does that change in its file?

Four histories lead to the same core tables; the bookkeeping alone never says which tables are there.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import sqlalchemy as sa

from promptliano.legacy.sample.old_side_schema import COMPLETE, COMPLETE_UPGRADED

History: TypeAlias = Literal["0.9.4", "0.9.3", "0.9.2", "server"]
"""How an installation came to be: clean 0.9.4, grown from 0.9.3 or 0.9.2, or set up half way by its server."""

_JOB_TABLES = ("jobs", "job_history", "job_locks")
# What the server's set-up never came to: these tables, and the indexes of the tables below.
_MISSING_ON_SERVER = frozenset(
    {
        "flow_migration_metadata",
        "mcp_tool_chains",
        "mcp_tool_executions_v2",
        "mcp_tool_patterns",
        "mcp_tool_statistics",
        "queue_dead_letter",
        "queue_history",
    }
)
_BARE_ON_SERVER = frozenset(
    {
        "chat_messages",
        "chats",
        "project_files",
        "projects",
        "prompt_projects",
        "prompts",
        "provider_keys",
        "task_queues",
        "ticket_tasks",
        "tickets",
    }
)

_FIRST_STEP = "Baseline: every table of version 0.9.4"
_STEPS = {
    2: "Search tables and their indexes",
    3: "Tables that follow tool calls",
    4: "Tables for jobs in the background",
    5: "Suggested agents and prompts on tickets and tasks",
    6: "Tickets and tasks leave their documents for columns",
    7: "Lists of tickets and tasks are never NULL",
    8: "Projects leave their documents for columns",
    9: "Provider keys leave their documents for columns",
    10: "Prompts leave their documents for columns",
    11: "Links between prompts and projects get columns",
    12: "Project files leave their documents for columns",
    13: "Agents are read from files, their link table goes",
    14: "Chats and messages leave their documents for columns",
    15: "Queues of tasks for agents",
    16: "Columns for the board view of queues",
    17: "The state of a queue entry moves to tickets and tasks",
    18: "Retries, time limits and pauses in queues",
    19: "The time that an entry really took",
    20: "Indexes over several columns for queue entries",
    21: "The status processing is now called in_progress",
    22: "A lower number comes first in a queue",
    23: "The table of queue entries goes",
    25: "Base address and headers for own providers",
    26: "The tables of background jobs go",
}


def applied_steps(history: History) -> dict[int, str]:
    """Give the steps that the bookkeeping names, with their descriptions; none where the server set it up."""
    if history == "server":
        return {}
    if history == "0.9.4":
        return {1: _FIRST_STEP}
    return {step: text for step, text in _STEPS.items() if step != 26 or history == "0.9.3"}


def tables_of(history: History) -> list[sa.Table]:
    """Give the tables that an installation with this history holds, parents before children."""
    tables = COMPLETE.sorted_tables
    if history == "server":
        return [table for table in tables if table.name not in _MISSING_ON_SERVER]
    if history == "0.9.4":
        return tables
    upgraded = [COMPLETE_UPGRADED.tables.get(table.name, table) for table in tables]
    return upgraded + [COMPLETE_UPGRADED.tables[name] for name in _JOB_TABLES] if history == "0.9.2" else upgraded


def indexes_of(table: sa.Table, history: History) -> list[sa.Index]:
    """Give the indexes of a table, by name, that an installation with this history holds."""
    if history == "server" and table.name in _BARE_ON_SERVER:
        return []
    return sorted(table.indexes, key=lambda one: str(one.name))
