"""The canonical spelling of SQL expressions: what means the same reads the same, what does not stays apart."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from schemaroot.introspection.sql.expressions import NO_COLUMNS, Scope, canonical

SAME = {
    "status IN ('open' ,'done') and (n)>=0": "status IN ('open', 'done') AND n >= 0",
    "a /* why */ = -- so\n 1": "a = 1",
    '"a" == [b c]': 'a = "b c"',
    "a <> `b`": "a != b",
    "a OR (b OR (c))": "a OR b OR c",
    "(a AND b) OR c": "a AND b OR c",
    "(a OR b) AND c": "(a OR b) AND c",
    "a - (b - c)": "a - (b - c)",
    "(a - b) - c": "a - b - c",
    "a * (b + c)": "a * (b + c)",
    "x ISNULL": "x IS NULL",
    "x NOT NULL": "x IS NOT NULL",
    "x notnull": "x IS NOT NULL",
    "x IS NOT DISTINCT FROM y": "x IS y",
    "x IS DISTINCT FROM y": "x IS NOT y",
    "NOT x IN (1)": "x NOT IN (1)",
    "NOT (x LIKE 'a%')": "x NOT LIKE 'a%'",
    "NOT (a < b)": "a >= b",
    "NOT (x BETWEEN 1 AND 2)": "x NOT BETWEEN 1 AND 2",
    "NOT (a AND b)": "NOT (a AND b)",
    "not a and b": "NOT a AND b",
    "a = NOT b": "a = (NOT b)",
    "- x collate nocase": "-x COLLATE NOCASE",
    "(-x) COLLATE NOCASE": "-x COLLATE NOCASE",
    "a BETWEEN 1 AND (2 OR 3) AND c": "a BETWEEN 1 AND (2 OR 3) AND c",
    "LENGTH( a )": "length(a)",
    "replace(a,'x','y') GLOB 'z*'": "replace(a, 'x', 'y') GLOB 'z*'",
    "a like 'x' escape '\\'": "a LIKE 'x' ESCAPE '\\'",
    "cast(a as varchar ( 10 ))": "CAST(a AS VARCHAR(10))",
    "case a when 1 then 'x' else 'y' end": "CASE a WHEN 1 THEN 'x' ELSE 'y' END",
    "a->'$.x'->>'y'": "a -> '$.x' ->> 'y'",
    "count(distinct a) filter (where b>1)": "count(DISTINCT a) FILTER (WHERE b > 1)",
    "exists(select 1 from t)": "EXISTS (SELECT 1 FROM t)",
    "a in (select  b from t)": "a IN (SELECT b FROM t)",
    "a  not in( )": "a NOT IN ()",
    "(a,b)<(1,2)": "(a, b) < (1, 2)",
    "true": "TRUE",
    '"key"': '"key"',
    "+1": "1",
    "+x": "+x",
    "-(-1)": "-(-1)",
    ".5 + 1.0 + 0x0f + 007": "0.5 + 1.0 + 0xF + 7",
    "x'ab'": "X'AB'",
    "current_timestamp": "CURRENT_TIMESTAMP",
    "'it''s'": "'it''s'",
}


@pytest.mark.parametrize(("sql", "expected"), SAME.items())
def test_spellings_of_one_meaning_have_one_canonical_text(sql: str, expected: str) -> None:
    assert canonical(sql) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a AND b", "a OR b"),
        ("a - b - c", "a - (b - c)"),
        ("a = 'x'", "a = 'X'"),
        ("a", "+a"),
        ("a < b < c", "a < (b < c)"),
        ("a = b COLLATE NOCASE", "(a = b) COLLATE NOCASE"),
        ("'a'", "a"),
        ("1", "1.0"),
        ("-2 || 1", "-(2 || 1)"),
        ("x IN (1, 2)", "x IN (2, 1)"),
        ("like(a, b)", "like(b, a)"),
    ],
)
def test_different_meanings_have_different_texts(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


GROUPED = (
    "1 = 2 = 0",
    "1 < 2 = 1 < 2",
    "NOT 0 = 1 AND 0 OR 1",
    "2 BETWEEN 1 AND 3 = 1",
    "1 + 2 * 3 % 2 - 4 / 2 || '5'",
    "1 | 2 & 4 << 1 + 1",
    "-1 || 2",
    "~1 + 2",
    "NULL IS NULL = 1",
    "3 - 2 - 1 > 4 - (2 - 1)",
    "'a' LIKE 'A' = 1",
    "1 IN (1, 2) IN (1)",
    "0 = NOT 1",
    "NOT NOT 5",
    "1 IS NOT 2 IS 1",
    "5 - -(-3)",
    "2 IN (SELECT 2) AND EXISTS (SELECT 1)",
    "CASE 1 WHEN 1 THEN 2 END + 1",
    "'b' COLLATE NOCASE = 'B' AND 1",
    "1 AND 2 OR 0 AND 0",
    "(1 OR 0) AND 0",
    "'x' || 'y' LIKE 'X_' ESCAPE '!'",
    "1 BETWEEN 0 = 0 AND 2",
)


@pytest.mark.parametrize("sql", GROUPED)
def test_the_canonical_text_has_the_value_of_the_original(sql: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        before = connection.execute(f"SELECT {sql}").fetchone()
        after = connection.execute(f"SELECT {canonical(sql)}").fetchone()

    assert after == before


def test_in_the_scope_of_a_table_a_quoted_word_that_is_no_column_is_the_string_it_means() -> None:
    scope = Scope("t", ("Status", "n"))

    assert canonical('"status" = "open" AND t.N > 1', scope) == "Status = 'open' AND n > 1"
    assert canonical('"now"', NO_COLUMNS) == "'now'"


def test_what_is_no_expression_comes_back_as_its_words() -> None:
    assert canonical("a b  c") == "a b c"
    assert canonical("") == ""
    assert canonical("(") == "("
    assert canonical("(" * 5000 + "1" + ")" * 5000).startswith("((((")
