"""A copy of a watchlist's bars in Redis, for programs that read them there."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings

from market_data.queries.global_bars import adjusted_bars

if TYPE_CHECKING:
    from redis import Redis

ANSWER_SECONDS = 5.0


def key_of(prefix: str, symbol: str, start: date, end: date) -> str:
    """Such as scheduled_stock_data:AAPL:2024-01-01:2024-01-31."""
    return f"{prefix}:{symbol}:{start}:{end}"


class Publisher:
    """Writes to WATCHLIST_REDIS_URL; without one it does nothing. `failure` says why it gave up."""

    def __init__(self) -> None:
        url = settings.WATCHLIST_REDIS_URL
        self.failure = ""
        self._redis = _connected(url) if url else None

    def publish(self, prefix: str, symbol: str, start: date, end: date) -> None:
        """Put the stored bars of the span there as a JSON list; after a first failure nothing is tried any more."""
        if self._redis is None or self.failure:
            return
        from redis.exceptions import RedisError

        expires = settings.WATCHLIST_REDIS_EXPIRE_SECONDS
        try:
            self._redis.set(
                key_of(prefix, symbol, start, end), as_json(symbol, start, end), px=int(expires * 1000) or None
            )
        except RedisError as error:
            self.failure = f"The copy in Redis is not complete: {error} The database has the bars; check that it runs."

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()


def _connected(url: str) -> Redis:
    from redis import Redis  # a quarter of a second of import, for those who read their bars there

    return Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)


def as_json(symbol: str, start: date, end: date) -> str:
    """A list of objects with the columns of `adjusted_bars`, days as YYYY-MM-DD, null for what is not there."""
    bars = adjusted_bars([symbol], start, end).astype(object)
    return json.dumps(bars.where(bars.notna(), None).to_dict("records"), default=str)
