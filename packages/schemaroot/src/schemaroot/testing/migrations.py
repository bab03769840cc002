"""Does a revision do what it should to rows, and back, and again? Tried in a test, on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from schemaroot.engine.database import Database
from schemaroot.engine.driver import DriverName
from schemaroot.introspection.catalogue import Catalogue, TableDef
from schemaroot.introspection.read import read_catalogue
from schemaroot.migration import statements
from schemaroot.migration.compare import differences
from schemaroot.migration.data_steps import insert_rows
from schemaroot.migration.errors import MigrationError
from schemaroot.migration.revisions import Migrations, Revision, Revisions
from schemaroot.migration.runner import Options, Report, Runner
from schemaroot.migration.session import Session
from schemaroot.migration.undo import rowid_name
from schemaroot.migration.work import Work

Rows = Mapping[str, Sequence[Mapping[str, object]]]
"""Rows by table, each a value by column, as they are stored."""

_PLAIN = Options(backup=False, rehearse=False)
_SHOWN = 5


def assert_migration(
    revision: str,
    rows: Rows,
    *,
    migrations: Migrations,
    expect: Rows | None = None,
    check: Callable[[Database], object] | None = None,
    reversible: bool = True,
    driver: DriverName = "apsw",
) -> None:
    """Holds a revision to rows: up, down, and up again.

    Makes a database at the state before the revision and puts the rows into it. After the way up it looks for what is
    expected, after the way down for exactly what was there at the start, and after the second way up for exactly what
    the first one made.

    Args:
        revision: the revision, or the beginning of its name.
        rows: the rows before it, by table, with values as they are stored; references are checked when all are there.
        migrations: the program's migrations.
        expect: rows after it, by table and in the order of their key: all rows of a table, each with the columns that
            matter. Tables that are left out may hold what they like.
        check: looks at the database after the way up, and raises for what is wrong.
        reversible: `False` for a revision that says it cannot be undone; the way back is not gone then.
        driver: which driver runs it.

    Raises:
        AssertionError: something is not as it should be, or the revision failed; the message says where and how.
    """
    revisions = migrations.revisions()
    wanted = revisions.named(revision)
    with TemporaryDirectory(prefix="schemaroot-") as folder:
        runner = Runner(migrations, Path(folder) / "test.db", driver=driver)
        _stand_before(runner, revisions, wanted)
        _put(runner, revisions, rows)
        start = _Picture.of(runner, revisions)
        _go(runner, wanted, "up")
        first = _Picture.of(runner, revisions)
        for table, expected in (expect or {}).items():
            first.require(wanted.id, table, expected)
        if check is not None:
            with runner.open(revisions) as db:
                check(db)
        if not reversible:
            return
        _go(runner, wanted, "down")
        _Picture.of(runner, revisions).require_equal(f"{wanted.id}, up and down, does not lead back", start)
        _go(runner, wanted, "up")
        _Picture.of(runner, revisions).require_equal(f"{wanted.id} gives something else the second time", first)


def _stand_before(runner: Runner, revisions: Revisions, wanted: Revision) -> None:
    for parent in wanted.parents:
        runner.up(parent, options=_PLAIN, create=True)
    if not wanted.parents:
        with runner.working(revisions, Report(), create=True):
            pass  # an empty file


def _put(runner: Runner, revisions: Revisions, rows: Rows) -> None:
    with Session(runner.open(revisions)) as session, session.revision_transaction():
        work = Work(session.connection)
        tables = read_catalogue(session.connection).tables
        for name, some in rows.items():
            if name not in tables:
                known = ", ".join(sorted(tables)) or "none"
                raise AssertionError(f"before the revision there is no table {name} for rows; tables: {known}")
            columns: list[sa.ColumnClause[Any]] = [sa.column(one.name) for one in tables[name].columns]
            try:
                insert_rows(sa.table(name, *columns), some).run(work)
            except (MigrationError, SQLAlchemyError) as error:
                said = error.message if isinstance(error, MigrationError) else str(error)
                raise AssertionError(f"the rows of {name} do not fit before the revision: {said}") from error
        broken = session.connection.execute(statements.FOREIGN_KEY_CHECK).fetchall()
        if broken:
            table, rowid, target = broken[0][:3]
            raise AssertionError(f"row {rowid} of {table} refers to a row of {target} that is not given")


def _go(runner: Runner, wanted: Revision, way: str) -> None:
    try:
        if way == "up":
            runner.up(wanted.id, options=_PLAIN)
        else:
            runner.down(options=_PLAIN)
    except MigrationError as error:
        raise AssertionError(f"{wanted.id} could not be taken {way}: {error.message}\n{error.hint}") from error


@dataclass(frozen=True)
class _Picture:
    """A database as a test compares it: its schema, and all rows in the order of their keys."""

    catalogue: Catalogue
    rows: Mapping[str, Sequence[Mapping[str, object]]]

    @classmethod
    def of(cls, runner: Runner, revisions: Revisions) -> _Picture:
        with runner.open(revisions) as db:
            connection = db.pool.take()
            try:
                catalogue = read_catalogue(connection)
            finally:
                db.pool.give(connection)
            return cls(catalogue, {name: _rows(db, table) for name, table in catalogue.tables.items()})

    def require(self, revision: str, table: str, expected: Sequence[Mapping[str, object]]) -> None:
        """Raises unless a table holds the expected rows, each with at least the expected values."""
        if table not in self.rows:
            known = ", ".join(sorted(self.rows)) or "none"
            raise AssertionError(f"after {revision} there is no table {table}; tables: {known}")
        found = self.rows[table]
        if len(found) != len(expected):
            raise AssertionError(
                f"after {revision}, {table} has {len(found)} rows, expected were {len(expected)}:\n{_shown(found)}"
            )
        for place, (wanted, row) in enumerate(zip(expected, found, strict=True), start=1):
            for column, value in wanted.items():
                if column not in row:
                    raise AssertionError(f"after {revision}, {table} has no column {column}: {', '.join(row)}")
                if not _same(row[column], value):
                    raise AssertionError(
                        f"after {revision}, {table}.{column} of row {place} is {row[column]!r},"
                        f" expected was {value!r}:\n{_shown([row])}"
                    )

    def require_equal(self, what: str, wanted: _Picture) -> None:
        """Raises unless two pictures are the same."""
        gone = [name for name in self.catalogue.tables if name not in wanted.catalogue.tables]
        said = differences(wanted.catalogue, self.catalogue, gone=gone)
        if said:
            raise AssertionError(f"{what}: {'; '.join(said)}")
        for table, expected in wanted.rows.items():
            found = self.rows[table]
            less = [row for row in expected if not any(_equal(row, other) for other in found)]
            more = [row for row in found if not any(_equal(row, other) for other in expected)]
            if less or more or len(found) != len(expected):
                raise AssertionError(
                    f"{what}: {table} has {len(found)} rows, wanted are {len(expected)}\n"
                    f"missing:\n{_shown(less)}\nnot wanted:\n{_shown(more)}"
                )


def _rows(db: Database, table: TableDef) -> list[dict[str, object]]:
    key = list(table.primary_key.columns) if table.primary_key is not None else [rowid_name(table) or "rowid"]
    columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in table.column_names]
    order: list[sa.ColumnElement[Any]] = [sa.column(name) for name in key]
    found = db.all(sa.select(*columns).select_from(sa.table(table.name)).order_by(*order))
    return [dict(zip(table.column_names, row, strict=True)) for row in found]


def _same(one: object, other: object) -> bool:
    """Equal, and of one kind: SQLite keeps 1, 1.0 and '1' apart."""
    return type(one) is type(other) and one == other


def _equal(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)


def _shown(rows: Sequence[Mapping[str, object]]) -> str:
    lines = [f"    {', '.join(f'{name}={value!r}' for name, value in row.items())}" for row in rows[:_SHOWN]]
    lines += [f"    and {len(rows) - _SHOWN:,} more"] if len(rows) > _SHOWN else []
    return "\n".join(lines) or "    none"
