"""Which agents do the sample's projects know? Markdown files in each project's folder, never rows of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from promptliano.legacy.sample.content import Content
from promptliano.legacy.sample.words import THEMES


@dataclass(frozen=True)
class SampleAgent:
    """One agent as its file describes it; `description` may hold line breaks."""

    name: str
    description: str
    color: str

    @property
    def id(self) -> str:
        """Give the file's stem, by which tickets and tasks name the agent."""
        return agent_id(self.name)


AGENTS: Final = (
    SampleAgent("Layout Fixer", "Mends pages: spacing, menus, small screens", "blue"),
    SampleAgent("Data Sorter", "Cleans CSV & JSON before an import", "orange"),
    SampleAgent("Test Scribe", "Writes tests: one promise per test", "yellow"),
    SampleAgent("Prüf Lotse", "Reads German texts.\nKnows Umlaute.", "purple"),
    SampleAgent("Release Mate", "Collects the notes for a release", "teal"),
)
"""Every agent that has a file. The colour teal was never a known one and was shown as blue."""

MISSING_AGENT: Final = "night-porter"
"""An agent that tickets and tasks still name although its file is gone."""


def agent_id(name: str) -> str:
    """Give the id that a name leads to: lower case, everything outside a-z and 0-9 becomes a hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def write_agents(folder: Path, *, seed: int = 1) -> list[Path]:
    """Write `<project folder name>/.claude/agents/<id>.md` for every project that a sample may hold.

    Returns the files in the order of writing. The same seed gives the same bytes.
    """
    content = Content(seed)
    written: list[Path] = []
    for number, theme in enumerate(THEMES):
        place = folder / theme.folder / ".claude" / "agents"
        place.mkdir(parents=True, exist_ok=True)
        # The last agent lives in the first project only, so that the projects differ.
        for agent in AGENTS if number == 0 else AGENTS[:-1]:
            file = place / f"{agent.id}.md"
            file.write_bytes(_markdown(agent, content.paragraph(theme, 3), content.bullets(theme, 2)).encode())
            written.append(file)
    return written


def _markdown(agent: SampleAgent, instructions: str, rules: str) -> str:
    """Write an agent's file; its front matter looks like YAML and is not: a line splits at its first colon."""
    description = agent.description.replace("\n", "\\n")
    return (
        f"---\nname: {agent.name}\ndescription: {description}\ncolor: {agent.color}\n---\n\n"
        f"# {agent.name}\n\n{instructions}\n\n## Rules\n\n{rules}\n"
    )
