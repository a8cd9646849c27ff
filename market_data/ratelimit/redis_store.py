"""States in Redis."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from market_data.ratelimit.budget import State
from market_data.ratelimit.stores import Result

if TYPE_CHECKING:
    from redis.client import Pipeline

KEY = "stocksync:rate_limit:{account}"


class RedisStore:
    """Stores a state only if nobody else did meanwhile, and tries again otherwise."""

    def __init__(self, url: str) -> None:
        import redis  # a quarter of a second of import, for accounts that several hosts share

        self.client, self._changed = redis.Redis.from_url(url), redis.WatchError

    def update(self, account: str, change: Callable[[State, float], Result]) -> tuple[Result, float]:
        with self.client.pipeline() as pipe:
            while True:
                try:
                    return _attempt(pipe, KEY.format(account=account), change)
                except self._changed:
                    continue


def _attempt(pipe: Pipeline, key: str, change: Callable[[State, float], Result]) -> tuple[Result, float]:
    pipe.watch(key)  # type: ignore[no-untyped-call]
    text = pipe.get(key)
    now, offset = _clock(pipe)
    # A Redis that has just started may have lost what it knew. One that was emptied since cannot tell.
    state: State = json.loads(text) if text else {"known_since": now - pipe.info("server")["uptime_in_seconds"]}
    result = change(state, now)
    pipe.multi()
    pipe.set(key, json.dumps(state))
    pipe.execute()
    return result, offset


def _clock(pipe: Pipeline) -> tuple[float, float]:
    asked_at = time.monotonic()
    seconds, microseconds = pipe.time()
    now = seconds + microseconds / 1_000_000
    return now, now - (asked_at + time.monotonic()) / 2
