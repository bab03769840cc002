"""JSON columns hold documents of their own shape."""

from __future__ import annotations

from typing import assert_type

from tables import Link, Task, Ticket, db, use

from schemaroot import JsonValue, New, Patch, new, parse_insert, parse_update, rows_to_json, to_json

ticket = db.select(Ticket).one()

assert_type(ticket.links[0]["url"], str)
assert_type(ticket.extra["a"], JsonValue)
assert_type(ticket.tags[0], str)
assert_type(db.select(Ticket).columns(Ticket.links).one(), tuple[list[Link]])
assert_type(parse_insert(Ticket, {"projectId": 1, "title": "a"}), New[Ticket])
assert_type(parse_update(Ticket, {"title": "a"}), Patch[Ticket])
assert_type(to_json(ticket), bytes)
assert_type(rows_to_json([ticket]), bytes)
new(Ticket, project_id=1, title="a", links=[{"label": "a", "url": "b"}], extra={"deep": [{"er": [1, 2.5, None, True]}]})

new(Ticket, project_id=1, title="a", tags=[1])  # E a list of texts
new(Ticket, project_id=1, title="a", tags="a")  # E a list
new(Ticket, project_id=1, title="a", tags={"a": 1})  # E a list
new(Ticket, project_id=1, title="a", tags=None)  # E null where it is not allowed
new(Ticket, project_id=1, title="a", links=[{"label": "a"}])  # E a key is missing
new(Ticket, project_id=1, title="a", links=[{"label": "a", "uri": "b"}])  # E a key is misspelt
new(Ticket, project_id=1, title="a", links=[{"label": "a", "url": 3}])  # E a value of the wrong type
new(Ticket, project_id=1, title="a", links={"label": "a", "url": "b"})  # E a list
new(Ticket, project_id=1, title="a", extra={1: "a"})  # E keys are texts
new(Ticket, project_id=1, title="a", extra={"a": object()})  # E no JSON
new(Ticket, project_id=1, title="a", extra={"a": b"x"})  # E bytes are no JSON
Ticket.extra.to(["a"])  # E an object
use(ticket.links[0]["uri"])  # E a key is misspelt
use(ticket.links["label"])  # E a list
use(ticket.extra["a"] + 1)  # E any JSON
number: int = ticket.links[0]["url"]  # E a text
task: New[Task] = parse_insert(Ticket, {"projectId": 1, "title": "a"})  # E another table's insert
db.update(Task).set(*parse_update(Ticket, {"title": "a"}))  # E another table's changes
parse_insert("tickets", {})  # E a table, not its name
to_json({"title": "a"})  # E a row
rows_to_json([new(Ticket, project_id=1, title="a")])  # E a new row is not stored
