"""A chain of revisions for tests: a parent, children under CASCADE, a rebuild, a dropped column, a search."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from schemaroot import Database
from schemaroot.engine.driver import DriverName
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Runner
from schemaroot.migration.watch import SILENT, Silent, Watcher

APPLICATION_ID = 0x54455354

_HEAD = '''"""{message}."""

from __future__ import annotations

import sqlalchemy as sa

from schemaroot.migration import op

revision = "{name}"
down_revision = {parents!r}


def upgrade() -> None:
    pass
{up}

def downgrade() -> None:
    pass
{down}
'''

FIRST_UP = """
    op.create_table(
        "projects",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.Column("state", sa.TEXT(), server_default=sa.literal_column("'new'"), nullable=False),
        sa.Column("note", sa.TEXT(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("project_id", sa.INTEGER(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_tickets_project", ondelete="CASCADE"),
        sqlite_strict=True,
    )
    op.create_index("ix_tickets_project", "tickets", ["project_id", sa.column("title").desc()])
    op.create_search("tickets", ["title"])
"""
FIRST_DOWN = """
    op.drop_search("tickets")
    op.drop_index("ix_tickets_project", table_name="tickets")
    op.drop_table("tickets")
    op.drop_table("projects")
"""
SECOND_UP = """
    with op.alter_table("projects") as projects:
        projects.alter_column("state", server_default=sa.literal_column("'open'"))
        projects.add_check("ck_projects_name", sa.func.length(sa.column("name")) >= 1)
"""
SECOND_DOWN = """
    with op.alter_table("projects") as projects:
        projects.drop_check("ck_projects_name")
        projects.alter_column("state", server_default=sa.literal_column("'new'"))
"""
THIRD_UP = """
    # lint: allow DROP_FILLED_COLUMN - tests bring it back
    with op.alter_table("projects") as projects:
        projects.drop_column("note")
        projects.add_column(
            sa.Column("rank", sa.INTEGER(), server_default=sa.literal_column("0"), nullable=False)
        )
"""
THIRD_DOWN = """
    with op.alter_table("projects") as projects:
        projects.drop_column("rank")
        projects.add_column(sa.Column("note", sa.TEXT(), nullable=True))
"""


class Listening(Silent):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        """Remembers."""
        self.said.append(text)


def write(folder: Path, name: str, parents: object, up: str = "", down: str = "") -> Path:
    """Writes a revision file with these steps."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(_HEAD.format(message=f"Do {name}", name=name, parents=parents, up=up, down=down))
    return path


def write_chain(folder: Path) -> Path:
    """Writes the three revisions and gives their folder."""
    versions = folder / "versions"
    write(versions, "0001_initial", None, FIRST_UP, FIRST_DOWN)
    write(versions, "0002_rules", "0001_initial", SECOND_UP, SECOND_DOWN)
    write(versions, "0003_rank", "0002_rules", THIRD_UP, THIRD_DOWN)
    return versions


def runner_for(folder: Path, *, driver: DriverName = "apsw", watcher: Watcher = SILENT) -> Runner:
    """The runner of `folder/a.db` with the revisions of `folder/versions`."""
    migrations = Migrations(folder / "versions", application_id=APPLICATION_ID, command="shop migrate")
    return Runner(migrations, folder / "a.db", driver=driver, watcher=watcher, timeout_ms=500, lock_timeout_s=30)


PROJECTS = sa.table("projects", sa.column("id"), sa.column("name"), sa.column("note"), sa.column("state"))
TICKETS = sa.table("tickets", sa.column("id"), sa.column("project_id"), sa.column("title"))


def opened(runner: Runner) -> Database:
    """The database of a runner, for looking and for writing rows."""
    return runner.open(runner.migrations.revisions())


def fill(runner: Runner, projects: int = 3, tickets: int = 4) -> None:
    """Puts projects with notes, and tickets under each, into a database at the first revision."""
    with opened(runner) as db, db.transaction():
        for project in range(1, projects + 1):
            db.execute(sa.insert(PROJECTS).values(id=project, name=f"p{project}", note=f"note {project}"))
            for ticket in range(tickets):
                db.execute(sa.insert(TICKETS).values(project_id=project, title=f"t{project}.{ticket}"))


def dump(path: Path) -> list[tuple[object, ...]]:
    """Everything in a database but what migrations keep for themselves: schema texts, rows with rowids, next ids."""
    import sqlite3

    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        internal = ("_undo_", "_data_", "schema_history")
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
        ).fetchall()
        ours = [row for row in schema if not row[1].startswith(internal) and not row[2].startswith(internal)]
        found: list[tuple[object, ...]] = [*ours]
        for kind, name, _, sql in ours:
            if kind == "table" and sql is not None and "VIRTUAL" not in sql and not name.startswith("sqlite_"):
                shadow = any(name.startswith(f"{other[1]}_") and "VIRTUAL" in str(other[3]) for other in ours)
                order = "" if shadow or "WITHOUT ROWID" in sql else "rowid, "
                columns = "*" if shadow or "WITHOUT ROWID" in sql else "rowid, *"
                rows = connection.execute(f'SELECT {columns} FROM "{name}" ORDER BY {order}1').fetchall()
                found += [] if shadow else [(name, *row) for row in rows]
        if any(row[1] == "sqlite_sequence" for row in ours):
            rows = connection.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name").fetchall()
            found += [("sequence", *row) for row in rows if not row[0].startswith(internal)]
    connection.close()
    return found
