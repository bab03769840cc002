"""What will not come back? What was deleted on purpose, and what is kept for a revision that was squashed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schemaroot.migration.history import HistoryEntry
from schemaroot.migration.kept import Kept
from schemaroot.migration.lint import Finding


def lost_on_the_way_down(entries: Sequence[HistoryEntry], revision: str) -> list[Finding]:
    """The finding that values of a revision were pruned since it last came; none where they were not.

    Args:
        entries: the ledger, in order.
        revision: the revision that is to be taken back.
    """
    found: list[Finding] = []
    for entry in reversed([one for one in entries if one.revision == revision]):
        if entry.event != "prune":
            break
        sides = ", ".join(
            f"{count['before']:,} rows of {name}" for name, count in entry.rows.items() if count["before"] is not None
        )
        found.append(
            Finding(
                "KEPT_VALUES_PRUNED",
                "warning",
                revision,
                f"what it took away was deleted on {entry.applied:%Y-%m-%d} ({entry.note}): {sides}; those rows get"
                " defaults, and tables come back empty",
                "# restore a backup from before the revision where the values are needed",
                revision,
            )
        )
    return found


def lost_by_squash(kept: Sequence[Kept], squashed: str, replaced: Collection[str], command: str) -> list[Finding]:
    """The findings that kept values stay in the database and come back by nothing; one for each side table with rows.

    Args:
        kept: what is kept in the database.
        squashed: the revision that stands for the others.
        replaced: those others.
        command: how migrations are called on the command line.
    """
    return [
        Finding(
            "KEPT_VALUES_SQUASHED",
            "warning",
            one.table,
            f"{one.rows:,} kept rows in {one.side} belong to {one.revision}, for which {squashed} stands now; no"
            f" {'down' if one.direction == 'up' else 'up'} brings them back",
            f'{command} prune {one.revision} --reason "squashed"  # where they are not needed',
            squashed,
        )
        for one in kept
        if one.revision in replaced and one.rows
    ]
