"""What did an import do? Counts per source table that add up, the rules that were used, and what was derived anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias, cast

from promptliano.legacy.rules import RULES
from schemaroot import JsonValue

Outcome: TypeAlias = Literal["imported", "repaired", "merged", "archived", "quarantined"]

OUTCOMES: tuple[Outcome, ...] = ("imported", "repaired", "merged", "archived", "quarantined")


@dataclass
class TableAccount:
    """What became of the rows of one source table; `read` is the sum of the other five."""

    source: str
    read: int = 0
    imported: int = 0
    repaired: int = 0
    merged: int = 0
    archived: int = 0
    quarantined: int = 0

    def add(self, outcome: Outcome) -> None:
        """Counts one row."""
        self.read += 1
        setattr(self, outcome, getattr(self, outcome) + 1)

    def counts(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in ("read", *OUTCOMES)}


@dataclass
class ImportReport:
    """What an import did.

    Attributes:
        source: the file that was read.
        target: the database that was written.
        tables: an account for each source table.
        rules: how often each rule was used.
        derived: source tables that are made anew and not read, such as search indexes.
        already_imported: whether the target held this source already, so that nothing was done.
    """

    source: str
    target: str
    tables: list[TableAccount] = field(default_factory=list[TableAccount])
    rules: Counter[str] = field(default_factory=Counter[str])
    derived: list[str] = field(default_factory=list[str])
    already_imported: bool = False

    @property
    def totals(self) -> dict[str, int]:
        """The counts of all tables together."""
        return {name: sum(table.counts()[name] for table in self.tables) for name in ("read", *OUTCOMES)}

    def to_document(self) -> dict[str, JsonValue]:
        """The report as a JSON document."""
        return {
            "source": self.source,
            "target": self.target,
            "tables": [cast("dict[str, JsonValue]", asdict(table)) for table in self.tables],
            "totals": cast("dict[str, JsonValue]", self.totals),
            "rules": cast("dict[str, JsonValue]", dict(sorted(self.rules.items()))),
            "derived": cast("list[JsonValue]", self.derived),
        }

    @classmethod
    def from_document(cls, document: dict[str, JsonValue]) -> ImportReport:
        """The report that `to_document` gave."""
        said = cast("dict[str, list[dict[str, int]]]", document)
        return cls(
            cast(str, document["source"]),
            cast(str, document["target"]),
            [
                TableAccount(cast(str, table["source"]), *(table[name] for name in ("read", *OUTCOMES)))
                for table in said["tables"]
            ],
            Counter(cast("dict[str, int]", document["rules"])),
            cast("list[str]", document["derived"]),
        )

    def text(self) -> str:
        """The report for reading: a table of counts, then the rules with what they say."""
        names = ("read", *OUTCOMES)
        rows = [(table.source, table.counts()) for table in self.tables if table.read]
        rows.append(("total", self.totals))
        width = max(len(source) for source, _ in rows)
        lines = [f"{self.source} -> {self.target}" + (" (already imported)" if self.already_imported else ""), ""]
        lines.append(" ".join([" " * width, *(f"{name:>11}" for name in names)]))
        for source, counts in rows:
            lines.append(" ".join([f"{source:<{width}}", *(f"{counts[name] or '-':>11}" for name in names)]))
        if empty := [table.source for table in self.tables if not table.read]:
            lines += ["", f"Empty: {', '.join(empty)}"]
        if self.derived:
            lines += ["", f"Made anew, not read: {', '.join(self.derived)}"]
        if self.rules:
            lines += ["", "Rules:"]
            lines += [f"  {count:>6}  {name}: {_meaning(name)}" for name, count in sorted(self.rules.items())]
        return "\n".join(lines) + "\n"


def _meaning(rule: str) -> str:
    name, _, column = rule.partition(":")
    return RULES.get(name) or f"values of {column} do not fit their column here, so that their rows are set aside"
