"""The jobs of market data. Only this package knows `scheduling`, which finds the jobs by importing it."""

from market_data.jobs import concepts, finance, market_lists, resuming, syncing, watchlists

__all__ = ["concepts", "finance", "market_lists", "resuming", "syncing", "watchlists"]
