"""A column is compared with values of its own type.

Comparing with `==` always has an answer in Python; that it is `bool` and no condition is reported where it is used.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_type

import sqlalchemy as sa
from tables import Agent, Project, Task, Ticket, db, use

from schemaroot import now

tickets = db.select(Ticket)

tickets.where(Ticket.title == "a", Ticket.status != "done", Ticket.rank > 1, Ticket.weight <= 2)
tickets.where(Ticket.deleted == None)  # noqa: E711  # IS NULL
tickets.where(Ticket.deleted.is_(None), Ticket.title.is_not(None))
tickets.where(Ticket.urgent, ~Ticket.urgent)
tickets.where((Ticket.title == "a") | (Ticket.status == "done") & ~(Ticket.rank == 2))
tickets.where(Ticket.title.like("%a%") & (Ticket.rank == 1), sa.or_(Ticket.rank == 1, Ticket.title.contains("x")))
tickets.where(Ticket.status.in_(["open"]), Ticket.status.in_({"open"}), Ticket.status.in_(("open", "done")))
tickets.where(Ticket.id.in_(range(3)), Ticket.id.not_in(number for number in range(3)))
tickets.where(Ticket.id.in_(sa.select(Task.ticket_id)), Ticket.agent == Agent.slug, Agent.slug == Ticket.agent)
tickets.where(Ticket.project_id == Project.id, Ticket.title == Ticket.status, Ticket.length > Ticket.rank)
assert_type(sa.select(Ticket.id).where(Ticket.id == 1), sa.Select[int])
assert_type(Ticket.title + "!", sa.ColumnElement[str])
assert_type(Ticket.length + 1, sa.ColumnElement[int])

tickets.where(Ticket.project_id == "x")  # E wrong type
tickets.where(Ticket.title == 3)  # E wrong type
tickets.where(Ticket.title != 3)  # E wrong type
tickets.where(Ticket.created < 3)  # E a moment is a datetime
tickets.where(Ticket.length >= "3")  # E wrong type
tickets.where(Ticket.status == "bogus")  # E not in the enumeration
tickets.where(Ticket.rank == 4)  # E not in the enumeration
tickets.where(Ticket.title == None)  # E  # noqa: E711  # a title is never null
tickets.where(Ticket.tags == [1])  # E JSON of the wrong shape
tickets.where(Ticket.project_id == Agent.slug)  # E columns of two types
tickets.where((Ticket.title == 3) & (Ticket.rank == 1))  # E wrong type on the left
tickets.where((Ticket.rank == 1) & (Ticket.title == 3))  # E wrong type on the right
tickets.where((Ticket.rank == 1) | (Ticket.status == "bogus"))  # E not in the enumeration
tickets.where(sa.or_(Ticket.rank == 1, Ticket.title == 3))  # E wrong type
tickets.where(Ticket.status.in_(["bogus"]))  # E not in the enumeration
tickets.where(Ticket.id.in_(["1"]))  # E wrong type of members
tickets.where(Ticket.id.not_in([1, "2"]))  # E wrong type of one member
tickets.where(Ticket.title.in_("abc"))  # E a text is not a list of its letters
tickets.where(Ticket.title.in_(None))  # E no list
tickets.where(Ticket.id.in_(3))  # E no list
contents = sa.select(Task.content)
tickets.where(Ticket.id.in_(contents))  # E a select of another type
tickets.where(True)  # E no condition
tickets.where(None)  # E no condition
tickets.where("title = 'a'")  # E no condition
tickets.where(Ticket.title)  # E a text is no condition
tickets.where(Ticket.titel == "a")  # E misspelt
moment: datetime = Ticket.created  # E a column is not its value
use(now() < Ticket.created)
