"""How does data become a document? Dataclasses and rows as JSON with camelCase names and epoch milliseconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Document: TypeAlias = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def camel(name: str) -> str:
    """`project_id` as `projectId`."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def plain(value: object) -> object:
    """A value as JSON can say it: members of dataclasses by their camelCase names, moments as milliseconds."""
    if isinstance(value, datetime):
        return milliseconds(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        return members(value)
    if isinstance(value, Mapping):
        return {str(name): plain(member) for name, member in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(member) for member in cast("list[object]", value)]
    return value


def members(value: DataclassInstance) -> Document:
    """The members of a dataclass as an object."""
    return {camel(field.name): plain(getattr(value, field.name)) for field in fields(value)}


def encoded(value: object) -> bytes:
    """The bytes of a document, with a line feed at the end."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
