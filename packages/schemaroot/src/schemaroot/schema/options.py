"""The options of a declaration, one by one: each is of the type that it must be, whatever else is declared.

What options mean together, and with the annotation, is the business of `schemaroot.schema.checking`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, NamedTuple, cast

from schemaroot.errors import DeclarationError
from schemaroot.schema.column import ACTIONS, ColumnSpec
from schemaroot.schema.constraints import MAX_NAME_BYTES, RESERVED_PREFIX, Check, Index, Unique
from schemaroot.schema.refusals import described
from schemaroot.schema.types import INT64_MAX, INT64_MIN


class Demand(NamedTuple):
    """What an option must be: in words, as a test, and what to write."""

    says: str
    fits: Callable[[object], bool]
    hint: str


def demand(where: str, option: str, value: object, wanted: Demand) -> None:
    """Raises `DeclarationError` when the value of an option is not what it must be."""
    if not wanted.fits(value):
        raise DeclarationError(where, f"{option} is {described(value)}, which is not {wanted.says}", hint=wanted.hint)


def _is_text(value: object) -> bool:
    """Whether a value is a text that every database can take in a statement."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_name(value: object) -> bool:
    return _is_text(value) and 0 < len(cast(str, value).encode()) <= MAX_NAME_BYTES


def _is_free_name(value: object) -> bool:
    return _is_name(value) and not cast(str, value).lower().startswith(RESERVED_PREFIX)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and INT64_MIN <= value <= INT64_MAX


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all doubles
        return False


def _is_pattern(value: object) -> bool:
    if not _is_text(value):
        return False
    try:
        re.compile(cast(str, value))
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is_function(value: object) -> bool:
    """Whether a value can be called without arguments, as far as it tells."""
    if not callable(value):
        return False
    if value is list or value is dict or _is_bare(value):  # a signature takes as long as all else of a column
        return True
    try:
        inspect.signature(value).bind()
    except TypeError:
        return False
    except Exception:  # ValueError, as a rule: some built-in functions do not tell what they take
        return True
    return True


def _is_bare(value: object) -> bool:
    """Whether a value is a plain function that has no parameters at all."""
    if not isinstance(value, FunctionType):
        return False
    code = value.__code__
    return code.co_argcount == 0 and code.co_kwonlyargcount == 0


def _is_length(value: object) -> bool:
    return _is_whole(value) and cast(int, value) >= 0


def _is_a(*classes: type) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return isinstance(value, classes)

    return fits


def _is_found(value: object) -> bool:
    return hasattr(value, "create_table") and hasattr(value, "create_indexes")


def _is_one_of(*choices: str) -> Demand:
    def fits(value: object) -> bool:
        return isinstance(value, str) and value in choices

    says = f"one of {', '.join(map(repr, choices))}"
    return Demand(says, fits, f"Choose {says}.")


def _is_list_of(wanted: Demand, example: str) -> Demand:
    def fits(value: object) -> bool:
        return isinstance(value, (list, tuple)) and all(map(wanted.fits, cast("Iterable[object]", value)))

    return Demand(f"a list of {wanted.says}", fits, f"Write {example}.")


TEXT = Demand("a text", _is_text, "Write a text without NUL characters and lone surrogates.")
NAME = Demand(
    "a name",
    _is_free_name,
    f"Write a text of 1 to {MAX_NAME_BYTES} bytes (what PostgreSQL keeps); {RESERVED_PREFIX}... is kept for SQLite.",
)
FLAG = Demand("True or False", _is_a(bool), "Write True or False.")
WHOLE = Demand("a whole number of 64 bits", _is_whole, "Write a number such as 0.")
NUMBER = Demand("a finite number", _is_number, "Write a number such as 0.5.")
LENGTH = Demand("a length", _is_length, "Write a whole number from 0 on, without quotes.")
PATTERN = Demand("a regular expression", _is_pattern, 'Write one that re.compile() takes, such as pattern="^[a-z]+$".')
FUNCTION = Demand("a function without arguments", _is_function, "Write lambda: ..., or the name of a function.")
PART = FUNCTION._replace(says="a column's name or a function without arguments")
TARGET = FUNCTION._replace(hint="Write references(lambda: Table.column).")
COLUMN_NAME = Demand("a column's name", _is_name, 'Write it as a text: "title".')
INDEXES = _is_list_of(Demand("Index", _is_a(Index), ""), 'indexes=[Index("column", "-other")]')
UNIQUES = _is_list_of(Demand("Unique", _is_a(Unique), ""), 'unique=[Unique("a", "b")]')
CHECKS = _is_list_of(Demand("Check", _is_a(Check), ""), 'checks=[Check("name", lambda: Table.a < Table.b)]')
NAMES = _is_list_of(Demand("column names", _is_name, ""), 'search=["title", "note"]')
FOUND = Demand(
    "what a database says of a table",
    _is_found,
    "Write found=AsFound(...), as `reflect` does.",
)
ACTION = _is_one_of(*ACTIONS)
OVER = _is_one_of("live", "all")

TABLE_OPTIONS: Mapping[str, Demand] = {
    "name": NAME,
    "indexes": INDEXES,
    "unique": UNIQUES,
    "checks": CHECKS,
    "search": NAMES,
    "was": TEXT,
    "comment": TEXT,
    "found": FOUND,
}
"""The options of a table's class."""

_COLUMN_OPTIONS: Mapping[str, Demand] = {
    "minimum": WHOLE,
    "maximum": WHOLE,
    "min_length": LENGTH,
    "max_length": LENGTH,
    "pattern": PATTERN,
}
"""The options that go to a column's type."""


def check_table_options(where: str, options: Mapping[str, Any]) -> None:
    """The options of a table's class, and all within its lists; raises `DeclarationError`."""
    unknown = sorted(set(options) - set(TABLE_OPTIONS))
    if unknown:
        known = ", ".join(sorted(TABLE_OPTIONS))
        raise DeclarationError(where, f"unknown option {', '.join(unknown)}", hint=f"Known: {known}.")
    if "name" not in options:
        raise DeclarationError(where, "has no name", hint='Write class X(Table, name="...").')
    for option, value in options.items():
        demand(where, option, value, TABLE_OPTIONS[option])
    for index in options.get("indexes", ()):
        _check_index(where, index)
    for unique in options.get("unique", ()):
        _check_unique(where, unique)
    for check in options.get("checks", ()):
        demand(where, "the name of a Check", check.name, NAME)
        demand(where, f"the condition of Check({check.name!r})", check.condition, FUNCTION)


def _check_index(where: str, index: Index) -> None:
    if not index.parts:
        raise DeclarationError(where, "has an Index over nothing", hint='Name its columns: Index("column", "-other").')
    for part in index.parts:
        demand(where, "a part of an Index", part, TEXT if isinstance(part, str) else PART)
    _check_name_and_condition(where, "Index", index)


def _check_unique(where: str, unique: Unique) -> None:
    if not unique.columns:
        raise DeclarationError(where, "has a Unique over nothing", hint='Name its columns: Unique("a", "b").')
    for column in unique.columns:
        demand(where, "a column of a Unique", column, COLUMN_NAME)
    demand(where, "nulls_equal of a Unique", unique.nulls_equal, FLAG)
    demand(where, "over of a Unique", unique.over, OVER)
    _check_name_and_condition(where, "Unique", unique)


def _check_name_and_condition(where: str, kind: str, declared: Index | Unique) -> None:
    if declared.name != "":
        demand(where, f"the name of {kind}", declared.name, NAME)
    if declared.where is not None:
        demand(where, f"where of {kind}", declared.where, FUNCTION)


def check_column_options(label: str, spec: ColumnSpec) -> None:
    """What a column function was told; raises `DeclarationError`."""
    for option, value in spec.options.items():
        wanted = _COLUMN_OPTIONS[option]
        demand(label, option, value, NUMBER if spec.kind == "real" and wanted is WHOLE else wanted)
    for low, high in (("minimum", "maximum"), ("min_length", "max_length")):
        if low in spec.options and high in spec.options and spec.options[low] > spec.options[high]:
            raise DeclarationError(
                label,
                f"{low} {spec.options[low]} is more than {high} {spec.options[high]}, so that no value fits",
                hint="Exchange them.",
            )
    for option in ("primary_key", "unique", "secret"):
        demand(label, option, getattr(spec, option), FLAG)
    for option in ("was", "comment"):
        demand(label, option, getattr(spec, option), TEXT)
    for option in ("default_factory", "on_update"):
        if getattr(spec, option) is not None:
            demand(label, option, getattr(spec, option), FUNCTION)
    if spec.kind == "generated":
        demand(label, "the expression of generated()", spec.generated, FUNCTION)
    if spec.reference is not None:
        demand(label, "the target of references()", spec.reference.target, TARGET)
        demand(label, "on_delete", spec.reference.on_delete, ACTION)
