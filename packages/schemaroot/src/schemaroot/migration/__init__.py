"""From one schema to the next and back, without losing a row: diff, revisions, lint, runner, backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemaroot.migration.op import op as op

__all__ = ["op"]


def __getattr__(name: str) -> object:
    """Loads `op`, and Alembic with it, when it is asked for: a program's start asks for neither."""
    if name == "op":
        from schemaroot.migration.op import op

        return op
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
