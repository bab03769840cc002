"""The floor's typed code on apsw instead of the standard library's sqlite3, for the decision about the driver."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import apsw

from benchmarks.columns import Values
from benchmarks.contestant import BUSY_MS, Contestant, pragma_statements, read_pragmas
from benchmarks.floor import (
    ALL_TASKS,
    ALL_TICKETS,
    COUNT_BY_STATUS,
    GET_TICKET,
    INSERT_100,
    INSERT_TICKET,
    LIST_TICKETS,
    PAGE_TICKETS,
    TASKS_OF_50,
    TASKS_OF_ONE,
    UPDATE_TITLE,
    Task,
    Ticket,
    bound,
    grouped,
    inserted,
    tasks_of,
    ticket_of,
    tickets_of,
)


class FloorApsw(Contestant):
    name = "floor_apsw"
    title = "hand-written, apsw + msgspec"
    packages = ("apsw", "msgspec")
    declares = "import benchmarks.floor_apsw"

    def open(self, path: Path) -> None:
        self.connection = apsw.Connection(str(path))
        self.connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self.connection.set_busy_timeout(BUSY_MS)
        for statement in pragma_statements():
            self.connection.execute(statement).fetchall()
        self._execute = self.connection.cursor().execute

    def close(self) -> None:
        self.connection.close()

    def library(self) -> str:
        return apsw.sqlite_lib_version()

    def pragmas(self) -> dict[str, Any]:
        return read_pragmas(lambda statement: self.connection.execute(statement).fetchall()[0][0])

    def get_by_id(self, id: int, /) -> Ticket:
        # `get` reads to the end, so that the statement is reset; one row comes as it is, none as None.
        row = self._execute(GET_TICKET, (id,)).get
        if row is None:
            raise LookupError(id)
        return ticket_of(row)

    def list_100(self, project_id: int, /) -> list[Ticket]:
        return tickets_of(self._execute(LIST_TICKETS, (project_id,)))

    def ticket_with_tasks(self, id: int, /) -> tuple[Ticket, list[Task], int]:
        execute = self._execute
        execute("BEGIN")
        try:
            row = execute(GET_TICKET, (id,)).get
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

    def count_by_status(self) -> list[tuple[Any, ...]]:
        return self._execute(COUNT_BY_STATUS).fetchall()

    def read_20000(self) -> list[Task]:
        return tasks_of(self._execute(ALL_TASKS))

    def update_1(self, id: int, title: str, /) -> Ticket:
        row = self._execute(UPDATE_TITLE, (title, time.time_ns() // 1_000_000, id)).get
        if row is None:
            raise LookupError(id)
        return ticket_of(row)

    def insert_1(self, row: Values, /) -> Ticket:
        return ticket_of(self._execute(INSERT_TICKET, bound(row, time.time_ns() // 1_000_000)).get)

    def insert_100(self, rows: list[Values], /) -> list[Ticket]:
        now_ms = time.time_ns() // 1_000_000
        parameters = [value for row in rows for value in bound(row, now_ms)]
        execute = self._execute
        execute("BEGIN IMMEDIATE")
        try:
            execute(INSERT_100, parameters)
            last_id = self.connection.last_insert_rowid()
            execute("COMMIT")
        except BaseException:
            execute("ROLLBACK")
            raise
        return inserted(rows, last_id - len(rows) + 1, now_ms)

    def all_tickets(self) -> list[Ticket]:
        return tickets_of(self._execute(ALL_TICKETS))

    def all_ticket_tuples(self) -> list[tuple[Any, ...]]:
        return self._execute(ALL_TICKETS).fetchall()
