"""Which database applies: flag > environment > configuration file > default."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from promptliano.config import ConfigError, database_setting, default_path


def test_the_stronger_source_wins(tmp_path: Path) -> None:
    (tmp_path / "promptliano.toml").write_text('database = "file.db"')
    both = {"PROMPTLIANO_DATABASE_URL": "sqlite:///own.db", "DATABASE_URL": "sqlite:///shared.db"}

    def chosen(flag: str | None, environment: dict[str, str], folder: Path = tmp_path) -> tuple[str, str]:
        setting = database_setting(flag, environment, folder)
        return setting.url, setting.origin

    assert chosen("flag.db", both) == ("sqlite:///flag.db", "--database")
    assert chosen(None, both) == ("sqlite:///own.db", "PROMPTLIANO_DATABASE_URL")
    assert chosen(None, {"DATABASE_URL": "sqlite:////abs.db"}) == ("sqlite:////abs.db", "DATABASE_URL")
    assert chosen(None, {"DATABASE_URL": ""})[0] == f"sqlite:///{tmp_path}/file.db"
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert chosen(None, {}, below) == (f"sqlite:///{tmp_path}/file.db", str(tmp_path / "promptliano.toml"))


def test_a_pyproject_file_counts_when_it_speaks_to_us(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.promptliano]\ndatabase = "sqlite:////var/x.db"')
    (inner / "pyproject.toml").write_text("[tool.other]\nx = 1")

    assert database_setting(None, {}, inner).url == "sqlite:////var/x.db"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("promptliano.toml", "database = ", "not valid TOML"),
        ("promptliano.toml", "databse = 'x.db'", "unknown setting 'databse'"),
        ("promptliano.toml", "database = 3", "must be a text"),
        ("promptliano.toml", "database = ''", "must be a text"),
        ("pyproject.toml", "tool.promptliano = 3", "not a table"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(tmp_path: Path, name: str, content: str, problem: str) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(ConfigError, match=problem) as caught:
        database_setting(None, {}, tmp_path)
    assert caught.value.path == tmp_path / name


def test_a_broken_pyproject_file_of_another_project_is_not_our_business(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe[")

    assert database_setting(None, {}, tmp_path).is_default


def test_inside_a_checkout_the_default_is_its_data_folder(tmp_path: Path) -> None:
    for name in ("schemaroot", "promptliano"):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "pyproject.toml").touch()

    assert default_path(tmp_path / "packages" / "promptliano") == tmp_path / "data" / "promptliano.db"
    setting = database_setting(None, {}, tmp_path)
    setting.make_folder()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_elsewhere_the_default_is_the_platforms_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("HOME", str(tmp_path))

    path = default_path(tmp_path)

    assert path.parts[-2:] == ("promptliano", "promptliano.db")
    assert path.is_relative_to(tmp_path)
