"""Fixtures for tests of the takeover of legacy databases."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from promptliano.legacy.importer import IDENTITY, run_import
from promptliano.legacy.rebuild import Rebuilder
from promptliano.legacy.report import ImportReport
from promptliano.legacy.sealing import Sealer, key_path
from promptliano.schema import TABLES
from schemaroot import Database

VARIABLE = "PROMPTLIANO_LEGACY_SAMPLES"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder with real legacy databases, which are not part of the project."""
    said = os.environ.get(VARIABLE, "")
    folder = Path(said)
    if not said or not (folder / "typical.db").is_file():
        pytest.skip(f"REAL LEGACY SAMPLES NOT TESTED: {VARIABLE} names no folder with typical.db (it is {said!r})")
    return folder


def cell_bytes(value: object) -> bytes:
    """A cell as the manifests hash it; written apart from the product's own."""
    if value is None:
        return b"n"
    if isinstance(value, int):
        return f"i{value}".encode()
    if isinstance(value, float):
        return b"r" + struct.pack(">d", value).hex().encode()
    raw = value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[arg-type]  # what SQLite gives
    return f"{'t' if isinstance(value, str) else 'b'}{len(raw)}:".encode() + raw


def table_hash(path: Path, table: str) -> str:
    """The hash over all rows of a table, in the order of its first column."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        names = [name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")')]
        without_rowid = table == "sqlite_sequence"
        order = f'"{names[0]}"' + ("" if without_rowid else ", rowid")
        listed = ", ".join(f'"{name}"' for name in names)
        digest = hashlib.sha256()
        for row in connection.execute(f'SELECT {listed} FROM "{table}" ORDER BY {order}'):
            digest.update(b"|".join(map(cell_bytes, row)) + b"\n")
    return digest.hexdigest()


@dataclass
class Imported:
    """An import that was run, and doors to what it made."""

    source: Path
    target: Path
    report: ImportReport
    db: Database
    raw: sqlite3.Connection
    accounts: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts = {table.source: table.counts() for table in self.report.tables}

    def before(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement on the source."""
        with closing(sqlite3.connect(f"file:{self.source}?immutable=1", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement on the target."""
        return self.raw.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        """The only value of a statement on the target."""
        ((value,),) = self.all(sql)
        return value

    def counts(self, sql: str) -> dict[Any, int]:
        """The rows of a statement that counts by group."""
        return dict(self.all(sql))

    def rebuilt(self) -> dict[str, str]:
        """The hash of each source table as it is rebuilt from the target."""
        rebuilder = Rebuilder(self.db, Sealer(key_path(self.target)))
        return {name: rebuilder.digest(name) for name in rebuilder.tables}

    def check_sums(self) -> None:
        """Asserts that every row is accounted for."""
        for table, counts in self.accounts.items():
            assert counts["read"] == sum(counts.values()) - counts["read"], table
        for name in self.report.totals:
            assert self.report.totals[name] == sum(counts[name] for counts in self.accounts.values())

    def check_sound(self) -> None:
        """Asserts that the target is whole: pages, indexes, foreign keys, CHECKs, JSON."""
        assert self.all("PRAGMA integrity_check") == [("ok",)]
        assert self.all("PRAGMA foreign_key_check") == []
        for table in ("tickets", "tasks", "files", "prompts", "agents", "chat_messages"):
            self.raw.execute(f"INSERT INTO {table}_search({table}_search, rank) VALUES ('integrity-check', 1)")
        self.raw.rollback()

    def check_matches(self, manifest: Path) -> dict[str, Any]:
        """Asserts that each table of a manifest is accounted for and rebuilt exactly; gives the manifest."""
        said: dict[str, Any] = json.loads(manifest.read_bytes())
        rebuilt = self.rebuilt()
        virtual = said["virtual_tables"]
        for name, table in said["tables"].items():
            if name in self.report.derived:
                continue
            assert self.accounts[name]["read"] == table["rows"], name
            assert rebuilt[name] == table["sha256"], name
        assert rebuilt.keys() == said["tables"].keys() - set(self.report.derived)
        assert set(virtual) <= set(self.report.derived)
        return said


Load = Callable[..., Imported]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """Imports a database into a new one and opens it, until the module ends: what only reads it may share it."""
    folder = tmp_path_factory.mktemp("imported")
    with ExitStack() as stack:
        made = 0

        def run(source: Path, **options: Any) -> Imported:
            nonlocal made
            made += 1
            target = folder / f"target-{made}.db"
            report = run_import(source, f"sqlite:///{target}", **options)
            db = stack.enter_context(Database.open(f"sqlite:///{target}", tables=TABLES, identity=IDENTITY))
            raw = stack.enter_context(closing(sqlite3.connect(target)))
            return Imported(source, target, report, db, raw)

        yield run


@pytest.fixture
def hash_of() -> Callable[[Path, str], str]:
    """Hashes a table of a database file."""
    return table_hash


@pytest.fixture
def folder_bytes() -> Callable[[Path], dict[str, bytes]]:
    """Gives the bytes of every file below a folder."""

    def read(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    return read
