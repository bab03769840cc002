"""Which backups may go? Never the one before a migration, and never the last that was verified."""

from __future__ import annotations

from pathlib import Path

from schemaroot.backup.create import sync_folder
from schemaroot.backup.manifest import BEFORE_MIGRATION, Backup, list_backups, manifest_path
from schemaroot.errors import InvalidArgumentsError


def prunable(backups: list[Backup], keep: int) -> list[Backup]:
    """Those of the backups, given the newest first, that are not kept."""
    verified = [backup for backup in backups if backup.manifest.verified]
    kept = {backup.path for backup in [*backups[:keep], *verified[:1]]}
    return [
        backup
        for backup in backups
        if backup.path not in kept and not (backup.manifest.reason == BEFORE_MIGRATION and backup.manifest.verified)
    ]


def prune_backups(database: Path, *, keep: int, dry_run: bool = False) -> list[Backup]:
    """Removes old backups and gives those that went, or would go.

    Kept are the newest `keep`, each one that was made before a migration, and the newest verified one. Files without a
    manifest are not ours and stay.

    Args:
        database: the database file; it need not exist any more.
        keep: how many of the newest to keep.
        dry_run: only tell which would go.

    Raises:
        InvalidArgumentsError: `keep` is negative.
    """
    if keep < 0:
        raise InvalidArgumentsError(f"Keeping {keep} backups is not possible; none was removed.")
    going = prunable(list_backups(database), keep)
    if not dry_run:
        for backup in going:
            # The file first: a manifest that is left alone vouches for nothing and goes with the next backup.
            backup.path.unlink(missing_ok=True)
            manifest_path(backup.path).unlink(missing_ok=True)
        if going:
            sync_folder(going[0].path.parent)
    return going
