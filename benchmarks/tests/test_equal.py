"""The floor is an honest opponent: it returns what we return, field by field and type by type, and so do the peers."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from benchmarks import data
from benchmarks.columns import TASK_COLUMNS, TICKET_COLUMNS
from benchmarks.contestant import OPERATIONS, PRAGMAS, Contestant, Operation, values
from benchmarks.measure import Absent, Copies, WorkerProcess, arguments
from benchmarks.peers import drizzle
from benchmarks.roster import FLOOR, OWN, PEERS, contestant

SCALE = 0.1
TYPED = ("floor_apsw", "ours", "ours_sqlite3")
WRITES = {"update_1", "insert_1", "insert_100"}
SET_BY_WRITES = {"id", "created", "updated"}
READS = [operation.name for operation in OPERATIONS if operation.name not in WRITES]


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    folder = tmp_path_factory.mktemp("equal")
    pristine = folder / "pristine.db"
    data.build(pristine, SCALE)
    return Copies(pristine, folder)


@pytest.fixture
def floor(copies: Copies) -> Iterator[Contestant]:
    held = contestant(FLOOR)()
    held.open(copies.fresh(FLOOR))
    yield held
    held.close()


@pytest.fixture
def other(copies: Copies, request: pytest.FixtureRequest) -> Iterator[Contestant]:
    name: str = request.param
    held = contestant(name)()
    held.open(copies.fresh(name))
    yield held
    held.close()


def calls(operation: Operation) -> list[tuple[Any, ...]]:
    """Some calls: every project, every tenth ticket, and the rows to insert."""
    rows = data.inserts(SCALE)
    match operation.takes:
        case "nothing":
            return [()]
        case "project":
            return [(project,) for project in range(1, data.PROJECTS + 1)]
        case "ticket":
            return [(id_,) for id_ in data.live_ids(SCALE)[::10]]
        case "ticket_title":
            return [(id_, f"Title {id_}") for id_ in data.live_ids(SCALE)[::40]]
        case "row":
            return [(row,) for row in rows[:10]]
        case "rows":
            return [(rows,)]


def typed(value: Any) -> Any:
    """The value with the type of each part, so that 1 is not True and 2.0 is not 2."""
    match value:
        case dict():
            return {key: typed(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(typed(item) for item in value)
        case datetime():
            return ("datetime", value, str(value.tzinfo))
        case _:
            return (type(value).__name__, value)


def without_moments_of_writing(row: tuple[Any, ...], operation: str) -> tuple[Any, ...]:
    """A ticket without what differs from one write to the next."""
    hidden = SET_BY_WRITES if operation.startswith("insert") else {"updated"}
    return tuple(value for name, value in zip(TICKET_COLUMNS, row, strict=True) if name not in hidden)


@pytest.mark.parametrize("other", TYPED, indirect=True)
@pytest.mark.parametrize("name", READS)
def test_reads_return_what_the_floor_returns(floor: Contestant, other: Contestant, name: str) -> None:
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    for given in calls(operation):
        expected = values(floor, operation, getattr(floor, name)(*given))
        got = values(other, operation, getattr(other, name)(*given))

        assert typed(got) == typed(expected)


@pytest.mark.parametrize("other", TYPED, indirect=True)
@pytest.mark.parametrize("name", sorted(WRITES))
def test_writes_return_what_the_floor_returns(floor: Contestant, other: Contestant, name: str) -> None:
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    for given in calls(operation):
        expected = values(floor, operation, getattr(floor, name)(*given))
        got = values(other, operation, getattr(other, name)(*given))
        if operation.gives == "ticket":
            expected, got = [expected], [got]

        assert [row[0] for row in got] == [row[0] for row in expected]
        assert typed([without_moments_of_writing(row, name) for row in got]) == typed(
            [without_moments_of_writing(row, name) for row in expected]
        )


@pytest.mark.parametrize("other", ["floor", *TYPED], indirect=True)
def test_what_a_write_returns_is_what_is_stored(other: Contestant) -> None:
    rows = data.inserts(SCALE)
    returned = [
        *other.insert_100(rows),
        other.insert_1(rows[0]),
        other.update_1(data.live_ids(SCALE)[0], "Another title"),
    ]

    read = [other.get_by_id(ticket.id) for ticket in returned]

    assert read == returned
    assert all(ticket.updated.microsecond % 1000 == 0 for ticket in returned)


@pytest.mark.parametrize("other", ["floor", *TYPED], indirect=True)
def test_the_decoded_rows_are_the_drivers_rows(other: Contestant) -> None:
    rows = other.all_tickets()
    tuples = other.all_ticket_tuples()

    assert [tuple(data.stored(value) for value in other.ticket_values(row)) for row in rows] == [
        tuple(
            json.dumps(json.loads(value), separators=(",", ":"), ensure_ascii=False) if place in range(6, 11) else value
            for place, value in enumerate(row)
        )
        for row in tuples
    ]


@pytest.mark.parametrize("other", ["floor", *TYPED], indirect=True)
def test_every_connection_has_the_same_settings(other: Contestant) -> None:
    assert other.pragmas() == PRAGMAS


def test_the_data_set_is_the_same_each_time_and_fills_its_lists(copies: Copies) -> None:
    first, second = data.dataset(SCALE), data.dataset(SCALE)

    assert first == second
    assert len([row for row in first.tickets if row["deleted"] is None]) == data.TICKETS * SCALE
    assert len([row for row in first.tasks if row["deleted"] is None]) == data.TASKS * SCALE
    for rows, columns in ((first.tickets, TICKET_COLUMNS), (first.tasks, TASK_COLUMNS)):
        assert len({row["created"] for row in rows}) == len(rows)
        for name in columns:
            held = [row[name] for row in rows]
            if isinstance(held[0], list | dict):
                assert [] in held or {} in held
                assert any(held)


def test_a_worker_that_fails_is_absent_with_its_reason(copies: Copies) -> None:
    worker = WorkerProcess(FLOOR, copies.folder / "no such folder" / "x.db", "wall")
    try:
        with pytest.raises(Absent, match="unable to open"):
            worker.open([])
    finally:
        worker.end()


@pytest.fixture(scope="module")
def expected(copies: Copies) -> dict[str, Any]:
    return answers(FLOOR, copies)


def answers(name: str, copies: Copies) -> dict[str, Any]:
    """What a contestant answers in its own process, moments as milliseconds."""
    path = copies.fresh(name)
    try:
        worker = WorkerProcess(name, path, "wall")
    except Absent as error:
        pytest.skip(f"{name}: {error}")
    ids, titles = data.live_ids(SCALE), ["A title", "Überschrift"]
    dice = random.Random(7)
    found: dict[str, Any] = {}
    try:
        worker.open(data.inserts(SCALE))
        for operation in OPERATIONS:
            given = arguments(operation, dice, 3, ids, titles)
            results = worker.ask("values", operation=operation.name, arguments=given)["values"]
            found[operation.name] = [without_times(operation, result) for result in results]
    finally:
        worker.end()
    with sqlite3.connect(path) as connection:
        found["stored"] = connection.execute("SELECT count(*), sum(length(title)) FROM tickets").fetchone()
    connection.close()
    return found


def without_times(operation: Operation, result: Any) -> Any:
    if operation.name not in WRITES:
        return result
    rows = [result] if operation.gives == "ticket" else result
    return [without_moments_of_writing(row, operation.name) for row in rows]


@pytest.mark.parametrize("name", [*(name for name in OWN if name not in (FLOOR, "floor_tuples")), *PEERS])
def test_every_contestant_gives_the_same_answers_in_its_own_process(
    copies: Copies, expected: dict[str, Any], name: str
) -> None:
    if name == "drizzle" and not drizzle.is_installed():
        pytest.skip("drizzle: a run of the benchmarks installs it, a test does not")

    got = answers(name, copies)

    for operation, answer in expected.items():
        assert got[operation] == answer, operation
