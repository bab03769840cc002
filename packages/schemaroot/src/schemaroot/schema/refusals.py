"""Arguments as they come: what is refused is told in one wording, whatever the value is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from schemaroot.errors import InvalidArgumentsError

T = TypeVar("T")

SHOWN = 60
"""Characters of a value that a message shows."""


def brief(value: object) -> str:
    """A value in a few characters; never an error of its own, also for numbers that Python does not print."""
    if isinstance(value, int) and value.bit_length() > 4 * SHOWN:
        return f"a number of {value.bit_length()} bits"
    try:
        text = repr(value)
    except Exception:  # what a class of the caller's raises here must not hide what is wrong
        return "that cannot be shown"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def described(value: object) -> str:
    """A value with its type."""
    return f"{type(value).__name__} {brief(value)}"


def is_a(kind: type | tuple[type, ...], value: object) -> bool:
    """Whether a value is of a type, whatever its annotation promises."""
    return isinstance(value, kind)


def check_table(table: object) -> None:
    """Raises `InvalidArgumentsError` for anything but the class of a declared table."""
    if not isinstance(table, type) or not hasattr(getattr(table, "__declaration__", None), "columns"):
        raise InvalidArgumentsError(f"Expected the class of a table, not {described(table)}.")


def listed(what: str, items: Iterable[T]) -> list[T]:
    """The members of any collection but a text, whose members would be its characters.

    Raises `InvalidArgumentsError` with `what` they are.
    """
    if is_a((str, bytes, bytearray), items) or not is_a(Iterable, items):
        raise InvalidArgumentsError(f"{what} come as a list, not as {described(items)}; nothing was written.")
    return list(items)


def check_count(what: str, value: object, minimum: int = 0, maximum: int | None = None) -> None:
    """Raises `InvalidArgumentsError` for anything but a whole number within bounds."""
    if type(value) is not int or value < minimum or (maximum is not None and value > maximum):
        bounds = f"from {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise InvalidArgumentsError(f"{what} takes a whole number {bounds}, not {brief(value)}.")


def check_flag(what: str, value: object) -> None:
    """Raises `InvalidArgumentsError` for anything but true or false."""
    if type(value) is not bool:
        raise InvalidArgumentsError(f"{what} takes True or False, not {described(value)}.")
