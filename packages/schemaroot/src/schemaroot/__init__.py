"""Describe tables once; query, validate, migrate and export them from that description."""

from importlib import import_module
from typing import TYPE_CHECKING

from schemaroot.engine.loading import load_sqlalchemy
from schemaroot.schema.column import (
    auto_id,
    blob,
    boolean,
    generated,
    integer,
    json,
    real,
    references,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.schema.constraints import Check, Index, Unique
from schemaroot.schema.expression import Assignment, Expr, FkExpr, Parameter, param
from schemaroot.schema.new import New, Patch, new
from schemaroot.schema.table import Col, Ref, Table, TableDeclaration, declaration_of
from schemaroot.schema.values import MISSING, JsonValue, Missing, now

if TYPE_CHECKING:
    from schemaroot.engine.database import Database
    from schemaroot.engine.encode import rows_to_json, to_json
    from schemaroot.engine.files import Identity
    from schemaroot.query.select import Nested, Prepared, Projection, Query
    from schemaroot.query.write import Delete, Update
    from schemaroot.repository.page import Page
    from schemaroot.repository.repository import Repository
    from schemaroot.validation.models import insert_model, select_model, update_model
    from schemaroot.validation.parse import parse_insert, parse_insert_json, parse_update, parse_update_json
    from schemaroot.validation.schema import json_schema

__all__ = [
    "MISSING",
    "Assignment",
    "Check",
    "Col",
    "Database",
    "Delete",
    "Expr",
    "FkExpr",
    "Identity",
    "Index",
    "JsonValue",
    "Missing",
    "Nested",
    "New",
    "Page",
    "Parameter",
    "Patch",
    "Prepared",
    "Projection",
    "Query",
    "Ref",
    "Repository",
    "Table",
    "TableDeclaration",
    "Unique",
    "Update",
    "auto_id",
    "blob",
    "boolean",
    "declaration_of",
    "generated",
    "insert_model",
    "integer",
    "json",
    "json_schema",
    "new",
    "now",
    "param",
    "parse_insert",
    "parse_insert_json",
    "parse_update",
    "parse_update_json",
    "real",
    "references",
    "rows_to_json",
    "select_model",
    "soft_delete",
    "text",
    "timestamp_ms",
    "to_json",
    "update_model",
]

# What runs statements loads SQLAlchemy, which costs 200 ms and 20 MiB: declaring tables alone does without.
_ON_USE = {
    "Database": "schemaroot.engine.database",
    "Identity": "schemaroot.engine.files",
    "rows_to_json": "schemaroot.engine.encode",
    "to_json": "schemaroot.engine.encode",
    "Nested": "schemaroot.query.select",
    "Prepared": "schemaroot.query.select",
    "Projection": "schemaroot.query.select",
    "Query": "schemaroot.query.select",
    "Delete": "schemaroot.query.write",
    "Update": "schemaroot.query.write",
    "Page": "schemaroot.repository.page",
    "Repository": "schemaroot.repository.repository",
    "insert_model": "schemaroot.validation.models",
    "json_schema": "schemaroot.validation.schema",
    "parse_insert": "schemaroot.validation.parse",
    "parse_insert_json": "schemaroot.validation.parse",
    "parse_update": "schemaroot.validation.parse",
    "parse_update_json": "schemaroot.validation.parse",
    "select_model": "schemaroot.validation.models",
    "update_model": "schemaroot.validation.models",
}


def __getattr__(name: str) -> object:
    module = _ON_USE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not module.startswith("schemaroot.validation"):
        load_sqlalchemy()
    value: object = getattr(import_module(module), name)
    globals()[name] = value
    return value
