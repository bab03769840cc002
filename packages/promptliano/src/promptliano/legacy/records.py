"""What does the archive of a database remember of the import that filled it?"""

from __future__ import annotations

from typing import cast

from promptliano.schema import Archive
from schemaroot import Database, JsonValue

CELLS, ID_MAP, RECORD = "cells", "id_map", "import"
"""Reasons of archive rows that are no rows of their own: cells that the target does not bring back, the id of a row
that has another one here, and the record of the import."""


def find_record(target: Database) -> dict[str, JsonValue] | None:
    """The record of the import that filled a database, or `None`."""
    row = target.select(Archive).where(Archive.reason == RECORD).order_by(Archive.id.desc()).first()
    return None if row is None else cast("dict[str, JsonValue]", row.payload)
