"""Of which words is an SQL text made? SQLite's lexical rules (https://sqlite.org/lang.html), comments left out.

Nothing is refused here: a character that SQLite does not know is a token of its own, and text that ends inside of a
string or a comment ends there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

TokenKind = Literal["word", "quoted", "string", "blob", "number", "variable", "operator", "unknown"]
"""`word` is a bare name or a keyword, `quoted` a name in double quotes, backticks or brackets."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYWORDS = _words("""
    ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE
    CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME
    CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE
    EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP
    GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY
    LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER
    OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME
    REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO
    TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHOUT
""")
"""Every keyword of SQLite; most of them are names too where no keyword can stand."""

RESERVED = _words("""
    ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT CREATE DEFAULT DEFERRABLE DELETE
    DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM GROUP HAVING IN INDEX INSERT INTERSECT INTO IS ISNULL JOIN
    LIMIT NOT NOTHING NOTNULL NULL ON OR ORDER PRIMARY REFERENCES RETURNING SELECT SET TABLE THEN TO TRANSACTION UNION
    UNIQUE UPDATE USING VALUES WHEN WHERE
""")
"""The keywords that are never a name unless they are quoted."""

_NAMED_VALUES = frozenset({"TRUE", "FALSE"})
_WORD = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*"
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\n\f\r\ufeff]+ | --[^\n]* | /\*.*?(?:\*/|\Z))
    | (?P<blob>[xX]'[^']*')
    | (?P<word>"""
    + _WORD
    + r""")
    | (?P<string>'(?:[^']|'')*(?:'|\Z))
    | (?P<quoted>"(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) | \[[^\]]*(?:\]|\Z))
    | (?P<number>0[xX][0-9A-Fa-f][0-9A-Fa-f_]*
        | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?)
    | (?P<variable>\?[0-9]* | [:@$\#](?:[A-Za-z0-9_$\u0080-\U0010ffff]|::)+(?:\([^) \t\n\f\r]*\))?)
    | (?P<operator>->> | -> | \|\| | << | >> | <= | >= | <> | != | == | [-+*/%&|~<>=(),;.])
    | (?P<unknown>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PLAIN_NAME = re.compile(_WORD)


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: what it is.
        text: how it is spelt.
        value: what it says: a keyword or bare word in capitals, a quoted name or a string without its quotes, else the
            text.
        start: where it begins in the text.
        end: where it ends.
    """

    kind: TokenKind
    text: str
    value: str
    start: int
    end: int

    @property
    def is_name(self) -> bool:
        """Whether it can be a name: a word that is not reserved, or anything in quotes."""
        return self.kind in {"quoted", "string"} or (self.kind == "word" and self.value not in RESERVED)

    @property
    def name(self) -> str:
        """The name that it is, without quotes and as it is spelt."""
        return self.text if self.kind == "word" else self.value


def tokenize(sql: str) -> list[Token]:
    """The tokens of a text, without white space and comments."""
    return list(_tokens(sql))


def _tokens(sql: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup
        text = match.group()
        start, end = match.span()
        match kind:
            case "space":
                continue
            case "word":
                yield Token("word", text, ascii_upper(text), start, end)
            case "quoted" | "string":
                yield Token(kind, text, _without_quotes(text), start, end)
            case "blob" | "number" | "variable" | "operator" | "unknown":
                yield Token(kind, text, text, start, end)
            case _:  # pragma: no cover  # the pattern has no other group
                raise AssertionError(kind)


def _without_quotes(text: str) -> str:
    opening = text[0]
    closing = "]" if opening == "[" else opening
    inner = text[1:-1] if len(text) > 1 and text.endswith(closing) else text[1:]
    return inner if opening == "[" else inner.replace(closing * 2, closing)


_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def ascii_upper(text: str) -> str:
    """The text with ASCII letters in capitals; SQLite folds no others."""
    return text.translate(_UPPER)


def folded(name: str) -> str:
    """The name as SQLite compares it: ASCII letters small."""
    return name.translate(_LOWER)


def needs_quotes(name: str) -> bool:
    """Whether a name must be quoted: it is a keyword, or no plain word."""
    upper = ascii_upper(name)
    return _PLAIN_NAME.fullmatch(name) is None or upper in KEYWORDS or upper in _NAMED_VALUES


def name_text(name: str) -> str:
    """The name as it is written in SQL: quoted where it must be."""
    return '"' + name.replace('"', '""') + '"' if needs_quotes(name) else name


def string_text(value: str) -> str:
    """The text as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


# --- plain text -------------------------------------------------------------------------------------------------------

_CAPITALS = RESERVED | _words("END BEGIN")
_NO_SPACE_BEFORE = frozenset({",", ")", ";", "."})
_NO_SPACE_AFTER = frozenset({"(", "."})
_BEFORE_NAME = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "AS", "OF"})


def plain(tokens: Iterable[Token]) -> str:
    """The tokens as one line with even spaces: white space, comments and the way of quoting no longer show.

    What a word means is not asked: keywords that may be names keep their spelling, and a name in double quotes, which
    SQLite reads as a string where no such column is, keeps its quotes unless its place says that it is a name.
    """
    written: list[str] = []
    given = [*tokens]
    for index, token in enumerate(given):
        before = given[index - 1] if index else None
        after = given[index + 1] if index + 1 < len(given) else None
        if before is not None and not _touching(before, token, given[index - 2] if index > 1 else None):
            written.append(" ")
        written.append(_plain_token(token, before, after))
    return "".join(written)


def _touching(before: Token, token: Token, earlier: Token | None) -> bool:
    if before.text in _NO_SPACE_AFTER or token.text in _NO_SPACE_BEFORE:
        return True
    if before.kind == "operator" and before.text in "+-" and token.kind in {"number", "word", "quoted"}:
        return earlier is None or (earlier.kind == "operator" and earlier.text != ")")  # a sign, not a difference
    is_called = before.kind == "word" and before.value not in KEYWORDS - {"REPLACE", "LIKE", "GLOB", "CAST", "RAISE"}
    return token.text == "(" and is_called and (earlier is None or earlier.value not in {"AS", "INTO", "TABLE", "VIEW"})


def _plain_token(token: Token, before: Token | None, after: Token | None) -> str:
    match token.kind:
        case "word":
            return token.value if token.value in _CAPITALS else token.text
        case "quoted":
            is_name = (after is not None and after.text in {".", "("}) or (
                before is not None and (before.text == "." or before.value in _BEFORE_NAME)
            )
            return name_text(token.value) if is_name else '"' + token.value.replace('"', '""') + '"'
        case "string":
            return string_text(token.value)
        case "blob":
            return blob_text(token.text)
        case "number":
            return number_text(token.text)
        case "operator":
            return {"==": "=", "<>": "!="}.get(token.text, token.text)
        case _:
            return token.text


def blob_text(text: str) -> str:
    """A blob literal with its digits in capitals."""
    return "X'" + ascii_upper(text[2:-1]) + "'"


def number_text(text: str) -> str:
    """A number literal in its plain spelling; the value is the same."""
    digits = text.replace("_", "")
    if digits[:2] in {"0x", "0X"}:
        return "0x" + ascii_upper(digits[2:].lstrip("0") or "0")
    if digits.isdigit():
        return digits.lstrip("0") or "0"
    value = float(digits)
    return "9e999" if value == float("inf") else repr(value)
