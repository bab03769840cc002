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
from schemaroot.introspection.read import declared_catalogue, read_catalogue
from schemaroot.introspection.sql.expressions import canonical
from schemaroot.introspection.tables import FoundColumn, FoundTable, TableKind, read_columns, read_tables

__all__ = [
    "Catalogue",
    "CheckDef",
    "ColumnDef",
    "ForeignKeyDef",
    "FoundColumn",
    "FoundTable",
    "IndexDef",
    "KeyPart",
    "PrimaryKeyDef",
    "TableDef",
    "TableKind",
    "TriggerDef",
    "UniqueDef",
    "ViewDef",
    "VirtualTableDef",
    "canonical",
    "declared_catalogue",
    "read_catalogue",
    "read_columns",
    "read_tables",
    "same_table",
]
