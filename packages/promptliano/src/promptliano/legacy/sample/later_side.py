"""What stands around the core of a later database? Tool calls in seconds, Git, file analysis and models."""

from __future__ import annotations

from promptliano.legacy.sample.content import DAY, HOUR, Json, compact
from promptliano.legacy.sample.words import TOOLS
from promptliano.legacy.sample.world import Project, World
from promptliano.legacy.sample.writing import Row


def _add(world: World, table: str, values: Row, moment: int) -> None:
    """Add a row with the next small id of its table in front and both times behind."""
    number = len(world.rows.get(table, ())) + 1
    world.add(table, {"id": number, **values, "created_at": moment, "updated_at": moment})


def add_tool_calls(world: World) -> None:
    """Add an MCP server and the four tool tables, which count their times in seconds, not milliseconds."""
    content = world.content
    first = world.projects[0]
    moment = content.after(content.start, 32 * DAY, 33 * DAY)
    server: Row = {"project_id": first.id, "name": "Files", "command": "npx file-server"}
    server |= {"args": compact(["--root", first.theme.path]), "env": compact({"MODE": "read-only"})}
    _add(world, "mcp_server_configs", server | {"enabled": 1, "auto_start": 0}, moment)
    second = moment // 1000
    for number in range(world.sized(3, 60)):
        second += content.chance.randint(5, 900)
        # Most calls were never marked as ended.
        status = ("running", "success", "error")[number if number < 3 else 0]
        ended = status != "running"
        project = content.pick(world.projects)
        call: Row = {
            "tool_name": content.pick(TOOLS),
            "project_id": project.id,
            "session_id": "session-1",
            "started_at": second,
            "completed_at": second + 2 if ended else None,
            "duration_ms": 1850 if ended else None,
            "status": status,
            "error_message": content.error(project.theme) if status == "error" else None,
            "error_code": "TOOL_FAILED" if status == "error" else None,
            "input_params": compact({"action": "list"}),
            "output_size": 512 if status == "success" else None,
            "metadata": (None, "null", compact({"transport": "stdio"}))[number % 3],
        }
        _add(world, "mcp_tool_executions", call, second)
    counted: Row = {"tool_name": TOOLS[0], "project_id": first.id, "period_start": second - 3600, "period_end": second}
    counted |= {"period_type": "hour", "execution_count": 3, "success_count": 1, "error_count": 1, "timeout_count": 0}
    counted |= {"total_duration_ms": 3700, "avg_duration_ms": 1233.25, "min_duration_ms": 0, "max_duration_ms": 1850}
    _add(world, "mcp_tool_statistics", counted | {"total_output_size": 512}, second)
    for place, parent in enumerate((None, 1)):
        chain: Row = {"id": place + 1, "chain_id": "chain-1", "execution_id": place + 1, "parent_execution_id": parent}
        world.add("mcp_execution_chains", chain | {"position": place, "created_at": second})
    fault: Row = {"project_id": first.id, "tool_name": TOOLS[1], "error_type": "timeout", "occurrence_count": 2}
    fault |= {"error_pattern": "took longer than * s", "last_occurred_at": second, "metadata": "null"}
    _add(world, "mcp_error_patterns", fault, second)


def add_git(world: World) -> None:
    """Add what was known of the first project's repository."""
    project = world.projects[0]
    moment = world.content.after(world.content.start, 33 * DAY, 34 * DAY)
    changed: Json = [{"path": project.files[0].path, "status": "modified", "staged": False, "index": None}]
    commit = world.content.chance.randbytes(20).hex()
    state: Row = {"project_id": project.id, "is_repo": 1, "current": "main", "tracking": "origin/main"}
    state |= {"ahead": 1, "behind": 0, "files": compact(changed)}
    state |= dict.fromkeys(("staged", "modified", "created_files", "deleted", "renamed", "conflicted"), "[]")
    _add(world, "git_status", state, moment)
    address = f"ssh://git.invalid/{project.theme.folder}.git"
    remote: Row = {"project_id": project.id, "name": "origin", "fetch": address, "push": address}
    _add(world, "git_remotes", remote, moment)
    tag: Row = {"project_id": project.id, "name": "v0.3.0", "commit": commit, "annotation": "Prüfstand"}
    _add(world, "git_tags", tag, moment)
    tree: Row = {"project_id": project.id, "path": project.theme.path, "branch": "main", "commit": commit}
    _add(world, "git_worktrees", tree | {"is_main": 1, "is_locked": 0, "prunable": 0}, moment)
    stash: Row = {"id": 1, "project_id": project.id, "stash_index": 0, "message": "WIP on main", "branch": "main"}
    world.add("git_stashes", stash | {"date": "2025-06-01T09:30:00+02:00", "created_at": moment})


def add_file_analysis(world: World) -> None:
    """Add groups, imports, exports, importance, relations and relevance of a few files."""
    content = world.content
    project = world.projects[0]
    moment = content.after(content.start, 34 * DAY, 35 * DAY)
    files = project.files[: world.sized(2, 40)]
    group: Row = {"id": "group-1", "project_id": project.id, "name": "Pages", "strategy": "directory", "priority": 5}
    group |= {"file_ids": compact([file.id for file in files[:3]]), "relationships": "[]", "metadata": "null"}
    world.add("file_groups", group | {"created_at": moment, "updated_at": moment})
    for file in files:
        score = content.chance.randint(1, 99) / 100
        weights = dict.fromkeys(
            ("type_score", "location_score", "dependency_score", "size_score", "recency_score"), 0.2
        )
        importance: Row = {"file_id": file.id, "project_id": project.id, "score": score, **weights}
        _add(world, "file_importance", importance, moment)
    named: Json = [{"type": "default", "local": "rules"}]
    source: Row = {"file_id": files[0].id, "source": "./rules", "specifiers": compact(named)}
    _add(world, "file_import_info", source, moment)
    for kind, specifiers in (("default", None), ("all", "null")):
        given: Row = {"file_id": files[0].id, "type": kind, "source": "./more" if kind == "all" else None}
        _add(world, "file_export_info", given | {"specifiers": specifiers}, moment)
    pair: Row = {"source_file_id": files[0].id, "target_file_id": files[1].id, "type": "import", "strength": 0.75}
    _add(world, "file_relationships", pair | {"metadata": "{}"}, moment)
    _add_relevance(world, project, moment)


def _add_relevance(world: World, project: Project, moment: int) -> None:
    rules: Row = {"project_id": project.id, "name": "default", "weights": compact({"path": 0.5, "keyword": 0.5})}
    _add(world, "relevance_configs", rules | {"max_files": 100, "min_score": 0.1}, moment)
    parts = ("keyword_score", "path_score", "type_score", "recency_score", "import_score")
    score: Row = {"file_id": project.files[0].id, "project_id": project.id, "total_score": 0.4}
    _add(world, "relevance_scores", score | dict.fromkeys(parts, 0.08) | {"query": project.theme.things[0]}, moment)


def add_models(world: World) -> None:
    """Add model settings, a preset on top of one of them, and the older options of one project."""
    content = world.content
    theme = world.projects[0].theme
    moment = content.after(content.start, HOUR, DAY)
    for name, provider, chosen in (("low", "lmstudio", 0), ("high", "openai", 1)):
        config: Row = {
            "name": name,
            "display_name": f"Preset {name}",
            "provider": provider,
            "model": f"{name}-1",
            "temperature": 0.5,
            "max_tokens": 4096,
            "top_p": 1.0,
            "top_k": 0,
            "frequency_penalty": 0.0,
            "presence_penalty": 0.0,
            "response_format": "null",
            "system_prompt": content.sentence(theme),
            "is_system_preset": 1,
            "is_default": chosen,
            "is_active": 1,
            "preset_category": name,
            "ui_order": 1,
        }
        _add(world, "model_configs", config, moment)
    preset: Row = {"name": "Night shift", "config_id": 1, "category": "general", "is_system_preset": 0}
    _add(world, "model_presets", preset | {"is_active": 1, "usage_count": 0}, moment)
    options: Row = {"project_id": world.projects[0].id, "name": "default", "temperature": 0.2, "stop": "null"}
    _add(world, "ai_sdk_options", options | {"max_tokens": 2048, "provider": "openai", "model": "high-1"}, moment)
