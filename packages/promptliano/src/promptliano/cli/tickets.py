"""`promptliano ticket`: tickets, each with its project, its place in a queue and its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from datetime import datetime

    from promptliano.cli.output import Found
    from promptliano.repositories import TicketView
    from promptliano.schema import Queue, QueueItem, Task
    from schemaroot.cli.documents import Document


def list_tickets(
    database: options.Database = None,
    project: options.Project = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="open, in_progress, completed or archived; repeatable.")
    ] = None,
    priority: Annotated[
        list[str] | None, typer.Option(metavar="PRIORITY", help="low, normal, high or urgent; repeatable.")
    ] = None,
    sort: options.Sort = "-created",
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List tickets, the newest first."""
    from typing import get_args

    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import TicketRepository
    from promptliano.schema import Ticket, TicketPriority, TicketStatus

    statuses = opening.checked("--status", status, get_args(TicketStatus))
    priorities = opening.checked("--priority", priority, get_args(TicketPriority))
    with opening.opened(database, read_only=read_only) as db:
        tickets = TicketRepository(db, cursor_key=opening.PAGE_KEY)
        conditions = [Ticket.project_id == of] if (of := opening.project_id_of(db, project)) is not None else []
        if statuses:
            conditions.append(Ticket.status.in_(statuses))
        if priorities:
            conditions.append(Ticket.priority.in_(priorities))
        page = tickets.page(*conditions, sort=sort, limit=limit, offset=offset, cursor=cursor, total=True)
        views = tickets.views([ticket.id for ticket in page.items])
    print_views(Found(views, page.total, page.next_cursor, offset, opening.again(database)), as_json=as_json)


def search_tickets(
    words: options.Words,
    database: options.Database = None,
    project: options.Project = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find tickets by words in title and overview, the best match first."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import TicketRepository
    from promptliano.schema import Ticket

    with opening.opened(database, read_only=read_only) as db:
        tickets = TicketRepository(db)
        conditions = [Ticket.project_id == of] if (of := opening.project_id_of(db, project)) is not None else []
        found = tickets.search(" ".join(words), *conditions, limit=limit + 1, offset=offset, prefix=True)
        views = tickets.views([ticket.id for ticket in found[:limit]])
    print_views(Found(views, offset=offset, more=len(found) > limit, again=opening.again(database)), as_json=as_json)


def show_ticket(
    id: options.Id,
    database: options.Database = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one ticket with its project, its place in a queue and its tasks."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.repositories import TicketRepository
    from schemaroot.cli.output import print_json

    with opening.opened(database, read_only=read_only) as db:
        tickets = TicketRepository(db)
        views = tickets.views([id])
        if not views:
            raise opening.not_found("ticket", id)
        tasks = tickets.tasks_of(id)
    view = views[0]
    if as_json:
        print_json(as_document(view) | {"project": document(view.project), "tasks": [document(task) for task in tasks]})
    else:
        print_page(view, tasks, opening.again(database))


def print_views(found: Found[TicketView], *, as_json: bool) -> None:
    """Prints tickets as a table, or as one document."""
    from promptliano.cli.output import colour, print_found
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Column

    moment = now()
    columns: list[Column[TicketView]] = [
        Column("ID", lambda view: str(view.ticket.id), right=True),
        Column("TITLE", lambda view: view.ticket.title, grows=True),
        Column("STATUS", lambda view: text.words(view.ticket.status), lambda view: colour(view.ticket.status)),
        Column("PRIORITY", lambda view: view.ticket.priority, lambda view: colour(view.ticket.priority)),
        Column("TASKS", lambda view: f"{view.done}/{view.tasks}" if view.tasks else "", right=True),
        Column(
            "QUEUE",
            lambda view: text.words(view.item.status) if view.item else "",
            lambda view: colour(view.item.status) if view.item else "",
        ),
        Column("PROJECT", lambda view: view.project.name, minor=True),
        Column("CREATED", lambda view: text.moment(view.ticket.created, moment), minor=True),
    ]
    print_found("ticket", found, columns, as_document, as_json=as_json, key=lambda view: view.ticket.id)


def as_document(view: TicketView) -> Document:
    """A ticket as JSON has it: its columns, its queue fields, its counts."""
    from promptliano.cli.documents import document

    return document(
        view.ticket, queue=queue_document(view.item, view.queue), task_count=view.tasks, done_count=view.done
    )


def queue_document(item: QueueItem | None, queue: Queue | None) -> Document | None:
    """The queue fields of a ticket or task, out of its queue item."""
    if item is None or queue is None:
        return None
    from promptliano.cli.documents import document

    fields = document(item)
    kept = ("queueId", "status", "position", "priority", "agent", "error", "enqueued", "started", "finished")
    times = ("attempts", "estimatedMs", "actualMs")
    return {"itemId": item.id, "name": queue.name, **{name: fields[name] for name in (*kept, *times)}}


def queue_words(item: QueueItem | None, queue: Queue | None, now: datetime) -> str:
    """The queue state of a ticket or task in a line."""
    if item is None or queue is None:
        return ""
    from schemaroot.cli import text

    parts = [f"{text.words(item.status)} in {queue.name} ({queue.id})"]
    if item.status == "queued" and item.position:
        parts.append(f"place {item.position}")
    if item.priority:
        parts.append(f"priority {item.priority}")
    if item.agent:
        parts.append(f"agent {item.agent}")
    last = item.finished or item.started or item.enqueued
    parts.append(text.moment(last, now))
    if item.actual_ms is not None:
        parts.append(f"took {text.duration(item.actual_ms)}")
    return ", ".join(parts)


def print_page(view: TicketView, tasks: list[Task], again: str) -> None:
    """Prints one ticket as a page."""
    from promptliano.cli.output import colour
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Sheet, talk

    ticket, moment, sheet = view.ticket, now(), Sheet()
    sheet.title("Ticket", ticket.id, ticket.title)
    priority = f"{ticket.priority} priority"
    sheet.states(
        (text.words(ticket.status), colour(ticket.status)),
        (priority, colour(ticket.priority)),
        (view.project.name, ""),
    )
    sheet.line()
    sheet.fields(
        project=f"{view.project.name} ({view.project.id})",
        queue=queue_words(view.item, view.queue, moment),
        error=view.item.error or "" if view.item else "",
        tags=", ".join(ticket.tags),
        agents=", ".join(ticket.suggested_agents),
        files=", ".join(map(str, ticket.suggested_file_ids)),
        prompts=", ".join(map(str, ticket.suggested_prompt_ids)),
        created=text.full_moment(ticket.created, moment),
        updated=text.full_moment(ticket.updated, moment),
    )
    if ticket.overview:
        sheet.line()
        sheet.block(ticket.overview)
    sheet.section(f"Tasks ({view.done} of {view.tasks} done)" if tasks else "No tasks")
    if tasks:
        print_checklist(tasks)
        talk(f"Look at one: promptliano task show {tasks[0].id}{again}")


_BOXES = {"pending": "[ ]", "in_progress": "[~]", "completed": "[x]", "cancelled": "[-]"}


def print_checklist(tasks: list[Task]) -> None:
    """Prints tasks as a checklist: `[x]` done, `[ ]` to do, `[~]` in progress, `[-]` cancelled."""
    from promptliano.cli.output import colour
    from schemaroot.cli.output import Column, print_table

    columns: list[Column[Task]] = [
        Column(" ", lambda task: _BOXES[task.status], lambda task: colour(task.status)),
        Column("  ", lambda task: task.content, grows=True),
        Column(
            "   ", lambda task: f"{task.estimated_hours:g} h" if task.estimated_hours is not None else "", right=True
        ),
        Column("    ", lambda task: task.agent or "", style="dim", minor=True),
        Column("     ", lambda task: str(task.id), style="dim", right=True),
    ]
    print_table(columns, tasks, indent=2)


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list",
        epilog=examples(
            "promptliano ticket list --status open --limit 50",
            "promptliano ticket list --project Wiesenkarte --priority high --sort=-updated",
        ),
    )(list_tickets)
    commands.command(
        "search",
        epilog=examples(
            "promptliano ticket search login page", "promptliano ticket search layout --project Wiesenkarte --json"
        ),
    )(search_tickets)
    commands.command(
        "show", epilog=examples("promptliano ticket show 1740000000123", "promptliano ticket show 1740000000123 --json")
    )(show_ticket)
