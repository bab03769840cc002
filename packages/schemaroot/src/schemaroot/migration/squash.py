"""How do many revisions become one? What they lead to is written as one revision, and proved to be the same.

A database that has the last of the old ones goes on as if it had the new one; a fresh database gets the new one alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from schemaroot.introspection.catalogue import Catalogue
from schemaroot.migration.compare import differences
from schemaroot.migration.diff import difference
from schemaroot.migration.errors import SquashRefusedError
from schemaroot.migration.renames import Renames
from schemaroot.migration.revisions import LoadedRevision, Migrations, Revision, Revisions
from schemaroot.migration.scratch import Scratch
from schemaroot.migration.write import next_name, revision_source, slug, write_revision


def squash(
    migrations: Migrations, upto: str, *, message: str = "", name: str | None = None, without_rows: bool = False
) -> Path:
    """Replaces all revisions up to one by a single revision, and gives its file. The old files are deleted.

    Args:
        migrations: the revisions.
        upto: the last revision to be replaced, or the beginning of its name.
        message: what the new revision does, in a few words.
        name: its name; made from the number of the last one and the message when left out.
        without_rows: whether rows that the old revisions put into a fresh database are left out on purpose.

    Raises:
        SquashRefusedError: the new revision would not lead to the same schema, other revisions build on one in the
            middle, or a fresh database would lack rows; no file was changed.
        RevisionUnknownError, RevisionHeadsError, RevisionFailedError: likewise.
    """
    revisions = migrations.revisions()
    chain = revisions.ancestors(revisions.named(upto).id)
    _require_whole(revisions, chain)
    old = [one.load() for one in chain]
    target = _target(old, without_rows=without_rows)
    upgrade, downgrade = difference(Catalogue(), target, Renames()), difference(target, Catalogue(), Renames())
    message = message or f"Make the schema of {chain[-1].id}"
    chosen = name or _name(revisions, chain[-1], message)
    replaces = [*dict.fromkeys(name for one in chain for name in (*one.replaces, one.id))]
    source = revision_source(chosen, message, upgrade, downgrade, replaces=replaces)
    made = Revision(chosen, (), tuple(replaces), migrations.folder / f"{chosen}.py", source.encode(), message)
    _prove(made, old, target, [one.load() for one in revisions.ordered if one not in chain])
    path = write_revision(
        migrations.folder, revisions, message, upgrade, downgrade, parents=(), replaces=replaces, name=chosen
    )
    for one in chain:
        one.path.unlink()
    return path


def _name(revisions: Revisions, last: Revision, message: str) -> str:
    number = re.match(r"\d+", last.id)
    return f"{number[0]}_{slug(message)}" if number is not None else next_name(revisions, message)


def _require_whole(revisions: Revisions, chain: Sequence[Revision]) -> None:
    """Refuses a chain that others build on elsewhere than at its end, and one of a single revision."""
    last = chain[-1]
    if len(chain) < 2:
        raise SquashRefusedError(last.id, [f"only {last.id} would be replaced"])
    inside = {one.id for one in chain}
    between = [
        f"{one.id} builds on {parent}, which would be gone"
        for one in revisions.ordered
        if one.id not in inside
        for parent in one.parents
        if parent in inside and parent != last.id
    ]
    if between:
        raise SquashRefusedError(last.id, between)


def _target(chain: Sequence[LoadedRevision], *, without_rows: bool) -> Catalogue:
    """The schema that a chain leads to; refused where it leaves rows in a fresh database."""
    filling: list[str] = []
    with Scratch() as scratch:
        found = scratch.catalogue()
        rows: dict[str, int] = {}
        for loaded in chain:
            found = scratch.run(loaded)
            now = scratch.rows()
            if now != rows:
                steps = ", ".join(scratch.data_steps) or "a trigger"
                filling.append(f"{loaded.revision.id} puts rows into a fresh database by {steps}")
            rows = now
    if rows and not without_rows:
        raise SquashRefusedError(chain[-1].revision.id, filling, rows=True)
    return found


def _prove(made: Revision, old: Sequence[LoadedRevision], target: Catalogue, later: Sequence[LoadedRevision]) -> None:
    """Raises unless the new revision, and all later ones on top of it, lead to what they led to before."""
    problems: list[str] = []
    loaded = made.load()
    with Scratch() as before, Scratch() as after:
        for one in old:
            before.run(one)
        tried = after.try_both_ways(loaded)
        if tried.no_way_back:
            problems.append(f"its way back does not lead back: {tried.no_way_back}")
        problems += _other(target, after.run(loaded), made.id)
        for one in later if not problems else ():
            problems += _other(before.run(one), after.run(one), one.revision.id)
    if problems:
        raise SquashRefusedError(old[-1].revision.id, problems)


def _other(wanted: Catalogue, found: Catalogue, revision: str) -> list[str]:
    extra = [name for name in found.tables if name not in wanted.tables]
    return [f"after {revision}: {problem}" for problem in differences(wanted, found, gone=extra)]
