"""The two statements that a repository runs most, held ready: read a row by its key, update a row by its key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from schemaroot.engine.connection import Connection
from schemaroot.errors import EmptyUpdateError
from schemaroot.query.build import is_expression
from schemaroot.query.spec import SelectSpec, UpdateSpec
from schemaroot.query.write import check_assignments
from schemaroot.schema.expression import Assignment, Comparison, Parameter, check_assignment
from schemaroot.schema.table import Table
from schemaroot.schema.types import INT64_MAX, INT64_MIN
from schemaroot.schema.values import SqlValue, now

if TYPE_CHECKING:
    from schemaroot.engine.database import Database
    from schemaroot.engine.decode import Decoder

R = TypeVar("R", bound=Table)


def point_reader(database: Database, table: type[R]) -> Callable[[object], R | None]:
    """A function that gives the live row with a key, or `None`."""
    key = table.__declaration__.primary_key[0]
    condition = Comparison(getattr(table, key.name), "=", Parameter[Any]("id"))
    plan, _ = database.plan_of(SelectSpec(table, conditions=(condition,)))
    sql, decode, dump = plan.sql, plan.decoder.one, key.dump
    errors, take, give, held = database.errors, database.pool.take, database.pool.give, database.held

    def find(id: object) -> R | None:
        parameters = (id if type(id) is int else dump(id),)
        connection = held.connection or take()
        try:
            try:
                rows = connection.execute(sql, parameters).fetchall()
            except OverflowError:  # no row has a number beyond 64 bits
                rows = []
            except errors as error:
                rows = database.read_again(
                    connection, lambda again: again.execute(sql, parameters).fetchall(), sql, error
                )
        except BaseException:
            database.fail_read(connection)
            raise
        if connection is not held.connection:
            give(connection)
        return decode(rows[0]) if rows else None

    return find


def point_writer(database: Database, table: type[R]) -> Callable[[object, tuple[Assignment[R], ...]], R | None]:
    """A function that changes the live row with a key and gives it as stored, or `None` when there is none."""
    declared = table.__declaration__
    key = declared.primary_key[0]
    columns = declared.columns
    stamped = [column for column in columns.values() if column.on_update is not None]
    plans: dict[tuple[str, ...], tuple[str, Decoder[R], tuple[Callable[[], SqlValue], ...]]] = {}

    def make(names: tuple[str, ...], assignments: tuple[Assignment[R], ...]) -> Any:
        if not assignments:
            raise EmptyUpdateError(declared.name)
        check_assignments(table, assignments)
        missing = [column for column in stamped if column.name not in names]
        sets = [
            Assignment[Any](columns[name], Parameter[Any](name))
            for name in (*names, *(column.name for column in missing))
        ]
        condition = Comparison(getattr(table, key.name), "=", Parameter[Any]("id"))
        sql, decoder = database.compile_point_update(UpdateSpec(table, tuple(sets), (condition,)))
        stamps = tuple(_stamp(column.on_update, column.dump) for column in missing)
        made = plans[names] = (sql, decoder, stamps)
        return made

    def update(id: object, assignments: tuple[Assignment[R], ...]) -> R | None:
        for assignment in assignments:
            if type(assignment) is not Assignment:
                check_assignment(assignment)
            column = assignment.column
            if columns.get(column.name) is not column or is_expression(assignment.value):
                found = (
                    database.update(table)
                    .set(*assignments)
                    .where(Comparison(getattr(table, key.name), "=", id))
                    .returning()
                )
                return found[0] if found else None
        names = tuple([assignment.column.name for assignment in assignments])
        sql, decoder, stamps = plans.get(names) or make(names, assignments)
        values = [assignment.column.dump(assignment.value) for assignment in assignments]
        values += [stamp() for stamp in stamps]
        if type(id) is not int:
            id = key.dump(id)
        elif not INT64_MIN <= id <= INT64_MAX:
            return None
        values.append(id)

        def run(connection: Connection) -> list[tuple[Any, ...]]:
            return connection.execute(sql, values).fetchall()

        rows = database.write(run, sql, table, lambda: {one.column.name: one.value for one in assignments})
        return decoder.one(rows[0]) if rows else None

    return update


def _stamp(clock: Callable[[], Any] | None, dump: Callable[[Any], SqlValue]) -> Callable[[], SqlValue]:
    assert clock is not None
    if clock is now:
        return lambda: time.time_ns() // 1_000_000  # what `now` dumps to
    return lambda: dump(clock())
