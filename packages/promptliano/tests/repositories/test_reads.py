"""What the repositories add to the usual questions: rows with what belongs to them, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from promptliano.repositories import (
    AgentRepository,
    ChatMessageRepository,
    ChatRepository,
    FileRepository,
    ProjectRepository,
    PromptRepository,
    QueueItemRepository,
    QueueRepository,
    TaskRepository,
    TicketRepository,
)
from promptliano.schema import (
    TABLES,
    Agent,
    Chat,
    ChatMessage,
    File,
    Project,
    Prompt,
    PromptProject,
    Queue,
    QueueItem,
    Task,
    Ticket,
)
from schemaroot import Database

START = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def db() -> Iterator[Database]:
    with Database.memory(TABLES) as database:
        yield database


@pytest.fixture
def project(db: Database) -> Project:
    return db.insert(Project, name="Garden", path="/garden")


@pytest.fixture
def ticket(db: Database, project: Project) -> Ticket:
    return db.insert(Ticket, project_id=project.id, title="Gate")


@pytest.fixture
def queue(db: Database, project: Project) -> Queue:
    return db.insert(Queue, project_id=project.id, name="Nightly")


def test_a_ticket_shows_its_live_queue_item_before_a_later_one_that_ended(
    db: Database, ticket: Ticket, queue: Queue
) -> None:
    live = db.insert(QueueItem, queue_id=queue.id, ticket_id=ticket.id, created=START)
    db.insert(QueueItem, queue_id=queue.id, ticket_id=ticket.id, status="failed", created=START + timedelta(days=1))

    view = TicketRepository(db).views([ticket.id])[0]

    assert (view.item, view.queue) == (live, queue)


def test_a_ticket_without_a_live_queue_item_shows_its_latest_one(db: Database, ticket: Ticket, queue: Queue) -> None:
    for day in (2, 3, 1):
        created = START + timedelta(days=day)
        db.insert(QueueItem, queue_id=queue.id, ticket_id=ticket.id, status="failed", attempts=day, created=created)

    item = TicketRepository(db).views([ticket.id])[0].item

    assert item is not None
    assert item.attempts == 3


def test_a_deleted_queue_item_is_not_shown(db: Database, ticket: Ticket, queue: Queue) -> None:
    item = db.insert(QueueItem, queue_id=queue.id, ticket_id=ticket.id)
    QueueItemRepository(db).delete(item.id)

    assert TicketRepository(db).views([ticket.id])[0].item is None


def test_views_come_in_the_order_of_the_ids_and_leave_out_unknown_ones(db: Database, project: Project) -> None:
    ids = [db.insert(Ticket, project_id=project.id, title=f"T{n}").id for n in range(5)]

    assert [view.ticket.id for view in TicketRepository(db).views([ids[3], 999, ids[0]])] == [ids[3], ids[0]]


def test_tasks_are_counted_and_ordered(db: Database, ticket: Ticket) -> None:
    for place, status in ((2, "completed"), (0, "pending"), (1, "completed"), (1, "cancelled")):
        db.insert(Task, ticket_id=ticket.id, content=f"{place} {status}", order_index=place, status=status)  # type: ignore[arg-type]  # mypy sees str in the loop
    gone = db.insert(Task, ticket_id=ticket.id, content="gone", status="completed")
    TaskRepository(db).delete(gone.id)

    tickets = TicketRepository(db)

    assert (tickets.views([ticket.id])[0].tasks, tickets.views([ticket.id])[0].done) == (4, 2)
    assert [task.content for task in tickets.tasks_of(ticket.id)] == [
        "0 pending",
        "1 completed",
        "1 cancelled",
        "2 completed",
    ]


def test_the_number_of_statements_does_not_grow_with_the_rows(db: Database, project: Project, queue: Queue) -> None:
    ids = [db.insert(Ticket, project_id=project.id, title=f"T{n}").id for n in range(40)]
    for id in ids:
        db.insert(Task, ticket_id=id, content="x")
        db.insert(QueueItem, queue_id=queue.id, ticket_id=id)
    tickets, queues, projects = TicketRepository(db), QueueRepository(db), ProjectRepository(db)

    assert statements_of(db, lambda: tickets.views(ids)) == statements_of(db, lambda: tickets.views(ids[:2])) <= 10
    assert statements_of(db, lambda: queues.views([queue.id])) <= 4
    assert statements_of(db, lambda: projects.counts([project.id])) <= 10


def statements_of(db: Database, read: Callable[[], object]) -> int:
    """How many statements a read runs, as the driver sees them."""
    seen: list[str] = []
    with db.snapshot():
        connection = db.held.connection
        assert connection is not None
        connection.raw.set_exec_trace(lambda cursor, sql, bindings: seen.append(sql) is None)
        read()
        connection.raw.set_exec_trace(None)
    return len(seen)


def test_a_project_counts_what_is_live(db: Database, project: Project, ticket: Ticket, queue: Queue) -> None:
    db.insert(Ticket, project_id=project.id, title="done", status="completed")
    gone = db.insert(Ticket, project_id=project.id, title="gone")
    TicketRepository(db).delete(gone.id)
    db.insert(Chat, project_id=project.id, title="c")
    db.insert(File, project_id=project.id, path="a.ts", name="a.ts")

    counts = ProjectRepository(db).counts([project.id])[0]

    assert counts == (project, 2, 1, 1, 1, 1)
    assert ProjectRepository(db).named("/garden") == [project] == ProjectRepository(db).named("Garden")


def test_the_messages_of_a_chat_come_in_order_also_the_last_ones(db: Database) -> None:
    chat = db.insert(Chat, title="c")
    for number in (3, 1, 2):
        created = START + timedelta(seconds=number)
        db.insert(ChatMessage, chat_id=chat.id, role="user", content=str(number), created=created)

    messages = ChatMessageRepository(db)

    assert [message.content for message in messages.of_chat(chat.id)] == ["1", "2", "3"]
    assert [message.content for message in messages.of_chat(chat.id, last=2)] == ["2", "3"]
    assert ChatRepository(db).with_counts([chat.id]) == [(chat, None, 3)]
    assert messages.with_chats([1]) == [(messages.get(1), chat)]


def test_prompts_are_found_through_their_links(db: Database, project: Project) -> None:
    used, unused = (db.insert(Prompt, title=title, content="x") for title in ("used", "unused"))
    other = db.insert(Project, name="Other", path="/other")
    gone = db.insert(Project, name="Gone", path="/gone")
    for of in (project, other, gone):
        db.insert(PromptProject, prompt_id=used.id, project_id=of.id)
    ProjectRepository(db).delete(gone.id)

    prompts = PromptRepository(db)

    assert prompts.all(prompts.used_by(project.id)) == [used]
    assert prompts.with_projects([unused.id, used.id]) == [(unused, []), (used, [project, other])]


def test_agents_are_found_by_slug_within_their_reach(db: Database, project: Project) -> None:
    own = db.insert(Agent, slug="oiler", name="Own", project_id=project.id)
    for_all = db.insert(Agent, slug="oiler", name="All")
    other = db.insert(Agent, slug="oiler", name="Other", project_id=db.insert(Project, name="x", path="/x").id)

    agents = AgentRepository(db)

    assert agents.by_slug("oiler") == [for_all, own, other]
    assert agents.by_slug("oiler", project.id) == [for_all, own]
    assert agents.by_slug("nobody") == []


def test_files_are_found_by_path(db: Database, project: Project) -> None:
    file = db.insert(File, project_id=project.id, path="src/a.ts", name="a.ts")

    assert FileRepository(db).by_path("src/a.ts") == [file]
    assert FileRepository(db).by_path("src/a.ts", project.id + 1) == []


def test_queues_count_their_items_by_status(db: Database, ticket: Ticket, queue: Queue) -> None:
    task = db.insert(Task, ticket_id=ticket.id, content="t")
    empty = db.insert(Queue, project_id=queue.project_id, name="50%_off", description="An idle one")
    db.insert(QueueItem, queue_id=queue.id, ticket_id=ticket.id, status="failed")
    second = db.insert(QueueItem, queue_id=queue.id, ticket_id=ticket.id, position=2)
    first = db.insert(QueueItem, queue_id=queue.id, task_id=task.id, status="in_progress", position=1)

    queues, items = QueueRepository(db), QueueItemRepository(db)

    views = queues.views([queue.id, empty.id])
    assert [view.counts for view in views] == [{"failed": 1, "in_progress": 1, "queued": 1}, {}]
    assert items.waiting_of(queue.id, 10) == [(first, None, task), (second, ticket, None)]
    assert items.latest_of_task(task.id) == (first, queue)
    assert items.latest_of_task(999) is None
    assert queues.named_like(["idle", "0%_"], limit=5) == [empty]
    assert queues.named_like(["5%o"], limit=5) == []


def test_a_task_comes_with_its_ticket(db: Database, ticket: Ticket) -> None:
    task = db.insert(Task, ticket_id=ticket.id, content="t")

    assert TaskRepository(db).with_tickets([task.id]) == [(task, ticket)]
