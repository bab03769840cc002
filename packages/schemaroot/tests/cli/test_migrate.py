"""Every verb of `schemaroot migrate` on a real file: what it does, what it prints, how it ends."""

from __future__ import annotations

import re

import pytest

from .conftest import NOTE, Shop


def test_a_change_goes_up_and_down_and_up_again_without_losing_a_row(filled: Shop) -> None:
    filled.declare(NOTE)
    written = filled.done("migrate", "new", "-m", "notes")
    assert written.out == f"{filled.versions / '0002_notes.py'}\n"
    assert "Read it, then: schemaroot migrate up" in written.err

    up = filled.done("migrate", "up")
    assert re.search(r"0002_notes +up +\d+ ms", up.out)
    assert "add_column(note)" in up.out
    assert re.search(r"^backup/.*-migration\.db", re.sub(r"[ ]+|\n[ ]+", "", up.out), re.MULTILINE)  # long paths fold
    filled.sql("UPDATE customers SET note = 'dear' WHERE id = 1")

    down = filled.done("migrate", "down", "--yes")
    assert "2 rows in _undo_0002_notes_down_customers" in down.out
    assert filled.sql("SELECT * FROM customers") == [(1, "ada"), (2, "bob")]
    assert filled.sql("SELECT count(*) FROM orders") == [(3,)]

    again = filled.done("migrate", "up", "--json").json
    assert (again["revision"], again["applied"][0]["restored"]) == ("0002_notes", 2)
    assert filled.sql("SELECT note FROM customers ORDER BY id") == [("dear",), ("none",)]


def test_status_says_where_the_database_stands_and_what_to_type(filled: Shop) -> None:
    filled.declare(NOTE)
    filled.done("migrate", "new", "-m", "notes")

    said = filled.done("migrate", "status")
    assert re.search(r"0001_first_tables +applied", said.out)
    assert re.search(r"0002_notes +pending", said.out)
    assert "is at 0001_first_tables; 1 revision to go: schemaroot migrate up" in said.err

    document = filled.done("migrate", "status", "--json").json
    assert document["current"] == "0001_first_tables"
    assert (document["pending"], document["head"], document["problems"]) == (["0002_notes"], "0002_notes", [])


def test_status_exits_with_1_when_history_and_files_do_not_fit(filled: Shop) -> None:
    [path] = filled.versions.glob("0001*.py")
    path.write_text(path.read_text() + "\n# edited\n")

    said = filled("migrate", "status", "--json")

    assert said.code == 1
    assert "was changed after" in said.json["problems"][0]


def test_check_is_1_until_a_revision_says_what_the_tables_say(shop: Shop) -> None:
    said = shop("migrate", "check")
    assert (said.code, said.out) == (1, "create_table(customers)\ncreate_table(orders)\n")
    assert 'schemaroot migrate new -m "..."' in said.err

    shop.done("migrate", "new", "-m", "first tables")

    assert shop.done("migrate", "check", "--json").json == {"clean": True, "operations": [], "unclear": []}
    assert "No file was written" in shop.done("migrate", "new", "-m", "again").err
    assert not shop.path.exists()


def test_a_rename_is_never_guessed_without_a_person(filled: Shop) -> None:
    filled.declare(("name: Col[str]", "title: Col[str]"))

    said = filled("migrate", "new", "-m", "titles")
    assert said.code == 2
    assert said.err.startswith("error[RENAME_UNCLEAR]: ")
    assert 'was="name" at the column customers.title' in said.err
    assert "--drop customers.name" in said.err
    checked = filled("migrate", "check", "--json")
    assert (checked.code, checked.json["unclear"]) == (1, ['was="name" at the column customers.title'])
    assert len(list(filled.versions.glob("*.py"))) == 1

    filled.declare(("name: Col[str] = text()", 'title: Col[str] = text(was="name")'))
    filled.done("migrate", "new", "-m", "titles")
    filled.done("migrate", "up")
    assert filled.sql("SELECT title FROM customers ORDER BY id") == [("ada",), ("bob",)]


def test_an_empty_revision_has_a_name_of_its_own(filled: Shop) -> None:
    document = filled.done("migrate", "new", "-m", "clean rows", "--empty", "--name", "0002_clean", "--json").json

    assert document["revision"] == "0002_clean"
    assert document["path"] == str(filled.versions / "0002_clean.py")
    assert document["parents"] == ["0001_first_tables"]


def test_plan_and_dry_run_change_nothing(filled: Shop) -> None:
    filled.declare(NOTE)
    drafted = filled.done("migrate", "plan", "--draft")
    assert "add_column(note)" in drafted.out
    filled.done("migrate", "new", "-m", "notes")
    before = filled.path.read_bytes()

    planned = filled.done("migrate", "plan")
    dry = filled.done("migrate", "up", "--dry-run")
    document = filled.done("migrate", "plan", "--json").json

    assert "ALTER TABLE" in planned.out
    assert dry.out == planned.out
    assert "Nothing was changed." in dry.err
    assert document["revisions"][0]["sqlUp"] and document["revisions"][0]["sqlDown"]
    assert document["space"]["total"] > 0
    assert filled.path.read_bytes() == before


def test_lint_and_up_refuse_what_a_revision_does_not_say_it_means(filled: Shop) -> None:
    filled.declare(NOTE)
    filled.done("migrate", "new", "-m", "notes")
    filled.done("migrate", "up")
    filled.declare()
    filled.done("migrate", "new", "-m", "no notes")

    said = filled("migrate", "lint")
    assert said.code == 1
    assert "DROP_FILLED_COLUMN customers.note" in said.out
    assert "# lint: allow DROP_FILLED_COLUMN - your reason" in said.err
    refused = filled("migrate", "up")
    assert (refused.code, refused.err.count("error[LINT_REFUSED]: ")) == (2, 1)
    assert filled("migrate", "lint", "--json").json["findings"][0]["allowed"] is None

    assert "2 kept" in filled.done("migrate", "up", "--allow", "DROP_FILLED_COLUMN").out
    assert filled("migrate", "up", "--allow", "NO_SUCH").err.startswith("error[USAGE]: --allow cannot be")


def test_down_needs_a_yes_where_nobody_can_be_asked(filled: Shop) -> None:
    before = filled.path.read_bytes()

    said = filled("migrate", "down")

    assert said.code == 2
    assert "0001_first_tables takes customers away: 2 rows." in said.err
    assert "error[NEEDS_YES]: " in said.err
    assert filled.path.read_bytes() == before
    assert "orders" in filled.done("migrate", "down", "--dry-run").out


def test_what_is_left_out_stands_in_the_history(filled: Shop) -> None:
    filled.declare(NOTE)
    filled.done("migrate", "new", "-m", "notes")
    filled.done("migrate", "up", "--no-backup", "--no-rehearse")

    table = filled.done("migrate", "history")
    assert "no backup, no rehearsal" in table.out
    entries = filled.done("migrate", "history", "--json").json["entries"]
    assert [(one["revision"], one["event"], one["rehearsed"]) for one in entries] == [
        ("0001_first_tables", "up", False),
        ("0002_notes", "up", False),
    ]
    assert not (filled.folder / "shop.db.backups").exists() or not list(
        (filled.folder / "shop.db.backups").glob("*.db")
    )
    assert filled("migrate", "up", "--no-backup", "--backup-each").err.startswith("error[USAGE]: ")


def test_verify_names_what_was_changed_by_hand(filled: Shop) -> None:
    assert filled.done("migrate", "verify").out == ""
    filled.sql("ALTER TABLE orders ADD COLUMN colour TEXT")

    said = filled("migrate", "verify")
    assert said.code == 1
    assert "colour" in said.out
    document = filled("migrate", "verify", "--json")
    assert (document.code, document.json["clean"], document.json["revision"]) == (1, False, "0001_first_tables")


def test_repair_accepts_an_edited_file_with_its_reason(filled: Shop) -> None:
    [path] = filled.versions.glob("0001*.py")
    path.write_text(path.read_text() + "\n# edited\n")
    assert filled("migrate", "up").err.startswith("error[CHECKSUM_MISMATCH]: ")

    said = filled.done("migrate", "repair", "0001_first_tables", "--reason", "only a comment")

    assert "is accepted as its file is now" in said.err
    assert filled.done("migrate", "status", "--json").json["problems"] == []
    assert filled.done("migrate", "history", "--json").json["entries"][-1]["note"] == "only a comment"


def test_status_of_a_schema_that_no_revision_makes_is_a_problem(filled: Shop) -> None:
    filled.sql("DROP TABLE schema_history")
    filled.sql("ALTER TABLE orders ADD COLUMN colour TEXT")

    said = filled("migrate", "status")

    assert said.code == 1
    assert "its schema is that of no revision" in said.err
    assert "1 revision to go, once that is mended." in said.err


def test_stamp_says_where_it_stands_and_force_needs_a_yes(filled: Shop) -> None:
    stamped = filled.done("migrate", "stamp", "base", "--reason", "try", "--force", "--yes")
    assert "is at no revision." in stamped.err
    filled.sql("ALTER TABLE orders ADD COLUMN colour TEXT")

    refused = filled("migrate", "stamp", "0001", "--reason", "and back")
    assert (refused.code, refused.err.startswith("error[SCHEMA_DRIFT]: ")) == (2, True)
    asked = filled("migrate", "stamp", "0001", "--reason", "and back", "--force")
    assert (asked.code, "error[NEEDS_YES]: " in asked.err) == (2, True)

    done = filled.done("migrate", "stamp", "0001", "--reason", "and back", "--force", "--yes", "--json").json
    assert done["revision"] == "0001_first_tables"


def test_merge_joins_two_heads(filled: Shop) -> None:
    for name in ("0002_left", "0002_right"):
        filled.declare()
        filled.done("migrate", "new", "-m", name, "--empty", "--name", name)
        (filled.versions / f"{name}.py").rename(filled.folder / f"{name}.py")
    for name in ("0002_left", "0002_right"):
        (filled.folder / f"{name}.py").rename(filled.versions / f"{name}.py")
    assert filled("migrate", "up").err.startswith("error[REVISION_HEADS]: ")

    joined = filled.done("migrate", "merge", "--json").json

    assert joined["parents"] == ["0002_left", "0002_right"]
    filled.done("migrate", "up")
    assert "nothing to join" in filled.done("migrate", "merge").err


def test_up_without_create_makes_no_file(shop: Shop) -> None:
    shop.done("migrate", "new", "-m", "first tables")

    said = shop("migrate", "up")

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error[DB_MISSING]: ")
    assert not shop.path.exists()


@pytest.mark.parametrize("driver", ["apsw", "sqlite3"])
def test_both_drivers_migrate(shop: Shop, driver: str) -> None:
    shop.done("migrate", "new", "-m", "first tables")
    shop.done("migrate", "up", "--create", "--driver", driver)
    shop.fill()
    shop.declare(NOTE)
    shop.done("migrate", "new", "-m", "notes")

    document = shop.done("migrate", "up", "--driver", driver, "--json").json

    assert document["applied"][0]["revision"] == "0002_notes"
    assert shop.done("migrate", "verify", "--driver", driver).code == 0


def test_prune_deletes_what_is_kept_only_with_a_reason_and_a_yes(filled: Shop) -> None:
    filled.declare(NOTE)
    filled.done("migrate", "new", "-m", "notes")
    filled.done("migrate", "up")
    filled.done("migrate", "down", "--yes")
    side = "_undo_0002_notes_down_customers"

    assert filled.done("migrate", "prune", "--dry-run", "--json").json["rows"] == {side: 2}
    assert "Add --reason TEXT" in filled("migrate", "prune").err
    assert "error[NEEDS_YES]: " in filled("migrate", "prune", "--reason", "nobody goes back").err
    done = filled.done("migrate", "prune", "--reason", "nobody goes back", "--yes", "--json").json

    assert (done["gone"], done["rows"]) == (True, {side: 2})
    assert "Nothing is kept." in filled.done("migrate", "prune", "--dry-run").err


def test_squash_says_which_kept_values_will_not_come_back(filled: Shop) -> None:
    filled.declare(NOTE)
    filled.done("migrate", "new", "-m", "notes")
    filled.done("migrate", "up")
    filled.done("migrate", "down", "--yes")
    told = "2 kept rows of customers in _undo_0002_notes_down_customers can no longer come back"

    assert told in filled.done("migrate", "squash", "0002", "--dry-run").err
    assert told not in filled.done("migrate", "status").err


def test_squash_does_not_need_a_database_that_can_be_read(filled: Shop) -> None:
    filled.declare(NOTE)
    filled.done("migrate", "new", "-m", "notes")
    filled.path.write_bytes(b"no database" * 100)

    assert "was not looked at: " in filled.done("migrate", "squash", "0002", "--dry-run").err


def test_squash_replaces_files_only_with_a_yes(filled: Shop) -> None:
    filled.declare(NOTE)
    filled.done("migrate", "new", "-m", "notes")
    filled.done("migrate", "up")
    assert len(filled.done("migrate", "squash", "0002", "--dry-run", "--json").json["replaced"]) == 2
    assert "error[NEEDS_YES]: " in filled("migrate", "squash", "0002").err
    assert len(list(filled.versions.glob("*.py"))) == 2

    done = filled.done("migrate", "squash", "0002", "-m", "all of it", "--yes", "--json").json

    assert done["replaced"] == ["0001_first_tables", "0002_notes"]
    assert [str(path) for path in filled.versions.glob("*.py")] == [done["path"]]
    assert filled.done("migrate", "status", "--json").json["problems"] == []
