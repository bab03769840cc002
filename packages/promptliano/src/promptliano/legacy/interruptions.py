"""When may Ctrl-C end an import? While what was done can be undone; at any other time it waits.

    with Interruptions() as interruptions:
        with interruptions.allowed():
            ...                     # Ctrl-C ends this at once
        interruptions.check()       # ends here when Ctrl-C came in between; from now on the work will be completed
        ...

Afterwards `interruptions.came` says whether it was pressed at all.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Self


class Interruptions:
    """Ctrl-C (SIGINT), held back but where it is allowed.

    A process that ignores it, or has a handler of its own for it, keeps that; so does every thread but the main one,
    where Python delivers no signals.

    Attributes:
        came: whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.came: bool = False
        self._allowed: bool = False
        self._installed: bool = False
        self._unraisable: Callable[[sys.UnraisableHookArgs], object] = sys.unraisablehook

    def __enter__(self) -> Self:
        self.install()
        return self

    def __exit__(self, *_: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            sys.unraisablehook = self._unraisable

    def install(self) -> None:
        """Holds Ctrl-C back from now on; for a process that ends soon, else use the object in a `with` statement."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            sys.unraisablehook = self._tell_of_others
            signal.signal(signal.SIGINT, self._take)
            self._installed = True

    @contextmanager
    def allowed(self) -> Generator[None]:
        """A stretch that Ctrl-C ends, with `KeyboardInterrupt`; also one that came before it."""
        try:
            self._allowed = True
            self.check()
            yield
        finally:
            self._allowed = False
        self.check()

    def check(self) -> None:
        """Raises `KeyboardInterrupt` when Ctrl-C came and ended nothing, as happens in a weak reference's callback."""
        if self.came:
            self._allowed = False
            raise KeyboardInterrupt

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        if self._allowed:
            self._allowed = False  # further ones must not disturb the undoing
            raise KeyboardInterrupt

    def _tell_of_others(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Keeps Python from printing that it swallowed our exception: `check` raises it again."""
        if not (self.came and isinstance(unraisable.exc_value, KeyboardInterrupt)):
            self._unraisable(unraisable)
