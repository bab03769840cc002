"""A column: what it is called, what it holds, and what fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from schemaroot.errors import InvalidValueError
from schemaroot.schema.types import ColumnType, Json
from schemaroot.schema.values import MISSING, SqlValue

if TYPE_CHECKING:
    from schemaroot.schema.table import Col

T = TypeVar("T")

Action = Literal["cascade", "set null", "restrict", "no action"]
"""What happens to a referring row when the row that it refers to goes."""


@dataclass(frozen=True)
class Reference:
    """A foreign key: the column that it points at, found when it is first needed, and its action."""

    target: Callable[[], object]
    on_delete: Action = "no action"


@dataclass(frozen=True)
class Column:
    """One column of a declared table."""

    table: str
    name: str
    type: ColumnType
    nullable: bool = False
    primary_key: bool = False
    auto: bool = False
    default: object = MISSING
    default_factory: Callable[[], Any] | None = field(default=None, compare=False)
    on_update: Callable[[], Any] | None = field(default=None, compare=False)
    generated: Callable[[], Any] | None = field(default=None, compare=False)
    reference: Reference | None = field(default=None, compare=False)
    unique: bool = False
    soft_delete: bool = False
    secret: bool = False
    was: str = ""
    comment: str = ""

    @property
    def label(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.name}"

    @property
    def is_insertable(self) -> bool:
        """Whether an insert asks for it (or lets it default)."""
        return not (self.auto or self.generated or self.soft_delete)

    @property
    def is_required(self) -> bool:
        """Whether an insert must give it."""
        return self.is_insertable and self.default is MISSING and self.default_factory is None

    @property
    def is_read_only(self) -> bool:
        """Whether outside data may never set it."""
        return self.auto or self.generated is not None or self.soft_delete or self.on_update is not None

    def initial(self) -> Any:
        """The value of a row that does not say; `MISSING` for a required column."""
        if self.default_factory is not None:
            return self.default_factory()
        return self.default

    def dump(self, value: Any) -> SqlValue:
        """The driver's value; raises `InvalidValueError` that names the column."""
        if value is None:
            if self.nullable:
                return None
            if isinstance(self.type, Json) and self.type.takes_none:
                return self.type.dump(None)
            raise InvalidValueError("null is not allowed", column=self.label)
        try:
            return self.type.dump(value)
        except InvalidValueError as error:
            if self.secret and type(error) is InvalidValueError:  # its words may hold the value
                error = InvalidValueError(f"the value is not {self.type.describe()}; it is secret and not shown")
            raise error.at(self.label) from None

    def load(self, stored: Any) -> Any:
        """The Python value of what the driver gave."""
        return None if stored is None else self.type.load(stored)


@dataclass(frozen=True)
class ColumnSpec:
    """What a column function was told; the table's class body gives it a name and a type."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    default: object = MISSING
    default_factory: Callable[[], Any] | None = None
    on_update: Callable[[], Any] | None = None
    generated: Callable[[], Any] | None = None
    reference: Reference | None = None
    primary_key: bool = False
    auto: bool = False
    unique: bool = False
    soft_delete: bool = False
    secret: bool = False
    was: str = ""
    comment: str = ""


_SPEC_FIELDS = frozenset(ColumnSpec.__dataclass_fields__) - {"kind", "options"}


def _spec(kind: str, options: dict[str, Any]) -> Any:
    own = {key: value for key, value in options.items() if key in _SPEC_FIELDS}
    rest = {key: value for key, value in options.items() if key not in _SPEC_FIELDS}
    return ColumnSpec(kind, rest, **own)


# The overloads give a default the column's own type, so that a default of the wrong type is a type error;
# without a default the checkers see a required argument of the insert.


@overload
def integer(
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    primary_key: bool = False,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Any: ...
@overload
def integer(
    *,
    default: T,
    minimum: int | None = None,
    maximum: int | None = None,
    primary_key: bool = False,
    unique: bool = False,
    on_update: Callable[[], T] | None = None,
    was: str = "",
    comment: str = "",
) -> Col[T]: ...
@overload
def integer(
    *,
    default_factory: Callable[[], T],
    minimum: int | None = None,
    maximum: int | None = None,
    primary_key: bool = False,
    unique: bool = False,
    on_update: Callable[[], T] | None = None,
    was: str = "",
    comment: str = "",
) -> Col[T]: ...
def integer(**options: Any) -> Any:
    """A whole number of 64 bits, or a `Literal` of whole numbers.

    Args (all by keyword): `default` or `default_factory`; `minimum`, `maximum` (inclusive, kept by a CHECK);
    `primary_key`; `unique`; `on_update`: called for its value on each update; `was`: former name; `comment`.
    """
    return _spec("integer", options)


@overload
def real(
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Any: ...
@overload
def real(
    *,
    default: T,
    minimum: float | None = None,
    maximum: float | None = None,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Col[T]: ...
def real(**options: Any) -> Any:
    """A finite double. Takes `default`, `minimum`, `maximum` (inclusive), `unique`, `was`, `comment`."""
    return _spec("real", options)


@overload
def text(
    *,
    min_length: int = 0,
    max_length: int | None = None,
    pattern: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    secret: bool = False,
    was: str = "",
    comment: str = "",
) -> Any: ...
@overload
def text(
    *,
    default: T,
    min_length: int = 0,
    max_length: int | None = None,
    pattern: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    secret: bool = False,
    was: str = "",
    comment: str = "",
) -> Col[T]: ...
@overload
def text(
    *,
    default_factory: Callable[[], T],
    min_length: int = 0,
    max_length: int | None = None,
    pattern: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    secret: bool = False,
    was: str = "",
    comment: str = "",
) -> Col[T]: ...
def text(**options: Any) -> Any:
    """A text, or a `Literal` of texts.

    Args (all by keyword): `default` or `default_factory`; `min_length`, `max_length` (code points, kept by a CHECK);
    `pattern`: regular expression, kept on every write through the toolkit; `primary_key`; `unique`; `secret`: never
    shown in messages; `was`: former name; `comment`.
    """
    return _spec("text", options)


@overload
def boolean(*, was: str = "", comment: str = "") -> Any: ...
@overload
def boolean(*, default: T, was: str = "", comment: str = "") -> Col[T]: ...
def boolean(**options: Any) -> Any:
    """True or false (1 or 0 on SQLite, kept by a CHECK). Takes `default`, `was`, `comment`."""
    return _spec("boolean", options)


@overload
def timestamp_ms(*, was: str = "", comment: str = "") -> Any: ...
@overload
def timestamp_ms(*, default: T, was: str = "", comment: str = "") -> Col[T]: ...
@overload
def timestamp_ms(
    *, default_factory: Callable[[], T], on_update: Callable[[], T] | None = None, was: str = "", comment: str = ""
) -> Col[T]: ...
def timestamp_ms(**options: Any) -> Any:
    """A moment: whole milliseconds since 1970 UTC in the database, an aware UTC datetime in Python.

    A part finer than a millisecond is cut off on entry; a naive datetime is refused. Takes `default` or
    `default_factory`, `on_update` (called for its value on each update), `was`, `comment`.
    """
    return _spec("timestamp_ms", options)


@overload
def blob(*, max_length: int | None = None, was: str = "", comment: str = "") -> Any: ...
@overload
def blob(*, default: T, max_length: int | None = None, was: str = "", comment: str = "") -> Col[T]: ...
def blob(**options: Any) -> Any:
    """Bytes. Takes `default`, `max_length` (bytes, kept by a CHECK), `was`, `comment`."""
    return _spec("blob", options)


@overload
def json(*, secret: bool = False, was: str = "", comment: str = "") -> Any: ...
@overload
def json(*, default: T, secret: bool = False, was: str = "", comment: str = "") -> Col[T]: ...
@overload
def json(*, default_factory: Callable[[], T], secret: bool = False, was: str = "", comment: str = "") -> Col[T]: ...
def json(**options: Any) -> Any:
    """A JSON document of the annotated shape: checked on writing and on reading, `json_valid` in the database.

    Takes `default` (immutable) or `default_factory`, `secret` (never shown in messages), `was`, `comment`.
    """
    return _spec("json", options)


def auto_id(*, init: Literal[False] = False, was: str = "", comment: str = "") -> Any:
    """The integer primary key, filled by the database and never used twice; not an insert argument."""
    return _spec("integer", {"auto": True, "primary_key": True, "was": was, "comment": comment})


def soft_delete(*, init: Literal[False] = False, was: str = "", comment: str = "") -> Any:
    """The moment of deletion, null for a live row: reads and updates see live rows unless asked otherwise."""
    return _spec("timestamp_ms", {"soft_delete": True, "default": None, "was": was, "comment": comment})


def generated(
    expression: Callable[[], object], *, init: Literal[False] = False, was: str = "", comment: str = ""
) -> Any:
    """A column that the database computes from others (VIRTUAL on SQLite, STORED on PostgreSQL).

    Args: `expression`: called when first needed, gives an SQL expression over the same row's columns.
    """
    return _spec("generated", {"generated": expression, "was": was, "comment": comment})


@overload
def references(
    target: Callable[[], object],
    *,
    on_delete: Action = "no action",
    primary_key: bool = False,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Any: ...
@overload
def references(
    target: Callable[[], object],
    *,
    default: None,
    on_delete: Action = "no action",
    primary_key: bool = False,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Any: ...
def references(target: Callable[[], object], **options: Any) -> Any:
    """A foreign key.

    Args: `target`: gives the column referred to (`lambda: Project.id`), called when first needed; `on_delete`: what
    happens to this row when that one goes; `default`: only `None`; `primary_key`, `unique`, `was`, `comment`.
    """
    return _spec("reference", {"reference": Reference(target, options.pop("on_delete", "no action")), **options})
