"""How does a schema differ from what it should be? In words for people, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from schemaroot.introspection.catalogue import Catalogue, CheckDef, ColumnDef, TableDef, same_table

_KINDS = (("table", "tables"), ("index", "indexes"), ("trigger", "triggers"), ("view", "views"))


def differences(
    expected: Catalogue, found: Catalogue, *, gone: Sequence[str] = (), undeclared: bool = True
) -> list[str]:
    """What is missing or other than expected, a phrase each; empty when all that is expected is there as it should be.

    Args:
        expected: the schema that should be there.
        found: the schema that is there. What it holds beyond the expected belongs to somebody else and is passed over.
        gone: names of tables that must not be there any more.
        undeclared: whether indexes and triggers beyond the expected are told when their tables are expected.
    """
    said = list(_objects("table", expected.tables, found.tables))
    for name in gone:
        if name in found.tables:
            said.append(f"table {name} is still there")
    for kind, attribute in _KINDS[1:]:
        said += _objects(kind, getattr(expected, attribute), getattr(found, attribute))
    said += _objects("search table", expected.virtual_tables, found.virtual_tables)
    return [*said, *_strangers(expected, found)] if undeclared else said


def _objects(kind: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in expected.items():
        there = found.get(name)
        if there is None:
            yield f"{kind} {name} is missing"
        elif isinstance(wanted, TableDef) and isinstance(there, TableDef):
            if not same_table(wanted, there):
                yield from table_differences(wanted, there)
        elif wanted != there:
            yield f"{kind} {name} {_changed(wanted, there)}"


def _strangers(expected: Catalogue, found: Catalogue) -> Iterator[str]:
    for kind, attribute in (("index", "indexes"), ("trigger", "triggers")):
        known: Mapping[str, Any] = getattr(expected, attribute)
        there: Mapping[str, Any] = getattr(found, attribute)
        for name, item in there.items():
            if name not in known and item.table in expected.tables:
                yield f"{kind} {name} on {item.table} is not declared"


def table_differences(wanted: TableDef, there: TableDef) -> Iterator[str]:
    """What differs between two states of one table, a phrase each."""
    name = wanted.name
    columns = {column.name: column for column in there.columns}
    for column in wanted.columns:
        other = columns.pop(column.name, None)
        if other is None:
            yield f"column {name}.{column.name} is missing"
        elif other != column:
            yield f"column {name}.{column.name} {_changed(column, other)}"
    for left in columns:
        yield f"column {name}.{left} is not declared"
    if wanted.primary_key != there.primary_key:
        yield f"table {name}: the primary key differs"
    for words, ours, theirs in (
        ("unique key", wanted.uniques, there.uniques),
        ("foreign key", wanted.foreign_keys, there.foreign_keys),
        ("check", wanted.checks, there.checks),
    ):
        for item in ours:
            if item not in theirs:
                yield f"table {name}: {words} {_label(item)} is missing or differs"
        for item in theirs:
            if item not in ours and not any(item.name and item.name == one.name for one in ours):
                yield f"table {name}: {words} {_label(item)} is not declared"
    for option in ("strict", "without_rowid"):
        if getattr(wanted, option) != getattr(there, option):
            state = "missing" if getattr(wanted, option) else "on"
            yield f"table {name}: {option.upper().replace('_', ' ')} is {state}"


def _label(item: Any) -> str:
    if item.name:
        return str(item.name)
    if isinstance(item, CheckDef):
        return f"({item.condition})"
    return "without a name"


def _changed(wanted: Any, there: Any) -> str:
    parts: list[str] = []
    for one in fields(wanted):
        if one.compare and getattr(wanted, one.name) != getattr(there, one.name):
            parts.append(f"{one.name} is {getattr(there, one.name)!r}, not {getattr(wanted, one.name)!r}")
    return ", ".join(parts) if isinstance(wanted, ColumnDef) else "differs: " + ", ".join(parts)
