"""Soft delete down the tree: what belongs to a row goes with it under one stamp, and comes back with it.

A row belongs to another by a foreign key that cascades. No live row stands under a deleted owner: an insert or a move
to there is refused, and a row that comes back while another owner of it stays deleted goes over to that one's stamp.
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
from schemaroot.schema.types import MILLISECOND, TimestampMs, from_milliseconds

CHUNK = 1000
"""Keys that travel in one statement."""

Key = tuple[object, ...]
"""The values of a row's primary key."""

Family = Mapping[type[Table], list[Key]]
"""Keys of rows by table, owners before what belongs to them."""


class Ownership(msgspec.Struct, frozen=True, gc=False):
    """A foreign key by which the rows of one table belong to rows of another.

    Attributes:
        reference: the foreign key, a column of the owned table.
        owner: the table of the owners.
        target: the owners' column that it refers to.
    """

    reference: Expr[Any, Any]
    owner: type[Table]
    target: Expr[Any, Any]

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
def owners_of(table: type[Table]) -> tuple[Ownership, ...]:
    """By what the rows of a table belong to other rows."""
    found: list[Ownership] = []
    for column in table.__declaration__.columns.values():
        if column.reference is not None and column.reference.on_delete == "cascade":
            table.__declaration__.target_of(column)  # refuses what is no column
            target = cast("Expr[Any, Any]", column.reference.target())
            found.append(Ownership(getattr(table, column.name), target.table, target))
    return tuple(found)


@lru_cache(maxsize=1024)
def deletable_owners_of(table: type[Table]) -> tuple[Ownership, ...]:
    """By what the rows of a table belong to rows that can be soft-deleted."""
    return tuple(one for one in owners_of(table) if one.owner.__declaration__.soft_delete is not None)


@lru_cache(maxsize=1024)
def owned_by(tables: tuple[type[Table], ...], table: type[Table]) -> tuple[Ownership, ...]:
    """By what rows of `tables` belong to rows of a table."""
    return tuple(one for other in tables for one in owners_of(other) if one.owner is table)


def delete_rows(database: Database, table: type[Table], ids: Iterable[object], clock: Callable[[], datetime]) -> int:
    """Soft-deletes live rows and all live rows that belong to them, under one stamp.

    Args:
        database: where; a transaction is open.
        table: the table of the rows.
        ids: their keys.
        clock: gives the moment of deletion.

    Returns:
        The number of rows among `ids` that were live, and are deleted now.
    """
    keys = [(id,) for id in ids]
    stamp = from_milliseconds(cast(int, TimestampMs().dump(clock())))
    while (family := _family(database, table, keys, None, apart_from=stamp)) is None:
        # Something below was deleted in this very millisecond, and must not come back together with these rows.
        stamp += MILLISECOND
    wanted = set(keys)
    for member, found in family.items():
        _stamp(database, member, found, stamp)
    return sum(key in wanted for key in family[table])


def restore_row(database: Database, table: type[Table], id: object, stamp: datetime) -> None:
    """Revives a soft-deleted row and all that was deleted with it.

    Args:
        database: where; a transaction is open.
        table: the table of the row.
        id: its key.
        stamp: its moment of deletion.

    Raises:
        ForeignKeyViolation: a row that it belongs to is deleted.
    """
    family = _family(database, table, [(id,)], stamp) or {}
    for member, found in family.items():
        _stamp(database, member, found, None)
    refuse_deleted_owners(database, table, [(id,)])  # only now: owners in a circle come back together
    for member, found in family.items():
        for ownership in deletable_owners_of(member):
            back: dict[datetime, list[Key]] = {}
            for key, _, since in _under_deleted(database, ownership, found):
                back.setdefault(since, []).append(key)
            for since, some in back.items():
                for below, again in (_family(database, member, some, None) or {}).items():
                    _stamp(database, below, again, since)


def refuse_deleted_owners(database: Database, table: type[Table], keys: Sequence[Key]) -> None:
    """Raises `ForeignKeyViolation` when one of the live rows with these keys belongs to a deleted row."""
    for ownership in deletable_owners_of(table):
        for _, value, _ in _under_deleted(database, ownership, keys):
            raise ownership.violation(value)


def _under_deleted(database: Database, ownership: Ownership, keys: Sequence[Key]) -> list[tuple[Key, object, datetime]]:
    """Those of the live rows with these keys that belong to a deleted row: key, what they refer to, since when."""
    table = ownership.owned
    found: list[tuple[Key, object]] = []
    for some in chunks(keys):
        rows = _select(database, table, "live", _among(table, some), [*_key(table), ownership.reference])
        found += [(row[:-1], row[-1]) for row in rows]
    since = deletions(database, ownership, (value for _, value in found))
    return [(key, value, since[value]) for key, value in found if value in since]


def deletions(database: Database, ownership: Ownership, values: Iterable[object]) -> dict[object, datetime]:
    """The moments of deletion of those owners that are deleted, by the value that refers to them."""
    deleted = _deleted(ownership.owner)
    assert deleted is not None
    found: dict[object, datetime] = {}
    for some in chunks([value for value in dict.fromkeys(values) if value is not None]):
        among = ownership.target.in_(some)
        found.update(_select(database, ownership.owner, "only", among, [ownership.target, deleted]))
    return found


def _family(
    database: Database,
    table: type[Table],
    keys: Sequence[Key],
    was: datetime | None,
    apart_from: datetime | None = None,
) -> Family | None:
    """The rows among `keys` whose moment of deletion is `was`, and what belongs to them with the same moment.

    The rows of tables without soft delete are passed through: they stay, what belongs to them is found. `None` when a
    row below has the moment `apart_from`.
    """
    if table not in database.tables:
        raise InvalidArgumentsError(
            f"The database was opened without its table {table.__declaration__.name}, so that what belongs to a row of"
            " it is not known; nothing was written.",
            hint="Open it with tables=[...].",
        )
    found: dict[type[Table], dict[Key, None]] = {table: {}}
    for some in chunks(keys):
        found[table].update(dict.fromkeys(row[1:] for row in _marked(database, table, _among(table, some), [was])))
    waiting = [(one, list(found[table])) for one in owned_by(database.tables, table)]
    moments = [was] if apart_from is None else [was, apart_from]
    for ownership, owners in waiting:  # grows while it is read
        member = ownership.owned
        known = found.setdefault(member, {})
        more: dict[Key, None] = {}
        for some in chunks(_referred(database, ownership, owners)):
            for mark, *key in _marked(database, member, ownership.reference.in_(some), moments):
                if mark is not None and mark == apart_from:
                    return None
                if tuple(key) not in known:
                    more[tuple(key)] = None
        known.update(more)
        if more:
            waiting += [(one, list(more)) for one in owned_by(database.tables, member)]
    return {member: list(rows) for member, rows in found.items()}


def _referred(database: Database, ownership: Ownership, owners: Sequence[Key]) -> list[object]:
    """The values by which others refer to rows with these keys."""
    table = ownership.owner
    if [key.column for key in _key(table)] == [ownership.target.column]:
        return [key[0] for key in owners]
    rows = [
        row
        for some in chunks(owners)
        for row in _select(database, table, "all", _among(table, some), [ownership.target])
    ]
    return [row[0] for row in rows]


def _marked(database: Database, table: type[Table], condition: Any, moments: Sequence[datetime | None]) -> list[Any]:
    """The moment of deletion and the key of each row with one of these moments."""
    deleted = _deleted(table)
    if deleted is None:
        return [(None, *row) for row in _select(database, table, "all", condition, _key(table))]
    marked: Any = deleted == moments[0]
    for moment in moments[1:]:
        marked = marked | (deleted == moment)
    return _select(database, table, "all", condition & marked, [deleted, *_key(table)])


def _stamp(database: Database, table: type[Table], keys: Sequence[Key], moment: datetime | None) -> None:
    deleted = _deleted(table)
    if deleted is None:
        return
    for some in chunks(keys):
        database.update(table).with_deleted().set(deleted.to(moment)).where(_among(table, some)).run()


def _select(database: Database, table: type[Table], which: str, condition: Any, columns: Sequence[Any]) -> list[Any]:
    query = database.select(table).where(condition)
    query = query.with_deleted() if which == "all" else query.only_deleted() if which == "only" else query
    selected: Any = query.columns
    rows: list[Any] = selected(*columns).all()
    return rows


def _key(table: type[Table]) -> list[Expr[Any, Any]]:
    return [getattr(table, column.name) for column in table.__declaration__.primary_key]


def _deleted(table: type[Table]) -> Expr[Any, Any] | None:
    column = table.__declaration__.soft_delete
    return None if column is None else getattr(table, column.name)


def _among(table: type[Table], keys: Sequence[Key]) -> Any:
    """The condition that a row has one of these keys."""
    columns = _key(table)
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    import sqlalchemy as sa  # loaded only where SQL is built

    return sa.tuple_(*columns).in_(keys)


def chunks(keys: Sequence[Any]) -> Iterator[list[Any]]:
    """The keys in lists that travel in one statement each."""
    for start in range(0, len(keys), CHUNK):
        yield list(keys[start : start + CHUNK])
