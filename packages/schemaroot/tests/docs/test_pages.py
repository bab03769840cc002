"""The pages of the documentation: what they show, where they lead."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_the_example_on_the_page_is_the_module_that_other_pages_import() -> None:
    page = (DOCS / "declare-tables.md").read_text(encoding="utf-8")
    module = (DOCS / "examples" / "shop.py").read_text(encoding="utf-8")

    assert f"```python\n{module}```" in page


def test_every_page_has_its_place_in_the_navigation() -> None:
    """Read by pattern, for no parser of YAML is among the tools."""
    listed = re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(listed) == [page.relative_to(DOCS).as_posix() for page in PAGES]


def test_the_walk_through_the_house_names_every_file() -> None:
    """Of each room in the page's table: the files that it names are those that are there."""
    source = ROOT / "packages" / "schemaroot" / "src" / "schemaroot"
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rooms: dict[str, str] = {}  # a room of many files has several lines
    for room, text in re.findall(r"^\| `(\w+)/` \| [^|]* \| (.*) \|$", page, re.MULTILINE):
        rooms[room] = f"{rooms.get(room, '')} {text}"

    assert set(rooms) == {path.parent.name for path in source.glob("*/__init__.py")}
    for room, text in rooms.items():
        named = {path.name for pattern in re.findall(r"`([\w*]+\.py)`", text) for path in (source / room).glob(pattern)}
        there = {path.name for path in (source / room).glob("*.py")} - {"__init__.py"}
        assert named == there, room


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))

    for link in LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link} names no heading"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
