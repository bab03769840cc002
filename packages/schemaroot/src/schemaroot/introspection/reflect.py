"""From an existing database to table classes: a module that creates the same schema, and a page that tells of it.

reflected = reflect(connection)
Path("tables.py").write_text(reflected.module_source)

What our kinds of columns do not say stands beside each class, in `found=AsFound(...)`; what has no class (views,
triggers, tables without a key) stands in `FOUND` at the module's end. The module is run before it is given out, and the
schema that it creates is compared with the one that was read.
"""

from __future__ import annotations
import __future__

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemaroot.engine.connection import Connection
from schemaroot.errors import SchemarootError
from schemaroot.introspection import catalogue as definitions
from schemaroot.introspection.agreement import is_attribute
from schemaroot.introspection.catalogue import Catalogue, ColumnDef, ForeignKeyDef, IndexDef, TableDef, same_table
from schemaroot.introspection.found import FoundSchema, as_found
from schemaroot.introspection.kinds import Kind, kind_of
from schemaroot.introspection.observe import ColumnFacts, TableFacts, observe
from schemaroot.introspection.page import Told, page_of
from schemaroot.introspection.python_code import expression_code, python_string
from schemaroot.introspection.read import declared_catalogue, read_catalogue
from schemaroot.introspection.source import WIDTH, Bracketed, Named, Source, call, imports, laid_out, value_source
from schemaroot.introspection.sql.tokens import folded


@dataclass(frozen=True)
class Reflected:
    """What `reflect` gives.

    Attributes:
        module_source: a Python module with the table classes in `TABLES` and all else in `FOUND`.
        page: a Markdown page for people: columns, keys, CHECKs, what the rows hold, and what is odd.
    """

    module_source: str
    page: str


def reflect(connection: Connection) -> Reflected:
    """Table classes of an existing database, and a page that tells of it; the database is only read.

    Args:
        connection: an open connection; reading in a transaction gives one view of everything.

    Raises:
        CatalogueError: a statement of the schema was not understood.
    """
    catalogue = read_catalogue(connection)
    facts = {name: observe(connection, table) for name, table in catalogue.tables.items()}
    module = _settled(catalogue, facts)
    told = Told(catalogue, facts, module.class_names, {name: module.left_out(name) for name in catalogue.tables})
    return Reflected(module.source(), page_of(connection, told))


def _settled(catalogue: Catalogue, facts: Mapping[str, TableFacts]) -> _Module:
    """The module whose classes create what was read; a table that needs it is written with fewer words of ours."""
    module = _Module(catalogue, facts)
    while True:
        wrong = module.tables_that_differ()
        if not wrong:
            return module
        for name in wrong:
            module.plainness[name] += 1


_CLASS, _NO_REFERENCES, _NO_COMPUTED, _DATA = range(4)
"""How plainly a table is written: as a class; without `Ref`; without computed columns; as data without a class."""

_PREAMBLE = '''"""Tables as they were found in a database; written by `schemaroot reflect`."""

from __future__ import annotations
'''


_WIDE = "# ruff: noqa: E501  # statements and conditions stand on one line, as the database says them\n"


@dataclass
class _Written:
    """The source of one class, and the names that it needs."""

    source: str
    names: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def need(self, module: str, *names: str) -> None:
        """Notes that names of a module are used."""
        self.names.setdefault(module, set()).update(names)


class _Module:
    def __init__(self, catalogue: Catalogue, facts: Mapping[str, TableFacts]) -> None:
        self.catalogue = catalogue
        self.facts = facts
        self.kinds: dict[str, dict[str, Kind]] = {
            name: {
                column.name: kind_of(column, table, facts[name].columns.get(column.name, ColumnFacts()))
                for column in table.columns
            }
            for name, table in catalogue.tables.items()
        }
        self.order = _referred_first(catalogue.tables)
        self.class_names = _class_names(self.order)
        self.plainness = {
            name: _CLASS if self._can_be_class(table) else _DATA for name, table in catalogue.tables.items()
        }
        for name, plainness in self.plainness.items():
            if plainness == _DATA:
                del self.class_names[name]

    # --- what can be a class ------------------------------------------------------------------------------------------

    def _can_be_class(self, table: TableDef) -> bool:
        key = table.primary_key
        if key is None or len(table.name.encode()) > 63 or "\0" in table.name:
            return False
        return all(
            is_attribute(table.name, name)
            and self.kinds[table.name][name].function in {"integer", "text"}
            and (column := table.column(name)) is not None
            and column.generated is None
            for name in key.columns
        )

    def left_out(self, table: str) -> tuple[str, ...]:
        """The columns of a table that its class does not have."""
        plainness = self.plainness[table]
        return tuple(
            column.name
            for column in self.catalogue.tables[table].columns
            if plainness == _DATA
            or not is_attribute(table, column.name)
            or (column.generated is not None and plainness >= _NO_COMPUTED)
        )

    # --- checking -----------------------------------------------------------------------------------------------------

    def tables_that_differ(self) -> list[str]:
        """The tables that the module does not create as they were read; those whose class cannot be made."""
        scope: dict[str, Any] = {"__name__": "reflected"}
        _run(_PREAMBLE + self._imports(self._classes()), scope)
        for name, written in self._classes().items():
            try:
                _run(written.source, scope)
            except (SchemarootError, SyntaxError, ValueError):
                return [name]
        try:
            made = declared_catalogue([scope[self.class_names[name]] for name in self._classes()], found=self._others())
        except SchemarootError:
            return [name for name in self.class_names if self.plainness[name] < _DATA][:1]
        wrong = [
            name
            for name, table in self.catalogue.tables.items()
            if self.plainness[name] < _DATA and not (name in made.tables and same_table(made.tables[name], table))
        ]
        for name in wrong:
            if self.plainness[name] + 1 == _DATA:
                self.class_names.pop(name, None)
        return wrong

    # --- writing ------------------------------------------------------------------------------------------------------

    def source(self) -> str:
        """The whole module."""
        classes = self._classes()
        listed = Bracketed("[", tuple(self.class_names[name] for name in classes), "]")
        found = laid_out(value_source(self._others()), before=len("FOUND = "))
        parts = [self._imports(classes, found), *(written.source for written in classes.values())]
        ending = f"TABLES = {laid_out(listed, before=9)}\n\nFOUND = {found}\n"
        text = _PREAMBLE + "\n" + "\n\n\n".join(part.strip() for part in parts) + "\n\n\n" + ending
        is_wide = any(len(line) > WIDTH for line in text.splitlines())
        return _WIDE + text if is_wide else text

    def _imports(self, classes: Mapping[str, _Written], found: str = "") -> str:
        names: dict[str, set[str]] = {"schemaroot.introspection": {"FoundSchema"}}
        text = found + "".join(written.source for written in classes.values())
        for name in definitions.__all__:
            if re.search(rf"\b{name}\(", text):
                names["schemaroot.introspection"].add(name)
        for written in classes.values():
            for module, used in written.names.items():
                names.setdefault(module, set()).update(used)
        standard = imports({module: used for module, used in names.items() if module == "typing"})
        ours = imports({module: used for module, used in names.items() if module.startswith("schemaroot")})
        alchemy = "import sqlalchemy as sa\n" if re.search(r"\bsa\.", text) else ""
        return "\n\n".join(part for part in (standard, alchemy + ours) if part)

    def _others(self) -> FoundSchema:
        bare = {name for name, plainness in self.plainness.items() if plainness == _DATA}
        indexes = [index for index in self.catalogue.indexes.values() if index.table in bare]
        return FoundSchema(
            tuple(table for name, table in self.catalogue.tables.items() if name in bare),
            tuple(indexes),
            tuple(self.catalogue.virtual_tables.values()),
            tuple(self.catalogue.views.values()),
            tuple(self.catalogue.triggers.values()),
        )

    def _classes(self) -> dict[str, _Written]:
        written: dict[str, _Written] = {}
        for name in self.order:
            if self.plainness[name] < _DATA:
                written[name] = self._class(self.catalogue.tables[name], tuple(written))
        return written

    def _class(self, table: TableDef, earlier: tuple[str, ...]) -> _Written:
        written = _Written("")
        written.need("schemaroot", "Table", "Col")
        written.need("schemaroot.introspection", "AsFound")
        indexes: tuple[IndexDef, ...] = self.catalogue.indexes_of(table.name)
        found = as_found(table, indexes)
        head = Bracketed(
            f"class {self.class_names[table.name]}(",
            (
                "Table",
                Named("name", python_string(table.name)),
                Named("found", call("AsFound", *_named_fields(found))),
            ),
            "):",
        )
        hidden = set(self.left_out(table.name))
        lines = [laid_out(head), f'    """A row of {_in_docstring(table.name)}."""', ""]
        lines += [
            self._column(table, column, earlier, written) for column in table.columns if column.name not in hidden
        ]
        written.source = "\n".join(lines) + "\n"
        return written

    def _column(self, table: TableDef, column: ColumnDef, earlier: tuple[str, ...], written: _Written) -> str:
        kind = self.kinds[table.name][column.name]
        key = table.primary_key
        in_key = key is not None and column.name in key.columns
        if "Literal" in kind.names:
            written.need("typing", "Literal")
        if "JsonValue" in kind.names:
            written.need("schemaroot", "JsonValue")
        if column.name == table.integer_key and kind.type == "int":
            written.need("schemaroot", "auto_id")
            return _attribute(column, "Col[int]", call("auto_id"))
        nullable = column.nullable and not in_key
        type_name = f"{kind.type} | None" if nullable else kind.type
        if column.generated is not None:
            written.need("schemaroot", "generated")
            computed = call("generated", f"lambda: {expression_code(column.generated)}")
            return _attribute(column, f"Col[{kind.type} | None]", computed)
        options = ["primary_key=True"] if in_key else []
        target = self._target(table, column, earlier)
        if target is not None:
            reference, owner, referred = target
            written.need("schemaroot", "Ref", "references")
            options += [f'on_delete="{reference.on_delete}"'] if reference.on_delete != "no action" else []
            options += ["default=None"] if nullable else []
            made = call("references", f"lambda: {owner}.{referred}", *options)
            return _attribute(column, f"Ref[{owner}, {type_name}]", made)
        written.need("schemaroot", kind.function)
        default = kind.default or ("default=None" if nullable and kind.type != "JsonValue" else "")
        options += [default] if default else []
        return _attribute(column, f"Col[{type_name}]", call(kind.function, *options))

    def _target(
        self, table: TableDef, column: ColumnDef, earlier: tuple[str, ...]
    ) -> tuple[ForeignKeyDef, str, str] | None:
        """The foreign key of a column alone to the key of a class that is there already: key, class, attribute."""
        if self.plainness[table.name] >= _NO_REFERENCES:
            return None
        own = self.kinds[table.name][column.name]
        for key in table.foreign_keys:
            if key.columns != (column.name,) or own.type not in {"int", "str"}:
                continue
            target = next((one for one in (*earlier, table.name) if folded(one) == folded(key.target)), None)
            primary = None if target is None else self.catalogue.tables[target].primary_key
            if target is None or primary is None or len(primary.columns) != 1:
                continue
            referred = primary.columns[0]
            named = key.target_columns[0] if key.target_columns else referred
            if folded(named) == folded(referred) and self.kinds[target][referred].type == own.type:
                return key, self.class_names[target], referred
        return None


def _named_fields(found: object) -> list[Named]:
    """The fields of `AsFound` that say something, by name."""
    piece = value_source(found)
    assert isinstance(piece, Bracketed)
    fields = ("columns", "primary_key")
    return [item if isinstance(item, Named) else Named(fields[place], item) for place, item in enumerate(piece.items)]


def _attribute(column: ColumnDef, annotation: str, value: Source) -> str:
    front = f"{column.name}: {annotation} = "
    return f"    {front}{laid_out(value, 4, before=len(front))}"


def _in_docstring(name: str) -> str:
    plain = re.sub(r"[^\w .-]", "?", name)
    return f"`{plain}`"


def _run(source: str, scope: dict[str, Any]) -> None:
    """Runs source of ours, made of names and literals that `repr` wrote."""
    flags = __future__.annotations.compiler_flag
    exec(compile(source, "<reflected>", "exec", flags=flags, dont_inherit=True), scope)


# --- names ------------------------------------------------------------------------------------------------------------


_TAKEN = {
    *definitions.__all__,
    *(
        "AsFound",
        "Col",
        "FOUND",
        "FoundSchema",
        "JsonValue",
        "Literal",
        "Ref",
        "TABLES",
        "Table",
        "None",
        "True",
        "False",
    ),
}


def _class_names(tables: Iterable[str]) -> dict[str, str]:
    """A name for the class of each table: `order_items` is `OrderItem`."""
    names: dict[str, str] = {}
    used = set(_TAKEN)
    for table in tables:
        words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+", unicodedata.normalize("NFKD", table))
        base = "".join(word[:1].upper() + word[1:] for word in [*words[:-1], *map(_singular, words[-1:])]) or "Table"
        base = f"Table{base}" if base[0].isdigit() else base
        name, number = base, 1
        while name in used:
            number += 1
            name = f"{base}Row" if number == 2 else f"{base}{number}"
        used.add(name)
        names[table] = name
    return names


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "uses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word


def _referred_first(tables: Mapping[str, TableDef]) -> list[str]:
    """The tables by name, each after those that it refers to where no circle forbids it."""
    by_name = {folded(name): name for name in tables}
    order: list[str] = []
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered:
            return
        entered.add(name)
        for key in tables[name].foreign_keys:
            target = by_name.get(folded(key.target))
            if target is not None:
                enter(target)
        order.append(name)

    for name in sorted(tables):
        enter(name)
    return order
