"""How is a clean database of the later ("drizzle era") application made? `write_later` does it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from promptliano.legacy.sample.agents import AGENTS, MISSING_AGENT
from promptliano.legacy.sample.content import DAY, HOUR, MINUTE, SECOND, Json, checksum, compact
from promptliano.legacy.sample.files import ordinary_files, special_files
from promptliano.legacy.sample.later_schema import indexes_of
from promptliano.legacy.sample.later_side import add_file_analysis, add_git, add_models, add_tool_calls
from promptliano.legacy.sample.later_side_schema import tables_of_later
from promptliano.legacy.sample.queueing import SHAPES, Shape, latest, queue_columns, shape_of
from promptliano.legacy.sample.words import QUEUE_NAMES, THEMES
from promptliano.legacy.sample.world import Project, StoredFile, World
from promptliano.legacy.sample.writing import Row, SampleCounts, Value, write_database

_AGENT_IDS = (*(agent.id for agent in AGENTS), MISSING_AGENT)
# Task statuses beside `done`; the queue set only `done`, so the two drifted.
_TASK_STATES = (
    ("pending", 0),
    ("pending", 1),
    ("completed", 1),
    ("in_progress", 0),
    ("cancelled", 0),
    ("in_progress", 1),
    ("cancelled", 1),
)
_UNLISTED: tuple[Shape, ...] = ("queued_null", "unmarked")


def write_later(path: Path, *, scale: int = 1, seed: int = 1) -> SampleCounts:
    """Write a clean database of the later era to a new file and say how many rows each table holds.

    `scale` 0 gives somewhat over a hundred rows with every quirk at least once, 1 about 2,400, more in proportion.
    Raises FileExistsError when `path` is taken.
    """
    world = World(scale, seed)
    _add_projects(world)
    for project in world.projects:
        _add_files(world, project)
    _add_selected_files(world)
    _add_queues(world)
    _add_prompts(world)
    _add_tickets(world)
    _add_chats(world)
    _add_streams(world)
    _add_odd_queue_items(world)
    _add_provider_keys(world)
    add_tool_calls(world)
    add_git(world)
    add_file_analysis(world)
    add_models(world)
    _add_bookkeeping(world)
    return write_database(path, tables_of_later(), indexes_of, world.rows)


def _add(world: World, table: str, values: Row) -> Row:
    """Add a row with the next small id of its table in front."""
    return world.add(table, {"id": len(world.rows.get(table, ())) + 1, **values})


def _id(row: Row) -> int:
    number = row["id"]
    assert isinstance(number, int)
    return number


def _add_projects(world: World) -> None:
    """Add the projects; the last one is the first one's folder a second time, which nothing forbade."""
    content = world.content
    moment = content.start
    themes = THEMES[: min(1 + 2 * world.scale, len(THEMES))]
    for number, theme in enumerate((*themes, themes[0])):
        moment = content.after(moment, HOUR, 5 * HOUR)
        again = number == len(themes)
        row: Row = {
            "name": f"{theme.name} (again)" if again else theme.name,
            "description": None if again else theme.description,
            "path": theme.path,
            "created_at": moment,
            "updated_at": moment,
        }
        world.projects.append(Project(_id(_add(world, "projects", row)), theme, moment))


def _add_files(world: World, project: Project) -> None:
    """Add a project's files: ids are text, checksums are cut to 16 digits, empty lists come in three spellings."""
    content = world.content
    files = list(islice(ordinary_files(content, project.theme), world.sized(2, 480) // len(world.projects)))
    if project is world.projects[0]:
        files = special_files(content, project.theme) + files
    elif project is world.projects[-1]:
        files = special_files(content, project.theme)[:2] + files
    moment = content.after(project.created, MINUTE, 30 * MINUTE)
    for number, file in enumerate(files):
        empty = (None, "null", "[]")[number % 3]
        stored = StoredFile(f"{project.id}_{file.path}", file.path)
        project.files.append(stored)
        world.add(
            "files",
            {
                "id": stored.id,
                "project_id": project.id,
                "name": file.name,
                "path": file.path,
                "extension": file.extension or None,
                "size": file.size,
                "last_modified": moment - DAY if content.maybe(0.3) else None,
                "content_type": "text/plain" if content.maybe(0.3) else None,
                "content": file.kept_text,
                "meta": (None, "null", "{}")[number % 3],
                "checksum": checksum(file.text)[:16] if number else None,
                "imports": compact(file.imports) if file.imports else empty,
                "exports": compact(file.exports) if file.exports else empty,
                "is_relevant": int(content.maybe(0.1)),
                "relevance_score": content.chance.randint(1, 99) / 100 if content.maybe(0.2) else None,
                "created_at": moment,
                "updated_at": moment,
            },
        )


def _add_selected_files(world: World) -> None:
    """Add selected files, one of them twice, which its index allows in spite of its name."""
    content = world.content
    for project in world.projects:
        moment = content.after(project.created, DAY, 2 * DAY)
        chosen = content.some(project.files, world.sized(2, 10), least=1)
        for number, file in enumerate([*chosen, chosen[0]]):
            selected: Row = {"project_id": project.id, "file_id": file.id, "selected_at": moment + number * 500}
            selected |= {"selection_reason": "asked for" if number == 1 else None, "is_active": int(number != 2)}
            _add(world, "selected_files", selected)


def _add_queues(world: World) -> None:
    content = world.content
    for project in world.projects:
        moment = content.after(project.created, 2 * DAY, 3 * DAY)
        for number, name in enumerate(QUEUE_NAMES[: 2 + min(world.scale, 1)]):
            moment = content.after(moment, MINUTE, 20 * MINUTE)
            row: Row = {
                "project_id": project.id,
                "name": name,
                "description": content.sentence(project.theme) if number else None,
                "max_parallel_items": content.chance.randint(1, 4),
                "is_active": int(number != 1),
                "created_at": moment,
                "updated_at": moment,
            }
            project.queues.append(_id(_add(world, "queues", row)))


def _add_prompts(world: World) -> None:
    content = world.content
    moment = content.after(content.start, 4 * DAY, 5 * DAY)
    for number in range(world.sized(4, 40)):
        moment = content.after(moment, MINUTE, HOUR)
        project = world.projects[number % len(world.projects)]
        row: Row = {
            "project_id": None if number % 4 == 1 else project.id,
            "title": content.prompt_title(project.theme),
            "content": content.prompt(project.theme),
            "description": content.sentence(project.theme) if number % 3 == 2 else None,
            "tags": compact(["plan", "größe"] if number == 0 else content.tags()),
            "created_at": moment,
            "updated_at": moment,
        }
        project.prompts.append(_id(_add(world, "prompts", row)))


def _add_tickets(world: World) -> None:
    """Add tickets with tasks; the first of each go through every queue state, most have a queue item as well."""
    content = world.content
    moment = content.after(content.start, 6 * DAY, 7 * DAY)
    for number in range(world.sized(len(SHAPES), 130)):
        moment = content.after(moment, 10 * MINUTE, 6 * HOUR)
        project = world.projects[number % len(world.projects)]
        shape = shape_of(world, number)
        queue = queue_columns(world, project, shape, moment, content.pick(_AGENT_IDS))
        ticket: Row = {
            "project_id": project.id,
            "title": content.title(project.theme),
            "overview": (content.overview(project.theme) if number > 1 else "") or (None, "")[number % 2],
            "status": "closed" if shape == "finished_outside" else content.pick(("open", "in_progress", "closed")),
            "priority": content.pick(("low", "normal", "normal", "high")),
            "suggested_file_ids": compact([file.id for file in content.some(project.files, 3, least=number == 0)]),
            "suggested_agent_ids": compact(content.some(_AGENT_IDS, 2)),
            "suggested_prompt_ids": compact(content.some(project.prompts, 2)),
            **queue,
            "created_at": moment,
            "updated_at": latest(moment, queue),
        }
        _add(world, "tickets", ticket)
        _add_queue_item(world, project, "ticket", number + 1, shape, queue)
        _add_tasks(world, project, number, moment)


def _add_tasks(world: World, project: Project, number: int, moment: int) -> None:
    content = world.content
    earlier: list[int] = []
    for place in range(content.chance.randint(2, 6) if world.scale else 1 + (number < 2)):
        moment = content.after(moment, SECOND, HOUR)
        count = len(world.rows.get("ticket_tasks", ()))
        shape = shape_of(world, count)
        queue = queue_columns(world, project, shape, moment, content.pick(_AGENT_IDS))
        status, done = _TASK_STATES[count] if count < len(_TASK_STATES) else content.pick(_TASK_STATES[:5])
        task: Row = {
            "ticket_id": number + 1,
            "content": content.task(project.theme),
            "description": content.sentence(project.theme)
            if count > 1 and content.maybe(0.6)
            else (None, "")[count % 2],
            "suggested_file_ids": compact([file.id for file in content.some(project.files, 2)]),
            "done": done,
            "status": status,
            "order_index": place,
            "estimated_hours": content.pick((0.5, 2.0, 3.25)) if content.maybe(0.4) else None,
            "dependencies": compact(content.some(earlier, 1, least=1)),
            "tags": compact(content.tags()),
            "agent_id": content.pick(_AGENT_IDS) if content.maybe(0.4) else None,
            "suggested_prompt_ids": compact(content.some(project.prompts, 1)),
            **queue,
            "created_at": moment,
            "updated_at": latest(moment, queue),
        }
        earlier.append(_id(_add(world, "ticket_tasks", task)))
        _add_queue_item(world, project, "task", count + 1, shape, queue)


def _add_queue_item(world: World, project: Project, kind: str, number: int, shape: Shape, queue: Row) -> None:
    """Add the item that tells a queue state a second time, in step or not.

    One enqueue call in a while wrote two; a pause put items back to queued; leaving a queue left the item behind.
    """
    left = shape == "finished_outside"
    if (queue["queue_id"] is None and not left) or shape in _UNLISTED:
        return
    behind = left or shape == "retried"
    started_at, completed_at = (None, None) if behind else (queue["queue_started_at"], queue["queue_completed_at"])
    created_at = queue["queued_at"] or queue["queue_started_at"]
    item: dict[str, Value] = {
        "queue_id": queue["queue_id"] or project.queues[0],
        "item_type": kind,
        "item_id": number,
        "priority": queue["queue_priority"] or 5,
        "status": "queued" if behind else queue["queue_status"],
        "agent_id": queue["queue_agent_id"],
        "error_message": queue["queue_error_message"],
        "estimated_processing_time": queue["estimated_processing_time"],
        "actual_processing_time": queue["actual_processing_time"],
        "started_at": started_at,
        "completed_at": completed_at,
        "created_at": created_at,
        "updated_at": completed_at or started_at or created_at,
    }
    _add(world, "queue_items", item)
    if shape in ("queued", "completed") and (number <= len(SHAPES) or number % 11 == 0):
        twin = item | {"status": "queued", "agent_id": None, "started_at": None, "completed_at": None}
        _add(world, "queue_items", twin | {"actual_processing_time": None, "updated_at": created_at})


def _add_odd_queue_items(world: World) -> None:
    """Add queue items for a chat and a prompt, which have no queue columns of their own."""
    for kind, number in (("chat", 1), ("prompt", 1)):
        moment = world.content.after(world.content.start, 30 * DAY, 31 * DAY)
        item: Row = {"queue_id": world.projects[0].queues[0], "item_type": kind, "item_id": number, "priority": 5}
        _add(world, "queue_items", item | {"status": "queued", "created_at": moment, "updated_at": moment})


def _add_chats(world: World) -> None:
    """Add chats; a message has no type and no attachments any more, but sometimes a metadata object."""
    content = world.content
    moment = content.after(content.start, 8 * DAY, 9 * DAY)
    for number in range(world.sized(2, 36)):
        moment = content.after(moment, HOUR, 20 * HOUR)
        project = world.projects[number % len(world.projects)]
        said_at = moment
        roles = ["system"] if content.maybe(0.2) else []
        roles += ["user", "assistant"] * content.chance.randint(3, 12) if world.scale else ["user", "assistant"] * 2
        messages: list[Row] = []
        for place, role in enumerate(roles):
            said_at = content.after(said_at, 20 * SECOND, 10 * MINUTE)
            text = {"system": content.sentence, "user": content.question}.get(role, content.answer)(project.theme)
            used: Json = {"model": "m-1", "tokenCount": content.chance.randint(20, 900), "finishReason": "stop"}
            nothing = "null" if place % 3 == 0 else None
            metadata = compact(used) if role == "assistant" else nothing
            message: Row = {"chat_id": number + 1, "role": role, "content": text, "metadata": metadata}
            messages.append(message | {"created_at": said_at})
        chat: Row = {"project_id": project.id if number % 4 == 1 else None, "title": content.chat_title(project.theme)}
        _add(world, "chats", chat | {"created_at": moment, "updated_at": said_at})
        for message in messages:
            _add(world, "chat_messages", message)


def _add_streams(world: World) -> None:
    """Add streamed answers with their events: finished ones that name their message, and one that broke off."""
    answers = [row for row in world.rows["chat_messages"] if row["role"] == "assistant"]
    for number, answer in enumerate(answers[: world.sized(2, 20)]):
        started_at, text = answer["created_at"], str(answer["content"])
        assert isinstance(started_at, int)
        broken = number == 1
        stream: Row = {
            "chat_id": answer["chat_id"],
            "direction": "assistant",
            "provider": "openai",
            "model": "m-1",
            "started_at": started_at,
            "finished_at": None if broken else started_at + 2 * SECOND,
            "finish_reason": None if broken else "stop",
            "usage_json": "null" if broken else compact({"outputTokens": len(text.split())}),
            "message_metadata_json": None,
            "format": "ui",
            "version": 1,
            "assistant_message_id": None if broken else answer["id"],
            "created_at": started_at,
            "updated_at": started_at,
        }
        stream_id = _id(_add(world, "chat_streams", stream))
        half = len(text) // 2
        payloads = [("text-delta", compact({"delta": text[:half]})), ("text-delta", compact({"delta": text[half:]}))]
        for seq, (kind, payload) in enumerate(payloads[:1] if broken else [*payloads, ("finish", "null")], 1):
            event: Row = {"stream_id": stream_id, "seq": seq, "ts": started_at + seq, "type": kind, "payload": payload}
            _add(world, "chat_stream_events", event)


def _add_provider_keys(world: World) -> None:
    """Add provider keys in plain text, by reference, and with an address of their own."""
    content = world.content
    moment = content.after(content.start, 3 * DAY, 4 * DAY)
    for number, (provider, secret, key) in enumerate(
        (("openai", None, "not-a-real-key-0001"), ("anthropic", "WORK_KEY", None), ("custom", None, ""))
    ):
        own = provider == "custom"
        row: Row = {
            "provider": provider,
            "key_name": f"{provider}-key",
            "name": ("Main", None, "Box in the cellar")[number],
            "secret_ref": secret,
            "key": key,
            "base_url": "http://192.0.2.7:8080/v1" if own else None,
            "custom_headers": (compact({}), "null", compact({"X-Team": "ops"}))[number],
            "is_default": int(number == 0),
            "is_active": int(not own),
            "environment": "production",
            "last_used": moment + DAY if number == 0 else None,
            "created_at": moment,
            "updated_at": moment,
        }
        _add(world, "provider_keys", row)


def _add_bookkeeping(world: World) -> None:
    """Add the two entries of the bookkeeping; the first was written by hand and proves nothing."""
    for number, moment in enumerate((world.content.start - 2 * DAY, world.content.start - DAY)):
        entry: Row = {"hash": checksum(f"step {number}"), "created_at": moment}
        _add(world, "__drizzle_migrations", entry)
