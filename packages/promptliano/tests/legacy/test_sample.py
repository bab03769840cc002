"""The generated legacy databases look like the real ones, and hold every quirk that real clean data has."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from promptliano.legacy.sample import History, SampleCounts, write_agents, write_later, write_old

Facts = dict[str, dict[str, object]]
FULL_TEXT = "file_search_fts"  # derived, and left out of the generated databases


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    return connection


@pytest.fixture(scope="module", params=[0, 1], ids=["tiny", "full"])
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("old") / "old.db"
    write_old(path, scale=request.param)
    with closing(connect(path)) as connection:
        yield connection


@pytest.fixture(scope="module", params=[0, 1], ids=["tiny", "full"])
def later(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("later") / "later.db"
    write_later(path, scale=request.param)
    with closing(connect(path)) as connection:
        yield connection


def number(connection: sqlite3.Connection, sql: str) -> int:
    (answer,) = connection.execute(sql).fetchone()
    return int(answer)


def has(connection: sqlite3.Connection, table: str, condition: str) -> bool:
    return number(connection, f"SELECT count(*) FROM {table} WHERE {condition}") > 0


def values(connection: sqlite3.Connection, sql: str) -> set[object]:
    return {answer for (answer,) in connection.execute(sql)}


def tables(connection: sqlite3.Connection) -> list[str]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in names if not name.startswith(("sqlite_", FULL_TEXT))]


def row_hashes(path: Path) -> dict[str, str]:
    """Hash the rows of each table, types included, in the order of storage."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: hashlib.sha256(repr(connection.execute(f'SELECT * FROM "{table}"').fetchall()).encode()).hexdigest()
            for table in tables(connection)
        }


# Determinism


def test_the_same_seed_gives_the_same_rows(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_old(tmp_path / f"old-{name}.db", seed=5)
        write_later(tmp_path / f"later-{name}.db", seed=5)

    assert row_hashes(tmp_path / "old-first.db") == row_hashes(tmp_path / "old-second.db")
    assert row_hashes(tmp_path / "later-first.db") == row_hashes(tmp_path / "later-second.db")


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    write_old(tmp_path / "one.db", scale=0, seed=1)
    write_old(tmp_path / "two.db", scale=0, seed=2)

    one, two = row_hashes(tmp_path / "one.db"), row_hashes(tmp_path / "two.db")

    assert one["tickets"] != two["tickets"]
    assert one["projects"] != two["projects"]


def test_the_history_changes_nothing_in_the_core_rows(tmp_path: Path) -> None:
    write_old(tmp_path / "clean.db", scale=0, history="0.9.4")
    write_old(tmp_path / "server.db", scale=0, history="server")

    clean, server = row_hashes(tmp_path / "clean.db"), row_hashes(tmp_path / "server.db")

    assert {name for name in server if server[name] != clean[name]} == {"migrations"}


@pytest.mark.parametrize("seed", range(8))
def test_any_seed_gives_a_sound_database(tmp_path: Path, seed: int) -> None:
    write_old(tmp_path / "old.db", scale=0, seed=seed)
    write_later(tmp_path / "later.db", scale=0, seed=seed)

    for name in ("old.db", "later.db"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


# The file


@pytest.mark.parametrize("write", [write_old, write_later])
def test_the_file_is_in_wal_mode_with_pages_of_4096_bytes_and_no_version(
    tmp_path: Path, write: Callable[..., SampleCounts]
) -> None:
    path = tmp_path / "sample.db"
    write(path, scale=0)

    with closing(sqlite3.connect(path)) as connection:
        facts = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "page_size")]
        version = connection.execute("PRAGMA user_version").fetchone()[0]

    assert facts == ["wal", 4096]
    assert version == 0


def test_a_sample_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "precious.db"
    path.write_text("mine")

    with pytest.raises(FileExistsError):
        write_old(path, scale=0)
    assert path.read_text() == "mine"


def test_a_scale_below_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale"):
        write_later(tmp_path / "sample.db", scale=-1)


def test_the_counts_say_what_the_file_holds(tmp_path: Path) -> None:
    for path, counts in (
        (tmp_path / "old.db", write_old(tmp_path / "old.db", scale=0)),
        (tmp_path / "later.db", write_later(tmp_path / "later.db", scale=0)),
    ):
        with closing(sqlite3.connect(path)) as connection:
            held = {name: number(connection, f'SELECT count(*) FROM "{name}"') for name in tables(connection)}

        assert held == counts.tables
        assert counts.total == sum(held.values())


def test_scale_one_gives_about_three_thousand_old_rows(tmp_path: Path) -> None:
    counts = write_old(tmp_path / "sample.db")

    assert 2_500 <= counts.total <= 3_500
    assert counts["projects"] == 4
    assert counts["tickets"] == 170
    assert counts["project_files"] > 600
    assert counts["ticket_tasks"] > 600
    assert counts["chat_messages"] > 600


def test_scale_one_gives_some_two_thousand_later_rows(tmp_path: Path) -> None:
    counts = write_later(tmp_path / "sample.db")

    assert 2_000 <= counts.total <= 3_000
    assert counts["projects"] == 4
    assert counts["tickets"] == 130
    assert counts["files"] > 480
    assert counts["queue_items"] > 200


def test_scale_zero_is_tiny(tmp_path: Path) -> None:
    assert write_old(tmp_path / "old.db", scale=0).total < 150
    assert write_later(tmp_path / "later.db", scale=0).total < 180


# The schema, beside real databases


def real_sample(tmp_path: Path, name: str) -> Path:
    """Copy a real sample, and the log beside it, to where it may be opened."""
    folder = os.environ.get("PROMPTLIANO_LEGACY_SAMPLES")
    if not folder or not (source := Path(folder) / name).is_file():
        pytest.skip(f"NOT COMPARED with a real legacy database: PROMPTLIANO_LEGACY_SAMPLES holds no {name}")
    target = tmp_path / "real.db"
    shutil.copyfile(source, target)
    if (log := source.with_name(source.name + "-wal")).is_file():
        shutil.copyfile(log, tmp_path / "real.db-wal")
    return target


def affinity(declared: str) -> str:
    """Give the affinity of a declared type, by SQLite's five rules."""
    name = declared.upper()
    if "INT" in name:
        return "INTEGER"
    if any(part in name for part in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in name or not name:
        return "BLOB"
    return "REAL" if any(part in name for part in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


def plain(default: str | None) -> str | None:
    return {"true": "1", "false": "0"}.get(default, default) if default else default


def columns(connection: sqlite3.Connection) -> Facts:
    return {
        table: {
            row["name"]: (affinity(row["type"]), row["notnull"], row["pk"])
            for row in connection.execute(f'PRAGMA table_info("{table}")')
        }
        for table in tables(connection)
    }


def defaults(connection: sqlite3.Connection) -> Facts:
    return {
        table: {row["name"]: plain(row["dflt_value"]) for row in connection.execute(f'PRAGMA table_info("{table}")')}
        for table in tables(connection)
    }


def foreign_keys(connection: sqlite3.Connection) -> Facts:
    return {
        table: {
            row["from"]: (row["table"], row["to"], row["on_delete"], row["on_update"])
            for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')
        }
        for table in tables(connection)
    }


def indexes(connection: sqlite3.Connection) -> Facts:
    """Give each index by name, or by its columns where SQLite named it; a member of a document counts as None."""
    found: Facts = {}
    for table in tables(connection):
        found[table] = {}
        for row in connection.execute(f'PRAGMA index_list("{table}")').fetchall():
            members = [part["name"] for part in connection.execute(f'PRAGMA index_info("{row["name"]}")')]
            name = row["name"] if row["origin"] == "c" else f"{row['origin']}: {members}"
            found[table][name] = (members, row["unique"], row["partial"])
    return found


@pytest.mark.parametrize(
    ("name", "history"),
    [
        ("typical.db", "0.9.4"),
        ("variants/half-migrated.db", "server"),
        ("variants/crash.db", "0.9.2"),
        ("drizzle-era.db", None),
    ],
)
def test_tables_columns_keys_and_indexes_are_those_of_a_real_database(
    tmp_path: Path, name: str, history: History | None
) -> None:
    real = real_sample(tmp_path, name)
    made = tmp_path / "made.db"
    if history is None:
        write_later(made, scale=0)
    else:
        write_old(made, scale=0, history=history)

    with closing(connect(real)) as original, closing(connect(made)) as copy:
        assert columns(copy) == columns(original)
        assert {table: list(names) for table, names in columns(copy).items()} == {
            table: list(names) for table, names in columns(original).items()
        }
        assert defaults(copy) == defaults(original)
        assert foreign_keys(copy) == foreign_keys(original)
        assert indexes(copy) == indexes(original)


# Histories of old installations


@pytest.mark.parametrize(
    ("history", "steps"),
    [
        ("0.9.4", [1]),
        ("0.9.3", [*range(2, 24), 25, 26]),
        ("0.9.2", [*range(2, 24), 25]),
        ("server", []),
    ],
)
def test_the_bookkeeping_tells_the_history(tmp_path: Path, history: History, steps: list[int]) -> None:
    write_old(tmp_path / "sample.db", scale=0, history=history)

    with closing(sqlite3.connect(tmp_path / "sample.db")) as connection:
        applied = [version for (version,) in connection.execute("SELECT version FROM migrations ORDER BY version")]

    assert applied == steps


@pytest.mark.parametrize(("history", "count"), [("0.9.4", 83), ("0.9.3", 83), ("0.9.2", 94), ("server", 18)])
def test_each_history_has_its_number_of_indexes(tmp_path: Path, history: History, count: int) -> None:
    write_old(tmp_path / "sample.db", scale=0, history=history)

    with closing(sqlite3.connect(tmp_path / "sample.db")) as connection:
        assert number(connection, "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql NOT NULL") == count


def test_upgraded_installations_hold_the_columns_of_provider_keys_in_another_order(tmp_path: Path) -> None:
    orders: dict[History, list[str]] = {}
    histories: tuple[History, ...] = ("0.9.4", "0.9.3", "0.9.2")
    for history in histories:
        write_old(tmp_path / f"{history}.db", scale=0, history=history)
        with closing(connect(tmp_path / f"{history}.db")) as connection:
            orders[history] = list(columns(connection)["provider_keys"])

    assert orders["0.9.3"] == orders["0.9.2"] != orders["0.9.4"]
    assert sorted(orders["0.9.3"]) == sorted(orders["0.9.4"])


def test_only_an_installation_from_0_9_2_has_the_empty_job_tables(tmp_path: Path) -> None:
    histories: tuple[History, ...] = ("0.9.4", "0.9.3", "0.9.2", "server")
    jobs = {
        history: {
            name: rows for name, rows in write_old(path, scale=0, history=history).tables.items() if "job" in name
        }
        for history in histories
        for path in [tmp_path / f"{history}.db"]
    }

    assert jobs == {"0.9.4": {}, "0.9.3": {}, "0.9.2": {"jobs": 0, "job_history": 0, "job_locks": 0}, "server": {}}


# Quirks of clean old data


def test_ids_are_moments_moved_up_until_free(old: sqlite3.Connection) -> None:
    for table in ("projects", "project_files", "tickets", "ticket_tasks", "task_queues", "prompts", "chats"):
        assert not has(old, table, "id < created_at OR id > created_at + 10000 OR id < 1700000000000")
    assert has(old, "project_files", "id BETWEEN created_at + 1 AND created_at + 10")


def test_files_read_in_one_run_share_their_moment(old: sqlite3.Connection) -> None:
    assert number(old, "SELECT count(*) FROM project_files") > 2 * number(
        old, "SELECT count(DISTINCT created_at) FROM project_files"
    )


def test_the_same_number_is_an_id_in_two_tables(old: sqlite3.Connection) -> None:
    assert has(old, "chats", "id IN (SELECT id FROM chat_messages)")


def test_json_is_compact_and_not_escaped(old: sqlite3.Connection) -> None:
    for table, column in (
        ("tickets", "suggested_file_ids"),
        ("ticket_tasks", "tags"),
        ("project_files", "exports"),
        ("chat_messages", "attachments"),
        ("active_tabs", "data"),
    ):
        for (text,) in old.execute(f"SELECT {column} FROM {table}"):
            assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    assert has(old, "ticket_tasks", "tags LIKE '%größe%'")


def test_a_project_without_description_has_an_empty_one(old: sqlite3.Connection) -> None:
    assert has(old, "projects", "description = ''")


def test_a_project_path_is_of_any_platform(old: sqlite3.Connection) -> None:
    assert has(old, "projects", r"path LIKE 'C:\%'") and has(old, "projects", "path LIKE '/%'")


def test_every_ticket_status_and_priority_occurs(old: sqlite3.Connection) -> None:
    assert values(old, "SELECT DISTINCT status FROM tickets") == {"open", "in_progress", "closed"}
    assert values(old, "SELECT DISTINCT priority FROM tickets") == {"low", "normal", "high"}


@pytest.mark.parametrize("table", ["tickets", "ticket_tasks"])
def test_every_queue_status_occurs(old: sqlite3.Connection, table: str) -> None:
    statuses = {"queued", "in_progress", "completed", "failed", "cancelled"}

    assert values(old, f"SELECT DISTINCT queue_status FROM {table} WHERE queue_id NOT NULL") == {*statuses, None}


@pytest.mark.parametrize("table", ["tickets", "ticket_tasks"])
def test_some_are_in_a_queue_without_a_status(old: sqlite3.Connection, table: str) -> None:
    assert has(old, table, "queue_id NOT NULL AND queue_status IS NULL")


@pytest.mark.parametrize("table", ["tickets", "ticket_tasks"])
def test_some_have_a_queue_status_without_a_queue(old: sqlite3.Connection, table: str) -> None:
    assert has(old, table, "queue_id IS NULL AND queue_status = 'queued'")


def test_the_ticket_of_a_taken_task_is_in_progress_without_a_queue(old: sqlite3.Connection) -> None:
    taken = "SELECT ticket_id FROM ticket_tasks WHERE queue_status = 'in_progress'"

    assert has(old, "tickets", f"queue_id IS NULL AND queue_status = 'in_progress' AND id IN ({taken})")


def test_a_ticket_completed_in_its_queue_is_still_open(old: sqlite3.Connection) -> None:
    assert has(old, "tickets", "queue_status = 'completed' AND status = 'open'")


def test_tasks_completed_in_a_queue_are_done(old: sqlite3.Connection) -> None:
    assert not has(old, "ticket_tasks", "queue_status = 'completed' AND NOT done")


@pytest.mark.parametrize("table", ["tickets", "ticket_tasks"])
def test_finishing_outside_the_queue_kept_times_and_agent(old: sqlite3.Connection, table: str) -> None:
    kept = "queue_started_at NOT NULL AND queue_completed_at NOT NULL AND queue_agent_id NOT NULL"
    cleared = "queue_id IS NULL AND queue_position IS NULL AND queue_status IS NULL AND queued_at IS NULL"

    assert has(old, table, f"{kept} AND {cleared} AND queue_priority = 0 AND actual_processing_time > 0")


@pytest.mark.parametrize("table", ["tickets", "ticket_tasks"])
def test_priority_0_and_null_occur_in_queues(old: sqlite3.Connection, table: str) -> None:
    assert has(old, table, "queue_status = 'queued' AND queue_id NOT NULL AND queue_priority = 0")
    assert has(old, table, "queue_status = 'queued' AND queue_id NOT NULL AND queue_priority IS NULL")
    assert has(old, table, "queue_id IS NULL AND queue_priority = 0")
    assert has(old, table, "queue_id IS NULL AND queue_priority IS NULL")


def test_one_code_path_enqueued_without_a_position(old: sqlite3.Connection) -> None:
    assert has(old, "tickets", "queue_id NOT NULL AND queue_position IS NULL")


def test_tickets_and_tasks_of_a_queue_share_one_count_of_positions(old: sqlite3.Connection) -> None:
    entries = " UNION ALL ".join(
        f"SELECT queue_id, queue_position FROM {table} WHERE queue_position NOT NULL"
        for table in ("tickets", "ticket_tasks")
    )
    queues = old.execute(
        f"SELECT min(queue_position), max(queue_position), count(*) FROM ({entries}) GROUP BY queue_id"
    )

    assert all(first == 1 and last == count for first, last, count in queues)


def test_a_failure_has_its_text_or_an_empty_one(old: sqlite3.Connection) -> None:
    assert has(old, "tickets", "queue_status = 'failed' AND queue_error_message = '' AND queue_completed_at NOT NULL")
    assert has(old, "tickets", "queue_status = 'failed' AND queue_error_message <> ''")


def test_a_retried_entry_keeps_its_old_error(old: sqlite3.Connection) -> None:
    assert has(old, "tickets", "queue_status = 'in_progress' AND queue_error_message <> '' AND queue_completed_at > 0")


def test_a_task_marked_with_its_ticket_never_started(old: sqlite3.Connection) -> None:
    assert has(
        old, "ticket_tasks", "queue_status = 'completed' AND queue_started_at IS NULL AND queue_agent_id IS NULL"
    )


def test_suggested_files_and_agents_are_text_and_prompts_are_numbers(old: sqlite3.Connection) -> None:
    for table in ("tickets", "ticket_tasks"):
        for column, kind in (("suggested_file_ids", "text"), ("suggested_prompt_ids", "integer")):
            members = f"SELECT DISTINCT m.type FROM {table}, json_each({column}) AS m"
            assert values(old, members) == {kind}
    assert values(old, "SELECT DISTINCT m.type FROM tickets, json_each(suggested_agent_ids) AS m") == {"text"}


def test_suggestions_name_rows_that_exist(old: sqlite3.Connection) -> None:
    for column, target in (("suggested_file_ids", "project_files"), ("suggested_prompt_ids", "prompts")):
        lost = f"CAST(m.value AS INTEGER) NOT IN (SELECT id FROM {target})"
        assert number(old, f"SELECT count(*) FROM tickets, json_each({column}) AS m WHERE {lost}") == 0


def test_tasks_have_dependencies_gaps_and_repeats_in_their_order(old: sqlite3.Connection) -> None:
    first = "ticket_id = (SELECT min(ticket_id) FROM ticket_tasks)"
    order = [place for (place,) in old.execute(f"SELECT order_index FROM ticket_tasks WHERE {first} ORDER BY 1")]

    assert order[:3] == [0, 2, 2]
    assert values(old, "SELECT DISTINCT m.type FROM ticket_tasks, json_each(dependencies) AS m") == {"integer"}
    assert has(old, "ticket_tasks", "estimated_hours > 0")


def test_queues_are_active_paused_and_inactive_and_were_never_counted(old: sqlite3.Connection) -> None:
    assert values(old, "SELECT DISTINCT status FROM task_queues") == {"active", "paused", "inactive"}
    assert not has(old, "task_queues", "average_processing_time NOT NULL OR total_completed_items <> 0")
    assert not has(old, "queue_history", "1") and not has(old, "queue_dead_letter", "1")


def test_a_prompt_belongs_to_several_projects(old: sqlite3.Connection) -> None:
    assert number(old, "SELECT max(n) FROM (SELECT count(*) AS n FROM prompt_projects GROUP BY prompt_id)") == 2


def test_a_prompt_names_its_project_though_the_link_is_missing(old: sqlite3.Connection) -> None:
    assert has(old, "prompts", "project_id NOT NULL AND id NOT IN (SELECT prompt_id FROM prompt_projects)")


def test_a_prompt_is_linked_though_it_names_no_project(old: sqlite3.Connection) -> None:
    assert has(old, "prompts", "project_id IS NULL AND id IN (SELECT prompt_id FROM prompt_projects)")


def test_a_prompt_belongs_to_no_project(old: sqlite3.Connection) -> None:
    assert has(old, "prompts", "project_id IS NULL AND id NOT IN (SELECT prompt_id FROM prompt_projects)")


def test_links_have_small_ids_and_one_moment(old: sqlite3.Connection) -> None:
    assert number(old, "SELECT max(id) - count(*) FROM prompt_projects") == 0
    assert number(old, "SELECT count(DISTINCT created_at) FROM prompt_projects") == 1


def test_few_chats_have_a_project_and_one_has_no_message(old: sqlite3.Connection) -> None:
    assert has(old, "chats", "project_id NOT NULL")
    assert number(old, "SELECT count(*) FROM chats WHERE project_id IS NULL") > number(
        old, "SELECT count(*) FROM chats WHERE project_id NOT NULL"
    )
    assert has(old, "chats", "id NOT IN (SELECT chat_id FROM chat_messages)")


def test_a_copied_chat_has_new_ids_and_old_times(old: sqlite3.Connection) -> None:
    copy = "SELECT id FROM chats WHERE title LIKE 'Fork of %'"

    assert has(old, "chat_messages", f"chat_id IN ({copy})")
    assert not has(old, "chat_messages", f"chat_id IN ({copy}) AND created_at >= id")


def test_messages_have_every_role_and_hardly_a_type(old: sqlite3.Connection) -> None:
    assert values(old, "SELECT DISTINCT role FROM chat_messages") == {"user", "assistant", "system"}
    assert values(old, "SELECT DISTINCT type FROM chat_messages") == {None, "file", "text"}


def test_attachments_come_with_and_without_an_update(old: sqlite3.Connection) -> None:
    notes = [note for (text,) in old.execute("SELECT attachments FROM chat_messages") for note in json.loads(text)]
    common = {"id", "fileName", "mimeType", "size", "url", "created"}

    assert {frozenset(note) for note in notes} == {frozenset(common), frozenset(common | {"updated"})}


def test_provider_keys_are_encrypted_and_plain(old: sqlite3.Connection) -> None:
    assert has(old, "provider_keys", "encrypted = 1 AND iv NOT NULL AND tag NOT NULL AND salt NOT NULL")
    assert has(old, "provider_keys", "encrypted = 0 AND iv IS NULL AND key NOT NULL")
    assert has(old, "provider_keys", "base_url NOT NULL AND json_type(custom_headers) = 'object'")
    assert has(old, "provider_keys", "expires_at NOT NULL") and has(old, "provider_keys", "last_used NOT NULL")


def test_checksums_are_those_of_the_whole_file(old: sqlite3.Connection) -> None:
    for row in old.execute("SELECT content, size, checksum FROM project_files WHERE length(content) < 100000"):
        stored = row["content"].encode()
        assert row["size"] == len(stored)
        assert row["checksum"] in (None, hashlib.sha256(stored).hexdigest())


def test_a_long_file_is_cut_but_its_size_and_checksum_are_not(old: sqlite3.Connection) -> None:
    cut = old.execute("SELECT * FROM project_files WHERE length(content) > 100000").fetchall()

    assert cut
    for row in cut:
        assert row["content"].endswith("]") and row["content"][99_000:].count("[") == 1
        assert row["size"] > len(row["content"].encode())
        assert len(row["checksum"]) == 64 and row["checksum"] != hashlib.sha256(row["content"].encode()).hexdigest()


def test_a_file_without_summary_was_summarised_never_or_at_zero(old: sqlite3.Connection) -> None:
    assert has(old, "project_files", "summary IS NULL AND summary_last_updated = 0")
    assert has(old, "project_files", "summary_last_updated IS NULL")
    assert has(old, "project_files", "summary LIKE '{%' AND json_valid(summary)")


def test_a_file_made_by_hand_has_no_checksum(old: sqlite3.Connection) -> None:
    assert has(old, "project_files", "checksum IS NULL AND meta IS NULL")


def test_paths_that_differ_by_bytes_only_are_different_files(old: sqlite3.Connection) -> None:
    paths = values(old, "SELECT path FROM project_files")

    assert {"docs/README.md", "docs/Readme.md"} <= paths
    assert {"src/menu.ts", "./src/menu.ts", "src\\menu.ts"} <= paths
    assert {"docs/\u00dcberblick – Plan.md", "docs/U\u0308berblick – Plan.md"} <= paths


def test_dot_files_are_their_own_extension_and_some_files_have_none(old: sqlite3.Connection) -> None:
    pairs = {(row["name"], row["extension"]) for row in old.execute("SELECT name, extension FROM project_files")}

    assert {(".env", ".env"), (".gitignore", ".gitignore"), ("Makefile", ""), ("LICENSE", "")} <= pairs


def test_imports_and_exports_have_the_shapes_of_an_analysis(old: sqlite3.Connection) -> None:
    analysed = "SELECT imports, exports FROM project_files WHERE imports <> '[]' AND exports <> '[]'"

    for row in old.execute(analysed):
        assert all(set(one) == {"source", "specifiers"} for one in json.loads(row["imports"]))
        assert {one["type"] for one in json.loads(row["exports"])} <= {"named", "default", "all"}
    assert has(old, "project_files", "imports = '[]' AND extension = '.md'")
    assert has(old, "project_files", "json_array_length(exports) > 0")


def test_tabs_differ_in_client_and_in_how_much_they_remember(old: sqlite3.Connection) -> None:
    tabs = [json.loads(text) for (text,) in old.execute("SELECT data FROM active_tabs ORDER BY created_at")]
    owners = [(tab["data"]["projectId"], tab["data"].get("clientId")) for tab in tabs]
    sizes = {len(tab["data"]["tabMetadata"]) for tab in tabs}

    assert len(set(owners)) < len(owners), "two rows of one project and client, the newer wins"
    assert any(client is None for _, client in owners)
    assert min(sizes) == 2 and max(sizes) == 18
    assert not has(old, "active_tabs", "id <> json_extract(data, '$.id')")


def test_selections_have_paths_ids_or_minus_one_for_none(old: sqlite3.Connection) -> None:
    found = [json.loads(text)["data"] for (text,) in old.execute("SELECT data FROM selected_files ORDER BY created_at")]

    assert found[0]["fileIds"] and found[0]["filePaths"] and found[0]["userPrompt"]
    assert found[1]["fileIds"] == [-1] and found[1]["tabId"] == -1
    assert "tabId" not in found[2] and found[2]["fileIds"] == [] and found[2]["filePaths"]


def test_document_columns_have_numeric_affinity_and_hold_text(old: sqlite3.Connection) -> None:
    documents = ("active_tabs", "selected_files", "mcp_server_configs", "mcp_tool_executions")

    assert all(columns(old)[table]["data"] == ("NUMERIC", 1, 0) for table in documents)
    assert all(values(old, f"SELECT DISTINCT typeof(data) FROM {table}") == {"text"} for table in documents)


def test_tool_calls_ended_in_every_way_and_form_chains(old: sqlite3.Connection) -> None:
    assert values(old, "SELECT DISTINCT status FROM mcp_tool_executions_v2") == {"success", "error", "timeout"}
    assert has(old, "mcp_tool_chains", "parent_execution_id NOT NULL")
    assert has(old, "mcp_tool_statistics", "1") and has(old, "mcp_tool_patterns", "1")


def test_search_tables_name_files_by_text(old: sqlite3.Connection) -> None:
    assert has(old, "file_search_metadata", "typeof(tf_idf_vector) = 'blob' AND typeof(file_id) = 'text'")
    for table in ("file_search_metadata", "file_keywords", "file_trigrams"):
        assert has(old, table, "1")
        assert not has(old, table, "CAST(file_id AS INTEGER) NOT IN (SELECT id FROM project_files)")


def test_an_agent_is_named_although_its_file_is_gone(old: sqlite3.Connection) -> None:
    assert has(old, "tickets", "suggested_agent_ids LIKE '%night-porter%' OR queue_agent_id = 'night-porter'")


# Quirks of clean later data


def test_two_later_projects_have_the_same_path(later: sqlite3.Connection) -> None:
    assert number(later, "SELECT count(*) - count(DISTINCT path) FROM projects") == 1


def test_later_ids_are_small_counters(later: sqlite3.Connection) -> None:
    for table in ("projects", "tickets", "ticket_tasks", "queues", "queue_items", "chats", "chat_messages", "prompts"):
        assert number(later, f"SELECT max(id) - count(*) FROM {table}") == 0


def test_later_file_ids_are_project_and_path(later: sqlite3.Connection) -> None:
    assert not has(later, "files", "id <> project_id || '_' || path")
    assert has(later, "tickets", "suggested_file_ids LIKE '%_/%'")
    assert not number(
        later,
        "SELECT count(*) FROM tickets, json_each(suggested_file_ids) AS m WHERE m.value NOT IN (SELECT id FROM files)",
    )


def test_later_checksums_are_the_first_16_digits(later: sqlite3.Connection) -> None:
    assert values(later, "SELECT DISTINCT length(checksum) FROM files") == {None, 16}
    for row in later.execute(
        "SELECT content, checksum FROM files WHERE length(content) < 100000 AND checksum NOT NULL"
    ):
        assert hashlib.sha256(row["content"].encode()).hexdigest().startswith(row["checksum"])


@pytest.mark.parametrize(
    ("table", "column"),
    [("files", "meta"), ("files", "imports"), ("chat_messages", "metadata"), ("mcp_tool_executions", "metadata")],
)
def test_nothing_is_sql_null_or_json_null(later: sqlite3.Connection, table: str, column: str) -> None:
    assert has(later, table, f"{column} IS NULL")
    assert has(later, table, f"{column} = 'null'")
    assert has(later, table, f"{column} NOT NULL AND {column} <> 'null'")


def test_later_descriptions_and_overviews_are_null_or_empty(later: sqlite3.Connection) -> None:
    assert has(later, "projects", "description IS NULL")
    for table, column in (("tickets", "overview"), ("ticket_tasks", "description")):
        assert has(later, table, f"{column} IS NULL") and has(later, table, f"{column} = ''")


def test_done_and_status_of_later_tasks_drifted(later: sqlite3.Connection) -> None:
    assert has(later, "ticket_tasks", "done = 1 AND status = 'pending'")
    assert has(later, "ticket_tasks", "done = 1 AND status IN ('in_progress', 'cancelled')")
    assert values(later, "SELECT DISTINCT status FROM ticket_tasks") == {
        "pending",
        "in_progress",
        "completed",
        "cancelled",
    }


def test_a_queue_item_stands_twice(later: sqlite3.Connection) -> None:
    doubled = "SELECT count(*) FROM queue_items GROUP BY item_type, item_id HAVING count(*) > 1"

    assert number(later, f"SELECT count(*) FROM ({doubled})") > 0


def test_an_item_is_queued_again_while_its_ticket_is_in_progress(later: sqlite3.Connection) -> None:
    running = "SELECT id FROM tickets WHERE queue_status = 'in_progress'"

    assert has(later, "queue_items", f"item_type = 'ticket' AND status = 'queued' AND item_id IN ({running})")


def test_an_item_stayed_behind_when_its_ticket_left_the_queue(later: sqlite3.Connection) -> None:
    outside = "SELECT id FROM tickets WHERE queue_id IS NULL"

    assert has(later, "queue_items", f"item_type = 'ticket' AND item_id IN ({outside})")


def test_a_ticket_is_in_a_queue_without_an_item(later: sqlite3.Connection) -> None:
    listed = "SELECT item_id FROM queue_items WHERE item_type = 'ticket'"

    assert has(later, "tickets", f"queue_id NOT NULL AND id NOT IN ({listed})")


def test_queue_items_name_tickets_tasks_chats_and_prompts(later: sqlite3.Connection) -> None:
    assert values(later, "SELECT DISTINCT item_type FROM queue_items") == {"ticket", "task", "chat", "prompt"}
    assert values(later, "SELECT DISTINCT status FROM queue_items") == {
        "queued",
        "in_progress",
        "completed",
        "failed",
        "cancelled",
    }


def test_later_queues_are_switched_on_and_off(later: sqlite3.Connection) -> None:
    assert values(later, "SELECT DISTINCT is_active FROM queues") == {0, 1}


def test_a_file_is_selected_twice(later: sqlite3.Connection) -> None:
    assert number(later, "SELECT count(*) - count(DISTINCT file_id) FROM selected_files") > 0


def test_later_keys_are_plain_or_a_reference(later: sqlite3.Connection) -> None:
    assert has(later, "provider_keys", "key <> '' AND secret_ref IS NULL")
    assert has(later, "provider_keys", "key IS NULL AND secret_ref NOT NULL")
    assert has(later, "provider_keys", "json_extract(custom_headers, '$.X-Team') NOT NULL")


def test_streams_ended_or_broke_off(later: sqlite3.Connection) -> None:
    assert has(later, "chat_streams", "finished_at NOT NULL AND assistant_message_id NOT NULL")
    assert has(later, "chat_streams", "finished_at IS NULL AND assistant_message_id IS NULL")
    assert not has(later, "chat_stream_events", "stream_id NOT IN (SELECT id FROM chat_streams)")
    assert values(later, "SELECT DISTINCT min(seq) FROM chat_stream_events GROUP BY stream_id") == {1}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("mcp_tool_executions", "started_at"),
        ("mcp_tool_statistics", "period_start"),
        ("mcp_execution_chains", "created_at"),
        ("mcp_error_patterns", "last_occurred_at"),
    ],
)
def test_tool_tables_count_in_seconds(later: sqlite3.Connection, table: str, column: str) -> None:
    assert has(later, table, "1")
    assert not has(later, table, f"{column} NOT BETWEEN 1700000000 AND 2000000000")


def test_other_later_tables_count_in_milliseconds(later: sqlite3.Connection) -> None:
    for table in ("projects", "tickets", "ticket_tasks", "queue_items", "chat_messages", "files", "mcp_server_configs"):
        assert not has(later, table, "created_at NOT BETWEEN 1700000000000 AND 2000000000000")


def test_later_messages_carry_a_metadata_object(later: sqlite3.Connection) -> None:
    found = later.execute("SELECT metadata FROM chat_messages WHERE json_type(metadata) = 'object'").fetchall()

    assert found
    assert all(set(json.loads(text)) == {"model", "tokenCount", "finishReason"} for (text,) in found)


def test_a_later_prompt_has_tags_and_at_most_one_project(later: sqlite3.Connection) -> None:
    assert has(later, "prompts", "json_array_length(tags) > 0")
    assert has(later, "prompts", "project_id IS NULL") and has(later, "prompts", "project_id NOT NULL")


def test_tables_around_the_later_core_are_filled_and_leftovers_are_empty(later: sqlite3.Connection) -> None:
    for table in ("git_status", "git_remotes", "model_configs", "file_groups", "file_importance", "relevance_scores"):
        assert has(later, table, "1")
    for table in ("claude_agents", "claude_messages", "encryption_keys", "process_logs", "process_ports"):
        assert not has(later, table, "1")
    assert "process_runs" not in tables(later)


# Agents


def test_agents_are_files_in_each_project_folder(tmp_path: Path) -> None:
    written = write_agents(tmp_path)

    assert {file.relative_to(tmp_path).parts[1:3] for file in written} == {(".claude", "agents")}
    assert len({file.relative_to(tmp_path).parts[0] for file in written}) == 6
    assert all(file.suffix == ".md" for file in written)


def test_an_agent_is_named_by_its_file_and_its_front_matter_is_not_yaml(tmp_path: Path) -> None:
    write_agents(tmp_path)

    text = (tmp_path / "tide-gauge" / ".claude" / "agents" / "pr-f-lotse.md").read_text(encoding="utf-8")

    assert text.startswith(
        "---\nname: Prüf Lotse\ndescription: Reads German texts.\\nKnows Umlaute.\ncolor: purple\n---\n"
    )


def test_agents_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first = [file.read_bytes() for file in write_agents(tmp_path / "first", seed=3)]

    assert first == [file.read_bytes() for file in write_agents(tmp_path / "second", seed=3)]


def test_every_agent_that_rows_name_has_a_file_except_one(tmp_path: Path, old: sqlite3.Connection) -> None:
    written = {file.stem for file in write_agents(tmp_path)}
    named = values(old, "SELECT agent_id FROM ticket_tasks WHERE agent_id NOT NULL")
    named |= values(old, "SELECT m.value FROM tickets, json_each(suggested_agent_ids) AS m")
    named |= values(old, "SELECT queue_agent_id FROM tickets WHERE queue_agent_id NOT NULL")

    assert named - written == {"night-porter"}
