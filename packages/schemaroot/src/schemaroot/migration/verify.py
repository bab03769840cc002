"""What must hold before a revision is committed? What it did not declare changed is as it was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemaroot.engine.database import Database
from schemaroot.introspection.catalogue import ColumnDef, TableDef
from schemaroot.introspection.sql.tokens import folded, tokenize
from schemaroot.migration.operations import (
    AlterColumn,
    AlterTable,
    DataStep,
    DropColumn,
    DropTable,
    Operation,
    RenameColumn,
    RenameTable,
    SetPrimaryKey,
)

Invariant = Callable[[Database], Sequence[str]]
"""A rule of the application: looks at a database and says what is wrong, in a phrase each; nothing when all is well."""

PROBLEMS_SHOWN = 5


@dataclass(frozen=True)
class Followed:
    """A table whose rows must come through a revision.

    Attributes:
        before, after: its name before and after.
        columns_before, columns_after: the columns whose content must be the same; empty where only the number of rows
            can be compared, since the order of the rows has changed with their key.
    """

    before: str
    after: str
    columns_before: tuple[str, ...]
    columns_after: tuple[str, ...]

    def without(self, columns: Collection[str]) -> Followed:
        """The same but for columns, by their names before, that get back values which were kept for them."""
        left = [
            (old, new)
            for old, new in zip(self.columns_before, self.columns_after, strict=True)
            if folded(old) not in map(folded, columns)
        ]
        return Followed(self.before, self.after, tuple(old for old, _ in left), tuple(new for _, new in left))


def followed(tables: Mapping[str, TableDef], operations: Sequence[Operation]) -> Iterator[Followed]:
    """The tables whose rows must come through, by what the operations declare to change."""
    for table in tables.values():
        one = _follow(table, operations)
        if one is not None:
            yield one


def _follow(table: TableDef, operations: Sequence[Operation]) -> Followed | None:
    name = table.name
    names = {column.name: column.name for column in table.columns if column.generated is None}
    key = set(table.primary_key.columns) if table.primary_key is not None else set[str]()
    reordered = False
    for operation in operations:
        match operation:
            case RenameTable(old=old, new=new) if folded(old) == folded(name):
                name = new
            case DropTable(name=gone) if folded(gone) == folded(name):
                return None
            case DataStep(tables=changed) if folded(name) in map(folded, changed):
                return None
            case AlterTable(table=target, actions=actions) if folded(target) == folded(name):
                for action in actions:
                    match action:
                        case RenameColumn(old=old, new=new):
                            names = {was: new if folded(now) == folded(old) else now for was, now in names.items()}
                        case DropColumn(name=column) | AlterColumn(column=ColumnDef(name=column)):
                            reordered = reordered or any(
                                folded(now) == folded(column) for was, now in names.items() if was in key
                            )
                            names = {was: now for was, now in names.items() if folded(now) != folded(column)}
                        case SetPrimaryKey():
                            reordered = True
                        case _:
                            pass
            case _:
                pass
    return Followed(table.name, name, *((), ()) if reordered else (tuple(names), tuple(names.values())))


def only_renamed(before: str, after: str, operations: Sequence[Operation]) -> bool:
    """Whether two texts of a schema are the same but for names that the operations change, as SQLite follows them."""
    new_of: dict[str, set[str]] = {}
    for operation in operations:
        match operation:
            case RenameTable(old=old, new=new):
                new_of.setdefault(folded(old), set()).add(folded(new))
            case AlterTable(actions=actions):
                for action in actions:
                    if isinstance(action, RenameColumn):
                        new_of.setdefault(folded(action.old), set()).add(folded(action.new))
            case _:
                pass
    ours, theirs = tokenize(before), tokenize(after)
    return len(ours) == len(theirs) and all(
        one.text == other.text
        or (
            {one.kind, other.kind} <= {"word", "quoted"}
            and (folded(one.name) == folded(other.name) or folded(other.name) in _reached(new_of, folded(one.name)))
        )
        for one, other in zip(ours, theirs, strict=True)
    )


def _reached(new_of: Mapping[str, set[str]], name: str) -> set[str]:
    """The names that a name may have become, by one rename after the other."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        more = new_of.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return found
