"""Where a made-up market has rows, and columns of numbers over those places."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from market_data.standin.market.bars import BoolArray
from market_data.standin.market.calendar import Calendar, compact
from market_data.standin.market.stocks import FloatArray, Stocks
from market_data.standin.market.tables import Column, IntArray, Keys, Table, Texts, texts


@dataclass(frozen=True)
class Grid:
    """The places in the matrices (newest session first, stock) where an interface has rows, counted through."""

    places: IntArray
    keys: Keys
    codes: Texts
    days: Texts

    def at(self, matrix: npt.NDArray[Any], rows: IntArray) -> npt.NDArray[Any]:
        return matrix.ravel()[self.places[rows]]

    def table(self, columns: dict[str, Column]) -> Table:
        keys: dict[str, Column] = {
            "ts_code": lambda rows: self.codes[self.keys.symbols[rows]].tolist(),
            "trade_date": lambda rows: self.days[self.places[rows] // len(self.codes)].tolist(),
        }
        return Table(self.keys, keys | columns)


def make_grid(there: BoolArray, stocks: Stocks, calendar: Calendar) -> Grid:
    days = compact(calendar.sessions[::-1])
    places = np.flatnonzero(there)
    session, symbols = np.divmod(places, len(stocks.codes))
    keys = Keys(stocks.codes, symbols.astype(np.int32), np.array(days, np.int32)[session])
    return Grid(places, keys, texts(f'"{code}"' for code in stocks.codes), texts(f'"{day}"' for day in days))


def numbers(template: str, compute: Callable[[IntArray], FloatArray]) -> Column:
    """A column that is computed when asked for; NaN is null."""
    return lambda rows: [template % value if value == value else "null" for value in compute(rows).tolist()]
