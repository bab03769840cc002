"""Whatever a revision does that it must not do is refused or rolled back, and named; nothing of it stays."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemaroot.backup.manifest import list_backups
from schemaroot.engine.driver import DriverName
from schemaroot.migration import mending
from schemaroot.migration.data_steps import statement_step
from schemaroot.migration.errors import (
    InvariantError,
    MigrationError,
    OperationFailedError,
    RehearsalError,
    RevisionFailedError,
)
from schemaroot.migration.execute import Executor
from schemaroot.migration.runner import Options, Runner
from schemaroot.migration.session import Session

from .chain import TICKETS, dump, fill, opened, runner_for, write, write_chain

UNREHEARSED = Options(rehearse=False)
TELL = "CREATE TRIGGER tell AFTER UPDATE ON tickets BEGIN INSERT INTO audit VALUES (new.title); END"
TABLES = """
    projects = sa.table("projects", sa.column("id"), sa.column("name"), sa.column("state"))
    tickets = sa.table("tickets", sa.column("id"), sa.column("project_id"), sa.column("title"))
"""


@pytest.fixture
def runner(tmp_path: Path, driver: DriverName) -> Runner:
    """A database at the third revision with rows, and beside our tables somebody else's."""
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    runner.up(options=Options(backup=False, rehearse=False))
    by_hand(
        runner,
        "CREATE TABLE audit (what TEXT)",
        "CREATE INDEX ix_audit ON audit (what)",
        "INSERT INTO audit VALUES ('before')",
    )
    return runner


def by_hand(runner: Runner, *statements: str) -> None:
    """Changes a database as somebody would who does not know of migrations."""
    with opened(runner) as db, db.transaction():
        assert db.held.connection is not None
        for statement in statements:
            db.held.connection.execute(statement).fetchall()


def everything(runner: Runner) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """The content, and every line of the ledger."""
    with sqlite3.connect(f"file:{runner.path}?mode=ro", uri=True) as connection:
        ledger = connection.execute("SELECT * FROM schema_history ORDER BY id").fetchall()
    connection.close()
    return dump(runner.path), ledger


def bad(runner: Runner, up: str, down: str = "") -> None:
    write(runner.migrations.folder, "0004_bad", "0003_rank", up, down)


def refused(runner: Runner, said: str) -> MigrationError:
    """Runs what must be refused, and gives the error; the database is as it was."""
    before = everything(runner)
    with pytest.raises(MigrationError, match=said) as caught:
        runner.up(options=UNREHEARSED)
    assert everything(runner) == before
    assert mending.status(runner).current == "0003_rank"
    return caught.value


# --- ends the transaction ---------------------------------------------------------------------------------------------

CONNECTIONS = """
    import gc, apsw, sqlite3
    told = []
    for one in gc.get_objects():
        if isinstance(one, (apsw.Connection, sqlite3.Connection)):
            try:
                one.execute({sql!r})
            except Exception as error:
                told.append(str(error))
    if {tells}:
        raise ValueError("; ".join(told))
"""


def on_every_connection(sql: str, *, tells: bool = True) -> str:
    """Steps that run SQL on each connection that this process has, and raise what came of it or keep silent."""
    return CONNECTIONS.format(sql=sql, tells=tells)


DOORS = {
    "text": ('    op.execute(sa.text("COMMIT"))\n', "refused"),
    "a string": ('    op.execute("COMMIT")\n', "refused"),
    "DDL": ('    op.execute(sa.DDL("COMMIT"))\n', "refused"),
    "a pragma": ('    op.execute(sa.text("PRAGMA foreign_keys=ON"))\n', "refused"),
    "the connection asked for": ("    op.get_bind().commit()\n", "refused"),
    "the context's connection": ("    op.get_context().bind.commit()\n", "AttributeError"),
    "COMMIT on every connection that is there": (on_every_connection("COMMIT"), "not authorized"),
    "ROLLBACK on every connection": (on_every_connection("ROLLBACK"), "not authorized"),
    "END on every connection": (on_every_connection("END TRANSACTION"), "not authorized"),
    "ATTACH": (on_every_connection("ATTACH ':memory:' AS other"), "not authorized"),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_revision_cannot_end_its_transaction(runner: Runner, door: str) -> None:
    code, said = DOORS[door]
    bad(runner, TABLES + "    op.execute(sa.update(tickets).values(title='spoilt'))\n" + code)

    error = refused(runner, said)

    assert isinstance(error, RevisionFailedError)
    assert (error.revision, error.direction, error.step) == ("0004_bad", "up", 2)


@pytest.mark.parametrize("library", ["sqlite3", "apsw"])
def test_a_revision_cannot_open_the_database_beside_its_transaction(runner: Runner, library: str) -> None:
    connect = "sqlite3.connect" if library == "sqlite3" else "apsw.Connection"
    code = f"""
    import {library}
    other = {connect}({str(runner.path)!r})
    other.execute("DELETE FROM tickets")
    other.execute("COMMIT")
"""
    bad(runner, code)

    error = refused(runner, f"{connect} was refused")

    assert isinstance(error, RevisionFailedError)
    assert list_backups(runner.path) == []


def test_a_revision_file_cannot_open_the_database_while_it_is_loaded(runner: Runner) -> None:
    path = write(runner.migrations.folder, "0004_bad", "0003_rank")
    path.write_text(path.read_text() + f"\nimport sqlite3\nsqlite3.connect({str(runner.path)!r})\n")

    refused(runner, r"0004_bad\.py.*sqlite3\.connect was refused")


# --- changes what it did not declare ----------------------------------------------------------------------------------

SPOILS: dict[str, tuple[str, str]] = {
    "another table, by a statement of every connection": (
        on_every_connection("UPDATE tickets SET title = 'spoilt'"),
        "not authorized",
    ),
    "a row of a child": (on_every_connection("DELETE FROM tickets WHERE id = 1"), "not authorized"),
    "an index of another table": (on_every_connection("DROP INDEX ix_audit"), "not authorized"),
    "the ledger, by op": (
        '    op.execute(sa.delete(sa.table("schema_history", sa.column("id"))))\n',
        "schema_history is a table that migrations keep for themselves",
    ),
    "the ledger's table": ('    op.drop_table("schema_history")\n', "a table that migrations keep for themselves"),
    "a table for undoing": (
        '    op.drop_table("_undo_0003_rank_projects")\n',
        "a table that migrations keep for themselves",
    ),
    "a name of migrations": (
        '    op.create_table("_undo_more", sa.Column("id", sa.INTEGER()))\n',
        "a table that migrations keep for themselves",
    ),
    "the ledger, on every connection": (on_every_connection("DELETE FROM schema_history"), "not authorized"),
    "what is kept, on every connection": (
        on_every_connection("DELETE FROM _undo_0003_rank_projects"),
        "not authorized",
    ),
    "parents of children": (
        TABLES + "    op.execute(sa.delete(projects).where(projects.c.id == 1))\n",
        "tickets.*projects.*not there",
    ),
}


@pytest.mark.parametrize("spoilt", SPOILS)
def test_a_revision_that_spoils_something_is_refused_or_rolled_back(runner: Runner, spoilt: str) -> None:
    code, said = SPOILS[spoilt]
    bad(runner, "    op.create_index('ix_more', 'tickets', ['title'])\n" + code)

    error = refused(runner, said)

    assert "0004_bad" in str(error)


@pytest.mark.parametrize(
    "sql", ["COMMIT", "DELETE FROM tickets", "DELETE FROM schema_history", "DROP TABLE audit", "PRAGMA foreign_keys=ON"]
)
def test_a_revision_that_hides_what_it_tried_has_done_nothing_by_it(runner: Runner, sql: str) -> None:
    before = everything(runner)
    bad(runner, "    op.create_table('more', sa.Column('id', sa.INTEGER()))\n" + on_every_connection(sql, tells=False))

    runner.up(options=UNREHEARSED)

    content, ledger = everything(runner)
    assert [row for row in content if "more" not in row] == before[0]
    assert ledger[:-1] == before[1]


def test_a_trigger_that_is_not_declared_cannot_change_what_the_step_does_not_declare(runner: Runner) -> None:
    by_hand(runner, TELL)
    bad(runner, TABLES + "    op.execute(sa.update(tickets).values(title='other'))\n")

    refused(runner, "the trigger tell would change audit, which the step does not declare")


def test_a_step_that_changes_another_table_by_a_trigger_has_to_say_so(runner: Runner) -> None:
    by_hand(runner, TELL)
    step = sa.update(TICKETS).values(title="other")
    with Session(opened(runner)) as session:
        for also in ([], ["AUDIT"]):
            try:
                with session.revision_transaction():
                    executor = Executor(session.connection, "0004_bad", "up")
                    with executor.fence.around(session.connection):
                        executor.apply(statement_step(step, also))
                        executor.finish()
            except OperationFailedError as error:
                assert not also
                assert error.reason == "the trigger tell would change audit, which the step does not declare"
                assert error.sql.startswith("UPDATE tickets SET title")
                continue
            assert also


def test_a_write_hidden_in_a_statement_is_refused(runner: Runner) -> None:
    hidden = TABLES + (
        "    spoil = sa.update(tickets).values(title='spoilt').returning(tickets.c.id).cte('spoil')\n"
        "    op.execute(sa.update(projects).values(name='x').where(projects.c.id.in_(sa.select(spoil.c.id))))\n"
    )
    bad(runner, hidden)

    refused(runner, "holds another one that writes|syntax error")


def test_a_revision_that_raises_at_any_step_is_rolled_back_with_the_step_named(runner: Runner) -> None:
    steps = [
        "    op.create_index('ix_more', 'tickets', ['title'])\n",
        "    with op.alter_table('projects') as projects:\n"
        "        projects.alter_column('state', server_default=sa.literal_column(\"'old'\"))\n",
        "    op.create_table('more', sa.Column('id', sa.INTEGER(), primary_key=True))\n",
    ]
    for place in range(len(steps) + 1):
        code = [*steps[:place], "    if op.get_bind:\n        raise ValueError('planted')\n", *steps[place:]]
        bad(runner, "".join(code))
        error = refused(runner, f"failed .*at step {place + 1}: ValueError: planted")
        assert isinstance(error, RevisionFailedError)


def test_names_are_compared_as_sqlite_does(runner: Runner) -> None:
    bad(
        runner,
        "    op.execute(sa.update(sa.table('TICKETS', sa.column('title'))).values(title='Other'))\n"
        "    with op.alter_table('Projects') as projects:\n        projects.drop_column('Rank')\n"
        "    # lint: allow DROP_FILLED_COLUMN - a test\n",
        "    with op.alter_table('projects') as projects:\n        projects.add_column("
        "sa.Column('rank', sa.INTEGER(), server_default=sa.literal_column('0'), nullable=False))\n",
    )

    assert runner.up(options=UNREHEARSED).applied[0].revision == "0004_bad"


# --- references that were broken before -------------------------------------------------------------------------------


def test_references_that_were_broken_before_are_kept_where_they_do_not_matter_and_told_where_they_do(
    runner: Runner,
) -> None:
    with sqlite3.connect(runner.path) as connection:
        connection.execute("INSERT INTO tickets (project_id, title) VALUES (99, 'orphan')")
    connection.close()
    bad(
        runner,
        "    op.create_table('more', sa.Column('id', sa.INTEGER(), primary_key=True))\n",
        "    op.drop_table('more')\n",
    )
    assert runner.up().applied[0].revision == "0004_bad"
    before = everything(runner)
    write(
        runner.migrations.folder,
        "0005_rebuild",
        "0004_bad",
        "    with op.alter_table('projects') as projects:\n"
        "        projects.alter_column('state', server_default=sa.literal_column(\"'old'\"))\n",
    )

    with pytest.raises(
        (RevisionFailedError, InvariantError), match=r"0005_rebuild.*1 rows? of tickets.*not there.*backup"
    ):
        runner.up(options=UNREHEARSED)
    assert everything(runner) == before


def test_a_way_back_that_raises_is_named_and_changes_nothing(runner: Runner) -> None:
    bad(runner, "", "    op.create_index('ix_more', 'tickets', ['title'])\n    raise ValueError('planted')\n")

    with pytest.raises(RehearsalError, match=r"back, 0004_bad.*at step 2: ValueError: planted"):
        runner.up()
    runner.up(options=UNREHEARSED)
    before = everything(runner)
    with pytest.raises(RevisionFailedError, match=r"0004_bad \(down\) failed at step 2: ValueError: planted"):
        runner.down(options=UNREHEARSED)
    assert everything(runner) == before


@pytest.mark.parametrize("place", ["upgrade", "top level"])
def test_a_revision_that_ends_the_program_has_failed(runner: Runner, place: str) -> None:
    bad(runner, "    raise SystemExit(0)\n" if place == "upgrade" else "")
    if place == "top level":
        path = runner.migrations.folder / "0004_bad.py"
        path.write_text(path.read_text() + "\nraise SystemExit(0)\n")

    refused(runner, "0004_bad.*SystemExit: 0")
