"""CREATE TABLE as a definition. A constraint of a column is the table's, and what holds anyway is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemaroot.introspection.catalogue import (
    CheckDef,
    ColumnDef,
    Conflict,
    ForeignKeyAction,
    ForeignKeyDef,
    KeyPart,
    PrimaryKeyDef,
    TableDef,
    UniqueDef,
)
from schemaroot.introspection.sql.expressions import (
    NO_COLUMNS,
    ExpressionParser,
    Scope,
    canonical_tokens,
    write,
)
from schemaroot.introspection.sql.nodes import Collate, Literal, Name
from schemaroot.introspection.sql.reader import Reader, collation_text, remembered
from schemaroot.introspection.sql.tokens import Token, string_text, tokenize

CONFLICTS: dict[str, Conflict] = {
    "ROLLBACK": "rollback",
    "ABORT": "abort",
    "FAIL": "fail",
    "IGNORE": "ignore",
    "REPLACE": "replace",
}


def begun(sql: str) -> Reader:
    """The tokens after CREATE, TEMP and UNIQUE; a semicolon at the end is dropped."""
    tokens = tokenize(sql)
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    reader = Reader(tokens)
    reader.expect("CREATE")
    reader.accept("TEMP")
    reader.accept("TEMPORARY")
    reader.accept("UNIQUE")
    return reader


def object_name(reader: Reader) -> str:
    """Reads `[IF NOT EXISTS] [schema.]name`."""
    reader.accept("IF", "NOT", "EXISTS")
    name = reader.name()
    return reader.name() if reader.accept(".") else name


@dataclass
class _Column:
    """A column while it is read; what needs the names of all columns waits as tokens."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    generated: list[Token] | None = None
    stored: bool = False
    null_conflict: Conflict | None = None


@remembered
def parse_table(sql: str) -> TableDef:
    """The table of a CREATE TABLE statement; raises `Unreadable`."""
    reader = begun(sql)
    reader.expect("TABLE")
    return _TableParser(reader, object_name(reader)).table(sql)


class _TableParser:
    def __init__(self, reader: Reader, name: str) -> None:
        self.reader = reader
        self.name = name
        self.columns: list[_Column] = []
        self.key: PrimaryKeyDef | None = None
        self.key_of_column = False
        self.uniques: list[UniqueDef] = []
        self.checks: list[tuple[list[Token], str | None]] = []
        self.foreign_keys: list[ForeignKeyDef] = []

    def table(self, sql: str) -> TableDef:
        reader = self.reader
        reader.expect("(")
        while True:
            if not self._table_constraint():
                self._column()
                while self._column_constraint(self.columns[-1]):
                    pass
            if reader.accept(","):
                continue
            if reader.accept(")"):
                break
            if not self._sees_table_constraint():  # SQLite lets the comma between them be left out
                raise reader.missing("a comma or the end of the table")
        strict, without_rowid = self._options()
        return self._defined(sql, strict=strict, without_rowid=without_rowid)

    def _options(self) -> tuple[bool, bool]:
        reader = self.reader
        strict = without_rowid = False
        while not reader.at_end:
            if reader.accept("WITHOUT", "ROWID"):
                without_rowid = True
            elif reader.accept("STRICT"):
                strict = True
            else:
                raise reader.missing("WITHOUT ROWID or STRICT")
            if not reader.at_end:
                reader.expect(",")
        return strict, without_rowid

    # --- what all constraints share -----------------------------------------------------------------------------------

    def _constraint_name(self) -> str | None:
        name = None
        while self.reader.accept("CONSTRAINT"):
            name = self.reader.name()
        return name

    def _conflict(self) -> Conflict | None:
        if not self.reader.accept("ON", "CONFLICT"):
            return None
        word = self.reader.take().value
        if word not in CONFLICTS:
            raise self.reader.missing("what to do ON CONFLICT")
        return None if word == "ABORT" else CONFLICTS[word]  # ABORT is what happens anyway

    def _references(self, columns: tuple[str, ...], name: str | None) -> None:
        reader = self.reader
        target = reader.name()
        named: tuple[str, ...] = ()
        if reader.sees("("):
            named = tuple(names_in_parentheses(reader))
        key = ForeignKeyDef(columns, target, named, name=name)
        while True:
            if reader.accept("MATCH"):
                key = replace(key, match=reader.name().upper())
            elif reader.accept("ON", "DELETE"):
                key = replace(key, on_delete=self._action())
            elif reader.accept("ON", "UPDATE"):
                key = replace(key, on_update=self._action())
            elif reader.accept("ON", "INSERT"):
                self._action()  # SQLite takes it and does nothing with it
            else:
                break
        self.foreign_keys.append(key)

    def _action(self) -> ForeignKeyAction:
        reader = self.reader
        actions: dict[tuple[str, ...], ForeignKeyAction] = {
            ("SET", "NULL"): "set null",
            ("SET", "DEFAULT"): "set default",
            ("CASCADE",): "cascade",
            ("RESTRICT",): "restrict",
            ("NO", "ACTION"): "no action",
        }
        for words, action in actions.items():
            if reader.accept(*words):
                return action
        raise reader.missing("an action")

    def _deferrable(self) -> bool:
        """Reads `[NOT] DEFERRABLE [INITIALLY ...]` for the last foreign key."""
        reader = self.reader
        is_not = reader.sees("NOT", "DEFERRABLE")
        if not is_not and not reader.sees("DEFERRABLE"):
            return False
        reader.place += 2 if is_not else 1
        deferred = reader.accept("INITIALLY", "DEFERRED")
        if not deferred:
            reader.accept("INITIALLY", "IMMEDIATE")
        if self.foreign_keys:
            self.foreign_keys[-1] = replace(self.foreign_keys[-1], deferred=deferred and not is_not)
        return True

    # --- columns ------------------------------------------------------------------------------------------------------

    def _column(self) -> None:
        name = self.reader.name()
        self.columns.append(_Column(name, self.reader.type_words()))

    def _column_constraint(self, column: _Column) -> bool:
        reader = self.reader
        started = reader.place
        name = self._constraint_name()
        if self._deferrable():
            return True
        if reader.accept("DEFAULT"):
            column.default = self._default()
        elif reader.accept("NOT", "NULL"):
            column.nullable = False
            column.null_conflict = self._conflict()
        elif reader.accept("NULL"):
            self._conflict()
        elif reader.accept("PRIMARY", "KEY"):
            self._column_key(column, name)
        elif reader.accept("UNIQUE"):
            self.uniques.append(UniqueDef((KeyPart(column.name),), name, self._conflict()))
        elif reader.accept("CHECK"):
            self.checks.append((reader.parenthesised(), name))
            self._conflict()
        elif reader.accept("REFERENCES"):
            self._references((column.name,), name)
        elif reader.accept("COLLATE"):
            column.collation = _own_collation(reader.name())
        elif reader.accept("GENERATED", "ALWAYS", "AS") or reader.accept("AS"):
            column.generated = reader.parenthesised()
            column.stored = reader.accept("STORED")
            reader.accept("VIRTUAL")
        elif name is not None and (reader.sees(",") or reader.sees(")")):
            return True  # a name of nothing
        else:
            reader.place = started
            return False
        return True

    def _column_key(self, column: _Column, name: str | None) -> None:
        reader = self.reader
        descending = reader.accept("DESC")
        if not descending:
            reader.accept("ASC")
        conflict = self._conflict()
        self.key = PrimaryKeyDef(
            (KeyPart(column.name, descending=descending),), name, reader.accept("AUTOINCREMENT"), conflict
        )
        self.key_of_column = True

    def _default(self) -> str:
        reader = self.reader
        if reader.sees("("):
            return canonical_tokens(reader.parenthesised(), NO_COLUMNS)
        start = reader.place
        if reader.take().text in {"+", "-"}:
            reader.take()
        return _literal_default(reader.tokens[start : reader.place])

    # --- constraints of the table -------------------------------------------------------------------------------------

    def _sees_table_constraint(self) -> bool:
        token = self.reader.token
        return token.kind == "word" and token.value in {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}

    def _table_constraint(self) -> bool:
        reader = self.reader
        if not self._sees_table_constraint():
            return False
        name = self._constraint_name()
        if reader.accept("PRIMARY", "KEY"):
            parts, autoincrement = self._key_parts()
            self.key = PrimaryKeyDef(parts, name, autoincrement, self._conflict())
            self.key_of_column = False
        elif reader.accept("UNIQUE"):
            parts, _ = self._key_parts()
            self.uniques.append(UniqueDef(parts, name, self._conflict()))
        elif reader.accept("CHECK"):
            self.checks.append((reader.parenthesised(), name))
            self._conflict()
        elif reader.accept("FOREIGN", "KEY"):
            columns = tuple(names_in_parentheses(reader))
            reader.expect("REFERENCES")
            self._references(columns, name)
            self._deferrable()
        elif not (reader.sees(",") or reader.sees(")")):
            raise reader.missing("a constraint")
        return True

    def _key_parts(self) -> tuple[tuple[KeyPart, ...], bool]:
        reader = self.reader
        reader.expect("(")
        parts: list[KeyPart] = []
        while True:
            parts.append(key_part(reader, None))
            if not reader.accept(","):
                break
        autoincrement = reader.accept("AUTOINCREMENT")
        reader.expect(")")
        return tuple(parts), autoincrement

    # --- the whole ----------------------------------------------------------------------------------------------------

    def _defined(self, sql: str, *, strict: bool, without_rowid: bool) -> TableDef:
        scope = Scope(self.name, tuple(column.name for column in self.columns))
        key = self._primary_key(scope, without_rowid=without_rowid)
        kept = set(key.columns) if key is not None and (strict or without_rowid or self._is_rowid(key)) else set[str]()
        columns = tuple(
            ColumnDef(
                column.name,
                column.type,
                column.nullable and column.name not in kept,
                column.default,
                column.collation,
                None if column.generated is None else canonical_tokens(column.generated, scope),
                column.stored,
                column.null_conflict,
            )
            for column in self.columns
        )
        uniques = [replace(unique, parts=_spelt(unique.parts, scope)) for unique in self.uniques]
        keys = [replace(key, columns=_spelt_names(key.columns, scope)) for key in self.foreign_keys]
        return TableDef(
            self.name,
            columns,
            key,
            tuple(dict.fromkeys(uniques)),
            tuple(CheckDef(canonical_tokens(tokens, scope), name) for tokens, name in self.checks),
            tuple(keys),
            strict,
            without_rowid,
            sql=sql,
        )

    def _is_rowid(self, key: PrimaryKeyDef) -> bool:
        """Whether the key's column is another name of the rowid, which is never NULL."""
        if len(key.parts) != 1 or key.parts[0].descending:
            return False
        return any(column.name == key.columns[0] and column.type == "INTEGER" for column in self.columns)

    def _primary_key(self, scope: Scope, *, without_rowid: bool) -> PrimaryKeyDef | None:
        if self.key is None:
            return None
        key = replace(self.key, parts=_spelt(self.key.parts, scope))
        if not self.key_of_column and not without_rowid and len(key.parts) == 1:
            # INTEGER PRIMARY KEY DESC is no rowid, but PRIMARY KEY (id DESC) is, and then has no order.
            turned = replace(key, parts=(replace(key.parts[0], descending=False, collation=None),))
            if self._is_rowid(turned):
                return turned
        return key


@remembered
def default_of(text: str) -> str:
    """The canonical DEFAULT of what SQLite says that it is, which has no parentheses around an expression."""
    return _literal_default(tokenize(text))


def _literal_default(tokens: Sequence[Token]) -> str:
    first = tokens[0] if len(tokens) == 1 else None
    if first is not None and (first.kind == "quoted" or (first.kind == "word" and first.value not in _VALUES)):
        return string_text(first.name)  # a bare word is a text here
    return canonical_tokens(tokens, NO_COLUMNS)


_VALUES = frozenset({"NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"})


def _own_collation(name: str) -> str | None:
    collation = collation_text(name)
    return None if collation == "BINARY" else collation


def _spelt_names(names: Sequence[str], scope: Scope) -> tuple[str, ...]:
    return tuple(scope.column(name) or name for name in names)


def _spelt(parts: Sequence[KeyPart], scope: Scope) -> tuple[KeyPart, ...]:
    """The parts with their columns spelt as the table spells them."""
    return tuple(
        part if part.column is None else replace(part, column=scope.column(part.column) or part.column)
        for part in parts
    )


def names_in_parentheses(reader: Reader) -> list[str]:
    """Reads `(a, b)`; SQLite takes COLLATE and an order behind each name, and does nothing with them."""
    reader.expect("(")
    names = [reader.name()]
    while not reader.accept(")"):
        if reader.accept(","):
            names.append(reader.name())
        elif reader.accept("COLLATE"):
            reader.name()
        elif not (reader.accept("ASC") or reader.accept("DESC")):
            raise reader.missing("a comma")
    return names


def key_part(reader: Reader, scope: Scope | None) -> KeyPart:
    """Reads a member of a key or of an index."""
    read = expression = ExpressionParser(reader, scope).expression()
    collation = read.collation if isinstance(read, Collate) else None
    while isinstance(expression, Collate):  # the outermost holds
        expression = expression.operand
    named = read.operand if isinstance(read, Collate) else read
    descending = reader.accept("DESC")
    if not descending:
        reader.accept("ASC")
    if reader.accept("NULLS", "FIRST") or reader.accept("NULLS", "LAST"):
        raise reader.missing("no NULLS FIRST or LAST")
    match expression:
        case Name((column,)):
            return KeyPart(column, None, descending, collation)
        case Literal(text, "string") if named is expression and (quoted := _column_in_quotes(text, scope)):
            return KeyPart(quoted, None, descending, collation)
        case _:
            return KeyPart(None, write(expression), descending, collation)


def _column_in_quotes(text: str, scope: Scope | None) -> str | None:
    """The column that a text in single quotes names in a key or an index, where SQLite takes it for one."""
    name = text[1:-1].replace("''", "'")
    return name if scope is None else scope.column(name)
