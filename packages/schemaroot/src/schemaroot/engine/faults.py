"""From a driver's error to ours: the kind by its code, the names (which SQLite gives only as text) in one parse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.sql.visitors import iterate

from schemaroot.engine import driver as sqlite
from schemaroot.engine.driver import DriverFault
from schemaroot.engine.files import backup_hint, newest_backup
from schemaroot.errors import (
    CheckViolation,
    ConstraintViolation,
    DamagedDatabaseError,
    DatabaseError,
    DatabaseLockedError,
    DiskError,
    DiskFullError,
    ForeignKeyViolation,
    NotADatabaseError,
    NotNullViolation,
    ReadOnlyError,
    SchemarootError,
    StatementError,
    UniqueViolation,
)
from schemaroot.query.build import built, is_expression
from schemaroot.schema.expression import plain_bind
from schemaroot.schema.sqlalchemy import check_name
from schemaroot.schema.table import Table, TableDeclaration

_FAILED = re.compile(r"^(?:UNIQUE|NOT NULL|CHECK) constraint failed: (?P<what>.*)$", re.DOTALL)
_INDEX = re.compile(r"^index '(?P<name>.*)'$", re.DOTALL)
_DATATYPE = re.compile(
    r"cannot store (?P<kind>\w+) value in (?P<type>\w+) column (?P<table>.+)\.(?P<column>.+)$", re.DOTALL
)


def translate(
    fault: DriverFault,
    *,
    path: str,
    sql: str = "",
    table: type[Table] | None = None,
    values: Mapping[str, object] | None = None,
    waited_ms: float = 0.0,
) -> SchemarootError:
    """Our error for a driver's; foreign keys come without names and are filled in by the caller's probe."""
    kind = fault.primary
    if kind == sqlite.SQLITE_CONSTRAINT:
        return constraint_violation(fault, table.__declaration__ if table else None, values or {})
    simple: dict[int, Callable[[], DatabaseError]] = {
        sqlite.SQLITE_BUSY: lambda: DatabaseLockedError(waited_ms),
        sqlite.SQLITE_LOCKED: lambda: DatabaseLockedError(waited_ms),
        sqlite.SQLITE_FULL: lambda: DiskFullError(fault.message),
        sqlite.SQLITE_IOERR: lambda: DiskError(fault.message),
        sqlite.SQLITE_READONLY: lambda: ReadOnlyError(Path(path), fault.message),
        sqlite.SQLITE_CORRUPT: lambda: DamagedDatabaseError(path, fault.message, backup=newest_backup(Path(path))),
        sqlite.SQLITE_NOTADB: lambda: NotADatabaseError(path, fault.message, hint=backup_hint(Path(path))),
    }
    made = simple.get(kind)
    return made() if made is not None else StatementError(fault.message, sql)


def constraint_violation(
    fault: DriverFault, declared: TableDeclaration | None, values: Mapping[str, object]
) -> ConstraintViolation:
    """The typed violation for a constraint error's code and text."""
    name = declared.name if declared else ""
    matched = _FAILED.match(fault.message)
    what = matched["what"] if matched else ""
    code = fault.code
    if code == sqlite.SQLITE_CONSTRAINT_FOREIGNKEY or fault.message.startswith("FOREIGN KEY"):
        return ForeignKeyViolation(name)
    if code == sqlite.SQLITE_CONSTRAINT_NOTNULL:
        table, column = _column(what)
        return NotNullViolation(table or name, [column])
    if code == sqlite.SQLITE_CONSTRAINT_CHECK:
        columns = _check_columns(declared, what)
        return CheckViolation(name, columns, what, value=_safe_value(declared, columns, values))
    if code in (
        sqlite.SQLITE_CONSTRAINT_UNIQUE,
        sqlite.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite.SQLITE_CONSTRAINT_ROWID,
    ):
        return _unique(name, declared, what, values)
    typed = _DATATYPE.search(fault.message)
    if typed:
        return CheckViolation(
            typed["table"], [typed["column"]], "", detail=f": {typed['kind']} in a {typed['type']} column"
        )
    return ConstraintViolation(name, detail=f": {fault.message}")


def _column(what: str) -> tuple[str, str]:
    table, _, column = what.rpartition(".")
    return table, column


def _unique(name: str, declared: TableDeclaration | None, what: str, values: Mapping[str, object]) -> UniqueViolation:
    index = _INDEX.match(what)
    if index:
        constraint = index["name"].replace("''", "'")
        columns = _unique_columns(declared, constraint)
    elif declared is not None and what in (keys := _keys(declared)):
        constraint, columns = keys[what]
    else:
        pairs = [_column(part) for part in what.split(", ")]
        columns = [column for _, column in pairs]
        name, constraint = pairs[0][0] or name, ""
    return UniqueViolation(name, columns, constraint, value=_safe_value(declared, columns, values))


def _unique_columns(declared: TableDeclaration | None, name: str) -> list[str]:
    for unique in declared.uniques if declared else ():
        if declared and declared.unique_name(unique) == name:
            return list(unique.columns)
    return []


def _keys(declared: TableDeclaration) -> dict[str, tuple[str, list[str]]]:
    """The declared keys by the words in which SQLite names their columns, whatever characters the names hold."""
    keys = [(f"pk_{declared.name}", [column.name for column in declared.primary_key])]
    keys += [(declared.unique_name(unique), list(unique.columns)) for unique in reversed(declared.uniques)]
    return {", ".join(f"{declared.name}.{name}" for name in names): (key, names) for key, names in keys}


def _check_columns(declared: TableDeclaration | None, name: str) -> list[str]:
    """The columns that a CHECK is over: the one whose type made it, or those that its condition names."""
    if declared is None:
        return []
    for check in declared.checks:
        if check_name(declared, check) == name:
            parts = iterate(built(check.condition(), plain_bind))
            return list(dict.fromkeys(part.name for part in parts if isinstance(part, sa.ColumnClause)))
    for column in declared.columns.values():
        if any(name == f"ck_{declared.name}_{column.name}{suffix}" for suffix in ("", "_length", "_range", "_json")):
            return [column.name]
    return []


_VALUE_LIMIT = 80


def _safe_value(declared: TableDeclaration | None, columns: Sequence[str], values: Mapping[str, object]) -> object:
    """The refused value where it is short and no secret."""
    if declared is None or len(columns) != 1 or columns[0] not in values:
        return None
    column = declared.columns.get(columns[0])
    value = values[columns[0]]
    if column is None or column.secret or is_expression(value) or len(repr(value)) > _VALUE_LIMIT:
        return None
    return value
