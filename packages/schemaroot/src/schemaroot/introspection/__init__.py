"""From a database to what it holds: its tables and columns, read back from the database itself."""

from schemaroot.introspection.catalogue import (
    Catalogue,
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    TriggerDef,
    UniqueDef,
    ViewDef,
    VirtualTableDef,
    same_table,
)
from schemaroot.introspection.found import AsFound, FoundSchema, create_statements
from schemaroot.introspection.read import declared_catalogue, read_catalogue
from schemaroot.introspection.reflect import Reflected, reflect
from schemaroot.introspection.sql.expressions import canonical
from schemaroot.introspection.tables import FoundColumn, FoundTable, TableKind, read_columns, read_tables

__all__ = [
    "AsFound",
    "Catalogue",
    "CheckDef",
    "ColumnDef",
    "ForeignKeyDef",
    "FoundColumn",
    "FoundSchema",
    "FoundTable",
    "IndexDef",
    "KeyPart",
    "PrimaryKeyDef",
    "Reflected",
    "TableDef",
    "TableKind",
    "TriggerDef",
    "UniqueDef",
    "ViewDef",
    "VirtualTableDef",
    "canonical",
    "create_statements",
    "declared_catalogue",
    "read_catalogue",
    "read_columns",
    "read_tables",
    "reflect",
    "same_table",
]
