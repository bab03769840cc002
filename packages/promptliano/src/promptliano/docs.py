"""The pages of the documentation that are made from the tables."""

from __future__ import annotations

from pathlib import Path

from promptliano.schema import TABLES
from schemaroot.export.diagram import diagram
from schemaroot.export.reference import reference_page


def generate(folder: Path) -> list[Path]:
    """Write the generated pages below `folder` and return their paths; existing ones are replaced."""
    written: list[Path] = []
    for name, text in _pages().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        written.append(path)
    return written


def check(folder: Path) -> list[Path]:
    """The generated pages below `folder` that are missing or not what `generate` would write."""
    paths = {folder / name: text.encode() for name, text in _pages().items()}
    return [path for path, text in paths.items() if not path.is_file() or path.read_bytes() != text]


def _pages() -> dict[str, str]:
    heading, rest = reference_page(TABLES, title="Tables").split("\n\n", 1)
    return {
        "reference/tables.md": f"{heading}\n\n![All tables and how they refer to each other](tables.svg)\n\n{rest}",
        "reference/tables.svg": diagram(TABLES, title="Tables of Promptliano"),
    }
