"""Which of SQLAlchemy's statements may pass: selects to read, inserts, updates and deletes to write, no raw SQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase

from schemaroot.errors import InvalidArgumentsError, UnscopedWriteError
from schemaroot.query.spec import is_empty

_SELECTS = (sa.Select, sa.CompoundSelect)
_WRITES = (sa.Insert, sa.Update, sa.Delete)


def check_select(verb: str, statement: object) -> None:
    """Raises `InvalidArgumentsError` for anything but a select."""
    if not isinstance(statement, _SELECTS):
        raise InvalidArgumentsError(
            f"{verb}() takes a select of SQLAlchemy's, not {type(statement).__name__}; nothing was run.",
            hint="Write through insert(), update(), delete() or execute(). SQL as text has no door here.",
        )


def check_write(statement: object) -> None:
    """Raises `InvalidArgumentsError` for anything but a write, `UnscopedWriteError` for one without a condition."""
    if not isinstance(statement, _WRITES):
        raise InvalidArgumentsError(
            f"execute() takes an insert, update or delete of SQLAlchemy's, not {type(statement).__name__};"
            " nothing was written.",
            hint="Read with all(), one(), first() or stream(). SQL as text has no door here.",
        )
    if not isinstance(statement, sa.Insert):
        condition = statement.whereclause
        if condition is None or is_empty(condition):
            verb = "An update" if isinstance(statement, sa.Update) else "A delete"
            raise UnscopedWriteError(verb, str(statement.table))


def check_parts(statement: sa.ClauseElement) -> None:
    """Raises `InvalidArgumentsError` for what no part of a statement may be.

    That is a write inside of another statement, where no guard would see it, and a parameter of a name that is ours.
    """
    for part in visitors.iterate(statement):
        if isinstance(part, sa.BindParameter) and not part.unique and str(part.key).startswith("sr_"):
            raise InvalidArgumentsError(f"The parameter {part.key!r} has a name that is ours: sr_...; nothing was run.")
        if isinstance(part, UpdateBase) and part is not statement:
            raise InvalidArgumentsError(
                "The statement holds another one that writes; nothing was run.", hint="Run them one after the other."
            )
