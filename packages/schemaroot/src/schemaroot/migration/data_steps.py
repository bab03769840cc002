"""Steps that change rows, by statements of SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from schemaroot.engine.compile import bound, compile_statement
from schemaroot.migration.operations import Backfill, DataStep
from schemaroot.migration.work import Work
from schemaroot.schema.expression import Assignment
from schemaroot.schema.table import Table


def statement_step(statement: sa.Insert | sa.Update | sa.Delete, also: Iterable[str] = ()) -> DataStep:
    """A step that runs one statement; it counts the rows that it changed.

    Args:
        statement: the statement.
        also: other tables whose rows it may change, by triggers.
    """
    table = name_of(statement.table)
    verb = type(statement).__name__.lower()

    def run(work: Work) -> int:
        return run_statement(work, statement)

    return DataStep((table, *also), f"execute({verb} {table})", run)


def insert_rows(table: sa.Table | sa.TableClause, rows: Sequence[Mapping[str, Any]]) -> DataStep:
    """A step that inserts rows."""
    name = name_of(table)

    def run(work: Work) -> int:
        return sum(run_statement(work, sa.insert(table).values(dict(row))) for row in rows)

    return DataStep((name,), f"bulk_insert({name}: {len(rows)} rows)", run)


def backfill_step(
    rows: type[Table],
    compute: Callable[[Any], Sequence[Assignment[Any]]],
    where: Any,
    batch: int,
    also: Iterable[str],
    describe: str,
) -> Backfill:
    """A step that computes new values in Python; the executor runs it, since it keeps the old ones."""

    def run(work: Work) -> int:
        raise work.invalid("it can only be run by an executor")

    tables = (rows.__declaration__.name, *also)
    return Backfill(tables, describe, run, rows, compute, where, batch)


def run_statement(work: Work, statement: sa.ClauseElement) -> int:
    """Compiles a statement, runs it with its values as parameters and gives the number of rows that it changed."""
    sql, parameters = bound(compile_statement(statement), (), {})
    return work.run(sql, parameters)


def name_of(table: object) -> str:
    """The name of the table that a statement is about."""
    return str(getattr(table, "name", table))
