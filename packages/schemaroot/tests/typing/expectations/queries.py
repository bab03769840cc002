"""What selects give, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_type

import sqlalchemy as sa
from tables import Project, Status, Task, Ticket, db, use

from schemaroot import Database, Projection, Query

assert_type(db.select(Ticket), Query[Ticket])
assert_type(
    db.select(Ticket).where(Ticket.status == "open").order_by(Ticket.created.desc()).limit(3).offset(1), Query[Ticket]
)
assert_type(db.select(Ticket).all(), list[Ticket])
assert_type(db.select(Ticket).one(), Ticket)
assert_type(db.select(Ticket).one_or_none(), Ticket | None)
assert_type(db.select(Ticket).first(), Ticket | None)
assert_type(db.select(Ticket).count(), int)
assert_type(db.select(Ticket).exists(), bool)
assert_type(db.select(Ticket).with_deleted().stream(), Iterator[Ticket])
assert_type(db.select(Ticket).columns(Ticket.id, Ticket.title), Projection[int, str])
assert_type(db.select(Ticket).columns(Ticket.id).all(), list[tuple[int]])
assert_type(db.select(Ticket).columns(Ticket.status, Ticket.deleted).one(), tuple[Status, datetime | None])
assert_type(
    db.select(Ticket).columns(Ticket.status, sa.func.count()).group_by(Ticket.status).all(), list[tuple[Status, int]]
)
assert_type(db.select(Ticket).columns(sa.func.max(Ticket.created)).first(), tuple[datetime] | None)
assert_type(db.all(sa.select(Ticket.id, Ticket.title, sa.func.count())), list[tuple[int, str, int]])
assert_type(
    db.all(sa.select(Ticket.title, Project.name).join(Project, Ticket.project_id == Project.id)), list[tuple[str, str]]
)
assert_type(db.all(sa.union(sa.select(Ticket.title), sa.select(Task.content))), list[tuple[str]])
assert_type(db.one(sa.select(sa.func.sum(Task.points))), tuple[int])
assert_type(db.first(sa.select(Ticket.tags)), tuple[list[str]] | None)
assert_type(db.stream(sa.select(Ticket.id)), Iterator[tuple[int]])

db.select("tickets")  # E a table, not its name
db.select(str)  # E not a table
db.select(Ticket).limit("x")  # E a number
db.select(Ticket).offset(None)  # E a number
db.select(Ticket).order_by("title")  # E a column, not its name
db.select(Ticket).order_by(3)  # E
db.select(Ticket).columns("title")  # E a column, not its name
db.select(Ticket).columns()  # E at least one column
db.select(Ticket).wher(Ticket.id == 1)  # E misspelt
projects: list[Project] = db.select(Ticket).all()  # E another table's rows
project: Project = db.select(Ticket).one()  # E another table's row
stream: Iterator[Project] = db.select(Ticket).stream()  # E another table's rows
first: Ticket = db.select(Ticket).first()  # E may be none
maybe: Ticket = db.select(Ticket).one_or_none()  # E may be none
use(db.select(Ticket).first().title)  # E may be none
use(db.select(Ticket).one().titel)  # E misspelt
use(db.select(Ticket).all().title)  # E a list
pairs: list[tuple[str, int]] = db.select(Ticket).columns(Ticket.id, Ticket.title).all()  # E another order
titles: list[str] = db.all(sa.select(Ticket.title))  # E tuples of one
number, title, more = db.one(sa.select(Ticket.id, Ticket.title))  # E two values
for row in db.select(Ticket).stream():
    use(row.content)  # E another table's column
for count in db.stream(sa.select(sa.func.count())):
    use(count[1])  # E one value
db.select(Ticket).where(Ticket.id == 1).set(Ticket.title.to("a"))  # E a select changes nothing
db.all("SELECT 1")  # E a statement, not its text
db.execute(sa.select(Ticket.id))  # E gives rows
Database.open("sqlite:///shop.db", driver="oracle")  # E no such driver
Database.open("sqlite:///shop.db", durability="never")  # E
Database.create("sqlite:///shop.db", [Ticket, str])  # E not a table
Database.create("sqlite:///shop.db", ["tickets"])  # E not a table
