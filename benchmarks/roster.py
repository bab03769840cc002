"""Who runs: contestants by name, and where to find them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.contestant import Contestant

FLOOR = "floor"
OURS = "ours"

OWN: dict[str, str] = {
    "floor": "benchmarks.floor:Floor",
    "ours": "benchmarks.ours:Ours",
    "ours_sqlite3": "benchmarks.ours:OursSqlite3",
    "floor_tuples": "benchmarks.floor_tuples:FloorTuples",
    "floor_apsw": "benchmarks.floor_apsw:FloorApsw",
}
"""Always run."""

PEERS: dict[str, str] = {
    "sqlalchemy_core": "benchmarks.peers.sqlalchemy_core:SqlAlchemyCore",
    "sqlalchemy_orm": "benchmarks.peers.sqlalchemy_orm:SqlAlchemyOrm",
    "sqlmodel": "benchmarks.peers.sqlmodel_:SqlModel",
    "peewee": "benchmarks.peers.peewee_:Peewee",
    "django": "benchmarks.peers.django_:Django",
    "piccolo": "benchmarks.peers.piccolo_:Piccolo",
    "tortoise": "benchmarks.peers.tortoise_:Tortoise",
    "drizzle": "benchmarks.peers.drizzle:Drizzle",
}
"""Other libraries; those that are not installed are named with the reason."""


def contestant(name: str) -> type[Contestant]:
    """The class of a contestant; its import may fail where the library is not installed."""
    module, _, attribute = {**OWN, **PEERS}[name].partition(":")
    found: type[Contestant] = getattr(import_module(module), attribute)
    return found
