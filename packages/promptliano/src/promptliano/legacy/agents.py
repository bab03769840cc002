"""Which agents did the old application know? Markdown files in each project's folder, and names in tickets and tasks.

The lines between the dashes at the head of such a file look like YAML and are not: each splits at its first colon.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from typing import Any, cast, get_args

import sqlalchemy as sa

from promptliano.legacy.convert import Known
from promptliano.legacy.errors import AgentsMissingError, AgentsUnreadableError
from promptliano.schema import Agent, AgentColor, AgentConfiguration, Project
from schemaroot import New, new

FOLDER = Path(".claude") / "agents"
"""Where a project keeps its agents, below its own folder."""

_COLORS = frozenset(cast("tuple[str, ...]", get_args(AgentColor)))
_SHOWN_AS: AgentColor = "blue"
_FENCE = "---"


@dataclass(frozen=True)
class AgentFile:
    """One agent as its file describes it."""

    folder: str
    slug: str
    head: dict[str, str]
    instructions: str
    changed: datetime

    @property
    def configuration(self) -> AgentConfiguration:
        """How the agent is shown, and the lines of the head that have no column."""
        said = self.head.get("color", "")
        configuration = AgentConfiguration(color=cast("AgentColor", said) if said in _COLORS else _SHOWN_AS)
        rest = {key: value for key, value in self.head.items() if key not in ("name", "description", "model")}
        if said in _COLORS:
            rest.pop("color")
        if rest:
            configuration["frontMatter"] = rest
        return configuration


def parse_agent(text: str) -> tuple[dict[str, str], str]:
    """The head of an agent's file, split at the first colon of each line, and the instructions behind it."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    if not lines or lines[0].strip() != _FENCE:
        return {}, text
    for number, line in enumerate(lines[1:], 1):
        if line.strip() == _FENCE:
            pairs = [entry.partition(":") for entry in lines[1:number] if ":" in entry]
            head = {key.strip(): value.strip() for key, _, value in pairs if key.strip()}
            return head, "".join(lines[number + 1 :]).lstrip("\r\n")
    return {}, text


def read_agents(folder: Path) -> Iterator[AgentFile]:
    """The agents of the projects whose folders lie in `folder`, or of `folder` when it is a project's own.

    Raises `AgentsUnreadableError` for a folder or file on the way that cannot be read: none is left out in silence.
    """
    try:
        for project in _project_folders(folder):
            for path in sorted((project / FOLDER).iterdir()):
                if path.suffix == ".md" and path.is_file():
                    yield _read(project, path)
    except OSError as error:
        raise AgentsUnreadableError(Path(error.filename or folder), error.strerror or str(error)) from None


def check_folder(folder: Path) -> None:
    """Raises `AgentsMissingError` or `AgentsUnreadableError` when there is no folder to read agents from."""
    try:
        found = folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise AgentsMissingError(folder) from None
    except OSError as error:
        raise AgentsUnreadableError(folder, error.strerror or str(error)) from None
    if not stat.S_ISDIR(found.st_mode):
        raise AgentsMissingError(folder)


def _project_folders(folder: Path) -> list[Path]:
    """The projects' folders that have a place for agents."""
    if (folder / FOLDER).is_dir():
        return [folder]
    return sorted(one for one in folder.iterdir() if one.is_dir() and (one / FOLDER).is_dir())


def _read(project: Path, path: Path) -> AgentFile:
    head, instructions = parse_agent(path.read_bytes().decode(errors="replace").replace("\0", ""))
    changed = int(path.stat().st_mtime * 1000)
    moment = datetime.fromtimestamp(changed // 1000, UTC).replace(microsecond=changed % 1000 * 1000)
    return AgentFile(project.resolve().name, path.stem, head, instructions, moment)


def agent_rows(known: Known, folder: Path | None) -> Iterator[tuple[New[Any], str]]:
    """The agents to store, each with the rule that made it: those that have files, then those that are only named."""
    projects = _projects(known)
    found: set[tuple[int | None, str]] = set()
    for file in read_agents(folder) if folder is not None else ():
        project = projects.get(file.folder)
        if (project, file.slug) not in found:
            found.add((project, file.slug))
            yield _from_file(file, project), "agent_without_project" if project is None else "agent_from_file"
    for project, slug in sorted(known.agents):
        if (project, slug) not in found and "\0" not in slug:
            yield _missing(known, project, slug), "agent_missing"


def _projects(known: Known) -> dict[str, int]:
    """The live imported projects by the names of their folders; of two with one name the first."""
    named: dict[str, int] = {}
    statement = sa.select(Project.id, Project.path).where(Project.deleted.is_(None)).order_by(Project.id)
    for number, path in known.target.all(statement):
        named.setdefault(PureWindowsPath(path).name, number)
    return named


def _from_file(file: AgentFile, project: int | None) -> New[Any]:
    return new(
        Agent,
        project_id=project,
        slug=file.slug,
        name=file.head.get("name") or file.slug,
        description=file.head.get("description", "").replace("\\n", "\n"),
        instructions=file.instructions,
        model=file.head.get("model") or None,
        configuration=file.configuration,
        file_path=(FOLDER / f"{file.slug}.md").as_posix(),
        created=file.changed,
        updated=file.changed,
    )


def _missing(known: Known, project: int, slug: str) -> New[Any]:
    row = new(
        Agent,
        project_id=project,
        slug=slug,
        name=slug,
        configuration=AgentConfiguration(missing=True),
        active=False,
        created=known.moment,
        updated=known.moment,
    )
    return row.with_(Agent.deleted.to(known.projects[project]))
