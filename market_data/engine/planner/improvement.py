"""Improve a finished plan: two calls in one, short lists for by-date calls, by-date calls for list calls."""

from __future__ import annotations

from market_data.engine.planner.cover import minimum_cover
from market_data.engine.planner.grid import Block, Grid, Mask
from market_data.frames import np

MOST_EDGES = 50_000


def merge(grid: Grid, blocks: list[Block]) -> list[Block]:
    """Merge blocks with lists, largest first, wherever one call can do the work of two."""
    done: list[Block] = []
    for block in sorted(blocks, key=lambda block: -block.rows):
        for at, other in enumerate(done):
            union = merged(grid, other, block)
            if union:
                done[at] = union
                break
        else:
            done.append(block)
    return done


def merged(grid: Grid, one: Block, other: Block) -> Block | None:
    """Return the one block that covers both, or None when its answer would not fit."""
    if one.symbols is None or other.symbols is None or one.rows + other.rows > grid.shapes.cap:
        return None
    if len(one.symbols) + len(other.symbols) > grid.shapes.max_symbols:
        return None
    symbols = np.union1d(one.symbols, other.symbols)
    union = grid.block(symbols, min(one.first, other.first), max(one.last, other.last))
    return union if union.rows <= grid.shapes.cap else None


def narrow(grid: Grid, blocks: list[Block]) -> list[Block]:
    """Replace by-date calls by short lists where few symbols need the day, and drop those that none needs."""
    lists = [block for block in blocks if block.symbols is not None]
    result = lists.copy()
    for block in blocks:
        if block.symbols is None:
            result += narrowed(grid, block, [other for other in lists if other.first <= block.last <= other.last])
    return result


def narrowed(grid: Grid, by_date: Block, lists: list[Block]) -> list[Block]:
    """Return what is left to ask for on a day that these calls with lists answer in part."""
    covered = {symbol for block in lists for symbol in block.symbols or ()}
    wanted = np.setdiff1d(np.flatnonzero(grid.need[:, by_date.last]), list(covered))
    if not wanted.size:
        return []
    few = len(wanted) <= grid.shapes.max_symbols and len(wanted) < by_date.rows
    return [grid.block(wanted, by_date.last, by_date.last) if few else by_date]


def trade(grid: Grid, blocks: list[Block], days: Mask) -> list[Block]:
    """Replace list calls by calls for some of `days` on their own where that takes fewer in all."""
    lists = [block for block in blocks if block.symbols is not None]
    by_date = [block for block in blocks if block.symbols is None]
    taken = {block.last for block in by_date}
    edges: dict[int, list[int]] = {}
    count = 0
    for at, block in enumerate(lists):
        need = [day for day in needed_days(grid, block) if day not in taken]
        # A call that serves more days than there are lists is never worth giving up.
        if len(need) <= len(lists) and days[need].all():
            edges[at] = need
            count += len(need)
        if count > MOST_EDGES:
            return blocks
    kept, traded = minimum_cover(edges)
    by_date += [block for day in sorted(traded) for block in grid.day_blocks(day)]
    return by_date + [block for at, block in enumerate(lists) if at in kept or at not in edges]


def needed_days(grid: Grid, block: Block) -> list[int]:
    cells = grid.need[list(block.symbols or ()), block.first : block.last + 1]
    return [int(day) for day in np.flatnonzero(cells.any(axis=0)) + block.first]
