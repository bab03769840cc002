"""What would a revision do to *this* database? Found before anything runs, each with the safer way ready to paste.

A finding that is meant is allowed in the revision file, with the reason; several with commas between them:

    # lint: allow DROP_FILLED_COLUMN - nobody has read it since the rewrite
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa

from schemaroot.engine.database import Database
from schemaroot.introspection.catalogue import (
    Catalogue,
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    KeyPart,
    TableDef,
)
from schemaroot.introspection.sql.names import listed_values
from schemaroot.migration.describe import describe
from schemaroot.migration.errors import OperationInvalidError
from schemaroot.migration.live import LiveRows
from schemaroot.migration.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddUnique,
    AlterColumn,
    AlterTable,
    CreateIndex,
    CreateTable,
    DropCheck,
    DropColumn,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)
from schemaroot.migration.record import table_after
from schemaroot.migration.renames import ALIKE, likeness

Severity = Literal["error", "warning"]
"""An `error` keeps a runner from starting unless the revision allows it; a `warning` is told."""

Dialect = Literal["sqlite", "postgresql"]

LARGE_ROWS = 1_000_000
"""Rows from which on a rebuild is told of beforehand."""

EXAMPLES = 5
"""Rows that are listed."""


@dataclass(frozen=True)
class Finding:
    """One thing that a revision would do.

    Attributes:
        code: its kind, stable.
        severity: whether it stops a runner.
        where: the table, or `table.column`.
        message: what would happen, with the rows of this database.
        safer: what to write instead, ready to paste; empty where there is nothing to write.
        revision: the revision that it was found in.
    """

    code: str
    severity: Severity
    where: str
    message: str
    safer: str = ""
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.message}"


CODES: Mapping[str, str] = {
    "NOT_NULL_WITHOUT_DEFAULT": "a column that must hold a value is added to rows and says none for them",
    "NOT_NULL_ON_NULLS": "a column becomes NOT NULL while rows hold null",
    "NARROWING_TYPE": "values would change with the type of their column",
    "ENUM_VALUE_REMOVED": "rows hold a value that is no longer allowed",
    "CHECK_VIOLATED": "rows do not keep a new CHECK",
    "UNIQUE_DUPLICATES": "rows are the same under a new unique key",
    "FOREIGN_KEY_VIOLATED": "rows refer to rows that are not there",
    "DROP_FILLED_COLUMN": "a column that holds values goes",
    "DROP_FILLED_TABLE": "a table that holds rows goes",
    "RENAME_LIKE": "something goes and something like it comes: its values would stay behind",
    "LARGE_REBUILD": "a large table is copied",
    "NO_WAY_BACK": "the revision has no working downgrade",
    "KEPT_VALUES_PRUNED": "on the way down, values are gone that were kept for it and deleted on purpose",
    "KEPT_VALUES_SQUASHED": "values are kept for a revision that is squashed, and can no longer come back",
    "INDEX_BLOCKS_WRITES": "an index is built while writers wait (PostgreSQL)",
    "CONSTRAINT_BLOCKS": "a constraint is checked over all rows while writers wait (PostgreSQL)",
}
"""Every kind of finding, and what it is."""

_ALLOW = re.compile(
    rb"#[ \t]*lint:[ \t]*allow[ \t]+(?P<codes>[A-Z_]+(?:[ \t]*,[ \t]*[A-Z_]+)*)[ \t]*-[ \t]*(?P<reason>\S[^\r\n]*)"
)


def allowed(source: bytes) -> dict[str, str]:
    """The findings that a revision file allows, with its reasons; without a reason none is."""
    return {
        code.strip().decode(): found["reason"].decode("utf-8", "replace")
        for found in _ALLOW.finditer(source)
        for code in found["codes"].split(b",")
    }


def lint(
    operations: Sequence[Operation],
    before: Catalogue,
    db: Database | None = None,
    *,
    rows: LiveRows | None = None,
    dialect: Dialect = "sqlite",
) -> list[Finding]:
    """What the operations would do.

    Args:
        operations: what a revision does, in one direction.
        before: the schema that it starts from.
        db: the database that they would run on; without it only what needs no rows is found.
        rows: the rows that the revision will find, where others come before it; those of `db` when left out.
        dialect: whose rules of locking count.
    """
    return list(_Linter(before, LiveRows(before, db) if rows is None else rows.copy(), dialect).findings(operations))


class _Linter:
    def __init__(self, before: Catalogue, live: LiveRows, dialect: Dialect) -> None:
        self.tables = dict(before.tables)
        self.live = live
        self.dialect = dialect
        self.created: set[str] = set()

    def findings(self, operations: Sequence[Operation]) -> Iterator[Finding]:
        yield from self._renames_of_tables(operations)
        for operation in operations:
            match operation:
                case RenameTable(old=old, new=new):
                    self.tables[new] = replace(self.tables.pop(old), name=new)
                case CreateTable(table=table):
                    self.tables[table.name] = table
                    self.created.add(table.name)
                case DropTable(name=name):
                    yield from self._drop_table(name)
                case AlterTable(table=name, actions=actions) if name in self.tables and name not in self.created:
                    yield from _Alteration(self, self.tables[name], operation).findings()
                    with suppress(OperationInvalidError):  # whoever runs it says so
                        self.tables[name] = table_after(self.tables[name], actions, describe(operation))
                case CreateIndex(index=index, concurrently=concurrently) if index.table not in self.created:
                    if index.unique:
                        yield from self.duplicates(index.table, index.parts, index.where)
                    rows = self.rows(index.table)
                    if self.dialect == "postgresql" and not concurrently and rows != 0:
                        yield Finding(
                            "INDEX_BLOCKS_WRITES",
                            "warning",
                            index.table,
                            f"writers of {index.table}{_of_rows(rows)} wait while {index.name} is built",
                            "op.create_index(..., postgresql_concurrently=True)",
                        )
                case _:
                    pass
            self.live.follow([operation])

    # --- asking the database ----------------------------------------------------------------------------------------

    def rows(self, table: str, condition: Any = None) -> int | None:
        """How many rows a table has (that keep a condition); `None` where nobody can tell."""
        return self.live.count(table, condition)

    def examples(self, table: str, condition: Any) -> str:
        """The keys of some rows that keep a condition."""
        return self.live.examples(self.tables[table], condition, EXAMPLES)

    def duplicates(self, table: str, parts: Sequence[KeyPart], where: str | None) -> Iterator[Finding]:
        """Rows that a unique key over the parts would refuse."""
        if table not in self.tables or table in self.created:
            return
        known = self.tables[table]
        if any(part.column is not None and not known.column(part.column) for part in parts):
            return  # a column that is added with it
        keys: list[Any] = [_part(part) for part in parts]
        source = self.live.source(table, *keys, *([] if where is None else [_words(where)]))
        if source is None or self.live.db is None:
            return
        grouped = sa.select(*keys, sa.func.count().label("times")).select_from(source).group_by(*keys)
        grouped = grouped.where(*(key.is_not(None) for key in keys)).having(sa.func.count() > 1)
        if where is not None:
            grouped = grouped.where(_words(where))
        found = self.live.db.all(grouped.limit(EXAMPLES))
        if not found:
            return
        total = int(self.live.db.one(sa.select(sa.func.count()).select_from(grouped.subquery()))[0])
        shown = "; ".join(f"{', '.join(map(repr, row[:-1]))} {row[-1]} times" for row in found)
        over = ", ".join(part.column or part.expression or "" for part in parts)
        yield Finding(
            "UNIQUE_DUPLICATES",
            "error",
            table,
            f"{_many(total, 'value')} of ({over}) {'stands' if total == 1 else 'stand'} in more than one row: {shown}",
            "# first, in a revision of its own: keep one row of each and delete or change the others",
        )

    # --- tables -----------------------------------------------------------------------------------------------------

    def _drop_table(self, name: str) -> Iterator[Finding]:
        rows = self.rows(name)
        if rows != 0:
            yield Finding(
                "DROP_FILLED_TABLE",
                "error",
                name,
                f"{name} goes{_of_rows(rows, with_words='with its')}; they are kept in a side table until it is pruned",
                f"# lint: allow DROP_FILLED_TABLE - why {name} is not needed any more",
            )

    def _renames_of_tables(self, operations: Sequence[Operation]) -> Iterator[Finding]:
        gone = [one.name for one in operations if isinstance(one, DropTable)]
        come = [one.table for one in operations if isinstance(one, CreateTable)]
        for name in gone:
            alike = [table for table in come if name in self.tables and likeness(self.tables[name], table) >= ALIKE]
            if alike and self.rows(name) != 0:
                new = alike[0].name
                yield Finding(
                    "RENAME_LIKE",
                    "error",
                    name,
                    f"{name} goes and {new}, which has the same columns, comes without its rows",
                    f'op.rename_table("{name}", "{new}")',
                )


class _Alteration:
    """What one ALTER does to one table."""

    def __init__(self, linter: _Linter, table: TableDef, operation: AlterTable) -> None:
        self.linter = linter
        self.table = table
        self.actions = operation.actions
        renamed = {action.new: action.old for action in self.actions if isinstance(action, RenameColumn)}
        self.old_name: Callable[[str], str] = lambda name: renamed.get(name, name)
        self.fresh = {action.column.name for action in self.actions if isinstance(action, AddColumn)}
        self.converted = {
            action.column.name
            for action in self.actions
            if isinstance(action, AlterColumn) and action.using is not None
        }

    def findings(self) -> Iterator[Finding]:
        yield from self._renames_of_columns()
        for action in self.actions:
            match action:
                case AddColumn(column=column, using=using):
                    yield from self._add(column, using)
                case DropColumn(name=name):
                    yield from self._drop(name)
                case AlterColumn(column=column, using=using):
                    yield from self._alter(column, using)
                case AddCheck(check=check):
                    yield from self._check(check)
                case AddUnique(unique=unique):
                    names = [part.column or "" for part in unique.parts]
                    if not {*names} & (self.fresh | self.converted):
                        parts = tuple(replace(part, column=self.old_name(part.column or "")) for part in unique.parts)
                        yield from self.linter.duplicates(self.table.name, parts, None)
                case AddForeignKey(foreign_key=key):
                    yield from self._foreign_key(key)
                case _:
                    pass
        yield from self._size()

    def _found(self, code: str, severity: Severity, column: str, message: str, safer: str = "") -> Finding:
        where = f"{self.table.name}.{column}" if column else self.table.name
        return Finding(code, severity, where, message, safer)

    def _rows(self, condition: Any = None) -> int | None:
        return self.linter.rows(self.table.name, condition)

    def _add(self, column: ColumnDef, using: str | None) -> Iterator[Finding]:
        says = column.default is not None or column.generated is not None or using is not None
        rows = self._rows()
        if not column.nullable and not says and rows != 0:
            yield self._found(
                "NOT_NULL_WITHOUT_DEFAULT",
                "error",
                column.name,
                f"{column.name} must hold a value and says none for the rows that are there{_of_rows(rows)}",
                f'{self.table.name}.add_column(sa.Column("{column.name}", ..., nullable=False), using=sa.literal(...))',
            )

    def _drop(self, name: str) -> Iterator[Finding]:
        column = self.table.column(self.old_name(name))
        if column is None or column.generated is not None:
            return
        filled = self._rows(sa.column(column.name).is_not(None))
        if filled != 0:
            yield self._found(
                "DROP_FILLED_COLUMN",
                "error",
                name,
                f"{name} goes{_of_rows(filled, 'value', 'with its')}; a side table keeps them until it is pruned",
                f"# lint: allow DROP_FILLED_COLUMN - why {self.table.name}.{name} is not needed any more",
            )

    def _alter(self, column: ColumnDef, using: str | None) -> Iterator[Finding]:
        old = self.table.column(self.old_name(column.name))
        if old is None or using is not None:
            return
        stored: sa.ColumnElement[Any] = sa.column(old.name)
        if old.nullable and not column.nullable and self._rows(stored.is_(None)) != 0:
            yield self._found(
                "NOT_NULL_ON_NULLS",
                "error",
                column.name,
                f"{column.name} becomes NOT NULL and is null{_of_rows(self._rows(stored.is_(None)), 'row', 'in')}"
                + self.linter.examples(self.table.name, stored.is_(None)),
                f'{self.table.name}.alter_column(..., using=sa.func.coalesce(sa.column("{column.name}"), ...))',
            )
        if old.type != column.type:
            yield from self._narrow(old, column, stored)

    def _narrow(self, old: ColumnDef, column: ColumnDef, stored: sa.ColumnElement[Any]) -> Iterator[Finding]:
        cast = sa.cast(stored, _SqlWords(column.type))
        changed = sa.and_(stored.is_not(None), sa.or_(cast != stored, sa.func.typeof(cast) != sa.func.typeof(stored)))
        rows = self._rows(changed)
        if rows != 0:
            yield self._found(
                "NARROWING_TYPE",
                "error",
                column.name,
                f"{old.type or 'no type'} becomes {column.type or 'no type'}, which changes values"
                f"{_of_rows(rows, 'row', 'of')}{self.linter.examples(self.table.name, changed) if rows else ''}",
                f'{self.table.name}.alter_column(..., using=sa.cast(sa.column("{column.name}"), ...))',
            )

    def _check(self, check: CheckDef) -> Iterator[Finding]:
        listed = listed_values(check.condition)
        before = self._listed_before(check, listed[0]) if listed is not None else None
        if self.linter.dialect == "postgresql" and self._rows() != 0:
            yield self._blocks(check.name or "CHECK")
        if listed is not None and before is not None:
            yield from self._enumeration(listed[0], before, listed[1])
            return
        if self.fresh or self.converted:
            return  # what it is over is not there yet; the copy itself will tell
        condition: Any = sa.not_(_words(f"({check.condition})"))
        rows = self._rows(condition) if self._is_whole(check) else 0
        if rows:
            yield self._found(
                "CHECK_VIOLATED",
                "error",
                "",
                f"{_many(rows, 'row')} {'does' if rows == 1 else 'do'} not keep {check.name or check.condition}"
                + self.linter.examples(self.table.name, condition),
                "# first, in a revision of its own: correct these rows",
            )

    def _is_whole(self, check: CheckDef) -> bool:
        """Whether the rows can be asked: nothing that the condition may name has another name yet."""
        del check
        return not any(isinstance(action, RenameColumn) for action in self.actions)

    def _listed_before(self, check: CheckDef, column: str) -> tuple[str, ...] | None:
        for action in self.actions:
            if isinstance(action, DropCheck) and (listed := self._listed(action.check)) and listed[0] == column:
                return listed[1]
        return None

    def _listed(self, check: CheckDef) -> tuple[str, tuple[str, ...]] | None:
        there = next((one for one in self.table.checks if one.name is not None and one.name == check.name), check)
        return listed_values(there.condition)

    def _enumeration(self, column: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Finding]:
        removed = [value for value in before if value not in after]
        if not removed or column in self.converted:
            return
        stored: sa.ColumnElement[Any] = sa.column(self.old_name(column))
        for value in removed:
            condition = stored == _words(value)
            rows = self._rows(condition)
            if rows != 0:
                safer = (
                    f"{self.table.name}.alter_column({column!r},"
                    f" using=sa.case((sa.column({column!r}) == {value}, {after[0] if after else '...'}),"
                    f" else_=sa.column({column!r})))"
                )
                yield self._found(
                    "ENUM_VALUE_REMOVED",
                    "error",
                    column,
                    f"{value} is no longer allowed and is the value{_of_rows(rows, 'row', 'of')}"
                    + (self.linter.examples(self.table.name, condition) if rows else ""),
                    safer.replace("'", '"'),
                )

    def _foreign_key(self, key: ForeignKeyDef) -> Iterator[Finding]:
        if self.linter.dialect == "postgresql" and self._rows() != 0:
            yield self._blocks(key.name or "foreign key")
        target = self.linter.tables.get(key.target)
        if target is None or set(key.columns) & self.fresh or len(key.columns) != 1:
            return
        theirs = key.target_columns or (target.primary_key.columns if target.primary_key else ())
        if len(theirs) != 1:
            return
        own: sa.ColumnElement[Any] = sa.column(self.old_name(key.columns[0]))
        referred: sa.ColumnElement[Any] = sa.column(theirs[0])
        live = self.linter.live.source(key.target, referred)
        if live is None:
            return
        there = sa.select(referred).select_from(live)
        condition = sa.and_(own.is_not(None), own.not_in(there))
        rows = self._rows(condition)
        if rows:
            yield self._found(
                "FOREIGN_KEY_VIOLATED",
                "error",
                key.columns[0],
                f"{_many(rows, 'row')} {'refers' if rows == 1 else 'refer'} to rows of {key.target} that are not there"
                + self.linter.examples(self.table.name, condition),
                "# first, in a revision of its own: delete these rows, or set the reference to null",
            )

    def _blocks(self, name: str) -> Finding:
        return self._found(
            "CONSTRAINT_BLOCKS",
            "warning",
            "",
            f"{name} is checked over all rows while writers wait",
            "add it with postgresql_not_valid=True, and validate it in the next revision",
        )

    def _renames_of_columns(self) -> Iterator[Finding]:
        gone = [self.table.column(action.name) for action in self.actions if isinstance(action, DropColumn)]
        come = [action.column for action in self.actions if isinstance(action, AddColumn) and action.using is None]
        for old in gone:
            alike = [new for new in come if old is not None and _alike(old, new)]
            if old is not None and alike and self._rows(sa.column(old.name).is_not(None)) != 0:
                yield self._found(
                    "RENAME_LIKE",
                    "error",
                    old.name,
                    f"{old.name} goes and {alike[0].name}, of the same kind, comes without its values",
                    f'{self.table.name}.rename_column("{old.name}", "{alike[0].name}")',
                )

    def _size(self) -> Iterator[Finding]:
        cheap = (AddColumn, RenameColumn)
        if all(isinstance(action, cheap) for action in self.actions):
            return
        rows = self._rows() or 0
        if rows >= LARGE_ROWS:
            yield self._found(
                "LARGE_REBUILD",
                "warning",
                "",
                f"{rows:,} rows are copied while writers wait",
                "# run it when nobody writes; `migrate plan` says how long it is expected to take",
            )


class _SqlWords(sa.types.UserDefinedType[Any]):
    """A type by its words."""

    cache_ok = True

    def __init__(self, words: str) -> None:
        self.words = words

    def get_col_spec(self, **_: Any) -> str:
        """The words."""
        return self.words or "BLOB"


def _words(sql: str) -> sa.ColumnElement[Any]:
    """A canonical expression of a schema, as it stands there."""
    words: sa.ColumnElement[Any] = sa.literal_column(sql)
    return words


def _alike(one: ColumnDef, other: ColumnDef) -> bool:
    return (one.type, one.nullable) == (other.type, other.nullable)


def _part(part: KeyPart) -> Any:
    named: sa.ColumnElement[Any] = sa.column(part.column or "")
    own = named if part.column is not None else _words(part.expression or "")
    return own.collate(part.collation) if part.collation is not None else own


def _many(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def _of_rows(rows: int | None, noun: str = "row", with_words: str = "with") -> str:
    return "" if rows is None else f" {with_words} {_many(rows, noun)}"
