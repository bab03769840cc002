"""Tells in Python whether values break a table's CHECKs, where the condition is one that can be told.

A condition is worked out over the driver's values, by SQL's rules: null makes a comparison null, and only a condition
that is false is broken. Whatever cannot be told (a column that was not given, a function that we do not know) is
`UNKNOWN`, spreads like null, and is left to the database.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from schemaroot.errors import DeclarationError, InvalidValueError
from schemaroot.schema.column import Column
from schemaroot.schema.constraints import Check
from schemaroot.schema.expression import Combined, Comparison, Condition, Expr, Membership, NullCheck
from schemaroot.schema.types import INT64_MAX, INT64_MIN
from schemaroot.schema.values import SqlValue

if TYPE_CHECKING:
    from schemaroot.schema.table import TableDeclaration


class _Unknown(Enum):
    UNKNOWN = "UNKNOWN"


UNKNOWN: Final = _Unknown.UNKNOWN
"""A value that cannot be told here."""


@dataclass(frozen=True)
class Breach:
    """A CHECK that values break, and the columns that it is over, in the order in which it names them."""

    check: Check
    columns: tuple[str, ...]


def breaches(declared: TableDeclaration, values: Mapping[str, SqlValue]) -> list[Breach]:
    """The table's CHECKs that are false for `values`: driver's values by column name; a column left out is unknown."""
    found: list[Breach] = []
    for check in declared.checks:
        row = _Row(declared, values)
        if row.value_of(_condition(check)) is False:
            found.append(Breach(check, tuple(row.used)))
    return found


@lru_cache(maxsize=1024)
def _condition(check: Check) -> object:
    try:
        return check.condition()
    except Exception as error:  # the declaration's own function; its failure is the declaration's
        raise DeclarationError(
            f"Check({check.name!r})", f"its condition cannot be built ({error})", hint="Write lambda: Table.column > 1."
        ) from error


def _compare(test: Callable[[Any, Any], bool], *, ordering: bool) -> Callable[[object, object], object]:
    def compare(left: object, right: object) -> object:
        if left is None or right is None:
            return None
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            return test(left, right)
        # How texts are ordered is the database's business; whether they are equal is not.
        if type(left) is type(right) and isinstance(left, (str, bytes)) and not ordering:
            return test(left, right)
        return UNKNOWN

    return compare


def _arithmetic(work: Callable[[Any, Any], Any]) -> Callable[[object, object], object]:
    def calculate(left: object, right: object) -> object:
        if left is None or right is None:
            return None
        if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
            return UNKNOWN
        result = work(left, right)
        within = isinstance(result, int) and INT64_MIN <= result <= INT64_MAX
        return result if within or (isinstance(result, float) and result - result == 0.0) else UNKNOWN

    return calculate


_COMPARISONS: dict[str, Callable[[object, object], object]] = {
    "=": _compare(operator.eq, ordering=False),
    "!=": _compare(operator.ne, ordering=False),
    "<": _compare(operator.lt, ordering=True),
    "<=": _compare(operator.le, ordering=True),
    ">": _compare(operator.gt, ordering=True),
    ">=": _compare(operator.ge, ordering=True),
}

_BINARY: dict[str, Callable[[object, object], object]] = {
    "eq": _COMPARISONS["="],
    "ne": _COMPARISONS["!="],
    "lt": _COMPARISONS["<"],
    "le": _COMPARISONS["<="],
    "gt": _COMPARISONS[">"],
    "ge": _COMPARISONS[">="],
    "add": _arithmetic(operator.add),
    "sub": _arithmetic(operator.sub),
    "mul": _arithmetic(operator.mul),
    # Division and remainder differ between databases and are left to them.
}
"""By the name of SQLAlchemy's operator."""


def _not(value: object) -> object:
    return value if value is None or value is UNKNOWN else not value


def _all(values: Iterable[object]) -> object:
    told = list(values)
    if any(value is False for value in told):
        return False
    return UNKNOWN if UNKNOWN in told else None if None in told else True


def _any(values: Iterable[object]) -> object:
    return _not(_all(_not(value) for value in values))


def _is_in(value: object, members: Iterable[object]) -> object:
    return _any(_COMPARISONS["="](value, member) for member in members)


def _truth(value: object) -> object:
    """A value where a condition is wanted: a boolean column is 1 or 0 in the database."""
    return bool(value) if isinstance(value, (bool, int)) else value if value is None else UNKNOWN


class _Row:
    """Works conditions out over one row's values, and keeps which columns they used."""

    def __init__(self, declared: TableDeclaration, values: Mapping[str, SqlValue]) -> None:
        self.declared = declared
        self.values = values
        self.used: dict[str, None] = {}

    def column(self, table: str, name: str) -> object:
        """The value of a column of this row."""
        if table != self.declared.name or name not in self.declared.columns:
            return UNKNOWN
        self.used[name] = None
        return self.values.get(name, UNKNOWN)

    def value_of(self, expression: object) -> object:
        """The value of an expression: true, false, a number, a text, bytes, null (`None`) or `UNKNOWN`."""
        match expression:
            case Combined(operator="and", parts=parts):
                return _all([_truth(self.value_of(part)) for part in parts])
            case Combined(operator="or", parts=parts):
                return _any([_truth(self.value_of(part)) for part in parts])
            case Combined(parts=parts):
                return _not(_truth(self.value_of(parts[0])))
            case Comparison(column=own, operator=sign, values=(value,)):
                return _COMPARISONS[sign](self._own(own), _dumped(own.column, value))
            case NullCheck(column=own, negated=negated):
                return _is_null(self._own(own), negated=negated)
            case Membership(column=own, values=(members,), negated=negated):
                listed = [_dumped(own.column, member) for member in cast("tuple[object, ...]", members)]
                told = _is_in(self._own(own), listed)
                return _not(told) if negated else told
            case Expr():
                return self.column(expression.column.table, expression.column.name)
            case Condition():
                return UNKNOWN
            case _:
                return self._element(expression)

    def _own(self, expression: Expr[Any, Any]) -> object:
        return self.column(expression.column.table, expression.column.name)

    def _element(self, element: Any) -> object:
        """The value of an expression that SQLAlchemy holds."""
        match getattr(element, "__visit_name__", type(element).__name__):
            case "bool" | "int" | "float" | "str" | "bytes" | "NoneType":
                return cast(object, element)
            case "null":
                return None
            case "true":
                return True
            case "false":
                return False
            case "bindparam":
                return _bound(element.type, element.effective_value)
            case "column" if not element.is_literal:
                return self.column(self.declared.name if element.table is None else element.table.name, element.name)
            case "grouping" | "label" | "type_coerce":
                return self.value_of(next(iter(element.get_children())))
            case "expression_clauselist" | "clauselist" if element.operator.__name__ in ("and_", "or_"):
                told = [_truth(self.value_of(part)) for part in element.clauses]
                return _all(told) if element.operator.__name__ == "and_" else _any(told)
            case "unary":
                return self._unary(element.operator, self.value_of(element.element))
            case "binary":
                return self._binary(element)
            case "function" | "coalesce" | "char_length":
                values = [self.value_of(argument) for argument in element.clauses]
                return _FUNCTIONS.get(str(element.name).lower(), _cannot_tell)(*values)
            case _:
                return UNKNOWN

    def _unary(self, sign: Any, value: object) -> object:
        match getattr(sign, "__name__", ""):
            case "is_true":
                return _truth(value)
            case "inv" | "is_false":
                return _not(_truth(value))
            case "neg":
                return _BINARY["sub"](0, value)
            case _:
                return UNKNOWN

    def _binary(self, element: Any) -> object:
        left = self.value_of(element.left)
        sign: str = element.operator.__name__
        match sign:
            case "is_" | "is_not":
                right = self.value_of(element.right)
                return _is_null(left, negated=sign == "is_not") if right is None else UNKNOWN
            case "in_op" | "not_in_op":
                told = _is_in(left, self._members(element.right))
            case "between_op" | "not_between_op":
                low, high = (self.value_of(bound) for bound in element.right.clauses)
                told = _all([_COMPARISONS["<="](low, left), _COMPARISONS["<="](left, high)])
            case _:
                return _BINARY.get(sign, _cannot_tell)(left, self.value_of(element.right))
        return _not(told) if sign.startswith("not_") else told

    def _members(self, listed: Any) -> list[object]:
        value = getattr(listed, "effective_value", None)
        if isinstance(value, (list, tuple)):
            return [_bound(listed.type, member) for member in cast("Iterable[object]", value)]
        listed = getattr(listed, "element", listed)
        return [self.value_of(member) for member in getattr(listed, "clauses", [UNKNOWN])]


def _is_null(value: object, *, negated: bool) -> object:
    return UNKNOWN if value is UNKNOWN else (value is None) is not negated


def _dumped(column: Column, value: object) -> object:
    """A value that a column is compared with, as the driver gets it."""
    try:
        return column.dump(value)
    except InvalidValueError:  # also the parameter of a prepared statement
        return UNKNOWN


def _bound(bound_type: Any, value: object) -> object:
    column = getattr(bound_type, "column", None)
    if value is not None and isinstance(column, Column):
        return _dumped(column, value)
    return value if value is None or isinstance(value, (bool, int, float, str, bytes)) else UNKNOWN


def _cannot_tell(*values: object) -> object:
    del values
    return UNKNOWN


def _length(value: object) -> object:
    return len(value) if isinstance(value, (str, bytes)) else value if value is None else UNKNOWN


def _coalesce(*values: object) -> object:
    return next((value for value in values if value is not None), None)


_FUNCTIONS: dict[str, Callable[..., object]] = {"length": _length, "char_length": _length, "coalesce": _coalesce}
