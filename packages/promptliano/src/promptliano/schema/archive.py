"""The archive: rows of other stores that have no home in the tables here."""

from __future__ import annotations

from datetime import datetime

from schemaroot import Col, JsonValue, Table, Unique, auto_id, json, now, text, timestamp_ms


class Archive(
    Table,
    name="archive",
    comment="A row of another store that has no table here, kept as it was",
    unique=[Unique("source", "source_table", "source_id", "reason")],
):
    """An archived row. It is written once and kept, so that it is neither updated nor deleted."""

    id: Col[int] = auto_id()
    source: Col[str] = text(min_length=1, comment="which store it came from")
    source_table: Col[str] = text(min_length=1, comment="its table there")
    source_id: Col[str] = text(comment="its key there, as text")
    payload: Col[JsonValue] = json(secret=True, comment="the row by column name; its secrets are sealed")
    reason: Col[str] = text(min_length=1, comment="the rule that sent it here")
    created: Col[datetime] = timestamp_ms(default_factory=now)
