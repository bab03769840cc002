"""schemaroot with Promptliano's tables, through the front door alone: repositories and prepared statements."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from benchmarks.columns import Values
from benchmarks.contestant import Contestant, read_pragmas, ticket_select
from promptliano.schema import APPLICATION_ID, SCHEMA_NUMBER, TABLES, Task, Ticket
from schemaroot import Database, Identity, Prepared, Query, Repository, new, param


class Ours(Contestant):
    name = "ours"
    title = "schemaroot"
    packages = ("schemaroot", "apsw", "msgspec", "sqlalchemy")
    declares = "import schemaroot, promptliano.schema"

    driver: ClassVar[Literal["apsw", "sqlite3"]] = "apsw"

    def open(self, path: Path) -> None:
        self.db = db = Database.open(
            f"sqlite:///{path.absolute()}",
            tables=TABLES,
            identity=Identity(APPLICATION_ID, SCHEMA_NUMBER),
            driver=self.driver,
            durability="full",
        )
        self.tickets = Repository(db, Ticket)

    # Prepared when first used, as a program would: what is never asked costs nothing.

    @cached_property
    def _list(self) -> Prepared[..., Ticket]:
        return self._newest.limit(100).prepare()

    @cached_property
    def _nested(self) -> Prepared[..., tuple[Ticket, list[Task], int]]:
        one = self.db.select(Ticket).where(Ticket.id == param("id", int))
        return one.with_many(Task.ticket_id, self._in_order).count_many(Task.ticket_id).prepare()

    @cached_property
    def _page(self) -> Prepared[..., tuple[Ticket, list[Task]]]:
        return self._newest.limit(50).with_many(Task.ticket_id, self._in_order).prepare()

    @cached_property
    def _counts(self) -> Prepared[..., tuple[str, int]]:
        import sqlalchemy as sa  # 20 MiB and 200 ms that the other operations need not have

        return self.db.prepare(sa.select(Ticket.status, sa.func.count()).group_by(Ticket.status))

    @cached_property
    def _all_tasks(self) -> Prepared[..., Task]:
        return self.db.select(Task).order_by(Task.id).prepare()

    @cached_property
    def _all_tickets(self) -> Prepared[..., Ticket]:
        return self.db.select(Ticket).order_by(Ticket.id).prepare()

    @property
    def _newest(self) -> Query[Ticket]:
        of_project = self.db.select(Ticket).where(Ticket.project_id == param("project", int))
        return of_project.order_by(Ticket.created.desc())

    @property
    def _in_order(self) -> Query[Task]:
        return self.db.select(Task).order_by(Task.order_index)

    def close(self) -> None:
        self.db.close()

    def library(self) -> str:
        return self.db.driver.library

    def pragmas(self) -> dict[str, Any]:
        # No door of the toolkit takes SQL as text: this asks the connection that reads behind it.
        connection = self.db.pool.take()
        try:
            return read_pragmas(connection.value)
        finally:
            self.db.pool.give(connection)

    def get_by_id(self, id: int, /) -> Ticket:
        return self.tickets.get(id)

    def get_by_id_unprepared(self, id: int, /) -> Ticket:
        return self.db.select(Ticket).where(Ticket.id == id).one()

    def list_100(self, project_id: int, /) -> list[Ticket]:
        return self._list.all(project=project_id)

    def ticket_with_tasks(self, id: int, /) -> tuple[Ticket, list[Task], int]:
        return self._nested.one(id=id)

    def page_50_with_tasks(self, project_id: int, /) -> list[tuple[Ticket, list[Task]]]:
        return self._page.all(project=project_id)

    def count_by_status(self) -> Any:
        return self._counts.all()

    def read_20000(self) -> list[Task]:
        return self._all_tasks.all()

    def update_1(self, id: int, title: str, /) -> Ticket:
        return self.tickets.update(id, Ticket.title.to(title))

    def insert_1(self, row: Values, /) -> Ticket:
        return self.tickets.create(**row)

    def insert_100(self, rows: list[Values], /) -> list[Ticket]:
        return self.tickets.create_many([new(Ticket, **row) for row in rows])

    def all_tickets(self) -> list[Ticket]:
        return self._all_tickets.all()

    def all_ticket_tuples(self) -> list[tuple[Any, ...]]:
        # On the driver of `db` and no other: two builds of SQLite in one process undo each other's file locks
        # (https://sqlite.org/howtocorrupt.html, section 2.2.1), and the file is damaged.
        rows: list[tuple[Any, ...]] = self._raw.cursor().execute(ticket_select()).fetchall()
        return rows

    @cached_property
    def _raw(self) -> Any:
        if self.driver == "sqlite3":
            from benchmarks.floor import connect  # not the other driver's

            return connect(Path(self.db.path))
        import apsw  # not the other driver's

        return apsw.Connection(self.db.path)


class OursSqlite3(Ours):
    name = "ours_sqlite3"
    title = "schemaroot on the standard library's sqlite3"
    driver = "sqlite3"
