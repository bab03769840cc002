"""From a column's annotation to its type: reads `Col[...]` and `Ref[...]`, also those that name later tables."""

from __future__ import annotations

import builtins
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from typing_extensions import is_typeddict

from schemaroot.errors import DeclarationError
from schemaroot.schema.types import (
    Blob,
    Boolean,
    ColumnType,
    Enumeration,
    Integer,
    Json,
    Real,
    Text,
    TimestampMs,
    shape_name,
)
from schemaroot.schema.values import JsonValue


class Later:
    """Stands for a name that is not known yet, such as a table that is declared further down."""


class Scope(dict[str, Any]):
    """The names that an annotation may use; an unknown one stands for a table that is declared later."""

    def __missing__(self, name: str) -> type[Later]:
        if name.startswith("__"):
            raise KeyError(name)
        return type(name, (Later,), {})


def column_annotation(
    label: str, annotation: object, scope: Mapping[str, Any], col: object, ref: object
) -> tuple[Any, bool]:
    """The value type of `Col[T]` or `Ref[Target, T]`, and whether it is a reference."""
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, {"__builtins__": builtins}, scope)  # the program's own annotation
        except (SyntaxError, TypeError, AttributeError) as error:
            raise DeclarationError(label, f"the annotation {annotation!r} cannot be read ({error})") from None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is col:
        value_type = arguments[0]
    elif origin is ref:
        value_type = arguments[1]
    else:
        raise DeclarationError(label, f"the annotation {annotation!r} is not Col[...] or Ref[...]")
    unknown = _later(value_type)
    if unknown:
        raise DeclarationError(label, f"the annotation uses the unknown name {unknown!r}")
    return value_type, origin is ref


def _later(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Later):
        return annotation.__name__
    return next((name for name in map(_later, get_args(annotation)) if name), "")


def _without_null(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) < len(get_args(annotation)):
            return Union[tuple(members)], True  # noqa: UP007  # built from a tuple
    return annotation, False


def column_type(label: str, kind: str, annotation: Any, options: dict[str, Any]) -> tuple[ColumnType, bool]:
    """The column type for a column function and an annotation, and whether null is allowed."""
    value_type, nullable = _without_null(annotation)
    try:
        made = _make(kind, value_type, options)
    except TypeError as error:
        raise DeclarationError(label, f"unknown option ({error})") from None
    if made is None:
        raise DeclarationError(
            label,
            f"{kind}() does not hold {shape_name(value_type)}",
            hint="Supported: int, float, str, bool, bytes, datetime, Literal[...], and any typed shape with json().",
        )
    if isinstance(made, Json):
        _check_shape(label, made)
    elif isinstance(made, Text) and made.max_length is not None and made.max_length < made.min_length:
        raise DeclarationError(label, "max_length is less than min_length")
    return made, nullable


_SIMPLE: dict[tuple[str, type], type[ColumnType]] = {
    ("integer", int): Integer,
    ("real", float): Real,
    ("text", str): Text,
    ("boolean", bool): Boolean,
    ("timestamp_ms", datetime): TimestampMs,
    ("blob", bytes): Blob,
    ("reference", int): Integer,
    ("reference", str): Text,
    ("generated", int): Integer,
    ("generated", float): Real,
    ("generated", str): Text,
    ("generated", bool): Boolean,
    ("generated", datetime): TimestampMs,
}


def _make(kind: str, value_type: Any, options: dict[str, Any]) -> ColumnType | None:
    if kind == "json":
        return Json(shape=value_type, **options)
    if get_origin(value_type) is Literal and kind in ("text", "integer"):
        members = get_args(value_type)
        wanted = str if kind == "text" else int
        if not all(type(member) is wanted for member in members):
            return None
        return Enumeration(members=members, **options)
    found = _SIMPLE.get((kind, value_type)) if isinstance(value_type, type) else None
    return found(**options) if found is not None else None


def _check_shape(label: str, column_type: Json) -> None:
    shape = column_type.shape
    origin = get_origin(shape) or shape
    if origin in (set, frozenset, tuple) and not is_typeddict(shape):
        raise DeclarationError(label, f"a JSON column does not hold {shape_name(shape)}", hint="Use list[...].")
    if shape is JsonValue:
        return
    try:
        _ = column_type.decode
    except (TypeError, msgspec.MsgspecError, NameError) as error:
        raise DeclarationError(label, f"{shape_name(shape)} is not a shape that JSON can hold ({error})") from None
