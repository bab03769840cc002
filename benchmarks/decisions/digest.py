"""How to digest the content of a table: ways that are exact, or nearly so, over a million rows, with both drivers.

    python benchmarks/decisions/digest.py [--rows 1000000] [--runs 3]

Prints the table of "Content digests" in `docs/decisions/0003-backup-strategy.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import marshal
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import apsw
import msgspec

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.decisions.common import WORK, fresh, machine_line, table

COLUMNS = "id, project_id, title, overview, status, priority, tags, estimate, created, updated, deleted".split(", ")  # noqa: SIM905  # as SQL lists them
ROWS = f"SELECT {', '.join(COLUMNS)} FROM t NOT INDEXED ORDER BY rowid"
BATCH = 256


def fill(path: Path, rows: int) -> None:
    """A table like the tickets of an application."""
    with closing(sqlite3.connect(fresh(path))) as connection:
        connection.execute(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, project_id INTEGER, title TEXT, overview TEXT, status TEXT,"
            " priority TEXT, tags TEXT, estimate REAL, created INTEGER, updated INTEGER, deleted INTEGER) STRICT"
        )
        moment = 1_700_000_000_000
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (n, n % 50, f"title {n}", "some words " * 5, "open", "low", '["a"]', n / 7, moment + n, moment, None)
                for n in range(1, rows + 1)
            ),
        )
        connection.commit()


def batches(rows: Any) -> Iterator[list[tuple[Any, ...]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def read_only(connection: Any) -> str:
    """The floor: the rows as Python values, and nothing done with them."""
    for _ in batches(connection.cursor().execute(ROWS)):
        pass
    return ""


def with_msgpack(kind: str) -> Callable[[Any], str]:
    def digest(connection: Any) -> str:
        encoder, buffer, made = msgspec.msgpack.Encoder(), bytearray(), hashlib.new(kind)
        for batch in batches(connection.cursor().execute(ROWS)):
            encoder.encode_into(batch, buffer)
            made.update(memoryview(buffer)[3 if len(batch) > 15 else 1 :])
        return made.hexdigest()

    return digest


def with_marshal(connection: Any) -> str:
    made = hashlib.sha256()
    for batch in batches(connection.cursor().execute(ROWS)):
        made.update(marshal.dumps(batch, 0))
    return made.hexdigest()


def with_repr(connection: Any) -> str:
    made = hashlib.sha256()
    for batch in batches(connection.cursor().execute(ROWS)):
        made.update(repr(batch).encode())
    return made.hexdigest()


def with_quote(connection: Any) -> str:
    row = " || ',' || ".join(f"quote({name})" for name in COLUMNS)
    made = hashlib.sha256()
    for (text,) in connection.cursor().execute(f"SELECT group_concat({row}, char(10)) FROM t GROUP BY id / {BATCH}"):
        made.update(text.encode())
    return made.hexdigest()


def with_json(connection: Any) -> str:
    row = ", ".join(COLUMNS)
    made = hashlib.sha256()
    for (text,) in connection.cursor().execute(
        f"SELECT json_group_array(json_array({row})) FROM t GROUP BY id / {BATCH}"
    ):
        made.update(text.encode())
    return made.hexdigest()


WAYS: dict[str, tuple[Callable[[Any], str], str]] = {
    "read the rows, no digest": (read_only, ""),
    "**MessagePack of the rows, SHA-256**": (with_msgpack("sha256"), "yes"),
    "MessagePack of the rows, BLAKE2b": (with_msgpack("blake2b"), "yes"),
    "marshal of the rows, SHA-256": (with_marshal, "no: not the same in every Python"),
    "repr of the rows, SHA-256": (with_repr, "yes"),
    "`quote()` and `group_concat()` in SQL, SHA-256": (with_quote, "no: a text ends at its first NUL"),
    "`json_group_array()` in SQL, SHA-256": (with_json, "no: SQLite 3.40 rounds reals; a blob is an error, or null"),
}


def told(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} ({statistics.median(seconds):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    path = WORK / "digest.db"
    fill(path, options.rows)
    drivers: dict[str, Callable[[], Any]] = {
        "apsw": lambda: apsw.Connection(str(path)),
        "sqlite3": lambda: sqlite3.connect(path),
    }
    took: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.runs):  # interleaved, so that a busy moment meets all alike
        for name, (way, _) in WAYS.items():
            for driver, connect in drivers.items():
                with closing(connect()) as connection:
                    started = time.perf_counter()
                    way(connection)
                    took.setdefault((name, driver), []).append(time.perf_counter() - started)
    print(machine_line())
    lines = [
        [
            name,
            *(f"{min(took[name, driver]):.2f} ({statistics.median(took[name, driver]):.2f})" for driver in drivers),
            exact,
        ]
        for name, (_, exact) in WAYS.items()
    ]
    print(table([f"{options.rows:,} rows, seconds: best (median)", *drivers, "exact"], lines))
    path.unlink()


if __name__ == "__main__":
    main()
