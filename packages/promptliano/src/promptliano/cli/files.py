"""`promptliano file`: the files of projects as they were last read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.cli.output import Found
    from promptliano.schema import File
    from schemaroot.cli.documents import Document


FIRST_LINES = 40


def list_files(
    database: options.Database = None,
    project: options.Project = None,
    extension: Annotated[
        list[str] | None, typer.Option(metavar=".EXT", help="Only files with this ending, such as .ts; repeatable.")
    ] = None,
    sort: options.Sort = "path",
    limit: options.Limit = 50,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List files by path. JSON leaves their content out; `file show` has it."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import FileRepository
    from promptliano.schema import File

    with opening.opened(database, read_only=read_only) as db:
        files = FileRepository(db, cursor_key=opening.PAGE_KEY)
        conditions = [File.project_id == of] if (of := opening.project_id_of(db, project)) is not None else []
        if extension:
            conditions.append(File.extension.in_([ending.lower() for ending in extension]))
        page = files.page(*conditions, sort=sort, limit=limit, offset=offset, cursor=cursor, total=True)
    print_files(Found(page.items, page.total, page.next_cursor, offset, opening.again(database)), as_json=as_json)


def search_files(
    words: options.Words,
    database: options.Database = None,
    project: options.Project = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find files by words in path and content, the best match first."""
    from promptliano.cli import opening
    from promptliano.cli.output import Found
    from promptliano.repositories import FileRepository
    from promptliano.schema import File

    with opening.opened(database, read_only=read_only) as db:
        conditions = [File.project_id == of] if (of := opening.project_id_of(db, project)) is not None else []
        found = FileRepository(db).search(" ".join(words), *conditions, limit=limit + 1, offset=offset, prefix=True)
    print_files(
        Found(found[:limit], offset=offset, more=len(found) > limit, again=opening.again(database)), as_json=as_json
    )


def show_file(
    wanted: Annotated[str, typer.Argument(metavar="ID|PATH", help="Its id, or its path within the project.")],
    database: options.Database = None,
    project: options.Project = None,
    full: Annotated[bool, typer.Option("--full", help=f"Show all lines, not the first {FIRST_LINES}.")] = False,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one file with what is known of it and its content."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.repositories import FileRepository, ProjectRepository
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Sheet, print_json

    with opening.opened(database, read_only=read_only) as db:
        files = FileRepository(db)
        id = opening.whole_number(wanted)
        file = files.find(id) if id is not None else None
        if file is None:
            file = opening.only("file", wanted, files.by_path(wanted, opening.project_id_of(db, project)))
        of = ProjectRepository(db).find(file.project_id)
    if as_json:
        print_json(document(file))
        return
    moment, sheet = now(), Sheet()
    sheet.title("File", file.id, file.path)
    sheet.line()
    sheet.fields(
        project=f"{of.name} ({of.id})" if of else str(file.project_id),
        size=f"{text.size(file.size)} ({file.size:,} bytes)",
        checksum=file.checksum or "",
        imports=", ".join(one["source"] for one in file.imports),
        exports=text.count(len(file.exports), "statement") if file.exports else "",
        summary=file.summary or "",
        summarized=text.full_moment(file.summarized, moment),
        modified=text.full_moment(file.modified, moment),
        created=text.full_moment(file.created, moment),
        updated=text.full_moment(file.updated, moment),
    )
    sheet.line()
    if file.content is None:
        sheet.line("Its content was not read.", "dim")
    else:
        sheet.block(file.content, most=None if full else FIRST_LINES, more="; all of them: --full")
        if file.content_truncated:
            sheet.line("Only the beginning of the file is kept.", "dim", indent=2)


def as_document(file: File) -> Document:
    """A file as a list's JSON has it: without its content, which can be long."""
    from promptliano.cli.documents import document

    made = document(file)
    del made["content"]
    return made


def print_files(found: Found[File], *, as_json: bool) -> None:
    """Prints files as a table, or as one document."""
    from promptliano.cli.output import print_found
    from schemaroot.cli import text
    from schemaroot.cli.output import Column

    columns: list[Column[File]] = [
        Column("ID", lambda file: str(file.id), right=True),
        Column("PATH", lambda file: file.path, grows=True),
        Column("SIZE", lambda file: text.size(file.size), right=True),
        Column("SUMMARY", lambda file: file.summary or "", grows=True, minor=True, style="dim"),
    ]
    print_found("file", found, columns, as_document, as_json=as_json, key=lambda file: file.id)


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list",
        epilog=examples(
            "promptliano file list --project Wiesenkarte --extension .ts",
            "promptliano file list --sort=-size --limit 10",
        ),
    )(list_files)
    commands.command(
        "search",
        epilog=examples(
            "promptliano file search parse timetable", "promptliano file search menu --project Wiesenkarte --json"
        ),
    )(search_files)
    commands.command(
        "show",
        epilog=examples(
            "promptliano file show src/main.ts --project Wiesenkarte", "promptliano file show 1740000000123 --full"
        ),
    )(show_file)
