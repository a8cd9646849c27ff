"""When the next calls may go, given the calls already promised: arithmetic, without a clock or storage of its own.

Every window of a rule, stretched by the margin, holds at most `limit` calls. A call's time is kept rounded up to a
500th of its window, so that what is kept stays small whatever the limit, and errs on the side of waiting.

A state is a dict that JSON can hold:
    sent         {key of a rule: [[tick, calls], …]}, ascending; a tick is a 500th of the rule's window
    hold         {bucket: time before which nothing goes}
    learned      {key of a rule: [limit, time it was learnt]}
    known_since  time before which the record was lost; absent when nothing was
    seen_at      time of the last change
All times are seconds on the store's clock.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]

TICKS_PER_WINDOW = 500
# A window's calls, sent at once, would overflow the queue of a server that accepts them one by one.
BURST_SHARE_OF_WINDOW = 0.01
LONGEST_SPACING_SECONDS = 0.02
LEARNED_FOR_SECONDS = 86400.0


@dataclass(frozen=True)
class Rule:
    """At most `limit` calls of the bucket in any `window` seconds. Raises ValueError when that allows nothing."""

    bucket: str
    limit: int
    window: float

    def __post_init__(self) -> None:
        if self.limit < 1 or not self.window > 0:
            raise ValueError(f"the rule {self.bucket} allows {self.limit} calls in {self.window} s: no call could go")

    @property
    def key(self) -> str:
        return f"{self.bucket}/{float(self.window)}"


class _Window:
    """The calls promised under one rule."""

    def __init__(self, rule: Rule, sent: list[list[int]], margin: float) -> None:
        self.rule = rule
        self.sent = sent
        self.span = rule.window * (1 + margin)
        self.tick = rule.window / TICKS_PER_WINDOW

    def free_at(self, at: float) -> float:
        """Return the first time from `at` on at which one more call fits: a span after the call `limit` places back.

        Calls promised for later than `at` are among those: no promise is a whole span ahead, so they share a window.
        """
        counted = 0
        for tick, calls in reversed(self.sent):
            counted += calls
            if counted >= self.rule.limit:
                return max(at, tick * self.tick + self.span)
        return at

    def add(self, at: float, calls: int = 1) -> None:
        tick = math.ceil(at / self.tick)
        place = len(self.sent)
        while place and self.sent[place - 1][0] > tick:
            place -= 1
        if place and self.sent[place - 1][0] == tick:
            self.sent[place - 1][1] += calls
        else:
            self.sent.insert(place, [tick, calls])

    def take_back(self, at: float, now: float) -> None:
        """Forget the call nearest to `at`, if there is one about then: clocks are compared to a few milliseconds."""
        if at <= now - self.span:
            return
        tick = math.ceil(at / self.tick)
        nearest = min(self.sent, key=lambda entry: abs(entry[0] - tick), default=None)
        if nearest is None or abs(nearest[0] - tick) * self.tick > self.span - self.rule.window:
            return
        nearest[1] -= 1
        if not nearest[1]:
            self.sent.remove(nearest)

    def forget(self, now: float) -> None:
        self.sent[:] = [entry for entry in self.sent if entry[0] * self.tick > now - self.span]

    def shift_back(self, seconds: float) -> None:
        for entry in self.sent:
            entry[0] -= math.floor(seconds / self.tick)

    def used(self) -> int:
        return sum(calls for _, calls in self.sent)


def grant(
    state: State, now: float, rules: Sequence[Rule], n: int, within: float, margin: float
) -> tuple[list[float], float]:
    """Promise up to `n` calls, each of which counts under every rule.

    Returns the times at which they may go, ascending, none later than `within` seconds from now or than the shortest
    window, and the time at which the call after them could go.
    """
    _tidy(state, now, margin)
    windows = _windows(state, rules, margin)
    latest = now + min([within, *(window.rule.window for window in windows)])
    spacing = min(
        LONGEST_SPACING_SECONDS, *(BURST_SHARE_OF_WINDOW * each.rule.window / each.rule.limit for each in windows)
    )
    times: list[float] = []
    next_at = _first_free(windows, _opens_at(state, now, windows))
    while len(times) < n and next_at <= latest:
        times.append(next_at)
        for window in windows:
            window.add(next_at)
        next_at = _first_free(windows, next_at + spacing)
    return times, next_at


def move(state: State, now: float, rules: Sequence[Rule], promised_at: float, margin: float) -> float:
    """Take back a call that did not go when it was promised, promise it anew and return its time: mostly `now`."""
    _tidy(state, now, margin)
    windows = _windows(state, rules, margin)
    for window in windows:
        window.take_back(promised_at, now)
    at = _first_free(windows, _opens_at(state, now, windows))
    for window in windows:
        window.add(at)
    return at


def arrived(
    state: State, now: float, rules: Sequence[Rule], counted_at: Sequence[float], at: float, margin: float
) -> None:
    """Count at one moment calls that were counted at others."""
    _tidy(state, now, margin)
    for window in _windows(state, rules, margin):
        for before in counted_at:
            window.take_back(before, now)
        window.add(at, len(counted_at))


def hold(state: State, now: float, bucket: str, seconds: float, margin: float) -> None:
    """Promise no call of the bucket for so many seconds; those promised already still go."""
    _tidy(state, now, margin)
    state["hold"][bucket] = max(now + seconds, state["hold"].get(bucket, now))


def learn(state: State, now: float, rule: Rule, margin: float) -> None:
    """Obey for a day what the provider said of a bucket, where it is stricter than the rules that are asked for.

    The calls on record under the bucket's other rules count under the new one: the call that was refused is one.
    """
    _tidy(state, now, margin)
    state["learned"][rule.key] = [rule.limit, now]
    known = [_Window(_rule(key, 1), sent, margin) for key, sent in state["sent"].items()]
    known = [window for window in known if window.rule.bucket == rule.bucket]
    if known and rule.key not in state["sent"]:
        longest = max(known, key=lambda window: window.span)
        learnt = _Window(rule, state["sent"].setdefault(rule.key, []), margin)
        for tick, calls in longest.sent:
            learnt.add(tick * longest.tick, calls)


def usage(state: State, now: float, rules: Sequence[Rule], margin: float) -> tuple[int, int]:
    """Count the calls under the rule that is nearest to its limit, and return that limit too."""
    _tidy(state, now, margin)
    windows = _windows(state, rules, margin)
    fullest = max(windows, key=lambda window: window.used() / window.rule.limit)
    return fullest.used(), fullest.rule.limit


def spent(state: State, now: float, margin: float) -> dict[str, int]:
    """Count the calls on record under each rule, by its key."""
    _tidy(state, now, margin)
    return {key: sum(calls for _, calls in sent) for key, sent in state["sent"].items()}


def price(n: int, limit: int, window: float, latency: float = 0.0) -> float:
    """Return the seconds that `n` calls take at best, starting in a quiet window."""
    return (math.ceil(n / limit) - 1) * window + latency if n else 0.0


def _tidy(state: State, now: float, margin: float) -> None:
    """Give the state all its parts, in step with the clock and without what no longer counts."""
    for part in ("sent", "hold", "learned"):
        state.setdefault(part, {})
    windows = {key: _Window(_rule(key, 1), sent, margin) for key, sent in state["sent"].items()}
    if now < state.get("seen_at", now):
        _shift_back(state, windows.values(), state["seen_at"] - now)
    state["seen_at"] = now
    for window in windows.values():
        window.forget(now)
    state["sent"] = {key: window.sent for key, window in windows.items() if window.sent}
    state["hold"] = {bucket: until for bucket, until in state["hold"].items() if until > now}
    state["learned"] = {key: pair for key, pair in state["learned"].items() if now - pair[1] < LEARNED_FOR_SECONDS}


def _shift_back(state: State, windows: Iterable[_Window], seconds: float) -> None:
    """Follow a clock that was set back, or everything would wait until it is again as late as it was."""
    for window in windows:
        window.shift_back(seconds)
    state["hold"] = {bucket: until - seconds for bucket, until in state["hold"].items()}
    state["learned"] = {key: [limit, at - seconds] for key, (limit, at) in state["learned"].items()}
    if "known_since" in state:
        state["known_since"] -= seconds


def _windows(state: State, rules: Iterable[Rule], margin: float) -> list[_Window]:
    """The rules in force, with their calls: those asked for, and those learnt about the same buckets."""
    rules = list(rules)
    buckets = {rule.bucket for rule in rules}
    learned = [_rule(key, limit) for key, (limit, _) in state["learned"].items()]
    strictest: dict[str, Rule] = {}
    for rule in rules + [rule for rule in learned if rule.bucket in buckets]:
        if rule.key not in strictest or rule.limit < strictest[rule.key].limit:
            strictest[rule.key] = rule
    return [_Window(rule, state["sent"].setdefault(key, []), margin) for key, rule in strictest.items()]


def _rule(key: str, limit: int) -> Rule:
    bucket, _, window = key.rpartition("/")
    return Rule(bucket, limit, float(window))


def _opens_at(state: State, now: float, windows: Sequence[_Window]) -> float:
    """The end of every hold, and of a window that may hold calls of which the record was lost."""
    known: float = state.get("known_since", -math.inf) + min(window.span for window in windows)
    held: list[float] = [state["hold"].get(window.rule.bucket, now) for window in windows]
    return max(now, known, *held)


def _first_free(windows: Sequence[_Window], at: float) -> float:
    while (later := max(window.free_at(at) for window in windows)) > at:
        at = later
    return at
