"""Changes a table by making it anew: https://sqlite.org/lang_altertable.html#otheralter, with nothing lost on the way.

The old table is renamed away with nobody following, the new one is created under the name with its text exactly as
given, rows are copied inside of the database by an explicit map of columns, what they lose goes to a side table, and
the old table goes. Children, triggers and views elsewhere name the table all along and are never touched, which is
checked; what ANALYZE found goes by the table's name and stays. Foreign keys rest meanwhile: dropping the old table
would delete or change the rows of its children.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemaroot.introspection.catalogue import Catalogue, ColumnDef, TableDef
from schemaroot.introspection.render import create_table
from schemaroot.introspection.sql.tokens import folded, tokenize
from schemaroot.migration import statements
from schemaroot.migration.altered import Altered
from schemaroot.migration.errors import OperationFailedError
from schemaroot.migration.search import fill_searches
from schemaroot.migration.statements import case, column_of, in_parentheses, is_given, same_value
from schemaroot.migration.undo import PREFIX, Side, Undo, rowid_name
from schemaroot.migration.work import Work


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: rows that were copied, rows that got values back, and kept rows that found none."""

    copied: int
    restored: int = 0
    orphaned: int = 0


EMPTY_VALUES = {"TEXT": "''", "INTEGER": "0", "INT": "0", "REAL": "0.0", "BLOB": "x''"}
"""What a returning NOT NULL column without a default gives to rows that came while it was away."""


class Rebuild:
    """One rebuild of one table."""

    def __init__(self, work: Work, undo: Undo | None, catalogue: Catalogue, change: Altered) -> None:
        self.work = work
        self.undo: Undo | None = undo
        self.catalogue = catalogue
        self.change = change
        self.old: TableDef = change.before
        self.new: TableDef = change.table
        self.away: str = ""
        self.sides: list[Side] = []
        self.values: dict[str, str] = {}
        self.order: str = ""
        self.same_rowids: bool = False

    def run(self) -> Rebuilt:
        """Rebuilds the table."""
        work, old, new = self.work, self.old, self.new
        work.require_foreign_keys_off()
        objects = work.objects()
        own = [each for each in objects if each[0] in ("index", "trigger") and folded(each[2]) == folded(old.name)]
        sequence = self._sequence()
        self._plan_values()

        self.away = work.free_name(f"_old_{old.name}")
        work.rename_away(old.name, self.away)
        text = create_table(new)
        work.run(self.undo.text_of(new, text) if self.undo else text)
        copied = self._copy()
        restored, orphaned = self._count_restored()
        kept = self._keep()
        self._carry_sequence(sequence)
        if self.undo:
            for name, using in self.change.added.items():
                if using is not None:
                    self.undo.keep_using(new.name, name, using)
        work.run(statements.drop("table", self.away))
        for kind, name, owner, sql in own:
            if name.startswith(PREFIX) and not self._still_fits(sql):
                if self.undo:
                    self.undo.keep_text(kind, name, owner, sql)
                continue
            work.run(sql)
        if kept is not None and self.undo:
            self.undo.keep(*kept, new)
        self._check_others(objects)
        changed = {*self.change.added, *self.change.converted, *self.change.dropped}
        fill_searches(work, self.catalogue, new.name, changed, all_rows=not self.same_rowids)
        return Rebuilt(copied, restored, orphaned)

    # --- where values come from ---------------------------------------------------------------------------------------

    def _plan_values(self) -> None:
        """The expression for each column of the new table; columns left out get their default."""
        for column in self.new.columns:
            if column.generated is not None:
                continue
            expression = self._value_of(column)
            if expression is not None:
                self.values[column.name] = expression
        self.same_rowids = self._keeps_rowids()
        source, target = rowid_name(self.old), rowid_name(self.new)
        if self.new.integer_key is not None or target is None:
            return
        side = self.undo.rowid_side(self.old.name) if self.undo else None
        if side is not None:
            self._use(side, side.old_rowid)
            kept = column_of(side.name, side.old_rowid)
            self.order = statements.last(is_given(kept))
            self.values = {target: kept, **self.values}
            self.same_rowids = False
        elif self.same_rowids and source:
            self.values = {target: self._old(source), **self.values}

    def _value_of(self, column: ColumnDef) -> str | None:
        change, name = self.change, column.name
        if name in change.added:
            using = change.added[name]
            side = self._side_of(name, "dropped")
            if side is None:
                return self._without_side(column, using)
            otherwise = self._otherwise(column, using, side)
            conditions = [is_given(column_of(side.name, side.marker))]
            if using is not None:
                # A row that was edited while the column was away says by `using` what its value is now.
                conditions += [
                    same_value(self._old(now), column_of(side.name, first))
                    for now, first in side.added.items()
                    if self.old.column(now)
                ]
                basis, expression = side.basis.get(_key(side.dropped, name), ["", ""])
                if expression == using:
                    conditions.append(same_value(in_parentheses(using), column_of(side.name, basis)))
            return case(
                " AND ".join(conditions), column_of(side.name, side.dropped[_key(side.dropped, name)]), otherwise
            )
        if name in change.converted or self._comes_back(name):
            using = change.converted.setdefault(name, None)
            value = in_parentheses(using) if using is not None else self._old(name)
            side = self._side_of(name, "converted")
            if side is None:
                return value
            lost, became = side.converted[_key(side.converted, name)]
            condition = same_value(self._old(name), column_of(side.name, became))
            given = is_given(column_of(side.name, side.marker))
            return case(f"{given} AND {condition}", column_of(side.name, lost), value)
        return self._old(name)

    def _comes_back(self, column: str) -> bool:
        """Whether a column that is not converted here has kept values whose time has come.

        That is when it is named as changed, or when a check over it goes: a list of values may grow by its check alone.
        """
        if self.undo is None or self.undo.side_of(self.old.name, column, "converted") is None:
            return False
        gone = [check.condition for check in self.old.checks if check not in self.new.checks]
        return column in self.change.altered or any(mentions(condition, column) for condition in gone)

    def _without_side(self, column: ColumnDef, using: str | None) -> str | None:
        if using is not None:
            return in_parentheses(using)
        if column.name == self.new.integer_key and (rowid := rowid_name(self.old)):
            return self._old(rowid)
        if self.undo and self.undo.direction == "down" and column.default is None and not column.nullable:
            return empty_value(column)
        return None

    def _otherwise(self, column: ColumnDef, using: str | None, side: Side) -> str:
        """The value of a returning column for a row that came while it was away."""
        if using is not None:
            return in_parentheses(using)
        if column.name == self.new.integer_key:
            if rowid := rowid_name(self.old):
                return self._old(rowid)
            self.order = statements.last(is_given(column_of(side.name, side.marker)))
            return "NULL"
        if column.default is not None:
            return in_parentheses(column.default)
        return "NULL" if column.nullable else empty_value(column)

    def _side_of(self, column: str, kind: str) -> Side | None:
        if self.undo is None:
            return None
        side = self.undo.side_of(self.old.name, column, "dropped" if kind == "dropped" else "converted")
        if side is not None:
            self._use(side, folded(column))
        return side

    def _use(self, side: Side, claimed: str) -> None:
        """Takes values from a side table, which is joined by its key."""
        missing = [name for name in side.key if not self.old.column(name)]
        if missing:
            raise self.work.invalid(
                f"what {self.old.name} held is kept by {', '.join(missing)}, which is not a column now",
                hint="Undo the steps in the opposite order: bring back the key before what was dropped before it.",
            )
        if side not in self.sides:
            self.sides.append(side)
        side.claimed.add(claimed)

    def _old(self, column: str) -> str:
        return column_of(self.old.name, column)

    def _keeps_rowids(self) -> bool:
        """Whether a row has the same rowid in the new table as in the old one."""
        rowid = rowid_name(self.old)
        if rowid is None or self.new.without_rowid:
            return False
        key = self.new.integer_key
        if key is None:
            return rowid_name(self.new) is not None
        if self.old.integer_key is not None and folded(self.old.integer_key) == folded(key):
            return self.values[key] == self._old(key)
        return self.values.get(key) == self._old(rowid)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _joins(self) -> list[statements.Join]:
        rowid = rowid_name(self.old) or "rowid"
        joins: list[statements.Join] = []
        for side in self.sides:
            pairs = [(column_of(side.name, kept), self._old(name)) for name, kept in side.key.items()]
            pairs = pairs or [(column_of(side.name, side.rowid), self._old(rowid))]
            joins.append(statements.Join(side.name, statements.equal(pairs)))
        return joins

    def _source(self) -> str:
        """The old rows, known by the table's name so that expressions may name it, beside what is kept of them."""
        return statements.from_table(self.away, self.old.name, self._joins())

    def _copy(self) -> int:
        total = self.work.value(statements.count(self.away))
        if not total:
            return 0
        if not self.values:
            raise self.work.invalid(f"no column of {self.new.name} can be filled from its rows")
        copied = self.work.run(
            statements.copy(self.new.name, list(self.values.items()), self._source(), order=self.order)
        )
        present = self.work.value(statements.count(self.new.name))
        if not copied == present == total:
            raise self.work.invalid(
                f"{total} rows of {self.old.name} became {present} rows",
                hint="A constraint with ON CONFLICT IGNORE or REPLACE removes rows; correct them in an earlier step.",
            )
        return int(copied)

    def _count_restored(self) -> tuple[int, int]:
        """How many rows had something kept for them, and for how many kept rows there was none."""
        found = kept = 0
        for join in self._joins():
            source = statements.from_table(self.away, self.old.name, [replace(join, left=False)])
            found += self.work.value(statements.count_from(source))
            kept += self.work.value(statements.count(join.table))
        return found, kept - found

    def _keep(self) -> tuple[Side, int] | None:
        """Fills a side table with the values that the rows lost."""
        if self.undo is None:
            return None
        change = self.change
        dropped = change.dropped_values
        converted = [name for name in change.converted if (old := self.old.column(name)) and old.generated is None]
        rowids = rowid_name(self.old) is not None and self.old.integer_key is None and not self.same_rowids
        if not (dropped or converted or rowids) or not self.work.value(statements.has_rows(self.away)):
            return None
        added = [name for name in change.added if name not in converted] if dropped else []
        basis = {name: using for name in dropped if (using := self._computed_by(name)) is not None}
        side = self.undo.new_side(self.new, dropped, converted, added, old_rowid=rowids, basis=basis)
        rows = self._fill(side)
        if side.basis:
            key = list(side.key.items()) or [(rowid_name(self.new) or "rowid", side.rowid)]
            values = [(kept, using) for kept, using in side.basis.values()]
            self.work.run(statements.fill_basis(side.name, values, self.new.name, key))
        return side, rows

    def _computed_by(self, column: str) -> str | None:
        """The expression that a dropped column was computed by when it came, if the table without it still has one."""
        using = self.undo.usings.get((folded(self.old.name), folded(column))) if self.undo else None
        if using is None:
            return None
        try:
            self.work.ask(statements.none_of(using, self.new.name))
        except OperationFailedError:
            return None
        return using

    def _fill(self, side: Side) -> int:
        new = self.new.name
        after, before = "after:", "before:"
        lost = {name: kept for name, kept in side.dropped.items()}
        lost |= {name: pair[0] for name, pair in side.converted.items()}
        old_rowid = rowid_name(self.old)
        if side.old_rowid and old_rowid:
            lost[old_rowid] = side.old_rowid
        key = list(side.key) or [rowid_name(self.new) or "rowid"]
        kept_key = list(side.key.values()) or [side.rowid]
        if self.same_rowids:
            rowid, other = rowid_name(self.old), rowid_name(self.new)
            assert rowid and other
            join = statements.Join(
                new, statements.equal([(column_of(after, other), column_of(before, rowid))]), left=False, alias=after
            )
            source = statements.from_table(self.away, before, [join])
        else:
            if missing := [name for name in key if name not in self.values or self.values[name] == "NULL"]:
                raise self.work.invalid(
                    f"{', '.join(missing)} of {new} is numbered anew while other values change, so that they could not"
                    " be brought back",
                    hint="Change the key in a step of its own.",
                )
            chosen = [(f"key:{name}", self.values[name]) for name in key]
            chosen += [(name, self._old(name)) for name in lost]
            pairs = [(column_of(after, name), column_of(before, f"key:{name}")) for name in key]
            join = statements.Join(new, statements.equal(pairs), left=False, alias=after)
            source = statements.joined(statements.from_selected(chosen, self._source(), before), join)
        values = [(kept, column_of(after, name)) for name, kept in zip(key, kept_key, strict=True)]
        values += [(kept, column_of(before, name)) for name, kept in lost.items()]
        values += [(pair[1], column_of(after, name)) for name, pair in side.converted.items()]
        values += [(kept, column_of(after, name)) for name, kept in side.added.items()]
        where = ""
        if not side.dropped and not side.old_rowid:
            where = statements.changed([(column_of(before, name), column_of(after, name)) for name in side.converted])
        return self.work.run(statements.copy(side.name, values, source, where=where))

    # --- what belongs to the table ------------------------------------------------------------------------------------

    def _still_fits(self, trigger: str) -> bool:
        """Whether every column of a row that a trigger of ours names is still there."""
        tokens = tokenize(trigger)
        named = [tokens[place + 2].name for place, token in enumerate(tokens[:-2]) if token.value in ("OLD", "NEW")]
        rowid = rowid_name(self.new)
        return all(self.new.column(name) or (rowid and folded(name) == rowid) for name in named)

    def _sequence(self) -> int | None:
        key = self.old.primary_key
        if key is None or not key.autoincrement or not self.work.value(statements.HAS_SEQUENCES):
            return None
        value: int | None = self.work.value(statements.SEQUENCE, (self.old.name,))
        return value

    def _carry_sequence(self, value: int | None) -> None:
        """The next id goes on from the highest that was ever given, also where that row is gone."""
        key = self.new.primary_key
        if key is None or not key.autoincrement:
            if value is not None and self.undo:
                self.undo.keep_sequence(self.new.name, value)
            return
        kept = self.undo.sequences.get(folded(self.new.name)) if self.undo else None
        if kept is not None:
            set_sequence(self.work, self.new.name, max(kept, value or 0))
        elif value is not None:
            # The copy raised it where an id had been moved above it; it is what it was, and SQLite goes by both.
            set_sequence(self.work, self.new.name, value, lower=True)

    def _check_others(self, before: list[tuple[str, str, str, str]]) -> None:
        """Nothing but the table and what is on it has another text now."""
        names = {(kind, folded(name)) for kind, name, owner, _ in before if folded(owner) == folded(self.old.name)}
        after = {(kind, folded(name)): sql for kind, name, _, sql in self.work.objects()}
        for kind, name, _, sql in before:
            if (kind, folded(name)) not in names and after.get((kind, folded(name))) != sql:
                raise self.work.invalid(f"rebuilding {self.old.name} changed the {kind} {name}")


def empty_value(column: ColumnDef) -> str:
    """What a returning column gives to a row that has no value for it and must have one."""
    return EMPTY_VALUES.get(column.type.partition("(")[0], "''")


def mentions(expression: str, column: str) -> bool:
    """Whether an expression holds the name of a column."""
    return any(
        token.kind in ("word", "quoted") and folded(token.name) == folded(column) for token in tokenize(expression)
    )


def _key(names: Iterable[str], wanted: str) -> str:
    return next(name for name in names if folded(name) == folded(wanted))


def set_sequence(work: Work, table: str, value: int, *, lower: bool = False) -> None:
    """Sets the highest id that a table with AUTOINCREMENT has given; where it is higher, only with `lower`."""
    current = work.ask(statements.SEQUENCE, (table,))
    if not current:
        work.run(statements.ADD_SEQUENCE, (table, value))
    elif current[0][0] < value or (lower and current[0][0] != value):
        work.run(statements.SET_SEQUENCE, (value, table))
