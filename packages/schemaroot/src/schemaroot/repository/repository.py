"""The usual questions of one table.

class TicketRepository(Repository[Ticket]):
    table = Ticket

    def open_of(self, project_id: int) -> list[Ticket]:
        return self.all(Ticket.project_id == project_id, Ticket.status == "open")

tickets = TicketRepository(db)          # or, with no methods of its own: Repository(db, Ticket)
tickets.create(project_id=1, title="x")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from schemaroot.engine.database import Database
from schemaroot.errors import ConstraintViolation, EmptyUpdateError, InvalidArgumentsError, NoRowError
from schemaroot.query.select import Prepared, Query
from schemaroot.query.spec import check_conditions
from schemaroot.query.write import check_assignments
from schemaroot.repository.page import CursorCodec, Page, after, sort_keys
from schemaroot.repository.search import check_searchable, search_statement, words_of
from schemaroot.repository.tree import (
    CHUNK,
    chunks,
    deletable_owners_of,
    delete_rows,
    refuse_deleted_owners,
    restore_row,
)
from schemaroot.schema.expression import Assignment, Expr, check_assignment
from schemaroot.schema.new import New, check_new, new
from schemaroot.schema.refusals import brief, check_count, check_flag, check_table, described, is_a, listed
from schemaroot.schema.table import Table, TableDeclaration
from schemaroot.schema.types import Integer, Json
from schemaroot.schema.values import now

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.roles import OrderByRole

    from schemaroot.repository.guard import GuardedInsert

R = TypeVar("R", bound=Table)
R_co = TypeVar("R_co", bound=Table, covariant=True)
S = TypeVar("S", bound=Table)
V = TypeVar("V")
P = ParamSpec("P")
Q = ParamSpec("Q")

Key = int | str
"""What a single-column primary key holds."""

K = TypeVar("K", bound=Key)

MAX_PAGE = 1000
"""The most rows of one page."""


class Makes(Protocol[Q, R_co]):
    """A table's class, as the checkers see it: called like an insert, it gives a row.

    As a `Callable`, Pyright 1.1.414 would mix up the types of its arguments.
    """

    def __call__(self, *args: Q.args, **values: Q.kwargs) -> R_co:
        """A row of these values."""
        ...


class HasTable(Protocol[Q, R_co]):
    """Something that knows its table's class, and through it what an insert takes."""

    @property
    def table(self) -> Makes[Q, R_co]:
        """The table's class."""
        ...


class _Prepared(Generic[R]):
    """A repository's start, in a class of its own: beside `__init__`, mypy would not look at `__new__`."""

    def __init__(
        self,
        database: Database,
        table: Makes[..., R] | None = None,
        *,
        clock: Callable[[], datetime] = now,
        cursor_key: bytes | None = None,
    ) -> None:
        """Prepares the statements of a table.

        Args:
            database: where the rows are.
            table: the table's class; a subclass that sets `table` leaves it out.
            clock: gives the moment of a soft delete.
            cursor_key: signs page cursors; a key of this process when left out, so that cursors end with it.
        """
        if table is not None:
            vars(self)["table"] = table  # not declared here, so that a subclass may set what type it likes
        if not is_a(Database, database):
            raise InvalidArgumentsError(f"A repository is made of a database, not of {described(database)}.")
        self.database: Database = database
        self._table: type[R] = cast("type[R]", getattr(self, "table", None))
        check_table(self._table)
        if not callable(clock):
            raise InvalidArgumentsError(f"clock is a function, not {described(clock)}.")
        declared = self._table.__declaration__
        self._declared: TableDeclaration = declared
        if len(declared.primary_key) != 1:
            raise InvalidArgumentsError(f"{declared.name} has a key of several columns; a repository needs one column.")
        self._key: Expr[R, Any] = getattr(self._table, declared.primary_key[0].name)
        self._clock: Callable[[], datetime] = clock
        self._cursors: CursorCodec = CursorCodec(declared, cursor_key)
        self._counts: dict[Expr[R, Any], Prepared[..., tuple[Any, int]]] = {}
        self._find: Callable[[Key], R | None]
        self._update: Callable[[Key, tuple[Assignment[R], ...]], R | None]
        self._find, self._update = self._point_statements()
        self._owner_keys: frozenset[str] = frozenset(
            ownership.reference.column.name for ownership in deletable_owners_of(self._table)
        )
        self._guard: GuardedInsert[R] | None = self._guarded() if self._owner_keys else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._declared.name}>"

    def _point_statements(
        self,
    ) -> tuple[Callable[[Key], R | None], Callable[[Key, tuple[Assignment[R], ...]], R | None]]:
        find, update = self.database.point_reader(self._table), self.database.point_writer(self._table)
        if isinstance(self._key.column.type, Integer):
            return find, update
        dump = self._key.column.dump  # SQLite would find the text '1' by the number 1
        return lambda id: find(dump(id)), lambda id, assignments: update(dump(id), assignments)

    def _guarded(self) -> GuardedInsert[R]:
        from schemaroot.repository.guard import GuardedInsert  # loads SQLAlchemy

        return GuardedInsert(self.database, self._table)


class Repository(_Prepared[R]):
    """One table's rows in a database. Every read sees live rows unless asked otherwise."""

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls, database: Database, *, clock: Callable[[], datetime] = now, cursor_key: bytes | None = None
        ) -> Self: ...
        @overload
        def __new__(
            cls,
            database: Database,
            table: Makes[Q, S],
            *,
            clock: Callable[[], datetime] = now,
            cursor_key: bytes | None = None,
        ) -> TableRepository[S, Q]: ...
        def __new__(
            cls,
            database: Database,
            table: Any = None,
            *,
            clock: Callable[[], datetime] = now,
            cursor_key: bytes | None = None,
        ) -> Repository[Any]:
            """A repository of the table that its class names, or of the one given."""
            ...

    # --- one row ------------------------------------------------------------------------------------------------------

    def get(self, id: Key) -> R:
        """The live row with that key; raises `NoRowError`."""
        row = self._find(id)
        if row is None:
            raise self._missing(id)
        return row

    def find(self, id: Key) -> R | None:
        """The live row with that key, or `None`."""
        return self._find(id)

    def create(self: HasTable[Q, R], *args: Q.args, **values: Q.kwargs) -> R:
        """Stores one row and gives it as stored; takes what `new(Table, ...)` takes.

        Raises `ForeignKeyViolation` also when a row that it belongs to is soft-deleted.
        """
        repository = cast("Repository[R]", self)
        return repository.create_from(new(self.table, *args, **values))

    def create_from(self, row: New[R]) -> R:
        """Stores one checked row, such as `parse_insert` gives; raises what `create` raises."""
        if type(row) is not New or row.table is not self._table:
            self._check_rows((row,))
        return self.database.insert_new(row) if self._guard is None else self._guard.insert(row)

    def update(self, id: Key, *assignments: Assignment[R]) -> R:
        """Changes columns of a live row and gives it as stored.

        Raises `NoRowError`, and `ForeignKeyViolation` also when it would belong to a soft-deleted row.
        """
        for assignment in assignments if self._owner_keys else ():
            check_assignment(assignment)
            if assignment.column.name in self._owner_keys:
                return self._moved(id, assignments)
        return self._changed(id, assignments)

    def delete(self, id: Key) -> R:
        """Deletes a live row, softly where its table has soft delete, and gives it as it is then.

        What belongs to the row (by foreign keys that cascade) goes with it, under the same stamp when softly. Raises
        `NoRowError`.
        """
        if self._declared.soft_delete is None:
            return self.purge(id)
        with self.database.transaction():
            if not delete_rows(self.database, self._table, [self._checked(id)], self._clock):
                raise self._missing(id)
            return self._with_deleted().where(self._key == id).one()

    def restore(self, id: Key) -> R:
        """Revives a soft-deleted row, and what was deleted with it.

        Raises:
            NoRowError: it is not there, or not deleted.
            ForeignKeyViolation: a row that it belongs to is deleted.
            UniqueViolation: a name is taken by now. Nothing was revived.
        """
        column = self._soft_delete()
        id = self._checked(id)
        with self.database.transaction():
            row = self._with_deleted().where(self._key == id).one_or_none()
            stamp: datetime | None = None if row is None else getattr(row, column)
            if stamp is None:
                raise self._missing(id)
            restore_row(self.database, self._table, id, stamp)
            return self.get(id)

    def purge(self, id: Key) -> R:
        """Deletes a row for good, soft-deleted or not, and gives it as it was; raises `NoRowError`."""
        id = self._checked(id)
        with self.database.transaction():
            row = self._with_deleted().where(self._key == id).one_or_none()
            if row is None:
                raise self._missing(id)
            self.database.delete(self._table).where(self._key == id).run()
            return row

    # --- many rows ----------------------------------------------------------------------------------------------------

    def select(self) -> Query[R]:
        """A select of the rows, to be narrowed further."""
        return self.database.select(self._table)

    def all(
        self, *conditions: ColumnElement[bool], order_by: Sequence[OrderByRole] = (), limit: int | None = None
    ) -> list[R]:
        """The rows for which all conditions hold, sorted, at most `limit`."""
        query = self.select().where(*conditions).order_by(*listed("order_by: the columns", order_by))
        return (query if limit is None else query.limit(limit)).all()

    def find_many(self, ids: Iterable[Key]) -> list[R]:
        """The live rows with these keys, in the order of the keys; unknown keys are left out."""
        return self._in_order(self.select(), ids)

    def create_many(self, rows: Iterable[New[R]]) -> list[R]:
        """Stores many rows in one transaction and gives them as stored, in their order.

        All or none; a `ConstraintViolation` tells the place of the refused row in its `row`.
        """
        wanted = listed("Rows", rows)
        self._check_rows(wanted)
        return self.database.insert_many(wanted) if self._guard is None else self._guard.insert_many(wanted)

    def update_many(self, ids: Iterable[Key], *assignments: Assignment[R]) -> int:
        """Makes the same changes to many live rows in one transaction; gives the number of rows changed."""
        wanted = self._keys(ids)
        if not assignments:
            raise EmptyUpdateError(self._declared.name)
        check_assignments(self._table, assignments)
        moves = any(assignment.column.name in self._owner_keys for assignment in assignments)
        changed = 0
        with self.database.transaction():
            for some in chunks(wanted):
                changed += self.database.update(self._table).set(*assignments).where(self._key.in_(some)).run()
                if moves:
                    refuse_deleted_owners(self.database, self._table, [(id,) for id in some])
        return changed

    def update_each(self, changes: Mapping[K, Sequence[Assignment[R]]]) -> list[R]:
        """Makes other changes to each of many live rows and gives them as stored.

        All or none. Raises `NoRowError` for a key that is not there; a `ConstraintViolation` tells the place of the
        refused change in its `row`.
        """
        if not is_a(Mapping, changes):
            raise InvalidArgumentsError(
                f"Changes come as assignments by key, not as {described(changes)}; nothing was written."
            )
        made: list[R] = []
        with self.database.transaction():
            for id, each in changes.items():
                assignments = each if isinstance(each, tuple) else listed("Assignments", each)
                try:
                    made.append(self.update(id, *assignments))
                except ConstraintViolation as violation:
                    violation.row = len(made)
                    raise
        return made

    def delete_many(self, ids: Iterable[Key]) -> int:
        """Deletes many live rows in one transaction, as `delete` does; gives the number of rows deleted."""
        wanted = self._keys(ids)
        with self.database.transaction():
            if self._declared.soft_delete is not None:
                return delete_rows(self.database, self._table, wanted, self._clock)
            delete = self.database.delete(self._table)
            return sum(delete.where(self._key.in_(some)).run() for some in chunks(wanted))

    # --- pages, search, counts ----------------------------------------------------------------------------------------

    def page(
        self,
        *conditions: ColumnElement[bool],
        sort: str = "",
        limit: int = 50,
        cursor: str | None = None,
        offset: int = 0,
        total: bool = False,
        with_deleted: bool = False,
    ) -> Page[R]:
        """One page of the rows for which all conditions hold.

        Args:
            conditions: which rows.
            sort: column names, `-` in front for descending (`"-created,title"`); the key decides between equals.
            limit: rows of the page, 1 to 1000.
            cursor: the `next_cursor` of the page before: the next page then starts after its last row, whatever was
                inserted or deleted meanwhile.
            offset: rows to leave out from the start instead; not together with a cursor.
            total: whether to count the whole list too.
            with_deleted: whether soft-deleted rows are seen too.

        Raises:
            UnknownFieldError, InvalidCursorError, InvalidArgumentsError.
        """
        check_count("limit", limit, 1, MAX_PAGE)
        check_count("offset", offset)
        check_flag("total", total)
        check_flag("with_deleted", with_deleted)
        if cursor is not None and offset:
            raise InvalidArgumentsError("A page starts at a cursor or at an offset, not at both.")
        keys = sort_keys(self._declared, sort)
        whole = self._seen(with_deleted).where(*conditions)
        query = whole.limit(limit + 1)
        if cursor is not None:
            query = query.where(after(self._table, keys, self._cursors.read(keys, cursor)))
        for key in keys:
            column: Expr[R, Any] = getattr(self._table, key.name)
            query = query.order_by(column.desc() if key.descending else column.asc())
        if offset:
            query = query.offset(offset)
        if total:
            with self.database.snapshot():
                rows, count = query.all(), whole.count()
        else:
            rows, count = query.all(), None
        items = rows[:limit]
        return Page(items, self._cursors.write(keys, items[-1]) if len(rows) > limit else None, count)

    def search(
        self,
        text: str,
        *conditions: ColumnElement[bool],
        limit: int = 50,
        offset: int = 0,
        prefix: bool = False,
        with_deleted: bool = False,
    ) -> list[R]:
        """The rows that hold all words of a text in the columns declared with `search=[...]`, best first.

        Any text is allowed: nothing in it is an operator. A word is found as a whole, whatever its case and accents;
        one that holds more than letters and digits (`C++`) must stand so; one of a script without spaces is found
        wherever it stands.

        Args:
            text: the words. The first thousand characters and the first 32 words count.
            conditions: which rows.
            limit: the most rows.
            offset: rows to leave out from the start.
            prefix: whether the last word may be the beginning of one.
            with_deleted: whether soft-deleted rows are seen too.
        """
        check_searchable(self._table)
        check_conditions(conditions)
        check_flag("prefix", prefix)
        check_flag("with_deleted", with_deleted)
        if not is_a(str, text):
            raise InvalidArgumentsError(f"search() takes a text, not {described(text)}.")
        self.select().limit(limit).offset(offset)  # refuses what is no number of rows
        words = words_of(text, prefix=prefix)
        if words is None:
            return []
        live: list[ColumnElement[bool]] = []
        if self._declared.soft_delete is not None and not with_deleted:
            live.append(getattr(self._table, self._declared.soft_delete.name).is_(None))
        statement = search_statement(self._table, words, [*live, *conditions]).limit(limit).offset(offset)
        with self.database.snapshot():
            return self._in_order(self._seen(with_deleted), [row[0] for row in self.database.all(statement)])

    def count(self, *conditions: ColumnElement[bool]) -> int:
        """How many live rows there are for which all conditions hold."""
        return self.select().where(*conditions).count()

    def exists(self, *conditions: ColumnElement[bool]) -> bool:
        """Whether there is a live row for which all conditions hold."""
        return self.select().where(*conditions).exists()

    def count_by(self, column: Expr[R, V], *conditions: ColumnElement[bool]) -> dict[V, int]:
        """How many live rows there are for each value of a column, the most frequent first."""
        from sqlalchemy import func, literal_column  # loaded only where SQL is built

        if not is_a(Expr, column):
            raise InvalidArgumentsError(f"count_by() takes a column, not {described(column)}.")
        if column.table is not self._table or isinstance(column.column.type, Json):
            raise InvalidArgumentsError(f"Rows of {self._declared.name} are not counted by {column.column.label}.")
        if not conditions and column in self._counts:
            return dict(self._counts[column].all())
        query = self.select().where(*conditions).columns(column, func.count()).group_by(column)
        first: ColumnElement[Any] = literal_column("1")
        query = query.order_by(func.count().desc(), first)
        if conditions:
            return dict(query.all())
        prepared = self._counts[column] = query.prepare()
        return dict(prepared.all())

    def aggregate(self, expression: ColumnElement[V], *conditions: ColumnElement[bool]) -> V | None:
        """One value over the live rows for which all conditions hold: `aggregate(func.max(Ticket.created))`.

        `None` for most aggregates when there are no rows.
        """
        return self.select().where(*conditions).columns(expression).one()[0]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _moved(self, id: Key, assignments: tuple[Assignment[R], ...]) -> R:
        """Changes a row that goes over to another owner, which must not be deleted."""
        with self.database.transaction():
            row = self._changed(id, assignments)
            refuse_deleted_owners(self.database, self._table, [(getattr(row, self._key.column.name),)])
            return row

    def _changed(self, id: Key, assignments: tuple[Assignment[R], ...]) -> R:
        row = self._update(id, assignments)
        if row is None:
            raise self._missing(id)
        return row

    def _seen(self, with_deleted: bool) -> Query[R]:
        return self._with_deleted() if with_deleted else self.select()

    def _with_deleted(self) -> Query[R]:
        return self.select().with_deleted()

    def _in_order(self, query: Query[R], ids: Iterable[Key]) -> list[R]:
        """The rows of a select that have these keys, in the order of the keys."""
        wanted = list(dict.fromkeys(self._keys(ids)))
        name = self._key.column.name
        found: dict[Key, R] = {}
        with self.database.snapshot() if len(wanted) > CHUNK else nullcontext():
            for some in chunks(wanted):
                found.update((getattr(row, name), row) for row in query.where(self._key.in_(some)).all())
        return [found[key] for key in wanted if key in found]

    def _soft_delete(self) -> str:
        if self._declared.soft_delete is None:
            raise InvalidArgumentsError(f"{self._declared.name} has no soft delete; nothing was written.")
        return self._declared.soft_delete.name

    def _missing(self, id: Key) -> NoRowError:
        return NoRowError(f"{self._declared.name} {id if isinstance(id, str) else brief(id)}")

    def _check_rows(self, rows: Sequence[New[R]]) -> None:
        if rows:
            check_new(rows)
        for row in rows:
            if row.table is not self._table:
                raise self._foreign(row)

    def _checked(self, id: Key) -> Key:
        """A key that is a value: an SQL expression would choose rows of its own."""
        return cast(Key, self._key.column.type.dump(id)) if type(id) is not int else id

    def _keys(self, ids: Iterable[Key]) -> list[Key]:
        """The keys of a call on many rows."""
        wanted = listed("Keys", ids)
        for id in wanted:
            if type(id) is not int and type(id) is not str:
                self._key.column.type.dump(id)  # refuses what is no key
        return wanted

    def _foreign(self, row: New[Any]) -> InvalidArgumentsError:
        name = row.table.__declaration__.name
        return InvalidArgumentsError(f"A row of {name} does not go into {self._declared.name}; nothing was written.")


if TYPE_CHECKING:

    class TableRepository(Repository[R], Generic[R, P]):
        """What a type checker sees in `Repository(db, Ticket)`: the table's class was an argument."""

        @property
        def table(self) -> Makes[P, R]:
            """The table's class."""
            ...
