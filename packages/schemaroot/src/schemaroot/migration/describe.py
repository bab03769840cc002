"""Operations in a line each, in the words of a revision file."""

from __future__ import annotations

from collections.abc import Iterable

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
    DataStep,
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


def describe(operation: Operation) -> str:
    """An operation with the names that it is about, as `alter_table(tickets): drop_column(done)`."""
    match operation:
        case CreateTable(table):
            return f"create_table({table.name})"
        case DropTable(name):
            return f"drop_table({name})"
        case RenameTable(old, new):
            return f"rename_table({old}, {new})"
        case AlterTable(table, actions):
            return f"alter_table({table}): {', '.join(map(describe_action, actions)) or 'nothing'}"
        case CreateIndex(index):
            return f"create_index({index.name})"
        case DropIndex(name):
            return f"drop_index({name})"
        case CreateSearch(table, columns):
            return f"create_search({table}: {', '.join(columns)})"
        case DropSearch(table):
            return f"drop_search({table})"
        case DataStep(describe=words):
            return words


def describe_action(action: Action) -> str:
    """What is done to one table, as `drop_column(done)`."""
    match action:
        case AddColumn(column):
            return f"add_column({column.name})"
        case DropColumn(name):
            return f"drop_column({name})"
        case RenameColumn(old, new):
            return f"rename_column({old}, {new})"
        case AlterColumn(column):
            return f"alter_column({column.name})"
        case AddCheck(check):
            return f"add_check({check.name or check.condition})"
        case DropCheck(check):
            return f"drop_check({check.name or check.condition})"
        case AddUnique(unique):
            return f"add_unique({unique.name or _columns(part.column for part in unique.parts)})"
        case DropUnique(unique):
            return f"drop_unique({unique.name or _columns(part.column for part in unique.parts)})"
        case AddForeignKey(key):
            return f"add_foreign_key({key.name or _columns(key.columns)})"
        case DropForeignKey(key):
            return f"drop_foreign_key({key.name or _columns(key.columns)})"
        case SetPrimaryKey(key):
            return f"set_primary_key({_columns(key.columns) if key else 'none'})"
        case SetOptions(strict, without_rowid):
            said = {"strict": strict, "without_rowid": without_rowid}
            return f"set_options({_columns(f'{name}={value}' for name, value in said.items() if value is not None)})"


def _columns(names: Iterable[str | None]) -> str:
    return ", ".join(name or "" for name in names)
