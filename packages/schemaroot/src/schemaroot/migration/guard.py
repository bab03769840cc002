"""May a program use this database? Only where it stands at the newest revision that the program knows.

Asked at every start of a program: a file's name says its revision as a rule, and only where the names do not settle it
are the files read.
"""

from __future__ import annotations

from pathlib import Path

from schemaroot.engine.database import Database
from schemaroot.migration.errors import DatabaseOutdatedError, RevisionMissingError
from schemaroot.migration.history import Fact, applied, create_history, read_history, write_fact
from schemaroot.migration.revisions import Revisions, standing


def require_current(db: Database, folder: Path, *, command: str = "schemaroot migrate") -> None:
    """Raises when a database is not at the newest revision.

    Args:
        db: the database; only its ledger is read.
        folder: where the revision files lie.
        command: how a person calls the command, for the hint.

    Raises:
        RevisionMissingError: it has a revision that no file describes.
        SquashedMiddleError: it has some of the revisions that a squashed one stands for, but not the last.
        DatabaseOutdatedError: it lacks one, or has no history at all.
    """
    has = applied(read_history(db))
    if has.keys() == {path.stem for path in folder.glob("*.py") if not path.name.startswith("_")}:
        return
    revisions = Revisions.read(folder, command=command)
    names, _ = standing(has, revisions)
    for name in names:
        if name not in revisions.by_id:
            raise RevisionMissingError(name, command)
    missing = [revision.id for revision in revisions.ordered if revision.id not in names]
    if missing:
        raise DatabaseOutdatedError(db.path, next(reversed(names), ""), missing[-1], command)


def begin_history(db: Database, revisions: Revisions) -> None:
    """Says that a database which was just created from the declared tables has all revisions."""
    with db.transaction():
        create_history(db)
        for revision in revisions.ordered:
            write_fact(db, Fact(revision.id, "adopt", revision.checksum, note="created from the declared tables"))
