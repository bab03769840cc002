"""The driver alone: the floor's statements, their results as the standard library's plain tuples."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.columns import Values
from benchmarks.contestant import Contestant, read_pragmas
from benchmarks.floor import (
    _RETURNING,
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
    bound,
    connect,
)

Row = tuple[Any, ...]
INSERT_100_RETURNING = INSERT_100 + _RETURNING


class FloorTuples(Contestant):
    name = "floor_tuples"
    title = "hand-written, sqlite3, plain tuples"
    declares = "import benchmarks.floor_tuples"

    ticket_values = tuple
    task_values = tuple

    def open(self, path: Path) -> None:
        self.connection = connect(path)
        self._execute = self.connection.cursor().execute

    def close(self) -> None:
        self.connection.close()

    def pragmas(self) -> dict[str, str | int]:
        return read_pragmas(lambda statement: self.connection.execute(statement).fetchone()[0])

    def get_by_id(self, id: int, /) -> Row:
        row: Row = self._execute(GET_TICKET, (id,)).fetchone()
        return row

    def list_100(self, project_id: int, /) -> list[Row]:
        return self._execute(LIST_TICKETS, (project_id,)).fetchall()

    def ticket_with_tasks(self, id: int, /) -> tuple[Row, list[Row], int]:
        execute = self._execute
        execute("BEGIN")
        ticket = execute(GET_TICKET, (id,)).fetchone()
        tasks = execute(TASKS_OF_ONE, (id,)).fetchall()
        execute("COMMIT")
        return ticket, tasks, len(tasks)

    def page_50_with_tasks(self, project_id: int, /) -> list[tuple[Row, list[Row]]]:
        execute = self._execute
        execute("BEGIN")
        tickets = execute(PAGE_TICKETS, (project_id,)).fetchall()
        ids = [ticket[0] for ticket in tickets]
        found: dict[int, list[Row]] = {id_: [] for id_ in ids}
        for task in execute(TASKS_OF_50, ids + [0] * (50 - len(ids))):
            found[task[1]].append(task)
        execute("COMMIT")
        return [(ticket, found[ticket[0]]) for ticket in tickets]

    def count_by_status(self) -> list[Row]:
        return self._execute(COUNT_BY_STATUS).fetchall()

    def read_20000(self) -> list[Row]:
        return self._execute(ALL_TASKS).fetchall()

    def update_1(self, id: int, title: str, /) -> Row:
        row: Row = self._execute(UPDATE_TITLE, (title, time.time_ns() // 1_000_000, id)).fetchone()
        return row

    def insert_1(self, row: Values, /) -> Row:
        found: Row = self._execute(INSERT_TICKET, bound(row, time.time_ns() // 1_000_000)).fetchone()
        return found

    def insert_100(self, rows: list[Values], /) -> list[Row]:
        now_ms = time.time_ns() // 1_000_000
        execute = self._execute
        execute("BEGIN IMMEDIATE")
        found = execute(INSERT_100_RETURNING, [value for row in rows for value in bound(row, now_ms)]).fetchall()
        execute("COMMIT")
        return found

    def all_tickets(self) -> list[Row]:
        return self._execute(ALL_TICKETS).fetchall()

    all_ticket_tuples = all_tickets
