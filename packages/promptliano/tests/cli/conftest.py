"""A small database, and two ways to run commands on it: in this process, and as the program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from promptliano.main import run
from promptliano.schema import (
    Agent,
    Chat,
    ChatMessage,
    File,
    Project,
    Prompt,
    PromptProject,
    Queue,
    QueueItem,
    Task,
    Ticket,
)
from promptliano.storage import create
from schemaroot import Database

MOMENT = datetime(2025, 3, 12, 14, 2, tzinfo=UTC)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a few rows of each kind; tests only read it."""
    path = tmp_path_factory.mktemp("data") / "small.db"
    with create(f"sqlite:///{path}") as db:
        fill(db)
    return path


def fill(db: Database) -> None:
    """The rows of the small database."""
    garden = db.insert(Project, name="Garden", path="/code/garden", description="Beds and seeds", created=MOMENT)
    other = db.insert(Project, name="Twin", path="/code/one", created=MOMENT)
    db.insert(Project, name="Twin", path="/code/two", created=MOMENT)
    queue = db.insert(Queue, project_id=garden.id, name="Nightly", description="for the quiet hours")
    for number in range(1, 31):
        ticket = db.insert(
            Ticket,
            project_id=garden.id if number <= 25 else other.id,
            title=f"Mend the gate number {number}",
            overview="The gate **squeaks**.\n\nOil it." if number == 1 else "",
            status="open" if number % 2 else "completed",
            priority="high" if number == 1 else "normal",
            tags=["größe", "hot"] if number == 1 else [],
            created=MOMENT,
        )
        if number <= 3:
            for place, status in enumerate(("completed", "in_progress", "pending", "cancelled")):
                db.insert(
                    Task,
                    ticket_id=ticket.id,
                    content=f"Step {place} of {number}",
                    description="Slowly.",
                    status=status,  # type: ignore[arg-type]  # mypy sees str in the loop
                    order_index=3 - place,
                    estimated_hours=0.5,
                    agent="oiler",
                )
    db.insert(QueueItem, queue_id=queue.id, ticket_id=1, status="completed")
    db.insert(QueueItem, queue_id=queue.id, ticket_id=1, position=7, priority=2, agent="oiler")
    db.insert(QueueItem, queue_id=queue.id, ticket_id=2, status="failed", error="no oil left", actual_ms=90_000)
    db.insert(QueueItem, queue_id=queue.id, task_id=5, status="in_progress")
    chat = db.insert(Chat, title="About gates", project_id=garden.id)
    for number in range(40):
        role = "assistant" if number % 2 else "user"
        db.insert(ChatMessage, chat_id=chat.id, role=role, content=f"Message {number} says\n\tsqueak \x1b[31mred")
    prompt = db.insert(Prompt, title="Review a gate", content="Look at {gate}.")
    db.insert(PromptProject, prompt_id=prompt.id, project_id=garden.id)
    db.insert(Prompt, title="Other", content="Nothing.")
    db.insert(
        Agent,
        slug="oiler",
        name="Oiler",
        instructions="Oil all hinges.",
        project_id=garden.id,
        configuration={"color": "blue", "secrets": {"key": "sealed:hush-hush"}},
    )
    db.insert(Agent, slug="porter", name="Porter", active=False)
    for number in range(3):
        content = "\n".join(f"line {line}" for line in range(60))
        db.insert(
            File,
            project_id=garden.id,
            path=f"src/gate{number}.ts",
            name=f"gate{number}.ts",
            extension=".ts",
            size=4200,
            content=content,
        )
    db.insert(File, project_id=other.id, path="src/gate0.ts", name="gate0.ts", extension=".ts")


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


@pytest.fixture
def bare(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Said]:
    """Runs a command in this process, in an empty folder that is also the home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DATABASE_URL", "PROMPTLIANO_DATABASE_URL", "PROMPTLIANO_DEBUG", "XDG_DATA_HOME", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str | Path) -> Said:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture
def cli(bare: Callable[..., Said], database: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Runs a command in this process on the small database."""
    monkeypatch.setenv("PROMPTLIANO_DATABASE_URL", f"sqlite:///{database}")
    return bare


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The caller's environment with a home of its own and without what names a database."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PROMPTLIANO", "XDG_"))} | {
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


@pytest.fixture
def program(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Said]:
    """Runs a command as the program, in an empty folder and with an environment of its own.

    `humble` runs it without root's right to write where the permissions forbid it.
    """

    def call(*arguments: str | Path, humble: bool = False, **more: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "promptliano", *map(str, arguments)],
            capture_output=True,
            cwd=tmp_path,
            env=environment | more,
            timeout=60,
            check=False,
            preexec_fn=drop_the_right_to_write_everything if humble else None,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


def drop_the_right_to_write_everything() -> None:
    """What root may do beyond the permissions of files is taken from the program that comes next."""
    import ctypes

    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            if libc.prctl(24, right, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError(ctypes.get_errno(), "prctl")
