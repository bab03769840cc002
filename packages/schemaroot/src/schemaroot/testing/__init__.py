"""For users' own tests: databases that vanish, the statements that ran, strategies for Hypothesis.

    db = database_fixture([Customer, Order])           # in conftest.py

    def test_a_page_of_orders_takes_two_statements(db: Database) -> None:
        with statements(db) as ran:
            db.select(Order).with_many(Line.order_id).all()

        assert len(ran) == 2

`schemaroot.testing.strategies` needs Hypothesis, `database_fixture` needs pytest; nothing else here does.
"""

from schemaroot.testing.databases import database_fixture, memory_database, temporary_database
from schemaroot.testing.recording import statements

__all__ = ["database_fixture", "memory_database", "statements", "temporary_database"]
