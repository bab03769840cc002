"""Measures our operations beside hand-written code and other libraries.

    python benchmarks/run.py [--quick] [--scale 1,10] [--peers none|all|sqlalchemy_core,django]
        [--operations insert_1,insert_100] [--json] [--save] [--compare]

Tables go to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(ROOT))

from benchmarks.measure import Missing, Settings, measure  # noqa: E402  # the path comes first
from benchmarks.migration import ROWS, ROWS_QUICK  # noqa: E402  # the path comes first
from benchmarks.report import ORDER, Document, busy, document, load, machine, markdown  # noqa: E402  # the path comes first
from benchmarks.roster import FLOOR, OURS, OWN, PEERS  # noqa: E402  # the path comes first

RESULTS = Path(__file__).resolve().parent / "results"
WORK = ROOT / "build" / "bench"


def main(argv: list[str] | None = None) -> int:
    """Measures and prints; 0 when it did, 2 for wrong use and where the floor or ours cannot run."""
    options = _parser().parse_args(argv)
    try:
        peers = _named(options.peers, PEERS, "peer")
        operations = _named(options.operations, ORDER, "operation")
        scales = [float(scale) for scale in options.scale.split(",")]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    names = [name for name in OWN if not options.only or name in (FLOOR, OURS)] + peers
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", file=sys.stderr, flush=True)

    documents: list[Document] = []
    for place, scale in enumerate(scales):
        settings = _settings(options, scale, () if options.operations == "all" else tuple(operations))
        if place:
            settings = replace(settings, migrated_rows=0)  # its size is its own
        try:
            made = _measured(names, settings, options, say)
        except Missing as error:
            print(f"Nothing was measured: {error}", file=sys.stderr)
            return 2
        documents.append(made)
        text = markdown(made, _before(options.compare, settings) if options.compare is not None else None)
        if options.save:
            _save(made, text, settings)
        if not options.json:
            print(text, flush=True)
    if options.json:
        first, *further = documents
        print(json.dumps({**first, "further": further} if further else first, indent=2, ensure_ascii=False))
    return 2 if any(OURS in made["settings"]["absent"] for made in documents) else 0


def _measured(
    names: list[str], settings: Settings, options: argparse.Namespace, say: Callable[[str], None]
) -> Document:
    folder = Path(options.folder) if options.folder else WORK / f"data-{os.getpid()}"
    about = machine(folder)
    try:
        found = measure(names, settings, folder, say)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    about["load_after"] = load()
    about["busy"] = busy(about)
    if about["busy"]:
        say(f"DOUBTFUL: {about['busy']}")
    for name, reason in found.absent.items():
        say(f"ABSENT: {name} is left out: {reason}")
    for warning in found.warnings:
        say(f"NOT EQUAL: {warning}")
    return document(found, settings, about)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="Our operations beside hand-written code and other libraries."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    parser.add_argument("--quick", action="store_true", help="about a minute: fewer and shorter blocks")
    parser.add_argument(
        "--scale", default="1", help="sizes of the data with commas: 10 is 20,000 tickets and 200,000 tasks"
    )
    parser.add_argument("--peers", default="all", help="all, none, or names with commas: " + ", ".join(PEERS))
    parser.add_argument("--operations", default="all", help="all, or names with commas: " + ", ".join(ORDER))
    parser.add_argument(
        "--only",
        action="store_true",
        help="the floor and ours alone, without the floor's variants and our other driver",
    )
    parser.add_argument(
        "--save", action="store_true", help="write benchmarks/results/<date>-<scale>.json and latest.md"
    )
    parser.add_argument(
        "--compare",
        nargs="?",
        const="",
        metavar="FILE",
        help="show ratios of a saved result (the newest of this scale) beside",
    )
    parser.add_argument("--processes", type=int, help="fresh processes for each contestant")
    parser.add_argument("--rounds", type=int, help="blocks of each operation in each process")
    parser.add_argument("--block-ms", type=float, help="how long a block of the floor takes")
    parser.add_argument(
        "--migrated-rows", type=int, help=f"rows of the table that is migrated: {ROWS:,}, quick {ROWS_QUICK:,}"
    )
    parser.add_argument(
        "--cpu",
        action="store_true",
        help="CPU time instead of the clock on the wall: for busy machines; leaves waits for the disk out",
    )
    parser.add_argument(
        "--folder", help="where the copies of the database lie while measuring (default: build/bench/data)"
    )
    parser.add_argument("--keep", action="store_true", help="leave the copies of the database there")
    return parser


def _settings(options: argparse.Namespace, scale: float, operations: tuple[str, ...]) -> Settings:
    chosen = Settings(processes=1, rounds=5, block_ms=8, imports=3, residents=1) if options.quick else Settings()
    return replace(
        chosen,
        scale=scale,
        processes=options.processes or chosen.processes,
        rounds=options.rounds or chosen.rounds,
        block_ms=options.block_ms or chosen.block_ms,
        clock="cpu" if options.cpu else "wall",
        operations=operations,
        migrated_rows=options.migrated_rows or (ROWS_QUICK if options.quick else ROWS),
    )


def _named(asked: str, known: Collection[str], what: str) -> list[str]:
    """The names asked for; raises `ValueError` for an unknown one."""
    if asked in ("all", "none"):
        return list(known) if asked == "all" else []
    names = [name.strip() for name in asked.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"Unknown {what} {', '.join(unknown)}. Known: {', '.join(known)}.")
    return names


def _before(asked: str, settings: Settings) -> Document | None:
    saved = [Path(asked)] if asked else sorted(RESULTS.glob(f"*-{settings.scale:g}.json"))
    if not saved:
        return None
    found: Document = json.loads(saved[-1].read_text(encoding="utf-8"))
    return found


def _save(made: Document, text: str, settings: Settings) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = f"{made['settings']['date'][:10]}-{settings.scale:g}"
    (RESULTS / f"{name}.json").write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    latest = "latest.md" if settings.scale == 1 else f"latest-{settings.scale:g}.md"
    (RESULTS / latest).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
