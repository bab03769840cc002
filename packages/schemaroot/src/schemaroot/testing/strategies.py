"""Strategies for Hypothesis: valid values of any declared column, and valid arguments of an insert.

@given(rows_of(Order, customer_id=just(1)))
def test_an_order_comes_back_as_it_was(values): ...
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints, overload

import msgspec
import typing_extensions
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemaroot.errors import InvalidValueError
from schemaroot.schema.column import Column
from schemaroot.schema.expression import Expr
from schemaroot.schema.new import new
from schemaroot.schema.table import Table
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
)
from schemaroot.schema.values import JsonValue
from schemaroot.validation.checks import breaches

T = TypeVar("T")
R = TypeVar("R", bound=Table)

_INTEGERS = (0, 1, -1, 2**31, 2**53 - 1, 2**53, 2**53 + 1, INT64_MIN, INT64_MAX)
_REALS = (0.0, -0.0, 1.0, 0.1 + 0.2, 1e16, 2.0**53, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308)
_MOMENTS = (0, -1, 999, 1_735_689_600_001, MIN_MS, MAX_MS)
_TEXTS = (
    *("", " ", "'", '"', "\\", "%", "_", "\n", "\t\r", "\x01", "\x7f", "\u0085", "\u200f", "\ufeff", "\uffff"),
    *(
        "null",
        "NaN",
        "0",
        "-0",
        "é",
        "e\u0301",
        "ß",
        "İ",
        "漢字",
        "שלום",
        "😀",
        "👩\u200d👩\u200d👧",
        "\U0010ffff",
        "x" * 300,
    ),
)
_BYTES = (b"", b"\0", b"\xff\xfe", b"'; --", bytes(range(256)))


@overload
def values_of(column: Expr[R, T]) -> SearchStrategy[T]: ...
@overload
def values_of(column: Column) -> SearchStrategy[Any]: ...
def values_of(column: Any) -> SearchStrategy[Any]:
    """Valid values of a column (`Ticket.title`); those that tend to break things come more often than by chance."""
    found: Column = column.column if isinstance(column, Expr) else column
    made = _of_type(found)
    takes_null = found.nullable or (isinstance(found.type, Json) and found.type.takes_none)
    return st.none() | made if takes_null else made


def rows_of(table: Callable[..., R], **columns: SearchStrategy[object]) -> SearchStrategy[dict[str, Any]]:
    """Valid arguments of an insert into a table, as `new(Table, ...)` takes them.

    A column that has a default is left out at times. A foreign key is null where it may be; otherwise give it.

    Args:
        table: the table's class.
        columns: strategies of single columns, in place of our own.
    """
    kind = cast("type[Table]", table)
    declared = kind.__declaration__
    strategies: dict[str, SearchStrategy[Any]] = {}
    for column in declared.stored:
        if column.name in columns:
            strategies[column.name] = columns[column.name]
        elif column.is_insertable:
            refers = column.reference is not None and column.nullable
            strategies[column.name] = st.none() if refers else values_of(column)
    must = {column.name for column in declared.stored if column.is_required} | set(columns)
    rows = st.fixed_dictionaries(
        {name: made for name, made in strategies.items() if name in must},
        optional={name: made for name, made in strategies.items() if name not in must},
    )
    return rows.filter(lambda values: _keeps_checks(kind, values)) if declared.checks else rows


def _keeps_checks(table: type[Table], values: dict[str, Any]) -> bool:
    declared = table.__declaration__
    row = new(cast("Callable[..., Table]", table), **values)
    stored = {column.name: value for column, value in zip(declared.stored, row.stored, strict=True)}
    return not breaches(declared, stored)


def _of_type(column: Column) -> SearchStrategy[Any]:
    match column.type:
        case Integer(minimum=low, maximum=high):
            return _integers(low, high)
        case Real(minimum=low, maximum=high):
            return _reals(low, high)
        case Text(min_length=low, max_length=high, pattern=pattern):
            return _texts(low, high, pattern)
        case Enumeration(members=members):
            return st.sampled_from(members)
        case Boolean():
            return st.booleans()
        case TimestampMs():
            return (st.sampled_from(_MOMENTS) | st.integers(MIN_MS, MAX_MS)).map(from_milliseconds)
        case Blob(max_length=high):
            usual = st.sampled_from(_BYTES).filter(lambda value: high is None or len(value) <= high)
            return usual | st.binary(max_size=high)
        case Json() as document:
            return _shaped(document.shape).filter(lambda value: _survives(document, value))
        case other:
            raise NotImplementedError(other.describe())


def _survives(document: Json, value: object) -> bool:
    """Whether a document of the shape comes back equal; a union of alike shapes may read one as the other."""
    try:
        return bool(document.decode(cast(str, document.dump(value))) == value)
    except InvalidValueError:
        return False


def _integers(low: int | None, high: int | None) -> SearchStrategy[int]:
    low = INT64_MIN if low is None else max(low, INT64_MIN)
    high = INT64_MAX if high is None else min(high, INT64_MAX)
    usual = [value for value in (*_INTEGERS, low, high) if low <= value <= high]
    return st.sampled_from(usual) | st.integers(low, high)


def _reals(low: float | None, high: float | None) -> SearchStrategy[float]:
    known = [float(value) for value in (*_REALS, low, high) if value is not None]
    usual = [value for value in known if (low is None or value >= low) and (high is None or value <= high)]
    return st.sampled_from(usual) | st.floats(low, high, allow_nan=False, allow_infinity=False)


def _texts(low: int = 0, high: int | None = None, pattern: str | None = None) -> SearchStrategy[str]:
    column = Text(low, high, pattern)

    def fits(value: str) -> bool:
        try:
            return column.dump(value) == value
        except InvalidValueError:
            return False

    if pattern is not None:
        return st.from_regex(pattern).filter(fits)
    drawn = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=low, max_size=high)
    usual = [value for value in _TEXTS if fits(value)]
    return st.sampled_from(usual) | drawn if usual else drawn


# --- documents of a shape ---------------------------------------------------------------------------------------------

_LEAVES: Mapping[object, Callable[[], SearchStrategy[Any]]] = {
    None: st.none,
    type(None): st.none,
    bool: st.booleans,
    int: lambda: _integers(None, None),
    float: lambda: _reals(None, None),
    str: _texts,
    bytes: st.binary,
    datetime: lambda: st.datetimes(timezones=st.timezones()),
    list: lambda: st.lists(_shaped(Any), max_size=5),
    dict: lambda: st.dictionaries(_texts(), _shaped(Any), max_size=5),
}


@lru_cache(maxsize=1)
def _any_document() -> SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | _integers(None, None) | _reals(None, None) | _texts()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts(), inner, max_size=4),
        max_leaves=12,
    )


def _shaped(shape: Any, limits: Mapping[str, Any] | None = None) -> SearchStrategy[Any]:
    """Documents of a shape: the annotation of a JSON column, or of a part of its documents."""
    limits = limits or {}
    if shape is Any or shape is JsonValue or shape is object:
        return _any_document()
    origin, arguments = get_origin(shape), get_args(shape)
    if origin is Annotated:
        return _shaped(arguments[0], _limits(shape.__metadata__))
    if origin in (typing.Required, typing.NotRequired, typing_extensions.ReadOnly):
        return _shaped(arguments[0])
    if isinstance(shape, typing_extensions.TypeAliasType):
        return _shaped(shape.__value__, limits)
    if shape is int and limits:
        return _integers(*_bounds(limits))
    if shape is float and limits:
        return _within(_reals(limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))), limits)
    if shape is str and limits:
        return _texts(limits.get("min_length") or 0, limits.get("max_length"), limits.get("pattern"))
    if shape in _LEAVES:
        return _LEAVES[shape]()
    # Documents that hold others of their own class must end: lists of them are short, and mostly empty.
    deep = any(argument not in _LEAVES for argument in arguments)
    low, high = limits.get("min_length") or 0, limits.get("max_length") or (2 if deep else 5)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([_shaped(argument) for argument in arguments])
    if origin is list:
        member = _shaped(arguments[0])
        listed = st.lists(member, min_size=low, max_size=max(low, high))
        return st.lists(member, max_size=0) | listed if deep and not low else listed
    if origin is dict:
        return st.dictionaries(_shaped(arguments[0]), _shaped(arguments[1]), min_size=low, max_size=max(low, high))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(_shaped(arguments[0]), min_size=low, max_size=max(low, high)).map(tuple)
        return st.tuples(*map(_shaped, arguments))
    return _of_class(shape) if isinstance(shape, type) else st.from_type(shape)


_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")


def _limits(metadata: tuple[Any, ...]) -> dict[str, Any]:
    """What msgspec, Pydantic and annotated_types say about a value, which they all spell alike."""
    found: dict[str, Any] = {}
    for item in metadata:
        found.update(_limits(tuple(getattr(item, "metadata", ()))))
        for name in _LIMITS:
            value = getattr(item, name, None)
            if value is not None:
                found[name] = value
    return found


def _bounds(limits: Mapping[str, Any]) -> tuple[int | None, int | None]:
    low = limits["ge"] if "ge" in limits else limits["gt"] + 1 if "gt" in limits else None
    high = limits["le"] if "le" in limits else limits["lt"] - 1 if "lt" in limits else None
    return low, high


def _within(values: SearchStrategy[float], limits: Mapping[str, Any]) -> SearchStrategy[float]:
    return values.filter(lambda value: value != limits.get("gt") and value != limits.get("lt"))


@lru_cache(maxsize=256)
def _of_class(kind: type) -> SearchStrategy[Any]:
    """Instances of a class, which may hold others of its own."""
    return st.deferred(lambda: _instances(kind))


def _instances(kind: Any) -> SearchStrategy[Any]:
    construct: Callable[..., Any] = kind
    if issubclass(kind, enum.Enum):
        return st.sampled_from(list(kind))
    if typing_extensions.is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        fields = {name: _shaped(hint) for name, hint in hints.items()}
        return st.fixed_dictionaries(
            {name: fields[name] for name in hints if name in kind.__required_keys__},
            optional={name: fields[name] for name in hints if name not in kind.__required_keys__},
        )
    if issubclass(kind, msgspec.Struct):
        members = {field.name: _shaped(field.type) for field in msgspec.structs.fields(kind)}
        return _made(lambda values: construct(**values), members)
    if hasattr(kind, "model_fields"):
        shapes = {
            field.alias or name: Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            for name, field in kind.model_fields.items()
        }
        return _made(kind.model_validate, {name: _shaped(shape) for name, shape in shapes.items()})
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        members = {field.name: _shaped(hints[field.name]) for field in dataclasses.fields(kind) if field.init}
        return _made(lambda values: construct(**values), members)
    return st.from_type(kind)


def _made(make: Callable[[dict[str, Any]], Any], fields: Mapping[str, SearchStrategy[Any]]) -> SearchStrategy[Any]:
    def made(values: dict[str, Any]) -> Any:
        try:
            return make(values)
        except (TypeError, ValueError):
            reject()

    return st.fixed_dictionaries(dict(fields)).map(made)
