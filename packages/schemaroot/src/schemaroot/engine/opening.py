"""Opening and creating databases: every refusal comes before anything is written."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, Literal, get_args

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection, Patience
from schemaroot.engine.driver import SQLITE_BUSY, SQLITE_CANTOPEN, SQLITE_CORRUPT, Driver, OpenMode
from schemaroot.engine.faults import translate
from schemaroot.engine.files import Header, Identity, check_identity, has_journal, newest_backup
from schemaroot.errors import (
    DamagedDatabaseError,
    DatabaseError,
    DatabaseExistsError,
    DatabaseMissingError,
    DatabaseUrlError,
    InvalidArgumentsError,
    JournalModeError,
    LibraryTooOldError,
    NotADatabaseError,
    ReadOnlyError,
)
from schemaroot.schema.refusals import brief, check_count, described, is_a

Durability = Literal["full", "normal", "off"]
"""`full`: power loss takes nothing acknowledged. `normal`: it may take the last commits. `off`: for files to lose."""

Journal = Literal["wal", "delete"]

MEMORY = ":memory:"


LONGEST_MS = 24 * 60 * 60 * 1000
"""The longest timeout, in milliseconds: a day."""


def check_options(
    *, identity: object, durability: object, journal: object, readers: object, timeout_ms: object
) -> None:
    """Raises `InvalidArgumentsError` for an option that means nothing, before a file is touched."""
    for name, value, known in (
        ("durability", durability, get_args(Durability)),
        ("journal", journal, get_args(Journal)),
    ):
        if not isinstance(value, str) or value not in known:
            raise InvalidArgumentsError(f"{name} is one of {', '.join(known)}, not {described(value)}.")
    if identity is not None and not isinstance(identity, Identity):
        raise InvalidArgumentsError(f"identity is an Identity, not {described(identity)}.")
    check_count("readers", readers, 1)
    if isinstance(timeout_ms, bool) or not isinstance(timeout_ms, (int, float)) or not 0 <= timeout_ms <= LONGEST_MS:
        raise InvalidArgumentsError(f"timeout_ms is a number from 0 to {LONGEST_MS}, not {described(timeout_ms)}.")


def path_of(url: str) -> str:
    """The path (or `:memory:`) behind `sqlite:///...`; raises `DatabaseUrlError`."""
    if not is_a(str, url):
        raise DatabaseUrlError(brief(url), "not a text")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme != "sqlite" or not rest.startswith("/"):
        raise DatabaseUrlError(url, "not a database address that is known")
    path = rest[1:]
    if not path:
        raise DatabaseUrlError(url, "names no file")
    if path == MEMORY:
        return MEMORY
    if "\0" in path or "?" in path:
        raise DatabaseUrlError(url, "holds a character that a file name here cannot have")
    return path


def check_writable(path: Path) -> None:
    """Raises `ReadOnlyError` when the file or its directory cannot be written."""
    if not os.access(path, os.W_OK):
        raise ReadOnlyError(path, "the file is not writable for this user")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ReadOnlyError(path, f"the directory {path.parent} is not writable for this user")


def check_file(path: Path, header: Header | None, identity: Identity | None, *, read_only: bool) -> None:
    """Refuses by its header a file that cannot be opened; the file is not touched."""
    if header is not None and identity is not None and not has_journal(path):
        check_identity(path, header.application_id, header.user_version, identity)
    if not read_only:
        check_writable(path)


def create_file(path: Path) -> None:
    """An empty file of mode 0600; raises `DatabaseExistsError`, `DatabaseMissingError` or `ReadOnlyError`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, stat.S_IRUSR | stat.S_IWUSR))
    except FileExistsError:
        raise DatabaseExistsError(path) from None
    except FileNotFoundError:
        raise DatabaseMissingError(path.parent) from None
    except NotADirectoryError:
        raise DatabaseMissingError(path.parent) from None
    except OSError as error:
        raise ReadOnlyError(path, error.strerror or str(error)) from None


class Connector:
    """Opens the connections of one database and sets each up alike."""

    def __init__(
        self,
        driver: Driver,
        path: str,
        *,
        identity: Identity | None,
        durability: Durability,
        journal: Journal,
        read_only: bool,
        timeout_ms: float,
        header: Header | None,
    ) -> None:
        self.driver: Driver = driver
        self.path: str = path
        self.identity: Identity | None = identity
        self.durability: Durability = durability
        self.journal: Journal = journal
        self.read_only: bool = read_only
        self.timeout_ms: float = timeout_ms
        self.header: Header | None = header
        self.mode: OpenMode = "ro" if read_only else "rw"
        self.granted_journal: str = "memory" if path == MEMORY else ""
        self.created: bool = False

    def look(self) -> None:
        """Reads, through a connection that cannot write, what the newest header says; raises our own errors.

        A connection that can write moves the log into the file when it closes, also after a refusal.
        """
        raw: Any = None
        try:
            raw = self.driver.connect(self.path, "ro")
            self._identify(Connection(self.driver, raw, writer=False))
        except self.driver.errors as error:
            explained = self.explained(error)
            if isinstance(explained, (LibraryTooOldError, DamagedDatabaseError, NotADatabaseError)):
                raise explained from error
            # Else a connection that may write finds its way: it waits for a lock, and makes the log's index.
        finally:
            if raw is not None:
                raw.close()

    def connect(self, writer: bool) -> Connection:
        """A connection, set up and verified; raises our own errors."""
        try:
            return self._connect(writer)
        except self.driver.errors as error:
            raise self.explained(error) from error

    def _connect(self, writer: bool) -> Connection:
        patience = Patience(self.driver, self.timeout_ms)
        while True:
            raw = None
            try:
                raw = self.driver.connect(self.path, self.mode)
                connection = Connection(self.driver, raw, writer=writer and not self.read_only)
                self._set_up(connection)
                return connection
            except self.driver.errors as error:
                if raw is not None:
                    raw.close()
                if self.driver.fault(error).primary == SQLITE_BUSY:
                    patience.wait_or_raise(error)
                elif self.mode == "ro" and self._can_be_immutable():
                    self.mode = "immutable"
                else:
                    raise
            except DatabaseError:
                if raw is not None:
                    raw.close()
                raise

    def _can_be_immutable(self) -> bool:
        """Whether the file can be read without its write-ahead log: there is none, or it is empty."""
        log = Path(f"{self.path}-wal")
        try:
            return log.stat().st_size == 0
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _identify(self, connection: Connection) -> None:
        """Reads the schema, and whose file it is: the newest header may stand in the write-ahead log."""
        connection.value(dialect.PRAGMA_SCHEMA_READ)
        if self.identity is not None and not self.created and self.path != MEMORY:
            found = connection.value(dialect.PRAGMA_APPLICATION_ID), connection.value(dialect.PRAGMA_USER_VERSION)
            check_identity(Path(self.path), found[0], found[1], self.identity)

    def _set_up(self, connection: Connection) -> None:
        self._identify(connection)
        self._require(connection, dialect.PRAGMA_FOREIGN_KEYS_ON, dialect.PRAGMA_FOREIGN_KEYS, 1)
        if self.read_only:
            self.granted_journal = str(connection.value(dialect.PRAGMA_JOURNAL))
            connection.execute(dialect.PRAGMA_QUERY_ONLY).fetchall()
            return
        if self.path != MEMORY:
            self._set_journal(connection)
        level: str = self.durability
        if level == "full" and self.granted_journal != "wal":
            level = "extra"  # without a log a commit deletes a file, and FULL does not wait for that to be on disk
        wanted = dialect.SYNCHRONOUS_LEVEL[level]
        self._require(connection, dialect.SYNCHRONOUS[level], dialect.PRAGMA_SYNCHRONOUS, wanted)
        connection.execute(dialect.PRAGMA_SECURE_DELETE).fetchall()

    def _require(self, connection: Connection, set_to: str, ask: str, wanted: int) -> None:
        connection.execute(set_to).fetchall()
        got = connection.value(ask)
        if got != wanted:
            raise DatabaseError(
                f"{self.path}: {set_to!r} did not take ({got}).", hint="Use an SQLite build that supports it."
            )

    def _set_journal(self, connection: Connection) -> None:
        if self.journal == "delete":
            self.granted_journal = str(connection.value(dialect.PRAGMA_JOURNAL))
            return
        granted = str(connection.value(dialect.PRAGMA_JOURNAL_WAL)).lower()
        self.granted_journal = granted
        if granted != "wal":
            raise JournalModeError(self.path, granted)

    def explained(self, error: BaseException) -> Exception:
        """Our error for a driver's while opening."""
        fault = self.driver.fault(error)
        too_new = "malformed database schema" in fault.message or "unsupported file format" in fault.message
        if too_new and self.header is not None and _version(self.header.written_by) > _version(self.driver.library):
            return LibraryTooOldError(self.path, self.driver.library, self.header.written_by, fault.message)
        if fault.primary == SQLITE_CORRUPT or "malformed" in fault.message:
            return DamagedDatabaseError(self.path, fault.message, backup=newest_backup(Path(self.path)))
        if fault.primary == SQLITE_CANTOPEN:
            folder = Path(self.path).parent
            if os.access(folder, os.W_OK | os.X_OK):
                return DatabaseError(f"{self.path} cannot be opened: {fault.message}.", hint="Check the path.")
            return ReadOnlyError(
                self.path,
                f"its write-ahead log holds changes, which cannot be read because {folder} cannot be written",
            )
        return translate(fault, path=self.path)

    def quick_check(self, connection: Connection) -> None:
        """Raises `DamagedDatabaseError` when SQLite's quick check finds something."""
        try:
            said = connection.value(dialect.PRAGMA_QUICK_CHECK)
        except self.driver.errors as error:
            raise self.explained(error) from error
        if said != "ok":
            raise DamagedDatabaseError(self.path, str(said), backup=newest_backup(Path(self.path)))

    def mark(self, connection: Connection, identity: Identity) -> None:
        """Writes the program's mark into a new file."""
        connection.execute(dialect.set_application_id(identity.application_id)).fetchall()
        connection.execute(dialect.set_user_version(identity.schema_number)).fetchall()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3])
