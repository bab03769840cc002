"""Which revisions lead to our tables, and may this program use a database? Asked before any command looks at data."""

from __future__ import annotations

from pathlib import Path

from promptliano.schema import APPLICATION_ID, SCHEMA_NUMBER, TABLES
from schemaroot import Database, Identity
from schemaroot.migration.guard import begin_history, require_current
from schemaroot.migration.revisions import Migrations

VERSIONS = Path(__file__).parent / "migrations" / "versions"
"""Where the revision files lie."""

IDENTITY = Identity(APPLICATION_ID, SCHEMA_NUMBER)
"""What marks our files."""

COMMAND = "promptliano migrate"


def migrations() -> Migrations:
    """The program's migrations."""
    return Migrations(VERSIONS, TABLES, APPLICATION_ID, COMMAND)


def check_current(db: Database) -> None:
    """Raises when a database is not at the newest revision: `DB_OUTDATED` or `REVISION_MISSING`."""
    require_current(db, VERSIONS, command=COMMAND)


def mark_current(db: Database) -> None:
    """Gives a database that was just created from the declared tables the history of one that was migrated."""
    begin_history(db, migrations().revisions())


def create(url: str) -> Database:
    """A new, empty database of ours (`sqlite:///...`), at the newest revision."""
    db = Database.create(url, TABLES, identity=IDENTITY)
    mark_current(db)
    return db
