"""What an insert asks for, and what it refuses.

`Ticket(...)` itself raises when it runs, but no checker reports it: what it would take is what types an insert.
"""

from __future__ import annotations

from typing import assert_type

from tables import Project, Status, Task, Ticket, db, use

from schemaroot import New, new, now

assert_type(db.insert(Project, name="x"), Project)
assert_type(new(Ticket, project_id=1, title="a"), New[Ticket])
assert_type(new(Ticket, project_id=1, title="a").with_(Ticket.id.to(7), Ticket.deleted.to(now())), New[Ticket])
assert_type(db.insert_new(new(Project, name="x")), Project)
assert_type(db.insert_many([new(Project, name="x"), new(Project, name="y")]), list[Project])
assert_type(db.upsert(new(Project, name="x"), on=[Project.name], update=[Project.name, Project.id]), Project)
db.insert(Ticket, project_id=1, title="a", parent_id=None, weight=2, status="done", tags=["a"], extra={"a": [1, None]})

db.insert(Ticket, project_id=1)  # E missing
db.insert(Ticket)  # E all missing
db.insert(Ticket, project_id=1, titel="a")  # E misspelt
db.insert(Ticket, project_id=1, title=2)  # E wrong type
db.insert(Ticket, project_id="1", title="a")  # E wrong type of a key
db.insert(Ticket, project_id=1, title=None)  # E null where it is not allowed
db.insert(Ticket, project_id=None, title="a")  # E null where it is not allowed
db.insert(Ticket, project_id=1, title="a", status="bogus")  # E not in the enumeration
db.insert(Ticket, project_id=1, title="a", rank=4)  # E not in the enumeration
db.insert(Ticket, project_id=1, title="a", created=0)  # E a moment is a datetime
db.insert(Ticket, project_id=1, title="a", id=5)  # E filled by the database
db.insert(Ticket, project_id=1, title="a", deleted=now())  # E set by deleting
db.insert(Ticket, project_id=1, title="a", length=1)  # E computed by the database
db.insert(Ticket, project_id=1, title="a", content="x")  # E another table's column
db.insert(Ticket, 1, "a")  # E by keyword only
new(Ticket, project_id=1)  # E missing
new(Ticket, project_id=1, title="a", status="bogus")  # E not in the enumeration
new(str, "a")  # E not a table
new(Ticket, project_id=1, title="a").with_(Task.id.to(7))  # E another table's column
new(Ticket, project_id=1, title="a").with_(Ticket.id.to("7"))  # E wrong type
db.insert_new(Project)  # E a class is not a row


def store(task: New[Task], label: Status) -> None:
    """Wants the insert of a task."""
    use((task, label))


store(new(Task, ticket_id=1, content="x"), "open")
store(new(Ticket, project_id=1, title="a"), "open")  # E another table's insert
tasks: list[New[Task]] = [new(Ticket, project_id=1, title="a")]  # E another table's insert
db.insert_many([new(Project, name="x"), new(Task, ticket_id=1, content="x")])  # E rows of two tables
db.insert_many([Project])  # E classes are not rows
db.upsert(new(Project, name="x"), on=[Ticket.title])  # E another table's column
db.upsert(new(Project, name="x"), on=[Project.name], update=[Task.content])  # E another table's column
db.upsert(new(Project, name="x"), on=["name"])  # E columns, not names
