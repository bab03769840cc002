"""What does a table become? The actions of one ALTER applied to its definition, with nothing but data in hand.

Besides the new definition this says of each new column where its values come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from schemaroot.introspection.catalogue import (
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
)
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration.errors import OperationInvalidError
from schemaroot.migration.operations import (
    Action,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddUnique,
    AlterColumn,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropUnique,
    RenameColumn,
    SetOptions,
    SetPrimaryKey,
)

C = TypeVar("C", CheckDef, UniqueDef, ForeignKeyDef)


@dataclass
class Altered:
    """A table before and after some actions.

    Attributes:
        before: the table as it is.
        table: the table as it will be.
        added: columns that are new, each with the expression over the old row for its value, `None` for its default.
        converted: columns that stay but whose values may change, each with its expression or `None` for the value.
        dropped: columns of the old table that go.
        altered: columns that an action names as changed, be it only their rules.
    """

    before: TableDef
    table: TableDef
    added: dict[str, str | None] = field(default_factory=dict[str, str | None])
    converted: dict[str, str | None] = field(default_factory=dict[str, str | None])
    dropped: list[str] = field(default_factory=list[str])
    altered: list[str] = field(default_factory=list[str])

    @property
    def dropped_values(self) -> list[str]:
        """The dropped columns that hold values of their own."""
        return [name for name in self.dropped if (column := self.before.column(name)) and column.generated is None]


def altered(table: TableDef, actions: Sequence[Action], operation: str) -> Altered:
    """The table after the actions, none of which is a rename.

    Raises `OperationInvalidError` for what is not there, what is there twice, and keys over columns that go.
    """
    result = Altered(table, table)
    for action in actions:
        _apply(result, action, operation)
    if not result.table.columns:
        raise OperationInvalidError(operation, f"{table.name} would have no column", hint="Drop the table instead.")
    _check_members(result, operation)
    if result.table.strict != table.strict:
        _convert(result, [column.name for column in table.columns])
    if result.table.primary_key != table.primary_key and result.table.primary_key is not None:
        _convert(result, result.table.primary_key.columns)
    return result


def _convert(result: Altered, names: Iterable[str]) -> None:
    """Columns whose values another rule of the table may change as they are copied."""
    for name in names:
        column, old = result.table.column(name), result.before.column(name)
        if column and old and column.generated is None and column.name not in result.added:
            result.converted.setdefault(column.name, None)


def _apply(result: Altered, action: Action, operation: str) -> None:
    table = result.table
    match action:
        case AddColumn(column, using):
            if table.column(column.name):
                raise OperationInvalidError(operation, f"{table.name} has a column {column.name} already")
            result.table = replace(table, columns=(*table.columns, column))
            result.added[column.name] = using
        case DropColumn(name):
            column = _column(table, name, operation)
            result.table = replace(table, columns=tuple(each for each in table.columns if each is not column))
            result.converted.pop(column.name, None)
            if column.name in result.added:
                del result.added[column.name]
            else:
                result.dropped.append(column.name)
        case AlterColumn(column, using):
            _alter(result, column, using, operation)
        case AddCheck(check):
            _free(table, check.name, operation)
            result.table = replace(table, checks=(*table.checks, check))
        case DropCheck(check):
            kept = _without(table.checks, check, _same_check, table, operation)
            result.table = replace(table, checks=kept)
        case AddUnique(unique):
            _free(table, unique.name, operation)
            result.table = replace(table, uniques=(*table.uniques, unique))
        case DropUnique(unique):
            kept_uniques = _without(table.uniques, unique, _same_unique, table, operation)
            result.table = replace(table, uniques=kept_uniques)
        case AddForeignKey(key):
            _free(table, key.name, operation)
            result.table = replace(table, foreign_keys=(*table.foreign_keys, key))
        case DropForeignKey(key):
            kept_keys = _without(table.foreign_keys, key, _same_foreign_key, table, operation)
            result.table = replace(table, foreign_keys=kept_keys)
        case SetPrimaryKey(primary_key):
            result.table = replace(table, primary_key=primary_key)
        case SetOptions(strict, without_rowid):
            result.table = replace(
                table,
                strict=table.strict if strict is None else strict,
                without_rowid=table.without_rowid if without_rowid is None else without_rowid,
            )
        case RenameColumn():  # SQLite's own statement does these, since everything that names the column follows
            raise AssertionError(action)


def _alter(result: Altered, column: ColumnDef, using: str | None, operation: str) -> None:
    table = result.table
    old = _column(table, column.name, operation)
    column = replace(column, name=old.name)
    result.table = replace(table, columns=tuple(column if each is old else each for each in table.columns))
    if column.name in result.added:
        result.added[column.name] = using if using is not None else result.added[column.name]
        return
    result.altered.append(column.name)
    before = _column(result.before, column.name, operation)
    if column.generated is not None and before.generated is not None:
        return
    moved = (column.type, column.generated, column.null_conflict) != (
        before.type,
        before.generated,
        before.null_conflict,
    )
    if using is not None or moved:
        result.converted[column.name] = using


def _column(table: TableDef, name: str, operation: str) -> ColumnDef:
    column = table.column(name)
    if column is None:
        known = ", ".join(table.column_names)
        raise OperationInvalidError(operation, f"{table.name} has no column {name}", hint=f"Its columns: {known}.")
    return column


def _free(table: TableDef, name: str | None, operation: str) -> None:
    """Refuses a constraint's name that another constraint of the table has."""
    if name is None:
        return
    key = (table.primary_key,) if table.primary_key else ()
    named: list[CheckDef | UniqueDef | ForeignKeyDef | PrimaryKeyDef]
    named = [*table.checks, *table.uniques, *table.foreign_keys, *key]
    if any(each.name is not None and folded(each.name) == folded(name) for each in named):
        raise OperationInvalidError(operation, f"{table.name} has a constraint {name} already")


def _without(
    present: tuple[C, ...], wanted: C, same: Callable[[C, C], bool], table: TableDef, operation: str
) -> tuple[C, ...]:
    """The constraints but the one that is meant: the one of that name, else the first that says the same."""
    found = [each for each in present if wanted.name and each.name and folded(each.name) == folded(wanted.name)]
    if not found and wanted.name is None:
        found = sorted((each for each in present if same(each, wanted)), key=lambda each: each.name is not None)
    if not found:
        known = ", ".join(each.name or str(each) for each in present) or "none"
        meant = wanted.name or str(wanted)
        raise OperationInvalidError(operation, f"{table.name} has no constraint {meant}", hint=f"There are: {known}.")
    return tuple(each for each in present if each is not found[0])


def _same_check(one: CheckDef, other: CheckDef) -> bool:
    return one.condition == other.condition


def _same_unique(one: UniqueDef, other: UniqueDef) -> bool:
    return _names(one.parts) == _names(other.parts)


def _same_foreign_key(one: ForeignKeyDef, other: ForeignKeyDef) -> bool:
    return list(map(folded, one.columns)) == list(map(folded, other.columns)) and (
        not other.target or folded(one.target) == folded(other.target)
    )


def _names(parts: tuple[KeyPart, ...]) -> list[str]:
    return [folded(part.column or part.expression or "") for part in parts]


def _check_members(result: Altered, operation: str) -> None:
    """Refuses a key over a column that is not there (any more)."""
    table = result.table
    key: PrimaryKeyDef | None = table.primary_key
    members: list[tuple[str, tuple[str, ...], str]] = [
        *([("the primary key", key.columns, "set_primary_key(...)")] if key else []),
        *(
            (f"UNIQUE {unique.name or ''}".strip(), _columns(unique.parts), "drop_unique(...)")
            for unique in table.uniques
        ),
        *((f"foreign key {fk.name or ''}".strip(), fk.columns, "drop_foreign_key(...)") for fk in table.foreign_keys),
    ]
    for what, columns, way_out in members:
        for name in columns:
            if not table.column(name):
                raise OperationInvalidError(
                    operation,
                    f"{what} of {table.name} needs the column {name}",
                    hint=f"Say {way_out} in the same step.",
                )
    if table.without_rowid and key is None:
        raise OperationInvalidError(operation, f"{table.name} is WITHOUT ROWID and would have no primary key")


def _columns(parts: tuple[KeyPart, ...]) -> tuple[str, ...]:
    return tuple(part.column for part in parts if part.column is not None)
