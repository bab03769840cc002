"""The parent and its children, before and after one default of the parent changes."""

from __future__ import annotations

from schemaroot import Col, Ref, Table, auto_id, references, text


def declared(state: str) -> list[type[Table]]:
    """The two tables; `state` is the default of the column that changes."""

    class Project(Table, name="projects"):
        id: Col[int] = auto_id()
        name: Col[str] = text()
        status: Col[str] = text(default=state)

    class Ticket(Table, name="tickets"):
        id: Col[int] = auto_id()
        project_id: Ref[Project, int] = references(lambda: Project.id, on_delete="cascade")
        title: Col[str] = text()

    return [Project, Ticket]
