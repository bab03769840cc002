"""Counts hand-written lines of source per part: no blank lines, comments or docstrings, no generated revisions.

Run it as ``python tools/loc.py [ROOT]``.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

STORAGE = ("promptliano.schema", "promptliano.repositories")
STORAGE_BUDGET = 2_700
GENERATED = ("migrations", "versions")
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """The number of lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def count(root: Path) -> Counter[str]:
    """Lines of code per room of each package; modules directly below a package count under the package's name."""
    counts: Counter[str] = Counter()
    for source in sorted(root.glob("packages/*/src")):
        for path in sorted(source.rglob("*.py")):
            package, *inner = path.relative_to(source).parts
            if tuple(inner[:2]) != GENERATED:
                room = f"{package}.{inner[0]}" if len(inner) > 1 else package
                counts[room] += code_lines(path.read_text(encoding="utf-8"))
    return counts


def table(counts: Counter[str]) -> str:
    """The counts as text, one line a room, with each package's sum and the budget of the storage layer."""
    lines: list[str] = []
    for package in sorted({room.split(".")[0] for room in counts}, reverse=True):
        mine = {room: number for room, number in counts.items() if room.split(".")[0] == package}
        lines.append(f"{package:<34}{sum(mine.values()):>7,}")
        lines.extend(f"  {room.removeprefix(package) or '(top level)':<32}{mine[room]:>7,}" for room in sorted(mine))
    storage = sum(counts[room] for room in STORAGE)
    lines.append(f"{'storage layer of promptliano':<34}{storage:>7,} of {STORAGE_BUDGET:,} (schema and repositories)")
    return "\n".join(lines)


if __name__ == "__main__":
    totals = count(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print(table(totals))
    sys.exit(1 if sum(totals[room] for room in STORAGE) > STORAGE_BUDGET else 0)
