"""From a column to the Pydantic type of its values as they come from outside and go there.

Outside is JSON: strict types, moments as whole milliseconds since 1970, bytes as base64, documents as they are. Python
values (an aware datetime, bytes, an instance of a document's class) are taken as well, so that one model serves both.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, cast

import msgspec
import pydantic
import pydantic_core
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from schemaroot.errors import InvalidValueError
from schemaroot.schema.column import Column
from schemaroot.schema.types import (
    INT64_MAX,
    INT64_MIN,
    MAX_MS,
    MIN_MS,
    Blob,
    Boolean,
    Enumeration,
    Integer,
    Json,
    Real,
    Text,
    TimestampMs,
    from_milliseconds,
    to_milliseconds,
)
from schemaroot.validation import shapes

BASE64_PATTERN = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
"""Base64 with its padding, as RFC 4648 §4 writes it."""


def problem(kind: str, message: str) -> PydanticCustomError:
    """An error of ours for Pydantic to carry: Pydantic's error type is our kind."""
    return PydanticCustomError(cast(Any, kind), cast(Any, message))


def field_type(column: Column) -> object:
    """The annotation of a column's values inside a Pydantic model, null left aside."""
    match column.type:
        case Integer(minimum=low, maximum=high):
            low = INT64_MIN if low is None else max(low, INT64_MIN)
            high = INT64_MAX if high is None else min(high, INT64_MAX)
            return Annotated[int, Field(strict=True, ge=low, le=high)]
        case Real(minimum=low, maximum=high):
            return Annotated[float, Field(strict=True, ge=low, le=high, allow_inf_nan=False)]
        case Text(min_length=low, max_length=high, pattern=pattern):
            limits = Field(strict=True, min_length=low or None, max_length=high, pattern=pattern)
            return Annotated[str, limits, AfterValidator(_storable)]
        case Enumeration(storage="integer", python_type=literal):
            return Annotated[literal, BeforeValidator(_whole_number)]
        case Boolean():
            return Annotated[bool, Field(strict=True)]
        case TimestampMs():
            return _MOMENT
        case Blob(max_length=high):
            return _bytes(high)
        case Json(shape=shape):
            return Annotated[shape, Document(column)]
        case other:
            return other.python_type


def outside_value(column: Column, value: object) -> object:
    """A Python value of a column as JSON data: what the models take and give."""
    match column.type:
        case TimestampMs() if isinstance(value, datetime):
            return to_milliseconds(value)
        case Blob() if isinstance(value, bytes):
            return _encoded(value)
        case Json() if value is not None:
            return msgspec.json.decode(column.type.encode(value))
        case _:
            return value


def _storable(value: str) -> str:
    for fault in shapes.unstorable(value):
        raise problem(fault.kind, fault.message)
    return value


def _whole_number(value: object) -> object:
    # Python finds True and 1.0 among the members 0 and 1; JSON does not.
    if type(value) is not int:
        raise problem("WRONG_TYPE", "expected a whole number")
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        try:
            return from_milliseconds(to_milliseconds(value))
        except InvalidValueError as error:
            raise problem("INVALID_VALUE", error.problem) from None
    if type(value) is not int:
        raise problem("WRONG_TYPE", "expected whole milliseconds since 1970 UTC")
    if not MIN_MS <= value <= MAX_MS:
        raise problem("OUT_OF_RANGE", "outside of the years 1 to 9999")
    return from_milliseconds(value)


_MOMENT = Annotated[
    datetime,
    PlainValidator(_moment),
    PlainSerializer(to_milliseconds, return_type=int, when_used="json"),
    WithJsonSchema(
        {"type": "integer", "minimum": MIN_MS, "maximum": MAX_MS, "description": "Milliseconds since 1970-01-01 UTC."}
    ),
]


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(max_length: int | None) -> object:
    def decoded(value: object) -> bytes:
        if isinstance(value, str):
            try:
                value = base64.b64decode(value, validate=True) if len(value) % 4 == 0 else None
            except (ValueError, binascii.Error):
                value = None
            if value is None:
                raise problem("WRONG_SHAPE", "expected base64 with its padding")
        elif not isinstance(value, bytes):
            raise problem("WRONG_TYPE", "expected bytes as base64")
        if max_length is not None and len(value) > max_length:
            raise problem("TOO_LONG", f"longer than {max_length} bytes")
        return value

    schema: dict[str, Any] = {"type": "string", "contentEncoding": "base64", "pattern": BASE64_PATTERN}
    if max_length is not None:
        schema["maxLength"] = (max_length + 2) // 3 * 4
    to_text = PlainSerializer(_encoded, return_type=str, when_used="json")
    return Annotated[bytes, PlainValidator(decoded), to_text, WithJsonSchema(schema)]


class Document:
    """Marks a JSON column inside a Pydantic model: the column's own codec decides what fits."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.type: Json = cast(Json, column.type)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        shown = core_schema.plain_serializer_function_ser_schema(
            lambda value: outside_value(self.column, value), when_used="json"
        )
        if self.type.adapter is None:
            return core_schema.no_info_plain_validator_function(self.read, serialization=shown)
        # The inner schema is there for its JSON Schema alone.
        return core_schema.no_info_wrap_validator_function(
            lambda value, _inner: self.read(value), handler(source), serialization=shown
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        if self.type.adapter is None:
            return shapes.json_schema(self.type.shape, handler)
        return handler(schema)

    def read(self, value: object) -> object:
        """The Python value of a document; raises for Pydantic every fault with its place in the document."""
        if value is None and not self.type.takes_none:
            raise problem("NULL_NOT_ALLOWED", "null is not allowed")
        _refuse(shapes.unstorable(value))
        try:
            if self.type.adapter is not None:
                made = self.type.adapter.validate_json(pydantic_core.to_json(value), strict=True)
                self.column.type.dump(made)  # what Pydantic makes of it must be storable too
                return made
            text = self.type.encode(value)
        except InvalidValueError as error:
            raise problem(error.code, error.problem) from None
        except pydantic_core.PydanticSerializationError:
            raise problem("WRONG_SHAPE", "not a JSON document") from None
        try:
            made = self.type.decode(text)
        except (ValueError, RecursionError) as error:
            _refuse(shapes.faults(msgspec.json.decode(text), self.type.shape))
            raise problem("WRONG_SHAPE", str(error)) from None
        if self._knows_keys:
            _refuse(shapes.faults(msgspec.json.decode(text), self.type.shape))
        return made

    @cached_property
    def _knows_keys(self) -> bool:
        return shapes.knows_keys(self.type.shape)


def _refuse(faults: list[shapes.Fault]) -> None:
    if faults:
        raise pydantic.ValidationError.from_exception_data(
            "document",
            [InitErrorDetails(type=problem(fault.kind, fault.message), loc=fault.path, input="") for fault in faults],
        )
