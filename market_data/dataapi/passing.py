"""What is not stored, asked of Tushare itself: one account for a whole team, fairly."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from market_data.engine import accounts
from market_data.exceptions import ProviderError
from market_data.frames import pa
from market_data.providers.base import Answer, Call, Provider
from market_data.standin.tushare import refusals
from market_data.standin.tushare.questions import Question

IN_FLIGHT = 4
_REMEMBERED_SECONDS = 60.0


class Queue:
    """Lets a few calls through at a time. Next is who had the fewest in the last minute: each user gets a share, and
    a small question passes the hundreds that somebody else has waiting."""

    def __init__(self, in_flight: int = IN_FLIGHT) -> None:
        self._free = in_flight
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int, int]] = []
        self._had: dict[int, deque[float]] = {}
        self._numbers = count()

    @contextmanager
    def turn(self, user: int) -> Iterator[None]:
        with self._changed:
            number = next(self._numbers)
            self._waiting.append((self._recent(user), number, user))
            self._changed.wait_for(lambda: self._free and self._next() == number)
            self._waiting = [entry for entry in self._waiting if entry[1] != number]
            self._free -= 1
            self._had[user].append(time.monotonic())
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _next(self) -> int:
        return min((self._recent(user), number) for _, number, user in self._waiting)[1]

    def _recent(self, user: int) -> int:
        had = self._had.setdefault(user, deque())
        while had and time.monotonic() - had[0] > _REMEMBERED_SECONDS:
            had.popleft()
        return len(had)


_queue = Queue()
_lock = threading.Lock()
_providers: dict[str, Provider] = {}


def ask(asked: Question, user: int) -> tuple[pa.Table, bool]:
    """Tushare's answer, and whether it was cut. Raises Refusal with what Tushare said, or why it could not be asked."""
    call = Call(asked.api, dict(asked.params), tuple(asked.fields))
    try:
        with _queue.turn(user):
            return _provider().ask(call, _as_table)
    except ProviderError as error:
        raise refusals.Refusal("passed", 40203, str(error)) from error


def _as_table(answer: Answer) -> tuple[pa.Table, bool]:
    return pa.table({name: _column(values) for name, values in answer.columns.items()}), answer.has_more


def _column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # numbers and texts mixed
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _provider() -> Provider:
    """One for each account that was configured in this process."""
    name = accounts.account_at("tushare").name
    with _lock:
        if name not in _providers:
            _providers[name] = accounts.provider_named("tushare")
        return _providers[name]
