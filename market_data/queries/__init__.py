"""Asking the database for market data."""

from market_data.queries.adjusting import Adjust, factors_of
from market_data.queries.bars import COLUMNS, bars, bars_frame, daily_bars
from market_data.queries.moved import codes_of, current_symbols
from market_data.queries.periods import Frequency
from market_data.queries.stored import stored_rows

__all__ = [
    "COLUMNS",
    "Adjust",
    "Frequency",
    "bars",
    "bars_frame",
    "codes_of",
    "current_symbols",
    "daily_bars",
    "factors_of",
    "stored_rows",
]
