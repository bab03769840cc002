"""The cache of plans by the shape of their statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_Maker = Callable[[], Any]


class PlanCache:
    """Plans by shape, at most `size` of them: when it is full, the older half goes."""

    def __init__(self, size: int) -> None:
        self.size: int = size
        self._plans: dict[object, Any] = {}

    def __len__(self) -> int:
        return len(self._plans)

    def get(self, key: object, make: _Maker) -> Any:
        """The plan of a shape, made when it is not there; a shape that cannot be hashed is not kept."""
        try:
            return self._plans[key]
        except KeyError:
            made = make()
        except TypeError:
            return make()
        if len(self._plans) >= self.size:
            for old in list(self._plans)[: self.size // 2]:
                self._plans.pop(old, None)
        self._plans[key] = made
        return made
