"""`migrate`: change the schema of a database by its revisions, forwards and back, and ask where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from schemaroot.cli.place import Command, FindPlace, Place, add_commands

if TYPE_CHECKING:
    from schemaroot.migration.renames import RenameQuestion
    from schemaroot.migration.runner import Options

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
To: TypeAlias = Annotated[
    str | None, typer.Option("--to", metavar="REV", help="The revision to stand at: its name, or how it begins.")
]
Step: TypeAlias = Annotated[int | None, typer.Option("--step", min=1, metavar="N", help="At most N revisions.")]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
NoBackup: TypeAlias = Annotated[bool, typer.Option("--no-backup", help="Make no backup; the history says so.")]
NoRehearse: TypeAlias = Annotated[
    bool, typer.Option("--no-rehearse", help="Do not try all on a copy first; the history says so.")
]
BackupEach: TypeAlias = Annotated[bool, typer.Option("--backup-each", help="Make a backup before each revision.")]
Allow: TypeAlias = Annotated[
    list[str] | None, typer.Option("--allow", metavar="CODE", help="A finding that is meant; repeatable.")
]
Reason: TypeAlias = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the history.")]


def new(
    place: Place,
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="What it does, in a few words.")],
    empty: Annotated[bool, typer.Option("--empty", help="Without operations, to be filled by hand.")] = False,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            "--drop", metavar="NAME", help="A table, or table.column, that goes and was not renamed; repeatable."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="ID", help="Its name; else a number and the message.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the next revision: what leads from the recorded schema to the declared tables, and back.

    No database is needed. Where something goes and something like it comes, you are asked whether it was renamed;
    without a terminal that is an error which names the hint to write.
    """
    from schemaroot.cli import migrate_pages
    from schemaroot.cli.asking import on_terminal
    from schemaroot.migration.draft import new as write
    from schemaroot.migration.revisions import read_revision

    path = write(
        place.migrations,
        message,
        dropped=drop or (),
        ask=_ask_rename if on_terminal() else None,
        empty=empty,
        name=name,
    )
    revision = read_revision(path) if path is not None else None
    migrate_pages.show_new(place, revision, as_json=as_json)


def plan(
    place: Place,
    to: To = None,
    step: Step = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Of the revision that new would write, without writing it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what up would do: operations, SQL there and back, dangers, rows, time and room. Nothing is changed."""
    from schemaroot.cli import plan_pages
    from schemaroot.migration.plan import plan as make_plan
    from schemaroot.migration.plan import plan_draft

    if draft:
        there = place.path is not None and place.path.exists()
        found = plan_draft(place.migrations, runner=place.runner() if there else None)
    else:
        found = make_plan(place.runner(), to, steps=step)
    plan_pages.show_plan(place, found, as_json=as_json)


def lint(place: Place, to: To = None, step: Step = None, as_json: Json = False) -> None:
    """Say what would be dangerous about the pending revisions on this database, and the safer way.

    Exit code 1 says that a revision would be refused: it does something dangerous and does not say that it means to.
    """
    from schemaroot.cli import plan_pages
    from schemaroot.migration.plan import plan as make_plan

    plan_pages.show_lint(place, make_plan(place.runner(), to, steps=step), as_json=as_json)


def up(
    place: Place,
    to: To = None,
    step: Step = None,
    create: Annotated[bool, typer.Option("--create", help="Create the database when it is not there.")] = False,
    no_rehearse: NoRehearse = False,
    no_backup: NoBackup = False,
    backup_each: BackupEach = False,
    allow: Allow = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Apply the revisions that are missing.

    A verified backup is made and everything is tried on a copy first: there, back and there again. Each revision is one
    transaction, checked before it commits; what a revision drops is kept in side tables for the way back.
    """
    from schemaroot.cli import migrate_pages, plan_pages
    from schemaroot.cli.asking import on_terminal, require_yes
    from schemaroot.cli.progress import watching
    from schemaroot.migration.plan import plan as make_plan

    options = _options(no_backup, no_rehearse, backup_each, allow)
    if dry_run:
        plan_pages.show_plan(place, make_plan(place.runner(), to, steps=step, options=options), as_json=as_json)
        return
    if no_backup and on_terminal():
        require_yes(yes, f"{place.database} is changed without a backup before.")
    if create:
        place.make_folder()
    with migrate_pages.stopped_where(place), watching() as watcher:
        report = place.runner(watcher).up(to or "head", steps=step, options=options, create=create)
    migrate_pages.show_run(place, report, as_json=as_json)


def down(
    place: Place,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="REV", help="The revision to stand at; base for none. Else one step back."),
    ] = None,
    step: Step = None,
    no_rehearse: NoRehearse = False,
    no_backup: NoBackup = False,
    backup_each: BackupEach = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take revisions back, the newest first.

    What they had dropped comes back; what they had added is kept in side tables, and comes back with the next up. You
    are asked before; without a terminal --yes is needed.
    """
    from schemaroot.cli import migrate_pages, plan_pages
    from schemaroot.cli.asking import require_yes
    from schemaroot.cli.progress import watching
    from schemaroot.migration.plan import plan as make_plan

    options = _options(no_backup, no_rehearse, backup_each, None)
    planned = make_plan(place.runner(), to, steps=step, direction="down", options=options)
    if dry_run:
        plan_pages.show_plan(place, planned, as_json=as_json)
        return
    if planned.revisions:
        backup = "No backup is made." if no_backup else "A backup is made first."
        require_yes(yes, *plan_pages.losses(planned), backup)
    with migrate_pages.stopped_where(place), watching() as watcher:
        report = place.runner(watcher).down(to, steps=step, options=options)
    migrate_pages.show_run(place, report, as_json=as_json)


def status(place: Place, as_json: Json = False) -> None:
    """Say where the database stands: what it has, what is pending, what keeps it from going on.

    Exit code 1 says that the history and the files do not fit, that the file is damaged, or that its schema is unknown.
    """
    from schemaroot.cli import migrate_pages
    from schemaroot.migration import mending

    migrate_pages.show_status(place, mending.status(place.runner(), whole=True), as_json=as_json)


def check(place: Place, as_json: Json = False) -> None:
    """Compare the declared tables with what the revisions lead to; for CI.

    No database is needed. Exit code 1 says that a revision is missing.
    """
    from schemaroot.cli import migrate_pages
    from schemaroot.migration.draft import draft
    from schemaroot.migration.errors import RenameUnclearError

    try:
        drafted = draft(place.migrations)
    except RenameUnclearError as error:
        migrate_pages.show_unclear(place, error, as_json=as_json)
    else:
        migrate_pages.show_check(place, drafted, as_json=as_json)


def verify(place: Place, as_json: Json = False) -> None:
    """Hold the live database against what its revisions made, and have SQLite check the file.

    Exit code 1 says that something is different. Nothing is changed.
    """
    from schemaroot.cli import migrate_pages
    from schemaroot.migration import mending

    migrate_pages.show_verdict(place, mending.verify(place.runner()), as_json=as_json)


def history(place: Place, as_json: Json = False) -> None:
    """List what was done to the schema: when, by whom, and with which backup."""
    from schemaroot.cli import migrate_pages
    from schemaroot.migration import mending

    migrate_pages.show_history(place, mending.history(place.runner()), as_json=as_json)


def stamp(
    place: Place,
    revision: Annotated[str, typer.Argument(metavar="REV", help="The revision; base for none.")],
    reason: Reason,
    force: Annotated[
        bool, typer.Option("--force", help="Also where the schema is not what that revision makes.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say that the database stands at a revision, without running anything.

    It is refused where the schema is another one, unless --force is said; then you are asked before.
    """
    from schemaroot.cli import migrate_pages
    from schemaroot.cli.asking import require_yes
    from schemaroot.migration import mending

    if force:
        require_yes(
            yes,
            f"{place.database} will be taken for {revision} whatever its schema is.",
            "No row is changed; but later revisions may fail on it, or find it drifted.",
        )
    mending.stamp(place.runner(), revision, reason=reason, force=force)
    migrate_pages.show_standing(place, as_json=as_json)


def repair(
    place: Place,
    revision: Annotated[str, typer.Argument(metavar="REV", help="The revision, whole.")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Accept what is refused about one revision: a file that was edited, or that is gone.

    Where another file builds on the one that is gone, mend its down_revision first, and then repair that one too. The
    schema stays as it is, and the history keeps the reason.
    """
    from schemaroot.cli import migrate_pages
    from schemaroot.migration import mending

    said = mending.repair(place.runner(), revision, reason=reason)
    migrate_pages.show_standing(place, said, as_json=as_json)


def merge(
    place: Place,
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="What it says of itself.")] = "",
    as_json: Json = False,
) -> None:
    """Write a revision that joins two heads, as they come from two branches of a program."""
    from schemaroot.cli import migrate_pages
    from schemaroot.migration.draft import merge as write
    from schemaroot.migration.revisions import read_revision

    path = write(place.migrations, message)
    migrate_pages.show_merge(place, read_revision(path) if path is not None else None, as_json=as_json)


def squash(
    place: Place,
    revision: Annotated[str, typer.Argument(metavar="REV", help="The last revision to be replaced.")],
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="What it says of itself.")] = "",
    name: Annotated[str | None, typer.Option("--name", metavar="ID", help="Its name.")] = None,
    without_rows: Annotated[
        bool, typer.Option("--without-rows", help="Leave out rows that the old ones put into a fresh database.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Replace all revisions up to one by a single one that is proved to lead to the same schema.

    The old files go; databases that have them all count the new one as theirs. You are asked before.
    """
    from schemaroot.cli import migrate_pages
    from schemaroot.cli.asking import require_yes
    from schemaroot.migration.revisions import read_revision
    from schemaroot.migration.squash import squash as replace

    revisions = place.migrations.revisions()
    chain = revisions.ancestors(revisions.named(revision).id)
    going = [one.path for one in chain]
    if place.path is not None and place.path.exists():
        migrate_pages.warn_of_kept(place, [one.id for one in chain])
    if dry_run:
        migrate_pages.show_files(going, as_json=as_json)
        return
    require_yes(yes, *(f"To be replaced: {path.name}" for path in going))
    path = replace(place.migrations, revision, message=message, name=name, without_rows=without_rows)
    migrate_pages.show_squash(read_revision(path), as_json=as_json)


def prune(
    place: Place,
    revision: Annotated[
        list[str] | None, typer.Argument(metavar="[REV]...", help="Only what these keep; else everything.")
    ] = None,
    reason: Reason = "",
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=0, metavar="DAYS", help="Only what is kept for so many days.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete for good what is kept for the way back: dropped columns and tables in their side tables.

    After that, down gives defaults and empty tables for it. You are asked before.
    """
    from datetime import timedelta

    from schemaroot.cli import migrate_pages
    from schemaroot.cli.asking import require_yes
    from schemaroot.cli.errors import CommandError
    from schemaroot.migration import mending
    from schemaroot.schema.values import now

    before = None if older_than is None else now() - timedelta(days=older_than)
    going = migrate_pages.going(mending.kept(place.runner()), revision or (), before)
    if dry_run:
        migrate_pages.show_pruned(place, going, gone=False, as_json=as_json)
        return
    if going and not reason:
        raise CommandError("USAGE", "Nobody said why.", "Add --reason TEXT; the history keeps it.")
    if going:
        require_yes(yes, *(f"To be deleted for good: {rows:,} rows of {side}." for side, rows in going.items()))
        going = mending.prune(place.runner(), revision or (), reason=reason, older_than=before)
    migrate_pages.show_pruned(place, going, gone=True, as_json=as_json)


def _options(no_backup: bool, no_rehearse: bool, backup_each: bool, allow: list[str] | None) -> Options:
    from schemaroot.cli.errors import CommandError
    from schemaroot.migration.lint import CODES
    from schemaroot.migration.runner import Options

    if no_backup and backup_each:
        raise CommandError("USAGE", "--no-backup and --backup-each contradict each other.", "Say one of them.")
    for code in allow or ():
        if code not in CODES:
            raise CommandError("USAGE", f"--allow cannot be {code!r}.", f"It is one of: {', '.join(CODES)}.")
    return Options(backup=not no_backup, backup_each=backup_each, rehearse=not no_rehearse, allow=tuple(allow or ()))


def _ask_rename(question: RenameQuestion) -> bool:
    from schemaroot.cli.asking import confirm

    what = f"the column {question.table}.{question.old}" if question.table else f"the table {question.old}"
    return confirm(f"Was {what} renamed to {question.new}? (No means: {question.dropped} goes, with its values.)")


def add_migrate(commands: typer.Typer, find: FindPlace, command: str) -> None:
    """Adds the verbs of migrations to a group.

    Args:
        commands: the group.
        find: finds the place from options of its own.
        command: how the group is called, as `shop migrate`, with what it needs to find the place.
    """
    verbs: dict[str, Command] = {
        "new": (new, ['-m "tickets have a due date"', '-m "titles, not names" --drop tickets.name']),
        "plan": (plan, ["", "--to 0003 --json", "--draft"]),
        "up": (up, ["", "--to 0003 --backup-each", "--create --json"]),
        "down": (down, ["", "--to 0001 --yes", "--step 2 --dry-run"]),
        "status": (status, ["", "--json"]),
        "check": (check, ["", "--json"]),
        "verify": (verify, ["", "--json"]),
        "lint": (lint, ["", "--json"]),
        "history": (history, ["", "--json"]),
        "stamp": (stamp, ['0001_initial --reason "made by hand"', 'base --reason "start anew" --force --yes']),
        "repair": (repair, ['0002_due --reason "only a comment"', '0003_gone --reason "never released" --json']),
        "merge": (merge, ["", '-m "join both branches"']),
        "squash": (squash, ["0007 --dry-run", '0007 -m "all until summer" --yes']),
        "prune": (prune, ["--dry-run", '0003 --reason "nobody goes back" --yes', "--older-than 90 --dry-run"]),
    }
    add_commands(commands, find, command, verbs)
