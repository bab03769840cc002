"""Old backups go; the one before each migration and the last verified one never do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemaroot.backup.create import create_backup
from schemaroot.backup.manifest import BEFORE_MIGRATION, list_backups, manifest_path
from schemaroot.backup.retention import prune_backups
from schemaroot.engine.files import backup_folder
from schemaroot.errors import InvalidArgumentsError

from .clock import Clock


def make(path: Path, *reasons: str) -> None:
    """Backups, an hour apart; a reason that begins with `!` is one that was not verified."""
    clock = Clock()
    for reason in reasons:
        backup = create_backup(path, reason=reason.lstrip("!"), clock=clock)
        if reason.startswith("!"):
            document = json.loads(manifest_path(backup.path).read_bytes())
            manifest_path(backup.path).write_text(json.dumps({**document, "verified": False}))


def reasons(path: Path) -> list[str]:
    return [backup.manifest.reason for backup in list_backups(path)]


def test_the_newest_and_those_before_migrations_stay(path: Path) -> None:
    make(path, "a", BEFORE_MIGRATION, "b", "c", BEFORE_MIGRATION, "d", "e")

    gone = prune_backups(path, keep=2)

    assert [backup.manifest.reason for backup in gone] == ["c", "b", "a"]
    assert reasons(path) == ["e", "d", "migration", "migration"]
    assert len(list(backup_folder(path).iterdir())) == 8


def test_the_last_verified_one_never_goes(path: Path) -> None:
    make(path, "a", "b", "!c", "!d")

    prune_backups(path, keep=0)

    assert reasons(path) == ["b"]


def test_an_unverified_one_before_a_migration_is_kept_no_longer_than_others(path: Path) -> None:
    make(path, f"!{BEFORE_MIGRATION}", "a", "b")

    prune_backups(path, keep=1)

    assert reasons(path) == ["b"]


def test_a_dry_run_removes_nothing(path: Path) -> None:
    make(path, "a", "b", "c")

    assert len(prune_backups(path, keep=1, dry_run=True)) == 2
    assert reasons(path) == ["c", "b", "a"]


def test_what_has_no_manifest_stays(path: Path) -> None:
    make(path, "a", "b")
    stranger = backup_folder(path) / "mine.db"
    stranger.write_bytes(b"")

    prune_backups(path, keep=1)

    assert stranger.exists()


def test_a_database_without_backups_has_none_to_remove(path: Path) -> None:
    assert prune_backups(path, keep=3) == []


def test_fewer_than_none_cannot_be_kept(path: Path) -> None:
    with pytest.raises(InvalidArgumentsError):
        prune_backups(path, keep=-1)
