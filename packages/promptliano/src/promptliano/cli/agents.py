"""`promptliano agent`: assistants with instructions of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.cli.output import Found
    from promptliano.schema import Agent
    from schemaroot import Database


def list_agents(
    database: options.Database = None,
    project: options.Project = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only those offered for new work, or only the others.")
    ] = None,
    sort: options.Sort = "slug",
    limit: options.Limit = 50,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List agents by the name that others call them by; with --project those of the project and of all."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import AgentRepository
    from promptliano.schema import Agent

    with opening.opened(database, read_only=read_only) as db:
        agents = AgentRepository(db, cursor_key=opening.PAGE_KEY)
        conditions = [] if active is None else [Agent.active == active]
        if (of := opening.project_id_of(db, project)) is not None:
            conditions.append((Agent.project_id == of) | Agent.project_id.is_(None))
        page = agents.page(*conditions, sort=sort, limit=limit, offset=offset, cursor=cursor, total=True)
        names = project_names(db, page.items)
    print_agents(Found(page.items, page.total, page.next_cursor, offset, opening.again(database)), names, as_json)


def search_agents(
    words: options.Words,
    database: options.Database = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find agents by words in name, description and instructions, the best match first."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import AgentRepository

    with opening.opened(database, read_only=read_only) as db:
        found = AgentRepository(db).search(" ".join(words), limit=limit + 1, offset=offset, prefix=True)
        names = project_names(db, found)
    print_agents(
        Found(found[:limit], offset=offset, more=len(found) > limit, again=opening.again(database)), names, as_json
    )


def show_agent(
    wanted: Annotated[str, typer.Argument(metavar="ID|SLUG", help="Its id, or the slug that others name it by.")],
    database: options.Database = None,
    project: options.Project = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one agent with its instructions."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.cli.output import colour
    from promptliano.repositories import AgentRepository
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Sheet, print_json

    with opening.opened(database, read_only=read_only) as db:
        agents = AgentRepository(db)
        id = opening.whole_number(wanted)
        agent = agents.find(id) if id is not None else None
        if agent is None:
            agent = opening.only("agent", wanted, agents.by_slug(wanted, opening.project_id_of(db, project)))
        names = project_names(db, [agent])
    if as_json:
        print_json(document(agent))
        return
    moment, sheet = now(), Sheet()
    sheet.title("Agent", agent.id, agent.name)
    sheet.states(("active", colour("active")) if agent.active else ("inactive", colour("inactive")))
    sheet.line()
    sheet.fields(
        slug=agent.slug,
        project=names.get(agent.project_id, "") if agent.project_id is not None else "all",
        description=agent.description,
        model=agent.model or "",
        color=agent.configuration.get("color", ""),
        tools=", ".join(agent.configuration.get("tools", [])),
        missing="no file of it was found" if agent.configuration.get("missing") else "",
        file=agent.file_path or "",
        created=text.full_moment(agent.created, moment),
        updated=text.full_moment(agent.updated, moment),
    )
    if agent.instructions:
        sheet.line()
        sheet.block(agent.instructions)


def project_names(database: Database, agents: list[Agent]) -> dict[int | None, str]:
    """The names of the agents' projects, by id."""
    from promptliano.repositories import ProjectRepository

    ids = {agent.project_id for agent in agents if agent.project_id is not None}
    return {project.id: project.name for project in ProjectRepository(database).find_many(ids)}


def print_agents(found: Found[Agent], names: dict[int | None, str], as_json: bool) -> None:
    """Prints agents as a table, or as one document."""
    from promptliano.cli.documents import document
    from promptliano.cli.output import print_found
    from schemaroot.cli.output import Column

    columns: list[Column[Agent]] = [
        Column("ID", lambda agent: str(agent.id), right=True),
        Column("SLUG", lambda agent: agent.slug),
        Column("NAME", lambda agent: agent.name, grows=True),
        Column("DESCRIPTION", lambda agent: agent.description, grows=True, minor=True),
        Column(
            "STATE",
            lambda agent: "active" if agent.active else "inactive",
            lambda agent: "active" if agent.active else "inactive",
        ),
        Column("PROJECT", lambda agent: names.get(agent.project_id, "") if agent.project_id is not None else "all"),
    ]
    print_found("agent", found, columns, document, as_json=as_json, key=lambda agent: agent.id)


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list",
        epilog=examples("promptliano agent list --active", "promptliano agent list --project Wiesenkarte --json"),
    )(list_agents)
    commands.command(
        "search", epilog=examples("promptliano agent search tests", "promptliano agent search german texts --json")
    )(search_agents)
    commands.command(
        "show",
        epilog=examples("promptliano agent show test-scribe --project Wiesenkarte", "promptliano agent show 3 --json"),
    )(show_agent)
