"""Can every source row be had back? Rebuilt from the target and its archive, by the mappings that the import used.

What an import changed or set aside stands in the archive cell by cell, so that a rebuilt row equals the one that was
read in value and storage class. It holds as long as nobody has written to the target since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from promptliano.legacy.cells import Cell, Row, SortKey, row_bytes, sort_key
from promptliano.legacy.convert import Mode, file_texts
from promptliano.legacy.convert_work import ENTRY_COLUMNS, NO_ENTRY, file_list
from promptliano.legacy.errors import ImportRefusedError
from promptliano.legacy.mapping import BoundMapping, Values
from promptliano.legacy.records import CELLS, ID_MAP, RECORD, find_record
from promptliano.legacy.registry import mapping_of
from promptliano.legacy.sealing import Sealer
from promptliano.legacy.tables import ENTRIES
from promptliano.schema import Archive, PromptProject, QueueItem
from schemaroot import Database, Expr, JsonValue, Table

T = TypeVar("T")

_BATCH = 500


@dataclass(frozen=True)
class RebuiltTable:
    """What is needed to rebuild one source table."""

    name: str
    columns: dict[str, bool]
    key: tuple[str, ...]
    mode: Mode
    last: int | None
    rows: int
    sha256: str


class Rebuilder:
    """Rebuilds the source tables of the import that filled a database."""

    def __init__(self, target: Database, sealer: Sealer) -> None:
        record = find_record(target)
        if record is None:
            raise ImportRefusedError(f"{target.path} was not filled by an import.", hint="Run an import first.")
        self.target: Database = target
        self.sealer: Sealer = sealer
        self.era: str = cast(str, record["era"])
        said = cast("dict[str, dict[str, Any]]", record["tables"])
        self.tables: dict[str, RebuiltTable] = {
            name: RebuiltTable(name, key=tuple(fields.pop("key")), **fields) for name, fields in said.items()
        }
        self._entries = ENTRIES.of(dict.fromkeys(ENTRY_COLUMNS, True))

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a source table in the order in which they were read."""
        table = self.tables[name]
        mapped = (
            self._kept(table)
            if table.mode == "kept"
            else self._mapped(table)
            if table.mode == "mapped"
            else self._archived(table, Archive.reason == CELLS)
            if table.mode == "cells"
            else iter(())
        )
        whole = self._archived(table, Archive.reason.not_in((CELLS, ID_MAP, RECORD)))

        def order(row: Row) -> tuple[SortKey, ...]:
            return tuple(sort_key(row[column]) for column in table.key)

        if not table.key:
            yield from whole  # a table without a key is archived as a whole
        else:
            yield from merge(mapped, whole, key=order)

    def digest(self, name: str) -> str:
        """The hash over all rows of a source table, to be compared with the one that was taken while reading."""
        digest = hashlib.sha256()
        for row in self.rows(name):
            digest.update(row_bytes(row.values()))
        return digest.hexdigest()

    # --- the archive --------------------------------------------------------------------------------------------------

    def _archived(self, table: RebuiltTable, which: sa.ColumnElement[bool]) -> Iterator[Row]:
        """The rows of the archive that hold all cells of a source row."""
        found = self.target.select(Archive).where(Archive.source_table == table.name, which).order_by(Archive.id)
        for row in found.stream():
            yield self._in_order(table, self.sealer.opened(table.name, row.source_id, _payload(row)))

    def _cells(self, table: RebuiltTable, keys: Sequence[str]) -> dict[str, Row]:
        """The cells that the target does not bring back, by the key of their source row."""
        found = self.target.select(Archive).where(
            Archive.source_table == table.name, Archive.reason == CELLS, Archive.source_id.in_(keys)
        )
        return {row.source_id: self.sealer.opened(table.name, row.source_id, _payload(row)) for row in found.all()}

    @staticmethod
    def _in_order(table: RebuiltTable, cells: dict[str, Cell]) -> Row:
        return {name: cells[name] for name in table.columns}

    # --- the target ---------------------------------------------------------------------------------------------------

    def _kept(self, table: RebuiltTable) -> Iterator[Row]:
        """The rows whose ids were kept: those that no other source table is mapped to, up to the highest old id."""
        mapping = mapping_of(table.name, set(table.columns))
        assert mapping is not None
        bound = mapping.of(table.columns)
        identity = cast("Expr[Any, int]", bound.target.id)
        others = self._mapped_ids(table, bound.target)
        found = self.target.select(bound.target).with_deleted().where(identity <= (table.last or 0)).order_by(identity)
        for batch in _batches(found.stream()):
            mine = [values for row in batch if (values := row.to_dict())["id"] not in others]
            yield from self._overlaid(table, bound, [(str(values["id"]), values) for values in mine])

    def _mapped_ids(self, table: RebuiltTable, target: type[Table]) -> set[int]:
        """The ids of target rows that came from other source tables."""
        ids: set[int] = set()
        for other in self.tables.values():
            if other.mode == "mapped" and other.name != table.name:
                mapping = mapping_of(other.name, set(other.columns))
                if mapping is not None and mapping.target is target:
                    ids.update(number for _, number in self._id_map(other))
        return ids

    def _id_map(self, table: RebuiltTable) -> Iterator[tuple[str, int]]:
        """The keys of source rows, each with the id of its target row."""
        found = self.target.select(Archive).where(Archive.source_table == table.name, Archive.reason == ID_MAP)
        for row in found.order_by(Archive.id).stream():
            yield row.source_id, cast(int, _payload(row)["id"])

    def _mapped(self, table: RebuiltTable) -> Iterator[Row]:
        """The rows that have other ids here."""
        mapping = mapping_of(table.name, set(table.columns))
        assert mapping is not None
        bound = mapping.of(table.columns)
        identity = cast("Expr[Any, int]", bound.target.id)
        for batch in _batches(self._id_map(table)):
            among = [number for _, number in batch]
            found = self.target.select(bound.target).with_deleted().where(identity.in_(among))
            values = {made["id"]: made for made in (row.to_dict() for row in found.all())}
            yield from self._overlaid(table, bound, [(key, values[number]) for key, number in batch])

    def _overlaid(
        self, table: RebuiltTable, bound: BoundMapping[Any], rows: Sequence[tuple[str, Values]]
    ) -> Iterator[Row]:
        """Source rows as the target brings them back, with the archive's cells on top."""
        cells = self._cells(table, [key for key, _ in rows])
        beside = self._beside(table, [values for _, values in rows])
        for (key, values), other in zip(rows, beside, strict=True):
            named: dict[str, Cell] = {"id": key} if table.mode == "mapped" else {}
            yield self._in_order(table, named | bound.back(values) | other | cells.get(key, {}))

    # --- what other target rows bring back ----------------------------------------------------------------------------

    def _beside(self, table: RebuiltTable, rows: Sequence[Values]) -> Iterable[dict[str, Cell]]:
        match table.name:
            case "tickets" | "ticket_tasks":
                return self._work(table, rows)
            case "prompts":
                return self._prompts(rows)
            case "selected_files":
                texts = file_texts(self.target, [cast(int, row["file_id"]) for row in rows])
                return [{"file_id": texts[cast(int, row["file_id"])]} for row in rows]
            case _:
                return [{} for _ in rows]

    def _work(self, table: RebuiltTable, rows: Sequence[Values]) -> Iterator[dict[str, Cell]]:
        owner: Expr[QueueItem, int | None] = QueueItem.ticket_id if table.name == "tickets" else QueueItem.task_id
        ids = [cast(int, row["id"]) for row in rows]
        found = self.target.select(QueueItem).with_deleted().where(owner.in_(ids)).order_by(QueueItem.id)
        items: dict[object, Values] = {}
        for one in found.all():
            values = one.to_dict()
            items.setdefault(values[owner.column.name], values)
        lists = [cast("list[int]", row["suggested_file_ids"]) for row in rows]
        text_ids = self.era != "old"
        texts = file_texts(self.target, {one for some in lists for one in some}) if self.era == "later" else {}
        for row, numbers in zip(rows, lists, strict=True):
            item = items.get(row["id"])
            beside = dict(NO_ENTRY) if item is None else self._entries.back(item)
            if text_ids:
                beside["suggested_file_ids"] = file_list(numbers, texts)
            yield beside

    def _prompts(self, rows: Sequence[Values]) -> Iterator[dict[str, Cell]]:
        ids = [cast(int, row["id"]) for row in rows]
        columns = sa.select(PromptProject.prompt_id, PromptProject.project_id)
        first: dict[object, int] = {}
        for prompt, project in self.target.all(
            columns.where(PromptProject.prompt_id.in_(ids)).order_by(PromptProject.id)
        ):
            first.setdefault(prompt, project)
        for row in rows:
            yield {"project_id": first.get(row["id"])}


def _payload(row: Archive) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", row.payload)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    source = iter(items)
    while batch := list(islice(source, _BATCH)):
        yield batch
