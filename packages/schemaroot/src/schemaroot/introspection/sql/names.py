"""Which columns does an expression name, and how is it spelt once they have other names?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from schemaroot.introspection.sql.expressions import parse, write
from schemaroot.introspection.sql.nodes import In, Literal, Name
from schemaroot.introspection.sql.reader import Unreadable


def named_columns(sql: str) -> set[str]:
    """The columns that a canonical expression names; none where it cannot be parsed."""
    try:
        return {node.parts[-1] for node in _nodes(parse(sql)) if isinstance(node, Name)}
    except Unreadable:
        return set()


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    if isinstance(node, tuple):
        for part in node:  # pyright: ignore[reportUnknownVariableType]  # nodes, or tuples of them
            yield from _nodes(part)
    elif is_dataclass(node):
        for one in fields(node):
            yield from _nodes(getattr(node, one.name))


def rename_columns(sql: str, columns: Mapping[str, str]) -> str:
    """The canonical expression with its columns under their new names; as it is where it cannot be parsed."""
    if not columns:
        return sql

    def renamed(node: Any) -> Any:
        if isinstance(node, Name):
            return replace(node, parts=(*node.parts[:-1], columns.get(node.parts[-1], node.parts[-1])))
        return node

    try:
        return write(_changed(parse(sql), renamed))
    except Unreadable:
        return sql


def _changed(node: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(node, tuple):
        return tuple(_changed(part, change) for part in node)  # pyright: ignore[reportUnknownVariableType]  # nodes
    if is_dataclass(node) and not isinstance(node, type):
        return change(replace(node, **{one.name: _changed(getattr(node, one.name), change) for one in fields(node)}))
    return node


def listed_values(sql: str) -> tuple[str, tuple[str, ...]] | None:
    """The column and the literals of `column IN (literal, ...)`, as they are spelt; `None` for anything else."""
    try:
        expression = parse(sql)
    except Unreadable:
        return None
    if not isinstance(expression, In) or expression.negated or not isinstance(expression.operand, Name):
        return None
    among = expression.among
    if not isinstance(among, tuple):
        return None
    values = tuple(one.text for one in among if isinstance(one, Literal))
    return (expression.operand.parts[-1], values) if len(values) == len(among) else None
