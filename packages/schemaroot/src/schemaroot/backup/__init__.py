"""How is a database copied, checked and brought back? Backups with a manifest, content digests, restore, checks.

backup = create_backup(Path("shop.db"), reason="daily")
restored = restore_backup(Path("shop.db"), find_backup(Path("shop.db"), "latest"))
findings = check_database(connection, [Customer, Order], backup=backup)
"""

from schemaroot.backup.check import CheckFinding, check_against, check_database
from schemaroot.backup.create import create_backup, opened
from schemaroot.backup.digest import TableDigest, digest_table, digest_tables
from schemaroot.backup.manifest import Backup, Manifest, find_backup, list_backups, read_backup
from schemaroot.backup.restore import Restored, restore_backup, undo_restore
from schemaroot.backup.retention import prune_backups
from schemaroot.backup.stats import DatabaseStats, TableStats, database_stats
from schemaroot.backup.verify import Verification, verify_backup

__all__ = [
    "Backup",
    "CheckFinding",
    "DatabaseStats",
    "Manifest",
    "Restored",
    "TableDigest",
    "TableStats",
    "Verification",
    "check_against",
    "check_database",
    "create_backup",
    "database_stats",
    "digest_table",
    "digest_tables",
    "find_backup",
    "list_backups",
    "opened",
    "prune_backups",
    "read_backup",
    "restore_backup",
    "undo_restore",
    "verify_backup",
]
