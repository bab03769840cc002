"""Which settings apply, and who said so: flag > environment > configuration file > default.

    setting = database_setting(None, os.environ, Path.cwd())
    setting.url, setting.origin      # "sqlite:////home/ada/.local/share/promptliano/promptliano.db", "the default"

A configuration file is `promptliano.toml`, or the table `[tool.promptliano]` of a `pyproject.toml`, in the current
folder or the nearest one above that has one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemaroot.cli.address import SCHEME, address
from schemaroot.cli.errors import ProgramError

VARIABLES = ("PROMPTLIANO_DATABASE_URL", "DATABASE_URL")
"""Environment variables that name the database, the stronger first."""

KNOWN_KEYS = ("database",)
"""Settings that a configuration file may hold."""


class ConfigError(ProgramError):
    """A configuration file cannot be read, or says what nobody understands; nothing was changed."""

    code = "CONFIG_INVALID"

    def __init__(self, path: Path, problem: str) -> None:
        self.path: Path = path
        super().__init__(f"{path}: {problem}. Nothing was changed.", f"Known settings: {', '.join(KNOWN_KEYS)}.")


class NoHomeError(ProgramError):
    """Nobody named a database, and there is no home folder that the default one could lie in."""

    code = "NO_HOME"

    def __init__(self) -> None:
        super().__init__(
            "No home folder is known, so that there is no default place for the database. Nothing was changed.",
            "Name it with --database.",
        )


@dataclass(frozen=True)
class DatabaseSetting:
    """The database to use.

    Attributes:
        url: its address, `sqlite:///...`.
        origin: where the address came from, in words for a person.
        is_default: whether nobody named one, so that its folder may be made for it.
    """

    url: str
    origin: str
    is_default: bool = False

    @property
    def path(self) -> Path | None:
        """The file behind the address; `None` for addresses of other kinds."""
        return Path(self.url.removeprefix(SCHEME)) if self.url.startswith(SCHEME) else None

    def same_as(self, other: DatabaseSetting) -> bool:
        """Whether both are the same database."""
        if self.path is None or other.path is None:
            return self.url == other.url
        return os.path.realpath(self.path) == os.path.realpath(other.path)

    def make_folder(self) -> None:
        """Makes the folder of the default database, for its owner alone (mode 0700)."""
        if self.is_default and self.path is not None:
            make_private(self.path.parent)


def database_setting(flag: str | None, environment: Mapping[str, str], folder: Path) -> DatabaseSetting:
    """The database that a command run in `folder` uses.

    Args:
        flag: what `--database` was given: an address or a path.
        environment: the environment's variables; empty ones count as absent.
        folder: the current folder.

    Raises:
        ConfigError: a configuration file is not valid or cannot be read.
        NoHomeError: nobody names one, and there is no place for the default one.
    """
    if flag is not None:
        return DatabaseSetting(address(flag), "--database")
    for name in VARIABLES:
        if value := environment.get(name):
            return DatabaseSetting(address(value), name)
    if (found := configuration(folder)) is not None:
        path, values = found
        if (value := values.get("database")) is not None:
            return DatabaseSetting(address(value, base=path.parent), str(path))
    return DatabaseSetting(address(str(default_path(folder))), "the default", is_default=True)


def configuration(folder: Path) -> tuple[Path, dict[str, str]] | None:
    """The nearest configuration file at or above `folder`, and its settings; raises `ConfigError`."""
    for place in (folder, *folder.parents):
        for name in ("promptliano.toml", "pyproject.toml"):
            path = place / name
            if not os.path.isfile(path):  # also where the folder lets nobody look
                continue
            try:
                content = path.read_bytes()
            except OSError as error:
                if path.name == "pyproject.toml":
                    continue  # whether it speaks to us nobody can know
                raise ConfigError(path, f"it cannot be read ({error.strerror})") from None
            values = _settings(path, content)
            if values is not None:
                return path, values
    return None


def _settings(path: Path, content: bytes) -> dict[str, str] | None:
    """The settings of one file; `None` for a `pyproject.toml` that does not speak to us."""
    import tomllib

    ours = path.name == "promptliano.toml"
    try:
        document: dict[str, object] = tomllib.loads(content.decode())
    except ValueError as error:  # wrong TOML or wrong UTF-8
        if not ours:
            return None
        raise ConfigError(path, f"it is not valid TOML ({error})") from None
    table: object = document
    if not ours:
        tools = document.get("tool")
        if not isinstance(tools, dict) or "promptliano" not in tools:
            return None
        table = tools["promptliano"]  # pyright: ignore[reportUnknownVariableType]  # TOML has no shape of its own
    if not isinstance(table, dict):
        raise ConfigError(path, "tool.promptliano is not a table")
    settings: dict[str, str] = {}
    for key, value in table.items():  # pyright: ignore[reportUnknownVariableType]  # TOML has no shape of its own
        if key not in KNOWN_KEYS:
            raise ConfigError(path, f"unknown setting {key!r}")
        if not isinstance(value, str) or not value:
            raise ConfigError(path, f"{key} must be a text that is not empty")
        settings[str(key)] = value  # pyright: ignore[reportUnknownArgumentType]  # checked above
    return settings


def checkout(folder: Path) -> Path | None:
    """The checkout of this project that `folder` lies in, or `None`."""
    for place in (folder, *folder.parents):
        files = (place / "packages" / name / "pyproject.toml" for name in ("schemaroot", "promptliano"))
        if all(map(os.path.isfile, files)):
            return place
    return None


def default_path(folder: Path) -> Path:
    """Where the database lies when nobody says: `data/` of a checkout, else the platform's folder for user data.

    Raises `NoHomeError` where that has no place.
    """
    root = checkout(folder)
    if root is not None:
        return root / "data" / "promptliano.db"
    import platformdirs

    try:
        place = Path(platformdirs.user_data_dir("promptliano", appauthor=False))
    except RuntimeError:  # HOME says nothing, and the system knows nobody of this id
        raise NoHomeError from None
    return place / "promptliano.db"


def make_private(folder: Path) -> None:
    """Makes a folder, and those above that are missing, for the owner alone; an existing one keeps its mode."""
    missing = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
