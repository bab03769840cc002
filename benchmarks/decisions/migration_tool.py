"""Which migration tool: what Alembic does to an SQLite database when it is used as its manual says.

    python benchmarks/decisions/migration_tool.py [--only cascade|rebuild|diff|runner]

Prints the tables of `docs/decisions/0002-migration-tool.md`. It needs `alembic` beside SQLAlchemy; the packages of this
workspace are not used. Every revision runs through Alembic's own commands, with the `env.py` below.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.decisions.common import WORK, fresh, machine_line, table

FOLDER = WORK / "migration_tool"

ENV = """
import sqlalchemy as sa
from alembic import context
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
if context.config.get_main_option("foreign_keys") == "on":
    @sa.event.listens_for(engine, "connect")
    def enforce(connection, record):
        connection.execute("PRAGMA foreign_keys=ON")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = """
from alembic import op
import sqlalchemy as sa
revision = {revision!r}
down_revision = {down!r}
def upgrade():
{upgrade}
def downgrade():
{downgrade}
"""


class Project:
    """A folder with revisions and a database, as `alembic init` lays it out."""

    def __init__(self, name: str, *, foreign_keys: bool = True) -> None:
        self.folder = FOLDER / name
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "versions").mkdir(parents=True)
        (self.folder / "env.py").write_text(ENV, encoding="utf-8")
        self.path = self.folder / "app.db"
        self.config = Config(stdout=io.StringIO())
        self.config.set_main_option("script_location", str(self.folder))
        self.config.set_main_option("sqlalchemy.url", f"sqlite:///{self.path}")
        self.config.set_main_option("path_separator", "os")
        self.config.set_main_option("foreign_keys", "on" if foreign_keys else "off")
        self.last: str | None = None

    def revision(self, name: str, upgrade: str, downgrade: str = "pass") -> Path:
        """Writes a revision file on top of the last one."""
        path = self.folder / "versions" / f"{name}.py"
        bodies = {"upgrade": upgrade, "downgrade": downgrade}
        indented = {key: "\n".join(f"    {line}" for line in body.splitlines()) for key, body in bodies.items()}
        path.write_text(REVISION.format(revision=name, down=self.last, **indented), encoding="utf-8")
        self.last = name
        return path

    def upgrade(self, to: str = "head") -> str:
        """Runs `alembic upgrade`; what it said."""
        try:
            with quietly():
                command.upgrade(self.config, to)
        except Exception as error:  # whatever it is, it is the answer
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return "success"

    @contextlib.contextmanager
    def database(self, *, foreign_keys: bool = False) -> Iterator[sqlite3.Connection]:
        """The database, past Alembic."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        try:
            yield connection
        finally:
            connection.close()

    def value(self, sql: str) -> Any:
        """The first value of a query."""
        with self.database() as connection:
            row = connection.execute(sql).fetchone()
        return row[0] if row else None

    def sql_of(self, name: str) -> str:
        """What the catalogue says of a table, index, trigger or view; empty when it is gone."""
        return self.value(f"SELECT sql FROM sqlite_schema WHERE name = '{name}'") or ""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without Alembic's and SQLAlchemy's words on standard output and error."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


# 1. One default changes -----------------------------------------------------------------------------------------------

PARENT = """
op.create_table("projects", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, server_default="active"))
parent = sa.ForeignKey("projects.id", ondelete="CASCADE", name="fk_tickets_project_id")
op.create_table("tickets", sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("project_id", sa.Integer, parent, nullable=False), sa.Column("title", sa.Text))
""".strip()

NEW_DEFAULT = """
with op.batch_alter_table("projects") as batch:
    batch.alter_column("state", server_default="open")
""".strip()


def cascade() -> None:
    """A parent table with children that cascade, and one default of the parent changed in batch mode."""
    rows: list[list[object]] = []
    for foreign_keys in (False, True):
        project = Project(f"cascade_{foreign_keys}", foreign_keys=foreign_keys)
        project.revision("r1", PARENT)
        project.upgrade()
        with project.database() as connection:
            connection.executemany(
                "INSERT INTO projects (id, name) VALUES (?, ?)", [(i, f"p{i}") for i in range(1, 11)]
            )
            connection.executemany(
                "INSERT INTO tickets (project_id, title) VALUES (?, ?)", [(i % 10 + 1, f"t{i}") for i in range(1000)]
            )
        before = [project.value(f"SELECT count(*) FROM {name}") for name in ("projects", "tickets")]
        project.revision("r2", NEW_DEFAULT)
        said = project.upgrade()
        after = [project.value(f"SELECT count(*) FROM {name}") for name in ("projects", "tickets")]
        with project.database() as connection:
            orphans = len(connection.execute("PRAGMA foreign_key_check").fetchall())
        head = project.value("SELECT version_num FROM alembic_version")
        rows.append(
            [
                "ON" if foreign_keys else "off",
                said,
                head,
                *(f"{b:,} → {a:,}" for b, a in zip(before, after, strict=True)),
                orphans,
            ]
        )
    print(
        table(
            [
                "`PRAGMA foreign_keys`",
                "`alembic upgrade head`",
                "now at",
                "projects",
                "tickets",
                "findings of foreign_key_check",
            ],
            rows,
        )
    )


# 2. What a rebuild in batch mode keeps --------------------------------------------------------------------------------

RICH = """
CREATE TABLE notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT COLLATE NOCASE NOT NULL,
    stars INTEGER NOT NULL DEFAULT 0 CHECK (stars >= 0),
    kind TEXT NOT NULL CONSTRAINT ck_notes_kind CHECK (kind IN ('a', 'b')),
    deleted INTEGER
) STRICT;
CREATE TABLE log (note_id INTEGER);
CREATE INDEX ix_partial ON notes (slug) WHERE deleted IS NULL;
CREATE INDEX ix_expression ON notes (lower(slug));
CREATE INDEX ix_descending ON notes (stars DESC);
CREATE TRIGGER notes_log AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (new.id); END;
INSERT INTO notes (id, slug, kind) VALUES (1, 'One', 'a'), (100, 'Last', 'b');
DELETE FROM notes WHERE id = 100;
"""

ADD_VIEW = "CREATE VIEW live_notes AS SELECT * FROM notes WHERE deleted IS NULL"

ADD_GENERATED = "ALTER TABLE notes ADD COLUMN twice INTEGER GENERATED ALWAYS AS (stars * 2) VIRTUAL"

NEW_STARS_DEFAULT = """
with op.batch_alter_table("notes") as batch:
    batch.alter_column("stars", server_default="1")
""".strip()


def rebuild() -> None:
    """What is left of a table after Alembic's batch mode has changed one default of it."""
    project = Project("rebuild")
    with project.database() as connection:
        connection.executescript(RICH)
    project.revision("r1", NEW_STARS_DEFAULT)
    said = project.upgrade()
    sql = project.sql_of("notes")
    sequence = project.value("SELECT seq FROM sqlite_sequence WHERE name = 'notes'")
    kept = {
        "AUTOINCREMENT": "AUTOINCREMENT" in sql,
        "its sequence (100 was used before)": sequence == 100,
        "COLLATE NOCASE": "NOCASE" in sql.upper(),
        "unnamed CHECK": "stars >= 0" in sql,
        "named CHECK": "ck_notes_kind" in sql,
        "STRICT": sql.rstrip().upper().endswith("STRICT"),
        "trigger": bool(project.sql_of("notes_log")),
        "partial index, with its condition": "WHERE" in project.sql_of("ix_partial").upper(),
        "index over an expression": "lower" in project.sql_of("ix_expression"),
        "descending index": "DESC" in project.sql_of("ix_descending").upper(),
    }
    rows: list[list[object]] = [[name, "kept" if is_kept else "**lost**"] for name, is_kept in kept.items()]
    for name, statement in {
        "a view over the table": ADD_VIEW,
        "a generated column": ADD_GENERATED,
    }.items():
        another = Project("rebuild_more")
        with another.database() as connection:
            connection.executescript(RICH)
            connection.execute(statement)
        another.revision("r1", NEW_STARS_DEFAULT)
        rows.append([f"with {name}: the upgrade itself", another.upgrade()[:100]])
    print(f"`alembic upgrade head` said: {said}\n")
    print(table(["of the table", "after the rebuild"], rows))


# 3. The diff ----------------------------------------------------------------------------------------------------------

Declare = Callable[[sa.MetaData], object]


def one_table(*items: Any, **options: Any) -> Declare:
    """A declaration of one table with a key."""
    return lambda made: sa.Table(
        "t", made, sa.Column("id", sa.Integer, primary_key=True), *(item() for item in items), **options
    )


def column(name: str, *arguments: Any, **options: Any) -> Callable[[], sa.Column[Any]]:
    """Makes a column anew for each declaration."""
    return lambda: sa.Column(name, *arguments, **options)


def check(condition: str) -> Callable[[], sa.CheckConstraint]:
    return lambda: sa.CheckConstraint(condition, name="ck_t_a")


def index(**options: Any) -> Callable[[], sa.Index]:
    return lambda: sa.Index("ix_t_a", "a", **options)


def values(*members: str) -> Callable[[], sa.Column[Any]]:
    return lambda: sa.Column(
        "a", sa.Enum(*members, native_enum=False, create_constraint=True, name="ck_t_a", length=20)
    )


NUMBER = column("a", sa.Integer)
TEXT = column("a", sa.Text)

CHANGES: dict[str, tuple[Declare, Declare]] = {
    "a column is added": (one_table(), one_table(NUMBER)),
    "NOT NULL is added": (one_table(NUMBER), one_table(column("a", sa.Integer, nullable=False))),
    "a server default changes": (
        one_table(column("a", sa.Integer, server_default="1")),
        one_table(column("a", sa.Integer, server_default="2")),
    ),
    "an index becomes unique": (one_table(NUMBER, index()), one_table(NUMBER, index(unique=True))),
    "a CHECK is added": (one_table(NUMBER), one_table(NUMBER, check("a > 0"))),
    "the text of a CHECK changes": (one_table(NUMBER, check("a > 0")), one_table(NUMBER, check("a > 5"))),
    "an enumeration gets a value": (one_table(values("x", "y")), one_table(values("x", "y", "z"))),
    "the collation of a column changes": (one_table(TEXT), one_table(column("a", sa.Text(collation="NOCASE")))),
    "the condition of a partial index changes": (
        one_table(NUMBER, index(sqlite_where=sa.text("a > 0"))),
        one_table(NUMBER, index(sqlite_where=sa.text("a > 5"))),
    ),
    "an index becomes descending": (
        one_table(NUMBER, index()),
        one_table(NUMBER, lambda: sa.Index("ix_t_a", sa.column("a").desc())),
    ),
    "the expression of a generated column changes": (
        one_table(NUMBER, column("b", sa.Integer, sa.Computed("a * 2"))),
        one_table(NUMBER, column("b", sa.Integer, sa.Computed("a * 3"))),
    ),
    "the primary key gets a second column": (one_table(NUMBER), one_table(column("a", sa.Integer, primary_key=True))),
    "the action of a foreign key changes": (
        one_table(column("a", sa.Integer, sa.ForeignKey("t.id", name="fk", ondelete="CASCADE"))),
        one_table(column("a", sa.Integer, sa.ForeignKey("t.id", name="fk", ondelete="SET NULL"))),
    ),
    "the table becomes STRICT": (one_table(NUMBER), one_table(NUMBER, sqlite_strict=True)),
    "AUTOINCREMENT is added": (one_table(NUMBER), one_table(NUMBER, sqlite_autoincrement=True)),
    "a column is renamed": (one_table(NUMBER), one_table(column("b", sa.Integer))),
    "nothing (plain table)": (one_table(NUMBER), one_table(NUMBER)),
    "nothing (CHECK, enumeration, partial index)": (
        one_table(values("x"), index(sqlite_where=sa.text("a > 'b'"))),
        one_table(values("x"), index(sqlite_where=sa.text("a > 'b'"))),
    ),
    "nothing (index over an expression)": (
        one_table(TEXT, lambda: sa.Index("ix_t_a", sa.func.lower(sa.column("a")))),
        one_table(TEXT, lambda: sa.Index("ix_t_a", sa.func.lower(sa.column("a")))),
    ),
    "nothing (a full-text index beside the table)": (one_table(TEXT), one_table(TEXT)),
}


def diff() -> None:
    """What autogenerate finds between a database and declarations that differ in one thing."""
    rows: list[list[object]] = []
    for name, (old, new) in CHANGES.items():
        path = fresh(FOLDER / "diff.db")
        engine = sa.create_engine(f"sqlite:///{path}")
        before, after = sa.MetaData(), sa.MetaData()
        old(before)
        new(after)
        with engine.begin() as connection:
            before.create_all(connection)
            if "full-text" in name:
                connection.exec_driver_sql("CREATE VIRTUAL TABLE t_search USING fts5(a)")
        with engine.connect() as connection, quietly():
            options = {"compare_type": True, "compare_server_default": True}
            found = compare_metadata(MigrationContext.configure(connection, opts=options), after)
        engine.dispose()
        rows.append([name, described(found), verdict(name, found)])
    print(table(["what differs", "autogenerate says", ""], rows))


def described(found: list[Any]) -> str:
    """The operations in a few words."""
    flat = [item for entry in found for item in (entry if isinstance(entry, list) else [entry])]
    words = [
        f"{item[0]} {getattr(item[1], 'name', '') or ''}".strip() if isinstance(item, tuple) else str(item)
        for item in flat
    ]
    if len(words) > 3:
        words = [*words[:2], f"and {len(words) - 2} more"]
    return ", ".join(words) or "nothing"


def verdict(name: str, found: list[Any]) -> str:
    """Whether that is right."""
    if name.startswith("nothing"):
        return "**said each time**" if found else "right"
    if not found:
        return "**missed**"
    if "renamed" in name:
        return "**loses the data**"
    return "**only its NOT NULL**" if "primary key" in name else "found"


# 4. The runner --------------------------------------------------------------------------------------------------------

TWO_STEPS = """
op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))
op.execute("INSERT INTO a VALUES (1)")
op.add_column("missing", sa.Column("x", sa.Integer))
""".strip()

SLOW = """
import os, time
with open(os.path.join(os.path.dirname(__file__), "..", "ran"), "a") as file:
    file.write("x")
op.execute("UPDATE counter SET n = n + 1")
time.sleep(1)
""".strip()

RUN = """
import sys
from alembic import command
from alembic.config import Config
config = Config()
for name, value in zip(sys.argv[1::2], sys.argv[2::2]):
    config.set_main_option(name, value)
command.upgrade(config, "head")
"""


def runner() -> None:
    """A step that fails, two runners at once, a file edited after it ran, a column that comes back."""
    rows: list[list[object]] = []

    half = Project("half")
    half.revision("r1", TWO_STEPS)
    first = half.upgrade()
    left = half.value("SELECT count(*) FROM sqlite_schema WHERE name = 'a'")
    at = half.value("SELECT version_num FROM alembic_version")
    rows.append(
        [
            "the third statement of a revision fails",
            f"{first[:60]}; table `a` is {'there' if left else 'gone'}, recorded revision: {at}",
        ]
    )
    rows.append(["the same revision again, without the bad statement", repaired(half)])

    pair = Project("pair")
    pair.revision(
        "r1", 'op.create_table("counter", sa.Column("n", sa.Integer))\nop.execute("INSERT INTO counter VALUES (0)")'
    )
    pair.upgrade()
    pair.revision("r2", SLOW)
    options = ("script_location", "sqlalchemy.url", "path_separator", "foreign_keys")
    arguments = [part for name in options for part in (name, str(pair.config.get_main_option(name)))]
    both = [
        subprocess.Popen([sys.executable, "-c", RUN, *arguments], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    ends: list[str] = []
    for process in both:
        error = (process.communicate()[1] or "").strip().splitlines()
        ends.append(
            "success" if process.returncode == 0 else f"exit {process.returncode}: {error[-1][:70] if error else ''}"
        )
    ran = pair.value("SELECT n FROM counter")
    times = len((pair.folder / "ran").read_text(encoding="utf-8"))
    rows.append(
        [
            "two runners at the same time, one revision that adds 1",
            f"its code ran {times} times, added {ran}; {' / '.join(sorted(ends))}",
        ]
    )

    edited = Project("edited")
    path = edited.revision("r1", 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))')
    edited.upgrade()
    path.write_text(path.read_text(encoding="utf-8").replace('"a"', '"b"'), encoding="utf-8")
    rows.append(["an applied file is edited, then `upgrade head`", f"{edited.upgrade()}, nothing noticed"])

    back = Project("back")
    back.revision(
        "r1", 'op.create_table("a", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))'
    )
    back.upgrade()
    with back.database() as connection:
        connection.execute("INSERT INTO a VALUES (1, 'kept?')")
    back.revision(
        "r2",
        'with op.batch_alter_table("a") as batch:\n    batch.drop_column("note")',
        'with op.batch_alter_table("a") as batch:\n    batch.add_column(sa.Column("note", sa.Text))',
    )
    back.upgrade()
    with quietly():
        command.downgrade(back.config, "-1")
    rows.append(["a column is dropped, then `downgrade`", f"the value is {back.value('SELECT note FROM a')!r}"])

    branches = Project("branches")
    branches.revision("r1", "pass")
    branches.revision("r2a", "pass")
    branches.last = "r1"
    branches.revision("r2b", "pass")
    script = ScriptDirectory.from_config(branches.config)
    heads = sorted(script.get_heads())
    rows.append(
        [
            "two revisions on one parent",
            f"the graph knows both heads ({', '.join(heads)}); `upgrade head`: {branches.upgrade()[:60]}",
        ]
    )
    print(table(["what happens", "what Alembic does"], rows))


def repaired(project: Project) -> str:
    """What a half-applied revision does when its fault is mended and it runs again."""
    path = project.folder / "versions" / "r1.py"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "missing" not in line]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return project.upgrade()[:100]


def main(argv: list[str] | None = None) -> int:
    """Runs and prints."""
    parts: dict[str, Callable[[], None]] = {"cascade": cascade, "rebuild": rebuild, "diff": diff, "runner": runner}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(parts), help="one part alone")
    options = parser.parse_args(argv)
    print(f"{machine_line()}; Alembic {metadata.version('alembic')}, SQLAlchemy {metadata.version('sqlalchemy')}")
    for name, part in parts.items():
        if options.only in (None, name):
            print(f"\n## {name}\n")
            part()
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
