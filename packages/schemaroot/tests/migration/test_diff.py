"""A difference of two schemas is a list of operations in an order that runs; nothing differs, nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import pytest

from schemaroot import (
    Check,
    Col,
    Index,
    Ref,
    Table,
    Unique,
    auto_id,
    boolean,
    integer,
    json,
    references,
    soft_delete,
    text,
    timestamp_ms,
)
from schemaroot.introspection import Catalogue, declared_catalogue
from schemaroot.migration.diff import difference
from schemaroot.migration.operations import (
    AddCheck,
    AddColumn,
    AlterColumn,
    AlterTable,
    CreateIndex,
    CreateSearch,
    CreateTable,
    DropCheck,
    DropColumn,
    DropIndex,
    DropSearch,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)
from schemaroot.migration.renames import Renames, hinted, rename_questions


def project() -> type[Table]:
    class Project(Table, name="projects"):
        id: Col[int] = auto_id()
        name: Col[str] = text(max_length=100)

    return Project


def ticket(projects: type[Table], **changes: Any) -> type[Table]:
    """A table of tickets; `changes` replace or add members of its body, `None` takes one away."""
    body: dict[str, Any] = {
        "id": (Col[int], auto_id()),
        "project_id": (Ref[projects, int], references(lambda: projects.id, on_delete="cascade")),  # type: ignore[valid-type,attr-defined]  # made at run time
        "title": (Col[str], text(max_length=200)),
        "status": (Col[Literal["open", "done"]], text(default="open")),
        "tags": (Col[list[str]], json(default_factory=list)),
        "created": (Col[datetime], timestamp_ms()),
        "deleted": (Col[datetime | None], soft_delete()),
    }
    options: dict[str, Any] = {"indexes": [Index("project_id", "status")], "search": ["title"]}
    for name, change in changes.items():
        if name in ("indexes", "search", "checks", "unique", "was", "name"):
            options[name] = change
        elif change is None:
            del body[name]
        else:
            body[name] = change
    namespace: dict[str, Any] = {name: spec for name, (_, spec) in body.items()}
    namespace["__annotations__"] = {name: annotation for name, (annotation, _) in body.items()}
    return type(Table)("Ticket", (Table,), namespace, **{"name": "tickets", **options})  # type: ignore[call-overload,no-any-return]  # a class statement, spelt out


def schema(**changes: Any) -> tuple[list[type[Table]], Catalogue]:
    projects = project()
    tables = [projects, ticket(projects, **changes)]
    return tables, declared_catalogue(tables)


def changed(**changes: Any) -> list[Operation]:
    return difference(schema()[1], schema(**changes)[1])


def test_nothing_differs_and_nothing_is_said() -> None:
    assert changed() == []


def test_an_empty_database_gets_tables_then_indexes_then_search() -> None:
    operations = difference(Catalogue(), schema()[1])

    kinds = [type(one) for one in operations]
    assert kinds == [CreateTable, CreateTable, CreateIndex, CreateSearch]
    assert [one.table.name for one in operations if isinstance(one, CreateTable)] == ["projects", "tickets"]


def test_everything_goes_in_the_order_that_is_the_other_way_round() -> None:
    operations = difference(schema()[1], Catalogue())

    assert [type(one) for one in operations] == [DropSearch, DropTable, DropTable]
    assert [one.name for one in operations if isinstance(one, DropTable)] == ["tickets", "projects"]


def test_all_that_one_table_needs_stands_in_one_operation() -> None:
    operations = changed(
        priority=(Col[int], integer(default=3, minimum=0, maximum=5)), tags=None, title=(Col[str], text(max_length=500))
    )

    assert len(operations) == 1 and isinstance(operations[0], AlterTable)
    actions = operations[0].actions
    assert [type(action) for action in actions] == [DropCheck, DropCheck, DropColumn, AddColumn, AddCheck, AddCheck]


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"status": (Col[Literal["open", "done", "dead"]], text(default="open"))}, [DropCheck, AddCheck]),
        ({"status": (Col[Literal["open", "done"]], text(default="done"))}, [AlterColumn]),
        ({"title": (Col[str | None], text(max_length=200, default=None))}, [AlterColumn]),
        ({"flag": (Col[bool], boolean(default=False))}, [AddColumn, AddCheck]),
        ({"checks": [Check("short", lambda: Any)]}, None),
    ],
)
def test_a_change_within_a_table_is_found(changes: dict[str, Any], kinds: list[type] | None) -> None:
    if kinds is None:
        import sqlalchemy as sa

        changes = {"checks": [Check("short", lambda: sa.func.length(sa.column("title")) < 50)]}
        kinds = [AddCheck]
    operations = changed(**changes)

    assert len(operations) == 1 and isinstance(operations[0], AlterTable)
    assert [type(action) for action in operations[0].actions] == kinds


@pytest.mark.parametrize(
    "index",
    [
        Index("project_id", "-status"),
        Index("project_id"),
        Index("project_id", "status", name="ix_other"),
    ],
)
def test_another_index_takes_the_place_of_the_old_one(index: Index) -> None:
    operations = changed(indexes=[index])

    assert [type(one) for one in operations] == [DropIndex, CreateIndex]


def test_a_partial_unique_key_that_changes_its_condition_is_made_anew() -> None:
    before = schema(unique=[Unique("title")])[1]
    after = schema(unique=[Unique("title", over="all", name="uq_tickets_title")])[1]

    kinds = [type(one) for one in difference(before, after)]
    assert kinds == [DropIndex, AlterTable]
    assert [type(one) for one in difference(after, before)] == [AlterTable, CreateIndex]


def test_search_over_other_columns_is_dropped_first_and_made_last() -> None:
    operations = changed(search=["title", "tags"])

    assert operations == [DropSearch("tickets"), CreateSearch("tickets", ("title", "tags"))]


def both(make: Callable[[], tuple[Catalogue, Catalogue, Renames]]) -> tuple[list[Operation], list[Operation]]:
    before, after, renames = make()
    return difference(before, after, renames), difference(after, before, renames.inverse())


def test_a_hinted_column_is_renamed_with_the_constraints_that_carry_its_name() -> None:
    before = schema(search=[])[1]
    tables, after = schema(search=[], title=None, headline=(Col[str], text(max_length=200, was="title")))
    renames = hinted(tables, before)

    there, back = difference(before, after, renames), difference(after, before, renames.inverse())

    assert renames.columns == {"tickets": {"title": "headline"}}
    for operations, old, new in ((there, "title", "headline"), (back, "headline", "title")):
        assert len(operations) == 1 and isinstance(operations[0], AlterTable)
        assert operations[0].actions[0] == RenameColumn(old, new)
        assert [type(action) for action in operations[0].actions] == [RenameColumn, DropCheck, AddCheck]
    assert hinted(tables, after) == Renames()


def test_a_hinted_table_is_renamed_and_its_search_is_made_anew() -> None:
    before = schema(indexes=[])[1]
    tables, after = schema(indexes=[], name="issues", was="tickets")

    operations = difference(before, after, hinted(tables, before))

    assert operations[:2] == [DropSearch("tickets"), RenameTable("tickets", "issues")]
    assert operations[-1] == CreateSearch("issues", ("title",))
    assert not any(isinstance(one, CreateTable | DropTable) for one in operations)


def test_what_looks_like_a_rename_is_asked_with_the_hint_to_write() -> None:
    before = schema(search=[])[1]
    after = schema(search=[], title=None, headline=(Col[str], text(max_length=200)))[1]

    questions = rename_questions(before, after, Renames())

    assert [one.hint for one in questions] == ['was="title" at the column tickets.headline']
    assert [one.dropped for one in questions] == ["tickets.title"]
    assert rename_questions(before, after, Renames(), ["tickets.title"]) == []
    assert rename_questions(before, after, Renames(columns={"tickets": {"title": "headline"}})) == []


def test_a_table_that_looks_renamed_is_asked_about_and_one_that_does_not_is_not() -> None:
    before = schema()[1]
    alike = schema(name="issues")[1]

    assert [one.hint for one in rename_questions(before, alike, Renames())] == ['was="tickets" at the table issues']
    assert rename_questions(before, Catalogue(), Renames()) == []


def test_a_name_that_becomes_free_is_taken_by_a_rename_after_it() -> None:
    class Before(Table, name="books"):
        id: Col[int] = auto_id()
        title: Col[str] = text()
        note: Col[str] = text()

    class After(Table, name="books"):
        id: Col[int] = auto_id()
        title: Col[str] = text(was="note")
        heading: Col[str] = text(was="title")

    recorded = declared_catalogue([Before])
    renames = hinted([After], recorded)

    there = difference(recorded, declared_catalogue([After]), renames)
    back = difference(declared_catalogue([After]), recorded, renames.inverse())
    assert there == [AlterTable("books", (RenameColumn("title", "heading"), RenameColumn("note", "title")))]
    assert back == [AlterTable("books", (RenameColumn("title", "note"), RenameColumn("heading", "title")))]
    assert hinted([After], declared_catalogue([After])) == Renames()


def test_columns_have_their_new_names_before_anything_refers_to_these() -> None:
    """SQLite lets a reference to `shelf_no` follow the column that is called so, also to that column's next name."""

    class Before(Table, name="shelves"):
        id: Col[int] = auto_id()
        number: Col[int] = integer(unique=True)
        shelf_no: Col[int] = integer()

    class Shelf(Table, name="shelves"):
        id: Col[int] = auto_id()
        shelf_no: Col[int] = integer(unique=True, was="number")
        former: Col[int] = integer(was="shelf_no")

    class Book(Table, name="books"):
        id: Col[int] = auto_id()
        shelf: Ref[Shelf, int] = references(lambda: Shelf.shelf_no)

    recorded = declared_catalogue([Before])
    operations = difference(recorded, declared_catalogue([Book, Shelf]), hinted([Book, Shelf], recorded))

    renamed = AlterTable("shelves", (RenameColumn("shelf_no", "former"), RenameColumn("number", "shelf_no")))
    assert operations[0] == renamed
    assert isinstance(operations[1], CreateTable)
