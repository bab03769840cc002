"""`promptliano task`: the steps of tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.cli.output import Found
    from promptliano.schema import Queue, QueueItem, Task, Ticket


def list_tasks(
    database: options.Database = None,
    ticket: Annotated[int | None, typer.Option(metavar="ID", help="Only the tasks of this ticket.")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="STATUS", help="pending, in_progress, completed or cancelled; repeatable."),
    ] = None,
    agent: Annotated[str | None, typer.Option(metavar="SLUG", help="Only the tasks of this agent.")] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="FIELDS", help="Sort by these fields, - in front for descending."),
    ] = None,
    limit: options.Limit = 50,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List tasks: those of one ticket in their order, else the newest first."""
    from typing import get_args

    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import TaskRepository, TicketRepository
    from promptliano.schema import Task, TaskStatus

    statuses = opening.checked("--status", status, get_args(TaskStatus))
    with opening.opened(database, read_only=read_only) as db:
        tasks = TaskRepository(db, cursor_key=opening.PAGE_KEY)
        conditions = [Task.ticket_id == ticket] if ticket is not None else []
        if ticket is not None and TicketRepository(db).find(ticket) is None:
            raise opening.not_found("ticket", ticket)
        if statuses:
            conditions.append(Task.status.in_(statuses))
        if agent is not None:
            conditions.append(Task.agent == agent)
        order = sort if sort is not None else "-created" if ticket is None else "order_index,created"
        page = tasks.page(*conditions, sort=order, limit=limit, offset=offset, cursor=cursor, total=True)
        rows = tasks.with_tickets([task.id for task in page.items])
    found = Found(rows, page.total, page.next_cursor, offset, opening.again(database))
    print_rows(found, as_json=as_json, of_one=ticket is not None)


def search_tasks(
    words: options.Words,
    database: options.Database = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find tasks by words in content and description, the best match first."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import TaskRepository

    with opening.opened(database, read_only=read_only) as db:
        tasks = TaskRepository(db)
        found = tasks.search(" ".join(words), limit=limit + 1, offset=offset, prefix=True)
        rows = tasks.with_tickets([task.id for task in found[:limit]])
    print_rows(Found(rows, offset=offset, more=len(found) > limit, again=opening.again(database)), as_json=as_json)


def show_task(
    id: options.Id,
    database: options.Database = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one task with its ticket and its place in a queue."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.cli.tickets import queue_document
    from promptliano.repositories import QueueItemRepository, TaskRepository
    from schemaroot.cli.output import print_json

    with opening.opened(database, read_only=read_only) as db:
        rows = TaskRepository(db).with_tickets([id])
        if not rows:
            raise opening.not_found("task", id)
        item, queue = QueueItemRepository(db).latest_of_task(id) or (None, None)
    task, ticket = rows[0]
    if as_json:
        print_json(document(task, ticket=ticket) | {"queue": queue_document(item, queue)})
    else:
        print_page(task, ticket, item, queue, opening.again(database))


def print_rows(found: Found[tuple[Task, Ticket]], *, as_json: bool, of_one: bool = False) -> None:
    """Prints tasks as a table, or as one document; the ticket is left out where it is the same for all."""
    from promptliano.cli.documents import document
    from promptliano.cli.output import colour, print_found
    from schemaroot.cli import text
    from schemaroot.cli.output import Column

    columns: list[Column[tuple[Task, Ticket]]] = [
        Column("ID", lambda row: str(row[0].id), right=True),
        Column("TASK", lambda row: row[0].content, grows=True),
        Column("STATUS", lambda row: text.words(row[0].status), lambda row: colour(row[0].status)),
        Column("HOURS", lambda row: text.hours(row[0].estimated_hours), right=True),
        Column("AGENT", lambda row: row[0].agent or "", minor=True),
    ]
    if not of_one:
        columns.insert(2, Column("TICKET", lambda row: row[1].title, grows=True, minor=True))
    print_found("task", found, columns, lambda row: document(row[0]), as_json=as_json, key=lambda row: row[0].id)


def print_page(task: Task, ticket: Ticket, item: QueueItem | None, queue: Queue | None, again: str) -> None:
    """Prints one task as a page."""
    from promptliano.cli.output import colour
    from promptliano.cli.tickets import queue_words
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Sheet, talk

    moment, sheet = now(), Sheet()
    sheet.title("Task", task.id, task.content)
    sheet.states((text.words(task.status), colour(task.status)))
    sheet.line()
    sheet.fields(
        ticket=f"{ticket.title} ({ticket.id})",
        queue=queue_words(item, queue, moment),
        error=item.error or "" if item else "",
        agent=task.agent or "",
        estimate=text.hours(task.estimated_hours, " h"),
        after=", ".join(map(str, task.dependencies)),
        tags=", ".join(task.tags),
        agents=", ".join(task.suggested_agents),
        files=", ".join(map(str, task.suggested_file_ids)),
        prompts=", ".join(map(str, task.suggested_prompt_ids)),
        created=text.full_moment(task.created, moment),
        updated=text.full_moment(task.updated, moment),
    )
    if task.description:
        sheet.line()
        sheet.block(task.description)
    talk(f"Its ticket: promptliano ticket show {ticket.id}{again}")


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list",
        epilog=examples(
            "promptliano task list --ticket 1740000000123",
            "promptliano task list --status in_progress --agent test-scribe",
        ),
    )(list_tasks)
    commands.command(
        "search",
        epilog=examples("promptliano task search write tests", "promptliano task search import --limit 5 --json"),
    )(search_tasks)
    commands.command(
        "show", epilog=examples("promptliano task show 1740000000123", "promptliano task show 1740000000123 --json")
    )(show_task)
