"""Converters of tickets, tasks and queue items: the queue state was told twice, and is one queue item here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar, cast

from typing_extensions import override

from promptliano.legacy.cells import Cell, Refusal, Row
from promptliano.legacy.codecs import flag, is_number, moment, texts, to_json_text
from promptliano.legacy.convert import Converted, Known, MappedConverter, file_texts
from promptliano.legacy.mapping import BoundMapping, Values, make_row
from promptliano.legacy.source import SourceRow
from promptliano.legacy.tables import ENTRIES, QUEUE_ITEMS, TASKS, TICKETS
from promptliano.schema import QueueItem, Task, Ticket
from schemaroot import Table
from schemaroot.introspection import FoundTable

R = TypeVar("R", bound=Table)

ENDS = frozenset({"completed", "failed", "cancelled"})
"""The states of a queue item in which nothing more happens."""

ENTRY_COLUMNS = (
    "queue_id",
    "queue_position",
    "queue_status",
    "queue_priority",
    "queued_at",
    "queue_started_at",
    "queue_completed_at",
    "queue_agent_id",
    "queue_error_message",
    "estimated_processing_time",
    "actual_processing_time",
)
"""The queue columns of tickets and tasks."""

NO_ENTRY: dict[str, Cell] = dict.fromkeys(ENTRY_COLUMNS)
"""What they hold outside of any queue."""

_STATE = ("status", "agent", "error", "started", "finished", "estimated_ms", "actual_ms")

TABLE_OF = {"ticket": "tickets", "task": "ticket_tasks"}
"""The source tables of what can be in a queue, by the type that a queue item names."""


@dataclass
class United:
    """What the two places that tell a queue state say together.

    Attributes:
        item: the queue item's values, without an id when it is made anew; `None` when the row is in no queue.
        notes: the rules that made it.
        changed: which of the two did not get its way, where they disagreed.
    """

    item: Values | None
    notes: list[str]
    changed: Literal["", "entry", "item"] = ""


class QueueUnion:
    """Unites the queue columns of tickets and tasks with the queue items of the later application."""

    def __init__(self, known: Known) -> None:
        self.known: Known = known
        items = known.source.tables.get("queue_items")
        self._items: BoundMapping[QueueItem] | None = None
        if items is not None and known.source.has("queue_items", "item_type", "item_id"):
            self._items = QUEUE_ITEMS.of({column.name: column.nullable for column in items.columns})
        self._entries = ENTRIES.of(dict.fromkeys(ENTRY_COLUMNS, True))

    def items_of(self, kind: str, ids: Iterable[Cell]) -> dict[Cell, list[Values]]:
        """The queue items of tickets or tasks that can be used, by the id of the ticket or task."""
        if self._items is None:
            return {}
        names = self._items.columns
        among: dict[str, Sequence[Cell]] = {"item_type": [kind], "item_id": list(ids)}
        found: dict[Cell, list[Values]] = {}
        for cells in self.known.source.matching("queue_items", names, among):
            row: Row = dict(zip(names, cells, strict=True))
            queue = self.known.queue(row["queue_id"], "queues", "task_queues")
            if queue is None:
                continue
            try:
                values = self._items.values(row)
            except Refusal:
                continue  # the converter of queue items sets it aside
            values["queue_id"] = queue[0]
            found.setdefault(row["item_id"], []).append(values)
        return found

    def unite(self, cells: Row, items: Sequence[Values]) -> United:
        """The queue item of a ticket or task.

        An end wins over what waits or runs, then the newer one; the place in the queue is told by the row alone.
        """
        notes: list[str] = []
        queue = self.known.queue(cells["queue_id"], "task_queues", "queues")
        if cells["queue_id"] is not None and queue is None:
            notes.append("dangling_queue")
        entry = None if queue is None else self._entry(cells, queue[0], notes)
        if not items:
            return United(entry, notes if entry is None else [*notes, "queue_item_derived"])
        best = dict(max(items, key=lambda item: (item["status"] in ENDS, item["updated"], item["id"])))
        best |= {"enqueued": best["created"], "available": best["created"], "position": 0}
        united = United(best, notes)
        if entry is not None:
            if entry["queue_id"] == best["queue_id"]:
                best |= {name: entry[name] for name in ("position", "enqueued", "available")}
            if entry["status"] != best["status"]:
                ended = entry["status"] in ENDS, best["status"] in ENDS
                newer = moment.there(cells["updated_at"]) > cast(datetime, best["updated"])
                united.changed = "entry"
                if (ended[0] and not ended[1]) or (ended[0] == ended[1] and newer):
                    best |= {name: entry[name] for name in _STATE}
                    united.changed = "item"
        best["attempts"] = int(best["started"] is not None)
        return united

    def _entry(self, cells: Row, queue: int, notes: list[str]) -> Values:
        """The queue columns of a row as the values of a queue item."""
        entry = self._entries.values(cells)
        entry["queue_id"] = queue
        if cells["queue_status"] is None:
            notes.append("queue_status_missing")
        queued = cells["queued_at"]
        if queued is None:
            notes.append("queued_at_unknown")
            queued = cells["created_at"]
        enqueued = moment.there(queued)
        times = [cast(datetime, entry[name]) for name in ("started", "finished") if entry[name] is not None]
        entry |= {"enqueued": enqueued, "available": enqueued, "created": enqueued, "updated": max([enqueued, *times])}
        entry["attempts"] = int(entry["started"] is not None)
        return entry

    def back(self, item: Values | None) -> dict[str, Cell]:
        """The queue columns that a queue item stands for."""
        return NO_ENTRY if item is None else self._entries.back(item)


class WorkConverter(MappedConverter[R]):
    """What tickets and tasks share: their place in a queue, and the files that they suggest."""

    kind: str

    def __init__(self, known: Known, table: FoundTable) -> None:
        self._texts_by_hand: bool = known.source.has("files", "id", "path")
        super().__init__(known, table, by_hand=("suggested_file_ids",) if self._texts_by_hand else ())
        self._union = QueueUnion(known)

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        self._items = self._union.items_of(self.kind, [row.cells["id"] for row in chunk])
        self._lists: dict[str, list[str]] = {}
        if self._texts_by_hand:
            cells = {row.cells["suggested_file_ids"] for row in chunk}
            for cell in cells:
                try:
                    self._lists[cast(str, cell)] = texts.there(cell)
                except Refusal:
                    continue  # told when its row is converted
            self._numbers = self.known.file_numbers(text for some in self._lists.values() for text in some)
            self._texts = file_texts(self.known.target, self._numbers.values())

    def enqueue(self, row: SourceRow, values: Values, out: Converted) -> None:
        """Gives the row's queue state to a queue item."""
        cells = row.cells
        items = self._items.get(cells["id"], [])
        united = self._union.unite(cells, items)
        item = united.item
        for note in [*united.notes, *(["queue_state_united"] if united.changed == "entry" else [])]:
            out.note(note)
        out.beside |= self._union.back(item)
        if item is None:
            if cells["queue_id"] is None and cells["queue_status"] is not None:
                out.note("queue_status_without_queue")
            elif any(cells[name] not in (None, 0) for name in ENTRY_COLUMNS[3:]):
                out.note("queue_times_without_queue")
        elif not items:
            item |= {"id": self.known.next_id("queue_items"), "deleted": values["deleted"]}
            item[f"{self.kind}_id"] = values["id"]
            out.rows.append(make_row(QueueItem, item))

    def suggest(self, row: SourceRow, values: Values, out: Converted) -> None:
        """Turns a list of text ids of files into their numbers."""
        if not self._texts_by_hand:
            return
        cell = row.cells["suggested_file_ids"]
        if not isinstance(cell, str) or cell not in self._lists:
            raise Refusal("not_a_list:suggested_file_ids")
        numbers: list[int] = []
        for text in self._lists[cell]:
            if text in self._numbers:
                numbers.append(self._numbers[text])
            elif is_number(text):
                numbers.append(int(text))
            else:
                out.note("suggested_file_unknown")
        values["suggested_file_ids"] = numbers
        known = self._texts if self.known.has_text_ids else {}
        out.beside["suggested_file_ids"] = file_list(numbers, known)

    def name_agents(self, project: object, *names: Cell) -> None:
        """Remembers the agents that a row names."""
        self.known.agents.update((cast(int, project), name) for name in names if isinstance(name, str) and name)


def file_list(numbers: Sequence[int], text_ids: dict[int, str]) -> str:
    """A list of file ids as the legacy applications wrote it."""
    return to_json_text([text_ids.get(number, str(number)) for number in numbers])


class TicketConverter(WorkConverter[Ticket]):
    """Tickets; `closed` is called `completed` here."""

    mapping = TICKETS
    kind = "ticket"

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        values["deleted"] = self.known.project(values["project_id"])
        self.suggest(row, values, out)
        self.enqueue(row, values, out)
        if row.cells["status"] == "closed":
            out.note("closed_is_completed")
        named = cast("list[str]", values["suggested_agents"])
        self.name_agents(values["project_id"], row.cells["queue_agent_id"], *named)


class TaskConverter(WorkConverter[Task]):
    """Tasks; `done` is what counts where it and `status` disagree."""

    mapping = TASKS
    kind = "task"

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        super().prepare(chunk)
        tickets = [row.cells["ticket_id"] for row in chunk]
        self._tickets = self.known.present(Ticket.id, Ticket.project_id, Ticket.deleted, among=tickets)

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        ticket = cast(int, values["ticket_id"])
        if ticket not in self._tickets:
            raise Refusal("missing_parent")
        project, values["deleted"] = self._tickets[ticket]
        try:
            done = flag.there(row.cells["done"])
        except Refusal as refusal:
            raise Refusal(f"{refusal.rule}:done") from None
        if "status" in values and done != (values["status"] == "completed"):
            out.note("done_over_status")
            values["status"] = "completed" if done else "pending"
        values.setdefault("status", "completed" if done else "pending")
        self.suggest(row, values, out)
        self.enqueue(row, values, out)
        self.name_agents(project, row.cells["agent_id"], row.cells["queue_agent_id"])


class QueueItemConverter(MappedConverter[QueueItem]):
    """Queue items of the later application: one is kept for each ticket or task."""

    mapping = QUEUE_ITEMS

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self._union = QueueUnion(known)

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        self._items: dict[tuple[str, Cell], list[Values]] = {}
        self._owners: dict[tuple[str, Cell], Row] = {}
        self._parents: dict[tuple[str, Cell], tuple[object, datetime | None]] = {}
        for kind, name in TABLE_OF.items():
            ids = sorted({cast(int, row.cells["item_id"]) for row in chunk if row.cells["item_type"] == kind})
            for number, items in self._union.items_of(kind, ids).items():
                self._items[kind, number] = items
            columns = ("id", "created_at", "updated_at", *ENTRY_COLUMNS)
            if self.known.source.has(name, *columns):
                for cells in self.known.source.matching(name, columns, {"id": ids}):
                    self._owners[kind, cells[0]] = dict(zip(columns, cells, strict=True))
            self._parents |= {(kind, number): said for number, said in self._parents_of(kind, ids).items()}

    def _parents_of(self, kind: str, ids: Sequence[int]) -> dict[int, tuple[object, datetime | None]]:
        """The project of each imported ticket or task, and when it was deleted."""
        if kind == "ticket":
            found = self.known.present(Ticket.id, Ticket.project_id, Ticket.deleted, among=ids)
            return {number: (project, deleted) for number, (project, deleted) in found.items()}
        tasks = self.known.present(Task.id, Task.ticket_id, Task.deleted, among=ids)
        tickets = self.known.present(Ticket.id, Ticket.project_id, among=[ticket for ticket, _ in tasks.values()])
        return {number: (tickets[ticket][0], deleted) for number, (ticket, deleted) in tasks.items()}

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        kind, number = row.cells["item_type"], row.cells["item_id"]
        if not isinstance(kind, str) or kind not in TABLE_OF:
            raise Refusal("unsupported_queue_item", "archived")
        place = kind, number
        if place not in self._parents:
            raise Refusal("queue_item_without_target", "archived")
        items = self._items.get(place, [])
        if all(item["id"] != values["id"] for item in items):
            raise Refusal("missing_parent")
        united = self._union.unite(self._owners[place], items)
        assert united.item is not None  # there are items
        if united.item["id"] != values["id"]:
            raise Refusal("duplicate_queue_item", "merged")
        if united.changed == "item":
            out.note("queue_state_united")
        project, deleted = self._parents[place]
        values |= united.item
        values |= {f"{kind}_id": number, "deleted": deleted}
        values.setdefault("task_id", None)
        values.setdefault("ticket_id", None)
        agent = row.cells["agent_id"]
        if isinstance(agent, str) and agent:
            self.known.agents.add((cast(int, project), agent))
