"""What does `make run` show? A legacy database taken over and looked at, with nothing but what anybody can type.

The first run makes a legacy database with invented data in `./data`, imports it into `./data/promptliano.db` and shows
the tickets of a project. Later runs find the database, change nothing and show the same.
"""

from __future__ import annotations

import io
import json
import shlex
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path

from promptliano.main import run

SAMPLE = Path("data", "legacy-sample")
DATABASE = Path("data", "promptliano.db")


def main() -> int:
    """Imports the sample unless that was done before, shows the result, and gives the exit code."""
    if DATABASE.exists():
        say(f"{DATABASE} is there already: nothing is imported and nothing is changed.")
    elif code := take_over():
        return code
    code, project = first_project()
    if code:
        return code
    if project is None:
        say(f"There is no project in {DATABASE}. To start afresh, move the file away and run this again.")
        return 0
    say(f"\nTickets of the project {project}:")
    if code := show("ticket", "list", "--project", project, "--limit", "12"):
        return code
    print(what_next())
    return 0


def take_over() -> int:
    """Makes the sample and imports it; gives the exit code of what went wrong, or 0."""
    say("There is no database yet: here is how a legacy one is taken over.")
    legacy, agents = SAMPLE / "legacy.db", SAMPLE / "agents"
    if not legacy.exists():
        say("\nFirst a legacy database with invented data, and the agents' files:")
        if code := show("import", "sample", str(SAMPLE)):
            return code
    say("\nThen all of it into a new database:")
    code = show("import", "run", str(legacy), "--agents", str(agents), "--database", str(DATABASE))
    return code if code != 1 else 0  # rows that were set aside are in the report; the rest can be looked at


def first_project() -> tuple[int, str | None]:
    """The exit code of asking for the first project, and its name when there is one."""
    with redirect_stdout(io.StringIO()) as said:
        code = run(["project", "list", "--limit", "1", "--json", "--database", str(DATABASE)])
    if code:
        return code, None
    items: list[dict[str, object]] = json.loads(said.getvalue())["items"]
    return code, str(items[0]["name"]) if items else None


def show(*words: str) -> int:
    """Shows a command line, runs it on the database, and gives its exit code."""
    given = words if words[0] == "import" else (*words, "--database", str(DATABASE))
    say(f"$ promptliano {shlex.join(words)}")
    return run(given)


def say(line: str) -> None:
    """Prints a line at once, so that it stands before what the next command prints."""
    print(line, flush=True)


def what_next() -> str:
    """What to type next."""
    lines = ["", "What to type next:"]
    if shutil.which("promptliano") is None:
        activate = Path(sys.executable).parent / "activate"
        if activate.is_relative_to(Path.cwd()):
            activate = activate.relative_to(Path.cwd())
        lines.append(f"  source {activate}")
    lines += [
        "  promptliano ticket list --status open --priority high",
        "  promptliano ticket search layout",
        "  promptliano chat list",
        "  promptliano queue list",
        "  promptliano import run YOUR-LEGACY.db --database yours.db",
        "  promptliano --help",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
