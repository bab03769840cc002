"""In which rows do a database and its backup differ? Found by digests, named by key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple

import msgspec

from schemaroot.backup.digest import Shape, digest_table, rows_apart, rows_of, shape_of
from schemaroot.backup.manifest import Backup
from schemaroot.engine.connection import Connection

Row = tuple[Any, ...]

Change = Literal["changed", "missing", "added"]
"""What happened to a row since the backup: it has other values, it is gone, or it is new."""

_BATCH = 256


class Difference(NamedTuple):
    """A row that differs: how, and by which key it is known (the rowid where no key is declared)."""

    change: Change
    key: Row


def changed_tables(live: Connection, backup: Backup) -> list[str]:
    """The tables of a backup whose content is not the same any more, or that are gone."""
    changed: list[str] = []
    for name, table in backup.manifest.tables.items():
        try:
            same = shape_of(live, name).columns == table.columns and digest_table(live, name).digest == table.digest
        except LookupError:
            same = False
        if not same:
            changed.append(name)
    return changed


def differing_rows(live: Connection, copy: Connection, table: str) -> Iterator[Difference]:
    """The rows of a table that differ between a database and its backup, in the order of their keys.

    Only columns that both have are compared. Raises `LookupError` when one of the two has no such table.
    """
    shapes = shape_of(live, table), shape_of(copy, table)
    columns = [name for name in shapes[1].columns if name in shapes[0].columns]
    try:
        yield from _merged(live, copy, shapes, columns, rows_of)
    except live.driver.errors as error:
        if not live.driver.is_unreadable_text(error):
            raise
        yield from _merged(live, copy, shapes, columns, rows_apart)


def _merged(
    live: Connection,
    copy: Connection,
    shapes: tuple[Shape, Shape],
    columns: Sequence[str],
    read: Callable[[Connection, Shape, Sequence[str]], Iterator[Row]],
) -> Iterator[Difference]:
    order, key = shapes[1].order, shapes[1].key
    wanted = [*(name for name, _, _ in order), *key, *columns]
    encode = msgspec.msgpack.Encoder().encode
    sources = [read(connection, shape, wanted) for connection, shape in zip((live, copy), shapes, strict=True)]
    buffers: list[list[Row]] = [[], []]
    named = slice(len(order), len(order) + len(key))
    while True:
        for buffer, source in zip(buffers, sources, strict=True):
            if not buffer:
                buffer.extend(reversed(list(islice(source, _BATCH))))  # the next row is the last of the list
        there, was = buffers
        if not there or not was:
            break
        if len(there) == len(was) and encode(there) == encode(was):
            there.clear()
            was.clear()
            continue
        while there and was:
            new, old = there[-1], was[-1]
            if order and _before(new, old, order):
                yield Difference("added", there.pop()[named])
            elif order and _before(old, new, order):
                yield Difference("missing", was.pop()[named])
            else:
                there.pop()
                was.pop()
                if encode(new) != encode(old):
                    yield Difference("changed", old[named])
    for change, buffer, source in zip(("added", "missing"), buffers, sources, strict=True):
        for row in (*reversed(buffer), *source):
            yield Difference("added" if change == "added" else "missing", row[named])


def _before(one: Row, other: Row, order: Sequence[tuple[str, bool, str | None]]) -> bool:
    """Whether a row comes before another one, as SQLite orders (https://sqlite.org/datatype3.html#sort_order)."""
    for (_, descending, collation), left, right in zip(order, one, other, strict=False):
        a, b = _place(left, collation), _place(right, collation)
        if a != b:
            return (a < b) != descending
    return False


def _place(value: Any, collation: str | None) -> tuple[int, Any]:
    match value:
        case None:
            return 0, 0
        case int() | float():
            return 1, value
        case str():
            return 2, _collated(value, collation).encode()
        case msgspec.msgpack.Ext():
            return 2, value.data
        case _:
            return 3, value


def _collated(text: str, collation: str | None) -> str:
    match (collation or "").upper():
        case "NOCASE":  # SQLite folds ASCII letters alone
            return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)
        case "RTRIM":
            return text.rstrip(" ")
        case _:
            return text
