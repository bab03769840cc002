"""How long does a migration of a large table take, beside the bare SQL of the same change? Each in a fresh process.

    python -m benchmarks.migration_ways build FOLDER ROWS
    python -m benchmarks.migration_ways bare FOLDER [--cpu]
    python -m benchmarks.migration_ways alone FOLDER [--cpu]
    python -m benchmarks.migration_ways whole FOLDER [--cpu]

The change is another default of one column, which SQLite cannot make in place: the table is made anew. `bare` is what
a careful person types, in one transaction; `alone` is the migration without backup and rehearsal, `whole` with both.
Each prints one JSON document, works on a copy of its own, and is alone in its process, so that the peak of memory is
its own.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.migration import Cost
from schemaroot.engine.database import Database
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Options, Runner
from schemaroot.migration.session import Session

FIRST = '''\
"""Customers and their orders."""

import sqlalchemy as sa

from schemaroot.migration import op

revision = "0001_first"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("name", sa.TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("customer_id", sa.INTEGER(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.Column("status", sa.TEXT(), nullable=False, server_default=sa.literal("new")),
        sa.Column("price", sa.REAL(), nullable=True),
        sa.Column("note", sa.TEXT(), nullable=False),
        sa.Column("created", sa.INTEGER(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], ondelete="CASCADE"),
        sa.CheckConstraint(sa.column("status").in_(["new", "open", "sent", "paid"]), name="ck_orders_status"),
        sqlite_strict=True,
    )
    op.create_index("ix_orders_customer", "orders", ["customer_id", "created"])
    op.create_index("ix_orders_status", "orders", ["status"])


def downgrade() -> None:
    op.drop_table("orders")
    op.drop_table("customers")
'''

SECOND = '''\
"""Orders are open when they come in."""

import sqlalchemy as sa

from schemaroot.migration import op

revision = "0002_second"
down_revision = "0001_first"


def upgrade() -> None:
    with op.alter_table("orders") as orders:
        orders.alter_column("status", server_default=sa.literal("open"))


def downgrade() -> None:
    with op.alter_table("orders") as orders:
        orders.alter_column("status", server_default=sa.literal("new"))
'''

CUSTOMERS = 1000
FILL = (
    f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {CUSTOMERS}) "
    "INSERT INTO customers SELECT i, 'Customer ' || i FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
    f"INSERT INTO orders SELECT i, 1 + i * 7919 % {CUSTOMERS}, 'Order number ' || i, "
    "CASE i % 4 WHEN 0 THEN 'new' WHEN 1 THEN 'open' WHEN 2 THEN 'sent' ELSE 'paid' END, "
    "CASE WHEN i % 5 THEN i % 9973 / 7.0 END, "
    "substr('to be left with the neighbours, who are at home after five, or in the shed', 1 + i * 31 % 60) || i, "
    "1700000000000 + i * 1000 FROM n",
)

BARE = (
    "PRAGMA foreign_keys=OFF",
    "BEGIN IMMEDIATE",
    "CREATE TABLE new_orders (id INTEGER NOT NULL, customer_id INTEGER NOT NULL, title TEXT NOT NULL, "
    "status TEXT NOT NULL DEFAULT 'open', price REAL, note TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (id), "
    "FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE, "
    "CONSTRAINT ck_orders_status CHECK (status IN ('new', 'open', 'sent', 'paid'))) STRICT",
    "INSERT INTO new_orders (id, customer_id, title, status, price, note, created) "
    "SELECT id, customer_id, title, status, price, note, created FROM orders",
    "DROP TABLE orders",
    "ALTER TABLE new_orders RENAME TO orders",
    "CREATE INDEX ix_orders_customer ON orders (customer_id, created)",
    "CREATE INDEX ix_orders_status ON orders (status)",
    "COMMIT",
)


def build(folder: Path, rows: int) -> None:
    """Writes the revisions, and a database with so many orders."""
    versions = folder / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text(FIRST)
    (versions / "0002_second.py").write_text(SECOND)
    path = folder / "pristine.db"
    Runner(Migrations(versions), path).up("0001_first", create=True)
    customers, orders = FILL
    with Session(Database.open(f"sqlite:///{path}")) as session:
        session.connection.execute(customers).fetchall()
        session.connection.execute(orders, (rows,)).fetchall()


def bare(path: Path) -> dict[str, float]:
    """The bare SQL, on the driver and with the settings of a migration."""
    with Session(Database.open(f"sqlite:///{path}")) as session:
        for statement in BARE:
            session.connection.execute(statement).fetchall()
    return {}


def migrate(path: Path, versions: Path, *, whole: bool) -> dict[str, float]:
    """The migration; gives the seconds of each kind of work."""
    options = Options(backup=whole, rehearse=whole)
    return Runner(Migrations(versions), path).up(options=options).spent


def peak_mib() -> float:
    """The most memory that this process held since it began."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        import resource  # counts what the parent held when it forked, too

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / 2**20 if sys.platform == "darwin" else most / 2**10
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10


def main(arguments: Sequence[str]) -> int:
    """Makes the data, or the change in one way, and prints what it cost."""
    verb, folder = arguments[0], Path(arguments[1])
    if verb == "build":
        build(folder, int(arguments[2]))
        return 0
    if "--cpu" in arguments:
        time.perf_counter = time.process_time  # what the migration calls seconds is CPU time then
    own = folder / verb
    own.mkdir()
    path = own / "orders.db"
    shutil.copy(folder / "pristine.db", path)
    started = time.perf_counter()
    spent = bare(path) if verb == "bare" else migrate(path, folder / "versions", whole=verb == "whole")
    seconds = time.perf_counter() - started
    shutil.rmtree(own)
    print(json.dumps(Cost(seconds, peak_mib(), spent)._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
