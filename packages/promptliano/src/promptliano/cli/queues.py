"""`promptliano queue`: tickets and tasks that wait for an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.cli.output import Found
    from promptliano.repositories import QueueView
    from promptliano.schema import QueueItem, Task, Ticket
    from schemaroot.cli.documents import Document


WAITING = 50
"""The most waiting items that a page shows."""


def list_queues(
    database: options.Database = None,
    project: options.Project = None,
    state: Annotated[
        list[str] | None, typer.Option(metavar="STATE", help="active, paused or inactive; repeatable.")
    ] = None,
    sort: options.Sort = "name",
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List queues by name, with the number of their items by status."""
    from typing import get_args

    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import QueueRepository
    from promptliano.schema import Queue, QueueState

    states = opening.checked("--state", state, get_args(QueueState))
    with opening.opened(database, read_only=read_only) as db:
        queues = QueueRepository(db, cursor_key=opening.PAGE_KEY)
        conditions = [Queue.project_id == of] if (of := opening.project_id_of(db, project)) is not None else []
        if states:
            conditions.append(Queue.state.in_(states))
        page = queues.page(*conditions, sort=sort, limit=limit, offset=offset, cursor=cursor, total=True)
        views = queues.views([queue.id for queue in page.items])
    print_views(Found(views, page.total, page.next_cursor, offset, opening.again(database)), as_json=as_json)


def search_queues(
    words: options.Words,
    database: options.Database = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find queues whose name or description holds all the words."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import QueueRepository

    with opening.opened(database, read_only=read_only) as db:
        queues = QueueRepository(db)
        found = queues.named_like(words, limit=limit + 1, offset=offset)
        views = queues.views([queue.id for queue in found[:limit]])
    print_views(Found(views, offset=offset, more=len(found) > limit, again=opening.again(database)), as_json=as_json)


def show_queue(
    id: options.Id,
    database: options.Database = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one queue with its counts and what waits in it."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.repositories import QueueItemRepository, QueueRepository
    from schemaroot.cli.output import print_json

    with opening.opened(database, read_only=read_only) as db:
        views = QueueRepository(db).views([id])
        if not views:
            raise opening.not_found("queue", id)
        waiting = QueueItemRepository(db).waiting_of(id, WAITING)
    if as_json:
        items = [document(item) for item, _, _ in waiting]
        print_json(as_document(views[0]) | {"project": document(views[0].project), "items": items})
    else:
        print_page(views[0], waiting)


def as_document(view: QueueView) -> Document:
    """A queue as JSON has it: its columns and its counts."""
    from promptliano.cli.documents import document

    return document(view.queue, counts=dict(view.counts))


def print_views(found: Found[QueueView], *, as_json: bool) -> None:
    """Prints queues as a table, or as one document."""
    from promptliano.cli.output import colour, print_found
    from schemaroot.cli.output import Column

    def number(view: QueueView, *statuses: str) -> str:
        return f"{sum(amount for status, amount in view.counts.items() if status in statuses):,}"

    columns: list[Column[QueueView]] = [
        Column("ID", lambda view: str(view.queue.id), right=True),
        Column("NAME", lambda view: view.queue.name, grows=True),
        Column("STATE", lambda view: view.queue.state, lambda view: colour(view.queue.state)),
        Column("QUEUED", lambda view: number(view, "queued"), right=True),
        Column("IN PROGRESS", lambda view: number(view, "in_progress"), right=True),
        Column("COMPLETED", lambda view: number(view, "completed"), right=True),
        Column("FAILED", lambda view: number(view, "failed", "dead"), right=True),
        Column("PROJECT", lambda view: view.project.name, minor=True),
    ]
    print_found("queue", found, columns, as_document, as_json=as_json, key=lambda view: view.queue.id)


def print_page(view: QueueView, waiting: list[tuple[QueueItem, Ticket | None, Task | None]]) -> None:
    """Prints one queue as a page."""
    from promptliano.cli.output import colour
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Column, Sheet, print_table

    def target(row: tuple[QueueItem, Ticket | None, Task | None]) -> str:
        _, ticket, task = row
        return f"ticket {ticket.id}  {ticket.title}" if ticket else f"task {task.id}  {task.content}" if task else ""

    queue, moment, sheet = view.queue, now(), Sheet()
    sheet.title("Queue", queue.id, queue.name)
    sheet.states((queue.state, colour(queue.state)), (view.project.name, ""))
    sheet.line()
    sheet.fields(
        project=f"{view.project.name} ({view.project.id})",
        description=queue.description,
        at_once=f"at most {text.count(queue.max_parallel_items, 'item')}",
        items=", ".join(f"{number:,} {text.words(status)}" for status, number in view.counts.items()) or "none",
        created=text.full_moment(queue.created, moment),
        updated=text.full_moment(queue.updated, moment),
    )
    sheet.section("Waiting or in progress" if waiting else "Nothing waits in it")
    columns: list[Column[tuple[QueueItem, Ticket | None, Task | None]]] = [
        Column("PLACE", lambda row: str(row[0].position), right=True),
        Column("WHAT", target, grows=True),
        Column("STATUS", lambda row: text.words(row[0].status), lambda row: colour(row[0].status)),
        Column("PRIORITY", lambda row: str(row[0].priority or ""), right=True),
        Column("AGENT", lambda row: row[0].agent or "", minor=True),
        Column("SINCE", lambda row: text.moment(row[0].started or row[0].enqueued, moment), minor=True),
    ]
    if waiting:
        print_table(columns, waiting, indent=2)


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list",
        epilog=examples("promptliano queue list --project Wiesenkarte", "promptliano queue list --state active --json"),
    )(list_queues)
    commands.command(
        "search", epilog=examples("promptliano queue search nightly", "promptliano queue search review --json")
    )(search_queues)
    commands.command(
        "show", epilog=examples("promptliano queue show 1740000000123", "promptliano queue show 1740000000123 --json")
    )(show_queue)
