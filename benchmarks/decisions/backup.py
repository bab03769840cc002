"""Which backup strategy: ways to copy an SQLite database while another process writes to it.

    python benchmarks/decisions/backup.py [--mebibytes 100] [--runs 3] [--only METHOD]

Prints the tables of `docs/decisions/0003-backup-strategy.md`. It uses the standard library's sqlite3 alone.

The writer is a bank: every transaction moves money from one account to another and records the movement, so that the
sum of all accounts never changes and the movements explain every balance. A copy in which either is false, or which
lacks a movement that was committed before the copy began, is not a backup.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import stat
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.decisions.common import WORK, fresh, machine_line, table

FOLDER = WORK / "backup"
ACCOUNTS, BALANCE = 1_000, 1_000
GIVE_UP_S = 15.0

# The writer -----------------------------------------------------------------------------------------------------------


def connect(path: Path) -> sqlite3.Connection:
    """A connection with our settings: autocommit, WAL, full synchronisation."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def fill(path: Path, mebibytes: int) -> None:
    """A new database of about that size."""
    connection = connect(fresh(path))
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)")
    connection.execute("CREATE TABLE moves (id INTEGER PRIMARY KEY, source INTEGER, target INTEGER, amount INTEGER)")
    connection.execute("CREATE TABLE ballast (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    connection.executemany("INSERT INTO accounts VALUES (?, ?)", [(i, BALANCE) for i in range(ACCOUNTS)])
    dice = random.Random(mebibytes)
    pages = mebibytes * 2**20 // 4096
    connection.executemany("INSERT INTO ballast (body) VALUES (?)", ((dice.randbytes(3_900),) for _ in range(pages)))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def write(path: Path) -> None:
    """Moves money until standard input ends; prints the start and end of every commit, in seconds."""
    connection = connect(path)
    dice = random.Random(7)
    pages = connection.execute("SELECT max(id) FROM ballast").fetchone()[0]
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    commits: list[tuple[float, float]] = []
    print("ready", flush=True)
    while not ended.is_set():
        source, target = dice.sample(range(ACCOUNTS), 2)
        started = time.time()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE accounts SET balance = balance - 1 WHERE id = ?", (source,))
        connection.execute("INSERT INTO moves (source, target, amount) VALUES (?, ?, 1)", (source, target))
        connection.execute("UPDATE ballast SET body = zeroblob(3900) WHERE id = ?", (dice.randint(1, pages),))
        connection.execute("UPDATE accounts SET balance = balance + 1 WHERE id = ?", (target,))
        connection.execute("COMMIT")
        commits.append((started, time.time()))
    connection.close()
    print(json.dumps(commits))


def problem(path: Path, moves: int = 0) -> str:
    """What is wrong with a copy that must hold so many movements at least; empty when nothing is."""
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            said = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if said != "ok":
                return "damaged"
            total = connection.execute("SELECT sum(balance) FROM accounts").fetchone()[0]
            moved = connection.execute(
                """
                SELECT account, sum(amount) FROM (
                    SELECT target AS account, amount FROM moves UNION ALL SELECT source, -amount FROM moves
                ) GROUP BY account
                """
            )
            explained = {**dict.fromkeys(range(ACCOUNTS), 0), **dict(moved.fetchall())}
            held = dict(connection.execute("SELECT id, balance FROM accounts").fetchall())
            if total != ACCOUNTS * BALANCE or any(held.get(i) != BALANCE + explained[i] for i in explained):
                return "the books do not balance"
            return "" if connection.execute("SELECT count(*) FROM moves").fetchone()[0] >= moves else "commits missing"
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return str(error)


# The ways to copy -----------------------------------------------------------------------------------------------------


class GaveUp(Exception):
    """It did not finish in time."""


def one_step(source: Path, target: Path) -> None:
    held, made = connect(source), sqlite3.connect(target)
    held.backup(made, pages=-1)
    made.close()
    held.close()


def slices(pages: int, pause: float) -> Callable[[Path, Path], None]:
    def copy(source: Path, target: Path) -> None:
        deadline = time.monotonic() + GIVE_UP_S

        def progress(_status: int, _remaining: int, _total: int) -> None:
            if time.monotonic() > deadline:
                raise GaveUp

        held, made = connect(source), sqlite3.connect(target)
        try:
            held.backup(made, pages=pages, progress=progress, sleep=pause)
        finally:
            made.close()
            held.close()

    return copy


def vacuum_into(source: Path, target: Path) -> None:
    held = connect(source)
    held.execute("VACUUM INTO ?", (str(target),))
    held.close()


def copy_file(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def copy_files(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    for suffix in ("-wal", "-shm"):
        shutil.copyfile(f"{source}{suffix}", f"{target}{suffix}")


METHODS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "one_step": ("backup API, one step (`pages=-1`)", one_step),
    "slices_paused": ("backup API, 100 pages at a time, 10 ms between", slices(100, 0.01)),
    "slices": ("backup API, 1,000 pages at a time, no pause", slices(1_000, 0.0)),
    "vacuum_into": ("`VACUUM INTO`", vacuum_into),
    "copy_file": ("copy of the main file", copy_file),
    "copy_files": ("copy of the main file, `-wal` and `-shm`", copy_files),
}

# Measuring ------------------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """One backup under load."""

    seconds: float
    problem: str
    stall_ms: float
    quiet_ms: float
    commits: int
    mebibytes: float


def measure(method: str, source: Path, number: int) -> Run:
    """Makes one backup while the writer writes."""
    target = fresh(FOLDER / f"{method}_{number}.db")
    counting = connect(source)
    there = counting.execute("SELECT count(*) FROM moves").fetchone()[0]
    counting.close()
    writer = subprocess.Popen(
        [sys.executable, __file__, "--write", str(source)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdin is not None and writer.stdout is not None
    writer.stdout.readline()
    time.sleep(0.7)
    started = time.time()
    copied = subprocess.run([sys.executable, __file__, "--copy", method, str(source), str(target)], check=False)
    ended = time.time()
    time.sleep(0.2)
    writer.stdin.close()
    commits: list[tuple[float, float]] = json.loads(writer.stdout.read())
    writer.wait()
    during = [end - start for start, end in commits if end > started and start < ended]
    before = [end - start for start, end in commits if end <= started]
    acknowledged = there + len(before)
    found = (
        "gave up" if copied.returncode == 3 else problem(target, acknowledged) if copied.returncode == 0 else "failed"
    )
    size = target.stat().st_size / 2**20 if target.exists() else 0.0
    fresh(target)
    return Run(ended - started, found, max(during) * 1000, max(before) * 1000, len(during), size)


def under_load(mebibytes: int, runs: int, only: str | None) -> None:
    """Every method, several times."""
    source = FOLDER / "bank.db"
    fill(source, mebibytes)
    rows: list[list[object]] = []
    for method, (title, _) in METHODS.items():
        if only not in (None, method):
            continue
        found: list[Run] = []
        while len(found) < runs and sum(run.problem == "gave up" for run in found) < 2:
            found.append(measure(method, source, len(found)))
        good = sum(not run.problem for run in found)
        wrong = sorted({run.problem for run in found if run.problem})
        rows.append(
            [
                title,
                f"{good} of {len(found)}" + (f" ({'; '.join(wrong)})" if wrong else ""),
                f"{statistics.median(run.seconds for run in found):.2f}",
                f"{max(run.stall_ms for run in found):.0f}",
                f"{max(run.quiet_ms for run in found):.0f}",
                f"{statistics.median(run.commits for run in found):.0f}",
            ]
        )
    head = [
        "",
        "good backups",
        "seconds (median)",
        "longest commit meanwhile, ms",
        "longest before, ms",
        "commits meanwhile",
    ]
    print(f"{mebibytes} MiB, a second process commits without pause, WAL, synchronous=FULL:\n")
    print(table(head, rows))


def costs(mebibytes: int) -> None:
    """What verifying takes, and which mode a new file gets."""
    source = FOLDER / "bank.db"
    if not source.exists():
        fill(source, mebibytes)
    rows: list[list[object]] = []
    os.umask(0)
    for method in ("one_step", "vacuum_into"):
        title, copy = METHODS[method]
        modes: list[str] = []
        for made_before in (False, True):
            target = fresh(FOLDER / "costs.db")
            if made_before:
                os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, stat.S_IRUSR | stat.S_IWUSR))
            started = time.monotonic()
            copy(source, target)
            spent = time.monotonic() - started
            modes.append(f"{stat.S_IMODE(target.stat().st_mode):04o}")
        started = time.monotonic()
        wrong = problem(target)
        verified = time.monotonic() - started
        rows.append([title, f"{spent:.2f}", f"{verified:.2f}", *modes, wrong or "good"])
    head = ["no writer", "seconds", "seconds to verify", "mode, umask 0", "mode, file made 0600 first", "copy"]
    print(table(head, rows))


def schema_run_again() -> None:
    """`VACUUM INTO` runs the schema again, which a library that reads it more strictly may refuse."""
    code = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
try:
    if sys.argv[3] == "vacuum":
        connection.execute("VACUUM INTO ?", (sys.argv[2],)).fetchall()
    else:
        made = apsw.Connection(sys.argv[2])
        with made.backup("main", connection, "main") as backup:
            backup.step(-1)
    print("done")
except apsw.Error as error:
    print(error)
"""
    source = fresh(FOLDER / "quoted.db")
    connection = sqlite3.connect(source)
    connection.execute("CREATE TABLE d (data TEXT)")
    connection.execute('CREATE INDEX d_project ON d (json_extract(data, "$.projectId"))')
    connection.close()
    rows: list[list[object]] = []
    for way, title in (("backup", "backup API"), ("vacuum", "`VACUUM INTO`")):
        target = fresh(FOLDER / "quoted_copy.db")
        command = [sys.executable, "-c", code, str(source), str(target), way]
        rows.append(
            [
                title,
                subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip() or "no apsw here",
            ]
        )
    print("An index whose expression holds a text in double quotes, copied by a library that takes no such texts:\n")
    print(table(["", "says"], rows))


def main(argv: list[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=100, help="size of the database")
    parser.add_argument("--runs", type=int, default=3, help="backups by each method")
    parser.add_argument("--only", choices=list(METHODS), help="one method alone")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--copy", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.write:
        write(options.write)
        return 0
    if options.copy:
        method, source, target = options.copy
        try:
            METHODS[method][1](Path(source), Path(target))
        except GaveUp:
            return 3
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(machine_line() + "\n")
    under_load(options.mebibytes, options.runs, options.only)
    print()
    costs(options.mebibytes)
    print()
    schema_run_again()
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
