"""SQLAlchemy Core: one held connection, statements built once, rows as its own named tuples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from benchmarks.columns import Values
from benchmarks.contestant import BUSY_MS, Contestant, pragma_statements, read_pragmas

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimestampMs(TypeDecorator[datetime]):
    """Integer milliseconds as aware moments, as SQLAlchemy's documentation shows for its "epoch" recipes."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(milliseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


metadata = sa.MetaData()


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def _times() -> list[sa.Column[Any]]:
    return [
        sa.Column("created", TimestampMs, nullable=False, default=now),
        sa.Column("updated", TimestampMs, nullable=False, default=now, onupdate=now),
        sa.Column("deleted", TimestampMs),
    ]


tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("project_id", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("overview", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("suggested_file_ids", sa.JSON, nullable=False),
    sa.Column("suggested_prompt_ids", sa.JSON, nullable=False),
    sa.Column("suggested_agents", sa.JSON, nullable=False),
    *_times(),
    sqlite_autoincrement=True,
)
tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("ticket_id", sa.Integer, sa.ForeignKey("tickets.id"), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("done", sa.Boolean, sa.Computed("status = 'completed'")),
    sa.Column("order_index", sa.Integer, nullable=False),
    sa.Column("estimated_hours", sa.Float),
    sa.Column("dependencies", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("agent", sa.Text),
    sa.Column("suggested_file_ids", sa.JSON, nullable=False),
    sa.Column("suggested_prompt_ids", sa.JSON, nullable=False),
    sa.Column("suggested_agents", sa.JSON, nullable=False),
    *_times(),
    sqlite_autoincrement=True,
)

LIVE = tickets.c.deleted.is_(None)
GET = sa.select(tickets).where(tickets.c.id == sa.bindparam("id"), LIVE)
NEWEST = (
    sa.select(tickets).where(tickets.c.project_id == sa.bindparam("project"), LIVE).order_by(tickets.c.created.desc())
)
LIST_100 = NEWEST.limit(100)
PAGE_50 = NEWEST.limit(50)
TASKS_OF_ONE = (
    sa.select(tasks)
    .where(tasks.c.ticket_id == sa.bindparam("id"), tasks.c.deleted.is_(None))
    .order_by(tasks.c.order_index)
)
TASKS_OF_MANY = (
    sa.select(tasks)
    .where(tasks.c.ticket_id.in_(sa.bindparam("ids", expanding=True)), tasks.c.deleted.is_(None))
    .order_by(tasks.c.ticket_id, tasks.c.order_index)
)
COUNTS = sa.select(tickets.c.status, sa.func.count()).group_by(tickets.c.status)
ALL_TASKS = sa.select(tasks).where(tasks.c.deleted.is_(None)).order_by(tasks.c.id)
ALL_TICKETS = sa.select(tickets).where(LIVE).order_by(tickets.c.id)
UPDATE = sa.update(tickets).where(tickets.c.id == sa.bindparam("key"), LIVE).returning(*tickets.c)
INSERT = sa.insert(tickets).returning(*tickets.c)

_encode = msgspec.json.Encoder().encode


def engine_for(path: Path) -> sa.Engine:
    """An engine with the settings that everyone has, and a fast JSON codec in the place that is meant for one."""
    engine = sa.create_engine(
        f"sqlite:///{path.absolute()}",
        connect_args={"timeout": BUSY_MS / 1000},
        json_serializer=lambda value: _encode(value).decode(),
        json_deserializer=msgspec.json.decode,
    )

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, record: Any) -> None:
        for statement in pragma_statements():
            connection.execute(statement)

    return engine


class SqlAlchemyCore(Contestant):
    name = "sqlalchemy_core"
    title = "SQLAlchemy Core"
    packages = ("sqlalchemy", "msgspec")
    declares = "import benchmarks.peers.sqlalchemy_core"

    # Its rows are tuples: taken apart, which is faster than by name.
    ticket_values = tuple
    task_values = tuple

    def open(self, path: Path) -> None:
        self.engine = engine_for(path)
        self.connection = self.engine.connect()
        self._execute = self.connection.execute

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()

    def pragmas(self) -> dict[str, Any]:
        return read_pragmas(lambda statement: self.connection.exec_driver_sql(statement).scalar())

    def get_by_id(self, id: int, /) -> Any:
        return self._execute(GET, {"id": id}).one()

    def list_100(self, project_id: int, /) -> Any:
        return self._execute(LIST_100, {"project": project_id}).all()

    def ticket_with_tasks(self, id: int, /) -> Any:
        ticket = self._execute(GET, {"id": id}).one()
        found = self._execute(TASKS_OF_ONE, {"id": id}).all()
        return ticket, found, len(found)

    def page_50_with_tasks(self, project_id: int, /) -> Any:
        page = self._execute(PAGE_50, {"project": project_id}).all()
        found: dict[int, list[Any]] = {ticket.id: [] for ticket in page}
        for task in self._execute(TASKS_OF_MANY, {"ids": list(found)}):
            found[task.ticket_id].append(task)
        return [(ticket, found[ticket.id]) for ticket in page]

    def count_by_status(self) -> Any:
        return self._execute(COUNTS).all()

    def read_20000(self) -> Any:
        return self._execute(ALL_TASKS).all()

    def update_1(self, id: int, title: str, /) -> Any:
        row = self._execute(UPDATE, {"key": id, "title": title}).one()
        self.connection.commit()
        return row

    def insert_1(self, row: Values, /) -> Any:
        made = self._execute(INSERT, row).one()
        self.connection.commit()
        return made

    def insert_100(self, rows: list[Values], /) -> Any:
        # Sorted by parameter order it would insert row by row, in twice the time.
        made = self._execute(INSERT, rows).all()
        self.connection.commit()
        return made

    def all_tickets(self) -> Any:
        return self._execute(ALL_TICKETS).all()
