"""`promptliano chat`: conversations and their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.schema import Chat, ChatMessage, Project


def list_chats(
    database: options.Database = None,
    project: options.Project = None,
    sort: options.Sort = "-updated",
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    cursor: options.Cursor = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """List chats, the last used first."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.cli.output import Found, print_found
    from promptliano.repositories import ChatRepository
    from promptliano.schema import Chat
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Column

    with opening.opened(database, read_only=read_only) as db:
        chats = ChatRepository(db, cursor_key=opening.PAGE_KEY)
        conditions = [Chat.project_id == of] if (of := opening.project_id_of(db, project)) is not None else []
        page = chats.page(*conditions, sort=sort, limit=limit, offset=offset, cursor=cursor, total=True)
        rows = chats.with_counts([chat.id for chat in page.items])
    moment = now()
    columns: list[Column[tuple[Chat, Project | None, int]]] = [
        Column("ID", lambda row: str(row[0].id), right=True),
        Column("TITLE", lambda row: row[0].title, grows=True),
        Column("MESSAGES", lambda row: f"{row[2]:,}", right=True),
        Column("PROJECT", lambda row: row[1].name if row[1] else "", minor=True),
        Column("UPDATED", lambda row: text.moment(row[0].updated, moment)),
    ]
    print_found(
        "chat",
        Found(rows, page.total, page.next_cursor, offset, opening.again(database)),
        columns,
        lambda row: document(row[0], message_count=row[2]),
        as_json=as_json,
        key=lambda row: row[0].id,
    )


def search_chats(
    words: options.Words,
    database: options.Database = None,
    limit: options.Limit = 20,
    offset: options.Offset = 0,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Find messages by their words, the best match first, each with its chat."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.cli.output import Found, colour, print_found
    from promptliano.repositories import ChatMessageRepository
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Column

    with opening.opened(database, read_only=read_only) as db:
        messages = ChatMessageRepository(db)
        found = messages.search(" ".join(words), limit=limit + 1, offset=offset, prefix=True)
        rows = messages.with_chats([message.id for message in found[:limit]])
    moment = now()
    columns: list[Column[tuple[ChatMessage, Chat]]] = [
        Column("CHAT", lambda row: str(row[1].id), right=True),
        Column("TITLE", lambda row: row[1].title, grows=True),
        Column("BY", lambda row: row[0].role, lambda row: colour(row[0].role)),
        Column("MESSAGE", lambda row: text.excerpt(row[0].content, words), grows=True),
        Column("SENT", lambda row: text.moment(row[0].created, moment), minor=True),
    ]
    print_found(
        "chat",
        Found(rows, offset=offset, more=len(found) > limit, again=opening.again(database)),
        columns,
        lambda row: document(row[0], chat=row[1]),
        as_json=as_json,
        key=lambda row: row[1].id,
        counted="message",
    )


def show_chat(
    id: options.Id,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="Show only the last N messages.")] = 30,
    everything: Annotated[bool, typer.Option("--all", help="Show all messages.")] = False,
    database: options.Database = None,
    as_json: options.Json = False,
    read_only: options.ReadOnly = False,
) -> None:
    """Show one chat with its last messages; with --json all of them."""
    from promptliano.cli import opening
    from promptliano.cli.documents import document
    from promptliano.repositories import ChatMessageRepository, ChatRepository
    from schemaroot.cli.output import print_json

    whole = everything or as_json
    with opening.opened(database, read_only=read_only) as db:
        rows = ChatRepository(db).with_counts([id])
        if not rows:
            raise opening.not_found("chat", id)
        messages = ChatMessageRepository(db).of_chat(id, last=None if whole else last)
    chat, project, total = rows[0]
    if as_json:
        shown = [document(message) for message in messages]
        print_json(document(chat, message_count=total, project=project) | {"messages": shown})
    else:
        print_page(chat, project, messages, total, opening.again(database))


def print_page(chat: Chat, project: Project | None, messages: list[ChatMessage], total: int, again: str) -> None:
    """Prints one chat as a page."""
    from promptliano.cli.output import colour
    from schemaroot import now
    from schemaroot.cli import text
    from schemaroot.cli.output import Sheet, talk

    moment, sheet = now(), Sheet()
    sheet.title("Chat", chat.id, chat.title)
    sheet.line()
    sheet.fields(
        project=f"{project.name} ({project.id})" if project else "",
        messages=f"{total:,}",
        created=text.full_moment(chat.created, moment),
        updated=text.full_moment(chat.updated, moment),
    )
    if len(messages) < total:
        sheet.line()
        sheet.line(f"… {text.count(total - len(messages), 'earlier message')}", "dim")
    for message in messages:
        sheet.line()
        marks = [message.role, text.moment(message.created, moment)]
        marks += [message.state] if message.state != "complete" else []
        marks += [text.count(len(message.attachments), "attachment")] if message.attachments else []
        sheet.line(" · ".join(marks), colour(message.role))
        sheet.block(message.content)
    if len(messages) < total:
        talk(f"All messages: promptliano chat show {chat.id} --all{again}")


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "list", epilog=examples("promptliano chat list", "promptliano chat list --project Wiesenkarte --sort title")
    )(list_chats)
    commands.command(
        "search",
        epilog=examples("promptliano chat search timetable", "promptliano chat search night bus --limit 5 --json"),
    )(search_chats)
    commands.command(
        "show",
        epilog=examples("promptliano chat show 1740000000123 --last 5", "promptliano chat show 1740000000123 --json"),
    )(show_chat)
