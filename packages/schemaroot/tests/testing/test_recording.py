"""The statements that ran, counted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from schemaroot import Col, Database, Ref, Repository, Table, auto_id, new, references, soft_delete, text
from schemaroot.errors import UniqueViolation
from schemaroot.testing import memory_database, statements, temporary_database


class Author(Table, name="authors"):
    id: Col[int] = auto_id()
    name: Col[str] = text(unique=True)
    deleted: Col[datetime | None] = soft_delete()


class Poem(Table, name="poems", search=["words"]):
    id: Col[int] = auto_id()
    author_id: Ref[Author, int] = references(lambda: Author.id, on_delete="cascade")
    words: Col[str] = text()


POEMS: list[type[Table]] = [Author, Poem]


@pytest.fixture(params=["file apsw", "file sqlite3", "memory apsw", "memory sqlite3"])
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    where, driver = request.param.split()
    with (temporary_database if where == "file" else memory_database)(POEMS, driver=driver) as made:
        authors = made.insert_many([new(Author, name=str(number)) for number in range(5)])
        made.insert_many([new(Poem, author_id=author.id, words="x") for author in authors for _ in range(3)])
        yield made


def test_a_nested_read_takes_as_many_statements_for_one_row_as_for_many(db: Database) -> None:
    with statements(db) as one:
        db.select(Author).limit(1).with_many(Poem.author_id).all()
    with statements(db) as many:
        assert len(db.select(Author).with_many(Poem.author_id).all()) == 5

    assert len(one) == len(many) == 2
    assert all(sql.startswith("SELECT") for sql in many)


def test_what_was_run_can_be_read_while_it_is_recorded(db: Database) -> None:
    with statements(db) as ran:
        db.select(Author).count()
        assert len(ran) == 1
        db.select(Author).count()
        assert ran[0] == ran[1]


def test_a_run_for_many_rows_counts_once_and_triggers_do_not_count(db: Database) -> None:
    with statements(db) as ran:
        db.insert(Poem, author_id=1, words="y")
    assert len(ran) == 1
    with statements(db) as ran:
        db.insert_many([new(Poem, author_id=1, words="z") for _ in range(3)])
    assert len(ran) == 2  # the highest key, then the rows
    with statements(db) as ran:
        assert db.delete(Author).where(Author.id == 1).run() == 1
    assert len(ran) == 1


def test_transactions_are_recorded_when_asked_for(db: Database) -> None:
    def work() -> None:
        with db.transaction(), db.transaction():
            db.update(Author).set(Author.name.to("new")).where(Author.id == 1).run()

    with statements(db) as ran:
        work()
    with statements(db, transactions=True) as all_of_it:
        work()

    assert [sql.split()[0] for sql in ran] == ["UPDATE"]
    assert [sql.split()[0] for sql in all_of_it] == ["BEGIN", "SAVEPOINT", "UPDATE", "RELEASE", "COMMIT"]


def test_streams_repositories_and_refused_writes_are_recorded(db: Database) -> None:
    authors = Repository(db, Author)
    with statements(db) as ran:
        assert len(list(db.select(Author).stream())) == 5
        authors.get(1)
        with pytest.raises(UniqueViolation):
            authors.create(name="1")
        authors.update(1, Author.name.to("first"))

    assert [sql.split()[0] for sql in ran] == ["SELECT", "SELECT", "INSERT", "UPDATE"]


def test_a_stream_inside_a_transaction_is_recorded_and_its_rows_come_one_by_one(db: Database) -> None:
    with db.transaction(), statements(db) as ran:
        rows = db.select(Author).stream()
        assert next(rows).id == 1
        assert len(list(rows)) == 4

    assert len(ran) == 1


def test_nothing_is_recorded_before_and_after(db: Database) -> None:
    db.select(Author).count()
    with statements(db) as ran:
        pass
    db.select(Author).count()
    with pytest.raises(ZeroDivisionError), statements(db) as ended:
        raise ZeroDivisionError
    db.select(Author).count()

    assert ran == ended == []
    assert type(db.driver).__module__ != "schemaroot.testing.recording"


def test_recordings_may_stand_inside_each_other(db: Database) -> None:
    with statements(db) as outer:
        db.select(Author).count()
        with statements(db) as inner:
            db.select(Poem).count()
        db.select(Author).count()

    assert (len(outer), len(inner)) == (3, 1)


def test_all_threads_are_recorded_and_new_connections_too() -> None:
    with temporary_database(POEMS) as made, statements(made) as ran:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: made.select(Author).all(), range(20)))

        assert len(ran) == 20
