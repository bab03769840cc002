"""What is loaded when: declaring tables loads no SQLAlchemy, opening a database only what it needs."""

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


def test_opening_and_reading_a_database_does_not_load_openssl_mail_or_archives() -> None:
    code = """
import sys
from schemaroot import Col, Database, Repository, Table, auto_id, text

class Word(Table, name="words"):
    id: Col[int] = auto_id()
    word: Col[str] = text()

with Database.memory([Word]) as db:
    words = Repository(db, Word)
    words.create(word="x")
    print(words.all())
print([name for name in ("_hashlib", "_ssl", "importlib.metadata", "email", "zipfile") if name in sys.modules])
"""

    assert told_by(code).splitlines() == ["[Word(id=1, word='x')]", "[]"]


def test_what_was_put_off_works_as_ever() -> None:
    code = """
import schemaroot
schemaroot.Database

from sqlalchemy.util import compat
print(compat.md5_not_for_security().hexdigest()[:8])
print(any(entry.name == "pytest" for entry in compat.importlib_metadata_get("console_scripts")))
import hashlib, importlib.metadata, sys
print(sys.modules["hashlib"] is hashlib, importlib.metadata is sys.modules["importlib.metadata"])
print(importlib.metadata.version("schemaroot") != "", hashlib.sha256(b"").hexdigest()[:8])
"""

    assert told_by(code).split() == ["d41d8cd9", "True", "True", "True", "True", "e3b0c442"]


def test_asyncio_that_is_loaded_already_is_left_alone() -> None:
    code = """
import asyncio
from schemaroot import Database
import sqlalchemy.util.concurrency as concurrency
print(concurrency.asyncio is asyncio)
"""

    assert told_by(code) == "True"
