"""`import run`: a legacy database in, an account of every row out."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., Any]
COUNTS = ("imported", "repaired", "merged", "archived", "quarantined")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small legacy database and its agents."""
    from promptliano.legacy.sample import write_agents, write_old

    folder = tmp_path_factory.mktemp("sample")
    write_old(folder / "legacy.db", scale=0)
    write_agents(folder / "agents")
    return folder


def test_the_report_accounts_for_every_row(cli: Program, sample: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.db"

    said = cli(
        "import", "run", sample / "legacy.db", "--agents", sample / "agents", "--database", target, "--json", "--yes"
    )

    report = said.json
    assert report.keys() >= {"source", "target", "tables", "totals", "rules", "derived"}
    for table in [*report["tables"], report["totals"]]:
        assert table["read"] == sum(table[name] for name in COUNTS)
    assert report["totals"]["read"] == sum(table["read"] for table in report["tables"])
    assert said.code == (1 if report["totals"]["quarantined"] else 0)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert cli("ticket", "list", "--database", target, "--json").json["total"] > 0
    assert cli("agent", "list", "--database", target, "--json").json["total"] > 0


def test_the_report_is_a_table_for_people(cli: Program, sample: Path, tmp_path: Path) -> None:
    said = cli("import", "run", sample / "legacy.db", "--database", tmp_path / "new.db")

    head = said.out.splitlines()[0].split()
    assert head == ["TABLE", "READ", "IMPORTED", "REPAIRED", "MERGED", "ARCHIVED", "QUARANTINED"]
    assert "\nall tables " in said.out
    assert f"promptliano ticket list --database {tmp_path / 'new.db'}" in said.err


def test_a_second_run_of_the_same_source_changes_nothing(cli: Program, sample: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.db"
    first = cli("import", "run", sample / "legacy.db", "--database", target, "--json")
    before = target.read_bytes()

    again = cli("import", "run", sample / "legacy.db", "--database", target, "--json")

    assert again.code == first.code
    assert again.json["totals"] == first.json["totals"]
    assert target.read_bytes() == before


def test_the_folder_of_the_default_place_is_made_for_the_owner_alone(
    bare: Program, sample: Path, tmp_path: Path
) -> None:
    said = bare("import", "run", sample / "legacy.db")

    assert said.code in (0, 1)
    made = tmp_path / ".local" / "share" / "promptliano"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert bare("ticket", "list").code == 0
    assert "--database" not in said.err  # the default place needs no option


def test_the_folder_of_the_default_place_goes_again_when_nothing_came_into_it(bare: Program, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database")

    assert bare("import", "run", "x.db").code == 2
    assert [path.name for path in (tmp_path / ".local" / "share").glob("*")] == []


def test_a_sample_is_made_once_and_the_same_for_the_same_seed(bare: Program, tmp_path: Path) -> None:
    assert bare("import", "sample", "a", "--scale", "0", "--seed", "7").code == 0
    assert bare("import", "sample", "b", "--scale", "0", "--seed", "7").code == 0
    assert bare("import", "sample", "later", "--scale", "0", "--later").code == 0
    again = bare("import", "sample", "a")

    assert (tmp_path / "a" / "legacy.db").read_bytes() == (tmp_path / "b" / "legacy.db").read_bytes()
    assert (tmp_path / "a" / "agents").is_dir()
    assert again.code == 2
    assert again.err.startswith("error[SAMPLE_EXISTS]: ")
