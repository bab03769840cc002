"""One contestant in a process of its own: it times blocks of an operation when told to.

    python -m benchmarks.worker NAME

Commands come as lines of JSON on standard input, answers go as lines of JSON to standard output. A process for each
keeps one library's imports, caches and garbage out of another's figures.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.columns import Values
from benchmarks.contestant import BY_NAME, UNPREPARED, Contestant, Operation, consumer, is_present, values
from benchmarks.roster import contestant

OPERATIONS = {**BY_NAME, UNPREPARED.name: UNPREPARED}
CLOCKS: dict[str, Callable[[], int]] = {"wall": time.perf_counter_ns, "cpu": time.process_time_ns}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Worker:
    """Holds a contestant and answers commands."""

    def __init__(self, held: Contestant) -> None:
        self.held = held
        self.rows: list[Values] = []
        self.path = Path()
        self.runner = asyncio.Runner()

    def wait(self, result: Any) -> Any:
        """The result, waited for when it is a coroutine."""
        if not inspect.isawaitable(result):
            return result

        async def waited() -> Any:
            return await result

        return self.runner.run(waited())

    def open(self, path: str, rows: list[Values]) -> dict[str, Any]:
        """Opens the file, and tells what is known of the contestant."""
        self.rows, self.path = rows, Path(path)
        self.wait(self.held.open(self.path))
        return {
            "title": self.held.title,
            "declares": self.held.declares,
            "library": self.held.library(),
            "pragmas": self.wait(self.held.pragmas()),
            "versions": {name: metadata.version(name) for name in self.held.packages},
            "operations": [name for name in OPERATIONS if is_present(type(self.held), name)],
        }

    def close(self) -> dict[str, Any]:
        """Closes the file."""
        self.wait(self.held.close())
        self.runner.close()
        return {}

    def arguments(self, operation: Operation, plain: list[Any]) -> list[tuple[Any, ...]]:
        """The arguments of each call; rows to insert come as numbers of the rows given when opening."""
        match operation.takes:
            case "nothing":
                return [() for _ in plain]
            case "row":
                return [(self.rows[number],) for number in plain]
            case "rows":
                return [(self.rows,) for _ in plain]
            case "ticket_title":
                return [(id_, title) for id_, title in plain]
            case _:
                return [(value,) for value in plain]

    def time(self, operation: str, arguments: list[Any], clock: str = "wall") -> dict[str, Any]:
        """Nanoseconds of as many calls as there are arguments after the first, which warms up."""
        asked = OPERATIONS[operation]
        call = getattr(self.held, operation)
        read = consumer(self.held, asked)
        first, *calls = self.arguments(asked, arguments)
        if inspect.iscoroutinefunction(call):
            return {"ns": self.runner.run(_timed_async(call, read, first, calls, CLOCKS[clock]))}
        return {"ns": _timed(call, read, first, calls, CLOCKS[clock])}

    def decode(self, repetitions: int, clock: str = "wall") -> dict[str, Any]:
        """Nanoseconds of reading all tickets as typed rows and as the driver's tuples, in turns."""
        # A library that does not give the driver's rows: it runs on the standard library's driver, asked directly here.
        direct = None
        tuples = self.held.all_ticket_tuples
        if not is_present(type(self.held), "all_ticket_tuples"):
            from benchmarks.contestant import ticket_select
            from benchmarks.floor import connect

            direct = connect(self.path)
            statement = ticket_select()

            def tuples() -> list[Any]:
                assert direct is not None
                return direct.execute(statement).fetchall()

        ask: tuple[Callable[[], Any], ...] = (self.held.all_tickets, tuples)
        now = CLOCKS[clock]
        spent = [0, 0]
        rows = 0
        for turn in range(repetitions + 1):
            for place, call in enumerate(ask):
                gc.collect()
                start = now()
                result = self.wait(call())
                ended = now()
                if turn:
                    spent[place] += ended - start
                rows = len(result)
                del result
        if direct is not None:
            direct.close()
        return {"typed_ns": spent[0] / repetitions, "tuples_ns": spent[1] / repetitions, "rows": rows}

    def values(self, operation: str, arguments: list[Any]) -> dict[str, Any]:
        """What an operation returns, in JSON: moments as milliseconds."""
        asked = OPERATIONS[operation]
        call = getattr(self.held, operation)
        results = [values(self.held, asked, self.wait(call(*given))) for given in self.arguments(asked, arguments)]
        return {"values": plain(results)}


def plain(value: Any) -> Any:
    """A value in JSON: moments as milliseconds, tuples as lists, true and false as 1 and 0."""
    match value:
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return round((aware - EPOCH).total_seconds() * 1000)
        case bool():
            return int(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case str():
            return str(value)
        case _:
            return value


def _timed(
    call: Callable[..., Any],
    read: Callable[[Any], object],
    first: tuple[Any, ...],
    calls: list[tuple[Any, ...]],
    clock: Callable[[], int],
) -> int:
    gc.collect()
    read(call(*first))
    match len(first):
        case 0:
            start = clock()
            for _ in calls:
                read(call())
            return clock() - start
        case 1:
            singles = [value for (value,) in calls]
            start = clock()
            for value in singles:
                read(call(value))
            return clock() - start
        case _:
            start = clock()
            for one, two in calls:
                read(call(one, two))
            return clock() - start


async def _timed_async(
    call: Callable[..., Awaitable[Any]],
    read: Callable[[Any], object],
    first: tuple[Any, ...],
    calls: list[tuple[Any, ...]],
    clock: Callable[[], int],
) -> int:
    gc.collect()
    read(await call(*first))
    start = clock()
    for given in calls:
        read(await call(*given))
    return clock() - start


def main() -> int:
    """Answers commands until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    try:
        worker = Worker(contestant(sys.argv[1])())
    except Exception as error:
        answers.write(json.dumps({"absent": f"{type(error).__name__}: {error}"}) + "\n")
        answers.flush()
        return 1
    answers.write(json.dumps({"ready": True}) + "\n")
    answers.flush()
    for line in sys.stdin:
        command = json.loads(line)
        verb = command.pop("do")
        try:
            answer = getattr(worker, verb)(**command)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        if verb == "close":
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
