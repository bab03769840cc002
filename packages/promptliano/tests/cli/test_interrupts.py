"""Ctrl-C at any moment of an import: either the target is as before, or the import is complete and says so."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from promptliano.legacy.interruptions import Interruptions
from promptliano.legacy.sample import write_old
from promptliano.storage import create

# Runs one import after the other, each in a process of its own that has all modules loaded, and sends the K-th of them
# SIGINT where the K-th statement is reached for the first time; ends with the one that was not reached.
AT_EACH_STATEMENT = """
import importlib, json, os, signal, sys
from pathlib import Path
from promptliano.cli import import_, opening, output
from promptliano.cli.app import PROGRAM
from schemaroot.cli import running, streams
from promptliano.legacy import importer, interruptions, place
importlib.import_module("rich.table")
signal.signal(signal.SIGINT, signal.default_int_handler)
source, target, filled, step = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "filled", int(sys.argv[4])
traced = {module.__file__ for module in (import_, importer, interruptions, place)}
template = target.read_bytes() if filled else b""

def interrupted_at(wanted):
    seen, where = set(), ["", 0]
    def trace(frame, event, argument):
        spot = frame.f_code.co_filename, frame.f_lineno
        if spot[0] in traced:
            if event == "line" and spot not in seen:
                seen.add(spot)
                if len(seen) == wanted:
                    where[:] = spot
                    signal.raise_signal(signal.SIGINT)
            return trace
    sys.settrace(trace)
    code = running.run_process(PROGRAM, ["import", "run", source, "--database", str(target), "--yes"])
    sys.settrace(None)
    sys.stdout.flush()
    return code, where

for wanted in range(1, 1000, step):
    for path in target.parent.iterdir():
        path.unlink()
    if filled:
        target.write_bytes(template)
    ends = os.pipe(), os.pipe(), os.pipe()
    if not (child := os.fork()):
        os.dup2(ends[0][1], 1)
        os.dup2(ends[1][1], 2)
        try:
            code, where = interrupted_at(wanted)
            os.write(ends[2][1], json.dumps([code, where]).encode())
        finally:
            os._exit(0)
    for _, write in ends:
        os.close(write)
    out, err, end = (open(read, "rb").read().decode() for read, _ in ends)
    os.waitpid(child, 0)
    code, where = json.loads(end)
    names = sorted(path.name for path in target.parent.iterdir())
    content = target.read_bytes() if target.exists() else b""
    import sqlite3
    rows = 0
    if content:
        connection = sqlite3.connect(target)
        rows = connection.execute("SELECT count(*) FROM projects").fetchone()[0]
        connection.close()
    print(json.dumps([where, code, out, err, names, rows]), flush=True)
    if not where[1]:
        break
"""


UNDONE = "error[INTERRUPTED]: Interrupted. No database was changed. Run the command again when you like.\n"
TOO_LATE = "Ctrl-C came when the import was complete: nothing was undone.\n"


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Lets Ctrl-C through to the tests and their children, also when a shell runs them in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A legacy database of a hundred rows."""
    path = tmp_path_factory.mktemp("source") / "old.db"
    write_old(path, scale=0)
    return path


@pytest.mark.parametrize("kind", ["new", "filled"])
@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.soak)], ids=["some", "all"])
def test_at_each_statement_it_is_undone_or_told_to_have_come_too_late(
    environment: dict[str, str], tmp_path: Path, source: Path, kind: str, step: int
) -> None:
    target = tmp_path / "place" / "new.db"
    target.parent.mkdir()
    if kind == "filled":
        create(f"sqlite:///{target}").close()
    before = [target.name] if kind == "filled" else []

    command = [sys.executable, "-c", AT_EACH_STATEMENT, str(source), str(target), kind, str(step)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)

    *interrupted, (_, code, _, err, _, _) = (json.loads(line) for line in done.stdout.splitlines())
    assert code == 0, err  # the last was let alone
    codes: list[int] = []
    for where, code, out, err, names, projects in interrupted:
        codes.append(code)
        assert "Traceback" not in err, (where, err)
        if code == 130:
            assert (out, names, projects) == ("", before, 0), where
            assert err == UNDONE, where
        else:
            assert (code, names, projects) == (0, ["new.db", "new.db.key"], 2), where
            assert str(target) in "".join(out.split()), where  # the report, which folds long paths
            assert TOO_LATE in err or where == interrupted[-1][0], where
    assert set(codes) == {0, 130}
    assert codes == sorted(codes, reverse=True)  # there is one point of no return


@pytest.fixture(scope="module")
def bigger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A legacy database that takes a second to import."""
    path = tmp_path_factory.mktemp("bigger") / "old.db"
    write_old(path, scale=3)
    return path


@pytest.mark.parametrize("wait", [0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_whenever_it_comes_it_is_undone_or_told_to_have_come_too_late(
    environment: dict[str, str], tmp_path: Path, bigger: Path, wait: float
) -> None:
    command = [sys.executable, "-m", "promptliano", "import", "run", str(bigger), "--database", "new.db"]
    child = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)  # until it builds its file
    time.sleep(wait)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)

    left = sorted(path.name for path in tmp_path.iterdir())
    if child.returncode == 130:
        assert (out, err, left) == ("", UNDONE, [])
    else:
        assert (child.returncode, left) == (0, ["new.db", "new.db.key"])
        assert "new.db" in out
        with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
            assert connection.execute("SELECT count(*) FROM archive WHERE reason = 'import'").fetchone() == (1,)


def test_impatience_does_not_disturb_the_undoing(environment: dict[str, str], tmp_path: Path, bigger: Path) -> None:
    command = [sys.executable, "-m", "promptliano", "import", "run", str(bigger), "--database", "new.db"]
    child = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    while child.poll() is None:
        child.send_signal(signal.SIGINT)
        time.sleep(0.001)
    out, err = child.communicate(timeout=30)

    assert (child.returncode, out, err) == (130, "", UNDONE)
    assert not any(tmp_path.iterdir())


def test_one_that_python_swallows_is_raised_again_and_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    class Leaving:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)
            len([])  # where Python looks for signals

    hook = sys.unraisablehook
    with Interruptions() as interruptions:
        with pytest.raises(KeyboardInterrupt), interruptions.allowed():
            Leaving()
        assert interruptions.came

    assert sys.unraisablehook is hook
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert capfd.readouterr().err == ""


def test_a_process_that_ignores_it_goes_on_ignoring_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruptions() as interruptions, interruptions.allowed():
            signal.raise_signal(signal.SIGINT)
        assert not interruptions.came
    finally:
        signal.signal(signal.SIGINT, before)
