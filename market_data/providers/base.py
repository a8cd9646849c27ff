"""What the engine and a provider say to each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
MADE_UP_HEADER = "X-Stocksync-Made-Up"
"""What a stand-in adds to its answers, so that made-up data never passes for real."""


@dataclass(frozen=True)
class Call:
    """One question to a provider, in the provider's own words."""

    api_name: str
    params: dict[str, Any]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Columns as they came: `columns[field]` is a list of JSON values or an Arrow array, all of one length."""

    columns: dict[str, Any]
    rows: int
    has_more: bool = False
    made_up: bool = False


class Provider(Protocol):
    """A source of data, its rate limit included: `ask` waits for its turn by itself.

    Thread-safe. `ask` gives the answer to `use` and returns what that returns; few answers are held at a time,
    which is what bounds the memory. It raises a `ProviderError`, or `Stopped` when `stop` came before it was sent.
    """

    name: str
    account: str

    @property
    def calls(self) -> int:
        """Calls that left."""
        ...

    def ask(self, call: Call, use: Callable[[Answer], T]) -> T: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...

    def quota(self) -> tuple[int, int]:
        """Calls used and allowed in the present window of the account."""
        ...


class Stopped(Exception):
    """The call was given up before it was sent."""


class Turn(Protocol):
    """A call's turn at the provider's door."""

    def wait(self) -> None:
        """Block until the call may leave; called when the connection stands and nothing has been sent."""
        ...

    def answered(self) -> None:
        """Say that the answer is here, or that there is none."""
        ...


class NoTurn:
    """The turn of a call that waits for nobody."""

    def wait(self) -> None:
        return

    def answered(self) -> None:
        return
