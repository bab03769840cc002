"""`promptliano project`: projects, and how much belongs to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.cli.output import Found
    from promptliano.repositories import ProjectCounts
    from schemaroot.cli.documents import Document


def list_projects(
    database: options.Database = None,
    sort: options.Sort = "name",
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List projects by name, with how much belongs to each."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import ProjectRepository

    with opening.opened(database, read_only=read_only) as db:
        projects = ProjectRepository(db, cursor_key=opening.PAGE_KEY)
        page = projects.page(sort=sort, limit=limit, offset=offset, cursor=cursor, total=True)
        counts = projects.counts([project.id for project in page.items])
    print_counts(Found(counts, page.total, page.next_cursor, offset, opening.again(database)), as_json=as_json)


def search_projects(
    words: options.Words,
    database: options.Database = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find projects by words in name and description, the best match first."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import ProjectRepository

    with opening.opened(database, read_only=read_only) as db:
        projects = ProjectRepository(db)
        found = projects.search(" ".join(words), limit=limit + 1, offset=offset, prefix=True)
        counts = projects.counts([project.id for project in found[:limit]])
    print_counts(Found(counts, offset=offset, more=len(found) > limit, again=opening.again(database)), as_json=as_json)


def show_project(
    wanted: Annotated[str, typer.Argument(metavar="ID|NAME", help="Its id, its name or its path.")],
    database: options.Database = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one project with its counts and its newest tickets."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.repositories import ProjectRepository, TicketRepository
    from promptliano.schema import Ticket
    from schemaroot.cli.output import print_json

    with opening.opened(database, read_only=read_only) as db:
        id = opening.project_id_of(db, wanted)
        assert id is not None
        counts = ProjectRepository(db).counts([id])[0]
        tickets = TicketRepository(db)
        by_status = tickets.count_by(Ticket.status, Ticket.project_id == id)
    if as_json:
        by_name = {str(status): number for status, number in by_status.items()}
        print_json(as_document(counts) | {"ticketsByStatus": by_name, **document(counts.project)})
    else:
        print_page(counts, {str(status): number for status, number in by_status.items()}, opening.again(database))


def as_document(counts: ProjectCounts) -> Document:
    """A project as JSON has it: its columns and its counts."""
    from promptliano.cli.documents import document

    return document(
        counts.project,
        ticket_count=counts.tickets,
        open_ticket_count=counts.open_tickets,
        chat_count=counts.chats,
        file_count=counts.files,
        queue_count=counts.queues,
    )


def print_counts(found: Found[ProjectCounts], *, as_json: bool) -> None:
    """Prints projects as a table, or as one document."""
    from promptliano.cli.output import print_found
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Column

    moment = now()
    columns: list[Column[ProjectCounts]] = [
        Column("ID", lambda counts: str(counts.project.id), right=True),
        Column("NAME", lambda counts: counts.project.name, grows=True),
        Column("PATH", lambda counts: counts.project.path, grows=True),
        Column("OPEN", lambda counts: f"{counts.open_tickets}/{counts.tickets}", right=True),
        Column("FILES", lambda counts: f"{counts.files:,}", right=True, minor=True),
        Column("CHATS", lambda counts: f"{counts.chats:,}", right=True, minor=True),
        Column("CREATED", lambda counts: text.moment(counts.project.created, moment), minor=True),
    ]
    print_found("project", found, columns, as_document, as_json=as_json, key=lambda counts: counts.project.id)


def print_page(counts: ProjectCounts, by_status: dict[str, int], again: str) -> None:
    """Prints one project as a page."""
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Sheet, talk

    project, moment, sheet = counts.project, now(), Sheet()
    sheet.title("Project", project.id, project.name)
    sheet.line()
    states = ", ".join(f"{number:,} {text.words(status)}" for status, number in by_status.items())
    sheet.fields(
        path=project.path,
        description=project.description,
        tags=", ".join(project.tags),
        tickets=f"{counts.tickets:,} ({states})" if states else "0",
        chats=f"{counts.chats:,}",
        files=f"{counts.files:,}",
        queues=f"{counts.queues:,}",
        created=text.full_moment(project.created, moment),
        updated=text.full_moment(project.updated, moment),
    )
    talk(f"Its tickets: promptliano ticket list --project {project.id}{again}")


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list", epilog=examples("promptliano project list", "promptliano project list --sort=-created --json")
    )(list_projects)
    commands.command(
        "search",
        epilog=examples("promptliano project search garden", "promptliano project search seed catalogue --json"),
    )(search_projects)
    commands.command(
        "show", epilog=examples("promptliano project show Wiesenkarte", "promptliano project show 1740000000123 --json")
    )(show_project)
