"""Random schema, random rows, random changes: up keeps all that can be kept, down brings the rest back."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from check_house import check_sql
from schemaroot.engine.connection import Connection
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.errors import SchemarootError
from schemaroot.introspection import Catalogue
from schemaroot.migration.kept import prune
from schemaroot.migration.recorded import replay
from schemaroot.migration.revisions import LoadedRevision

from .random_changes import Change, Idents, some_change, some_schema
from .random_files import (
    QUICK,
    REHEARSED,
    Folder,
    Unfit,
    after_down,
    after_up,
    dump,
    fill,
    invite,
    opened,
    put,
    read,
    send_away,
)
from .random_schemas import Dice, Plan, Rows, add_row, holds, some_rows, table_of

ROOT = Path(__file__).parents[4]
SQLITE3 = driver_named("sqlite3")
CHANGES = 3
"""Changes of one database, one after the other."""


@pytest.fixture(scope="module", autouse=True)
def quickly() -> Iterator[None]:
    """Files are left as they are written, without ruff, and each chain is replayed once: what takes the most time."""
    known: dict[object, list[Catalogue]] = {}

    def replayed(chain: Sequence[LoadedRevision], *, driver: DriverName = "apsw") -> list[Catalogue]:
        key = driver, tuple(one.revision.checksum for one in chain)
        if key not in known:
            known[key] = replay(chain, driver=driver)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("schemaroot.migration.write._tidy", lambda path: None)
        for module in ("runner", "draft"):
            patch.setattr(f"schemaroot.migration.{module}.replay", replayed)
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the folders of all stories."""
    return tmp_path_factory.mktemp("random")


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_changes_lose_nothing_and_go_back(folders: Path, data: st.DataObject) -> None:
    """200 databases with three changes each, of which about one in seven turns out to be none: more than 500 cases."""
    Story(Dice(data.draw), folders).tell()


@pytest.mark.soak
@settings(max_examples=7_000, derandomize=False, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_thousands_of_random_changes_lose_nothing_and_go_back(folders: Path, data: st.DataObject) -> None:
    """7,000 databases with three changes each, 21,000 cases: about an hour."""
    Story(Dice(data.draw), folders).tell()


@settings(max_examples=12, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.data())
def write_some(folder: Path, data: st.DataObject) -> None:
    """Writes the revisions of random changes, without a database."""
    dice, idents = Dice(data.draw), Idents()
    path = folder / f"v{sum(1 for _ in folder.iterdir())}"
    files, plan = Folder(path), some_schema(dice, idents)
    files.write(plan)
    for _ in range(CHANGES):
        change = some_change(dice, plan, idents)
        if change is not None:
            files.write(change.after, change)
            plan = change.after


def test_written_files_are_clean_and_hold_no_sql(tmp_path: Path) -> None:
    """Ruff, mypy in strict mode, and the project's own search for SQL; four times twelve files at most."""
    write_some(tmp_path)
    files = sorted(tmp_path.rglob("*.py"))
    ruff, config = [sys.executable, "-m", "ruff"], ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]

    assert len(files) >= 20
    for path in files:
        assert list(check_sql(path.name, list(ast.walk(ast.parse(path.read_text()))))) == []
    for command, *checked in (["check", "--fix"], ["format"], ["check"]):
        subprocess.run(
            [*ruff, command, *checked, "--quiet", *config, tmp_path], check=not checked, capture_output=bool(checked)
        )
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--explicit-package-bases", *map(str, files)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.stdout.startswith("Success"), typed.stdout


def by_value(plan: Plan, rows: Rows) -> dict[int, list[str]]:
    """Rows to be compared where nobody can know the rowids of new ones."""
    return {table.ident: sorted(repr(sorted(row.items())) for row in rows[table.ident].values()) for table in plan}


def stays(change: Change, host: int) -> bool:
    """Whether what refers to a table finds it afterwards, and its key."""
    before, after = table_of(change.before, host), table_of(change.after, host)
    return (
        before is not None
        and after is not None
        and [one.ident for one in before.key] == [one.ident for one in after.key]
    )


def guests(found: list[tuple[object, ...]], change: Change, host: int | None) -> list[tuple[object, ...]]:
    """What nobody declares, of a dump: rows, and the texts where nothing that they name has another name."""
    before, after = (None if host is None else table_of(plan, host) for plan in (change.before, change.after))
    if before is None or after is None:
        return []
    named = (before.name, before.key[0].name) == (after.name, after.key[0].name)
    rows = [row for row in found if row[0] in ("guests", "log")]
    texts = [row for row in found if row[1] in ("guests", "guests_note", "log", "told", "seen")]
    return rows + (texts if named else [])


class Story:
    """One database: a schema, rows, and change after change, each gone there, back and there again."""

    def __init__(self, dice: Dice, folders: Path) -> None:
        self.dice = dice
        self.idents = Idents()
        path = folders / str(sum(1 for _ in folders.iterdir()))
        path.mkdir()
        self.folder = Folder(path, self.dice.pick(("apsw", "sqlite3")))
        self.plan: Plan = ()
        self.rows: Rows = {}
        self.host: int | None = None
        """The table that undeclared things refer to."""

    def tell(self) -> None:
        self.plan = some_schema(self.dice, self.idents)
        assert self.folder.write(self.plan) is not None
        self.folder.check_recorded(self.plan)
        self.folder.runner().up(create=True)
        self.rows = some_rows(self.dice, self.plan)
        fill(self.folder.database, self.plan, self.rows)
        hosts = [table for table in self.plan if len(table.key) == 1]
        if hosts and self.dice.seldom(3):
            host = self.dice.pick(hosts)
            self.host = host.ident
            invite(self.folder.database, host, self.rows[host.ident])
        for _ in range(CHANGES):
            change = some_change(self.dice, self.plan, self.idents)
            if change is not None:
                self.go(change)
        self.empty()

    def go(self, change: Change) -> None:
        """One change: there, back, there again, and back from edited rows."""
        start = dump(self.folder.database)
        if self.folder.write(change.after, change) is None:
            self.plan = change.after
            event("nothing to write")
            return
        expected, origin = self.expected(change)
        if expected is None:
            self.refused(lambda: self.folder.runner().up(options=QUICK), start)
            self.folder.unwrite()
            event("refused")
            return
        self.folder.check_recorded(change.after)
        self.folder.runner().up(options=REHEARSED if self.dice.seldom(8) else QUICK)
        first = dump(self.folder.database)
        assert self.read(change.after) == expected
        assert guests(first, change, self.host) == guests(start, change, self.host)
        self.folder.runner().down(options=QUICK)
        assert dump(self.folder.database) == start
        self.folder.runner().up(options=QUICK)
        assert dump(self.folder.database) == first
        event("there and back")
        self.edit(change, expected, origin)
        self.plan, self.rows = change.after, self.read(change.after)

    def expected(self, change: Change) -> tuple[Rows | None, dict[int, dict[int, int]]]:
        if self.host is not None and not stays(change, self.host):
            return None, {}
        try:
            expected, origin = after_up(change, self.rows)
        except Unfit:
            return None, {}
        return (expected if holds(change.after, expected) else None), origin

    def read(self, plan: Plan) -> Rows:
        with opened(self.folder.database) as connection:
            return read(connection, plan)

    def refused(self, run: Any, before: list[tuple[object, ...]]) -> None:
        """Asserts that something is refused, and that nothing is changed."""
        with pytest.raises(SchemarootError):
            run()
        assert dump(self.folder.database) == before

    def edit(self, change: Change, first: Rows, origin: dict[int, dict[int, int]]) -> None:
        """Deletes, changes and adds rows; goes back and there again."""
        if not self.dice.seldom(2):
            return
        fresh = self.change_rows(change.after)
        origin = {
            ident: {rowid: had for rowid, had in some.items() if (ident, rowid) not in fresh}
            for ident, some in origin.items()
        }
        now, edited = self.read(change.after), dump(self.folder.database)
        try:
            expected = after_down(change, self.rows, first, now, origin)
            fits = holds(change.before, expected)
        except Unfit:
            expected, fits = {}, False
        if not fits:
            self.refused(lambda: self.folder.runner().down(options=QUICK), edited)
            event("refused to go back")
            return
        self.folder.runner().down(options=QUICK)
        assert by_value(change.before, self.read(change.before)) == by_value(change.before, expected)
        self.folder.runner().up(options=QUICK)
        assert dump(self.folder.database) == edited
        event("edited and back")

    def change_rows(self, plan: Plan) -> set[tuple[int, int]]:
        """Edits the database, and tells the rows that are new."""
        dice, fresh = self.dice, set[tuple[int, int]]()
        with opened(self.folder.database) as connection:
            for table in plan:
                rows = read(connection, plan)
                key = "rowid" if all(one.name != "rowid" for one in table.columns) else "_rowid_"
                for rowid in list(rows[table.ident]):
                    name = '"' + table.name.replace('"', '""') + '"'
                    if dice.seldom(4):
                        try:
                            connection.execute(f"DELETE FROM {name} WHERE {key} = ?", (rowid,))
                        except Exception as error:
                            assert "FOREIGN KEY" in str(error), error
                    elif dice.seldom(3):
                        columns = [one for one in table.stored if not one.key and one.kind not in ("reference",)]
                        column = dice.pick(columns) if columns else None
                        if column is None or not column.pool():
                            continue
                        changed = {**rows[table.ident][rowid], column.ident: dice.pick(column.pool())}
                        rows = read(connection, plan)
                        if rowid in rows[table.ident] and holds(
                            plan, {**rows, table.ident: {**rows[table.ident], rowid: changed}}
                        ):
                            connection.execute(
                                f'UPDATE {name} SET "{column.name}" = ? WHERE {key} = ?', (changed[column.ident], rowid)
                            )
            for table in plan:
                rows = read(connection, plan)
                for _ in range(dice.number(0, 2)):
                    rowid = add_row(dice, plan, table, rows)
                    if rowid is not None:
                        put(connection, plan, table, rowid, rows[table.ident][rowid])
                        fresh.add((table.ident, rowid))
        return fresh

    def empty(self) -> None:
        """Without rows, and nothing kept of any, it goes down to nothing, and up again to the same schema."""
        if self.host is not None:
            send_away(self.folder.database)
        with closing(Connection(SQLITE3, SQLITE3.connect(str(self.folder.database), "rw"), writer=True)) as door:
            prune(door)
        with opened(self.folder.database) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            for table in self.plan:
                connection.execute('DELETE FROM "' + table.name.replace('"', '""') + '"')
        runner = self.folder.runner()
        schema = [row for row in dump(self.folder.database) if row[0] in ("table", "index", "trigger")]
        runner.down("base", options=QUICK)
        assert [
            row for row in dump(self.folder.database) if row[1] not in ("sqlite_sequence",) and row[0] == "table"
        ] == []
        runner.up(options=QUICK)
        assert [row for row in dump(self.folder.database) if row[0] in ("table", "index", "trigger")] == schema
