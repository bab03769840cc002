"""Users hold their revisions to rows; what is wrong is told with the table, the row and the column."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemaroot import Database
from schemaroot.engine.driver import DriverName
from schemaroot.migration.revisions import Migrations
from schemaroot.testing import assert_migration

HEAD = '''"""{name}."""

import sqlalchemy as sa

from schemaroot.migration import op
from schemaroot.migration.errors import IrreversibleError

revision = "{name}"
down_revision = {parent!r}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''
FIRST = """
    op.create_table(
        "shelves",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("name", sa.TEXT()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "books",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("title", sa.TEXT(), nullable=False),
        sa.Column("shelf_id", sa.INTEGER()),
        sa.Column("note", sa.TEXT()),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["shelf_id"], ["shelves.id"]),
    )
"""
ADD = """
    with op.alter_table("books") as books:
        books.add_column(sa.Column("pages", sa.INTEGER(), server_default=sa.literal_column("1"), nullable=False))
"""
DROP = """
    with op.alter_table("books") as books:
        books.drop_column("pages")
"""
ROWS = {
    "books": [
        {"id": 1, "title": "Emma", "shelf_id": 7, "note": "new"},
        {"id": 2, "title": "Middlemarch", "shelf_id": None, "note": None},
    ],
    "shelves": [{"id": 7, "name": "top"}],
}


def migrations(folder: Path, up: str = ADD, down: str = DROP) -> Migrations:
    gone = "op.drop_table('books')\n    op.drop_table('shelves')"
    first = HEAD.format(name="0001_books", parent=None, up=FIRST.strip(), down=gone)
    (folder / "0001_books.py").write_text(first)
    second = HEAD.format(name="0002_pages", parent="0001_books", up=up.strip(), down=down.strip())
    (folder / "0002_pages.py").write_text(second)
    return Migrations(folder)


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_a_good_revision_passes_and_the_check_sees_it(tmp_path: Path, driver: DriverName) -> None:
    seen: list[bool] = []

    def check(db: Database) -> None:
        seen.append(Path(db.path).exists())

    expect = {"books": [{"id": 1, "pages": 1}, {"title": "Middlemarch", "pages": 1}]}
    assert_migration("0002", ROWS, migrations=migrations(tmp_path), expect=expect, check=check, driver=driver)
    assert_migration("0001", {}, migrations=migrations(tmp_path), driver=driver)

    assert seen == [True]


WRONG = {
    "a value": ({"books": [{"pages": 1}, {"pages": 2}]}, r"books\.pages of row 2 is 1, expected was 2"),
    "a kind of value": ({"books": [{"pages": 1.0}, {}]}, r"books\.pages of row 1 is 1, expected was 1\.0"),
    "a number of rows": ({"books": []}, "books has 2 rows, expected were 0"),
    "a column": ({"books": [{"size": 1}, {}]}, "books has no column size"),
    "a table": ({"notes": []}, "there is no table notes"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_expected_and_not_there_is_told_with_its_place(tmp_path: Path, wrong: str) -> None:
    expect, said = WRONG[wrong]

    with pytest.raises(AssertionError, match=f"after 0002_pages.*{said}"):
        assert_migration("0002", ROWS, migrations=migrations(tmp_path), expect=expect)


def test_rows_that_do_not_fit_before_the_revision_are_told(tmp_path: Path) -> None:
    made = migrations(tmp_path)

    with pytest.raises(AssertionError, match="row 1 of books refers to a row of shelves that is not given"):
        assert_migration("0002", {"books": ROWS["books"]}, migrations=made)
    with pytest.raises(AssertionError, match="no table notes for rows"):
        assert_migration("0002", {"notes": [{"id": 1}]}, migrations=made)
    with pytest.raises(AssertionError, match=r"the rows of books do not fit .*title"):
        assert_migration("0002", {"books": [{"id": 1, "title": None}]}, migrations=made)


def test_a_way_back_that_does_not_lead_back_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"0002_pages .*down.*pages"):
        assert_migration("0002", ROWS, migrations=migrations(tmp_path, down="pass"))


def test_a_danger_that_the_file_does_not_mean_is_told(tmp_path: Path) -> None:
    up = """
    with op.alter_table("books") as books:
        books.drop_column("note")
"""
    with pytest.raises(AssertionError, match=r"0002_pages could not be taken up: .*DROP_FILLED_COLUMN"):
        assert_migration("0002", ROWS, migrations=migrations(tmp_path, up, "pass"))


def test_a_revision_that_says_it_cannot_be_undone_is_held_to_its_way_up_alone(tmp_path: Path) -> None:
    made = migrations(tmp_path, down="raise IrreversibleError('ashes')")

    with pytest.raises(AssertionError, match="could not be taken down: It cannot be undone: ashes"):
        assert_migration("0002", ROWS, migrations=made)
    assert_migration("0002", ROWS, migrations=made, reversible=False)


def test_rows_that_the_way_back_changes_are_shown(tmp_path: Path) -> None:
    down = (
        DROP
        + """
    op.execute(sa.update(sa.table("books", sa.column("title"))).values(title="?"))
"""
    )
    with pytest.raises(AssertionError) as caught:
        assert_migration("0002", ROWS, migrations=migrations(tmp_path, down=down))

    said = str(caught.value)
    assert "0002_pages, up and down, does not lead back: books has 2 rows, wanted are 2" in said
    assert "missing:\n    id=1, title='Emma'" in said
    assert "not wanted:\n    id=1, title='?'" in said
