"""A table is made anew and nothing else changes: rows, children, keys, indexes, triggers, views, ids to come."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schemaroot.introspection import ColumnDef, read_catalogue
from schemaroot.migration import op
from schemaroot.migration.operations import AlterColumn, AlterTable

from .bench import Bench, connected

PARENT = 'CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT "old", n INT)'
ROWS = "INSERT INTO parents (id, name, n) VALUES (1, 'a', 1), (2, 'b', NULL), (9, 'ö', 3)"


def rebuilt(bench: Bench, table: str = "parents", column: str = "name") -> None:
    """Changes the default of a column, and finds that nothing but the text of that table has changed."""
    before = bench.dump()
    with connected(bench.path, bench.driver) as connection:
        catalogue = read_catalogue(connection)
    found = next(each for name, each in catalogue.tables.items() if name == table)
    old = found.column(column)
    assert old is not None
    with_default = ColumnDef(**{**vars(old), "default": "'new'"})
    done = bench.run([AlterTable(table, (AlterColumn(with_default),))])
    assert done.executed[0].copied == bench.sql(f'SELECT count(*) FROM "{table.replace(chr(34), chr(34) * 2)}"')[0][0]
    after = bench.dump()

    assert [row for row in after if row[:2] != ("table", table)] == [
        row for row in before if row[:2] != ("table", table)
    ]
    changed = bench.table(table.replace("'", "''"))
    assert changed.column(column) == with_default
    with connected(bench.path, bench.driver) as connection:
        catalogue_after = read_catalogue(connection)
    for kind in ("indexes", "triggers", "views", "virtual_tables"):
        assert getattr(catalogue_after, kind) == getattr(catalogue, kind)
    assert {name: each for name, each in catalogue_after.tables.items() if name != table} == {
        name: each for name, each in catalogue.tables.items() if name != table
    }
    bench.run([AlterTable(table, (AlterColumn(old),))], direction="down")
    assert bench.dump() == before


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "RESTRICT", "NO ACTION", "SET DEFAULT"])
def test_children_keep_their_rows_and_their_reference(bench: Bench, action: str) -> None:
    bench.sql(
        PARENT,
        f"CREATE TABLE children (id INTEGER PRIMARY KEY, p INT DEFAULT 1 REFERENCES parents ON DELETE {action})",
        ROWS,
        "INSERT INTO children (p) VALUES (1), (1), (9), (NULL)",
    )
    rebuilt(bench)

    with pytest.raises(Exception, match="FOREIGN KEY"):
        bench.sql("INSERT INTO children (p) VALUES (77)")


def test_a_table_that_refers_to_itself_keeps_its_tree(bench: Bench) -> None:
    bench.sql(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT, up INT REFERENCES parents (id) ON DELETE CASCADE)",
        "INSERT INTO parents VALUES (1, 'root', NULL), (2, 'leaf', 1), (3, 'leaf', 1), (4, 'deep', 3)",
    )
    rebuilt(bench)

    assert bench.sql("DELETE FROM parents WHERE id = 1", "SELECT count(*) FROM parents") == [(0,)]


def test_tables_that_refer_to_each_other_keep_their_rows(bench: Bench) -> None:
    bench.sql(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT, best INT REFERENCES children (id) ON DELETE CASCADE)",
        "CREATE TABLE children (id INTEGER PRIMARY KEY, p INT NOT NULL REFERENCES parents (id) ON DELETE CASCADE)",
        "INSERT INTO parents VALUES (1, 'a', NULL), (2, 'b', NULL)",
        "INSERT INTO children VALUES (5, 1), (6, 2)",
        "UPDATE parents SET best = id + 4",
    )
    rebuilt(bench)


def test_triggers_on_it_and_elsewhere_go_on(bench: Bench) -> None:
    bench.sql(
        PARENT,
        "CREATE TABLE log (what)",
        "CREATE TABLE others (id INTEGER PRIMARY KEY)",
        "CREATE TRIGGER parents_in AFTER INSERT ON parents WHEN new.n > 5 BEGIN INSERT INTO log VALUES (new.name); END",
        "CREATE TRIGGER parents_up BEFORE UPDATE OF name ON parents BEGIN INSERT INTO log VALUES (old.name); END",
        "CREATE TRIGGER others_in AFTER INSERT ON others BEGIN UPDATE parents SET n = n + 1 WHERE id = 1; END",
        ROWS,
    )
    rebuilt(bench)

    bench.sql("INSERT INTO parents (name, n) VALUES ('z', 6)", "INSERT INTO others VALUES (1)")
    assert bench.sql("SELECT what FROM log") == [("z",)]
    assert bench.sql("SELECT n FROM parents WHERE id = 1") == [(2,)]


def test_views_and_views_of_views_go_on(bench: Bench) -> None:
    bench.sql(
        PARENT,
        "CREATE VIEW big AS SELECT id, name FROM parents WHERE n > 1",
        "CREATE VIEW bigger AS SELECT b.*, p.n FROM big b JOIN parents p USING (id)",
        "CREATE TRIGGER through INSTEAD OF DELETE ON big BEGIN DELETE FROM parents WHERE id = old.id; END",
        ROWS,
    )
    rebuilt(bench)

    assert bench.sql("SELECT * FROM bigger") == [(9, "ö", 3)]
    assert bench.sql("DELETE FROM big", "SELECT count(*) FROM parents") == [(2,)]


def test_all_kinds_of_indexes_stay(bench: Bench) -> None:
    bench.sql(
        PARENT,
        "CREATE UNIQUE INDEX i1 ON parents (name, n)",
        "CREATE INDEX i2 ON parents (n) WHERE n IS NOT NULL AND name <> ''",
        "CREATE INDEX i3 ON parents (lower(name), n + 1 DESC)",
        "CREATE INDEX [i 4] ON parents (name COLLATE NOCASE DESC)",
        ROWS,
    )
    rebuilt(bench)


@pytest.mark.parametrize(
    "columns",
    [
        "id INTEGER PRIMARY KEY, name TEXT CHECK (name <> ''), n INT CONSTRAINT c CHECK (n > 0), CHECK (n < 10)",
        "id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, n INT, UNIQUE (n, name COLLATE RTRIM)",
        "id INTEGER PRIMARY KEY, name TEXT, n INT, twice INT AS (n * 2) VIRTUAL, both AS (name || n) STORED",
        "id INTEGER PRIMARY KEY, name TEXT, n INT DEFAULT (abs(-3)), at TEXT DEFAULT CURRENT_TIMESTAMP, x DEFAULT 1e3",
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'd', n INT UNIQUE ON CONFLICT IGNORE",
        "id INTEGER, name TEXT, n INT, PRIMARY KEY (id, name)",
        "id TEXT PRIMARY KEY, name TEXT, n INT",
        "id INTEGER PRIMARY KEY DESC, name TEXT, n INT",
        "id, name, n",
        "id INT PRIMARY KEY, name TEXT, n REAL) WITHOUT ROWID /*",
        "id INTEGER PRIMARY KEY, name TEXT, n INT) STRICT /*",
        "id ANY PRIMARY KEY, name ANY, n INT) STRICT, WITHOUT ROWID /*",
        "rowid INTEGER, id INTEGER, name TEXT, n INT",
        "rowid INTEGER, _rowid_ TEXT, id INTEGER PRIMARY KEY, oid, name TEXT, n INT",
    ],
)
def test_columns_of_all_kinds_keep_values_and_rules(bench: Bench, columns: str) -> None:
    bench.sql(
        f"CREATE TABLE parents ({columns}\n)",
        "INSERT INTO parents (id, name, n) VALUES (3, 'c', 1), (1, 'a', 2), (7, 'b', 3)",
        "DELETE FROM parents WHERE name = 'a'",
        "INSERT INTO parents (id, name, n) VALUES (2, 'A', 4)",
    )
    rebuilt(bench)


@pytest.mark.parametrize("deleted", [False, True])
def test_the_next_id_is_never_one_that_was_given_before(bench: Bench, deleted: bool) -> None:
    bench.sql(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, n INT)",
        "CREATE TABLE others (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        ROWS,
        *(["DELETE FROM parents WHERE id = 9"] if deleted else []),
    )
    rebuilt(bench)

    assert bench.sql("INSERT INTO parents (name) VALUES ('next')", "SELECT max(id) FROM parents") == [(10,)]


def test_an_emptied_table_keeps_its_next_id(bench: Bench) -> None:
    bench.sql(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, n INT)", ROWS, "DELETE FROM parents"
    )
    rebuilt(bench)

    assert bench.sql("INSERT INTO parents (name) VALUES ('next')", "SELECT id FROM parents") == [(10,)]


def test_rowids_stay_where_there_is_no_integer_key(bench: Bench) -> None:
    bench.sql(
        "CREATE TABLE parents (name TEXT, n INT)",
        "INSERT INTO parents (rowid, name) VALUES (5, 'a'), (-3, 'b'), (99, 'c')",
    )
    rebuilt(bench)

    assert bench.sql("SELECT rowid, name FROM parents ORDER BY rowid") == [(-3, "b"), (5, "a"), (99, "c")]


@pytest.mark.parametrize(
    "name", ['the "best" ones', "select", "größe 🖋", "it's", "a.b[c]`d`", "x" * 80, "_old_it", "TABLE"]
)
def test_names_of_all_kinds_are_taken_as_they_are(bench: Bench, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    bench.sql(
        f"CREATE TABLE {quoted} (id INTEGER PRIMARY KEY, {quoted} TEXT UNIQUE, name TEXT CHECK ({quoted} <> 'no'))",
        f'CREATE INDEX {quoted[:-1]}_i" ON {quoted} ({quoted} DESC) WHERE {quoted} IS NOT NULL',
        f"CREATE TABLE children (p INT REFERENCES {quoted} (id) ON DELETE CASCADE)",
        f'CREATE VIEW {quoted[:-1]}_v" AS SELECT {quoted} FROM {quoted}',
        f'CREATE TRIGGER {quoted[:-1]}_t" AFTER DELETE ON {quoted} BEGIN DELETE FROM children WHERE p = 7; END',
        f"INSERT INTO {quoted} VALUES (1, 'a', 'x'), (2, 'b', NULL)",
        "INSERT INTO children VALUES (1), (2)",
    )
    rebuilt(bench, name)
    rebuilt(bench, name, name)


def test_full_text_search_stays_in_step(bench: Bench) -> None:
    bench.sql(PARENT, ROWS, "UPDATE parents SET name = 'green tea' WHERE id = 9")

    class Search:
        @staticmethod
        def upgrade() -> None:
            op.create_search("parents", ["name"])

    bench.call(Search.upgrade, "0001_search")
    rebuilt(bench)
    assert bench.sql("SELECT rowid FROM parents_search WHERE parents_search MATCH 'tea'") == [(9,)]

    def shout() -> None:
        with op.alter_table("parents") as parents:
            parents.alter_column("name", using=sa.func.replace(sa.column("name"), "tea", "coffee"))

    bench.call(shout, "0003_shout")
    assert bench.sql("SELECT rowid FROM parents_search WHERE parents_search MATCH 'coffee'") == [(9,)]
    assert bench.sql("SELECT rowid FROM parents_search WHERE parents_search MATCH 'tea'") == []
    bench.sql("INSERT INTO parents (name) VALUES ('mint')", "DELETE FROM parents WHERE id = 9")
    assert bench.sql("SELECT name FROM parents_search WHERE parents_search MATCH 'mint'") == [("mint",)]
    assert bench.sql("INSERT INTO parents_search (parents_search, rank) VALUES ('integrity-check', 1)") == []


def test_what_analyze_found_is_still_known(bench: Bench) -> None:
    bench.sql(PARENT, ROWS, "CREATE INDEX i ON parents (n)", "ANALYZE")
    before = bench.sql("SELECT * FROM sqlite_stat1 ORDER BY 1, 2")
    rebuilt(bench)

    assert bench.sql("SELECT * FROM sqlite_stat1 ORDER BY 1, 2") == before


def test_a_rebuild_is_refused_while_foreign_keys_are_enforced(bench: Bench) -> None:
    from schemaroot.migration.errors import OperationInvalidError
    from schemaroot.migration.execute import Executor

    bench.sql(PARENT, ROWS)
    with connected(bench.path, bench.driver) as connection:
        connection.execute("PRAGMA foreign_keys=ON").fetchall()
        connection.execute("BEGIN IMMEDIATE").fetchall()
        with pytest.raises(OperationInvalidError, match="foreign keys are enforced"):
            Executor(connection, "0002_change", "up")


def test_no_row_passes_through_python(bench: Bench) -> None:
    """The bytes that Python asks for do not grow with the rows."""
    import tracemalloc

    bench.sql(PARENT, "CREATE TABLE digits (d)", "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
    bench.sql(
        "INSERT INTO parents (name, n) SELECT a.d || b.d, c.d FROM digits a, digits b, digits c, digits e",
    )
    tracemalloc.start()
    try:
        bench.run([AlterTable("parents", (AlterColumn(ColumnDef("name", "BLOB")),))])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert bench.sql("SELECT count(*) FROM parents") == [(10_000,)]
    assert peak < 3_000_000
