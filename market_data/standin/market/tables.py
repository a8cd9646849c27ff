"""What a market holds: tables whose rows lie as they are answered, the newest day first, then by symbol."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
ShortArray = npt.NDArray[np.int32]
Column = Callable[[IntArray], list[str]]
"""Rows to the JSON texts of their values. Texts, because encoding floats anew for each answer is what costs time."""

Texts = npt.NDArray[np.object_]


def texts(values: Iterable[str]) -> Texts:
    """Texts as an array that can be indexed by rows."""
    return np.array(list(values), object)


def stored(values: Texts) -> Column:
    """A column that holds the text of every row."""
    return lambda rows: values[rows].tolist()


@dataclass(frozen=True)
class Keys:
    """Which symbol and which day each row belongs to.

    `codes` are the sorted symbols, `symbols` each row's position in them; `dates` are YYYYMMDD, descending, 0 for none.
    """

    codes: list[str]
    symbols: ShortArray
    dates: ShortArray

    @cached_property
    def positions(self) -> dict[str, int]:
        return {code: position for position, code in enumerate(self.codes)}

    @cached_property
    def by_symbol(self) -> IntArray:
        return np.argsort(self.symbols, kind="stable")

    @cached_property
    def starts(self) -> IntArray:
        """Where each symbol begins in `by_symbol`; one more for the end."""
        return np.searchsorted(self.symbols, np.arange(len(self.codes) + 1), sorter=self.by_symbol)

    @cached_property
    def negative_dates(self) -> ShortArray:
        return np.negative(self.dates)

    def rows(self, codes: Iterable[str] | None, start: int, end: int) -> IntArray:
        """The rows of these symbols (None: all) from `start` to `end`, both included, ascending."""
        first = int(np.searchsorted(self.negative_dates, -end, side="left"))
        last = int(np.searchsorted(self.negative_dates, -start, side="right"))
        if codes is None:
            return np.arange(first, last)
        found = [self._rows_of(code) for code in set(codes) if code in self.positions]
        rows = np.sort(np.concatenate([*found, np.empty(0, np.int64)]))
        return rows[(rows >= first) & (rows < last)]

    def _rows_of(self, code: str) -> IntArray:
        position = self.positions[code]
        return self.by_symbol[self.starts[position] : self.starts[position + 1]]


@dataclass(frozen=True)
class Table:
    """The rows of one interface."""

    keys: Keys
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class Market:
    """The tables by interface. `made_up` when no real stock is in them."""

    tables: Mapping[str, Table]
    made_up: bool


@dataclass(frozen=True)
class Frame:
    """An answer: the fields and, for each of them, the JSON texts of its values."""

    fields: list[str]
    cells: list[list[str]]
    has_more: bool = False

    @property
    def size(self) -> int:
        return len(self.cells[0]) if self.cells else 0
