"""Asking the database for market data."""

from market_data.queries.adjusting import Adjust, factors_of
from market_data.queries.bars import COLUMNS, bars, bars_frame, bars_table, daily_bars
from market_data.queries.moved import codes_of, current_symbols
from market_data.queries.periods import Frequency
from market_data.queries.stored import stored_table
from market_data.queries.streams import stored_batches, stored_rows
from market_data.queries.wanted import Wanted

__all__ = [
    "COLUMNS",
    "Adjust",
    "Frequency",
    "Wanted",
    "bars",
    "bars_frame",
    "bars_table",
    "codes_of",
    "current_symbols",
    "daily_bars",
    "factors_of",
    "stored_batches",
    "stored_rows",
    "stored_table",
]
