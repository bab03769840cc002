"""Operations as the statements that PostgreSQL would run: for plans, before anything runs there.

SQLAlchemy and Alembic write them. The expressions are those of the definitions; what PostgreSQL has no name for, such
as an unnamed CHECK that goes, is said in a comment.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine import Dialect

from schemaroot.introspection.catalogue import ColumnDef, ForeignKeyDef, IndexDef, KeyPart, PrimaryKeyDef, TableDef
from schemaroot.migration.convert import NamedType
from schemaroot.migration.describe import describe, describe_action
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
    SetPrimaryKey,
)
from schemaroot.schema.constraints import search_table

TYPES = {"INTEGER": "BIGINT", "INT": "BIGINT", "REAL": "DOUBLE PRECISION", "BLOB": "BYTEA", "": "TEXT", "ANY": "TEXT"}
"""What holds as much as SQLite's type does; other types keep their words."""

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no annotation


def render_postgresql(operation: Operation) -> list[str]:
    """The statements, without semicolons; a line that begins with `--` says what has none."""
    match operation:
        case CreateTable(new):
            return _written(lambda op: _create_table(op, new))
        case DropTable(name):
            return _written(lambda op: op.drop_table(name))
        case RenameTable(old, name):
            return _written(lambda op: op.rename_table(old, name))
        case AlterTable(table, actions):
            return [statement for action in actions for statement in _action(table, action)]
        case CreateIndex(index, concurrently):
            return _written(lambda op: _create_index(op, index, concurrently))
        case DropIndex(name, owner):
            return _written(lambda op: op.drop_index(name, owner or None))
        case CreateSearch(searched, columns):
            return _written(lambda op: _create_search(op, searched, columns))
        case DropSearch(table):
            return _written(lambda op: op.drop_column(table, search_table(table)))
        case _:
            return [_said(describe(operation))]


def _written(write: Callable[[Operations], object]) -> list[str]:
    """What Alembic writes for PostgreSQL without a server."""
    buffer = io.StringIO()
    options = {"as_sql": True, "output_buffer": buffer}
    write(Operations(MigrationContext.configure(dialect_name="postgresql", opts=options)))
    return [statement.strip() for statement in buffer.getvalue().split(";\n\n") if statement.strip()]


def _expression(text: str) -> sa.ColumnElement[Any]:
    return sa.literal_column(text)


def _said(words: str) -> str:
    return f"-- {words}"


def _create_table(op: Operations, table: TableDef) -> None:
    key = table.primary_key
    items: list[Any] = [_column(column, identity=column.name == table.integer_key) for column in table.columns]
    if key is not None:
        items.append(sa.PrimaryKeyConstraint(*key.columns, name=key.name))
    items += [sa.UniqueConstraint(*_names(unique.parts), name=unique.name) for unique in table.uniques]
    items += [sa.CheckConstraint(sa.literal_column(check.condition), name=check.name) for check in table.checks]
    items += [_foreign_key(each) for each in table.foreign_keys if each.target_columns]
    op.create_table(table.name, *items)


def _foreign_key(key: ForeignKeyDef) -> sa.ForeignKeyConstraint:
    timing: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"} if key.deferred else {}
    return sa.ForeignKeyConstraint(
        key.columns,
        [f"{key.target}.{column}" for column in key.target_columns],
        name=key.name,
        ondelete=None if key.on_delete == "no action" else key.on_delete.upper(),
        onupdate=None if key.on_update == "no action" else key.on_update.upper(),
        **timing,
    )


def _type(column: ColumnDef) -> NamedType:
    collation = None if column.collation is None else f'"{column.collation}"'
    return NamedType(TYPES.get(column.type, column.type), collation)


def _column(column: ColumnDef, *, identity: bool = False, nullable: bool | None = None) -> sa.Column[Any]:
    more: list[Any] = [sa.Identity()] if identity else []
    if column.generated is not None:  # PostgreSQL before 18 has no other kind than stored ones
        more.append(sa.Computed(_expression(column.generated), persisted=True))
    default = None if column.default is None else _expression(column.default)
    takes_null = column.nullable if nullable is None else nullable
    return sa.Column(column.name, _type(column), *more, nullable=takes_null, server_default=default)


def _names(parts: tuple[KeyPart, ...]) -> list[str]:
    return [part.column or "" for part in parts]


def _create_index(op: Operations, index: IndexDef, concurrently: bool) -> None:
    options: dict[str, Any] = {"postgresql_concurrently": True} if concurrently else {}
    if index.where is not None:
        options["postgresql_where"] = sa.literal_column(index.where)
    if index.method is not None:
        options["postgresql_using"] = index.method
    op.create_index(index.name, index.table, [_part(part) for part in index.parts], unique=index.unique, **options)


def _part(part: KeyPart) -> Any:
    if part.column is not None and not part.descending and part.collation is None:
        return part.column
    named: sa.ColumnElement[Any] | None = None if part.column is None else sa.column(part.column)
    made = _expression(f"({part.expression})") if named is None else named
    made = made if part.collation is None else made.collate(part.collation)
    return made.desc() if part.descending else made


def _create_search(op: Operations, table: str, columns: tuple[str, ...]) -> None:
    parts = [sa.func.coalesce(sa.column(column, sa.Text), sa.literal_column("''")) for column in columns]
    joined: sa.ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        joined = joined.concat(sa.literal_column("' '")).concat(part)
    document = sa.func.to_tsvector(sa.literal_column("'simple'"), joined)
    name = search_table(table)
    op.add_column(table, sa.Column(name, TSVECTOR, sa.Computed(document, persisted=True)))
    op.create_index(f"ix_{name}", table, [name], postgresql_using="gin")


def _action(table: str, action: Action) -> list[str]:
    match action:
        case AddColumn(column, using):
            return _add_column(table, column, using)
        case DropColumn(name):
            return _written(lambda op: op.drop_column(table, name))
        case RenameColumn(old, new):
            return _written(lambda op: op.alter_column(table, old, new_column_name=new))
        case AlterColumn(column, using):
            return _alter_column(table, column, using)
        case AddCheck(check):
            condition = _expression(check.condition)
            return _written(lambda op: op.create_check_constraint(check.name, table, condition))
        case AddUnique(unique):
            return _written(lambda op: op.create_unique_constraint(unique.name, table, _names(unique.parts)))
        case AddForeignKey(key) if key.target_columns:
            return _add_foreign_key(table, key)
        case DropCheck(check) if check.name:
            return _drop_constraint(table, check.name)
        case DropUnique(unique) if unique.name:
            return _drop_constraint(table, unique.name)
        case DropForeignKey(dropped) if dropped.name:
            return _drop_constraint(table, dropped.name)
        case SetPrimaryKey(primary_key):
            return _set_primary_key(table, primary_key)
        case _:
            return [_said(f"{table}: {describe_action(action)}")]


def _add_foreign_key(table: str, key: ForeignKeyDef) -> list[str]:
    made = _foreign_key(key)
    columns, targets = list(key.columns), list(key.target_columns)
    return _written(
        lambda op: op.create_foreign_key(
            key.name,
            table,
            key.target,
            columns,
            targets,
            ondelete=made.ondelete,
            onupdate=made.onupdate,
            deferrable=made.deferrable,
            initially=made.initially,
        )
    )


def _set_primary_key(table: str, key: PrimaryKeyDef | None) -> list[str]:
    dropped = _drop_constraint(table, f"{table}_pkey")
    if key is None:
        return dropped
    return [*dropped, *_written(lambda op: op.create_primary_key(key.name, table, list(key.columns)))]


def _drop_constraint(table: str, name: str) -> list[str]:
    return _written(lambda op: op.drop_constraint(name, table))


def _add_column(table: str, column: ColumnDef, using: str | None) -> list[str]:
    if using is None:
        return _written(lambda op: op.add_column(table, _column(column)))
    target = sa.table(table, sa.column(column.name))
    filled = sa.update(target).values({target.c[column.name]: sa.literal_column(using)})
    statements = _written(lambda op: op.add_column(table, _column(column, nullable=True)))
    statements.append(str(filled.compile(dialect=_DIALECT)))
    if not column.nullable:
        statements += _written(lambda op: op.alter_column(table, column.name, nullable=False))
    return statements


def _alter_column(table: str, column: ColumnDef, using: str | None) -> list[str]:
    if column.generated is not None:
        return [_said(f"{table}: {describe_action(AlterColumn(column))}")]
    default = None if column.default is None else _expression(column.default)
    type_ = _type(column)
    return _written(
        lambda op: op.alter_column(
            table,
            column.name,
            type_=type_,
            nullable=column.nullable,
            server_default=default,
            postgresql_using=None if using is None else using,
        )
    )
