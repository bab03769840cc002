"""`db`: back a database up, bring a backup back, check it, and see what takes the room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from schemaroot.cli.migrate import Json, Yes
from schemaroot.cli.place import Command, FindPlace, Place, add_commands

if TYPE_CHECKING:
    from pathlib import Path


def backup(
    place: Place,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; part of the name.")] = "by hand",
    even_damaged: Annotated[
        bool, typer.Option("--even-damaged", help="Keep a copy of a damaged database too, marked as not verified.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Back the database up while programs go on using it.

    The copy lies beside the database with mode 0600, is read back and compared before it gets its name, and has a
    manifest of its rows and digests.
    """
    from schemaroot.backup.create import create_backup
    from schemaroot.cli import db_pages
    from schemaroot.cli.progress import watching

    with db_pages.nothing_changed(place), watching() as watcher:
        made = create_backup(
            place.database,
            reason=reason,
            revision=db_pages.revision_of(place),
            even_damaged=even_damaged,
            driver=place.driver,
            progress=watcher.stage("backup"),
            messages=watcher.say,
        )
    db_pages.show_backup(place, made, as_json=as_json)


def backups(
    place: Place,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read each and compare it with its manifest; exit code 1 when one is bad.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove old ones; asks before.")] = False,
    keep: Annotated[
        int, typer.Option("--keep", min=0, metavar="N", help="With --prune: how many of the newest stay.")
    ] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --prune: only say which would go.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """List the backups of the database, the newest first; verify them, or remove old ones.

    Removing never takes one that was made before a migration, nor the newest verified one.
    """
    from schemaroot.backup.manifest import list_backups
    from schemaroot.backup.retention import prune_backups
    from schemaroot.backup.verify import verify_backup
    from schemaroot.cli import db_pages
    from schemaroot.cli.asking import require_yes
    from schemaroot.cli.progress import watching

    if prune:
        going = prune_backups(place.database, keep=keep, dry_run=True)
        if going and not dry_run:
            require_yes(yes, *(f"To be removed for good: {one.path.name}" for one in going))
            going = prune_backups(place.database, keep=keep)
        db_pages.show_pruned(place, going, dry_run=dry_run, as_json=as_json)
        return
    found = list_backups(place.database)
    problems: dict[Path, tuple[str, ...]] = {}
    if verify:
        with watching() as watcher:
            for number, one in enumerate(found):
                watcher.progress("verifying", number, len(found))
                result = verify_backup(one.path, identity=place.identity, deep=True, driver=place.driver)
                problems[one.path] = result.problems
    db_pages.show_backups(place, found, problems if verify else None, as_json=as_json)


def restore(
    place: Place,
    backup: Annotated[
        str,
        typer.Argument(metavar="[BACKUP]", help="Its path, its name or how that begins; latest: the newest verified."),
    ] = "latest",
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what the last restore took the place of.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make the database hold what a backup holds. What it held is backed up first.

    Programs that have it open go on. You are asked before; without a terminal --yes is needed.
    """
    from schemaroot.backup.manifest import find_backup
    from schemaroot.backup.restore import restore_backup, undo_restore
    from schemaroot.cli import db_pages
    from schemaroot.cli.asking import require_yes
    from schemaroot.cli.errors import CommandError
    from schemaroot.cli.progress import watching

    if undo and backup != "latest":
        raise CommandError("USAGE", "--undo brings back what the last restore replaced.", "Leave the backup out.")
    chosen = db_pages.undone(place) if undo else find_backup(place.database, backup)
    require_yes(
        yes,
        f"{place.database} will hold what {chosen.name} holds.",
        "Rows written since then go; the present state is backed up first, and db restore --undo brings it back.",
    )
    revisions = [one.id for one in place.migrations.revisions().ordered] or None
    with db_pages.nothing_changed(place), watching() as watcher:
        if undo:
            done = undo_restore(
                place.database,
                identity=place.identity,
                revisions=revisions,
                driver=place.driver,
                progress=watcher.stage("backup"),
                messages=watcher.say,
            )
        else:
            done = restore_backup(
                place.database,
                chosen,
                identity=place.identity,
                revisions=revisions,
                driver=place.driver,
                progress=watcher.stage("backup"),
                messages=watcher.say,
            )
    db_pages.show_restored(place, done, as_json=as_json)


def check(
    place: Place,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="BACKUP", help="Name the rows that differ from those of a backup, too."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check everything: the file, references, the schema against its revisions, values, JSON, full text.

    Exit code 1 says that something is not as it should be. Nothing is changed.
    """
    from schemaroot.backup.manifest import find_backup
    from schemaroot.backup.verify import verify_backup
    from schemaroot.cli import db_pages
    from schemaroot.cli.checking import check_place
    from schemaroot.cli.progress import watching

    chosen = None
    if against is not None:
        path = find_backup(place.database, against)
        chosen = verify_backup(path, identity=place.identity, driver=place.driver).require()
    with watching() as watcher:
        findings = check_place(place, watcher, chosen)
    db_pages.show_check(place, findings, as_json=as_json)


def stats(place: Place, as_json: Json = False) -> None:
    """Say how large the database is, and which tables and indexes take the room."""
    from schemaroot.backup.create import opened
    from schemaroot.backup.stats import database_stats
    from schemaroot.cli import db_pages

    with opened(place.database, place.driver) as connection:
        found = database_stats(connection)
    db_pages.show_stats(place, found, as_json=as_json)


def add_db(commands: typer.Typer, find: FindPlace, command: str) -> None:
    """Adds the verbs of backups and checks to a group.

    Args:
        commands: the group.
        find: finds the place from options of its own.
        command: how the group is called, as `shop db`.
    """
    verbs: dict[str, Command] = {
        "backup": (backup, ["", '--reason "before the fair" --json']),
        "backups": (backups, ["", "--verify", "--prune --keep 5 --dry-run"]),
        "restore": (restore, ["", "20260131T12 --yes", "--undo"]),
        "check": (check, ["", "--against latest --json"]),
        "stats": (stats, ["", "--json"]),
    }
    add_commands(commands, find, command, verbs)
