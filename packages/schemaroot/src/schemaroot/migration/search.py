"""Full-text indexes over a table: which there are, and keeping them true when the table is made anew."""

from __future__ import annotations

from collections.abc import Collection

from schemaroot.engine import dialect
from schemaroot.introspection.catalogue import Catalogue, VirtualTableDef
from schemaroot.introspection.sql.tokens import folded, tokenize
from schemaroot.migration.work import Work


def searches_of(catalogue: Catalogue, table: str) -> list[VirtualTableDef]:
    """The full-text indexes whose text is that of a table (FTS5 with external content)."""
    return [each for each in catalogue.virtual_tables.values() if folded(content_of(each)) == folded(table)]


def content_of(search: VirtualTableDef) -> str:
    """The table that a full-text index is over, or nothing."""
    if folded(search.module) != "fts5":
        return ""
    for argument in search.arguments:
        tokens = tokenize(argument)
        if len(tokens) == 3 and tokens[0].value == "CONTENT" and tokens[1].text == "=":
            return tokens[2].name
    return ""


def searched_columns(search: VirtualTableDef) -> list[str]:
    """The columns that a full-text index is over."""
    arguments = map(tokenize, search.arguments)
    return [tokens[0].name for tokens in arguments if tokens and not any(token.text == "=" for token in tokens)]


def fill_searches(
    work: Work, catalogue: Catalogue, table: str, changed: Collection[str], *, all_rows: bool = False
) -> None:
    """Fills those full-text indexes of a table anew whose text is another now.

    Args:
        work: runs the statements.
        catalogue: the schema.
        table: the table.
        changed: the columns whose values may have changed.
        all_rows: whether rows have other rowids now, by which an index knows them.
    """
    names = set(map(folded, changed))
    for search in searches_of(catalogue, table):
        if all_rows or not names.isdisjoint(map(folded, searched_columns(search))):
            work.run(dialect.fill_search(search.name))
