"""Settings of the whole installation."""

from __future__ import annotations

from datetime import datetime

from schemaroot import Col, JsonValue, Table, Unique, auto_id, json, now, soft_delete, text, timestamp_ms


class Setting(
    Table,
    name="settings",
    comment="A setting of the whole installation that differs from its default",
    unique=[Unique("key")],
):
    """A setting; a known key without a row has its default."""

    id: Col[int] = auto_id()
    key: Col[str] = text(min_length=1, comment="one of the known settings")
    value: Col[JsonValue] = json()
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
