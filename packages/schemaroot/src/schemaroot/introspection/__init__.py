"""From a database to what it holds."""
