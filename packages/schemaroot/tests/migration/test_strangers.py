"""What nobody declares rides along: it follows renames, and any other change of it is refused."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from schemaroot.migration.operations import AlterTable, RenameColumn, RenameTable
from schemaroot.migration.runner import Options
from schemaroot.migration.verify import only_renamed

from .chain import dump, fill, opened, runner_for, write, write_chain

UP = """
    op.rename_table("projects", "plans")
    with op.alter_table("plans") as plans:
        plans.rename_column("id", "number")
"""
DOWN = """
    op.rename_table("plans", "projects")
    with op.alter_table("projects") as projects:
        projects.rename_column("number", "id")
"""


def test_undeclared_tables_triggers_and_views_follow_a_rename_and_come_back(tmp_path: Path) -> None:
    versions = write_chain(tmp_path)
    write(versions, "0004_plans", "0003_rank", UP, DOWN)
    runner = runner_for(tmp_path)
    runner.up("0001", create=True)
    fill(runner)
    runner.up("0003", options=Options(backup=False, rehearse=False))
    with opened(runner) as db, db.transaction():
        assert db.held.connection is not None
        for statement in (
            "CREATE TABLE guests (nr INTEGER PRIMARY KEY, host INTEGER REFERENCES projects (id) ON DELETE CASCADE)",
            "CREATE TRIGGER told AFTER INSERT ON guests BEGIN UPDATE projects SET rank = 1 WHERE id = NEW.host; END",
            "CREATE VIEW seen AS SELECT id, name FROM projects",
            "INSERT INTO guests VALUES (1, 2)",
        ):
            db.held.connection.execute(statement).fetchall()
    start = dump(runner.path)

    runner.up(options=Options(backup=False))
    with opened(runner) as db:
        seen = sa.select(sa.column("number")).select_from(sa.table("seen"))
        assert db.all(seen.order_by(sa.column("number"))) == [(1,), (2,), (3,)]
    runner.down(options=Options(backup=False))
    assert dump(runner.path) == start


def test_only_the_names_that_are_renamed_may_differ() -> None:
    renames = [RenameTable("a", "b"), AlterTable("b", (RenameColumn("x", "y"), RenameColumn("y", "z")))]

    assert only_renamed("CREATE VIEW v AS SELECT x FROM a", 'CREATE VIEW v AS SELECT "z" FROM "b"', renames)
    assert not only_renamed("CREATE VIEW v AS SELECT x FROM a", "CREATE VIEW v AS SELECT w FROM b", renames)
    assert not only_renamed("CREATE VIEW v AS SELECT x FROM a", "CREATE VIEW v AS SELECT x, x FROM a", renames)
    assert not only_renamed("CREATE VIEW v AS SELECT 'x' FROM a", "CREATE VIEW v AS SELECT 'z' FROM a", renames)
