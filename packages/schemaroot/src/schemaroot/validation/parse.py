"""Outside data becomes a checked insert or patch, or an error that tells every problem with its path.

parse_insert(Ticket, {"projectId": 1, "title": "Pay the printer"})    New(Ticket, project_id=1, ...)
parse_update(Ticket, {"overview": None})                              ValidationError: overview: null is not allowed
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar, cast

import pydantic
from pydantic import BaseModel

from schemaroot.errors import InvalidArgumentsError, Problem, ValidationError
from schemaroot.schema.expression import Assignment
from schemaroot.schema.new import New, Patch, binder
from schemaroot.schema.refusals import described, is_a
from schemaroot.validation.models import given, insert_model, update_model
from schemaroot.validation.shapes import shown_key

if TYPE_CHECKING:
    from schemaroot.schema.table import Table

R = TypeVar("R", bound="Table")


def parse_insert(table: type[R], data: object, *, at: str = "") -> New[R]:
    """The checked values of a new row.

    Args:
        table: the table's class.
        data: a dictionary as JSON gives it, or an instance of `insert_model(table)`.
        at: where the data stands in a larger whole, for the paths of problems: `"tasks[2]"`.

    Raises:
        ValidationError: every problem, each with its path (`tasks[2].title`).
    """
    return _new(table, _validated(insert_model(table), data, at, []))


def parse_update(table: type[R], data: object, *, at: str = "") -> Patch[R]:
    """The checked changes of a row, as data gave them: what is absent stays, null is written as null.

    Takes and raises what `parse_insert` does, with an instance of `update_model(table)`.
    """
    return _patch(table, _validated(update_model(table), data, at, []))


def parse_insert_json(table: type[R], text: str | bytes, *, at: str = "") -> New[R]:
    """`parse_insert` of JSON text, where a key that an object repeats is a problem too."""
    model = insert_model(table)
    return _new(table, _validated(model, *_decoded(model, text, at)))


def parse_update_json(table: type[R], text: str | bytes, *, at: str = "") -> Patch[R]:
    """`parse_update` of JSON text, where a key that an object repeats is a problem too."""
    model = update_model(table)
    return _patch(table, _validated(model, *_decoded(model, text, at)))


def _new(table: type[R], made: BaseModel) -> New[R]:
    values = given(made)
    for column in table.__declaration__.stored:
        if column.is_required and column.on_update is not None:  # read-only outside, so that nobody gave it
            values[column.name] = column.on_update()
    return binder(table)(**values)


def _patch(table: type[R], made: BaseModel) -> Patch[R]:
    columns = table.__declaration__.columns
    return Patch(table, tuple(Assignment[R](columns[name], value) for name, value in given(made).items()))


def _validated(model: type[BaseModel], data: object, at: str, found: list[Problem]) -> BaseModel:
    """The data as the model takes it; raises what is wrong with it after what was `found` already."""
    try:
        made = model.model_validate(data)
    except pydantic.ValidationError as error:
        raise ValidationError(model.__name__, [*found, *problems_of(error, at=at)]) from None
    if found:
        raise ValidationError(model.__name__, found)
    return made


def problems_of(error: pydantic.ValidationError, *, at: str = "") -> tuple[Problem, ...]:
    """What one of our models refused, as problems with paths; `at` is where the data stands in a larger whole."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(Problem(_path(part["loc"], at), part["msg"], part["type"]) for part in details)


_KEY_LIMIT = 100
_PLAIN_KEY = re.compile(r"[^\W\d]\w*")


def _path(where: Iterable[str | int], at: str) -> str:
    path = at
    for part in where:
        if isinstance(part, int):
            path += f"[{part}]"
            continue
        if len(part) > _KEY_LIMIT:
            part = part[: _KEY_LIMIT - 3] + "..."
        if _PLAIN_KEY.fullmatch(part):
            path += f".{part}" if path else part
        else:
            path += f"[{json.dumps(part)}]"
    return path


# --- JSON text --------------------------------------------------------------------------------------------------------


class _Repeating(dict[str, object]):
    """A JSON object in which keys stood twice."""

    __slots__ = ("twice",)
    twice: list[str]


def _decoded(model: type[BaseModel], text: str | bytes, at: str) -> tuple[object, str, list[Problem]]:
    """The document in a JSON text, and the keys that it repeats as problems."""
    if not is_a((str, bytes, bytearray), text):
        raise InvalidArgumentsError(f"JSON text is str or bytes, not {described(text)}.")
    try:
        read = text if isinstance(text, str) else text.decode()
        try:
            return _DECODER.decode(read), at, []
        except _RepeatedKeyError:
            document = json.loads(read, object_pairs_hook=_repeating, parse_constant=_refused_constant)
            return document, at, list(_repeated(document, at))
    except RecursionError:
        raise ValidationError(model.__name__, [Problem(at, "nested too deep", "TOO_DEEP")]) from None
    except ValueError as error:
        # Python has its own words for a number of thousands of digits.
        message = "a number has too many digits" if "digits" in str(error) else f"not JSON: {error}"
        raise ValidationError(model.__name__, [Problem(at, message, "NOT_JSON")]) from None


class _RepeatedKeyError(Exception):
    """An object repeats a key."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _RepeatedKeyError
    return document


def _repeating(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = _Repeating(pairs)
    document.twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return document


def _refused_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refused_constant)


def _repeated(document: object, at: str) -> Iterator[Problem]:
    """The keys that objects repeat, each with its path."""
    left: list[tuple[object, tuple[str | int, ...]]] = [(document, ())]
    while left:
        value, where = left.pop()
        if isinstance(value, _Repeating):
            for key in value.twice:
                place = (*where, shown_key(key))
                yield Problem(_path(place, at), "the key stands twice", "DUPLICATE_KEY")
        if isinstance(value, dict):
            items = cast("dict[str, object]", value).items()
            left += [(item, (*where, shown_key(key))) for key, item in items]
        elif isinstance(value, list):
            left += [(item, (*where, position)) for position, item in enumerate(cast("list[object]", value))]
