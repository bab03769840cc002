"""Inside a JSON document: every place where it does not fit its shape, and the shape as JSON Schema.

msgspec is the codec of most shapes and stops at the first fault, so the search here goes down the shape beside the
document and asks msgspec at each place. Shapes made of Pydantic models need none of this: Pydantic reports all faults
and writes its own schema.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

from schemaroot.schema.types import plain_shape

Path = tuple[str | int, ...]
"""Where in a document: keys and positions."""

MAX_DEPTH = 200
"""How deep a document from outside may be nested; a fixed number, so that the verdict does not hang on the caller."""


@dataclass(frozen=True)
class Fault:
    """One place where a document does not fit, what is wrong there, and the kind."""

    path: Path
    message: str
    kind: str


def is_too_deep(document: object) -> bool:
    """Whether lists and objects are nested deeper than `MAX_DEPTH`, or without end."""
    level: list[object] = [document]
    for _ in range(MAX_DEPTH + 1):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += cast("dict[object, object]", item).values()
            elif isinstance(item, (list, tuple)):
                inner += cast("list[object]", item)
        if not inner:
            return False
        level = inner
    return True


def faults(document: object, shape: object) -> list[Fault]:
    """Every place where a decoded JSON document does not fit a shape that msgspec is the codec of.

    A key that an object of the shape does not know is a fault too: it would be lost without a word.
    """
    return _faults(document, plain_shape(shape), ())


def knows_keys(shape: object) -> bool:
    """Whether objects with a fixed set of keys are in the shape."""
    return any("properties" in component for component in _components(shape)[1].values())


def _faults(value: object, shape: Any, path: Path) -> list[Fault]:
    found = list(_below(value, shape, path))
    if found:
        return found
    try:
        msgspec.convert(value, shape, str_keys=True)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at ")
        kind = "OUT_OF_RANGE" if " of length " in message or "=" in message else "WRONG_SHAPE"
        return [Fault((*path, *_path_of(where)), _reworded(message), kind)]
    return []


_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.([^.\[\]`]+)")


def _path_of(where: str) -> Path:
    return tuple(int(index) if index.isdigit() else name or index for index, name in _STEP.findall(where))


def _reworded(message: str) -> str:
    return message[:1].lower() + message[1:].replace("`", "")


def _below(value: object, shape: Any, path: Path) -> Iterator[Fault]:
    """The faults inside of a list or object."""
    while get_origin(shape) is Annotated:
        shape = get_args(shape)[0]
    origin, arguments = get_origin(shape) or shape, get_args(shape)
    if origin in (Union, types.UnionType):
        shape = _branch(value, arguments)
        if shape is not None:
            yield from _below(value, shape, path)
    elif isinstance(value, list):
        of_any_length = len(arguments) == 1 or (origin is tuple and arguments[1:] == (...,))
        if of_any_length and isinstance(origin, type) and not issubclass(origin, msgspec.Struct):
            for position, item in enumerate(cast("list[object]", value)):
                yield from _faults(item, arguments[0], (*path, position))
    elif isinstance(value, dict):
        document = cast("dict[str, object]", value)
        fields = _fields(shape)
        if fields is not None:
            yield from _object_faults(document, fields, path)
        elif origin is dict and arguments:
            for key, item in document.items():
                yield from _faults(item, arguments[1], (*path, key))


@dataclass(frozen=True)
class _Fields:
    """The keys that an object may have and their shapes, the ones it must have, and the key that says what it is."""

    shapes: dict[str, Any]
    required: frozenset[str]
    tag_field: str | None = None
    tag: object = None


def _object_faults(document: dict[str, object], fields: _Fields, path: Path) -> Iterator[Fault]:
    for name in fields.shapes:
        if name in document:
            yield from _faults(document[name], fields.shapes[name], (*path, name))
        elif name in fields.required:
            yield Fault((*path, name), "required", "MISSING")
    for key in document:
        if key not in fields.shapes and key != fields.tag_field:
            yield Fault((*path, key), "unknown field", "UNKNOWN_FIELD")


@lru_cache(maxsize=1024)
def _fields(shape: Any) -> _Fields | None:
    origin: Any = get_origin(shape) or shape
    if not isinstance(origin, type):
        return None
    if issubclass(origin, msgspec.Struct):
        config = origin.__struct_config__
        if config.array_like:
            return None
        members = msgspec.structs.fields(shape)
        shapes = {field.encode_name: field.type for field in members}
        required = frozenset(field.encode_name for field in members if field.required)
        return _Fields(shapes, required, config.tag_field, config.tag)
    if is_typeddict(origin) or hasattr(origin, "__required_keys__"):
        keys: frozenset[str] = origin.__required_keys__  # pyright: ignore  # every TypedDict has it
        return _Fields(_unwrapped(get_type_hints(origin, include_extras=True)), keys)
    if dataclasses.is_dataclass(origin):
        hints = get_type_hints(origin, include_extras=True)
        members = [field for field in dataclasses.fields(origin) if field.init]
        missing = dataclasses.MISSING
        needed = [field for field in members if field.default is missing and field.default_factory is missing]
        return _Fields({field.name: hints[field.name] for field in members}, frozenset(field.name for field in needed))
    return None
