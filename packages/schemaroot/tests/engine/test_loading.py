"""What is loaded when: declaring tables loads no SQLAlchemy, opening a database loads no asyncio."""

from __future__ import annotations

import subprocess
import sys


def told_by(code: str) -> str:
    """What a fresh process prints."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_declaring_tables_does_not_load_sqlalchemy_or_pydantic() -> None:
    code = """
import sys
from schemaroot import Col, Table, auto_id, text

class Word(Table, name="words"):
    id: Col[int] = auto_id()
    word: Col[str] = text()

Word.word == "x"
print([name for name in ("sqlalchemy", "pydantic") if name in sys.modules])
"""

    assert told_by(code) == "[]"


def test_opening_a_database_does_not_load_asyncio_which_then_works_as_ever() -> None:
    code = """
import sys
from schemaroot import Database
Database.memory([]).close()
print("asyncio" in sys.modules)

import asyncio
from sqlalchemy.util import concurrency

async def seven():
    return 7

coroutine = seven()
print(concurrency.iscoroutine(coroutine), asyncio.run(coroutine))
print(concurrency.asyncio.CancelledError is asyncio.CancelledError)
"""

    assert told_by(code).split() == ["False", "True", "7", "True"]


def test_asyncio_that_is_loaded_already_is_left_alone() -> None:
    code = """
import asyncio
from schemaroot import Database
import sqlalchemy.util.concurrency as concurrency
print(concurrency.asyncio is asyncio)
"""

    assert told_by(code) == "True"
