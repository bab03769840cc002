"""SQLAlchemy's ORM: one held session that forgets what it loaded, so that each operation asks the database."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

from benchmarks.columns import TICKET_COLUMNS, Values
from benchmarks.contestant import Contestant, read_pragmas
from benchmarks.peers.sqlalchemy_core import TimestampMs, engine_for, now


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012  # as the documentation writes it
        datetime: TimestampMs,
        str: sa.Text,
        list[str]: sa.JSON,
        list[int]: sa.JSON,
        dict[str, Any]: sa.JSON,
    }


class Ticket(Base):
    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    title: Mapped[str]
    overview: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="open")
    priority: Mapped[str] = mapped_column(default="normal")
    tags: Mapped[list[str]] = mapped_column(default=list)
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)  # `metadata` is the ORM's own word
    suggested_file_ids: Mapped[list[int]] = mapped_column(default=list)
    suggested_prompt_ids: Mapped[list[int]] = mapped_column(default=list)
    suggested_agents: Mapped[list[str]] = mapped_column(default=list)
    created: Mapped[datetime] = mapped_column(default=now)
    updated: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    deleted: Mapped[datetime | None]

    tasks: Mapped[list[Task]] = relationship(
        primaryjoin="and_(Task.ticket_id == Ticket.id, Task.deleted.is_(None))",
        order_by="Task.order_index",
        viewonly=True,
    )


class Task(Base):
    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    content: Mapped[str]
    description: Mapped[str]
    status: Mapped[str]
    done: Mapped[bool] = mapped_column(sa.Computed("status = 'completed'"))
    order_index: Mapped[int]
    estimated_hours: Mapped[float | None]
    dependencies: Mapped[list[int]]
    tags: Mapped[list[str]]
    agent: Mapped[str | None]
    suggested_file_ids: Mapped[list[int]]
    suggested_prompt_ids: Mapped[list[int]]
    suggested_agents: Mapped[list[str]]
    created: Mapped[datetime]
    updated: Mapped[datetime]
    deleted: Mapped[datetime | None]


NEWEST = (
    sa.select(Ticket)
    .where(Ticket.project_id == sa.bindparam("project"), Ticket.deleted.is_(None))
    .order_by(Ticket.created.desc())
)
GET = sa.select(Ticket).where(Ticket.id == sa.bindparam("id"), Ticket.deleted.is_(None))
LIST_100 = NEWEST.limit(100)
PAGE_50 = NEWEST.limit(50).options(selectinload(Ticket.tasks))
GET_NESTED = GET.options(selectinload(Ticket.tasks))
COUNTS = sa.select(Ticket.status, sa.func.count()).group_by(Ticket.status)
ALL_TASKS = sa.select(Task).where(Task.deleted.is_(None)).order_by(Task.id)
ALL_TICKETS = sa.select(Ticket).where(Ticket.deleted.is_(None)).order_by(Ticket.id)
INSERT = sa.insert(Ticket).returning(Ticket)

WITH_UNDERSCORE = tuple("metadata_" if name == "metadata" else name for name in TICKET_COLUMNS)


def renamed(row: Values) -> Values:
    """The row with the attribute's name for the column `metadata`."""
    return {("metadata_" if name == "metadata" else name): value for name, value in row.items()}


class SqlAlchemyOrm(Contestant):
    name = "sqlalchemy_orm"
    title = "SQLAlchemy ORM"
    packages = ("sqlalchemy", "msgspec")
    declares = "import benchmarks.peers.sqlalchemy_orm"

    ticket_values = staticmethod(attrgetter(*WITH_UNDERSCORE))

    def open(self, path: Path) -> None:
        self.engine = engine_for(path)
        self.session = Session(self.engine, expire_on_commit=False)

    def close(self) -> None:
        self.session.close()
        self.engine.dispose()

    def pragmas(self) -> dict[str, Any]:
        return read_pragmas(lambda statement: self.session.connection().exec_driver_sql(statement).scalar())

    def get_by_id(self, id: int, /) -> Any:
        found = self.session.scalars(GET, {"id": id}).one()
        self.session.expunge_all()
        return found

    def list_100(self, project_id: int, /) -> Any:
        found = self.session.scalars(LIST_100, {"project": project_id}).all()
        self.session.expunge_all()
        return found

    def ticket_with_tasks(self, id: int, /) -> Any:
        found = self.session.scalars(GET_NESTED, {"id": id}).one()
        self.session.expunge_all()
        return found, found.tasks, len(found.tasks)

    def page_50_with_tasks(self, project_id: int, /) -> Any:
        found = self.session.scalars(PAGE_50, {"project": project_id}).all()
        self.session.expunge_all()
        return [(ticket, ticket.tasks) for ticket in found]

    def count_by_status(self) -> Any:
        return self.session.execute(COUNTS).all()

    def read_20000(self) -> Any:
        found = self.session.scalars(ALL_TASKS).all()
        self.session.expunge_all()
        return found

    def update_1(self, id: int, title: str, /) -> Any:
        change = (
            sa.update(Ticket).where(Ticket.id == id, Ticket.deleted.is_(None)).values(title=title).returning(Ticket)
        )
        found = self.session.scalars(change).one()
        self.session.commit()
        self.session.expunge_all()
        return found

    def insert_1(self, row: Values, /) -> Any:
        made = Ticket(**renamed(row))
        self.session.add(made)
        self.session.commit()
        self.session.expunge_all()
        return made

    def insert_100(self, rows: list[Values], /) -> Any:
        made = self.session.scalars(INSERT, [renamed(row) for row in rows]).all()
        self.session.commit()
        self.session.expunge_all()
        return made

    def all_tickets(self) -> Any:
        found = self.session.scalars(ALL_TICKETS).all()
        self.session.expunge_all()
        return found
