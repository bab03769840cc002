"""What every contestant answers: the operations, and how the attributes of what they return are read.

A contestant's methods return what its library naturally returns. The timer then reads every attribute of every returned
row through `ticket_values` and `task_values`, so that nobody gains by being lazy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from benchmarks.columns import TASK_COLUMNS, TICKET_COLUMNS, Values

Reader = Callable[[Any], tuple[Any, ...]]
"""Reads every attribute of a row."""

Kind = Literal["ticket", "tickets", "tasks", "ticket_tasks_count", "tickets_tasks", "pairs"]
"""What an operation returns."""

Arguments = Literal["nothing", "ticket", "project", "row", "rows", "ticket_title"]
"""What an operation takes."""

PRAGMAS: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "cache_size": -2000,
    "mmap_size": 0,
    "secure_delete": 1,
    "temp_store": 0,
    "wal_autocheckpoint": 1000,
}
"""The same for everyone, whatever the defaults of a build: WAL, full synchronisation, foreign keys checked."""

BUSY_MS = 10_000


class Operation(NamedTuple):
    """One operation that is timed."""

    name: str
    title: str
    takes: Arguments
    gives: Kind
    unit: Literal["us", "ms"]
    inserts: int = 0


OPERATIONS: tuple[Operation, ...] = (
    Operation("get_by_id", "one ticket by id", "ticket", "ticket", "us"),
    Operation("list_100", "100 tickets of a project, newest first", "project", "tickets", "us"),
    Operation("ticket_with_tasks", "one ticket, its tasks in order, their count", "ticket", "ticket_tasks_count", "us"),
    Operation("page_50_with_tasks", "50 tickets of a project, each with its tasks", "project", "tickets_tasks", "us"),
    Operation("count_by_status", "all tickets counted by status", "nothing", "pairs", "us"),
    Operation("read_20000", "all tasks", "nothing", "tasks", "ms"),
    Operation("update_1", "a new title by id, the row returned", "ticket_title", "ticket", "us"),
    Operation("insert_1", "one insert and its commit, the row returned", "row", "ticket", "us", inserts=1),
    Operation("insert_100", "100 inserts in one transaction, the rows returned", "rows", "tickets", "us", inserts=100),
)
BY_NAME = {operation.name: operation for operation in OPERATIONS}

UNPREPARED = Operation("get_by_id_unprepared", "one ticket, the query built anew each time", "ticket", "ticket", "us")
"""Ours alone; its ratio is to the floor's get_by_id."""


class Contestant:
    """One way of doing the operations on one database file.

    Attributes:
        name: how results name it.
        title: how readers know it.
        packages: the distributions whose versions are worth knowing.
        declares: the statement whose CPU time is the import time: it loads the library and declares the tables.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    declares: ClassVar[str]

    ticket_values: Reader = staticmethod(attrgetter(*TICKET_COLUMNS))
    task_values: Reader = staticmethod(attrgetter(*TASK_COLUMNS))

    def open(self, path: Path) -> Any:
        """Opens the file; held until `close`. May be a coroutine, as may be every operation."""
        raise NotImplementedError

    def close(self) -> Any:
        raise NotImplementedError

    def library(self) -> str:
        """The version of SQLite that answers."""
        import sqlite3  # not everyone's

        return sqlite3.sqlite_version

    def pragmas(self) -> Any:
        """The settings of `PRAGMAS` as the held connection has them."""
        raise NotImplementedError

    # The operations; every one may be a coroutine function.

    def get_by_id(self, id: int, /) -> Any:
        raise NotImplementedError

    def list_100(self, project_id: int, /) -> Any:
        raise NotImplementedError

    def ticket_with_tasks(self, id: int, /) -> Any:
        """The ticket, its tasks in order, their count."""
        raise NotImplementedError

    def page_50_with_tasks(self, project_id: int, /) -> Any:
        """Pairs of a ticket and its tasks in order."""
        raise NotImplementedError

    def count_by_status(self) -> Any:
        """Pairs of a status and how many tickets have it."""
        raise NotImplementedError

    def read_20000(self) -> Any:
        raise NotImplementedError

    def update_1(self, id: int, title: str, /) -> Any:
        raise NotImplementedError

    def insert_1(self, row: Values, /) -> Any:
        raise NotImplementedError

    def insert_100(self, rows: list[Values], /) -> Any:
        raise NotImplementedError

    # For decode_row and rss.

    def all_tickets(self) -> Any:
        """All live tickets in order of id, as typed rows."""
        raise NotImplementedError

    def all_ticket_tuples(self) -> Any:
        """The same statement's result as the driver gives it."""
        raise NotImplementedError


def is_present(contestant: type[Contestant], operation: str) -> bool:
    """Whether the contestant has the operation."""
    return getattr(contestant, operation, None) is not getattr(Contestant, operation, None)


def ticket_select(*, where: str = "deleted IS NULL", tail: str = "ORDER BY id") -> str:
    """The select of whole tickets, for those who write SQL."""
    return f"SELECT {', '.join(TICKET_COLUMNS)} FROM tickets WHERE {where} {tail}"  # names of our own


def task_select(*, where: str = "deleted IS NULL", tail: str = "ORDER BY id") -> str:
    """The select of whole tasks, for those who write SQL."""
    return f"SELECT {', '.join(TASK_COLUMNS)} FROM tasks WHERE {where} {tail}"  # names of our own


def read_pragmas(ask: Callable[[str], Any]) -> dict[str, str | int]:
    """The settings, by asking for one value at a time."""
    return {name: ask(f"PRAGMA {name}") for name in PRAGMAS}


def pragma_statements() -> Iterator[str]:
    """What each connection is told when it is opened."""
    for name, value in PRAGMAS.items():
        yield f"PRAGMA {name}={value}"


def consumer(contestant: Contestant, operation: Operation) -> Callable[[Any], object]:
    """Reads every attribute of every row that the operation returned."""
    ticket, task = contestant.ticket_values, contestant.task_values

    def many(reader: Reader) -> Callable[[Iterable[Any]], None]:
        def read(rows: Iterable[Any]) -> None:
            for row in rows:
                reader(row)

        return read

    def nested(result: tuple[Any, Iterable[Any], int]) -> None:
        one, tasks, _ = result
        ticket(one)
        for row in tasks:
            task(row)

    def page(result: Iterable[tuple[Any, Iterable[Any]]]) -> None:
        for one, tasks in result:
            ticket(one)
            for row in tasks:
                task(row)

    def pairs(result: Iterable[Any]) -> None:
        for _status, _count in result:
            pass

    match operation.gives:
        case "ticket":
            return ticket
        case "tickets":
            return many(ticket)
        case "tasks":
            return many(task)
        case "ticket_tasks_count":
            return nested
        case "tickets_tasks":
            return page
        case "pairs":
            return pairs


def values(contestant: Contestant, operation: Operation, result: Any) -> Any:
    """What the operation returned as plain tuples of attributes, for comparing contestants."""
    ticket, task = contestant.ticket_values, contestant.task_values
    match operation.gives:
        case "ticket":
            return tuple(ticket(result))
        case "tickets":
            return [tuple(ticket(row)) for row in result]
        case "tasks":
            return [tuple(task(row)) for row in result]
        case "ticket_tasks_count":
            one, tasks, count = result
            return tuple(ticket(one)), [tuple(task(row)) for row in tasks], count
        case "tickets_tasks":
            return [(tuple(ticket(one)), [tuple(task(row)) for row in tasks]) for one, tasks in result]
        case "pairs":
            return sorted((str(status), int(count)) for status, count in result)
