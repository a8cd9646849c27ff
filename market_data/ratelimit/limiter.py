"""What a caller of a provider holds: it says when calls may go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from market_data.ratelimit import budget
from market_data.ratelimit.budget import Rule, State
from market_data.ratelimit.stores import Result, Store


@dataclass(frozen=True)
class Grant:
    """Calls that may go, each at its own time of `time.monotonic()`, ascending; the next could go at `retry_at`."""

    send_at: list[float]
    retry_at: float


class Limiter:
    """Shares out an account's calls. `account` is a hash of the token, never the token.

    `margin` is the share of a window by which clocks, queues and networks may delay one call more than another.
    """

    def __init__(self, store: Store, account: str, margin: float = 0.025) -> None:
        self.store = store
        self.account = account
        self.margin = margin
        self._kept = False

    def reserve(self, rules: Sequence[Rule], n: int, within: float) -> Grant:
        """Promise up to `n` calls in the next `within` seconds; a promise that is not used is lost.

        Nothing is promised further ahead than the shortest window.
        """
        (times, next_at), offset = self._update(
            lambda state, now: budget.grant(state, now, rules, n, within, self.margin)
        )
        return Grant([at - offset for at in times], next_at - offset)

    def tolerance(self, rules: Sequence[Rule]) -> float:
        """Return by how many seconds a call may go late before `moved` has to be asked."""
        return self.margin / 2 * min(rule.window for rule in rules)

    def moved(self, rules: Sequence[Rule], send_at: float) -> float:
        """Promise anew a call that did not go at `send_at`, and return when it may: mostly at once."""

        def change(state: State, now: float) -> float:
            return budget.move(state, now, rules, now + send_at - monotonic(), self.margin)

        at, offset = self._update(change)
        return at - offset

    def arrived(self, rules: Sequence[Rule], counted_at: Sequence[float], at: float) -> None:
        """Count calls at the moment at which they seem to have arrived, instead of those for which they count now."""

        def change(state: State, now: float) -> None:
            offset = now - monotonic()
            budget.arrived(state, now, rules, [each + offset for each in counted_at], at + offset, self.margin)

        self._update(change)

    def hold(self, bucket: str, seconds: float) -> None:
        """Promise no call of the bucket for so many seconds: the provider counts too many."""
        self._update(lambda state, now: budget.hold(state, now, bucket, seconds, self.margin))

    def learn(self, bucket: str, limit: int, window: float) -> None:
        """Obey, everywhere and for a day, a limit that the provider told, where it is stricter than the rules."""
        rule = Rule(bucket, limit, window)
        self._update(lambda state, now: budget.learn(state, now, rule, self.margin))

    def usage(self, rules: Sequence[Rule]) -> tuple[int, int]:
        """Return the calls that count now under the rule nearest to its limit, and that limit."""
        used, _ = self._update(lambda state, now: budget.usage(state, now, rules, self.margin))
        return used

    def spent(self) -> dict[str, int]:
        """Return the calls that count now, by the key of each rule that has any."""
        used, _ = self._update(lambda state, now: budget.spent(state, now, self.margin))
        return used

    def _update(self, change: Callable[[State, float], Result]) -> tuple[Result, float]:
        def checked(state: State, now: float) -> Result:
            if self._kept and "sent" not in state:
                # The store was emptied under us. Calls may have gone that nobody remembers.
                state["known_since"] = now
            return change(state, now)

        updated = self.store.update(self.account, checked)
        self._kept = True
        return updated
