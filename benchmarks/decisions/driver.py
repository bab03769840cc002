"""Which SQLite driver: the standard library's sqlite3 or apsw, behind the same code.

    python benchmarks/decisions/driver.py [--rounds 15] [--only speed|features|size|threads|seam|locks|plans]

Prints the tables of `docs/decisions/0001-sqlite-driver.md`. It needs both packages of this workspace and apsw.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import apsw

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import data
from benchmarks.contestant import Contestant
from benchmarks.decisions.common import WORK, blocks, fresh, machine_line, medians, ratio, table
from benchmarks.floor import Floor
from benchmarks.floor_apsw import FloorApsw
from benchmarks.ours import Ours, OursSqlite3

FOLDER = WORK / "driver"
NAMES = ("sqlite3", "apsw")


# The same typed code on both ------------------------------------------------------------------------------------------


def speed(rounds: int) -> None:
    """Hand-written typed code on both drivers, and our engine on both."""
    pristine = FOLDER / "pristine.db"
    data.build(pristine)
    classes: dict[str, type[Contestant]] = {
        "hand, sqlite3": Floor,
        "hand, apsw": FloorApsw,
        "ours, sqlite3": OursSqlite3,
        "ours, apsw": Ours,
    }
    opened: dict[str, Any] = {}
    for number, (name, kind) in enumerate(classes.items()):
        path = fresh(FOLDER / f"copy{number}.db")
        shutil.copyfile(pristine, path)
        opened[name] = kind()
        opened[name].open(path)
    ids, rows = data.live_ids(), data.inserts()
    operations: dict[str, tuple[int, Callable[[Any, int], object]]] = {
        "get_by_id": (200, lambda one, turn: one.get_by_id(ids[turn % len(ids)])),
        "list_100": (5, lambda one, turn: one.list_100(turn % 3 + 1)),
        "ticket_with_tasks": (50, lambda one, turn: one.ticket_with_tasks(ids[turn % len(ids)])),
        "page_50_with_tasks": (2, lambda one, turn: one.page_50_with_tasks(turn % 3 + 1)),
        "count_by_status": (20, lambda one, turn: one.count_by_status()),
        "read_20000": (1, lambda one, turn: one.read_20000()),
        "update_1": (10, lambda one, turn: one.update_1(ids[turn % len(ids)], f"title {turn}")),
        "insert_1": (10, lambda one, turn: one.insert_1(rows[turn % len(rows)])),
        "insert_100": (2, lambda one, turn: one.insert_100(rows)),
    }
    found: list[list[object]] = []
    for operation, (calls, run) in operations.items():
        contestants = {name: lambda turn, one=one, run=run: run(one, turn) for name, one in opened.items()}
        spent = blocks(contestants, calls=calls, rounds=3 * rounds)
        cells = [
            f"{statistics.median(spent[name]):,.0f} ({ratio(spent, name, 'hand, sqlite3'):.2f})" for name in classes
        ]
        found.append([operation, *cells, f"{ratio(spent, 'ours, apsw', 'ours, sqlite3'):.2f}"])
    for one in opened.values():
        one.close()
    print(table(["µs (ratio to the first)", *classes, "ours: apsw / sqlite3"], found))


# What each can do -----------------------------------------------------------------------------------------------------


def works(attempt: Callable[[], object]) -> str:
    """`yes`, or what was said instead."""
    try:
        attempt()
    except Exception as error:  # whatever it is, it is the answer
        return f"no ({str(error).splitlines()[0][:60]})"
    return "yes"


STATEMENTS = {
    "STRICT tables": "CREATE TABLE f1 (a INTEGER) STRICT",
    "RETURNING": "INSERT INTO f0 VALUES (1) RETURNING a",
    "UPSERT with a partial index's condition": (
        "INSERT INTO f2 (k) VALUES (1) ON CONFLICT (k) WHERE d IS NULL DO UPDATE SET k = excluded.k"
    ),
    "generated columns": "CREATE TABLE f3 (a INTEGER, b INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL)",
    "window functions": "SELECT row_number() OVER (ORDER BY a) FROM f0",
    "UPDATE ... FROM": "UPDATE f0 SET a = f2.k FROM f2 WHERE f2.k = f0.a",
    "json_each, json_valid": "SELECT value FROM json_each('[1, 2]') WHERE json_valid('{}')",
    "-> and ->> on JSON": "SELECT '{\"a\": 1}' ->> 'a'",
    "JSONB (3.45)": "SELECT jsonb('{}')",
    "full-text search, FTS5": "CREATE VIRTUAL TABLE f4 USING fts5(a)",
    "FTS5 contentless with delete (3.43)": "CREATE VIRTUAL TABLE f5 USING fts5(a, content='', contentless_delete=1)",
    "CHECK added to a table (3.53)": "ALTER TABLE f0 ADD CONSTRAINT later CHECK (a > 0)",
    "NOT NULL taken off a column (3.53)": "ALTER TABLE f6 ALTER COLUMN a DROP NOT NULL",
    "math functions": "SELECT ln(2.0)",
    "VACUUM INTO": "VACUUM INTO '{folder}/vacuumed.db'",
}


def features() -> None:
    """What the two libraries and the two drivers can do."""
    rows: list[list[object]] = [["SQLite", sqlite3.sqlite_version, apsw.sqlite_lib_version()]]
    executes: dict[str, Callable[[str], Any]] = {}
    standard = sqlite3.connect(fresh(FOLDER / "features0.db"), isolation_level=None)
    current = apsw.Connection(str(fresh(FOLDER / "features1.db")))
    executes["sqlite3"] = lambda sql: standard.execute(sql).fetchall()
    executes["apsw"] = lambda sql: current.execute(sql).fetchall()
    for execute in executes.values():
        execute("CREATE TABLE f0 (a INTEGER)")
        execute("CREATE TABLE f2 (k INTEGER, d INTEGER)")
        execute("CREATE UNIQUE INDEX f2_k ON f2 (k) WHERE d IS NULL")
        execute("CREATE TABLE f6 (a INTEGER NOT NULL)")
    for feature, sql in STATEMENTS.items():
        answers = []
        for name in NAMES:
            fresh(FOLDER / "vacuumed.db")
            answers.append(works(lambda name=name, sql=sql: executes[name](sql.replace("{folder}", str(FOLDER)))))
        rows.append([feature, *answers])

    def has(*names: str) -> list[str]:
        return [
            "yes" if name and hasattr(thing, name) else "no"
            for thing, name in zip((standard, current), names, strict=True)
        ]

    rows.append(["backup API", *has("backup", "backup")])
    rows.append(["incremental blobs", *has("blobopen", "blob_open")])
    rows.append(["serialize a database", *has("serialize", "serialize")])
    rows.append(["limits of the library", *has("getlimit", "limit")])
    rows.append(["progress handler", *has("set_progress_handler", "set_progress_handler")])
    rows.append(["interrupt from another thread", *has("interrupt", "interrupt")])
    rows.append(["extended result code of an error", "yes" if sys.version_info >= (3, 11) else "no", "yes"])
    rows.append(["database configuration (defensive, QPSG)", *has("setconfig", "config")])
    rows.append(["WAL: checkpoint and its figures by call", *has("", "wal_checkpoint")])
    rows.append(["WAL: a hook after each commit", *has("", "set_wal_hook")])
    rows.append(["VFS written in Python", "no", "yes" if hasattr(apsw, "VFS") else "no"])
    rows.append(["session extension (changesets)", "no", "yes" if hasattr(apsw, "Session") else "no"])
    rows.append(["virtual tables written in Python", *has("", "create_module")])
    standard.close()
    current.close()
    print(table(["", *NAMES], rows))


# What it costs to install ---------------------------------------------------------------------------------------------


def size() -> None:
    """What apsw adds to an installation."""
    found = metadata.distribution("apsw")
    files = [Path(str(found.locate_file(file))) for file in found.files or ()]
    there = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    total = sum(file.stat().st_size for file in there)
    extensions = sum(file.stat().st_size for file in there if file.suffix in {".so", ".pyd"})
    print(
        f"apsw {found.version} installed: {total / 2**20:.1f} MiB in {len(there)} files, "
        f"{extensions / 2**20:.1f} MiB of it the extensions with SQLite inside; requires {found.requires or 'nothing'}"
    )
    for name in NAMES:
        spent = [imported(f"import {name}") for _ in range(7)]
        print(f"import {name}: {statistics.median(spent):.1f} ms of CPU")


def imported(statement: str) -> float:
    """Milliseconds of CPU that a statement costs a fresh interpreter."""
    code = f"import time; t = time.process_time_ns(); {statement}; print((time.process_time_ns() - t) / 1e6)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


# Threads --------------------------------------------------------------------------------------------------------------

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT sum(i) FROM n"


def threads(rounds: int) -> None:
    """Whether a statement lets other threads of the process run, and what two threads gain."""
    path = FOLDER / "pristine.db"
    if not path.exists():
        data.build(path)
    rows: list[list[object]] = []
    connect: dict[str, Callable[[], Any]] = {
        "sqlite3": lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False),
        "apsw": lambda: apsw.Connection(str(path)),
    }
    pauses: dict[str, list[float]] = {name: [] for name in NAMES}
    lengths: dict[str, list[float]] = {name: [] for name in NAMES}
    gains: dict[str, dict[str, list[float]]] = {name: {"step": [], "rows": []} for name in NAMES}
    for _ in range(max(3, rounds // 3)):
        for name in NAMES:
            pause, length = longest_pause(connect[name])
            pauses[name].append(pause)
            lengths[name].append(length)
            gains[name]["step"].append(gain(connect[name], LONG.format(count=400_000), 1))
            gains[name]["rows"].append(gain(connect[name], "SELECT * FROM tasks", 2))
    middle = {name: {key: statistics.median(values) for key, values in gains[name].items()} for name in NAMES}
    rows.append(["a statement runs for, ms", *(f"{statistics.median(lengths[name]):.0f}" for name in NAMES)])
    rows.append(
        ["longest pause of another thread meanwhile, ms", *(f"{statistics.median(pauses[name]):.1f}" for name in NAMES)]
    )
    rows.append(
        [
            "two threads, statements that compute: times the work of one",
            *(f"{middle[name]['step']:.2f}" for name in NAMES),
        ]
    )
    rows.append(
        ["two threads, 20,000 rows fetched: times the work of one", *(f"{middle[name]['rows']:.2f}" for name in NAMES)]
    )
    print(table(["", *NAMES], rows))


def longest_pause(connect: Callable[[], Any]) -> tuple[float, float]:
    """The longest time that a counting thread stood still while another ran one long statement; and how long it ran."""
    connection = connect()
    spent: list[float] = []

    def run() -> None:
        started = time.perf_counter()
        connection.execute(LONG.format(count=3_000_000)).fetchall()
        spent.append(time.perf_counter() - started)

    thread = threading.Thread(target=run)
    thread.start()
    longest, last = 0.0, time.perf_counter()
    while thread.is_alive():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    thread.join()
    connection.close()
    return longest * 1000, spent[0] * 1000


def gain(connect: Callable[[], Any], sql: str, times: int) -> float:
    """The work that two threads do, each on its own connection, in the time of one."""
    connections = [connect(), connect()]

    def work(connection: Any) -> None:
        for _ in range(times):
            connection.execute(sql).fetchall()

    for connection in connections:
        work(connection)
    started = time.perf_counter()
    for connection in connections:
        work(connection)
    alone = time.perf_counter() - started
    both = [threading.Thread(target=work, args=(connection,)) for connection in connections]
    started = time.perf_counter()
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    together = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return alone / together


# What the seam costs --------------------------------------------------------------------------------------------------


def seam(rounds: int) -> None:
    """A read through a repository beside the bare cursor, and the calls that go through the seam."""
    pristine = FOLDER / "pristine.db"
    if not pristine.exists():
        data.build(pristine)
    rows = [seam_of(name, pristine, rounds) for name in NAMES]
    print(
        table(["µs", "bare fetch", "fetch and typed row, by hand", "Repository.get", "one call through the seam"], rows)
    )


def seam_of(name: Any, pristine: Path, rounds: int) -> list[object]:
    """One driver's line of the table."""
    from benchmarks.floor import GET_TICKET, ticket_of
    from promptliano.schema import Ticket  # loads SQLAlchemy
    from schemaroot import Database, Repository
    from schemaroot.engine.driver import driver_named

    ids = data.live_ids()
    path = fresh(FOLDER / f"seam_{name}.db")
    shutil.copyfile(pristine, path)
    database = Database.open(f"sqlite:///{path}", driver=name)
    tickets = Repository(database, Ticket)
    driver: Any = driver_named(name)
    raw = driver.connect(str(path), "rw")
    cursor = driver.cursor(raw)

    def fetch(turn: int) -> Any:
        return cursor.execute(GET_TICKET, (ids[turn % len(ids)],)).fetchall()

    row = fetch(0)[0]
    direct: Callable[[int], object] = lambda _: cursor.lastrowid  # noqa: E731  # its twin is a method
    if name == "apsw":
        direct = lambda _: raw.last_insert_rowid()  # noqa: E731  # as its twin
    spent = medians(
        {
            "fetch": fetch,
            "decode": lambda _: ticket_of(row),
            "get": lambda turn: tickets.get(ids[turn % len(ids)]),
            "direct": direct,
            "through": lambda _: driver.last_rowid(raw, cursor),
        },
        calls=500,
        rounds=rounds,
    )
    raw.close()
    database.close()
    bare, through = spent["fetch"] + spent["decode"], spent["through"] - spent["direct"]
    return [name, f"{spent['fetch']:.1f}", f"{bare:.1f}", f"{spent['get']:.1f}", f"{through:+.2f}"]


# Two libraries, one file ----------------------------------------------------------------------------------------------

OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
try:
    connection.execute("BEGIN IMMEDIATE")
    print("got the write lock")
except sqlite3.OperationalError as error:
    print(error)
"""


def locks() -> None:
    """What happens to a lock when the process opens and closes the same file with its other SQLite library."""
    rows: list[list[object]] = []
    for journal in ("wal", "delete"):
        path = fresh(FOLDER / "locks.db")
        holder = apsw.Connection(str(path))
        holder.execute(f"PRAGMA journal_mode={journal}").fetchall()
        holder.execute("CREATE TABLE t (a)").fetchall()
        holder.execute("BEGIN IMMEDIATE").fetchall()
        holder.execute("INSERT INTO t VALUES (1)").fetchall()
        before = another_process(path)
        again = apsw.Connection(str(path))
        again.execute("SELECT count(*) FROM t").fetchall()
        again.close()
        same = another_process(path)
        second = sqlite3.connect(path)
        second.execute("SELECT count(*) FROM t").fetchall()
        second.close()
        rows.append([journal, before, same, another_process(path)])
        with contextlib.suppress(apsw.Error):
            holder.execute("ROLLBACK").fetchall()
        holder.close()
    head = [
        "journal",
        "apsw holds the write lock",
        "after apsw opened and closed the file again",
        "after sqlite3 did so in the same process",
    ]
    print("What another process that asks for the write lock is told:\n")
    print(table(head, rows))


def another_process(path: Path) -> str:
    """What a process is told that asks for the write lock of a file."""
    command = [sys.executable, "-c", OTHER, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# Plans that do not hold -----------------------------------------------------------------------------------------------


def plans(rounds: int) -> None:
    """What apsw's build does to a prepared statement whose values change, with and without its stable plans (QPSG)."""
    path = fresh(FOLDER / "plans.db")
    maker = apsw.Connection(str(path))
    maker.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, created INTEGER NOT NULL, note TEXT)"
    ).fetchall()
    maker.execute("CREATE INDEX t_kind ON t (kind, created)").fetchall()
    maker.execute("BEGIN").fetchall()
    maker.executemany("INSERT INTO t (kind, created) VALUES (?, ?)", [(f"k{i % 7}", i) for i in range(20_000)])
    maker.execute("COMMIT").fetchall()
    rows: list[list[object]] = []
    for analyzed in (False, True):
        if analyzed:
            maker.execute("ANALYZE").fetchall()
        runs: dict[str, Callable[[int], object]] = {}
        prepared: dict[str, int] = {}
        for stable in (0, 1):
            connection = apsw.Connection(str(path))
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, stable)
            execute = connection.cursor().execute
            sql = "SELECT id FROM t WHERE kind = ? AND created > ? LIMIT ?"
            name = "stable" if stable else "free"
            prepared[name] = prepared_again(connection, sql)
            runs[name] = lambda turn, execute=execute, sql=sql: execute(
                sql, (f"k{turn % 7}", turn % 19_000, 10)
            ).fetchall()
        spent = medians(runs, calls=300, rounds=rounds)
        cells = [f"{spent[name]:.1f} µs, prepared again {prepared[name]} of 50 times" for name in ("free", "stable")]
        rows.append(["after ANALYZE" if analyzed else "without statistics", *cells])
    print(table(["`kind = ? AND created > ? LIMIT ?`", "as built", "QPSG on (ours)"], rows))


def changing(turn: int) -> tuple[object, ...]:
    """Other values in each run."""
    return (f"k{turn % 7}", turn * 300 % 19_000, 10)


def prepared_again(connection: apsw.Connection, sql: str) -> int:
    """How often SQLite prepared a statement again in 50 runs with other values: its authorizer is asked each time."""
    runs_with_questions = 0
    asked = 0

    def authorize(*_: object) -> int:
        nonlocal asked
        asked += 1
        return int(apsw.SQLITE_OK)

    connection.authorizer = authorize
    for turn in range(51):
        asked = 0
        connection.execute(sql, changing(turn)).fetchall()
        runs_with_questions += bool(asked and turn)  # the first run prepares it in any case
    connection.authorizer = None
    return runs_with_questions


def main(argv: list[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts: dict[str, Callable[[int], None]] = {
        "speed": speed,
        "features": lambda _: features(),
        "size": lambda _: size(),
        "threads": threads,
        "seam": seam,
        "locks": lambda _: locks(),
        "plans": plans,
    }
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds; the figures are their medians")
    parser.add_argument("--only", choices=list(parts), help="one part alone")
    options = parser.parse_args(argv)
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(machine_line())
    for name, part in parts.items():
        if options.only in (None, name):
            print(f"\n## {name}\n")
            part(options.rounds)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
