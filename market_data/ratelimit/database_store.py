"""States in the PostgreSQL database that the hosts share."""

import time
from collections.abc import Callable

from django.db import connections, transaction

from market_data.models import RateLimitState
from market_data.ratelimit.budget import State
from market_data.ratelimit.stores import Result


class DatabaseStore:
    """Locks the account's row in a short transaction. Raises RuntimeError when the caller is in one of its own."""

    def __init__(self, alias: str = "default") -> None:
        self.alias = alias

    def update(self, account: str, change: Callable[[State, float], Result]) -> tuple[Result, float]:
        # Within a longer transaction the row would stay locked, and everybody would wait: durable forbids it.
        with transaction.atomic(using=self.alias, durable=True):
            row, _ = RateLimitState.objects.using(self.alias).select_for_update().get_or_create(account=account)
            now, offset = self._clock()
            result = change(row.state, now)
            row.save(using=self.alias, update_fields=["state"])
        return result, offset

    def _clock(self) -> tuple[float, float]:
        """Read the server's clock in a statement of its own: one that waits for the lock has no known middle."""
        asked_at = time.monotonic()
        with connections[self.alias].cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            now: float = cursor.fetchone()[0]
        return now, now - (asked_at + time.monotonic()) / 2
