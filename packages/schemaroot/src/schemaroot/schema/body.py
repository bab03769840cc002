"""The body of a table's class while it runs: it notices a column that is declared twice, which a plain dict forgets."""

from __future__ import annotations

from typing import Any

from schemaroot.errors import DeclarationError
from schemaroot.schema.column import ColumnSpec


class _Annotations(dict[str, Any]):
    """The annotations of a table's body."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self.table = table

    def __setitem__(self, name: str, annotation: Any) -> None:
        if name in self:
            raise _twice(self.table, name)
        super().__setitem__(name, annotation)


class Body(dict[str, Any]):
    """The namespace of a table's body; raises `DeclarationError` when a column is given a second meaning."""

    def __init__(self, table: str) -> None:
        super().__init__(__annotations__=_Annotations(table))
        self.table = table

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self and (isinstance(value, ColumnSpec) or isinstance(self[name], ColumnSpec)):
            raise _twice(self.table, name)
        super().__setitem__(name, value)


def _twice(table: str, name: str) -> DeclarationError:
    return DeclarationError(
        f"{table}.{name}", "is declared twice in the class body", hint="Keep one, or give the other another name."
    )
