"""How does a legacy database become one of ours? Table by table into a new file, which takes its place when complete.

    report = run_import(Path("old.db"), "sqlite:///new.db", agents_dir=None, progress=None)

The new file is built in a folder beside the target and moved into place in one step, so that an interruption leaves the
target as it was. A target that is there already and holds no rows is filled in one transaction. Ctrl-C ends an import
until that step, or the commit of that transaction, begins; one that comes later finds the import complete.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

from promptliano.legacy.agents import agent_rows, check_folder
from promptliano.legacy.cells import row_bytes
from promptliano.legacy.convert import Converted, Known, TableConverter
from promptliano.legacy.errors import TargetNotEmptyError
from promptliano.legacy.interruptions import Interruptions
from promptliano.legacy.place import Place
from promptliano.legacy.records import CELLS, ID_MAP, RECORD, find_record
from promptliano.legacy.registry import converters, derived_tables
from promptliano.legacy.report import ImportReport, TableAccount
from promptliano.legacy.sealing import Sealer
from promptliano.legacy.source import LegacySource, SourceRow, check_source
from promptliano.schema import TABLES, Archive
from promptliano.storage import IDENTITY, check_current, mark_current
from schemaroot import Database, JsonValue, New, Table, declaration_of, new, now

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told the table that is being read, how many of its rows are done, and how many it has."""

_INDEXING = "indexes and full-text search"


def run_import(
    source: Path,
    target_url: str,
    *,
    agents_dir: Path | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
    interruptions: Interruptions | None = None,
) -> ImportReport:
    """Imports a legacy database, which is only read, and accounts for every row of it.

    Args:
        source: the legacy database file; a write-ahead log beside it is taken into account.
        target_url: the database to create (`sqlite:///...`), or one without rows.
        agents_dir: the folder with the projects' folders, in which the agents' files lie, or one project's folder.
        progress: is called now and then.
        dry_run: does everything in a folder for temporary files, and leaves no target behind.
        interruptions: holds Ctrl-C back in the caller's place, who asks it afterwards whether one came too late;
            when left out, one that comes too late is forgotten.

    Returns:
        The report. A target that this source was imported into before is not changed, and its report is given again.

    Raises:
        SchemarootError: the source cannot be read, or the target cannot be written or is in use; nothing was changed.
        KeyboardInterrupt: Ctrl-C came in time; nothing was changed.
    """
    if interruptions is None:
        with Interruptions() as held:
            return run_import(
                source,
                target_url,
                agents_dir=agents_dir,
                progress=progress,
                dry_run=dry_run,
                interruptions=held,
            )
    check_source(source)
    if agents_dir is not None:
        check_folder(agents_dir)
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="promptliano-plan-") as folder:
            place = Place(Path(folder) / "target.db")
            return _build(source, place, target_url, agents_dir, progress, interruptions, finish=False)
    place = Place.of(target_url)
    if os.path.exists(place.path):
        return _fill(source, place, target_url, agents_dir, progress, interruptions)
    return _build(source, place, target_url, agents_dir, progress, interruptions, finish=True)


def _build(
    source: Path,
    place: Place,
    url: str,
    agents_dir: Path | None,
    progress: Progress | None,
    interruptions: Interruptions,
    *,
    finish: bool,
) -> ImportReport:
    """Imports into a new file."""
    with place.staging() as staging:
        # What is in the folder goes as a whole: the work in it may end anywhere.
        with interruptions.allowed(), LegacySource.open(source, work=staging.folder) as legacy:
            sealer = Sealer(staging.key)
            with Database.create(
                f"sqlite:///{staging.database}", TABLES, identity=IDENTITY, durability="off", indexes=False
            ) as target:
                run = _Run(legacy, target, url, sealer, agents_dir, progress, interruptions)
                run.tables(each=target.transaction)
                if progress is not None:
                    progress(_INDEXING, 0, 1)
                target.create_indexes(TABLES)
                mark_current(target)
                if progress is not None:
                    progress(_INDEXING, 1, 1)
        if finish:
            staging.move_into_place(interruptions.check)
        return run.report


def _fill(
    source: Path,
    place: Place,
    url: str,
    agents_dir: Path | None,
    progress: Progress | None,
    interruptions: Interruptions,
) -> ImportReport:
    """Imports into a database that is there already, when it holds no rows."""
    with (
        LegacySource.open(source, copying=interruptions.allowed) as legacy,
        Database.open(url, tables=TABLES, identity=IDENTITY) as target,
    ):
        with interruptions.allowed():
            check_current(target)
            found = find_record(target)
            if found is not None and (found["sha256"] == legacy.sha256 or _same_content(found, legacy)):
                report = ImportReport.from_document(cast("dict[str, JsonValue]", found["report"]))
                report.already_imported = True
                return report
            _check_empty(target, url)
        with place.new_key() as key, target.transaction(), interruptions.allowed():
            run = _Run(legacy, target, url, Sealer(key), agents_dir, progress, interruptions)
            run.tables(each=contextlib.nullcontext)
        return run.report


def _check_empty(target: Database, url: str) -> None:
    for table in TABLES:
        if target.select(table).with_deleted().exists():
            raise TargetNotEmptyError(url, declaration_of(table).name)


def _same_content(record: dict[str, JsonValue], source: LegacySource) -> bool:
    """Whether a source holds the rows that were imported, though its file may have other bytes."""
    tables = cast("dict[str, dict[str, JsonValue]]", record["tables"])
    read = source.tables.keys() - set(derived_tables(source))
    if read != tables.keys() or any(source.count(name) != tables[name]["rows"] for name in read):
        return False
    return all(table_digest(source.rows(name)) == tables[name]["sha256"] for name in sorted(read))


def table_digest(rows: Iterator[SourceRow]) -> str:
    """The hash over all rows of a table: storage class and value of each cell, in declared order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row_bytes(row.cells.values()))
    return digest.hexdigest()


class _Run:
    """One import: reads chunk by chunk, writes what the converters give, and counts."""

    def __init__(
        self,
        source: LegacySource,
        target: Database,
        url: str,
        sealer: Sealer,
        agents_dir: Path | None,
        progress: Progress | None,
        interruptions: Interruptions,
    ) -> None:
        self.source: LegacySource = source
        self.target: Database = target
        self.sealer: Sealer = sealer
        self.agents_dir: Path | None = agents_dir
        self.progress: Progress | None = progress
        self.interruptions: Interruptions = interruptions
        self.known: Known = Known(source, target, now())
        self.report: ImportReport = ImportReport(str(source.path), url, derived=derived_tables(source))
        self._record: dict[str, JsonValue] = {}

    def tables(self, *, each: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        """Imports all tables, then the agents, then remembers what was done; `each` wraps one of these steps."""
        for converter in converters(self.known):
            with each():
                self._table(converter)
        with each():
            self._agents()
            self._remember()

    def _table(self, converter: TableConverter) -> None:
        name = converter.table.name
        account = TableAccount(name)
        total, digest = self.source.count(name), hashlib.sha256()
        self._tell(name, 0, total)
        for chunk in self.source.chunks(name):
            made = list(converter.convert(chunk))
            self._write(name, chunk, made)
            for row, one in zip(chunk, made, strict=True):
                digest.update(row_bytes(row.cells.values()))
                account.add(one.outcome)
                self.report.rules.update([*one.notes, *([one.rule] if one.rule else [])])
            self._tell(name, account.read, total)
        self.report.tables.append(account)
        self._record[name] = {
            "columns": cast("dict[str, JsonValue]", dict(converter.columns)),
            "key": cast("list[JsonValue]", list(converter.table.key)),
            "mode": converter.mode,
            "last": self.known.last_id(name) if converter.mode == "kept" else None,
            "rows": account.read,
            "sha256": digest.hexdigest(),
        }

    def _tell(self, table: str, done: int, total: int) -> None:
        self.interruptions.check()
        if self.progress is not None and total:
            self.progress(table, done, total)

    def _write(self, name: str, chunk: Sequence[SourceRow], made: Sequence[Converted]) -> None:
        rows: dict[type[Table], list[New[Any]]] = {table: [] for table in TABLES}
        for row, one in zip(chunk, made, strict=True):
            for record in one.rows:
                rows[record.table].append(record)
            if one.target_id is not None:
                rows[Archive].append(self._archived(name, row.key, ID_MAP, {"id": one.target_id}))
            if one.rule or one.cells:
                reason = f"{one.outcome}:{one.rule}" if one.rule else CELLS
                payload = self.sealer.archived(name, row.key, one.cells)
                rows[Archive].append(self._archived(name, row.key, reason, payload))
        for records in rows.values():
            self.target.insert_many(records)

    def _archived(self, table: str, key: str, reason: str, payload: dict[str, JsonValue]) -> New[Archive]:
        return new(
            Archive,
            source=self.source.path.name,
            source_table=table,
            source_id=key,
            payload=payload,
            reason=reason,
            created=self.known.moment,
        )

    def _agents(self) -> None:
        rows: list[New[Any]] = []
        for row, rule in agent_rows(self.known, self.agents_dir):
            rows.append(row)
            self.report.rules[rule] += 1
        self.target.insert_many(rows)

    def _remember(self) -> None:
        payload: dict[str, JsonValue] = {
            "sha256": self.source.sha256,
            "era": self.source.era,
            "tables": self._record,
            "report": self.report.to_document(),
        }
        self.target.insert_many([self._archived(RECORD, self.source.sha256, RECORD, payload)])
