"""Which of our kinds of columns is a column that was found? Guessed from its type, its CHECKs and what it holds.

The guess decides how Python sees the column; how the database has it is kept beside the class, word for word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf

from schemaroot.introspection.catalogue import ColumnDef, TableDef
from schemaroot.introspection.observe import ColumnFacts
from schemaroot.introspection.python_code import python_string
from schemaroot.introspection.sql.expressions import parse
from schemaroot.introspection.sql.nodes import Binary, Call, Chain, Expression, In, Literal, Name, Unary
from schemaroot.introspection.sql.reader import Unreadable
from schemaroot.introspection.sql.tokens import folded

KindName = OneOf["integer", "real", "text", "blob", "boolean", "json"]


@dataclass(frozen=True)
class Kind:
    """A kind of column: the function that declares it, the Python type of a value, and its default as source."""

    function: KindName
    type: str
    default: str = ""
    names: frozenset[str] = field(default_factory=frozenset[str])
    """What the type's name needs to be imported."""


def kind_of(column: ColumnDef, table: TableDef, facts: ColumnFacts) -> Kind:
    """The kind of a column that was found."""
    conditions = [condition for check in table.checks if (condition := _parsed(check.condition)) is not None]
    members = next((found for one in table.checks if (found := members_of(one.condition, column.name))), None)
    storage = _storage(column, facts)
    if storage == "integer" and (_is_flag(members) or ("BOOL" in column.type and _holds_flags(facts))):
        return Kind("boolean", "bool", _flag_default(column))
    if members is not None and storage == "text" and all(isinstance(member, str) for member in members):
        listed = ", ".join(python_string(str(member)) for member in members)
        return Kind("text", f"Literal[{listed}]", _text_default(column, members), frozenset({"Literal"}))
    if members is not None and storage == "integer" and all(isinstance(member, int) for member in members):
        listed = ", ".join(map(str, members))
        return Kind("integer", f"Literal[{listed}]", _number_default(column, members), frozenset({"Literal"}))
    if storage == "text":
        document = facts.document_kind
        if document or (not facts.filled and any(_asks_json(one, column.name) for one in conditions)):
            return _document_kind(column, facts, document)
        return Kind("text", "str", _text_default(column, None))
    if storage == "integer":
        return Kind("integer", "int", _number_default(column, None))
    if storage == "real":
        return Kind("real", "float", _real_default(column))
    return Kind("blob", "bytes")


def _parsed(condition: str) -> Expression | None:
    try:
        return parse(condition)
    except (Unreadable, RecursionError):
        return None


# --- how values are stored --------------------------------------------------------------------------------------------


def _storage(column: ColumnDef, facts: ColumnFacts) -> OneOf["integer", "real", "text", "blob"]:
    """What most values are; what the type says where there are none."""
    kinds = {kind: count for kind, count in facts.kinds.items() if kind != "null" and count}
    affinity = affinity_of(column.type)
    if not kinds:
        if affinity == "numeric":
            moment = any(word in column.type for word in ("DATE", "TIME"))
            return "integer" if "BOOL" in column.type else "text" if moment else "real"
        return affinity
    whole, broken = kinds.get("integer", 0), kinds.get("real", 0)
    texts, bytes_ = kinds.get("text", 0), kinds.get("blob", 0)
    if whole + broken >= max(texts, bytes_):
        is_real = affinity == "real" or column.type.startswith(("NUMERIC", "DECIMAL"))
        return "real" if is_real or broken > (whole if affinity == "integer" else 0) else "integer"
    return "text" if texts >= bytes_ else "blob"


def affinity_of(words: str) -> OneOf["integer", "real", "text", "blob", "numeric"]:
    """The affinity that SQLite gives a column of such a type (https://sqlite.org/datatype3.html); none is `text`."""
    if "INT" in words:
        return "integer"
    if any(part in words for part in ("CHAR", "CLOB", "TEXT")) or words in {"", "ANY"}:
        return "text"
    if "BLOB" in words:
        return "blob"
    return "real" if any(part in words for part in ("REAL", "FLOA", "DOUB")) else "numeric"


# --- what CHECKs and rows say -----------------------------------------------------------------------------------------


def members_of(condition: str, column: str) -> tuple[str | int, ...] | None:
    """The values that a CHECK's condition limits a column to, or `None` where it does not list them."""
    expression = _parsed(condition)
    return None if expression is None else _members(expression, column)


def _members(condition: Expression, column: str) -> tuple[str | int, ...] | None:
    """The values that a condition limits a column to: `x IN (...)`, also with `x IS NULL OR` before it."""
    if isinstance(condition, Chain) and condition.operator == "OR":
        others = [one for one in condition.operands if one != Binary("IS", Name((column,)), Literal("NULL", "word"))]
        return _members(others[0], column) if len(others) == 1 else None
    match condition:
        case In(operand=Name((name,)), among=tuple() as among, negated=False) if folded(name) == folded(column):
            members = [_constant(item) for item in among]
            found = tuple(member for member in members if member is not None)
            return found if found and len(found) == len(members) else None
        case _:
            return None


def _constant(expression: Expression) -> str | int | None:
    match expression:
        case Literal(text, "string"):
            return text[1:-1].replace("''", "'")
        case Literal(text, "number") if text.isdigit():
            return int(text)
        case Unary("-", Literal(text, "number")) if text.isdigit():
            return -int(text)
        case _:
            return None


def _asks_json(condition: Expression, column: str) -> bool:
    match condition:
        case Call("json_valid", (Name((name,)), *_)):
            return folded(name) == folded(column)
        case Binary(_, left, right):
            return _asks_json(left, column) or _asks_json(right, column)
        case Chain(_, operands):
            return any(_asks_json(operand, column) for operand in operands)
        case _:
            return False


def _is_flag(members: tuple[str | int, ...] | None) -> bool:
    return members is not None and set(members) == {0, 1}


def _holds_flags(facts: ColumnFacts) -> bool:
    return not facts.filled or (bool(facts.values) and {value for value, _ in facts.values} <= {0, 1})


def _document_kind(column: ColumnDef, facts: ColumnFacts, document: str) -> Kind:
    default = {"'[]'": "default_factory=list", "'{}'": "default_factory=dict"}.get(column.default or "", "")
    if document == "array" and facts.shape in {"list[text]", "list"}:
        return Kind("json", "list[str]", default)
    kinds = {"array": "list[JsonValue]", "object": "dict[str, JsonValue]"}
    return Kind("json", kinds.get(document, "JsonValue"), default if document else "", frozenset({"JsonValue"}))


# --- defaults ---------------------------------------------------------------------------------------------------------


def _default_constant(column: ColumnDef) -> str | int | None:
    expression = None if column.default is None else _parsed(column.default)
    return None if expression is None else _constant(expression)


def _flag_default(column: ColumnDef) -> str:
    return {"0": "default=False", "FALSE": "default=False", "1": "default=True", "TRUE": "default=True"}.get(
        column.default or "", ""
    )


def _text_default(column: ColumnDef, members: tuple[str | int, ...] | None) -> str:
    value = _default_constant(column)
    fits = isinstance(value, str) and "\0" not in value and (members is None or value in members)
    return f"default={python_string(str(value))}" if fits else ""


def _number_default(column: ColumnDef, members: tuple[str | int, ...] | None) -> str:
    value = _default_constant(column)
    fits = isinstance(value, int) and -(2**63) <= value < 2**63 and (members is None or value in members)
    return f"default={value}" if fits else ""


def _real_default(column: ColumnDef) -> str:
    try:
        value = float(column.default or "")
    except ValueError:
        return ""
    return f"default={value!r}" if value - value == 0 else ""
