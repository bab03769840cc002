"""Definitions as CREATE statements of SQLite, which `schemaroot.introspection.sql` reads back without loss.

Expressions are written as the definitions hold them; names are quoted where they must be.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemaroot.introspection.catalogue import (
    ColumnDef,
    Conflict,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    TriggerDef,
    ViewDef,
    VirtualTableDef,
)
from schemaroot.introspection.sql.expressions import parse, write
from schemaroot.introspection.sql.nodes import Call, Literal, Opaque, Unary
from schemaroot.introspection.sql.reader import Unreadable
from schemaroot.introspection.sql.tokens import name_text


def create_table(table: TableDef, *, name: str = "") -> str:
    """The CREATE TABLE statement.

    Args:
        table: the table.
        name: the name to create it under, in place of its own.
    """
    sole_key = _column_key(table)
    lines = [
        column_text(column, sole_key if column.name == _key_column(sole_key) else None) for column in table.columns
    ]
    if table.primary_key is not None and sole_key is None:
        key = table.primary_key
        lines.append(f"{_named(key.name)}PRIMARY KEY ({_parts(key.parts)}){_conflict(key.conflict)}")
    for unique in table.uniques:
        lines.append(f"{_named(unique.name)}UNIQUE ({_parts(unique.parts)}){_conflict(unique.conflict)}")
    lines += [f"{_named(check.name)}CHECK ({check.condition})" for check in table.checks]
    lines += [_foreign_key(key) for key in table.foreign_keys]
    options = [*(["WITHOUT ROWID"] if table.without_rowid else []), *(["STRICT"] if table.strict else [])]
    inside = ",\n    ".join(lines)
    return f"CREATE TABLE {name_text(name or table.name)} (\n    {inside}\n)" + (
        f" {', '.join(options)}" if options else ""
    )


def create_index(index: IndexDef, *, name: str = "", table: str = "") -> str:
    """The CREATE INDEX statement, under another name or on another table where these are given."""
    unique = "UNIQUE " if index.unique else ""
    where = f" WHERE {index.where}" if index.where is not None else ""
    owner = name_text(table or index.table)
    return f"CREATE {unique}INDEX {name_text(name or index.name)} ON {owner} ({_parts(index.parts)}){where}"


def create_trigger(trigger: TriggerDef) -> str:
    """The CREATE TRIGGER statement."""
    return trigger.statement


def create_view(view: ViewDef) -> str:
    """The CREATE VIEW statement."""
    return view.statement


def trigger_statement(name: str, event: str, table: str, condition: str, body: str) -> str:
    """A trigger's statement from its parts; `event` is such as `AFTER INSERT`, `condition` is empty for none."""
    when = f" WHEN {condition}" if condition else ""
    return f"CREATE TRIGGER {name_text(name)} {event} ON {name_text(table)}{when} BEGIN {body} END"


def view_statement(name: str, columns: Sequence[str], body: str) -> str:
    """A view's statement from its parts; `columns` are the names that it gives its columns, if it does."""
    named = f" ({', '.join(map(name_text, columns))})" if columns else ""
    return f"CREATE VIEW {name_text(name)}{named} AS {body}"


def create_virtual_table(table: VirtualTableDef) -> str:
    """The CREATE VIRTUAL TABLE statement; the module makes the shadow tables."""
    arguments = f"({', '.join(table.arguments)})" if table.arguments else ""
    return f"CREATE VIRTUAL TABLE {name_text(table.name)} USING {name_text(table.module)}{arguments}"


def column_text(column: ColumnDef, key: PrimaryKeyDef | None = None) -> str:
    """A column as it stands in CREATE TABLE, and after ALTER TABLE ... ADD COLUMN.

    Args:
        column: the column.
        key: the primary key, where it is to be written with its only column.
    """
    words = [name_text(column.name), *([column.type] if column.type else [])]
    if not column.nullable:
        words.append(f"NOT NULL{_conflict(column.null_conflict)}")
    if key is not None:
        words.append(_sole_key(key))
    if column.default is not None:
        words.append(f"DEFAULT {default_text(column.default)}")
    if column.collation is not None:
        words.append(f"COLLATE {name_text(column.collation)}")
    if column.generated is not None:
        words.append(f"GENERATED ALWAYS AS ({column.generated}) {'STORED' if column.stored else 'VIRTUAL'}")
    return " ".join(words)


def default_text(expression: str) -> str:
    """An expression as it stands after DEFAULT: in parentheses unless it is a literal."""
    try:
        parsed = parse(expression)
    except Unreadable:
        return f"({expression})"
    match parsed:
        case Literal() | Unary("-", Literal(kind="number")):
            return write(parsed)
        case Opaque(text) if text.startswith("("):
            return text
        case _:
            return f"({expression})"


def _column_key(table: TableDef) -> PrimaryKeyDef | None:
    """The primary key where it is to stand with its column: an integer key must, when it is descending or automatic."""
    key = table.primary_key
    if key is None or len(key.parts) != 1 or key.parts[0].collation is not None or table.without_rowid:
        return None
    return key


def _key_column(key: PrimaryKeyDef | None) -> str:
    return "" if key is None else key.columns[0]


def _sole_key(key: PrimaryKeyDef) -> str:
    descending = " DESC" if key.parts[0].descending else ""
    autoincrement = " AUTOINCREMENT" if key.autoincrement else ""
    return f"{_named(key.name)}PRIMARY KEY{descending}{_conflict(key.conflict)}{autoincrement}"


_MATCHES = frozenset({"FULL", "PARTIAL", "SIMPLE"})


def _foreign_key(key: ForeignKeyDef) -> str:
    columns = ", ".join(map(name_text, key.columns))
    target = name_text(key.target)
    if key.target_columns:
        target += f" ({', '.join(map(name_text, key.target_columns))})"
    words = [f"{_named(key.name)}FOREIGN KEY ({columns}) REFERENCES {target}"]
    words += [f"MATCH {key.match if key.match in _MATCHES else name_text(key.match)}"] if key.match is not None else []
    words += [f"ON DELETE {key.on_delete.upper()}"] if key.on_delete != "no action" else []
    words += [f"ON UPDATE {key.on_update.upper()}"] if key.on_update != "no action" else []
    words += ["DEFERRABLE INITIALLY DEFERRED"] if key.deferred else []
    return " ".join(words)


def _named(name: str | None) -> str:
    return "" if name is None else f"CONSTRAINT {name_text(name)} "


def _conflict(conflict: Conflict | None) -> str:
    return "" if conflict is None else f" ON CONFLICT {conflict.upper()}"


def _parts(parts: tuple[KeyPart, ...]) -> str:
    return ", ".join(map(_part, parts))


def _part(part: KeyPart) -> str:
    written = name_text(part.column) if part.column is not None else _indexed(part.expression or "")
    collation = "" if part.collation is None else f" COLLATE {name_text(part.collation)}"
    if written.startswith("('") and collation:
        written = f"({written}{collation})"  # SQLite takes a text alone, with COLLATE behind it, for a column's name
    return f"{written}{collation}{' DESC' if part.descending else ''}"


def _indexed(expression: str) -> str:
    """An expression as a member of an index: a call stands bare, anything else in parentheses."""
    try:
        is_call = isinstance(parse(expression), Call)
    except Unreadable:
        is_call = False
    return expression if is_call else f"({expression})"
