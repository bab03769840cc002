"""A page about an existing database: what its tables hold, and what of it is odd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemaroot.engine.connection import Connection
from schemaroot.introspection.catalogue import (
    Catalogue,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    TableDef,
)
from schemaroot.introspection.kinds import affinity_of
from schemaroot.introspection.observe import FEW, ColumnFacts, TableFacts, orphans
from schemaroot.introspection.sql.tokens import folded

NEARLY = 0.9
"""The share of different values from which on a column looks like a key."""


@dataclass(frozen=True)
class Told:
    """What the page tells of.

    Attributes:
        catalogue: the schema.
        facts: what the rows say, by table.
        class_names: the classes, by table; a table without a class is not there.
        left_out: the columns that a class does not have, by table.
    """

    catalogue: Catalogue
    facts: Mapping[str, TableFacts]
    class_names: Mapping[str, str]
    left_out: Mapping[str, tuple[str, ...]]


def page_of(connection: Connection, told: Told) -> str:
    """The page in Markdown."""
    lines = ["# What the database holds", ""]
    lines += _summary(told)
    for name, table in sorted(told.catalogue.tables.items()):
        lines += _table(connection, told, table, told.facts[name])
    lines += _others(told.catalogue)
    return "\n".join(lines).rstrip() + "\n"


def _summary(told: Told) -> Iterator[str]:
    yield "| table | class | rows | columns |"
    yield "| --- | --- | --- | --- |"
    for name, table in sorted(told.catalogue.tables.items()):
        shown = _code(told.class_names[name]) if name in told.class_names else "none"
        yield f"| {_code(name)} | {shown} | {told.facts[name].rows:,} | {len(table.columns)} |"
    yield ""


def _table(connection: Connection, told: Told, table: TableDef, facts: TableFacts) -> Iterator[str]:
    yield f"## {_code(table.name)}"
    yield ""
    yield "| column | type | null | default | in its rows |"
    yield "| --- | --- | --- | --- | --- |"
    for column in table.columns:
        default = "" if column.default is None else _code(column.default)
        null = "yes" if column.nullable else "no"
        yield (
            f"| {_code(column.name)} | {_cell(_type(column))} | {null} | {default} "
            f"| {_cell(_in_rows(facts.columns.get(column.name, ColumnFacts())))} |"
        )
    yield ""
    constraints = [*_constraints(table), *map(_index, told.catalogue.indexes_of(table.name))]
    if constraints:
        yield from (f"- {line}" for line in constraints)
        yield ""
    odd = [*_odd(connection, told, table, facts)]
    if odd:
        yield "Worth knowing:"
        yield ""
        yield from (f"- {line}" for line in odd)
        yield ""


def _others(catalogue: Catalogue) -> Iterator[str]:
    for title, statements in (
        ("Views", [view.statement for view in catalogue.views.values()]),
        ("Triggers", [trigger.statement for trigger in catalogue.triggers.values()]),
    ):
        if statements:
            yield f"## {title}"
            yield ""
            yield from (f"- {_code(statement)}" for statement in statements)
            yield ""
    if catalogue.virtual_tables:
        yield "## Virtual tables"
        yield ""
        for table in catalogue.virtual_tables.values():
            yield f"- {_code(table.name)}: {_code(table.module)} with {_code(', '.join(table.arguments))}"


# --- one table --------------------------------------------------------------------------------------------------------


def _type(column: ColumnDef) -> str:
    words = [column.type or "none"]
    words += [f"collated {column.collation}"] if column.collation else []
    if column.generated is not None:
        words.append(f"computed ({'stored' if column.stored else 'when read'}): {column.generated}")
    return ", ".join(words)


def _in_rows(facts: ColumnFacts) -> str:
    if not facts.filled:
        return "nothing but NULL" if facts.kinds else ""
    said: list[str] = []
    if facts.kinds.get("null"):
        said.append(f"{facts.kinds['null']:,} NULL")
    if facts.shape and facts.document_kind:
        said.append(f"JSON {facts.shape}")
    elif facts.values and facts.filled > facts.distinct:
        said.append(", ".join(f"{_short(value)} ×{count:,}" for value, count in facts.values[:FEW]))
    return "; ".join(said)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 30 else f"{text[:29]}…"


def _constraints(table: TableDef) -> Iterator[str]:
    if table.primary_key is not None:
        how = ", never given twice (AUTOINCREMENT)" if table.primary_key.autoincrement else ""
        yield f"primary key {_parts(table.primary_key.parts)}{how}"
    for unique in table.uniques:
        yield f"unique {_parts(unique.parts)}{_called(unique.name)}"
    for check in table.checks:
        yield f"check {_code(check.condition)}{_called(check.name)}"
    for key in table.foreign_keys:
        yield _foreign_key(key)


def _foreign_key(key: ForeignKeyDef) -> str:
    target = _code(key.target) + (f" ({', '.join(map(_code, key.target_columns))})" if key.target_columns else "")
    said = f"{', '.join(map(_code, key.columns))} refers to {target}"
    said += f", on delete {key.on_delete}" if key.on_delete != "no action" else ""
    said += f", on update {key.on_update}" if key.on_update != "no action" else ""
    said += ", checked at commit" if key.deferred else ""
    return said + _called(key.name)


def _index(index: IndexDef) -> str:
    said = f"{'unique ' if index.unique else ''}index {_code(index.name)} on {_parts(index.parts)}"
    return said + (f" where {_code(index.where)}" if index.where is not None else "")


def _parts(parts: tuple[KeyPart, ...]) -> str:
    return ", ".join(
        _code(part.column or part.expression or "")
        + (f" collated {part.collation}" if part.collation else "")
        + (" descending" if part.descending else "")
        for part in parts
    )


def _called(name: str | None) -> str:
    return f" ({_code(name)})" if name else ""


# --- what is odd ------------------------------------------------------------------------------------------------------


def _odd(connection: Connection, told: Told, table: TableDef, facts: TableFacts) -> Iterator[str]:
    if not table.strict:
        yield "It is not STRICT: a column takes values of any type."
    if table.without_rowid:
        yield "It is WITHOUT ROWID: its rows are kept in the primary key itself."
    if table.primary_key is None:
        yield "It has no primary key, so it has no class; its definition is in `FOUND`."
    elif table.name not in told.class_names:
        yield "Its key cannot be written as attributes of a class; its definition is in `FOUND`."
    elif left_out := told.left_out.get(table.name):
        names = ", ".join(map(_code, left_out))
        yield f"The class leaves out {names}: rename what Python cannot name to reach it."
    for name, column in facts.columns.items():
        yield from _odd_column(table, name, column, facts.rows)
    yield from _missing_references(told.catalogue, table)
    for key in table.foreign_keys:
        missing = orphans(connection, table, key)
        if missing:
            yield f"{_code(key.columns[0])} names rows of {_code(key.target)} that are not there, {missing:,} times."


def _odd_column(table: TableDef, name: str, facts: ColumnFacts, rows: int) -> Iterator[str]:
    declared = table.column(name)
    kinds = {kind: count for kind, count in facts.kinds.items() if kind != "null"}
    if len(kinds) > 1:
        told = ", ".join(f"{kind} ×{count:,}" for kind, count in sorted(kinds.items()))
        yield f"{_code(name)} holds values of several types: {told}."
    elif kinds and declared is not None and declared.type not in {"", "ANY"}:
        (kind,) = kinds
        wanted = affinity_of(declared.type)
        fits = {"integer": {"integer"}, "real": {"real", "integer"}, "text": {"text"}, "blob": {"blob"}}
        if wanted != "numeric" and kind not in fits[wanted]:
            yield f"{_code(name)} is declared {declared.type} and holds {kind}."
    key = table.primary_key
    if key is not None and name in key.columns and facts.kinds.get("null"):
        yield f"{_code(name)} is part of the primary key and is NULL in {facts.kinds['null']:,} rows."
    if facts.unreadable:
        yield f"{_code(name)} holds text that is no UTF-8."
    if facts.documents.get("") and any(facts.documents.get(kind) for kind in ("array", "object")):
        good = facts.documents.get("array", 0) + facts.documents.get("object", 0)
        yield f"{_code(name)} holds {good:,} JSON documents and {facts.documents['']:,} texts that are none."
    repeated = facts.filled - facts.distinct
    is_key = any([part.column for part in unique.parts] == [name] for unique in table.uniques)
    if rows >= FEW and set(kinds) == {"text"} and repeated and facts.distinct >= NEARLY * facts.filled and not is_key:
        yield f"{_code(name)} looks like a key, but {repeated:,} rows repeat the value of another."


def _missing_references(catalogue: Catalogue, table: TableDef) -> Iterator[str]:
    referring = {folded(column) for key in table.foreign_keys for column in key.columns}
    tables = {folded(name): name for name in catalogue.tables}
    for column in table.columns:
        name = folded(column.name)
        if name in referring or not name.endswith(("_id", "id")) or name == "id":
            continue
        stem = name.removesuffix("id").rstrip("_")
        target = next(
            (tables[one] for one in (stem, f"{stem}s", f"{stem}es", f"{stem[:-1]}ies") if one in tables), None
        )
        if target is not None:
            yield f"{_code(column.name)} looks like a reference to {_code(target)}, but no foreign key says so."


def _code(text: str) -> str:
    """Text as code that may stand in a cell of a table."""
    ticks = "`" * (1 + max((len(run) for run in _runs(text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{_cell(text)}{space}{ticks}" if text else ""


def _runs(text: str) -> Iterator[str]:
    run = ""
    for character in text + " ":
        if character == "`":
            run += character
        elif run:
            yield run
            run = ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
