"""Converters of projects, queues, files, selections, prompts, links, chats and messages."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, cast

from typing_extensions import override

from promptliano.legacy.cells import Cell, Refusal
from promptliano.legacy.convert import Converted, Known, MappedConverter, Mode, file_texts
from promptliano.legacy.mapping import TableMapping, Values, make_row
from promptliano.legacy.source import SourceRow
from promptliano.legacy.tables import (
    CHAT_MESSAGES,
    CHATS,
    FILE_EXTRAS,
    FILES,
    PROJECT_FILES,
    PROJECTS,
    PROMPT_PROJECTS,
    PROMPTS,
    QUEUES,
    SELECTED_FILES,
    TASK_QUEUES,
)
from promptliano.schema import Chat, ChatMessage, File, Project, Prompt, PromptProject, Queue, SelectedFile
from schemaroot import JsonValue
from schemaroot.introspection import FoundTable

CUT_AT = 100_000
"""Longer contents were cut here, and a notice in square brackets put behind."""

_SHORT_CHECKSUM = 16


class ProjectConverter(MappedConverter[Project]):
    """Projects; the later schema allows a path twice."""

    mapping = PROJECTS

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self._paths: set[object] = set()

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        if values["path"] in self._paths:
            values["deleted"] = values["updated"]
            out.note("duplicate_path")

    @override
    def accept(self, row: SourceRow, values: Values) -> None:
        self._paths.add(values["path"])
        self.known.projects[cast(int, values["id"])] = cast("datetime | None", values.get("deleted"))


class OldQueueConverter(MappedConverter[Queue]):
    """Queues of the old application."""

    mapping: ClassVar[TableMapping[Queue]] = TASK_QUEUES

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        values["deleted"] = self.known.project(values["project_id"])
        taken = self.known.queue_names
        name = wanted = cast(str, values["name"])
        number = 1
        while (values["project_id"], name) in taken:
            number += 1
            ending = f" ({number})"
            name = wanted[: 100 - len(ending)] + ending
        if name != wanted:
            values["name"] = name
            out.note("duplicate_queue_name")

    @override
    def accept(self, row: SourceRow, values: Values) -> None:
        self.known.queue_names.add((values["project_id"], values["name"]))
        here = cast(int, values["id"]), cast("datetime | None", values["deleted"])
        self.known.queues.setdefault(self.table.name, {})[cast(int, row.cells["id"])] = here


class LaterQueueConverter(OldQueueConverter):
    """Queues of the later application; in a mixed database they stand beside the old ones."""

    mapping: ClassVar[TableMapping[Queue]] = QUEUES

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self.mode: Mode = "mapped" if known.source.era == "mixed" else "kept"

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        super().complete(row, values, out)
        number = cast(int, values["id"])
        if number in self.known.queues.get("task_queues", {}):
            values["id"] = self.known.last_id("task_queues") + number


class OldFileConverter(MappedConverter[File]):
    """Files of the old application."""

    mapping: ClassVar[TableMapping[File]] = PROJECT_FILES

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self._twice = known.source.duplicates(table.name, "project_id", "path")
        self._seen: set[tuple[object, object]] = set()

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        values["deleted"] = self.known.project(values["project_id"])
        content = cast("str | None", values["content"])
        if content is not None and len(content) > CUT_AT and content.endswith("]"):
            values["content_truncated"] = cast(int, values["size"]) > len(content.encode())
        if (values["project_id"], values["path"]) in self._seen:
            raise Refusal("duplicate_file")

    @override
    def accept(self, row: SourceRow, values: Values) -> None:
        place = values["project_id"], values["path"]
        if place in self._twice:
            self._seen.add(place)


class LaterFileConverter(OldFileConverter):
    """Files of the later application, whose ids are texts: the archive maps them to the numbers used here."""

    mapping: ClassVar[TableMapping[File]] = FILES
    mode: Mode = "mapped"

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        self._old: dict[tuple[Cell, Cell], int] = {}
        if self.known.source.has("project_files", "id", "project_id", "path"):
            paths = [row.cells["path"] for row in chunk]
            found = self.known.source.matching("project_files", ("id", "project_id", "path"), {"path": paths})
            numbers = self.known.present(File.id, among=[number for number, *_ in found])
            self._old = {(project, path): cast(int, number) for number, project, path in found if number in numbers}

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        old = self._old.get((row.cells["project_id"], row.cells["path"]))
        if old is not None:
            self.known.merged_files[row.key] = old
            raise Refusal("duplicate_file", "merged")
        super().complete(row, values, out)
        values["id"] = self.known.file_number(row.rowid)
        out.note("file_id_mapped")
        values["meta"] = cast("dict[str, JsonValue]", values["meta"]) | self._extras(row)
        short, content = values["checksum"], values["content"]
        if isinstance(short, str) and len(short) == _SHORT_CHECKSUM:
            whole = hashlib.sha256(content.encode()).hexdigest() if isinstance(content, str) else ""
            values["checksum"] = whole if whole.startswith(short) else None
            out.note("checksum_completed" if whole.startswith(short) else "checksum_shortened")

    def _extras(self, row: SourceRow) -> dict[str, JsonValue]:
        """What the later table says that has no column here."""
        extras: dict[str, JsonValue] = {}
        for key, column in FILE_EXTRAS.items():
            cell = row.cells.get(column)
            if key == "isRelevant":
                if cell == 1:
                    extras[key] = True
            elif isinstance(cell, str | float):
                extras[key] = cell
        return extras


class LaterSelectionConverter(MappedConverter[SelectedFile]):
    """Selected files of the later application: one row per file, duplicates possible."""

    mapping = SELECTED_FILES

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self._positions: Counter[int] = Counter()
        self._winners = self._newest_of_duplicates()

    def _newest_of_duplicates(self) -> dict[tuple[Cell, ...], Cell]:
        source, name = self.known.source, self.table.name
        twice = source.duplicates(name, "project_id", "file_id")
        columns = ("project_id", "file_id", "selected_at", "id")
        files = sorted({cast(str, file) for _, file in twice})
        rows = source.matching(name, columns, {"file_id": files, "is_active": [1]})
        newest: dict[tuple[Cell, ...], tuple[Cell, ...]] = {}
        for project, file, *when in rows:
            if isinstance(when[0], int):
                newest[project, file] = max(newest.get((project, file), (0, 0)), tuple(when))
        return {place: when[1] for place, when in newest.items()}

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        files = [row.cells["file_id"] for row in chunk]
        self._numbers = self.known.file_numbers(file for file in files if isinstance(file, str))
        self._texts = file_texts(self.known.target, self._numbers.values())

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        cells = row.cells
        deleted = self.known.project(values["project_id"])
        file = cells["file_id"]
        if not isinstance(file, str) or file not in self._numbers:
            raise Refusal("missing_parent")
        if not cells["is_active"]:
            out.note("inactive_selection")
            deleted = deleted or cast("datetime", values["created"])
        elif self._winners.get((cells["project_id"], file), cells["id"]) != cells["id"]:
            raise Refusal("duplicate_selection", "merged")
        project, number = cast(int, values["project_id"]), self._numbers[file]
        values |= {"file_id": number, "deleted": deleted, "updated": values["created"]}
        values["position"] = self._positions[project]
        self._positions[project] += 1
        out.beside["file_id"] = self._texts[number]


class PromptConverter(MappedConverter[Prompt]):
    """Prompts; the project that one names becomes a link unless a link says so already."""

    mapping = PROMPTS

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        self._links: dict[Cell, list[Cell]] = {}
        if self.known.source.has("prompt_projects", "prompt_id", "project_id"):
            ids = [row.cells["id"] for row in chunk]
            for prompt, project in self.known.source.matching(
                "prompt_projects", ("prompt_id", "project_id"), {"prompt_id": ids}
            ):
                if project in self.known.projects:
                    self._links.setdefault(prompt, []).append(project)

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        named = row.cells.get("project_id")
        links = self._links.get(row.cells["id"], [])
        if named is not None and named not in links:
            if named in self.known.projects:
                link = {"prompt_id": values["id"], "project_id": named, "created": values["created"]}
                out.rows.append(make_row(PromptProject, link | {"id": self.known.next_id("prompt_projects")}))
                out.note("link_from_prompt")
                links = [*links, named]
            else:
                out.note("dangling_project")
        out.beside["project_id"] = links[0] if links else None


class LinkConverter(MappedConverter[PromptProject]):
    """Links between prompts and projects."""

    mapping = PROMPT_PROJECTS

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self._twice = known.source.duplicates(table.name, "prompt_id", "project_id")
        self._seen: set[tuple[object, object]] = set()

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        self._prompts = self.known.present(Prompt.id, among=[row.cells["prompt_id"] for row in chunk])

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        self.known.project(values["project_id"])
        if values["prompt_id"] not in self._prompts:
            raise Refusal("missing_parent")
        if (values["prompt_id"], values["project_id"]) in self._seen:
            raise Refusal("duplicate_link", "merged")

    @override
    def accept(self, row: SourceRow, values: Values) -> None:
        place = values["prompt_id"], values["project_id"]
        if place in self._twice:
            self._seen.add(place)


class ChatConverter(MappedConverter[Chat]):
    """Chats, most of them of no project."""

    mapping = CHATS

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        project = values["project_id"]
        if project is not None and project not in self.known.projects:
            values["project_id"] = None
            out.note("dangling_project")
        elif project is not None:
            values["deleted"] = self.known.project(project)


class MessageConverter(MappedConverter[ChatMessage]):
    """Messages; later ones do not know when they were changed, and count as never changed."""

    mapping = CHAT_MESSAGES

    @override
    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        self._chats = self.known.present(Chat.id, Chat.deleted, among=[row.cells["chat_id"] for row in chunk])

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        chat = cast(int, values["chat_id"])
        if chat not in self._chats:
            raise Refusal("missing_parent")
        (values["deleted"],) = self._chats[chat]
        values.setdefault("updated", values["created"])
