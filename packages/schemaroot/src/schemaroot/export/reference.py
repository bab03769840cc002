"""A reference page of tables in Markdown: what each holds, what keeps it in order, and how the tables hang together."""

from __future__ import annotations

import dataclasses
import enum
import re
import types
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, NotRequired, Required, Union, cast, get_args, get_origin

import msgspec
from typing_extensions import ReadOnly, get_type_hints, is_typeddict

from schemaroot.schema.column import Column
from schemaroot.schema.constraints import Index, Unique, constraint_name
from schemaroot.schema.sqlalchemy import check_name, expression_of, unique_condition, value_checks
from schemaroot.schema.table import Table, TableDeclaration, declaration_of
from schemaroot.schema.table_set import check_tables
from schemaroot.schema.types import Boolean, Enumeration, Json, shape_name
from schemaroot.schema.values import MISSING, JsonValue

NOTES = """\
Generated from the declarations of the tables. A moment is stored as whole milliseconds since 1970 UTC. A unique key
*over live rows* does not count rows whose moment of deletion is set. On SQLite every table is STRICT, JSON is text kept
valid by a CHECK named `ck_<table>_<column>_json`, and a boolean is 0 or 1; PostgreSQL has types of its own for both.
Conditions are shown as SQLite has them."""


def reference_page(tables: Iterable[type[Table]], *, title: str) -> str:
    """The reference page of some tables: the same text for the same declarations.

    Args:
        tables: what to describe, in the order of the page.
        title: the page's heading.

    Returns:
        Markdown with a list of the tables, then for each its columns, rules, indexes, search, relations in both
        directions, and the shapes of its JSON documents.

    Raises:
        DeclarationError: the tables do not fit each other, or an expression of theirs is none.
    """
    declared = [declaration_of(table) for table in check_tables(tables, whole=False)]
    described = {table.name for table in declared}
    contents = [f"- {_link(table.name, described)}{_after(': ', table.comment)}" for table in declared]
    parts = [f"# {_words(title)}", NOTES, "\n".join(contents)]
    for table in declared:
        parts += _table(table, declared, described)
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(table: TableDeclaration, all_tables: Sequence[TableDeclaration], described: set[str]) -> Iterator[str]:
    yield f"## {_words(table.name)}"
    yield f"{_words(table.comment)}." if table.comment else ""
    rows = [_column(table, column, described) for column in table.columns.values()]
    yield _grid(("column", "type", "null", "default", "key", "meaning"), rows)
    yield _grid(("rule", "name", "says"), _rules(table))
    indexes = [(_code(table.index_name(index)), _parts(table, index), _where(table, index)) for index in table.indexes]
    yield _grid(("index", "over", "of rows where"), indexes)
    if table.search:
        yield f"Full-text search over {_names(table.search)}."
    yield "\n".join(_relations(table, all_tables, described))
    for column in table.columns.values():
        if isinstance(column.type, Json) and "\n" in (shape := _shape(column.type.shape, ())):
            yield f"Each {_code(column.name)} is JSON:\n\n{_fenced(shape)}"


# Columns -------------------------------------------------------------------------------------------------------------


def _column(table: TableDeclaration, column: Column, described: set[str]) -> tuple[str, ...]:
    meaning = [_words(column.comment)] if column.comment else []
    meaning += ["the moment of deletion, null for a live row"] if column.soft_delete and not column.comment else []
    meaning += ["set anew by each update"] if column.on_update is not None else []
    meaning += ["secret: not shown in messages"] if column.secret else []
    key = _key(table, column, described)
    null = "yes" if column.nullable else "no"
    return _code(column.name), _type(column), null, _default(table, column), key, "; ".join(meaning)


def _type(column: Column) -> str:
    if isinstance(column.type, Enumeration):
        return ", ".join(_code(str(member)) for member in column.type.members)
    if isinstance(column.type, Json):
        shape = _shape(column.type.shape, ())
        return f"JSON {_code(shape)}" if "\n" not in shape else "JSON, see below"
    return _words(column.type.describe())


def _default(table: TableDeclaration, column: Column) -> str:
    if column.auto:
        return "from the database"
    if column.generated is not None:
        return f"computed: {_sql(expression_of(table, f'the expression of {column.name}', column.generated))}"
    factory = column.default_factory
    if factory is None:
        if column.default is MISSING:
            return "required"
        return _code(_literal(column, column.default)) if column.default is not None else "null"
    if isinstance(factory, type):  # list, dict, a typed dictionary
        return _code(_literal(column, factory()))
    return _code(f"{getattr(factory, '__name__', '?')}()")


def _literal(column: Column, value: object) -> str:
    if isinstance(column.type, Boolean):
        return "true" if value else "false"
    stored = column.dump(value)
    if isinstance(column.type, Json):
        return str(stored)
    return stored.hex() if isinstance(stored, bytes) else msgspec.json.encode(stored).decode()


def _key(table: TableDeclaration, column: Column, described: set[str]) -> str:
    keys = ["primary key"] if column.primary_key else []
    if column.reference is not None:
        target = table.target_of(column)
        keys.append(f"{_link(target.table, described)} {_code(target.name)}, on delete {column.reference.on_delete}")
    return "; ".join(keys)


# Rules, indexes, relations -------------------------------------------------------------------------------------------


def _rules(table: TableDeclaration) -> Iterator[tuple[str, str, str]]:
    yield "primary key", _code(constraint_name("pk", table.name)), _names(column.name for column in table.primary_key)
    for unique in table.uniques:
        yield "unique", _code(table.unique_name(unique)), _unique(table, unique)
    for column in table.columns.values():
        if column.reference is not None:
            target = table.target_of(column)
            says = f"{_code(column.name)} is a {_code(target.label)}, on delete {column.reference.on_delete}"
            yield "foreign key", _code(table.foreign_key_name(column)), says
    for column in table.columns.values():
        if column.generated is None:
            for short, condition in value_checks(column):
                yield "check", _code(constraint_name("ck", table.name, short)), _sql(condition)
    for check in table.checks:
        condition = expression_of(table, f"the condition of Check({check.name!r})", check.condition)
        yield "check", _code(check_name(table, check)), _sql(condition)


def _unique(table: TableDeclaration, unique: Unique) -> str:
    says = _names(unique.columns)
    if unique_condition(table, unique) is not None and table.soft_delete is not None and unique.over == "live":
        says += " over live rows"
    says += f" where {_where(table, unique)}" if unique.where is not None else ""
    return says + (", nulls counting as equal" if unique.nulls_equal else "")


def _parts(table: TableDeclaration, index: Index) -> str:
    shown: list[str] = []
    for part in index.parts:
        if isinstance(part, str):
            shown.append(_code(part.lstrip("-")) + (" descending" if part.startswith("-") else ""))
        else:
            shown.append(_sql(expression_of(table, f"a part of {index!r}", part)))
    return ", ".join(shown)


def _where(table: TableDeclaration, key: Index | Unique) -> str:
    return "" if key.where is None else _sql(expression_of(table, f"where of {key!r}", key.where))


_ENDS = {
    "cascade": "and is deleted with it",
    "set null": "which becomes null when that row is deleted",
    "restrict": "and keeps that row from being deleted",
    "no action": "and keeps that row from being deleted",
}


def _relations(table: TableDeclaration, all_tables: Sequence[TableDeclaration], described: set[str]) -> Iterator[str]:
    for column in table.columns.values():
        if column.reference is not None:
            target = table.target_of(column)
            number = "at most one" if column.nullable else "one"
            ends = _ENDS[column.reference.on_delete]
            yield f"- belongs to {number} row of {_link(target.table, described)} by {_code(column.name)}, {ends}"
    for other in all_tables:
        for column in other.columns.values():
            if column.reference is not None and other.target_of(column).table == table.name:
                number = "at most one row" if is_sole_key(other, column) else "any number of rows"
                yield f"- has {number} of {_link(other.name, described)} by {_code(column.label)}"


def is_sole_key(table: TableDeclaration, column: Column) -> bool:
    """Whether a column alone is a key of its table, so that each value stands in at most one (live) row."""
    keys = [unique.columns for unique in table.uniques if unique.where is None]
    return (column.name,) in [*keys, tuple(key.name for key in table.primary_key)]


def _sql(expression: Any) -> str:
    from sqlalchemy.dialects import sqlite

    element = expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression
    settings = {"literal_binds": True, "include_table": False}
    return _code(str(element.compile(dialect=sqlite.dialect(), compile_kwargs=settings)))


# JSON documents ------------------------------------------------------------------------------------------------------

_SCALARS: dict[object, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    None: "null",
    type(None): "null",
    bytes: "text (base64)",
    datetime: "text (date and time)",
    date: "text (date)",
    time: "text (time)",
    Any: "any JSON",
    object: "any JSON",
    list: "[any JSON, ...]",
    dict: "{name: any JSON, ...}",
}


@dataclasses.dataclass(frozen=True)
class _Member:
    """One member of a JSON object."""

    name: str
    shape: Any
    required: bool
    note: str = ""


def _shape(shape: Any, inside: tuple[Any, ...]) -> str:
    """The shape of a JSON document in a notation like JSON's; `inside` are the objects that it is a part of."""
    if shape is JsonValue:
        return "any JSON"
    if hasattr(shape, "__value__"):  # type X = ...
        return _named(shape, inside) or _shape(shape.__value__, (*inside, shape))
    try:
        known = _SCALARS.get(shape)
    except TypeError:  # an unhashable annotation
        known = None
    if known is not None:
        return known
    origin, arguments = get_origin(shape), get_args(shape)
    if origin is Literal:
        return " | ".join(msgspec.json.encode(value).decode() for value in arguments)
    if origin in (Union, types.UnionType):
        return " | ".join(_shape(argument, inside) for argument in arguments)
    if origin in (Annotated, Required, NotRequired, ReadOnly):
        return _shape(arguments[0], inside)
    if origin is dict:
        return "{name: " + _shape(arguments[1], inside) + ", ...}"
    if origin is list:
        item = _shape(arguments[0], inside)
        return f"[{item}, ...]" if "\n" not in item else "[\n" + _indented(item) + ",\n  ...\n]"
    if isinstance(shape, enum.EnumMeta):
        return " | ".join(msgspec.json.encode(one.value).decode() for one in cast("Iterable[enum.Enum]", shape))
    members = _members(shape)
    if members is None:
        return shape_name(shape)
    return _named(shape, inside) or _object(members, (*inside, cast(object, shape)))


def _named(shape: Any, inside: tuple[Any, ...]) -> str:
    """The name of a shape that contains itself, where it comes up again."""
    return f"({shape_name(shape)} again)" if any(outer is shape for outer in inside) else ""


def _object(members: Sequence[_Member], inside: tuple[Any, ...]) -> str:
    if not members:
        return "{}"
    lines: list[str] = []
    for member in members:
        key = msgspec.json.encode(member.name).decode() + ("" if member.required else "?")
        note = f"  // {_one_line(member.note)}" if member.note else ""
        first, *rest = f"{key}: {_shape(member.shape, inside)}".split("\n")
        lines.append("\n".join([first + note, *rest]))
    return "{\n" + "\n".join(map(_indented, lines)) + "\n}"


def _members(shape: Any) -> list[_Member] | None:
    """The members of an object-like shape, by the names that they have in JSON; `None` for what is not one."""
    found: object = get_origin(shape) or shape
    if not isinstance(found, type):
        return None
    owner = cast("type[Any]", found)
    if is_typeddict(owner):
        required = cast("frozenset[str]", getattr(owner, "__required_keys__", frozenset[str]()))
        return [_member(name, hint, name in required) for name, hint in _hints(owner).items()]
    if issubclass(owner, msgspec.Struct):
        tag = owner.__struct_config__
        first = [_Member(tag.tag_field, Literal[tag.tag], True)] if tag.tag_field is not None else []
        return first + [_member(one.encode_name, one.type, one.required) for one in msgspec.structs.fields(owner)]
    if dataclasses.is_dataclass(owner):
        absent = dataclasses.MISSING
        return [
            _member(one.name, _hints(owner)[one.name], one.default is absent and one.default_factory is absent)
            for one in dataclasses.fields(owner)
        ]
    fields: object = getattr(owner, "model_fields", None)
    if isinstance(fields, dict):  # a Pydantic model, without importing Pydantic
        return [
            _Member(one.serialization_alias or name, one.annotation, one.is_required(), one.description or "")
            for name, one in cast("dict[str, Any]", fields).items()
        ]
    return None


def _hints(owner: type) -> dict[str, Any]:
    return get_type_hints(owner, include_extras=True)


def _member(name: str, hint: Any, required: bool) -> _Member:
    """A member as its annotation says, which may hold whether it is required, and a note."""
    note = ""
    while (origin := get_origin(hint)) in (Annotated, Required, NotRequired, ReadOnly):
        if origin is Annotated:
            for item in hint.__metadata__:
                note = note or getattr(item, "documentation", None) or getattr(item, "description", None) or ""
            hint = hint.__origin__
        else:
            required = origin is Required if origin in (Required, NotRequired) else required
            hint = get_args(hint)[0]
    return _Member(name, hint, required, note)


# Markdown ------------------------------------------------------------------------------------------------------------


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in text.split("\n"))


def _after(mark: str, text: str) -> str:
    return mark + _words(text) if text else ""


def _words(text: str) -> str:
    """A text of the declarations as running text, where it can be no HTML and does not end a table's cell."""
    return re.sub(r"[\\`*\[\]|]", r"\\\g<0>", _one_line(text)).replace("&", "&amp;").replace("<", "&lt;")


def _code(text: str) -> str:
    shown = _one_line(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    space = " " if fence != "`" else ""
    return f"{fence}{space}{shown}{space}{fence}"


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(_code(name) for name in names)


def _link(table: str, described: set[str]) -> str:
    """The name of a table, linked to its heading as Markdown's readers name headings."""
    anchor = re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", _one_line(table).lower()))
    return f"[{_words(table)}](#{anchor})" if table in described else _code(table)


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table, without the columns in which every row is empty; nothing when there are no rows."""
    filled = list(rows)
    kept = [place for place in range(len(head)) if any(row[place] for row in filled)]
    if not filled:
        return ""
    lines = [[head[place] for place in kept], ["---"] * len(kept), *([row[place] for place in kept] for row in filled)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
