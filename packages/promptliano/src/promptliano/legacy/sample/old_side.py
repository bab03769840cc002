"""What stands around the core of an old database? Documents, search tables and the record of tool calls."""

from __future__ import annotations

import re
from collections import Counter

from promptliano.legacy.sample.content import DAY, HOUR, MINUTE, Json, compact
from promptliano.legacy.sample.words import TOOLS
from promptliano.legacy.sample.world import Project, World
from promptliano.legacy.sample.writing import Row

_PERIODS = (("hour", HOUR), ("day", DAY), ("week", 7 * DAY), ("month", 30 * DAY))


def add_documents(world: World) -> None:
    """Add the document tables: tabs, selections, MCP servers and results of tool calls."""
    content = world.content
    moment = content.after(content.start, 60 * DAY, 61 * DAY)
    first = world.projects[0]
    for project in world.projects:
        # Two rows of one project and client, the newer one wins; and one that never knew its client.
        moment = content.after(moment, MINUTE, HOUR)
        _add_tab(world, project, moment, client="client-5", full=False)
        moment = content.after(moment, MINUTE, HOUR)
        _add_tab(world, project, moment, client="client-5" if project is first else None, full=project is first)
    for number, project in enumerate([first, first, *world.projects]):
        moment = content.after(moment, MINUTE, HOUR)
        _add_selection(world, project, moment, number)
    for project in world.projects[:2]:
        moment = content.after(moment, MINUTE, HOUR)
        server: dict[str, Json] = {
            "projectId": project.id,
            "name": f"Files of {project.theme.name}",
            "command": "npx file-server",
            "args": ["--root", project.theme.path],
            "env": {"MODE": "read-only"},
            "enabled": project is first,
            "autoStart": False,
        }
        _add_document(world, "mcp_server_configs", server, moment)
    moment = content.after(moment, MINUTE, HOUR)
    call: dict[str, Json] = {
        "toolId": "files/read",
        "serverId": "files",
        "status": "success",
        "result": ["ok", 1, None],
    }
    _add_document(world, "mcp_tool_executions", call, moment)


def _add_document(world: World, table: str, members: dict[str, Json], moment: int) -> None:
    """Add a document; its id stands in the row as text and in the document as a number."""
    number = world.content.ids.take(table, moment)
    document: dict[str, Json] = {"id": number, **members, "created": moment, "updated": moment}
    world.add(table, {"id": str(number), "data": compact(document), "created_at": moment, "updated_at": moment})


def _add_tab(world: World, project: Project, moment: int, *, client: str | None, full: bool) -> None:
    content = world.content
    chosen = content.some(project.files, 3, least=1)
    tab: dict[str, Json] = {"displayName": f"{project.theme.name} – tab", "userPrompt": ""}
    if full:
        tab |= {
            "selectedFiles": [int(file.id) for file in chosen],
            "selectedFilePaths": [file.path for file in chosen],
            "selectedPrompts": content.some(project.prompts, 2, least=1),
            "userPrompt": content.question(project.theme),
            "fileSearch": "menu",
            "contextLimit": 128_000,
            "preferredEditor": "vscode",
            "suggestedFileIds": [int(chosen[0].id)],
            "ticketSearch": "",
            "ticketSort": "created_desc",
            "ticketStatusFilter": "non_closed",
            "searchByContent": True,
            "resolveImports": False,
            "bookmarkedFileGroups": {"Most used": [int(file.id) for file in chosen]},
            "sortOrder": 0,
            "promptsPanelCollapsed": True,
            "selectedFilesCollapsed": False,
        }
    data: dict[str, Json] = {"projectId": project.id, "activeTabId": 2 if full else 0}
    if client is not None:
        data["clientId"] = client
    data |= {"lastUpdated": moment, "tabMetadata": tab}
    _add_document(world, "active_tabs", {"data": data}, moment)


def _add_selection(world: World, project: Project, moment: int, number: int) -> None:
    """Add the selected files of a tab: with paths and ids, with -1 for "none", or with neither tab nor ids."""
    content = world.content
    chosen = content.some(project.files, 5, least=1)
    data: dict[str, Json] = {"projectId": project.id}
    if number != 2:
        data["tabId"] = -1 if number == 1 else number
    data["fileIds"] = [int(file.id) for file in chosen] if number == 0 else [-1] if number == 1 else []
    data["filePaths"] = [file.path for file in chosen]
    data["promptIds"] = content.some(project.prompts, 2)
    data["userPrompt"] = content.sentence(project.theme) if number == 0 else ""
    data["updatedAt"] = moment
    _add_document(world, "selected_files", {"data": data}, moment)


def add_search(world: World) -> None:
    """Add what a search index holds for a few files; all of it is derived from them."""
    content = world.content
    moment = content.after(content.start, 62 * DAY, 63 * DAY)
    for row in world.rows["project_files"][: world.sized(2, 12)]:
        file_id, text, path = str(row["id"]), str(row["content"]), str(row["path"])
        found = re.findall(r"[a-z]{3,}", text.lower())
        counts = Counter(found).most_common(world.sized(2, 15))
        weights = {word: count / len(found) for word, count in counts}
        vector: Json = [{"keyword": word, "frequency": count, "tfScore": weights[word]} for word, count in counts]
        world.add(
            "file_search_metadata",
            {
                "file_id": file_id,
                "project_id": row["project_id"],
                "tf_idf_vector": compact({**weights}).encode(),
                "keyword_vector": compact(vector),
                "last_indexed": moment,
                "file_size": row["size"],
                "token_count": len(found),
                "language": "text",
                "created_at": row["created_at"],
                "updated_at": row["updated_at"],
            },
        )
        for word, count in counts:
            keyword: Row = {"file_id": file_id, "keyword": word, "frequency": count}
            world.add("file_keywords", keyword | {"tf_score": weights[word], "idf_score": 0.0})
        for place in range(min(len(path) - 2, world.sized(2, 20))):
            world.add("file_trigrams", {"trigram": path[place : place + 3], "file_id": file_id, "position": place})
    for number in range(world.sized(1, 6)):
        project = world.projects[number % len(world.projects)]
        asked = content.after(moment, MINUTE, DAY)
        world.add(
            "search_cache",
            {
                "cache_key": f"{project.id}:{content.chance.randbytes(8).hex()}",
                "query": content.pick(project.theme.things),
                "project_id": project.id,
                "results": compact([file.id for file in content.some(project.files, 3)]),
                "created_at": asked,
                "expires_at": asked + HOUR,
                "hit_count": number,
            },
        )


def add_tool_calls(world: World) -> None:
    """Add the record of tool calls, its statistics, and chains and patterns found in it."""
    content = world.content
    moment = content.after(content.start, 63 * DAY, 64 * DAY)
    calls: list[int] = []
    for number in range(world.sized(3, 90)):
        moment = content.after(moment, MINUTE, HOUR)
        calls.append(_add_call(world, moment, ("success", "error", "timeout")[number % 3 if number < 3 else 0]))
    for number in range(world.sized(1, 8)):
        period, length = _PERIODS[number % 4]
        tool = TOOLS[number // 4 % len(TOOLS)]
        row: Row = {"id": content.ids.take("mcp_tool_statistics", moment), "tool_name": tool}
        row |= {"project_id": world.projects[0].id, "period_start": moment - length * (1 + number // 20)}
        row |= {"period_end": moment, "period_type": period, "execution_count": 12, "success_count": 10}
        row |= {"error_count": 1, "timeout_count": 1, "total_duration_ms": 9000, "avg_duration_ms": 750}
        row |= {"min_duration_ms": 5, "max_duration_ms": 2900, "total_output_size": 12_345}
        world.add("mcp_tool_statistics", row)
    for place, call in enumerate(calls[: world.sized(2, 12)]):
        parent = calls[place - 1] if place % 4 else None
        chain: Row = {"id": place + 1, "chain_id": f"chain-{place // 4}", "execution_id": call}
        chain |= {"parent_execution_id": parent, "position": place % 4, "created_at": moment}
        world.add("mcp_tool_chains", chain)
    for number, kind in enumerate(("sequence", "frequency", "error")[: world.sized(1, 3)], 1):
        pattern: Row = {"id": number, "project_id": None if number == 2 else world.projects[0].id}
        pattern |= {"pattern_type": kind, "pattern_data": compact({"tools": [*TOOLS[:2]]}), "occurrence_count": number}
        world.add("mcp_tool_patterns", pattern | {"first_seen": moment - DAY, "last_seen": moment})


def _add_call(world: World, moment: int, status: str) -> int:
    content = world.content
    duration = content.chance.randint(20, 3000)
    project = content.pick(world.projects)
    number = content.ids.take("mcp_tool_executions_v2", moment)
    world.add(
        "mcp_tool_executions_v2",
        {
            "id": number,
            "tool_name": content.pick(TOOLS),
            "project_id": project.id,
            "session_id": f"session-{content.chance.randint(1, 6)}",
            "started_at": moment,
            "completed_at": None if status == "timeout" else moment + duration,
            "duration_ms": None if status == "timeout" else duration,
            "status": status,
            "error_message": content.error(project.theme) if status == "error" else None,
            "error_code": "TOOL_FAILED" if status == "error" else None,
            "input_params": compact({"action": "list", "projectId": project.id}),
            "output_size": content.chance.randint(0, 90_000) if status == "success" else None,
            "metadata": compact({"transport": "stdio"}) if content.maybe(0.5) else None,
        },
    )
    return number
