"""Every exception of the toolkit, one tree: each carries facts, a stable `code`, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SchemarootError(Exception):
    """Root of the tree.

    The message says what happened and what was not changed; `hint` says what to do; `code` is stable and the same in
    Python, on the command line and over HTTP. An error survives `copy` and `pickle` with all its facts, so that it can
    come back from a worker process.
    """

    code = "SCHEMAROOT_ERROR"

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} {hint}".strip())

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again from its facts: Python's own way would call the class with the message, which is none of them."""
        return _bare, (type(self), self.args), vars(self)


def _bare(kind: type[SchemarootError], args: tuple[object, ...]) -> SchemarootError:
    return kind.__new__(kind, *args)


# --- declarations -----------------------------------------------------------------------------------------------------


class DeclarationError(SchemarootError):
    """A table declaration is wrong; it is reported when the class is created or its references are resolved."""

    code = "DECLARATION_ERROR"

    def __init__(self, where: str, problem: str, *, hint: str = "") -> None:
        self.where = where
        self.problem = problem
        super().__init__(f"{where}: {problem}.", hint=hint)


class NotARowError(SchemarootError, TypeError):
    """A table class was called as if it made rows; a row exists only once it is stored."""

    code = "NOT_A_ROW"

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"{table}(...) cannot be called: a row exists only once it is stored.",
            hint=f"Use db.insert({table}, ...) to store one, or new({table}, ...) for a value to store later.",
        )


# --- values -----------------------------------------------------------------------------------------------------------


class InvalidValueError(SchemarootError, ValueError):
    """A value cannot be stored in its column; nothing was written."""

    code = "INVALID_VALUE"

    def __init__(self, problem: str, *, column: str = "") -> None:
        self.problem = problem
        self.column = column
        super().__init__(f"{column}: {problem}." if column else f"{problem}.", hint="Nothing was written.")

    def at(self, column: str) -> InvalidValueError:
        """The same error, naming its column."""
        return type(self)(self.problem, column=self.column or column)


class TextNotStorableError(InvalidValueError):
    """A text holds a NUL character or a lone surrogate, which no database stores faithfully."""

    code = "TEXT_NOT_STORABLE"


class InvalidArgumentsError(SchemarootError, TypeError):
    """An insert was given missing, unknown or read-only columns; nothing was written."""

    code = "INVALID_ARGUMENTS"


class OtherTableError(InvalidArgumentsError):
    """A statement on one table uses a column of another one, which would pair every row with every row there."""

    code = "OTHER_TABLE"

    def __init__(self, table: str, other: str) -> None:
        self.table = table
        self.other = other
        super().__init__(
            f"A statement on {table} uses a column of {other}, which is not part of it; nothing was run.",
            hint=f"Ask for rows of {other} in a subquery (exists(...), in_(select(...))), nest them, or join by"
            " SQLAlchemy's select(...).",
        )


class MissingFilterError(SchemarootError, ValueError):
    """A filter was built from a value that is missing; a missing filter never means "match everything"."""

    code = "MISSING_FILTER"

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(
            f"{column} was compared with MISSING.", hint="Leave the condition out on purpose, or give a value."
        )


@dataclass(frozen=True)
class Problem:
    """One thing wrong with outside data: where (`tasks[2].title`), what, and the kind."""

    path: str
    message: str
    kind: str


class ValidationError(SchemarootError, ValueError):
    """Outside data does not fit; every problem is reported with its path, and nothing was written."""

    code = "VALIDATION_FAILED"

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.what = what
        self.problems: tuple[Problem, ...] = tuple(problems)
        shown = (f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in self.problems)
        lines = "; ".join(shown)
        super().__init__(f"{what} is not valid: {lines}.", hint="Nothing was written.")


# --- statements -------------------------------------------------------------------------------------------------------


class NoRowError(SchemarootError, LookupError):
    """A statement that must find one row found none."""

    code = "NOT_FOUND"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}: no such row.", hint="Use find() or one_or_none() if none is fine.")


class ManyRowsError(SchemarootError):
    """A statement that must find at most one row found more."""

    code = "MANY_ROWS"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}: more than one row.", hint="Narrow the conditions, or use first() if any will do.")


class UnscopedWriteError(SchemarootError):
    """An update or delete without a condition was refused; nothing was written."""

    code = "UNSCOPED_WRITE"

    def __init__(self, verb: str, table: str) -> None:
        self.verb = verb
        self.table = table
        super().__init__(
            f"{verb} on {table} without where(...) was refused; nothing was written.",
            hint="Add .where(...), or say .all_rows() on purpose.",
        )


class EmptyUpdateError(SchemarootError, ValueError):
    """An update that sets no column was refused."""

    code = "EMPTY_UPDATE"

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(f"An update of {table} sets no column.", hint="Give at least one assignment.")


class InvalidCursorError(SchemarootError, ValueError):
    """A page cursor was changed, belongs to another list, or was signed with another key."""

    code = "INVALID_CURSOR"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The page cursor is not valid: {reason}.", hint="Start again from the first page.")


class UnknownFieldError(SchemarootError, ValueError):
    """A sort or filter names a field that the table does not offer."""

    code = "UNKNOWN_FIELD"

    def __init__(self, field: str, allowed: Sequence[str]) -> None:
        self.field = field
        self.allowed: tuple[str, ...] = tuple(allowed)
        super().__init__(f"Unknown field {field!r}.", hint=f"Known: {', '.join(self.allowed)}.")


# --- constraints ------------------------------------------------------------------------------------------------------


class ConstraintViolation(SchemarootError):
    """A write was refused by a constraint of the database; the statement changed nothing.

    Attributes:
        table: name of the table written to.
        columns: the columns that the constraint is over, empty when the database does not say.
        constraint: name of the constraint, empty when the database does not say.
        value: the refused value where it is known and safe to show, else `None`.
        row: the place of the refused row among those that were to be written together, from 0, else `None`.
    """

    code = "CONSTRAINT_VIOLATION"
    rule = "a constraint"

    def __init__(
        self, table: str, columns: Sequence[str] = (), constraint: str = "", *, value: object = None, detail: str = ""
    ) -> None:
        self.table = table
        self.columns: tuple[str, ...] = tuple(columns)
        self.constraint = constraint
        self.value = value
        self.row: int | None = None
        over = f" ({', '.join(self.columns)})" if self.columns else ""
        named = f" [{constraint}]" if constraint else ""
        shown = f" value {value!r}" if value is not None else ""
        super().__init__(f"{table}{over}: refused by {self.rule}{named}{shown}{detail}.", hint="Nothing was written.")


class UniqueViolation(ConstraintViolation):
    """Another row already has this key."""

    code = "UNIQUE_VIOLATION"
    rule = "a unique key"


class ForeignKeyViolation(ConstraintViolation):
    """The row refers to a row that does not exist, or rows still refer to the one that would go."""

    code = "FOREIGN_KEY_VIOLATION"
    rule = "a foreign key"


class NotNullViolation(ConstraintViolation):
    """A column that must hold a value was given none."""

    code = "NOT_NULL_VIOLATION"
    rule = "NOT NULL"


class CheckViolation(ConstraintViolation):
    """A value is outside of what a CHECK allows."""

    code = "CHECK_VIOLATION"
    rule = "a CHECK"


# --- database ---------------------------------------------------------------------------------------------------------


class DatabaseError(SchemarootError):
    """The database or its file cannot be used as asked."""

    code = "DATABASE_ERROR"


_PASSWORD = re.compile(r"(://[^:/?#@]*:).*@", re.DOTALL)
_PASSWORD_OPTION = re.compile(r"(passw(?:or)?d=|pwd=)[^&]*", re.IGNORECASE)


class DatabaseUrlError(DatabaseError):
    """A database address is not one that we know; a password in it is not shown."""

    code = "DATABASE_URL"

    def __init__(self, url: str, problem: str) -> None:
        self.url = url
        shown = _PASSWORD_OPTION.sub(r"\1***", _PASSWORD.sub(r"\1***@", url))
        super().__init__(
            f"{shown!r}: {problem}.",
            hint="Use sqlite:///relative/path.db, sqlite:////absolute/path.db or sqlite:///:memory:.",
        )


class DatabaseMissingError(DatabaseError):
    """The file is not there; opening never creates it."""

    code = "DB_MISSING"

    def __init__(self, path: Path | str) -> None:
        self.path: Path = Path(path)
        super().__init__(
            f"{path} does not exist; no file was created.", hint="Create it on purpose, or check the path."
        )


class DatabaseExistsError(DatabaseError):
    """A file is already there; creating never overwrites."""

    code = "DB_EXISTS"

    def __init__(self, path: Path | str) -> None:
        self.path: Path = Path(path)
        super().__init__(f"{path} exists already; it was not changed.", hint="Open it, or choose another path.")


class NotADatabaseError(DatabaseError):
    """The path is a directory, an empty file, or something that is not an SQLite database."""

    code = "NOT_A_DATABASE"

    def __init__(self, path: Path | str, problem: str, *, hint: str = "Check the path.") -> None:
        self.path: Path = Path(path)
        self.problem = problem
        super().__init__(f"{path} is not a usable database: {problem}; the file was not changed.", hint=hint)


class DamagedDatabaseError(DatabaseError):
    """The file is an SQLite database whose content is damaged."""

    code = "DB_DAMAGED"

    def __init__(self, path: Path | str, problem: str, *, backup: Path | None = None) -> None:
        self.path: Path = Path(path)
        self.problem = problem
        self.backup = backup
        hint = f"The newest verified backup is {backup}." if backup else "No verified backup lies beside it."
        super().__init__(f"{path} is damaged: {problem}; the file was not changed.", hint=hint)


class ForeignDatabaseError(DatabaseError):
    """The file belongs to another program."""

    code = "DB_FOREIGN"

    def __init__(self, path: Path | str, found: int, expected: int) -> None:
        self.path: Path = Path(path)
        self.found = found
        self.expected = expected
        super().__init__(
            f"{path} belongs to another program (application id {found:#x}, not {expected:#x}); it was not changed.",
            hint="Check the path.",
        )


class NewerDatabaseError(DatabaseError):
    """The database was written by a newer version of the program."""

    code = "DB_NEWER"

    def __init__(self, path: Path | str, found: int, known: int) -> None:
        self.path: Path = Path(path)
        self.found = found
        self.known = known
        super().__init__(
            f"{path}: the database is at {found}, this program knows up to {known}; it was not changed.",
            hint="Install the newer version of the program.",
        )


class LibraryTooOldError(DatabaseError):
    """The schema uses features that the SQLite library of this process does not have; the file is not damaged."""

    code = "SQLITE_TOO_OLD"

    def __init__(self, path: Path | str, library: str, written_by: str, detail: str) -> None:
        self.path: Path = Path(path)
        self.library = library
        self.written_by = written_by
        super().__init__(
            f"{path} was last written by SQLite {written_by} and this process has SQLite {library}, which cannot read"
            f" its schema ({detail}); it was not changed.",
            hint="Use the apsw driver, which brings a current SQLite.",
        )


class ReadOnlyError(DatabaseError):
    """The file or its directory cannot be written."""

    code = "READ_ONLY"

    def __init__(self, path: Path | str, cause: str) -> None:
        self.path: Path = Path(path)
        self.cause = cause
        super().__init__(
            f"{path} cannot be written: {cause}; nothing was changed.",
            hint="Open it read-only, or mend the permissions.",
        )


class JournalModeError(DatabaseError):
    """The file system did not grant write-ahead logging."""

    code = "WAL_NOT_GRANTED"

    def __init__(self, path: Path | str, granted: str) -> None:
        self.path: Path = Path(path)
        self.granted = granted
        super().__init__(
            f"{path}: the file system did not grant write-ahead logging (journal={granted}).",
            hint='Move the file to a local disk, or open it with journal="delete" on purpose.',
        )


class DatabaseLockedError(DatabaseError):
    """Another connection held the write lock for longer than the timeout; nothing was written."""

    code = "DB_LOCKED"

    def __init__(self, waited_ms: float) -> None:
        self.waited_ms = waited_ms
        super().__init__(
            f"The database stayed locked by another writer for {waited_ms:.0f} ms; nothing was written.",
            hint="Try again.",
        )


class PoolExhaustedError(DatabaseError):
    """No connection came free in time."""

    code = "POOL_EXHAUSTED"

    def __init__(self, size: int, waited_ms: float) -> None:
        self.size = size
        self.waited_ms = waited_ms
        super().__init__(
            f"All {size} reading connections were busy for {waited_ms:.0f} ms.",
            hint="Close streams, or open with more readers.",
        )


class DiskFullError(DatabaseError):
    """The disk or the size limit is full; the transaction was rolled back and reads go on."""

    code = "DISK_FULL"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"The disk is full ({detail}); the transaction was rolled back.", hint="Free space and try again."
        )


class DiskError(DatabaseError):
    """The operating system reported an I/O error; the transaction was rolled back."""

    code = "DISK_ERROR"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"The disk reported an error ({detail}); the transaction was rolled back.", hint="Check the disk."
        )


class TransactionError(DatabaseError):
    """A transaction was used outside of its rules."""

    code = "TRANSACTION"


class ClosedError(DatabaseError):
    """The database object was closed."""

    code = "DB_CLOSED"

    def __init__(self) -> None:
        super().__init__("The database object was closed.", hint="Open it again.")


class StatementError(DatabaseError):
    """The database did not accept a statement."""

    code = "STATEMENT_ERROR"

    def __init__(self, detail: str, sql: str) -> None:
        self.detail = detail
        self.sql = sql
        super().__init__(f"The database did not accept a statement: {detail}.\n\n    {sql}\n")


class CatalogueError(DatabaseError):
    """A schema was read in two ways that contradict each other, or a statement in it was not understood."""

    code = "CATALOGUE"

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(
            f"The schema of {name} was not understood: {problem}. Nothing was changed.",
            hint="Please report it with the CREATE statement; until then leave this table out of migrations.",
        )
