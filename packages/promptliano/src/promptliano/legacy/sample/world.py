"""What does a sample know while it is made? Its projects, what belongs to each, and the rows so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from promptliano.legacy.sample.content import Content
from promptliano.legacy.sample.words import Theme
from promptliano.legacy.sample.writing import Row, Value


@dataclass(frozen=True)
class StoredFile:
    """One file of a project as rows name it: its id (as text, like JSON lists hold it) and its path."""

    id: str
    path: str


@dataclass
class Project:
    """One project and the ids of what belongs to it."""

    id: int
    theme: Theme
    created: int
    files: list[StoredFile] = field(default_factory=list[StoredFile])
    prompts: list[int] = field(default_factory=list[int])
    queues: list[int] = field(default_factory=list[int])


class World:
    """A sample in the making. Rows are added table by table and written once all are there."""

    def __init__(self, scale: int, seed: int) -> None:
        if scale < 0:
            raise ValueError(f"a sample's scale is 0 (tiny), 1 (some thousand rows) or more, not {scale}")
        self.scale: int = scale
        self.content: Content = Content(seed)
        self.projects: list[Project] = []
        self.rows: dict[str, list[Row]] = {}
        self._positions: dict[int, int] = {}

    def add(self, table: str, values: Mapping[str, Value]) -> Row:
        """Add a row to a table and give it back, open for changes until the sample is written."""
        row = dict(values)
        self.rows.setdefault(table, []).append(row)
        return row

    def sized(self, tiny: int, full: int) -> int:
        """Give how many of a thing there are: `tiny` at scale 0, `full` times the scale above."""
        return full * self.scale if self.scale else tiny

    def next_position(self, queue: int) -> int:
        """Give the next place in a queue; tickets and tasks share one count, starting at 1."""
        self._positions[queue] = self._positions.get(queue, 0) + 1
        return self._positions[queue]
