"""In which states do queue columns stand? Every one that the old applications left behind, tidy or not."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from promptliano.legacy.sample.content import DAY, HOUR, MINUTE
from promptliano.legacy.sample.world import Project, World
from promptliano.legacy.sample.writing import Row

Shape: TypeAlias = Literal[
    "unqueued",
    "in_progress",
    "unqueued_zero",  # never queued, the priority that the table itself fills in
    "queued",
    "queued_unplaced",  # enqueued by the code path that gave no position
    "queued_zero",  # priority 0: "no priority"
    "queued_null",  # priority NULL: the same
    "retried",  # taken again after a failure: the old error and times are still there
    "completed",
    "completed_along",  # marked together with its ticket: nobody took it, it never started
    "failed",
    "failed_silently",  # the error text is empty
    "cancelled",
    "unmarked",  # in a queue without a status; counted as queued
    "left_over",  # a status without a queue
    "finished_outside",  # "complete ticket": out of the queue, the times are kept
]
"""The name of a state of the ten queue columns."""

SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
"""All of them; the first tickets and the first tasks of a sample go through them in turn."""

_WEIGHTS: Final[dict[Shape, int]] = {"unqueued": 40, "queued": 12, "completed": 9, "in_progress": 4, "failed": 3}
_OUTSIDE: Final[frozenset[Shape]] = frozenset({"unqueued", "unqueued_zero", "left_over", "finished_outside"})
_STARTED: Final[frozenset[Shape]] = frozenset(
    {"in_progress", "retried", "completed", "failed", "failed_silently", "cancelled", "finished_outside"}
)
_ENDED: Final[frozenset[Shape]] = frozenset(
    {"retried", "completed", "completed_along", "failed", "failed_silently", "finished_outside"}
)
_STATUSES: Final[dict[Shape, str | None]] = {
    "unqueued": None,
    "unqueued_zero": None,
    "retried": "in_progress",
    "in_progress": "in_progress",
    "completed": "completed",
    "completed_along": "completed",
    "failed": "failed",
    "failed_silently": "failed",
    "cancelled": "cancelled",
    "unmarked": None,
    "finished_outside": None,
}


def shape_of(world: World, number: int) -> Shape:
    """Give the state of the ticket or task with this number: first each once, then the common ones more often."""
    if number < len(SHAPES):
        return SHAPES[number]
    return world.content.chance.choices(SHAPES, weights=[_WEIGHTS.get(shape, 1) for shape in SHAPES])[0]


def queue_columns(world: World, project: Project, shape: Shape, moment: int, agent: str) -> Row:
    """Give the ten queue columns for something made at `moment` that is in this state now."""
    content = world.content
    inside = shape not in _OUTSIDE
    queue = content.pick(project.queues) if inside else None
    placed = queue is not None and shape != "queued_unplaced"
    queued_at = content.after(moment, HOUR, 3 * DAY)
    started_at = content.after(queued_at, MINUTE, 12 * HOUR)
    completed_at = content.after(started_at, MINUTE, 2 * HOUR)
    took_time = shape in _STARTED and shape in _ENDED
    return {
        "queue_id": queue,
        "queue_position": world.next_position(queue) if placed and queue is not None else None,
        "queue_status": _STATUSES.get(shape, "queued"),
        "queue_priority": _priority(world, shape),
        "queued_at": queued_at if inside or shape == "left_over" else None,
        "queue_started_at": started_at if shape in _STARTED else None,
        "queue_completed_at": completed_at if shape in _ENDED else None,
        "queue_agent_id": agent if shape in _STARTED else None,
        "queue_error_message": _error(world, project, shape),
        "estimated_processing_time": content.pick((15, 30, 90)) * MINUTE if inside and content.maybe(0.3) else None,
        "actual_processing_time": completed_at - started_at if took_time else None,
    }


def latest(moment: int, row: Row) -> int:
    """Give the last moment at which the queue touched the row, or `moment` when it never did."""
    stamps = (row["queued_at"], row["queue_started_at"], row["queue_completed_at"])
    return max(moment, *(stamp for stamp in stamps if isinstance(stamp, int)), moment)


def _priority(world: World, shape: Shape) -> int | None:
    if shape in ("unqueued", "queued_null"):
        return None
    if shape in ("unqueued_zero", "queued_zero", "finished_outside"):
        return 0
    return world.content.chance.randint(1, 9)


def _error(world: World, project: Project, shape: Shape) -> str | None:
    if shape in ("failed", "retried"):
        return world.content.error(project.theme)
    return "" if shape == "failed_silently" else None
