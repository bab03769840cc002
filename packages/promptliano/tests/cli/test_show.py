"""Pages about one thing, with what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Cli = Callable[..., Any]


def test_a_ticket_is_shown_with_project_queue_and_checklist(cli: Cli) -> None:
    said = cli("ticket", "show", "1")

    assert said.code == 0
    assert said.out.startswith("Ticket 1  Mend the gate number 1\nopen  ·  high priority  ·  Garden\n")
    assert "queued in Nightly (1), place 7, priority 2, agent oiler" in said.out
    assert "12 Mar 2025" in said.out
    assert "größe, hot" in said.out
    assert "  The gate **squeaks**." in said.out
    checklist = said.out[said.out.index("Tasks (1 of 4 done)") :].splitlines()[1:5]
    assert [line.split()[0:2] for line in checklist] == [["[-]", "Step"], ["[", "]"], ["[~]", "Step"], ["[x]", "Step"]]
    assert "promptliano task show 4" in said.err


def test_a_ticket_as_a_document_holds_what_belongs_to_it(cli: Cli) -> None:
    ticket = cli("ticket", "show", "1", "--json").json

    assert ticket["project"]["name"] == "Garden"
    assert ticket["queue"]["status"] == "queued"
    assert [task["content"] for task in ticket["tasks"]] == [f"Step {place} of 1" for place in (3, 2, 1, 0)]


def test_a_task_is_shown_with_its_ticket_and_queue(cli: Cli) -> None:
    said = cli("task", "show", "5")

    assert "Mend the gate number 2 (2)" in said.out
    assert "in progress in Nightly (1)" in said.out
    assert cli("task", "show", "5", "--json").json["ticket"]["id"] == 2


def test_a_chat_is_shown_with_its_last_messages_and_all_of_them_when_asked(cli: Cli) -> None:
    said = cli("chat", "show", "1", "--last", "3")

    assert "37 earlier messages" in said.out
    assert "Message 36" not in said.out
    assert said.out.index("Message 37") < said.out.index("Message 39")
    assert "Message 0 " in cli("chat", "show", "1", "--all").out
    assert len(cli("chat", "show", "1", "--json").json["messages"]) == 40


def test_a_project_is_found_by_id_name_and_path(cli: Cli) -> None:
    shown = {cli("project", "show", wanted, "--json").out for wanted in ("1", "Garden", "/code/garden")}

    assert len(shown) == 1
    assert '"ticketsByStatus"' in shown.pop()
    assert "25 (13 open, 12 completed)" in cli("project", "show", "Garden").out


def test_an_agent_is_found_by_slug_and_its_secrets_are_not_given_out(cli: Cli) -> None:
    said = cli("agent", "show", "oiler")
    listed = cli("agent", "list", "--json")

    assert "Oil all hinges." in said.out
    assert cli("agent", "show", "1", "--json").json["configuration"] == {"color": "blue"}
    assert "hush" not in said.out + listed.out


def test_a_file_is_found_by_path_and_its_content_is_cut_unless_asked_for(cli: Cli) -> None:
    said = cli("file", "show", "src/gate0.ts", "--project", "Garden")

    assert "line 39" in said.out
    assert "line 40" not in said.out
    assert "20 more lines" in said.out
    assert "line 59" in cli("file", "show", "1", "--full").out
    assert "content" not in cli("file", "list", "--json").json["items"][0]
    assert "line 59" in cli("file", "show", "1", "--json").json["content"]


def test_a_queue_is_shown_with_what_waits_in_it(cli: Cli) -> None:
    said = cli("queue", "show", "1")

    assert "ticket 1 Mend the gate number 1" in said.out
    assert "task 5 " in said.out
    queue = cli("queue", "show", "1", "--json").json
    assert queue["counts"] == {"completed": 1, "failed": 1, "in_progress": 1, "queued": 1}
    assert [item["status"] for item in queue["items"]] == ["in_progress", "queued"]


def test_a_prompt_is_shown_with_the_projects_that_use_it(cli: Cli) -> None:
    assert "Garden (1)" in cli("prompt", "show", "1").out
    assert cli("prompt", "show", "1", "--json").json["projectIds"] == [1]


@pytest.mark.parametrize("wanted", ["Twin", "src/gate0.ts"])
def test_a_name_that_several_have_is_refused(cli: Cli, wanted: str) -> None:
    said = cli("project" if wanted == "Twin" else "file", "show", wanted)

    assert said.code == 2
    assert said.err.startswith("error[AMBIGUOUS]: Several ")
