"""Which days may be worth a call of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from market_data.engine.planner.grid import Grid, Indexes, Mask
from market_data.frames import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVEN_SIZES = 17


def day_choices(grid: Grid) -> list[tuple[float, Mask]]:
    """Return sets of days to take one by one and the fewest calls a plan with each could have.

    All and none come first, then the sets with the fewest calls. A set holds the days where a call of their own
    brings the most needed cells, down to an even step or to where that number has halved once more.
    """
    gain = grid.need.sum(axis=0) / grid.calls_by_day
    order = np.argsort(-gain, kind="stable")[: np.count_nonzero(gain)]
    halved = np.flatnonzero(np.diff(np.floor(np.log2(gain[order])))) + 1
    sizes = np.unique(np.concatenate([np.linspace(0, len(order), EVEN_SIZES).astype(int), halved]))
    calls = np.concatenate([[0.0], np.cumsum(grid.calls_by_day[order])])[sizes]
    bounds = calls + fewest_lists(grid, order, sizes)
    if grid.shapes.max_symbols == 1:
        bounds[sizes == 0] = 0  # by-date calls, traded for calls with one symbol, may take it anywhere
    turn = np.select([sizes == len(order), sizes == 0], [0, 1], 2)
    ranked = np.lexsort((bounds, turn))
    return [(float(bounds[at]), np.isin(np.arange(len(gain)), order[: sizes[at]])) for at in ranked]


def fewest_lists(grid: Grid, order: Indexes, sizes: Indexes) -> NDArray[np.float64]:
    """Return a lower bound of the calls with lists once so many days of the order are taken, for each size."""
    limit, cap = grid.shapes.max_symbols, grid.shapes.cap
    taken_at = np.full(len(grid.day_rows), len(sizes))
    taken_at[order] = np.searchsorted(sizes, np.arange(len(order)), side="right")
    needs = (grid.need[symbol] for symbol in np.flatnonzero(grid.need.any(axis=1)))
    taken = np.array([np.bincount(taken_at[need], minlength=len(sizes) + 1) for need in needs])
    left = taken[:, ::-1].cumsum(axis=1)[:, -2::-1]
    places = np.ceil(left / cap).sum(axis=0)
    bounds: NDArray[np.float64] = np.maximum(np.ceil(left.sum(axis=0) / cap), np.ceil(places / limit))
    return bounds
