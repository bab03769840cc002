"""Strategies for Hypothesis: random SQL expressions, and random schemas as SQLite accepts them.

`random_schema()` gives statements in every spelling that SQLite's grammar allows: quotes of each kind, comments,
constraints at columns and at tables, options, types of several words. What SQLite refuses is left out, so that every
statement runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache

import apsw
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from schemaroot.introspection.sql.tokens import ascii_upper, needs_quotes

NAMES = ("a", "b", "Name", "b c", "select", "key", 'na"me', "größe", "x`y", "a]b", "1st", "true", "'", "-- x", "Order")
TYPES = (
    *("", "INTEGER", "integer", "INT", "TEXT", "REAL", "BLOB", "ANY", "varchar(20)", "DECIMAL ( 10 , -2 )"),
    *("double  precision", "unsigned big int", "[odd-type]", '"my type"', "NUMERIC"),
)
STRICT_TYPES = ("INTEGER", "INT", "TEXT", "REAL", "BLOB", "any")
LITERALS = (
    *("0", "1", "-1", "+1", "007", "1.50", ".5", "1e3", "0x1F", "9223372036854775807", "9223372036854775808"),
    *("'x'", "''", "'it''s'", "'a%'", "x'6b'", "X''", "NULL", "true", "FALSE"),
)
SPACES = (" ", " ", " ", "  ", "\n", "\t", " /* a, comment ) */ ", " -- to the end\n")
FUNCTIONS = ("length", "LOWER", "abs", "typeof", "quote", "Hex", "json_valid")
OPERATORS = (
    *("=", "==", "!=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "||", "&", "|", "<<", ">>"),
    *("AND", "OR", "and", "IS", "is not", "IS NOT DISTINCT FROM", "IS DISTINCT FROM", "LIKE", "not like", "GLOB"),
)
CONFLICTS = ("", "", "", " ON CONFLICT ABORT", " on conflict ignore", " ON CONFLICT REPLACE", " ON CONFLICT ROLLBACK")
ACTIONS = ("SET NULL", "SET DEFAULT", "CASCADE", "restrict", "NO ACTION")


@cache
def spelt(name: str) -> SearchStrategy[str]:
    """A name in one of the ways to write it."""
    ways = ['"' + name.replace('"', '""') + '"', "`" + name.replace("`", "``") + "`"]
    ways += [f"[{name}]"] if "]" not in name else []
    ways += [] if needs_quotes(name) else [name, ascii_upper(name), name]
    return st.sampled_from(ways)


def spaced(words: Sequence[str]) -> SearchStrategy[str]:
    """Words with some white space, or a comment, between them."""
    gaps = st.lists(st.sampled_from(SPACES), min_size=len(words) - 1, max_size=len(words) - 1)
    return gaps.map(lambda found: "".join(gap + word for gap, word in zip(["", *found], words, strict=True)))


@cache
def expressions(columns: tuple[str, ...], *, table: str = "") -> SearchStrategy[str]:
    """Expressions over columns; their functions give the same for the same row."""
    names = st.sampled_from(columns).flatmap(spelt) if columns else st.sampled_from(LITERALS)
    if table and columns:
        names = names | st.tuples(spelt(table), names).map(".".join)
    return st.recursive(names | st.sampled_from(LITERALS), _longer, max_leaves=8)


def _longer(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    """Expressions made of smaller ones."""

    def of(*parts: str | SearchStrategy[str]) -> SearchStrategy[str]:
        chosen = [st.just(part) if isinstance(part, str) else part for part in parts]
        return st.tuples(*chosen).flatmap(spaced)

    some = st.sampled_from
    # No empty list: SQLite forgets what stands before `IN ()`, so that RENAME COLUMN leaves an old name there.
    listed = st.lists(inner, min_size=1, max_size=3).map(lambda items: f"({', '.join(items)})")
    return st.one_of(
        of(inner, some(OPERATORS), inner),
        of(inner, some(OPERATORS), inner, some(OPERATORS), inner),
        of("(", inner, ")"),
        of(some(("NOT", "-", "+", "~")), inner),
        of(inner, some(("ISNULL", "NOTNULL", "NOT NULL", "IS NULL", "is not null"))),
        of(inner, some(("BETWEEN", "not between")), inner, "AND", inner),
        of(inner, some(("IN", "NOT IN")), listed),
        of(inner, some(("LIKE", "NOT LIKE")), inner, "ESCAPE", some(("'!'", "'\\'"))),
        of("CASE", inner, "WHEN", inner, "THEN", inner, "ELSE", inner, "END"),
        of("case when", inner, "then", inner, "end"),
        of("CAST(", inner, "AS", some(("TEXT", "INTEGER", "real", "varchar ( 10 )")), ")"),
        of(inner, some(("COLLATE NOCASE", "collate binary"))),
        of(some(FUNCTIONS), "(", inner, ")"),
        of("coalesce(", inner, ",", inner, ")"),
        of("replace(", inner, ", 'x' ,", inner, ")"),
    )


# --- schemas ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Columns:
    """The names of a table's columns, those that hold values and those that are computed."""

    table: str
    plain: tuple[str, ...]
    computed: tuple[str, ...]

    @property
    def every(self) -> tuple[str, ...]:
        return (*self.plain, *self.computed)


@st.composite
def random_schema(draw: DrawFn, *, tables: int = 3, alter: bool = False) -> list[str]:
    """CREATE statements of tables and indexes that SQLite accepts one after the other.

    Args:
        draw: given by Hypothesis.
        tables: the most tables.
        alter: whether ALTER TABLE statements follow.
    """
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=tables, unique_by=str.lower))
    names = [f"{name} t" if draw(st.booleans()) else f"T{index}{name}" for index, name in enumerate(names)]
    statements: list[str] = []
    for name in names:
        columns = draw(_columns(name))
        statements.append(draw(_table(columns, names)))
        for number in range(draw(st.integers(0, 2))):
            statements.append(draw(_index(columns, f"i{number} {name}")))
        if alter:
            statements += draw(st.lists(_alteration(columns), max_size=2))
    return accepted(statements)


def accepted(statements: Sequence[str]) -> list[str]:
    """Those of the statements that both SQLite libraries run, one after the other."""
    taken: list[str] = []
    with closing(sqlite3.connect(":memory:")) as older, closing(apsw.Connection(":memory:")) as newer:
        for statement in statements:
            try:
                newer.execute("SAVEPOINT one")
                newer.execute(statement)
                older.execute(statement)
            except (sqlite3.Error, apsw.Error):
                newer.execute("ROLLBACK TO one")
                continue
            taken.append(statement)
    return taken


@st.composite
def _columns(draw: DrawFn, table: str) -> _Columns:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique_by=str.lower))
    computed = draw(st.integers(0, min(2, len(names) - 1)))
    return _Columns(table, tuple(names[: len(names) - computed]), tuple(names[len(names) - computed :]))


@st.composite
def _table(draw: DrawFn, columns: _Columns, tables: Sequence[str]) -> str:
    strict = draw(st.booleans())
    keyed = draw(st.sampled_from(("column", "table", "none")))
    items: list[str] = []
    for position, name in enumerate(columns.every):
        words = [draw(spelt(name)), draw(st.sampled_from(STRICT_TYPES if strict else TYPES))]
        if name in columns.computed:
            how = draw(st.sampled_from(("GENERATED ALWAYS AS", "as")))
            kept = draw(st.sampled_from(("", "STORED", "virtual")))
            words.append(f"{how} ({draw(expressions(columns.plain))}) {kept}")
        elif draw(st.booleans()):
            words.append(draw(_default()))
        words += draw(st.lists(_column_constraint(columns, tables), max_size=2))
        if position == 0 and keyed == "column":
            words[1] = "INTEGER" if draw(st.booleans()) else words[1]
            order = draw(st.sampled_from(("", "ASC", "DESC")))
            conflict = draw(st.sampled_from(CONFLICTS))
            automatic = draw(st.sampled_from(("", "", " AUTOINCREMENT")))
            words.insert(2, f"{draw(_constraint_name())}PRIMARY KEY {order}{conflict}{automatic}")
        items.append(draw(spaced([word for word in words if word])))
    constraints = draw(st.lists(_table_constraint(columns, tables), max_size=3))
    if keyed == "table":
        parts = ", ".join(draw(_key_parts(columns.plain)))
        constraints.append(f"{draw(_constraint_name())}PRIMARY KEY ({parts}){draw(st.sampled_from(CONFLICTS))}")
    comma = draw(st.sampled_from((" , ", " ")))
    body = ", ".join(items) + "".join(
        (", " if index == 0 else comma) + constraint for index, constraint in enumerate(constraints)
    )
    options = [*(["STRICT"] if strict else [])]
    options += ["without  rowid"] if keyed != "none" and draw(st.booleans()) else []
    tail = ", ".join(draw(st.permutations(options)))
    return f"CREATE{draw(st.sampled_from(SPACES))}TABLE {draw(spelt(columns.table))} ({body}) {tail}".strip()


@cache
def _default() -> SearchStrategy[str]:
    literal = st.sampled_from((*LITERALS, "word", '"quoted"', "current_timestamp", "CURRENT_DATE", "-'a'"))
    return literal.map("DEFAULT {}".format) | (st.sampled_from(LITERALS) | expressions(())).map("default ({})".format)


@cache
def _constraint_name() -> SearchStrategy[str]:
    return st.just("") | st.sampled_from(NAMES).flatmap(spelt).map("CONSTRAINT {} ".format)


@st.composite
def _column_constraint(draw: DrawFn, columns: _Columns, tables: Sequence[str]) -> str:
    conflict = draw(st.sampled_from(CONFLICTS))
    written = draw(
        st.sampled_from((f"NOT NULL{conflict}", f"UNIQUE{conflict}", "NULL", "COLLATE nocase", "COLLATE RTRIM"))
        | expressions(columns.every, table=columns.table).map("CHECK ({})".format)
        | _reference(tables)
    )
    return draw(_constraint_name()) + written


@st.composite
def _reference(draw: DrawFn, tables: Sequence[str]) -> str:
    words = [f"REFERENCES {draw(spelt(draw(st.sampled_from([*tables, 'elsewhere']))))}"]
    words += draw(st.sampled_from(([], ["(a)"], ['("b c")'])))
    words += [f"ON DELETE {draw(st.sampled_from(ACTIONS))}"] if draw(st.booleans()) else []
    words += [f"on update {draw(st.sampled_from(ACTIONS))}"] if draw(st.booleans()) else []
    words += draw(st.sampled_from(([], ["MATCH FULL"], ["MATCH simple"])))
    deferral = ("", "DEFERRABLE", "NOT DEFERRABLE INITIALLY DEFERRED", "deferrable initially deferred")
    return draw(spaced([*words, draw(st.sampled_from(deferral))]))


@st.composite
def _table_constraint(draw: DrawFn, columns: _Columns, tables: Sequence[str]) -> str:
    name = draw(_constraint_name())
    match draw(st.sampled_from(("check", "unique", "reference"))):
        case "check":
            return f"{name}CHECK ({draw(expressions(columns.every, table=columns.table))})"
        case "unique":
            return f"{name}UNIQUE ({', '.join(draw(_key_parts(columns.every)))}){draw(st.sampled_from(CONFLICTS))}"
        case _:
            column = draw(spelt(draw(st.sampled_from(columns.plain))))
            return f"{name}FOREIGN KEY ({column}) {draw(_reference(tables))}"


@st.composite
def _key_parts(draw: DrawFn, columns: Sequence[str]) -> list[str]:
    chosen = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=3, unique=True))
    return [draw(_ordered(draw(spelt(name)))) for name in chosen]


@cache
def _ordered(written: str) -> SearchStrategy[str]:
    tails = ("", "", "", " ASC", " DESC", " COLLATE NOCASE", " collate binary desc")
    return st.sampled_from(tails).map(lambda tail: written + tail)


@st.composite
def _index(draw: DrawFn, columns: _Columns, name: str) -> str:
    parts = draw(_key_parts(columns.every))
    if draw(st.booleans()):
        parts.append(draw(_ordered(f"({draw(expressions(columns.every))})")))
    unique = draw(st.sampled_from(("", " UNIQUE")))
    where = f" WHERE {draw(expressions(columns.every))}" if draw(st.booleans()) else ""
    return f"CREATE{unique} INDEX {draw(spelt(name))} ON {draw(spelt(columns.table))} ({', '.join(parts)}){where}"


@st.composite
def _alteration(draw: DrawFn, columns: _Columns) -> str:
    table = draw(spelt(columns.table))
    column = draw(st.sampled_from(columns.every))
    match draw(st.sampled_from(("add", "rename", "drop"))):
        case "add":
            words = ["added", draw(st.sampled_from(TYPES)), draw(_default()), draw(_column_constraint(columns, ()))]
            return f"ALTER TABLE {table} ADD COLUMN {draw(spaced([word for word in words if word]))}"
        case "rename":
            return f"ALTER TABLE {table} RENAME COLUMN {draw(spelt(column))} TO {draw(spelt('re named'))}"
        case _:
            return f"ALTER TABLE {table} DROP COLUMN {draw(spelt(column))}"
