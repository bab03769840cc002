"""Describe tables once; query, validate, migrate and export them from that description."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemaroot.engine.database import Database
    from schemaroot.engine.encode import rows_to_json, to_json
    from schemaroot.engine.files import Identity
    from schemaroot.query.select import Nested, Prepared, Projection, Query
    from schemaroot.query.write import Delete, Update
    from schemaroot.repository.page import Page
    from schemaroot.repository.repository import Repository
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

# Each name loads its module when it is asked for: a command line's help needs none of them, and declaring tables alone
# does without SQLAlchemy, which what runs statements loads for 200 ms and 20 MiB.
_ON_USE = {
    "Database": "schemaroot.engine.database",
    "rows_to_json": "schemaroot.engine.encode",
    "to_json": "schemaroot.engine.encode",
    "Identity": "schemaroot.engine.files",
    "Nested": "schemaroot.query.select",
    "Prepared": "schemaroot.query.select",
    "Projection": "schemaroot.query.select",
    "Query": "schemaroot.query.select",
    "Delete": "schemaroot.query.write",
    "Update": "schemaroot.query.write",
    "Page": "schemaroot.repository.page",
    "Repository": "schemaroot.repository.repository",
    "auto_id": "schemaroot.schema.column",
    "blob": "schemaroot.schema.column",
    "boolean": "schemaroot.schema.column",
    "generated": "schemaroot.schema.column",
    "integer": "schemaroot.schema.column",
    "json": "schemaroot.schema.column",
    "real": "schemaroot.schema.column",
    "references": "schemaroot.schema.column",
    "soft_delete": "schemaroot.schema.column",
    "text": "schemaroot.schema.column",
    "timestamp_ms": "schemaroot.schema.column",
    "Check": "schemaroot.schema.constraints",
    "Index": "schemaroot.schema.constraints",
    "Unique": "schemaroot.schema.constraints",
    "Assignment": "schemaroot.schema.expression",
    "Expr": "schemaroot.schema.expression",
    "FkExpr": "schemaroot.schema.expression",
    "Parameter": "schemaroot.schema.expression",
    "param": "schemaroot.schema.expression",
    "New": "schemaroot.schema.new",
    "Patch": "schemaroot.schema.new",
    "new": "schemaroot.schema.new",
    "Col": "schemaroot.schema.table",
    "Ref": "schemaroot.schema.table",
    "Table": "schemaroot.schema.table",
    "TableDeclaration": "schemaroot.schema.table",
    "declaration_of": "schemaroot.schema.table",
    "MISSING": "schemaroot.schema.values",
    "JsonValue": "schemaroot.schema.values",
    "Missing": "schemaroot.schema.values",
    "now": "schemaroot.schema.values",
    "insert_model": "schemaroot.validation.models",
    "select_model": "schemaroot.validation.models",
    "update_model": "schemaroot.validation.models",
    "parse_insert": "schemaroot.validation.parse",
    "parse_insert_json": "schemaroot.validation.parse",
    "parse_update": "schemaroot.validation.parse",
    "parse_update_json": "schemaroot.validation.parse",
    "json_schema": "schemaroot.validation.schema",
}


def __getattr__(name: str) -> object:
    module = _ON_USE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not module.startswith(("schemaroot.schema", "schemaroot.validation")):
        from schemaroot.engine.loading import load_sqlalchemy

        load_sqlalchemy()
    value: object = getattr(import_module(module), name)
    globals()[name] = value
    return value
