"""For users' own tests: databases that vanish, the statements that ran, revisions held to rows, strategies.

    db = database_fixture([Customer, Order])           # in conftest.py

    def test_a_page_of_orders_takes_two_statements(db: Database) -> None:
        with statements(db) as ran:
            db.select(Order).with_many(Line.order_id).all()

        assert len(ran) == 2

`schemaroot.testing.strategies` needs Hypothesis, `database_fixture` needs pytest; nothing else here does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemaroot.testing.databases import database_fixture, memory_database, temporary_database
from schemaroot.testing.recording import statements

if TYPE_CHECKING:
    from schemaroot.testing.migrations import assert_migration as assert_migration

__all__ = ["assert_migration", "database_fixture", "memory_database", "statements", "temporary_database"]


def __getattr__(name: str) -> object:
    """Loads `assert_migration`, and Alembic with it, when it is asked for; most tests need neither."""
    if name == "assert_migration":
        from schemaroot.testing.migrations import assert_migration

        return assert_migration
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
