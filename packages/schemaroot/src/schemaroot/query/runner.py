"""What runs statements, as the statements see it; the engine's database is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from schemaroot.query.spec import DeleteSpec, SelectSpec, UpdateSpec
    from schemaroot.schema.table import Table

Item = TypeVar("Item")
R = TypeVar("R", bound="Table")


class PreparedSelect(Protocol[Item]):
    """A compiled select that waits for the values of its parameters."""

    required: frozenset[str]
    """The names of parameters that must be given."""
    optional: frozenset[str]
    """The names of those that have a value already."""

    def all(self, values: dict[str, object]) -> list[Item]:
        """All items."""
        ...

    def at_most_one(self, values: dict[str, object]) -> Item | None:
        """The only item, or `None`; raises `ManyRowsError`."""
        ...

    def first(self, values: dict[str, object]) -> Item | None:
        """The first item, or `None`."""
        ...


class Runner(Protocol):
    """Runs statements."""

    def select_all(self, spec: SelectSpec[Item]) -> list[Item]:
        """All items of a select."""
        ...

    def select_one(self, spec: SelectSpec[Item]) -> Item | None:
        """The only item of a select, or `None`; raises `ManyRowsError`."""
        ...

    def select_first(self, spec: SelectSpec[Item]) -> Item | None:
        """The first item of a select, or `None`."""
        ...

    def select_count(self, spec: SelectSpec) -> int:
        """How many rows a select finds."""
        ...

    def select_exists(self, spec: SelectSpec) -> bool:
        """Whether a select finds a row."""
        ...

    def select_stream(self, spec: SelectSpec[Item]) -> Iterator[Item]:
        """The items of a select, one after the other."""
        ...

    def select_prepare(self, spec: SelectSpec[Item]) -> PreparedSelect[Item]:
        """A select, compiled and held."""
        ...

    def select_sql(self, spec: SelectSpec) -> str:
        """The SQL of a select."""
        ...

    def run_update(self, spec: UpdateSpec) -> int:
        """Runs an update and gives the number of rows changed."""
        ...

    def run_update_returning(self, spec: UpdateSpec[R]) -> list[R]:
        """Runs an update and gives its rows."""
        ...

    def run_delete(self, spec: DeleteSpec) -> int:
        """Runs a delete and gives the number of rows deleted."""
        ...
