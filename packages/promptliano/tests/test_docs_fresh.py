"""The generated pages of the documentation are those that the tables give."""

from __future__ import annotations

from pathlib import Path

from promptliano.docs import check, generate

DOCS = Path(__file__).parents[3] / "docs"


def test_the_generated_pages_are_up_to_date() -> None:
    """When this fails, write them anew with `promptliano.docs.generate(Path("docs"))`."""
    assert check(DOCS) == []


def test_a_missing_or_changed_page_is_stale(tmp_path: Path) -> None:
    assert len(check(tmp_path)) == 2
    page, picture = generate(tmp_path)
    assert check(tmp_path) == []

    page.write_text("changed")
    assert check(tmp_path) == [page]
    picture.unlink()
    assert check(tmp_path) == [page, picture]


def test_the_page_shows_the_picture(tmp_path: Path) -> None:
    page, picture = generate(tmp_path)

    assert f"]({picture.name})" in page.read_text(encoding="utf-8")
    assert page.parent == picture.parent == tmp_path / "reference"
