"""The statements of a migration that SQLAlchemy cannot say: rebuilds, side tables, schema texts. A listed SQL place.

Every text is a constant or made of quoted names and of canonical expressions of the schema; values are parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemaroot.engine.dialect import quoted

LEGACY_ALTER_ON = "PRAGMA legacy_alter_table=ON"
LEGACY_ALTER_OFF = "PRAGMA legacy_alter_table=OFF"
FOREIGN_KEY_CHECK = "PRAGMA foreign_key_check"

CHECKS_OFF = "PRAGMA ignore_check_constraints=ON"
CHECKS_ON = "PRAGMA ignore_check_constraints=OFF"

SAVEPOINT = "SAVEPOINT schemaroot_revision"
RELEASE = "RELEASE schemaroot_revision"

OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
NAMES = "SELECT name FROM sqlite_schema"
SHADOWS = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"

WRITABLE_SCHEMA_ON = "PRAGMA writable_schema=ON"
WRITABLE_SCHEMA_RESET = "PRAGMA writable_schema=RESET"
SCHEMA_VERSION = "PRAGMA schema_version"
SET_SCHEMA_TEXT = "UPDATE sqlite_schema SET sql = ? WHERE type = ? AND name = ?"

HAS_SEQUENCES = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'"
SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = ?"
SET_SEQUENCE = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
ADD_SEQUENCE = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)"

PROBE_CREATE = 'CREATE TABLE "_probe" (a, b)'
PROBE = 'ALTER TABLE "_probe" DROP COLUMN b'
PROBE_DROP = 'DROP TABLE "_probe"'
"""Dropping a column makes SQLite resolve every view and trigger again, and name the first that it cannot."""


def firing(table: str, columns: Sequence[str]) -> list[str]:
    """Statements that prepare every trigger of a table or view, and touch no row.

    Besides what `PROBE` finds they show columns that a trigger writes to and numbers of values that do not fit.
    EXPLAIN would prepare as well, but shows memory that is freed when the schema changes between two runs.
    """
    name, written = quoted(table), names(columns)
    same = ", ".join(f"{quoted(each)} = {quoted(each)}" for each in columns)
    return [
        f"INSERT INTO {name} ({written}) SELECT {written} FROM {name} WHERE 0",
        f"UPDATE {name} SET {same} WHERE 0",
        f"DELETE FROM {name} WHERE 0",
    ]


TRY = "SAVEPOINT schemaroot_try"
TRY_BACK = "ROLLBACK TO schemaroot_try"
TRY_END = "RELEASE schemaroot_try"


def names(columns: Iterable[str]) -> str:
    """Names as a list of SQL."""
    return ", ".join(map(quoted, columns))


def column_of(table: str, column: str) -> str:
    """A column with its table before it."""
    return f"{quoted(table)}.{quoted(column)}"


def rename_table(old: str, new: str) -> str:
    """Gives a table another name."""
    return f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}"


def rename_column(table: str, old: str, new: str) -> str:
    """Gives a column another name."""
    return f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(old)} TO {quoted(new)}"


def add_column(table: str, column: str) -> str:
    """Adds a column, written as in CREATE TABLE."""
    return f"ALTER TABLE {quoted(table)} ADD COLUMN {column}"


def check_after(name: str | None, condition: str) -> str:
    """A CHECK as it stands after a column."""
    named = f" CONSTRAINT {quoted(name)}" if name is not None else ""
    return f"{named} CHECK ({condition})"


def drop(kind: str, name: str) -> str:
    """Drops an object of a kind (`table`, `index`, `trigger`)."""
    return f"DROP {kind.upper()} {quoted(name)}"


def count(table: str) -> str:
    """Counts the rows of a table."""
    return f"SELECT count(*) FROM {quoted(table)}"


def count_nulls(table: str, expression: str) -> str:
    """Counts the rows for which an expression is NULL."""
    return f"SELECT count(*) FROM {quoted(table)} WHERE ({expression}) IS NULL"


def has_rows(table: str) -> str:
    """Whether a table holds a row."""
    return f"SELECT EXISTS (SELECT 1 FROM {quoted(table)})"


def foreign_key_check(table: str) -> str:
    """The rows of a table that refer to nothing."""
    return f"PRAGMA foreign_key_check({quoted(table)})"


def columns_of(table: str) -> str:
    """The columns of a table as SQLite numbers them."""
    literal = table.replace("'", "''")
    return f"SELECT cid, name, type, pk, hidden FROM pragma_table_xinfo('{literal}') ORDER BY cid"


def keys_of(table: str) -> str:
    """The indexes that SQLite makes for a table's keys, with their columns."""
    literal = table.replace("'", "''")
    return (
        'SELECT i.name, i."unique", i.origin, x.seqno, x.cid, x.name, x."desc", x.coll, x."key" '
        f"FROM pragma_index_list('{literal}') i, pragma_index_xinfo(i.name) x ORDER BY i.name, x.seqno"
    )


def set_schema_version(version: int) -> str:
    """Tells every connection that the schema's texts changed."""
    return f"PRAGMA schema_version={version:d}"


# --- copying ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Join:
    """A table joined to the rows that are copied: `left` keeps rows without a partner."""

    table: str
    on: str
    left: bool = True
    alias: str = ""

    def __str__(self) -> str:
        alias = f" AS {quoted(self.alias)}" if self.alias else ""
        return f"{'LEFT JOIN' if self.left else 'CROSS JOIN'} {quoted(self.table)}{alias} ON {self.on}"


def equal(pairs: Iterable[tuple[str, str]]) -> str:
    """That each pair of expressions is equal."""
    return " AND ".join(f"{one} = {other}" for one, other in pairs)


def same_value(one: str, other: str) -> str:
    """That two expressions are the same value of the same storage class: 1 and 1.0 are two, and so are 'a' and 'A'."""
    return f"({one} COLLATE BINARY IS {other} AND typeof({one}) = typeof({other}))"


def changed(pairs: Iterable[tuple[str, str]]) -> str:
    """That one of the pairs differs."""
    return " OR ".join(f"NOT {same_value(one, other)}" for one, other in pairs)


def case(condition: str, yes: str, no: str) -> str:
    """One expression where a condition holds, else another."""
    return f"CASE WHEN {condition} THEN {yes} ELSE {no} END"


def is_given(expression: str) -> str:
    """That an expression is not NULL."""
    return f"{expression} IS NOT NULL"


def in_parentheses(expression: str) -> str:
    """An expression that stands for itself."""
    return f"({expression})"


def from_table(table: str, alias: str = "", joins: Sequence[Join] = ()) -> str:
    """Where rows come from: a table, the name by which expressions know it, and what is joined to it.

    They come in the order in which they lie. SQLite would rather scan an index that holds all that is asked for, and
    then look up and insert every row at a random place: eight times slower with 200,000 rows. CROSS JOIN keeps the
    order of the tables.
    """
    known_as = f" AS {quoted(alias)}" if alias else ""
    return " ".join([f"{quoted(table)}{known_as} NOT INDEXED", *map(str, joins)])


def from_selected(values: Sequence[tuple[str, str]], source: str, alias: str) -> str:
    """Rows with named expressions over others, so that names outside cannot be taken for those inside."""
    chosen = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in values)
    return f"(SELECT {chosen} FROM {source}) AS {quoted(alias)}"


def count_from(source: str) -> str:
    """Counts the rows of a source."""
    return f"SELECT count(*) FROM {source}"


def last(condition: str) -> str:
    """An order that puts the rows for which a condition does not hold last."""
    return f"{condition} DESC"


def joined(source: str, join: Join) -> str:
    """A source with one more table."""
    return f"{source} {join}"


def copy(into: str, values: Sequence[tuple[str, str]], source: str, *, where: str = "", order: str = "") -> str:
    """Copies rows inside of the database, by an explicit map of columns.

    Args:
        into: the table that takes the rows.
        values: each of its columns with the expression for it; a rowid goes by one of its own names.
        source: where the rows come from, as `from_table` or `from_selected` says it.
        where: which rows; empty for all.
        order: in which order; empty for the table's own.
    """
    parts = [
        f"INSERT INTO {quoted(into)} ({names(name for name, _ in values)})",
        f"SELECT {', '.join(expression for _, expression in values)}",
        f"FROM {source}",
        *([f"WHERE {where}"] if where else []),
        *([f"ORDER BY {order}"] if order else []),
    ]
    return " ".join(parts)


# --- side tables ------------------------------------------------------------------------------------------------------


def create_side(name: str, key: Sequence[tuple[str, str]], columns: Sequence[str]) -> str:
    """A table for kept values: its key with types, everything else without, so that each value stays as it was."""
    described = [f"{quoted(column)} {kind}".strip() for column, kind in key]
    described += map(quoted, columns)
    if key:
        described.append(f"PRIMARY KEY ({names(column for column, _ in key)})")
    # With an integer key the rows lie in its order anyway; with another one they would need an index besides.
    option = " WITHOUT ROWID" if key and [kind for _, kind in key] != ["INTEGER"] else ""
    return f"CREATE TABLE {quoted(name)} ({', '.join(described)}){option}"


def fill_basis(side: str, values: Sequence[tuple[str, str]], table: str, key: Sequence[tuple[str, str]]) -> str:
    """Computes columns of a side table from the rows that it belongs to."""
    found = equal((column_of(table, name), column_of(side, kept)) for name, kept in key)
    computed = (
        f"{quoted(name)} = (SELECT ({expression}) FROM {quoted(table)} WHERE {found})" for name, expression in values
    )
    return f"UPDATE {quoted(side)} SET {', '.join(computed)}"


def none_of(expression: str, table: str) -> str:
    """Prepares an expression over a table's rows, and reads none."""
    return f"SELECT ({expression}) FROM {quoted(table)} WHERE 0"


def forget_deleted(trigger: str, table: str, side: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A trigger that removes the kept values of a deleted row, since its key may be given to another row."""
    condition = equal((quoted(kept), f"OLD.{key}") for kept, key in pairs)
    return (
        f"CREATE TRIGGER {quoted(trigger)} AFTER DELETE ON {quoted(table)} "
        f"BEGIN DELETE FROM {quoted(side)} WHERE {condition}; END"
    )


def follow_moved(trigger: str, table: str, side: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A trigger that gives kept values the new key of their row, in place of what was kept for a row that had it.

    It has no UPDATE OF: a rowid goes by other names as well. Keys that differ by case alone are two in a side table.
    """
    moved = " OR ".join(f"OLD.{key} COLLATE BINARY IS NOT NEW.{key}" for _, key in pairs)
    before = equal((quoted(kept), f"OLD.{key}") for kept, key in pairs)
    after = equal((quoted(kept), f"NEW.{key}") for kept, key in pairs)
    sets = ", ".join(f"{quoted(kept)} = NEW.{key}" for kept, key in pairs)
    return (
        f"CREATE TRIGGER {quoted(trigger)} AFTER UPDATE ON {quoted(table)} WHEN {moved} "
        f"BEGIN DELETE FROM {quoted(side)} WHERE {after}; UPDATE {quoted(side)} SET {sets} WHERE {before}; END"
    )


def forget_replaced(trigger: str, table: str, side: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A trigger that removes what is kept under the key of a new row: REPLACE deletes rows and fires no trigger.

    It is AFTER INSERT, which does not fire where OR IGNORE or an upsert leaves the row that was there.
    """
    condition = equal((quoted(kept), f"NEW.{key}") for kept, key in pairs)
    return (
        f"CREATE TRIGGER {quoted(trigger)} AFTER INSERT ON {quoted(table)} "
        f"BEGIN DELETE FROM {quoted(side)} WHERE {condition}; END"
    )


def create_meta(name: str) -> str:
    """The table that tells what a run of a revision kept."""
    return (
        f"CREATE TABLE {quoted(name)} (run INTEGER, kind TEXT, name TEXT, owner TEXT, sql TEXT, side TEXT, detail TEXT)"
    )


def add_meta(name: str) -> str:
    """Notes one thing that was kept."""
    columns = "run, kind, name, owner, sql, side, detail"
    return f"INSERT INTO {quoted(name)} ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"


def note_schema(name: str) -> str:
    """Notes the texts of the whole schema but for what undoing keeps."""
    return (
        f"INSERT INTO {quoted(name)} (run, kind, name, owner, sql, detail) "
        "SELECT ?, 'schema', name, tbl_name, sql, type FROM sqlite_schema "
        "WHERE sql IS NOT NULL AND substr(name, 1, 6) <> '_undo_' ORDER BY rowid"
    )


def read_meta(name: str) -> str:
    """What the newest run kept, in the order in which it did."""
    return (
        f"SELECT run, kind, name, owner, sql, side, detail FROM {quoted(name)} "
        f"WHERE run = (SELECT max(run) FROM {quoted(name)}) ORDER BY rowid"
    )


def read_all_meta(name: str) -> str:
    """What every run kept."""
    return f"SELECT run, kind, name, owner, sql, side, detail FROM {quoted(name)} ORDER BY rowid"


def last_run(name: str) -> str:
    """The number of the newest run."""
    return f"SELECT coalesce(max(run), 0) FROM {quoted(name)}"


def forget_run(name: str) -> str:
    """Forgets what a run noted, but for values that nobody asked for; those stay until they are pruned."""
    return f"DELETE FROM {quoted(name)} WHERE run = ? AND side IS NULL AND kind <> 'run'"


def forget_whole_run(name: str) -> str:
    """Forgets everything that a run noted."""
    return f"DELETE FROM {quoted(name)} WHERE run = ?"


def forget_meta(name: str) -> str:
    """Forgets one thing that was kept."""
    return f"DELETE FROM {quoted(name)} WHERE side = ?"


def has_kept(name: str) -> str:
    """Whether a run has kept values."""
    return f"SELECT EXISTS (SELECT 1 FROM {quoted(name)} WHERE side IS NOT NULL)"


def update_meta(name: str) -> str:
    """Notes that something kept is known by other names now."""
    return f"UPDATE {quoted(name)} SET name = ?, detail = ? WHERE side = ?"


UNDO_TABLES = (
    "SELECT s.name FROM sqlite_schema s WHERE s.type = 'table' AND substr(s.name, 1, 6) = '_undo_' AND 7 = "
    "(SELECT count(*) FROM pragma_table_info(s.name) c "
    "WHERE c.name IN ('run', 'kind', 'name', 'owner', 'sql', 'side', 'detail')) ORDER BY s.rowid"
)
"""The tables that tell what runs of revisions kept."""


# --- staged values ----------------------------------------------------------------------------------------------------


def checksum_column(checksum: str) -> str:
    """The column of a staging table whose name says what computed its values."""
    return f"checksum:{checksum}"


def create_staging(name: str, key: Sequence[tuple[str, str]], columns: Sequence[str], checksum: str) -> str:
    """A table for computed values: a number in order, the row's key, each value as it was read and as it becomes."""
    described = ['"#" INTEGER PRIMARY KEY', *(f"{quoted(column)} {kind}".strip() for column, kind in key)]
    described += [quoted(f"{when}:{column}") for column in columns for when in ("old", "new")]
    described.append(quoted(checksum_column(checksum)))
    described.append(f"UNIQUE ({names(column for column, _ in key)})")
    return f"CREATE TABLE {quoted(name)} ({', '.join(described)})"


def last_staged(name: str, key: Sequence[str]) -> str:
    """The key of the row that was staged last."""
    return f'SELECT {names(f"key:{one}" for one in key)} FROM {quoted(name)} ORDER BY "#" DESC LIMIT 1'


def stage(name: str, table: str, key: Sequence[str], columns: Sequence[str], given: Sequence[str]) -> str:
    """Stages one row: its values as they are, and new ones for the given columns. The parameters: these, then the key.

    A value that is not given stays what it is. Parameters are numbered by their place in `given`.
    """
    chosen = [(f"key:{one}", quoted(one)) for one in key]
    for column in columns:
        new = f"?{given.index(column) + 1}" if column in given else quoted(column)
        chosen += [(f"old:{column}", quoted(column)), (f"new:{column}", new)]
    where = " AND ".join(f"{quoted(one)} = ?{len(given) + place + 1}" for place, one in enumerate(key))
    return copy(name, chosen, quoted(table), where=where)


def _same_row(name: str, table: str, key: Sequence[str]) -> str:
    return equal((column_of(table, one), column_of(name, f"key:{one}")) for one in key)


def drop_stale(name: str, table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """Forgets staged rows that are gone, or were changed since they were read."""
    same = [_same_row(name, table, key)]
    same += [same_value(column_of(table, one), column_of(name, f"old:{one}")) for one in columns]
    there = f"SELECT 1 FROM {quoted(table)} WHERE {' AND '.join(same)}"
    return f"DELETE FROM {quoted(name)} WHERE NOT EXISTS ({there})"


def has_changed(name: str, column: str) -> str:
    """Whether a staged value of a column is another than the row has."""
    pair = (quoted(f"new:{column}"), quoted(f"old:{column}"))
    return f"SELECT EXISTS (SELECT 1 FROM {quoted(name)} WHERE {changed([pair])})"


def leave_given_back(name: str, column: str, side: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Leaves a value of staged rows as it is where it came back from a side table.

    Args:
        name: the staging table.
        column: whose value.
        side: the side table.
        pairs: columns of the side table, each with the column of the key that it holds.
    """
    same = equal((column_of(side, kept), column_of(name, f"key:{key}")) for kept, key in pairs)
    there = f"SELECT 1 FROM {quoted(side)} WHERE {same}"
    return f"UPDATE {quoted(name)} SET {quoted(f'new:{column}')} = {quoted(f'old:{column}')} WHERE EXISTS ({there})"


def apply_staged(table: str, name: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """Gives the rows their new values."""
    sets = ", ".join(f"{quoted(one)} = {column_of(name, f'new:{one}')}" for one in columns)
    differ = changed((column_of(name, f"new:{one}"), column_of(name, f"old:{one}")) for one in columns)
    return f"UPDATE {quoted(table)} SET {sets} FROM {quoted(name)} WHERE {_same_row(name, table, key)} AND ({differ})"


def create_view(name: str, columns: Sequence[tuple[str, str]], table: str) -> str:
    """Shows this connection a table under a name with its columns as they will be; it hides a table of that name."""
    chosen = ", ".join(f"{expression} AS {quoted(column)}" for column, expression in columns)
    return f"CREATE TEMP VIEW {quoted(name)} AS SELECT {chosen} FROM main.{quoted(table)}"


def drop_view(name: str) -> str:
    """Ends `create_view`."""
    return f"DROP VIEW temp.{quoted(name)}"
