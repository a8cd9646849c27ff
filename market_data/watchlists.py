"""Lists of symbols that people have fetched on a schedule of their own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from market_data.exceptions import MarketDataError


@dataclass(frozen=True)
class Watchlist:
    """What to fetch: these symbols from `start` to `end`. `prefix` names it where it is published."""

    symbols: tuple[str, ...]
    start: date
    end: date
    prefix: str


@dataclass(frozen=True)
class Fetched:
    """The symbols that came, and why the others did not."""

    fetched: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


Fetch = Callable[[Watchlist], Fetched]
_registered: list[Fetch] = []


def register_fetch(fetch: Fetch) -> None:
    """Make this what fetches watchlists. A symbol that fails is among its errors and does not stop the others."""
    _registered[:] = [fetch]


def fetch(watchlist: Watchlist) -> Fetched:
    """Raises MarketDataError where nothing is there to fetch with, or no symbol came."""
    if not _registered:
        raise MarketDataError("No provider for watchlists is configured.")
    answer = _registered[0](watchlist)
    if not answer.fetched:
        symbol, reason = next(iter(answer.errors.items()), ("", "nothing was asked for"))
        raise MarketDataError(f"None of {len(watchlist.symbols)} symbols came; {symbol}: {reason}")
    return answer
