"""What schema do revisions lead to? They are run, one after the other, on an empty database in memory."""

from __future__ import annotations

from collections.abc import Sequence

from schemaroot.engine.driver import DriverName
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.migration.revisions import LoadedRevision
from schemaroot.migration.scratch import Scratch


def replay(chain: Sequence[LoadedRevision], *, driver: DriverName = "apsw") -> list[Catalogue]:
    """The schema before the first revision (an empty one) and after each.

    Args:
        chain: revisions in the order in which they run.
        driver: whose SQLite runs them.

    Raises:
        RevisionFailedError: one fails even there.
    """
    with Scratch(driver) as scratch:
        return [scratch.catalogue(), *(scratch.run(loaded) for loaded in chain)]
