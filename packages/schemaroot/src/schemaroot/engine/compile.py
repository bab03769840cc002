"""From a statement to SQL text, a binder of its parameters and a decoder of its rows: done once per shape.

SQLAlchemy writes the SQL. Executing goes past it: the text runs straight on the driver's cursor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.exc import InvalidRequestError, SQLAlchemyError
from sqlalchemy.sql import functions, visitors
from sqlalchemy.sql.compiler import ResultColumnsEntry, SQLCompiler

from schemaroot.engine.decode import Decoder, Source, tuple_decoder
from schemaroot.errors import InvalidArgumentsError
from schemaroot.schema.column import Column
from schemaroot.schema.sqlalchemy import ComparedAs, ListOf, StoredAs, compared_type, dump_list
from schemaroot.schema.types import (
    INT64_MAX,
    INT64_MIN,
    Boolean,
    ComparedInteger,
    Enumeration,
    Integer,
    Json,
    Text,
)
from schemaroot.schema.values import SqlValue

Binder = Callable[[Sequence[Any], Mapping[str, Any]], tuple[SqlValue, ...]]
"""Makes the driver's parameters from positional values and named ones."""


@cache
def sqlite_dialect() -> SQLiteDialect:
    """SQLAlchemy's SQLite dialect with positional parameters; it never meets a connection."""
    return SQLiteDialect(paramstyle="qmark")


class Compiled:
    """SQL text, binder, and what its result columns are."""

    __slots__ = ("bind", "compiler", "dumps", "optional", "places", "required", "sql", "template")

    def __init__(self, compiler: SQLCompiler, places: Mapping[str, int]) -> None:
        self.compiler: SQLCompiler = compiler
        self.sql: str = compiler.string
        self.places: Mapping[str, int] = places
        binds = compiler.binds.items()
        self.required: frozenset[str] = frozenset(
            str(bind.key) for name, bind in binds if name not in places and bind.required
        )
        self.optional: frozenset[str] = frozenset(
            str(bind.key) for name, bind in binds if name in places and _has_name(name, bind)
        )
        self.template: bool = bool(compiler.post_compile_params or compiler.literal_execute_params)
        self.dumps: dict[str, Callable[[Any], Any] | None] = {}
        self.bind: Binder
        if self.template:
            self.dumps = {name: _dump(compiler, name) for name in compiler.positiontup or ()}
            self.bind = _expanding
        else:
            self.bind = _binder(compiler, places)

    def sources(self) -> list[Source]:
        """How each result column is loaded."""
        return [_source(entry) for entry in self.compiler._result_columns]  # pyright: ignore[reportPrivateUsage]  # no public door to the result's types


class ValueBinds:
    """Names the parameters of a statement that is built from values.

    The next value becomes parameter `sr_<place>`, its place among all values of the statement.
    """

    def __init__(self, places: Iterable[int]) -> None:
        self._places: Iterator[int] = iter(places)

    def __call__(self, sql_type: sa.types.TypeEngine[Any], value: object) -> sa.BindParameter[Any]:
        """The parameter of the next value."""
        del value
        return sa.bindparam(f"sr_{next(self._places)}", type_=sql_type)


def compile_statement(
    statement: sa.ClauseElement, inline: Mapping[sa.BindParameter[Any], int] | None = None
) -> Compiled:
    """Compiles a statement.

    Args:
        statement: any SQLAlchemy Core statement; parameters named `sr_<place>` take the value of that place, other
            parameters without a value take a named one.
        inline: the positions of parameters inside expressions that came with their values.

    Raises `InvalidArgumentsError` for a statement that SQLite has no words for.
    """
    try:
        compiler = statement.compile(dialect=sqlite_dialect())
    except (SQLAlchemyError, NotImplementedError) as error:
        raise InvalidArgumentsError(f"The statement cannot be written for SQLite: {error}.") from error
    assert isinstance(compiler, SQLCompiler)
    # By key: writes hold clones of the parameters that came with their values, under the same keys.
    by_key = {bind.key: place for bind, place in (inline or {}).items()}
    places: dict[str, int] = {}
    for name, bind in compiler.binds.items():
        if name.startswith("sr_") and name[3:].isdigit():
            places[name] = int(name[3:])
        elif bind.key in by_key:
            places[name] = by_key[bind.key]
    return Compiled(compiler, places)


def _expanding(values: Sequence[Any], named: Mapping[str, Any]) -> tuple[SqlValue, ...]:
    del values, named
    raise AssertionError("an expanding statement is bound by expand()")


def expand(compiled: Compiled, values: Sequence[Any], named: Mapping[str, Any]) -> tuple[str, tuple[SqlValue, ...]]:
    """The SQL and parameters of a statement with an expanding IN, whose text depends on the number of values."""
    given = {name: values[place] for name, place in compiled.places.items()}
    try:
        state = compiled.compiler.construct_expanded_state({**given, **named})
    except InvalidRequestError as error:
        raise InvalidArgumentsError(f"The statement was not given its parameters ({error}).") from None
    dumps = dict(compiled.dumps)
    for name, members in state.parameter_expansion.items():
        dumps.update(dict.fromkeys(members, compiled.dumps[name]))
    parameters: list[Any] = []
    for name in state.positiontup or ():
        dump, value = dumps[name], state.parameters[name]
        parameters.append(value if dump is None else dump(value))
    return state.statement, tuple(parameters)


def bound(compiled: Compiled, values: Sequence[Any], named: Mapping[str, Any]) -> tuple[str, tuple[SqlValue, ...]]:
    """The SQL and parameters of any statement."""
    return expand(compiled, values, named) if compiled.template else (compiled.sql, compiled.bind(values, named))


def _binder(compiler: SQLCompiler, places: Mapping[str, int]) -> Binder:
    names: dict[str, Any] = {"not_given": _not_given}
    parts: list[str] = []
    asks = False
    for number, name in enumerate(compiler.positiontup or ()):
        bind = compiler.binds[name]
        if name in places:
            source = f"values[{places[name]}]"
            if _has_name(name, bind):  # a named parameter that has a value of its own
                source = f"named.get({bind.key!r}, {source})"
        elif bind.required:
            source = f"named[{bind.key!r}]"
            asks = True
        else:
            dump = _dump(compiler, name)
            value = bind.effective_value
            names[f"constant_{number}"] = value if dump is None else dump(value)
            parts.append(f"constant_{number}")
            continue
        parts.append(_dump_expression(compiler, name, source, number, names))
    made = f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    code = f"def bind(values, named):\n    return {made}\n"
    if asks:
        code = (
            f"def bind(values, named):\n    try:\n        return {made}\n"
            "    except KeyError as error:\n        raise not_given(error) from None\n"
        )
    exec(compile(code, "<binder>", "exec"), names)  # made of our own words alone
    binder: Binder = names["bind"]
    return binder


def _has_name(name: str, bind: sa.BindParameter[Any]) -> bool:
    """Whether a parameter that has a value can be given another one by name."""
    return not bind.unique and not name.startswith("sr_")


def _not_given(error: KeyError) -> InvalidArgumentsError:
    return InvalidArgumentsError(f"The statement was not given its parameter {error}.")


def _dump_expression(compiler: SQLCompiler, name: str, source: str, number: int, names: dict[str, Any]) -> str:
    """Python source of one parameter: a test of the common case inside the binder, else a call."""
    dump = _dump(compiler, name)
    if dump is None:
        return source
    names[f"dump_{number}"] = dump
    sql_type = compiler.binds[name].type
    if isinstance(sql_type, StoredAs) and not _is_written(compiler, name):
        column_type = sql_type.column.type
        if isinstance(sql_type, ComparedAs):
            within = f"{INT64_MIN} <= value <= {INT64_MAX}"
            return f"(value if type(value := {source}) is int and {within} else dump_{number}(value))"
        if isinstance(column_type, Integer):
            return f"(value if type(value := {source}) is int else dump_{number}(value))"
        if isinstance(column_type, (Text, Enumeration)) and column_type.storage == "text":
            return f"(value if type(value := {source}) is str else dump_{number}(value))"
    return f"dump_{number}({source})"


def _dump(compiler: SQLCompiler, name: str) -> Callable[[Any], Any] | None:
    """What makes the driver's value of a parameter, `None` where it is taken as it is."""
    match compiler.binds[name].type:
        case ComparedAs(column=column):
            return replace(column, type=ComparedInteger(), nullable=True).dump
        case StoredAs(column=column):
            return column.dump if _is_written(compiler, name) else _comparable(column).dump
        case ListOf(column=column):
            members = _comparable(column)
            return lambda values: dump_list(members, values)
        case _:
            processor = compiler._bind_processors.get(name)  # pyright: ignore[reportPrivateUsage]  # no public door
            return processor if callable(processor) else None


def _is_written(compiler: SQLCompiler, name: str) -> bool:
    """Whether a parameter is a value that SQLAlchemy's own insert or update writes into the column of its name."""
    if not (compiler.isinsert or compiler.isupdate) or name.startswith("sr_"):
        return False
    sql_type = compiler.binds[name].type
    return isinstance(sql_type, StoredAs) and re.sub(r"_m\d+$", "", name) == sql_type.column.name


def _comparable(column: Column) -> Column:
    """The column as conditions see it: they may compare with null, and with values that it could not hold itself."""
    kind = compared_type(column.type)
    nullable = not (isinstance(kind, Json) and kind.takes_none) or column.nullable
    return replace(column, type=kind, nullable=nullable)


def _source(entry: ResultColumnsEntry) -> Source:
    sql_type = entry.type
    if isinstance(sql_type, StoredAs):
        if isinstance(sql_type.column.type, Boolean) and _is_sum(entry):
            return Source()
        # A value may be null where its column may not: an outer join, an aggregate over nothing.
        return Source(sql_type.column.type, nullable=True, column=sql_type.column)
    processor = sql_type.dialect_impl(sqlite_dialect()).result_processor(sqlite_dialect(), None)
    return Source(load=processor)


def _is_sum(entry: ResultColumnsEntry) -> bool:
    """Whether a result adds up: a sum of truths is a number, though SQLAlchemy gives it the type of what it sums."""
    return any(
        isinstance(part, functions.sum)
        for item in entry.objects
        if isinstance(item, sa.ClauseElement)
        for part in visitors.iterate(item)
    )


def decoder_of(compiled: Compiled) -> Decoder[tuple[Any, ...]]:
    """The decoder of a statement's result as tuples."""
    return tuple_decoder(compiled.sources())
