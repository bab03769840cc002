"""Python source of definitions, laid out as a formatter would: on one line where it fits, else one item a line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from schemaroot.introspection.python_code import python_string

WIDTH = 120


@dataclass(frozen=True)
class Bracketed:
    """Items between brackets, with what stands before: a call, a tuple, a list."""

    opening: str
    items: tuple[Source, ...]
    closing: str

    @property
    def is_single(self) -> bool:
        """Whether it is a tuple of one, whose comma is always there."""
        return self.opening.endswith("(") and self.opening[:-1] == "" and len(self.items) == 1


@dataclass(frozen=True)
class Named:
    """`name=value` among the arguments of a call."""

    name: str
    value: Source


Source = str | Bracketed | Named
"""A piece of source."""


def laid_out(source: Source, indent: int = 0, *, before: int = 0, after: int = 0) -> str:
    """The source as text.

    Args:
        source: the piece.
        indent: the indentation of the line that it is on.
        before: how many characters stand before it on its line, the indentation left out.
        after: how many come after it.
    """
    line = one_line(source)
    if isinstance(source, str) or indent + before + len(line) + after <= WIDTH:
        return line
    if isinstance(source, Named):
        front = f"{source.name}="
        return front + laid_out(source.value, indent, before=before + len(front), after=after)
    inner = indent + 4
    together = ", ".join(map(one_line, source.items))
    if source.items and not source.is_single and inner + len(together) <= WIDTH:
        return f"{source.opening}\n{' ' * inner}{together}\n{' ' * indent}{source.closing}"
    lines = [f"{' ' * inner}{laid_out(item, inner, after=1)},\n" for item in source.items]
    return f"{source.opening}\n{''.join(lines)}{' ' * indent}{source.closing}" if lines else line


def one_line(source: Source) -> str:
    """The source on one line, however long."""
    match source:
        case str():
            return source
        case Named(name, value):
            return f"{name}={one_line(value)}"
        case Bracketed(opening, items, closing):
            return f"{opening}{', '.join(map(one_line, items))}{',' if source.is_single else ''}{closing}"


def call(name: str, *arguments: Source) -> Bracketed:
    """A call."""
    return Bracketed(f"{name}(", arguments, ")")


def value_source(value: object) -> Source:
    """A value of which definitions are made: a text, a flag, a number, `None`, a tuple, a definition itself."""
    if isinstance(value, str):
        return python_string(value)
    if isinstance(value, tuple):
        return Bracketed("(", tuple(map(value_source, cast("tuple[object, ...]", value))), ")")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return call(type(value).__name__, *_arguments(value))
    return repr(value)


def _arguments(value: Any) -> Sequence[Source]:
    """The fields of a definition that differ from their defaults; the first two without their names."""
    arguments: list[Source] = []
    in_order = True
    for place, field in enumerate(dataclasses.fields(value)):
        given = getattr(value, field.name)
        if not field.compare or (field.default is not dataclasses.MISSING and given == field.default):
            in_order = False
            continue
        written = value_source(given)
        arguments.append(written if in_order and place < 2 else Named(field.name, written))
    return arguments


def imports(names: Mapping[str, set[str]]) -> str:
    """`from module import names` lines."""
    lines: list[str] = []
    for module in sorted(names):
        chosen = sorted(names[module], key=_import_order)
        line = f"from {module} import {', '.join(chosen)}"
        if len(line) > WIDTH:
            line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in chosen) + ")"
        lines.append(line)
    return "\n".join(lines)


def _import_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort sorts them."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)
