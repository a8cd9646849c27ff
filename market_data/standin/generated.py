"""A stand-in for Tushare that serves a made-up market."""

from datetime import date

from market_data.standin.market.generated import generate_market
from market_data.standin.tushare.server import Standin


def generated_standin(stocks: int, days: int, seed: int, last_day: date) -> Standin:
    """A server, not started yet, for a made-up market up to that day."""
    return Standin(generate_market(stocks, days, seed, f"{last_day:%Y%m%d}"))
