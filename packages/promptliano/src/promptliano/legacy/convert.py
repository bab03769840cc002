"""How do the rows of one source table become rows of ours? What every table's converter shares.

A converter takes a chunk of source rows and gives, for each, what became of it: target rows, the cells that these would
not bring back, and how it is counted. It writes nothing; the importer does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar, cast

import sqlalchemy as sa

from promptliano.legacy.cells import Cell, Refusal, Row, difference
from promptliano.legacy.codecs import is_number
from promptliano.legacy.mapping import BoundMapping, Columns, TableMapping, Values
from promptliano.legacy.report import Outcome
from promptliano.legacy.rules import REPAIRS
from promptliano.legacy.source import LegacySource, SourceRow
from promptliano.schema import File
from schemaroot import Database, Expr, New, Table
from schemaroot.introspection import FoundTable

R = TypeVar("R", bound=Table)

Mode: TypeAlias = Literal["kept", "mapped", "cells", "archive"]
"""How a table's rows are found again: by their own ids, by the ids that the archive maps them to, cell by cell in the
archive, or as whole rows there."""


@dataclass
class Converted:
    """What became of one source row.

    Attributes:
        outcome: how it is counted.
        rows: the target rows to write.
        cells: the cells to keep in the archive: those that the target rows do not bring back, or the whole row.
        rule: why the whole row goes to the archive.
        target_id: the id of its target row where that is not its own.
        notes: the rules that were used.
        beside: source cells that other target rows bring back.
    """

    outcome: Outcome = "imported"
    rows: list[New[Any]] = field(default_factory=list[New[Any]])
    cells: Row = field(default_factory=dict[str, Cell])
    rule: str = ""
    target_id: int | None = None
    notes: list[str] = field(default_factory=list[str])
    beside: dict[str, Cell] = field(default_factory=dict[str, Cell])

    def note(self, rule: str) -> None:
        """Tells that a rule was used; a row that it changes counts as repaired."""
        self.notes.append(rule)
        if rule in REPAIRS:
            self.outcome = "repaired"


@dataclass
class Known:
    """What all converters of one import share.

    Attributes:
        source: the source.
        target: the database that is being filled.
        moment: when the import runs.
        projects: each imported project, with the moment of its deletion.
        queues: for each source table of queues, the imported queues by their ids there: id here, moment of deletion.
        queue_names: the names of live queues that are taken, each with its project.
        merged_files: numbers of files of the later table that are rows of the old one too, by their text ids.
        agents: the agents that rows name, with the project of the row.
        counters: the next free id of tables whose rows are partly made anew.
    """

    source: LegacySource
    target: Database
    moment: datetime
    projects: dict[int, datetime | None] = field(default_factory=dict[int, "datetime | None"])
    queues: dict[str, dict[int, tuple[int, datetime | None]]] = field(
        default_factory=dict[str, "dict[int, tuple[int, datetime | None]]"]
    )
    queue_names: set[tuple[object, object]] = field(default_factory=set[tuple[object, object]])
    merged_files: dict[str, int] = field(default_factory=dict[str, int])
    agents: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    counters: Counter[str] = field(default_factory=Counter[str])

    def project(self, number: object) -> datetime | None:
        """When an imported project was deleted; raises `Refusal` when there is no such project."""
        if not isinstance(number, int) or number not in self.projects:
            raise Refusal("missing_parent")
        return self.projects[number]

    def queue(self, number: Cell, *tables: str) -> tuple[int, datetime | None] | None:
        """The imported queue of that id in the first of the source tables that has it."""
        for table in tables:
            found = self.queues.get(table, {}).get(cast(int, number))
            if found is not None:
                return found
        return None

    def next_id(self, table: str) -> int:
        """A new id behind all those of a source table."""
        if table not in self.counters:
            self.counters[table] = self.last_id(table)
        self.counters[table] += 1
        return self.counters[table]

    def last_id(self, table: str) -> int:
        """The highest id of a source table whose ids are numbers, or 0."""
        if not self.source.has(table, "id"):
            return 0
        clause = self.source.clause(table)
        highest = sa.func.max(sa.case((sa.func.typeof(clause.c.id) == "integer", clause.c.id)))
        return cast("int | None", self.source.db.one(sa.select(highest))[0]) or 0

    def present(self, *columns: Expr[R, Any], among: Iterable[object]) -> dict[int, tuple[Any, ...]]:
        """Some columns of the imported rows whose first column is among the given ids, by that id."""
        ids = {number for number in among if isinstance(number, int)}
        if not ids:
            return {}
        found = self.target.all(sa.select(*columns).where(columns[0].in_(ids)))
        return {row[0]: tuple(row[1:]) for row in found}

    # --- files of the later era, whose ids are texts ------------------------------------------------------------------

    @property
    def has_text_ids(self) -> bool:
        """Whether lists of file ids hold text ids, as they do when the later application alone wrote the database."""
        return self.source.era == "later"

    def file_number(self, rowid: int) -> int:
        """The id here of a row of the later table of files: its rowid, behind the ids of the old table."""
        if "project_files" not in self.counters:
            self.counters["project_files"] = self.last_id("project_files")
        return self.counters["project_files"] + rowid

    def file_numbers(self, texts: Iterable[str]) -> dict[str, int]:
        """The ids here of files by their ids as texts; what is no imported file of the later table is left out."""
        wanted = sorted({text for text in texts if not is_number(text)})
        if not self.source.has("files", "id", "path"):
            return {}
        found = cast("list[tuple[str, int]]", self.source.matching("files", ("id", "rowid"), {"id": wanted}))
        numbers = {text: self.merged_files.get(text, self.file_number(rowid)) for text, rowid in found}
        there = self.present(File.id, among=numbers.values())
        return {text: number for text, number in numbers.items() if number in there}


def file_texts(target: Database, numbers: Iterable[int]) -> dict[int, str]:
    """The text ids that the later application gave to files: project and path."""
    wanted = set(numbers)
    if not wanted:
        return {}
    found = target.all(sa.select(File.id, File.project_id, File.path).where(File.id.in_(wanted)))
    return {number: f"{project}_{path}" for number, project, path in found}


class TableConverter:
    """Converts the rows of one source table. This one has no table for them: all go to the archive as they are."""

    mode: Mode = "archive"
    target: type[Table] | None = None

    def __init__(self, known: Known, table: FoundTable) -> None:
        self.known: Known = known
        self.table: FoundTable = table

    @property
    def columns(self) -> Columns:
        """The columns of the source table, and whether each takes NULL."""
        return {column.name: column.nullable for column in self.table.columns}

    def convert(self, chunk: Sequence[SourceRow]) -> Iterator[Converted]:
        """What becomes of each row, in their order."""
        for row in chunk:
            yield Converted("archived", cells=row.cells, rule="no_table")


class MappedConverter(TableConverter, Generic[R]):
    """Converts rows by a mapping; a subclass says what a mapping column by column cannot."""

    mapping: ClassVar[TableMapping[Any]]
    mode: Mode = "kept"

    def __init__(self, known: Known, table: FoundTable, *, by_hand: Collection[str] = ()) -> None:
        super().__init__(known, table)
        self.target: type[Table] | None = self.mapping.target
        columns = {name: nullable for name, nullable in self.columns.items() if name not in by_hand}
        self.bound: BoundMapping[R] = self.mapping.of(columns)

    def convert(self, chunk: Sequence[SourceRow]) -> Iterator[Converted]:
        """What becomes of each row, in their order."""
        self.prepare(chunk)
        for row in chunk:
            try:
                yield self._one(row)
            except Refusal as refusal:
                yield Converted(cast("Outcome", refusal.outcome), cells=row.cells, rule=refusal.rule)

    def _one(self, row: SourceRow) -> Converted:
        out = Converted()
        values = self.bound.values(row.cells)
        self.complete(row, values, out)
        out.rows.insert(0, self.bound.row(values))
        back = self.bound.back(values) | out.beside
        if self.mode == "mapped":
            out.target_id = cast(int, values["id"])
            back.setdefault("id", row.key)
        out.cells = difference(row.cells, back)
        self.accept(row, values)
        return out

    def prepare(self, chunk: Sequence[SourceRow]) -> None:
        """Looks up what the rows of a chunk need, together."""

    def complete(self, row: SourceRow, values: Values, out: Converted) -> None:
        """Adds what the mapping could not say to `values` and `out`; raises `Refusal`."""

    def accept(self, row: SourceRow, values: Values) -> None:
        """Remembers a row that will be written."""
