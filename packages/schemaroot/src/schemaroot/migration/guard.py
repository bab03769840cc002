"""May a program use this database? Only where it stands at the newest revision that the program knows.

Asked at every start of a program, so it reads the files' names and lines of the ledger, and loads nothing else.
"""

from __future__ import annotations

from schemaroot.engine.database import Database
from schemaroot.migration.errors import DatabaseOutdatedError, RevisionMissingError
from schemaroot.migration.history import applied, read_history
from schemaroot.migration.revisions import Revisions


def require_current(db: Database, revisions: Revisions) -> None:
    """Raises when a database is not at the newest revision.

    Raises:
        RevisionMissingError: it has one that no file describes.
        DatabaseOutdatedError: it lacks one, or has no history at all.
    """
    has = applied(read_history(db))
    replaced = {name for revision in revisions.ordered if revision.id in has for name in revision.replaces}
    for name in has:
        if name not in revisions.by_id and name not in replaced:
            raise RevisionMissingError(name, revisions.command)
    missing = [revision.id for revision in revisions.ordered if revision.id not in has]
    if missing:
        raise DatabaseOutdatedError(db.path, next(reversed(has), ""), missing[-1], revisions.command)
