"""Constraints and indexes of a table, as data; names are deterministic and fit PostgreSQL's 63 bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from schemaroot.errors import DeclarationError
from schemaroot.schema.arguments import declaring

MAX_NAME_BYTES = 63
"""PostgreSQL cuts longer names off in silence (NAMEDATALEN - 1)."""

RESERVED_PREFIX = "sqlite_"
"""What SQLite lets no table or index be called, in any case of letters."""

Part = str | Callable[[], object]
"""A column's name (`"-created"` for descending), or a function that gives an SQL expression."""


def _shown(kind: str, parts: Iterable[str], where: object, name: str) -> str:
    told = [*parts, *(["where=..."] if where else []), *([f"name={name}"] if name else [])]
    return f"{kind}({', '.join(told)})"


@declaring
class Index:
    """An index over columns or expressions.

    Args:
        parts: column names, `"-name"` for descending, or functions that give an SQL expression.
        where: a function that gives the condition of a partial index.
        name: its name; made from table and columns when not given. Needed when a part is an expression.
    """

    def __init__(self, *parts: Part, where: Callable[[], object] | None = None, name: str = "") -> None:
        self.parts = parts
        self.where = where
        self.name = name

    def __repr__(self) -> str:
        shown = [part if isinstance(part, str) else "<expression>" for part in self.parts]
        return _shown("Index", shown, self.where, self.name)


@declaring
class Unique:
    """A unique key. On a table with soft delete it is over live rows, so that a deleted name can be used again.

    Args:
        columns: names of its columns.
        nulls_equal: whether two nulls count as the same value (a global name is then unique too).
        over: `"live"` rows (the default where the table has soft delete) or `"all"` rows.
        where: a function that gives a further condition.
        name: its name; made from table and columns when not given.
    """

    def __init__(
        self,
        *columns: str,
        nulls_equal: bool = False,
        over: str = "live",
        where: Callable[[], object] | None = None,
        name: str = "",
    ) -> None:
        self.columns = columns
        self.nulls_equal = nulls_equal
        self.over = over
        self.where = where
        self.name = name

    def __repr__(self) -> str:
        return _shown("Unique", self.columns, self.where, self.name)


@declaring
@dataclass(frozen=True)
class Check:
    """A named CHECK.

    Args:
        name: its short name; the database knows it as `ck_<table>_<name>`.
        condition: a function that gives the condition over columns of the table.
    """

    name: str
    condition: Callable[[], object]


def constraint_name(kind: str, table: str, *parts: str, given: str = "") -> str:
    """The name of a constraint or index; raises `DeclarationError` when PostgreSQL would cut it off."""
    name = given or "_".join((kind, table, *(part.removeprefix("-") for part in parts)))
    if len(name.encode()) > MAX_NAME_BYTES:
        raise DeclarationError(
            f"table {table}",
            f"the name {name!r} is longer than {MAX_NAME_BYTES} bytes",
            hint="Give a shorter name=..., or shorten the names that it is made of.",
        )
    return name


def search_table(table: str) -> str:
    """The name of the full-text index of a table."""
    return f"{table}_search"


def search_triggers(table: str) -> tuple[str, str, str]:
    """The names of the triggers that keep the full-text index in step: on insert, delete and update."""
    name = search_table(table)
    return f"{name}_insert", f"{name}_delete", f"{name}_update"
