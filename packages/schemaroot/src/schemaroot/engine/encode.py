"""Rows as JSON bytes: camelCase keys, moments as whole milliseconds since 1970, bytes as base64.

    to_json(ticket)      b'{"id":1,"projectId":2,"title":"Pay the printer","created":1735689600000,...}'

A function written from the declaration, once per table, turns a row into a struct that msgspec encodes in C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from schemaroot.schema.column import Column
from schemaroot.schema.refusals import check_table, listed
from schemaroot.schema.table import Table
from schemaroot.schema.types import EPOCH, MILLISECOND, Json, TimestampMs

_ENCODER = msgspec.json.Encoder()
_SHAPERS: dict[type[Table], Callable[[Table], object]] = {}


def to_json(row: Table) -> bytes:
    """A row as a JSON object, with all its columns in the order of the declaration."""
    return _ENCODER.encode(_shaper_of(type(row))(row))


def rows_to_json(rows: Iterable[Table]) -> bytes:
    """Rows as a JSON list of objects, in their order."""
    members = listed("Rows", rows)
    tables = set(map(type, members))
    if len(tables) == 1:
        return _ENCODER.encode(list(map(_shaper_of(tables.pop()), members)))
    return _ENCODER.encode([_shaper_of(type(row))(row) for row in members])


def outside_name(name: str) -> str:
    """A column's name outside: `projectId` for `project_id`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _shaper_of(table: type[Table]) -> Callable[[Table], object]:
    made = _SHAPERS.get(table)
    if made is None:
        check_table(table)
        made = _SHAPERS[table] = _make_shaper(table)
    return made


def _make_shaper(table: type[Table]) -> Callable[[Table], object]:
    columns = table.__declaration__.columns
    # The fields are named by place: a column may be called what a struct cannot (`class`).
    fields: list[tuple[str, Any]] = [(f"c{place}", Any) for place in range(len(columns))]
    outside = {field: outside_name(name) for (field, _), name in zip(fields, columns, strict=True)}
    shape = msgspec.defstruct(f"{table.__name__}Json", fields, rename=outside, gc=False)
    names: dict[str, Any] = {"shape": shape, "epoch": EPOCH, "millisecond": MILLISECOND, "raw": msgspec.Raw}
    values = ", ".join(_expression(column, place, names) for place, column in enumerate(columns.values()))
    code = f"def shaper(row):\n    return shape({values})\n"
    exec(compile(code, f"<json of {table.__name__}>", "exec"), names)  # made of our own words alone
    made: Callable[[Table], object] = names["shaper"]
    return made


def _expression(column: Column, place: int, names: dict[str, Any]) -> str:
    """Python source of one value as msgspec encodes it."""
    value = f"row.{column.name}"
    if isinstance(column.type, TimestampMs):
        source = f"({value} - epoch) // millisecond"
    elif isinstance(column.type, Json) and column.type.adapter is not None:
        names[f"dump_{place}"] = column.type.adapter.dump_json
        source = f"raw(dump_{place}({value}, by_alias=True))"
    else:
        return value
    return f"None if {value} is None else {source}" if column.nullable else source
