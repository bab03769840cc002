"""Peewee: one held connection, `prefetch` for what belongs to each row, RETURNING for inserts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from peewee import (
    BigIntegerField,
    BooleanField,
    Field,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
    fn,
    prefetch,
)
from playhouse.sqlite_ext import JSONField

from benchmarks.columns import Values
from benchmarks.contestant import BUSY_MS, PRAGMAS, Contestant, read_pragmas

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode
database = SqliteDatabase(None, timeout=BUSY_MS / 1000)


class TimestampMs(BigIntegerField):
    """Integer milliseconds as aware moments, by the two methods that the documentation names for own fields."""

    def db_value(self, value: datetime | None) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(milliseconds=1)

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def document(default: Any = None) -> Field:
    """A JSON column with the fast codec that the field has a place for."""
    return JSONField(json_dumps=lambda value: _encode(value).decode(), json_loads=msgspec.json.decode, default=default)


class Base(Model):
    class Meta:
        database = database
        legacy_table_names = False


class Ticket(Base):
    project_id = IntegerField()
    title = TextField()
    overview = TextField(default="")
    status = TextField(default="open")
    priority = TextField(default="normal")
    tags = document(list)
    metadata = document(dict)
    suggested_file_ids = document(list)
    suggested_prompt_ids = document(list)
    suggested_agents = document(list)
    created = TimestampMs(default=now)
    updated = TimestampMs(default=now)
    deleted = TimestampMs(null=True)

    class Meta:
        table_name = "tickets"


class Task(Base):
    ticket = ForeignKeyField(Ticket, column_name="ticket_id", backref="tasks")
    content = TextField()
    description = TextField()
    status = TextField()
    done = BooleanField()
    order_index = IntegerField()
    estimated_hours = FloatField(null=True)
    dependencies = document()
    tags = document()
    agent = TextField(null=True)
    suggested_file_ids = document()
    suggested_prompt_ids = document()
    suggested_agents = document()
    created = TimestampMs()
    updated = TimestampMs()
    deleted = TimestampMs(null=True)

    class Meta:
        table_name = "tasks"


def newest(project_id: int) -> Any:
    """A project's tickets, newest first."""
    return (
        Ticket.select().where(Ticket.project_id == project_id, Ticket.deleted.is_null()).order_by(Ticket.created.desc())
    )


class Peewee(Contestant):
    name = "peewee"
    title = "Peewee"
    packages = ("peewee", "msgspec")
    declares = "import benchmarks.peers.peewee_"

    def open(self, path: Path) -> None:
        database.init(str(path), pragmas=PRAGMAS)
        database.connect()

    def close(self) -> None:
        database.close()

    def pragmas(self) -> dict[str, Any]:
        return read_pragmas(lambda statement: database.execute_sql(statement).fetchone()[0])

    def get_by_id(self, id: int, /) -> Any:
        return Ticket.get((Ticket.id == id) & Ticket.deleted.is_null())

    def list_100(self, project_id: int, /) -> Any:
        return list(newest(project_id).limit(100))

    def ticket_with_tasks(self, id: int, /) -> Any:
        ticket = Ticket.get((Ticket.id == id) & Ticket.deleted.is_null())
        tasks = list(Task.select().where(Task.ticket == id, Task.deleted.is_null()).order_by(Task.order_index))
        return ticket, tasks, len(tasks)

    def page_50_with_tasks(self, project_id: int, /) -> Any:
        tasks = Task.select().where(Task.deleted.is_null()).order_by(Task.ticket, Task.order_index)
        page = prefetch(newest(project_id).limit(50), tasks)
        return [(ticket, ticket.tasks) for ticket in page]

    def count_by_status(self) -> Any:
        return list(Ticket.select(Ticket.status, fn.COUNT("*")).group_by(Ticket.status).tuples())

    def read_20000(self) -> Any:
        return list(Task.select().where(Task.deleted.is_null()).order_by(Task.id))

    def update_1(self, id: int, title: str, /) -> Any:
        change = Ticket.update(title=title, updated=now()).where(Ticket.id == id, Ticket.deleted.is_null())
        (row,) = change.returning(Ticket).execute()
        return row

    def insert_1(self, row: Values, /) -> Any:
        return Ticket.create(**row)

    def insert_100(self, rows: list[Values], /) -> Any:
        with database.atomic():
            return list(Ticket.insert_many(rows).returning(Ticket).execute())

    def all_tickets(self) -> Any:
        return list(Ticket.select().where(Ticket.deleted.is_null()).order_by(Ticket.id))
