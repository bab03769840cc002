"""What the data is: tables, columns, types, constraints, relations; no database is touched here."""
