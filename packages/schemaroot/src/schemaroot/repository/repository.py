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
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from typing_extensions import ParamSpec

from schemaroot.engine.database import Database
from schemaroot.errors import InvalidArgumentsError, NoRowError
from schemaroot.query.select import Prepared, Query
from schemaroot.query.write import check_assignments
from schemaroot.repository.page import CursorCodec, Page, after, sort_keys
from schemaroot.repository.search import search_statement, words_of
from schemaroot.repository.tree import CHUNK, stamp_rows
from schemaroot.schema.expression import Assignment, Expr
from schemaroot.schema.new import New, new
from schemaroot.schema.table import Table, TableDeclaration
from schemaroot.schema.values import now

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.roles import OrderByRole

R = TypeVar("R", bound=Table)
R_co = TypeVar("R_co", bound=Table, covariant=True)
V = TypeVar("V")
P = ParamSpec("P", default=...)
Q = ParamSpec("Q")

Key = int | str
"""What a single-column primary key holds."""

MAX_PAGE = 1000
"""The most rows of one page."""


class HasTable(Protocol[Q, R_co]):
    """Something that knows its table's class, and through it what an insert takes."""

    @property
    def table(self) -> Callable[Q, R_co]:
        """The table's class."""
        ...


class Repository(Generic[R, P]):
    """One table's rows in a database. Every read sees live rows unless asked otherwise."""

    table: Callable[P, R]

    def __init__(
        self,
        database: Database,
        table: Callable[P, R] | None = None,
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
            self.table = table
        self.database: Database = database
        self._table: type[R] = cast("type[R]", self.table)
        declared = self._table.__declaration__
        self._declared: TableDeclaration = declared
        if len(declared.primary_key) != 1:
            raise InvalidArgumentsError(f"{declared.name} has a key of several columns; a repository needs one column.")
        self._key: Expr[R, Any] = getattr(self._table, declared.primary_key[0].name)
        self._clock: Callable[[], datetime] = clock
        self._cursors: CursorCodec = CursorCodec(declared, cursor_key)
        self._counts: dict[Expr[R, Any], Prepared[..., tuple[Any, int]]] = {}
        self._find: Callable[[Key], R | None] = database.point_reader(self._table)
        self._update: Callable[[Key, tuple[Assignment[R], ...]], R | None] = database.point_writer(self._table)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._declared.name}>"

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
        """Stores one row and gives it as stored; takes what `new(Table, ...)` takes."""
        repository = cast("Repository[R]", self)
        return repository.database.insert_new(new(self.table, *args, **values))

    def create_from(self, row: New[R]) -> R:
        """Stores one checked row, such as `parse_insert` gives."""
        return self.database.insert_new(row)

    def update(self, id: Key, *assignments: Assignment[R]) -> R:
        """Changes columns of a live row and gives it as stored; raises `NoRowError`."""
        row = self._update(id, assignments)
        if row is None:
            raise self._missing(id)
        return row

    def delete(self, id: Key) -> R:
        """Deletes a live row, softly where its table has soft delete, and gives it as it is then.

        What belongs to the row (by foreign keys that cascade) goes with it, under the same stamp when softly. Raises
        `NoRowError`.
        """
        if self._declared.soft_delete is None:
            return self.purge(id)
        with self.database.transaction():
            self.get(id)
            stamp_rows(self.database, self._table, [id], None, self._clock())
            return self._with_deleted().where(self._key == id).one()

    def restore(self, id: Key) -> R:
        """Revives a soft-deleted row, and what was deleted with it; raises `NoRowError` when it is not deleted."""
        column = self._soft_delete()
        with self.database.transaction():
            row = self.database.select(self._table).only_deleted().where(self._key == id).one_or_none()
            if row is None:
                raise self._missing(id)
            stamp_rows(self.database, self._table, [id], getattr(row, column), None)
            return self.get(id)

    def purge(self, id: Key) -> R:
        """Deletes a row for good, soft-deleted or not, and gives it as it was; raises `NoRowError`."""
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
        query = self.select().where(*conditions).order_by(*order_by)
        return (query if limit is None else query.limit(limit)).all()

    def find_many(self, ids: Iterable[Key]) -> list[R]:
        """The live rows with these keys, in the order of the keys; unknown keys are left out."""
        wanted = list(dict.fromkeys(ids))
        name = self._key.column.name
        found: dict[Key, R] = {}
        for start in range(0, len(wanted), CHUNK):
            for row in self.select().where(self._key.in_(wanted[start : start + CHUNK])).all():
                found[getattr(row, name)] = row
        return [found[key] for key in wanted if key in found]

    def create_many(self, rows: Sequence[New[R]]) -> list[R]:
        """Stores many rows in one transaction and gives them as stored, in their order."""
        return self.database.insert_many(rows)

    def update_many(self, ids: Iterable[Key], *assignments: Assignment[R]) -> int:
        """Makes the same changes to many live rows in one transaction; gives the number of rows changed."""
        check_assignments(self._table, assignments)
        wanted = list(ids)
        changed = 0
        with self.database.transaction():
            for start in range(0, len(wanted), CHUNK):
                some = self._key.in_(wanted[start : start + CHUNK])
                changed += self.database.update(self._table).set(*assignments).where(some).run()
        return changed

    def update_each(self, changes: Mapping[Key, Sequence[Assignment[R]]]) -> list[R]:
        """Makes other changes to each of many live rows, all or none; raises `NoRowError` for a key that is not there."""
        with self.database.transaction():
            return [self.update(id, *assignments) for id, assignments in changes.items()]

    def delete_many(self, ids: Iterable[Key]) -> int:
        """Deletes many live rows in one transaction, as `delete` does; gives the number of rows deleted."""
        wanted = list(ids)
        with self.database.transaction():
            if self._declared.soft_delete is not None:
                return stamp_rows(self.database, self._table, wanted, None, self._clock())
            chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
            return sum(self.database.delete(self._table).where(self._key.in_(some)).run() for some in chunks)

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
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidArgumentsError(f"A page has 1 to {MAX_PAGE} rows, not {limit}.")
        if cursor is not None and offset:
            raise InvalidArgumentsError("A page starts at a cursor or at an offset, not at both.")
        keys = sort_keys(self._declared, sort)
        query = (self._with_deleted() if with_deleted else self.select()).where(*conditions)
        count = query.count() if total else None
        if cursor is not None:
            query = query.where(after(self._table, keys, self._cursors.read(keys, cursor)))
        for key in keys:
            column: Expr[R, Any] = getattr(self._table, key.name)
            query = query.order_by(column.desc() if key.descending else column.asc())
        rows = query.limit(limit + 1).offset(offset).all() if offset else query.limit(limit + 1).all()
        more = len(rows) > limit
        items = rows[:limit]
        return Page(items, self._cursors.write(keys, items[-1]) if more else None, count)

    def search(
        self,
        text: str,
        *conditions: ColumnElement[bool],
        limit: int = 50,
        offset: int = 0,
        prefix: bool = False,
    ) -> list[R]:
        """The live rows that hold all words of a text in the columns declared with `search=[...]`, best first.

        Any text is allowed: nothing in it is an operator. With `prefix` the last word may be the beginning of one.
        """
        words = words_of(text)
        if not words:
            return []
        live: list[Any] = (
            []
            if self._declared.soft_delete is None
            else [getattr(self._table, self._declared.soft_delete.name).is_(None)]
        )
        statement, _ = search_statement(self._table, words, [*live, *conditions], prefix=prefix)
        with self.database.snapshot():
            keys = [row[0] for row in self.database.all(statement.limit(limit).offset(offset))]
            return self.find_many(keys)

    def count(self, *conditions: ColumnElement[bool]) -> int:
        """How many live rows there are for which all conditions hold."""
        return self.select().where(*conditions).count()

    def exists(self, *conditions: ColumnElement[bool]) -> bool:
        """Whether there is a live row for which all conditions hold."""
        return self.select().where(*conditions).exists()

    def count_by(self, column: Expr[R, V], *conditions: ColumnElement[bool]) -> dict[V, int]:
        """How many live rows there are for each value of a column, the most frequent first."""
        from sqlalchemy import func, literal_column  # loaded only where SQL is built

        if not conditions and column in self._counts:
            return dict(self._counts[column].all())
        query = self.select().where(*conditions).columns(column, func.count()).group_by(column)
        query = query.order_by(func.count().desc(), literal_column("1"))
        if conditions:
            return dict(query.all())
        prepared = self._counts[column] = query.prepare()
        return dict(prepared.all())

    def aggregate(self, expression: ColumnElement[V], *conditions: ColumnElement[bool]) -> V:
        """One value over the live rows for which all conditions hold: `aggregate(func.max(Ticket.created))`."""
        return self.select().where(*conditions).columns(expression).one()[0]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _with_deleted(self) -> Query[R]:
        return self.select().with_deleted()

    def _soft_delete(self) -> str:
        if self._declared.soft_delete is None:
            raise InvalidArgumentsError(f"{self._declared.name} has no soft delete; nothing was written.")
        return self._declared.soft_delete.name

    def _missing(self, id: Key) -> NoRowError:
        return NoRowError(f"{self._declared.name} {id}")
