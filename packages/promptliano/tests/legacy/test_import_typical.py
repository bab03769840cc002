"""A real database of the old application is imported whole: every fact of the fact sheet holds afterwards."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from promptliano.legacy.importer import run_import


@pytest.fixture(scope="module")
def typical(samples: Path, load: Callable[..., Any]) -> Any:
    return load(samples / "typical.db", agents_dir=samples / "agents")


@pytest.fixture(scope="module")
def source(samples: Path) -> Any:
    with closing(sqlite3.connect(f"file:{samples / 'typical.db'}?immutable=1", uri=True)) as connection:
        yield connection


def test_every_row_is_accounted_for_and_rebuilt_as_the_manifest_says(typical: Any, samples: Path) -> None:
    typical.check_sums()
    typical.check_sound()

    typical.check_matches(samples / "typical.manifest.json")


def test_clean_data_is_imported_without_repairs(typical: Any) -> None:
    totals = typical.report.totals

    assert (totals["repaired"], totals["merged"], totals["quarantined"]) == (0, 0, 0)
    assert totals["imported"] + totals["archived"] == totals["read"]
    assert typical.accounts["tickets"] == {
        "read": 60,
        "imported": 60,
        "repaired": 0,
        "merged": 0,
        "archived": 0,
        "quarantined": 0,
    }


def test_ids_are_kept(typical: Any, source: sqlite3.Connection) -> None:
    for old, new in {
        "projects": "projects",
        "tickets": "tickets",
        "ticket_tasks": "tasks",
        "task_queues": "queues",
        "project_files": "files",
        "prompts": "prompts",
        "prompt_projects": "prompt_projects",
        "chats": "chats",
        "chat_messages": "chat_messages",
    }.items():
        before = source.execute(f"SELECT id FROM {old} ORDER BY id").fetchall()
        assert typical.all(f"SELECT id FROM {new} ORDER BY id") == before


def test_statuses_are_called_by_their_new_names(typical: Any) -> None:
    statuses = typical.counts("SELECT status, count(*) FROM tickets GROUP BY 1")

    assert statuses == {"completed": 15, "in_progress": 18, "open": 27}
    assert typical.counts("SELECT priority, count(*) FROM tickets GROUP BY 1") == {"high": 13, "low": 12, "normal": 35}
    assert typical.counts("SELECT done, count(*) FROM tasks GROUP BY 1") == {0: 157, 1: 143}
    assert typical.counts("SELECT status, count(*) FROM tasks GROUP BY 1") == {"pending": 157, "completed": 143}
    assert typical.counts("SELECT role, count(*) FROM chat_messages GROUP BY 1") == {
        "assistant": 185,
        "system": 6,
        "user": 194,
    }
    assert typical.report.rules["closed_is_completed"] == 15


def test_queue_items_are_derived_from_the_queue_columns(typical: Any, source: sqlite3.Connection) -> None:
    for old, owner in {"tickets": "ticket_id", "ticket_tasks": "task_id"}.items():
        before = source.execute(
            "SELECT id, queue_id, coalesce(queue_position, 0), queue_status, coalesce(queue_priority, 0), queued_at,"
            " queue_started_at, queue_completed_at, queue_agent_id, queue_error_message, estimated_processing_time,"
            f" actual_processing_time FROM {old} WHERE queue_id IS NOT NULL ORDER BY id"
        ).fetchall()
        after = typical.all(
            f"SELECT {owner}, queue_id, position, status, priority, enqueued, started, finished, agent, error,"
            f" estimated_ms, actual_ms FROM queue_items WHERE {owner} IS NOT NULL ORDER BY {owner}"
        )
        assert after == before
    assert typical.counts("SELECT status, count(*) FROM queue_items GROUP BY 1") == {
        "cancelled": 1,
        "completed": 11 + 21,
        "failed": 4 + 2,
        "in_progress": 4 + 1,
        "queued": 14 + 28,
    }
    assert typical.report.rules["queue_item_derived"] == 33 + 53


def test_queue_times_outside_of_a_queue_go_to_the_archive(typical: Any, source: sqlite3.Connection) -> None:
    expected = {
        str(number): {"queue_started_at": started, "estimated_processing_time": estimated}
        for number, started, estimated in source.execute(
            "SELECT id, queue_started_at, estimated_processing_time FROM tickets WHERE queue_id IS NULL"
            " AND (queue_started_at IS NOT NULL OR estimated_processing_time IS NOT NULL)"
        )
    }

    kept = {
        key: json.loads(payload)
        for key, payload in typical.all(
            "SELECT source_id, payload FROM archive WHERE source_table = 'tickets' AND reason = 'cells'"
        )
    }
    assert expected
    for key, cells in expected.items():
        for name, cell in cells.items():
            assert kept[key].get(name) == cell


def test_lists_of_ids_become_numbers(typical: Any, source: sqlite3.Connection) -> None:
    for number, texts, names, numbers in source.execute(
        "SELECT id, suggested_file_ids, suggested_agent_ids, suggested_prompt_ids FROM tickets"
    ):
        (found,) = typical.all(
            f"SELECT suggested_file_ids, suggested_agents, suggested_prompt_ids FROM tickets WHERE id = {number}"
        )
        assert json.loads(found[0]) == [int(text) for text in json.loads(texts)]
        assert (json.loads(found[1]), json.loads(found[2])) == (json.loads(names), json.loads(numbers))


def test_selected_files_are_one_row_per_path(typical: Any, source: sqlite3.Connection) -> None:
    expected = set()
    for (text,) in source.execute("SELECT data FROM selected_files"):
        data = json.loads(text)["data"]
        expected |= {(data["projectId"], f"tab-{data['tabId']}", path) for path in data["filePaths"]}

    found = typical.all(
        "SELECT s.project_id, s.selection, f.path FROM selected_files s JOIN files f ON f.id = s.file_id"
    )
    assert len(found) == 25
    assert set(found) == expected


def test_tabs_become_user_preferences(typical: Any, source: sqlite3.Connection) -> None:
    for (text,) in source.execute("SELECT data FROM active_tabs"):
        document = json.loads(text)
        data = document["data"]
        (value,) = typical.all(
            f"SELECT value FROM user_preferences WHERE user = '{data.get('clientId', 'default')}'"
            f" AND key = 'project.{data['projectId']}.activeTab'"
        )
        assert json.loads(value[0]) == data


def test_agents_come_from_their_files_and_placeholders_from_their_names(typical: Any, samples: Path) -> None:
    files = list((samples / "agents").glob("*/.claude/agents/*.md"))

    assert typical.one("SELECT count(*) FROM agents WHERE file_path IS NOT NULL") == len(files)
    name, description, instructions, configuration, active = typical.all(
        "SELECT a.name, a.description, a.instructions, a.configuration, a.active FROM agents a"
        " JOIN projects p ON p.id = a.project_id WHERE a.slug = 'frontend-expert' AND p.name = 'acme-storefront'"
    )[0]
    assert (name, description, active) == ("Frontend Expert", "Builds and reviews UI components", 1)
    assert instructions.startswith("# Frontend Expert\n\nYou are an expert.")
    assert json.loads(configuration) == {"color": "blue"}
    named = {
        (project, slug)
        for project, slugs in typical.all("SELECT project_id, suggested_agents FROM tickets")
        for slug in json.loads(slugs)
    }
    assert named <= set(typical.all("SELECT project_id, slug FROM agents"))


def test_agents_without_files_are_marked_as_missing(samples: Path, load: Callable[..., Any]) -> None:
    imported = load(samples / "typical.db")

    rows = imported.all("SELECT active, configuration FROM agents")
    assert rows and all(row == (0, '{"missing":true}') for row in rows)
    assert imported.report.rules["agent_missing"] == len(rows)


def test_secrets_are_sealed_and_the_key_is_private(typical: Any, source: sqlite3.Connection) -> None:
    key = typical.target.with_name(typical.target.name + ".key")
    secrets = [
        value for row in source.execute("SELECT key, iv, tag, salt FROM provider_keys") for value in row if value
    ]
    secrets += [value for (value,) in source.execute("SELECT data FROM mcp_server_configs")]

    stored = typical.target.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert secrets and not [secret for secret in secrets if secret.encode() in stored]
    assert b"$sealed" in stored


def test_cut_contents_are_marked(typical: Any) -> None:
    cut = typical.all("SELECT length(content), size, content_truncated FROM files WHERE length(content) > 100000")

    assert cut and all(mark == 1 and size > length for length, size, mark in cut)
    assert typical.one("SELECT count(*) FROM files WHERE content_truncated") == len(cut)


def test_a_second_run_changes_nothing_and_gives_the_same_report(samples: Path, load: Callable[..., Any]) -> None:
    first = load(samples / "typical.db", agents_dir=samples / "agents")
    first.db.close()
    before = first.target.read_bytes()

    again = run_import(samples / "typical.db", f"sqlite:///{first.target}", agents_dir=samples / "agents")

    assert again.already_imported and not first.report.already_imported
    assert again.to_document() == first.report.to_document()
    assert first.target.read_bytes() == before


def test_the_report_is_the_documented_one(typical: Any, samples: Path) -> None:
    document = typical.report.to_document()

    assert list(document) == ["source", "target", "tables", "totals", "rules", "derived"]
    assert document["source"] == str(samples / "typical.db")
    assert list(document["tables"][0]) == [
        "source",
        "read",
        "imported",
        "repaired",
        "merged",
        "archived",
        "quarantined",
    ]
    assert set(document["derived"]) >= {"file_search_fts", "file_keywords", "file_trigrams", "search_cache"}
    assert json.loads(json.dumps(document)) == document
    text = typical.report.text()
    assert "ticket_tasks" in text and "closed_is_completed" in text
