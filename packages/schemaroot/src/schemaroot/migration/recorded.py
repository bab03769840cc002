"""What schema do revisions lead to? They are run, one after the other, on an empty database in memory."""

from __future__ import annotations

from collections.abc import Sequence

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.errors import SchemarootError
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import read_catalogue
from schemaroot.migration.errors import OperationFailedError, RevisionFailedError
from schemaroot.migration.execute import Executor
from schemaroot.migration.op import running
from schemaroot.migration.revisions import LoadedRevision


def replay(chain: Sequence[LoadedRevision], *, driver: DriverName = "apsw") -> list[Catalogue]:
    """The schema before the first revision (an empty one) and after each.

    Args:
        chain: revisions in the order in which they run.
        driver: whose SQLite runs them.

    Raises:
        RevisionFailedError: one fails even there.
    """
    chosen = driver_named(driver)
    connection = Connection(chosen, chosen.connect(":memory:", "rwc"), writer=True)
    try:
        states = [read_catalogue(connection)]
        connection.execute(dialect.PRAGMA_FOREIGN_KEYS_OFF).fetchall()
        for loaded in chain:
            connection.execute(dialect.BEGIN_WRITE).fetchall()
            _run(loaded, connection)
            states.append(read_catalogue(connection))
            connection.execute(dialect.COMMIT).fetchall()
        return states
    finally:
        connection.close()


def _run(loaded: LoadedRevision, connection: Connection) -> None:
    executor = Executor(connection, loaded.revision.id, "up")
    try:
        with running(executor):
            loaded.upgrade()
    except Exception as error:
        raise failure(loaded.revision.id, "up", executor, error, tried=True) from error


def failure(
    revision: str, direction: str, executor: Executor, error: Exception, *, tried: bool = False
) -> RevisionFailedError:
    """The error for what a revision raised, with the step and the statement that it stood at."""
    problem = f"{type(error).__name__}: {error}"
    statement = ""
    if isinstance(error, SchemarootError):
        problem = f"{error.message.rstrip('.')}. {error.hint}" if error.hint else error.message
    if isinstance(error, OperationFailedError):
        problem, statement = f"{error.operation}: {error.reason}", error.sql
    return RevisionFailedError(
        revision, direction, len(executor.executed) + 1, problem, statement=statement, tried=tried
    )
