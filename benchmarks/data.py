"""The data set that every contestant works on: deterministic, of realistic size and shape, in one SQLite file.

At scale 1 it holds 3 projects, 2,000 live tickets and 20,000 live tasks, and among them one soft-deleted row in fifty.
Lists are sometimes empty and sometimes filled, times are distinct, and a tenth of the tickets has no task. The tables
are the ones that Promptliano declares, with all their constraints, indexes and full-text triggers.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.columns import GENERATED, PROJECT_COLUMNS, TASK_COLUMNS, TICKET_COLUMNS, Values

PROJECTS, TICKETS, TASKS = 3, 2_000, 20_000
LIVE_PER_DELETED = 50

TICKET_STATUSES = ("open", "in_progress", "completed", "archived")
TASK_STATUSES = ("pending", "in_progress", "completed", "cancelled")
PRIORITIES = ("low", "normal", "high", "urgent")

START = datetime(2024, 1, 8, 9, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_WORDS = """
account adapter agent answer archive backup batch branch browser button cache chat check client cluster column
commit config connection cursor customer database deadline debug default deploy design detail dialog digest
document draft driver editor email error event export failure feature field file filter folder format frame
graph handler header history import index input invoice issue journal keyboard language layout ledger library
limit listener locale login manifest memory menu merge message method migration mirror model module monitor
network notice number object operator option order outbox output owner packet page parser patch payload
permission pipeline plugin pointer policy preview process profile project prompt protocol provider query queue
reader record recovery redirect release report request response result review route runner sample schedule
schema screen script search section secret selection server session setting shadow signal snapshot socket source
stage state statement status storage stream summary switch symbol sync system table target task template
terminal test theme thread ticket timeout token topic trace transaction trigger type update upload user
validation value vector version view visitor warning watcher webhook widget window worker writer
""".split()  # noqa: SIM905  # words read better than quoted words
_VERBS = """
add allow avoid cache check clean count drop explain fix hide keep limit log merge move name read rename show
split
""".split()  # noqa: SIM905  # words read better than quoted words
_AGENTS = ("code-reviewer", "test-writer", "sql-architect", "frontend-builder", "release-notes", "security-auditor")


@dataclass(frozen=True)
class Dataset:
    """All rows as Python values, in order of id."""

    projects: list[Values]
    tickets: list[Values]
    tasks: list[Values]


def _sentence(dice: random.Random, low: int, high: int) -> str:
    words = dice.choices(_WORDS, k=dice.randint(low, high))
    return f"{dice.choice(_VERBS).capitalize()} the {' '.join(words)}"


def _paragraphs(dice: random.Random, sentences: int) -> str:
    parts = [f"{_sentence(dice, 6, 18)}." for _ in range(sentences)]
    return "\n\n".join(" ".join(parts[at : at + 3]) for at in range(0, len(parts), 3))


def _some(dice: random.Random, filled: float, most: int, choose: Callable[[], Any]) -> list[Any]:
    """A list that is empty in all but the share `filled` of the calls, without repetitions."""
    return list(dict.fromkeys(choose() for _ in range(dice.randint(1, most)))) if dice.random() < filled else []


def _times(dice: random.Random, count: int, days: float) -> Iterator[datetime]:
    """Distinct moments that mostly rise: rows come in roughly, not strictly, in order of their ids."""
    step = days * 86_400_000 / count
    taken: set[int] = set()
    for index in range(count):
        moment = int(step * index + dice.random() * step * 4)
        while moment in taken:
            moment += 1
        taken.add(moment)
        yield START + moment * _MILLISECOND


def _metadata(dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.5:
        return {}
    return {
        "source": dice.choice(("web", "api", "import")),
        "estimate": {"hours": dice.randint(1, 40), "confidence": dice.choice((0.25, 0.5, 0.9))},
        "watchers": [dice.randint(1, 40) for _ in range(dice.randint(0, 4))],
        "blocked": dice.random() < 0.1,
    }


def ticket_values(dice: random.Random, project_id: int) -> Values:
    """A ticket's values without id and times: also what the insert operations insert."""
    return {
        "project_id": project_id,
        "title": _sentence(dice, 2, 8),
        "overview": _paragraphs(dice, dice.randint(1, 9)) if dice.random() < 0.85 else "",
        "status": dice.choices(TICKET_STATUSES, (45, 25, 20, 10))[0],
        "priority": dice.choices(PRIORITIES, (20, 50, 20, 10))[0],
        "tags": _some(dice, 0.6, 4, lambda: dice.choice(_WORDS)),
        "metadata": _metadata(dice),
        "suggested_file_ids": _some(dice, 0.5, 8, lambda: dice.randint(1, 5_000)),
        "suggested_prompt_ids": _some(dice, 0.2, 3, lambda: dice.randint(1, 200)),
        "suggested_agents": _some(dice, 0.3, 2, lambda: dice.choice(_AGENTS)),
    }


def _task_values(dice: random.Random, ticket_id: int, order_index: int, siblings: list[int]) -> Values:
    status = dice.choices(TASK_STATUSES, (50, 15, 30, 5))[0]
    return {
        "ticket_id": ticket_id,
        "content": _sentence(dice, 3, 12),
        "description": _paragraphs(dice, dice.randint(1, 3)) if dice.random() < 0.5 else "",
        "status": status,
        "done": status == "completed",
        "order_index": order_index,
        "estimated_hours": dice.randint(1, 64) / 4 if dice.random() < 0.4 else None,
        "dependencies": _some(dice, 0.25, 2, lambda: dice.choice(siblings)) if siblings else [],
        "tags": _some(dice, 0.4, 3, lambda: dice.choice(_WORDS)),
        "agent": dice.choice(_AGENTS) if dice.random() < 0.3 else None,
        "suggested_file_ids": _some(dice, 0.4, 5, lambda: dice.randint(1, 5_000)),
        "suggested_prompt_ids": _some(dice, 0.1, 2, lambda: dice.randint(1, 200)),
        "suggested_agents": _some(dice, 0.2, 2, lambda: dice.choice(_AGENTS)),
    }


def _is_deleted(id_: int) -> bool:
    return id_ % (LIVE_PER_DELETED + 1) == LIVE_PER_DELETED


def dataset(scale: float = 1) -> Dataset:
    """The rows at `scale`: the same ones for the same scale, whatever the machine."""
    dice = random.Random(f"schemaroot {scale}")
    ticket_count, task_count = int(TICKETS * scale), int(TASKS * scale)
    projects: list[Values] = []
    for id_ in range(1, PROJECTS + 1):
        created = START - timedelta(days=30 - id_, milliseconds=dice.randint(0, 86_399_999))
        projects.append(
            {
                "id": id_,
                "name": f"Project {id_}",
                "description": _paragraphs(dice, 4),
                "path": f"/home/dev/projects/{dice.choice(_WORDS)}-{id_}",
                "tags": _some(dice, 0.7, 3, lambda: dice.choice(_WORDS)),
                "metadata": _metadata(dice),
                "created": created,
                "updated": created + timedelta(days=40, milliseconds=dice.randint(0, 86_399_999)),
                "deleted": None,
            }
        )
    tickets: list[Values] = []
    live: list[int] = []
    for id_, created in enumerate(_times(dice, ticket_count + ticket_count // LIVE_PER_DELETED, 500), 1):
        updated = created + timedelta(milliseconds=dice.randint(1, 40 * 86_400_000))
        deleted = updated + timedelta(days=1, milliseconds=id_) if _is_deleted(id_) else None
        row = {"id": id_, **ticket_values(dice, dice.randint(1, PROJECTS))}
        tickets.append({**row, "created": created, "updated": updated, "deleted": deleted})
        if deleted is None and dice.random() >= 0.1:
            live.append(id_)
    # A tenth of the tickets has no task; the others share them as they come, ten on average.
    owners = sorted(dice.choices(live, k=task_count + task_count // LIVE_PER_DELETED))
    tasks: list[Values] = []
    siblings: list[int] = []
    for id_, (ticket_id, created) in enumerate(zip(owners, _times(dice, len(owners), 500), strict=True), 1):
        if not tasks or tasks[-1]["ticket_id"] != ticket_id:
            siblings = []
        row = {"id": id_, **_task_values(dice, ticket_id, len(siblings), siblings)}
        siblings.append(id_)
        updated = created + timedelta(milliseconds=dice.randint(1, 20 * 86_400_000))
        deleted = updated + timedelta(days=1, milliseconds=id_) if _is_deleted(id_) else None
        tasks.append({**row, "created": created, "updated": updated, "deleted": deleted})
    return Dataset(projects, tickets, tasks)


def inserts(scale: float = 1, count: int = 100) -> list[Values]:
    """The tickets that the insert operations insert."""
    dice = random.Random(f"inserts {scale}")
    return [ticket_values(dice, dice.randint(1, PROJECTS)) for _ in range(count)]


def live_ids(scale: float = 1) -> list[int]:
    """The ids of the tickets that are not deleted."""
    count = int(TICKETS * scale)
    return [id_ for id_ in range(1, count + count // LIVE_PER_DELETED + 1) if not _is_deleted(id_)]


def milliseconds(moment: datetime) -> int:
    """A moment as the database holds it."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND


def stored(value: object) -> object:
    """A Python value as the database holds it."""
    match value:
        case datetime():
            return milliseconds(value)
        case list() | dict():
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        case _:
            return value


def create_tables(path: Path) -> None:
    """Creates the file with Promptliano's tables."""
    from promptliano.schema import APPLICATION_ID, SCHEMA_NUMBER, TABLES  # loads SQLAlchemy
    from schemaroot import Database, Identity

    url = f"sqlite:///{path.absolute()}"
    Database.create(url, TABLES, identity=Identity(APPLICATION_ID, SCHEMA_NUMBER)).close()


def _insert(connection: sqlite3.Connection, table: str, columns: Iterable[str], rows: list[Values]) -> None:
    names = [name for name in columns if name not in GENERATED]
    holes = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({holes})"  # names of our own
    connection.executemany(statement, ([stored(row[name]) for name in names] for row in rows))


def build(path: Path, scale: float = 1) -> None:
    """Writes the data set to a new file at `path`, all of it in the main file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        leftover.unlink(missing_ok=True)
    create_tables(path)
    rows = dataset(scale)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    _insert(connection, "projects", PROJECT_COLUMNS, rows.projects)
    _insert(connection, "tickets", TICKET_COLUMNS, rows.tickets)
    _insert(connection, "tasks", TASK_COLUMNS, rows.tasks)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
