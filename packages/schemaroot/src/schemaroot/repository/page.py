"""Pages: by offset, or by a cursor that stays right while rows come and go.

A cursor names the place after which the next page starts: the sort values and the key of the last row. It is opaque
and signed, so that a client can neither read meaning into it nor ask for a place that it was not given.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import msgspec

from schemaroot.errors import InvalidArgumentsError, InvalidCursorError, UnknownFieldError
from schemaroot.schema.column import Column
from schemaroot.schema.expression import Expr
from schemaroot.schema.refusals import described, is_a
from schemaroot.schema.table import Table, TableDeclaration
from schemaroot.schema.types import TimestampMs, from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

R = TypeVar("R", bound=Table)

_PROCESS_KEY = os.urandom(32)
_MAC_BYTES = 16


class Page(msgspec.Struct, Generic[R], frozen=True, gc=False):
    """Some rows of a list.

    Attributes:
        items: the rows.
        next_cursor: asks for the next page; `None` on the last one.
        total: how many rows the list has, when it was asked for.
    """

    items: list[R]
    next_cursor: str | None = None
    total: int | None = None


class SortKey(msgspec.Struct, frozen=True, gc=False):
    """One column of a sort order."""

    name: str
    descending: bool


def sort_keys(declared: TableDeclaration, sort: str) -> tuple[SortKey, ...]:
    """Reads `"-created,title"`; the key is added last, so that the order is total. Raises `UnknownFieldError`."""
    if not is_a(str, sort):
        raise InvalidArgumentsError(f"sort is a text of column names, not {described(sort)}.")
    names = [name.strip() for name in sort.split(",") if name.strip()]
    given: dict[str, SortKey] = {}
    for name in names:  # of a column that is named twice the first place counts
        given.setdefault(name.removeprefix("-"), SortKey(name.removeprefix("-"), name.startswith("-")))
    keys = list(given.values())
    sortable = [
        column.name for column in declared.columns.values() if column.type.storage != "json" and not column.secret
    ]
    for key in keys:
        if key.name not in sortable:
            raise UnknownFieldError(key.name, sortable)
    last = keys[-1].descending if keys else False
    keys += [SortKey(column.name, last) for column in declared.primary_key if column.name not in given]
    return tuple(keys)


class CursorCodec:
    """Writes and reads the cursors of one table's lists."""

    def __init__(self, declared: TableDeclaration, key: bytes | None = None) -> None:
        self._declared: TableDeclaration = declared
        if key is not None and (not is_a(bytes, key) or not key):
            raise InvalidArgumentsError("The key that signs cursors is some bytes.")
        self._key: bytes = key or _PROCESS_KEY

    def write(self, keys: Sequence[SortKey], row: Table) -> str:
        """The cursor of the place after `row`."""
        values = [_stored(getattr(row, key.name)) for key in keys]
        body = msgspec.json.encode([_order_text(keys), values])
        return _encoded(self._mac(body) + body)

    def read(self, keys: Sequence[SortKey], cursor: str) -> list[object]:
        """The Python values of a cursor; raises `InvalidCursorError`."""
        from hmac import compare_digest  # loads OpenSSL, 4 MiB that only pages need

        raw = _decoded(cursor) if is_a(str, cursor) else None
        if raw is None:
            raise InvalidCursorError("it is not one of ours")
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not compare_digest(mac, self._mac(body)):
            raise InvalidCursorError("its signature does not fit")
        order, values = msgspec.json.decode(body, type=tuple[str, list[Any]])
        if order != _order_text(keys):
            raise InvalidCursorError("it belongs to another sort order")
        try:
            return [_loaded(self._declared.columns[key.name], value) for key, value in zip(keys, values, strict=True)]
        except (ValueError, OverflowError):
            # Signed with a lasting key before a column became another one.
            raise InvalidCursorError("it belongs to an earlier form of the table") from None

    def _mac(self, body: bytes) -> bytes:
        import hmac  # as above

        return hmac.digest(self._key, self._declared.name.encode() + b"\0" + body, "sha256")[:_MAC_BYTES]


def _decoded(cursor: str) -> bytes | None:
    """The bytes of a cursor, when it is written as we write them: some bytes have several texts in base64."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        return None
    return raw if _encoded(raw) == cursor else None


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _stored(value: Any) -> object:
    """A sort value as JSON, unchecked: what a row holds is what the next page starts after."""
    return to_milliseconds(value) if isinstance(value, datetime) else value


_JSON_TYPE: Mapping[str, type] = {"integer": int, "real": float, "text": str, "blob": str, "boolean": bool}


def _loaded(column: Column, value: Any) -> object:
    """The Python value of a sort value; raises `ValueError` or `OverflowError` when the column holds no such value."""
    if value is None and column.nullable:
        return None
    if type(value) is not _JSON_TYPE[column.type.storage]:
        raise ValueError(column.label)
    if isinstance(column.type, TimestampMs):
        return from_milliseconds(cast(int, value))
    return base64.b64decode(cast(str, value), validate=True) if column.type.storage == "blob" else value


def _order_text(keys: Sequence[SortKey]) -> str:
    return ",".join(("-" if key.descending else "") + key.name for key in keys)


def after(table: type[Table], keys: Sequence[SortKey], values: Sequence[object]) -> ColumnElement[bool]:
    """The condition that a row comes after the place with these sort values (nulls sort before everything else)."""
    import sqlalchemy as sa  # loaded only where SQL is built

    expressions = [cast("Expr[Any, Any]", getattr(table, key.name)) for key in keys]
    plain = all(not expression.column.nullable for expression in expressions)
    if plain and len({key.descending for key in keys}) == 1:
        # One comparison of row values, which an index over the columns answers directly.
        bound = [
            sa.literal(value, expression.__clause_element__().type)
            for expression, value in zip(expressions, values, strict=True)
        ]
        left: Any = sa.tuple_(*expressions)
        return cast("ColumnElement[bool]", left < sa.tuple_(*bound) if keys[0].descending else left > sa.tuple_(*bound))
    alternatives: list[Any] = []
    for place, key in enumerate(keys):
        same = [expressions[i] == values[i] for i in range(place)]
        further = _further(expressions[place], values[place], descending=key.descending)
        if further is not None:
            alternatives.append(sa.and_(*same, further))
    return sa.or_(*alternatives) if alternatives else sa.false()


def _further(expression: Expr[Any, Any], value: object, *, descending: bool) -> Any:
    if value is None:
        return None if descending else expression.is_not(None)
    if not descending:
        return expression > value
    return (expression < value) | expression.is_(None) if expression.column.nullable else expression < value
