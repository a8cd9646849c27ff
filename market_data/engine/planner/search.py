"""Choose the cheapest among plans that differ in the days taken by date and in how symbols share calls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from market_data.engine.planner.days import day_choices
from market_data.engine.planner.grid import Block, Grid, Mask, Shapes
from market_data.engine.planner.improvement import merge, narrow, trade
from market_data.engine.planner.packing import Remaining, groupings, pack
from market_data.frames import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A unit is about 0.2 ms, the cutting of one window. Counted and not timed: equal needs get equal plans.
MOST_EFFORT = 10_000
TRIES_A_TURN = 3
MOST_MERGED = 600  # blocks: the work grows with the square


def plan(need: Mask, rows: Mask, day_rows: NDArray[np.int64], shapes: Shapes) -> list[Block]:
    """Return the fewest calls found that cover the needed cells, newest first.

    `need` and `rows` (cells that would come back if asked) are [symbol, open trading day]; `day_rows` counts the
    whole market, which may hold more symbols. An answer exceeds the cap only where a whole market's day does and the
    interface can be asked by date alone. ValueError when it can be asked in no way.
    """
    if not need.any():
        return []
    if not shapes.max_symbols and not shapes.by_date:
        raise ValueError("An interface that can be asked neither by date nor by symbol has no plan.")
    grid = Grid(need, rows, day_rows, shapes)
    blocks = Search(grid).run() if shapes.max_symbols else alone(grid, need.sum(axis=0) > 0)
    return sorted(blocks, key=lambda block: (-block.last, -block.first, block.symbols or ()))


def alone(grid: Grid, days: Mask) -> list[Block]:
    """Cover each of these days on its own."""
    return [block for day in np.flatnonzero(days) for block in grid.day_blocks(int(day))]


def cost(blocks: list[Block]) -> tuple[int, int, int]:
    """Return calls, then rows, then the calls that are not by date."""
    return len(blocks), sum(block.rows for block in blocks), sum(block.symbols is not None for block in blocks)


class Search:
    """The best plan so far for one grid, and the effort spent on it."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.symbols = np.flatnonzero(grid.need.any(axis=1))
        self.best: list[Block] = []
        # Calls with one symbol each may be many before calls by date replace most of them.
        self.spare = 1000 if grid.shapes.max_symbols == 1 else 2
        self.effort = 0

    def run(self) -> list[Block]:
        """Try a few groupings with each choice of days, then a few more with the better half, down to one choice."""
        choices = [(bound, self.tries(days)) for bound, days in day_choices(self.grid)]
        while choices:
            tried = [(self.least(tries), bound, tries) for bound, tries in choices if self.hopeful(bound)]
            ranked = sorted((each for each in tried if each[0]), key=itemgetter(0))
            choices = [(bound, tries) for _, bound, tries in ranked[: max(1, len(ranked) // 2)]]
        return self.best

    def hopeful(self, bound: float) -> bool:
        return not self.best or (bound < len(self.best) and self.effort < MOST_EFFORT)

    def least(self, tries: Iterator[int]) -> int:
        """Return the fewest calls of the next few tries; 0 when there are none left."""
        return min(islice(tries, TRIES_A_TURN), default=0)

    def tries(self, days: Mask) -> Iterator[int]:
        """Take these days one by one, group the symbols that still need something, and yield the calls it takes."""
        remaining = Remaining.of(self.grid, self.symbols, ~days)
        by_day = alone(self.grid, days)
        for groups in groupings(remaining):
            yield self.consider(by_day, pack(remaining, groups))

    def consider(self, by_day: list[Block], windows: Iterator[Block]) -> int:
        """Keep this plan if it is the best so far; give it up on the way when it falls far behind."""
        most = len(self.best) * 6 // 5 + self.spare if self.best else self.grid.need.size
        blocks = [*by_day, *islice(windows, max(0, most - len(by_day)))]
        self.effort += len(blocks) - len(by_day)
        if next(windows, None) is None:
            self.keep(blocks)
            blocks = self.improved(blocks)
            self.keep(blocks)
        return len(blocks)

    def improved(self, blocks: list[Block]) -> list[Block]:
        blocks = trade(self.grid, blocks, self.grid.calls_by_day == 1)
        if len(blocks) > MOST_MERGED:
            return blocks
        self.effort += len(blocks) ** 2 // 400
        return merge(self.grid, narrow(self.grid, blocks))

    def keep(self, blocks: list[Block]) -> None:
        if not self.best or cost(blocks) < cost(self.best):
            self.best = blocks
