"""What do backups and checks print? Pages for people and one document for programs."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from schemaroot.backup.errors import BackupMissingError
from schemaroot.backup.manifest import BEFORE_RESTORE, Backup, list_backups
from schemaroot.cli.documents import Document, members, plain
from schemaroot.cli.errors import FOUND, CommandError
from schemaroot.cli.output import Column, Sheet, print_json, print_table, talk, write
from schemaroot.cli.text import count, moment, one_line, size
from schemaroot.engine.files import backup_folder
from schemaroot.errors import SchemarootError
from schemaroot.migration import mending
from schemaroot.schema.values import now

if TYPE_CHECKING:
    from schemaroot.backup.check import CheckFinding
    from schemaroot.backup.restore import Restored
    from schemaroot.backup.stats import DatabaseStats, TableStats
    from schemaroot.cli.place import Place


@contextmanager
def nothing_changed(place: Place) -> Generator[None]:
    """Has Ctrl-C say that it left the database as it was."""
    try:
        yield
    except KeyboardInterrupt:
        raise CommandError(
            "INTERRUPTED",
            f"Interrupted. {place.database} is as it was.",
            "Run the command again when you like.",
            unchanged="",
        ) from None


def revision_of(place: Place) -> str | None:
    """The revision that a database is at, for a backup's manifest; `None` where nobody knows."""
    with suppress(SchemarootError, OSError):
        return mending.status(place.runner()).current or None
    return None


def undone(place: Place) -> Path:
    """The backup of what the last restore took the place of; raises `BackupMissingError`."""
    for found in list_backups(place.database):
        if found.manifest.reason == BEFORE_RESTORE:
            return found.path
    raise BackupMissingError(backup_folder(place.database), "nothing was restored that could be undone")


def _document(one: Backup) -> Document:
    said = one.manifest
    return {
        "path": str(one.path),
        "created": said.created,
        "reason": said.reason,
        "revision": said.revision,
        "size": said.size,
        "sha256": said.sha256,
        "rows": said.rows,
        "tables": {name: table.rows for name, table in said.tables.items()},
        "foreignKeyViolations": said.foreign_key_violations,
        "verified": said.verified,
        "problems": list(said.problems),
    }


def show_backup(place: Place, made: Backup, *, as_json: bool) -> None:
    """The backup that was made."""
    if as_json:
        print_json(_document(made))
        return
    said = made.manifest
    write(f"{one_line(str(made.path))}\n")
    state = "verified" if said.verified else "NOT verified"
    talk(f"{size(said.size)}, {count(said.rows, 'row')} in {count(len(said.tables), 'table')}, {state}.")
    for problem in said.problems:
        talk(problem)


def show_backups(
    place: Place, found: Sequence[Backup], problems: Mapping[Path, Sequence[str]] | None, *, as_json: bool
) -> None:
    """The backups of a database, and what is wrong with them where that was looked for."""
    bad = {path: said for path, said in (problems or {}).items() if said}
    if as_json:
        items = [
            {**_document(one), **({} if problems is None else {"found": list(problems[one.path])})} for one in found
        ]
        print_json({"database": str(place.database), "backups": items})
    elif not found:
        talk(f"{place.database} has no backups. Make one: {place.command('db backup')}")
    else:
        columns = [
            Column[Backup]("BACKUP", lambda one: one.path.name),
            Column[Backup]("MADE", lambda one: moment(one.manifest.created_at, now())),
            Column[Backup]("SIZE", lambda one: size(one.manifest.size), right=True),
            Column[Backup]("ROWS", lambda one: f"{one.manifest.rows:,}", right=True),
            Column[Backup]("REVISION", lambda one: one.manifest.revision or ""),
            Column[Backup](
                "STATE", lambda one: _state(one, bad), lambda one: "red" if _state(one, bad) != "verified" else "green"
            ),
        ]
        print_table(columns, found)
        for path, said in bad.items():
            talk(f"{path.name}: {'; '.join(said)}")
        talk(f"{count(len(found), 'backup')} in {found[0].path.parent}.")
    if bad:
        raise typer.Exit(FOUND)


def _state(one: Backup, bad: Mapping[Path, Sequence[str]]) -> str:
    return "bad" if one.path in bad else "verified" if one.manifest.verified else "not verified"


def show_pruned(place: Place, going: Sequence[Backup], *, dry_run: bool, as_json: bool) -> None:
    """The backups that went, or would go."""
    if as_json:
        names = [str(one.path) for one in going]
        print_json({"database": str(place.database), "removed": [] if dry_run else names, "wouldRemove": names})
        return
    for one in going:
        write(f"{one_line(one.path.name)}\n")
    talk(f"{count(len(going), 'backup')} {'would be' if dry_run else 'were'} removed.")


def show_restored(place: Place, done: Restored, *, as_json: bool) -> None:
    """What a restore did."""
    previous = done.previous
    if as_json:
        print_json(
            {
                "database": str(done.database),
                "backup": _document(done.backup),
                "previous": None if previous is None else str(previous.path),
                "setAside": [str(path) for path in done.set_aside],
                "outdated": done.outdated,
                "notes": list(done.notes),
            }
        )
        return
    sheet = Sheet()
    said = done.backup.manifest
    sheet.fields(
        database=str(done.database),
        holds=f"{done.backup.path.name}: {count(said.rows, 'row')}, at {said.revision or 'no known revision'}",
        before="" if previous is None else str(previous.path),
        set_aside=", ".join(map(str, done.set_aside)),
    )
    for note in done.notes:
        talk(note)
    if done.outdated:
        talk(f"It is behind the program: {place.migrate('up')}")


def show_check(place: Place, findings: Sequence[CheckFinding], *, as_json: bool) -> None:
    """What is not as it should be."""
    if as_json:
        print_json({"database": str(place.database), "clean": not findings, "findings": plain(findings)})
    else:
        for finding in findings:
            write(f"{one_line(f'{finding.kind}: {finding}')}\n")
        if findings:
            talk(f"{place.database}: {count(len(findings), 'finding')}. Nothing was changed.")
        else:
            talk(f"{place.database} is as it should be.")
    if findings:
        raise typer.Exit(FOUND)


def show_stats(place: Place, found: DatabaseStats, *, as_json: bool) -> None:
    """How large a database is."""
    if as_json:
        print_json({"database": str(place.database), "bytes": found.bytes, **members(found)})
        return
    print_table(
        [
            Column["TableStats"]("TABLE", lambda one: one.name),
            Column["TableStats"]("ROWS", lambda one: f"{one.rows:,}", right=True),
            Column["TableStats"]("SIZE", lambda one: "" if one.bytes is None else size(one.bytes), right=True),
            Column["TableStats"]("INDEXES", _indexes, grows=True, style="dim"),
        ],
        found.tables,
    )
    sheet = Sheet()
    sheet.line()
    sheet.fields(
        database=str(place.database),
        size=f"{size(found.bytes)} in {count(found.pages, 'page')} of {size(found.page_size)}",
        free=f"{size(found.free_pages * found.page_size)} in {count(found.free_pages, 'page')}",
        log=size(found.wal_bytes),
    )


def _indexes(one: TableStats) -> str:
    return ", ".join(f"{name}{'' if held is None else f' {size(held)}'}" for name, held in one.indexes.items())
