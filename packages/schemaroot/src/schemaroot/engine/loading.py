"""Loads SQLAlchemy without modules that it imports and does not need to build or compile statements.

`asyncio` serves a layer that is not used here (6 MiB and 50 ms); `hashlib` brings OpenSSL for names that are too long
(4 MiB); `importlib.metadata` brings mail and archives for dialects from other packages (2 MiB).
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType


class _OnUse(ModuleType):
    """Stands for a module until something of it is wanted, and then for ever passes on what the real one has."""

    def __getattr__(self, name: str) -> object:
        self.withdraw()
        return getattr(import_module(self.__name__), name)

    def withdraw(self) -> None:
        """Makes room for the real module, which the next import then loads."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


class _AsyncioOnUse(_OnUse):
    @staticmethod
    def iscoroutine(value: object) -> bool:
        """What SQLAlchemy takes while it is imported; all else it asks for when it needs it."""
        return bool(import_module("asyncio").iscoroutine(value))


def load_sqlalchemy() -> None:
    """Imports SQLAlchemy; what it did not need then is imported when something uses it, by whomever."""
    if "sqlalchemy" in sys.modules:
        return
    stand_ins = [_AsyncioOnUse("asyncio"), _OnUse("hashlib"), _OnUse("importlib.metadata")]
    stand_ins = [one for one in stand_ins if one.__name__ not in sys.modules]
    for one in stand_ins:
        sys.modules[one.__name__] = one
        parent, _, name = one.__name__.rpartition(".")
        if parent:  # where `import importlib.metadata` looks for it; the real one takes this place too
            setattr(sys.modules[parent], name, one)
    try:
        import_module("sqlalchemy.dialects.sqlite")
    finally:
        for one in stand_ins:
            one.withdraw()
