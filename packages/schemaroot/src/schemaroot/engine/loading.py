"""Loads SQLAlchemy without `asyncio`, which it imports for a layer that is not used here: 6 MiB and 50 ms."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

_NAME = "asyncio"


class _OnUse(ModuleType):
    """Stands for a module until something of it is wanted, and then for ever passes on what the real one has."""

    @staticmethod
    def iscoroutine(value: object) -> bool:
        """What SQLAlchemy takes while it is imported; all else it asks for when it needs it."""
        return bool(import_module(_NAME).iscoroutine(value))

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(_NAME) is self:
            del sys.modules[_NAME]
        return getattr(import_module(_NAME), name)


def load_sqlalchemy() -> None:
    """Imports SQLAlchemy; `asyncio` is then imported when something uses it, by whomever."""
    if _NAME in sys.modules or "sqlalchemy" in sys.modules:
        return
    stand_in = _OnUse(_NAME)
    sys.modules[_NAME] = stand_in
    try:
        import_module("sqlalchemy.dialects.sqlite")
    finally:
        if sys.modules.get(_NAME) is stand_in:
            del sys.modules[_NAME]
