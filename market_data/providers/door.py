"""The door of a provider: every call passes it, at the time that the account-wide budget allows."""

import logging
import statistics
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from market_data.exceptions import RateLimited
from market_data.providers.base import Stopped, Turn
from market_data.ratelimit.budget import Rule
from market_data.ratelimit.limiter import Limiter

log = logging.getLogger(__name__)

LOOK_AHEAD_SECONDS = 1.0
CONNECT_EARLY_SECONDS = 0.3
RATE_RETRIES = 3
LONGEST_WAIT_SECONDS = 60.0
ACCEPTED_KEPT = 1000
LATENESS_SHARE = 0.1
ANSWERS_KEPT = 100
USUAL_TIMES = 3

T = TypeVar("T")


class Door:
    """Lets calls out one by one. `calls` counts those that left.

    One clerk thread talks to the limiter, whose store may hold a connection per thread.
    """

    def __init__(
        self,
        limiter: Limiter,
        rules_for: Callable[[str], Sequence[Rule]],
        retry_base_seconds: float,
        leave_store: Callable[[], None],
    ) -> None:
        self.calls = 0
        self._limiter = limiter
        self._rules_for = rules_for
        self._retry_base = retry_base_seconds
        self._leave_store = leave_store
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="limiter")
        self._lock = threading.RLock()
        self._granted: dict[str, deque[float]] = {}
        self._waiting: Counter[str] = Counter()
        self._accepted: dict[str, deque[float]] = {}
        self._took: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=ANSWERS_KEPT))
        self._out: set[_Turn] = set()
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="overdue", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Send back whoever still waits, and whoever comes."""
        self._stopped.set()

    def close(self) -> None:
        """Leave the limiter; nothing passes afterwards."""
        self.stop()
        self._watcher.join()
        self._clerk.submit(self._leave_store)
        self._clerk.shutdown()

    def quota(self) -> tuple[int, int]:
        return self._ask_clerk(self._limiter.usage, self._rules_for(""))

    def pass_through(self, api_name: str, send: Callable[[Turn], T]) -> T:
        """Send when it is allowed. A rate limit the provider reports is waited out and tried again, three times."""
        for attempt in range(RATE_RETRIES):
            try:
                return self._send(api_name, send)
            except RateLimited as error:
                if error.window > LONGEST_WAIT_SECONDS:
                    raise
                pause = self._retry_base * 2**attempt
                log.warning("%s: %s Waiting %.1f s before attempt %d.", api_name, error, pause, attempt + 2)
                self._ask_clerk(self._limiter.hold, f"api:{api_name}", pause)
                self._sleep_until(time.monotonic() + pause)
        return self._send(api_name, send)

    def _send(self, api_name: str, send: Callable[[Turn], T]) -> T:
        send_at = self._turn(api_name)
        self._sleep_until(send_at - CONNECT_EARLY_SECONDS)
        try:
            answer = send(_Turn(self, api_name, send_at))
        except RateLimited as error:
            if error.limit and not self._contradicted(api_name, error.limit, error.window):
                self._ask_clerk(self._limiter.learn, f"api:{api_name}", error.limit, error.window)
            raise
        self._accepted.setdefault(api_name, deque(maxlen=ACCEPTED_KEPT)).append(time.monotonic())
        return answer

    def _contradicted(self, api_name: str, limit: int, window: float) -> bool:
        """Whether the provider let more calls through lately than it says it does: its text means another window."""
        since = time.monotonic() - window
        return sum(at > since for at in list(self._accepted.get(api_name, ()))) > limit

    def _turn(self, api_name: str) -> float:
        """The monotonic time at which this call may leave. Threads that wait together reserve together."""
        with self._lock:
            self._waiting[api_name] += 1
        try:
            while True:
                retry_at = time.monotonic()
                with self._lock:
                    granted = self._granted.setdefault(api_name, deque())
                    if not granted:
                        self._count_overdue()
                        grant = self._ask_clerk(
                            self._limiter.reserve,
                            self._rules_for(api_name),
                            self._waiting[api_name],
                            min(LOOK_AHEAD_SECONDS, self._tenth_of_window(api_name)),
                        )
                        granted.extend(grant.send_at)
                        retry_at = grant.retry_at
                    if granted:
                        return granted.popleft()
                self._sleep_until(max(retry_at - LOOK_AHEAD_SECONDS / 2, time.monotonic() + 0.05))
        finally:
            with self._lock:
                self._waiting[api_name] -= 1

    def leave(self, turn: "_Turn") -> None:
        """Wait for the moment; a call that comes too late for it gets another."""
        rules = self._rules_for(turn.api_name)
        self._sleep_until(turn.send_at)
        while self._count_overdue() or time.monotonic() - turn.send_at > self._limiter.tolerance(rules):
            turn.send_at = self._ask_clerk(self._limiter.moved, rules, turn.send_at)
            if turn.send_at <= time.monotonic():
                break
            self._sleep_until(turn.send_at)
        turn.counted_at = turn.send_at
        with self._lock:
            self.calls += 1
            self._out.add(turn)

    def note_answer(self, turn: "_Turn") -> None:
        """Count a call later whose answer took so long that it may have arrived late.

        A provider counts on arrival. What an answer took beyond the quickest one may have passed before that: up to a
        tenth of a window of an answer that is slow, all of it where a provider seems to have stood still. So much of it
        as a call may leave late is in the margin of every call already.
        """
        with self._lock:
            if turn not in self._out:
                return
            self._out.remove(turn)
            took = time.monotonic() - turn.send_at
            answers = self._took[turn.api_name]
            answers.append(took)
            late = took - min(answers)
            if took <= self._longest_usual(turn.api_name):
                late = min(late, self._tenth_of_window(turn.api_name))
            late -= self._limiter.tolerance(self._rules_for(turn.api_name))
            self._count(turn.api_name, [turn], turn.send_at + max(0.0, late))

    def _watch(self) -> None:
        while not self._stopped.wait(self._tenth_of_window("")):
            with suppress(Stopped):
                self._count_overdue()

    def _count_overdue(self) -> bool:
        """Count calls as still to arrive that have been out longer than a usual answer takes; say if there are any."""
        found = False
        with self._lock:
            now = time.monotonic()
            for api_name in {turn.api_name for turn in self._out}:
                sent_before = now - self._longest_usual(api_name)
                overdue = [turn for turn in self._out if turn.api_name == api_name and turn.send_at < sent_before]
                self._count(api_name, overdue, now)
                found |= bool(overdue)
        return found

    def _longest_usual(self, api_name: str) -> float:
        answers = self._took[api_name]
        return max(USUAL_TIMES * statistics.median(answers) if answers else 0.0, self._tenth_of_window(api_name))

    def _tenth_of_window(self, api_name: str) -> float:
        return LATENESS_SHARE * min(rule.window for rule in self._rules_for(api_name))

    def _count(self, api_name: str, turns: Sequence["_Turn"], at: float) -> None:
        rules = self._rules_for(api_name)
        moved = [turn for turn in turns if abs(at - turn.counted_at) > self._limiter.tolerance(rules) / 2]
        if moved and not self._stopped.is_set():
            self._ask_clerk(self._limiter.arrived, rules, [turn.counted_at for turn in moved], at)
            for turn in moved:
                turn.counted_at = at

    def _ask_clerk(self, question: Callable[..., T], *args: Any) -> T:
        if self._stopped.is_set():
            raise Stopped
        return self._clerk.submit(question, *args).result()

    def _sleep_until(self, deadline: float) -> None:
        if self._stopped.wait(max(0.0, deadline - time.monotonic())):
            raise Stopped


class _Turn:
    """One call's way through the door: when it may leave, and the moment for which the budget counts it."""

    def __init__(self, door: Door, api_name: str, send_at: float) -> None:
        self.api_name = api_name
        self.send_at = send_at
        self.counted_at = send_at
        self._door = door

    def wait(self) -> None:
        self._door.leave(self)

    def answered(self) -> None:
        self._door.note_answer(self)
