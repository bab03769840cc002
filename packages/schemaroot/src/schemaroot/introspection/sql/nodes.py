"""What an SQL expression is made of: frozen nodes, as SQLite groups them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

LiteralKind = OneOf["string", "number", "blob", "word", "variable"]
"""`word`: NULL, TRUE, FALSE, CURRENT_DATE, CURRENT_TIME, CURRENT_TIMESTAMP."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as SQL writes it."""

    text: str
    kind: LiteralKind


@dataclass(frozen=True, slots=True)
class Name:
    """A column, with the names of its table and schema before it where they are given."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `+x`, `~x` or `NOT x`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what stands between: arithmetic, comparison, `IS`, `LIKE`, `||`, `->`."""

    operator: str
    left: Expression
    right: Expression
    escape: Expression | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """A run of AND, or of OR."""

    operator: OneOf["AND", "OR"]
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """`x [NOT] BETWEEN low AND high`."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool = False


@dataclass(frozen=True, slots=True)
class In:
    """`x [NOT] IN (...)`; `among` is a list, or the text of a subselect or of a table's name."""

    operand: Expression
    among: tuple[Expression, ...] | Opaque
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function; `extra` is the text of FILTER and OVER, `order_by` what stands after ORDER BY."""

    name: str
    arguments: tuple[Expression, ...] = ()
    distinct: bool = False
    star: bool = False
    order_by: str = ""
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Cast:
    """`CAST(x AS type)`."""

    operand: Expression
    type: str


@dataclass(frozen=True, slots=True)
class Collate:
    """`x COLLATE name`."""

    operand: Expression
    collation: str


@dataclass(frozen=True, slots=True)
class Case:
    """`CASE [subject] WHEN ... THEN ... [ELSE ...] END`."""

    subject: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row value, `(a, b)`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Opaque:
    """What is kept as text: a subselect in its parentheses, `EXISTS (...)`, `RAISE(...)`, a table's name after IN."""

    text: str


Expression = Literal | Name | Unary | Binary | Chain | Between | In | Call | Cast | Collate | Case | Row | Opaque
"""Any SQL expression."""
