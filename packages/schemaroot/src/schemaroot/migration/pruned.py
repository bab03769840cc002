"""What will not come back? A revision whose side tables were deleted on purpose gives defaults on its way down."""

from __future__ import annotations

from collections.abc import Sequence

from schemaroot.migration.history import HistoryEntry
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
