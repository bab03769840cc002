"""How does one cell become one value, and back? Each codec goes both ways; what it cannot take it refuses by name.

`back` need not be exact: an import compares what it gives with the cell that was read, and keeps the cell where the two
differ. So a codec's way back says what the cell *usually* looked like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar, cast, get_args

import msgspec

from promptliano.legacy.cells import Cell, Refusal
from promptliano.schema import Attachment, FileExport, FileImport
from schemaroot import JsonValue

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DIGITS = 19  # of the largest number of 64 bits


@dataclass(frozen=True)
class Codec(Generic[T]):
    """Two functions: from a cell to a value, raising `Refusal`, and from a value to the cell it came from."""

    there: Callable[[Cell], T]
    back: Callable[[T], Cell]

    def null_as(self, value: T, *, back: bool = True) -> Codec[T]:
        """The same where NULL stands for `value`; `back` says whether `value` usually was NULL, not itself."""

        def there(cell: Cell) -> T:
            return value if cell is None else self.there(cell)

        def home(given: T) -> Cell:
            return None if given == value else self.back(given)

        return Codec(there, home if back else self.back)

    def or_null(self) -> Codec[T | None]:
        """The same where NULL stands for itself."""
        inner = self

        def there(cell: Cell) -> T | None:
            return None if cell is None else inner.there(cell)

        def home(value: T | None) -> Cell:
            return None if value is None else inner.back(value)

        return Codec(there, home)


# --- plain values -----------------------------------------------------------------------------------------------------


def _as_whole(cell: Cell) -> int:
    if not isinstance(cell, int):
        raise Refusal("not_a_whole_number")
    return cell


def _as_text(cell: Cell) -> str:
    if not isinstance(cell, str):
        raise Refusal("null_text" if cell is None else "not_a_text")
    return cell


def _as_real(cell: Cell) -> float:
    if not isinstance(cell, int | float):
        raise Refusal("not_a_number")
    return float(cell)


def _as_flag(cell: Cell) -> bool:
    if not isinstance(cell, int) or cell not in (0, 1):
        raise Refusal("not_a_boolean")
    return cell == 1


def as_moment(cell: Cell) -> datetime:
    """The moment that a cell holds in milliseconds since 1970 UTC; raises `Refusal`."""
    if not isinstance(cell, int):
        raise Refusal("not_a_time")
    try:
        return EPOCH + timedelta(milliseconds=cell)
    except OverflowError:
        raise Refusal("not_a_time") from None


def as_milliseconds(moment: datetime) -> int:
    """The cell that a moment came from."""
    return (moment - EPOCH) // _MILLISECOND


whole: Codec[int] = Codec(_as_whole, lambda value: value)
plain: Codec[str] = Codec(_as_text, lambda value: value)
real: Codec[float] = Codec(_as_real, lambda value: value)
flag: Codec[bool] = Codec(_as_flag, int)
moment: Codec[datetime] = Codec(as_moment, as_milliseconds)

empty_when_null: Codec[str] = plain.null_as("", back=False)
"""A text that is never null in the target, from a column where NULL was rare."""

null_when_empty: Codec[str] = plain.null_as("")
"""The same from a column where NULL was the usual spelling of nothing."""


def _never_when_zero(cell: Cell) -> datetime | None:
    return None if cell is None or cell == 0 else as_moment(cell)


zero_is_never: Codec[datetime | None] = Codec(
    _never_when_zero, lambda value: 0 if value is None else as_milliseconds(value)
)
"""A moment, where 0 as well as NULL stand for never."""


def choice(members: object, renamed: Mapping[str, T], kind: type[str] = str) -> Codec[T]:
    """One of the members of a `Literal`, some under another name in the legacy store."""
    del kind
    names: dict[str, T] = {cast(str, member): cast("T", member) for member in get_args(members)}
    names = {name: value for name, value in names.items() if value not in renamed.values()} | dict(renamed)
    cells = {value: name for name, value in names.items()}

    def there(cell: Cell) -> T:
        if not isinstance(cell, str) or cell not in names:
            raise Refusal("unknown_member")
        return names[cell]

    return Codec(there, cells.__getitem__)


# --- JSON -------------------------------------------------------------------------------------------------------------


def as_json(cell: Cell) -> JsonValue:
    """The document that a cell holds; raises `Refusal`."""
    if not isinstance(cell, str):
        raise Refusal("not_json")
    try:
        return cast("JsonValue", msgspec.json.decode(cell))
    except (msgspec.DecodeError, RecursionError):
        raise Refusal("not_json") from None


def to_json_text(value: object) -> str:
    """A document as the legacy applications wrote it: compact, characters as they are."""
    return msgspec.json.encode(value).decode()


def _list_of(kind: type[T]) -> Callable[[Cell], list[T]]:
    decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]  # a type made at run time

    def there(cell: Cell) -> list[T]:
        if not isinstance(cell, str):
            raise Refusal("not_a_list")
        try:
            return decoder.decode(cell)
        except (msgspec.DecodeError, RecursionError):
            raise Refusal("not_a_list") from None

    return there


def _object(cell: Cell) -> dict[str, JsonValue]:
    value = as_json(cell)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal("not_an_object")
    return value


def _nullable_list(there: Callable[[Cell], list[T]]) -> Codec[list[T]]:
    """A list that later databases also write as NULL or as the JSON text null."""
    return Codec(
        lambda cell: [] if cell in (None, "null") else there(cell), lambda value: to_json_text(value) if value else None
    )


texts: Codec[list[str]] = Codec(_list_of(str), to_json_text)
numbers: Codec[list[int]] = Codec(_list_of(int), to_json_text)
document: Codec[dict[str, JsonValue]] = Codec(_object, to_json_text)
null_document: Codec[dict[str, JsonValue]] = Codec(_object, to_json_text).null_as({})
attachments: Codec[list[Attachment]] = Codec(_list_of(Attachment), to_json_text)
imports: Codec[list[FileImport]] = Codec(_list_of(FileImport), to_json_text)
exports: Codec[list[FileExport]] = Codec(_list_of(FileExport), to_json_text)
null_imports: Codec[list[FileImport]] = _nullable_list(imports.there)
null_exports: Codec[list[FileExport]] = _nullable_list(exports.there)


def is_number(text: str) -> bool:
    """Whether a text is a whole number as the legacy applications wrote their ids."""
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def _number_texts(cell: Cell) -> list[int]:
    """A list of ids that are texts in the legacy store."""
    listed = texts.there(cell)
    if not all(map(is_number, listed)):
        raise Refusal("not_a_list_of_ids")
    return [int(text) for text in listed]


numbers_as_texts: Codec[list[int]] = Codec(_number_texts, lambda value: to_json_text([str(one) for one in value]))
