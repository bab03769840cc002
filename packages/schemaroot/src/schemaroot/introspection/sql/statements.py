"""CREATE statements as definitions: what a table, an index, a trigger, a view or a virtual table is.

The definitions do not tell how a statement was spelt: a constraint of a column is the table's, expressions are
canonical, words that say what holds anyway are left out. What a statement says beyond SQLite's grammar raises
`Unreadable`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schemaroot.introspection.catalogue import IndexDef, TableDef, TriggerDef, ViewDef, VirtualTableDef
from schemaroot.introspection.render import trigger_statement, view_statement
from schemaroot.introspection.sql.expressions import ExpressionParser, Scope, canonical_tokens, write
from schemaroot.introspection.sql.reader import is_word, remembered
from schemaroot.introspection.sql.tables import (
    begun,
    default_of,
    key_part,
    names_in_parentheses,
    object_name,
    parse_table,
)
from schemaroot.introspection.sql.tokens import Token, folded, name_text, plain


def parse_statement(sql: str) -> TableDef | IndexDef | TriggerDef | ViewDef | VirtualTableDef:
    """What a CREATE statement makes; raises `Unreadable` for another statement."""
    reader = begun(sql)
    for kind, parse in _KINDS.items():
        if reader.sees(kind):
            return parse(sql)
    raise reader.missing("TABLE, INDEX, TRIGGER, VIEW or VIRTUAL TABLE")


# --- indexes ----------------------------------------------------------------------------------------------------------


@remembered
def parse_index(sql: str, table: TableDef | None = None) -> IndexDef:
    """The index of a CREATE INDEX statement; raises `Unreadable`.

    Args:
        sql: the statement.
        table: the table that it is on, where it is known: its columns are then told from strings in double quotes.
    """
    reader = begun(sql)
    unique = any(is_word(token, "UNIQUE") for token in reader.tokens[: reader.place])
    reader.expect("INDEX")
    name = object_name(reader)
    reader.expect("ON")
    owner = reader.name()
    scope = None if table is None else Scope(table.name, table.column_names)
    reader.expect("(")
    parts = [key_part(reader, scope)]
    while reader.accept(","):
        parts.append(key_part(reader, scope))
    reader.expect(")")
    where = None
    if reader.accept("WHERE"):
        where = canonical_tokens(reader.tokens[reader.place : -1], scope)
    elif not reader.at_end:
        raise reader.missing("WHERE or the end")
    spelt = owner if table is None else table.name
    return IndexDef(name, spelt, tuple(parts), unique, where, sql=sql)


# --- triggers, views, virtual tables ----------------------------------------------------------------------------------


@remembered
def parse_trigger(sql: str) -> TriggerDef:
    """The trigger of a CREATE TRIGGER statement; raises `Unreadable`."""
    reader = begun(sql)
    reader.expect("TRIGGER")
    name = object_name(reader)
    if reader.accept("INSTEAD", "OF"):
        time = "INSTEAD OF"
    elif reader.accept("AFTER"):
        time = "AFTER"
    else:
        reader.accept("BEFORE")
        time = "BEFORE"
    event = reader.take().value
    if event not in {"INSERT", "UPDATE", "DELETE"}:
        raise reader.missing("INSERT, UPDATE or DELETE")
    if event == "UPDATE" and reader.accept("OF"):
        names = [reader.name()]
        while reader.accept(","):
            names.append(reader.name())
        event = f"UPDATE OF {', '.join(map(name_text, names))}"
    reader.expect("ON")
    table = reader.name()
    reader.accept("FOR", "EACH", "ROW")
    condition = write(ExpressionParser(reader).expression()) if reader.accept("WHEN") else ""
    if not (reader.sees("BEGIN") and is_word(reader.tokens[-2], "END")):
        raise reader.missing("BEGIN and END")
    body = plain(reader.tokens[reader.place + 1 : -2])
    return TriggerDef(name, table, trigger_statement(name, f"{time} {event}", table, condition, body), sql=sql)


@remembered
def parse_view(sql: str) -> ViewDef:
    """The view of a CREATE VIEW statement; raises `Unreadable`."""
    reader = begun(sql)
    reader.expect("VIEW")
    name = object_name(reader)
    columns = names_in_parentheses(reader) if reader.sees("(") else []
    reader.expect("AS")
    return ViewDef(name, view_statement(name, columns, plain(reader.tokens[reader.place : -1])), sql=sql)


@remembered
def parse_virtual_table(sql: str, shadows: tuple[str, ...] = ()) -> VirtualTableDef:
    """The virtual table of a CREATE VIRTUAL TABLE statement; raises `Unreadable`.

    Args:
        sql: the statement.
        shadows: the tables that its module keeps for it.
    """
    reader = begun(sql)
    reader.expect("VIRTUAL", "TABLE")
    name = object_name(reader)
    reader.expect("USING")
    module = reader.name()
    arguments = _arguments(reader.parenthesised()) if reader.sees("(") else ()
    return VirtualTableDef(name, folded(module), arguments, shadows, sql=sql)


def _arguments(tokens: Sequence[Token]) -> tuple[str, ...]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
        if token.text == "," and token.kind == "operator" and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(plain(part) for part in parts) if tokens else ()


_KINDS: dict[str, Callable[[str], TableDef | IndexDef | TriggerDef | ViewDef | VirtualTableDef]] = {
    "TABLE": parse_table,
    "INDEX": parse_index,
    "TRIGGER": parse_trigger,
    "VIEW": parse_view,
    "VIRTUAL": parse_virtual_table,
}

__all__ = [
    "default_of",
    "parse_index",
    "parse_statement",
    "parse_table",
    "parse_trigger",
    "parse_view",
    "parse_virtual_table",
]
