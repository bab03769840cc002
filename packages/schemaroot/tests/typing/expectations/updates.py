"""Updates and deletes: an assignment belongs to its table and holds its column's type."""

from __future__ import annotations

from typing import assert_type

import sqlalchemy as sa
from tables import Agent, Project, Task, Ticket, db

from schemaroot import Assignment, Patch, now

assert_type(Ticket.title.to("a"), Assignment[Ticket])
assert_type(Ticket.parent_id.to(None), Assignment[Ticket])
assert_type(db.update(Ticket).set(Ticket.title.to("a")).where(Ticket.id == 1).run(), int)
assert_type(db.update(Ticket).set(Ticket.title.to("a")).all_rows().returning(), list[Ticket])
assert_type(db.delete(Ticket).where(Ticket.id == 1).run(), int)
db.update(Ticket).set(Ticket.title.to(Ticket.title + "!"), Ticket.length.to(Ticket.length + 1))
db.update(Ticket).set(Ticket.agent.to(Agent.slug), Ticket.created.to(now()), Ticket.title.to(sa.func.lower("A")))

Ticket.title.to(3)  # E wrong type
Ticket.status.to("bogus")  # E not in the enumeration
Ticket.title.to(None)  # E null where it is not allowed
Ticket.project_id.to(None)  # E null where it is not allowed
Ticket.tags.to("a")  # E JSON of the wrong shape
Ticket.tags.to(["a", 1])  # E JSON of the wrong shape
Ticket.links.to([{"label": "a"}])  # E JSON of the wrong shape
Ticket.title.to(Ticket.length)  # E a column of another type
Ticket.titel.to("a")  # E misspelt
db.update(Ticket).set(Task.content.to("x"))  # E another table's column
db.update(Ticket).set(title="a")  # E takes assignments
db.update(Ticket).set(Ticket.title == "a")  # E a comparison is no assignment
db.update(Ticket).where(True)  # E no condition
db.update("tickets")  # E a table, not its name
db.delete(Ticket).where(Ticket.id == "1")  # E comparing the wrong type
db.delete(Ticket).where(None)  # E no condition
db.delete(Ticket).returning()  # E no such method
one: Ticket = db.update(Ticket).set(Ticket.title.to("a")).all_rows().returning()  # E a list


def change(patch: Patch[Ticket]) -> None:
    """Takes checked changes of a ticket."""
    db.update(Ticket).set(*patch)
    db.update(Project).set(*patch)  # E another table's changes
