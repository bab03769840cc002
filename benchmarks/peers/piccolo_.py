"""Piccolo: its table classes on aiosqlite; moments stay integers, since it has no own column types for reading.

Its SQLite engine opens a connection for each query outside of a transaction; there is none to hold.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from piccolo.columns import JSON, BigInt, Boolean, Integer, Real, Serial, Text
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.query.functions import Count
from piccolo.table import Table

from benchmarks.columns import Values
from benchmarks.contestant import BUSY_MS, Contestant, read_pragmas

DB = SQLiteEngine(path="", timeout=BUSY_MS / 1000)


def now_ms() -> int:
    """This moment as the database holds it."""
    return time.time_ns() // 1_000_000


class Ticket(Table, tablename="tickets", db=DB):
    id = Serial(primary_key=True)
    project_id = Integer()
    title = Text()
    overview = Text()
    status = Text(default="open")
    priority = Text(default="normal")
    tags = JSON(default=[])
    metadata = JSON(default={})
    suggested_file_ids = JSON(default=[])
    suggested_prompt_ids = JSON(default=[])
    suggested_agents = JSON(default=[])
    created = BigInt(default=now_ms)
    updated = BigInt(default=now_ms)
    deleted = BigInt(null=True, default=None)


class Task(Table, tablename="tasks", db=DB):
    id = Serial(primary_key=True)
    ticket_id = Integer()
    content = Text()
    description = Text()
    status = Text()
    done = Boolean()
    order_index = Integer()
    estimated_hours = Real(null=True, default=None)
    dependencies = JSON(default=[])
    tags = JSON(default=[])
    agent = Text(null=True, default=None)
    suggested_file_ids = JSON(default=[])
    suggested_prompt_ids = JSON(default=[])
    suggested_agents = JSON(default=[])
    created = BigInt()
    updated = BigInt()
    deleted = BigInt(null=True, default=None)


def tickets() -> Any:
    """Live tickets."""
    return Ticket.objects().where(Ticket.deleted.is_null()).output(load_json=True)


def tasks() -> Any:
    """Live tasks."""
    return Task.objects().where(Task.deleted.is_null()).output(load_json=True)


class Piccolo(Contestant):
    name = "piccolo"
    title = "Piccolo"
    packages = ("piccolo", "aiosqlite")
    declares = "import benchmarks.peers.piccolo_"

    async def open(self, path: Path) -> None:
        DB.path = str(path)

    async def close(self) -> None:
        """Nothing is held."""

    async def pragmas(self) -> dict[str, Any]:
        async def ask(statement: str) -> Any:
            (row,) = await DB._run_in_new_connection(statement)
            return next(iter(row.values()))

        statements: list[str] = []
        read_pragmas(statements.append)
        return {statement.split()[1]: await ask(statement) for statement in statements}

    async def get_by_id(self, id: int, /) -> Any:
        return await tickets().where(Ticket.id == id).first()

    async def list_100(self, project_id: int, /) -> Any:
        return (
            await tickets().where(Ticket.project_id == project_id).order_by(Ticket.created, ascending=False).limit(100)
        )

    async def ticket_with_tasks(self, id: int, /) -> Any:
        ticket = await tickets().where(Ticket.id == id).first()
        found = await tasks().where(Task.ticket_id == id).order_by(Task.order_index)
        return ticket, found, len(found)

    async def page_50_with_tasks(self, project_id: int, /) -> Any:
        newest = tickets().where(Ticket.project_id == project_id).order_by(Ticket.created, ascending=False)
        page = await newest.limit(50)
        found: dict[int, list[Any]] = {ticket.id: [] for ticket in page}
        for task in await tasks().where(Task.ticket_id.is_in(list(found))).order_by(Task.ticket_id, Task.order_index):
            found[task.ticket_id].append(task)
        return [(ticket, found[ticket.id]) for ticket in page]

    async def count_by_status(self) -> Any:
        counts = await Ticket.select(Ticket.status, Count()).group_by(Ticket.status)
        return [(row["status"], row["count"]) for row in counts]

    async def read_20000(self) -> Any:
        return await tasks().order_by(Task.id)

    async def update_1(self, id: int, title: str, /) -> Any:
        ticket = await tickets().where(Ticket.id == id).first()
        ticket.title, ticket.updated = title, now_ms()
        await ticket.save([Ticket.title, Ticket.updated])
        return ticket

    async def insert_1(self, row: Values, /) -> Any:
        ticket = Ticket(**row)
        await ticket.save()
        return ticket

    async def insert_100(self, rows: list[Values], /) -> Any:
        made = [Ticket(**row) for row in rows]
        async with DB.transaction():
            await Ticket.insert(*made)
        return made

    async def all_tickets(self) -> Any:
        return await tickets().order_by(Ticket.id)
