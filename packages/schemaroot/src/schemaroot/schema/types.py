"""Column types: each casts nothing silently, dumps to the database, loads back, and says which SQL type it is.

`dump` takes the Python value of one column and returns the driver's value, or raises `InvalidValueError`. `load` takes
what the driver gives. `load_many` loads a whole column at once, which is where big reads save their time. None never
reaches any of them: nullability belongs to the column.
"""

from __future__ import annotations

import math
import re
import types as python_types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec
from typing_extensions import is_typeddict, override

from schemaroot.errors import InvalidValueError, TextNotStorableError
from schemaroot.schema.refusals import brief, described
from schemaroot.schema.values import JsonValue, SqlValue

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Storage = Literal["integer", "real", "text", "blob", "boolean", "json"]
"""How a value is stored, before a dialect names the SQL type."""

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
# A float of seconds holds whole milliseconds exactly enough for correct rounding inside this range (until year 2242).
FAST_MS_MIN, FAST_MS_MAX = -(10**12), 2**33 * 1000 - 1
MIN_MS, MAX_MS = -62_135_596_800_000, 253_402_300_799_999


@dataclass(frozen=True)
class ColumnType:
    """What every column type answers."""

    storage: Storage = field(init=False, default="text")
    load_source: str | None = field(init=False, default=None)
    """Python source of `load` over `{v}`, for generated decoders; `None` means that the value is used as it is."""

    @property
    def python_type(self) -> object:
        """The annotation that this type stands for."""
        raise NotImplementedError

    def dump(self, value: object) -> SqlValue:
        """The driver's value of `value`; raises `InvalidValueError` when it cannot be stored faithfully."""
        raise NotImplementedError

    def load(self, stored: object) -> object:
        """The Python value of what the driver gave."""
        return stored

    def load_many(self, stored: Sequence[object]) -> Iterable[object]:
        """`load` over a whole column."""
        return map(self.load, stored)

    @property
    def check_suffix(self) -> str | None:
        """What the CHECK of its values is called behind the column's name; `None` where there is none."""
        return None

    @property
    def loads_as_is(self) -> bool:
        """Whether the driver's value is the Python value."""
        return self.load_source is None

    def describe(self) -> str:
        """The type in a few words, for reference pages."""
        raise NotImplementedError


@dataclass(frozen=True)
class Integer(ColumnType):
    """A whole number of 64 bits."""

    storage: Storage = field(init=False, default="integer")
    minimum: int | None = None
    maximum: int | None = None

    @property
    @override
    def python_type(self) -> object:
        return int

    @property
    @override
    def check_suffix(self) -> str | None:
        return None if self.minimum is None and self.maximum is None else "_range"

    @override
    def dump(self, value: object) -> SqlValue:
        if type(value) is not int and not (isinstance(value, int) and not isinstance(value, bool)):
            raise InvalidValueError(f"expected a whole number, got {described(value)}")
        if not INT64_MIN <= value <= INT64_MAX:
            raise InvalidValueError(f"{brief(value)} does not fit into 64 bits")
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise InvalidValueError(f"{value} is outside of {self.describe()}")
        return value

    @override
    def describe(self) -> str:
        if self.minimum is None and self.maximum is None:
            return "integer"
        low = "" if self.minimum is None else str(self.minimum)
        high = "" if self.maximum is None else str(self.maximum)
        return f"integer {low}..{high}"


def is_beyond(value: object) -> bool:
    """Whether a value is a whole number that 64 bits do not hold."""
    return isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX


@dataclass(frozen=True)
class ComparedInteger(Integer):
    """A whole number that a column is compared with: beyond 64 bits it is infinite, which compares as it would."""

    @override
    def dump(self, value: object) -> SqlValue:
        if is_beyond(value):
            return math.inf if cast(int, value) > 0 else -math.inf
        return super().dump(value)


@dataclass(frozen=True)
class Real(ColumnType):
    """A finite IEEE double."""

    storage: Storage = field(init=False, default="real")
    minimum: float | None = None
    maximum: float | None = None

    @property
    @override
    def python_type(self) -> object:
        return float

    @property
    @override
    def check_suffix(self) -> str | None:
        return None if self.minimum is None and self.maximum is None else "_range"

    @override
    def dump(self, value: object) -> SqlValue:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidValueError(f"expected a number, got {described(value)}")
        try:
            number = float(value)
        except OverflowError:
            raise InvalidValueError(f"{described(value)} does not fit into a double") from None
        if not -1.7976931348623157e308 <= number <= 1.7976931348623157e308:  # false for NaN too
            raise InvalidValueError(f"{number} is not finite")
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise InvalidValueError(f"{number} is outside of {self.describe()}")
        return number

    @override
    def describe(self) -> str:
        if self.minimum is None and self.maximum is None:
            return "real"
        low = "" if self.minimum is None else str(self.minimum)
        high = "" if self.maximum is None else str(self.maximum)
        return f"real {low}..{high}"


@dataclass(frozen=True)
class Text(ColumnType):
    """A text of Unicode characters, with lengths counted in code points."""

    storage: Storage = field(init=False, default="text")
    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None

    @property
    @override
    def python_type(self) -> object:
        return str

    @cached_property
    def matches(self) -> Callable[[str], object]:
        """Searches the pattern in a text; the pattern is a regular expression as JSON Schema means it, not anchored."""
        return re.compile(self.pattern or "").search

    @property
    @override
    def check_suffix(self) -> str | None:
        return "_length" if self.min_length or self.max_length is not None else None

    @override
    def dump(self, value: object) -> SqlValue:
        if not isinstance(value, str):
            raise InvalidValueError(f"expected a text, got {described(value)}")
        if "\0" in value:
            raise TextNotStorableError("the text holds a NUL character")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise TextNotStorableError("the text holds a lone surrogate") from None
        if len(value) < self.min_length:
            raise InvalidValueError(f"the text is shorter than {self.min_length} characters")
        if self.max_length is not None and len(value) > self.max_length:
            raise InvalidValueError(f"the text is longer than {self.max_length} characters")
        if self.pattern is not None and not self.matches(value):
            raise InvalidValueError(f"the text does not match {self.pattern!r}")
        return str(value)

    @override
    def describe(self) -> str:
        high = "" if self.max_length is None else str(self.max_length)
        length = f" {self.min_length}..{high}" if self.min_length or high else ""
        return f"text{length}" + (f" matching {self.pattern}" if self.pattern else "")


@dataclass(frozen=True)
class Enumeration(ColumnType):
    """One of a fixed list of texts or of whole numbers, from a `Literal`."""

    members: tuple[str | int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "storage", "integer" if isinstance(self.members[0], int) else "text")

    @property
    @override
    def python_type(self) -> object:
        return Literal[self.members]

    @property
    @override
    def check_suffix(self) -> str | None:
        return ""

    @override
    def dump(self, value: object) -> SqlValue:
        wanted = int if self.storage == "integer" else str
        if not isinstance(value, wanted) or isinstance(value, bool) or value not in self.members:
            raise InvalidValueError(f"{described(value)} is not one of {', '.join(map(repr, self.members))}")
        return self.members[self.members.index(value)]

    @override
    def describe(self) -> str:
        return " | ".join(map(str, self.members))


@dataclass(frozen=True)
class Boolean(ColumnType):
    """True or false; SQLite stores 1 or 0."""

    storage: Storage = field(init=False, default="boolean")
    load_source: str | None = field(init=False, default="({v} == 1)")

    @property
    @override
    def python_type(self) -> object:
        return bool

    @property
    @override
    def check_suffix(self) -> str | None:
        return ""

    @override
    def dump(self, value: object) -> SqlValue:
        if not isinstance(value, bool):
            raise InvalidValueError(f"expected true or false, got {described(value)}")
        return int(value)

    @override
    def load(self, stored: object) -> object:
        return stored == 1

    @override
    def load_many(self, stored: Sequence[object]) -> Iterable[object]:
        return [value == 1 for value in stored]

    @override
    def describe(self) -> str:
        return "boolean"


def from_milliseconds(stored: int) -> datetime:
    """The moment `stored` milliseconds after 1970 UTC, exactly."""
    if FAST_MS_MIN <= stored <= FAST_MS_MAX:
        return datetime.fromtimestamp(stored / 1000, UTC)
    return EPOCH + timedelta(milliseconds=stored)


def to_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970 UTC; a finer part is cut off. Raises `InvalidValueError` for a naive moment."""
    if moment.utcoffset() is None:
        raise InvalidValueError(f"{moment.isoformat()} has no time zone")
    milliseconds = (moment - EPOCH) // MILLISECOND
    if not MIN_MS <= milliseconds <= MAX_MS:  # possible within a day of the years 1 and 9999
        raise InvalidValueError(f"{moment.isoformat()} is outside of the years 1 to 9999 in UTC")
    return milliseconds


@dataclass(frozen=True)
class TimestampMs(ColumnType):
    """A moment: integer milliseconds since 1970 UTC in the database, aware UTC in Python."""

    storage: Storage = field(init=False, default="integer")
    load_source: str | None = field(init=False, default="from_milliseconds({v})")

    @property
    @override
    def python_type(self) -> object:
        return datetime

    @override
    def dump(self, value: object) -> SqlValue:
        if not isinstance(value, datetime):
            raise InvalidValueError(f"expected a datetime, got {described(value)}")
        return to_milliseconds(value)

    @override
    def load(self, stored: object) -> object:
        return from_milliseconds(cast(int, stored))

    @override
    def load_many(self, stored: Sequence[object]) -> Iterable[object]:
        # One call into C for the whole column: a quarter of the time of datetime.fromtimestamp per value.
        numbers = cast("Sequence[int]", stored)
        if numbers and min(numbers) >= FAST_MS_MIN and max(numbers) <= FAST_MS_MAX:
            return msgspec.convert([number / 1000 for number in numbers], list[datetime], strict=False)
        return map(from_milliseconds, numbers)

    @override
    def describe(self) -> str:
        return "timestamp (ms)"


@dataclass(frozen=True)
class Blob(ColumnType):
    """Bytes."""

    storage: Storage = field(init=False, default="blob")
    max_length: int | None = None

    @property
    @override
    def python_type(self) -> object:
        return bytes

    @property
    @override
    def check_suffix(self) -> str | None:
        return None if self.max_length is None else "_length"

    @override
    def dump(self, value: object) -> SqlValue:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise InvalidValueError(f"expected bytes, got {described(value)}")
        stored = bytes(cast(bytes, value))
        if self.max_length is not None and len(stored) > self.max_length:
            raise InvalidValueError(f"{len(stored)} bytes are more than {self.max_length}")
        return stored

    @override
    def describe(self) -> str:
        return "bytes"


def plain_shape(shape: Any) -> Any:
    """`shape` with `JsonValue` replaced by `Any`, which is how msgspec spells any JSON document."""
    if shape is JsonValue:
        return Any
    origin = get_origin(shape)
    if origin is None or origin is Literal:
        return shape
    arguments = tuple(plain_shape(argument) for argument in get_args(shape))
    if origin is Annotated:
        return Annotated[(arguments[0], *shape.__metadata__)]
    if origin in (Union, python_types.UnionType):
        return Any if Any in arguments else Union[arguments]  # noqa: UP007  # built from a tuple
    return origin[arguments]


def _uses_pydantic(shape: Any) -> bool:
    if isinstance(shape, type) and hasattr(shape, "__pydantic_core_schema__"):
        return True
    metadata = getattr(shape, "__metadata__", ())
    return any("pydantic" in type(item).__module__ for item in metadata) or any(
        _uses_pydantic(argument) for argument in get_args(shape)
    )


@dataclass(frozen=True)
class Json(ColumnType):
    """A JSON document of one typed shape, checked when it is written and when it is read."""

    storage: Storage = field(init=False, default="json")
    shape: Any = None

    @property
    @override
    def python_type(self) -> object:
        return self.shape

    @property
    @override
    def check_suffix(self) -> str | None:
        return "_json"

    @property
    def takes_none(self) -> bool:
        """Whether null is itself a document of the shape, as in `JsonValue`."""
        return self.shape is JsonValue

    @cached_property
    def adapter(self) -> TypeAdapter[object] | None:
        """Pydantic's codec where the shape is made of Pydantic models, else `None` (msgspec is the codec)."""
        if not _uses_pydantic(self.shape):
            return None
        from pydantic import TypeAdapter  # costs 100 ms, and few shapes need it

        return TypeAdapter(self.shape)

    @cached_property
    def decode(self) -> Callable[[str | bytes], object]:
        """Decodes and checks one document."""
        if self.adapter is not None:
            return self.adapter.validate_json
        return msgspec.json.Decoder(plain_shape(self.shape)).decode

    @cached_property
    def empty(self) -> str | None:
        """The text of the shape's empty value where that is `[]` or `{}`: by far the most common document."""
        origin = get_origin(self.shape) or self.shape
        return {list: "[]", dict: "{}"}.get(origin)

    @property
    def kind(self) -> str | None:
        """What JSON calls a document of this shape, `array` or `object`, where all its documents are the same."""
        shape = self.shape
        origin = get_origin(shape) or shape
        if origin is list:
            return "array"
        if origin is dict or is_typeddict(origin) or hasattr(origin, "__dataclass_fields__"):
            return "object"
        if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
            return "array" if origin.__struct_config__.array_like else "object"
        return "object" if hasattr(shape, "model_fields") and "root" not in shape.model_fields else None

    def __post_init__(self) -> None:
        source = "decode_{k}({v})"
        if self.empty is not None:
            source = f"({self.empty} if {{v}} == {self.empty!r} else {source})"
            source = source.replace(self.empty, self.empty.replace("{", "{{").replace("}", "}}"))
        object.__setattr__(self, "load_source", source)

    def encode(self, value: object) -> str:
        """The compact JSON text of `value`; raises `InvalidValueError` for NaN, infinities and lone surrogates."""
        try:
            if self.adapter is not None:
                document = self.adapter.dump_json(value, by_alias=True, warnings="error")
            else:
                document = encode_json(value)
            text = document.decode()
            # What is not finite is written as null, what is beyond 64 bits has 19 digits: only then look closer.
            if ("null" in text or has_long_number(document)) and _holds_unfaithful(value):
                raise InvalidValueError("a number in the JSON document is not finite or beyond 64 bits")
        except InvalidValueError:
            raise
        except UnicodeEncodeError:
            raise TextNotStorableError("a text in the JSON document holds a lone surrogate") from None
        except RecursionError:
            raise InvalidValueError("the JSON document is nested too deep, or without end") from None
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidValueError(f"not a JSON document: {error}") from None
        if "\\u0000" in text and _ESCAPED_NUL.search(text):
            raise TextNotStorableError("a text in the JSON document holds a NUL character")
        return text

    def dump(self, value: object) -> SqlValue:
        """The compact JSON text of `value`, whose shape is checked; raises `InvalidValueError`."""
        text = self.encode(value)
        if text != self.empty:
            try:
                self.decode(text)
            except (ValueError, RecursionError) as error:
                raise InvalidValueError(f"JSON of the wrong shape: {error}") from None
        return text

    @override
    def load(self, stored: object) -> object:
        return self.decode(cast(str, stored))

    @override
    def load_many(self, stored: Sequence[object]) -> Iterable[object]:
        decode, texts = self.decode, cast("Sequence[str]", stored)
        match self.empty:
            case "[]":
                return [[] if text == "[]" else decode(text) for text in texts]
            case "{}":
                return [{} if text == "{}" else decode(text) for text in texts]
            case _:
                return map(decode, texts)

    @override
    def describe(self) -> str:
        return f"json {shape_name(self.shape)}"


encode_json: Callable[[object], bytes] = msgspec.json.Encoder().encode
_DIGITS_AS_ZERO = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else 32 for byte in range(256))
_NINETEEN_DIGITS = b"0" * 19


def has_long_number(document: bytes) -> bool:
    """Whether a document holds 19 digits in a row, as only a number near or beyond 64 bits does."""
    # `in` asks bytes for a number first, and makes and drops an exception each time.
    return len(document) > len(_NINETEEN_DIGITS) and document.translate(_DIGITS_AS_ZERO).find(_NINETEEN_DIGITS) >= 0


_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def _holds_unfaithful(value: object) -> bool:
    """Whether a number hides in a JSON document that would not come back as it is: NaN, infinities, beyond 64 bits."""
    if isinstance(value, float):
        return value - value != 0.0
    if isinstance(value, int):
        return not INT64_MIN <= value <= INT64_MAX
    if isinstance(value, str) or value is None:
        return False
    if isinstance(value, dict):
        return any(map(_holds_unfaithful, cast("dict[object, object]", value).values()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(_holds_unfaithful, cast("Iterable[object]", value)))
    fields = cast("Iterable[str]", getattr(value, "__struct_fields__", None) or getattr(value, "__dict__", ()))
    return any(_holds_unfaithful(getattr(value, name)) for name in fields)


def shape_name(shape: Any) -> str:
    """The name of an annotation as a reader would write it."""
    if shape is None or shape is type(None):
        return "None"
    origin, arguments = get_origin(shape), get_args(shape)
    if origin is None:
        return cast(str, getattr(shape, "__name__", str(shape)))
    if origin is Annotated:
        return shape_name(arguments[0])
    if origin in (Union, python_types.UnionType):
        return " | ".join(map(shape_name, arguments))
    if origin is Literal:
        return "Literal[" + ", ".join(map(repr, arguments)) + "]"
    return f"{origin.__name__}[{', '.join(map(shape_name, arguments))}]"
