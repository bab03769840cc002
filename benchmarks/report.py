"""What was measured as a document for programs and as tables for people."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.contestant import BY_NAME, OPERATIONS, PRAGMAS, UNPREPARED
from benchmarks.goals import GOALS, LIMITS, mark
from benchmarks.measure import Found, Settings
from benchmarks.migration import MIGRATION
from benchmarks.roster import FLOOR, OURS

Document = dict[str, Any]

COSTS = {
    "decode_row": ("ns/column", "typed rows minus the driver's tuples"),
    UNPREPARED.name: ("us", UNPREPARED.title),
    "import_time": ("ms", "CPU of importing the front door and the tables"),
    "rss": ("MiB", "resident after opening and reading 2,000 tickets"),
}
ORDER = (*(operation.name for operation in OPERATIONS), *COSTS, *MIGRATION)
TITLES = {operation.name: operation.title for operation in OPERATIONS} | {
    name: text for name, (_, text) in (COSTS | MIGRATION).items()
}
UNITS = {operation.name: operation.unit for operation in OPERATIONS} | {
    name: unit for name, (unit, _) in (COSTS | MIGRATION).items()
}
NANOSECONDS = {"us": 1e3, "ms": 1e6}


def machine(folder: Path) -> Document:
    """The machine, its system, its Python, and how fast it makes writes durable."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite3": sqlite3.sqlite_version,
        "file_system": _file_system(folder),
        "fsync_us": round(_fsync_us(folder), 1),
        "load": load(),
    }


def load() -> float | None:
    """How many processes wanted to run during the last minute, on average."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def busy(about: Document) -> str | None:
    """What makes the figures doubtful: more work beside the measuring than half of the cores can take."""
    before, after, room = about["load"] or 0, about["load_after"] or 0, (about["cores"] or 1) / 2
    if before <= room and after <= 1 + room:  # the measuring itself keeps one core busy
        return None
    return (
        f"the machine was busy (load {before} before, {after} after, {about['cores']} cores): a long block waits for "
        "others, and its ratio says nothing; measure again when it is quiet, or with --cpu"
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _file_system(folder: Path) -> str:
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    resolved = folder.resolve()
    held = [(len(mount[1]), mount[2]) for mount in mounts if resolved.is_relative_to(mount[1])]
    return max(held)[1] if held else "unknown"


def _fsync_us(folder: Path) -> float:
    """Median time of a write of one page and its fsync: what each commit pays at least."""
    folder.mkdir(parents=True, exist_ok=True)
    times: list[float] = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(30):
            start = time.perf_counter_ns()
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter_ns() - start) / 1e3)
    return statistics.median(times)


def document(found: Found, settings: Settings, about: Document) -> Document:
    """The document that `bench --json` prints: machine, settings, operations."""
    operations: list[Document] = []
    for name in ORDER:
        medians = found.medians.get(name, {})
        if not medians:
            continue
        unit = UNITS[name]
        scale = NANOSECONDS.get(unit, 1) if name in BY_NAME or name == UNPREPARED.name else 1
        floor = found.medians.get("get_by_id", {}).get(FLOOR) if name == UNPREPARED.name else medians.get(FLOOR)
        ours = medians.get(OURS)
        operations.append(
            {
                "name": name,
                "unit": unit,
                "ours": _rounded(ours, scale),
                "floor": _rounded(floor, scale),
                "ratio": _ratio(ours, floor),
                "peers": {
                    peer: {"value": _rounded(value, scale), "ratio": _ratio(value, floor)}
                    for peer, value in medians.items()
                    if peer not in (OURS, FLOOR)
                },
            }
        )
    return {
        "machine": about,
        "settings": {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            **asdict(settings),
            "pragmas": PRAGMAS,
            "repetitions": found.repetitions,
            "contestants": {
                name: {key: told[key] for key in ("title", "sqlite", "versions")}
                for name, told in found.contestants.items()
            },
            "absent": found.absent,
            "warnings": found.warnings,
            "goals": {
                name: {"must": goal.must, "aim": goal.aim, "absolute": goal.absolute} for name, goal in GOALS.items()
            },
        },
        "operations": operations,
    }


def _rounded(value: float | None, scale: float) -> float | None:
    return None if value is None else float(f"{value / scale:.4g}")


def _ratio(value: float | None, floor: float | None) -> float | None:
    return None if value is None or not floor else round(value / floor, 3)


def markdown(made: Document, before: Document | None = None) -> str:
    """The document as tables: ours beside the floor and the goals, then everybody."""
    about, settings, operations = made["machine"], made["settings"], made["operations"]
    then = {operation["name"]: operation["ratio"] for operation in before["operations"]} if before else {}
    blocks = settings["processes"] * settings["rounds"]
    clock = " of CPU time, waits for the disk left out" if settings["clock"] == "cpu" else ""
    lines = [
        f"# Speed at scale {settings['scale']:g}, {settings['date'][:10]}",
        "",
        f"{about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB; {about['system']}; {about['python']}; "
        f"{about['file_system']}, one page and its fsync {about['fsync_us']} µs; "
        f"load {about['load']} before and {about['load_after']} after.",
        "",
        f"Medians of {blocks} interleaved blocks of about {settings['block_ms']:g} ms{clock}, "
        f"from {settings['processes']} fresh process(es) each. Ratios are to the floor (`benchmarks/floor.py`: "
        "typed rows by hand on the standard library's sqlite3 with msgspec) in one run. "
        "Every attribute of every returned row is read. WAL, synchronous=FULL, foreign keys on, the same cache.",
        "",
    ]
    head = ["operation", "unit", "floor", "ours", "ratio", *(["before"] if before else []), "must", "aim", ""]
    rows: list[list[str]] = []
    migrated: list[list[str]] = []
    for operation in operations:
        name, goal = operation["name"], GOALS.get(operation["name"])
        (migrated if name in MIGRATION else rows).append(
            [
                f"{name}: {TITLES[name]}",
                "µs" if operation["unit"] == "us" else operation["unit"],
                _number(operation["floor"]),
                _number(operation["ours"]),
                _number(operation["ratio"]),
                *([_number(then.get(name))] if before else []),
                "" if goal is None else f"≤ {goal.must:g}" + (f" {operation['unit']}" if goal.absolute else ""),
                "" if goal is None else f"≤ {goal.aim:g}" + (f" {operation['unit']}" if goal.absolute else ""),
                mark(name, operation["ours"], operation["ratio"]),
            ]
        )
    lines += ["## Ours and the goals", "", *_table(head, rows), ""]
    lines += ["The specification's figures:", ""]
    by_name = {operation["name"]: operation for operation in operations}
    for name, (most, sentence) in LIMITS.items():
        ours = by_name.get(name, {}).get("ours")
        if ours is not None:
            lines.append(f"- {sentence}: {_limit(name, ours)}, {'kept' if ours <= most else 'MISSED'}")
    if migrated:
        lines += [
            "",
            f"## A migration of {settings['migrated_rows']:,} rows",
            "",
            "The floor is the bare SQL of the same rebuild, in one transaction on the same driver and settings. "
            "It has no backup, rehearsal and digests; theirs are told apart. One run each, in processes of their own.",
            "",
            *_table(head, migrated),
        ]
    others = [name for name in settings["contestants"] if name != FLOOR]
    lines += ["", "## Everybody, as ratios to the floor", ""]
    table: list[list[str]] = []
    for operation in operations:
        if operation["name"] == UNPREPARED.name or operation["name"] in MIGRATION:
            continue
        ratios = {name: told["ratio"] for name, told in operation["peers"].items()} | {OURS: operation["ratio"]}
        table.append([operation["name"], *(_number(ratios.get(name)) for name in others)])
    lines += [*_table(["", *others], table), ""]
    for name, told in settings["contestants"].items():
        versions = ", ".join(f"{package} {version}" for package, version in told["versions"].items())
        lines.append(f"- `{name}`: {told['title']}; SQLite {told['sqlite']}{'; ' + versions if versions else ''}")
    lines += [f"- **`{name}` is absent**: {reason}" for name, reason in settings["absent"].items()]
    lines += [f"- **Doubtful**: {about['busy']}"] if about["busy"] else []
    lines += [f"- **Not the same for everyone**: {warning}" for warning in settings["warnings"]]
    return "\n".join(lines) + "\n"


def _limit(name: str, ours: float) -> str:
    return f"{ours * 2**20 / 1e6:.0f} MB" if name == "rss" else f"{ours / 1000:.3g} ms"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return (
        f"{value:.0f}"
        if value >= 1000
        else f"{value:.3g}"
        if value >= 100
        else f"{value:.2f}"
        if value < 10
        else f"{value:.1f}"
    )


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    widths = [max(3, width) for width in widths]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return [
        "| "
        + " | ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        + " |"
        for row in (head, rule, *rows)
    ]
