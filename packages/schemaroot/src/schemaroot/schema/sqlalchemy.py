"""Declared tables as SQLAlchemy sees them: light table clauses for statements, full metadata for creating them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import msgspec
import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.types import TypeDecorator, TypeEngine

from schemaroot.errors import DeclarationError, InvalidValueError
from schemaroot.schema.column import Column
from schemaroot.schema.constraints import Check, Index, Unique, constraint_name
from schemaroot.schema.refusals import described
from schemaroot.schema.table_set import check_tables
from schemaroot.schema.types import Blob, ColumnType, Enumeration, Integer, Json, Real, Text, is_beyond
from schemaroot.schema.values import MISSING

if TYPE_CHECKING:
    from schemaroot.schema.table import Table, TableDeclaration

DialectName = Literal["sqlite", "postgresql"]

_EXPRESSION = "Write lambda: Table.column > 1, or another expression of SQLAlchemy."

_SQLITE: dict[str, TypeEngine[Any]] = {
    "integer": sa.INTEGER(),
    "real": sa.REAL(),
    "text": sa.TEXT(),
    "blob": sa.BLOB(),
    "boolean": sa.INTEGER(),
    "json": sa.TEXT(),
}


@cache
def _postgresql() -> dict[str, TypeEngine[Any]]:
    from sqlalchemy.dialects.postgresql import BYTEA, DOUBLE_PRECISION, JSONB  # 2 MiB that SQLite alone does without

    return {
        "integer": sa.BIGINT(),
        "real": DOUBLE_PRECISION(),
        "text": sa.TEXT(),
        "blob": BYTEA(),
        "boolean": sa.BOOLEAN(),
        "json": JSONB(),
    }


def _sql_type(storage: str, dialect: str) -> TypeEngine[Any]:
    return (_postgresql() if dialect == "postgresql" else _SQLITE)[storage]


class StoredAs(TypeDecorator[Any]):
    """Carries a column's own dump and load into SQLAlchemy."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.types.NullType
    cache_ok: bool | None = True

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column

    @property
    def _static_cache_key(self) -> tuple[object, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]  # read as a property is
        return (StoredAs, self.column.label, repr(self.column.type))

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """The SQL type in the dialect."""
        return dialect.type_descriptor(_sql_type(self.column.type.storage, dialect.name))

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """A value compared with the column is dumped as the column dumps it."""
        del op
        return self if not isinstance(value, (int, float)) or isinstance(value, bool) else _coerced(self, value)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """The driver's value."""
        dumped = None if value is None else compared_type(self.column.type).dump(value)
        if dialect.name == "postgresql" and self.column.type.storage == "boolean" and dumped is not None:
            return bool(dumped)
        return dumped

    def process_literal_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """The value that the SQL type writes as a literal, for the conditions of CHECKs and indexes."""
        return self.process_bind_param(value, dialect)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """The Python value."""
        del dialect
        return self.column.load(value)


class ComparedAs(StoredAs):
    """Carries a value that is compared with a whole number's column, and may lie beyond what that can hold."""

    @property
    def _static_cache_key(self) -> tuple[object, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]  # read as a property is
        return (ComparedAs, self.column.label, repr(self.column.type))


def compared_type(column_type: ColumnType) -> ColumnType:
    """The type of a value that is compared with a column: it may be one that the column could not hold itself."""
    if isinstance(column_type, Enumeration):
        return Text() if column_type.storage == "text" else Integer()
    return type(column_type)() if isinstance(column_type, (Integer, Real, Text, Blob)) else column_type


def _coerced(stored: StoredAs, value: float) -> TypeEngine[Any]:
    """Numbers compared with a number column keep its type; with another column they stay numbers."""
    if isinstance(stored.column.type, (Integer, Real)):
        return stored
    return sa.INTEGER() if isinstance(value, int) else sa.REAL()


class ListOf(TypeDecorator[Any]):
    """A list of a column's values, bound as one JSON text."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.TEXT
    cache_ok: bool | None = True

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column

    @property
    def _static_cache_key(self) -> tuple[object, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]  # read as a property is
        return (ListOf, self.column.label, repr(self.column.type))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """The JSON text."""
        del dialect
        return dump_list(self.column, value)


class Dumped(sa.types.UserDefinedType[Any]):
    """A value that is the driver's already."""

    cache_ok: bool | None = True


def dump_list(column: Column, values: Iterable[object]) -> str:
    """The JSON text of a list of a column's values, without numbers beyond 64 bits, which no row holds."""
    members = list(values)
    try:
        dumped = [None if value is None else column.type.dump(value) for value in members]
    except InvalidValueError:
        kept = [value for value in members if not is_beyond(value)]
        if len(kept) == len(members) or not isinstance(column.type, Integer):
            raise
        return dump_list(column, kept)
    return msgspec.json.encode(dumped).decode()


def stored_as(column: Column) -> StoredAs:
    """The SQLAlchemy type of a column."""
    return StoredAs(column)


def compared_as(column: Column) -> StoredAs:
    """The SQLAlchemy type of a value that a column is compared with."""
    return ComparedAs(column) if isinstance(compared_type(column.type), Integer) else StoredAs(column)


def list_of(column: Column) -> ListOf:
    """The SQLAlchemy type of a list of a column's values."""
    return ListOf(column)


_CLAUSES: WeakKeyDictionary[type, TableClause] = WeakKeyDictionary()


def table_clause(table: type[Table]) -> TableClause:
    """The table as statements see it: its name and typed columns."""
    clause = _CLAUSES.get(table)
    if clause is None:
        declared = table.__declaration__
        columns: list[Any] = [sa.column(column.name, stored_as(column)) for column in declared.columns.values()]
        clause = _CLAUSES[table] = sa.table(declared.name, *columns)
    return clause


# --- metadata for creating tables -------------------------------------------------------------------------------------


def metadata(tables: Iterable[type[Table]], dialect: DialectName) -> sa.MetaData:
    """The tables with all constraints and indexes, as the dialect wants them.

    Raises:
        DeclarationError: the tables do not fit each other, or an expression of theirs is none.
    """
    made = sa.MetaData()
    for table in check_tables(tables):
        _sa_table(table.__declaration__, made, dialect)
    return made


def _default_literal(column: Column, dialect: DialectName) -> Any:
    if column.default_factory is list or column.default_factory is dict:
        value: object = column.default_factory()
    else:
        value = column.default
        if column.default_factory is not None:
            return None
    if value is None or value is MISSING or not column.is_insertable:
        return None
    dumped = column.dump(value)
    if dialect == "postgresql" and column.type.storage == "boolean":
        return sa.true() if dumped else sa.false()
    if isinstance(dumped, bytes):
        return None
    literal: sa.ColumnElement[Any] = sa.literal_column(
        repr(dumped) if isinstance(dumped, (int, float)) else "'" + str(dumped).replace("'", "''") + "'"
    )
    return literal


def _sa_column(declared: TableDeclaration, column: Column, dialect: DialectName) -> sa.Column[Any]:
    extra: list[Any] = []
    if column.generated is not None:
        computed = _generated_expression(declared, column, column.generated)
        extra.append(sa.Computed(computed, persisted=dialect == "postgresql"))
    if column.auto and dialect == "postgresql":
        extra.append(sa.Identity(always=False))
    return sa.Column(
        column.name,
        _sql_type(column.type.storage, dialect),
        *extra,
        nullable=column.nullable,
        primary_key=column.primary_key,
        autoincrement=column.auto,
        server_default=None if column.generated else _default_literal(column, dialect),
        comment=column.comment or None,
    )


def _element(expression: Any) -> Any:
    return expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression


def expression_of(declared: TableDeclaration, what: str, function: Callable[[], object]) -> Any:
    """The SQL expression over one row that a declaration's function gives; raises `DeclarationError` otherwise."""
    where = f"table {declared.name}"
    try:
        element = _element(function())
    except Exception as error:  # the declaration's own function; its failure is the declaration's
        raise DeclarationError(where, f"{what} cannot be built ({error})", hint=_EXPRESSION) from error
    if not isinstance(element, sa.ClauseElement):
        raise DeclarationError(where, f"{what} is {described(element)}, which is no SQL expression", hint=_EXPRESSION)
    for part in visitors.iterate(element):
        if not isinstance(part, sa.ColumnClause) or part.is_literal:
            continue
        if part.table is not None and part.table.description != declared.name:
            raise DeclarationError(where, f"{what} uses {part}", hint="Use columns of the same table: it sees one row.")
        if part.name not in declared.columns:
            columns = ", ".join(declared.columns)
            raise DeclarationError(where, f"{what} uses the unknown column {part}", hint=f"The columns are {columns}.")
    return element


def _generated_expression(declared: TableDeclaration, column: Column, function: Callable[[], object]) -> Any:
    element = expression_of(declared, f"the expression of {column.name}", function)
    computed = {other.name for other in declared.generated}
    for part in visitors.iterate(element):
        if isinstance(part, sa.ColumnClause) and part.name in computed and not part.is_literal:
            raise DeclarationError(
                column.label,
                f"is computed from {part.name}, which is computed itself",
                hint="PostgreSQL does not do so: compute it from stored columns.",
            )
    return element


def value_checks(column: Column) -> list[tuple[str, Any]]:
    """The conditions that a column's type puts on its values: short name and SQL expression."""
    own: sa.ColumnElement[Any] = sa.column(column.name)
    checks: list[tuple[str, Any]] = []
    short = column.check_name or column.name
    match column.type:
        case Enumeration(members=members):
            checks.append((short, own.in_([sa.literal_column(_literal(member)) for member in members])))
        case Integer(minimum=low, maximum=high) | Real(minimum=low, maximum=high) if (
            low is not None or high is not None
        ):
            parts = [own >= sa.literal_column(repr(low))] if low is not None else []
            parts += [own <= sa.literal_column(repr(high))] if high is not None else []
            checks.append((short, sa.and_(*parts)))
        case Text(min_length=low, max_length=high) if low or high is not None:
            length: Any = sa.func.length(own)
            parts = [length >= sa.literal_column(str(low))] if low else []
            parts += [length <= sa.literal_column(str(high))] if high is not None else []
            checks.append((short, sa.and_(*parts)))
        case Blob(max_length=int(high)):
            checks.append((short, sa.func.length(own) <= sa.literal_column(str(high))))
        case _:
            pass
    return checks


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _storage_checks(column: Column, dialect: DialectName) -> list[tuple[str, Any]]:
    """What SQLite needs to be told because it has no such type."""
    own: sa.ColumnElement[Any] = sa.column(column.name)
    short = column.check_name
    if dialect != "sqlite" or short is None:
        return []
    if column.type.storage == "boolean":
        return [(short, own.in_([sa.literal_column("0"), sa.literal_column("1")]))]
    if isinstance(column.type, Json):
        kind = column.type.kind
        valid = sa.func.json_valid(own) == sa.literal_column("1")
        if kind is not None:
            valid = sa.and_(valid, sa.func.json_type(own) == sa.literal_column(f"'{kind}'"))
        # Before SQLite 3.45 json_valid(NULL) is 0 rather than null, which a CHECK lets pass.
        return [(short, sa.or_(own.is_(None), valid) if column.nullable else valid)]
    return []


def _index_parts(declared: TableDeclaration, index: Index) -> list[Any]:
    parts: list[Any] = []
    for part in index.parts:
        if isinstance(part, str):
            own: sa.ColumnElement[Any] = sa.column(part.removeprefix("-"))
            parts.append(own.desc() if part.startswith("-") else own)
        else:
            parts.append(expression_of(declared, f"a part of {index!r}", part))
    return parts


def unique_parts(declared: TableDeclaration, unique: Unique) -> list[Any]:
    """The indexed expressions of a unique key: a nullable member counts as a value where `nulls_equal` says so."""
    parts: list[Any] = []
    for name in unique.columns:
        column = declared.columns[name]
        own: sa.ColumnElement[Any] = sa.column(name)
        if unique.nulls_equal and column.nullable:
            zero = "''" if column.type.storage == "text" else "0"
            parts += [sa.func.coalesce(own, sa.literal_column(zero)), own.is_(None)]
        else:
            parts.append(own)
    return parts


def unique_condition(declared: TableDeclaration, unique: Unique) -> Any:
    """The condition of a unique key over live rows, or `None`."""
    conditions: list[Any] = []
    if unique.over == "live" and declared.soft_delete is not None:
        conditions.append(sa.column(declared.soft_delete.name).is_(None))
    if unique.where is not None:
        conditions.append(expression_of(declared, f"where of {unique!r}", unique.where))
    return sa.and_(*conditions) if conditions else None


def _sa_table(declared: TableDeclaration, made: sa.MetaData, dialect: DialectName) -> sa.Table:
    name = declared.name
    key = declared.primary_key
    items: list[Any] = [_sa_column(declared, column, dialect) for column in declared.columns.values()]
    items.append(sa.PrimaryKeyConstraint(*(column.name for column in key), name=constraint_name("pk", name)))
    for column in declared.columns.values():
        if column.reference is not None:
            target = declared.target_of(column)
            on_delete = column.reference.on_delete
            items.append(
                sa.ForeignKeyConstraint(
                    [column.name],
                    [f"{target.table}.{target.name}"],
                    name=declared.foreign_key_name(column),
                    ondelete=None if on_delete == "no action" else on_delete.upper(),
                    link_to_name=True,
                )
            )
        for short, condition in (*value_checks(column), *_storage_checks(column, dialect)):
            if column.generated is None:
                items.append(sa.CheckConstraint(condition, name=constraint_name("ck", name, short)))
    for check in declared.checks:
        condition = expression_of(declared, f"the condition of Check({check.name!r})", check.condition)
        items.append(sa.CheckConstraint(condition, name=check_name(declared, check)))
    plain = [unique for unique in declared.uniques if _is_plain(declared, unique)]
    items += [sa.UniqueConstraint(*unique.columns, name=declared.unique_name(unique)) for unique in plain]
    table = sa.Table(
        name,
        made,
        *items,
        comment=declared.comment or None,
        sqlite_autoincrement=any(column.auto for column in key),
        sqlite_strict=True,
    )
    for unique in declared.uniques:
        if unique not in plain:
            condition = unique_condition(declared, unique)
            _attach(table, declared.unique_name(unique), unique_parts(declared, unique), condition, unique=True)
    for index in declared.indexes:
        condition = expression_of(declared, f"where of {index!r}", index.where) if index.where is not None else None
        _attach(table, declared.index_name(index), _index_parts(declared, index), condition, unique=False)
    if declared.search and dialect == "postgresql":
        vector = sa.func.to_tsvector(sa.literal_column("'simple'"), _search_words(declared))
        sa.Index(constraint_name("ix", name, "search"), vector, postgresql_using="gin", _table=table)
    return table


def _search_words(declared: TableDeclaration) -> Any:
    """The searched columns as one text; `concat_ws` would say it shorter, but PostgreSQL refuses it in an index."""
    empty: sa.ColumnElement[str] = sa.literal_column("''")
    texts: list[Any] = []
    for name in declared.search:
        own: sa.ColumnElement[Any] = sa.column(name, sa.TEXT())
        is_json = isinstance(declared.columns[name].type, Json)
        texts.append(sa.func.coalesce(sa.cast(own, sa.TEXT()) if is_json else own, empty))
    words = texts[0]
    for text in texts[1:]:
        words = words.concat(sa.literal_column("' '")).concat(text)
    return words


def _is_plain(declared: TableDeclaration, unique: Unique) -> bool:
    has_null = unique.nulls_equal and any(declared.columns[name].nullable for name in unique.columns)
    return unique_condition(declared, unique) is None and not has_null


def _attach(table: sa.Table, name: str, parts: list[Any], condition: Any, *, unique: bool) -> None:
    sa.Index(name, *parts, unique=unique, sqlite_where=condition, postgresql_where=condition, _table=table)


def check_name(declared: TableDeclaration, check: Check) -> str:
    """The database's name of a declared CHECK."""
    return constraint_name("ck", declared.name, check.name)
