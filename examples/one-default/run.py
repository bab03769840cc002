"""One default of a parent changes: how many children are left, by tool?

    python examples/one-default/run.py [--drizzle] [--json]

Each tool gets the same rows and is used as its manual says, with foreign keys enforced, as a program that cares for its
data has them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

sys.path.insert(0, str(Path(__file__).parent))

from tables import declared

from schemaroot.migration.draft import new
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Runner

PROJECTS, TICKETS = 10, 1000


@dataclass(frozen=True)
class Outcome:
    """What a tool said, and the rows before and after."""

    tool: str
    said: str
    projects: tuple[int, int]
    tickets: tuple[int, int]
    default: str


def fill(path: Path) -> None:
    """Puts the rows in."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executemany("INSERT INTO projects (id, name) VALUES (?, ?)", [(n, f"p{n}") for n in range(1, PROJECTS + 1)])
        tickets = [(n % PROJECTS + 1, f"t{n}") for n in range(TICKETS)]
        db.executemany("INSERT INTO tickets (project_id, title) VALUES (?, ?)", tickets)


def counts(path: Path) -> tuple[int, int]:
    """The rows of parent and child."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return tuple(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("projects", "tickets"))


def default_of(path: Path) -> str:
    """The default that the column has now."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT dflt_value FROM pragma_table_info('projects') WHERE name = 'status'").fetchone()
    return str(found[0]) if found else "?"


def judged(tool: str, path: Path, change: Callable[[], str]) -> Outcome:
    """Fills the database, lets a tool change it, and counts."""
    fill(path)
    before = counts(path)
    said = change()
    after = counts(path)
    return Outcome(tool, said, (before[0], after[0]), (before[1], after[1]), default_of(path))


# --- schemaroot -------------------------------------------------------------------------------------------------------


def schemaroot(folder: Path) -> Outcome:
    """Declares, migrates, declares anew, migrates."""
    path = folder / "a.db"
    runner = Runner(Migrations(folder / "versions", declared("new")), path)
    new(runner.migrations, "Begin")
    runner.up(create=True)

    def change() -> str:
        changed = Runner(Migrations(folder / "versions", declared("open")), path)
        new(changed.migrations, "Open projects")
        return ", ".join(one.revision for one in changed.up().applied)

    return judged("schemaroot", path, change)


# --- Alembic ----------------------------------------------------------------------------------------------------------

ENV = """
import sqlalchemy as sa
from alembic import context
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
@sa.event.listens_for(engine, "connect")
def enforce(connection, record):
    connection.execute("PRAGMA foreign_keys=ON")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
HEAD = "from alembic import op\nimport sqlalchemy as sa\nrevision = {!r}\ndown_revision = {!r}\ndef upgrade():\n"
BEGIN = """\
    op.create_table("projects", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text),
        sa.Column("status", sa.Text, server_default="new"))
    parent = sa.ForeignKey("projects.id", ondelete="CASCADE", name="fk_tickets_project_id")
    op.create_table("tickets", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.Integer, parent, nullable=False), sa.Column("title", sa.Text))
"""
CHANGE = """\
    with op.batch_alter_table("projects") as batch:
        batch.alter_column("status", server_default="open")
"""


def alembic(folder: Path) -> Outcome:
    """Its batch mode, as its manual says for SQLite."""
    path = folder / "a.db"
    (folder / "versions").mkdir()
    (folder / "env.py").write_text(ENV)
    (folder / "versions" / "r1.py").write_text(HEAD.format("r1", None) + BEGIN)
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", str(sa.URL.create("sqlite", database=str(path))))
    with quietly():
        command.upgrade(config, "head")
    (folder / "versions" / "r2.py").write_text(HEAD.format("r2", "r1") + CHANGE)

    def change() -> str:
        with quietly():
            command.upgrade(config, "head")
        return "success"

    return judged("Alembic, batch mode", path, change)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without Alembic's and SQLAlchemy's words on standard error."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


# --- drizzle-kit ------------------------------------------------------------------------------------------------------


def drizzle(folder: Path) -> Outcome:
    """Its generated migration, run by its own migrator on better-sqlite3."""
    source = Path(__file__).parent / "drizzle"
    project = folder / "drizzle"
    shutil.copytree(source, project)
    run(project, "npm", "install", "--silent", "--no-audit", "--no-fund")

    def migrate(schema: str) -> str:
        run(project, "npx", "drizzle-kit", "generate", "--dialect", "sqlite", "--schema", schema, "--out", "out")
        return run(project, "node", "migrate.mjs", str(folder / "a.db")).strip()

    migrate("before.ts")
    return judged("drizzle-kit", folder / "a.db", lambda: migrate("after.ts"))


def run(folder: Path, *words: str) -> str:
    """Runs a program in a folder and gives what it printed."""
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, env={**os.environ, "CI": "true"}, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


# --- all of them ------------------------------------------------------------------------------------------------------


def outcomes(*, with_drizzle: bool) -> list[Outcome]:
    """What each tool did, in a folder of its own."""
    tools: list[Callable[[Path], Outcome]] = [alembic, schemaroot]
    tools += [drizzle] if with_drizzle else []
    made: list[Outcome] = []
    for tool in tools:
        with tempfile.TemporaryDirectory() as folder:
            made.append(tool(Path(folder)))
    return made


def table(made: list[Outcome]) -> str:
    """The outcomes as a table in Markdown."""
    rows = ["| tool | it says | new default | projects | tickets |", "|---|---|---|--:|--:|"]
    for one in made:
        lost = one.tickets[0] != one.tickets[1]
        tickets = f"{one.tickets[0]:,} → {one.tickets[1]:,}"
        rows.append(
            f"| {one.tool} | {one.said} | `{one.default}` | {one.projects[0]} → {one.projects[1]} |"
            f" {f'**{tickets}**' if lost else tickets} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Prints the table, or a JSON document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--drizzle", action="store_true", help="drizzle-kit too, through npm")
    parser.add_argument("--json", action="store_true", help="one JSON document instead")
    chosen = parser.parse_args()
    made = outcomes(with_drizzle=chosen.drizzle)
    print(json.dumps([asdict(one) for one in made], indent=2) if chosen.json else table(made))


if __name__ == "__main__":
    main()
