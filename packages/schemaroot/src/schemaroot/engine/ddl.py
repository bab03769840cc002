"""The statements that create declared tables in SQLite: tables, indexes, full-text search."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from schemaroot.engine import dialect
from schemaroot.engine.compile import sqlite_dialect
from schemaroot.schema.sqlalchemy import metadata
from schemaroot.schema.table import Table


def create_table_statements(tables: Iterable[type[Table]]) -> list[str]:
    """One CREATE TABLE for each table, referred ones first."""
    kinds = [*tables]
    declared = {table.__declaration__.name: table.__declaration__ for table in kinds}
    statements: list[str] = []
    for table in metadata(kinds, "sqlite").sorted_tables:
        statement = str(sa.schema.CreateTable(table).compile(dialect=sqlite_dialect())).strip()
        found = declared[table.name].found
        statements.append(statement if found is None else found.create_table(statement, declared[table.name]))
    return statements


def create_index_statements(tables: Iterable[type[Table]]) -> list[str]:
    """One CREATE INDEX for each index and each unique key that is one, in the order of their names."""
    kinds = [*tables]
    made = metadata(kinds, "sqlite")
    indexes = [
        index for table in made.sorted_tables for index in sorted(table.indexes, key=lambda index: index.name or "")
    ]
    statements = [str(sa.schema.CreateIndex(index).compile(dialect=sqlite_dialect())).strip() for index in indexes]
    for declared in (table.__declaration__ for table in kinds):
        statements += [] if declared.found is None else declared.found.create_indexes(declared)
    return statements


def create_search_statements(tables: Iterable[type[Table]]) -> list[str]:
    """The full-text indexes with the triggers that keep them in step."""
    declared = [table.__declaration__ for table in tables]
    return [statement for one in declared if one.search for statement in dialect.create_search(one)]


def fill_search_statements(tables: Iterable[type[Table]]) -> list[str]:
    """Fills the full-text indexes of tables that hold rows already."""
    declared = [table.__declaration__ for table in tables]
    return [dialect.rebuild_search(one) for one in declared if one.search]
