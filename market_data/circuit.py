"""Circuit breakers, one for each host of a source, in the database where every process and the operator see them.

closed -- refusals in a row --> open -- some minutes --> one call tries -- answered --> closed
                                 ^------------------- refused --------------'
Only one process tries: whoever moves `open_until` on from the value that all of them have read. That, and that a
call which was never sent counts as neither, is why this is no library: pybreaker keeps half of a state in a process.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connections
from django.db.models import F
from django.utils import timezone

from market_data.exceptions import Unreachable
from market_data.models import CircuitState

T = TypeVar("T")
REFUSALS_TO_OPEN = 3
OPEN_FOR = timedelta(minutes=10)
TRIAL = timedelta(minutes=2)
"""How long a call that tries may take before another process tries; longer than any timeout."""


class DatabaseCircuits:
    """One clerk thread talks to the database, for the callers are threads of a pool that keep no connection."""

    def __init__(self, refusals_to_open: int = REFUSALS_TO_OPEN, open_for: timedelta = OPEN_FOR) -> None:
        self._refusals_to_open, self._open_for = refusals_to_open, open_for
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="circuit")

    def enter(self, host: str) -> None:
        """Raises Unreachable while the host is to be left alone."""
        self._ask_clerk(lambda: _enter(host, timezone.now()))

    def refused(self, host: str, why: str) -> None:
        self._ask_clerk(lambda: self._note_refusal(host, why, timezone.now()))

    def answered(self, host: str) -> None:
        self._ask_clerk(lambda: _note_answer(host))

    def close(self) -> None:
        self._clerk.submit(connections.close_all)
        self._clerk.shutdown()

    def _ask_clerk(self, question: Callable[[], T]) -> T:
        return self._clerk.submit(question).result()

    def _note_refusal(self, host: str, why: str, now: datetime) -> None:
        CircuitState.objects.get_or_create(host=host)
        state = CircuitState.objects.filter(host=host)
        state.update(refusals=F("refusals") + 1, last_refusal=why, refused_at=now)
        state.filter(refusals__gte=self._refusals_to_open).update(open_until=now + self._open_for)


def _enter(host: str, now: datetime) -> None:
    state = CircuitState.objects.filter(host=host, open_until__isnull=False).first()
    if state is None or _may_try(state, now):
        return
    raise Unreachable(
        f"{host} is left alone until {_until(state, now):%H:%M:%S}; it refused {state.refusals} calls in a row, "
        f"at last: {state.last_refusal}"
    )


def _may_try(state: CircuitState, now: datetime) -> bool:
    """Whether the pause is over and this process is the one that tries."""
    waited = CircuitState.objects.filter(host=state.host, open_until=state.open_until, open_until__lte=now)
    return bool(waited.update(open_until=now + TRIAL))


def _until(state: CircuitState, now: datetime) -> datetime:
    """When the next call may try; where one is trying just now, when that is given up."""
    state.refresh_from_db(fields=["open_until"])
    return timezone.localtime(state.open_until or now)


def _note_answer(host: str) -> None:
    CircuitState.objects.filter(host=host).exclude(refusals=0, open_until=None).update(refusals=0, open_until=None)
