"""Where do sample databases of the old applications come from? Made from a seed; every word in them is invented."""

from promptliano.legacy.sample.agents import write_agents
from promptliano.legacy.sample.history import History
from promptliano.legacy.sample.later import write_later
from promptliano.legacy.sample.old import write_old
from promptliano.legacy.sample.writing import SampleCounts

__all__ = ["History", "SampleCounts", "write_agents", "write_later", "write_old"]
