"""Does a class say of a column what stands beside it in `found`? Where they differ, neither wins in silence.

An entry of `found` only adds what an attribute cannot say: the words of a type, a collation, a DEFAULT that is no
literal, a constraint's name. What both can say, they say alike; else changing the attribute would change nothing.
"""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from schemaroot.errors import DeclarationError, SchemarootError
from schemaroot.introspection.catalogue import CheckDef, ColumnDef, ForeignKeyDef, TableDef
from schemaroot.introspection.kinds import affinity_of, members_of
from schemaroot.introspection.sql.tokens import folded
from schemaroot.schema.checking import check_column_name
from schemaroot.schema.constraints import constraint_name
from schemaroot.schema.types import Enumeration, Integer, Json, Real, Text

if TYPE_CHECKING:
    from schemaroot.introspection.found import AsFound
    from schemaroot.schema.column import Column
    from schemaroot.schema.table import TableDeclaration

_HINT = "Change it in found=AsFound(...) too, or take the column out there: it is then created as the class says."


def check_agreement(declared: TableDeclaration, ordinary: TableDef, found: AsFound) -> None:
    """Raises `DeclarationError` for the first column of which a class and its `found` say different things.

    Args:
        declared: the class.
        ordinary: the table as the class alone would have it created.
        found: what stands beside the class.
    """
    key = {*(found.primary_key.columns if found.primary_key else ()), *(one.name for one in declared.primary_key)}
    for there in found.columns:
        column, ours = declared.columns.get(there.name), ordinary.column(there.name)
        if column is None or ours is None:
            if there.generated is None and is_attribute(declared.name, there.name):
                raise DeclarationError(
                    f"{declared.name}.{there.name}",
                    "found= lists the column, and the class has no such attribute",
                    hint="To drop the column, take it out of found=AsFound(...) too; to keep it, write the attribute.",
                )
            continue
        for problem in _problems(declared, column, ours, there, ordinary, found, in_key=there.name in key):
            raise DeclarationError(column.label, problem, hint=_HINT)


def is_attribute(table: str, name: str) -> bool:
    """Whether a column's name can be an attribute of a class."""
    if unicodedata.normalize("NFKC", name) != name or keyword.issoftkeyword(name):
        return False
    try:
        check_column_name(table, name, found=True)
    except SchemarootError:
        return False
    return True


def _problems(
    declared: TableDeclaration,
    column: Column,
    ours: ColumnDef,
    there: ColumnDef,
    ordinary: TableDef,
    found: AsFound,
    *,
    in_key: bool,
) -> Iterator[str]:
    if (ours.generated is None) != (there.generated is None):
        yield f"the attribute is {_computed(ours)} but found= says {_computed(there)}"
    if ours.generated is not None:
        return  # how it is computed stands in found=: an expression of SQLAlchemy does not say all that SQLite can
    if not _can_hold(column.type.storage, there.type, strict=found.strict):
        yield f"the attribute is stored as {column.type.storage} but found= says {there.type}"
    if ours.nullable != there.nullable and not in_key:
        yield f"the attribute is {_nullability(ours)} but found= says {_nullability(there)}"
    if not _same_default(column, ours.default, there.default):
        own = "there is no default" if ours.default is None else f"the default is {ours.default}"
        yield f"{own} but found= says {'there is none' if there.default is None else there.default}"
    yield from _value_problems(declared, column, ordinary.checks, found.checks)
    yield from _reference_problems(column, ordinary.foreign_keys, found.foreign_keys)


def _computed(column: ColumnDef) -> str:
    return "not computed" if column.generated is None else "computed"


def _nullability(column: ColumnDef) -> str:
    return "nullable" if column.nullable else "NOT NULL"


def _can_hold(storage: str, words: str, *, strict: bool) -> bool:
    """Whether a column of such a type can hold such values; without STRICT all but TEXT holds whatever comes."""
    if words in {"", "ANY"}:
        return True
    affinity = affinity_of(words)
    stored = {"boolean": "integer", "json": "text"}.get(storage, storage)
    return affinity == stored if strict else not (affinity == "text" and stored in {"integer", "real"})


# --- defaults ---------------------------------------------------------------------------------------------------------


def _same_default(column: Column, ours: str | None, there: str | None) -> bool:
    if ours is None:
        return there is None or not _is_sayable(column, there)
    return there is not None and (ours == there or (_number(ours) is not None and _number(ours) == _number(there)))


def _number(text: str) -> float | None:
    try:
        return float({"FALSE": "0", "TRUE": "1"}.get(text, text))
    except ValueError:
        return None


def _is_sayable(column: Column, default: str) -> bool:
    """Whether an attribute of this kind can say a DEFAULT, so that its silence means that there is none."""
    if column.auto or column.reference is not None:
        return False
    text = default[1:-1].replace("''", "'") if default.startswith("'") else None
    match column.type:
        case Enumeration(members=members):
            return text in members if text is not None else any(str(member) == default for member in members)
        case Text():
            return text is not None
        case Integer():
            return default.removeprefix("-").isdigit() and -(2**63) <= int(default) < 2**63
        case Real():
            number = _number(default)
            return number is not None and number - number == 0
        case _:
            return False


# --- values and references --------------------------------------------------------------------------------------------


def _value_problems(
    declared: TableDeclaration, column: Column, ours: Sequence[CheckDef], there: Sequence[CheckDef]
) -> Iterator[str]:
    """A CHECK that the attribute asks for must stand in `found`; so must the attribute know a list of values there.

    Whether a column holds JSON or truth values is how Python sees it, which the database need not check.
    """
    listed = next((found for one in there if (found := members_of(one.condition, column.name))), None)
    if isinstance(column.type, Enumeration):
        if listed is None or set(listed) != set(column.type.members):
            said = "has no such CHECK" if listed is None else f"says {_values(listed)}"
            yield f"the values are {_values(column.type.members)} but found= {said}"
        return
    if listed is not None and isinstance(column.type, (Text, Integer)):
        wanted = str if isinstance(column.type, Text) else int
        if {type(member) for member in listed} == {wanted}:
            yield f"any value is allowed but found= says {_values(listed)}"
    if isinstance(column.type, Json) or column.type.storage == "boolean" or column.check_name is None:
        return
    name = constraint_name("ck", declared.name, column.check_name)
    for check in ours:
        if check.name == name and check.condition not in {one.condition for one in there}:
            yield f"it asks for CHECK ({check.condition}), which found= does not have"


def _values(members: Sequence[object]) -> str:
    return ", ".join(map(repr, members))


def _reference_problems(column: Column, ours: Sequence[ForeignKeyDef], there: Sequence[ForeignKeyDef]) -> Iterator[str]:
    for key in ours:
        if key.columns != (column.name,):
            continue
        if not any(
            one.columns == key.columns and folded(one.target) == folded(key.target) and one.on_delete == key.on_delete
            for one in there
        ):
            yield f"it refers to {key.target}, on delete {key.on_delete}, and found= has no such foreign key"
