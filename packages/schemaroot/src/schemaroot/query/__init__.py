"""What we ask: typed selects, inserts, updates, deletes and nested reads, as frozen data over SQLAlchemy Core."""
