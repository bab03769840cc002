"""How does data become JSON? Rows as camelCase objects with epoch milliseconds, one document per command on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from schemaroot import Table, declaration_of
from schemaroot.cli.documents import Document, camel, milliseconds

SEALED = "secrets"
"""The member of an agent's configuration that is never given out."""


def document(row: Table, **more: object) -> Document:
    """A row as an object, with further members; secret columns lose their secrets."""
    columns = declaration_of(type(row)).columns
    made = {camel(name): _value(value, columns[name].secret) for name, value in row.to_dict().items()}
    return made | {camel(name): _value(value, False) for name, value in more.items()}


def listed(items: Iterable[Document], next_cursor: str | None, total: int | None) -> Document:
    """A list as one document."""
    return {"items": list(items), "nextCursor": next_cursor, "total": total}


def _value(value: object, secret: bool) -> object:
    if isinstance(value, datetime):
        return milliseconds(value)
    if isinstance(value, Table):
        return document(value)
    if secret and isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: member for name, member in members.items() if name != SEALED}
    return None if secret else value
