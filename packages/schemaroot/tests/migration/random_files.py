"""Databases of random schemas: their rows put in and read out, revision files written for them, and what to expect."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from schemaroot.engine.driver import DriverName
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import declared_catalogue
from schemaroot.introspection.sql.expressions import canonical
from schemaroot.migration import draft as drafting
from schemaroot.migration.compare import differences
from schemaroot.migration.draft import Draft
from schemaroot.migration.operations import AddColumn, AlterColumn, AlterTable, Operation
from schemaroot.migration.recorded import replay
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Options, Runner
from schemaroot.migration.write import write_revision

from .random_changes import Change, Using
from .random_schemas import (
    NOTHING,
    ColumnPlan,
    Plan,
    Row,
    Rows,
    TablePlan,
    Value,
    declare,
    storage_in,
    table_of,
)

MEANT = ("DROP_FILLED_COLUMN", "DROP_FILLED_TABLE", "NARROWING_TYPE", "RENAME_LIKE")
QUICK = Options(backup=False, rehearse=False, allow=MEANT)
REHEARSED = Options(backup=False, allow=MEANT)
EMPTY: dict[str, Value] = {"TEXT": "", "INTEGER": 0, "REAL": 0.0, "BLOB": b""}
INTERNAL = ("_undo_", "_data_", "schema_history")


def quoted(name: str) -> str:
    """A name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Value) -> str:
    """A value as SQL spells it."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def rowid_of(table: TablePlan) -> str:
    """A name of the rowid that no column hides."""
    names = {column.name for column in table.columns}
    return next(name for name in ("rowid", "_rowid_", "oid") if name not in names)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, past the toolkit, with foreign keys on."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def read(connection: sqlite3.Connection, plan: Plan) -> Rows:
    """All rows."""
    rows: Rows = {}
    for table in plan:
        names = [rowid_of(table), *(quoted(column.name) for column in table.stored)]
        found = connection.execute(f"SELECT {', '.join(names)} FROM {quoted(table.name)}").fetchall()
        idents = [column.ident for column in table.stored]
        rows[table.ident] = {row[0]: dict(zip(idents, row[1:], strict=True)) for row in found}
    return rows


def put(connection: sqlite3.Connection, plan: Plan, table: TablePlan, rowid: int, row: Row) -> None:
    """Inserts one row."""
    values: dict[str, Value] = {} if table.integer_key else {rowid_of(table): rowid}
    values |= {quoted(column.name): row[column.ident] for column in table.stored}
    places = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {quoted(table.name)} ({', '.join(values)}) VALUES ({places})", [*values.values()])


def fill(path: Path, plan: Plan, rows: Rows) -> None:
    """Inserts all rows."""
    with opened(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN")
        for table in plan:
            for rowid, row in rows[table.ident].items():
                put(connection, plan, table, rowid, row)
        connection.execute("COMMIT")


def invite(path: Path, table: TablePlan, rows: dict[int, Row]) -> None:
    """Puts things beside a table that nobody declares: a table that refers to it, with rows, index, trigger; a view."""
    key, name = table.key[0], quoted(table.name)
    kind = "TEXT" if key.kind == "text" else "INTEGER"
    with opened(path) as connection:
        connection.execute(
            f"CREATE TABLE guests (nr INTEGER PRIMARY KEY, host {kind} REFERENCES {name} ({quoted(key.name)}) ON DELETE"
            " CASCADE, note varchar(9) COLLATE NOCASE DEFAULT ('x' || 'y'))"
        )
        connection.execute("CREATE TABLE log (what)")
        connection.execute("CREATE INDEX guests_note ON guests (note DESC) WHERE note IS NOT NULL")
        connection.execute("CREATE TRIGGER told AFTER INSERT ON guests BEGIN INSERT INTO log VALUES (NEW.nr); END")
        connection.execute(f"CREATE VIEW seen AS SELECT {quoted(key.name)} AS host FROM {name}")
        for row in rows.values():
            connection.execute("INSERT INTO guests (host) VALUES (?)", (row[key.ident],))


def send_away(path: Path) -> None:
    """Removes what `invite` put there."""
    with opened(path) as connection:
        for what in ("VIEW seen", "TABLE guests", "TABLE log"):
            connection.execute(f"DROP {what}")


def dump(path: Path) -> list[tuple[object, ...]]:
    """All that a file holds but what migrations keep for themselves: schema texts, rows with rowids, next ids."""
    with opened(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
        found = sorted((row for row in schema if not str(row[2]).startswith(INTERNAL)), key=lambda row: row[:2])
        found = [row for row in found if not str(row[1]).startswith(INTERNAL)]
        kinds = dict(connection.execute("SELECT name, type FROM pragma_table_list WHERE schema = 'main'").fetchall())
        told: list[tuple[object, ...]] = [*found]
        for kind, name, _, _ in found:
            if kind == "table" and kinds.get(name) == "table" and not name.startswith("sqlite_stat"):
                columns = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()]
                rowid = next(one for one in ("rowid", "_rowid_", "oid") if one not in columns)
                shown = ", ".join(f"quote({quoted(column)})" for column in columns)
                rowid = "name" if name == "sqlite_sequence" else rowid
                rows = connection.execute(f"SELECT {rowid}, {shown} FROM {quoted(name)} ORDER BY 1").fetchall()
                told += [(name, *row) for row in rows if not str(row[0]).startswith(INTERNAL)]
            if kind == "table" and kinds.get(name) == "virtual":
                connection.execute("BEGIN")
                search = quoted(name)
                connection.execute(f"INSERT INTO {search}({search}, rank) VALUES ('integrity-check', 1)")
                connection.execute("ROLLBACK")
    return told


# --- revision files ---------------------------------------------------------------------------------------------------


@dataclass
class Folder:
    """A database and its revisions."""

    path: Path
    driver: DriverName = "apsw"
    written: list[Path] = field(default_factory=list)

    def runner(self, plan: Plan = ()) -> Runner:
        """The runner."""
        migrations = Migrations(self.path / "versions", tables=declare(plan))
        return Runner(migrations, self.path / "a.db", driver=self.driver, timeout_ms=500)

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.path / "a.db"

    def write(self, plan: Plan, change: Change | None = None) -> Path | None:
        """Writes the next revision as a user would: generated, and then each `using=` filled in."""
        migrations = self.runner(plan).migrations
        if change is None or not change.using:
            path = drafting.new(migrations, f"Step {len(self.written)}", ask=lambda question: False)
        else:
            made = drafting.draft(migrations, ask=lambda question: False)
            upgrade = [filled(operation, change) for operation in made.upgrade]
            path = None
            if upgrade:
                message = f"Step {len(self.written)}"
                path = write_revision(migrations.folder, migrations.revisions(), message, upgrade, made.downgrade)
        if path is not None:
            self.written.append(path)
        return path

    def unwrite(self) -> None:
        """Takes the newest revision's file away."""
        self.written.pop().unlink()

    def check_recorded(self, plan: Plan) -> None:
        """The revisions lead to what is declared, and nothing is left to draft."""
        migrations = self.runner(plan).migrations
        assert drafting.draft(migrations, ask=lambda question: False) == Draft((), ())
        chain = [one.load() for one in migrations.revisions().ordered]
        require_same(declared_catalogue(migrations.tables), replay(chain, driver=self.driver)[-1])


def require_same(wanted: Catalogue, found: Catalogue) -> None:
    """Asserts that two schemas are the same, whichever is looked from."""
    assert differences(wanted, found) == differences(found, wanted) == []


def filled(operation: Operation, change: Change) -> Operation:
    """An operation with what the user says of its columns."""
    table = next(
        (one for one in change.after if isinstance(operation, AlterTable) and one.name == operation.table), None
    )
    if table is None or not isinstance(operation, AlterTable):
        return operation
    actions = list(operation.actions)
    for place, action in enumerate(actions):
        if isinstance(action, AddColumn | AlterColumn):
            column = next(one for one in table.columns if one.name == action.column.name)
            using = change.using.get((table.ident, column.ident))
            if using is not None:
                actions[place] = replace(action, using=canonical(using_sql(using, column)))
    return replace(operation, actions=tuple(actions))


def using_sql(using: Using, column: ColumnPlan) -> str:
    """The SQL of what the user says."""
    name = quoted(column.name)
    match using.form:
        case "constant":
            return literal(using.values[0][1])
        case "fill":
            return f"coalesce({name}, {literal(using.values[0][1])})"
        case "cast":
            return f"CAST({name} AS {using.storage})"
        case _:
            cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in using.values)
            return f"CASE {name} {cases} ELSE {name} END"


# --- what to expect ---------------------------------------------------------------------------------------------------


class Unfit(Exception):
    """A value that the database refuses."""


@lru_cache(maxsize=4096)
def _converted(value: Value, kind: type, storage: str, cast: bool) -> Value:
    with closing(sqlite3.connect(":memory:")) as connection:
        if cast:
            return connection.execute(f"SELECT CAST(? AS {storage})", (value,)).fetchone()[0]
        connection.execute(f"CREATE TABLE t (v {storage}) STRICT")
        try:
            return connection.execute("INSERT INTO t VALUES (?) RETURNING v", (value,)).fetchone()[0]
        except sqlite3.Error:
            raise Unfit from None


def converted(value: Value, storage: str, *, cast: bool = False) -> Value:
    """What a value is once it is stored as another type; raises `Unfit`."""
    return _converted(value, type(value), storage, cast)


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same, types included."""
    return type(one) is type(other) and one == other


def after_up(change: Change, rows: Rows) -> tuple[Rows, dict[int, dict[int, int]]]:
    """The rows that must be there after an upgrade, and of each the rowid that it had; raises `Unfit`."""
    expected: Rows = {}
    origin: dict[int, dict[int, int]] = {}
    for table in change.after:
        expected[table.ident], origin[table.ident] = {}, {}
        old = table_of(change.before, table.ident)
        for rowid, row in rows.get(table.ident, {}).items() if old is not None else ():
            assert old is not None
            new = {column.ident: _value_up(change, old, table, column, row) for column in table.stored}
            now = new[table.integer_key.ident] if table.integer_key else rowid
            assert isinstance(now, int)
            if now in expected[table.ident]:
                raise Unfit
            expected[table.ident][now] = new
            origin[table.ident][now] = rowid
    return expected, origin


def _value_up(change: Change, old: TablePlan, table: TablePlan, column: ColumnPlan, row: Row) -> Value:
    was = old.column(column.ident)
    using = change.using.get((table.ident, column.ident))
    storage = storage_in(table, column, change.after)
    if was is None or was.kind == "generated":
        if using is not None:
            return using.values[0][1]
        return None if column.default == NOTHING else column.default
    value = row[column.ident]
    if using is not None and _is_altered(change, old, table, was, column):
        match using.form:
            case "constant":
                return using.values[0][1]
            case "fill":
                return using.values[0][1] if value is None else converted(value, storage)
            case "cast":
                return converted(value, storage, cast=True)
            case _:
                value = next((new for before, new in using.values if same(before, value)), value)
    return converted(value, storage)


def _is_altered(change: Change, old: TablePlan, table: TablePlan, was: ColumnPlan, column: ColumnPlan) -> bool:
    """Whether the revision says anything of the column itself, where a `using=` can stand."""
    default, other = ((None if one.default == NOTHING else one.default) for one in (was, column))
    return (
        storage_in(old, was, change.before) != storage_in(table, column, change.after)
        or was.nullable != column.nullable
        or not same(default, other)
    )


def after_down(change: Change, rows: Rows, first: Rows, now: Rows, origin: dict[int, dict[int, int]]) -> Rows:
    """The rows that must be there after going back; raises `Unfit`.

    Args:
        change: what was done.
        rows: the rows before it.
        first: the rows just after it.
        now: the rows from which it goes back.
        origin: of the rows that were there before it, the rowid that they had.
    """
    expected: Rows = {}
    for table in change.before:
        new = table_of(change.after, table.ident)
        if new is None:
            expected[table.ident] = rows[table.ident]
            continue
        expected[table.ident] = {}
        for rowid, row in now[table.ident].items():
            had = origin[table.ident].get(rowid)
            back: Row = {}
            for column in table.stored:
                there = new.column(column.ident)
                if there is None or there.kind == "generated":
                    back[column.ident] = (
                        rows[table.ident][had][column.ident] if had is not None else _default(change, table, column)
                    )
                elif had is not None and same(row[column.ident], first[table.ident][rowid][column.ident]):
                    back[column.ident] = rows[table.ident][had][column.ident]
                else:
                    back[column.ident] = converted(row[column.ident], storage_in(table, column, change.before))
            place = back[table.integer_key.ident] if table.integer_key else had if had is not None else rowid
            if not isinstance(place, int) or place in expected[table.ident]:
                raise Unfit
            expected[table.ident][place] = back
    return expected


def _default(change: Change, table: TablePlan, column: ColumnPlan) -> Value:
    if column.default != NOTHING:
        return column.default
    return None if column.nullable else EMPTY[storage_in(table, column, change.before)]
