"""SQL expressions as Python source of SQLAlchemy expressions, for files that people read and change.

expression_code("status IN ('open', 'done') AND n >= 0")
# sa.and_(sa.column("status").in_(["open", "done"]), sa.column("n") >= 0)

Every piece of source is run and compiled for SQLite again before it is given out: it says what the SQL said, or it is
not used. Where SQLAlchemy has no words, the smallest part that needs it stays SQL, in `sa.literal_column("...")`.
"""

from __future__ import annotations

import ast
import keyword
import warnings
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from schemaroot.engine.compile import sqlite_dialect
from schemaroot.introspection.sql.expressions import canonical, parse, write
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
from schemaroot.introspection.sql.reader import Unreadable


def expression_code(sql: str) -> str:
    """Python source of an SQL expression, with SQLAlchemy as `sa`.

    Args:
        sql: an expression as SQLite understands it.
    """
    try:
        return _element(parse(sql))
    except (Unreadable, RecursionError):
        return f"sa.literal_column({python_string(canonical(sql))})"


def default_code(sql: str) -> str:
    """Python source of a DEFAULT as `server_default` takes it: a text's own value as a string, else an expression."""
    try:
        match parse(sql):
            case Literal(text, "string"):
                return python_string(_string_value(text))
            case _:
                return expression_code(sql)
    except Unreadable:
        return expression_code(sql)


def sql_of(element: object) -> str:
    """The canonical SQL text of a SQLAlchemy expression on SQLite, its values written out."""
    return canonical(str(sa.inspect(element).compile(dialect=sqlite_dialect(), compile_kwargs={"literal_binds": True})))


def python_string(value: str) -> str:
    """A string as Python source, in double quotes unless single ones need fewer backslashes."""
    plain = repr(value + "'\"")[1:-4]  # both quotes inside make repr use single ones and escape those
    inner = plain.replace("\\'", "'")
    if value.count('"') > value.count("'"):
        return "'" + plain + "'"
    return '"' + inner.replace('"', '\\"') + '"'


# --- one node ---------------------------------------------------------------------------------------------------------


def _element(expression: Expression) -> str:
    """Source of a SQLAlchemy element that compiles to this expression."""
    wanted = write(expression)
    for source in _candidates(expression):
        if _says(source, wanted):
            return source
    return f"sa.literal_column({python_string(wanted)})"


def _says(source: str, wanted: str) -> bool:
    """Whether source, when it is run, compiles to the wanted text, and SQLAlchemy does not warn of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return sql_of(eval(source, {"sa": sa})) == wanted
        except Exception:  # SQLAlchemy has many ways to refuse; the next spelling is tried
            return False


def _argument(expression: Expression) -> str:
    """Source of what a method takes: a plain Python value where it is one, else an element."""
    value = _value(expression)
    return _element(expression) if value is None else value


def _value(expression: Expression) -> str | None:
    """Python source of a literal text or number, or `None` for something else."""
    match expression:
        case Literal(text, "string"):
            return python_string(_string_value(text))
        case Literal(text, "number") if not text.startswith("0x"):
            return text if text.isdigit() else repr(float(text))
        case Unary("-", Literal(text, "number") as operand) if float(_value(operand) or 0) > 0:
            return f"-{_value(operand)}"
        case _:
            return None


def _string_value(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _candidates(expression: Expression) -> Iterator[str]:
    """Ways to say an expression, the most readable first."""
    if (value := _value(expression)) is not None:
        yield f"sa.literal({value})"
        return
    match expression:
        case Literal("NULL"):
            yield "sa.null()"
        case Literal(text, "word"):
            yield f"sa.func.{text.lower()}()"
        case Name((column,)):
            yield f"sa.column({python_string(column)})"
            yield f"sa.column(sa.quoted_name({python_string(column)}, quote=True))"
        case Unary(operator, operand):
            yield from _unary(operator, operand)
        case Binary():
            yield from _binary(expression)
        case Chain(operator, operands):
            yield f"sa.{operator.lower()}_({', '.join(map(_element, operands))})"
        case Between(operand, low, high, negated):
            between = f"{_receiver(operand)}.between({_argument(low)}, {_argument(high)})"
            yield f"sa.not_({between})" if negated else between
        case In():
            yield from _in(expression)
        case Call():
            yield from _call(expression)
        case Cast(operand, kind):
            for type_source in _types(kind):
                yield f"sa.cast({_argument(operand)}, {type_source})"
        case Collate(operand, collation):
            yield f"{_receiver(operand)}.collate({python_string(collation)})"
        case Case():
            yield from _case(expression)
        case Row(items):
            yield f"sa.tuple_({', '.join(map(_argument, items))})"
        case _:
            return


def _receiver(expression: Expression) -> str:
    """Source whose methods can be called: in parentheses where Python's operators would bind less tightly."""
    return _enclosed(_element(expression))


def _enclosed(source: str) -> str:
    """The source in parentheses unless nothing in Python binds more tightly: a call, a name, a value."""
    is_closed = isinstance(ast.parse(source, mode="eval").body, ast.Call | ast.Attribute | ast.Constant)
    return source if is_closed else f"({source})"


def _unary(operator: str, operand: Expression) -> Iterator[str]:
    match operator:
        case "NOT":
            yield f"sa.not_({_element(operand)})"
        case "-":
            yield f"-{_receiver(operand)}"
        case "~":
            yield f"{_receiver(operand)}.bitwise_not()"
        case _:
            return


_PYTHON_OPERATORS = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "+": "+", "-": "-", "*": "*"}
_METHODS = {
    "LIKE": "like",
    "NOT LIKE": "not_like",
    "REGEXP": "regexp_match",
    "MATCH": "match",
    "||": "concat",
    "&": "bitwise_and",
    "|": "bitwise_or",
    "<<": "bitwise_lshift",
    ">>": "bitwise_rshift",
}
_SQLALCHEMY_BINDING = {"*": 8, "/": 8, "%": 8, "+": 7, "-": 7, "||": 6, "->": 15, "->>": 15}
_COMPARISONS = frozenset({"GLOB", "NOT GLOB", "NOT REGEXP", "NOT MATCH"})


def _binary(binary: Binary) -> Iterator[str]:
    operator, right = binary.operator, binary.right
    receiver = _receiver(binary.left)
    if operator in {"IS", "IS NOT"}:
        if right == Literal("NULL", "word"):
            yield f"{receiver}.{'is_' if operator == 'IS' else 'is_not'}(None)"
        yield f"{receiver}.{'is_not_distinct_from' if operator == 'IS' else 'is_distinct_from'}({_argument(right)})"
        yield f"{receiver}.bool_op({python_string(operator)})({_argument(right)})"
        return
    argument = _argument(right)
    if operator in _PYTHON_OPERATORS:
        yield f"{receiver} {_PYTHON_OPERATORS[operator]} {_enclosed(argument)}"
    if operator in _METHODS:
        escape = binary.escape
        if escape is None:
            yield f"{receiver}.{_METHODS[operator]}({argument})"
        elif (written := _value(escape)) is not None:
            yield f"{receiver}.{_METHODS[operator]}({argument}, escape={written})"
        yield f"{receiver}.{_METHODS[operator]}({_element(right)})"
    if operator in _COMPARISONS:
        yield f"{receiver}.bool_op({python_string(operator)})({argument})"
    binding = _SQLALCHEMY_BINDING.get(operator)
    precedence = "" if binding is None else f", precedence={binding}"
    yield f"{receiver}.op({python_string(operator)}{precedence})({argument})"
    grouped = f"{_enclosed(_element(right))}.self_group()"
    yield f"{receiver}.self_group().op({python_string(operator)}{precedence})({grouped})"


def _in(expression: In) -> Iterator[str]:
    method = "not_in" if expression.negated else "in_"
    receiver = _receiver(expression.operand)
    if isinstance(expression.among, Opaque):
        operator = "NOT IN" if expression.negated else "IN"
        yield f'{receiver}.bool_op("{operator}")({_element(expression.among)})'
        return
    if expression.among:
        yield f"{receiver}.{method}([{', '.join(map(_argument, expression.among))}])"
        yield f"{receiver}.{method}([{', '.join(map(_element, expression.among))}])"


def _call(call: Call) -> Iterator[str]:
    if call.extra or call.order_by or (call.star and call.name != "count"):
        return
    arguments = ", ".join(map(_argument, call.arguments))
    if call.distinct:
        arguments = f"sa.distinct({arguments})"
    is_plain = call.name.isidentifier() and not keyword.iskeyword(call.name) and not call.name.startswith("_")
    function = f"sa.func.{call.name}" if is_plain else f"getattr(sa.func, {python_string(call.name)})"
    yield f"{function}({arguments})"
    yield f"{function}({', '.join(map(_element, call.arguments))})"


def _case(case: Case) -> Iterator[str]:
    when = _element if case.subject is None else _argument
    for then in (_argument, _element):
        parts = [f"({when(condition)}, {then(result)})" for condition, result in case.branches]
        if case.subject is not None and all(isinstance(condition, Literal) for condition, _ in case.branches):
            # The way for values that type checkers know.
            parts = ["{" + ", ".join(f"{when(value)}: {then(result)}" for value, result in case.branches) + "}"]
        parts += [f"value={_element(case.subject)}"] if case.subject is not None else []
        parts += [f"else_={then(case.otherwise)}"] if case.otherwise is not None else []
        yield f"sa.case({', '.join(parts)})"


def type_code(words: str) -> str | None:
    """Python source of a type (`sa.VARCHAR(20)`) that SQLite is told in exactly these words, or `None`."""
    return next((source for source in _types(words) if _type_says(source, words)), None)


def _types(words: str) -> Iterator[str]:
    name, _, arguments = words.partition("(")
    kind: Any = getattr(sa, name, None)
    if name.isidentifier() and isinstance(kind, type) and issubclass(kind, sa.types.TypeEngine):
        yield f"sa.{name}({arguments.rstrip(')')})"


def _type_says(source: str, words: str) -> bool:
    try:
        return str(eval(source, {"sa": sa}).compile(dialect=sqlite_dialect())) == words
    except Exception:  # a type that takes no such arguments
        return False
