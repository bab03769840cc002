"""SQL texts that SQLAlchemy cannot write: pragmas, transaction control, full-text objects. The one listed place.

Every text is a constant, or is made of names from declarations, which are quoted here; values are always parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemaroot.schema.constraints import search_table, search_triggers
from schemaroot.schema.table import TableDeclaration

BEGIN_READ = "BEGIN DEFERRED"
BEGIN_WRITE = "BEGIN IMMEDIATE"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"

CHANGES = "SELECT changes()"
PRAGMA_FOREIGN_KEYS_ON = "PRAGMA foreign_keys=ON"
PRAGMA_FOREIGN_KEYS_OFF = "PRAGMA foreign_keys=OFF"
PRAGMA_FOREIGN_KEYS = "PRAGMA foreign_keys"
PRAGMA_JOURNAL_WAL = "PRAGMA journal_mode=WAL"
PRAGMA_JOURNAL = "PRAGMA journal_mode"
PRAGMA_APPLICATION_ID = "PRAGMA application_id"
PRAGMA_USER_VERSION = "PRAGMA user_version"
PRAGMA_QUICK_CHECK = "PRAGMA quick_check(1)"
PRAGMA_QUERY_ONLY = "PRAGMA query_only=ON"
PRAGMA_SECURE_DELETE = "PRAGMA secure_delete=ON"
PRAGMA_SCHEMA_READ = "SELECT count(*) FROM sqlite_schema"
PRAGMA_CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"
PRAGMA_TABLE_LIST = "PRAGMA table_list"
PRAGMA_TABLE_INFO = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)'
OPTIMIZE = "PRAGMA optimize"

COMMITS_TABLE = "schema_commits"
HAS_COMMITS = f"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '{COMMITS_TABLE}'"
CREATE_COMMITS = f"CREATE TABLE IF NOT EXISTS {COMMITS_TABLE} (id INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT"
FIRST_COMMIT = f"INSERT OR IGNORE INTO {COMMITS_TABLE} (id, number) VALUES (1, 0)"
# Without RETURNING, which would double its price.
COUNT_COMMIT = f"UPDATE {COMMITS_TABLE} SET number = number + 1 WHERE id = 1"
READ_COMMITS = f"SELECT number FROM {COMMITS_TABLE} WHERE id = 1"

# What a schema holds, all tables in one reading.
SCHEMA_OBJECTS = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
TABLES = "SELECT name, type, wr, strict FROM pragma_table_list WHERE \"schema\" = 'main'"
COLUMNS_OF_TABLES = (
    'SELECT s.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden '
    "FROM main.sqlite_schema s, pragma_table_xinfo(s.name, 'main') c "
    "WHERE s.type = 'table' AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.rowid, c.cid"
)
KEYS_OF_TABLES = (
    'SELECT s.name, i.name, i."unique", i.origin, i.partial, x.name, x."desc", x.coll '
    "FROM main.sqlite_schema s, pragma_index_list(s.name, 'main') i, pragma_index_xinfo(i.name, 'main') x "
    "WHERE s.type = 'table' AND s.sql NOT LIKE 'CREATE VIRTUAL%' AND x.\"key\" = 1 ORDER BY s.rowid, i.seq, x.seqno"
)
FOREIGN_KEYS_OF_TABLES = (
    'SELECT s.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete '
    "FROM main.sqlite_schema s, pragma_foreign_key_list(s.name, 'main') f "
    "WHERE s.type = 'table' AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.rowid, f.id DESC, f.seq"
)

SYNCHRONOUS = {
    "full": "PRAGMA synchronous=FULL",
    "normal": "PRAGMA synchronous=NORMAL",
    "off": "PRAGMA synchronous=OFF",
    "extra": "PRAGMA synchronous=EXTRA",
}
SYNCHRONOUS_LEVEL = {"off": 0, "normal": 1, "full": 2, "extra": 3}
PRAGMA_SYNCHRONOUS = "PRAGMA synchronous"


def savepoint(number: int) -> str:
    """Opens the savepoint of nesting depth `number`."""
    return f"SAVEPOINT schemaroot_{number:d}"


def release(number: int) -> str:
    """Keeps what happened since the savepoint."""
    return f"RELEASE schemaroot_{number:d}"


def rollback_to(number: int) -> str:
    """Undoes what happened since the savepoint."""
    return f"ROLLBACK TO schemaroot_{number:d}"


def set_application_id(value: int) -> str:
    """Marks the file as the program's."""
    return f"PRAGMA application_id={value:d}"


def set_user_version(value: int) -> str:
    """Writes the schema number into the file's header."""
    return f"PRAGMA user_version={value:d}"


def set_page_limit(pages: int) -> str:
    """The most pages that the file may have."""
    return f"PRAGMA max_page_count={pages:d}"


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def repeat_values(insert: str, rows: int) -> str:
    """An INSERT of one row as an INSERT of many.

    One statement for many rows lets full-text triggers flush once: with a statement for each row they flush each time.
    """
    head, marker, values = insert.rpartition(" VALUES ")
    return f"{head}{marker}{', '.join([values] * rows)}"


def create_search(declared: TableDeclaration) -> list[str]:
    """The full-text index of a declared table and the triggers that keep it in step."""
    return create_search_over(declared.name, declared.primary_key[0].name, declared.search)


def create_search_over(table: str, key: str, columns: Sequence[str]) -> list[str]:
    """The full-text index of a table and the triggers that keep it in step (https://sqlite.org/fts5.html#external_content_tables).

    It indexes all rows, live or not: whether a row is live is asked when searching.
    """
    return [_create_search_table(table, key, columns), *_create_search_triggers(table, key, columns)]


def _create_search_table(table: str, key: str, columns: Sequence[str]) -> str:
    content, rowid = table.replace("'", "''"), key.replace("'", "''")
    return (
        f"CREATE VIRTUAL TABLE {quoted(search_table(table))} USING fts5({', '.join(map(quoted, columns))}, "
        f"content='{content}', content_rowid='{rowid}', tokenize='unicode61 remove_diacritics 2')"
    )


def create_search_triggers(declared: TableDeclaration) -> list[str]:
    """The triggers that keep the full-text index of a declared table in step."""
    return _create_search_triggers(declared.name, declared.primary_key[0].name, declared.search)


def _create_search_triggers(table_name: str, key_name: str, names: Sequence[str]) -> list[str]:
    table, index = quoted(table_name), quoted(search_table(table_name))
    key = quoted(key_name)
    columns = ", ".join(map(quoted, names))
    old = ", ".join(f"old.{quoted(name)}" for name in names)
    new = ", ".join(f"new.{quoted(name)}" for name in names)
    insert, delete, update = map(quoted, search_triggers(table_name))
    add = f"INSERT INTO {index}(rowid, {columns}) VALUES (new.{key}, {new});"
    remove = f"INSERT INTO {index}({index}, rowid, {columns}) VALUES ('delete', old.{key}, {old});"
    return [
        f"CREATE TRIGGER {insert} AFTER INSERT ON {table} BEGIN {add} END",
        f"CREATE TRIGGER {delete} AFTER DELETE ON {table} BEGIN {remove} END",
        f"CREATE TRIGGER {update} AFTER UPDATE OF {key}, {columns} ON {table} BEGIN {remove} {add} END",
    ]


def rebuild_search(declared: TableDeclaration) -> str:
    """Fills the full-text index of a declared table from its rows."""
    return fill_search(search_table(declared.name))


def fill_search(search: str) -> str:
    """Fills a full-text index from the table that it is over."""
    return f"INSERT INTO {quoted(search)}({quoted(search)}) VALUES ('rebuild')"


def drop_trigger(name: str) -> str:
    """Removes a trigger."""
    return f"DROP TRIGGER {quoted(name)}"
