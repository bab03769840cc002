"""SQLite's SQL as text: its words, its expressions, and the statements that create things."""
