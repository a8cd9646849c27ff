"""What a call that brought nothing means: for how long to wait, and whether the run goes on at all."""

from datetime import datetime, timedelta

from django.conf import settings

from market_data.engine.ledger import clock
from market_data.exceptions import BadRequest, Permanent, RateLimited, Unreachable

ATTEMPTS = 5


def is_last(attempts: int) -> bool:
    """Whether a request that failed so often before has used its attempts up."""
    return attempts + 1 >= ATTEMPTS


def ends_run(error: Exception, attempts: int, last_success: datetime | None) -> bool:
    """Whether asking for anything else is useless. `last_success` is when an answer came last."""
    if isinstance(error, RateLimited):
        return error.window > 60
    if isinstance(error, BadRequest):
        return last_success is None
    if isinstance(error, Unreachable):
        # Nobody answers any more. A short silence has passed by the time a request has used its attempts up.
        silence = timedelta(seconds=settings.SYNC_RETRY_BASE_SECONDS * 2 ** (ATTEMPTS - 1))
        return (last_success is None or last_success < clock.now() - silence) and is_last(attempts)
    return isinstance(error, Permanent)


def pause_after(error: Exception, attempts: int) -> timedelta:
    """How long to wait before the request is tried again."""
    if isinstance(error, RateLimited):
        return timedelta(seconds=error.window)
    return timedelta(seconds=settings.SYNC_RETRY_BASE_SECONDS * 2**attempts)
