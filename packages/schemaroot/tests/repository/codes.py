"""Tables that refer to each other by a unique code instead of a key."""

from __future__ import annotations

from datetime import datetime

from schemaroot import Col, Ref, Table, Unique, auto_id, references, soft_delete, text


class Land(Table, name="lands", unique=[Unique("code", over="all")]):
    id: Col[int] = auto_id()
    code: Col[str] = text()
    name: Col[str] = text()
    deleted: Col[datetime | None] = soft_delete()


class Town(Table, name="towns"):
    id: Col[int] = auto_id()
    land: Ref[Land, str] = references(lambda: Land.code, on_delete="cascade")
    name: Col[str] = text()
    deleted: Col[datetime | None] = soft_delete()


CODES: list[type[Table]] = [Land, Town]
