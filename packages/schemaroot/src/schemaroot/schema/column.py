"""A column: what it is called, what it holds, and what fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, overload

from typing_extensions import TypeVar

from schemaroot.errors import InvalidValueError
from schemaroot.schema.arguments import declaring
from schemaroot.schema.types import ColumnType, Json
from schemaroot.schema.values import MISSING, Missing, SqlValue

if TYPE_CHECKING:
    from sqlalchemy import SQLColumnExpression

    from schemaroot.schema.expression import ColumnOf
    from schemaroot.schema.table import Col, Ref, Table

T = TypeVar("T")
IntegerT = TypeVar("IntegerT", bound=int | None, default=int)
RealT = TypeVar("RealT", bound=float | None, default=float)
TextT = TypeVar("TextT", bound=str | None, default=str)
BooleanT = TypeVar("BooleanT", bound=bool | None, default=bool)
MomentT = TypeVar("MomentT", bound=datetime | None, default=datetime)
BytesT = TypeVar("BytesT", bound=bytes | None, default=bytes)
Key = TypeVar("Key", bound=int | str | None)
Target = TypeVar("Target", bound="Table")

SHOWN_LENGTH = 80
"""Characters of a value in a `repr`."""

Action = Literal["cascade", "set null", "restrict", "no action"]
"""What happens to a referring row when the row that it refers to goes."""

ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True)
class Reference:
    """A foreign key: the column that it points at, found when it is first needed, and its action."""

    target: Callable[[], object]
    on_delete: Action = "no action"
    named: type | str | None = None
    """The table that the annotation names: its class, or the name of one that may be declared later."""


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
    default_factory: Callable[[], object] | None = field(default=None, compare=False)
    on_update: Callable[[], object] | None = field(default=None, compare=False)
    generated: Callable[[], object] | None = field(default=None, compare=False)
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

    @property
    def check_name(self) -> str | None:
        """The short name of the CHECK that its type puts on its values; `None` where there is none."""
        suffix = self.type.check_suffix
        return None if suffix is None or self.generated is not None else self.name + suffix

    def initial(self) -> object:
        """The value of a row that does not say; `MISSING` for a required column."""
        if self.default_factory is not None:
            return self.default_factory()
        return self.default

    def dump(self, value: object) -> SqlValue:
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

    def load(self, stored: object) -> object:
        """The Python value of what the driver gave."""
        return None if stored is None else self.type.load(stored)

    def shown(self, value: object) -> str:
        """The value for people's eyes: shortened, and hidden where the column is secret."""
        if self.secret and value is not None:
            return "<secret>"
        shown = value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else repr(value)
        return shown if len(shown) <= SHOWN_LENGTH else shown[: SHOWN_LENGTH - 3] + "..."


@dataclass(frozen=True)
class ColumnSpec:
    """What a column function was told; the table's class body gives it a name and a type."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    default: object = MISSING
    default_factory: Callable[[], object] | None = None
    on_update: Callable[[], object] | None = None
    generated: Callable[[], object] | None = None
    reference: Reference | None = None
    primary_key: bool = False
    auto: bool = False
    unique: bool = False
    soft_delete: bool = False
    secret: bool = False
    was: str = ""
    comment: str = ""

    @property
    def function(self) -> str:
        """The column function that made it."""
        names = {"reference": "references"}
        return "auto_id" if self.auto else "soft_delete" if self.soft_delete else names.get(self.kind, self.kind)


# Each function returns a specification, which the class body holds until the table is made; for the type checkers it
# returns the descriptor that the column becomes, so that an annotation or a default of another type is a type error.


def _options(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


@declaring
def integer(
    *,
    default: IntegerT | Missing = MISSING,
    default_factory: Callable[[], IntegerT] | None = None,
    minimum: int | None = None,
    maximum: int | None = None,
    primary_key: bool = False,
    unique: bool = False,
    on_update: Callable[[], IntegerT] | None = None,
    was: str = "",
    comment: str = "",
) -> Col[IntegerT]:
    """A whole number of 64 bits, or a `Literal` of whole numbers.

    Args:
        default, default_factory: the value, or what gives the value, of a row that does not say; at most one of them.
        minimum, maximum: inclusive, kept by a CHECK.
        primary_key: whether it is the key or a part of it.
        unique: whether no two (live) rows may hold the same.
        on_update: called for its value on each update.
        was: its former name.
        comment: what it is, for readers.
    """
    spec = ColumnSpec(
        "integer",
        _options(minimum=minimum, maximum=maximum),
        default=default,
        default_factory=default_factory,
        on_update=on_update,
        primary_key=primary_key,
        unique=unique,
        was=was,
        comment=comment,
    )
    return cast("Col[IntegerT]", spec)


@declaring
def real(
    *,
    default: RealT | Missing = MISSING,
    minimum: float | None = None,
    maximum: float | None = None,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Col[RealT]:
    """A finite double; `minimum` and `maximum` are inclusive, the rest is as for `integer`."""
    options = _options(minimum=minimum, maximum=maximum)
    return cast("Col[RealT]", ColumnSpec("real", options, default=default, unique=unique, was=was, comment=comment))


@declaring
def text(
    *,
    default: TextT | Missing = MISSING,
    default_factory: Callable[[], TextT] | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    primary_key: bool = False,
    unique: bool = False,
    secret: bool = False,
    was: str = "",
    comment: str = "",
) -> Col[TextT]:
    """A text, or a `Literal` of texts.

    Args:
        default, default_factory, primary_key, unique, was, comment: as for `integer`.
        min_length, max_length: in code points, kept by a CHECK.
        pattern: a regular expression, kept on every write through the toolkit.
        secret: whether it is never shown in messages.
    """
    spec = ColumnSpec(
        "text",
        _options(min_length=min_length, max_length=max_length, pattern=pattern),
        default=default,
        default_factory=default_factory,
        primary_key=primary_key,
        unique=unique,
        secret=secret,
        was=was,
        comment=comment,
    )
    return cast("Col[TextT]", spec)


@declaring
def boolean(*, default: BooleanT | Missing = MISSING, was: str = "", comment: str = "") -> Col[BooleanT]:
    """True or false (1 or 0 on SQLite, kept by a CHECK)."""
    return cast("Col[BooleanT]", ColumnSpec("boolean", default=default, was=was, comment=comment))


@declaring
def timestamp_ms(
    *,
    default: MomentT | Missing = MISSING,
    default_factory: Callable[[], MomentT] | None = None,
    on_update: Callable[[], MomentT] | None = None,
    was: str = "",
    comment: str = "",
) -> Col[MomentT]:
    """A moment: whole milliseconds since 1970 UTC in the database, an aware UTC datetime in Python.

    A part finer than a millisecond is cut off on entry; a naive datetime is refused. The arguments are those of
    `integer`.
    """
    spec = ColumnSpec(
        "timestamp_ms",
        default=default,
        default_factory=default_factory,
        on_update=on_update,
        was=was,
        comment=comment,
    )
    return cast("Col[MomentT]", spec)


@declaring
def blob(
    *, default: BytesT | Missing = MISSING, max_length: int | None = None, was: str = "", comment: str = ""
) -> Col[BytesT]:
    """Bytes; `max_length` counts bytes and is kept by a CHECK."""
    options = _options(max_length=max_length)
    return cast("Col[BytesT]", ColumnSpec("blob", options, default=default, was=was, comment=comment))


@declaring
def json(
    *,
    default: T | Missing = MISSING,
    default_factory: Callable[[], T] | None = None,
    secret: bool = False,
    was: str = "",
    comment: str = "",
) -> Col[T]:
    """A JSON document of the annotated shape: checked on writing and on reading, `json_valid` in the database.

    Args:
        default: an immutable value; `default_factory` for lists, dicts and objects.
        default_factory, was, comment: as for `integer`.
        secret: whether it is never shown in messages.
    """
    spec = ColumnSpec("json", default=default, default_factory=default_factory, secret=secret, was=was, comment=comment)
    return cast("Col[T]", spec)


@declaring
def auto_id(*, init: Literal[False] = False, was: str = "", comment: str = "") -> Col[int]:
    """The integer primary key, filled by the database and never used twice; not an insert argument."""
    del init  # speaks to the type checkers alone
    return cast("Col[int]", ColumnSpec("integer", auto=True, primary_key=True, was=was, comment=comment))


@declaring
def soft_delete(*, init: Literal[False] = False, was: str = "", comment: str = "") -> Col[datetime | None]:
    """The moment of deletion, null for a live row: reads and updates see live rows unless asked otherwise."""
    del init  # speaks to the type checkers alone
    spec = ColumnSpec("timestamp_ms", soft_delete=True, default=None, was=was, comment=comment)
    return cast("Col[datetime | None]", spec)


@declaring
def generated(
    expression: Callable[[], SQLColumnExpression[T]], *, init: Literal[False] = False, was: str = "", comment: str = ""
) -> Col[T]:
    """A column that the database computes from others (VIRTUAL on SQLite, STORED on PostgreSQL).

    Args:
        expression: called when first needed, gives an SQL expression over the same row's columns.
        init: stays as it is; it tells the type checkers that this is not an insert argument.
        was, comment: as for `integer`.
    """
    del init  # speaks to the type checkers alone
    return cast("Col[T]", ColumnSpec("generated", generated=expression, was=was, comment=comment))


@overload
def references(
    target: Callable[[], ColumnOf[Target, Key]],
    *,
    on_delete: Action = "no action",
    primary_key: bool = False,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Ref[Target, Key]: ...
@overload
def references(
    target: Callable[[], ColumnOf[Target, Key]],
    *,
    default: None,
    on_delete: Action = "no action",
    primary_key: bool = False,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Ref[Target, Key | None]: ...
@declaring
def references(
    target: Callable[[], ColumnOf[Target, Key]],
    *,
    default: Missing | None = MISSING,
    on_delete: Action = "no action",
    primary_key: bool = False,
    unique: bool = False,
    was: str = "",
    comment: str = "",
) -> Ref[Target, Key] | Ref[Target, Key | None]:
    """A foreign key.

    Args:
        target: gives the column referred to (`lambda: Project.id`), called when first needed.
        default: only `None`, for a reference that may be left out.
        on_delete: what happens to this row when that one goes.
        primary_key, unique, was, comment: as for `integer`.
    """
    spec = ColumnSpec(
        "reference",
        reference=Reference(target, on_delete),
        default=default,
        primary_key=primary_key,
        unique=unique,
        was=was,
        comment=comment,
    )
    return cast("Ref[Target, Key]", spec)
