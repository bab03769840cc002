"""From a statement to SQL text, a binder of its parameters and a decoder of its rows: done once per shape.

SQLAlchemy writes the SQL. Executing goes past it: the text runs straight on the driver's cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.sql.compiler import SQLCompiler

from schemaroot.engine.decode import Decoder, Source, tuple_decoder
from schemaroot.schema.sqlalchemy import ListOf, StoredAs, dump_list
from schemaroot.schema.types import Enumeration, Integer, Text
from schemaroot.schema.values import SqlValue

Binder = Callable[[Sequence[Any], Mapping[str, Any]], tuple[SqlValue, ...]]
"""Makes the driver's parameters from positional values and named ones."""


@cache
def sqlite_dialect() -> SQLiteDialect:
    """SQLAlchemy's SQLite dialect with positional parameters; it never meets a connection."""
    return SQLiteDialect(paramstyle="qmark")


class Compiled:
    """SQL text, binder, and what its result columns are."""

    __slots__ = ("bind", "compiler", "sql", "template")

    def __init__(self, sql: str, bind: Binder, compiler: SQLCompiler, template: bool) -> None:
        self.sql = sql
        self.bind = bind
        self.compiler = compiler
        self.template = template

    def sources(self) -> list[Source]:
        """How each result column is loaded."""
        return [_source(entry.type) for entry in self.compiler._result_columns]  # pyright: ignore[reportPrivateUsage]  # no public door to the result's types


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
    """
    compiler = statement.compile(dialect=sqlite_dialect())
    assert isinstance(compiler, SQLCompiler)
    places = {compiler.bind_names[bind]: place for bind, place in (inline or {}).items() if bind in compiler.bind_names}
    if compiler.post_compile_params or compiler.literal_execute_params:
        return Compiled(compiler.string, _expanding_binder(compiler), compiler, template=True)
    return Compiled(compiler.string, _binder(compiler, places), compiler, template=False)


def _expanding_binder(compiler: SQLCompiler) -> Binder:
    def bind(values: Sequence[Any], named: Mapping[str, Any]) -> tuple[SqlValue, ...]:
        raise AssertionError("an expanding statement is bound by expand()")

    del compiler
    return bind


def expand(compiled: Compiled, values: Sequence[Any], named: Mapping[str, Any]) -> tuple[str, tuple[SqlValue, ...]]:
    """The SQL and parameters of a statement with an expanding IN, whose text depends on the number of values."""
    given = {f"sr_{number}": value for number, value in enumerate(values)}
    state = compiled.compiler.construct_expanded_state({**given, **named})
    processors = compiled.compiler._bind_processors  # pyright: ignore[reportPrivateUsage]  # no public door
    parameters: list[Any] = []
    for name in state.positiontup or ():
        value = state.parameters[name]
        processor = state.processors.get(name) or processors.get(name)
        parameters.append(processor(value) if callable(processor) else value)
    return state.statement, tuple(parameters)


def _binder(compiler: SQLCompiler, places: Mapping[str, int]) -> Binder:
    names: dict[str, Any] = {}
    parts: list[str] = []
    for number, name in enumerate(compiler.positiontup or ()):
        bind = compiler.binds[name]
        if name in places:
            source = f"values[{places[name]}]"
        elif name.startswith("sr_") and name[3:].isdigit():
            source = f"values[{int(name[3:])}]"
        elif bind.required:
            source = f"named[{bind.key!r}]"
        else:
            names[f"constant_{number}"] = _processed(compiler, name, bind.effective_value)
            parts.append(f"constant_{number}")
            continue
        parts.append(_dump_expression(compiler, bind, source, number, names))
    body = ", ".join(parts) + ("," if len(parts) == 1 else "")
    code = f"def bind(values, named):\n    return ({body})\n"
    exec(compile(code, "<binder>", "exec"), names)  # noqa: S102  # made of our own words alone
    made: Binder = names["bind"]
    return made


def _processed(compiler: SQLCompiler, name: str, value: Any) -> Any:
    processor = compiler._bind_processors.get(name)  # pyright: ignore[reportPrivateUsage]  # no public door
    return processor(value) if callable(processor) else value


def _dump_expression(
    compiler: SQLCompiler, bind: sa.BindParameter[Any], source: str, number: int, names: dict[str, Any]
) -> str:
    key = f"dump_{number}"
    match bind.type:
        case StoredAs(column=column):
            names[key] = _null_passing(column.type.dump)
            if isinstance(column.type, Integer):
                return f"(value if type(value := {source}) is int else {key}(value))"
            if isinstance(column.type, (Text, Enumeration)) and column.type.storage == "text":
                return f"(value if type(value := {source}) is str else {key}(value))"
        case ListOf(column=column):
            names[key] = lambda values, column=column: dump_list(column, values)
        case _:
            processor = compiler._bind_processors.get(bind.key)  # pyright: ignore[reportPrivateUsage]  # no public door
            if not callable(processor):
                return source
            names[key] = processor
    return f"{key}({source})"


def _null_passing(dump: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else dump(value)


def _source(sql_type: sa.types.TypeEngine[Any]) -> Source:
    if isinstance(sql_type, StoredAs):
        # A value may be null where its column may not: an outer join, an aggregate over nothing.
        return Source(sql_type.column.type, nullable=True)
    processor = sql_type.dialect_impl(sqlite_dialect()).result_processor(sqlite_dialect(), None)
    return Source(load=processor)


def decoder_of(compiled: Compiled) -> Decoder[tuple[Any, ...]]:
    """The decoder of a statement's result as tuples."""
    return tuple_decoder(compiled.sources())
