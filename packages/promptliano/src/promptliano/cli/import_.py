"""`promptliano import`: takes the databases of the old applications over."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptliano.cli import options
from schemaroot.cli.address import SCHEME
from schemaroot.cli.groups import examples

if TYPE_CHECKING:
    from promptliano.config import DatabaseSetting
    from promptliano.legacy.report import ImportReport


Progress = Callable[[str, int, int], None]


def run_import(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE.db", readable=False, help="The legacy database; it is only read.")
    ],
    database: options.Database = None,
    agents: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", readable=False, help="The folder with the agents' Markdown files, or with the projects."
        ),
    ] = None,
    as_json: options.Json = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a database that is there is filled.")] = False,
) -> None:
    """Load a legacy database into a new database, and say what became of every row.

    The source is only read. Until all is loaded the target is as before, also after an error or Ctrl-C; a Ctrl-C that
    comes later finds the import complete. A second run of the same source changes nothing. Exit code 1 says that some
    rows were set aside, to be looked at.
    """
    from promptliano.cli.opening import again, setting_for
    from promptliano.legacy.importer import run_import as take_over
    from promptliano.legacy.interruptions import Interruptions
    from schemaroot.cli.errors import FOUND
    from schemaroot.cli.output import print_json, talk
    from schemaroot.cli.text import count

    setting = setting_for(database)
    if not yes:
        ask_first(setting)
    interruptions = Interruptions()
    interruptions.install()  # to the end of the command: one that comes when all is done must not say otherwise
    with private_folder(setting, source), progress_bar() as progress:
        report = take_over(source, setting.url, agents_dir=agents, progress=progress, interruptions=interruptions)
    with after_completion():
        if as_json:
            print_json(report.to_document())
        else:
            print_report(report)
            if quarantined := report.totals["quarantined"]:
                talk(f"{count(quarantined, 'row')} did not fit and went to the table archive whole, as the rules say.")
            talk(f"Look at it: promptliano ticket list{again(database)}")
    if interruptions.came:
        talk("Ctrl-C came when the import was complete: nothing was undone.")
    if report.totals["quarantined"]:
        raise typer.Exit(FOUND)


def write_sample(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", readable=False, help="A folder to be made, or an empty one.")
    ],
    scale: Annotated[int, typer.Option(min=0, max=1000, help="0 is tiny, 1 some thousand rows, n n times that.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    later: Annotated[bool, typer.Option("--later", help="As the later application wrote it.")] = False,
) -> None:
    """Make a legacy database with invented data, and agents beside it, to try things out on."""
    from promptliano.config import make_private
    from promptliano.legacy.sample import write_agents, write_later, write_old
    from schemaroot.cli.errors import CommandError
    from schemaroot.cli.output import talk
    from schemaroot.cli.text import count

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
    """Asks on a terminal before a database that is there is filled."""
    import sys

    from schemaroot.cli.errors import CommandError
    from schemaroot.cli.text import one_line

    if setting.path is None or not os.path.isfile(setting.path) or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    sys.stderr.write(f"{one_line(str(setting.path))} is there already. Load into it? [y/N]: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("CANCELLED", "You said no.", "Name another file with --database, or say --yes.")


@contextmanager
def private_folder(setting: DatabaseSetting, source: Path) -> Generator[None]:
    """Makes the default database's folder, and takes it away again when nothing came into it."""
    from schemaroot.cli.errors import CommandError

    folder = setting.path.parent if setting.is_default and setting.path is not None else None
    made = folder is not None and os.path.isfile(source) and not os.path.exists(folder)
    if made:
        try:
            setting.make_folder()
        except OSError as error:
            what = f"{folder} cannot be made: {error.strerror}."
            raise CommandError("CANNOT_WRITE", what, "Name another file with --database.") from None
    try:
        yield
    finally:
        if made and folder is not None and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def after_completion() -> Generator[None]:
    """Has an error of stdout say that the import is complete; a reader who leaves is none."""
    import sys

    from schemaroot.cli.streams import UndeliveredError, discard_stdout

    try:
        yield
        sys.stdout.flush()
    except UndeliveredError as error:
        if not error.reader_left:
            raise UndeliveredError(error.cause, state="The import is complete.") from error
        discard_stdout()


@contextmanager
def progress_bar() -> Generator[Progress | None]:
    """A bar on stderr for the table that is being read, where stderr is a terminal; else nothing."""
    import sys

    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from schemaroot.cli.output import console

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the source", total=None)

        def show(name: str, done: int, total: int) -> None:
            # A bar of one step would stand still until it is full: let it move to and fro instead.
            bar.update(task, description=name, completed=done, total=total if total > 1 else None)

        yield show


def print_report(report: ImportReport) -> None:
    """Prints what became of every row, table by table, and which rules were used."""
    from promptliano.legacy.rules import RULES
    from schemaroot.cli.output import Column, Sheet, print_table

    def number(name: str, style: str = "") -> Column[tuple[str, dict[str, int]]]:
        return Column(name.upper(), lambda row: f"{row[1][name]:,}" if row[1][name] else "·", right=True, style=style)

    rows = [(table.source, table.counts()) for table in report.tables if table.read]
    columns = [
        Column[tuple[str, dict[str, int]]]("TABLE", lambda row: row[0]),
        number("read", "bold"),
        number("imported", "green"),
        number("repaired", "yellow"),
        number("merged"),
        number("archived", "cyan"),
        number("quarantined", "bold red"),
    ]
    print_table(columns, [*rows, ("all tables", report.totals)])
    sheet = Sheet()
    if report.rules:
        sheet.line()
        rules = [
            Column[tuple[str, int]]("ROWS", lambda rule: f"{rule[1]:,}", right=True),
            Column[tuple[str, int]]("RULE", lambda rule: rule[0]),
            Column[tuple[str, int]](
                "WHICH SAYS", lambda rule: RULES.get(rule[0].partition(":")[0], ""), grows=True, style="dim"
            ),
        ]
        print_table(rules, report.rules.most_common())
    sheet.line()
    empty = [table.source for table in report.tables if not table.read]
    sheet.fields(
        source=report.source,
        target=report.target.removeprefix(SCHEME),
        empty=", ".join(empty),
        made_anew=", ".join(report.derived),
        note="the target held this source already: nothing was changed" if report.already_imported else "",
    )


def add_to(commands: typer.Typer) -> None:
    """Adds these commands to their group."""
    commands.command(
        "run",
        epilog=examples(
            "promptliano import run old.db --database new.db",
            "promptliano import run old.db --database new.db --agents ~/code --json > report.json",
        ),
    )(run_import)
    commands.command(
        "sample",
        epilog=examples(
            "promptliano import sample trial",
            "promptliano import run trial/legacy.db --agents trial/agents --database trial/new.db",
        ),
    )(write_sample)
