"""From a database to what it holds: its tables and columns, read back from the database itself."""

from schemaroot.introspection.tables import FoundColumn, FoundTable, TableKind, read_columns, read_tables

__all__ = ["FoundColumn", "FoundTable", "TableKind", "read_columns", "read_tables"]
