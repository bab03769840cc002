"""Repositories: the same types, through the usual questions of one table."""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

import sqlalchemy as sa
from tables import Project, Status, Task, Ticket, db, use

from schemaroot import Page, Repository, new


class TicketRepository(Repository[Ticket]):
    table = Ticket

    def open_of(self, project_id: int) -> list[Ticket]:
        """The open tickets of a project."""
        return self.all(Ticket.project_id == project_id, Ticket.status == "open")


plain = Repository(db, Ticket)
tickets = TicketRepository(db)

assert_type(plain.create(project_id=1, title="a"), Ticket)
assert_type(tickets.create(project_id=1, title="a", status="done"), Ticket)
assert_type(tickets.create_from(new(Ticket, project_id=1, title="a")), Ticket)
assert_type(tickets.create_many([new(Ticket, project_id=1, title="a")]), list[Ticket])
assert_type(tickets.get(1), Ticket)
assert_type(plain.get(1).deleted, datetime | None)
assert_type(tickets.find(1), Ticket | None)
assert_type(tickets.all(Ticket.title == "a", order_by=[Ticket.created.desc()], limit=3), list[Ticket])
assert_type(tickets.open_of(1), list[Ticket])
assert_type(tickets.update(1, Ticket.title.to("x"), Ticket.status.to("done")), Ticket)
assert_type(tickets.update_many([1, 2], Ticket.title.to("x")), int)
assert_type(tickets.delete(1), Ticket)
assert_type(tickets.restore(1), Ticket)
assert_type(tickets.page(sort="-created"), Page[Ticket])
assert_type(tickets.page().items, list[Ticket])
assert_type(tickets.search("printer"), list[Ticket])
assert_type(tickets.count(Ticket.status == "open"), int)
assert_type(tickets.exists(), bool)
assert_type(tickets.count_by(Ticket.status), dict[Status, int])
assert_type(tickets.aggregate(sa.func.max(Ticket.created)), datetime | None)
assert_type(tickets.select().with_many(Task.ticket_id).all(), list[tuple[Ticket, list[Task]]])

plain.create(project_id=1)  # E missing
plain.create(project_id=1, titel="a")  # E misspelt
plain.create(project_id=1, title=2)  # E wrong type
plain.create(id=5, project_id=1, title="a")  # E filled by the database
tickets.create(project_id=1)  # E missing
tickets.create(project_id=1, titel="a")  # E misspelt
tickets.create(project_id=1, title=2)  # E wrong type
tickets.create(project_id=1, title="a", status="bogus")  # E not in the enumeration
tickets.create(id=5, project_id=1, title="a")  # E filled by the database
tickets.create_from(new(Task, ticket_id=1, content="x"))  # E another table's insert
tickets.create_many([new(Task, ticket_id=1, content="x")])  # E another table's inserts
tickets.update(1, Task.content.to("x"))  # E another table's column
plain.update(1, Task.content.to("x"))  # E another table's column
tickets.update(1, Ticket.title.to(3))  # E wrong type
tickets.update(1, title="x")  # E takes assignments
tickets.update_many([1], Task.content.to("x"))  # E another table's column
tickets.get(None)  # E no key
tickets.get(1).title = "x"  # E frozen
use(tickets.find(1).title)  # E may be none
tickets.all(Ticket.title == 3)  # E comparing the wrong type
tickets.all(order_by=["title"])  # E columns, not names
tickets.page(limit="50")  # E a number
tickets.count_by(Task.content)  # E another table's column
tickets.count_by("status")  # E a column, not its name
tickets.open_of("1")  # E wrong type
Repository(db, str)  # E not a table
project: Project = tickets.get(1)  # E another table's row
