"""New values computed in Python for all rows of a table: in batches beforehand, applied whole inside of the revision.

    op.backfill(Person, lambda row: [Person.slug.to(slug(row.name))], where=Person.slug == "")

Before a revision's transaction begins, the values are computed batch by batch into a staging table, each batch
committed by itself, so that a run which is killed goes on where it was. Inside of the transaction one UPDATE applies
them. Rows that are new or that changed meanwhile are computed again then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from schemaroot.engine.plans import SelectPlan, gather
from schemaroot.errors import SchemarootError
from schemaroot.introspection.catalogue import TableDef
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.errors import OperationInvalidError
from schemaroot.migration.operations import Backfill
from schemaroot.migration.undo import Direction, Undo, key_type, row_key, rowid_name
from schemaroot.migration.work import Work, shortened
from schemaroot.query.spec import SelectSpec
from schemaroot.query.write import check_assignments
from schemaroot.schema.expression import is_sql

PREFIX = "_data_"


def staging_name(revision: str, direction: Direction, table: str, number: int) -> str:
    """The staging table of the revision's backfill of that number (from 0)."""
    between = "_down" if direction == "down" else ""
    return shortened(f"{PREFIX}{revision}{between}_{table}", f"_{number + 1}" if number else "")


class Staging:
    """The computed values of one backfill, in the database.

    Args:
        work: runs the statements.
        backfill: what is computed.
        name: the staging table.
    """

    def __init__(self, work: Work, backfill: Backfill, name: str) -> None:
        declared = backfill.rows.__declaration__
        self.work = work
        self.backfill = backfill
        self.name = name
        self.table: str = declared.name
        self.key: list[str] = [column.name for column in declared.primary_key]
        self.columns: list[str] = [
            name for name, column in declared.columns.items() if not column.primary_key and column.generated is None
        ]
        self._staging: dict[tuple[str, ...], str] = {}
        if not self.key:
            raise work.invalid(f"{self.table} declares no primary key, by which its rows are found again")

    def create(self, definition: TableDef | None, checksum: str = "") -> None:
        """Makes the empty table; the checksum of what computes is part of it."""
        key = [(f"key:{name}", _key_type(definition, name)) for name in self.key]
        self.work.run(statements.create_staging(self.name, key, self.columns, checksum))

    def fill(self, condition: sa.ColumnElement[bool] | None = None) -> int:
        """Computes the next batch, after the last row that was staged, and gives its size.

        Args:
            condition: which rows besides those of the backfill's own condition; then it starts from the first.
        """
        conditions = [] if self.backfill.where is None else [self.backfill.where]
        if condition is not None:
            conditions.append(condition)
        elif last := self.work.ask(statements.last_staged(self.name, self.key)):
            conditions.append(_after(self.key, last[0]))
        order: list[sa.ColumnElement[Any]] = [sa.column(name) for name in self.key]
        spec = SelectSpec(
            self.backfill.rows,
            conditions=tuple(conditions),
            order=tuple(order),
            limit=self.backfill.batch,
            deleted="all",
        )
        gathered = gather(spec)
        rows = SelectPlan(spec, gathered).all(self.work.connection, gathered, {})
        for row in rows:
            self._stage(row)
        return len(rows)

    def _stage(self, row: Any) -> None:
        declared = self.backfill.rows.__declaration__
        try:
            assigned = tuple(self.backfill.compute(row))
            check_assignments(self.backfill.rows, assigned)
            values = {one.column.name: one.column.dump(self._plain(one.value)) for one in assigned}
        except OperationInvalidError:
            raise
        except Exception as error:
            said = error.message if isinstance(error, SchemarootError) else f"{type(error).__name__}: {error}"
            named = ", ".join(f"{name} {getattr(row, name)!r}" for name in self.key)
            raise self.work.invalid(f"the row with {named} could not be computed: {said}") from error
        if changed_key := [name for name in values if name in self.key]:
            raise self.work.invalid(f"{', '.join(changed_key)} is the key, by which the row is found again")
        key = [declared.columns[name].dump(getattr(row, name)) for name in self.key]
        given = tuple(values)
        if given not in self._staging:
            self._staging[given] = statements.stage(self.name, self.table, self.key, self.columns, given)
        self.work.ask(self._staging[given], (*values.values(), *key))  # not run(), which remembers each statement

    def _plain(self, value: object) -> object:
        if is_sql(value):
            raise self.work.invalid("an SQL expression is no computed value", hint="Use op.execute(sa.update(...)).")
        return value

    def not_staged(self) -> sa.ColumnElement[bool]:
        """That a row has no computed values yet."""
        columns: list[sa.ColumnClause[Any]] = [sa.column(f"key:{name}") for name in self.key]
        own: list[sa.ColumnElement[Any]] = [sa.column(name) for name in self.key]
        same = [column == name for column, name in zip(columns, own, strict=True)]
        return ~sa.exists().select_from(sa.table(self.name, *columns)).where(*same)


def _key_type(definition: TableDef | None, name: str) -> str:
    return key_type(definition, definition.column(name)) if definition is not None else ""


def _after(key: Sequence[str], last: Sequence[Any]) -> sa.ColumnElement[bool]:
    columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in key]
    values: list[sa.ColumnElement[Any]] = [sa.literal(value) for value in last]
    if len(key) == 1:
        return columns[0] > values[0]
    return sa.tuple_(*columns) > sa.tuple_(*values)


# --- inside of the revision -------------------------------------------------------------------------------------------


def apply_backfill(
    work: Work, undo: Undo | None, backfill: Backfill, definition: TableDef, name: str, fresh: frozenset[str]
) -> int:
    """Applies a backfill inside of the revision's transaction and gives the number of rows that changed.

    Args:
        work: runs the statements.
        undo: keeps the old values.
        backfill: what is computed.
        definition: the table as it is now.
        name: the staging table.
        fresh: columns that came in this very revision, folded, of which there is nothing to keep.
    """
    staging = Staging(work, backfill, name)
    if missing := [column for column in backfill.rows.__declaration__.columns if definition.column(column) is None]:
        known = ", ".join(definition.column_names)
        raise work.invalid(f"{definition.name} has no column {', '.join(missing)}", hint=f"Its columns: {known}.")
    if folded(name) in work.names():
        work.run(statements.drop_stale(name, definition.name, staging.key, staging.columns))
    else:
        staging.create(definition)
    while staging.fill(staging.not_staged()):
        pass
    if undo is not None:
        _leave_given_back(work, undo, staging)
    changed = [one for one in staging.columns if work.value(statements.has_changed(name, one))]
    rows = 0
    if changed:
        rows = work.run(statements.apply_staged(definition.name, name, staging.key, changed))
        lost = [one for one in changed if folded(one) not in fresh]
        if undo is not None and lost:
            _keep(work, undo, staging, definition, lost)
    work.run(statements.drop("table", name))
    return rows


def _leave_given_back(work: Work, undo: Undo, staging: Staging) -> None:
    """What came back in this run, after a way back had taken it, is what people made of it; it is not computed anew."""
    for side in undo.sides:
        pairs = [(kept, one) for one in staging.key for name, kept in side.key.items() if folded(name) == folded(one)]
        if folded(side.table) != folded(staging.table) or not len(pairs) == len(side.key) > 0:
            continue
        for column in staging.columns:
            if folded(column) in map(folded, side.dropped):
                work.run(statements.leave_given_back(staging.name, column, side.name, pairs))


def _keep(work: Work, undo: Undo, staging: Staging, definition: TableDef, lost: Sequence[str]) -> None:
    side = undo.new_side(definition, [], lost, [])
    table, name = definition.name, staging.name
    key = row_key(definition) or (rowid_name(definition) or "rowid",)
    kept_key = list(side.key.values()) or [side.rowid]
    values = [(kept, statements.column_of(table, one)) for one, kept in zip(key, kept_key, strict=True)]
    for column, (before, became) in side.converted.items():
        values += [
            (before, statements.column_of(name, f"old:{column}")),
            (became, statements.column_of(table, column)),
        ]
    pairs = [(statements.column_of(table, one), statements.column_of(name, f"key:{one}")) for one in staging.key]
    join = statements.Join(table, statements.equal(pairs), left=False)
    differ = [(statements.column_of(name, f"old:{one}"), statements.column_of(table, one)) for one in lost]
    source = statements.from_table(name, joins=[join])
    rows = work.run(statements.copy(side.name, values, source, where=statements.changed(differ)))
    undo.keep(side, rows, definition)
