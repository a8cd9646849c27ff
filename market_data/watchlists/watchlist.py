"""Lists of symbols that people have fetched on a schedule of their own."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date

from market_data.engine import accounts
from market_data.exceptions import MarketDataError, Permanent, ProviderError, RateLimited, Unreachable
from market_data.providers.base import Provider
from market_data.watchlists import global_bars
from market_data.watchlists.publishing import Publisher

SILENCES = 3
"""So many symbols in a row without any answer, and the others are not asked for."""


@dataclass(frozen=True)
class Watchlist:
    """What to fetch: these symbols from `start` to `end`. `prefix` names it where it is published."""

    symbols: tuple[str, ...]
    start: date
    end: date
    prefix: str


@dataclass
class Fetched:
    """The symbols that came, and why the others did not. `unpublished` says why the copy in Redis is not complete."""

    fetched: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    unpublished: str = ""


def fetch(watchlist: Watchlist, before: list[str], watch: Callable[[Fetched], None]) -> Fetched:
    """Store and publish every symbol that did not come `before`; `watch` sees how far it is after each.

    A symbol that fails does not stop the others; a provider that refuses them all does. Raises MarketDataError where
    no symbol came.
    """
    got = Fetched(list(before))
    with closing(accounts.provider_named("yfinance")) as provider, closing(Publisher()) as publisher:
        _fetch_each(watchlist, got, provider, publisher, watch)
    if not got.fetched:
        symbol, reason = next(iter(got.errors.items()))
        raise MarketDataError(f"None of {len(watchlist.symbols)} symbols came; {symbol}: {reason}")
    return got


def _fetch_each(
    watchlist: Watchlist, got: Fetched, provider: Provider, publisher: Publisher, watch: Callable[[Fetched], None]
) -> None:
    silences = 0
    for symbol in watchlist.symbols:
        if symbol in got.fetched or symbol in got.errors:
            continue
        try:
            global_bars.bring(provider, symbol, watchlist.start, watchlist.end)
            got.fetched.append(symbol)
            silences = 0
            publisher.publish(watchlist.prefix, symbol, watchlist.start, watchlist.end)
            got.unpublished = publisher.failure
        except ProviderError as error:
            got.errors[symbol] = str(error)
            silences = silences + 1 if isinstance(error, Unreachable) else 0
            if isinstance(error, RateLimited | Permanent) or silences == SILENCES:
                _give_up_the_rest(watchlist, got, str(error))
        watch(got)


def _give_up_the_rest(watchlist: Watchlist, got: Fetched, reason: str) -> None:
    for symbol in watchlist.symbols:
        if symbol not in got.fetched:
            got.errors.setdefault(symbol, f"It was not asked for. {reason}")
