"""What the limiter asks of the place where the state of an account is kept."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from market_data.ratelimit.budget import State

Result = TypeVar("Result")


class Store(Protocol):
    """Keeps one state for each account, and has the clock that all who share the account go by."""

    def update(self, account: str, change: Callable[[State, float], Result]) -> tuple[Result, float]:
        """Let `change` read and alter the account's state, alone, at the store's present time in seconds.

        Returns its result and the store's clock less the local `time.monotonic()`. A state that was never kept is {}.
        `change` may be called again when another process was faster. Raises what the store's client raises when it
        cannot be reached: nothing is promised then.
        """
        ...
