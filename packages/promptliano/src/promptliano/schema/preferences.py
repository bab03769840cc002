"""Preferences of each user."""

from __future__ import annotations

from datetime import datetime

from schemaroot import Col, Index, JsonValue, Table, Unique, auto_id, json, now, soft_delete, text, timestamp_ms


class UserPreference(
    Table,
    name="user_preferences",
    comment="What one user has chosen",
    indexes=[Index("created", "id")],
    unique=[Unique("user", "key")],
):
    """A preference: one value per user and key."""

    id: Col[int] = auto_id()
    user: Col[str] = text(min_length=1, comment="name of the user, or of the client where there are no users")
    key: Col[str] = text(min_length=1, comment="what the preference is about, with dots between the parts")
    value: Col[JsonValue] = json()
    created: Col[datetime] = timestamp_ms(default_factory=now)
    updated: Col[datetime] = timestamp_ms(default_factory=now, on_update=now)
    deleted: Col[datetime | None] = soft_delete()
