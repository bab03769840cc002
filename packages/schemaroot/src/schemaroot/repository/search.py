"""Full-text search over the columns that a table declares with `search=[...]`.

The text comes from people: every word is quoted, so that nothing in it is an operator of the search language. The
index knows whole words of letters and digits. A word that holds more (`C++`, `100%`), or that is of a script without
spaces between words, must stand literally in one of the columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from schemaroot.errors import InvalidArgumentsError
from schemaroot.schema.constraints import search_table
from schemaroot.schema.table import Table
from schemaroot.schema.types import Json

if TYPE_CHECKING:
    import sqlalchemy as sa

MAX_TEXT = 1000
"""Characters of a search text that are looked at."""

MAX_WORDS = 32
"""Words of a search text that are looked at."""

# Thai and Lao, Myanmar, Khmer, Tai, kana, Han: the index takes a whole run of these as one word. Two Vedic signs and
# the vowels of New Tai Lue are letters, but not to SQLite's tables of Unicode 6.1.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1cf2\u1cf3"
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_ACCENT_FIRST, _ACCENT_LAST = "\u0300", "\u0331"  # combining accents, which the index leaves out


class Words(msgspec.Struct, frozen=True, gc=False):
    """A search text taken apart.

    Attributes:
        match: the FTS5 query (https://sqlite.org/fts5.html#full_text_query_syntax), empty where the index cannot help.
        literals: what must stand as it is in one of the columns, ASCII letters of either case.
    """

    match: str
    literals: tuple[str, ...]


def words_of(text: str, *, prefix: bool) -> Words | None:
    """The words of a search text, without what no database can hold; `None` when there are none."""
    found = text[:MAX_TEXT].replace("\0", " ").encode("utf-8", "ignore").decode().split()
    words = found[:MAX_WORDS]
    if not words:
        return None
    # A word that was cut off is the beginning of one.
    cut = len(text) > MAX_TEXT and not (text[MAX_TEXT - 1].isspace() or text[MAX_TEXT].isspace())
    prefix = (prefix or cut) and len(found) == len(words)
    quoted = ['"' + word.replace('"', '""') + '"' for word in words if _is_indexed(word)]
    if prefix and _is_indexed(words[-1]):
        quoted[-1] += "*"
    literals = [part for word in words for part in _literals(word)]
    return Words(" ".join(quoted), tuple(dict.fromkeys(literals)))


def _is_letter(character: str) -> bool:
    return character.isalnum() or _is_accent(character)


def _is_indexed(word: str) -> bool:
    return any(map(str.isalnum, word)) and not _WITHOUT_SPACES.search(word)


def _literals(word: str) -> list[str]:
    """The parts of a word that the index does not vouch for."""
    if not _is_indexed(word):
        return [word]
    if all(map(_is_letter, word)):
        return []
    # The database folds the case of ASCII letters alone; the index folds that of all, and leaves accents out.
    pairs = zip(word, word[1:] + " ", strict=True)
    known = "".join(" " if _is_folded(character) or _is_accent(after) else character for character, after in pairs)
    return [part for part in known.split() if not part.isalnum()]


def _is_accent(character: str) -> bool:
    return _ACCENT_FIRST <= character <= _ACCENT_LAST


def _is_folded(character: str) -> bool:
    return not character.isascii() and (character.lower() != character.upper() or _is_accent(character))


def search_statement(table: type[Table], words: Words, conditions: Sequence[Any]) -> sa.Select[Any]:
    """A select of the keys of the rows that match, best first."""
    import sqlalchemy as sa  # loaded only where SQL is built

    from schemaroot.query.build import built, refuse_other_tables  # loads SQLAlchemy
    from schemaroot.schema.expression import plain_bind
    from schemaroot.schema.sqlalchemy import table_clause  # loads SQLAlchemy

    refuse_other_tables(table, [built(condition, plain_bind) for condition in conditions])
    declared = table.__declaration__
    clause = table_clause(table)
    key = clause.c[declared.primary_key[0].name]
    statement: Any = sa.select(key)
    if words.match:
        name = search_table(declared.name)
        index = sa.table(name, sa.column("rowid"), sa.column("rank"), sa.column(name))
        statement = statement.select_from(clause.join(index, index.c.rowid == key))
        statement = statement.where(index.c[name].op("MATCH")(sa.literal(words.match)))
        statement = statement.order_by(index.c.rank)
    for literal in words.literals:
        statement = statement.where(sa.or_(*(_holds(table, name, literal) for name in declared.search)))
    return cast("sa.Select[Any]", statement.where(*conditions).order_by(key))


def _holds(table: type[Table], name: str, literal: str) -> Any:
    """The condition that a column holds a text as it is; in a JSON document, that one of its values does."""
    import sqlalchemy as sa  # loaded only where SQL is built

    from schemaroot.schema.sqlalchemy import table_clause  # loads SQLAlchemy

    column = table_clause(table).c[name]
    wanted = sa.func.lower(sa.literal(literal, sa.TEXT()))
    if not isinstance(table.__declaration__.columns[name].type, Json):
        return sa.func.instr(sa.func.lower(column), wanted) > sa.literal_column("0")
    parts = sa.func.json_tree(column).table_valued("atom")
    return sa.exists(
        sa.select(parts.c.atom).where(sa.func.instr(sa.func.lower(parts.c.atom), wanted) > sa.literal_column("0"))
    )


def check_searchable(table: type[Table]) -> None:
    """Raises `InvalidArgumentsError` when a table declares no full-text search."""
    declared = table.__declaration__
    if not declared.search:
        raise InvalidArgumentsError(
            f"{declared.name} has no full-text search.", hint="Declare the table with search=[...]."
        )
