"""The jobs of market data. Only this package knows `scheduling`, which finds the jobs by importing it."""

from market_data.jobs import (
    auditing,
    backfilling,
    concepts,
    finance,
    market_lists,
    mirror,
    resuming,
    retention,
    syncing,
    watching,
    watchlists,
)

__all__ = [
    "auditing",
    "backfilling",
    "concepts",
    "finance",
    "market_lists",
    "mirror",
    "resuming",
    "retention",
    "syncing",
    "watching",
    "watchlists",
]
