"""Values that are not stored yet: `New`, a checked row to insert, and `Patch`, checked changes of a row.

    new(Ticket, project_id=1, title="Pay the printer")
    New(Ticket, project_id=1, title='Pay the printer', overview='', ...)

`new` takes what `Ticket(...)` is typed to take, checks it and converts it to the driver's values at once. It runs one
function per table, written from the declaration: each value meets an inline test of the common case, and whatever does
not pass goes to the column's own `dump`, so that every refusal has one wording.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, ParamSpec, TypeVar, cast

import msgspec

from schemaroot.errors import InvalidArgumentsError
from schemaroot.schema.column import Column
from schemaroot.schema.expression import Assignment, Expr, check_assignment, is_sql
from schemaroot.schema.refusals import check_table, described
from schemaroot.schema.types import (
    EPOCH,
    INT64_MAX,
    INT64_MIN,
    MILLISECOND,
    Blob,
    Boolean,
    Enumeration,
    Integer,
    Json,
    Real,
    Text,
    TimestampMs,
    encode_json,
    has_long_number,
    plain_shape,
)
from schemaroot.schema.values import MISSING, Missing, SqlValue, now

if TYPE_CHECKING:
    from schemaroot.schema.table import Table

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound="Table")

Binder = Callable[..., "New[R]"]
"""Takes the values of an insert by keyword and gives them checked."""


class New(msgspec.Struct, Generic[R], frozen=True, gc=False):
    """Checked values for a row that is not stored yet; made by `new(Table, ...)`.

    Attributes:
        table: the class of the row that it becomes.
        stored: the driver's values, in the order of `table.__declaration__.stored`.
        extra: the driver's values of columns beyond those, such as an explicit id, by name.
    """

    table: type[R]
    stored: tuple[SqlValue, ...]
    extra: dict[str, SqlValue] = {}  # msgspec copies it for each instance

    def with_(self, *assignments: Assignment[R]) -> New[R]:
        """The same with further values, also of columns that an insert does not ask for.

            new(Ticket, project_id=1, title="x").with_(Ticket.id.to(7), Ticket.deleted.to(moment))

        Raises `InvalidArgumentsError` for a generated column, another table's column or an SQL expression, and
        `InvalidValueError` for a value that does not fit.
        """
        declared = self.table.__declaration__
        changed: dict[str, SqlValue] = {}
        for assignment in assignments:
            check_assignment(assignment)
            column = assignment.column
            own = declared.columns.get(column.name)
            if own is not column and own != column:
                raise InvalidArgumentsError(f"{column.label} is not a column of {declared.name}.")
            if column.generated is not None:
                raise InvalidArgumentsError(f"{column.label} is computed by the database and cannot be given.")
            if is_sql(assignment.value):
                raise InvalidArgumentsError(f"{column.label}: a row to insert holds values, not SQL expressions.")
            changed[column.name] = column.dump(assignment.value)
        stored = tuple(
            changed.pop(column.name) if column.name in changed else value
            for column, value in zip(declared.stored, self.stored, strict=True)
        )
        return New(self.table, stored, self.extra | changed)

    def values(self) -> dict[str, object]:
        """The Python values by column name, in the order of the declaration."""
        declared = self.table.__declaration__
        held = {column.name: value for column, value in zip(declared.stored, self.stored, strict=True)} | self.extra
        return {
            column.name: column.load(held[column.name]) for column in declared.columns.values() if column.name in held
        }

    def __repr__(self) -> str:
        columns = self.table.__declaration__.columns
        shown = [f", {name}={columns[name].shown(value)}" for name, value in self.values().items()]
        return f"New({self.table.__name__}{''.join(shown)})"


def check_new(rows: Sequence[object]) -> None:
    """Raises `InvalidArgumentsError` for anything but rows as `new(Table, ...)` makes them."""
    if set(map(type, rows)) != {New}:
        wrong = next(row for row in rows if type(row) is not New)
        raise InvalidArgumentsError(
            f"Expected a row to store, as new(Table, ...) makes it, not {described(wrong)}; nothing was written."
        )


class Patch(Iterable[Assignment[R]], Generic[R]):
    """Checked changes of a row: a tuple of assignments, true when there is one."""

    __slots__ = ("assignments", "table")

    table: type[R]
    assignments: tuple[Assignment[R], ...]

    def __init__(self, table: type[R], assignments: tuple[Assignment[R], ...]) -> None:
        self.table = table
        self.assignments = assignments

    def values(self) -> dict[str, object]:
        """The new values by column name."""
        return {assignment.column.name: assignment.value for assignment in self.assignments}

    def get(self, column: Expr[R, T]) -> T | Missing:
        """The new value of `column`, or `MISSING` where the patch leaves it as it is."""
        return cast("T | Missing", self.values().get(column.column.name, MISSING))

    def __iter__(self) -> Iterator[Assignment[R]]:
        return iter(self.assignments)

    def __len__(self) -> int:
        return len(self.assignments)

    def __bool__(self) -> bool:
        return bool(self.assignments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patch) and self._facts() == cast("Patch[R]", other)._facts()

    def _facts(self) -> tuple[str, dict[str, object]]:
        return self.table.__declaration__.name, self.values()

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # equal by value, and values need not be hashable

    def __repr__(self) -> str:
        shown = [f", {item.column.name}={item.column.shown(item.value)}" for item in self.assignments]
        return f"Patch({self.table.__name__}{''.join(shown)})"


def new(table: Callable[P, R], /, *args: P.args, **values: P.kwargs) -> New[R]:
    """Checked values for a row of `table`, to be stored later or together with many others.

    Args:
        table: the table's class.
        args: none; values are given by keyword.
        values: the values by column name; a column with a default may be left out.

    Raises:
        InvalidArgumentsError: a column is missing, unknown, or not an argument of an insert (`id`, `deleted`, a
            generated column); the message lists what the insert asks for.
        InvalidValueError: a value does not fit its column, which is named.
    """
    try:
        bind: Binder[R] = _BINDERS.get(table) or binder(cast("type[R]", table))
    except TypeError:  # not hashable, so no class
        check_table(table)
        raise
    try:
        return bind(*args, **values)
    except TypeError:
        check_arguments(cast("type[R]", table), args, values)
        raise


_BINDERS: dict[Callable[..., object], Binder[Any]] = {}


def binder(table: type[R]) -> Binder[R]:
    """The function that turns the arguments of an insert into checked values; made once per table.

    It raises `InvalidValueError` for a value that does not fit, and Python's own `TypeError` for wrong arguments, which
    `new` makes readable.
    """
    made = _BINDERS.get(table)
    if made is None:
        check_table(table)
        made = _BINDERS[table] = _make_binder(table)
    return made


def check_arguments(table: type[Table], args: tuple[object, ...], values: Mapping[str, object]) -> None:
    """Raises `InvalidArgumentsError` that tells what is wrong with the arguments of an insert, if anything is."""
    declared = table.__declaration__
    taken = [column for column in declared.stored if column.is_insertable]
    required = [column.name for column in taken if column.is_required]
    optional = [column.name for column in taken if not column.is_required]
    problems: list[str] = []
    if args:
        problems.append("values are given by keyword")
    missing = [name for name in required if name not in values]
    if missing:
        problems.append(f"missing {', '.join(missing)}")
    for name in values:
        if name in required or name in optional:
            if is_sql(values[name]):
                problems.append(f"{name} is an SQL expression, and a row to insert holds values")
            continue
        if name in declared.columns:
            problems.append(f"{name} is read-only here{_why_read_only(table, declared.columns[name])}")
        else:
            alike = difflib.get_close_matches(name, [*required, *optional], 1)
            problems.append(f"unknown {name}" + (f" (did you mean {alike[0]}?)" if alike else ""))
    if problems:
        asked = f"It asks for {', '.join(required) or 'nothing'}"
        asked += f" and takes {', '.join(optional)}" if optional else ""
        raise InvalidArgumentsError(
            f"insert into {declared.name}: {'; '.join(problems)}. Nothing was written.", hint=f"{asked}."
        )


def _why_read_only(table: type[Table], column: Column) -> str:
    if column.generated is not None:
        return " (the database computes it)"
    return f" (say new({table.__name__}, ...).with_({table.__name__}.{column.name}.to(...)) on purpose)"


# --- the generated function -------------------------------------------------------------------------------------------

# Columns never start with an underscore, so these names cannot meet a column that is called `type` or `int`.
_NAMES: dict[str, object] = {
    "_type": type,
    "_len": len,
    "_int": int,
    "_bool": bool,
    "_float": float,
    "_str": str,
    "_bytes": bytes,
    "_list": list,
    "_dict": dict,
    "_datetime": datetime,
    "_utc": UTC,
    "_epoch": EPOCH,
    "_millisecond": MILLISECOND,
    "_missing": MISSING,
    "_time_ns": time.time_ns,
    "_encode": encode_json,
    "_has_long_number": has_long_number,
    # What encoding or checking a document raises; `dump` then says what is wrong with it.
    "_refused": (TypeError, ValueError, OverflowError, RecursionError),
}


_Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
_OF_TEXTS: list[object] = [list[str], dict[str, str]]
_OF_NUMBERS: list[tuple[object, Any]] = [(list[int], list[_Int64]), (dict[str, int], dict[str, _Int64])]
"""Shapes of whole numbers, and the same with numbers that SQLite and every reader of JSON can hold."""

_OF_ANYTHING: list[tuple[object, str]] = [(list[Any], "_list"), (dict[str, Any], "_dict")]
"""Shapes that hold whatever a list or a dict is encoded to, which then need not be decoded to be believed."""

_MAYBE_DEEP = 500
"""A longer document may be nested so deep that it can be encoded and not decoded."""


def _make_binder(table: type[R]) -> Binder[R]:
    declared = table.__declaration__
    names: dict[str, object] = {**_NAMES, "_new": New, "_table": table}
    taken = [column for column in declared.stored if column.is_insertable]
    parameters = [column.name if column.is_required else f"{column.name}=_missing" for column in taken]
    clocks: dict[Callable[[], Any], str] = {}
    lines: list[str] = []
    for column in taken:
        names[f"_dump_{column.name}"] = column.dump
        lines += _lines(column, names, clocks)
    first = [f"{clock} = None" for clock in clocks.values()]
    stored = "".join(f"{column.name if column.is_insertable else None}, " for column in declared.stored)
    body = "\n    ".join([*first, *lines, f"return _new(_table, ({stored}))"])
    source = f"def bind({'*, ' if parameters else ''}{', '.join(parameters)}):\n    {body}\n"
    exec(compile(source, f"<insert into {declared.name}>", "exec"), names)  # written from the declaration
    return cast("Binder[R]", names["bind"])


def _lines(column: Column, names: dict[str, object], clocks: dict[Callable[[], Any], str]) -> list[str]:
    """The statements that turn the argument of one column into its driver's value."""
    name = column.name
    if isinstance(column.type, Json) and column.type.adapter is None and not column.nullable:
        return _json_lines(column, column.type, names, clocks)
    test, value = _common_case(column, names)
    conditions = [f"{name} is not None"] if column.nullable else []
    if value:
        statement = f"{name} = {value} if {test} else _dump_{name}({name})"
    else:
        statement = f"{name} = _dump_{name}({name})"
        conditions += [f"not ({test})"] if test else []
    condition = " and ".join(conditions)
    if column.is_required:
        return [f"if {condition}: {statement}" if condition else statement]
    otherwise = f"elif {condition}: {statement}" if condition else f"else: {statement}"
    return [f"if {name} is _missing: {name} = {_default(column, names, clocks)}", otherwise]


def _json_lines(
    column: Column, json: Json, names: dict[str, object], clocks: dict[Callable[[], Any], str]
) -> list[str]:
    """The statements for a JSON column: a document in which nothing looks wrong is encoded and checked in place."""
    name = column.name
    missing = [] if column.is_required else [f"if {name} is _missing: {name} = {_default(column, names, clocks)}"]
    test, empty = _common_case(column, names)
    if test:
        missing.append(f"{'el' if missing else ''}if {test}: {name} = {empty}")
    doubts = [r'"\\" in _text and "\\u0000" in _text']  # few documents hold any escape
    decode, verified = json.decode, f"_decode_{name}(_text)"
    if bounded := [bounded for shape, bounded in _OF_NUMBERS if shape == json.shape]:
        decode = msgspec.json.Decoder(bounded[0]).decode
    elif json.shape not in _OF_TEXTS:
        doubts += ['"null" in _text', "_has_long_number(_document)"]
        if kind := [kind for shape, kind in _OF_ANYTHING if shape == plain_shape(json.shape)]:
            verified = f"if _type({name}) is not {kind[0]} or _len(_text) > {_MAYBE_DEEP}: {verified}"
    names[f"_decode_{name}"] = decode
    body = [
        "try:",
        f"    _document = _encode({name})",
        "    _text = _document.decode()",
        f"    if {' or '.join(doubts)}: {name} = _dump_{name}({name})",
        "    else:",
        f"        {verified}",
        f"        {name} = _text",
        f"except _refused: {name} = _dump_{name}({name})",
    ]
    return [*missing, "else:", *(f"    {line}" for line in body)] if missing else body


def _common_case(column: Column, names: dict[str, object]) -> tuple[str, str]:
    """Source of the test for a usual valid value, and of its driver's value where that is another one."""
    name = column.name
    match column.type:
        case Integer(minimum=low, maximum=high):
            low = INT64_MIN if low is None else max(low, INT64_MIN)
            high = INT64_MAX if high is None else min(high, INT64_MAX)
            return f"_type({name}) is _int and {low} <= {name} <= {high}", ""
        case Real(minimum=low, maximum=high):
            tests = [f"_type({name}) is _float", f"{name} - {name} == 0.0"]
            tests += [f"{name} >= {low!r}"] if low is not None else []
            tests += [f"{name} <= {high!r}"] if high is not None else []
            return " and ".join(tests), ""
        case Text(min_length=low, max_length=high, pattern=pattern):
            tests = [f"_type({name}) is _str", f"{name}.isascii()", f'"\\0" not in {name}']
            tests += [f"_len({name}) >= {low}"] if low and high is None else []
            tests += [f"{low} <= _len({name}) <= {high}"] if high is not None else []
            if pattern is not None:
                names[f"_matches_{name}"] = column.type.matches
                tests.append(f"_matches_{name}({name})")
            return " and ".join(tests), ""
        case Enumeration(members=members, storage=storage):
            names[f"_members_{name}"] = frozenset(members)
            return f"_type({name}) is {'_int' if storage == 'integer' else '_str'} and {name} in _members_{name}", ""
        case Boolean():
            return f"_type({name}) is _bool", f"(1 if {name} else 0)"
        case TimestampMs():
            return f"_type({name}) is _datetime and {name}.tzinfo is _utc", f"({name} - _epoch) // _millisecond"
        case Blob(max_length=high):
            return f"_type({name}) is _bytes" + (f" and _len({name}) <= {high}" if high is not None else ""), ""
        case Json(empty=str(empty)):
            return f"not {name} and _type({name}) is {'_list' if empty == '[]' else '_dict'}", repr(empty)
        case _:
            return "", ""


def _default(column: Column, names: dict[str, object], clocks: dict[Callable[[], Any], str]) -> str:
    """Source of the driver's value of a column that was not given."""
    factory = column.default_factory
    if factory is None:
        return repr(column.dump(column.default))
    if factory is list or factory is dict:
        return repr(column.dump(factory()))
    if isinstance(column.type, TimestampMs):
        # One moment per row: columns that share a clock read it once, so that `created` equals `updated`.
        clock = clocks.setdefault(factory, f"_clock_{len(clocks)}")
        if factory is now:
            reading = "_time_ns() // 1000000"
        else:
            names[f"_initial_{column.name}"] = factory
            reading = f"_dump_{column.name}(_initial_{column.name}())"
        return f"({clock} := {reading}) if {clock} is None else {clock}"
    names[f"_initial_{column.name}"] = factory
    return f"_dump_{column.name}(_initial_{column.name}())"
