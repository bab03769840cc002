"""The database: opens a file, runs statements on it, and keeps transactions honest.

    db = Database.create("sqlite:///shop.db", [Customer, Order])
    with db.transaction():
        ticket = db.insert(Order, customer_id=1)

A `Database` is safe to share between threads. Statements inside `with db.transaction()` belong to that thread's
transaction; a transaction inside another is a savepoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, TypeVarTuple, cast

import msgspec

from schemaroot.engine import ddl, writes
from schemaroot.engine.cache import PlanCache
from schemaroot.engine.compile import Compiled
from schemaroot.engine.connection import Connection
from schemaroot.engine.core import Engine
from schemaroot.engine.decode import Decoder
from schemaroot.engine.driver import DriverName, driver_named
from schemaroot.engine.files import Identity, has_journal, header_of
from schemaroot.engine.guard import check_parts, check_select, check_write
from schemaroot.engine.opening import (
    MEMORY,
    Connector,
    Durability,
    Journal,
    check_file,
    check_options,
    create_file,
    path_of,
)
from schemaroot.engine.plans import (
    CorePlan,
    Gathered,
    SelectPlan,
    count_plan,
    exists_plan,
    gather,
    returned_decoder_for,
    run_compiled,
)
from schemaroot.engine.points import point_reader, point_writer
from schemaroot.engine.prepared import PreparedCore, PreparedPlan
from schemaroot.engine.writes import BulkInsertPlan, InsertPlan, Progress, UpsertPlan
from schemaroot.errors import (
    ConstraintViolation,
    InvalidArgumentsError,
    ManyRowsError,
    NoRowError,
)
from schemaroot.query.runner import PreparedSelect
from schemaroot.query.select import Prepared, Query
from schemaroot.query.spec import DeleteSpec, SelectSpec, UpdateSpec, item_shape
from schemaroot.query.write import Delete, Update
from schemaroot.schema.expression import Assignment, ColumnOf, Expr
from schemaroot.schema.new import New, check_new, new
from schemaroot.schema.refusals import check_table, listed
from schemaroot.schema.table import Table
from schemaroot.schema.table_set import check_tables

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.sql.dml import UpdateBase

P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
T = TypeVar("T")
Item = TypeVar("Item")
R = TypeVar("R", bound=Table)

PLANS = 512
"""Shapes of statements that are kept compiled."""


class Database(Engine):
    """One SQLite database. Made by `Database.open`, `Database.create` or `Database.memory`."""

    def __init__(self, connector: Connector, tables: Sequence[type[Table]], *, readers: int, timeout_ms: float) -> None:
        super().__init__(connector, tables, readers=readers, timeout_ms=timeout_ms)
        self._plans: PlanCache = PlanCache(PLANS)

    # --- opening ------------------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        url: str,
        *,
        tables: Sequence[type[Table]] = (),
        identity: Identity | None = None,
        driver: DriverName = "apsw",
        durability: Durability = "full",
        journal: Journal = "wal",
        read_only: bool = False,
        check: bool = False,
        marker: bool = False,
        readers: int = 8,
        timeout_ms: float = 5000,
    ) -> Database:
        """Opens an existing database; it never creates a file.

        Args:
            url: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `sqlite:///:memory:` (a new empty one).
            tables: the tables it holds, for naming what refers to a row that cannot go.
            identity: whose file it must be; another program's or a newer file is refused before anything is written.
            driver: `apsw` (its own current SQLite) or `sqlite3` (the standard library's).
            durability: what a power loss may take; see `Durability`.
            journal: `wal`, or `delete` to keep the file's own journal mode on file systems that grant no WAL.
            read_only: opens without writing; works in directories that cannot be written.
            check: whether SQLite's quick check runs first (it reads the whole file).
            marker: whether each write is counted in the database, and the count kept beside it in `<file>.marker`, so
                that commits which a damaged or deleted log lost are noticed: they are logged, and in `lost_commits`.
            readers: the most reading connections.
            timeout_ms: how long to wait for locks and connections, in milliseconds.

        Raises:
            DatabaseMissingError, NotADatabaseError, DamagedDatabaseError, ForeignDatabaseError, NewerDatabaseError,
            LibraryTooOldError, ReadOnlyError, JournalModeError, DatabaseLockedError: the file was not changed.
            DeclarationError: the tables do not fit each other; the file was not touched.
        """
        tables = check_tables(tables, whole=False)
        path = path_of(url)
        check_options(identity=identity, durability=durability, journal=journal, readers=readers, timeout_ms=timeout_ms)
        with nullcontext() if path == MEMORY else header_of(Path(path)) as header:
            connector = Connector(
                driver_named(driver),
                path,
                identity=identity,
                durability=durability,
                journal=journal,
                read_only=read_only,
                timeout_ms=timeout_ms,
                header=header,
            )
            if path != MEMORY:
                check_file(Path(path), header, identity, read_only=read_only)
                if not read_only and has_journal(Path(path), "-wal"):
                    connector.look()
            database = cls(connector, tables, readers=readers, timeout_ms=timeout_ms)
            connection = database.pool.take()
        try:
            if check:
                connector.quick_check(connection)
        except BaseException:
            database.pool.give(connection)
            database.close()
            raise
        database.pool.give(connection)
        if marker:
            database._start_marker_or_close()
        return database

    def _start_marker_or_close(self) -> None:
        try:
            self.start_marker()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(
        cls,
        url: str,
        tables: Sequence[type[Table]],
        *,
        identity: Identity | None = None,
        driver: DriverName = "apsw",
        durability: Durability = "full",
        journal: Journal = "wal",
        readers: int = 8,
        timeout_ms: float = 5000,
        indexes: bool = True,
        marker: bool = False,
    ) -> Database:
        """Creates a file (mode 0600) with the declared tables; an existing file is refused.

        Args:
            indexes: `False` leaves indexes and full-text search out, for `create_indexes()` after a bulk load.
            url, tables, identity, driver, durability, journal, readers, timeout_ms, marker: as in `open`.

        Raises:
            DatabaseExistsError, DatabaseMissingError (no such directory), ReadOnlyError: nothing was created.
            DeclarationError: the tables do not fit each other, or an expression of theirs is none; nothing was created.
        """
        tables = check_tables(tables)
        path = path_of(url)
        check_options(identity=identity, durability=durability, journal=journal, readers=readers, timeout_ms=timeout_ms)
        chosen = driver_named(driver)
        if path != MEMORY:
            create_file(Path(path))
        connector = Connector(
            chosen,
            path,
            identity=identity,
            durability=durability,
            journal=journal,
            read_only=False,
            timeout_ms=timeout_ms,
            header=None,
        )
        connector.created = True
        database = cls(connector, tables, readers=readers, timeout_ms=timeout_ms)
        try:
            with database.transaction():
                if identity is not None:
                    connector.mark(database._transaction_connection(), identity)
                database.create_tables(tables, indexes=indexes)
        except BaseException:
            database.close()
            if path != MEMORY:
                for suffix in ("", "-wal", "-shm", "-journal"):
                    Path(path + suffix).unlink(missing_ok=True)
            raise
        connector.created = False
        if marker:
            database._start_marker_or_close()
        return database

    @classmethod
    def memory(cls, tables: Sequence[type[Table]], *, driver: DriverName = "apsw") -> Database:
        """A database in memory with the declared tables: one shared connection, gone when closed."""
        return cls.create("sqlite:///:memory:", tables, driver=driver)

    def create_tables(self, tables: Sequence[type[Table]], *, indexes: bool = True) -> None:
        """Creates tables in one transaction, with indexes and full-text search unless told otherwise."""
        tables = check_tables(tables)
        with self.transaction():
            self._run_ddl(ddl.create_table_statements(tables))
            if indexes:
                self._run_ddl([*ddl.create_index_statements(tables), *ddl.create_search_statements(tables)])

    def create_indexes(self, tables: Sequence[type[Table]]) -> None:
        """Creates the indexes and full-text search of tables that were created without, and fills them."""
        tables = check_tables(tables)
        with self.transaction():
            self._run_ddl(ddl.create_index_statements(tables))
            self._run_ddl(ddl.create_search_statements(tables))
            self._run_ddl(ddl.fill_search_statements(tables))

    def _run_ddl(self, statements: Iterable[str]) -> None:
        def run(connection: Connection) -> None:
            for statement in statements:
                connection.execute(statement).fetchall()

        self.write(run, "the schema")

    def close(self) -> None:
        """Closes all connections. A second call does nothing."""
        if not self.pool.closed:
            self.end_marker()
            self.pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- reading ------------------------------------------------------------------------------------------------------

    def select(self, table: type[R]) -> Query[R]:
        """A select of a table's rows; live rows only where the table has soft delete."""
        check_table(table)
        return Query(self, SelectSpec(table))

    def _exists(self, target: Expr[Any, Any], value: object) -> bool:
        return self.select(target.table).with_deleted().where(target == value).exists()

    def _finds(self, statement: sa.Select[Any]) -> bool:
        return bool(self.all(statement.limit(1)))

    def plan_of(self, spec: SelectSpec) -> tuple[SelectPlan, Gathered]:
        """The plan of a select, from the cache where it is there, and the select's own values."""

        gathered = gather(spec)
        plan: SelectPlan = self._plans.get(gathered.shape, lambda: SelectPlan(spec, gathered))
        return plan, gathered

    def select_all(self, spec: SelectSpec[Item]) -> list[Item]:
        """Runs a select; called by the select itself."""
        plan, gathered = self.plan_of(spec)
        return self.read(plan.nested, lambda connection: plan.all(connection, gathered, {}), plan.sql)

    def select_one(self, spec: SelectSpec[Item]) -> Item | None:
        """Runs a select for at most one item; called by the select itself."""
        plan, gathered = self.plan_of(spec)
        found: Item | None = self.read(
            plan.nested, lambda connection: plan.at_most_one(connection, gathered, {}), plan.sql
        )
        return found

    def select_first(self, spec: SelectSpec[Item]) -> Item | None:
        """Runs a select for its first item; called by the select itself."""
        limited = msgspec.structs.replace(spec, limit=1) if spec.limit is None else spec
        items = self.select_all(limited)
        return items[0] if items else None

    def select_count(self, spec: SelectSpec) -> int:
        """Counts a select's rows; called by the select itself."""

        return int(self._scalar("count", spec, count_plan))

    def select_exists(self, spec: SelectSpec) -> bool:
        """Whether a select finds a row; called by the select itself."""

        return bool(self._scalar("exists", spec, exists_plan))

    def _scalar(self, kind: str, spec: SelectSpec, make: Callable[[SelectSpec, Gathered], CorePlan]) -> Any:

        bare = msgspec.structs.replace(spec, nested=(), order=(), columns=())
        gathered = gather(bare)
        plan: CorePlan = self._plans.get((kind, gathered.shape), lambda: make(bare, gathered))
        return self._read(lambda connection: plan.all(connection, gathered.values, {}), plan.sql)[0][0]

    def select_stream(self, spec: SelectSpec[Item]) -> Iterator[Item]:
        """Streams a select's items; called by the select itself."""
        plan, gathered = self.plan_of(spec)
        return self.stream_of(
            lambda connection, cursor: plan.stream(connection, cursor, gathered, {}),
            lambda connection: plan.all(connection, gathered, {}),
            plan.sql,
        )

    def select_prepare(self, spec: SelectSpec[Item]) -> PreparedSelect[Item]:
        """Compiles a select; called by the select itself."""
        return PreparedPlan(self, *self.plan_of(spec))

    def select_sql(self, spec: SelectSpec) -> str:
        """The SQL of a select; called by the select itself."""
        return self.plan_of(spec)[0].sql

    # --- any SQLAlchemy statement -------------------------------------------------------------------------------------

    def _core(self, statement: Any) -> tuple[CorePlan, list[Any], Mapping[str, Any]]:
        """The plan of a statement, its values, and those that `params()` gave to its named parameters."""

        values: list[Any] = []
        inline: dict[Any, int] = {}
        shape = item_shape(statement, values, inline)

        def make() -> CorePlan:
            check_parts(statement)
            return CorePlan(statement, inline)

        plan: CorePlan = self._plans.get(("core", shape), make)
        return plan, values, statement._params  # no public door leads to them

    def all(self, statement: sa.Select[*Ts] | sa.CompoundSelect[*Ts]) -> list[tuple[*Ts]]:
        """The rows of any SQLAlchemy select over our columns, as tuples of loaded values."""
        check_select("all", statement)
        plan, values, named = self._core(statement)
        rows = self._read(lambda connection: plan.all(connection, values, named), plan.sql)
        return cast("list[tuple[*Ts]]", rows)

    def one(self, statement: sa.Select[*Ts] | sa.CompoundSelect[*Ts]) -> tuple[*Ts]:
        """The only row; raises `NoRowError` or `ManyRowsError`."""
        rows = self.all(statement)
        if not rows:
            raise NoRowError("the statement")
        if len(rows) > 1:
            raise ManyRowsError("the statement")
        return rows[0]

    def first(self, statement: sa.Select[*Ts] | sa.CompoundSelect[*Ts]) -> tuple[*Ts] | None:
        """The first row, or `None`."""
        rows = self.all(statement)
        return rows[0] if rows else None

    def stream(self, statement: sa.Select[*Ts] | sa.CompoundSelect[*Ts]) -> Iterator[tuple[*Ts]]:
        """The rows one after the other, in bounded memory; it holds a connection until it is read or closed."""
        check_select("stream", statement)
        plan, values, named = self._core(statement)
        rows = self.stream_of(
            lambda _, cursor: plan.stream(cursor, values, named),
            lambda connection: plan.all(connection, values, named),
            plan.sql,
        )
        return cast("Iterator[tuple[*Ts]]", rows)

    def execute(self, statement: UpdateBase) -> int:
        """Runs any SQLAlchemy insert, update or delete and gives the number of rows changed.

        An update or delete without a condition is refused; `.where(sqlalchemy.true())` says it on purpose. So is
        everything else, SQL as text too: `UnscopedWriteError`, `InvalidArgumentsError`.
        """
        check_write(statement)
        plan, values, named = self._core(statement)

        def run(connection: Connection) -> int:
            plan.all(connection, values, named)
            return connection.changes

        return self.write(run, plan.sql)

    def prepare(self, statement: sa.Select[*Ts] | sa.CompoundSelect[*Ts]) -> Prepared[..., tuple[*Ts]]:
        """Compiles any SQLAlchemy select now and runs it later, its parameters given by name."""
        check_select("prepare", statement)
        plan, values, named = self._core(statement)
        return Prepared(PreparedCore(self, plan, values, named), (), "the statement")

    # --- writing ------------------------------------------------------------------------------------------------------

    def insert(self, table: Callable[P, R], /, *args: P.args, **values: P.kwargs) -> R:
        """Stores one row and gives it as stored.

        Raises:
            InvalidArgumentsError, InvalidValueError: before anything is written.
            UniqueViolation, ForeignKeyViolation, CheckViolation, NotNullViolation: refused by the database.
        """
        return self.insert_new(new(table, *args, **values))

    def insert_new(self, row: New[R]) -> R:
        """Stores one checked row, explicit values included, and gives it as stored."""
        if type(row) is not New:
            check_new((row,))
        extra = tuple(row.extra)
        plan: InsertPlan[R] = self._plans.get(("insert", row.table, extra), lambda: InsertPlan(row.table, extra))
        return self.write(lambda connection: plan.one(connection, row), plan.sql, row.table, row.values)

    def insert_many(self, rows: Sequence[New[R]]) -> list[R]:
        """Stores many rows of one table in one transaction and gives them as stored, in their order."""
        if not isinstance(rows, (list, tuple)):
            rows = listed("Rows", rows)
        if not rows:
            return []
        check_new(rows)
        table = rows[0].table
        if any(row.table is not table for row in rows):
            raise InvalidArgumentsError("insert_many takes rows of one table; nothing was written.")
        made: list[R] = []
        with self.transaction():
            for extra, some in _runs(rows):
                progress = Progress()
                try:
                    made += self._insert_alike(table, extra, some, progress)
                except ConstraintViolation as violation:
                    violation.row = len(made) + (progress.row or 0)
                    raise
        return made

    def _insert_alike(
        self, table: type[R], extra: tuple[str, ...], rows: Sequence[New[R]], progress: Progress
    ) -> list[R]:
        """Inserts rows that give the same columns."""

        def refused() -> dict[str, object]:
            return {} if progress.row is None else rows[progress.row].values()

        plan: BulkInsertPlan[R] = self._plans.get(("bulk", table, extra), lambda: BulkInsertPlan(table, extra))
        return self.write(lambda connection: plan.many(connection, rows, progress), plan.sql, table, refused)

    def upsert(
        self, row: New[R], *, on: Sequence[ColumnOf[R, object]], update: Sequence[ColumnOf[R, object]] | None = None
    ) -> R:
        """Stores a row, or updates the live row that has the same key, and gives it as stored.

        Args:
            row: the values.
            on: the columns of a declared unique key, or of the primary key.
            update: the columns to take over; all but the key, the moment of creation and soft delete when left out.
        """

        check_new((row,))
        keys = writes.column_names(row.table, on)
        changed = None if update is None else writes.column_names(row.table, update)
        extra = tuple(row.extra)
        plan: UpsertPlan[R] = self._plans.get(
            ("upsert", row.table, extra, keys, changed), lambda: UpsertPlan(row.table, extra, keys, changed)
        )
        return self.write(lambda connection: plan.run(connection, row), plan.sql, row.table, row.values)

    def update(self, table: type[R]) -> Update[R]:
        """An update of a table's rows: `.set(...)`, `.where(...)`, then `.run()` or `.returning()`."""
        check_table(table)
        return Update(self, UpdateSpec(table))

    def delete(self, table: type[R]) -> Delete[R]:
        """A delete of a table's rows, for good: `.where(...)`, then `.run()`."""
        check_table(table)
        return Delete(self, DeleteSpec(table))

    # --- held ready for repositories ----------------------------------------------------------------------------------

    def point_reader(self, table: type[R]) -> Callable[[object], R | None]:
        """A function that gives the live row with a key, or `None`."""
        check_table(table)
        return point_reader(self, table)

    def point_writer(self, table: type[R]) -> Callable[[object, tuple[Assignment[R], ...]], R | None]:
        """A function that changes the live row with a key and gives it as stored, or `None` when there is none."""
        check_table(table)
        return point_writer(self, table)

    def compile_point_update(self, spec: UpdateSpec[R]) -> tuple[str, Decoder[R]]:
        """The SQL of an update whose values come later, in the order of its assignments and conditions."""

        return writes.point_update_sql(spec), returned_decoder_for(spec.table)

    def run_update(self, spec: UpdateSpec) -> int:
        """Runs an update; called by the update itself."""
        compiled, values, named = self._update_plan(spec, returning=False)

        def run(connection: Connection) -> int:
            run_compiled(connection, compiled, values, {})
            return connection.changes

        return self.write(run, compiled.sql, spec.table, lambda: named, spec)

    def run_update_returning(self, spec: UpdateSpec[R]) -> list[R]:
        """Runs an update and gives its rows; called by the update itself."""

        compiled, values, named = self._update_plan(spec, returning=True)
        rows = self.write(
            lambda connection: run_compiled(connection, compiled, values, {}),
            compiled.sql,
            spec.table,
            lambda: named,
            spec,
        )
        return returned_decoder_for(spec.table).many(rows)

    def _update_plan(self, spec: UpdateSpec, *, returning: bool) -> tuple[Compiled, list[Any], dict[str, object]]:

        given = {assignment.column.name: assignment.value for assignment in spec.assignments}
        spec = msgspec.structs.replace(spec, assignments=writes.with_on_update(spec.table, spec.assignments))
        shape, values, inline = writes.update_parts(spec)
        compiled: Compiled = self._plans.get(
            (returning, shape), lambda: writes.update_plan(spec, values, inline, returning=returning)
        )
        return compiled, values, given

    def run_delete(self, spec: DeleteSpec) -> int:
        """Runs a delete; called by the delete itself."""

        shape, values, inline = writes.delete_parts(spec)
        compiled: Compiled = self._plans.get(shape, lambda: writes.delete_plan(spec, values, inline))

        def run(connection: Connection) -> int:
            run_compiled(connection, compiled, values, {})
            return connection.changes

        return self.write(run, compiled.sql, spec.table, None, spec)


def _runs(rows: Sequence[New[R]]) -> Iterator[tuple[tuple[str, ...], Sequence[New[R]]]]:
    """Neighbouring rows that give the same columns."""
    if not any([row.extra for row in rows]):
        yield (), rows
        return
    for extra, some in groupby(rows, key=lambda row: tuple(row.extra)):
        yield extra, list(some)
