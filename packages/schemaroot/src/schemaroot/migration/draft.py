"""What would the next revision be? From the schema that the revisions lead to, to the one that is declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import declared_catalogue
from schemaroot.migration.diff import difference
from schemaroot.migration.errors import RenameUnclearError
from schemaroot.migration.operations import Operation
from schemaroot.migration.recorded import replay
from schemaroot.migration.renames import RenameQuestion, Renames, hinted, rename_questions
from schemaroot.migration.revisions import Migrations, Revisions
from schemaroot.migration.squash import squash as squash  # noqa: PLC0414  # named among the verbs that write files
from schemaroot.migration.write import write_revision

Ask = Callable[[RenameQuestion], bool]
"""Asks a person whether something was renamed."""


@dataclass(frozen=True)
class Draft:
    """The operations of the next revision, either way; none when nothing differs."""

    upgrade: tuple[Operation, ...]
    downgrade: tuple[Operation, ...]


def recorded_schema(revisions: Revisions) -> Catalogue:
    """The schema that the revisions lead to; raises `RevisionHeadsError` when they lead to several."""
    head = revisions.head
    chain = [] if head is None else [one.load() for one in revisions.ancestors(head.id)]
    return replay(chain)[-1]


def draft(migrations: Migrations, *, dropped: Sequence[str] = (), ask: Ask | None = None) -> Draft:
    """What leads from the recorded schema to the declared one.

    Args:
        migrations: the revisions and the tables.
        dropped: what goes for good although something like it comes: a table, or `table.column`.
        ask: asks a person; without it an unclear rename is an error.

    Raises:
        RenameUnclearError: something could be a rename, and nobody said so; it names the hint to write.
    """
    recorded = recorded_schema(migrations.revisions())
    declared = declared_catalogue(migrations.tables)
    renames = hinted(migrations.tables, recorded)
    refused = list(dropped)
    while questions := rename_questions(recorded, declared, renames, refused):
        if ask is None:
            raise RenameUnclearError([one.hint for one in questions], [one.dropped for one in questions])
        renames, refused = _answered(questions[0], ask, renames, refused)
    upgrade = difference(recorded, declared, renames)
    downgrade = difference(declared, recorded, renames.inverse())
    return Draft(tuple(upgrade), tuple(downgrade))


def _answered(question: RenameQuestion, ask: Ask, renames: Renames, refused: list[str]) -> tuple[Renames, list[str]]:
    if not ask(question):
        return renames, [*refused, question.dropped]
    if question.table:
        return renames.with_column(question.table, question.old, question.new), refused
    return renames.with_table(question.old, question.new), refused


def new(
    migrations: Migrations,
    message: str,
    *,
    dropped: Sequence[str] = (),
    ask: Ask | None = None,
    empty: bool = False,
    name: str | None = None,
) -> Path | None:
    """Writes the next revision and gives its file; `None` when nothing differs.

    Args:
        migrations, dropped, ask: as for `draft`.
        message: what the revision does, in a few words.
        empty: writes a revision without operations, for steps that change rows.
        name: its name; made from a number and the message when left out.

    Raises:
        RenameUnclearError, RevisionHeadsError: nothing was written.
    """
    revisions = migrations.revisions()
    drafted = Draft((), ()) if empty else draft(migrations, dropped=dropped, ask=ask)
    if not empty and not drafted.upgrade:
        return None
    return write_revision(migrations.folder, revisions, message, drafted.upgrade, drafted.downgrade, name=name)


def merge(migrations: Migrations, message: str = "") -> Path | None:
    """Writes a revision that joins all heads, and nothing more; `None` when there is only one."""
    revisions = migrations.revisions()
    heads = [head.id for head in revisions.heads]
    if len(heads) < 2:
        return None
    return write_revision(migrations.folder, revisions, message or f"Join {' and '.join(heads)}", (), (), parents=heads)
