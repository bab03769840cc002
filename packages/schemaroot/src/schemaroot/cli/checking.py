"""What is checked of a database as a whole? Everything that its revisions, its tables and SQLite say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemaroot.backup.check import CheckFinding, check_database
from schemaroot.backup.create import opened
from schemaroot.errors import SchemarootError
from schemaroot.introspection.read import declared_catalogue, read_catalogue
from schemaroot.migration.compare import differences
from schemaroot.migration.recorded import replay
from schemaroot.migration.state import read_state

if TYPE_CHECKING:
    from schemaroot.backup.manifest import Backup
    from schemaroot.cli.place import Place
    from schemaroot.cli.progress import Bar


def check_place(place: Place, watcher: Bar, backup: Backup | None = None) -> list[CheckFinding]:
    """All that is not as it should be with a database.

    Args:
        place: the database and its revisions.
        watcher: hears of the work.
        backup: a backup whose rows the database should still have.
    """
    runner = place.runner()
    with runner.open(place.migrations.revisions(), read_only=True):
        pass  # whose file it is, and from which version
    with opened(place.database, place.driver, read_only=False) as connection:
        return check_database(
            connection,
            place.migrations.tables,
            drift=lambda _: drift(place),
            backup=backup,
            progress=watcher.stage("checking values"),
            messages=watcher.say,
        )


def drift(place: Place) -> list[str]:
    """How the live schema differs from what its revisions made, and its history from the files.

    Where there are no revisions, from the declared tables.
    """
    runner, revisions = place.runner(), place.migrations.revisions()
    with runner.open(revisions, read_only=True) as db:
        connection = db.pool.take()
        try:
            live = read_catalogue(connection)
            if not revisions.ordered:
                declared = declared_catalogue(place.migrations.tables)
                return differences(place.migrations.with_found(declared), live)
            state = read_state(db, revisions)
            recorded = replay([one.load() for one in state.applied], driver=place.driver)[-1]
            return differences(place.migrations.with_found(recorded), live)
        except SchemarootError as error:
            return [error.message]
        finally:
            db.pool.give(connection)
