"""Pack the needed cells that are left into calls that list symbols over a range of days."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from market_data.engine.planner.grid import Block, Grid, Indexes, Mask
from market_data.frames import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCAN_CELLS = 1 << 18  # bounds the memory of one look at the grid


@dataclass(frozen=True)
class Remaining:
    """The needed cells on the open days: those that no call for a single day covers."""

    grid: Grid
    open_days: Mask
    symbols: Indexes
    oldest: Indexes
    newest: Indexes
    cells: Indexes  # needed
    rows: Indexes  # expected between a symbol's oldest and newest needed day

    @classmethod
    def of(cls, grid: Grid, symbols: Indexes, open_days: Mask) -> Remaining:
        step = max(1, SCAN_CELLS // len(open_days))
        parts = [measure(grid, symbols[at : at + step], open_days) for at in range(0, len(symbols), step)]
        measures = np.concatenate(parts, axis=1)
        kept = measures[1] >= 0
        return cls(grid, open_days, symbols[kept], *measures[:, kept])

    def newest_before(self, members: Indexes, day: int) -> Indexes:
        """Return each member's newest needed day before `day`; -1 where there is none."""
        found = np.full(len(members), -1)
        todo = np.flatnonzero(self.oldest[members] < day)
        width = 32
        while todo.size:
            width = min(2 * width, max(1, SCAN_CELLS // todo.size))
            start = max(0, day - width)
            cells = self.grid.need[self.symbols[members[todo]], start:day] & self.open_days[start:day]
            hit = cells.any(axis=1)
            found[todo[hit]] = day - 1 - cells[hit, ::-1].argmax(axis=1)
            todo, day = todo[~hit], start
        return found


def measure(grid: Grid, symbols: Indexes, open_days: Mask) -> Indexes:
    """Return the oldest and newest needed day (or -1), the needed cells and the expected rows of each symbol."""
    days = np.arange(len(open_days))
    need = grid.need[symbols] & open_days
    cells = np.count_nonzero(need, axis=1)
    oldest = np.where(cells, need.argmax(axis=1), -1)
    newest = np.where(cells, days[-1] - need[:, ::-1].argmax(axis=1), -1)
    between = (days >= oldest[:, None]) & (days <= newest[:, None])
    return np.stack([oldest, newest, cells, np.count_nonzero(grid.rows[symbols] & between, axis=1)])


def groupings(remaining: Remaining) -> Iterator[list[Indexes]]:
    """Yield ways to group the symbols, each as lists of positions in `remaining`; windows are cut in each group apart.

    Full lists suit short spans, groups that fill a number of calls suit whole histories, and one group of all suits
    scattered cells, so that a window may list whoever needs something in it.
    """
    limit, cap = remaining.grid.shapes.max_symbols, remaining.grid.shapes.cap
    everyone = np.arange(len(remaining.symbols))
    if limit == 1 or not everyone.size:
        yield chunks(everyone, 1)
        return
    by_oldest = np.lexsort((remaining.newest, remaining.oldest))[::-1]
    by_newest = np.lexsort((remaining.oldest, remaining.newest))[::-1]
    yield chunks(by_oldest, limit)
    yield chunks(by_newest, limit)
    by_size = np.argsort(-remaining.rows, kind="stable")
    dense = (2 * remaining.cells > remaining.rows) & (remaining.cells * limit > cap)
    windows = 1
    while windows * cap <= limit * int(remaining.rows.max()):
        yield [*filled_groups(by_size[dense[by_size]], remaining, windows), by_oldest[~dense[by_oldest]]]
        yield filled_groups(by_size, remaining, windows)
        windows += 1 + windows // 4


def chunks(order: Indexes, size: int) -> list[Indexes]:
    return [order[at : at + size] for at in range(0, len(order), size)]


def filled_groups(order: Indexes, remaining: Remaining, windows: int) -> list[Indexes]:
    """Put each symbol into the first group with room: for a list, and for rows of so many calls."""
    limit, cap = remaining.grid.shapes.max_symbols, remaining.grid.shapes.cap
    room = np.full(len(order), windows * cap + windows - 1)
    groups: list[list[int]] = []
    for member in order.tolist():
        # Windows end at whole days: each but the last may stay short of the cap by one row for each further symbol.
        size = min(int(remaining.rows[member]) + windows - 1, windows * cap + windows - 1)
        at = int((room[: len(groups) + 1] >= size).argmax())
        if at == len(groups):
            groups.append([])
        groups[at].append(member)
        room[at] = room[at] - size if len(groups[at]) < limit else -1
    return [np.array(group) for group in groups]


def pack(remaining: Remaining, groups: list[Indexes]) -> Iterator[Block]:
    """Cut each group's days, newest first, into the longest windows whose answers fit."""
    for members in groups:
        newest = remaining.newest[members]
        while members.size:
            ranks = np.argsort(-newest, kind="stable")
            members, newest = members[ranks], newest[ranks]
            listed, first = widest_window(remaining, members, newest)
            yield remaining.grid.block(remaining.symbols[members[:listed]], first, int(newest[0]))
            newest[:listed] = remaining.newest_before(members[:listed], first)
            members, newest = members[newest >= 0], newest[newest >= 0]


def widest_window(remaining: Remaining, members: Indexes, newest: NDArray[np.intp]) -> tuple[int, int]:
    """Return how many of the members (newest need first) one call can list, and the first day it reaches."""
    grid, last = remaining.grid, int(newest[0])
    limit, cap = grid.shapes.max_symbols, grid.shapes.cap
    most = min(limit, cap)
    symbols, backwards = remaining.symbols[members], -newest
    if len(members) > most and newest[most] == last:
        symbols, backwards = symbols[:most], backwards[:most]

    def fits(first: int) -> bool:
        listed = int(np.searchsorted(backwards, -first, side="right"))
        return listed <= limit and grid.count(symbols[:listed], first, last) <= cap

    span = 8
    while span <= last and fits(last - span):
        span *= 2
    start = max(0, last - span)
    first = start + bisect_left(range(start, last), True, key=fits)
    listed = int(np.searchsorted(backwards, -first, side="right"))
    cells = grid.need[symbols[:listed], first : last + 1] & remaining.open_days[first : last + 1]
    return listed, first + int(cells.any(axis=0).argmax())
