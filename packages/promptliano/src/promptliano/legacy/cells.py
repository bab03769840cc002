"""What is one cell of a legacy database, how is it kept as JSON, and how is it hashed?

Cells are the driver's values. A text that is not UTF-8 comes as `BrokenText`, so that even such a row is carried.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from schemaroot import JsonValue


@dataclass(frozen=True)
class BrokenText:
    """The bytes of a TEXT value that is not valid UTF-8."""

    raw: bytes


Cell: TypeAlias = int | float | str | bytes | BrokenText | None
"""One value as the legacy database holds it."""

Row: TypeAlias = dict[str, Cell]
"""One row by column name, in the declared order."""


class Refusal(Exception):
    """A row is not converted as it is: it goes to the archive under a rule.

    Attributes:
        rule: the name of the rule.
        outcome: how the row is counted.
    """

    def __init__(self, rule: str, outcome: str = "quarantined") -> None:
        self.rule = rule
        self.outcome = outcome
        super().__init__(rule)


def same(left: Cell, right: Cell) -> bool:
    """Whether two cells hold the same value of the same storage class: 1 is not 1.0, and 0.0 is not -0.0."""
    if type(left) is not type(right) or left != right:
        return False
    return left.hex() == cast(float, right).hex() if isinstance(left, float) else True


def difference(row: Row, rebuilt: Mapping[str, Cell]) -> Row:
    """The cells of a row that a rebuilt one lacks or holds differently."""
    return {name: cell for name, cell in row.items() if name not in rebuilt or not same(cell, rebuilt[name])}


# --- cells as JSON ----------------------------------------------------------------------------------------------------

_BLOB, _TEXT, _BROKEN, _REAL = "$blob", "$text", "$broken", "$real"


def to_json(cell: Cell) -> JsonValue:
    """A cell as a JSON value that `from_json` turns back into the same cell; what JSON cannot say is wrapped."""
    match cell:
        case str():
            return {_TEXT: _base64(cell.encode())} if "\0" in cell else cell
        case bytes():
            return {_BLOB: _base64(cell)}
        case BrokenText(raw=raw):
            return {_BROKEN: _base64(raw)}
        case float() if cell - cell != 0.0:  # infinite; SQLite stores no NaN
            return {_REAL: cell.hex()}
        case _:
            return cell


def from_json(value: JsonValue) -> Cell:
    """The cell that `to_json` was given."""
    if not isinstance(value, dict):
        return cast("Cell", value)
    ((kind, said),) = value.items()
    text = cast(str, said)
    match kind:
        case "$text":
            return base64.b64decode(text).decode()
        case "$blob":
            return base64.b64decode(text)
        case "$broken":
            return BrokenText(base64.b64decode(text))
        case "$real":
            return float.fromhex(text)
        case _:
            raise ValueError(f"unknown kind of archived cell: {kind}")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


# --- order and hash ---------------------------------------------------------------------------------------------------

SortKey: TypeAlias = tuple[int, int | float | bytes]


def sort_key(cell: Cell) -> SortKey:
    """Sorts cells as SQLite does: NULL, then numbers, then texts by their bytes, then blobs."""
    match cell:
        case None:
            return 0, 0
        case int() | float():
            return 1, cell
        case str():
            return 2, cell.encode()
        case BrokenText(raw=raw):
            return 2, raw
        case _:
            return 3, cell


def row_bytes(cells: Iterable[Cell]) -> bytes:
    """A row as the bytes that a table's hash is made of: storage class and value of each cell, joined by `|`."""
    return b"|".join(map(_cell_bytes, cells)) + b"\n"


def _cell_bytes(cell: Cell) -> bytes:
    match cell:
        case None:
            return b"n"
        case int():
            return b"i%d" % cell
        case float():
            return b"r" + struct.pack(">d", cell).hex().encode()
        case str():
            raw = cell.encode()
            return b"t%d:%b" % (len(raw), raw)
        case BrokenText(raw=raw):
            return b"t%d:%b" % (len(raw), raw)
        case _:
            return b"b%d:%b" % (len(cell), cell)
