"""What is computed before a revision's transaction begins? The batches of its backfills, each committed by itself."""

from __future__ import annotations

from collections.abc import Mapping

from schemaroot.engine.connection import Connection
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import read_catalogue
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.backfill import Staging, staging_name
from schemaroot.migration.describe import describe
from schemaroot.migration.errors import IrreversibleError, OperationInvalidError, RevisionFailedError
from schemaroot.migration.execute import failure
from schemaroot.migration.fence import Fence
from schemaroot.migration.op import running
from schemaroot.migration.operations import Backfill, Operation
from schemaroot.migration.record import Recorder
from schemaroot.migration.revisions import LoadedRevision
from schemaroot.migration.session import Session
from schemaroot.migration.sight import columns_at
from schemaroot.migration.undo import Direction
from schemaroot.migration.watch import Watcher
from schemaroot.migration.work import OnStatement, Work


def recorded(
    connection: Connection, loaded: LoadedRevision, direction: Direction, before: Catalogue
) -> list[Operation]:
    """The operations of a revision in a direction, written down behind a fence instead of run.

    Raises:
        RevisionFailedError: it raised, or tried something behind the back of its operations.
        IrreversibleError: it says that it cannot be undone.
    """
    recorder = Recorder(before)
    try:
        with Fence().around(connection), running(recorder):
            (loaded.upgrade if direction == "up" else loaded.downgrade)()
    except IrreversibleError:
        raise
    except (Exception, SystemExit) as error:
        raise failure(loaded.revision.id, direction, len(recorder.operations), error) from error
    return recorder.operations


def prepare(
    session: Session,
    loaded: LoadedRevision,
    direction: Direction,
    watcher: Watcher,
    on_statement: OnStatement | None = None,
) -> None:
    """Computes what a revision's backfills will need, batch by batch, each in a transaction of its own.

    A backfill whose rows are made by earlier steps of the same revision is left to the revision's transaction.

    Raises:
        RevisionFailedError: a row could not be computed. What was computed before stays, and the next run goes on
            there, or, when the file was changed, begins anew.
    """
    live = read_catalogue(session.connection)
    operations = recorded(session.connection, loaded, direction, live)
    places = [place for place, one in enumerate(operations) if isinstance(one, Backfill)]
    if not places:
        return
    for number, place in enumerate(places):
        backfill = operations[place]
        assert isinstance(backfill, Backfill)
        work = Work(session.connection, on_statement)
        work.place = describe(backfill)
        try:
            staging = Staging(work, backfill, staging_name(loaded.revision.id, direction, backfill.table, number))
            sources = columns_at(live, operations[:place], backfill.table)
            _prepare(session, staging, live, sources, loaded.revision.checksum, watcher)
        except OperationInvalidError as error:
            problem = f"{error.operation}: {error.reason}"
            raise RevisionFailedError(loaded.revision.id, direction, place + 1, problem) from error


def _prepare(
    session: Session,
    staging: Staging,
    live: Catalogue,
    sources: tuple[str, Mapping[str, str]] | None,
    checksum: str,
    watcher: Watcher,
) -> None:
    work = staging.work
    there = folded(staging.name) in work.names()
    if there and statements.checksum_column(checksum) not in _columns(work, staging.name):
        with session.revision_transaction():
            work.run(statements.drop("table", staging.name))
        there = False
    declared = list(staging.backfill.rows.__declaration__.columns)
    if sources is None or any(folded(name) not in sources[1] for name in declared):
        watcher.say(f"{work.place}: its rows are made in the same revision, so that it is computed inside of it.")
        return
    table, expressions = sources
    if not there:
        with session.revision_transaction():
            staging.create(live.tables[table], checksum)
    total = int(work.value(statements.count(table)))
    done = int(work.value(statements.count(staging.name)))
    stage = f"backfill {staging.table}"
    watcher.progress(stage, done, total)
    work.ask(statements.create_view(staging.table, [(name, expressions[folded(name)]) for name in declared], table))
    try:
        while True:
            with session.revision_transaction():
                made = staging.fill()
            done += made
            watcher.progress(stage, done, max(done, total))
            if made < staging.backfill.batch:
                return
    finally:
        work.ask(statements.drop_view(staging.table))


def _columns(work: Work, table: str) -> set[str]:
    return {str(row[1]) for row in work.ask(statements.columns_of(table))}
