"""Converters of document tables: tabs, which are user preferences here, and selections of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from typing_extensions import override

from promptliano.legacy.cells import Cell, Refusal, Row
from promptliano.legacy.codecs import as_json, is_number, moment
from promptliano.legacy.convert import Converted, Known, MappedConverter, Mode, TableConverter
from promptliano.legacy.mapping import Values, make_row
from promptliano.legacy.source import SourceRow
from promptliano.legacy.tables import ACTIVE_TABS
from promptliano.schema import File, SelectedFile, UserPreference
from schemaroot import JsonValue, New, Table
from schemaroot.introspection import FoundTable

NOBODY = "default"
"""The user of what names no client, and the selection of what names no tab."""


def _data(row: Row) -> dict[str, JsonValue]:
    """The member `data` of a document; raises `Refusal`."""
    document = as_json(row["data"])
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise Refusal("not_an_object:data")
    return data


class TabConverter(MappedConverter[UserPreference]):
    """Tabs: one preference for each project and client, the newest."""

    mapping = ACTIVE_TABS
    mode: Mode = "mapped"

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self._newest: dict[tuple[str, str], tuple[int, str]] = {}
        for row in known.source.rows(table.name):
            try:
                place, updated = self._place(_data(row.cells)), row.cells["updated_at"]
            except Refusal:
                continue  # told when the row is converted
            if isinstance(updated, int):
                self._newest[place] = max(self._newest.get(place, (updated, row.key)), (updated, row.key))

    @staticmethod
    def _place(data: dict[str, JsonValue]) -> tuple[str, str]:
        """The user and key of a tab's preference."""
        client, project = data.get("clientId"), data.get("projectId")
        if not isinstance(project, int):
            raise Refusal("not_an_object:data")
        return client if isinstance(client, str) and client else NOBODY, f"project.{project}.activeTab"

    @override
    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        data = _data(row.cells)
        place = self._place(data)
        if self._newest[place][1] != row.key:
            raise Refusal("older_tab", "merged")
        if not is_number(row.key):
            raise Refusal("not_a_whole_number:id")
        values |= {"id": int(row.key), "user": place[0], "key": place[1], "value": data}


@dataclass
class _Selection:
    """What one document says."""

    project: int
    name: str
    paths: list[str]
    file_ids: list[int]
    prompt: dict[str, JsonValue]


def _listed(data: dict[str, JsonValue], member: str, kind: type) -> list[Any]:
    """The members of a list in a document that have the right type; -1 stands for none."""
    found = data.get(member)
    return [one for one in found if isinstance(one, kind) and one != -1] if isinstance(found, list) else []


def _selection(data: dict[str, JsonValue]) -> _Selection:
    project, tab, words = data.get("projectId"), data.get("tabId"), data.get("userPrompt")
    if not isinstance(project, int):
        raise Refusal("not_an_object:data")
    name = f"tab-{tab}" if isinstance(tab, int) and tab != -1 else NOBODY
    prompts = _listed(data, "promptIds", int)
    kept: dict[str, JsonValue] = {"userPrompt": words} if isinstance(words, str) and words else {}
    kept |= {"promptIds": prompts} if prompts else {}
    return _Selection(project, name, _listed(data, "filePaths", str), _listed(data, "fileIds", int), kept)


class SelectionConverter(TableConverter):
    """Selections: one row per path; the words and prompts beside them are user preferences.

    The document itself stays in the archive, since files may be gone and one path may be selected twice.
    """

    mode: Mode = "cells"
    target: type[Table] | None = SelectedFile

    def __init__(self, known: Known, table: FoundTable) -> None:
        super().__init__(known, table)
        self._selected: set[tuple[int, str, int]] = set()
        self._places: set[str] = set()

    @override
    def convert(self, chunk: Sequence[SourceRow]) -> Iterator[Converted]:
        """What becomes of each row, in their order; the newest document of a tab is read first."""
        made: dict[str, Converted] = {}
        for row in sorted(chunk, key=lambda row: _updated(row.cells), reverse=True):
            try:
                made[row.key] = self._one(row)
            except Refusal as refusal:
                made[row.key] = Converted("quarantined", cells=row.cells, rule=refusal.rule)
        for row in chunk:
            yield made[row.key]

    def _one(self, row: SourceRow) -> Converted:
        selection = _selection(_data(row.cells))
        created, updated = moment.there(row.cells["created_at"]), moment.there(row.cells["updated_at"])
        times: Values = {"created": created, "updated": updated}
        out = Converted(cells=row.cells)
        times["deleted"] = self.known.project(selection.project)
        for position, number in enumerate(self._files(selection, out)):
            place = selection.project, selection.name, number
            if place not in self._selected:
                self._selected.add(place)
                values = {"project_id": selection.project, "file_id": number, "position": position}
                out.rows.append(make_row(SelectedFile, {**values, "selection": selection.name, **times}))
        if selection.prompt:
            out.rows += self._preference(selection, times)
        return out

    def _files(self, selection: _Selection, out: Converted) -> list[int]:
        """The files of a selection: by their paths, else by their ids."""
        source = self.known.source
        if not selection.paths:
            there = self.known.present(File.id, among=selection.file_ids)
            return [number for number in selection.file_ids if number in there]
        numbers: dict[Cell, int] = {}
        if source.has("project_files", "id", "project_id", "path"):
            among: dict[str, Sequence[Cell]] = {"project_id": [selection.project], "path": selection.paths}
            numbers = {
                path: cast(int, number) for path, number in source.matching("project_files", ("path", "id"), among)
            }
        there = self.known.present(File.id, among=numbers.values())
        found: list[int] = []
        for path in selection.paths:
            if numbers.get(path) in there:
                found.append(numbers[path])
            else:
                out.note("selected_path_without_file")
        return found

    def _preference(self, selection: _Selection, times: Values) -> list[New[Any]]:
        key = f"project.{selection.project}.selection.{selection.name}"
        if key in self._places:
            return []  # a newer document of the tab said so already
        self._places.add(key)
        kept: Values = {"created": times["created"], "updated": times["updated"]}
        return [make_row(UserPreference, {"user": NOBODY, "key": key, "value": selection.prompt, **kept})]


def _updated(cells: Row) -> int:
    updated = cells["updated_at"]
    return updated if isinstance(updated, int) else 0
