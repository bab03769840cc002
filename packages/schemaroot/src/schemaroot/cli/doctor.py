"""`doctor`: is everything well? Opening, schema, content, backups and lost commits, each in a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from schemaroot.cli.migrate import Json
from schemaroot.cli.place import Place

if TYPE_CHECKING:
    from schemaroot.cli.progress import Bar

OLD = timedelta(days=7)
"""From this age on the newest backup is told of."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: it, in a word or two.
        problems: what is wrong, a sentence each; nothing when all is well.
        well: what to say when all is well.
        hint: what to do when not.
    """

    what: str
    problems: tuple[str, ...]
    well: str = ""
    hint: str = ""


def doctor(place: Place, as_json: Json = False) -> None:
    """Look at everything: can it be opened, is the schema what it should be, is the content whole, are there backups?

    Exit code 1 says that something was found. Nothing is changed.
    """
    from schemaroot.cli.documents import plain
    from schemaroot.cli.errors import FOUND
    from schemaroot.cli.output import Sheet, print_json, talk
    from schemaroot.cli.progress import watching
    from schemaroot.cli.text import count

    with watching() as watcher:
        found = list(examined(place, watcher))
    bad = [one for one in found if one.problems]
    if as_json:
        print_json({"database": str(place.database), "clean": not bad, "findings": plain(found)})
    else:
        sheet = Sheet()
        for one in found:
            sheet.states((one.what, "bold"), ("found", "red") if one.problems else ("well", "green"))
            sheet.block("\n".join(one.problems or (one.well,)))
        for one in bad:
            talk(f"{one.what}: {one.hint}")
        talk(f"{count(sum(len(one.problems) for one in bad), 'problem')} found." if bad else "All is well.")
    if bad:
        raise typer.Exit(FOUND)


def examined(place: Place, watcher: Bar) -> Iterator[Finding]:
    """Everything that is looked at; what cannot be opened is not looked into."""
    from schemaroot.errors import SchemarootError
    from schemaroot.migration import mending

    try:
        found = mending.status(place.runner())
    except SchemarootError as error:
        yield Finding("opening", (error.message,), hint=error.hint)
        yield _backups(place)
        return
    yield Finding("opening", (), f"{place.database} can be opened")
    pending = f"{', '.join(found.pending)} pending" if found.pending else ""
    said = (*found.problems, *((pending,) if pending else ()))
    yield Finding("history", said, f"at {found.current or 'no revision'}", place.migrate("up"))
    yield from _content(place, watcher)
    yield _lost(place)
    yield _backups(place)


def _content(place: Place, watcher: Bar) -> Iterator[Finding]:
    from schemaroot.cli.checking import check_place

    findings = check_place(place, watcher)
    drift = tuple(str(one) for one in findings if one.kind == "drift")
    yield Finding(
        "schema", drift, "what its revisions made", f"undo what was changed by hand; see {place.migrate('verify')}"
    )
    other = tuple(f"{one.kind}: {one}" for one in findings if one.kind != "drift")
    hint = "restore a backup, or correct the rows that are named"
    yield Finding("content", other, "whole: file, references, values, full text", hint)


def _lost(place: Place) -> Finding:
    from schemaroot.backup.create import opened
    from schemaroot.engine.marker import find_lost_commits

    with opened(place.database, place.driver) as connection:
        lost = find_lost_commits(place.database, connection)
    return Finding(
        "commits", () if lost is None else (str(lost),), "none is known to be lost", "compare with the newest backup"
    )


def _backups(place: Place) -> Finding:
    from schemaroot.backup.manifest import list_backups
    from schemaroot.cli.text import ago, count
    from schemaroot.schema.values import now

    verified = [one for one in list_backups(place.database) if one.manifest.verified]
    hint = f"make one: {place.command('db backup')}"
    if not verified:
        return Finding("backups", ("there is no verified backup",), hint=hint)
    age = now() - verified[0].manifest.created_at
    said = f"the newest of {count(len(verified), 'verified backup')} was made {ago(age)}"
    return Finding("backups", (said,) if age > OLD else (), said, hint)
