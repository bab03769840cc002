"""Runs operations on SQLite, one after the other, each validated against the schema as it is then."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby

from schemaroot.engine import dialect
from schemaroot.introspection.catalogue import Catalogue, CheckDef, ForeignKeyDef, IndexDef, TableDef
from schemaroot.introspection.read import read_catalogue
from schemaroot.introspection.render import column_text, create_index, create_table
from schemaroot.introspection.sql.tokens import folded, tokenize
from schemaroot.migration import statements
from schemaroot.migration.altered import Altered, altered
from schemaroot.migration.backfill import apply_backfill, staging_name
from schemaroot.migration.describe import describe
from schemaroot.migration.operations import (
    Action,
    AddColumn,
    AlterTable,
    Backfill,
    CreateIndex,
    CreateSearch,
    CreateTable,
    DataStep,
    DropIndex,
    DropSearch,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
)
from schemaroot.migration.rebuild import Rebuild, set_sequence
from schemaroot.migration.search import searched_columns, searches_of
from schemaroot.migration.undo import ROWID_NAMES, Undo, rowid_name
from schemaroot.migration.work import Work
from schemaroot.schema.constraints import search_table, search_triggers


@dataclass
class Done:
    """What an operation did.

    Attributes:
        rebuilt: whether the table was made anew.
        copied: rows that went through a rebuild.
        restored: rows that got kept values back.
        orphaned: kept rows that found no row to give their values back to.
        changed: rows that a data step changed.
        tables: the tables whose rows or columns it may have changed, by their names now.
    """

    rebuilt: bool = False
    copied: int = 0
    restored: int = 0
    orphaned: int = 0
    changed: int = 0
    tables: set[str] = field(default_factory=set[str])


class Steps:
    """Runs operations on one connection.

    Args:
        work: runs the statements.
        undo: keeps what is lost and gives back what was kept; `None` for a trial on an empty copy of the schema.
    """

    def __init__(self, work: Work, undo: Undo | None) -> None:
        self.work = work
        self.undo = undo
        self.catalogue: Catalogue = Catalogue()
        self._fresh: set[tuple[str, str]] = set()
        self._backfills = 0

    def apply(self, operation: Operation) -> Done:
        """Runs one operation.

        Raises:
            OperationInvalidError: it does not fit the schema or its rows; it was not run.
            OperationFailedError: the database refused one of its statements.
        """
        self.work.place = describe(operation)
        self._look()
        match operation:
            case CreateTable(table):
                return self._create_table(table)
            case DropTable(name):
                return self._drop_table(self._table(name))
            case RenameTable(old, new):
                return self._rename_table(self._table(old), new)
            case AlterTable(table, actions):
                return self._alter_table(self._table(table), actions)
            case CreateIndex(index):
                return self._create_index(index)
            case DropIndex(name, table):
                return self._drop_index(name, table)
            case CreateSearch(table, columns):
                return self._create_search(self._table(table), columns)
            case DropSearch(table):
                return self._drop_search(table)
            case Backfill():
                return self._backfill(operation)
            case DataStep(tables):
                with self.work.fence.declaring(tables, self.catalogue.tables):
                    return Done(changed=operation.run(self.work), tables=set(tables))

    def tables_with_foreign_keys(self) -> list[TableDef]:
        """The tables that refer to others, as they are now."""
        self._look()
        return [table for table in self.catalogue.tables.values() if table.foreign_keys]

    def find_table(self, name: str) -> TableDef | None:
        """A table as it is now, or `None` when there is none."""
        self._look()
        return self._found(name)

    def _found(self, name: str) -> TableDef | None:
        return next((table for table in self.catalogue.tables.values() if folded(table.name) == folded(name)), None)

    def _look(self) -> None:
        self.catalogue = read_catalogue(self.work.connection, internal=True)

    def _table(self, name: str) -> TableDef:
        found = self._found(name)
        if found is None:
            known = ", ".join(sorted(self.catalogue.tables)) or "none"
            raise self.work.invalid(f"there is no table {name}", hint=f"Tables: {known}.")
        return found

    def _require_free(self, name: str) -> None:
        if folded(name) in self.work.names():
            raise self.work.invalid(
                f"the name {name} is taken already",
                hint="Choose another, or drop or rename that one; if this revision made it, stamp the database.",
            )

    # --- tables -------------------------------------------------------------------------------------------------------

    def _create_table(self, table: TableDef) -> Done:
        self._require_free(table.name)
        change = altered(table, [], self.work.place)
        made = create_table(table)
        self.work.run(self.undo.text_of(table, made) if self.undo else made)
        self._fresh |= {(folded(table.name), folded(column.name)) for column in table.columns}
        return Done(restored=self._fill(change.table), tables={table.name})

    def _fill(self, table: TableDef) -> int:
        """Brings back the rows of a table that was dropped."""
        if self.undo is None:
            return 0
        key = table.primary_key
        if key and key.autoincrement and (sequence := self.undo.sequences.get(folded(table.name))) is not None:
            set_sequence(self.work, table.name, sequence)
        kept = self.undo.kept_table(table.name)
        if kept is None:
            return 0
        here = {folded(column.name): column.name for column in table.columns if column.generated is None}
        values = [(here[folded(name)], statements.names([name])) for name in kept.columns if folded(name) in here]
        rowid = rowid_name(table) if table.integer_key is None else None
        if kept.rowid and rowid:
            values.insert(0, (rowid, statements.names([kept.rowid])))
        kept.claimed = len(values) >= len(kept.columns)
        if not values:
            return 0
        return self.work.run(statements.copy(table.name, values, statements.from_table(kept.name)))

    def _drop_table(self, table: TableDef) -> Done:
        self._refuse_searched(table, "dropped")
        self.work.require_foreign_keys_off()
        if self.undo:
            for kind, name, owner, sql in self.work.objects():
                if kind in ("index", "trigger") and folded(owner) == folded(table.name):
                    self.undo.keep_text(kind, name, owner, sql)
            if table.primary_key and table.primary_key.autoincrement:
                for (value,) in self.work.ask(statements.SEQUENCE, (table.name,)):
                    self.undo.keep_sequence(table.name, value)
            self.undo.keep_table(table, self.work.value(statements.count(table.name)))
        self.work.run(statements.drop("table", table.name))
        return Done(tables={table.name})

    def _rename_table(self, table: TableDef, new: str) -> Done:
        if folded(table.name) != folded(new):
            self._require_free(new)
        self._refuse_searched(table, "renamed")
        self.work.run(statements.rename_table(table.name, new))
        if self.undo:
            self.undo.rename_table(table.name, new)
        return Done()

    def _refuse_searched(self, table: TableDef, what: str) -> None:
        for search in searches_of(self.catalogue, table.name):
            raise self.work.invalid(
                f"{table.name} cannot be {what} while the full-text index {search.name} is over it",
                hint=f"Say op.drop_search({table.name!r}) before it, and op.create_search(...) after it.",
            )

    # --- changes of one table -----------------------------------------------------------------------------------------

    def _alter_table(self, table: TableDef, actions: tuple[Action, ...]) -> Done:
        done = Done(tables={table.name})
        self._fresh |= {(folded(table.name), folded(one.column.name)) for one in actions if isinstance(one, AddColumn)}
        for renames, group in groupby(actions, key=lambda action: isinstance(action, RenameColumn)):
            self._look()
            table = self._table(table.name)
            if renames:
                for action in group:
                    if isinstance(action, RenameColumn):
                        self._rename_column(self._table(table.name), action)
                        self._look()
                continue
            change = self._checked(altered(table, list(group), self.work.place))
            native = self._native_columns(change)
            if native is not None:
                for text in native:
                    self.work.run(statements.add_column(table.name, text))
                continue
            rebuilt = Rebuild(self.work, self.undo, self.catalogue, change).run()
            done.rebuilt = True
            done.copied += rebuilt.copied
            done.restored += rebuilt.restored
            done.orphaned += rebuilt.orphaned
        return done

    def give_back(self, table: TableDef, columns: list[str]) -> None:
        """Gives back the kept values of columns that stay as they are."""
        change = Altered(table, table, converted=dict.fromkeys(columns))
        if columns:
            Rebuild(self.work, self.undo, self.catalogue, change).run()

    def _rename_column(self, table: TableDef, action: RenameColumn) -> None:
        column = table.column(action.old)
        if column is None:
            known = ", ".join(table.column_names)
            raise self.work.invalid(f"{table.name} has no column {action.old}", hint=f"Its columns: {known}.")
        other = table.column(action.new)
        if other is not None and other is not column:
            raise self.work.invalid(f"{table.name} has a column {action.new} already")
        for search in searches_of(self.catalogue, table.name):
            if folded(column.name) in map(folded, searched_columns(search)):
                self._refuse_searched(table, f"given another name for {column.name}")
        self.work.run(statements.rename_column(table.name, column.name, action.new))
        if self.undo:
            self.undo.rename_column(table.name, column.name, action.new)

    def _checked(self, change: Altered) -> Altered:
        """Refuses what the rows of the table make impossible."""
        table = change.before.name
        for column in change.table.columns:
            before = change.before.column(column.name)
            must_fill = not column.nullable and column.generated is None and column.name != change.table.integer_key
            if not must_fill or (before is not None and not before.nullable and column.name not in change.added):
                continue
            if column.name in change.added:
                down = self.undo is not None and self.undo.direction == "down"
                back = down or (self.undo and self.undo.side_of(table, column.name, "dropped"))
                no_value = change.added[column.name] is None and column.default is None and not back
                if no_value and self.work.value(statements.has_rows(table)):
                    rows = self.work.value(statements.count(table))
                    raise self.work.invalid(
                        f"{column.name} must not be NULL and the {rows} rows of {table} have no value for it",
                        hint="Say using=, give it a server_default, or let it be nullable.",
                    )
            elif column.name not in change.converted:
                self._refuse_nulls(table, column.name)
        return change

    def _refuse_nulls(self, table: str, column: str) -> None:
        nulls = self.work.value(statements.count_nulls(table, statements.column_of(table, column)))
        if nulls:
            raise self.work.invalid(
                f"{column} must not be NULL and {nulls} rows of {table} hold NULL",
                hint=f"Say what they become: using=sa.func.coalesce(sa.column({column!r}), ...).",
            )

    def _native_columns(self, change: Altered) -> list[str] | None:
        """The columns for ALTER TABLE ... ADD COLUMN where that does all that is asked, else `None`.

        It adds to the end of the table without touching its rows. SQLite refuses keys, stored columns and defaults that
        are no constants (https://sqlite.org/lang_altertable.html#altertabaddcol). New checks and foreign keys are
        written with the last column, where they mean the same.
        """
        old, new = change.before, change.table
        if change.dropped or change.converted or any(using is not None for using in change.added.values()):
            return None
        added = [column for column in new.columns if column.name in change.added]
        checks, keys = list(new.checks), list(new.foreign_keys)
        without = replace(new, columns=old.columns, checks=old.checks, foreign_keys=old.foreign_keys)
        if not added or without != old or new.columns[: len(old.columns)] != old.columns:
            return None
        if not _starts_with(checks, old.checks) or not _starts_with(keys, old.foreign_keys):
            return None
        for column in added:
            if folded(column.name) in ROWID_NAMES:
                return None  # newer releases of SQLite do not add what hides the rowid
            if column.stored or (not column.nullable and column.default is None and column.generated is None):
                return None
            if column.default is not None and not is_constant(column.default):
                return None
            if self.undo and self.undo.side_of(old.name, column.name, "dropped"):
                return None
        if len(keys) > len(old.foreign_keys) or (self.undo and self.undo.is_ordered_otherwise(new)):
            return None
        more = "".join(statements.check_after(check.name, check.condition) for check in checks[len(old.checks) :])
        return [column_text(column) + (more if column is added[-1] else "") for column in added]

    def _backfill(self, operation: Backfill) -> Done:
        table = self._table(operation.table)
        undo = self.undo
        revision, direction = (undo.revision, undo.direction) if undo is not None else ("trial", "up")
        name = staging_name(revision, direction, operation.table, self._backfills)
        self._backfills += 1
        fresh = frozenset(column for owner, column in self._fresh if owner == folded(table.name))
        with self.work.fence.declaring(operation.tables, self.catalogue.tables):
            changed = apply_backfill(self.work, undo, operation, table, name, fresh)
        return Done(changed=changed, tables=set(operation.tables))

    # --- indexes and search -------------------------------------------------------------------------------------------

    def _create_index(self, index: IndexDef) -> Done:
        self._require_free(index.name)
        table = self._table(index.table)
        for part in index.parts:
            if part.column is not None and table.column(part.column) is None:
                known = ", ".join(table.column_names)
                raise self.work.invalid(f"{table.name} has no column {part.column}", hint=f"Its columns: {known}.")
        made = create_index(index)
        self.work.run(self.undo.text_of(index, made) if self.undo else made)
        return Done()

    def _drop_index(self, name: str, table: str) -> Done:
        found = [index for index in self.catalogue.indexes.values() if folded(index.name) == folded(name)]
        if not found or (table and folded(found[0].table) != folded(table)):
            owner = self._table(table).name if table else ""
            known = ", ".join(index.name for index in self.catalogue.indexes_of(owner)) if owner else ""
            raise self.work.invalid(
                f"there is no index {name}" + (f" on {owner}" if owner else ""), hint=f"Indexes: {known or 'none'}."
            )
        self.work.run(statements.drop("index", found[0].name))
        return Done()

    def _create_search(self, table: TableDef, columns: tuple[str, ...]) -> Done:
        self._require_free(search_table(table.name))
        if table.integer_key is None:
            raise self.work.invalid(f"{table.name} has no integer key, by which a full-text index knows its rows")
        for name in columns:
            if table.column(name) is None:
                known = ", ".join(table.column_names)
                raise self.work.invalid(f"{table.name} has no column {name}", hint=f"Its columns: {known}.")
        for sql in dialect.create_search_over(table.name, table.integer_key, columns):
            self.work.run(sql)
        self.work.run(dialect.fill_search(search_table(table.name)))
        return Done()

    def _drop_search(self, table: str) -> Done:
        name = search_table(table)
        found = [each.name for each in self.catalogue.virtual_tables.values() if folded(each.name) == folded(name)]
        if not found:
            raise self.work.invalid(f"there is no full-text index {name}")
        present = {folded(trigger) for trigger in self.catalogue.triggers}
        for trigger in search_triggers(table):
            if folded(trigger) in present:
                self.work.run(statements.drop("trigger", trigger))
        self.work.run(statements.drop("table", found[0]))
        return Done()


def _starts_with(
    now: list[CheckDef] | list[ForeignKeyDef], before: tuple[CheckDef, ...] | tuple[ForeignKeyDef, ...]
) -> bool:
    return tuple(now[: len(before)]) == before


def is_constant(default: str) -> bool:
    """Whether a canonical DEFAULT is a literal, and not what is computed for each row."""
    tokens = tokenize(default)
    if tokens and tokens[0].text in ("+", "-"):
        tokens = tokens[1:]
    literal = {"NULL", "TRUE", "FALSE"}
    return len(tokens) == 1 and (tokens[0].kind in ("string", "number", "blob") or tokens[0].value in literal)
