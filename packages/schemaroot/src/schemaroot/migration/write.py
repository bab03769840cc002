"""How does a revision file come about? Operations are printed as the Python that says them again.

`revision_source` gives the text of a file, `write_revision` puts it into the folder under the next free number.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from schemaroot.introspection.catalogue import (
    CheckDef,
    ColumnDef,
    ForeignKeyDef,
    IndexDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
)
from schemaroot.introspection.python_code import expression_code
from schemaroot.migration.code import Call, Code, call, dumped, layout
from schemaroot.migration.operations import (
    Action,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddUnique,
    AlterColumn,
    AlterTable,
    CreateIndex,
    CreateSearch,
    CreateTable,
    DataStep,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    DropSearch,
    DropTable,
    DropUnique,
    Operation,
    RenameColumn,
    RenameTable,
    SetOptions,
    SetPrimaryKey,
)
from schemaroot.migration.revisions import Revisions

SLUG_LENGTH = 40
"""The most characters of a message that become part of a revision's name."""


def slug(message: str) -> str:
    """The message as a part of a name: lower case, words joined by `_`."""
    plain = unicodedata.normalize("NFKD", message).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return words[:SLUG_LENGTH].rstrip("_") or "change"


def next_name(revisions: Revisions, message: str) -> str:
    """The name of the next revision: a number one higher than any there is, and the message."""
    numbers = [int(found[0]) for one in revisions.by_id if (found := re.match(r"\d+", one)) is not None]
    return f"{max(numbers, default=0) + 1:04d}_{slug(message)}"


def write_revision(
    folder: Path,
    revisions: Revisions,
    message: str,
    upgrade: Sequence[Operation],
    downgrade: Sequence[Operation],
    *,
    parents: Sequence[str] | None = None,
    replaces: Sequence[str] = (),
    name: str | None = None,
) -> Path:
    """Writes a revision file and gives its path; an existing file is never overwritten.

    Args:
        folder: where; it is created when it is not there.
        revisions: those that are there.
        message: what the revision does, in a few words.
        upgrade, downgrade: its operations either way.
        parents: what it builds on; the head when left out.
        replaces: the revisions that it stands for.
        name: its name; made from the message when left out.
    """
    if parents is None:
        parents = [revisions.head.id] if revisions.head is not None else []
    revision = name or next_name(revisions, message)
    source = revision_source(revision, message, upgrade, downgrade, parents=parents, replaces=replaces)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{revision}.py"
    with path.open("x", encoding="utf-8") as file:
        file.write(source)
    _tidy(path)
    return path


def _tidy(path: Path) -> None:
    """Lets ruff, where it is installed, lay the file out as the project's own settings say."""
    if importlib.util.find_spec("ruff") is None:
        return
    for verb in (["check", "--fix"], ["format"]):
        subprocess.run([sys.executable, "-m", "ruff", *verb, "--quiet", str(path)], check=False, capture_output=True)


def revision_source(
    revision: str,
    message: str,
    upgrade: Sequence[Operation],
    downgrade: Sequence[Operation],
    *,
    parents: Sequence[str] = (),
    replaces: Sequence[str] = (),
    date: str | None = None,
) -> str:
    """The text of a revision file."""
    up, down = "\n".join(_body(upgrade)), "\n".join(_body(downgrade))
    docstring = message.strip().replace("\\", "\\\\").replace('"""', "'''") or "Change the schema"
    docstring = docstring if docstring.endswith((".", "!", "?")) else f"{docstring}."
    lines = [
        f'"""{docstring}',
        "",
        f"Revision: {revision}",
        f"Builds on: {', '.join(parents) or 'nothing'}",
        f"Written: {date or datetime.now(UTC).date().isoformat()}",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        *(["import sqlalchemy as sa", ""] if "sa." in up + down else []),
        *(["from schemaroot.migration import op", ""] if "op." in up + down else []),
        f"revision = {dumped(revision)}",
        f"down_revision = {_parents(parents)}",
        *([f"replaces = {layout(dumped_tuple(replaces))}"] if replaces else []),
        "",
        "",
        "def upgrade() -> None:",
        f'    """{_told(upgrade, "Goes to this revision")}"""',
        *([up] if up else []),
        "",
        "",
        "def downgrade() -> None:",
        f'    """{_told(downgrade, "Goes back")}"""',
        *([down] if down else []),
    ]
    return "\n".join(lines) + "\n"


def dumped_tuple(names: Sequence[str]) -> Code:
    """A tuple of texts."""
    return f"({', '.join(map(dumped, names))}{',' if len(names) == 1 else ''})"


def _parents(parents: Sequence[str]) -> str:
    if not parents:
        return "None"
    return dumped(parents[0]) if len(parents) == 1 else str(dumped_tuple(parents))


def _told(operations: Sequence[Operation], otherwise: str) -> str:
    return f"{otherwise}." if operations else f"{otherwise}: nothing to do."


def _body(operations: Iterable[Operation]) -> Iterator[str]:
    for operation in operations:
        yield from _operation(operation)


def _operation(operation: Operation) -> Iterator[str]:
    match operation:
        case AlterTable(table=table, actions=actions):
            variable = re.sub(r"\W", "_", table) if table.isidentifier() and table.isascii() else "table"
            variable = variable if variable not in ("op", "sa") else "table"
            yield f"    with op.alter_table({dumped(table)}) as {variable}:"
            for action in actions:
                yield layout(_action(variable, action), indent=8)
        case CreateTable(table=table):
            yield layout(_create_table(table), indent=4)
        case DropTable(name=name):
            yield layout(call("op.drop_table", dumped(name)), indent=4)
        case RenameTable(old=old, new=new):
            yield layout(call("op.rename_table", dumped(old), dumped(new)), indent=4)
        case CreateIndex(index=index):
            yield layout(_create_index(index), indent=4)
        case DropIndex(name=name, table=table):
            yield layout(call("op.drop_index", dumped(name), table_name=dumped(table)), indent=4)
        case CreateSearch(table=table, columns=columns):
            yield layout(call("op.create_search", dumped(table), [dumped(one) for one in columns]), indent=4)
        case DropSearch(table=table):
            yield layout(call("op.drop_search", dumped(table)), indent=4)
        case DataStep(describe=describe):
            raise ValueError(f"a step that changes rows is written by hand: {describe}")


# --- tables -----------------------------------------------------------------------------------------------------------


def _create_table(table: TableDef) -> Call:
    parts: list[Code] = [dumped(table.name)]
    parts += [_column(column) for column in table.columns]
    if table.primary_key is not None:
        parts.append(_primary_key(table.primary_key))
    parts += [_foreign_key(key) for key in table.foreign_keys]
    parts += [_unique(unique) for unique in table.uniques]
    parts += [_check(check) for check in table.checks]
    options: dict[str, Code] = {}
    if table.primary_key is not None and table.primary_key.autoincrement:
        options["sqlite_autoincrement"] = "True"
    if table.strict:
        options["sqlite_strict"] = "True"
    if table.without_rowid:
        options["sqlite_with_rowid"] = "False"
    return call("op.create_table", *parts, **options)


# Not REAL, FLOAT and NUMERIC: SQLAlchemy's classes for them are generic, and strict checkers ask for an argument.
_PLAIN_TYPES = re.compile(
    r"(?P<name>INTEGER|BIGINT|SMALLINT|TEXT|BLOB|BOOLEAN|DATE|VARCHAR|CHAR)"
    r"(?:\((?P<sizes>\d+(?:, ?\d+)?)\))?"
)


def sql_type(words: str, collation: str | None = None) -> Code:
    """The Python of a column's type."""
    found = _PLAIN_TYPES.fullmatch(words)
    if found is not None and (collation is None or found["name"] in ("TEXT", "VARCHAR", "CHAR")):
        sizes = [size.strip() for size in (found["sizes"] or "").split(",") if size]
        keywords: dict[str, Code] = {"collation": dumped(collation)} if collation else {}
        return call(f"sa.{found['name']}", *sizes, **keywords)
    keywords = {"collation": dumped(collation)} if collation else {}
    return call("op.sql_type", dumped(words), **keywords)


def _column(column: ColumnDef) -> Call:
    parts: list[Code] = [dumped(column.name), sql_type(column.type, column.collation)]
    keywords: dict[str, Code] = {}
    if column.generated is not None:
        parts.append(_computed(column))
    elif column.default is not None:
        keywords["server_default"] = _default(column.default)
    keywords["nullable"] = str(column.nullable)
    if column.null_conflict is not None:
        keywords["sqlite_on_conflict_not_null"] = dumped(column.null_conflict.upper())
    if column.comment is not None:
        keywords["comment"] = dumped(column.comment)
    return call("sa.Column", *parts, **keywords)


def _computed(column: ColumnDef) -> Call:
    return call("sa.Computed", expression_code(column.generated or ""), persisted=str(column.stored))


def _default(expression: str) -> Code:
    """A default as SQLAlchemy takes it: an expression, of which a literal is one."""
    return expression_code(expression)


def _primary_key(key: PrimaryKeyDef) -> Call:
    keywords = _named(key.name)
    if key.conflict is not None:
        keywords["sqlite_on_conflict"] = dumped(key.conflict.upper())
    return call("sa.PrimaryKeyConstraint", *map(dumped, key.columns), **keywords)


def _foreign_key(key: ForeignKeyDef) -> Call:
    targets = [dumped(f"{key.target}.{column}") for column in key.target_columns] or [dumped(key.target)]
    keywords = _named(key.name)
    if key.on_delete != "no action":
        keywords["ondelete"] = dumped(key.on_delete.upper())
    if key.on_update != "no action":
        keywords["onupdate"] = dumped(key.on_update.upper())
    if key.deferred:
        keywords |= {"deferrable": "True", "initially": dumped("DEFERRED")}
    return call("sa.ForeignKeyConstraint", [dumped(one) for one in key.columns], targets, **keywords)


def _unique(unique: UniqueDef) -> Call:
    keywords = _named(unique.name)
    if unique.conflict is not None:
        keywords["sqlite_on_conflict"] = dumped(unique.conflict.upper())
    return call("sa.UniqueConstraint", *(dumped(part.column or "") for part in unique.parts), **keywords)


def _check(check: CheckDef) -> Call:
    return call("sa.CheckConstraint", expression_code(check.condition), **_named(check.name))


def _named(name: str | None) -> dict[str, Code]:
    return {} if name is None else {"name": dumped(name)}


def _create_index(index: IndexDef) -> Call:
    keywords: dict[str, Code] = {"unique": "True"} if index.unique else {}
    if index.where is not None:
        keywords["sqlite_where"] = expression_code(index.where)
    return call(
        "op.create_index", dumped(index.name), dumped(index.table), [_part(one) for one in index.parts], **keywords
    )


def _part(part: KeyPart) -> Code:
    plain = part.column is not None and not part.descending and part.collation is None
    if plain:
        return dumped(part.column or "")
    code = f"sa.column({dumped(part.column)})" if part.column is not None else expression_code(part.expression or "")
    code += f".collate({dumped(part.collation)})" if part.collation is not None else ""
    return f"{code}.desc()" if part.descending else code


# --- alterations ------------------------------------------------------------------------------------------------------


def _action(table: str, action: Action) -> Call:
    match action:
        case AddColumn(column=column, using=using):
            return call(f"{table}.add_column", _column(column), **_using(using))
        case DropColumn(name=name):
            return call(f"{table}.drop_column", dumped(name))
        case RenameColumn(old=old, new=new):
            return call(f"{table}.rename_column", dumped(old), dumped(new))
        case AlterColumn(column=column, using=using):
            return call(f"{table}.alter_column", _column(column), **_using(using))
        case AddCheck(check=check):
            return call(f"{table}.add_constraint", _check(check))
        case DropCheck(check=check):
            return call(f"{table}.drop_constraint", dumped(check.name) if check.name else _check(check))
        case AddUnique(unique=unique):
            return call(f"{table}.add_constraint", _unique(unique))
        case DropUnique(unique=unique):
            return call(f"{table}.drop_constraint", dumped(unique.name) if unique.name else _unique(unique))
        case AddForeignKey(foreign_key=key):
            return call(f"{table}.add_constraint", _foreign_key(key))
        case DropForeignKey(foreign_key=key):
            return call(f"{table}.drop_constraint", dumped(key.name) if key.name else _foreign_key(key))
        case SetPrimaryKey(primary_key=key):
            code: Code = "None" if key is None else _primary_key(key)
            extra: dict[str, Code] = {"autoincrement": "True"} if key is not None and key.autoincrement else {}
            return call(f"{table}.set_primary_key", code, **extra)
        case SetOptions(strict=strict, without_rowid=without_rowid):
            given = {"strict": strict, "without_rowid": without_rowid}
            return call(f"{table}.set_options", **{name: str(said) for name, said in given.items() if said is not None})


def _using(using: str | None) -> dict[str, Code]:
    return {} if using is None else {"using": expression_code(using)}
