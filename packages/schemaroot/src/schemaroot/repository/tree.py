"""Soft delete down the tree: what belongs to a row goes with it under one stamp, and comes back with it.

A row belongs to another by a foreign key that cascades. No live row stands under a deleted owner: an insert or a move
there is refused, and what is revived under an owner that stays deleted takes over that owner's stamp instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import msgspec

from schemaroot.engine.database import Database
from schemaroot.errors import ForeignKeyViolation, InvalidArgumentsError
from schemaroot.schema.expression import Expr
from schemaroot.schema.table import Table
from schemaroot.schema.types import MILLISECOND, from_milliseconds, to_milliseconds

CHUNK = 1000
"""Keys that travel in one statement."""

Family = Mapping[type[Table], list[object]]
"""Keys of rows by table, owners before what belongs to them."""


class Ownership(msgspec.Struct, frozen=True, gc=False):
    """A foreign key by which the rows of one table belong to rows of another.

    Attributes:
        reference: the foreign key, a column of the owned table.
        owner: the table of the owners.
        key: the owners' column that it refers to.
    """

    reference: Expr[Any, Any]
    owner: type[Table]
    key: Expr[Any, Any]

    @property
    def owned(self) -> type[Table]:
        """The table of the rows that belong to others."""
        return self.reference.table

    def violation(self, value: object) -> ForeignKeyViolation:
        """The refusal of a live row under a deleted owner."""
        column, declared = self.reference.column, self.owned.__declaration__
        detail = f": the row of {self.owner.__declaration__.name} that it belongs to is deleted"
        name = declared.foreign_key_name(column)
        return ForeignKeyViolation(declared.name, [column.name], name, value=value, detail=detail)


@lru_cache(maxsize=1024)
def ownerships_of(table: type[Table]) -> tuple[Ownership, ...]:
    """The foreign keys by which the rows of a table belong to others."""
    found: list[Ownership] = []
    for column in table.__declaration__.columns.values():
        if column.reference is not None and column.reference.on_delete == "cascade":
            table.__declaration__.target_of(column)  # refuses what is no column
            key = cast("Expr[Any, Any]", column.reference.target())
            found.append(Ownership(getattr(table, column.name), key.table, key))
    return tuple(found)


@lru_cache(maxsize=1024)
def deletable_owners_of(table: type[Table]) -> tuple[Ownership, ...]:
    """The foreign keys by which the rows of a table belong to rows that can be soft-deleted."""
    return tuple(one for one in ownerships_of(table) if one.owner.__declaration__.soft_delete is not None)


@lru_cache(maxsize=1024)
def owned_by(tables: tuple[type[Table], ...], table: type[Table]) -> tuple[Ownership, ...]:
    """The foreign keys by which rows of `tables` belong to rows of a table."""
    return tuple(one for other in tables for one in ownerships_of(other) if one.owner is table)


def delete_rows(database: Database, table: type[Table], keys: Sequence[object], clock: Callable[[], datetime]) -> int:
    """Soft-deletes live rows and all live rows that belong to them, under one stamp.

    Args:
        database: where; a transaction is open.
        table: the table of the rows.
        keys: their keys.
        clock: gives the moment of deletion.

    Returns:
        The number of rows of `table` itself among `keys` that were deleted.
    """
    stamp = from_milliseconds(to_milliseconds(clock()))
    family, fresh = _family(database, table, keys, None, stamp)
    while not fresh:
        # Something below was deleted in this very millisecond, and must not come back together with these rows.
        stamp += MILLISECOND
        family, fresh = _family(database, table, keys, None, stamp)
    wanted = set(keys)
    for member, found in family.items():
        _stamp(database, member, found, stamp)
    return sum(key in wanted for key in family.get(table, ()))


def restore_row(database: Database, table: type[Table], key: object, stamp: datetime) -> None:
    """Revives a soft-deleted row and all that was deleted with it.

    Args:
        database: where; a transaction is open.
        table: the table of the row.
        key: its key.
        stamp: its moment of deletion.

    Raises:
        ForeignKeyViolation: a row that it belongs to is deleted.
    """
    for ownership, value, _ in _under_deleted(database, table, [key]):
        raise ownership.violation(value)
    family, _ = _family(database, table, [key], stamp, None)
    for member, found in family.items():
        _stamp(database, member, found, None)
    for member, found in family.items():
        # A row with two owners of which one stays deleted: it belongs to that one's stamp from now on.
        back: dict[datetime, list[object]] = {}
        for _, _, (revived, since) in _under_deleted(database, member, found):
            back.setdefault(since, []).append(revived)
        for since, some in back.items():
            again, _ = _family(database, member, some, None, None)
            for below, rows in again.items():
                _stamp(database, below, rows, since)


def refuse_deleted_owners(
    database: Database, ownerships: Iterable[Ownership], rows: Sequence[Table], deleted: str | None
) -> None:
    """Raises `ForeignKeyViolation`, with the place of the row, when a live row stands under a deleted owner."""
    for ownership in ownerships:
        name = ownership.reference.column.name
        live = rows if deleted is None else [row for row in rows if getattr(row, deleted) is None]
        dead = _deleted_among(database, ownership, dict.fromkeys(getattr(row, name) for row in live))
        if dead:
            place, row = next((i, row) for i, row in enumerate(rows) if getattr(row, name) in dead and row in live)
            violation = ownership.violation(getattr(row, name))
            violation.row = place
            raise violation


def refuse_deleted_owners_of(database: Database, table: type[Table], keys: Sequence[object]) -> None:
    """Raises `ForeignKeyViolation` when one of the live rows with these keys stands under a deleted owner."""
    for ownership, value, _ in _under_deleted(database, table, keys):
        raise ownership.violation(value)


def _key(table: type[Table]) -> Expr[Any, Any]:
    key: Expr[Any, Any] = getattr(table, table.__declaration__.primary_key[0].name)
    return key


def _deleted(table: type[Table]) -> Expr[Any, Any]:
    column = table.__declaration__.soft_delete
    assert column is not None
    expression: Expr[Any, Any] = getattr(table, column.name)
    return expression


def chunks(keys: Sequence[object]) -> Iterator[list[object]]:
    """The keys in lists that travel in one statement each."""
    for start in range(0, len(keys), CHUNK):
        yield list(keys[start : start + CHUNK])


def _family(
    database: Database, table: type[Table], keys: Sequence[object], was: datetime | None, other: datetime | None
) -> tuple[Family, bool]:
    """The rows among `keys` with the moment of deletion `was`, and what belongs to them with the same moment.

    Tables without soft delete are passed through: their rows stay, what belongs to those goes. The second answer tells
    whether no row below has the moment `other`.
    """
    if table not in database.tables:
        raise InvalidArgumentsError(
            f"The database was opened without the table {table.__declaration__.name}, so that what belongs to its rows"
            " is not known; nothing was written.",
            hint="Open it with tables=[...].",
        )
    found: dict[type[Table], dict[object, None]] = {}
    waiting: list[tuple[type[Table], Expr[Any, Any], list[object]]] = [(table, _key(table), list(keys))]
    for member, by, values in waiting:  # grows while it is read
        below = by.column is not _key(table).column or member is not table
        known = found.setdefault(member, {})
        more: dict[object, None] = {}
        for some in chunks(values):
            for row in _rows(database, member, by, some, was, other if below else None):
                if row[1] is not None and row[1] != was:
                    return {}, False
                if row[0] not in known:
                    more[row[0]] = None
        known.update(more)
        if more:
            waiting += [(one.owned, one.reference, list(more)) for one in owned_by(database.tables, member)]
    return {member: list(known) for member, known in found.items()}, True
