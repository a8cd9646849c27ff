"""The jobs of market data. Only this package knows `scheduling`, which finds the jobs by importing it."""

from market_data.jobs import finance, market_lists, resuming, syncing, watchlists

__all__ = ["finance", "market_lists", "resuming", "syncing", "watchlists"]
