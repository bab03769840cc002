"""How does data become JSON? Rows as camelCase objects with epoch milliseconds, one document per command on stdout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, cast

from schemaroot import Table, declaration_of

Document: TypeAlias = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEALED = "secrets"
"""The member of an agent's configuration that is never given out."""


def camel(name: str) -> str:
    """`project_id` as `projectId`."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def document(row: Table, **more: object) -> Document:
    """A row as an object, with further members; secret columns lose their secrets."""
    columns = declaration_of(type(row)).columns
    made = {camel(name): _value(value, columns[name].secret) for name, value in row.to_dict().items()}
    return made | {camel(name): _value(value, False) for name, value in more.items()}


def listed(items: Iterable[Document], next_cursor: str | None, total: int | None) -> Document:
    """A list as one document."""
    return {"items": list(items), "nextCursor": next_cursor, "total": total}


def encoded(value: object) -> bytes:
    """The bytes of a document, with a line feed at the end."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _value(value: object, secret: bool) -> object:
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, Table):
        return document(value)
    if secret and isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: member for name, member in members.items() if name != SEALED}
    return None if secret else value
