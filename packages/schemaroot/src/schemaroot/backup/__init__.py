"""How is a database copied, checked and brought back? Backups with a manifest, content digests, restore, checks."""
