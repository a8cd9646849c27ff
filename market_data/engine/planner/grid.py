"""The planner's terms: how an interface may be asked, what one call asks for, and the grid of cells to cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from market_data.frames import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Indexes: TypeAlias = "NDArray[np.intp]"
Mask: TypeAlias = "NDArray[np.bool_]"


@dataclass(frozen=True)
class Shapes:
    """The calls an interface takes."""

    by_date: bool  # one call may ask for one day of every symbol
    max_symbols: int  # how many symbols a call with a date range may list; 0: cannot be asked by symbol
    cap: int  # rows an answer may have at most
    max_symbols_one_day: int = 1000  # length of the lists into which a day is split whose whole market exceeds the cap


@dataclass(frozen=True)
class Block:
    """One call."""

    symbols: tuple[int, ...] | None  # row indexes; None: by date, every symbol
    first: int  # column indexes, inclusive
    last: int
    rows: int  # rows expected in the answer


@dataclass(frozen=True)
class Grid:
    """Cells (symbol, trading day): those needed, those that would come back, and the rows of the whole market a day."""

    need: Mask
    rows: Mask
    day_rows: NDArray[np.int64]
    shapes: Shapes

    def block(self, symbols: Indexes, first: int, last: int) -> Block:
        return Block(tuple(sorted(symbols.tolist())), first, last, self.count(symbols, first, last))

    def count(self, symbols: Indexes, first: int, last: int) -> int:
        """Return the rows expected for these symbols from day `first` to day `last`."""
        return int(np.count_nonzero(self.rows[symbols, first : last + 1]))

    @cached_property
    def calls_by_day(self) -> NDArray[np.float64]:
        """Return the calls that cover each day on its own; infinite where the interface has no call for it."""
        shapes = self.shapes
        over_cap = self.day_rows > shapes.cap
        calls = np.full(len(self.day_rows), 1.0 if shapes.by_date else np.inf)
        if shapes.max_symbols == 1:
            calls[over_cap] = np.inf
        if shapes.max_symbols > 1:
            calls[over_cap] = np.ceil(np.maximum(1, self.need.sum(axis=0)[over_cap]) / self.one_day_list)
        return calls

    @property
    def one_day_list(self) -> int:
        """How many symbols one call may list for a day that exceeds the cap."""
        return min(self.shapes.cap, max(self.shapes.max_symbols, self.shapes.max_symbols_one_day))

    def day_blocks(self, day: int) -> list[Block]:
        """Cover one day on its own: by date, or by long lists when the whole market exceeds the cap."""
        rows = int(self.day_rows[day])
        if self.shapes.by_date and (rows <= self.shapes.cap or not self.shapes.max_symbols):
            return [Block(None, day, day, rows)]
        symbols, size = np.flatnonzero(self.need[:, day]), self.one_day_list
        return [self.block(symbols[at : at + size], day, day) for at in range(0, len(symbols), size)]
