"""`promptliano import`: takes the databases of the old applications over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from promptliano.cli.groups import group

if TYPE_CHECKING:
    from promptliano.cli.documents import Document
    from promptliano.config import DatabaseSetting

commands = group("import", "Take the databases of the old applications over.")

Progress = Callable[[str, int, int], None]


@commands.command("run")
def run_import(
    source: Annotated[Path, typer.Argument(metavar="SOURCE.db", help="The legacy database; it is only read.")],
    database: options.Database = None,
    agents: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder that holds the agents' Markdown files, or the projects with theirs."),
    ] = None,
    as_json: options.Json = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before rows are added to a database that is there.")
    ] = False,
) -> None:
    """Load a legacy database into a new database, and say what became of every row.

    The source is only read. Until all is loaded the target is as before, also after an error or Ctrl-C. A second run
    adds what the source has gained since. Exit code 1 says that some rows were set aside, to be looked at.

    Examples:

        promptliano import run old.db --database new.db

        promptliano import run old.db --database new.db --agents ~/code --json > report.json
    """
    from promptliano.cli.errors import FOUND
    from promptliano.cli.opening import setting_for
    from promptliano.cli.output import print_json, talk
    from promptliano.legacy.importer import run_import as take_over

    setting = setting_for(database)
    if not yes:
        ask_first(setting)
    with private_folder(setting, source), progress_bar() as progress:
        report = take_over(source, setting.url, agents_dir=agents, progress=progress)
    document = report.to_document()
    if as_json:
        print_json(document)
    else:
        print_report(document)
        shown = "" if setting.is_default else f" --database {setting.path or setting.url}"
        talk(f"Look at it: promptliano ticket list{shown}")
    if quarantined(document):
        raise typer.Exit(FOUND)


@commands.command("sample")
def write_sample(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder to be made, or an empty one.")],
    scale: Annotated[int, typer.Option(min=0, max=1000, help="0 is tiny, 1 some thousand rows, n n times that.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    later: Annotated[bool, typer.Option("--later", help="As the later application wrote it.")] = False,
) -> None:
    """Make a legacy database with invented data, and agents beside it, to try things out on.

    Examples:

        promptliano import sample trial

        promptliano import run trial/legacy.db --agents trial/agents --database trial/new.db
    """
    from promptliano.cli.errors import CommandError
    from promptliano.cli.output import talk
    from promptliano.cli.text import count
    from promptliano.config import make_private
    from promptliano.legacy.sample import write_agents, write_later, write_old

    path, agents = folder / "legacy.db", folder / "agents"
    try:
        if path.exists():
            raise CommandError("SAMPLE_EXISTS", f"{path} exists already.", "Name another folder.")
        make_private(folder)
        write_agents(agents, seed=seed)
        counts = (write_later if later else write_old)(path, scale=scale, seed=seed)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CommandError("CANNOT_WRITE", f"{folder} cannot be written: {reason}.", "Name another folder.") from error
    talk(f"{path}: {count(counts.total, 'row')} in {count(len(counts.tables), 'table')}; agents in {agents}.")


def ask_first(setting: DatabaseSetting) -> None:
    """Asks on a terminal before rows are added to a database that is there."""
    import sys

    from promptliano.cli.errors import CommandError

    if setting.path is None or not setting.path.is_file() or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    if not typer.confirm(f"{setting.path} is there already. Add what is new in the source?", err=True):
        raise CommandError("CANCELLED", "You said no.", "Name another file with --database, or say --yes.")


@contextmanager
def private_folder(setting: DatabaseSetting, source: Path) -> Iterator[None]:
    """Makes the default database's folder, and takes it away again when nothing came into it."""
    made = source.is_file() and setting.is_default and setting.path is not None and not setting.path.parent.exists()
    if made:
        setting.make_folder()
    try:
        yield
    finally:
        if made and setting.path is not None and not any(setting.path.parent.iterdir()):
            setting.path.parent.rmdir()


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar on stderr for each table where stderr is a terminal, else nothing."""
    import sys

    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from promptliano.cli.output import console

    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield show


def quarantined(document: Document) -> int:
    """How many rows an import's report says were set aside."""
    totals = document["totals"]
    assert isinstance(totals, dict)
    return int(totals["quarantined"])


def print_report(document: Document) -> None:
    """Prints what became of every row, table by table."""
    from promptliano.cli import text
    from promptliano.cli.output import Column, print_table, write

    tables = document["tables"]
    totals = document["totals"]
    rules = document["rules"]
    assert isinstance(tables, list) and isinstance(totals, dict) and isinstance(rules, dict)

    def number(name: str, style: str = "") -> Column[dict[str, object]]:
        return Column(name.upper(), lambda row: f"{row[name]:,}" if row[name] else "·", right=True, style=style)

    columns = [
        Column[dict[str, object]]("SOURCE TABLE", lambda row: str(row["source"])),
        number("read"),
        number("imported", "green"),
        number("repaired", "yellow"),
        number("merged"),
        number("archived", "cyan"),
        number("quarantined", "bold red"),
    ]
    print_table(columns, [*tables, {"source": "all", **totals}])
    if rules:
        write("\n")
        shown = sorted(rules.items(), key=lambda rule: (-rule[1], rule[0]))
        columns_of_rules = [
            Column[tuple[str, int]]("RULE", lambda rule: text.words(rule[0])),
            Column[tuple[str, int]]("ROWS", lambda rule: f"{rule[1]:,}", right=True),
        ]
        print_table(columns_of_rules, shown)
