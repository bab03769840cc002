"""What is a rename, and what is a drop beside an addition? Said by a hint or an answer, never guessed.

A hint stands in the declaration: `title: Col[str] = text(was="name")`, `class Ticket(Table, ..., was="issues")`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from schemaroot.introspection.catalogue import Catalogue, ColumnDef, ForeignKeyDef, TableDef
from schemaroot.schema.table import Table, declaration_of


@dataclass(frozen=True)
class Renames:
    """Renames that somebody has said, in an order in which each new name is free when its turn comes.

    Attributes:
        tables: old names to new ones.
        columns: of each table, by its *new* name, old column names to new ones.
    """

    tables: Mapping[str, str] = field(default_factory=dict[str, str])
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def inverse(self) -> Renames:
        """The renames of the way back, the last one first."""
        back = _turned(self.tables)
        return Renames(back, {back.get(table, table): _turned(some) for table, some in self.columns.items()})

    def of(self, table: str) -> Mapping[str, str]:
        """The renamed columns of a table, by its new name."""
        return self.columns.get(table, {})

    def with_table(self, old: str, new: str) -> Renames:
        """These and one table."""
        return replace(self, tables={**self.tables, old: new})

    def with_column(self, table: str, old: str, new: str) -> Renames:
        """These and one column."""
        return replace(self, columns={**self.columns, table: {**self.of(table), old: new}})


@dataclass(frozen=True)
class RenameQuestion:
    """Something goes and something like it comes: is it the same under another name?

    Attributes:
        table: the table (by its new name) whose column it is; empty for a table.
        old: what goes.
        new: what comes.
    """

    table: str
    old: str
    new: str

    @property
    def hint(self) -> str:
        """What to write into the declaration when it is a rename."""
        where = f"the column {self.table}.{self.new}" if self.table else f"the table {self.new}"
        return f'was="{self.old}" at {where}'

    @property
    def dropped(self) -> str:
        """What to name when it is none: the table or `table.column` that goes."""
        return f"{self.table}.{self.old}" if self.table else self.old


def _turned(renames: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in reversed([*renames.items()])}


def hinted(tables: Iterable[type[Table]], recorded: Catalogue) -> Renames:
    """The renames that the declarations say and that are not done yet."""
    declared = [declaration_of(table) for table in tables]
    said = {one.name: one.was for one in declared if one.was}
    renames = Renames(_to_do(said, set(recorded.tables)))
    old_of = {new: old for old, new in renames.tables.items()}
    for one in declared:
        there = recorded.tables.get(old_of.get(one.name, one.name))
        if there is not None and (one.name in old_of or one.name not in renames.tables):
            said = {column.name: column.was for column in one.columns.values() if column.was}
            for old, new in _to_do(said, set(there.column_names)).items():
                renames = renames.with_column(one.name, old, new)
    return renames


def _to_do(said: Mapping[str, str], there: set[str]) -> dict[str, str]:
    """Old names to new ones, of those whose new name is free, or becomes free by a rename before it.

    Args:
        said: new names to old ones.
        there: the names that there are.
    """
    found: dict[str, str] = {}
    while True:
        taken = (there - found.keys()) | set(found.values())
        ready = {old: new for new, old in said.items() if old in there - found.keys() and new not in taken}
        if not ready:
            return found
        found |= ready


ALIKE = 0.5
"""How much of two tables' columns must be the same for the one to look like the other under a new name."""


def rename_questions(
    recorded: Catalogue, declared: Catalogue, renames: Renames, dropped: Iterable[str] = ()
) -> list[RenameQuestion]:
    """What looks like a rename that nobody has said.

    Args:
        recorded, declared: the schema before and after.
        renames: what has been said.
        dropped: what was said to go for good: a table, or `table.column`.
    """
    said = set(dropped)
    return [one for one in _looks_alike(recorded, declared, renames) if one.dropped not in said]


def _looks_alike(recorded: Catalogue, declared: Catalogue, renames: Renames) -> Iterator[RenameQuestion]:
    old_of = {new: old for old, new in renames.tables.items()}
    gone = [
        table for name, table in recorded.tables.items() if name not in declared.tables and name not in renames.tables
    ]
    come = [table for name, table in declared.tables.items() if name not in recorded.tables and name not in old_of]
    for old_table in gone:
        alike = [(likeness(old_table, new_table), new_table.name) for new_table in come]
        if alike and max(alike)[0] >= ALIKE:
            yield RenameQuestion("", old_table.name, max(alike)[1])
    for name, now in declared.tables.items():
        before = recorded.tables.get(old_of.get(name, name))
        if before is not None:
            yield from _columns_alike(before, now, renames.of(name))


def _columns_alike(before: TableDef, now: TableDef, said: Mapping[str, str]) -> Iterator[RenameQuestion]:
    come = [column for column in now.columns if not before.column(column.name) and column.name not in said.values()]
    for column in before.columns:
        if now.column(column.name) or column.name in said:
            continue
        for new in come:
            if _same_kind(column, new) and _references(before, column.name) == _references(now, new.name):
                yield RenameQuestion(now.name, column.name, new.name)
                break


def _same_kind(one: ColumnDef, other: ColumnDef) -> bool:
    return (one.type, one.nullable, one.collation, one.generated is None) == (
        other.type,
        other.nullable,
        other.collation,
        other.generated is None,
    )


def _references(table: TableDef, column: str) -> set[str]:
    keys: tuple[ForeignKeyDef, ...] = table.foreign_keys
    return {key.target for key in keys if column in key.columns}


def likeness(one: TableDef, other: TableDef) -> float:
    """The share of columns, by name and type, that two tables have in common: 0 to 1."""
    ours = {(column.name, column.type) for column in one.columns}
    theirs = {(column.name, column.type) for column in other.columns}
    return len(ours & theirs) / len(ours | theirs)
