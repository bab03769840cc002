"""Soft delete down the tree: what belongs to a row goes with it under one stamp, and comes back with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from schemaroot.engine.database import Database
from schemaroot.schema.expression import Expr
from schemaroot.schema.table import Table

CHUNK = 1000
"""Keys that travel in one statement."""


def owned_by(database: Database, table: type[Table]) -> Iterator[tuple[type[Table], Expr[Any, Any]]]:
    """The tables whose rows go with a row of `table`, with the foreign key that says so."""
    name = table.__declaration__.name
    for other in database.tables:
        declared = other.__declaration__
        if declared.soft_delete is None:
            continue
        for column in declared.columns.values():
            reference = column.reference
            if reference is not None and reference.on_delete == "cascade" and declared.target_of(column).table == name:
                yield other, getattr(other, column.name)


def stamp_rows(
    database: Database, table: type[Table], keys: Sequence[object], was: datetime | None, to: datetime | None
) -> int:
    """Sets the moment of deletion from `was` to `to` on rows and all that belongs to them.

    Args:
        database: where; a transaction is open.
        table: the table of the rows.
        keys: their keys.
        was: the present moment of deletion, `None` for live rows.
        to: the new one, `None` to revive.

    Returns:
        The number of rows of `table` itself that were changed.
    """
    changed = 0
    for start in range(0, len(keys), CHUNK):
        some = list(keys[start : start + CHUNK])
        changed += _stamp(database, table, _key(table), some, was, to)
    return changed


def _key(table: type[Table]) -> Expr[Any, Any]:
    key: Expr[Any, Any] = getattr(table, table.__declaration__.primary_key[0].name)
    return key


def _stamp(
    database: Database,
    table: type[Table],
    by: Expr[Any, Any],
    values: list[object],
    was: datetime | None,
    to: datetime | None,
) -> int:
    declared = table.__declaration__
    assert declared.soft_delete is not None
    deleted: Expr[Any, Any] = getattr(table, declared.soft_delete.name)
    key = _key(table)
    found = database.select(table).with_deleted().where(by.in_(values), deleted == was).columns(key).all()
    keys = [row[0] for row in found]
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        database.update(table).with_deleted().set(deleted.to(to)).where(key.in_(some)).run()
        for child, reference in owned_by(database, table):
            _stamp(database, child, reference, some, was, to)
    return len(keys)
