"""The usual questions of one table: create, read, update, delete, pages, search, counts."""
