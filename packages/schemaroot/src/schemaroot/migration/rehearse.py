"""Does the whole way work on this very data? Tried on a copy: there, back to where it began, and there again."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from schemaroot.backup.create import copy_pages, make_folder
from schemaroot.backup.digest import content_tables, digest_tables
from schemaroot.engine import dialect
from schemaroot.engine.database import Database
from schemaroot.errors import DatabaseError, SchemarootError
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.introspection.read import is_internal, read_catalogue
from schemaroot.migration.apply import Circumstances, Clock, Step, apply_step
from schemaroot.migration.compare import differences
from schemaroot.migration.errors import IrreversibleError, LintError, RehearsalError
from schemaroot.migration.fence import Fence
from schemaroot.migration.session import Session

_PREFIX = "rehearsal-"
_SEQUENCE = "sqlite_sequence"


@dataclass(frozen=True)
class Fingerprint:
    """All that must be equal after going there and back: the schema, the content of each table, the next ids."""

    catalogue: Catalogue
    digests: dict[str, str]
    sequences: dict[str, int]

    @classmethod
    def of(cls, session: Session) -> Fingerprint:
        """What a database holds now, the tables that migrations keep for themselves left out."""
        connection = session.connection
        named = [name for name in content_tables(connection) if not is_internal(name)]
        tables = [name for name in named if not name.startswith("sqlite_")]
        digests = {name: made.digest for name, made in digest_tables(connection, tables).items()}
        ids = sa.table(_SEQUENCE, sa.column("name", sa.TEXT()), sa.column("seq", sa.INTEGER()))
        sequences = session.db.all(sa.select(ids.c.name, ids.c.seq)) if _SEQUENCE in named else []
        catalogue = read_catalogue(connection)
        highest = {name: _highest_id(session, catalogue, name) for name, _ in sequences if not is_internal(name)}
        return cls(
            catalogue, digests, {name: max(last or 0, highest[name]) for name, last in sequences if name in highest}
        )

    def differences(self, other: Fingerprint) -> list[str]:
        """What is different in the other, a phrase each."""
        said = differences(self.catalogue, other.catalogue)
        said += [f"{name} appeared" for name in other.catalogue.tables if name not in self.catalogue.tables]
        for name, digest in self.digests.items():
            if name in other.digests and other.digests[name] != digest:
                said.append(f"the content of {name} is not the same")
        for name, number in self.sequences.items():
            if other.sequences.get(name) != number:
                said.append(f"the next id of {name} is not the same")
        return said


def _highest_id(session: Session, catalogue: Catalogue, name: str) -> int:
    """The highest id among the rows of a table; the next one lies above it, whatever SQLite noted as given."""
    key = catalogue.tables[name].integer_key if name in catalogue.tables else None
    if key is None:
        return 0
    ids = sa.table(name, sa.column(key, sa.INTEGER()))
    return int(session.db.one(sa.select(sa.func.coalesce(sa.func.max(ids.c[key]), 0)))[0])


def rehearse(session: Session, steps: Sequence[Step], numbers: Sequence[int], circumstances: Circumstances) -> Clock:
    """Goes through the steps on a copy, back, and through them again.

    Args:
        session: the database; it is only read.
        steps: what is to be done.
        numbers: the schema number before each step, for the way back.
        circumstances: as for the real run.

    Returns:
        How long each kind of work took on the copy.

    Raises:
        RehearsalError: something failed, or the way back does not lead back; the database itself was not touched.
    """
    clock = Clock()
    own = replace(circumstances, clock=clock, backup=None, note="rehearsal", on_statement=None)
    back = [step.reversed(number) for step, number in zip(reversed(steps), reversed(numbers), strict=True)]
    say = circumstances.watcher.progress
    backup = str(circumstances.backup or "")
    with _copy(session) as copy, Fence().around(session.connection):
        start = Fingerprint.of(copy)
        total = 3 * len(steps)
        done = 0

        def go(stage: str, some: Sequence[Step]) -> Fingerprint:
            nonlocal done
            for step in some:
                say("rehearsal", done, total)
                try:
                    apply_step(copy, step, own)
                except (IrreversibleError, LintError, DatabaseError):
                    raise  # the revision is not at fault
                except SchemarootError as error:
                    raise RehearsalError(f"{stage}, {step.revision}", error.message, backup=backup) from error
                done += 1
            say("rehearsal", done, total)
            return Fingerprint.of(copy)

        first = go("there", steps)
        try:
            returned = go("back", back)
        except IrreversibleError as error:
            circumstances.watcher.say(f"The way back was not rehearsed: {error.message}")
            return clock
        _require_equal(f"back, {steps[0].revision}", start, returned, backup)
        _require_equal(f"there again, {steps[-1].revision}", first, go("there again", steps), backup)
    return clock


def _require_equal(stage: str, wanted: Fingerprint, found: Fingerprint, backup: str) -> None:
    said = wanted.differences(found)
    if said:
        raise RehearsalError(stage, "; ".join(said[:5]), backup=backup)


@contextmanager
def _copy(session: Session) -> Generator[Session]:
    """A copy of the database, opened for writing, and gone afterwards."""
    database = Path(session.db.path)
    folder = make_folder(database)
    remove_rehearsals(folder)
    path = folder / f"{_PREFIX}{os.getpid()}.db"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    driver = session.connection.driver
    try:
        session.connection.execute(dialect.BEGIN_READ).fetchall()
        try:
            copy_pages(session.connection, path)
        finally:
            session.connection.rollback()
        db = Database.open(f"sqlite:///{path}", driver=driver.name, durability="off")
        with Session(db) as copy:
            yield copy
    finally:
        remove_rehearsals(folder)


def remove_rehearsals(folder: Path) -> None:
    """Removes the copies that a rehearsal left when it was killed; for who holds the lock on migrations."""
    for left in folder.glob(f"{_PREFIX}*.db*"):
        left.unlink(missing_ok=True)
