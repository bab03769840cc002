"""Tables, views, triggers and indexes of somebody else beside ours come through, or the migration names them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from schemaroot.engine.driver import DriverName
from schemaroot.migration.errors import InvariantError, MigrationError, RehearsalError
from schemaroot.migration.runner import Options, Runner

from .chain import dump, fill, runner_for, write, write_chain

FOREIGN = """
CREATE TABLE "their notes" (
    note TEXT COLLATE NOCASE, project INTEGER REFERENCES projects (id) ON DELETE CASCADE ON UPDATE CASCADE,
    ticket INTEGER REFERENCES tickets ON DELETE SET NULL, size AS (length(note)), UNIQUE (note, project)
);
CREATE INDEX "their index" ON "their notes" (project DESC) WHERE note IS NOT NULL;
CREATE TABLE their_log (what, at DEFAULT CURRENT_TIMESTAMP);
CREATE TRIGGER their_trigger AFTER DELETE ON "their notes" BEGIN INSERT INTO their_log (what) VALUES (old.note); END;
CREATE VIEW their_view AS SELECT p.name, n.note FROM projects p JOIN "their notes" n ON n.project = p.id;
CREATE VIEW their_state AS SELECT id, state FROM projects;
CREATE TABLE their_keys (a TEXT, b TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
CREATE VIRTUAL TABLE their_words USING fts5 (word);
INSERT INTO "their notes" (note, project, ticket) VALUES ('one', 1, 1), ('two', 2, 5), ('three', 1, NULL);
INSERT INTO their_keys VALUES ('x', 'y'), (x'00', 1.5);
INSERT INTO their_words VALUES ('alpha'), ('beta');
"""


@pytest.fixture
def runner(tmp_path: Path, driver: DriverName) -> Runner:
    """A database at the first of three revisions, with rows, and with a stranger's tables beside."""
    write_chain(tmp_path)
    runner = runner_for(tmp_path, driver=driver)
    runner.up("0001", create=True)
    fill(runner)
    with sqlite3.connect(runner.path) as connection:
        connection.executescript(FOREIGN)
    connection.close()
    return runner


def theirs(runner: Runner) -> list[object]:
    """All that is not ours: texts, rows, what their views and their index of words say."""
    found: list[object] = [row for row in dump(runner.path) if any("their" in str(part) for part in row)]
    with sqlite3.connect(runner.path) as connection:
        for query in (
            "SELECT * FROM their_view ORDER BY 1, 2",
            "SELECT rowid, * FROM their_words WHERE their_words MATCH 'alpha'",
            'SELECT rowid, * FROM "their notes" ORDER BY rowid',
            "SELECT * FROM pragma_foreign_key_check",
        ):
            found.append(connection.execute(query).fetchall())
    connection.close()
    return found


def test_what_is_not_ours_is_exactly_as_it_was_after_up_down_and_up(runner: Runner) -> None:
    before = theirs(runner)

    runner.up()
    assert theirs(runner) == before
    runner.down("0001")
    assert theirs(runner) == before
    runner.up()
    assert theirs(runner) == before


CHANGES = {
    "drops a column of a view": (
        "    with op.alter_table('projects') as projects:\n        projects.drop_column('state')\n"
        "    # lint: allow DROP_FILLED_COLUMN - a test\n"
    ),
    "drops a table that is referred to": (
        "    op.drop_search('tickets')\n    op.drop_index('ix_tickets_project', table_name='tickets')\n"
        "    op.drop_table('tickets')\n    # lint: allow DROP_FILLED_TABLE - a test\n"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_would_touch_what_is_not_ours_is_refused_by_name(runner: Runner, change: str) -> None:
    runner.up()
    write(runner.migrations.folder, "0004_bad", "0003_rank", CHANGES[change])
    before = theirs(runner), dump(runner.path)

    with pytest.raises(MigrationError, match="their"):
        runner.up(options=Options(rehearse=False))
    with pytest.raises((RehearsalError, InvariantError, MigrationError), match="their"):
        runner.up()

    assert (theirs(runner), dump(runner.path)) == before


def test_the_way_to_nothing_is_refused_while_something_refers_to_ours(runner: Runner) -> None:
    before = theirs(runner), dump(runner.path)

    with pytest.raises(MigrationError, match="their"):
        runner.down("base")

    assert (theirs(runner), dump(runner.path)) == before
