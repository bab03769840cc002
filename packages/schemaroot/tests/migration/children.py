"""Migrations in processes that may die: a server that has everything imported forks one for each migration.

    with Children() as children:
        ended = children.run(folder, "up", kill=17)  # SIGKILL before the 17th point
        assert ended.killed

A point is each SQL statement on each connection to a file, and each file that is opened for writing, renamed, linked or
removed. What runs on the scratch databases in memory is none: a death there and one before the next point are the same.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from schemaroot.engine.driver import DriverName, OpenMode
from schemaroot.engine.driver_apsw import ApswDriver
from schemaroot.engine.driver_standard import StandardDriver
from schemaroot.engine.opening import MEMORY
from schemaroot.migration.revisions import Migrations
from schemaroot.migration.runner import Options, Runner

APPLICATION_ID = 0x54455354
"""As in `chain`, which cannot be imported from the server's process."""


@dataclass(frozen=True)
class Order:
    """A migration that a child is to run on `folder/a.db`.

    Attributes:
        folder: where the database and its revisions are.
        verb: `up` or `down`.
        to: how far.
        driver: with which driver.
        kill: before which point the child dies, from 0; `None` for one that lives and tells its points.
        create: whether it may create the file.
        plain: whether it leaves the backup and the rehearsal out.
        interrupt: a pattern of points; soon after the first that it matches, the child hears Ctrl-C.
        delay: how soon, in seconds.
        nobody: whether the child is a user who owns nothing, where the tests may become one.
    """

    folder: str
    verb: str
    to: str
    driver: DriverName
    kill: int | None = None
    create: bool = False
    plain: bool = False
    interrupt: str = ""
    delay: float = 0.0
    nobody: bool = False


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes:
        status: its exit code, or the signal with a minus.
        error: what it raised, in full.
        code: the code of that error.
        points: what it came by, where it was not to be killed.
        took: seconds from Ctrl-C to the end of the run.
    """

    status: int
    error: str = ""
    code: str = ""
    points: list[str] = field(default_factory=list[str])
    took: float | None = None

    @property
    def killed(self) -> bool:
        """Whether it died by the planned kill."""
        return self.status == -signal.SIGKILL


class Children:
    """The server, from the test's side."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate("", timeout=60)

    def run(
        self,
        folder: Path,
        verb: str = "up",
        to: str = "head",
        *,
        driver: DriverName = "apsw",
        kill: int | None = None,
        create: bool = False,
        plain: bool = False,
        interrupt: str = "",
        delay: float = 0.0,
        nobody: bool = False,
    ) -> Ended:
        """Runs a migration in a child and waits for its end."""
        assert self._server.stdin is not None and self._server.stdout is not None
        order = Order(str(folder), verb, to, driver, kill, create, plain, interrupt, delay, nobody)
        self._server.stdin.write(json.dumps(asdict(order)) + "\n")
        self._server.stdin.flush()
        return Ended(**json.loads(self._server.stdout.readline()))


# --- in the server's process ------------------------------------------------------------------------------------------


class _Points:
    """Counts points, and dies before one."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.told: list[str] = []
        self.on = True
        self.sent: float | None = None

    def reach(self, what: str) -> None:
        if not self.on:
            return
        if len(self.told) == self.order.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        self.told.append(" ".join(what.split())[:120])
        if self.order.interrupt and self.sent is None and re.search(self.order.interrupt, self.told[-1]):
            self.sent = 0.0
            threading.Timer(self.order.delay, self.interrupt).start()

    def interrupt(self) -> None:
        self.sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    def hear_of_file(self, event: str, arguments: tuple[Any, ...]) -> None:
        names = {"open": 1, "os.rename": 2, "os.link": 2, "os.remove": 1, "os.mkdir": 1, "os.chmod": 1}.get(event)
        if names is None or not str(arguments[0]).startswith(self.order.folder):
            return
        if event == "open" and not int(arguments[2]) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        self.reach(f"{event} {', '.join(Path(str(each)).name for each in arguments[:names])}")

    def follow_statements(self) -> None:
        """Lets every connection that is opened from now on tell its statements before they run."""
        points = self

        def teller(path: str) -> Callable[[str], None]:
            name = Path(path).name

            def tell(sql: str) -> None:
                if not sql.startswith("-- "):  # a part of the statement before
                    points.reach(f"{name}: {sql}")

            return tell

        plain, standard = ApswDriver.connect, StandardDriver.connect

        def connect(self: ApswDriver, path: str, mode: OpenMode) -> Any:
            connection = plain(self, path, mode)
            if path != MEMORY:
                tell = teller(path)
                connection.exec_trace = lambda _, sql, __: tell(sql) or True
            return connection

        def connect_standard(self: StandardDriver, path: str, mode: OpenMode) -> Any:
            connection = standard(self, path, mode)
            if path != MEMORY:
                connection.set_trace_callback(teller(path))
            return connection

        ApswDriver.connect = connect  # type: ignore[method-assign]  # in a child that ends soon
        StandardDriver.connect = connect_standard  # type: ignore[method-assign]  # as above


def _migrate(order: Order, points: _Points) -> None:
    if order.nobody and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    points.follow_statements()
    sys.addaudithook(points.hear_of_file)
    migrations = Migrations(Path(order.folder) / "versions", application_id=APPLICATION_ID)
    runner = Runner(migrations, Path(order.folder) / "a.db", driver=order.driver, timeout_ms=2000, lock_timeout_s=60)
    options = Options(backup=not order.plain, rehearse=not order.plain)
    if order.verb == "up":
        runner.up(order.to, options=options, create=order.create)
    else:
        runner.down(order.to, options=options)


def _serve() -> None:
    import alembic.script.revision  # noqa: F401  # loaded late, when a child may not read the environment's files

    for line in sys.stdin:
        order = Order(**json.loads(line))
        out, into = os.pipe()
        child = os.fork()
        if not child:
            os.close(out)
            points = _Points(order)
            status, said = 0, dict[str, Any]()
            try:
                _migrate(order, points)
            except KeyboardInterrupt:
                status = 130
            except BaseException as error:
                status, said = 2, {"error": traceback.format_exc(), "code": getattr(error, "code", "")}
            points.on = False
            said = {**said, "points": points.told, "took": time.monotonic() - points.sent if points.sent else None}
            with os.fdopen(into, "w") as pipe:
                json.dump(said, pipe)
            os._exit(status)
        os.close(into)
        with os.fdopen(out) as pipe:
            said = json.loads(pipe.read() or "{}")
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), **said}), flush=True)


if __name__ == "__main__":
    _serve()
