"""What does a legacy table look like? Short words for saying it, one table on one screen.

SQLAlchemy writes the SQL; these functions only shorten its calls. `key` and `text_key` are strict, `loose_key`
and `loose_text_key` leave out `NOT NULL`, as most of the originals did (a loose text key may even hold NULL).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

Default: TypeAlias = str | int | float | sa.ColumnElement[int] | None
"""What the database fills in for a value that an insert leaves out."""


class Declared(UserDefinedType[object]):
    """A column type that is nothing but its declared name: values pass untouched, SQLite's affinity rules apply."""

    cache_ok: bool | None = True

    def __init__(self, name: str) -> None:
        self.name: str = name

    def get_col_spec(self, **_: object) -> str:
        """Give the declared name, for CREATE TABLE."""
        return self.name


def key(name: str = "id") -> sa.Column[int]:
    """Declare an integer primary key with NOT NULL."""
    return sa.Column(name, sa.INTEGER(), primary_key=True, nullable=False)


def loose_key(name: str = "id") -> sa.Column[int]:
    """Declare an integer primary key without NOT NULL; SQLite fills it all the same."""
    return sa.Column(name, sa.INTEGER(), primary_key=True, nullable=True)


def text_key(name: str = "id") -> sa.Column[str]:
    """Declare a text primary key, or one member of it, with NOT NULL."""
    return sa.Column(name, sa.TEXT(), primary_key=True, nullable=False)


def loose_text_key(name: str = "id") -> sa.Column[str]:
    """Declare a text primary key without NOT NULL: SQLite then accepts NULL, several times."""
    return sa.Column(name, sa.TEXT(), primary_key=True, nullable=True)


def integer(
    name: str, *, null: bool = False, default: Default = None, to: str | None = None, on_delete: str | None = None
) -> sa.Column[int]:
    """Declare an INTEGER column, with a foreign key when `to` names its target (`"projects.id"`)."""
    links = [] if to is None else [sa.ForeignKey(to, ondelete=on_delete)]
    return sa.Column(name, sa.INTEGER(), *links, nullable=null, server_default=_server_default(default))


def text(
    name: str, *, null: bool = False, default: str | None = None, to: str | None = None, on_delete: str | None = None
) -> sa.Column[str]:
    """Declare a TEXT column, with a foreign key when `to` names its target."""
    links = [] if to is None else [sa.ForeignKey(to, ondelete=on_delete)]
    return sa.Column(name, sa.TEXT(), *links, nullable=null, server_default=default)


def real(name: str, *, null: bool = False, default: Default = None) -> sa.Column[float]:
    """Declare a REAL column."""
    return sa.Column(name, sa.REAL(), nullable=null, server_default=_server_default(default))


def blob(name: str, *, null: bool = False) -> sa.Column[bytes]:
    """Declare a BLOB column."""
    return sa.Column(name, sa.BLOB(), nullable=null)


def declared(name: str, type_name: str, *, null: bool = False) -> sa.Column[object]:
    """Declare a column whose type is any word, such as JSON or NUMERIC; both have NUMERIC affinity in SQLite."""
    return sa.Column(name, Declared(type_name), nullable=null)


def integers(*names: str, null: bool = False, default: Default = None) -> list[sa.Column[int]]:
    """Declare several INTEGER columns that differ only in their names."""
    return [integer(name, null=null, default=default) for name in names]


def texts(*names: str, null: bool = False, default: str | None = None) -> list[sa.Column[str]]:
    """Declare several TEXT columns that differ only in their names."""
    return [text(name, null=null, default=default) for name in names]


def reals(*names: str, null: bool = False, default: Default = None) -> list[sa.Column[float]]:
    """Declare several REAL columns that differ only in their names."""
    return [real(name, null=null, default=default) for name in names]


def times() -> list[sa.Column[int]]:
    """Declare `created_at` and `updated_at`, both required."""
    return integers("created_at", "updated_at")


def one_of(column: str, values: Sequence[str] | Sequence[int]) -> sa.CheckConstraint:
    """Declare a CHECK that allows the listed values (and NULL, where the column does)."""
    return sa.CheckConstraint(sa.column(column).in_(values))


def unique(*columns: str) -> sa.UniqueConstraint:
    """Declare a unique key without a name; SQLite makes its own index for it."""
    return sa.UniqueConstraint(*columns)


def index(name: str, *columns: str, unique: bool = False, where: sa.ColumnElement[bool] | None = None) -> sa.Index:
    """Declare an index; `where` makes it a partial one."""
    return sa.Index(name, *columns, unique=unique, sqlite_where=where)


def member_index(name: str, member: str, column: str = "data") -> sa.Index:
    """Declare an index on one member of a JSON document."""
    return sa.Index(name, sa.func.json_extract(sa.column(column), f"$.{member}"))


def _server_default(value: Default) -> str | sa.ColumnElement[int] | sa.ColumnElement[float] | None:
    if isinstance(value, int | float):
        return sa.literal(value)
    return value
