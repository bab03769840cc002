"""What is in this database? Its whole schema as definitions, each checked against what SQLite itself says of it.

catalogue = read_catalogue(connection)
catalogue.tables["orders"].primary_key

The texts in `sqlite_schema` are parsed, since SQLite's pragmas do not tell everything (CHECKs, collations, generated
columns' expressions, names of constraints); the pragmas then confirm what they do tell. A disagreement is a fault of
the parser, and an error rather than a wrong answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.errors import CatalogueError
from schemaroot.introspection.catalogue import (
    Catalogue,
    IndexDef,
    KeyPart,
    TableDef,
    TriggerDef,
    ViewDef,
    VirtualTableDef,
)
from schemaroot.introspection.found import FoundSchema, create_statements
from schemaroot.introspection.sql.reader import Unreadable, collation_text, type_text
from schemaroot.introspection.sql.statements import (
    default_of,
    parse_index,
    parse_table,
    parse_trigger,
    parse_view,
    parse_virtual_table,
)
from schemaroot.introspection.sql.tokens import folded
from schemaroot.schema.table import Table

T = TypeVar("T")

INTERNAL_PREFIXES = ("_undo_", "_data_")
INTERNAL_NAMES = frozenset({"schema_history", dialect.COMMITS_TABLE})


def is_internal(name: str) -> bool:
    """Whether a table or trigger is kept by migrations for themselves rather than declared by anybody."""
    return name in INTERNAL_NAMES or name.startswith(INTERNAL_PREFIXES)


def read_catalogue(connection: Connection, *, internal: bool = False) -> Catalogue:
    """The schema of a database, SQLite's own tables (`sqlite_...`) left out.

    Args:
        connection: an open connection; it is read in one piece only inside of a transaction.
        internal: whether the tables that migrations keep for themselves are shown too.

    Raises:
        CatalogueError: a statement was not understood, or SQLite says something else of it.
    """
    told = _told(connection)
    texts: dict[str, str] = {}
    tables: dict[str, TableDef] = {}
    indexes: dict[str, IndexDef] = {}
    triggers: dict[str, TriggerDef] = {}
    views: dict[str, ViewDef] = {}
    virtual: dict[str, VirtualTableDef] = {}
    for kind, name, owner, sql in told.objects:
        if (not internal and (is_internal(owner) or is_internal(name))) or folded(owner).startswith("sqlite_"):
            continue
        match kind, told.kinds.get(name, ""):
            case "table", "shadow":
                continue
            case "table", "virtual":
                virtual[name] = _parsed(name, partial(parse_virtual_table, shadows=told.shadows(name)), sql)
            case "table", _:
                texts[name] = sql
                tables[name] = _table(name, sql, told.facts(name))
            case "index", _:
                if owner in tables:
                    indexes[name] = _index(name, sql, owner, texts[owner], told.parts(owner, name))
            case "trigger", _:
                triggers[name] = _parsed(name, parse_trigger, sql)
            case "view", _:
                views[name] = _parsed(name, parse_view, sql)
            case _:
                raise CatalogueError(name, f"it is of an unknown kind, {kind}")
    return Catalogue(tables, indexes, triggers, views, virtual)


def declared_catalogue(
    tables: Iterable[type[Table]], *, found: FoundSchema | None = None, driver: DriverName = "apsw"
) -> Catalogue:
    """The schema that declared tables have once they are created, with indexes and full-text search.

    Args:
        tables: the tables, in any order.
        found: what a reflected module holds besides its classes.
        driver: whose SQLite creates them, in memory.
    """
    chosen = driver_named(driver)
    connection = Connection(chosen, chosen.connect(":memory:", "rwc"), writer=True)
    try:
        for statement in create_statements(tables, found):
            connection.execute(statement).fetchall()
        return read_catalogue(connection)
    finally:
        connection.close()


def _parsed(name: str, parse: Callable[[str], T], sql: str) -> T:
    try:
        return parse(sql)
    except Unreadable as error:
        before, after = sql[: error.position][-40:], sql[error.position :][:40]
        raise CatalogueError(name, f"{error.wanted} is missing between {before!r} and {after!r}") from None


# --- what SQLite says -------------------------------------------------------------------------------------------------


Rows = tuple[tuple[Any, ...], ...]


class _Facts(NamedTuple):
    """What the pragmas tell of one table: WITHOUT ROWID and STRICT, columns, keys and indexes, foreign keys."""

    options: tuple[bool, bool] | None
    columns: Rows
    keys: Rows
    foreign_keys: Rows


@dataclass
class _Told:
    """What the pragmas tell of all tables; rows by the name of their table."""

    objects: list[tuple[str, str, str, str]]
    kinds: dict[str, str]
    options: dict[str, tuple[bool, bool]]
    columns: dict[str, Rows]
    keys: dict[str, Rows]
    foreign_keys: dict[str, Rows]

    def facts(self, table: str) -> _Facts:
        """What they tell of one table."""
        rows = (held.get(table, ()) for held in (self.columns, self.keys, self.foreign_keys))
        return _Facts(self.options.get(table), *rows)

    def parts(self, table: str, index: str) -> Rows:
        """What they tell of one index of a table, part by part; nothing when they do not list it."""
        return tuple(part for part in self.keys.get(table, ()) if part[0] == index)

    def shadows(self, virtual: str) -> tuple[str, ...]:
        """The shadow tables of a virtual table: those whose longest virtual prefix it is."""
        owners = [name for name, kind in self.kinds.items() if kind == "virtual"]

        def owner(shadow: str) -> str:
            found = [name for name in owners if folded(shadow).startswith(folded(name) + "_")]
            return max(found, key=len, default="")

        return tuple(sorted(name for name, kind in self.kinds.items() if kind == "shadow" and owner(name) == virtual))


def _told(connection: Connection) -> _Told:
    listed = connection.execute(dialect.TABLES).fetchall()
    return _Told(
        [(kind, name, owner, sql) for kind, name, owner, sql in connection.execute(dialect.SCHEMA_OBJECTS).fetchall()],
        {name: kind for name, kind, _, _ in listed},
        {name: (bool(wr), bool(strict)) for name, _, wr, strict in listed},
        _by_table(connection, dialect.COLUMNS_OF_TABLES),
        _by_table(connection, dialect.KEYS_OF_TABLES),
        _by_table(connection, dialect.FOREIGN_KEYS_OF_TABLES),
    )


def _by_table(connection: Connection, sql: str) -> dict[str, Rows]:
    """Rows by their first value, in their order."""
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in connection.execute(sql).fetchall():
        found[row[0]].append(row[1:])
    return {table: tuple(rows) for table, rows in found.items()}


def _grouped(rows: Rows) -> list[list[tuple[Any, ...]]]:
    """Rows that begin with the same value together, without it."""
    found: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row[1:])
    return list(found.values())


# --- the comparison ---------------------------------------------------------------------------------------------------


_remembered = lru_cache(maxsize=4096)
"""While a migration runs, a schema is read before and after each step, and SQLite tells the same of nearly all of it:
what was found to agree with the same text once agrees again."""


@_remembered
def _table(name: str, sql: str, facts: _Facts) -> TableDef:
    """The table that a text describes; raises `CatalogueError` when SQLite says something else of it."""
    table = _parsed(name, parse_table, sql)
    _check_table(table, facts)
    return table


@_remembered
def _index(name: str, sql: str, owner: str, owner_sql: str, parts: Rows) -> IndexDef:
    """The index that a text describes; raises `CatalogueError` when SQLite says something else of it."""
    table = _parsed(owner, parse_table, owner_sql)
    index = _parsed(name, partial(parse_index, table=table), sql)
    _check_index(index, table, parts)
    return index


def _agree(name: str, what: str, parsed: object, told: object) -> None:
    if parsed != told:
        raise CatalogueError(name, f"its statement says of {what} {parsed!r}, SQLite says {told!r}")


def _check_table(table: TableDef, facts: _Facts) -> None:
    name, columns = table.name, facts.columns
    _agree(name, "WITHOUT ROWID and STRICT", (table.without_rowid, table.strict), facts.options)
    _agree(name, "its columns", table.column_names, tuple(column[0] for column in columns))
    key = table.primary_key
    members = () if key is None else tuple(dict.fromkeys(key.columns))
    keyed = sorted((column for column in columns if column[4]), key=lambda column: int(column[4]))
    _agree(name, "its primary key", members, tuple(column[0] for column in keyed))
    for column, (_, kind, not_null, default, _, hidden) in zip(table.columns, columns, strict=True):
        where = f"column {column.name}"
        if '"' not in column.type:
            _agree(name, f"the type of {where}", column.type, type_text(kind) if kind else "")
        if column.name not in members:
            _agree(name, f"NOT NULL of {where}", column.nullable, not not_null)
        generated = 0 if column.generated is None else 3 if column.stored else 2
        _agree(name, f"whether {where} is generated", generated, hidden)
        if column.generated is None:
            _agree(name, f"DEFAULT of {where}", column.default, None if default is None else default_of(default))
    _check_uniques(table, _grouped(facts.keys))
    _check_foreign_keys(table, _grouped(facts.foreign_keys))


def _check_uniques(table: TableDef, keys: list[list[tuple[Any, ...]]]) -> None:
    found = {_found_parts(parts) for parts in keys if parts[0][1] == "u"}
    primary = {_found_parts(parts) for parts in keys if parts[0][1] == "pk"}
    if table.integer_key is not None:
        primary.add(((table.integer_key, "BINARY"),))
    wanted = {_effective_parts(unique.parts, table) for unique in table.uniques}
    _agree(table.name, "its unique keys", sorted(wanted - primary), sorted(found - primary))


def _found_parts(parts: list[tuple[Any, ...]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(part[3]), collation_text(part[5])) for part in parts)


def _effective_parts(parts: Iterable[KeyPart], table: TableDef) -> tuple[tuple[str, str], ...]:
    return tuple((part.column or "", _collation(part, table)) for part in parts)


def _collation(part: KeyPart, table: TableDef) -> str:
    column = None if part.column is None else table.column(part.column)
    return part.collation or (column.collation if column is not None else None) or "BINARY"


def _check_foreign_keys(table: TableDef, keys: list[list[tuple[Any, ...]]]) -> None:
    found = [
        (
            parts[0][0],
            tuple(part[1] for part in parts),
            tuple(part[2] for part in parts if part[2] is not None),
            parts[0][3].lower(),
            parts[0][4].lower(),
        )
        for parts in keys
    ]
    parsed = [(key.target, key.columns, key.target_columns, key.on_update, key.on_delete) for key in table.foreign_keys]
    _agree(table.name, "its foreign keys", sorted(parsed), sorted(found))


def _check_index(index: IndexDef, table: TableDef, parts: Rows) -> None:
    if not parts:
        raise CatalogueError(index.name, "SQLite does not list it")
    _, unique, _, partial, *_ = parts[0]
    _agree(index.name, "UNIQUE", index.unique, bool(unique))
    _agree(index.name, "WHERE", index.where is not None, bool(partial))
    _agree(
        index.name,
        "its columns",
        [(part.column, part.descending) for part in index.parts],
        [(part[4], bool(part[5])) for part in parts],
    )
    for part, found in zip(index.parts, parts, strict=True):
        if part.column is not None or part.collation is not None:
            _agree(index.name, "a collation", _collation(part, table), collation_text(found[6]))
