"""What do the rows of a database say of its columns, beyond their types? Counted by SQLite, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa

from schemaroot.engine.compile import sqlite_dialect
from schemaroot.engine.connection import Connection
from schemaroot.introspection.catalogue import ForeignKeyDef, TableDef

FEW = 12
"""As many values a column has at most that is taken for an enumeration."""

SAMPLE = 200
"""As many JSON documents of a column are looked into for their shape."""


@dataclass(frozen=True)
class ColumnFacts:
    """What the rows say of one column.

    Attributes:
        kinds: how many values there are of each of SQLite's types; `null` is one.
        distinct: how many different values there are, NULL left out.
        values: the values with their counts, where they are few; the most common first.
        documents: how many texts are a JSON array, object or other value, by their type; `""` are texts that are none.
        shape: what JSON documents look like, in a few words; empty where there are none.
        unreadable: whether some text is no UTF-8.
    """

    kinds: Mapping[str, int] = field(default_factory=dict[str, int])
    distinct: int = 0
    values: tuple[tuple[Any, int], ...] = ()
    documents: Mapping[str, int] = field(default_factory=dict[str, int])
    shape: str = ""
    unreadable: bool = False

    @property
    def filled(self) -> int:
        """How many values are not NULL."""
        return sum(count for kind, count in self.kinds.items() if kind != "null")

    @property
    def document_kind(self) -> str:
        """`array` or `object` where every value is such a JSON document, else empty."""
        kinds = {kind for kind, count in self.documents.items() if count}
        whole = self.filled == sum(self.documents.values())
        return kinds.pop() if whole and len(kinds) == 1 and kinds <= {"array", "object"} else ""


@dataclass(frozen=True)
class TableFacts:
    """What the rows of one table say: how many there are, and of each column."""

    rows: int = 0
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict[str, ColumnFacts])


def observe(connection: Connection, table: TableDef) -> TableFacts:
    """What the rows of a table say; each column is read a few times from end to end."""
    source = sa.table(table.name)
    rows = _rows(connection, sa.select(sa.func.count()).select_from(source))[0][0]
    return TableFacts(
        rows, {name: _column(connection, source, name) if rows else ColumnFacts() for name in table.column_names}
    )


def orphans(connection: Connection, table: TableDef, key: ForeignKeyDef) -> int:
    """How many rows refer by a foreign key of one column to a row that is not there; 0 where that cannot be asked."""
    if len(key.columns) != 1 or len(key.target_columns) != 1:
        return 0
    child, parent = sa.table(table.name).alias("child"), sa.table(key.target).alias("parent")
    own: sa.ColumnElement[Any] = sa.column(key.columns[0], _selectable=child)
    other: sa.ColumnElement[Any] = sa.column(key.target_columns[0], _selectable=parent)
    found = sa.exists().select_from(parent).where(other == own)
    missing = sa.select(sa.func.count()).select_from(child).where(own.is_not(None), sa.not_(found))
    try:
        return int(_rows(connection, missing)[0][0])
    except connection.driver.errors:  # the table referred to is not there at all
        return 0


def _rows(connection: Connection, statement: sa.sql.ClauseElement) -> list[tuple[Any, ...]]:
    compiled = statement.compile(dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True})
    return connection.execute(str(compiled)).fetchall()


def _column(connection: Connection, table: sa.TableClause, name: str) -> ColumnFacts:
    own: sa.ColumnElement[Any] = sa.column(name)
    kind = sa.func.typeof(own)
    kinds = dict(_rows(connection, sa.select(kind, sa.func.count()).select_from(table).group_by(kind)))
    distinct = _rows(connection, sa.select(sa.func.count(sa.distinct(own))).select_from(table))[0][0]
    documents: dict[str, int] = {}
    try:
        values = _values(connection, table, own) if distinct <= FEW else []
        if kinds.get("text"):
            documents = _documents(connection, table, own)
        shape = _shape(connection, table, own) if documents.get("array") or documents.get("object") else ""
    except connection.driver.errors:
        return ColumnFacts(kinds, distinct, unreadable=True)
    return ColumnFacts(kinds, distinct, tuple(values), documents, shape)


def _values(connection: Connection, table: sa.TableClause, own: sa.ColumnElement[Any]) -> list[tuple[Any, int]]:
    count = sa.func.count()
    statement = sa.select(own, count).select_from(table).where(own.is_not(None)).group_by(own)
    return [(row[0], int(row[1])) for row in _rows(connection, statement.order_by(count.desc(), own))]


def _documents(connection: Connection, table: sa.TableClause, own: sa.ColumnElement[Any]) -> dict[str, int]:
    valid = sa.func.json_valid(own) == sa.literal_column("1")
    none: sa.ColumnElement[str] = sa.literal_column("''")
    kind: sa.ColumnElement[Any] = sa.case((valid, sa.func.json_type(own)), else_=none)
    texts = sa.func.typeof(own) == "text"
    return dict(_rows(connection, sa.select(kind, sa.func.count()).select_from(table).where(texts).group_by(kind)))


def _shape(connection: Connection, table: sa.TableClause, own: sa.ColumnElement[Any]) -> str:
    statement = sa.select(own).select_from(table).where(sa.func.typeof(own) == "text").limit(SAMPLE)
    documents: list[Any] = []
    for (text,) in _rows(connection, statement):
        try:
            documents.append(json.loads(text))
        except (ValueError, RecursionError):
            continue
    return shape_of(documents)


def shape_of(values: Iterable[Any]) -> str:
    """What JSON values look like together: `list[text]`, `{name: text, size?: number}`."""
    given = [*values]
    shapes: list[str] = []
    objects = [cast("dict[str, Any]", value) for value in given if isinstance(value, dict)]
    if objects:
        shapes.append(_object_shape(objects))
    lists: list[list[Any]] = [value for value in given if isinstance(value, list)]
    if lists:
        inner = shape_of(item for value in lists for item in value)
        shapes.append(f"list[{inner}]" if inner else "list")
    names = {bool: "true or false", int: "number", float: "number", str: "text", type(None): "null"}
    shapes += sorted({names[type(value)] for value in given if type(value) in names})
    return " | ".join(shapes)


def _object_shape(objects: list[dict[str, Any]]) -> str:
    names = dict.fromkeys(name for value in objects for name in value)
    if not names:
        return "{}"
    if len(names) > FEW:
        return f"{{text: {shape_of(item for value in objects for item in value.values())}}}"
    members = [
        f"{name}{'' if all(name in value for value in objects) else '?'}: "
        + shape_of(value[name] for value in objects if name in value)
        for name in names
    ]
    return f"{{{', '.join(members)}}}"
