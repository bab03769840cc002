"""Inserts that are refused under a deleted owner, asked and written in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa

from schemaroot.engine.compile import compile_statement
from schemaroot.engine.connection import Connection
from schemaroot.engine.database import Database
from schemaroot.engine.writes import InsertPlan
from schemaroot.query.select import Prepared
from schemaroot.repository.tree import Ownership, deletable_owners_of, deletions
from schemaroot.schema.expression import param
from schemaroot.schema.new import New
from schemaroot.schema.sqlalchemy import table_clause
from schemaroot.schema.table import Table
from schemaroot.schema.values import SqlValue

R = TypeVar("R", bound=Table)


class GuardedInsert(Generic[R]):
    """Inserts rows of one table, none of them live under a deleted owner."""

    def __init__(self, database: Database, table: type[R]) -> None:
        declared = table.__declaration__
        stored = list(declared.stored)
        self._database: Database = database
        self._table: type[R] = table
        self._plans: dict[tuple[str, ...], _GuardedPlan[R]] = {}
        self._deleted: int | None = None if declared.soft_delete is None else stored.index(declared.soft_delete)
        self._owners: list[_Owners] = [
            _Owners(database, ownership, stored.index(ownership.reference.column))
            for ownership in deletable_owners_of(table)
        ]

    def insert(self, row: New[R]) -> R:
        """Stores one checked row and gives it as stored; raises `ForeignKeyViolation` under a deleted owner."""
        if self._deleted is not None and row.stored[self._deleted] is not None:
            return self._database.insert_new(row)
        extra = tuple(row.extra)
        plan = self._plans.get(extra)
        if plan is None:
            plan = self._plans[extra] = _GuardedPlan(self._table, extra)
        made = self._database.write(lambda connection: plan.stored(connection, row), plan.sql, self._table, row.values)
        if made is None:
            raise self._violation(row)
        return made

    def insert_many(self, rows: Sequence[New[R]]) -> list[R]:
        """Stores many checked rows in one transaction and gives them as stored, in their order.

        Raises `ForeignKeyViolation` with the place of the row, in its `row`, under a deleted owner.
        """
        with self._database.transaction():
            dead = self._deleted
            live = rows if dead is None else [row for row in rows if row.stored[dead] is None]
            for owners in self._owners:
                deleted = owners.deleted_among({row.stored[owners.place] for row in live})
                for row in live if deleted else ():
                    if row.stored[owners.place] in deleted:
                        violation = owners.ownership.violation(row.values()[owners.ownership.reference.column.name])
                        violation.row = next(place for place, one in enumerate(rows) if one is row)
                        raise violation
            return self._database.insert_many(rows)

    def _violation(self, row: New[R]) -> Exception:
        """Which owner is deleted; one that came back meanwhile is not found any more, so the last one is named."""
        values = row.values()
        ownerships = deletable_owners_of(self._table)
        for ownership in ownerships:
            value = values[ownership.reference.column.name]
            owner = self._database.select(ownership.owner).only_deleted().where(ownership.target == value)
            if value is not None and owner.exists():
                return ownership.violation(value)
        return ownerships[-1].violation(values[ownerships[-1].reference.column.name])


class _Owners:
    """Those who own rows by one foreign key: `place` is where a row that is to be stored holds it."""

    FEW = 8

    def __init__(self, database: Database, ownership: Ownership, place: int) -> None:
        self._database: Database = database
        self.ownership: Ownership = ownership
        self.place: int = place
        value = param("value", ownership.target)
        one = database.select(ownership.owner).only_deleted().where(ownership.target == value)
        self._is_deleted: Prepared[[Any], tuple[Any]] = one.columns(ownership.target).prepare(value)

    def deleted_among(self, values: set[SqlValue]) -> set[SqlValue]:
        """The values that refer to a deleted owner."""
        values.discard(None)
        if len(values) <= self.FEW:
            return {value for value in values if self._is_deleted.first(value) is not None}
        return cast("set[SqlValue]", set(deletions(self._database, self.ownership, values)))


class _GuardedPlan(InsertPlan[R]):
    """An insert that stores nothing when a row that the new one belongs to is deleted."""

    def __init__(self, table: type[R], extra: tuple[str, ...]) -> None:
        super().__init__(table, extra)
        clause = table_clause(table)
        values: dict[str, Any] = {name: sa.bindparam(f"in_{name}", type_=sa.types.NullType()) for name in self.columns}
        select: Any = sa.select(*values.values())
        for ownership in deletable_owners_of(table):
            owner = table_clause(ownership.owner).alias()
            soft_delete = ownership.owner.__declaration__.soft_delete
            assert soft_delete is not None
            is_owner = owner.c[ownership.target.column.name] == values[ownership.reference.column.name]
            deleted = sa.select(owner.c[soft_delete.name]).where(is_owner, owner.c[soft_delete.name].is_not(None))
            select = select.where(~deleted.exists())
        statement: Any = sa.insert(clause).from_select(list(values), select)
        if self.computed:
            statement = statement.returning(*(clause.c[name] for name in self.computed))
        compiled = compile_statement(statement)
        order = [self.columns.index(name.removeprefix("in_")) for name in compiled.compiler.positiontup or ()]
        self.sql = compiled.sql
        self.arrange = itemgetter(*order)  # of two or more: the foreign key stands twice

    def stored(self, connection: Connection, row: New[R]) -> R | None:
        """Inserts one row and gives it as stored, or `None`."""
        values = self.values(row)
        computed = connection.execute(self.sql, self.arrange(values)).fetchall()
        if not (computed if self.computed else connection.changes):
            return None
        head = (connection.last_rowid,) if self.auto else ()
        tail = computed[0] if self.computed else ()
        return self.decoder.one(self.in_order(head + values + tail))
