"""How is a database named? By an address, `sqlite:///shop.db`, or by a plain path."""

from __future__ import annotations

import re
from pathlib import Path

SCHEME = "sqlite:///"
_SCHEME_LIKE = re.compile(r"(sqlite|file|postgres|postgresql|mysql)(\+\w+)?:", re.IGNORECASE)


def address(text: str, base: Path | None = None) -> str:
    """The address of a database named by address or by path; a relative path counts from `base` when that is given.

    What looks like an address of another kind, or like one mistyped, stays as it is: opening it refuses it.
    """
    if not text.startswith(SCHEME) and ("://" in text or _SCHEME_LIKE.match(text)):
        return text
    if not text.strip():
        return SCHEME  # which names no file
    path = text.removeprefix(SCHEME)
    return SCHEME + (str(base / path) if base is not None and path and path != ":memory:" else path)


def file_of(url: str) -> Path:
    """The file behind an address; raises `DatabaseUrlError` for what names none."""
    from schemaroot.engine.opening import MEMORY, path_of
    from schemaroot.errors import DatabaseUrlError

    path = path_of(url)
    if path == MEMORY:
        raise DatabaseUrlError(url, "a database in memory has nothing to migrate or to back up")
    return Path(path)
