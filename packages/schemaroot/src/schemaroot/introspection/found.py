"""What an existing database holds that our kinds of columns do not say, kept beside its table classes.

class Customer(
    Table,
    name="Customers",
    found=AsFound(
        columns=(ColumnDef("id", "INTEGER", nullable=False), ColumnDef("fullName", "VARCHAR(80)", collation="NOCASE")),
        primary_key=PrimaryKeyDef((KeyPart("id"),)),
    ),
):
    id: Col[int] = auto_id()
    fullName: Col[str | None] = text(default=None)

The class says how Python sees a column, `found` says how the database has it: its type's very words, its collation, the
names of its constraints. What both can say (default, nullability, values, a foreign key) they say alike, or the table
is refused. A column that `found` does not list is created as any other; so a found table grows as a declared one does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemaroot.engine import ddl
from schemaroot.introspection import render
from schemaroot.introspection.agreement import check_agreement
from schemaroot.introspection.catalogue import (
    Catalogue,
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    PrimaryKeyDef,
    TableDef,
    TriggerDef,
    UniqueDef,
    ViewDef,
    VirtualTableDef,
)
from schemaroot.introspection.sql.statements import parse_table
from schemaroot.schema.constraints import constraint_name
from schemaroot.schema.table import Table, TableDeclaration


@dataclass(frozen=True)
class AsFound:
    """How a database has a table.

    Attributes:
        columns: the columns that it has, in its order; also those whose names no attribute can have.
        primary_key: the key as it stands there, or `None` for the class's own.
        uniques: UNIQUE constraints.
        checks: all CHECKs of the columns listed; the class's kinds add none for these.
        foreign_keys: all foreign keys of the columns listed.
        indexes: indexes made by CREATE INDEX.
        strict: whether the table is STRICT.
        without_rowid: whether the table is WITHOUT ROWID.
    """

    columns: tuple[ColumnDef, ...] = ()
    primary_key: PrimaryKeyDef | None = None
    uniques: tuple[UniqueDef, ...] = ()
    checks: tuple[CheckDef, ...] = ()
    foreign_keys: tuple[ForeignKeyDef, ...] = ()
    indexes: tuple[IndexDef, ...] = ()
    strict: bool = False
    without_rowid: bool = False

    def create_table(self, ordinary: str, declared: TableDeclaration) -> str:
        """The CREATE TABLE statement: what is listed here as it is here, the rest as the class declares it.

        Raises:
            DeclarationError: an attribute and the column listed here say different things.
        """
        table = parse_table(ordinary)
        check_agreement(declared, table, self)
        listed = {column.name for column in self.columns}
        own_checks = {
            constraint_name("ck", declared.name, column.check_name)
            for column in declared.columns.values()
            if column.name in listed and column.check_name is not None
        }
        added = [column for column in table.columns if column.name not in listed]
        checks = [check for check in table.checks if check.name not in own_checks]
        keys = [key for key in table.foreign_keys if not set(key.columns) <= listed]
        return render.create_table(
            replace(
                table,
                columns=(*self.columns, *added),
                primary_key=self.primary_key or table.primary_key,
                uniques=(*self.uniques, *table.uniques),
                checks=(*self.checks, *checks),
                foreign_keys=(*self.foreign_keys, *keys),
                strict=self.strict,
                without_rowid=self.without_rowid,
            )
        )

    def create_indexes(self, declared: TableDeclaration) -> list[str]:
        """The CREATE INDEX statements of the indexes listed."""
        return [render.create_index(index, table=declared.name) for index in self.indexes]


def as_found(table: TableDef, indexes: tuple[IndexDef, ...] = ()) -> AsFound:
    """A table's definition as what stands beside its class."""
    return AsFound(
        table.columns,
        table.primary_key,
        table.uniques,
        table.checks,
        table.foreign_keys,
        indexes,
        table.strict,
        table.without_rowid,
    )


@dataclass(frozen=True)
class FoundSchema:
    """What a database holds besides the tables that have a class.

    Attributes:
        tables: tables without a class: those without a key, or whose key has names that Python does not take.
        indexes: the indexes on these.
        virtual_tables: full-text indexes and their like.
        views: views.
        triggers: triggers, whatever table or view they are on.
    """

    tables: tuple[TableDef, ...] = ()
    indexes: tuple[IndexDef, ...] = ()
    virtual_tables: tuple[VirtualTableDef, ...] = ()
    views: tuple[ViewDef, ...] = ()
    triggers: tuple[TriggerDef, ...] = ()

    def added_to(self, schema: Catalogue) -> Catalogue:
        """A schema with all this in it; what it holds itself stays."""
        return Catalogue(
            {**{one.name: one for one in self.tables}, **schema.tables},
            {**{one.name: one for one in self.indexes}, **schema.indexes},
            {**{one.name: one for one in self.triggers}, **schema.triggers},
            {**{one.name: one for one in self.views}, **schema.views},
            {**{one.name: one for one in self.virtual_tables}, **schema.virtual_tables},
        )


def create_statements(tables: Iterable[type[Table]], found: FoundSchema | None = None) -> list[str]:
    """The statements that create table classes, and what was found besides them, in an order that runs."""
    kinds = [*tables]
    other = found or FoundSchema()
    return [
        *ddl.create_table_statements(kinds),
        *map(render.create_table, other.tables),
        *ddl.create_index_statements(kinds),
        *map(render.create_index, other.indexes),
        *ddl.create_search_statements(kinds),
        *map(render.create_virtual_table, other.virtual_tables),
        *map(render.create_view, other.views),
        *map(render.create_trigger, other.triggers),
    ]
