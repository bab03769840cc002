"""What do migrations print? Pages for people and one document for programs, from what a verb found or did."""

from __future__ import annotations

import signal
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import typer

from schemaroot.cli.documents import Document, members, plain
from schemaroot.cli.errors import FOUND, CommandError
from schemaroot.cli.output import Column, Sheet, print_json, print_table, talk, write
from schemaroot.cli.text import count, duration, full_moment, moment, one_line
from schemaroot.errors import SchemarootError
from schemaroot.migration import mending
from schemaroot.migration.describe import describe
from schemaroot.schema.values import now

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from schemaroot.cli.place import Place
    from schemaroot.migration.apply import Applied
    from schemaroot.migration.draft import Draft
    from schemaroot.migration.errors import RenameUnclearError
    from schemaroot.migration.history import HistoryEntry
    from schemaroot.migration.kept import Kept
    from schemaroot.migration.mending import Status, Verdict
    from schemaroot.migration.revisions import Revision
    from schemaroot.migration.runner import Report

# --- runs -------------------------------------------------------------------------------------------------------------


@contextmanager
def stopped_where(place: Place) -> Generator[None]:
    """Has Ctrl-C say at which revision it left the database."""
    try:
        yield
    except KeyboardInterrupt:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second one would tell less
        try:
            raise CommandError(
                "INTERRUPTED",
                f"Interrupted. What had begun was rolled back; {_standing(place)}.",
                "Run the command again when you like.",
                unchanged="",
            ) from None
        finally:
            signal.signal(signal.SIGINT, before)


def _standing(place: Place) -> str:
    with suppress(SchemarootError, OSError):
        return f"{place.database} is at {mending.status(place.runner()).current or 'no revision'}"
    return f"{place.database} is not there"


def show_run(place: Place, report: Report, *, as_json: bool) -> None:
    """What a run did."""
    current = mending.status(place.runner()).current
    if as_json:
        print_json(
            {
                "database": str(place.database),
                "revision": current,
                "created": report.created,
                "adopted": report.adopted,
                "applied": [_document(one) for one in report.applied],
                "backups": [str(path) for path in report.backups],
                "seconds": report.spent,
            }
        )
        return
    if not report.applied:
        talk(f"Nothing to do: {place.database} is at {current or 'no revision'}.")
        return
    print_table(
        [
            Column["Applied"]("REVISION", lambda one: one.revision, style="bold"),
            Column["Applied"]("WAY", lambda one: one.direction),
            Column["Applied"]("TIME", lambda one: duration(one.duration_ms), right=True),
            Column["Applied"]("ROWS", _rows, style="cyan"),
            Column["Applied"]("WHAT", _operations, grows=True, style="dim"),
        ],
        report.applied,
    )
    kept = {name: rows for one in report.applied for name, rows in one.kept.items()}
    orphaned = sum(done.orphaned for one in report.applied for done in one.executed)
    sheet = Sheet()
    sheet.line()
    sheet.fields(
        database=f"{place.database}{' (created)' if report.created else ''}",
        now_at=current or "no revision",
        backup=", ".join(map(str, report.backups)),
        kept=", ".join(f"{count(rows, 'row')} in {name}" for name, rows in kept.items()),
        orphaned=f"{count(orphaned, 'kept row')} found no row" if orphaned else "",
        time=", ".join(f"{kind} {duration(round(spent * 1000))}" for kind, spent in report.spent.items()),
    )


def _document(one: Applied) -> Document:
    return {
        "revision": one.revision,
        "direction": one.direction,
        "durationMs": one.duration_ms,
        "operations": [describe(done.operation) for done in one.executed],
        "rows": one.rows,
        "kept": one.kept,
        **_sums(one),
    }


def _sums(one: Applied) -> dict[str, int]:
    return {
        "copied": sum(done.copied for done in one.executed),
        "restored": sum(done.restored for done in one.executed),
        "orphaned": sum(done.orphaned for done in one.executed),
        "changed": sum(done.changed for done in one.executed),
    }


def _rows(one: Applied) -> str:
    sums = {**_sums(one), "kept": sum(one.kept.values())}
    return ", ".join(f"{number:,} {what}" for what, number in sums.items() if number)


def _operations(one: Applied) -> str:
    return "; ".join(describe(done.operation) for done in one.executed) or "nothing"


# --- asking -----------------------------------------------------------------------------------------------------------


def show_status(place: Place, found: Status, *, as_json: bool) -> None:
    """Where the database stands."""
    if as_json:
        print_json({"current": found.current, **members(found)})
    else:
        lines = [
            (one.revision, "applied", moment(one.applied, now()), one.by, one.backup or "") for one in found.applied
        ]
        lines += [(name, "pending", "", "", "") for name in found.pending]
        print_table(
            [
                Column["tuple[str, ...]"]("REVISION", lambda line: line[0]),
                Column["tuple[str, ...]"](
                    "STATE", lambda line: line[1], lambda line: "green" if line[1] == "applied" else "yellow"
                ),
                Column["tuple[str, ...]"]("SINCE", lambda line: line[2]),
                Column["tuple[str, ...]"]("BY", lambda line: line[3], minor=True),
                Column["tuple[str, ...]"]("BACKUP", lambda line: line[4], grows=True, minor=True, style="dim"),
            ],
            lines,
        )
        for problem in found.problems:
            talk(problem)
        here = f"{found.database} is at {found.current or 'no revision'}"
        if found.pending:
            way = "once that is mended." if found.problems else f"{place.migrate('up')}"
            talk(f"{here}; {count(len(found.pending), 'revision')} to go{', ' if found.problems else ': '}{way}")
        elif not found.problems:
            talk(f"{here}, the newest.")
    if found.problems:
        raise typer.Exit(FOUND)


def show_verdict(place: Place, verdict: Verdict, *, as_json: bool) -> None:
    """How a live database differs from its recorded state."""
    if as_json:
        print_json(
            {
                "database": str(place.database),
                "revision": verdict.revision,
                "clean": not verdict.problems,
                "problems": verdict.problems,
            }
        )
    else:
        for problem in verdict.problems:
            write(f"{one_line(problem)}\n")
        if verdict.problems:
            talk(f"{place.database}: {count(len(verdict.problems), 'problem')} found. Nothing was changed.")
        else:
            talk(f"{place.database} is what {verdict.revision or 'no revision'} made, and the file is whole.")
    if verdict.problems:
        raise typer.Exit(FOUND)


def show_check(place: Place, drafted: Draft, *, as_json: bool) -> None:
    """How the declared tables differ from what the revisions lead to."""
    operations = [describe(operation) for operation in drafted.upgrade]
    if as_json:
        print_json({"clean": not operations, "operations": operations, "unclear": []})
    elif operations:
        for line in operations:
            write(f"{one_line(line)}\n")
        talk(f"The revisions do not lead to the declared tables. Write the next one: {_new(place)}")
    else:
        talk("The revisions lead to the declared tables.")
    if operations:
        raise typer.Exit(FOUND)


def show_unclear(place: Place, error: RenameUnclearError, *, as_json: bool) -> None:
    """That a revision is missing, and that something may be a rename in it."""
    if as_json:
        print_json({"clean": False, "operations": [], "unclear": list(error.hints)})
    else:
        talk(f"The revisions do not lead to the declared tables. {error.hint} Then: {_new(place)}")
    raise typer.Exit(FOUND)


def _new(place: Place) -> str:
    return place.migrate('new -m "..."')


def show_history(place: Place, entries: Sequence[HistoryEntry], *, as_json: bool) -> None:
    """The ledger."""
    if as_json:
        print_json({"database": str(place.database), "entries": [_entry(entry) for entry in entries]})
        return
    if not entries:
        talk(f"{place.database} has no history yet.")
        return
    print_table(
        [
            Column["HistoryEntry"]("WHEN", lambda one: full_moment(one.applied, now()).partition(" (")[0]),
            Column["HistoryEntry"]("EVENT", lambda one: one.event, lambda one: _EVENTS.get(one.event, "")),
            Column["HistoryEntry"]("REVISION", lambda one: one.revision),
            Column["HistoryEntry"]("TIME", lambda one: duration(one.duration_ms), right=True),
            Column["HistoryEntry"]("BY", lambda one: one.by, minor=True),
            Column["HistoryEntry"]("NOTE", lambda one: one.note, grows=True),
            Column["HistoryEntry"]("BACKUP", lambda one: one.backup or "", grows=True, minor=True, style="dim"),
        ],
        entries,
    )


_EVENTS = {"up": "green", "down": "yellow", "repair": "red", "stamp": "red", "unstamp": "red"}


def _entry(entry: HistoryEntry) -> Document:
    return {
        "id": entry.id,
        "revision": entry.revision,
        "event": entry.event,
        "checksum": entry.checksum,
        "applied": plain(entry.applied),
        "durationMs": entry.duration_ms,
        "by": entry.by,
        "backup": entry.backup,
        "rehearsed": entry.rehearsed,
        "note": entry.note,
        "rows": entry.rows,
    }


# --- writing and mending ----------------------------------------------------------------------------------------------


def show_new(place: Place, revision: Revision | None, *, as_json: bool) -> None:
    """The revision that was written."""
    if as_json:
        print_json(_written(revision))
    elif revision is None:
        talk("Nothing differs: the revisions lead to the declared tables. No file was written.")
    else:
        write(f"{one_line(str(revision.path))}\n")
        talk(f"Read it, then: {place.migrate('up')}")


def show_merge(place: Place, revision: Revision | None, *, as_json: bool) -> None:
    """The revision that joins two heads."""
    if as_json:
        print_json(_written(revision))
    elif revision is None:
        talk("There is one head: nothing to join. No file was written.")
    else:
        write(f"{one_line(str(revision.path))}\n")
        talk(f"It joins {' and '.join(revision.parents)}. Then: {place.migrate('up')}")


def _written(revision: Revision | None) -> Document:
    if revision is None:
        return {"path": None, "revision": None, "parents": []}
    return {"path": str(revision.path), "revision": revision.id, "parents": list(revision.parents)}


def show_files(paths: Sequence[Path], *, as_json: bool) -> None:
    """The files that would be replaced."""
    if as_json:
        print_json({"replaced": [str(path) for path in paths], "path": None})
        return
    for path in paths:
        write(f"{one_line(str(path))}\n")
    talk(f"{count(len(paths), 'file')} would be replaced. Nothing was changed.")


def warn_of_kept(place: Place, replaced: Sequence[str]) -> None:
    """Says what the database keeps for revisions that are to be replaced: nothing brings it back after that."""
    try:
        kept = mending.kept(place.runner())
    except SchemarootError as error:  # a squash is about files; one that cannot be looked into does not stop it
        talk(f"What {place.database} keeps was not looked at: {error.message}")
        return
    for one in kept:
        if one.revision in replaced and one.rows:
            rows = count(one.rows, "kept row")
            talk(f"{rows} of {one.table} in {one.side} can no longer come back once {one.revision} is replaced.")


def show_squash(revision: Revision, *, as_json: bool) -> None:
    """The revision that took the place of others."""
    if as_json:
        print_json({"replaced": list(revision.replaces), "path": str(revision.path), "revision": revision.id})
    else:
        write(f"{one_line(str(revision.path))}\n")
        talk(f"It stands for {', '.join(revision.replaces)}, and leads to the same schema.")


def going(kept: Sequence[Kept], revisions: Sequence[str], before: datetime | None) -> dict[str, int]:
    """The side tables that pruning would delete, each with its rows."""
    return {
        one.side: one.rows
        for one in kept
        if (not revisions or any(one.revision.startswith(name) for name in revisions))
        and (before is None or one.at < before)
    }


def show_pruned(place: Place, sides: Mapping[str, int], *, gone: bool, as_json: bool) -> None:
    """The side tables that are gone, or would be."""
    if as_json:
        print_json({"database": str(place.database), "gone": gone, "rows": dict(sides)})
        return
    for side, rows in sides.items():
        write(f"{one_line(side)}  {count(rows, 'row')}\n")
    said = "deleted for good" if gone else "would be deleted. Nothing was changed"
    talk(f"{count(len(sides), 'side table')} {said}." if sides else "Nothing is kept.")


def show_standing(place: Place, said: str = "", *, as_json: bool) -> None:
    """Where the database stands after its history was set right."""
    found = mending.status(place.runner())
    if as_json:
        print_json({"database": found.database, "revision": found.current, "said": said})
    else:
        talk(f"{said} {found.database} is at {found.current or 'no revision'}.".strip())
