"""How does Ctrl-C end a long statement? Python hears of a signal only between its own instructions, SQLite's run on.

with interruptible():
    db = Database.open(...)  # what is opened inside looks for Ctrl-C while it works
    ...
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

LOOK_EVERY = 20_000
"""Steps of SQLite's virtual machine between two looks for Ctrl-C: some hundred microseconds."""

_look: ContextVar[Callable[[], bool] | None] = ContextVar("schemaroot_look_for_interrupt", default=None)


def look_for_interrupt() -> Callable[[], bool] | None:
    """What a connection that is being opened asks now and then while a statement runs, whether that is to end."""
    return _look.get()


def end_if_interrupted() -> None:
    """Raises `KeyboardInterrupt` where Ctrl-C ended a statement and somebody took that for an answer."""
    look = _look.get()
    if look is not None and look():
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Generator[None]:
    """Lets Ctrl-C end the statements of the connections that are opened inside.

    Inside, SIGINT interrupts the statement, and what comes out is `KeyboardInterrupt`. In a thread other than the main
    one, where no signal arrives, and where SIGINT is ignored, it adds nothing.
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield
        return
    told = False

    def look() -> bool:
        return told

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal told
        told = True
        # Raised inside of the driver's callback it would be lost; there the statement is told to end instead.
        if frame is None or frame.f_code is not look.__code__:
            previous(number, frame)

    token = _look.set(look)
    signal.signal(signal.SIGINT, hear)
    try:
        yield
    except Exception:
        if told:  # whatever was made of the statement that ended early
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, previous)
        _look.reset(token)
