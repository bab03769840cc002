"""How is a clean old database made? `write_old` does it, with every shape that such data came in."""

from __future__ import annotations

import base64
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from promptliano.legacy.sample.agents import AGENTS, MISSING_AGENT
from promptliano.legacy.sample.content import DAY, HOUR, MINUTE, SECOND, Json, checksum, compact
from promptliano.legacy.sample.files import SourceFile, ordinary_files, special_files
from promptliano.legacy.sample.history import History, applied_steps, indexes_of, tables_of
from promptliano.legacy.sample.old_side import add_documents, add_search, add_tool_calls
from promptliano.legacy.sample.queueing import SHAPES, latest, queue_columns, shape_of
from promptliano.legacy.sample.words import QUEUE_NAMES, THEMES
from promptliano.legacy.sample.world import Project, StoredFile, World
from promptliano.legacy.sample.writing import Row, SampleCounts, write_database

_AGENT_IDS = (*(agent.id for agent in AGENTS), MISSING_AGENT)
_STATUSES = ("open", "open", "in_progress", "closed")
_PRIORITIES = ("low", "normal", "normal", "normal", "high")
_QUEUE_STATUSES = ("active", "paused", "inactive")


def write_old(path: Path, *, scale: int = 1, seed: int = 1, history: History = "0.9.4") -> SampleCounts:
    """Write a clean database of the old era to a new file and say how many rows each table holds.

    `scale` 0 gives about a hundred rows with every quirk once, 1 about 3,000, more in proportion. `history` changes
    the bookkeeping and the set of tables and indexes, not the content. Raises FileExistsError when `path` is taken.
    """
    world = World(scale, seed)
    _add_projects(world)
    for project in world.projects:
        _add_files(world, project)
    _add_queues(world)
    _add_prompts(world)
    _add_tickets(world)
    _add_chats(world)
    _add_provider_keys(world)
    add_documents(world)
    add_search(world)
    add_tool_calls(world)
    _add_bookkeeping(world, history)
    return write_database(path, tables_of(history), lambda table: indexes_of(table, history), world.rows)


def _add_projects(world: World) -> None:
    content = world.content
    moment = content.start
    for theme in THEMES[: min(2 + 2 * world.scale, len(THEMES))]:
        moment = content.after(moment, HOUR, 5 * HOUR)
        project = Project(content.ids.take("projects", moment), theme, moment)
        world.projects.append(project)
        world.add(
            "projects",
            {
                "id": project.id,
                "name": theme.name,
                "description": theme.description,
                "path": theme.path,
                "created_at": moment,
                "updated_at": moment,
            },
        )


def _add_files(world: World, project: Project) -> None:
    """Add the files of a project: two bulk runs, each with one moment for all, and one file made by hand."""
    content = world.content
    first = project is world.projects[0]
    count = world.sized(2, 640) // len(world.projects)
    files = list(islice(ordinary_files(content, project.theme), count))
    if first:
        files = special_files(content, project.theme) + files
    scanned = content.after(project.created, MINUTE, 30 * MINUTE)
    scanned_again = content.after(scanned, 2 * DAY, 4 * DAY)
    for number, file in enumerate(files):
        moment = scanned if number < len(files) * 2 / 3 else scanned_again
        summarised = number in (2, 3) or (number > 3 and content.maybe(0.35))
        row = _add_file(world, project, file, moment, summarised, as_json=number % 4 == 2)
        project.files.append(StoredFile(str(row["id"]), file.path))
        if first and number == 0:
            # Made by hand through the API: nobody looked at a disk, so there is no checksum.
            row |= {"checksum": None, "summary_last_updated": None, "meta": None}


def _add_file(world: World, project: Project, file: SourceFile, moment: int, summarised: bool, *, as_json: bool) -> Row:
    content = world.content
    # "Save all" turned "never" into 0.
    summarised_at = content.after(moment, HOUR, 5 * DAY) if summarised else 0
    return world.add(
        "project_files",
        {
            "id": content.ids.take("project_files", moment),
            "project_id": project.id,
            "name": file.name,
            "path": file.path,
            "extension": file.extension,
            "size": file.size,
            "content": file.kept_text,
            "summary": content.summary(project.theme, as_json=as_json) if summarised else None,
            "summary_last_updated": summarised_at,
            "meta": "{}",
            "checksum": checksum(file.text),
            "imports": compact(file.imports),
            "exports": compact(file.exports),
            "created_at": moment,
            "updated_at": max(moment, summarised_at),
        },
    )


def _add_queues(world: World) -> None:
    content = world.content
    number = 0
    for project in world.projects:
        moment = content.after(project.created, 6 * DAY, 8 * DAY)
        for name in QUEUE_NAMES[: 2 if project is world.projects[0] or world.scale else 1]:
            moment = content.after(moment, MINUTE, 20 * MINUTE)
            queue = content.ids.take("task_queues", moment)
            project.queues.append(queue)
            world.add(
                "task_queues",
                {
                    "id": queue,
                    "project_id": project.id,
                    "name": name,
                    "description": ("", content.sentence(project.theme), None)[number % 3],
                    "status": _QUEUE_STATUSES[number % 3],
                    "max_parallel_items": content.chance.randint(1, 4),
                    "total_completed_items": 0,
                    "created_at": moment,
                    "updated_at": moment,
                },
            )
            number += 1


def _add_prompts(world: World) -> None:
    """Add prompts and their links, which tell the project a second time and were not kept in step."""
    content = world.content
    linked_at = content.after(content.start, 20 * DAY, 21 * DAY)
    moment = content.after(content.start, 10 * DAY, 11 * DAY)
    for number in range(world.sized(6, 40)):
        moment = content.after(moment, MINUTE, 2 * HOUR)
        prompt = content.ids.take("prompts", moment)
        one = world.projects[number % len(world.projects)]
        other = world.projects[(number + 1) % len(world.projects)]
        named, linked = (
            (one, [one]),
            (one, [one, other]),
            (None, []),
            (one, []),  # the link got lost, the prompt still names its project
            (None, [one]),  # the link was added later
            (other, [one, other]),  # not the first link's project
        )[number % 6]
        world.add(
            "prompts",
            {
                "id": prompt,
                "name": content.prompt_title(one.theme),
                "content": content.prompt(one.theme),
                "project_id": named.id if named else None,
                "created_at": moment,
                "updated_at": content.after(moment, 0, DAY),
            },
        )
        for project in linked:
            project.prompts.append(prompt)
            small_id = len(world.rows.get("prompt_projects", ())) + 1
            link: Row = {"id": small_id, "prompt_id": prompt, "project_id": project.id, "created_at": linked_at}
            world.add("prompt_projects", link)


def _add_tickets(world: World) -> None:
    """Add tickets with their tasks; the first of each go through every queue state in turn."""
    content = world.content
    moment = content.after(content.start, 15 * DAY, 16 * DAY)
    for number in range(world.sized(len(SHAPES), 170)):
        moment = content.after(moment, 10 * MINUTE, 9 * HOUR)
        project = world.projects[number % len(world.projects)]
        shape = shape_of(world, number)
        queue = queue_columns(world, project, shape, moment, content.pick(_AGENT_IDS))
        if shape == "finished_outside":
            status = "closed"
        elif shape == "completed" and number < len(SHAPES):
            status = "open"  # the queue finished it, nobody closed it
        else:
            status = _STATUSES[number % 4] if number < len(SHAPES) else content.pick(_STATUSES)
        ticket = world.add(
            "tickets",
            {
                "id": content.ids.take("tickets", moment),
                "project_id": project.id,
                "title": content.title(project.theme),
                "overview": content.overview(project.theme),
                "status": status,
                "priority": _PRIORITIES[number % 5] if number < len(SHAPES) else content.pick(_PRIORITIES),
                "suggested_file_ids": compact(_file_ids(world, project, 3)),
                "suggested_agent_ids": compact(content.some(_AGENT_IDS, 2)),
                "suggested_prompt_ids": compact(content.some(project.prompts, 2)),
                **queue,
                "created_at": moment,
                "updated_at": latest(moment, queue),
            },
        )
        _add_tasks(world, project, ticket, number)


def _add_tasks(world: World, project: Project, ticket: Row, number: int) -> None:
    content = world.content
    moment = ticket["created_at"]
    assert isinstance(moment, int)
    earlier: list[int] = []
    # The first ticket has three tasks at any scale, for the sake of order and dependencies.
    count = content.chance.randint(2, 7) if world.scale else 1
    for place in range(max(3, count) if number == 0 else count):
        moment = content.after(moment, MINUTE, 20 * MINUTE)
        task = content.ids.take("ticket_tasks", moment)
        shape = shape_of(world, len(world.rows.get("ticket_tasks", ())))
        queue = queue_columns(world, project, shape, moment, content.pick(_AGENT_IDS))
        completed = queue["queue_status"] == "completed"
        world.add(
            "ticket_tasks",
            {
                "id": task,
                "ticket_id": ticket["id"],
                "content": content.task(project.theme),
                "description": content.paragraph(project.theme, 2) if content.maybe(0.6) else "",
                "suggested_file_ids": compact(_file_ids(world, project, 2)),
                "done": int(completed or shape == "finished_outside" or content.maybe(0.3)),
                "order_index": _order(number, place),
                "estimated_hours": content.pick((0.5, 1.0, 2.0, 3.25)) if content.maybe(0.4) or number == 0 else None,
                "dependencies": compact(content.some(earlier, 2, least=1)),
                "tags": compact(content.tags() if number else ["größe", "🔥hot"]),
                "agent_id": content.pick(_AGENT_IDS) if content.maybe(0.4) else None,
                "suggested_prompt_ids": compact(content.some(project.prompts, 1)),
                **queue,
                "created_at": moment,
                "updated_at": latest(moment, queue),
            },
        )
        earlier.append(task)
        if shape == "in_progress" and all(
            ticket[name] is None for name in ("queue_id", "queue_status", "queue_started_at")
        ):
            ticket["queue_status"] = "in_progress"  # whoever takes a task takes its ticket, queued or not


def _order(number: int, place: int) -> int:
    """Give a task's place in its ticket: mostly in a row, in some tickets with gaps or repeats."""
    if number == 0:
        return (0, 2, 2, 5, 6, 7, 8)[place]
    return place * 2 if number % 9 == 4 else place


def _file_ids(world: World, project: Project, most: int) -> list[str]:
    """Give some of a project's file ids; lists of them hold text, lists of prompt ids hold numbers."""
    return [file.id for file in world.content.some(project.files, most)]


def _add_chats(world: World) -> None:
    """Add chats: nearly all without a project, one empty, and one copied from another at the end."""
    content = world.content
    moment = content.after(content.start, 9 * DAY, 10 * DAY)
    copied: list[Row] = []
    for number in range(world.sized(3, 44)):
        moment = content.after(moment, HOUR, 20 * HOUR)
        project = world.projects[number % len(world.projects)]
        chat: Row = {
            "id": content.ids.take("chats", moment),
            "title": content.chat_title(project.theme),
            "project_id": project.id if number % 8 == 1 else None,
            "created_at": moment,
            "updated_at": moment,
        }
        world.add("chats", chat)
        messages = [] if number == 0 else _add_messages(world, project, chat, with_files=number == 1)
        copied = copied or messages
    moment = content.after(moment, HOUR, 2 * HOUR)
    copy = content.ids.take("chats", moment)
    world.add(
        "chats",
        {
            "id": copy,
            "title": "Fork of " + str(world.rows["chats"][1]["title"]),
            "created_at": moment,
            "updated_at": moment,
        },
    )
    for message in copied:
        world.add("chat_messages", message | {"id": content.ids.take("chat_messages", moment), "chat_id": copy})


def _add_messages(world: World, project: Project, chat: Row, *, with_files: bool) -> list[Row]:
    content = world.content
    added: list[Row] = []
    moment = chat["created_at"]
    assert isinstance(moment, int)
    roles = ["system"] if with_files or content.maybe(0.15) else []
    roles += ["user", "assistant"] * content.chance.randint(3, 14) if world.scale else ["user", "assistant"]
    for number, role in enumerate(roles):
        moment = content.after(moment, 20 * SECOND, 10 * MINUTE)
        message = content.ids.take("chat_messages", moment)
        text = {"system": content.sentence, "user": content.question}.get(role, content.answer)(project.theme)
        attached = with_files and number in (1, 2)
        row: Row = {
            "id": message,
            "chat_id": chat["id"],
            "role": role,
            "content": text,
            "type": ("file", "text")[number - 1] if attached else None,
            "attachments": compact([_attachment(chat["id"], message, moment, newer=number == 2)] if attached else []),
            "created_at": moment,
            "updated_at": moment,
        }
        added.append(world.add("chat_messages", row))
        chat["updated_at"] = moment
    return added


def _attachment(chat: object, message: int, moment: int, *, newer: bool) -> Json:
    """Give the note about an attached file; the bytes lie on disk. Newer notes have `updated` too."""
    name = "überblick 2.png" if newer else "screen shot.png"
    address = f"http://localhost:3147/api/chats/{chat}/messages/{message}/attachments/{quote(name)}"
    note: dict[str, Json] = {
        "id": moment + 1,
        "fileName": name,
        "mimeType": "image/png",
        "size": 48_211,
        "url": address,
        "created": moment + 1,
    }
    return note | {"updated": moment + 2} if newer else note


def _add_provider_keys(world: World) -> None:
    """Add provider keys: encrypted (noise stands for the cipher text), plain, inactive, own address."""
    content = world.content
    moment = content.after(content.start, 3 * DAY, 4 * DAY)
    noise = content.chance.randbytes
    for number, (provider, name) in enumerate(
        (("openai", "Main"), ("openai", "Before spring"), ("anthropic", "Work ☕"), ("custom", "Box in the cellar"))
    ):
        moment = content.after(moment, MINUTE, 5 * MINUTE)
        encrypted = number != 1
        own = provider == "custom"
        row: Row = {
            "id": content.ids.take("provider_keys", moment),
            "name": name,
            "provider": provider,
            "key": base64.b64encode(noise(24)).decode() if encrypted else "not-a-real-key-0001",
            "encrypted": int(encrypted),
            "iv": base64.b64encode(noise(16)).decode() if encrypted else None,
            "tag": base64.b64encode(noise(16)).decode() if encrypted else None,
            "salt": base64.b64encode(noise(32)).decode() if encrypted else None,
            "is_default": int(number == 0),
            "is_active": int(encrypted),
            "environment": "production",
            "description": content.sentence(world.projects[0].theme) if number == 0 else None,
            "expires_at": moment + 300 * DAY if number == 2 else None,
            "last_used": content.after(moment, DAY, 9 * DAY) if number == 0 else None,
            "base_url": "http://192.0.2.7:8080/v1" if own else None,
            "custom_headers": compact({"X-Team": "ops", "X-Note": "grün"}) if own else None,
            "created_at": moment,
            "updated_at": moment,
        }
        world.add("provider_keys", row)


def _add_bookkeeping(world: World, history: History) -> None:
    applied_at = world.content.start - DAY
    for step, text in applied_steps(history).items():
        world.add("migrations", {"version": step, "description": text, "applied_at": applied_at})
    if history in ("0.9.3", "0.9.2"):
        moved: Row = {"id": 1, "migration_version": 17, "migrated_at": applied_at}
        moved |= {"tickets_migrated": 0, "tasks_migrated": 0, "queue_items_count": 0}
        world.add("flow_migration_metadata", moved)
