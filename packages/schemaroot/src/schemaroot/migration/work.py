"""One connection at work inside of a migration's transaction: runs statements, tells of each, and remembers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from schemaroot.engine import dialect
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import SQLITE_AUTH
from schemaroot.engine.faults import translate
from schemaroot.errors import ConstraintViolation, StatementError
from schemaroot.introspection.sql.tokens import folded
from schemaroot.migration import statements
from schemaroot.migration.errors import OperationFailedError, OperationInvalidError
from schemaroot.migration.fence import Fence

_DECLARE = "Say also=[...] in op.execute for a table that a trigger changes and that is meant."

OnStatement = Callable[[str, str], None]
"""Is told each statement and the operation that it belongs to, before it runs; what it raises stops the migration."""


NAME_LIMIT = 63
"""Bytes: the longest name that PostgreSQL keeps whole; names that are made here are as long in every database."""


def shortened(name: str, suffix: str = "") -> str:
    """The name with the suffix; the end of a long one is given as a digest, so that two stay two."""
    whole = f"{name}{suffix}"
    if len(whole.encode()) <= NAME_LIMIT:
        return whole
    tail = f"_{sha256(name.encode()).hexdigest()[:10]}{suffix}"
    return name.encode()[: NAME_LIMIT - len(tail)].decode(errors="ignore") + tail


class Work:
    """Runs a migration's statements.

    Attributes:
        fence: judges them.
        connection: where they run; its owner began the transaction and ends it.
        place: the operation under way, for messages.
        log: the statements that changed something, in order.
    """

    def __init__(
        self, connection: Connection, on_statement: OnStatement | None = None, fence: Fence | None = None
    ) -> None:
        self.connection = connection
        self.fence: Fence = fence or Fence()
        self.place = ""
        self.log: list[str] = []
        self._on_statement = on_statement

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Runs a statement that changes something and gives the number of rows that it changed."""
        self.log.append(sql)
        self._execute(sql, parameters)
        return self.connection.changes

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Runs a statement that only reads and gives its rows."""
        return self._execute(sql, parameters)

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The only value of a statement that only reads, or `None`."""
        rows = self.ask(sql, parameters)
        return rows[0][0] if rows else None

    def invalid(self, reason: str, *, hint: str = "") -> OperationInvalidError:
        """The refusal of the operation under way."""
        return OperationInvalidError(self.place, reason, hint=hint)

    def _execute(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._on_statement is not None:
            self._on_statement(sql, self.place)
        driver = self.connection.driver
        self.fence.refused = ""
        try:
            return self.connection.execute(sql, tuple(parameters)).fetchall()
        except driver.errors as error:
            if driver.fault(error).primary == SQLITE_AUTH and self.fence.refused:
                raise OperationFailedError(self.place, self.fence.refused, sql, hint=_DECLARE) from error
            explained = translate(driver.fault(error), path="", sql=sql)
            if isinstance(explained, ConstraintViolation):
                reason = explained.message.removesuffix(".")
                hint = "Say using= for the column, or correct the rows in an earlier step."
                raise OperationFailedError(self.place, reason, sql, hint=hint) from error
            if isinstance(explained, StatementError):
                raise OperationFailedError(self.place, explained.detail, sql) from error
            raise explained from error

    # --- the schema ---------------------------------------------------------------------------------------------------

    def objects(self) -> list[tuple[str, str, str, str]]:
        """Type, name, owner and text of everything in the schema that has a text."""
        return [(str(kind), str(name), str(owner), str(sql)) for kind, name, owner, sql in self.ask(statements.OBJECTS)]

    def names(self) -> set[str]:
        """The names in the schema, folded as SQLite compares them."""
        return {folded(str(name)) for (name,) in self.ask(statements.NAMES)}

    def free_name(self, wanted: str) -> str:
        """The wanted name, or the next free one like it, short enough for every database."""
        taken = self.names()
        name, number = shortened(wanted), 1
        while folded(name) in taken:
            number += 1
            name = shortened(wanted, f"_{number}")
        return name

    def rename_away(self, old: str, new: str) -> None:
        """Renames a table without anybody following: children, triggers and views go on naming the old name.

        With `legacy_alter_table` and without `foreign_keys` SQLite (3.26 and newer) rewrites nothing but the table's
        own text and that of its indexes and triggers. This pragma takes effect inside of a transaction as well, and is
        not undone by a rollback.
        """
        self._execute(statements.LEGACY_ALTER_ON, ())
        try:
            self.run(statements.rename_table(old, new))
        finally:
            self.connection.execute(statements.LEGACY_ALTER_OFF).fetchall()

    def require_foreign_keys_off(self) -> None:
        """Refuses to go on where dropping a table would delete the rows of its children."""
        if self.value(dialect.PRAGMA_FOREIGN_KEYS) != 0:
            raise self.invalid(
                "foreign keys are enforced, so that dropping the old table would delete the rows that refer to it",
                hint="Set foreign_keys=OFF before the transaction begins; inside of one it has no effect.",
            )
