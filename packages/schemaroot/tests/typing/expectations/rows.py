"""Rows are typed and frozen."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_type

from tables import Link, Project, Status, Task, Ticket, db, use

from schemaroot import JsonValue

ticket = db.insert(Ticket, project_id=1, title="Pay the printer")

assert_type(ticket, Ticket)
assert_type(ticket.id, int)
assert_type(ticket.project_id, int)
assert_type(ticket.parent_id, int | None)
assert_type(ticket.title, str)
assert_type(ticket.status, Status)
assert_type(ticket.rank, Literal[1, 2, 3])
assert_type(ticket.weight, float | None)
assert_type(ticket.urgent, bool)
assert_type(ticket.tags, list[str])
assert_type(ticket.links, list[Link])
assert_type(ticket.extra, dict[str, JsonValue])
assert_type(ticket.picture, bytes | None)
assert_type(ticket.length, int)
assert_type(ticket.created, datetime)
assert_type(ticket.deleted, datetime | None)
assert_type(ticket.replace(Ticket.title.to("Pay"), Ticket.status.to("done")), Ticket)
assert_type(ticket.to_dict(), dict[str, object])
use(ticket == ticket.replace())

ticket.title = "Pay"  # E frozen
ticket.tags = []  # E frozen
use(ticket.titel)  # E misspelt
use(ticket.content)  # E another table's column
use(ticket.title + 1)  # E a text
use(ticket.deleted.isoformat())  # E may be null
use(ticket.links[0]["href"])  # E no such key
ticket.replace(Task.content.to("x"))  # E another table's column
ticket.replace(title="Pay")  # E takes assignments
project: Project = ticket  # E another table's row
