"""Generated databases of both eras and of every history are imported whole, and can be had back."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptliano.legacy.errors import AgentsMissingError, TargetNotEmptyError
from promptliano.legacy.importer import IDENTITY, run_import
from promptliano.legacy.rules import RULES
from promptliano.legacy.sample import History, write_agents, write_later, write_old
from promptliano.schema import TABLES, Project
from promptliano.storage import create
from schemaroot import Database

HISTORIES: tuple[History, ...] = get_args(History)


def check(imported: Any, hash_of: Callable[[Path, str], str]) -> None:
    """What holds after every import."""
    imported.check_sums()
    imported.check_sound()
    rebuilt = imported.rebuilt()
    with closing(sqlite3.connect(f"file:{imported.source}?immutable=1", uri=True)) as source:
        names = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    names = {name for name in names if not name.startswith("sqlite_")} - set(imported.report.derived)
    assert rebuilt.keys() == names
    assert {name: hash_of(imported.source, name) for name in sorted(names)} == rebuilt
    assert imported.report.totals["quarantined"] == 0
    assert {rule.partition(":")[0] for rule in imported.report.rules} <= RULES.keys()


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("scale", [0, 1])
def test_an_old_database_comes_over_whole(
    history: History, scale: int, tmp_path: Path, load: Callable[..., Any], hash_of: Callable[[Path, str], str]
) -> None:
    source = tmp_path / "old.db"
    write_old(source, scale=scale, history=history)

    check(load(source), hash_of)


@pytest.mark.parametrize("scale", [0, 1])
def test_a_later_database_comes_over_whole(
    scale: int, tmp_path: Path, load: Callable[..., Any], hash_of: Callable[[Path, str], str]
) -> None:
    source = tmp_path / "later.db"
    write_later(source, scale=scale)

    check(load(source), hash_of)


SETTINGS = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(seed=st.integers(0, 2**31), history=st.sampled_from([*HISTORIES, "later"]))
def test_any_seed_comes_over_whole_and_only_once(
    seed: int, history: Any, load: Callable[..., Any], hash_of: Callable[[Path, str], str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.db"
        if history == "later":
            write_later(source, scale=0, seed=seed)
        else:
            write_old(source, scale=0, seed=seed, history=history)
        imported = load(source)
        check(imported, hash_of)

        again = run_import(source, f"sqlite:///{imported.target}")

        assert again.already_imported and again.to_document() == imported.report.to_document()


# --- what the generated quirks become ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, load: Callable[..., Any]) -> Any:
    folder = tmp_path_factory.mktemp("old")
    write_old(folder / "old.db", scale=0)
    write_agents(folder / "agents")
    return load(folder / "old.db", agents_dir=folder / "agents")


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory, load: Callable[..., Any]) -> Any:
    path = tmp_path_factory.mktemp("later") / "later.db"
    write_later(path, scale=0)
    return load(path)


def test_in_a_queue_without_a_status_means_queued(old: Any) -> None:
    unmarked = old.before("SELECT id FROM tickets WHERE queue_id IS NOT NULL AND queue_status IS NULL")

    assert unmarked
    for (number,) in unmarked:
        assert old.one(f"SELECT status FROM queue_items WHERE ticket_id = {number}") == "queued"
    assert old.accounts["tickets"]["repaired"] == len(unmarked)


def test_a_queue_status_without_a_queue_makes_no_item(old: Any) -> None:
    left = old.before("SELECT id, queue_status FROM tickets WHERE queue_id IS NULL AND queue_status IS NOT NULL")

    assert left
    for number, status in left:
        assert old.one(f"SELECT count(*) FROM queue_items WHERE ticket_id = {number}") == 0
        payload = old.one(f"SELECT payload FROM archive WHERE source_table = 'tickets' AND source_id = '{number}'")
        assert json.loads(payload)["queue_status"] == status


def test_the_project_that_a_prompt_names_is_linked_once(old: Any) -> None:
    named = old.before("SELECT id, project_id FROM prompts WHERE project_id IS NOT NULL")
    linked = old.before("SELECT prompt_id, project_id FROM prompt_projects")

    assert sorted(old.all("SELECT prompt_id, project_id FROM prompt_projects")) == sorted({*named, *linked})
    assert old.report.rules["link_from_prompt"] == len({*named} - {*linked}) > 0


def test_the_newest_tab_of_a_client_wins(old: Any) -> None:
    tabs = [json.loads(text) for (text,) in old.before("SELECT data FROM active_tabs ORDER BY updated_at")]
    newest = {(tab["data"].get("clientId", "default"), tab["data"]["projectId"]): tab["data"] for tab in tabs}

    assert old.accounts["active_tabs"]["merged"] == len(tabs) - len(newest) > 0
    for (client, project), data in newest.items():
        value = old.one(
            f"SELECT value FROM user_preferences WHERE user = '{client}' AND key = 'project.{project}.activeTab'"
        )
        assert json.loads(value) == data


def test_an_agent_s_head_is_split_at_the_first_colon(old: Any) -> None:
    heads = {
        slug: (name, description, json.loads(configuration))
        for slug, name, description, configuration in old.all(
            "SELECT slug, name, description, configuration FROM agents WHERE file_path IS NOT NULL"
        )
    }

    assert heads["test-scribe"] == ("Test Scribe", "Writes tests: one promise per test", {"color": "yellow"})
    assert heads["pr-f-lotse"][:2] == ("Prüf Lotse", "Reads German texts.\nKnows Umlaute.")
    assert heads["release-mate"][2] == {"color": "blue", "frontMatter": {"color": "teal"}}


def test_an_agent_that_is_only_named_is_marked_as_missing(old: Any) -> None:
    rows = old.all("SELECT active, configuration FROM agents WHERE slug = 'night-porter'")

    assert rows and set(rows) == {(0, '{"missing":true}')}
    assert set(old.all("SELECT slug FROM agents WHERE configuration LIKE '%missing%'")) <= {
        ("night-porter",),
        ("release-mate",),  # its file lies in one of the projects alone
    }


def test_the_same_folder_a_second_time_is_imported_as_deleted_with_all_below(later: Any) -> None:
    ((number, deleted),) = later.all("SELECT id, deleted FROM projects WHERE deleted IS NOT NULL")

    assert later.report.rules["duplicate_path"] == 1
    for table in ("tickets", "files", "queues", "selected_files"):
        stamps = later.all(f"SELECT DISTINCT deleted FROM {table} WHERE project_id = {number}")
        assert stamps in ([(deleted,)], []), table
    assert later.all(
        f"SELECT DISTINCT t.deleted FROM tasks t JOIN tickets k ON k.id = t.ticket_id WHERE k.project_id = {number}"
    ) == [(deleted,)]


def test_queue_items_of_chats_and_prompts_go_to_the_archive(later: Any) -> None:
    rows = later.all("SELECT payload ->> 'item_type' FROM archive WHERE reason = 'archived:unsupported_queue_item'")

    assert sorted(rows) == [("chat",), ("prompt",)]
    assert later.accounts["queue_items"]["archived"] == 2


def test_a_ticket_has_at_most_one_queue_item_afterwards(later: Any) -> None:
    for owner in ("ticket_id", "task_id"):
        assert later.one(f"SELECT count(*) - count(DISTINCT {owner}) FROM queue_items WHERE {owner} IS NOT NULL") == 0
    assert later.accounts["queue_items"]["merged"] > 0


def test_every_queue_state_of_the_later_era_has_an_item(later: Any) -> None:
    listed = later.before("SELECT item_type, item_id FROM queue_items WHERE item_type IN ('ticket', 'task')")
    marked = later.before("SELECT 'ticket', id FROM tickets WHERE queue_id IS NOT NULL")
    marked += later.before("SELECT 'task', id FROM ticket_tasks WHERE queue_id IS NOT NULL")

    found = later.all("SELECT 'ticket', ticket_id FROM queue_items WHERE ticket_id IS NOT NULL")
    found += later.all("SELECT 'task', task_id FROM queue_items WHERE task_id IS NOT NULL")
    assert sorted(found) == sorted({*listed, *marked})


# --- targets ----------------------------------------------------------------------------------------------------------


def test_an_empty_database_is_filled(tmp_path: Path) -> None:
    write_old(tmp_path / "old.db", scale=0)
    url = f"sqlite:///{tmp_path / 'target.db'}"
    create(url).close()

    report = run_import(tmp_path / "old.db", url)

    assert report.totals["imported"] > 0 and not report.already_imported
    assert run_import(tmp_path / "old.db", url).already_imported
    with Database.open(url, tables=TABLES, identity=IDENTITY) as db:
        assert db.select(Project).count() == 2


def test_a_database_with_other_rows_is_refused_and_not_changed(tmp_path: Path) -> None:
    write_old(tmp_path / "old.db", scale=0)
    target = tmp_path / "target.db"
    with create(f"sqlite:///{target}") as db:
        db.insert(Project, name="mine", path="/mine")
    before = target.read_bytes()

    with pytest.raises(TargetNotEmptyError, match="projects"):
        run_import(tmp_path / "old.db", f"sqlite:///{target}")

    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.db", "target.db"]


def test_another_source_is_refused(tmp_path: Path) -> None:
    write_old(tmp_path / "old.db", scale=0)
    write_old(tmp_path / "other.db", scale=0, seed=2)
    run_import(tmp_path / "old.db", f"sqlite:///{tmp_path / 'target.db'}")

    with pytest.raises(TargetNotEmptyError):
        run_import(tmp_path / "other.db", f"sqlite:///{tmp_path / 'target.db'}")


def test_the_same_rows_in_a_file_with_other_bytes_are_known_again(tmp_path: Path) -> None:
    write_old(tmp_path / "old.db", scale=0)
    run_import(tmp_path / "old.db", f"sqlite:///{tmp_path / 'target.db'}")
    shutil.copyfile(tmp_path / "old.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        connection.execute("PRAGMA user_version = 7")

    assert run_import(tmp_path / "copy.db", f"sqlite:///{tmp_path / 'target.db'}").already_imported


def test_a_dry_run_reports_the_same_and_leaves_nothing(tmp_path: Path) -> None:
    write_old(tmp_path / "old.db", scale=0)
    url = f"sqlite:///{tmp_path / 'target.db'}"

    plan = run_import(tmp_path / "old.db", url, dry_run=True)

    assert [path.name for path in tmp_path.iterdir()] == ["old.db"]
    assert run_import(tmp_path / "old.db", url).to_document() == plan.to_document()


def test_progress_is_told_for_each_table_up_to_its_end(tmp_path: Path) -> None:
    counts = write_old(tmp_path / "old.db", scale=0)
    told: dict[str, list[tuple[int, int]]] = {}

    run_import(
        tmp_path / "old.db",
        f"sqlite:///{tmp_path / 'target.db'}",
        progress=lambda table, done, total: told.setdefault(table, []).append((done, total)),
    )

    assert told["tickets"] == [(0, counts["tickets"]), (counts["tickets"], counts["tickets"])]


def test_a_missing_folder_of_agents_is_refused(tmp_path: Path) -> None:
    write_old(tmp_path / "old.db", scale=0)

    with pytest.raises(AgentsMissingError):
        run_import(tmp_path / "old.db", f"sqlite:///{tmp_path / 'target.db'}", agents_dir=tmp_path / "nowhere")

    assert [path.name for path in tmp_path.iterdir()] == ["old.db"]
