"""From SQLAlchemy's constructs, as revision files write them, to definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import visitors
from sqlalchemy.types import UserDefinedType

from schemaroot.engine.compile import sqlite_dialect
from schemaroot.introspection.catalogue import (
    CheckDef,
    ColumnDef,
    ForeignKeyAction,
    ForeignKeyDef,
    IndexDef,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
)
from schemaroot.introspection.sql.expressions import canonical
from schemaroot.introspection.sql.statements import parse_index, parse_table
from schemaroot.migration.errors import OperationInvalidError

Constraint = CheckDef | UniqueDef | ForeignKeyDef | PrimaryKeyDef

_ACTIONS: dict[str, ForeignKeyAction] = {
    "NO ACTION": "no action",
    "RESTRICT": "restrict",
    "SET NULL": "set null",
    "SET DEFAULT": "set default",
    "CASCADE": "cascade",
}


class NamedType(UserDefinedType[Any]):
    """A column's type by its words, for types that SQLAlchemy has no class for."""

    cache_ok: bool | None = True

    def __init__(self, words: str, collation: str | None = None) -> None:
        self.words = words
        self.collation = collation

    def get_col_spec(self, **options: Any) -> str:
        """The words as they stand after the column's name."""
        del options
        return f"{self.words} COLLATE {self.collation}".strip() if self.collation else self.words


def expression_text(expression: sa.ColumnElement[Any] | sa.TextClause) -> str:
    """An expression as canonical SQL, its values written into it.

    Raises `OperationInvalidError` for a value that SQL has no literal for.
    """
    try:
        compiled = expression.compile(
            dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True, "include_table": False}
        )
    except (CompileError, NotImplementedError) as error:
        raise OperationInvalidError("an expression", f"it cannot be written as SQL ({error})") from error
    return canonical(str(compiled))


def name_of(constraint: sa.Constraint | sa.Index) -> str | None:
    """The name of a constraint, or `None`."""
    return str(constraint.name) if isinstance(constraint.name, str) else None


# --- tables -----------------------------------------------------------------------------------------------------------


def table_of(name: str, items: Sequence[sa.schema.SchemaItem], options: dict[str, Any]) -> sa.Table:
    """SQLAlchemy's table of the parts of a create_table; tables that it refers to are made up beside it."""
    metadata = sa.MetaData()
    table = sa.Table(name, metadata, *items, **options)
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            _make_up(metadata, table, element)
    return table


def _make_up(metadata: sa.MetaData, table: sa.Table, key: sa.ForeignKey) -> None:
    target, _, column = key.target_fullname.rpartition(".")
    target, column = (target, column) if target else (column, "")
    if target == table.name:
        return
    other = metadata.tables.get(target)
    if other is None:
        other = sa.Table(target, metadata)
    if column and column not in other.c:
        other.append_column(sa.Column(column, sa.types.NullType()))


def table_def(table: sa.Table) -> TableDef:
    """The definition of a table."""
    whole = [constraint for constraint in table.foreign_key_constraints if _names_only_table(constraint)]
    for constraint in whole:
        table.constraints.discard(constraint)
    text = str(sa.schema.CreateTable(table).compile(dialect=sqlite_dialect()))
    parsed = parse_table(text.strip())
    more = tuple(foreign_key_def(constraint) for constraint in whole)
    return replace(parsed, foreign_keys=(*parsed.foreign_keys, *more), sql="")


def _names_only_table(constraint: sa.ForeignKeyConstraint) -> bool:
    return all("." not in element.target_fullname for element in constraint.elements)


def index_def(index: sa.Index, table: TableDef | None = None) -> IndexDef:
    """The definition of an index."""
    text = str(sa.schema.CreateIndex(index).compile(dialect=sqlite_dialect()))
    parsed = parse_index(text.strip(), table)
    method = index.dialect_kwargs.get("postgresql_using")
    return replace(parsed, method=method or None, sql="")


@dataclass(frozen=True)
class ColumnParts:
    """A column, and what its construct says beside it about the table."""

    column: ColumnDef
    primary_key: PrimaryKeyDef | None
    checks: tuple[CheckDef, ...]
    uniques: tuple[UniqueDef, ...]
    foreign_keys: tuple[ForeignKeyDef, ...]
    indexes: tuple[IndexDef, ...]


def column_parts(table: str, column: sa.Column[Any]) -> ColumnParts:
    """The parts of a column that is not in a table yet."""
    made = table_of(table, [column], {})
    parsed = table_def(made)
    # It names columns that are not in this table of one column, where a name in double quotes is taken for a text.
    computed = None if column.computed is None else expression_text(column.computed.sqltext)
    indexes = tuple(index_def(index) for index in sorted(made.indexes, key=lambda index: str(index.name)))
    return ColumnParts(
        replace(parsed.columns[0], comment=column.comment, generated=computed),
        parsed.primary_key,
        parsed.checks,
        parsed.uniques,
        parsed.foreign_keys,
        indexes,
    )


# --- constraints ------------------------------------------------------------------------------------------------------


def constraint_def(constraint: sa.Constraint) -> Constraint:
    """The definition of a constraint that is in no table."""
    match constraint:
        case sa.CheckConstraint():
            return CheckDef(expression_text(constraint.sqltext), name_of(constraint))
        case sa.ForeignKeyConstraint():
            return foreign_key_def(constraint)
        case sa.UniqueConstraint() | sa.PrimaryKeyConstraint():
            columns = [sa.Column(name, sa.Text, nullable=False) for name in constraint_columns(constraint)]
            parsed = table_def(sa.Table("t", sa.MetaData(), *columns, constraint))
            if isinstance(constraint, sa.UniqueConstraint):
                return parsed.uniques[0]
            assert parsed.primary_key is not None
            return parsed.primary_key
        case _:
            raise OperationInvalidError("a constraint", f"{type(constraint).__name__} is of no kind that is known here")


def constraint_columns(constraint: sa.UniqueConstraint | sa.PrimaryKeyConstraint) -> list[str]:
    """The names of the columns of a constraint, in a table or not."""
    pending: Sequence[object] = constraint._pending_colargs  # pyright: ignore[reportPrivateUsage]  # no public door before it is in a table
    return [str(getattr(column, "name", column)) for column in (list(constraint.columns) or pending)]


def foreign_key_def(constraint: sa.ForeignKeyConstraint) -> ForeignKeyDef:
    """The definition of a foreign key; a target without columns means the primary key of that table."""
    specified = [element.target_fullname for element in constraint.elements]
    if _names_only_table(constraint):
        target, targets = specified[0], tuple[str, ...]()
    else:
        target = specified[0].rpartition(".")[0]
        targets = tuple(each.rpartition(".")[2] for each in specified)
    return ForeignKeyDef(
        columns=tuple(constraint.column_keys),
        target=target,
        target_columns=targets,
        on_delete=_ACTIONS[(constraint.ondelete or "NO ACTION").upper()],
        on_update=_ACTIONS[(constraint.onupdate or "NO ACTION").upper()],
        deferred=bool(constraint.deferrable) and (constraint.initially or "").upper() == "DEFERRED",
        match=constraint.match,
        name=name_of(constraint),
    )


def holds_text(statement: sa.ClauseElement) -> bool:
    """Whether a statement holds SQL given as text."""
    return any(isinstance(part, sa.TextClause) for part in visitors.iterate(statement))
