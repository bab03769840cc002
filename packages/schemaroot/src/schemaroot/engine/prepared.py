"""Prepared selects: a plan that is held, with the values it was built with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from schemaroot.engine.connection import Connection
from schemaroot.errors import ManyRowsError

if TYPE_CHECKING:
    from schemaroot.engine.core import Engine
    from schemaroot.engine.plans import CorePlan, Gathered, SelectPlan


class PreparedPlan:
    """A select of one table, held compiled."""

    def __init__(self, engine: Engine, plan: SelectPlan, gathered: Gathered) -> None:
        self._engine: Engine = engine
        self._plan: SelectPlan = plan
        self._gathered: Gathered = gathered
        parts = plan.compiled_parts
        ours = {"sr_parent", "sr_parents"}
        self.required: frozenset[str] = frozenset[str]().union(*(part.required for part in parts)) - ours
        self.optional: frozenset[str] = frozenset[str]().union(*(part.optional for part in parts))

    def _run(self, run: Callable[[Connection, Gathered, dict[str, object]], Any], values: dict[str, object]) -> Any:
        return self._engine.read(
            self._plan.nested, lambda connection: run(connection, self._gathered, values), self._plan.sql
        )

    def all(self, values: dict[str, object]) -> list[Any]:
        """All items."""
        found: list[Any] = self._run(self._plan.all, values)
        return found

    def at_most_one(self, values: dict[str, object]) -> Any:
        """The only item, or `None`; raises `ManyRowsError`."""
        return self._run(self._plan.at_most_one, values)

    def first(self, values: dict[str, object]) -> Any:
        """The first item, or `None`."""
        found = self.all(values)
        return found[0] if found else None


class PreparedCore:
    """Any SQLAlchemy select, held compiled."""

    def __init__(self, engine: Engine, plan: CorePlan, values: list[Any], named: Mapping[str, Any]) -> None:
        self._engine: Engine = engine
        self._plan: CorePlan = plan
        self._values: list[Any] = values
        self._named: Mapping[str, Any] = named
        self.required: frozenset[str] = plan.compiled.required - named.keys()
        self.optional: frozenset[str] = plan.compiled.optional | named.keys()

    def all(self, values: dict[str, object]) -> list[Any]:
        """All rows."""
        named = {**self._named, **values} if self._named else values
        return self._engine.read((), lambda connection: self._plan.all(connection, self._values, named), self._plan.sql)

    def at_most_one(self, values: dict[str, object]) -> Any:
        """The only row, or `None`; raises `ManyRowsError`."""
        rows = self.all(values)
        if len(rows) > 1:
            raise ManyRowsError("the statement")
        return rows[0] if rows else None

    def first(self, values: dict[str, object]) -> Any:
        """The first row, or `None`."""
        rows = self.all(values)
        return rows[0] if rows else None
