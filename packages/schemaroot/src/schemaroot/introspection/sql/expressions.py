"""SQL expressions: read as SQLite groups them, and written in one canonical spelling.

canonical("status IN ('open' ,'done') and (n)>=0")   # "status IN ('open', 'done') AND n >= 0"

Two texts with the same canonical spelling mean the same. White space, comments, superfluous parentheses, the case of
keywords and functions, quotes around names that need none, `==` for `=`, `<>` for `!=`, `ISNULL` for `IS NULL`, and a
NOT before what has a negated form do not show in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal as OneOf

from schemaroot.introspection.sql.nodes import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Chain,
    Collate,
    Expression,
    In,
    Literal,
    Name,
    Opaque,
    Row,
    Unary,
)
from schemaroot.introspection.sql.reader import Reader, Unreadable, collation_text, is_word
from schemaroot.introspection.sql.tokens import (
    KEYWORDS,
    RESERVED,
    Token,
    ascii_upper,
    blob_text,
    folded,
    name_text,
    number_text,
    plain,
    string_text,
    tokenize,
)

# How tightly an operator binds (https://sqlite.org/lang_expr.html#operators_and_parse_affecting_attributes).
OR, AND, NOT, EQUAL, COMPARE, BITS, SUM, PRODUCT, CONCAT, COLLATE, SIGN, ATOM = range(1, 13)

BINDING = {
    **dict.fromkeys(("=", "!=", "IS", "IS NOT", "LIKE", "GLOB", "REGEXP", "MATCH"), EQUAL),
    **dict.fromkeys(("NOT LIKE", "NOT GLOB", "NOT REGEXP", "NOT MATCH"), EQUAL),
    **dict.fromkeys(("<", "<=", ">", ">="), COMPARE),
    **dict.fromkeys(("&", "|", "<<", ">>"), BITS),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "%"), PRODUCT),
    **dict.fromkeys(("||", "->", "->>"), CONCAT),
}
"""The binary operators but AND and OR."""

NEGATED = {
    **{"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "IS": "IS NOT", "IS NOT": "IS"},
    **{word: f"NOT {word}" for word in ("LIKE", "GLOB", "REGEXP", "MATCH")},
    **{f"NOT {word}": word for word in ("LIKE", "GLOB", "REGEXP", "MATCH")},
}
"""Each comparison and the one that is true where it is false, false where it is true and NULL where it is NULL."""

_SPELLINGS = {"==": "=", "<>": "!="}
_PATTERNS = frozenset({"LIKE", "GLOB", "REGEXP", "MATCH"})
_VALUES = frozenset({"NULL", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"})
_ROWID = frozenset({"rowid", "oid", "_rowid_"})


@dataclass(frozen=True)
class Scope:
    """The table whose columns an expression names.

    With it, a name in double quotes that is no column is the string that SQLite takes it for, the table's own name
    before a column goes, and columns are spelt as in the table.
    """

    table: str = ""
    columns: tuple[str, ...] = ()

    def column(self, name: str) -> str | None:
        """The column of that name as the table spells it."""
        wanted = folded(name)
        if wanted in _ROWID:
            return next((column for column in self.columns if folded(column) == wanted), name)
        return next((column for column in self.columns if folded(column) == wanted), None)


NO_COLUMNS = Scope()
"""Where no column can be named, as in a DEFAULT."""


def canonical(sql: str, scope: Scope | None = None) -> str:
    """The expression in its canonical spelling; what cannot be parsed comes back as its words in even spaces."""
    return canonical_tokens(tokenize(sql), scope)


def canonical_tokens(tokens: Sequence[Token], scope: Scope | None = None) -> str:
    """The canonical spelling of an expression that is tokens already."""
    try:
        return write(parse_tokens(tokens, scope))
    except (Unreadable, RecursionError):
        return plain(tokens)


def parse(sql: str, scope: Scope | None = None) -> Expression:
    """The expression of a text; raises `Unreadable` for something else."""
    return parse_tokens(tokenize(sql), scope)


def parse_tokens(tokens: Sequence[Token], scope: Scope | None = None) -> Expression:
    """The expression of all these tokens; raises `Unreadable`."""
    parser = ExpressionParser(Reader(tokens), scope)
    expression = parser.expression()
    if not parser.reader.at_end:
        raise parser.reader.missing("the end of the expression")
    return expression


class ExpressionParser:
    """Reads one expression after the other from a reader."""

    def __init__(self, reader: Reader, scope: Scope | None = None) -> None:
        self.reader = reader
        self.scope = scope

    def expression(self, binding: int = OR) -> Expression:
        """Reads an expression whose operators bind at least as tightly as `binding`."""
        left = self._operand()
        while True:
            longer = self._continued(left, binding)
            if longer is None:
                return left
            left = longer

    # --- what stands first --------------------------------------------------------------------------------------------

    def _operand(self) -> Expression:
        reader = self.reader
        token = reader.token
        if token.kind == "operator":
            if token.text in "+-~":
                reader.take()
                return signed(token.text, self.expression(SIGN))
            if token.text == "(":
                return self._in_parentheses()
            raise reader.missing("an operand")
        if token.kind == "word":
            return self._word(token)
        reader.take()
        match token.kind:
            case "string":
                return self._qualified(token) if reader.sees(".") else Literal(string_text(token.value), "string")
            case "number":
                return Literal(number_text(token.text), "number")
            case "blob":
                return Literal(blob_text(token.text), "blob")
            case "variable":
                return Literal(token.text, "variable")
            case "quoted":
                return self._call(token) if reader.sees("(") else self._qualified(token)
            case _:
                raise Unreadable("an operand", token.start)

    def _word(self, token: Token) -> Expression:
        reader = self.reader
        word = token.value
        if word == "NOT":
            reader.take()
            if reader.sees("EXISTS"):
                return Unary("NOT", self._operand())
            return negated(self.expression(NOT))
        if word == "CASE":
            return self._case()
        if word == "CAST" and reader.ahead().text == "(":
            return self._cast()
        if word in {"EXISTS", "RAISE"} and reader.ahead().text == "(":
            reader.take()
            inner = plain(reader.parenthesised())
            return Opaque(f"EXISTS ({inner})" if word == "EXISTS" else f"RAISE({inner})")
        if word in RESERVED and word != "NULL":
            raise reader.missing("an operand")
        reader.take()
        if word in _VALUES and not reader.sees("("):
            return Literal(word, "word")
        if reader.sees("("):
            return self._call(token)
        is_truth = word in {"TRUE", "FALSE"} and not reader.sees(".")
        if is_truth and (self.scope is None or self.scope.column(token.text) is None):
            return Literal(word, "word")
        return self._qualified(token)

    def _qualified(self, token: Token) -> Expression:
        parts = [token.name]
        while self.reader.accept("."):
            parts.append(self.reader.name())
        scope = self.scope
        if scope is None:
            return Name(tuple(parts))
        if len(parts) > 1:
            owner, column = parts[-2:]
            known = scope.column(column) if folded(owner) == folded(scope.table) else None
            return Name(tuple(parts) if known is None else (known,))
        known = scope.column(parts[0])
        if known is None and token.text.startswith('"'):
            return Literal(string_text(token.value), "string")
        return Name((parts[0] if known is None else known,))

    def _in_parentheses(self) -> Expression:
        reader = self.reader
        if reader.ahead().value in {"SELECT", "VALUES", "WITH"} and reader.ahead().kind == "word":
            return Opaque(f"({plain(reader.parenthesised())})")
        reader.expect("(")
        items = self._items()
        reader.expect(")")
        return items[0] if len(items) == 1 else Row(tuple(items))

    def _items(self) -> list[Expression]:
        items = [self.expression()]
        while self.reader.accept(","):
            items.append(self.expression())
        return items

    def _call(self, token: Token) -> Expression:
        reader = self.reader
        name = folded(token.name)
        reader.expect("(")
        if reader.accept("*", ")"):
            return Call(name, star=True, extra=self._filter_and_over())
        distinct = reader.accept("DISTINCT")
        if not distinct:
            reader.accept("ALL")
        arguments = () if reader.sees(")") else tuple(self._items())
        ordered = ""
        if reader.accept("ORDER", "BY"):
            ordered = _upper_words(self._rest_of_parentheses())
        else:
            reader.expect(")")
        return Call(name, arguments, distinct, order_by=ordered, extra=self._filter_and_over())

    def _rest_of_parentheses(self) -> list[Token]:
        """What is left before the parenthesis that closes the one being read."""
        reader = self.reader
        start, depth = reader.place, 1
        while depth:
            depth += {"(": 1, ")": -1}.get(reader.take().text, 0)
        return reader.tokens[start : reader.place - 1]

    def _filter_and_over(self) -> str:
        reader = self.reader
        start = reader.place
        if reader.sees("FILTER", "("):
            reader.take()
            reader.parenthesised()
        if reader.accept("OVER"):
            if reader.sees("("):
                reader.parenthesised()
            else:
                reader.name()
        return _upper_words(reader.tokens[start : reader.place])

    def _cast(self) -> Expression:
        reader = self.reader
        reader.expect("CAST", "(")
        operand = self.expression()
        reader.expect("AS")
        words = reader.type_words()
        reader.expect(")")
        return Cast(operand, words)

    def _case(self) -> Expression:
        reader = self.reader
        reader.expect("CASE")
        subject = None if reader.sees("WHEN") else self.expression()
        branches: list[tuple[Expression, Expression]] = []
        while reader.accept("WHEN"):
            condition = self.expression()
            reader.expect("THEN")
            branches.append((condition, self.expression()))
        otherwise = self.expression() if reader.accept("ELSE") else None
        reader.expect("END")
        if not branches:
            raise reader.missing("WHEN")
        return Case(subject, tuple(branches), otherwise)

    # --- what follows -------------------------------------------------------------------------------------------------

    def _continued(self, left: Expression, binding: int) -> Expression | None:
        """The expression with the operator that is next, where that binds tightly enough."""
        reader = self.reader
        token = reader.token
        if token.kind == "operator":
            operator = _SPELLINGS.get(token.text, token.text)
            level = BINDING.get(operator, 0)
            if level < binding:
                return None
            reader.take()
            return Binary(operator, left, self.expression(level + 1))
        if token.kind != "word":
            return None
        match token.value:
            case "OR" if binding <= OR:
                reader.take()
                return chain("OR", left, self.expression(OR + 1))
            case "AND" if binding <= AND:
                reader.take()
                return chain("AND", left, self.expression(AND + 1))
            case "COLLATE" if binding <= COLLATE:
                reader.take()
                return Collate(left, collation_text(reader.name()))
            case _ if binding <= EQUAL:
                return self._compared(left, token.value)
            case _:
                return None

    def _compared(self, left: Expression, word: str) -> Expression | None:
        reader = self.reader
        if word in {"ISNULL", "NOTNULL"} or (word == "NOT" and is_word(reader.ahead(), "NULL")):
            reader.place += 2 if word == "NOT" else 1
            return Binary("IS" if word == "ISNULL" else "IS NOT", left, Literal("NULL", "word"))
        if word == "IS":
            reader.take()
            return self._is(left)
        is_negated = word == "NOT"
        if is_negated:
            word = reader.ahead().value if reader.ahead().kind == "word" else ""
        if word not in _PATTERNS and word not in {"IN", "BETWEEN"}:
            return None
        reader.place += 2 if is_negated else 1
        if word == "BETWEEN":
            low = self.expression(AND + 1)
            reader.expect("AND")
            return Between(left, low, self.expression(EQUAL + 1), is_negated)
        if word == "IN":
            return In(left, self._among(), is_negated)
        right = self.expression(EQUAL + 1)
        escape = self.expression(EQUAL + 1) if reader.accept("ESCAPE") else None
        return Binary(f"NOT {word}" if is_negated else word, left, right, escape)

    def _is(self, left: Expression) -> Expression:
        reader = self.reader
        operator = "IS"
        if reader.accept("NOT", "DISTINCT", "FROM"):
            pass
        elif reader.accept("DISTINCT", "FROM") or reader.accept("NOT"):
            operator = "IS NOT"
        return Binary(operator, left, self.expression(EQUAL + 1))

    def _among(self) -> tuple[Expression, ...] | Opaque:
        reader = self.reader
        if reader.sees("("):
            if reader.ahead().kind == "word" and reader.ahead().value in {"SELECT", "VALUES", "WITH"}:
                return Opaque(f"({plain(reader.parenthesised())})")
            reader.take()
            if reader.accept(")"):
                return ()
            items = tuple(self._items())
            reader.expect(")")
            return items
        start = reader.place
        reader.name()
        if reader.accept("."):
            reader.name()
        text = ".".join(name_text(token.name) for token in reader.tokens[start : reader.place : 2])
        return Opaque(text + (f"({plain(reader.parenthesised())})" if reader.sees("(") else ""))


def _upper_words(tokens: Iterable[Token]) -> str:
    spelt = [token._replace(text=token.value) if token.value in KEYWORDS else token for token in tokens]
    return plain(spelt)


# --- nodes with one form for what means the same ----------------------------------------------------------------------


def chain(word: OneOf["AND", "OR"], left: Expression, right: Expression) -> Chain:
    """`left AND right` or `left OR right`, as one run with what they are runs of."""
    operands: list[Expression] = []
    for side in (left, right):
        operands.extend(side.operands if isinstance(side, Chain) and side.operator == word else [side])
    return Chain(word, tuple(operands))


def negated(operand: Expression) -> Expression:
    """`NOT operand`, by the operand's own negated form where it has one."""
    match operand:
        case Binary(operator, left, right, escape) if operator in NEGATED:
            return Binary(NEGATED[operator], left, right, escape)
        case Between(inner, low, high, is_negated):
            return Between(inner, low, high, not is_negated)
        case In(inner, among, is_negated):
            return In(inner, among, not is_negated)
        case _:
            return Unary("NOT", operand)


def signed(sign: str, operand: Expression) -> Expression:
    """`-operand`, `~operand` or `+operand`; a plus before a number says nothing."""
    if sign == "+" and isinstance(operand, Literal) and operand.kind == "number":
        return operand
    return Unary(sign, operand)


# --- writing ----------------------------------------------------------------------------------------------------------


def binding_of(expression: Expression) -> int:
    """How tightly the outermost operator of an expression binds."""
    match expression:
        case Chain(operator="OR"):
            return OR
        case Chain():
            return AND
        case Unary(operator="NOT"):
            return NOT
        case Unary():
            return SIGN
        case Binary(operator=operator):
            return BINDING[operator]
        case Between() | In():
            return EQUAL
        case Collate():
            return COLLATE
        case _:
            return ATOM


def write(expression: Expression) -> str:
    """The expression as SQL, with parentheses only where they are needed."""
    match expression:
        case Literal(text) | Opaque(text):
            return text
        case Name(parts):
            return ".".join(map(name_text, parts))
        case Chain(operator, operands):
            level = binding_of(expression) + 1
            return f" {operator} ".join(_inner(operand, level) for operand in operands)
        case Unary("NOT", operand):
            return f"NOT {_inner(operand, NOT + 1)}"
        case Unary(sign, operand):
            is_sign = isinstance(operand, Unary) and operand.operator != "NOT"
            return f"{sign}({write(operand)})" if is_sign else f"{sign}{_inner(operand, SIGN)}"
        case Binary(operator, left, right, escape):
            level = BINDING[operator]
            written = f"{_inner(left, level)} {operator} {_inner(right, level + 1)}"
            return written if escape is None else f"{written} ESCAPE {_inner(escape, EQUAL + 1)}"
        case Between(operand, low, high, is_negated):
            words = "NOT BETWEEN" if is_negated else "BETWEEN"
            return f"{_inner(operand, EQUAL)} {words} {_inner(low, EQUAL + 1)} AND {_inner(high, EQUAL + 1)}"
        case In(operand, among, is_negated):
            listed = among.text if isinstance(among, Opaque) else f"({', '.join(map(write, among))})"
            return f"{_inner(operand, EQUAL)} {'NOT IN' if is_negated else 'IN'} {listed}"
        case Collate(operand, collation):
            return f"{_inner(operand, COLLATE)} COLLATE {name_text(collation)}"
        case Cast(operand, words):
            return f"CAST({write(operand)} AS {words})"
        case Case():
            return _write_case(expression)
        case Row(items):
            return f"({', '.join(map(write, items))})"
        case Call():
            return _write_call(expression)


def _inner(expression: Expression, binding: int) -> str:
    written = write(expression)
    return written if binding_of(expression) >= binding else f"({written})"


def _write_case(case: Case) -> str:
    words = ["CASE"] if case.subject is None else ["CASE", write(case.subject)]
    for condition, result in case.branches:
        words += ["WHEN", write(condition), "THEN", write(result)]
    if case.otherwise is not None:
        words += ["ELSE", write(case.otherwise)]
    return " ".join([*words, "END"])


_CALLED_BARE = frozenset({"REPLACE", "LIKE", "GLOB", "REGEXP", "MATCH", "LEFT", "RIGHT", "IF"})


def _write_call(call: Call) -> str:
    inside = "*" if call.star else ", ".join(map(write, call.arguments))
    inside = f"DISTINCT {inside}" if call.distinct else inside
    ordered = f" ORDER BY {call.order_by}" if call.order_by else ""
    name = call.name if ascii_upper(call.name) in _CALLED_BARE else name_text(call.name)
    return f"{name}({inside}{ordered})" + (f" {call.extra}" if call.extra else "")
