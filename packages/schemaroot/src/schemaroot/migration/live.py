"""Which rows will a table have when a revision comes to it? Those of now, as far as nobody changes them before.

A database stands before the first of some revisions. What a later one will find is known of tables and columns that the
earlier ones leave alone or only rename; of the others nobody can tell without running them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from schemaroot.engine.compile import compile_statement
from schemaroot.engine.database import Database
from schemaroot.introspection.catalogue import Catalogue, ColumnDef, TableDef
from schemaroot.introspection.sql.tokens import folded, tokenize
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
    SetPrimaryKey,
)


@dataclass
class _Known:
    """A table whose rows are those of a table in the database.

    Attributes:
        live: the name of that table.
        columns: columns by the name that they have at this point, with what they are there; only those whose values
            are the same.
        changed: columns whose values nobody can tell.
    """

    live: str
    columns: dict[str, ColumnDef]
    changed: set[str] = field(default_factory=set[str])


class LiveRows:
    """The rows of a database as operations find them.

    Args:
        before: the schema of the database.
        db: the database; without it nothing is known.
    """

    def __init__(self, before: Catalogue, db: Database | None) -> None:
        self.db: Database | None = db
        self._known: dict[str, _Known] = {}
        self._empty: set[str] = set()
        for name, table in before.tables.items():
            self._known[folded(name)] = _Known(name, {column.name: column for column in table.columns})

    # --- going on -------------------------------------------------------------------------------------------------

    def follow(self, operations: Iterable[Operation]) -> None:
        """Goes past operations, which change what is known of tables and columns."""
        for operation in operations:
            match operation:
                case RenameTable(old=old, new=new):
                    self._rename(folded(old), folded(new))
                case CreateTable(table=table):
                    self._known.pop(folded(table.name), None)
                    self._empty.add(folded(table.name))
                case DropTable(name=name):
                    self._forget(name)
                case DataStep(tables=tables):
                    for name in tables:
                        self._forget(name)
                case AlterTable(table=name, actions=actions) if (known := self._known.get(folded(name))) is not None:
                    for action in actions:
                        _act(known, action)
                case _:
                    pass

    def copy(self) -> LiveRows:
        """Another one at the same point, which can go on by itself."""
        made = LiveRows(Catalogue(), self.db)
        made._empty = set(self._empty)
        made._known = {
            name: _Known(known.live, dict(known.columns), set(known.changed)) for name, known in self._known.items()
        }
        return made

    def _rename(self, old: str, new: str) -> None:
        if old in self._empty:
            self._empty = {*self._empty, new} - {old}
        known = self._known.pop(old, None)
        if known is not None:
            self._known[new] = known

    def _forget(self, table: str) -> None:
        self._known.pop(folded(table), None)
        self._empty.discard(folded(table))

    # --- asking ---------------------------------------------------------------------------------------------------

    def source(self, table: str, *asked: sa.ColumnElement[Any]) -> sa.FromClause | None:
        """Where the rows of a table are found now, under the names that its columns will have.

        Args:
            table: its name at this point.
            asked: the expressions over it that will be used; `None` is given where one of them needs a column whose
                values nobody can tell.
        """
        known = self._known.get(folded(table))
        if self.db is None or known is None:
            return None
        if known.changed and not known.changed.isdisjoint(_words(asked)):
            return None
        if all(now == then.name for now, then in known.columns.items()):
            return sa.table(known.live)
        columns: list[sa.ColumnElement[Any]] = [sa.column(then.name).label(now) for now, then in known.columns.items()]
        return sa.select(*columns).select_from(sa.table(known.live)).subquery()

    def count(self, table: str, condition: sa.ColumnElement[Any] | None = None) -> int | None:
        """How many rows a table will have (that keep a condition); `None` where nobody can tell."""
        if self.db is not None and folded(table) in self._empty:
            return 0
        source = self.source(table, *([] if condition is None else [condition]))
        if self.db is None or source is None:
            return None
        statement = sa.select(sa.func.count()).select_from(source)
        if condition is not None:
            statement = statement.where(condition)
        return int(self.db.one(statement)[0])

    def examples(self, table: TableDef, condition: sa.ColumnElement[Any], limit: int) -> str:
        """The keys of some rows that keep a condition, in brackets; nothing where nobody can tell."""
        key = table.primary_key
        names = key.columns if key is not None else ("rowid",)
        columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in names]
        source = self.source(table.name, condition, *columns)
        if self.db is None or source is None or (key is None and not isinstance(source, sa.TableClause)):
            return ""
        found = self.db.all(sa.select(*columns).select_from(source).where(condition).limit(limit))
        shown = ", ".join("/".join(map(str, row)) for row in found)
        return f" ({', '.join(names)}: {shown})" if shown else ""


def _words(asked: Iterable[sa.ColumnElement[Any]]) -> set[str]:
    """The names in expressions, as the database would read them."""
    sql = compile_statement(sa.select(*asked)).sql if (asked := list(asked)) else ""
    return {folded(token.name) for token in tokenize(sql) if token.kind in ("word", "quoted")}


def _act(known: _Known, action: Action) -> None:
    columns = known.columns
    match action:
        case RenameColumn(old=old, new=new):
            known.columns = {new if folded(now) == folded(old) else now: then for now, then in columns.items()}
            if folded(old) in known.changed:
                known.changed = {*known.changed, folded(new)} - {folded(old)}
        case DropColumn(name=name):
            known.columns = {now: then for now, then in columns.items() if folded(now) != folded(name)}
            known.changed.discard(folded(name))
        case AddColumn(column=column):
            known.changed.add(folded(column.name))
        case AlterColumn(column=column, using=using):
            before = next((then for now, then in columns.items() if folded(now) == folded(column.name)), None)
            if before is not None and using is None and _stays(before, column):
                return
            known.columns = {now: then for now, then in columns.items() if folded(now) != folded(column.name)}
            known.changed.add(folded(column.name))
        case SetOptions() | SetPrimaryKey():
            known.changed |= set(map(folded, columns))
            known.columns = {}
        case _:
            pass


def _stays(before: ColumnDef, after: ColumnDef) -> bool:
    """Whether a column's values are the same, and compare in the same way, after it became another."""
    facts = [(one.type, one.collation, one.generated, one.stored) for one in (before, after)]
    return facts[0] == facts[1]
