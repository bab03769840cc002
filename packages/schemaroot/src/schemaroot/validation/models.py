"""The Pydantic models of a table's outside data: what creates a row, what changes one, and a row itself.

    insert_model(Ticket)     TicketCreate: what has no default is required, read-only columns are refused
    update_model(Ticket)     TicketUpdate: nothing is required, and absent is not null
    select_model(Ticket)     Ticket: everything is there

Names are camelCase outside (`projectId`); the column's own name is taken too, but not both at once. The models give
the same verdict wherever they run: also the table's CHECKs are told here, where they can be.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

import pydantic
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails

from schemaroot.errors import DeclarationError
from schemaroot.schema.column import Column
from schemaroot.schema.refusals import check_table
from schemaroot.schema.types import Blob, Json, TimestampMs
from schemaroot.schema.values import MISSING, SqlValue
from schemaroot.validation import checks, shapes
from schemaroot.validation.fields import field_type, outside_value, problem

if TYPE_CHECKING:
    from schemaroot.schema.table import Table

Kind = Literal["insert", "update", "select"]
"""What a model is for."""


@dataclass(frozen=True)
class Variant:
    """What sets one kind of model apart from the others."""

    suffix: str
    is_left_out: Callable[[Column], bool]
    is_optional: Callable[[Column], bool]
    is_nullable: Callable[[Column], bool]


VARIANTS: Mapping[Kind, Variant] = {
    "insert": Variant(
        suffix="Create",
        is_left_out=lambda column: column.is_read_only,
        is_optional=lambda column: not column.is_required,
        is_nullable=lambda column: column.nullable,
    ),
    "update": Variant(
        suffix="Update",
        is_left_out=lambda column: column.is_read_only,
        is_optional=lambda column: True,
        is_nullable=lambda column: column.nullable,
    ),
    "select": Variant(
        suffix="",
        is_left_out=lambda column: False,
        is_optional=lambda column: False,
        is_nullable=lambda column: column.nullable,
    ),
}


def insert_model(table: type[Table]) -> type[BaseModel]:
    """The model of data that creates a row of `table`, named like `TicketCreate`; made once."""
    return model(table, "insert")


def update_model(table: type[Table]) -> type[BaseModel]:
    """The model of data that changes a row of `table`, named like `TicketUpdate`; made once."""
    return model(table, "update")


def select_model(table: type[Table]) -> type[BaseModel]:
    """The model of a row of `table`, named like the table's class; made once. It takes rows as well as data."""
    return model(table, "select")


def outside_name(column: Column) -> str:
    """A column's name outside: `projectId` for `project_id`."""
    first, *rest = column.name.split("_")
    return first + "".join(part.capitalize() for part in rest)


_MODELS: dict[tuple[type, Kind], type[OutsideModel]] = {}


def model(table: type[Table], kind: Kind) -> type[OutsideModel]:
    """The model of one kind for `table`; made once."""
    check_table(table)
    made = _MODELS.get((table, kind))
    if made is None:
        made = _MODELS[table, kind] = _make(table, kind)
    return made


def _make(table: type[Table], kind: Kind) -> type[OutsideModel]:
    declared, variant = table.__declaration__, VARIANTS[kind]
    columns = [column for column in declared.columns.values() if not variant.is_left_out(column)]
    names = [outside_name(column) for column in columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DeclarationError(
            f"table {declared.name}", f"two columns are called {twice!r} outside", hint="Rename one."
        )
    fields: dict[str, Any] = {field_name(column): _field(column, kind, variant) for column in columns}
    made = create_model(
        declared.class_name + variant.suffix,
        __base__=_RowModel if kind == "select" else OutsideModel,
        __doc__=declared.comment or None,
        __module__=table.__module__,
        **fields,
    )
    made.__columns__ = {
        key: column for column in declared.columns.values() for key in (outside_name(column), column.name)
    }
    made.__names__ = tuple((column.name, field_name(column)) for column in columns)
    made.__table__ = table
    made.__kind__ = kind
    return made


_TAKEN = frozenset(dir(BaseModel))


def field_name(column: Column) -> str:
    """The name of a column's field in its models: the column's own, unless Pydantic uses it (`schema`, `copy`)."""
    return f"{column.name}_" if column.name in _TAKEN else column.name


def _field(column: Column, kind: Kind, variant: Variant) -> tuple[object, object]:
    annotation: Any = field_type(column)
    takes_null = isinstance(column.type, Json) and column.type.takes_none
    if variant.is_nullable(column) and not takes_null:
        annotation = annotation | None
    options: dict[str, Any] = {"description": column.comment or None, "repr": not column.secret}
    alias = outside_name(column)
    if column.name in _TAKEN:
        options |= {"validation_alias": AliasChoices(alias, column.name), "serialization_alias": alias}
    else:
        options["alias"] = alias
    if not variant.is_optional(column):
        return annotation, Field(**options)
    if kind == "update":
        return annotation | pydantic.MISSING, Field(default=pydantic.MISSING, **options)
    if column.default_factory is not None:
        if column.default_factory in (list, dict):
            options["json_schema_extra"] = {"default": column.default_factory()}
        return annotation, Field(default_factory=cast("Callable[[], Any]", column.default_factory), **options)
    if isinstance(column.type, (TimestampMs, Blob, Json)):
        options["json_schema_extra"] = {"default": outside_value(column, column.default)}
    return annotation, Field(default=column.default, **options)


class OutsideModel(BaseModel):
    """Base of the models: their settings, their words for what is wrong, and the table's CHECKs."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        protected_namespaces=(),  # field_name() keeps clear of what Pydantic uses
        regex_engine="python-re",  # as in the column's own check
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    __columns__: ClassVar[Mapping[str, Column]]
    __names__: ClassVar[tuple[tuple[str, str], ...]]
    __table__: ClassVar[type[Table]]
    __kind__: ClassVar[Kind]

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core_schema)
        # A title that repeats the field's name tells nothing.
        for part in handler.resolve_ref_schema(schema).get("properties", {}).values():
            part.pop("title", None)
        return schema

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            made = handler(data)
        except pydantic.ValidationError as error:
            problems = _problems(cls, data, handler, error.errors(include_url=False))
        else:
            problems = _breaches(cls, made)
            if not problems:
                return made
        raise pydantic.ValidationError.from_exception_data(cls.__name__, problems, hide_input=True)


class _RowModel(OutsideModel):
    """Base of the models of rows."""

    model_config = ConfigDict(from_attributes=True)


def given(made: BaseModel) -> dict[str, Any]:
    """The values that data gave, by column name."""
    present, values = made.model_fields_set, vars(made)
    return {name: values[field] for name, field in cast(OutsideModel, made).__names__ if field in present}


# --- what is wrong ----------------------------------------------------------------------------------------------------


def _problems(
    cls: type[OutsideModel], data: object, handler: Callable[[Any], Any], details: list[ErrorDetails]
) -> list[InitErrorDetails]:
    """Pydantic's findings in our words, and the CHECKs that the good fields break."""
    if not isinstance(data, Mapping):
        return [_reworded(cls, part, {}) for part in details]
    entries = dict(cast("Mapping[object, object]", data))
    odd = {key: None for key in entries if not (isinstance(key, str) and shapes.is_unicode(key))}
    if odd:
        # Pydantic looks no further than a key that is not a text; so look again without.
        entries = {key: value for key, value in entries.items() if key not in odd}
        try:
            details = []
            handler(entries)
        except pydantic.ValidationError as error:
            details = error.errors(include_url=False)
    found = [_line("UNKNOWN_FIELD", "unknown field", (shapes.shown_key(key),)) for key in odd]
    found += [_reworded(cls, part, entries) for part in details]
    bad = {cls.__columns__.get(str(part["loc"][0])) for part in details if part["loc"]}
    good = {str(key): value for key, value in entries.items() if cls.__columns__.get(str(key)) not in bad}
    return found + _breaches_beside(cls, good)


_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("MISSING", "required"),
    "extra_forbidden": ("UNKNOWN_FIELD", "unknown field"),
    "model_type": ("WRONG_TYPE", "expected an object"),
    "model_attributes_type": ("WRONG_TYPE", "expected an object"),
    "dict_type": ("WRONG_TYPE", "expected an object"),
    "list_type": ("WRONG_TYPE", "expected a list"),
    "string_type": ("WRONG_TYPE", "expected a text"),
    "int_type": ("WRONG_TYPE", "expected a whole number"),
    "float_type": ("WRONG_TYPE", "expected a number"),
    "bool_type": ("WRONG_TYPE", "expected true or false"),
    "finite_number": ("OUT_OF_RANGE", "not a finite number"),
    "greater_than_equal": ("OUT_OF_RANGE", "less than {ge}"),
    "less_than_equal": ("OUT_OF_RANGE", "greater than {le}"),
    "string_too_short": ("TOO_SHORT", "shorter than {min_length} characters"),
    "string_too_long": ("TOO_LONG", "longer than {max_length} characters"),
    "string_pattern_mismatch": ("PATTERN", "does not match {pattern}"),
    "string_unicode": ("TEXT_NOT_STORABLE", "the text holds a lone surrogate"),
    "literal_error": ("NOT_ONE_OF", "not one of {expected}"),
}
"""Our kind and message for each of Pydantic's findings; whatever is not listed is WRONG_SHAPE in Pydantic's words."""

_MESSAGE_LIMIT = 200
_KEY_LIMIT = 60


def _reworded(cls: type[OutsideModel], part: ErrorDetails, entries: Mapping[object, object]) -> InitErrorDetails:
    """One finding of Pydantic's in our words; the value that it found is left behind."""
    found, where = part["type"], part["loc"]
    column = cls.__columns__.get(str(where[0])) if where else None
    if column is not None and len(where) > 1 and isinstance(column.type, Json) and column.type.adapter is not None:
        document = entries.get(where[0], entries.get(column.name))
        where = (where[0], *shapes.place_in(document, where[1:], is_missing=found == "missing"))
    if found in _WORDS:
        kind, words = _WORDS[found]
        message = words.format_map(part.get("ctx", {}))
    else:
        kind, message = (found, part["msg"]) if found.isupper() else ("WRONG_SHAPE", part["msg"])
    if len(where) == 1 and found == "extra_forbidden":
        kind, message = _why_refused(cls, str(where[0]), column)
    elif len(where) == 1 and part["input"] is None and kind in ("WRONG_TYPE", "NOT_ONE_OF"):
        kind, message = "NULL_NOT_ALLOWED", "null is not allowed"
    elif column is not None and column.secret and kind in ("WRONG_SHAPE", "INVALID_VALUE", "NOT_ONE_OF"):
        message = "does not fit; the value is secret and not shown"
    return _line(kind, message, where)


def _line(kind: str, message: str, where: tuple[str | int, ...]) -> InitErrorDetails:
    cut = message if len(message) <= _MESSAGE_LIMIT else message[: _MESSAGE_LIMIT - 3] + "..."
    return InitErrorDetails(type=problem(kind, cut), loc=where, input=None)


def _why_refused(cls: type[OutsideModel], key: str, column: Column | None) -> tuple[str, str]:
    if column is None:
        names = [str(field.alias) for field in cls.model_fields.values()]
        alike = difflib.get_close_matches(key[:_KEY_LIMIT], names, 1)
        return "UNKNOWN_FIELD", "unknown field" + (f" (did you mean {alike[0]}?)" if alike else "")
    if VARIANTS[cls.__kind__].is_left_out(column):
        return "READ_ONLY", "read-only"
    return "GIVEN_TWICE", f"given twice, as {outside_name(column)} and as {column.name}"


# --- CHECKs -----------------------------------------------------------------------------------------------------------


def _breaches(cls: type[OutsideModel], made: BaseModel) -> list[InitErrorDetails]:
    """The CHECKs that are false for the data, with the defaults of what an insert did not give."""
    declared = cls.__table__.__declaration__
    if not declared.checks or cls.__kind__ == "select":
        return []
    values = given(made)
    stored: dict[str, SqlValue] = {}
    for column in declared.columns.values():
        value = values.get(column.name, _initial(column) if cls.__kind__ == "insert" else MISSING)
        if value is not MISSING:
            stored[column.name] = column.dump(value)
    found: list[InitErrorDetails] = []
    for breach in checks.breaches(declared, stored):
        named = [name for name in breach.columns if name in values] or list(breach.columns)
        where = (outside_name(declared.columns[named[0]]),) if named else ()
        found.append(_line("CHECK", f"breaks the rule {breach.check.name}", where))
    return found


def _breaches_beside(cls: type[OutsideModel], good: dict[str, object]) -> list[InitErrorDetails]:
    """The CHECKs that the good fields of bad data break."""
    if not cls.__table__.__declaration__.checks or cls.__kind__ == "select":
        return []
    known = {key: value for key, value in good.items() if key in cls.__columns__}
    try:
        made = model(cls.__table__, "update").model_validate(known)
    except pydantic.ValidationError as error:
        details = error.errors(include_url=False)
        return [_line("CHECK", part["msg"], part["loc"]) for part in details if part["type"] == "CHECK"]
    return _breaches(cls, made)


def _initial(column: Column) -> object:
    """The value of a row that does not say, where it is known before the row is stored."""
    if column.default_factory is list or column.default_factory is dict:
        return column.default_factory()
    return column.default
