"""From a column's annotation to its type: reads `Col[...]` and `Ref[...]`, also those that name later tables."""

from __future__ import annotations

import builtins
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ForwardRef, Literal, Union, cast, get_args, get_origin

from msgspec import inspect
from typing_extensions import is_typeddict

from schemaroot.errors import DeclarationError, InvalidValueError
from schemaroot.schema.column import ColumnSpec
from schemaroot.schema.refusals import described
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
    plain_shape,
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
) -> tuple[Any, type | str | None]:
    """The value type of `Col[T]` or `Ref[Target, T]`, and the table that a reference names: its class or its name."""
    is_text = isinstance(annotation, str)
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, {"__builtins__": builtins}, scope)  # the program's own annotation
        except Exception as error:  # whatever the annotation's own code raises
            raise DeclarationError(
                label, f"the annotation {annotation!r} cannot be read ({error})", hint="Write Col[type]."
            ) from error
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is not col and origin is not ref:
        raise DeclarationError(
            label, f"the annotation is {described(annotation)}, not Col[...] or Ref[...]", hint="Write Col[type]."
        )
    value_type = arguments[-1]
    unknown = _later(value_type)
    if unknown:
        raise DeclarationError(
            label,
            f"the annotation uses the unknown name {unknown!r}",
            hint="Define or import it before the table, in the module or in the function that declares the table.",
        )
    if origin is col:
        return value_type, None
    named = _table_named(label, arguments[0])
    # Names in a text are looked up from here, and may lead to another class of that name than they did in their place.
    return value_type, named.__name__ if is_text and isinstance(named, type) else named


def _table_named(label: str, target: object) -> type | str:
    if isinstance(target, ForwardRef):
        return target.__forward_arg__.rpartition(".")[2]
    if isinstance(target, type):
        found = cast("type[object]", target)
        if issubclass(found, Later) or hasattr(found, "__declaration__"):
            return found
    raise DeclarationError(
        label, f"Ref[{shape_name(target)}, ...] names what is no table", hint="Write Ref[Table, key's type]."
    )


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


def column_type(label: str, spec: ColumnSpec, annotation: Any) -> tuple[ColumnType, bool]:
    """The column type for what a column function was told and an annotation, and whether null is allowed."""
    value_type, nullable = _without_null(annotation)
    is_literal = get_origin(value_type) is Literal
    if is_literal and spec.options:
        raise DeclarationError(
            label, f"a Literal takes no {', '.join(spec.options)}", hint="Its members say all that it holds."
        )
    made = _make(spec.kind, value_type, spec.options)
    if made is None:
        raise DeclarationError(
            label,
            f"{spec.function}() does not hold {shape_name(value_type)}",
            hint="A Literal's members are all texts, with text(), or all whole numbers, with integer()."
            if is_literal
            else "Supported: int, float, str, bool, bytes, datetime, Literal[...], and any typed shape with json().",
        )
    if isinstance(made, Json):
        _check_shape(label, made)
    elif isinstance(made, Enumeration):
        _check_members(label, made)
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


_SHAPES = "Use lists, dicts with texts for keys, TypedDict, dataclasses, msgspec structs or Pydantic models."


def _check_shape(label: str, column_type: Json) -> None:
    shape = column_type.shape
    origin = get_origin(shape) or shape
    if origin in (set, frozenset, tuple) and not is_typeddict(shape):
        raise DeclarationError(label, f"a JSON column does not hold {shape_name(shape)}", hint="Use list[...].")
    if shape is JsonValue:
        return
    try:
        _ = column_type.decode
        strange = None if column_type.adapter is not None else _strange(inspect.type_info(plain_shape(shape)), set())
    except Exception as error:  # msgspec and Pydantic have many words for a shape that they cannot take
        raise DeclarationError(
            label,
            f"{shape_name(shape)} is not a shape that JSON can hold ({error})",
            hint=_SHAPES,
        ) from error
    if strange is not None:
        raise DeclarationError(
            label,
            f"{shape_name(shape)} is not a shape that JSON can hold ({shape_name(strange)} has no form in it)",
            hint=_SHAPES,
        )


def _strange(info: object, seen: set[int]) -> type | None:
    """A class within a shape that JSON has no form for, if there is one."""
    if id(info) in seen:  # a shape that holds itself
        return None
    seen.add(id(info))
    match info:
        case inspect.CustomType(cls=found):
            return None if found is object else found
        case inspect.Type() | inspect.Field():
            parts = [getattr(info, name) for name in info.__struct_fields__]
        case tuple():
            parts = list(cast("tuple[object, ...]", info))
        case _:
            return None
    return next((strange for part in parts if (strange := _strange(part, seen)) is not None), None)


def _check_members(label: str, enumeration: Enumeration) -> None:
    plain = Text() if enumeration.storage == "text" else Integer()
    for member in enumeration.members:
        try:
            plain.dump(member)
        except InvalidValueError as error:
            raise DeclarationError(
                label, f"a member of the Literal cannot be stored: {error.problem}", hint="Leave it out."
            ) from None
