"""Errors of both packages survive the way out of a worker process."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

import promptliano
import schemaroot
from promptliano.config import ConfigError
from schemaroot.cli.errors import ProgramError
from schemaroot.errors import SchemarootError, UniqueViolation

Root = SchemarootError | ProgramError


def error_classes() -> Iterator[type[Root]]:
    """Every class of the two trees, once."""
    for package in (promptliano, schemaroot):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    waiting: list[type[Root]] = [SchemarootError, ProgramError]
    seen: set[type[Root]] = set()
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            waiting += kind.__subclasses__()
            if kind.__module__.partition(".")[0] in ("promptliano", "schemaroot"):
                yield kind


SAMPLES: dict[object, object] = {
    str: "a text",
    int: 7,
    float: 1.5,
    bool: True,
    object: ("a", 1),
    Any: ("a", 1),
    NoneType: None,
    Path: Path("shop.db"),
}


def sample(hint: Any) -> object:
    """A value of a parameter's type, never the empty one."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in SAMPLES:
        return SAMPLES[hint]
    if origin in (Union, UnionType):
        return sample(arguments[0])
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return tuple(sample(argument) for argument in arguments if argument is not ...)
    if isinstance(origin, type) and issubclass(origin, dict):
        return {sample(arguments[0]): sample(arguments[1])}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return [sample(arguments[0])]
    if origin is not None and len(arguments) == 2:  # a mapping
        return {sample(arguments[0]): sample(arguments[1])}
    if origin is not None:  # a collection
        return [sample(arguments[0])]
    return made(hint)


def made(kind: Callable[..., Any]) -> Any:
    """An instance with a sample for each parameter."""
    hints = get_type_hints(kind.__init__ if isinstance(kind, type) else kind)
    args: list[object] = []
    named: dict[str, object] = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = sample(hints[name])
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            args.append(sample(hints[name]))
    return kind(*args, **named)


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {number}": lambda it, n=number: pickle.loads(pickle.dumps(it, n)) for number in range(6)},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("kind", list(error_classes()), ids=lambda kind: kind.__name__)
def test_an_error_keeps_its_type_facts_message_and_hint(kind: type[Root], way: Callable[[Any], Any]) -> None:
    error: Root = made(kind)
    error.add_note("seen in chapter 7")

    again = way(error)

    assert type(again) is kind
    assert again is not error
    assert vars(again) == vars(error)
    assert (again.code, again.message, again.hint) == (error.code, error.message, error.hint)
    assert (str(again), repr(again), again.args) == (str(error), repr(error), error.args)


def test_the_walk_meets_both_trees() -> None:
    found = set(error_classes())

    assert {UniqueViolation, ConfigError} <= found
    assert len(found) > 40


WORKER = """
import pickle, sys
from schemaroot.errors import UniqueViolation
violation = UniqueViolation("tickets", ["slug"], "uq_tickets_slug", value="first")
violation.row = 3
sys.stdout.buffer.write(pickle.dumps(violation))
"""


def test_an_error_comes_back_from_another_process_with_its_facts() -> None:
    worker = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, timeout=60, check=True)

    error = pickle.loads(worker.stdout)

    assert type(error) is UniqueViolation
    assert (error.table, error.columns, error.constraint) == ("tickets", ("slug",), "uq_tickets_slug")
    assert (error.value, error.row) == ("first", 3)
    assert "tickets (slug)" in error.message
