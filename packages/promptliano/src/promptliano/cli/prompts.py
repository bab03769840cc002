"""`promptliano prompt`: texts to be given to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.cli.output import Found
    from promptliano.schema import Project, Prompt
    from schemaroot.cli.documents import Document


def list_prompts(
    database: options.Database = None,
    project: options.Project = None,
    sort: options.Sort = "title",
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List prompts by title."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import PromptRepository

    with opening.opened(database, read_only=read_only) as db:
        prompts = PromptRepository(db, cursor_key=opening.PAGE_KEY)
        conditions = [prompts.used_by(of)] if (of := opening.project_id_of(db, project)) is not None else []
        page = prompts.page(*conditions, sort=sort, limit=limit, offset=offset, cursor=cursor, total=True)
        rows = prompts.with_projects([prompt.id for prompt in page.items])
    print_rows(Found(rows, page.total, page.next_cursor, offset, opening.again(database)), as_json=as_json)


def search_prompts(
    words: options.Words,
    database: options.Database = None,
    project: options.Project = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find prompts by words in title, content and description, the best match first."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import PromptRepository

    with opening.opened(database, read_only=read_only) as db:
        prompts = PromptRepository(db)
        conditions = [prompts.used_by(of)] if (of := opening.project_id_of(db, project)) is not None else []
        found = prompts.search(" ".join(words), *conditions, limit=limit + 1, offset=offset, prefix=True)
        rows = prompts.with_projects([prompt.id for prompt in found[:limit]])
    print_rows(Found(rows, offset=offset, more=len(found) > limit, again=opening.again(database)), as_json=as_json)


def show_prompt(
    id: options.Id,
    database: options.Database = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one prompt with the projects that use it."""
    from promptliano.cli import opening
    from promptliano.repositories import PromptRepository
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Sheet, print_json

    with opening.opened(database, read_only=read_only) as db:
        rows = PromptRepository(db).with_projects([id])
    if not rows:
        raise opening.not_found("prompt", id)
    if as_json:
        print_json(as_document(rows[0]))
        return
    prompt, projects = rows[0]
    moment, sheet = now(), Sheet()
    sheet.title("Prompt", prompt.id, prompt.title)
    sheet.line()
    sheet.fields(
        projects=", ".join(f"{project.name} ({project.id})" for project in projects),
        description=prompt.description,
        tags=", ".join(prompt.tags),
        created=text.full_moment(prompt.created, moment),
        updated=text.full_moment(prompt.updated, moment),
    )
    sheet.line()
    sheet.block(prompt.content)


def as_document(row: tuple[Prompt, list[Project]]) -> Document:
    """A prompt as JSON has it: its columns and the ids of the projects that use it."""
    from promptliano.cli.documents import document

    return document(row[0], project_ids=[project.id for project in row[1]])


def print_rows(found: Found[tuple[Prompt, list[Project]]], *, as_json: bool) -> None:
    """Prints prompts as a table, or as one document."""
    from promptliano.cli.output import print_found
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Column

    moment = now()
    columns: list[Column[tuple[Prompt, list[Project]]]] = [
        Column("ID", lambda row: str(row[0].id), right=True),
        Column("TITLE", lambda row: row[0].title, grows=True),
        Column("BEGINS", lambda row: row[0].content[:200], grows=True, minor=True, style="dim"),
        Column("PROJECTS", lambda row: ", ".join(project.name for project in row[1]), grows=True),
        Column("UPDATED", lambda row: text.moment(row[0].updated, moment), minor=True),
    ]
    print_found("prompt", found, columns, as_document, as_json=as_json, key=lambda row: row[0].id)


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list",
        epilog=examples(
            "promptliano prompt list --project Wiesenkarte", "promptliano prompt list --sort=-updated --json"
        ),
    )(list_prompts)
    commands.command(
        "search",
        epilog=examples(
            "promptliano prompt search review", "promptliano prompt search release notes --project Wiesenkarte"
        ),
    )(search_prompts)
    commands.command(
        "show", epilog=examples("promptliano prompt show 1740000000123", "promptliano prompt show 1740000000123 --json")
    )(show_prompt)
