"""The declared tables in real databases: what they keep, what they refuse, and what follows what."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable, SetColumnComment, SetTableComment

from promptliano.schema import APPLICATION_ID, TABLES, Task
from schemaroot import Table, declaration_of
from schemaroot.schema.sqlalchemy import DialectName, metadata

GOLDEN = Path(__file__).parents[1] / "golden"
DIALECTS: dict[DialectName, sa.Dialect] = {"sqlite": SQLiteDialect(), "postgresql": PGDialect()}  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped

Made = tuple[sa.Connection, sa.MetaData]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, sa.MetaData]:
    """A database file with all tables and no rows, and the tables as SQLAlchemy knows them."""
    file = tmp_path_factory.mktemp("tables") / "empty.db"
    tables = metadata(TABLES, "sqlite")
    engine = sa.create_engine(f"sqlite:///{file}")
    tables.create_all(engine)
    engine.dispose()
    return file, tables


@pytest.fixture
def made(empty: tuple[Path, sa.MetaData], tmp_path: Path) -> Iterator[Made]:
    """A connection to a database with all tables and no rows, with foreign keys on."""
    file = shutil.copy(empty[0], tmp_path / "tables.db")
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        connection.execute(sa.text("PRAGMA foreign_keys=ON"))
        yield connection, empty[1]
    engine.dispose()


ROWS: dict[str, dict[str, Any]] = {
    "projects": {"name": "shop", "path": "/code/shop"},
    "tickets": {"project_id": 1, "title": "a ticket"},
    "tasks": {"ticket_id": 1, "content": "a task"},
    "chats": {"project_id": 1, "title": "a chat"},
    "chat_messages": {"chat_id": 1, "role": "user", "content": ""},
    "files": {"project_id": 1, "path": "src/a.ts", "name": "a.ts"},
    "selected_files": {"project_id": 1, "file_id": 1},
    "prompts": {"title": "a prompt", "content": "do it"},
    "prompt_projects": {"prompt_id": 1, "project_id": 1},
    "agents": {"project_id": 1, "slug": "writer", "name": "Writer", "configuration": "{}"},
    "queues": {"project_id": 1, "name": "a queue"},
    "queue_items": {"queue_id": 1, "ticket_id": 1, "available": 0, "enqueued": 0},
    "user_preferences": {"user": "dana", "key": "theme", "value": '"dark"'},
    "settings": {"key": "theme", "value": "null"},
    "archive": {"source": "old", "source_table": "keys", "source_id": "1", "payload": "{}", "reason": "no home"},
}
"""A least row of each table; what it leaves out, the database fills in."""


def add(made: Made, table: str, **values: Any) -> int:
    """Insert a least row with some values changed, and return its id."""
    connection, tables = made
    target = tables.tables[table]
    stamps = {name: 1_700_000_000_000 for name in ("created", "updated") if name in target.c}
    key = connection.execute(target.insert().values(stamps | ROWS[table] | values)).inserted_primary_key
    return int(key[0]) if key else 0


def count(made: Made, table: str) -> int:
    return int(made[0].execute(sa.select(sa.func.count()).select_from(made[1].tables[table])).scalar_one())


def refused(made: Made, constraint: str, table: str, **values: Any) -> None:
    """The database does not take the row, for the given reason."""
    with pytest.raises(IntegrityError, match=constraint), made[0].begin_nested():
        add(made, table, **values)


def test_the_tables_are_those_of_the_design() -> None:
    assert [declaration_of(table).name for table in TABLES] == list(ROWS)


def test_every_table_comes_after_those_that_it_refers_to() -> None:
    for place, table in enumerate(TABLES):
        declared = declaration_of(table)
        targets = {declared.target_of(column).table for column in declared.columns.values() if column.reference}

        assert targets <= {declaration_of(before).name for before in TABLES[:place]}


def test_every_table_takes_a_least_row(made: Made) -> None:
    for table in ROWS:
        assert add(made, table) == 1


def test_the_application_id_spells_its_name() -> None:
    assert APPLICATION_ID.to_bytes(4, "big") == b"PRMP"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: declaration_of(table).name)
def test_every_table_says_what_it_is(table: type[Table]) -> None:
    assert declaration_of(table).comment


@pytest.mark.parametrize("table", TABLES, ids=lambda table: declaration_of(table).name)
def test_every_table_tells_when_rows_came_changed_and_went(table: type[Table]) -> None:
    """A link is there or not, and the archive is written once: neither is updated or deleted softly."""
    shortened = {"prompt_projects": ["created"], "archive": ["created"]}
    declared = declaration_of(table)
    stamps = shortened.get(declared.name, ["created", "updated", "deleted"])

    assert [name for name in declared.columns if name in ("created", "updated", "deleted")] == stamps
    assert next(iter(declared.columns)) == "id"
    assert (declared.soft_delete is not None) == ("deleted" in stamps)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: declaration_of(table).name)
def test_every_foreign_key_has_an_index_over_all_rows(table: type[Table]) -> None:
    """Without one, deleting a parent reads the whole table; an index over live rows alone does not serve."""
    made = metadata(TABLES, "sqlite").tables[declaration_of(table).name]
    starts = {index.columns[0].name for index in made.indexes if index.dialect_kwargs["sqlite_where"] is None}
    starts |= {key.columns[0].name for key in made.constraints if isinstance(key, sa.UniqueConstraint)}

    assert {key.parent.name for key in made.foreign_keys} <= starts


# Values --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("tickets", "status"),
        ("tickets", "priority"),
        ("tasks", "status"),
        ("chat_messages", "role"),
        ("chat_messages", "state"),
        ("queues", "state"),
        ("queue_items", "status"),
    ],
)
def test_an_enumeration_refuses_other_values(made: Made, table: str, column: str) -> None:
    for name in list(ROWS)[: list(ROWS).index(table)]:
        add(made, name)

    refused(made, f"ck_{table}_{column}", table, **{column: "closed"})
    refused(made, f"ck_{table}_{column}", table, **{column: "Open"})


@pytest.mark.parametrize(
    ("table", "constraint", "values"),
    [
        ("projects", "ck_projects_name_length", {"name": ""}),
        ("projects", "ck_projects_name_length", {"name": "x" * 101}),
        ("projects", "ck_projects_path_length", {"path": "x" * 1001}),
        ("tickets", "ck_tickets_title_length", {"title": "x" * 501}),
        ("tickets", "ck_tickets_tags_json", {"tags": "{}"}),
        ("tickets", "ck_tickets_metadata_json", {"metadata": "{"}),
        ("tasks", "ck_tasks_content_length", {"content": ""}),
        ("tasks", "ck_tasks_order_index_range", {"order_index": -1}),
        ("chats", "ck_chats_title_length", {"title": "x" * 501}),
        ("prompts", "ck_prompts_title_length", {"title": ""}),
        ("queues", "ck_queues_name_length", {"name": "x" * 101}),
        ("queues", "ck_queues_max_parallel_items_range", {"max_parallel_items": 0}),
        ("queues", "ck_queues_max_parallel_items_range", {"max_parallel_items": 101}),
        ("agents", "ck_agents_active", {"active": 2}),
    ],
)
def test_a_value_outside_of_its_limits_is_refused(
    made: Made, table: str, constraint: str, values: dict[str, Any]
) -> None:
    for name in list(ROWS)[: list(ROWS).index(table)]:
        add(made, name)

    refused(made, constraint, table, **values)


def test_done_follows_the_status_of_a_task(made: Made) -> None:
    add(made, "projects")
    add(made, "tickets")
    for status in ("pending", "in_progress", "completed", "cancelled"):
        add(made, "tasks", status=status)
    tasks = made[1].tables["tasks"]

    done = made[0].execute(sa.select(tasks.c.status, tasks.c.done).order_by(tasks.c.id)).all()

    assert list(done) == [("pending", 0), ("in_progress", 0), ("completed", 1), ("cancelled", 0)]
    with pytest.raises(OperationalError, match="generated column"):
        made[0].execute(sa.update(tasks).values({"done": 1}))
    assert not declaration_of(Task).columns["done"].is_insertable


# Keys ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        "projects",
        "files",
        "selected_files",
        "agents",
        "queues",
        "user_preferences",
        "settings",
    ],
)
def test_a_key_is_free_again_once_its_row_is_deleted(made: Made, table: str) -> None:
    for name in list(ROWS)[: list(ROWS).index(table)]:
        add(made, name)
    add(made, table)

    refused(made, "UNIQUE constraint failed", table)
    made[0].execute(sa.update(made[1].tables[table]).values(deleted=1))
    add(made, table)
    refused(made, "UNIQUE constraint failed", table)


def test_two_agents_of_all_projects_cannot_share_a_slug(made: Made) -> None:
    add(made, "projects")
    add(made, "agents")
    add(made, "agents", project_id=None)

    refused(made, "uq_agents_project_id_slug", "agents", project_id=None)
    refused(made, "uq_agents_project_id_slug", "agents", project_id=1)


def test_a_prompt_is_linked_to_a_project_once(made: Made) -> None:
    add(made, "projects")
    add(made, "prompts")
    add(made, "prompt_projects")

    refused(made, "UNIQUE constraint failed", "prompt_projects")


def test_a_row_is_archived_once_for_each_reason(made: Made) -> None:
    add(made, "archive")
    add(made, "archive", reason="another")

    refused(made, "UNIQUE constraint failed", "archive")


# Queue items ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def queue(made: Made) -> Made:
    """A database with a project, a ticket, a task and a queue."""
    for table in ("projects", "tickets", "tasks", "queues"):
        add(made, table)
    return made


def test_a_queue_item_has_exactly_one_target(queue: Made) -> None:
    add(queue, "queue_items", ticket_id=1, task_id=None)
    add(queue, "queue_items", ticket_id=None, task_id=1)

    refused(queue, "ck_queue_items_one_target", "queue_items", ticket_id=None, task_id=None)
    refused(queue, "ck_queue_items_one_target", "queue_items", ticket_id=1, task_id=1, status="failed")


@pytest.mark.parametrize("target", [{"ticket_id": 1, "task_id": None}, {"ticket_id": None, "task_id": 1}])
@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_ticket_or_task_has_one_live_item(queue: Made, target: dict[str, Any], status: str) -> None:
    for ended in ("completed", "failed", "cancelled", "dead"):
        add(queue, "queue_items", **target, status=ended)
    live = add(queue, "queue_items", **target, status=status)

    refused(queue, "UNIQUE constraint failed: queue_items.t", "queue_items", **target, status="queued")
    refused(queue, "UNIQUE constraint failed: queue_items.t", "queue_items", **target, status="in_progress")
    items = queue[1].tables["queue_items"]
    queue[0].execute(sa.update(items).where(items.c.id == live).values(deleted=1))
    add(queue, "queue_items", **target)


def test_an_idempotency_key_adds_one_item(queue: Made) -> None:
    add(queue, "queue_items", idempotency_key="k", status="completed")
    add(queue, "queue_items", status="completed")
    add(queue, "queue_items", status="completed")

    refused(queue, "queue_items.idempotency_key", "queue_items", idempotency_key="k", ticket_id=None, task_id=1)


def test_the_claim_reads_its_index_in_order(queue: Made) -> None:
    """The next item is the first that the index gives: nothing is sorted."""
    from promptliano.schema.queues import has_no_priority

    items = queue[1].tables["queue_items"]
    waiting = sa.and_(items.c.queue_id == 1, items.c.status == sa.literal_column("'queued'"), items.c.deleted.is_(None))
    order = (has_no_priority(), items.c.priority, items.c.enqueued, items.c.id)
    claim = sa.select(items.c.id).where(waiting, items.c.available <= 5).order_by(*order).limit(1)
    text = str(claim.compile(dialect=DIALECTS["sqlite"], compile_kwargs={"literal_binds": True}))

    plan = [str(row[-1]) for row in queue[0].execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]

    assert plan == ["SEARCH queue_items USING INDEX ix_queue_items_claim (queue_id=?)"]


# Cascades ------------------------------------------------------------------------------------------------------------


def test_deleting_a_project_deletes_what_it_owns(made: Made) -> None:
    for table in ROWS:
        add(made, table)

    made[0].execute(sa.delete(made[1].tables["projects"]))

    left = [table for table in ROWS if count(made, table)]
    assert left == ["prompts", "user_preferences", "settings", "archive"]


@pytest.mark.parametrize(
    ("parent", "gone"),
    [
        ("tickets", {"tickets", "tasks", "queue_items"}),
        ("tasks", {"tasks"}),
        ("chats", {"chats", "chat_messages"}),
        ("files", {"files", "selected_files"}),
        ("prompts", {"prompts", "prompt_projects"}),
        ("queues", {"queues", "queue_items"}),
    ],
)
def test_deleting_a_parent_deletes_its_own(made: Made, parent: str, gone: set[str]) -> None:
    for table in ROWS:
        add(made, table)

    made[0].execute(sa.delete(made[1].tables[parent]))

    assert {table for table in ROWS if not count(made, table)} == gone


def test_a_row_without_its_parent_is_refused(made: Made) -> None:
    refused(made, "FOREIGN KEY constraint failed", "tickets")


# The whole -----------------------------------------------------------------------------------------------------------


def statements(dialect: DialectName) -> Iterator[str]:
    """The statements that create the tables, each table's indexes and comments after it, by name."""
    made = metadata(TABLES, dialect)
    for declared in map(declaration_of, TABLES):
        table = made.tables[declared.name]
        items: list[Any] = [CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=lambda one: str(one.name)))]
        if dialect == "postgresql":
            items += [SetTableComment(table), *(SetColumnComment(column) for column in table.c if column.comment)]
        for item in items:
            lines = str(item.compile(dialect=DIALECTS[dialect])).strip().splitlines()
            yield "\n".join(line.rstrip() for line in lines).replace("\t", "    ") + ";\n"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_tables_are_created_as_written_down(dialect: DialectName) -> None:
    """Run it with GOLDEN_UPDATE=1 to write the statements down anew, and read the difference."""
    golden = GOLDEN / f"{dialect}.sql"
    written = "\n".join(statements(dialect))
    if os.environ.get("GOLDEN_UPDATE") == "1":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(written, encoding="utf-8")

    assert golden.read_text(encoding="utf-8") == written
