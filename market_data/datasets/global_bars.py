"""Daily bars of symbols of any market, as people name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from market_data.datasets.base import Columns, Dataset, Field, Parts
from market_data.datasets.shapes import BySymbol
from market_data.frames import np
from market_data.models import GlobalBar

if TYPE_CHECKING:
    from numpy.typing import NDArray


def impossible_global_bar(columns: Columns) -> NDArray[np.bool_]:
    """A price of nothing, or below it but for futures, a low above the high, a negative volume, dividend or split.

    Opens and closes outside of high and low are let in: Yahoo has them by the
    hundred on small exchanges.
    """
    is_future = np.char.endswith(columns["symbol"].astype(str), "=F")
    wrong = columns["low"] > columns["high"]
    for name in ("open", "high", "low", "close"):
        wrong |= (columns[name] == 0) | ((columns[name] < 0) & ~is_future)
    for name in ("volume", "dividends", "splits"):
        wrong |= columns[name] < 0
    return wrong


GLOBAL_DAILY = Dataset(
    name="global_daily",
    title="Daily bars of any market",
    model=GlobalBar,
    parts=Parts.NAMED,
    fields=(
        Field("symbol", "Symbol", "text"),
        Field("trade_date", "Date", "date"),
        *(Field(name.lower(), name) for name in ("Open", "High", "Low", "Close", "Volume", "Dividends")),
        Field("splits", "Stock Splits"),
        Field("currency", "Currency", "text"),
    ),
    key=("symbol", "trade_date"),
    job_type="WATCHLIST",
    shapes=(BySymbol(),),
    provider="yfinance",
    added_columns=("provider",),
    impossible=impossible_global_bar,
)
