"""JSON Schema of a table's outside data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemaroot.validation.models import Kind, model

if TYPE_CHECKING:
    from schemaroot.schema.table import Table

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(table: type[Table], kind: Kind) -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of the data that inserts or updates a row of `table`, or shows one.

    `kind` is `"insert"`, `"update"` or `"select"`. What has no default is required by an insert, nothing by an
    update, and everything is there in a row; a nullable column is `anyOf` its type and null. The order is stable.
    """
    return {"$schema": DIALECT, **model(table, kind).model_json_schema()}
