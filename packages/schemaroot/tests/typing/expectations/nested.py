"""Nested reads: the key decides what can be nested, and what each row comes with."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

import sqlalchemy as sa
from tables import Agent, Project, Step, Task, Ticket, db, use

from schemaroot import Nested

tickets = db.select(Ticket)

assert_type(tickets.with_one(Ticket.project_id), Nested[Ticket, Project])
assert_type(tickets.with_one(Ticket.project_id).all(), list[tuple[Ticket, Project]])
assert_type(tickets.with_one(Ticket.agent).all(), list[tuple[Ticket, Agent | None]])
assert_type(tickets.with_one(Ticket.parent_id).one(), tuple[Ticket, Ticket | None])
assert_type(tickets.with_many(Task.ticket_id).first(), tuple[Ticket, list[Task]] | None)
assert_type(tickets.with_many(Ticket.parent_id).one(), tuple[Ticket, list[Ticket]])
assert_type(tickets.count_many(Task.ticket_id).all(), list[tuple[Ticket, int]])
assert_type(
    tickets.where(Ticket.status == "open")
    .with_one(Ticket.project_id)
    .with_many(Task.ticket_id)
    .count_many(Task.ticket_id)
    .all(),
    list[tuple[Ticket, Project, list[Task], int]],
)
assert_type(
    tickets.with_many(Task.ticket_id, db.select(Task).order_by(Task.id).limit(3)).limit(5).all(),
    list[tuple[Ticket, list[Task]]],
)
assert_type(
    tickets.with_many(Task.ticket_id, db.select(Task).with_many(Step.task_id)).all(),
    list[tuple[Ticket, list[tuple[Task, list[Step]]]]],
)
assert_type(
    db.select(Project).with_many(Ticket.project_id, tickets.with_one(Ticket.agent).count_many(Task.ticket_id)).one(),
    tuple[Project, list[tuple[Ticket, Agent | None, int]]],
)
assert_type(tickets.aggregate_many(Task.ticket_id, sa.func.sum(Task.points)).all(), list[tuple[Ticket, int | None]])
assert_type(
    db.select(Project).aggregate_many(Ticket.project_id, sa.func.max(Ticket.created)).one(),
    tuple[Project, datetime | None],
)

db.select(Project).with_many(Task.ticket_id)  # E tasks do not belong to projects
db.select(Project).count_many(Task.ticket_id)  # E tasks do not belong to projects
db.select(Project).aggregate_many(Task.ticket_id, sa.func.sum(Task.points))  # E tasks do not belong to projects
db.select(Task).with_one(Ticket.project_id)  # E another table's key
tickets.with_one(Task.ticket_id)  # E it points the other way
tickets.with_many(Ticket.project_id)  # E it points the other way
tickets.with_one(Ticket.title)  # E not a key
tickets.with_many("tasks")  # E a key, not a name
tickets.with_one(Ticket.project_id).with_one(Task.ticket_id)  # E another table's key
tickets.with_one(Ticket.project_id).with_many(Ticket.project_id)  # E tickets belong to the project, not to the ticket
tickets.with_many(Task.ticket_id, db.select(Step))  # E children of another table
tickets.with_many(Task.ticket_id, tickets)  # E children of another table
tickets.with_many(Task.ticket_id, db.select(Step).with_one(Step.task_id))  # E children of another table
tickets.count_many(Task.ticket_id, db.select(Step))  # E children of another table
tickets.aggregate_many(Task.ticket_id, "points")  # E an expression, not a name
tickets.with_many(Task.ticket_id, Task.points > 3)  # E a select, not a condition
wrong: list[tuple[Ticket, list[Step]]] = tickets.with_many(Task.ticket_id).all()  # E another table's rows
project: Project = tickets.with_one(Ticket.project_id).one()  # E a tuple
ticket, agent = tickets.with_one(Ticket.agent).one()
use(agent.name)  # E may be none
ticket, tasks = tickets.with_many(Task.ticket_id).one()
use(tasks[0].title)  # E tasks have none
ticket, total = tickets.aggregate_many(Task.ticket_id, sa.func.sum(Task.points)).one()
use(total + 1)  # E may be none
