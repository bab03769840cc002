"""What leads from one schema to another? Operations, in an order in which they can run.

Nothing differs: no operation. What belongs to nobody here is in neither schema, and is never proposed for anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from schemaroot.introspection.catalogue import (
    Catalogue,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    TableDef,
    TriggerDef,
    VirtualTableDef,
    same_table,
)
from schemaroot.introspection.sql.names import rename_columns
from schemaroot.introspection.sql.tokens import tokenize
from schemaroot.migration.operations import (
    Action,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddUnique,
    AlterColumn,
    AlterTable,
    CreateIndex,
    CreateSearch,
    CreateTable,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    DropSearch,
    DropTable,
    DropUnique,
    Operation,
    RenameColumn,
    RenameTable,
    SetOptions,
    SetPrimaryKey,
)
from schemaroot.migration.renames import Renames

C = TypeVar("C")

NO_RENAMES = Renames()


def difference(recorded: Catalogue, declared: Catalogue, renames: Renames = NO_RENAMES) -> list[Operation]:
    """The operations that make `declared` of `recorded`; none when they are the same.

    Args:
        recorded: the schema that the revisions so far lead to.
        declared: the schema that is wanted.
        renames: what has another name now; without it, what had the old name goes and what has the new one comes.
    """
    return _Difference(recorded, declared, renames).operations()


class _Difference:
    def __init__(self, recorded: Catalogue, declared: Catalogue, renames: Renames) -> None:
        self.recorded = recorded
        self.declared = declared
        self.renames = renames
        self.new_of: dict[str, str] = {name: renames.tables.get(name, name) for name in recorded.tables}
        self.kept: dict[str, TableDef] = {}
        """Tables that stay, by their new name, as they are once all renames are done."""
        self.gone: list[TableDef] = []
        for name, table in recorded.tables.items():
            new = self.new_of[name]
            if new in declared.tables:
                self.kept[new] = self._renamed(table)
            else:
                self.gone.append(table)

    def operations(self) -> list[Operation]:
        """All operations, in order."""
        rebuilt_searches = set(self._searches_to_rebuild())
        first = self._renamed_first()
        alterations = [one for name in self.declared.tables if name in self.kept for one in self._alter(name, first)]
        stale, fresh = self._indexes()
        created = [table for name, table in self.declared.tables.items() if name not in self.kept]
        return [
            *(DropSearch(name) for name in _searches(self.recorded) if name in rebuilt_searches),
            *stale,
            *(RenameTable(old, new) for old, new in self.renames.tables.items() if old in self.recorded.tables),
            *(AlterTable(name, tuple(self._column_renames(name))) for name in first),
            *(CreateTable(table) for table in referred_first(created)),
            *alterations,
            *(DropTable(table.name) for table in reversed(referred_first(self.gone))),
            *fresh,
            *self._new_searches(rebuilt_searches),
        ]

    # --- names ----------------------------------------------------------------------------------------------------

    def _renamed(self, table: TableDef) -> TableDef:
        """The table as it is once every rename is done: its own, and those of what it refers to."""
        new = self.new_of[table.name]
        columns = self.renames.of(new)

        def name(old: str) -> str:
            return columns.get(old, old)

        def text(sql: str | None) -> str | None:
            return None if sql is None else rename_columns(sql, columns)

        key = table.primary_key
        return replace(
            table,
            name=new,
            columns=tuple(
                replace(column, name=name(column.name), generated=text(column.generated)) for column in table.columns
            ),
            primary_key=replace(key, parts=_parts(key.parts, columns)) if key is not None else None,
            uniques=tuple(replace(one, parts=_parts(one.parts, columns)) for one in table.uniques),
            checks=tuple(replace(one, condition=rename_columns(one.condition, columns)) for one in table.checks),
            foreign_keys=tuple(self._renamed_key(one, columns) for one in table.foreign_keys),
        )

    def _renamed_key(self, key: ForeignKeyDef, columns: Mapping[str, str]) -> ForeignKeyDef:
        target = self.new_of.get(key.target, key.target)
        theirs = self.renames.of(target)
        return replace(
            key,
            columns=tuple(columns.get(one, one) for one in key.columns),
            target=target,
            target_columns=tuple(theirs.get(one, one) for one in key.target_columns),
        )

    def _renamed_index(self, index: IndexDef) -> IndexDef:
        new = self.new_of.get(index.table, index.table)
        columns = self.renames.of(new)
        where = None if index.where is None else rename_columns(index.where, columns)
        return replace(index, table=new, parts=_parts(index.parts, columns), where=where)

    # --- tables ---------------------------------------------------------------------------------------------------

    def _renamed_first(self) -> list[str]:
        """The tables whose columns get other names in a step of their own, before anything else refers to these.

        A new foreign key to a name that another column still has would follow that column to its next name.
        """
        referring = {
            key.target
            for name, table in self.declared.tables.items()
            for key in _only_in(table.foreign_keys, self.kept[name].foreign_keys if name in self.kept else ())
            if key.target != name
        }
        return [name for name in self.kept if name in referring and self.renames.of(name)]

    def _column_renames(self, table: str) -> list[Action]:
        return [RenameColumn(old, new) for old, new in self.renames.of(table).items()]

    def _alter(self, name: str, renamed: Sequence[str]) -> Iterator[AlterTable]:
        before, after = self.kept[name], self.declared.tables[name]
        actions = [] if name in renamed else self._column_renames(name)
        if not same_table(before, after):
            actions += _actions(before, after)
        if actions:
            yield AlterTable(name, tuple(actions))

    # --- indexes --------------------------------------------------------------------------------------------------

    def _indexes(self) -> tuple[list[DropIndex], list[CreateIndex]]:
        gone = {table.name for table in self.gone}
        there = {name: index for name, index in self.recorded.indexes.items() if index.table not in gone}
        same = {
            name
            for name, index in there.items()
            if name in self.declared.indexes and self._renamed_index(index) == self.declared.indexes[name]
        }
        stale = [DropIndex(name, index.table) for name, index in there.items() if name not in same]
        fresh = [CreateIndex(index) for name, index in self.declared.indexes.items() if name not in same]
        return stale, fresh

    # --- full-text search -----------------------------------------------------------------------------------------

    def _searches_to_rebuild(self) -> Iterator[str]:
        """The tables, by their old names, whose search goes, for good or to be made anew."""
        wanted = _searches(self.declared)
        for table, search in _searches(self.recorded).items():
            new = self.new_of.get(table, table)
            if new not in self.declared.tables or new != table or wanted.get(new) != search:
                yield table

    def _new_searches(self, rebuilt: set[str]) -> Iterator[CreateSearch]:
        there = {self.new_of.get(table, table) for table in _searches(self.recorded) if table not in rebuilt}
        for table, (virtual, _) in _searches(self.declared).items():
            if table not in there:
                yield CreateSearch(table, search_columns(virtual))


def _parts(parts: Sequence[KeyPart], columns: Mapping[str, str]) -> tuple[KeyPart, ...]:
    return tuple(
        replace(
            part,
            column=None if part.column is None else columns.get(part.column, part.column),
            expression=None if part.expression is None else rename_columns(part.expression, columns),
        )
        for part in parts
    )


def _actions(before: TableDef, after: TableDef) -> Iterator[Action]:
    """What makes one table of the other; constraints go before what they are over and come after it."""
    yield from (DropForeignKey(key) for key in _only_in(before.foreign_keys, after.foreign_keys))
    yield from (DropUnique(unique) for unique in _only_in(before.uniques, after.uniques))
    yield from (DropCheck(check) for check in _only_in(before.checks, after.checks))
    for column in before.columns:
        if not after.column(column.name):
            yield DropColumn(column.name)
    for column in after.columns:
        there = before.column(column.name)
        if there is None:
            yield AddColumn(column)
        elif there != column:
            yield AlterColumn(column)
    if before.primary_key != after.primary_key:
        yield SetPrimaryKey(after.primary_key)
    if (before.strict, before.without_rowid) != (after.strict, after.without_rowid):
        yield SetOptions(
            after.strict if after.strict != before.strict else None,
            after.without_rowid if after.without_rowid != before.without_rowid else None,
        )
    yield from (AddCheck(check) for check in _only_in(after.checks, before.checks))
    yield from (AddUnique(unique) for unique in _only_in(after.uniques, before.uniques))
    yield from (AddForeignKey(key) for key in _only_in(after.foreign_keys, before.foreign_keys))


def _only_in(some: Sequence[C], others: Sequence[C]) -> list[C]:
    """Those of the first that the second lacks, each counted as often as it is there."""
    left = [*others]
    found: list[C] = []
    for one in some:
        if one in left:
            left.remove(one)
        else:
            found.append(one)
    return found


def referred_first(tables: Iterable[TableDef]) -> list[TableDef]:
    """The tables in an order in which each comes after those that it refers to, as far as there is one."""
    waiting = {table.name: table for table in tables}
    ordered: list[TableDef] = []
    while waiting:
        free = [
            table
            for table in waiting.values()
            if not any(key.target in waiting and key.target != table.name for key in table.foreign_keys)
        ]
        for table in free or [next(iter(waiting.values()))]:
            ordered.append(table)
            del waiting[table.name]
    return ordered


_Search = tuple[VirtualTableDef, tuple[TriggerDef, ...]]


def _searches(catalogue: Catalogue) -> dict[str, _Search]:
    """The full-text indexes that the toolkit made, by their tables, each with its triggers."""
    found: dict[str, _Search] = {}
    for table in catalogue.tables:
        virtual = catalogue.virtual_tables.get(f"{table}_search")
        if virtual is not None and virtual.module.lower() == "fts5":
            triggers = tuple(one for one in catalogue.triggers_of(table) if one.name.startswith(f"{virtual.name}_"))
            found[table] = (virtual, triggers)
    return found


def search_columns(virtual: VirtualTableDef) -> tuple[str, ...]:
    """The columns that a full-text table indexes."""
    named = (tokenize(argument) for argument in virtual.arguments)
    return tuple(tokens[0].name for tokens in named if len(tokens) == 1)
