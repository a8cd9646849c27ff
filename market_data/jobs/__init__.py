"""The jobs of market data. Only this package knows `scheduling`, which finds the jobs by importing it."""

from market_data.jobs import finance, resuming, syncing, watchlists

__all__ = ["finance", "resuming", "syncing", "watchlists"]
