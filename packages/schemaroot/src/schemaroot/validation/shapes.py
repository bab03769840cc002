"""Inside a JSON document: every place where it does not fit its shape, and the shape as JSON Schema.

msgspec is the codec of most shapes and stops at the first fault, so the search here goes down the shape beside the
document and asks msgspec at each place. Shapes made of Pydantic models need none of this: Pydantic reports all faults
and writes its own schema.
"""

from __future__ import annotations

import hashlib
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, NotRequired, Required, Union, cast, get_args, get_origin, get_type_hints

import msgspec
import msgspec.inspect
from pydantic import GetJsonSchemaHandler
from pydantic_core import core_schema

from schemaroot.schema.types import INT64_MAX, INT64_MIN, plain_shape

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


def unstorable(document: object) -> list[Fault]:
    """Every place where a document holds what no database stores faithfully, or is nested too deep (or without end)."""
    found = list(_unstorable(document, ()))
    deep = [fault for fault in found if fault.kind == "TOO_DEEP"]
    return deep[:1] or found


def _unstorable(value: object, path: Path) -> Iterator[Fault]:
    if isinstance(value, str):
        if "\0" in value:
            yield Fault(path, "the text holds a NUL character", "TEXT_NOT_STORABLE")
        elif not is_unicode(value):
            yield Fault(path, "the text holds a lone surrogate", "TEXT_NOT_STORABLE")
    elif isinstance(value, float):
        if value - value != 0.0:
            yield Fault(path, "not a finite number", "OUT_OF_RANGE")
    elif isinstance(value, int):
        if not INT64_MIN <= value <= INT64_MAX:
            yield Fault(path, "does not fit into 64 bits", "OUT_OF_RANGE")
    elif isinstance(value, (dict, list, tuple)):
        if len(path) == MAX_DEPTH:
            yield Fault((), f"nested deeper than {MAX_DEPTH} levels", "TOO_DEEP")
        elif isinstance(value, dict):
            for key, item in cast("dict[object, object]", value).items():
                place = (*path, shown_key(key))
                if isinstance(key, str):
                    yield from _unstorable(key, place)
                yield from _unstorable(item, place)
        else:
            for position, item in enumerate(cast("list[object]", value)):
                yield from _unstorable(item, (*path, position))


def place_in(document: object, where: Path, *, is_missing: bool) -> Path:
    """The part of Pydantic's location that lies in the document; Pydantic names the chosen members of unions too."""
    place: list[str | int] = []
    for part in where[:-1] if is_missing else where:
        if isinstance(document, dict) and part in document:
            document = cast("dict[object, object]", document)[part]
        elif isinstance(document, list) and isinstance(part, int):
            document = cast("list[object]", document)[part]
        else:
            continue
        place.append(part)
    return (*place, where[-1]) if is_missing else tuple(place)


def is_unicode(text: str) -> bool:
    """Whether a text is one that UTF-8 can write: without lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_key(key: object) -> str:
    """A key as it stands in a path, whatever it is."""
    return key if isinstance(key, str) and is_unicode(key) else ascii(key)


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
        return [Fault((*path, *_path_of(where)), _reworded(message), _kind_of(message))]
    return []


_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.([^.\[\]`]+)")


def _path_of(where: str) -> Path:
    return tuple(int(index) if index.isdigit() else name or index for index, name in _STEP.findall(where))


_KINDS = {
    " length ": "OUT_OF_RANGE",
    ", got ": "WRONG_TYPE",
    "missing required": "MISSING",
    "Invalid enum": "NOT_ONE_OF",
    "Invalid value": "NOT_ONE_OF",
    "matching regex": "PATTERN",
    "= ": "OUT_OF_RANGE",
    "< ": "OUT_OF_RANGE",
    "> ": "OUT_OF_RANGE",
}
"""Our kind for what msgspec's words say; the first that fits."""


def _kind_of(message: str) -> str:
    return next((kind for words, kind in _KINDS.items() if words in message), "WRONG_SHAPE")


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
    if not isinstance(get_origin(shape) or shape, type):
        return None
    match msgspec.inspect.type_info(shape):
        case msgspec.inspect.StructType(array_like=False) as info:
            hints: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(shape)}
        case msgspec.inspect.TypedDictType() | msgspec.inspect.DataclassType() as info:
            hints = get_type_hints(get_origin(shape) or shape, include_extras=True)
        case _:
            return None
    shapes = {field.encode_name: _without_requirement(hints[field.name]) for field in info.fields}
    required = frozenset(field.encode_name for field in info.fields if field.required)
    if isinstance(info, msgspec.inspect.StructType):
        return _Fields(shapes, required, info.tag_field, info.tag)
    return _Fields(shapes, required)


def _without_requirement(hint: Any) -> Any:
    while get_origin(hint) in (Required, NotRequired):
        hint = get_args(hint)[0]
    return hint


def _branch(value: object, members: tuple[Any, ...]) -> Any:
    """The one member of a union that a list or object can only mean, else `None`."""
    if isinstance(value, list):
        fitting = [member for member in members if _is_list(member)]
    elif isinstance(value, dict):
        document = cast("dict[str, object]", value)
        fitting = [member for member in members if _is_meant(document, member)]
    else:
        return None
    return fitting[0] if len(fitting) == 1 else None


def _is_list(member: Any) -> bool:
    while get_origin(member) is Annotated:
        member = get_args(member)[0]
    return (get_origin(member) or member) in (list, tuple, set, frozenset)


def _is_meant(document: dict[str, object], member: Any) -> bool:
    while get_origin(member) is Annotated:
        member = get_args(member)[0]
    if (get_origin(member) or member) is dict:
        return True
    fields = _fields(member)
    return fields is not None and (fields.tag_field is None or document.get(fields.tag_field) == fields.tag)


# --- JSON Schema ------------------------------------------------------------------------------------------------------


def _components(shape: object) -> tuple[dict[str, Any], dict[str, Any]]:
    (schema,), components = msgspec.json.schema_components([plain_shape(shape)], ref_template="{name}")
    return schema, components


def json_schema(shape: object, handler: GetJsonSchemaHandler) -> dict[str, object]:
    """The JSON Schema of a shape that msgspec is the codec of, its named parts given to Pydantic as definitions.

    Args:
        shape: the annotation.
        handler: Pydantic's, which keeps the definitions and writes references as its caller wants them.
    """
    schema, components = _components(shape)
    references: dict[str, str] = {}
    keys: dict[str, str] = {}
    for name, component in components.items():
        # Two shapes of one name are one definition when they read the same, and two when not.
        digest = hashlib.sha256(msgspec.json.encode(component, order="sorted")).hexdigest()[:12]
        keys[name] = f"{name}:{digest}"
        references[name] = handler(core_schema.definition_reference_schema(keys[name]))["$ref"]
    definitions: list[core_schema.CoreSchema] = []
    for name, component in components.items():
        if "properties" in component:
            component.setdefault("additionalProperties", False)
        written = [_always(_referring(component, references))]
        definitions.append(core_schema.any_schema(ref=keys[name], metadata={"pydantic_js_functions": written}))
    handler(core_schema.definitions_schema(core_schema.any_schema(), definitions))
    return cast("dict[str, object]", _referring(schema, references))


def _always(written: Any) -> Callable[[object, object], Any]:
    return lambda _schema, _handler: written


def _referring(part: Any, references: dict[str, str]) -> Any:
    """A schema with msgspec's references replaced by Pydantic's."""
    if isinstance(part, list):
        return [_referring(item, references) for item in cast("list[object]", part)]
    if not isinstance(part, dict):
        return part
    made: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", part).items():
        if key == "$ref":
            made[key] = references[value]
        elif key == "discriminator":
            made[key] = {**value, "mapping": {tag: references[name] for tag, name in value["mapping"].items()}}
        else:
            made[key] = _referring(value, references)
    return made
