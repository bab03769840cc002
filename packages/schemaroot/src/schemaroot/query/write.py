"""Updates and deletes: frozen, typed, and never without a condition unless said on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import msgspec

from schemaroot.errors import EmptyUpdateError, InvalidArgumentsError, UnscopedWriteError
from schemaroot.query.runner import Runner
from schemaroot.query.spec import DeleteSpec, UpdateSpec, check_conditions
from schemaroot.schema.expression import Assignment, check_assignment
from schemaroot.schema.table import Table

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

R = TypeVar("R", bound=Table)


def check_assignments(table: type[R], assignments: tuple[Assignment[R], ...]) -> None:
    """Refuses other tables' columns, generated columns and columns that are set twice."""
    declared = table.__declaration__
    for assignment in assignments:
        check_assignment(assignment)
    names = [assignment.column.name for assignment in assignments]
    for assignment in assignments:
        column = assignment.column
        if column.table != declared.name or column.name not in declared.columns:
            raise InvalidArgumentsError(f"{column.label} is not a column of {declared.name}; nothing was written.")
        if column.generated is not None:
            raise InvalidArgumentsError(f"{column.label} is computed by the database; nothing was written.")
        if names.count(column.name) > 1:
            raise InvalidArgumentsError(f"{column.label} is set twice; nothing was written.")


class Update(Generic[R]):
    """An update of rows of one table; live rows only, unless `with_deleted()`."""

    __slots__ = ("_runner", "_spec")

    def __init__(self, runner: Runner, spec: UpdateSpec[R]) -> None:
        self._runner: Runner = runner
        self._spec: UpdateSpec[R] = spec

    def _with(self, **changes: Any) -> Self:
        return type(self)(self._runner, msgspec.structs.replace(self._spec, **changes))

    def set(self, *assignments: Assignment[R]) -> Self:
        """Sets these columns, besides those given before; columns with `on_update` are set by themselves."""
        both = self._spec.assignments + assignments
        check_assignments(self._spec.table, both)
        return self._with(assignments=both)

    def where(self, *conditions: ColumnElement[bool]) -> Self:
        """Only rows for which all conditions hold."""
        check_conditions(conditions)
        return self._with(conditions=self._spec.conditions + conditions)

    def all_rows(self) -> Self:
        """Says on purpose that there is no condition."""
        return self._with(everything=True)

    def with_deleted(self) -> Self:
        """Also rows that were soft-deleted."""
        return self._with(deleted="all")

    def run(self) -> int:
        """Runs it and gives the number of rows changed."""
        return self._runner.run_update(self._checked())

    def returning(self) -> list[R]:
        """Runs it and gives the rows as they are stored now."""
        return self._runner.run_update_returning(self._checked())

    def _checked(self) -> UpdateSpec[R]:
        name = self._spec.table.__declaration__.name
        if not self._spec.assignments:
            raise EmptyUpdateError(name)
        if not self._spec.conditions and not self._spec.everything:
            raise UnscopedWriteError("An update", name)
        return self._spec


class Delete(Generic[R]):
    """A delete of rows of one table, for good; rows that were soft-deleted are deleted too."""

    __slots__ = ("_runner", "_spec")

    def __init__(self, runner: Runner, spec: DeleteSpec) -> None:
        self._runner: Runner = runner
        self._spec: DeleteSpec = spec

    def where(self, *conditions: ColumnElement[bool]) -> Self:
        """Only rows for which all conditions hold."""
        check_conditions(conditions)
        return type(self)(
            self._runner, msgspec.structs.replace(self._spec, conditions=self._spec.conditions + conditions)
        )

    def all_rows(self) -> Self:
        """Says on purpose that there is no condition."""
        return type(self)(self._runner, msgspec.structs.replace(self._spec, everything=True))

    def run(self) -> int:
        """Runs it and gives the number of rows deleted, those deleted by cascade not counted."""
        if not self._spec.conditions and not self._spec.everything:
            raise UnscopedWriteError("A delete", self._spec.table.__declaration__.name)
        return self._runner.run_delete(self._spec)
