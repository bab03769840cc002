"""Lists and searches: as tables for people, as one document for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

ENTITIES = ("project", "ticket", "task", "chat", "prompt", "agent", "file", "queue")
WORDS = {"project": "garden", "chat": "squeak", "agent": "oil", "file": "gate0", "queue": "night", "task": "step"}

Cli = Callable[..., Any]


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_list_is_one_document_of_camel_case_objects(cli: Cli, entity: str) -> None:
    said = cli(entity, "list", "--json")

    assert (said.code, said.err) == (0, "")
    assert said.json.keys() == {"items", "nextCursor", "total"}
    assert said.json["total"] >= len(said.json["items"]) > 0
    for item in said.json["items"]:
        assert isinstance(item["id"], int)
        assert isinstance(item["created"], int)
        assert not [name for name in item if "_" in name]


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_list_is_a_table_that_can_be_piped(cli: Cli, entity: str) -> None:
    said = cli(entity, "list")

    assert said.code == 0
    assert said.out.splitlines()[0].split()[0] == "ID"
    assert "\x1b" not in said.out
    assert not [line for line in said.out.splitlines() if line != line.rstrip()]
    assert f"promptliano {entity} show " in said.err  # what to type next


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_search_finds_by_words_and_says_when_nothing_is_found(cli: Cli, entity: str) -> None:
    found = cli(entity, "search", WORDS.get(entity, "gate"), "--json")
    nothing = cli(entity, "search", "zzzz")

    assert found.code == 0
    assert len(found.json["items"]) > 0
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err.startswith("No ")


@pytest.mark.parametrize("words", ['"', "AND OR NOT", "a* ^b", "'; DROP TABLE tickets; --", "%_\\", "(", "NEAR(x y)"])
@pytest.mark.parametrize("entity", ["ticket", "queue"])
def test_nothing_in_a_search_is_an_operator(cli: Cli, entity: str, words: str) -> None:
    assert cli(entity, "search", "--json", "--", words).code == 0


def test_a_ticket_appears_with_its_queue_fields_and_counts(cli: Cli) -> None:
    items = {item["id"]: item for item in cli("ticket", "list", "--json", "--limit", "100").json["items"]}

    waiting = items[1]["queue"]
    assert (waiting["name"], waiting["status"], waiting["position"], waiting["agent"]) == (
        "Nightly",
        "queued",
        7,
        "oiler",
    )
    assert (items[2]["queue"]["status"], items[2]["queue"]["error"]) == ("failed", "no oil left")
    assert items[3]["queue"] is None
    assert (items[1]["taskCount"], items[1]["doneCount"]) == (4, 1)
    assert items[1]["created"] == 1741788120000


def test_filters_narrow_a_list(cli: Cli) -> None:
    def total(*arguments: str) -> int:
        return int(cli(*arguments, "--json").json["total"])

    assert total("ticket", "list") == 30
    assert total("ticket", "list", "--project", "Garden") == 25
    assert total("ticket", "list", "--project", "1", "--status", "open") == 13
    assert total("ticket", "list", "--status", "open", "--status", "completed") == 30
    assert total("ticket", "list", "--priority", "high") == 1
    assert total("task", "list", "--ticket", "2") == 4
    assert total("task", "list", "--status", "pending", "--agent", "oiler") == 3
    assert total("prompt", "list", "--project", "/code/garden") == 1
    assert total("agent", "list", "--inactive") == 1
    assert total("file", "list", "--extension", ".TS") == 4
    assert total("queue", "list", "--state", "paused") == 0
    assert total("chat", "list", "--project", "2") == 0


def test_the_tasks_of_a_ticket_come_in_their_order(cli: Cli) -> None:
    tasks = cli("task", "list", "--ticket", "1", "--json").json["items"]

    assert [task["orderIndex"] for task in tasks] == [0, 1, 2, 3]
    assert [task["done"] for task in tasks] == [False, False, False, True]


def test_cursors_and_offsets_walk_through_the_whole_list(cli: Cli) -> None:
    by_cursor: list[int] = []
    cursor: str | None = None
    while True:
        more = ["--cursor", cursor] if cursor else []
        page = cli("ticket", "list", "--limit", "8", "--json", *more).json
        by_cursor += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    pages = [cli("ticket", "list", "--limit", "8", "--offset", str(start), "--json").json for start in (0, 8, 16, 24)]

    assert len(by_cursor) == 30 == len(set(by_cursor))
    assert by_cursor == [item["id"] for page in pages for item in page["items"]]


def test_a_list_says_how_many_of_how_many_and_how_to_see_the_next_ones(cli: Cli) -> None:
    said = cli("ticket", "list", "--limit", "5")
    last = cli("ticket", "list", "--limit", "5", "--offset", "25")

    assert said.err.startswith("5 of 30 tickets. Look at one: promptliano ticket show 30\n")
    assert "--offset 5" in said.err
    assert "--offset" not in last.err


def test_a_search_says_when_there_is_more(cli: Cli) -> None:
    first = cli("ticket", "search", "gate", "--limit", "4")
    last = cli("ticket", "search", "gate", "--limit", "4", "--offset", "28")

    assert first.err.startswith("The first 4 tickets. ")
    assert "--offset 4" in first.err
    assert last.err.startswith("2 of 30 tickets. ")
    assert cli("ticket", "search", "gate", "--limit", "4", "--json").json["total"] is None
    assert cli("ticket", "search", "gate", "--json", "--limit", "30").json["total"] == 30


def test_a_state_can_be_given_as_it_is_shown(cli: Cli) -> None:
    total = cli("task", "list", "--status", "in progress", "--json").json["total"]

    assert total == cli("task", "list", "--status", "in_progress", "--json").json["total"] == 3


def test_a_long_title_is_cut_and_the_id_never(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")

    line = cli("ticket", "list", "--limit", "1").out.splitlines()[1]

    assert len(line) <= 50
    assert line.startswith("30  Mend the")
    assert "…" in line


def test_a_stored_text_cannot_steer_the_terminal(cli: Cli) -> None:
    for arguments in (("chat", "search", "squeak"), ("chat", "show", "1")):
        assert "\x1b" not in cli(*arguments).out
