"""How many calls an account may make in a sliding window."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Quota:
    """So many calls in so many seconds, of one interface or, with an empty `api`, of the account."""

    calls: int
    seconds: float
    api: str = ""


def parse_quota(text: str) -> Quota:
    """`60/10` or `daily=5/1`: calls/seconds. Raises ValueError."""
    api, _, rate = text.rpartition("=")
    calls, _, seconds = rate.partition("/")
    try:
        quota = Quota(int(calls), float(seconds), api)
    except ValueError:
        raise ValueError(f"{text!r} is not written calls/seconds or interface=calls/seconds") from None
    if quota.calls < 0 or not quota.seconds > 0:
        raise ValueError(f"{text!r} needs 0 or more calls and more than 0 seconds")
    return quota


class Quotas:
    """The calls counted so far."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._arrivals: defaultdict[Quota, deque[float]] = defaultdict(deque)

    def exhausted(self, quotas: Iterable[Quota], api: str, arrived: float, *, count_rejected: bool) -> Quota | None:
        """Count a call that arrived at that monotonic second, and return the quota it is over, if any."""
        with self._lock:
            windows = {quota: self._window(quota, arrived) for quota in quotas if quota.api in ("", api)}
            full = next((quota for quota, window in windows.items() if len(window) >= quota.calls), None)
            if full is None or count_rejected:
                for window in windows.values():
                    window.append(arrived)
            return full

    def _window(self, quota: Quota, arrived: float) -> deque[float]:
        arrivals = self._arrivals[quota]
        while arrivals and arrived - arrivals[0] >= quota.seconds:
            arrivals.popleft()
        return arrivals
