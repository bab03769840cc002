"""What does a legacy database hold? Read from a private copy, so that nothing beside the source is ever touched.

The old files are in WAL mode: opening one where it lies would create files beside it, and fails in a folder that cannot
be written. So the file, and the write-ahead log beside it when there is one, are copied to a private folder first.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias, cast

import sqlalchemy as sa

from promptliano.legacy.cells import BrokenText, Cell, Row
from promptliano.legacy.errors import NotLegacyError, SourceChangingError, SourceUnreadableError
from schemaroot import Database
from schemaroot.errors import (
    DamagedDatabaseError,
    DatabaseMissingError,
    DiskFullError,
    NotADatabaseError,
    StatementError,
)
from schemaroot.introspection import FoundTable, read_tables

Era: TypeAlias = Literal["old", "later", "mixed"]
"""Which application wrote a database; `mixed` is an old one that the later application has opened."""

CHUNK_ROWS, CHUNK_BYTES = 2000, 4_000_000
"""A chunk ends at so many rows, or after the row that makes it this big."""

_VALUES = 1000  # parameters of one statement; SQLite takes 32,766

_TRIES = 5
_BLOCK = 1 << 20


@dataclass(frozen=True)
class SourceRow:
    """One row: its rowid (0 where there is none), its key as text, its cells in declared order."""

    rowid: int
    key: str
    cells: Row


class LegacySource:
    """An opened legacy database.

    Attributes:
        path: the file as it was named.
        sha256: the digest of the file, and of its write-ahead log when that holds something.
        era: which application wrote it, by the tables that are there.
        tables: every table with rows of its own, by name: no views, no full-text tables.
        search_tables: the full-text tables and what stores them, by name.
    """

    def __init__(self, path: Path, sha256: str, db: Database) -> None:
        self.path: Path = path
        self.sha256: str = sha256
        self.db: Database = db
        found = read_tables(db)
        self.tables: dict[str, FoundTable] = {table.name: table for table in found if table.kind == "table"}
        self.search_tables: list[str] = [table.name for table in found if table.kind in ("virtual", "shadow")]
        self.era: Era = _era(path, self.tables)

    @classmethod
    @contextmanager
    def open(
        cls,
        path: Path,
        *,
        work: Path | None = None,
        copying: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Generator[LegacySource]:
        """Opens a legacy database for reading; the source and its folder are only read.

        Args:
            path: the file.
            work: the folder for the private copy; the system's folder for temporary files when left out.
            copying: what the copy is made within.

        Raises:
            DatabaseMissingError, NotADatabaseError, DamagedDatabaseError, SourceUnreadableError: it cannot be read.
            NotLegacyError: it is a database, but not one of the legacy applications.
            SourceChangingError: it kept changing while it was copied.
        """
        with tempfile.TemporaryDirectory(prefix="promptliano-import-", dir=work) as folder:
            copy = Path(folder) / "source.db"
            with copying():
                sha256 = _copied(path, copy)
            with _about(path, copy):
                if _log_of(copy, "-journal").exists():
                    Database.open(f"sqlite:///{copy}", journal="delete").close()  # undoes what was half written
                db = Database.open(f"sqlite:///{copy}", read_only=True)
            with db, _about(path, copy):
                yield cls(path, sha256, db)

    def count(self, table: str) -> int:
        """The number of rows of a table."""
        return self.db.one(sa.select(sa.func.count()).select_from(self.clause(table)))[0]

    def clause(self, table: str) -> sa.TableClause:
        """A table for SQLAlchemy's statements, its values as the driver gives them."""
        found = self.tables[table]
        hidden = ["rowid"] if found.has_rowid and "rowid" not in found.column_names else []
        return sa.table(table, *map(sa.column, [*found.column_names, *hidden]))

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table is there, with these columns."""
        found = self.tables.get(table)
        return found is not None and set(columns) <= set(found.column_names)

    def rows(self, table: str) -> Iterator[SourceRow]:
        """All rows of a table in the order of its primary key, then of its rowid."""
        done = 0
        try:
            for row in self._rows(table, safe=False):
                yield row
                done += 1
        except (UnicodeDecodeError, StatementError) as error:
            # A text that is not UTF-8 ends a whole fetch.
            if not isinstance(error, UnicodeDecodeError) and not isinstance(error.__cause__, UnicodeDecodeError):
                raise
            yield from islice(self._rows(table, safe=True), done, None)

    def chunks(self, table: str) -> Iterator[list[SourceRow]]:
        """All rows of a table in chunks of bounded size."""
        chunk: list[SourceRow] = []
        size = 0
        for row in self.rows(table):
            chunk.append(row)
            size += sum(len(cell) for cell in row.cells.values() if isinstance(cell, str | bytes))
            if len(chunk) >= CHUNK_ROWS or size >= CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def duplicates(self, table: str, *columns: str) -> set[tuple[Cell, ...]]:
        """The combinations of values that more than one row holds."""
        clause = self.clause(table)
        over = [clause.c[name] for name in columns]
        statement = sa.select(*over).group_by(*over).having(sa.func.count() > 1)
        return set(cast("list[tuple[Cell, ...]]", self.db.all(statement)))

    def matching(self, table: str, columns: Sequence[str], among: dict[str, Sequence[Cell]]) -> list[tuple[Cell, ...]]:
        """Some columns of the rows whose values are among the given ones; rows with the same value by their rowid."""
        clause = self.clause(table)
        chosen = [clause.c[name] for name in columns]
        longest = max(among, key=lambda name: len(among[name]))
        found: list[tuple[Cell, ...]] = []
        for start in range(0, len(among[longest]), _VALUES):
            some = {**among, longest: among[longest][start : start + _VALUES]}
            conditions = [clause.c[name].in_(list(values)) for name, values in some.items()]
            statement = sa.select(*chosen).where(*conditions).order_by(clause.c.rowid)
            found += cast("list[tuple[Cell, ...]]", self.db.all(statement))
        return found

    def _rows(self, table: str, *, safe: bool) -> Iterator[SourceRow]:
        found = self.tables[table]
        clause = self.clause(table)
        names = found.column_names
        keys = [names.index(name) for name in found.key]
        columns: list[sa.ColumnElement[object]] = [clause.c[name] for name in names]
        if safe:
            columns = [_readable(column) for column in columns] + [sa.func.typeof(column) for column in columns]
        order: list[sa.ColumnElement[object]] = [clause.c[name] for name in found.key]
        rowid: sa.ColumnElement[object] = clause.c.rowid if found.has_rowid else sa.literal_column("0")
        order += [rowid] if found.has_rowid else []
        statement = sa.select(rowid, *columns).select_from(clause).order_by(*order)
        for number, *stored in self.db.stream(cast("sa.Select[int, Cell]", statement)):
            cells = _mended(stored) if safe else stored
            key = _key([cells[place] for place in keys])
            if key is None:
                key = f"rowid:{number}"
            yield SourceRow(number, key, dict(zip(names, cells, strict=True)))


def _key(cells: Sequence[Cell]) -> str | None:
    """The key of a row as text, or `None` where only its rowid tells it from others."""
    match cells:
        case [int() as number]:
            return str(number)
        case [str() as text] if "\0" not in text and not text.startswith("rowid:"):
            return text
        case _:
            return None


def _readable(column: sa.ColumnElement[object]) -> sa.ColumnElement[object]:
    """A column whose texts come as bytes."""
    readable = sa.case((sa.func.typeof(column) == "text", sa.cast(column, sa.BLOB())), else_=column)
    return sa.type_coerce(readable, sa.types.NullType())


def _mended(stored: Sequence[Cell]) -> list[Cell]:
    """Values that came as bytes, turned into texts where the second half says that they are."""
    half = len(stored) // 2
    return [
        _text(value) if kind == "text" and isinstance(value, bytes) else value
        for value, kind in zip(stored[:half], stored[half:], strict=True)
    ]


def _text(raw: bytes) -> Cell:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return BrokenText(raw)


def _era(path: Path, tables: dict[str, FoundTable]) -> Era:
    if "archive" in tables and "projects" in tables and "updated" in tables["projects"].column_names:
        raise NotLegacyError(path, "it is a database of Promptliano already")
    old = bool(tables.keys() & {"task_queues", "project_files"})
    later = bool(tables.keys() & {"queues", "files"})
    if "projects" not in tables or not (old or later):
        raise NotLegacyError(path, "it has none of the tables that the legacy applications wrote")
    if old and later:
        return "mixed"
    return "old" if old else "later"


# --- the private copy -------------------------------------------------------------------------------------------------


def _log_of(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def check_source(path: Path) -> None:
    """Raises what `LegacySource.open` does for a path at which there is no file to be read."""
    if os.path.isdir(path):
        raise NotADatabaseError(path, "it is a directory")
    if os.path.exists(path) and not os.path.isfile(path):
        raise NotADatabaseError(path, "it is not a regular file")
    _state(path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise SourceUnreadableError(path, error.strerror or str(error)) from None


def _copied(path: Path, copy: Path) -> str:
    """Copies a database with its log, as they are at one moment, and gives the digest of both."""
    check_source(path)
    for _ in range(_TRIES):
        before = _state(path)
        digest = hashlib.sha256()
        for suffix in ("", "-wal", "-journal"):
            _log_of(copy, suffix).unlink(missing_ok=True)
            found = before[suffix]
            if found is not None and (not suffix or found[1]):
                _copy_file(_log_of(path, suffix), _log_of(copy, suffix), digest.update, path)
        if _state(path) == before:
            return digest.hexdigest()
    raise SourceChangingError(path)


def _state(path: Path) -> dict[str, tuple[int, int] | None]:
    """When a database and its logs were last changed, and their sizes."""
    said: dict[str, tuple[int, int] | None] = {}
    for suffix in ("", "-wal", "-journal"):
        try:
            found = _log_of(path, suffix).stat()
            said[suffix] = found.st_mtime_ns, found.st_size
        except (FileNotFoundError, NotADirectoryError):
            if not suffix:
                raise DatabaseMissingError(path) from None
            said[suffix] = None
        except OSError as error:
            raise SourceUnreadableError(path, error.strerror or str(error)) from None
    return said


def _copy_file(source: Path, copy: Path, digest: Callable[[bytes], None], named: Path) -> None:
    try:
        with source.open("rb") as given, copy.open("xb") as taken:
            while block := given.read(_BLOCK):
                digest(block)
                taken.write(block)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(f"no room for a copy of {named} in {copy.parent}") from None
        raise SourceUnreadableError(named, error.strerror or str(error)) from None


@contextmanager
def _about(path: Path, copy: Path) -> Generator[None]:
    """Errors about the copy are told of the source."""
    try:
        yield
    except (NotADatabaseError, DamagedDatabaseError) as error:
        if error.path != copy:
            raise
        raise type(error)(path, error.problem) from error
