"""How much memory a contestant holds after opening the file and reading all tickets: run in a fresh process.

    python -m benchmarks.resident NAME PATH

Prints MiB. It imports little, so that the figure is the contestant's.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.roster import contestant


def resident_mib() -> float:
    """Memory of this process that is in use now."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        import psutil  # type: ignore[import-untyped,unused-ignore]  # only where /proc is missing

        return float(psutil.Process().memory_info().rss) / 2**20
    import resource  # not on every system

    return int(fields[1]) * resource.getpagesize() / 2**20


def main() -> int:
    """Opens, reads, prints."""
    held = contestant(sys.argv[1])()

    def read() -> Any:
        held.open(Path(sys.argv[2]))
        return held.all_tickets()

    async def read_async() -> Any:
        await held.open(Path(sys.argv[2]))
        return await held.all_tickets()

    if held.open.__code__.co_flags & 0x80:  # a coroutine function
        import asyncio  # a third of a small contestant's memory

        with asyncio.Runner() as runner:
            rows = runner.run(read_async())
            print(resident_mib())
            runner.run(held.close())
    else:
        rows = read()
        print(resident_mib())
        held.close()
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
