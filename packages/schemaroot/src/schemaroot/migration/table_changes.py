"""`with op.alter_table("tickets") as tickets:` — all that a revision does to one table, run as one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from schemaroot.introspection.catalogue import (
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
)
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration.convert import (
    NamedType,
    column_parts,
    constraint_def,
    expression_text,
)
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

Type = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]
Default = sa.ColumnElement[Any] | sa.TextClause | str | None


@dataclass(frozen=True)
class Unchanged:
    """Stands for what an alteration leaves as it is, where `None` says that it goes."""


UNCHANGED: Final = Unchanged()


class TableChanges:
    """Gathers the changes of one table; `op.alter_table` runs them when its block ends."""

    def __init__(self, table: str, definition: TableDef | None) -> None:
        self.table = table
        self.actions: list[Action] = []
        self.indexes: list[IndexDef] = []
        self._columns = {folded(column.name): column for column in definition.columns} if definition else {}
        self._kinds: dict[str, type[CheckDef | UniqueDef | ForeignKeyDef]] = {}
        if definition is not None:
            named: list[CheckDef | UniqueDef | ForeignKeyDef] = [*definition.checks, *definition.uniques]
            for constraint in [*named, *definition.foreign_keys]:
                if constraint.name is not None:
                    self._kinds[folded(constraint.name)] = type(constraint)

    # --- columns ------------------------------------------------------------------------------------------------------

    def add_column(self, column: sa.Column[Any], *, using: sa.ColumnElement[Any] | None = None) -> None:
        """Adds a column, with the constraints and indexes that its construct says.

        Args:
            column: the column.
            using: an expression over the old row that gives existing rows their value; else they get the default.
        """
        parts = column_parts(self.table, column)
        self._columns[folded(parts.column.name)] = parts.column
        self.actions.append(AddColumn(parts.column, None if using is None else expression_text(using)))
        self.actions += [AddCheck(check) for check in parts.checks]
        self.actions += [AddUnique(unique) for unique in parts.uniques]
        self.actions += [AddForeignKey(key) for key in parts.foreign_keys]
        if parts.primary_key is not None:
            self.actions.append(SetPrimaryKey(parts.primary_key))
        self.indexes += parts.indexes

    def drop_column(self, name: str) -> None:
        """Drops a column; its values are kept and come back on the way down."""
        self.actions.append(DropColumn(name))

    def rename_column(self, old: str, new: str) -> None:
        """Gives a column another name; everything in the schema that names it follows."""
        self.actions.append(RenameColumn(old, new))
        column = self._columns.pop(folded(old), None)
        if column is not None:
            self._columns[folded(new)] = replace(column, name=new)

    def alter_column(
        self,
        column: sa.Column[Any] | str,
        *,
        type_: Type | None = None,
        nullable: bool | None = None,
        server_default: Default | Unchanged = UNCHANGED,
        collation: str | Unchanged | None = UNCHANGED,
        computed: sa.Computed | Unchanged | None = UNCHANGED,
        using: sa.ColumnElement[Any] | None = None,
    ) -> None:
        """Changes a column: to the one that is given, or in the parts that are given.

        Args:
            column: the column as it will be; or its name, and then what changes.
            type_: another type.
            nullable: whether it takes NULL.
            server_default: another default; `None` for none.
            collation: another collation; `None` for the database's own.
            computed: the expression of a generated column; `None` makes it an ordinary one.
            using: an expression over the old row for the new value; else the value stays what it is, as far as the
                type lets it.
        """
        if isinstance(column, str):
            altered = self._altered(column, type_, nullable, server_default, collation, computed)
        else:
            altered = column_parts(self.table, column).column
        self._columns[folded(altered.name)] = altered
        self.actions.append(AlterColumn(altered, None if using is None else expression_text(using)))

    def _altered(
        self,
        name: str,
        type_: Type | None,
        nullable: bool | None,
        server_default: Default | Unchanged,
        collation: str | Unchanged | None,
        computed: sa.Computed | Unchanged | None,
    ) -> ColumnDef:
        column = self._columns.get(folded(name), ColumnDef(name))
        if type_ is not None:
            made = column_parts(self.table, sa.Column(name, type_)).column
            column = replace(column, type=made.type, collation=made.collation or column.collation)
        if nullable is not None:
            column = replace(column, nullable=nullable)
        if not isinstance(server_default, Unchanged):
            made = column_parts(self.table, sa.Column(name, sa.Text, server_default=server_default)).column
            column = replace(column, default=made.default)
        if not isinstance(collation, Unchanged):
            column = replace(column, collation=collation)
        if not isinstance(computed, Unchanged):
            if computed is None:
                column = replace(column, generated=None, stored=False)
            else:
                made = column_parts(self.table, sa.Column(name, sa.Text, computed)).column
                column = replace(column, generated=made.generated, stored=made.stored)
        return column

    # --- constraints --------------------------------------------------------------------------------------------------

    def add_check(self, name: str | None, condition: sa.ColumnElement[bool]) -> None:
        """Adds a CHECK, which all rows must fulfil."""
        self._add(CheckDef(expression_text(condition), name))

    def drop_check(self, name: str | None = None, *, condition: sa.ColumnElement[bool] | None = None) -> None:
        """Drops the CHECK of that name, or the unnamed one with that condition."""
        self._require_one(name, condition, "condition=")
        self.actions.append(DropCheck(CheckDef("" if condition is None else expression_text(condition), name)))

    def add_unique(self, name: str | None, columns: Sequence[str]) -> None:
        """Adds a UNIQUE constraint."""
        self._add(UniqueDef(_parts(columns), name))

    def drop_unique(self, name: str | None = None, *, columns: Sequence[str] = ()) -> None:
        """Drops the UNIQUE constraint of that name, or the one over those columns."""
        self._require_one(name, columns or None, "columns=")
        self.actions.append(DropUnique(UniqueDef(_parts(columns), name)))

    def add_foreign_key(
        self,
        name: str | None,
        columns: Sequence[str],
        target: str,
        target_columns: Sequence[str] = (),
        *,
        ondelete: str | None = None,
        onupdate: str | None = None,
        deferred: bool = False,
    ) -> None:
        """Adds a foreign key.

        Args:
            name: its name, if any.
            columns: the columns here.
            target: the table that they refer to.
            target_columns: the columns there; the primary key where none are given.
            ondelete: `CASCADE`, `SET NULL`, `RESTRICT`, ...
            onupdate: likewise.
            deferred: whether it is checked when the transaction ends.
        """
        timing: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"} if deferred else {}
        targets = [f"{target}.{column}" for column in target_columns] or [target] * len(columns)
        made = sa.ForeignKeyConstraint(columns, targets, name=name, ondelete=ondelete, onupdate=onupdate, **timing)
        self._add(constraint_def(made))

    def drop_foreign_key(self, name: str | None = None, *, columns: Sequence[str] = ()) -> None:
        """Drops the foreign key of that name, or the one of those columns."""
        self._require_one(name, columns or None, "columns=")
        self.actions.append(DropForeignKey(ForeignKeyDef(tuple(columns), "", name=name)))

    def add_constraint(self, constraint: sa.Constraint) -> None:
        """Adds a CHECK, a UNIQUE constraint or a foreign key, as SQLAlchemy's construct says it."""
        self._add(constraint_def(constraint))

    def drop_constraint(self, constraint: sa.Constraint | str) -> None:
        """Drops the constraint of that name, or the one that says the same as SQLAlchemy's construct."""
        if not isinstance(constraint, str):
            self._drop(constraint_def(constraint))
            return
        match self._kinds.get(folded(constraint)):
            case kind if kind is UniqueDef:
                self._drop(UniqueDef((), constraint))
            case kind if kind is ForeignKeyDef:
                self._drop(ForeignKeyDef((), "", name=constraint))
            case _:
                self._drop(CheckDef("", constraint))

    def set_primary_key(
        self, *columns: sa.PrimaryKeyConstraint | str | None, name: str | None = None, autoincrement: bool = False
    ) -> None:
        """Sets another primary key.

        Args:
            columns: its columns in order, or SQLAlchemy's construct; nothing or `None` for no key.
            name: its name, if any.
            autoincrement: whether an id is never given twice (SQLite's AUTOINCREMENT).
        """
        names = [column for column in columns if isinstance(column, str)]
        constructs = [column for column in columns if isinstance(column, sa.PrimaryKeyConstraint)]
        key: PrimaryKeyDef | None = None
        if constructs:
            made = constraint_def(constructs[0])
            assert isinstance(made, PrimaryKeyDef)
            key = replace(made, autoincrement=autoincrement)
        elif names:
            key = PrimaryKeyDef(_parts(names), name, autoincrement)
        self.actions.append(SetPrimaryKey(key))

    def set_options(self, *, strict: bool | None = None, without_rowid: bool | None = None) -> None:
        """Turns SQLite's STRICT and WITHOUT ROWID on or off."""
        self.actions.append(SetOptions(strict, without_rowid))

    def _add(self, constraint: CheckDef | UniqueDef | ForeignKeyDef | PrimaryKeyDef) -> None:
        match constraint:
            case CheckDef():
                self.actions.append(AddCheck(constraint))
            case UniqueDef():
                self.actions.append(AddUnique(constraint))
            case ForeignKeyDef():
                self.actions.append(AddForeignKey(constraint))
            case PrimaryKeyDef():
                self.actions.append(SetPrimaryKey(constraint))
                return
        if constraint.name is not None:
            self._kinds[folded(constraint.name)] = type(constraint)

    def _drop(self, constraint: CheckDef | UniqueDef | ForeignKeyDef | PrimaryKeyDef) -> None:
        match constraint:
            case CheckDef():
                self.actions.append(DropCheck(constraint))
            case UniqueDef():
                self.actions.append(DropUnique(constraint))
            case ForeignKeyDef():
                self.actions.append(DropForeignKey(constraint))
            case PrimaryKeyDef():
                self.actions.append(SetPrimaryKey(None))

    def _require_one(self, name: str | None, other: object, words: str) -> None:
        if (name is None) == (other is None):
            raise OperationInvalidError(
                f"alter_table({self.table})", f"give either the constraint's name or {words}, which is for one without"
            )


def _parts(columns: Sequence[str]) -> tuple[KeyPart, ...]:
    return tuple(KeyPart(column=column) for column in columns)


def sql_type(words: str, *, collation: str | None = None) -> sa.types.TypeEngine[Any]:
    """A column's type by its words in the database, for those that SQLAlchemy has no class for.

    Args:
        words: such as `VARCHAR2(10)`; empty for a column without a type.
        collation: the collating sequence, if not the database's own.
    """
    return NamedType(words, collation)
