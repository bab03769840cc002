"""The line counter counts code, and only code."""

from __future__ import annotations

from pathlib import Path

from loc import code_lines, count, table

SOURCE = '''"""What this is.

More of it.
"""

import os  # a comment beside code


# a comment
def path() -> str:
    """Docstring."""
    return """one
two

three"""
'''


def test_blank_lines_comments_and_docstrings_do_not_count() -> None:
    assert code_lines(SOURCE) == len(["import", "def", "return one", "two", "", "three"])


def test_lines_are_counted_per_room_and_generated_revisions_left_out(tmp_path: Path) -> None:
    source = tmp_path / "packages/promptliano/src/promptliano"
    for name in ("main.py", "schema/tickets.py", "repositories/tickets.py", "migrations/versions/0001.py"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(SOURCE)

    counts = count(tmp_path)

    assert counts == {"promptliano": 6, "promptliano.schema": 6, "promptliano.repositories": 6}
    assert "12 of 2,700" in table(counts)
