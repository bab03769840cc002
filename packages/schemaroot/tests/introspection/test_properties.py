"""What holds for every schema and every expression that SQLite accepts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import apsw
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.introspection import Catalogue, read_catalogue
from schemaroot.introspection.python_code import expression_code, sql_of
from schemaroot.introspection.render import create_index, create_table
from schemaroot.introspection.sql.expressions import canonical, parse, write
from schemaroot.introspection.sql.reader import Unreadable
from schemaroot.introspection.sql.statements import parse_index, parse_table
from schemaroot.introspection.sql.tokens import plain, tokenize

from .strategies import expressions, random_schema

COLUMNS = ("a", "b c", "key")
VALUES = st.none() | st.integers(-5, 5) | st.sampled_from(("", "x", "X", "1", "a%", 1.5, b"ab"))


def examples(number: int) -> settings:
    return settings(max_examples=number, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def catalogue_of(statements: Sequence[str], driver: DriverName = "apsw") -> Catalogue:
    chosen = driver_named(driver)
    connection = Connection(chosen, chosen.connect(":memory:", "rwc"), writer=True)
    try:
        for statement in statements:
            connection.execute(statement).fetchall()
        return read_catalogue(connection)
    finally:
        connection.close()


def value_of(sql: str, row: Sequence[Any], *, library: str) -> object:
    """What an expression gives for a row, or the error that it ends in."""
    create = 'CREATE TABLE t (a, "b c" COLLATE NOCASE, key)'
    connection: Any = sqlite3.connect(":memory:") if library == "sqlite3" else apsw.Connection(":memory:")
    with closing(connection):
        connection.execute(create)
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", tuple(row))
        try:
            return connection.execute(f"SELECT typeof({sql}), quote({sql}) FROM t").fetchall()
        except (sqlite3.Error, apsw.Error) as error:
            return str(error).removeprefix("SQLError: ")


@examples(60)
@given(expressions(COLUMNS))
def test_the_canonical_text_is_canonical(sql: str) -> None:
    text = canonical(sql)

    assert canonical(text) == text
    try:
        assert parse(text) == parse(sql)
    except Unreadable:
        assert text == plain(tokenize(sql))


@examples(150)
@given(expressions(COLUMNS), st.tuples(VALUES, VALUES, VALUES))
def test_the_canonical_text_has_the_value_of_the_original(sql: str, row: tuple[Any, ...]) -> None:
    assert value_of(canonical(sql), row, library="apsw") == value_of(sql, row, library="apsw")


@examples(60)
@given(expressions(COLUMNS))
def test_every_expression_that_sqlite_accepts_is_parsed(sql: str) -> None:
    """Not merely kept as words."""
    if isinstance(value_of(sql, (1, "x", None), library="apsw"), list):
        assert write(parse(sql))


@examples(50)
@given(expressions(COLUMNS))
def test_source_of_sqlalchemy_says_what_the_sql_said(sql: str) -> None:
    assert sql_of(eval(expression_code(sql), {"sa": sa})) == canonical(sql)


@examples(40)
@given(random_schema(alter=True))
def test_every_schema_is_read_and_agrees_with_what_sqlite_says_of_it(statements: list[str]) -> None:
    catalogue = catalogue_of(statements)

    assert catalogue_of(statements, "sqlite3") == catalogue


@examples(40)
@given(random_schema(alter=True))
def test_what_is_rendered_is_read_as_it_was(statements: list[str]) -> None:
    catalogue = catalogue_of(statements)

    for table in catalogue.tables.values():
        assert parse_table(create_table(table)) == table
        assert create_table(parse_table(create_table(table))) == create_table(table)
    for index in catalogue.indexes.values():
        assert parse_index(create_index(index), catalogue.tables[index.table]) == index
    rendered = [*map(create_table, catalogue.tables.values()), *map(create_index, catalogue.indexes.values())]
    assert catalogue_of(rendered) == catalogue


@pytest.mark.soak
@examples(2000)
@given(random_schema(alter=True))
def test_thousands_of_schemas_come_back_as_they_were(statements: list[str]) -> None:
    catalogue = catalogue_of(statements)

    rendered = [*map(create_table, catalogue.tables.values()), *map(create_index, catalogue.indexes.values())]
    assert catalogue_of(rendered) == catalogue
