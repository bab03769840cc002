"""Revision files are read, ordered and refused by name, and none of them is run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from schemaroot.migration.errors import (
    RevisionDuplicateError,
    RevisionHeadsError,
    RevisionInvalidError,
    RevisionParentError,
    RevisionUnknownError,
)
from schemaroot.migration.revisions import Revisions, read_revision

BODY = "\n\ndef upgrade() -> None: ...\n\n\ndef downgrade() -> None: ...\n"


def write(folder: Path, name: str, parents: object, *, extra: str = "", id: str = "") -> Path:
    path = folder / f"{name}.py"
    path.write_text(f'"""Do {name}."""\nrevision = {id or name!r}\ndown_revision = {parents!r}\n{extra}{BODY}')
    return path


def test_a_folder_gives_its_revisions_parents_first(tmp_path: Path) -> None:
    write(tmp_path, "0001_a", None)
    write(tmp_path, "0003_late", "0002_z")
    write(tmp_path, "0002_z", "0001_a")

    revisions = Revisions.read(tmp_path)

    assert [one.id for one in revisions.ordered] == ["0001_a", "0002_z", "0003_late"]
    assert revisions.head is not None and revisions.head.id == "0003_late"
    assert [one.id for one in revisions.ancestors("0002_z")] == ["0001_a", "0002_z"]
    assert [one.id for one in revisions.descendants("0002_z")] == ["0002_z", "0003_late"]
    assert [revisions.depth(one.id) for one in revisions.ordered] == [1, 2, 3]


def test_reading_runs_nothing_and_takes_the_checksum_of_the_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, "0001_a", None, extra="raise SystemExit\n")

    revision = read_revision(path)

    assert revision.message == "Do 0001_a."
    assert revision.checksum == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_that_is_not_there_has_no_revisions(tmp_path: Path) -> None:
    assert Revisions.read(tmp_path / "nowhere").head is None


def test_two_heads_are_refused_with_their_names_until_a_merge_joins_them(tmp_path: Path) -> None:
    write(tmp_path, "0001_a", None)
    write(tmp_path, "0002_left", "0001_a")
    write(tmp_path, "0002_right", "0001_a")
    with pytest.raises(RevisionHeadsError, match=r"0002_left, 0002_right.* merge") as caught:
        Revisions.read(tmp_path, command="shop migrate").head  # noqa: B018  # reading it raises
    assert caught.value.heads == ("0002_left", "0002_right")

    write(tmp_path, "0003_both", ("0002_left", "0002_right"))

    revisions = Revisions.read(tmp_path)
    assert revisions.head is not None and revisions.head.id == "0003_both"
    assert len(revisions.ancestors("0003_both")) == 4


def test_one_revision_in_two_files_is_refused_with_both(tmp_path: Path) -> None:
    write(tmp_path, "0001_a", None)
    write(tmp_path, "0001_copy", None, id="0001_a")

    with pytest.raises(RevisionDuplicateError, match=r"0001_a is in 0001_a\.py and 0001_copy\.py"):
        Revisions.read(tmp_path)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [("0000_gone", None, "builds on 0000_gone"), ("0002_b", "0001_a", "in a circle"), ("0001_a", None, "on itself")],
)
def test_a_parent_that_is_missing_or_the_revision_itself_is_refused(
    tmp_path: Path, first: str, second: str | None, said: str
) -> None:
    write(tmp_path, "0001_a", first)
    if second is not None:
        write(tmp_path, "0002_b", second)

    with pytest.raises(RevisionParentError, match=said):
        Revisions.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "not Python"),
        ("\0", "not Python"),
        ("x = 1\n", "does not say its revision"),
        ("revision = 3\ndown_revision = None\n", "does not say its revision"),
        ("revision = '../../etc'\ndown_revision = None\n", "does not say its revision"),
        ("revision = 'a'\n", "does not say its down_revision"),
        ("revision = 'a'\ndown_revision = 3\n", "neither a text"),
        ("revision = 'a'\ndown_revision = (1, 2)\n", "neither a text"),
        ("revision = 'a' + 'b'\ndown_revision = None\n", "not written out"),
    ],
)
def test_a_file_that_is_no_revision_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "0001_odd.py"
    path.write_text(text)

    with pytest.raises(RevisionInvalidError, match=said) as caught:
        Revisions.read(tmp_path)
    assert caught.value.path == path


@pytest.mark.parametrize(("extra", "said"), [("raise ValueError(3)\n", "ValueError: 3"), ("upgrade = 3\n", "")])
def test_a_file_whose_code_fails_is_refused_when_it_is_loaded(tmp_path: Path, extra: str, said: str) -> None:
    path = tmp_path / "0001_a.py"
    path.write_text(f"revision = '0001_a'\ndown_revision = None\n{extra}")

    with pytest.raises(RevisionInvalidError, match=said or "no function"):
        read_revision(path).load()


def test_a_revision_is_found_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    write(tmp_path, "0001_first", None)
    write(tmp_path, "0002_second", "0001_first")
    write(tmp_path, "0002_two", "0002_second")
    revisions = Revisions.read(tmp_path)

    assert revisions.named("0001").id == "0001_first"
    assert revisions.named("head").id == "0002_two"
    with pytest.raises(RevisionUnknownError, match="could be 0002_second, 0002_two"):
        revisions.named("0002")
    for wanted in ("", "9999", "first"):
        with pytest.raises(RevisionUnknownError, match="Known: 0001_first, 0002_second, 0002_two"):
            revisions.named(wanted)
