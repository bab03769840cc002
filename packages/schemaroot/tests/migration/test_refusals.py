"""What does not fit is refused before it runs, by the operation's name, with the reason and the way out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from schemaroot.errors import SchemarootError
from schemaroot.migration import op
from schemaroot.migration.errors import (
    OperationFailedError,
    OperationInvalidError,
    RawSqlRefusedError,
    TransactionEndedError,
)
from schemaroot.migration.execute import Executor
from schemaroot.migration.op import running

from .bench import Bench, connected

SCHEMA = (
    "CREATE TABLE cities (id INTEGER PRIMARY KEY, code TEXT UNIQUE)",
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INT, code TEXT REFERENCES cities (code),"
    " twice AS (age * 2), CONSTRAINT ck_age CHECK (age >= 0), CONSTRAINT uq_name UNIQUE (name))",
    "CREATE TABLE points (x INT, y INT, z INT, PRIMARY KEY (x, y))",
    "CREATE INDEX people_code ON people (code)",
    "CREATE VIEW adults AS SELECT name FROM people WHERE age > 17",
    "CREATE TRIGGER cap AFTER INSERT ON cities BEGIN UPDATE points SET z = 0; END",
    "INSERT INTO cities VALUES (1, 'x'), (2, 'y')",
    "INSERT INTO people (id, name, age, code) VALUES (1, 'Ada', 36, 'x'), (2, 'Bo', NULL, 'y')",
)


def changes(table: str, change: Callable[..., object]) -> Callable[[], None]:
    def run() -> None:
        with op.alter_table(table) as made:
            change(made)

    return run


def refused(bench: Bench, steps: Callable[[], object]) -> SchemarootError:
    """The refusal of steps, after which everything is as it was."""
    before = bench.dump()
    with pytest.raises(SchemarootError) as caught:
        bench.call(lambda: [steps(), None][1])
    assert bench.dump() == before
    assert bench.kept() == []
    return caught.value


REFUSALS: dict[str, tuple[Callable[[], object], str, str]] = {
    "unknown table": (lambda: op.drop_table("nobody"), "there is no table nobody", "cities, people, points"),
    "unknown table to alter": (changes("nobody", lambda t: t.drop_column("x")), "there is no table nobody", "cities"),
    "unknown column": (changes("people", lambda t: t.drop_column("x")), "people has no column x", "id, name, age"),
    "unknown column to alter": (changes("people", lambda t: t.alter_column("x")), "people has no column x", "id, name"),
    "unknown column to rename": (
        changes("people", lambda t: t.rename_column("x", "y")),
        "people has no column x",
        "id, name",
    ),
    "unknown check": (changes("people", lambda t: t.drop_check("ck_x")), "no constraint ck_x", "ck_age"),
    "unknown unique": (changes("people", lambda t: t.drop_unique("uq_x")), "no constraint uq_x", "uq_name"),
    "unknown foreign key": (changes("people", lambda t: t.drop_foreign_key(columns=["age"])), "no constraint", ""),
    "unknown index": (lambda: op.drop_index("i", "people"), "there is no index i on people", "people_code"),
    "unknown search": (lambda: op.drop_search("people"), "there is no full-text index people_search", ""),
    "table there": (lambda: op.create_table("people", sa.Column("x", sa.Text)), "the name people is taken", "another"),
    "view there": (lambda: op.rename_table("people", "ADULTS"), "the name ADULTS is taken already", "another"),
    "column there": (
        changes("people", lambda t: t.add_column(sa.Column("NAME", sa.Text))),
        "people has a column NAME already",
        "",
    ),
    "column there to rename to": (
        changes("people", lambda t: t.rename_column("age", "name")),
        "people has a column name already",
        "",
    ),
    "constraint there": (
        changes("people", lambda t: t.add_check("ck_age", sa.column("age") > 1)),
        "a constraint ck_age already",
        "",
    ),
    "index there": (lambda: op.create_index("people_code", "people", ["name"]), "people_code is taken already", ""),
    "column of the key": (
        changes("points", lambda t: t.drop_column("y")),
        "the primary key of points",
        "set_primary_key",
    ),
    "column of a unique key": (changes("people", lambda t: t.drop_column("name")), "UNIQUE uq_name", "drop_unique"),
    "column of a foreign key": (changes("people", lambda t: t.drop_column("code")), "foreign key", "drop_foreign_key"),
    "column of a check": (changes("people", lambda t: t.drop_column("age")), "no such column: age", "check"),
    "column of an index": (
        changes("people", lambda t: (t.drop_foreign_key(columns=["code"]), t.drop_column("code"))),
        "no such column: code",
        "an index",
    ),
    "column of a view": (
        changes("people", lambda t: (t.drop_unique("uq_name"), t.drop_column("name"))),
        "the view adults would not work any more (no such column: name)",
        "Drop it",
    ),
    "column of a trigger": (
        changes("points", lambda t: t.drop_column("z")),
        "the trigger cap would not work any more",
        "Drop it",
    ),
    "column that others refer to": (
        changes("cities", lambda t: (t.drop_unique(columns=["code"]), t.drop_column("code"))),
        "foreign key mismatch",
        "",
    ),
    "key that others refer to": (
        changes("cities", lambda t: t.drop_unique(columns=["code"])),
        "foreign key mismatch",
        "",
    ),
    "table that others refer to": (lambda: op.drop_table("cities"), "refers to cities, which is not there", "Drop"),
    "table of a view": (lambda: op.drop_table("people"), "the view adults would not work any more", "Drop it"),
    "only column": (
        lambda: (op.create_table("one", sa.Column("x", sa.Text)), changes("one", lambda t: t.drop_column("x"))()),
        "one would have no column",
        "Drop the table",
    ),
    "no value for NOT NULL": (
        changes("people", lambda t: t.add_column(sa.Column("x", sa.Text, nullable=False))),
        "x must not be NULL and the 2 rows of people have no value for it",
        "using=",
    ),
    "NULL in NOT NULL": (
        changes("people", lambda t: t.alter_column("age", nullable=False)),
        "age must not be NULL and 1 rows of people hold NULL",
        "coalesce",
    ),
    "column of a new index": (lambda: op.create_index("i", "people", ["x"]), "people has no column x", "id, name"),
    "column of a new search": (lambda: op.create_search("people", ["x"]), "people has no column x", "id, name"),
    "search without an integer key": (lambda: op.create_search("points", ["z"]), "points has no integer key", ""),
    "unknown function": (
        changes("people", lambda t: t.add_check("c", sa.func.nonsense(sa.column("age")) > 1)),
        "no such function",
        "",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_does_not_fit_is_refused_by_name(bench: Bench, case: str) -> None:
    steps, reason, hint = REFUSALS[case]
    bench.sql(*SCHEMA)
    error = refused(bench, steps)

    assert isinstance(error, OperationInvalidError), error
    assert error.code == "OPERATION_INVALID"
    assert reason in error.reason
    assert hint in error.hint
    assert error.operation in error.message


def test_a_search_stands_against_renames_of_what_it_is_over(bench: Bench) -> None:
    bench.sql(*SCHEMA)
    bench.call(lambda: op.create_search("people", ["name"]), "0001_search")
    for steps in (
        lambda: op.rename_table("people", "persons"),
        changes("people", lambda t: t.rename_column("name", "title")),
        lambda: op.drop_table("people"),
    ):
        with pytest.raises(OperationInvalidError, match="full-text index people_search") as caught:
            bench.call(lambda steps=steps: [steps(), None][1])
        assert "op.drop_search('people')" in caught.value.hint


def test_rows_that_break_a_new_rule_are_a_failure_that_names_the_operation(bench: Bench) -> None:
    bench.sql(*SCHEMA)
    error = refused(bench, changes("people", lambda t: t.add_check("ck_old", sa.column("age") > 40)))

    assert isinstance(error, OperationFailedError)
    assert error.code == "OPERATION_FAILED"
    assert error.operation == "alter_table(people): add_check(ck_old)"
    assert "ck_old" in error.reason
    assert error.sql.startswith("INSERT INTO")
    assert "using=" in error.hint


def test_duplicates_under_a_new_unique_index_are_a_failure(bench: Bench) -> None:
    bench.sql(*SCHEMA, "INSERT INTO people (name, age) VALUES ('Cy', 36)")
    error = refused(bench, lambda: op.create_index("people_age", "people", ["age"], unique=True))

    assert isinstance(error, OperationFailedError)
    assert "people (age)" in error.reason


def test_a_step_that_leaves_a_reference_to_nothing_is_refused(bench: Bench) -> None:
    bench.sql(*SCHEMA)
    cities = sa.table("cities", sa.column("id"))
    error = refused(bench, lambda: op.execute(sa.delete(cities).where(cities.c.id == 1)))

    assert isinstance(error, OperationInvalidError)
    assert "1 rows of people refer to rows of cities that are not there" in error.reason


TEXTS: dict[str, Callable[[], object]] = {
    "a string": lambda: op.execute("DELETE FROM people"),
    "text": lambda: op.execute(sa.text("DELETE FROM people")),
    "text inside": lambda: op.execute(sa.delete(sa.table("people")).where(sa.text("1"))),
    "a question": lambda: op.execute(sa.select(sa.table("people", sa.column("id")))),
    "the connection": op.get_bind,
    "batch mode": lambda: op.batch_alter_table("people"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_sql_as_text_and_doors_behind_are_refused(bench: Bench, case: str) -> None:
    bench.sql(*SCHEMA)
    error = refused(bench, TEXTS[case])

    assert isinstance(error, RawSqlRefusedError)
    assert error.code == "RAW_SQL_REFUSED"


@pytest.mark.parametrize("verbs", [["COMMIT"], ["ROLLBACK"], ["COMMIT", "BEGIN IMMEDIATE"], ["ROLLBACK", "BEGIN"]])
@pytest.mark.parametrize("last", [True, False])
def test_a_revision_that_ends_its_transaction_is_found_out(bench: Bench, verbs: list[str], last: bool) -> None:
    bench.sql(*SCHEMA)
    with connected(bench.path, bench.driver) as connection:
        connection.execute("PRAGMA foreign_keys=OFF").fetchall()
        connection.execute("BEGIN IMMEDIATE").fetchall()
        with pytest.raises(TransactionEndedError) as caught, running(Executor(connection, "0002_change", "up")):
            op.create_index("i", "people", ["age"])
            for verb in verbs:
                connection.execute(verb).fetchall()
            if not last:
                op.create_index("j", "people", ["age"])
        connection.rollback()

    assert caught.value.code == "TRANSACTION_ENDED"


def test_an_operation_outside_of_a_revision_says_so() -> None:
    with pytest.raises(SchemarootError, match="while no revision runs"):
        op.drop_table("people")
