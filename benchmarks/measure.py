"""Runs the workers against each other: interleaved blocks, medians, costs of importing and of memory."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks import data
from benchmarks.columns import TICKET_COLUMNS, Values
from benchmarks.contestant import BUSY_MS, BY_NAME, OPERATIONS, PRAGMAS, UNPREPARED, Operation, pragma_statements
from benchmarks.migration import MIGRATION, ROWS, measure_migration
from benchmarks.roster import FLOOR, OURS

ROOT = Path(__file__).resolve().parent.parent

SLOWEST = 5
"""A block takes at most so many times as long as the floor's."""

Say = Callable[[str], None]
"""Tells about progress."""


@dataclass(frozen=True)
class Settings:
    """How long and on what to measure."""

    scale: float = 1
    processes: int = 3
    rounds: int = 5
    block_ms: float = 30
    imports: int = 7
    residents: int = 3
    clock: Literal["wall", "cpu"] = "wall"
    seed: int = 20_240_108
    operations: tuple[str, ...] = ()
    migrated_rows: int = ROWS
    """Rows of the table that is migrated; 0 for none."""

    def measures(self, operation: str) -> bool:
        """Whether an operation is asked for; all are when none is named."""
        return not self.operations or operation in self.operations

    @property
    def timed(self) -> list[Operation]:
        """The operations that are timed in blocks."""
        return [operation for operation in (*OPERATIONS, UNPREPARED) if self.measures(operation.name)]


@dataclass
class Found:
    """What was measured: medians by operation and contestant, and who was there."""

    medians: dict[str, dict[str, float]] = field(default_factory=dict)
    repetitions: dict[str, int] = field(default_factory=dict)
    contestants: dict[str, dict[str, Any]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Missing(Exception):
    """The floor or ours cannot run, so that there is nothing to compare."""


class Absent(Exception):
    """A contestant cannot run here."""


class WorkerProcess:
    """A contestant's process and the copy of the database that it works on."""

    def __init__(self, name: str, path: Path, clock: str) -> None:
        self.name = name
        self.clock = clock
        self.path = path
        self.process = subprocess.Popen(
            contestant_command(name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment(),
            text=True,
            encoding="utf-8",
        )
        try:
            self.answer()
        except BaseException:
            self.end()
            raise

    def answer(self) -> dict[str, Any]:
        """The next line of the worker."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Absent(f"its process ended with code {self.process.wait()}")
        said: dict[str, Any] = json.loads(line)
        if "absent" in said:
            raise Absent(str(said["absent"]))
        if "error" in said:
            raise Absent(str(said["error"]))
        return said

    def ask(self, verb: str, **command: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"do": verb, **command}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Absent(f"its process ended with code {self.process.wait()}") from None
        return self.answer()

    def open(self, rows: list[Values]) -> dict[str, Any]:
        """Opens the database in the worker."""
        return self.ask("open", path=str(self.path), rows=rows)

    def time(self, operation: str, arguments: list[Any]) -> float:
        """Nanoseconds per call over all arguments but the first, which warms up."""
        spent: float = self.ask("time", operation=operation, arguments=arguments, clock=self.clock)["ns"]
        return spent / (len(arguments) - 1)

    def end(self) -> None:
        """Ends the process, whatever its state."""
        if self.process.poll() is None:
            try:
                self.ask("close")
                self.process.wait(10)
            except (Absent, subprocess.TimeoutExpired, OSError, ValueError):
                self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def environment() -> dict[str, str]:
    """The environment of the processes that measure: ours, with the checkout on the path."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def contestant_command(name: str) -> list[str]:
    """The command that starts a contestant's worker."""
    if name == "drizzle":
        from benchmarks.peers import drizzle  # looks for Node

        try:
            return drizzle.command()
        except drizzle.NotHere as error:
            raise Absent(str(error)) from error
    return [sys.executable, "-m", "benchmarks.worker", name]


class Copies:
    """Copies of the database for the contestants, and what puts each back as it was after writes."""

    def __init__(self, pristine: Path, folder: Path) -> None:
        self.pristine = pristine
        self.folder = folder
        with closing(sqlite3.connect(pristine)) as connection:
            self.last_id: int = connection.execute("SELECT max(id) FROM tickets").fetchone()[0]

    def fresh(self, name: str) -> Path:
        """A new copy."""
        path = self.folder / f"{name}.db"
        for leftover in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            leftover.unlink(missing_ok=True)
        shutil.copyfile(self.pristine, path)
        return path

    def restore(self, path: Path) -> None:
        """Deletes what was inserted and empties the write-ahead log, outside of what is timed."""
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
        try:
            for statement in pragma_statements():
                connection.execute(statement)
            connection.execute("DELETE FROM tickets WHERE id > ?", (self.last_id,))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()


def arguments(operation: Operation, dice: random.Random, calls: int, ids: list[int], titles: list[str]) -> list[Any]:
    """What `calls` calls of an operation are given: the same for every contestant."""
    match operation.takes:
        case "nothing" | "rows":
            return [None] * calls
        case "ticket":
            return [dice.choice(ids) for _ in range(calls)]
        case "project":
            return [dice.randint(1, data.PROJECTS) for _ in range(calls)]
        case "row":
            return [dice.randrange(100) for _ in range(calls)]
        case "ticket_title":
            return [[dice.choice(ids), f"{dice.choice(titles)} {dice.randint(1, 999)}"] for _ in range(calls)]


def measure(names: Iterable[str], settings: Settings, folder: Path, say: Say) -> Found:
    """Times all operations of the contestants, the floor among them."""
    found = Found()
    folder.mkdir(parents=True, exist_ok=True)
    pristine = folder / "pristine.db"
    say(f"writing the data set at scale {settings.scale:g}")
    data.build(pristine, settings.scale)
    copies = Copies(pristine, folder)
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    dice = random.Random(settings.seed)
    running = list(names)
    for number in range(settings.processes):
        with ExitStack() as stack:
            workers: dict[str, WorkerProcess] = {}
            for name in list(running):
                try:
                    workers[name] = _start(name, copies, settings, stack, found)
                except Absent as error:
                    found.absent[name] = str(error)
                    running.remove(name)
                    say(f"{name} is absent: {error}")
            for name in (FLOOR, OURS):
                if name not in workers:
                    raise Missing(f"{name} cannot run: {found.absent[name]}")
            calls = _calibrate(workers, copies, settings, found)
            for turn in range(settings.rounds):
                say(f"process {number + 1}/{settings.processes}, round {turn + 1}/{settings.rounds}")
                _round(workers, calls, copies, settings, found, samples, dice)
            for name in [name for name in running if name not in workers]:
                running.remove(name)
    for name in running:
        for operation, times in samples[name].items():
            found.medians.setdefault(operation, {})[name] = statistics.median(times)
    _costs(running, settings, folder, copies, found, say)
    if settings.migrated_rows and any(map(settings.measures, MIGRATION)):
        figures = measure_migration(settings.migrated_rows, settings.clock, folder / "migration", run_python, say)
        for name, (ours, floor) in figures.items():
            if settings.measures(name):
                found.medians[name] = {OURS: ours} if floor is None else {OURS: ours, FLOOR: floor}
                found.repetitions[name] = 1
    return found


def run_python(arguments: list[str]) -> str:
    """What Python prints in a fresh process; raises `Missing` when it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def _start(name: str, copies: Copies, settings: Settings, stack: ExitStack, found: Found) -> WorkerProcess:
    worker = WorkerProcess(name, copies.fresh(name), settings.clock)
    stack.callback(worker.end)
    about = worker.open(data.inserts(settings.scale))
    for pragma, wanted in PRAGMAS.items():
        has = about["pragmas"].get(pragma)
        if has != wanted:
            warning = f"{name} runs with {pragma}={has}, the others with {wanted}"
            if warning not in found.warnings:
                found.warnings.append(warning)
    found.contestants[name] = {
        "title": about["title"],
        "declares": about["declares"],
        "sqlite": about["library"],
        "versions": about["versions"],
        "operations": about["operations"],
    }
    return worker


def _calibrate(
    workers: dict[str, WorkerProcess], copies: Copies, settings: Settings, found: Found
) -> dict[str, dict[str, int]]:
    """How many calls make a block, and a first block that is thrown away.

    The floor decides for everyone; who would take longer than `SLOWEST` such blocks makes fewer of the same calls.
    """
    ids, titles = _ids_and_titles(settings)
    calls: dict[str, dict[str, int]] = defaultdict(dict)
    target = settings.block_ms * 1e6
    for operation in settings.timed:
        name = operation.name
        if name not in found.repetitions:
            on_floor = BY_NAME.get(name, BY_NAME["get_by_id"])
            found.repetitions[name] = _calls_of_floor(workers[FLOOR], on_floor, settings, ids, titles)
        usual = found.repetitions[name]
        for worker in list(workers.values()):
            if name not in found.contestants[worker.name]["operations"]:
                continue
            given = arguments(operation, random.Random(settings.seed), usual + 1, ids, titles)
            try:
                per_call = worker.time(name, given[: min(3, usual) + 1])
                most = max(1, int(SLOWEST * target / per_call))
                calls[worker.name][name] = min(usual, most)
                if calls[worker.name][name] > 1:
                    worker.time(name, given[: calls[worker.name][name] + 1])
            except Absent as error:
                found.absent[worker.name] = f"{name}: {error}"
                del workers[worker.name]
    for worker in workers.values():
        copies.restore(worker.path)
    return calls


def _calls_of_floor(
    worker: WorkerProcess, operation: Operation, settings: Settings, ids: list[int], titles: list[str]
) -> int:
    dice = random.Random(settings.seed)
    target = settings.block_ms * 1e6
    calls = 1
    per_call = worker.time(operation.name, arguments(operation, dice, 2, ids, titles))
    while per_call * calls < target / 4 and calls < 4096:
        calls *= 4
        per_call = worker.time(operation.name, arguments(operation, dice, calls + 1, ids, titles))
    return max(1, round(target / per_call))


def _ids_and_titles(settings: Settings) -> tuple[list[int], list[str]]:
    return data.live_ids(settings.scale), [row["title"] for row in data.inserts(settings.scale)]


def _round(
    workers: dict[str, WorkerProcess],
    calls: dict[str, dict[str, int]],
    copies: Copies,
    settings: Settings,
    found: Found,
    samples: dict[str, dict[str, list[float]]],
    dice: random.Random,
) -> None:
    """One block of each operation for each contestant: operations in order, contestants shuffled anew for each."""
    ids, titles = _ids_and_titles(settings)

    def turn(operation: str, run: Callable[[WorkerProcess], float]) -> None:
        shuffled = [name for name in workers if operation in (*found.contestants[name]["operations"], "decode_row")]
        dice.shuffle(shuffled)
        for name in shuffled:
            try:
                samples[name][operation].append(run(workers[name]))
            except Absent as error:
                found.absent[name] = f"{operation}: {error}"
                del workers[name]

    for operation in settings.timed:
        given = arguments(operation, dice, found.repetitions[operation.name] + 1, ids, titles)

        def block(worker: WorkerProcess, name: str = operation.name, given: list[Any] = given) -> float:
            return worker.time(name, given[: calls[worker.name][name] + 1])

        turn(operation.name, block)
        if operation.inserts or operation.takes == "ticket_title":
            for worker in workers.values():
                copies.restore(worker.path)
    if settings.measures("decode_row"):
        turn("decode_row", lambda worker: _decode(worker, settings))


def _decode(worker: WorkerProcess, settings: Settings) -> float:
    """Nanoseconds per column of making typed rows from the driver's tuples."""
    turns = max(1, round(2 / settings.scale))
    said = worker.ask("decode", repetitions=turns, clock=worker.clock)
    spent: float = said["typed_ns"] - said["tuples_ns"]
    columns: int = said["rows"] * len(TICKET_COLUMNS)
    return spent / columns


def _costs(names: list[str], settings: Settings, folder: Path, copies: Copies, found: Found, say: Say) -> None:
    """CPU time of importing and resident memory, each in fresh processes."""
    imports: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, list[float]] = defaultdict(list)
    say("importing and opening in fresh processes")
    for turn in range(settings.imports + 1 if settings.measures("import_time") else 0):
        for name in names:
            milliseconds = import_ms(found.contestants[name]["declares"])
            if milliseconds is not None and turn:  # the first one writes byte code
                imports[name].append(milliseconds)
    small = _small_copies(names, settings, folder, copies) if settings.measures("rss") else {}
    for name, path in small.items():
        for _ in range(settings.residents):
            mib = resident_mib(name, path)
            if mib is not None:
                memory[name].append(mib)
    found.medians["import_time"] = {name: statistics.median(times) for name, times in imports.items()}
    found.medians["rss"] = {name: statistics.median(sizes) for name, sizes in memory.items()}
    found.repetitions["import_time"] = settings.imports
    found.repetitions["rss"] = settings.residents


def _small_copies(names: list[str], settings: Settings, folder: Path, copies: Copies) -> dict[str, Path]:
    """Copies at scale 1, so that memory is told for the same 2,000 tickets at every scale."""
    if settings.scale != 1:
        pristine = folder / "pristine-1.db"
        data.build(pristine, 1)
        copies = Copies(pristine, folder)
    return {name: copies.fresh(name) for name in names}


_TIMED_IMPORT = """
import time
start = time.process_time_ns()
{statement}
print((time.process_time_ns() - start) / 1e6)
"""


def import_ms(statement: str) -> float | None:
    """CPU milliseconds of importing the library and declaring the tables; `None` for what is not Python."""
    if not statement:
        return None
    source = _TIMED_IMPORT.format(statement=statement)
    return _printed_number([sys.executable, "-c", source])


def resident_mib(name: str, path: Path) -> float | None:
    """Resident memory after opening and reading all tickets, in MiB."""
    if name == "drizzle":
        from benchmarks.peers import drizzle  # looks for Node

        return _printed_number([*drizzle.command(), "--resident", str(path)])
    return _printed_number([sys.executable, "-m", "benchmarks.resident", name, str(path)])


def _printed_number(command: list[str]) -> float | None:
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return None
    return float(done.stdout.split()[-1])
