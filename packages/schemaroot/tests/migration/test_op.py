"""What revision files say, in our words and in Alembic's, and what it becomes."""

from __future__ import annotations

import alembic.op
import pytest
import sqlalchemy as sa

from schemaroot.introspection import (
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
)
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.migration import op
from schemaroot.migration import operations as data
from schemaroot.migration.record import record

from .bench import Bench

PEOPLE = TableDef(
    "people",
    (
        ColumnDef("id", "INTEGER", nullable=False),
        ColumnDef("name", "VARCHAR(20)", default="'?'", collation="NOCASE"),
        ColumnDef("age", "INTEGER"),
    ),
    PrimaryKeyDef((KeyPart("id"),)),
    uniques=(UniqueDef((KeyPart("name"),), "uq_name"),),
    checks=(CheckDef("age > 0", "ck_age"),),
    foreign_keys=(ForeignKeyDef(("age",), "ages", name="fk_age"),),
)
KNOWN = Catalogue({"people": PEOPLE})


def test_a_table_is_recorded_with_all_that_its_construct_says() -> None:
    def upgrade() -> None:
        op.create_table(
            "Order lines",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column(
                "order", sa.BigInteger, sa.ForeignKey("orders.id", ondelete="CASCADE"), nullable=False, index=True
            ),
            sa.Column("state", sa.Text(collation="NOCASE"), server_default="open", nullable=False),
            sa.Column("total", sa.REAL, sa.Computed(sa.column("order") * 2, persisted=True)),
            sa.Column("raw", op.sql_type("ANY THING")),
            sa.CheckConstraint(sa.column("state").in_(["open", "it's"]), name="ck_state"),
            sa.UniqueConstraint("order", "state", name="uq"),
            sa.ForeignKeyConstraint(["state"], ["states"], onupdate="SET NULL", deferrable=True, initially="DEFERRED"),
            sqlite_autoincrement=True,
        )

    table, index = record(upgrade)
    assert table == data.CreateTable(
        TableDef(
            "Order lines",
            (
                ColumnDef("id", "INTEGER", nullable=False),
                ColumnDef("order", "BIGINT", nullable=False),
                ColumnDef("state", "TEXT", nullable=False, default="'open'", collation="NOCASE"),
                ColumnDef("total", "REAL", generated='"order" * 2', stored=True),
                ColumnDef("raw", "ANY THING"),
            ),
            PrimaryKeyDef((KeyPart("id"),), autoincrement=True),
            (UniqueDef((KeyPart("order"), KeyPart("state")), "uq"),),
            (CheckDef("state IN ('open', 'it''s')", "ck_state"),),
            (
                ForeignKeyDef(("order",), "orders", ("id",), on_delete="cascade"),
                ForeignKeyDef(("state",), "states", on_update="set null", deferred=True),
            ),
        )
    )
    assert index == data.CreateIndex(IndexDef("ix_Order lines_order", "Order lines", (KeyPart("order"),)))


def test_changes_of_one_table_are_one_operation() -> None:
    def upgrade() -> None:
        name = sa.column("name", sa.Text)
        with op.alter_table("people") as people:
            people.rename_column("age", "years")
            people.alter_column("years", type_=sa.REAL, nullable=False, using=sa.func.coalesce(sa.column("years"), 0.5))
            people.alter_column("name", server_default=None, collation=None)
            people.add_column(sa.Column("short", sa.Text), using=sa.func.substr(name, 1, 1))
            people.drop_constraint("uq_name")
            people.drop_constraint("ck_age")
            people.drop_constraint("fk_age")
            people.add_constraint(sa.CheckConstraint(sa.column("years") >= 0, name="ck_years"))
            people.add_unique("uq_short", ["short"])
            people.add_foreign_key(None, ["years"], "ages", ["n"], ondelete="SET NULL")
            people.set_primary_key("id", autoincrement=True)
            people.set_options(strict=True)

    years = ColumnDef("years", "REAL", nullable=False)
    assert record(upgrade, KNOWN) == [
        data.AlterTable(
            "people",
            (
                data.RenameColumn("age", "years"),
                data.AlterColumn(years, "coalesce(years, 0.5)"),
                data.AlterColumn(ColumnDef("name", "VARCHAR(20)")),
                data.AddColumn(ColumnDef("short", "TEXT"), "substr(name, 1, 1)"),
                data.DropUnique(UniqueDef((), "uq_name")),
                data.DropCheck(CheckDef("", "ck_age")),
                data.DropForeignKey(ForeignKeyDef((), "", name="fk_age")),
                data.AddCheck(CheckDef("years >= 0", "ck_years")),
                data.AddUnique(UniqueDef((KeyPart("short"),), "uq_short")),
                data.AddForeignKey(ForeignKeyDef(("years",), "ages", ("n",), on_delete="set null")),
                data.SetPrimaryKey(PrimaryKeyDef((KeyPart("id"),), autoincrement=True)),
                data.SetOptions(strict=True),
            ),
        )
    ]


def test_scripts_of_alembic_give_the_same_operations() -> None:
    def upgrade() -> None:
        alembic.op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
        alembic.op.add_column("people", sa.Column("mail", sa.Text, unique=True))
        alembic.op.alter_column("people", "age", new_column_name="years", nullable=False, server_default="3")
        alembic.op.create_index(
            "i", "people", ["name", sa.text("lower(mail) DESC")], unique=True, sqlite_where=sa.text("id > 1")
        )
        alembic.op.create_check_constraint("ck", "people", "id > 0")
        alembic.op.create_unique_constraint("uq", "people", ["mail"])
        alembic.op.create_foreign_key("fk", "people", "t", ["id"], ["id"], ondelete="CASCADE")
        alembic.op.drop_constraint("uq_name", "people", type_="unique")
        alembic.op.drop_constraint("fk_age", "people")
        alembic.op.drop_column("people", "name")
        alembic.op.drop_index("i", "people")
        alembic.op.rename_table("t", "u")
        alembic.op.drop_table("u")

    def on_people(*actions: data.Action) -> data.AlterTable:
        return data.AlterTable("people", actions)

    key = ForeignKeyDef(("id",), "t", ("id",), on_delete="cascade", name="fk")
    parts = (KeyPart("name"), KeyPart(expression="lower(mail)", descending=True))
    columns = (ColumnDef("id", "INTEGER", nullable=False), ColumnDef("n", "INTEGER"))
    assert record(upgrade, KNOWN) == [
        data.CreateTable(TableDef("t", columns, PrimaryKeyDef((KeyPart("id"),)))),
        on_people(data.AddColumn(ColumnDef("mail", "TEXT")), data.AddUnique(UniqueDef((KeyPart("mail"),)))),
        on_people(
            data.RenameColumn("age", "years"),
            data.AlterColumn(ColumnDef("years", "INTEGER", nullable=False, default="'3'")),
        ),
        data.CreateIndex(IndexDef("i", "people", parts, unique=True, where="id > 1")),
        on_people(data.AddCheck(CheckDef("id > 0", "ck"))),
        on_people(data.AddUnique(UniqueDef((KeyPart("mail"),), "uq"))),
        on_people(data.AddForeignKey(key)),
        on_people(data.DropUnique(UniqueDef((), "uq_name"))),
        on_people(data.DropForeignKey(ForeignKeyDef((), "", name="fk_age"))),
        on_people(data.DropColumn("name")),
        data.DropIndex("i", "people"),
        data.RenameTable("t", "u"),
        data.DropTable("u"),
    ]


def test_rows_are_changed_by_statements_with_parameters_and_counted(bench: Bench) -> None:
    bench.sql("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INT)")
    people = sa.table("people", sa.column("id", sa.Integer), sa.column("name", sa.Text), sa.column("age", sa.Integer))

    def upgrade() -> None:
        op.bulk_insert(people, [{"id": 1, "name": "it's"}, {"id": 2, "name": "b", "age": 3}])
        op.execute(sa.insert(people).values(name="c", age=4))
        op.execute(sa.update(people).where(people.c.age.in_([3, 4])).values(age=people.c.age + 1), also=["log"])
        op.execute(sa.delete(people).where(people.c.name == "b"))

    done = bench.call(upgrade)
    assert [(each.changed, sorted(each.tables)) for each in done.executed] == [
        (2, ["people"]),
        (1, ["people"]),
        (2, ["log", "people"]),
        (1, ["people"]),
    ]
    assert not any("it's" in sql for sql in done.statements)
    assert done.changed == {"people", "log"}
    assert bench.sql("SELECT * FROM people") == [(1, "it's", None), (3, "c", 5)]


def test_a_plain_new_column_does_not_copy_the_rows(bench: Bench) -> None:
    bench.sql("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO people VALUES (1, 'a')")

    def upgrade() -> None:
        with op.alter_table("people") as people:
            people.add_column(sa.Column("state", sa.Text, nullable=False, server_default="open"))
            people.add_check("ck_state", sa.column("state").in_(["open", "done"]))

    done = bench.call(upgrade)
    assert done.executed[0].statements == (
        "ALTER TABLE \"people\" ADD COLUMN state TEXT NOT NULL DEFAULT 'open'"
        " CONSTRAINT \"ck_state\" CHECK (state IN ('open', 'done'))",
    )
    assert done.executed[0].copied == 0
    assert bench.table("people").checks == (CheckDef("state IN ('open', 'done')", "ck_state"),)
    with pytest.raises(Exception, match="ck_state"):
        bench.sql("UPDATE people SET state = 'x'")


def test_facts_of_each_operation_are_there_for_the_runner(bench: Bench) -> None:
    bench.sql("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO people VALUES (1, 'a'), (2, 'b')")
    seen: list[tuple[str, str]] = []

    def upgrade() -> None:
        with op.alter_table("people") as people:
            people.drop_column("name")
            people.add_column(sa.Column("n", sa.Integer))
        op.rename_table("people", "persons")

    done = bench.call(upgrade, on_statement=lambda sql, place: seen.append((sql, place)))
    alter, rename = done.executed
    assert (alter.copied, dict(alter.kept), alter.tables) == (2, {"_undo_0002_change_people": 2}, frozenset({"people"}))
    assert rename.statements[0] == 'ALTER TABLE "people" RENAME TO "persons"'
    assert done.renamed == {"people": "persons"}
    assert done.changed == {"persons"}
    assert {sql for sql in done.statements} <= {sql for sql, _ in seen}
    assert ('DROP TABLE "_old_people"', "alter_table(people): drop_column(name), add_column(n)") in seen


def test_names_in_a_computed_column_stay_names_also_where_they_need_quotes(bench: Bench) -> None:
    bench.sql('CREATE TABLE t (id INTEGER PRIMARY KEY, "key" INTEGER)', "INSERT INTO t VALUES (1, 7), (2, -7)")

    def upgrade() -> None:
        with op.alter_table("t") as t:
            t.add_column(sa.Column("positive", sa.INTEGER(), sa.Computed(sa.column("key") > 0, persisted=False)))

    bench.call(upgrade)
    assert bench.sql("SELECT positive FROM t ORDER BY id") == [(1,), (0,)]


def test_a_column_with_a_name_of_the_rowid_is_added_too(bench: Bench) -> None:
    bench.sql("CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES ('x')")

    def upgrade() -> None:
        with op.alter_table("t") as t:
            t.add_column(sa.Column("oid", sa.INTEGER(), server_default="7"))

    bench.call(upgrade)
    assert bench.sql("SELECT rowid, a, oid FROM t") == [(1, "x", 7)]
