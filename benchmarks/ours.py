"""schemaroot with Promptliano's tables, through the front door alone: repositories and prepared statements."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from promptliano.schema import APPLICATION_ID, SCHEMA_NUMBER, TABLES, Task, Ticket
from schemaroot import Database, Identity, Repository, new, param

from benchmarks.columns import Values
from benchmarks.contestant import PRAGMAS, Contestant, ticket_select


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
        self.tasks = Repository(db, Task)
        self._prepare()

    def _prepare(self) -> None:
        db = self.db
        project = param("project", int)
        newest = db.select(Ticket).where(Ticket.project_id == project).order_by(Ticket.created.desc())
        in_order = db.select(Task).order_by(Task.order_index)
        one = db.select(Ticket).where(Ticket.id == param("id", int))
        self._list = newest.limit(100).prepare()
        self._nested = one.with_many(Task.ticket_id, in_order).count_many(Task.ticket_id).prepare()
        self._page = newest.limit(50).with_many(Task.ticket_id, in_order).prepare()
        self._all_tasks = db.select(Task).order_by(Task.id).prepare()
        self._all_tickets = db.select(Ticket).order_by(Ticket.id).prepare()
        self._counts: Any = None

    def close(self) -> None:
        self.db.close()

    def library(self) -> str:
        return self.db.driver.library

    def pragmas(self) -> dict[str, Any]:
        import sqlalchemy as sa  # noqa: PLC0415  # not needed to run

        return {
            name: self.db.all(sa.select(sa.literal_column(f'"{_COLUMN.get(name, name)}"')).select_from(sa.text(f"pragma_{name}")))[0][0]
            for name in PRAGMAS
        }

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
        if self._counts is None:
            import sqlalchemy as sa  # noqa: PLC0415  # 20 MiB and 200 ms that the other operations need not have

            self._counts = self.db.prepare(sa.select(Ticket.status, sa.func.count()).group_by(Ticket.status))
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


_COLUMN = {"busy_timeout": "timeout"}


class OursSqlite3(Ours):
    name = "ours_sqlite3"
    title = "schemaroot on the standard library's sqlite3"
    driver = "sqlite3"
