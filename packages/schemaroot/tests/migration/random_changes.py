"""Random changes of random schemas, and what becomes of each value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from schemaroot.errors import DeclarationError
from schemaroot.schema.table_set import check_tables

from .random_schemas import (
    COLUMN_NAMES,
    NOTHING,
    PLAIN_KINDS,
    POOLS,
    STORAGE,
    TABLE_NAMES,
    CheckPlan,
    ColumnPlan,
    Dice,
    IndexPlan,
    Plan,
    TablePlan,
    UniquePlan,
    Value,
    declare,
    storage_in,
    table_of,
)


@dataclass
class Idents:
    """Gives numbers that were never given before."""

    last: int = 0

    def new(self) -> int:
        """The next."""
        self.last += 1
        return self.last


@dataclass(frozen=True)
class Using:
    """What a user writes as `using=` for a column: a fill for nulls, a map of values, a cast, or a constant."""

    form: str
    values: tuple[tuple[Value, Value], ...] = ()
    storage: str = ""


@dataclass
class Change:
    """A schema, the next one, and what the user writes as `using=`, by table and column."""

    before: Plan
    after: Plan
    using: dict[tuple[int, int], Using] = field(default_factory=dict)


# --- a schema ---------------------------------------------------------------------------------------------------------


def some_schema(dice: Dice, idents: Idents) -> Plan:
    """A random schema."""
    plan: Plan = ()
    while not plan:
        plan = accepted(plan, add_table(dice, plan, idents)) or plan
    for _ in range(dice.number(0, 2)):
        plan = accepted(plan, add_table(dice, plan, idents)) or plan
    for _ in range(dice.number(0, 6)):
        step = dice.pick(GROWTH)
        plan = accepted(plan, step(dice, plan, idents)) or plan
    return plan


def accepted(before: Plan, after: Plan | None) -> Plan | None:
    """The schema with what can no longer stand left out; `None` where it cannot be declared."""
    if after is None or after == before:
        return None
    after = pruned(after)
    try:
        check_tables(declare(after))
    except DeclarationError:
        return None
    return after


def pruned(plan: Plan) -> Plan:
    """Without what names tables or columns that are not there, or that no longer fits them."""
    while True:
        smaller = tuple(_pruned(plan, table) for table in plan)
        if smaller == plan:
            return plan
        plan = smaller


def _pruned(plan: Plan, table: TablePlan) -> TablePlan:
    def text(ident: int) -> bool:
        column = table.column(abs(ident))
        return column is not None and column.kind not in ("generated", "reference") and STORAGE[column.kind] == "TEXT"

    def kept(column: ColumnPlan) -> bool:
        if column.kind == "reference":
            target = table_of(plan, column.of)
            return target is not None and len(target.key) == 1
        source = table.column(column.of)
        return column.kind != "generated" or (source is not None and source.kind not in ("generated", "reference"))

    there = {column.ident for column in table.columns}
    by_ident = {column.ident: column for column in table.columns}
    return replace(
        table,
        columns=tuple(column for column in table.columns if kept(column)),
        uniques=tuple(one for one in table.uniques if there.issuperset(one.columns)),
        indexes=tuple(
            one
            for one in table.indexes
            if there.issuperset(map(abs, one.columns)) and (one.form != "expression" or text(one.columns[0]))
        ),
        checks=tuple(one for one in table.checks if there.issuperset(one.columns) and _checkable(by_ident, one)),
        search=tuple(ident for ident in table.search if ident in there and text(ident)),
    )


def _checkable(columns: dict[int, ColumnPlan], check: CheckPlan) -> bool:
    kinds = [columns[ident].kind for ident in check.columns]
    return {"ordered": kinds == ["integer"] * 2, "short": kinds == ["text"]}.get(check.form, True)


# --- what can be done -------------------------------------------------------------------------------------------------


def add_table(dice: Dice, plan: Plan, idents: Idents) -> Plan | None:
    free = [name for name in TABLE_NAMES if name not in {table.name for table in plan}]
    ident, key = idents.new(), idents.new()
    kind = dice.pick(("auto", "auto", "auto", "integer", "text", "pair", "reference"))
    first = ColumnPlan(key, "id", kind, key=True)
    targets = [table for table in plan if table.key[0].kind == "auto"]
    if kind == "reference" and targets:
        first = replace(first, of=dice.pick(targets).ident, on_delete=dice.pick(("no action", "cascade")))
    elif kind in ("pair", "reference"):
        first = replace(first, kind="integer")
    columns = [first]
    if kind == "pair":
        columns.append(ColumnPlan(idents.new(), "key", dice.pick(("text", "integer")), key=True))
    table = TablePlan(ident, dice.pick(free), tuple(columns))
    plan = (*plan, table)
    for _ in range(dice.number(1, 4)):
        grown = _with_column(dice, plan, table, idents)
        table = grown or table
        plan = (*plan[:-1], table)
    return plan


def _with_column(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    free = [name for name in COLUMN_NAMES if name not in {column.name for column in table.columns}]
    kind = dice.pick((*PLAIN_KINDS, "text", "reference", "reference", "reference", "generated", "deleted"))
    column = ColumnPlan(idents.new(), dice.pick(free), kind, nullable=dice.seldom(2))
    match kind:
        case "reference":
            targets = [one for one in plan if len(one.key) == 1]
            if not targets:
                return None
            actions = ("cascade", "restrict", "no action", *(("set null",) * 2 if column.nullable else ()))
            column = replace(column, of=dice.pick(targets).ident, on_delete=dice.pick(actions))
            column = replace(column, default=None) if column.nullable else column
        case "generated":
            sources = [one for one in table.columns if one.kind in ("text", "integer", "words")]
            if not sources:
                return None
            column = replace(column, of=dice.pick(sources).ident, low=dice.number(0, 1), nullable=True)
        case "deleted":
            column = replace(column, nullable=True)
        case "words" | "numbers":
            column = replace(column, members=tuple(dice.some(POOLS[kind], 1, 4)))
        case "integer" | "text" if dice.seldom(3):
            low, high = dice.pick(((0, None), (None, 20), (1, 20), (0, 3)))
            column = replace(column, low=low, high=high)
        case _:
            pass
    if kind not in ("reference", "generated", "deleted") and dice.seldom(2):
        column = replace(column, default=dice.pick(column.pool()))
        if column.kind == "blob" or (column.kind in ("list", "object") and column.default not in ("[]", "{}")):
            column = replace(column, default=NOTHING)
    if kind in ("integer", "text", "words", "reference") and dice.seldom(5):
        column = replace(column, unique=True)
    place = dice.number(0, len(table.columns)) if dice.seldom(4) else len(table.columns)
    return replace(table, columns=(*table.columns[:place], column, *table.columns[place:]))


ROWID_NAMES = ("rowid", "oid")
"""SQLite renames no column from or to a name of the rowid."""

Step = Callable[[Dice, Plan, Idents], Plan | None]


def on_table(change: Callable[[Dice, Plan, TablePlan, Idents], TablePlan | None]) -> Step:
    """A step that changes one table."""

    def step(dice: Dice, plan: Plan, idents: Idents) -> Plan | None:
        table = dice.pick(plan)
        changed = change(dice, plan, table, idents)
        if changed is None:
            return None
        return tuple(changed if one.ident == table.ident else one for one in plan)

    return step


def on_column(change: Callable[[Dice, Plan, ColumnPlan], ColumnPlan | None]) -> Step:
    """A step that changes one column that is no key."""

    def altered(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
        columns = [column for column in table.columns if not column.key]
        changed = change(dice, plan, dice.pick(columns)) if columns else None
        return None if changed is None else table.with_column(changed)

    return on_table(altered)


def drop_column(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    columns = [column for column in table.columns if not column.key]
    gone = dice.pick(columns) if columns else None
    return replace(table, columns=tuple(column for column in table.columns if column is not gone))


def rename_column(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    free = [name for name in COLUMN_NAMES if name not in {*ROWID_NAMES, *(column.name for column in table.columns)}]
    column = dice.pick(table.columns)
    if column.was or column.name in ROWID_NAMES:
        return None
    renamed = table.with_column(replace(column, name=dice.pick(free), was=column.name))
    others = [one for one in table.columns if one is not column and not one.was and one.name not in ROWID_NAMES]
    if others and dice.seldom(4):  # another takes the name that became free
        other = dice.pick(others)
        renamed = renamed.with_column(replace(other, name=column.name, was=other.name))
    return renamed


def toggle_null(dice: Dice, plan: Plan, column: ColumnPlan) -> ColumnPlan | None:
    if column.kind in ("deleted", "generated"):
        return None
    column = replace(column, nullable=not column.nullable)
    if column.kind == "reference":
        action = "cascade" if column.on_delete == "set null" else column.on_delete
        return replace(column, default=None if column.nullable else NOTHING, on_delete=action)
    return replace(column, default=NOTHING) if column.default is None and not column.nullable else column


def change_default(dice: Dice, plan: Plan, column: ColumnPlan) -> ColumnPlan | None:
    if column.kind not in ("integer", "real", "text", "boolean", "timestamp", "words", "numbers"):
        return None
    return replace(column, default=dice.pick((NOTHING, *column.pool())))


def change_members(dice: Dice, plan: Plan, column: ColumnPlan) -> ColumnPlan | None:
    if not column.members:
        return None
    members = tuple(dice.some(POOLS[column.kind], 1, 4))
    default = column.default if column.default in (*members, NOTHING, None) else NOTHING
    return replace(column, members=members, default=default)


def change_limits(dice: Dice, plan: Plan, column: ColumnPlan) -> ColumnPlan | None:
    if column.kind not in ("integer", "text"):
        return None
    low, high = dice.pick(((None, None), (0, None), (None, 20), (1, 20), (0, 3)))
    column = replace(column, low=low, high=high)
    return column if column.default == NOTHING or column.fits(column.default) else replace(column, default=NOTHING)


def change_kind(dice: Dice, plan: Plan, column: ColumnPlan) -> ColumnPlan | None:
    if column.kind in ("generated", "deleted"):
        return None
    bare = replace(column, default=NOTHING, low=None, high=None, members=(), of=0, on_delete="no action")
    if column.kind == "reference":
        target = table_of(plan, column.of)
        assert target is not None
        return replace(bare, kind="integer" if storage_in(target, target.key[0], plan) == "INTEGER" else "text")
    targets = [one for one in plan if len(one.key) == 1 and storage_in(one, one.key[0], plan) == STORAGE[column.kind]]
    if targets and dice.seldom(3):
        default = None if column.nullable else NOTHING
        return replace(bare, kind="reference", of=dice.pick(targets).ident, default=default)
    kind = dice.pick([kind for kind in PLAIN_KINDS if kind != column.kind])
    members = tuple(dice.some(POOLS[kind], 2, 4)) if kind in ("words", "numbers") else ()
    return replace(bare, kind=kind, members=members, unique=column.unique and kind in ("integer", "text", "words"))


def change_action(dice: Dice, plan: Plan, column: ColumnPlan) -> ColumnPlan | None:
    if column.kind != "reference":
        return None
    actions = ("cascade", "restrict", "no action", *(("set null",) if column.nullable else ()))
    return replace(column, on_delete=dice.pick(actions))


def toggle_unique(dice: Dice, plan: Plan, column: ColumnPlan) -> ColumnPlan | None:
    if column.kind not in ("integer", "text", "words", "reference"):
        return None
    return replace(column, unique=not column.unique)


def change_uniques(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    if table.uniques and dice.seldom(2):
        return replace(table, uniques=table.uniques[1:])
    columns = [column.ident for column in table.stored if column.kind not in ("deleted", "auto")]
    chosen = tuple(dice.some(columns, 1, 2)) if columns else ()
    if not chosen or any(one.columns == chosen for one in table.uniques):
        return None
    unique = UniquePlan(chosen, dice.seldom(3), dice.pick(("live", "all")))
    return replace(table, uniques=(*table.uniques, unique))


def change_indexes(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    if table.indexes and dice.seldom(2):
        return replace(table, indexes=table.indexes[1:])
    columns = [column.ident for column in table.columns]
    form = dice.pick(("plain", "plain", "partial", "expression"))
    if form == "expression":
        columns = [column.ident for column in table.columns if column.kind == "text"]
    chosen = dice.some(columns, 1, 3) if columns else []
    if not chosen:
        return None
    signed = tuple(-ident if dice.seldom(3) and form != "expression" else ident for ident in chosen)
    return replace(table, indexes=(*table.indexes, IndexPlan(idents.new(), signed, form)))


def change_checks(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    if table.checks and dice.seldom(2):
        return replace(table, checks=table.checks[1:])
    form = dice.pick(("either", "ordered", "short"))
    kinds = {"ordered": ("integer",), "short": ("text",)}.get(form)
    columns = [column.ident for column in table.stored if kinds is None or column.kind in kinds]
    count = 1 if form == "short" else 2
    if len(columns) < count:
        return None
    return replace(
        table, checks=(*table.checks, CheckPlan(idents.new(), form, tuple(dice.some(columns, count, count))))
    )


def change_search(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    texts = [column.ident for column in table.stored if column.kind in ("text", "words", "list")]
    if table.key[0].kind != "auto" or not texts:
        return None
    return replace(table, search=tuple(dice.some(texts, 0, 2)))


def change_key(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    first = table.key[0]
    if first.kind == "auto" and not table.search:
        return table.with_column(replace(first, kind="integer"))
    if len(table.key) == 1 and first.kind == "integer" and dice.seldom(2):
        return table.with_column(replace(first, kind="auto"))
    referred = any(column.of == table.ident and column.kind == "reference" for one in plan for column in one.columns)
    if referred:
        return None
    if len(table.key) > 1:
        return table.with_column(replace(table.key[-1], key=False))
    more = [one for one in table.columns if not one.key and not one.nullable and one.kind in ("integer", "text")]
    return (
        table.with_column(replace(dice.pick(more), key=True, unique=False)) if more and first.kind != "auto" else None
    )


def shuffle_columns(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    return replace(table, columns=tuple(dice.some(table.columns, len(table.columns), len(table.columns))))


def rename_table(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    free = [name for name in TABLE_NAMES if name not in {one.name for one in plan}]
    return None if table.was else replace(table, name=dice.pick(free), was=table.name)


def drop_table(dice: Dice, plan: Plan, idents: Idents) -> Plan | None:
    gone = dice.pick(plan)
    return tuple(table for table in plan if table is not gone) if len(plan) > 1 else None


def add_column(dice: Dice, plan: Plan, table: TablePlan, idents: Idents) -> TablePlan | None:
    return _with_column(dice, plan, table, idents) if len(table.columns) < 9 else None


GROWTH: list[Step] = [
    *map(on_table, (change_indexes, change_uniques, change_checks, change_search, add_column)),
    on_column(toggle_unique),
]
STEPS: list[Step] = [
    *map(on_table, (add_column, add_column, drop_column, drop_column, rename_column, rename_column, rename_table)),
    *map(on_column, (toggle_null, toggle_null, change_default, change_members, change_members, change_limits)),
    *map(on_column, (change_kind, change_kind, change_action, toggle_unique)),
    *map(on_table, (change_uniques, change_indexes, change_checks, change_search, change_search, change_key)),
    *(on_table(shuffle_columns), add_table, drop_table),
]


def some_change(dice: Dice, before: Plan, idents: Idents) -> Change | None:
    """A random change of a schema, with what its columns need as `using=`; `None` where nothing came of it."""
    bare = tuple(
        replace(table, was="", columns=tuple(replace(column, was="") for column in table.columns)) for table in before
    )
    plan = bare
    for _ in range(dice.number(1, 4)):
        after = accepted(plan, dice.pick(STEPS)(dice, plan, idents))
        if after is not None and _names_are_clear(bare, after):
            plan = after
    if plan == bare:
        return None
    change = Change(before, plan)
    for table in plan:
        old = table_of(before, table.ident)
        for column in table.stored if old is not None else ():
            assert old is not None
            using = _using(dice, before, plan, old, old.column(column.ident), table, column)
            if using is not None:
                change.using[table.ident, column.ident] = using
    return change


def _names_are_clear(before: Plan, after: Plan) -> bool:
    """Whether each name leads to one thing: what has a name that another thing had is renamed from, not guessed."""
    for table in after:
        old = table_of(before, table.ident)
        if (old is None or old.name != table.name) and table.name in {one.name for one in before}:
            return False
        for column in table.columns if old is not None else ():
            assert old is not None
            if column.name in ROWID_NAMES and column.was:
                return False
            had = next((one for one in old.columns if one.name == column.name), None)
            if had is not None and had.ident != column.ident:
                now = table.column(had.ident)
                if now is None or not now.was or not column.was:
                    return False
    return True


def _using(
    dice: Dice, before: Plan, plan: Plan, old: TablePlan, was: ColumnPlan | None, table: TablePlan, column: ColumnPlan
) -> Using | None:
    """What a user writes for a column; seldom nothing, although something is needed."""
    if column.key or column.kind in ("deleted", "auto", "reference") or dice.seldom(8):
        return None
    values = [value for value in column.pool() if value is not None]
    if not values:
        return None
    fill = dice.pick(values)
    if was is None:
        needed = not column.nullable and column.default == NOTHING
        return Using("constant", ((None, fill),)) if needed or dice.seldom(6) else None
    if was.kind == "generated":
        return None
    from_storage, to_storage = storage_in(old, was, before), storage_in(table, column, plan)
    implicit = from_storage == to_storage or (from_storage, to_storage) in IMPLICIT
    if not implicit and not (was.kind == "text" and column.kind in ("words", "numbers")):
        if to_storage == "BLOB" or from_storage == "BLOB" or column.kind not in ("integer", "real", "text"):
            return Using("constant", ((None, fill),))
        return Using("cast", storage=to_storage)
    removed = [value for value in was.pool() if value is not None and not column.fits(value)]
    if removed and column.kind != "reference":
        return Using("map", tuple((value, fill) for value in removed))
    if was.nullable and not column.nullable:
        return Using("fill", ((None, fill),))
    return None


IMPLICIT = {("INTEGER", "REAL"), ("INTEGER", "TEXT"), ("REAL", "TEXT")}
"""What a STRICT table converts by itself, whatever the value."""
