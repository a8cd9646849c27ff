"""From missing cells to the cheapest valid set of provider calls; pure, without input or output."""

from market_data.engine.planner.grid import Block, Shapes
from market_data.engine.planner.search import plan

__all__ = ["Block", "Shapes", "plan"]
