"""The generated page of the front door."""

import importlib

import pytest

import reference


def test_the_page_of_the_front_door_is_what_the_docstrings_say() -> None:
    """Mend it with `python tools/reference.py`."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()


def test_every_public_name_has_a_line_that_says_what_it_is() -> None:
    text = reference.page()

    for name in importlib.import_module("schemaroot").__all__:
        _, _, below = text.partition(f"\n### `{name}`\n")
        assert below, f"{name} is missing"
        assert below.split("\n### ")[0].strip(), f"{name} has no docstring"


def sample(first: int, /, second: "str" = "x", *rest: bytes, third: float | None = None, **more: object) -> None: ...


def test_a_signature_is_written_as_in_the_source() -> None:
    assert reference.signature("sample", sample) == (
        "sample(\n    first: int,\n    /,\n    second: str = 'x',\n    *rest: bytes,\n"
        "    third: float | None = None,\n    **more: object,\n) -> None"
    )


def test_check_reports_a_page_that_is_not_fresh(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = reference.Path(str(tmp_path)) / "api.md"
    stale.write_text("old", encoding="utf-8")
    monkeypatch.setattr(reference, "PAGE", stale)

    assert reference.main(["--check"]) == 1
    assert "run python tools/reference.py" in capsys.readouterr().err
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    assert reference.main(["--wrong"]) == 2
