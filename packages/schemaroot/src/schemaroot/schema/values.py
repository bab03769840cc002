"""Small shared values: the missing marker, JSON values, the clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from typing_extensions import TypeAliasType

SqlValue = int | float | str | bytes | None
"""What a driver takes and gives."""

JsonValue = TypeAliasType("JsonValue", "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None")
"""Any JSON document (RFC 8259), as Python values."""


class Missing(Enum):
    """The type of `MISSING`: no value was given, which is not the same as null."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""No value was given. Absent is not null, and never matches everything."""


def now() -> datetime:
    """The present moment in UTC, cut to whole milliseconds, which is what `timestamp_ms` columns hold."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
