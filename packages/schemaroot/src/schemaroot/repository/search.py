"""Full-text search over the columns that a table declares with `search=[...]`.

The text comes from people: every word is quoted, so that nothing in it is an operator of the search language. Words
that hold more than letters and digits (`C++`, `100%`) must also stand literally in one of the columns, since the index
knows letters and digits alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from schemaroot.errors import InvalidArgumentsError
from schemaroot.schema.table import Table

if TYPE_CHECKING:
    import sqlalchemy as sa

R = TypeVar("R", bound=Table)

MAX_TEXT = 1000
"""Characters of a search text that are looked at."""

MAX_WORDS = 32
"""Words of a search text that are looked at."""


def words_of(text: str) -> list[str]:
    """The words of a search text, without what no database can hold."""
    storable = text[:MAX_TEXT].replace("\0", " ").encode("utf-8", "ignore").decode()
    return storable.split()[:MAX_WORDS]


def match_text(words: list[str], *, prefix: bool) -> str:
    """The words as an FTS5 query: each one quoted (https://sqlite.org/fts5.html#fts5_strings), all required."""
    indexed = [word for word in words if any(character.isalnum() for character in word)]
    quoted = ['"' + word.replace('"', '""') + '"' for word in indexed]
    if prefix and quoted and indexed[-1][-1].isalnum():
        quoted[-1] += "*"
    return " ".join(quoted)


def _is_plain(word: str) -> bool:
    return all(character.isalnum() for character in word)


def search_statement(
    table: type[Table], words: list[str], conditions: list[Any], *, prefix: bool
) -> tuple[sa.Select[Any], str]:
    """A select of the keys of matching rows, best first, and the text that its parameter `match` takes."""
    import sqlalchemy as sa  # loaded only where SQL is built

    from schemaroot.schema.sqlalchemy import table_clause  # loaded only where SQL is built

    declared = table.__declaration__
    if not declared.search:
        raise InvalidArgumentsError(
            f"{declared.name} has no full-text search.", hint="Declare the table with search=[...]."
        )
    clause = table_clause(table)
    key = clause.c[declared.primary_key[0].name]
    statement: Any = sa.select(key)
    matched = match_text(words, prefix=prefix)
    if matched:
        name = f"{declared.name}_search"
        index = sa.table(name, sa.column("rowid"), sa.column("rank"), sa.column(name))
        statement = statement.select_from(clause.join(index, index.c.rowid == key))
        statement = statement.where(index.c[name].op("MATCH")(sa.literal(matched))).order_by(index.c.rank, key)
    else:
        statement = statement.order_by(key)
    for word in words:
        if not _is_plain(word):
            columns = [clause.c[column] for column in declared.search]
            literal = sa.func.lower(sa.literal(word, sa.TEXT()))
            statement = statement.where(
                sa.or_(*(sa.func.instr(sa.func.lower(column), literal) > 0 for column in columns))
            )
    for condition in conditions:
        statement = statement.where(condition)
    return cast("sa.Select[Any]", statement), matched
