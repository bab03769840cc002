"""The floor: the fastest code that a reviewer could write by hand on the standard library's sqlite3 with msgspec.

One held connection in autocommit, one held cursor, SQL as constants, frozen msgspec structs without garbage
collection as rows, one typed JSON decoder per shape that the empty list and object never reach, moments by
`datetime.fromtimestamp`.
What is read in two statements is read in one transaction, as any careful hand would.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from benchmarks.columns import TICKET_COLUMNS, Values
from benchmarks.contestant import BUSY_MS, Contestant, pragma_statements, read_pragmas, task_select, ticket_select

TicketStatus = Literal["open", "in_progress", "completed", "archived"]
TicketPriority = Literal["low", "normal", "high", "urgent"]
TaskStatus = Literal["pending", "in_progress", "completed", "cancelled"]


class Ticket(msgspec.Struct, frozen=True, gc=False):
    id: int
    project_id: int
    title: str
    overview: str
    status: TicketStatus
    priority: TicketPriority
    tags: list[str]
    metadata: dict[str, Any]
    suggested_file_ids: list[int]
    suggested_prompt_ids: list[int]
    suggested_agents: list[str]
    created: datetime
    updated: datetime
    deleted: datetime | None


class Task(msgspec.Struct, frozen=True, gc=False):
    id: int
    ticket_id: int
    content: str
    description: str
    status: TaskStatus
    done: bool
    order_index: int
    estimated_hours: float | None
    dependencies: list[int]
    tags: list[str]
    agent: str | None
    suggested_file_ids: list[int]
    suggested_prompt_ids: list[int]
    suggested_agents: list[str]
    created: datetime
    updated: datetime
    deleted: datetime | None


moment = datetime.fromtimestamp
texts = msgspec.json.Decoder(list[str]).decode
numbers = msgspec.json.Decoder(list[int]).decode
document = msgspec.json.Decoder(dict[str, Any]).decode
encode = msgspec.json.Encoder().encode

_STORED = [name for name in TICKET_COLUMNS if name not in {"id", "deleted"}]
_HOLES = f"({', '.join('?' * len(_STORED))})"
_RETURNING = f" RETURNING {', '.join(TICKET_COLUMNS)}"

GET_TICKET = ticket_select(where="id = ? AND deleted IS NULL", tail="")
LIST_TICKETS = ticket_select(where="project_id = ? AND deleted IS NULL", tail="ORDER BY created DESC LIMIT 100")
PAGE_TICKETS = ticket_select(where="project_id = ? AND deleted IS NULL", tail="ORDER BY created DESC LIMIT 50")
TASKS_OF_ONE = task_select(where="ticket_id = ? AND deleted IS NULL", tail="ORDER BY order_index")
TASKS_OF_50 = task_select(
    where=f"ticket_id IN ({', '.join('?' * 50)}) AND deleted IS NULL", tail="ORDER BY ticket_id, order_index"
)
ALL_TICKETS = ticket_select()
ALL_TASKS = task_select()
COUNT_BY_STATUS = "SELECT status, count(*) FROM tickets GROUP BY status"
UPDATE_TITLE = "UPDATE tickets SET title = ?, updated = ? WHERE id = ? AND deleted IS NULL" + _RETURNING
INSERT_TICKET = f"INSERT INTO tickets ({', '.join(_STORED)}) VALUES {_HOLES}" + _RETURNING
INSERT_100 = f"INSERT INTO tickets ({', '.join(_STORED)}) VALUES {', '.join([_HOLES] * 100)}"
LAST_ID = "SELECT last_insert_rowid()"


def ticket_of(row: tuple[Any, ...]) -> Ticket:
    """A ticket from the driver's row."""
    (
        id_,
        project_id,
        title,
        overview,
        status,
        priority,
        tags,
        metadata,
        files,
        prompts,
        agents,
        created,
        updated,
        deleted,
    ) = row
    return Ticket(
        id_,
        project_id,
        title,
        overview,
        status,
        priority,
        [] if tags == "[]" else texts(tags),
        {} if metadata == "{}" else document(metadata),
        [] if files == "[]" else numbers(files),
        [] if prompts == "[]" else numbers(prompts),
        [] if agents == "[]" else texts(agents),
        moment(created / 1000, UTC),
        moment(updated / 1000, UTC),
        None if deleted is None else moment(deleted / 1000, UTC),
    )


def tickets_of(rows: Iterable[tuple[Any, ...]]) -> list[Ticket]:
    """Tickets from the driver's rows: `ticket_of` without a call for each."""
    return [
        Ticket(
            id_,
            project_id,
            title,
            overview,
            status,
            priority,
            [] if tags == "[]" else texts(tags),
            {} if metadata == "{}" else document(metadata),
            [] if files == "[]" else numbers(files),
            [] if prompts == "[]" else numbers(prompts),
            [] if agents == "[]" else texts(agents),
            moment(created / 1000, UTC),
            moment(updated / 1000, UTC),
            None if deleted is None else moment(deleted / 1000, UTC),
        )
        for (
            id_,
            project_id,
            title,
            overview,
            status,
            priority,
            tags,
            metadata,
            files,
            prompts,
            agents,
            created,
            updated,
            deleted,
        ) in rows
    ]


def tasks_of(rows: Iterable[tuple[Any, ...]]) -> list[Task]:
    """Tasks from the driver's rows."""
    return [
        Task(
            id_,
            ticket_id,
            content,
            description,
            status,
            done == 1,
            order_index,
            hours,
            [] if dependencies == "[]" else numbers(dependencies),
            [] if tags == "[]" else texts(tags),
            agent,
            [] if files == "[]" else numbers(files),
            [] if prompts == "[]" else numbers(prompts),
            [] if agents == "[]" else texts(agents),
            moment(created / 1000, UTC),
            moment(updated / 1000, UTC),
            None if deleted is None else moment(deleted / 1000, UTC),
        )
        for (
            id_,
            ticket_id,
            content,
            description,
            status,
            done,
            order_index,
            hours,
            dependencies,
            tags,
            agent,
            files,
            prompts,
            agents,
            created,
            updated,
            deleted,
        ) in rows
    ]


def grouped(tickets: list[Ticket], tasks: list[Task]) -> list[tuple[Ticket, list[Task]]]:
    """Each ticket with its tasks."""
    found: dict[int, list[Task]] = {ticket.id: [] for ticket in tickets}
    for task in tasks:
        found[task.ticket_id].append(task)
    return [(ticket, found[ticket.id]) for ticket in tickets]


def bound(row: Values, now_ms: int) -> tuple[Any, ...]:
    """The parameters of an insert."""
    return (
        row["project_id"],
        row["title"],
        row["overview"],
        row["status"],
        row["priority"],
        encode(row["tags"]).decode(),
        encode(row["metadata"]).decode(),
        encode(row["suggested_file_ids"]).decode(),
        encode(row["suggested_prompt_ids"]).decode(),
        encode(row["suggested_agents"]).decode(),
        now_ms,
        now_ms,
    )


def inserted(rows: list[Values], first_id: int, now_ms: int) -> list[Ticket]:
    """The rows of an insert as they were stored; ids count up within one transaction."""
    now = moment(now_ms / 1000, UTC)
    return [
        Ticket(
            id_,
            row["project_id"],
            row["title"],
            row["overview"],
            row["status"],
            row["priority"],
            row["tags"],
            row["metadata"],
            row["suggested_file_ids"],
            row["suggested_prompt_ids"],
            row["suggested_agents"],
            now,
            now,
            None,
        )
        for id_, row in enumerate(rows, first_id)
    ]


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit, with the settings that everyone has."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    for statement in pragma_statements():
        connection.execute(statement)
    return connection


class Floor(Contestant):
    name = "floor"
    title = "hand-written, sqlite3 + msgspec"
    packages = ("msgspec",)
    declares = "import benchmarks.floor"

    def open(self, path: Path) -> None:
        self.connection = connect(path)
        self._execute = self.connection.cursor().execute

    def close(self) -> None:
        self.connection.close()

    def pragmas(self) -> dict[str, str | int]:
        return read_pragmas(lambda statement: self.connection.execute(statement).fetchone()[0])

    def get_by_id(self, id: int, /) -> Ticket:
        row = self._execute(GET_TICKET, (id,)).fetchone()
        if row is None:
            raise LookupError(id)
        return ticket_of(row)

    def list_100(self, project_id: int, /) -> list[Ticket]:
        return tickets_of(self._execute(LIST_TICKETS, (project_id,)))

    def ticket_with_tasks(self, id: int, /) -> tuple[Ticket, list[Task], int]:
        execute = self._execute
        execute("BEGIN")
        try:
            row = execute(GET_TICKET, (id,)).fetchone()
            if row is None:
                raise LookupError(id)
            tasks = tasks_of(execute(TASKS_OF_ONE, (id,)))
        finally:
            execute("COMMIT")
        return ticket_of(row), tasks, len(tasks)

    def page_50_with_tasks(self, project_id: int, /) -> list[tuple[Ticket, list[Task]]]:
        execute = self._execute
        execute("BEGIN")
        try:
            tickets = tickets_of(execute(PAGE_TICKETS, (project_id,)))
            ids = [ticket.id for ticket in tickets]
            tasks = tasks_of(execute(TASKS_OF_50, ids + [0] * (50 - len(ids))))
        finally:
            execute("COMMIT")
        return grouped(tickets, tasks)

    def count_by_status(self) -> list[tuple[TicketStatus, int]]:
        return self._execute(COUNT_BY_STATUS).fetchall()

    def read_20000(self) -> list[Task]:
        return tasks_of(self._execute(ALL_TASKS))

    def update_1(self, id: int, title: str, /) -> Ticket:
        row = self._execute(UPDATE_TITLE, (title, time.time_ns() // 1_000_000, id)).fetchone()
        if row is None:
            raise LookupError(id)
        return ticket_of(row)

    def insert_1(self, row: Values, /) -> Ticket:
        return ticket_of(self._execute(INSERT_TICKET, bound(row, time.time_ns() // 1_000_000)).fetchone())

    def insert_100(self, rows: list[Values], /) -> list[Ticket]:
        now_ms = time.time_ns() // 1_000_000
        parameters = [value for row in rows for value in bound(row, now_ms)]
        execute = self._execute
        execute("BEGIN IMMEDIATE")
        try:
            execute(INSERT_100, parameters)
            last_id = execute(LAST_ID).fetchone()[0]
            execute("COMMIT")
        except BaseException:
            execute("ROLLBACK")
            raise
        return inserted(rows, last_id - len(rows) + 1, now_ms)

    def all_tickets(self) -> list[Ticket]:
        return tickets_of(self._execute(ALL_TICKETS))

    def all_ticket_tuples(self) -> list[tuple[Any, ...]]:
        return self._execute(ALL_TICKETS).fetchall()
