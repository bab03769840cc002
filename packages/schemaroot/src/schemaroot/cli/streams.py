"""What becomes of words that nobody takes? On stdout they are an error of the command; on stderr they are lost.

A process may be started with closed streams, a pipe's reader may leave, a disk may be full. `own_streams()` makes
stdin, stdout and stderr usable whatever they are; from then on stdout raises `UndeliveredError` where it fails.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from schemaroot.cli.errors import ProgramError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_STDIN, _STDOUT, _STDERR = 0, 1, 2


class UndeliveredError(ProgramError):
    """stdout did not take what was written.

    Attributes:
        cause: what the operating system said.
        reader_left: whether there was a reader who had enough, which is no error.
    """

    code = "CANNOT_WRITE"

    def __init__(self, cause: str, *, reader_left: bool = False, state: str = "Nothing was changed.") -> None:
        self.cause: str = cause
        self.reader_left: bool = reader_left
        super().__init__(
            f"stdout did not take all of the output: {cause}. {state}", hint="Send it elsewhere, or make room."
        )


def own_streams() -> None:
    """Makes the process's three streams usable. For a process of our own: they are never given back."""
    for number in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            # What is opened gets the lowest number that is free. Nothing else may get these three: a library's words
            # would be written into a database. Reading from stdin and writing to stdout fail as they would closed.
            os.open(os.devnull, os.O_RDONLY if number == _STDOUT else os.O_WRONLY)
            os.set_inheritable(number, True)
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  # so it is where descriptor 0 was closed
        sys.stdin = open(_STDIN, closefd=False)  # noqa: SIM115  # open as long as the process is
    sys.stdout = _text(_Data(_STDOUT, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Talk(_STDERR, "w", closefd=False), sys.stderr)


def discard_stdout() -> None:
    """Sends to nowhere what stdout still holds, and what comes."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDOUT)
    os.close(nowhere)


class _Data(io.FileIO):
    """A file of which it is known, when it fails, that it was this one."""

    def write(self, data: Buffer, /) -> int:
        while True:
            try:
                return os.write(self.fileno(), data)
            except BlockingIOError:  # whoever shares it with us made it so
                select.select([], [self], [])
            except OSError as error:
                left = error.errno in (errno.EPIPE, errno.ECONNRESET)
                raise UndeliveredError(error.strerror or str(error), reader_left=left) from None


class _Talk(io.FileIO):
    """A file that takes everything, whether it arrives or not."""

    def write(self, data: Buffer, /) -> int:
        try:
            return os.write(self.fileno(), data)
        except OSError:
            return memoryview(data).nbytes


def _text(raw: io.FileIO, like: TextIO | None) -> TextIO:
    """Text over a file, in the encoding of the stream that it takes the place of."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=like.encoding if like is not None else None,
        errors="backslashreplace",  # a locale that cannot say a character must not end a command
        line_buffering=isinstance(raw, _Talk) or raw.isatty(),
    )
