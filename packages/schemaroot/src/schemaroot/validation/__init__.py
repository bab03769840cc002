"""From a table to models of outside data: insert, update and select."""
