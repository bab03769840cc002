"""Tortoise: its models on aiosqlite, one held connection, `prefetch_related`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from tortoise import Tortoise as Setup
from tortoise import connections, fields
from tortoise.fields.base import Field
from tortoise.functions import Count
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.transactions import in_transaction

from benchmarks.columns import Values
from benchmarks.contestant import BUSY_MS, PRAGMAS, Contestant, read_pragmas

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class TimestampMs(Field[datetime], datetime):
    """Integer milliseconds as aware moments, by the two methods that the documentation names for own fields."""

    SQL_TYPE = "INTEGER"

    def to_db_value(self, value: Any, instance: Any) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(milliseconds=1)

    def to_python_value(self, value: Any) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromtimestamp(value / 1000, UTC)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def document(default: Any = None) -> Any:
    """A JSON column with the fast codec that the field has a place for."""
    return fields.JSONField(encoder=lambda value: _encode(value).decode(), decoder=msgspec.json.decode, default=default)


class Ticket(Model):
    id = fields.IntField(primary_key=True)
    project_id = fields.IntField()
    title = fields.TextField()
    overview = fields.TextField(default="")
    status = fields.TextField(default="open")
    priority = fields.TextField(default="normal")
    tags = document(list)
    metadata = document(dict)
    suggested_file_ids = document(list)
    suggested_prompt_ids = document(list)
    suggested_agents = document(list)
    created = TimestampMs(default=now)
    updated = TimestampMs(default=now)
    deleted = TimestampMs(null=True)

    tasks: fields.ReverseRelation[Task]

    class Meta:
        table = "tickets"


class Task(Model):
    id = fields.IntField(primary_key=True)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField("models.Ticket", related_name="tasks")
    content = fields.TextField()
    description = fields.TextField()
    status = fields.TextField()
    done = fields.BooleanField()
    order_index = fields.IntField()
    estimated_hours = fields.FloatField(null=True)
    dependencies = document()
    tags = document()
    agent = fields.TextField(null=True)
    suggested_file_ids = document()
    suggested_prompt_ids = document()
    suggested_agents = document()
    created = TimestampMs()
    updated = TimestampMs()
    deleted = TimestampMs(null=True)

    class Meta:
        table = "tasks"


class Tortoise(Contestant):
    name = "tortoise"
    title = "Tortoise"
    packages = ("tortoise-orm", "aiosqlite", "msgspec")
    declares = "import benchmarks.peers.tortoise_"

    async def open(self, path: Path) -> None:
        credentials = {"file_path": str(path), **PRAGMAS, "busy_timeout": BUSY_MS}
        config = {
            "connections": {"default": {"engine": "tortoise.backends.sqlite", "credentials": credentials}},
            "apps": {"models": {"models": ["benchmarks.peers.tortoise_"], "default_connection": "default"}},
        }
        await Setup.init(config=config)

    async def close(self) -> None:
        await Setup.close_connections()

    async def pragmas(self) -> dict[str, Any]:
        statements: list[str] = []
        read_pragmas(statements.append)
        connection = connections.get("default")
        found: dict[str, Any] = {}
        for statement in statements:
            (row,) = await connection.execute_query_dict(statement)
            found[statement.split()[1]] = next(iter(row.values()))
        return found

    async def get_by_id(self, id: int, /) -> Any:
        return await Ticket.get(id=id, deleted=None)

    async def list_100(self, project_id: int, /) -> Any:
        return await Ticket.filter(project_id=project_id, deleted=None).order_by("-created").limit(100)

    async def ticket_with_tasks(self, id: int, /) -> Any:
        ticket = await Ticket.get(id=id, deleted=None)
        tasks = await Task.filter(ticket_id=id, deleted=None).order_by("order_index")
        return ticket, tasks, len(tasks)

    async def page_50_with_tasks(self, project_id: int, /) -> Any:
        in_order = Prefetch("tasks", queryset=Task.filter(deleted=None).order_by("order_index"))
        page = Ticket.filter(project_id=project_id, deleted=None).order_by("-created").limit(50)
        return [(ticket, ticket.tasks) for ticket in await page.prefetch_related(in_order)]

    async def count_by_status(self) -> Any:
        return await Ticket.annotate(number=Count("id")).group_by("status").values_list("status", "number")

    async def read_20000(self) -> Any:
        return await Task.filter(deleted=None).order_by("id")

    async def update_1(self, id: int, title: str, /) -> Any:
        ticket = await Ticket.get(id=id, deleted=None)
        ticket.title, ticket.updated = title, now()
        await ticket.save(update_fields=["title", "updated"])
        return ticket

    async def insert_1(self, row: Values, /) -> Any:
        return await Ticket.create(**row)

    async def insert_100(self, rows: list[Values], /) -> Any:
        # Its bulk_create leaves the ids empty.
        async with in_transaction():
            return [await Ticket.create(**row) for row in rows]

    async def all_tickets(self) -> Any:
        return await Ticket.filter(deleted=None).order_by("id")
