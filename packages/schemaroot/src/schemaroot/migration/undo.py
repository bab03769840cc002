"""What does a revision take away, and how does it come back? Side tables, kept up to date until they are pruned.

What a run of a revision drops, narrows or converts with a loss goes first to side tables `_undo_<revision>_<table>`
(`_undo_<revision>_down_<table>` when going down). The table `_undo_<revision>` (`..._down`) tells what lies where and
how the schema was spelt before. The next run the other way takes its values from there, and then drops them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from schemaroot.engine.connection import Connection
from schemaroot.introspection.catalogue import ColumnDef, IndexDef, TableDef, TriggerDef, same_table
from schemaroot.introspection.sql.statements import parse_statement
from schemaroot.introspection.sql.tokens import folded, tokenize
from schemaroot.migration import statements
from schemaroot.migration.work import Work, shortened

Direction = Literal["up", "down"]

PREFIX = "_undo_"
ROWID_NAMES = ("rowid", "_rowid_", "oid")
"""By which SQLite knows the rowid of a table, as long as no column has the name."""


def meta_name(revision: str, direction: Direction) -> str:
    """The table that tells what the last run of a revision in a direction kept."""
    return shortened(f"{PREFIX}{revision}{'_down' if direction == 'down' else ''}")


def rowid_name(table: TableDef) -> str | None:
    """The name by which a table's rowid can be read, `None` where it has none or columns hide all its names."""
    if table.without_rowid:
        return None
    taken = set(map(folded, table.column_names))
    return next((name for name in ROWID_NAMES if name not in taken), None)


def row_key(table: TableDef) -> tuple[str, ...] | None:
    """What tells one row of a table from every other: the columns of its key, `()` for the rowid, `None` for nothing.

    A key that may be NULL tells nothing apart. The rowid of a table without an integer key is kept by everything but
    VACUUM.
    """
    if table.integer_key:
        return (table.integer_key,)
    key = table.primary_key
    if key is not None:
        columns = [table.column(name) for name in key.columns]
        if table.without_rowid or all(column is not None and not column.nullable for column in columns):
            return key.columns
    return () if rowid_name(table) else None


@dataclass
class Side:
    """The kept values of one table's rows. Names of columns are those of the table now, values the side's own.

    Attributes:
        name: the side table.
        table: the table whose rows these were.
        key: the columns that find a row, each with the side's column for it; empty when `rowid` does.
        rowid: the side's column that holds the rowid, or nothing.
        dropped: columns that went.
        converted: columns that stayed with another value: the side's columns of the lost value and what it became.
        added: columns that came at the same time, with what each held first.
        old_rowid: the side's column for the rowid that a row had before, where it has another one now, or nothing.
        basis: dropped columns that had been computed from others: the side's column for what the expression gives for
            the row without them, and the expression. Where it gives something else later, the row was edited.
        claimed: the columns that are back.
    """

    name: str
    table: str
    key: dict[str, str] = field(default_factory=dict[str, str])
    rowid: str = ""
    dropped: dict[str, str] = field(default_factory=dict[str, str])
    converted: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    added: dict[str, str] = field(default_factory=dict[str, str])
    old_rowid: str = ""
    basis: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    claimed: set[str] = field(default_factory=set[str])

    @property
    def detail(self) -> str:
        """Everything but the names of the tables, as it is noted."""
        facts = {"key": self.key, "rowid": self.rowid, "dropped": self.dropped, "old_rowid": self.old_rowid}
        more = {"converted": self.converted, "added": self.added, "basis": self.basis}
        return json.dumps({**facts, **more}, ensure_ascii=False)

    @property
    def marker(self) -> str:
        """A column of the side that is never NULL."""
        return self.rowid or next(iter(self.key.values()))

    @property
    def is_claimed(self) -> bool:
        """Whether everything that it holds is back."""
        held = {*map(folded, self.dropped), *map(folded, self.converted)}
        return held | ({self.old_rowid} if self.old_rowid else set[str]()) <= self.claimed

    def rename_column(self, old: str, new: str) -> None:
        """Follows a column that has another name now; a dropped one has none that could change."""
        for names in (self.key, self.converted, self.added):
            _rename(names, old, new)
        self.claimed = {folded(new) if name == folded(old) and old in self.converted else name for name in self.claimed}


def _rename(names: dict[str, Any], old: str, new: str) -> None:
    renamed = {new if folded(name) == folded(old) else name: value for name, value in names.items()}
    names.clear()
    names.update(renamed)


@dataclass
class KeptTable:
    """A dropped table: its rows, and the side's column of their rowid where the table had no integer key."""

    name: str
    table: str
    columns: list[str]
    rowid: str = ""
    claimed: bool = False


@dataclass(frozen=True)
class Noted:
    """A text of the schema as it was before a run."""

    kind: str
    name: str
    owner: str
    sql: str


class Undo:
    """Keeps what one run of a revision takes away, and gives back what the last run the other way took."""

    def __init__(self, work: Work, revision: str, direction: Direction, now: Callable[[], datetime]) -> None:
        self.work = work
        self.revision = revision
        self.direction: Direction = direction
        self.rows_kept: dict[str, int] = {}
        self._now = now
        self._own = meta_name(revision, direction)
        self._other = meta_name(revision, "down" if direction == "up" else "up")
        self._run = 0
        self._other_run = 0
        self._own_sides: list[Side] = []
        self.sides: list[Side] = []
        self.tables: list[KeptTable] = []
        self.texts: dict[tuple[str, str], Noted] = {}
        self.gone: list[Noted] = []
        self.sequences: dict[str, int] = {}
        self.usings: dict[tuple[str, str], str] = {}
        if folded(self._other) in work.names():
            self._read()

    # --- what the other way took --------------------------------------------------------------------------------------

    def _read(self) -> None:
        for run, kind, name, owner, sql, side, detail in self.work.ask(statements.read_meta(self._other)):
            self._other_run = run
            match kind:
                case "schema":
                    self.texts[detail, folded(name)] = Noted(detail, name, owner, sql)
                case "rows":
                    self.sides.append(Side(side, name, **json.loads(detail)))
                case "table":
                    self.tables.append(KeptTable(side, name, **json.loads(detail)))
                case "gone":
                    self.gone.append(Noted(detail, name, owner, sql))
                case "using":
                    self.usings[folded(name), folded(owner)] = sql
                case "sequence":
                    self.sequences[folded(name)] = int(detail)
                case _:
                    pass

    def side_of(self, table: str, column: str, kind: Literal["dropped", "converted"]) -> Side | None:
        """The newest side table with values for a column of a table that are not back yet."""
        for side in reversed(self.sides):
            held: Mapping[str, object] = side.dropped if kind == "dropped" else side.converted
            names = set(map(folded, held)) - side.claimed
            if folded(side.table) == folded(table) and folded(column) in names:
                return side
        return None

    def rowid_side(self, table: str) -> Side | None:
        """The newest side table with rowids of a table that are not back yet."""
        for side in reversed(self.sides):
            if folded(side.table) == folded(table) and side.old_rowid and side.old_rowid not in side.claimed:
                return side
        return None

    def kept_table(self, table: str) -> KeptTable | None:
        """The rows of a table that was dropped."""
        found = (kept for kept in reversed(self.tables) if folded(kept.table) == folded(table) and not kept.claimed)
        return next(found, None)

    def text_of(self, definition: TableDef | IndexDef | TriggerDef, made: str) -> str:
        """The text that a definition had before the other way changed it, or else the one that was made for it."""
        kind = {TableDef: "table", IndexDef: "index", TriggerDef: "trigger"}[type(definition)]
        noted = self.texts.get((kind, folded(definition.name)))
        if noted is None:
            return made
        before = parse_statement(noted.sql)
        if isinstance(definition, TableDef):
            same = isinstance(before, TableDef) and same_table(before, definition)
        else:
            same = before == definition
        return noted.sql if same else made

    def is_ordered_otherwise(self, table: TableDef) -> bool:
        """Whether a table was the same before the other way changed it, but for the order of its columns."""
        text = self.text_of(table, "")
        before = parse_statement(text) if text else table
        return isinstance(before, TableDef) and before.column_names != table.column_names

    # --- what this way takes ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Notes the schema as it is, once, before the first change."""
        if self._run:
            return
        if folded(self._own) not in self.work.names():
            self.work.run(statements.create_meta(self._own))
        self._run = self.work.value(statements.last_run(self._own)) + 1
        self._note("run", self.revision, self.direction, detail=self._now().astimezone(UTC).isoformat())
        self.work.run(statements.note_schema(self._own), (self._run,))

    def _note(
        self, kind: str, name: str, owner: str = "", sql: str = "", side: str | None = None, detail: str = ""
    ) -> None:
        self.work.run(statements.add_meta(self._own), (self._run, kind, name, owner, sql, side, detail))

    def _side_name(self, table: str) -> str:
        between = "_down" if self.direction == "down" else ""
        wanted = f"{PREFIX}{self.revision}{between}_{table}"
        if folded(shortened(wanted)) in {folded(self._own), folded(self._other)}:
            wanted += "_rows"
        return self.work.free_name(wanted)

    def new_side(
        self,
        table: TableDef,
        dropped: Sequence[str],
        converted: Sequence[str],
        added: Sequence[str],
        *,
        old_rowid: bool = False,
        basis: Mapping[str, str] | None = None,
    ) -> Side:
        """Makes an empty side table for rows of a table, found by its key as it is after the change.

        Raises `OperationInvalidError` when nothing tells the table's rows apart.
        """
        key = row_key(table)
        if key is None:
            raise self.work.invalid(
                f"the rows of {table.name} have neither a key nor a rowid that can be read, so that what they lose"
                " could not be brought back",
                hint="Give the table a primary key in a revision before this one.",
            )
        side = Side(
            self._side_name(table.name),
            table.name,
            key={name: f"key:{name}" for name in key},
            rowid="" if key else "key:",
            dropped={name: f"lost:{name}" for name in dropped},
            converted={name: [f"lost:{name}", f"became:{name}"] for name in converted},
            added={name: f"became:{name}" for name in added},
            old_rowid="rowid:" if old_rowid else "",
            basis={name: [f"basis:{name}", using] for name, using in (basis or {}).items()},
        )
        columns = [*side.dropped.values(), *(name for pair in side.converted.values() for name in pair)]
        columns += [*side.added.values(), *([side.old_rowid] if side.old_rowid else [])]
        columns += [pair[0] for pair in side.basis.values()]
        types = [(side.key[name], key_type(table, table.column(name))) for name in key] or [(side.rowid, "INTEGER")]
        self.work.run(statements.create_side(side.name, types, columns))
        return side

    def keep(self, side: Side, rows: int, table: TableDef) -> None:
        """Notes a side table that is filled now, or drops it when it stayed empty."""
        if not rows:
            self.work.run(statements.drop("table", side.name))
            return
        self._note("rows", side.table, side=side.name, detail=side.detail)
        self._own_sides.append(side)
        self.rows_kept[side.name] = rows
        pairs = [(kept, statements.names([name])) for name, kept in side.key.items()]
        pairs = pairs or [(side.rowid, rowid_name(table) or "rowid")]
        for suffix, trigger in TRIGGERS.items():
            self.work.run(trigger(shortened(side.name, suffix), side.table, side.name, pairs))

    def keep_table(self, table: TableDef, rows: int) -> None:
        """Copies all rows of a table that is about to go."""
        if not rows:
            return
        columns = [column.name for column in table.columns if column.generated is None]
        rowid = rowid_name(table) if table.integer_key is None else None
        kept = KeptTable(self._side_name(table.name), table.name, columns, "key:" if rowid else "")
        key = [("key:", "INTEGER")] if rowid else []
        self.work.run(statements.create_side(kept.name, key, columns))
        values = [*([("key:", rowid)] if rowid else []), *((name, statements.names([name])) for name in columns)]
        self.work.run(statements.copy(kept.name, values, statements.from_table(table.name)))
        detail = json.dumps({"columns": columns, "rowid": kept.rowid}, ensure_ascii=False)
        self._note("table", table.name, side=kept.name, detail=detail)
        self.rows_kept[kept.name] = rows

    def keep_sequence(self, table: str, value: int) -> None:
        """Notes the highest id that was ever given in a table that gives none twice."""
        self._note("sequence", table, detail=str(value))

    def keep_using(self, table: str, column: str, expression: str) -> None:
        """Notes how the values of a new column were computed from the row as it was."""
        self._note("using", table, column, expression)

    def keep_text(self, kind: str, name: str, owner: str, sql: str) -> None:
        """Notes an index or trigger that goes along with something else."""
        self._note("gone", name, owner, sql, detail=kind)

    def rename_table(self, old: str, new: str) -> None:
        """Follows a table that has another name now."""
        for side in (*self.sides, *self._own_sides):
            if folded(side.table) == folded(old):
                side.table = new
        self._update_own()

    def rename_column(self, table: str, old: str, new: str) -> None:
        """Follows a column that has another name now."""
        for side in (*self.sides, *self._own_sides):
            if folded(side.table) == folded(table):
                side.rename_column(old, new)
        self._update_own()

    def _update_own(self) -> None:
        for side in self._own_sides:
            self.work.run(statements.update_meta(self._own), (side.table, side.detail, side.name))

    def still_converted(self) -> dict[str, list[str]]:
        """The columns, by table, whose values are not back although nothing more will ask for them."""
        found: dict[str, list[str]] = {}
        for side in self.sides:
            names = [name for name in side.converted if folded(name) not in side.claimed]
            if names:
                found.setdefault(side.table, []).extend(names)
        return found

    # --- the end of a run ---------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Brings back what went along with a dropped table, spells the schema as it was, drops what is back."""
        self._bring_back_gone()
        self._spell_as_before()
        back = [side.name for side in self.sides if side.is_claimed]
        back += [kept.name for kept in self.tables if kept.claimed]
        triggers = {folded(name) for kind, name, _, _ in self.work.objects() if kind == "trigger"}
        for side in back:
            drop_side(self.work, side, triggers)
            self.work.run(statements.forget_meta(self._other), (side,))
        if self._other_run:
            self.work.run(statements.forget_run(self._other), (self._other_run,))
            if not self.work.value(statements.has_kept(self._other)):
                self.work.run(statements.drop("table", self._other))

    def _bring_back_gone(self) -> None:
        present = {(kind, folded(name)) for kind, name, _, _ in self.work.objects()}
        for noted in self.gone:
            if ("table", folded(noted.owner)) not in present or (noted.kind, folded(noted.name)) in present:
                continue
            if noted.name.startswith(PREFIX) and not self._has_side(noted, present):
                continue
            self.work.run(noted.sql)

    def _has_side(self, trigger: Noted, present: set[tuple[str, str]]) -> bool:
        """Whether the side table of a trigger of ours is there still, and was not pruned meanwhile."""
        named = {folded(token.name) for token in tokenize(trigger.sql) if token.kind in ("word", "quoted")}
        return all(("table", name) in present for name in named - {folded(trigger.name)} if name.startswith(PREFIX))

    def _spell_as_before(self) -> None:
        """Gives schema texts their old spelling where they say the same.

        ALTER TABLE ... RENAME rewrites names with quotes around them, in every text that holds one. The way is the one
        of https://sqlite.org/lang_altertable.html#otheralter for changes that do not touch what is stored.
        """
        wanted = [
            (noted.sql, kind, name)
            for kind, name, _, sql in self.work.objects()
            if (noted := self.texts.get((kind, folded(name)))) is not None
            and noted.sql != sql
            and (spelt_alike(noted.sql, sql) or (kind == "table" and self._stored_alike(noted.sql, sql)))
        ]
        if not wanted:
            return
        self.work.run(statements.WRITABLE_SCHEMA_ON)
        try:
            for row in wanted:
                self.work.run(statements.SET_SCHEMA_TEXT, row)
            version = self.work.value(statements.SCHEMA_VERSION)
            self.work.run(statements.set_schema_version(version + 1))
        finally:
            self.work.connection.execute(statements.WRITABLE_SCHEMA_RESET).fetchall()

    def _stored_alike(self, one: str, other: str) -> bool:
        """Whether two texts of a table mean the same, and SQLite would store its rows and keys in the same way.

        Columns and the indexes of keys are found by their number, which the order of the text gives.
        """
        before, after = parse_statement(one), parse_statement(other)
        if not (isinstance(before, TableDef) and isinstance(after, TableDef) and same_table(before, after)):
            return False
        return self._layout(one, before.name) == self._layout(other, after.name)

    def _layout(self, sql: str, table: str) -> list[tuple[Any, ...]]:
        driver = self.work.connection.driver
        raw = driver.connect(":memory:", "rwc")
        try:
            cursor = driver.cursor(raw)
            cursor.execute(sql).fetchall()
            found = cursor.execute(statements.columns_of(table)).fetchall()
            return [*found, *cursor.execute(statements.keys_of(table)).fetchall()]
        finally:
            raw.close()


def returning(connection: Connection, revision: str, direction: Direction) -> dict[str, list[str]]:
    """The columns, by table, whose values a run of a revision may give back without being asked for them."""
    return Undo(Work(connection), revision, direction, lambda: datetime.now(UTC)).still_converted()


def spelt_alike(one: str, other: str) -> bool:
    """Whether two texts are the same words but for white space, comments and quotes around names."""
    return _words(one) == _words(other)


def _words(sql: str) -> list[tuple[str, str]]:
    kinds = {"word": "name", "quoted": "name"}
    return [
        (kinds.get(token.kind, token.kind), folded(token.name) if token.kind in kinds else token.text)
        for token in tokenize(sql)
    ]


def key_type(table: TableDef, column: ColumnDef | None) -> str:
    """The type by which a side table holds a key: of the same affinity, so that the key's index can be used."""
    if column is None or (table.strict and column.type == "ANY"):
        return ""
    return column.type


TRIGGERS: Mapping[str, Callable[[str, str, str, Sequence[tuple[str, str]]], str]] = {
    "_gone": statements.forget_deleted,
    "_moved": statements.follow_moved,
    "_new": statements.forget_replaced,
}
"""What keeps a side table true to the rows of its table: the end of each trigger's name, and what makes its text."""


def drop_side(work: Work, side: str, triggers: Container[str]) -> None:
    """Drops a side table, and first the triggers that name it: with a dangling one no row could be written."""
    for trigger in (shortened(side, suffix) for suffix in TRIGGERS):
        if folded(trigger) in triggers:
            work.run(statements.drop("trigger", trigger))
    work.run(statements.drop("table", side))
