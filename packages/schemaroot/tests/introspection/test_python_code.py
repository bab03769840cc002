"""SQL expressions as SQLAlchemy source: it runs, and says what the SQL said."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schemaroot.introspection.python_code import default_code, expression_code, python_string, sql_of, type_code
from schemaroot.introspection.sql.expressions import canonical


def run(source: str) -> Any:
    return eval(source, {"sa": sa})


CODE = {
    "status IN ('open', 'done') AND n >= 0": (
        'sa.and_(sa.column("status").in_(["open", "done"]), sa.column("n") >= 0)'
    ),
    "a OR (b OR c) AND NOT d": (
        'sa.or_(sa.column("a"), sa.and_(sa.or_(sa.column("b"), sa.column("c")), sa.not_(sa.column("d"))))'
    ),
    "x IS NULL": 'sa.column("x").is_(None)',
    "x IS NOT NULL": 'sa.column("x").is_not(None)',
    "x IS y": 'sa.column("x").is_not_distinct_from(sa.column("y"))',
    "x IS NOT 'a'": 'sa.column("x").bool_op("IS NOT")("a")',
    "a NOT BETWEEN -1 AND b + 1": 'sa.not_(sa.column("a").between(-1, sa.column("b") + 1))',
    "length(x) <= 5": 'sa.func.length(sa.column("x")) <= 5',
    "-x COLLATE NOCASE = 'a'": '(-sa.column("x")).collate("NOCASE") == "a"',
    "CASE WHEN a > 1 THEN 'x' ELSE b END": 'sa.case((sa.column("a") > 1, "x"), else_=sa.column("b"))',
    "CASE a WHEN 1 THEN 'x' END": 'sa.case({1: "x"}, value=sa.column("a"))',
    "CAST(a AS VARCHAR(10))": 'sa.cast(sa.column("a"), sa.VARCHAR(10))',
    "a LIKE 'x!%' ESCAPE '!'": 'sa.column("a").like("x!%", escape="!")',
    "a GLOB 'x*'": 'sa.column("a").bool_op("GLOB")("x*")',
    "a -> '$.x' ->> 'y'": 'sa.column("a").op("->", precedence=15)("$.x").op("->>", precedence=15)("y")',
    "a / 2 > 1": 'sa.column("a").op("/", precedence=8)(2) > 1',
    "a + 'x'": 'sa.column("a").op("+", precedence=7)("x")',
    "(a > 1) + (b > 1) = 1": '(sa.column("a") > 1).op("+", precedence=7)(sa.column("b") > 1) == 1',
    "a || 'x' || b": 'sa.column("a").concat("x").concat(sa.column("b"))',
    "count(DISTINCT x)": 'sa.func.count(sa.distinct(sa.column("x")))',
    "(a, b) < (1, 2)": 'sa.tuple_(sa.column("a"), sa.column("b")) < sa.tuple_(1, 2)',
    "iif(\"key\", 'it''s', CURRENT_TIMESTAMP)": ('sa.func.iif(sa.column("key"), "it\'s", sa.func.current_timestamp())'),
    # What SQLAlchemy cannot say stays SQL, as little as can be.
    "a AND +b > 1": 'sa.and_(sa.column("a"), sa.literal_column("+b") > 1)',
    "x IN ()": 'sa.literal_column("x IN ()")',
    "x IN (SELECT 1)": 'sa.column("x").bool_op("IN")(sa.literal_column("(SELECT 1)"))',
    "a = TRUE AND b = X'AB'": (
        'sa.and_(sa.column("a") == sa.literal_column("TRUE"), sa.column("b") == sa.literal_column("X\'AB\'"))'
    ),
    "no  such thing": 'sa.literal_column("no such thing")',
}


@pytest.mark.parametrize(("sql", "code"), CODE.items())
def test_an_expression_is_said_in_the_words_of_sqlalchemy(sql: str, code: str) -> None:
    assert expression_code(sql) == code
    assert sql_of(run(code)) == canonical(sql)


def test_a_default_that_is_a_text_is_a_plain_string() -> None:
    assert default_code("'it''s'") == '"it\'s"'
    assert default_code("0") == "sa.literal(0)"
    assert default_code("CURRENT_TIMESTAMP") == "sa.func.current_timestamp()"


def test_a_type_is_said_where_sqlalchemy_writes_the_same_words() -> None:
    assert type_code("VARCHAR(20)") == "sa.VARCHAR(20)"
    assert type_code("NUMERIC(10, 2)") == "sa.NUMERIC(10, 2)"
    assert type_code("INTEGER") == "sa.INTEGER()"
    assert type_code("UNSIGNED BIG INT") is None
    assert type_code("column") is None
    assert type_code("") is None


@pytest.mark.parametrize("value", ["", "a", "'", '"', "a'b", 'a"b', '\'""', "'\"", "\\", "\\'", "\n\t\0", "é\u2028😀"])
def test_a_string_comes_back_from_its_source(value: str) -> None:
    assert run(python_string(value)) == value


def test_values_of_a_case_stand_in_a_dict_as_type_checkers_want_them() -> None:
    sql = "CASE state WHEN 'new' THEN 'open' WHEN 'old' THEN 'done' ELSE state END"

    assert expression_code(sql) == (
        'sa.case({"new": "open", "old": "done"}, value=sa.column("state"), else_=sa.column("state"))'
    )
