"""Is everything in a database as it should be? Structure, references, values, full text, and content against a backup.

    findings = check_database(connection, [Customer, Order], backup=read_backup(path))
    for finding in findings:
        print(finding)

Nothing is written, and nothing is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from schemaroot.backup import statements
from schemaroot.backup.compare import Change, Difference, changed_tables, differing_rows
from schemaroot.backup.create import NOT_THE_FILE_S, Messages, integrity_problems
from schemaroot.backup.digest import Progress, Shape, count_rows, rows_apart, rows_of, shape_of
from schemaroot.backup.manifest import Backup
from schemaroot.backup.verify import reading_backup
from schemaroot.engine.compile import compile_statement
from schemaroot.engine.connection import Connection, Patience
from schemaroot.engine.driver import SQLITE_BUSY, SQLITE_LOCKED, SQLITE_READONLY
from schemaroot.engine.faults import translate
from schemaroot.schema.column import Column
from schemaroot.schema.constraints import search_table
from schemaroot.schema.sqlalchemy import table_clause, value_checks
from schemaroot.schema.table import Table, TableDeclaration
from schemaroot.schema.types import MAX_MS, MIN_MS, Boolean, Json, Text, TimestampMs

Kind = Literal["integrity", "foreign key", "drift", "value", "json", "search", "invariant", "content"]

Row = tuple[Any, ...]

SHOWN = 5
"""The most keys that a finding names."""

LOCK_MS = 5000
"""How long to wait for the write lock, which checking full text takes for a moment."""

_BATCH = 1024


@dataclass(frozen=True)
class CheckFinding:
    """One thing that is not as it should be.

    Attributes:
        kind: which check found it.
        table: the table, or `None` when it is about the whole database.
        message: what is wrong, in one line.
        rows: how many rows it is about; 0 when it is not about rows.
        keys: the keys of the first of these rows, at most `SHOWN`.
    """

    kind: Kind
    table: str | None
    message: str
    rows: int = 0
    keys: tuple[Row, ...] = ()

    def __str__(self) -> str:
        where = f"{self.table}: " if self.table else ""
        shown = ", ".join("/".join(map(str, key)) for key in self.keys)
        more = ", ..." if self.rows > len(self.keys) else ""
        return f"{where}{self.message}" + (f" ({shown}{more})" if shown else "")


def check_database(
    connection: Connection,
    tables: Sequence[type[Table]] = (),
    *,
    drift: Callable[[Connection], Iterable[str]] | None = None,
    invariants: Sequence[Callable[[Connection], Iterable[CheckFinding]]] = (),
    backup: Backup | None = None,
    progress: Progress | None = None,
    messages: Messages | None = None,
) -> list[CheckFinding]:
    """Everything that is not as it should be; empty when all is well.

    Args:
        connection: the database. Full text is checked only on one that may write, which takes the write lock for a
            moment and changes nothing.
        tables: the declared tables: their enumerations, ranges, lengths, moments, and the shapes of their JSON.
        drift: says in words how the schema differs from what it should be.
        invariants: checks of the program's own.
        backup: a backup whose content the database should still have; rows that differ are named.
        progress: told rows whose values are checked, and of how many.
        messages: told what is being checked.

    Raises:
        DatabaseLockedError: another program kept a lock for too long.
        What cannot be read is a finding, and no error.
    """
    tell = messages or _silent
    checks: list[tuple[str, Callable[[], Iterable[CheckFinding]]]] = [
        ("integrity", lambda: [CheckFinding("integrity", None, line) for line in integrity_problems(connection)]),
        ("foreign keys", lambda: _foreign_keys(connection)),
    ]
    if drift is not None:
        checks.append(("schema", lambda: [CheckFinding("drift", None, line) for line in drift(connection)]))
    if tables:
        checks.append(("values", lambda: _values(connection, tables, progress)))
        checks.append(("full text", lambda: _search(connection, tables, tell)))
    for invariant in invariants:
        checks.append(("invariants", lambda check=invariant: check(connection)))  # type: ignore[misc]  # mypy infers no lambda with a default
    if backup is not None:
        checks.append(("content", lambda: check_against(connection, backup)))
    findings: list[CheckFinding] = []
    for what, check in checks:
        tell(f"checking {what}")
        try:
            findings += check()
        except connection.driver.errors as error:
            fault = connection.driver.fault(error)
            if fault.primary in NOT_THE_FILE_S:
                raise translate(fault, path="") from error
            findings.append(CheckFinding("integrity", None, f"{what}: {fault.message}"))
    return list(dict.fromkeys(findings))


def _silent(_: str) -> None:
    return None


# --- references -------------------------------------------------------------------------------------------------------


def _foreign_keys(connection: Connection) -> Iterator[CheckFinding]:
    found: dict[tuple[str, str], list[Row]] = {}
    counts: dict[tuple[str, str], int] = {}
    for table, rowid, parent, _ in connection.execute(statements.PRAGMA_FOREIGN_KEY_CHECK):
        counts[table, parent] = counts.get((table, parent), 0) + 1
        keys = found.setdefault((table, parent), [])
        if len(keys) < SHOWN and rowid is not None:  # a table without rowids gives none
            keys.append((rowid,))
    for (table, parent), rows in sorted(counts.items()):
        verb = "refers" if rows == 1 else "refer"
        message = f"{_rows(rows)} {verb} to a row of {parent} that is not there"
        yield CheckFinding("foreign key", table, message, rows, tuple(found[table, parent]))


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


# --- values -----------------------------------------------------------------------------------------------------------


def _values(connection: Connection, tables: Sequence[type[Table]], progress: Progress | None) -> Iterator[CheckFinding]:
    there = {str(row[0]) for row in connection.execute(statements.TABLES).fetchall()}
    present = [table for table in tables if table.__declaration__.name in there]
    total = sum(count_rows(connection, table.__declaration__.name) for table in present) if progress else 0
    done = 0
    for table in present:
        declared = table.__declaration__
        shape = shape_of(connection, declared.name)
        for column in declared.columns.values():
            if column.name not in shape.columns:
                continue
            for condition in _wrong(column):
                yield from _by_statement(connection, table, column, condition)
        yield from _by_decoding(connection, declared, shape)
        if progress is not None:
            done += count_rows(connection, declared.name)
            progress(done, total)


def _wrong(column: Column) -> Iterator[Any]:
    """Conditions that are true for values that the column's type does not allow, where SQL can tell."""
    own: sa.ColumnElement[Any] = sa.column(column.name)
    for _, allowed in value_checks(column):
        yield sa.not_(allowed)
    match column.type:
        case Boolean():
            yield own.not_in([sa.literal_column("0"), sa.literal_column("1")])
        case TimestampMs():
            yield sa.or_(own < sa.literal_column(str(MIN_MS)), own > sa.literal_column(str(MAX_MS)))
        case _:
            pass


def _by_statement(connection: Connection, table: type[Table], column: Column, wrong: Any) -> Iterator[CheckFinding]:
    clause = table_clause(table)
    keys = [clause.c[key.name] for key in table.__declaration__.primary_key]
    compiled = compile_statement(sa.select(*keys).where(wrong))
    found = connection.execute(compiled.sql, compiled.bind((), {}))
    yield from _named(column, "value", "outside of " + column.type.describe(), (tuple(row) for row in found))


def _named(column: Column, kind: Kind, what: str, keys: Iterable[Row]) -> Iterator[CheckFinding]:
    first: list[Row] = []
    count = 0
    for key in keys:
        count += 1
        if len(first) < SHOWN:
            first.append(key)
    if count:
        message = f"{column.name} is {what} in {_rows(count)}"
        yield CheckFinding(kind, column.table, message, count, tuple(first))


def _by_decoding(connection: Connection, declared: TableDeclaration, shape: Shape) -> Iterator[CheckFinding]:
    """The columns whose values only Python can judge: shapes of JSON, and patterns."""
    columns = [
        column
        for column in declared.columns.values()
        if column.name in shape.columns
        and (isinstance(column.type, Json) or (isinstance(column.type, Text) and column.type.pattern is not None))
    ]
    if not columns:
        return
    wrong: dict[str, list[Row]] = {column.name: [] for column in columns}
    key = [member.name for member in declared.primary_key]
    wanted = [*key, *(column.name for column in columns)]
    try:
        _decode(rows_of(connection, shape, wanted), columns, len(key), wrong)
    except connection.driver.errors as error:
        if not connection.driver.is_unreadable_text(error):
            raise
        wrong = {column.name: [] for column in columns}
        _decode(rows_apart(connection, shape, wanted), columns, len(key), wrong)
    for column in columns:
        is_json = isinstance(column.type, Json)
        yield from _named(column, "json" if is_json else "value", f"no {column.type.describe()}", wrong[column.name])


def _decode(rows: Iterator[Row], columns: Sequence[Column], key: int, wrong: dict[str, list[Row]]) -> None:
    while batch := list(islice(rows, _BATCH)):
        for place, column in enumerate(columns, start=key):
            values = [row[place] for row in batch]
            if not _all_fit(column, [value for value in values if value is not None]):
                wrong[column.name] += [
                    row[:key] for row in batch if row[place] is not None and not _all_fit(column, [row[place]])
                ]


def _all_fit(column: Column, values: Sequence[Any]) -> bool:
    if any(not isinstance(value, str) for value in values):
        return False
    try:
        if isinstance(column.type, Json):
            for _ in column.type.load_many(values):
                pass
            return True
        return all(isinstance(column.type, Text) and column.type.matches(value) for value in values)
    except (ValueError, RecursionError):  # of msgspec and of Pydantic alike
        return False


# --- full text --------------------------------------------------------------------------------------------------------


def _search(connection: Connection, tables: Sequence[type[Table]], tell: Messages) -> Iterator[CheckFinding]:
    there = {str(row[0]) for row in connection.execute(statements.TABLES).fetchall()}
    for table in tables:
        declared = table.__declaration__
        index = search_table(declared.name)
        if not declared.search:
            continue
        if index not in there:
            yield CheckFinding("search", declared.name, f"its full-text index {index} is not there")
            continue
        patience = Patience(connection.driver, LOCK_MS)
        while True:
            try:
                connection.execute(statements.check_search(index)).fetchall()
                break
            except connection.driver.errors as error:
                fault = connection.driver.fault(error)
                if fault.primary == SQLITE_READONLY:
                    tell("full text was not checked: this connection only reads")
                    return
                if fault.primary in (SQLITE_BUSY, SQLITE_LOCKED):
                    patience.wait_or_raise(error)
                    continue
                yield CheckFinding("search", declared.name, f"its full-text index is not in step: {fault.message}")
                break


# --- content ----------------------------------------------------------------------------------------------------------

_CHANGES: dict[Change, tuple[str, str]] = {
    "changed": ("differs from", "differ from"),
    "missing": ("is gone since", "are gone since"),
    "added": ("is new since", "are new since"),
}


def check_against(connection: Connection, backup: Backup) -> Iterator[CheckFinding]:
    """Which tables, and which of their rows, do not hold any more what a backup holds."""
    changed = changed_tables(connection, backup)
    if not changed:
        return
    with reading_backup(backup.path, connection.driver.name) as copy:
        for table in changed:
            try:
                found = list(_counted(differing_rows(connection, copy, table)))
            except LookupError:
                yield CheckFinding("content", table, f"it is not there; {backup.path.name} has it")
                continue
            for change, count, keys in found:
                words = _CHANGES[change][count > 1]
                yield CheckFinding("content", table, f"{_rows(count)} {words} {backup.path.name}", count, keys)
            if not found:
                yield CheckFinding("content", table, f"its columns are not those in {backup.path.name}")


def _counted(differences: Iterable[Difference]) -> Iterator[tuple[Change, int, tuple[Row, ...]]]:
    counts: dict[Change, int] = {}
    keys: dict[Change, list[Row]] = {}
    for change, key in differences:
        counts[change] = counts.get(change, 0) + 1
        first = keys.setdefault(change, [])
        if len(first) < SHOWN:
            first.append(tuple(value.data if isinstance(value, msgspec.msgpack.Ext) else value for value in key))
    for change, count in counts.items():
        yield change, count, tuple(keys[change])
