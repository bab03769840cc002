"""Where does a database stand among the revisions? Its ledger and the files, each held against the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemaroot.engine.database import Database
from schemaroot.introspection.catalogue import Catalogue
from schemaroot.migration.compare import differences
from schemaroot.migration.errors import (
    ChecksumMismatchError,
    RevisionMissingError,
    RevisionOrderError,
    RevisionUnknownError,
)
from schemaroot.migration.history import HistoryEntry, applied, has_history, read_history
from schemaroot.migration.revisions import Revision, Revisions, standing


@dataclass(frozen=True)
class State:
    """Where a database stands.

    Attributes:
        has_history: whether there is a ledger.
        entries: its lines.
        applied: the revisions that it has, parents first.
        superseded: revisions that it has and for which a squashed one stands now.
    """

    has_history: bool
    entries: tuple[HistoryEntry, ...]
    applied: tuple[Revision, ...]
    superseded: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the applied revisions, parents first."""
        return tuple(revision.id for revision in self.applied)

    @property
    def head(self) -> str:
        """The newest applied revision, or nothing."""
        return self.applied[-1].id if self.applied else ""


def read_state(db: Database, revisions: Revisions, *, strict: bool = True) -> State:
    """Reads where a database stands.

    Args:
        db: the database; its ledger is read.
        revisions: the files.
        strict: whether a fault is raised; else the revisions that have no file are left out.

    Raises:
        RevisionMissingError, ChecksumMismatchError, RevisionOrderError, SquashedMiddleError: they do not fit.
    """
    entries = read_history(db)
    has = applied(entries)
    here, superseded = standing(has, revisions, strict=strict)
    if strict:
        for name in here:
            _check(name, has.get(name), revisions)
        check_order(here, revisions)
    known = tuple(revision for revision in revisions.ordered if revision.id in here)
    return State(has_history(db), tuple(entries), known, superseded)


def _check(name: str, entry: HistoryEntry | None, revisions: Revisions) -> None:
    revision = revisions.by_id.get(name)
    if revision is None:
        raise RevisionMissingError(name, revisions.command)
    if entry is not None and entry.checksum != revision.checksum:
        raise ChecksumMismatchError(name, revision.path, revisions.command)


def check_order(names: Mapping[str, object], revisions: Revisions) -> None:
    """Raises `RevisionOrderError` when a revision is there without one that it builds on."""
    for name in names:
        revision = revisions.by_id.get(name)
        for parent in revision.parents if revision is not None else ():
            if parent not in names:
                raise RevisionOrderError(name, parent, revisions.command)


def matching(live: Catalogue, chain: Sequence[Revision], recorded: Sequence[Catalogue]) -> tuple[int, list[str]]:
    """Which state of the chain a schema without history is in.

    Args:
        live: the schema.
        chain: the revisions in order.
        recorded: the schema before the first and after each.

    Returns:
        The number of revisions that it has, and nothing; or the number of the nearest state, and how it differs.
        A schema that holds none of the tables of the first revision has none of the revisions. Somebody's own index or
        trigger on one of our tables does not count, but of two states that fit the one with fewer of these is meant.
    """
    ours = {name for state in recorded for name in state.tables}
    if not ours.intersection(live.tables):
        return 0, []
    told = [differences(state, live, undeclared=False) for state in recorded]
    all_told = [differences(state, live) for state in recorded]
    best = min(range(1, len(recorded)), key=lambda number: (len(told[number]), len(all_told[number]), -number))
    return best, told[best]


def pending(revisions: Revisions, state: State, wanted: str, steps: int | None = None) -> list[Revision]:
    """The revisions that a database lacks on the way up, in the order in which they run.

    Args:
        revisions: the files.
        state: where the database stands.
        wanted: the revision to arrive at, by its whole name.
        steps: at most so many.
    """
    return [one for one in revisions.ancestors(wanted) if one.id not in state.names][:steps]


def leaving(revisions: Revisions, state: State, to: str | None, steps: int | None = None) -> list[Revision]:
    """The revisions that a database gives up on the way down, the newest first.

    Args:
        revisions: the files.
        state: where the database stands.
        to: the revision to stand at afterwards, or the beginning of its name; `base` for none.
        steps: at most so many; one where neither is said.

    Raises `RevisionUnknownError` for one that the database does not have.
    """
    found = list(reversed(state.applied))
    if to is not None and to != "base":
        wanted = revisions.named(to)
        if wanted.id not in state.names:
            raise RevisionUnknownError(to, state.names)
        kept = {one.id for one in revisions.ancestors(wanted.id)}
        found = [one for one in found if one.id not in kept]
    return found[: 1 if to is None and steps is None else steps]
