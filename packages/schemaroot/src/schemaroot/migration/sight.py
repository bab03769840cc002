"""What will a table look like inside of a revision? Its columns as expressions over the table that is there before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemaroot.engine.dialect import quoted
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration.operations import (
    Action,
    AddColumn,
    AlterColumn,
    AlterTable,
    CreateTable,
    DataStep,
    DropColumn,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
    SetOptions,
)
from schemaroot.migration.steps import is_constant

Columns = dict[str, str]
"""Columns by their folded names, each with an expression over the table that is there."""


def columns_at(before: Catalogue, operations: Sequence[Operation], table: str) -> tuple[str, Mapping[str, str]] | None:
    """How the rows of a table can be read before operations as they will be after them.

    Args:
        before: the schema that is there.
        operations: what comes before.
        table: the table, by its name after them.

    Returns:
        The table that is there, and each column that can be told with an expression over it; `None` where the rows
        themselves are made or changed by the operations.
    """
    known: dict[str, tuple[str, Columns]] = {
        folded(name): (name, {folded(column.name): quoted(column.name) for column in one.columns})
        for name, one in before.tables.items()
    }
    for operation in operations:
        match operation:
            case RenameTable(old=old, new=new):
                if (found := known.pop(folded(old), None)) is not None:
                    known[folded(new)] = found
            case CreateTable(table=made):
                known.pop(folded(made.name), None)
            case DropTable(name=name):
                known.pop(folded(name), None)
            case DataStep(tables=tables):
                for name in tables:
                    known.pop(folded(name), None)
            case AlterTable(table=name, actions=actions) if folded(name) in known:
                live, columns = known[folded(name)]
                known[folded(name)] = live, _after(before, live, columns, actions)
            case _:
                pass
    return known.get(folded(table))


def _after(before: Catalogue, live: str, columns: Columns, actions: Sequence[Action]) -> Columns:
    """The columns after actions; `using` is over the row before them, which must be the one that is there."""
    as_there = all(columns.get(folded(one.name)) == quoted(one.name) for one in before.tables[live].columns)
    now = dict(columns)
    for action in actions:
        match action:
            case RenameColumn(old=old, new=new):
                as_there = False
                if (expression := now.pop(folded(old), None)) is not None:
                    now[folded(new)] = expression
            case DropColumn(name=name):
                now.pop(folded(name), None)
            case AddColumn(column=column, using=using):
                default = column.default or "NULL"
                if using is not None and as_there:
                    now[folded(column.name)] = f"({using})"
                elif using is None and column.generated is None and is_constant(default):
                    now[folded(column.name)] = f"({default})"
            case AlterColumn(column=column, using=using):
                was = before.tables[live].column(column.name)
                if using is not None and as_there:
                    now[folded(column.name)] = f"({using})"
                elif using is not None or was is None or was.type != column.type:
                    now.pop(folded(column.name), None)
            case SetOptions():
                now.clear()
            case _:
                pass
    return now
