"""Prepared selects know their parameters and what they give."""

from __future__ import annotations

from typing import assert_type

import sqlalchemy as sa
from tables import Project, Status, Task, Ticket, db, use

from schemaroot import Parameter, Prepared, param

assert_type(param("id", int), Parameter[int])
assert_type(param("status", Ticket.status), Parameter[Status])

by_id = db.select(Ticket).where(Ticket.id == param("id", int)).prepare(param("id", int))
by_status = (
    db.select(Ticket)
    .where(Ticket.status == param("status", Ticket.status), Ticket.rank == param("rank", Ticket.rank))
    .limit(param("limit", int))
    .prepare(param("status", Ticket.status), param("limit", int))
)
with_tasks = (
    db.select(Ticket).where(Ticket.id == param("id", int)).with_many(Task.ticket_id).prepare(param("id", Ticket.id))
)
counted = db.select(Ticket).columns(Ticket.status, sa.func.count()).group_by(Ticket.status).prepare()

assert_type(by_id, Prepared[[int], Ticket])
assert_type(by_id.one(1), Ticket)
assert_type(by_id.one_or_none(1), Ticket | None)
assert_type(by_id.first(1), Ticket | None)
assert_type(by_id.all(1), list[Ticket])
assert_type(by_status.all("open", 3), list[Ticket])
assert_type(with_tasks.one(1), tuple[Ticket, list[Task]])
assert_type(counted.all(), list[tuple[Status, int]])
assert_type(db.prepare(sa.select(Ticket.id, Ticket.title)).all(), list[tuple[int, str]])

by_id.one("1")  # E wrong type
by_id.one(None)  # E wrong type
by_id.one()  # E too few
by_id.all(1, 2)  # E too many
by_id.one(id=1)  # E in order, not by name
by_status.all("bogus", 3)  # E not in the enumeration
by_status.all(3, "open")  # E another order
with_tasks.one("1")  # E wrong type
project: Project = by_id.one(1)  # E another table's row
sure: Ticket = by_id.first(1)  # E may be none
use(by_id.all(1).title)  # E a list
param("id")  # E has no type
param("id", "int")  # E a type, not its name
param(3, int)  # E a name
db.select(Ticket).where(Ticket.id == param("id", str))  # E comparing the wrong type
db.select(Ticket).where(Ticket.status == param("rank", Ticket.rank))  # E comparing the wrong type
db.select(Ticket).limit(param("limit", str))  # E a number
db.select(Ticket).prepare("id")  # E a parameter, not its name
