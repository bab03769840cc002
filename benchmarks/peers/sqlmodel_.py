"""SQLModel: Pydantic models on SQLAlchemy's ORM, with a held session as in `sqlalchemy_orm`."""

from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, select

from benchmarks.columns import Values
from benchmarks.contestant import Contestant, read_pragmas
from benchmarks.peers.sqlalchemy_core import TimestampMs, engine_for, now
from benchmarks.peers.sqlalchemy_orm import WITH_UNDERSCORE, renamed


class Ticket(SQLModel, table=True):
    __tablename__ = "tickets"

    id: int | None = Field(default=None, primary_key=True)
    project_id: int
    title: str
    overview: str = ""
    status: str = "open"
    priority: str = "normal"
    tags: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    metadata_: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column("metadata", sa.JSON))
    suggested_file_ids: list[int] = Field(default_factory=list, sa_type=sa.JSON)
    suggested_prompt_ids: list[int] = Field(default_factory=list, sa_type=sa.JSON)
    suggested_agents: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    created: datetime = Field(default_factory=now, sa_type=TimestampMs)
    updated: datetime = Field(default_factory=now, sa_type=TimestampMs, sa_column_kwargs={"onupdate": now})
    deleted: datetime | None = Field(default=None, sa_type=TimestampMs)

    tasks: list["Task"] = Relationship(  # SQLModel reads the text
        sa_relationship_kwargs={
            "primaryjoin": "and_(Task.ticket_id == Ticket.id, Task.deleted.is_(None))",
            "order_by": "Task.order_index",
            "viewonly": True,
        }
    )


class Task(SQLModel, table=True):
    __tablename__ = "tasks"

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    content: str
    description: str = ""
    status: str = "pending"
    done: bool | None = Field(
        default=None, sa_column=sa.Column("done", sa.Boolean, sa.Computed("status = 'completed'"))
    )
    order_index: int = 0
    estimated_hours: float | None = None
    dependencies: list[int] = Field(default_factory=list, sa_type=sa.JSON)
    tags: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    agent: str | None = None
    suggested_file_ids: list[int] = Field(default_factory=list, sa_type=sa.JSON)
    suggested_prompt_ids: list[int] = Field(default_factory=list, sa_type=sa.JSON)
    suggested_agents: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    created: datetime = Field(default_factory=now, sa_type=TimestampMs)
    updated: datetime = Field(default_factory=now, sa_type=TimestampMs)
    deleted: datetime | None = Field(default=None, sa_type=TimestampMs)


NEWEST = (
    select(Ticket)
    .where(Ticket.project_id == sa.bindparam("project"), Ticket.deleted.is_(None))
    .order_by(Ticket.created.desc())
)
GET = select(Ticket).where(Ticket.id == sa.bindparam("id"), Ticket.deleted.is_(None))
LIST_100 = NEWEST.limit(100)
PAGE_50 = NEWEST.limit(50).options(selectinload(Ticket.tasks))
GET_NESTED = GET.options(selectinload(Ticket.tasks))
COUNTS = select(Ticket.status, sa.func.count()).group_by(Ticket.status)
ALL_TASKS = select(Task).where(Task.deleted.is_(None)).order_by(Task.id)
ALL_TICKETS = select(Ticket).where(Ticket.deleted.is_(None)).order_by(Ticket.id)
INSERT = sa.insert(Ticket).returning(Ticket)


class SqlModel(Contestant):
    name = "sqlmodel"
    title = "SQLModel"
    packages = ("sqlmodel", "sqlalchemy", "pydantic", "msgspec")
    declares = "import benchmarks.peers.sqlmodel_"

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
        found = self.session.exec(GET, params={"id": id}).one()
        self.session.expunge_all()
        return found

    def list_100(self, project_id: int, /) -> Any:
        found = self.session.exec(LIST_100, params={"project": project_id}).all()
        self.session.expunge_all()
        return found

    def ticket_with_tasks(self, id: int, /) -> Any:
        found = self.session.exec(GET_NESTED, params={"id": id}).one()
        self.session.expunge_all()
        return found, found.tasks, len(found.tasks)

    def page_50_with_tasks(self, project_id: int, /) -> Any:
        found = self.session.exec(PAGE_50, params={"project": project_id}).all()
        self.session.expunge_all()
        return [(ticket, ticket.tasks) for ticket in found]

    def count_by_status(self) -> Any:
        return self.session.exec(COUNTS).all()

    def read_20000(self) -> Any:
        found = self.session.exec(ALL_TASKS).all()
        self.session.expunge_all()
        return found

    def update_1(self, id: int, title: str, /) -> Any:
        change = (
            sa.update(Ticket).where(Ticket.id == id, Ticket.deleted.is_(None)).values(title=title).returning(Ticket)
        )
        found = self.session.exec(change).scalars().one()
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
        made = self.session.exec(INSERT, params=[renamed(row) for row in rows]).scalars().all()
        self.session.commit()
        self.session.expunge_all()
        return made

    def all_tickets(self) -> Any:
        found = self.session.exec(ALL_TICKETS).all()
        self.session.expunge_all()
        return found
