"""A demonstration without an account: a generated market served on this machine, in a database of its own."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings

from market_data.engine.storing.origin import BANNER

STOCKS, DAYS, SEED = 80, 250, 7
CALLS_A_WINDOW = 100_000


@contextmanager
def demo_provider(say: Callable[[str], object]) -> Iterator[None]:
    """While STOCKSYNC_DEMO is set, answer for Tushare and for the hosts of AkShare from a generated market."""
    if not settings.DEMO:
        yield
        return
    from market_data.engine.ledger import clock
    from market_data.standin.eastmoney.server import EastmoneyStandin
    from market_data.standin.generated import generated_standin

    say(BANNER)
    with generated_standin(STOCKS, DAYS, SEED, clock.today()) as server, EastmoneyStandin(server.market) as pages:
        settings.TUSHARE_API_URL, settings.TUSHARE_TOKEN = server.url, "made-up"
        settings.AKSHARE_URL = pages.url
        settings.TUSHARE_RATE_LIMIT_MAX_CALLS = settings.AKSHARE_RATE_LIMIT_MAX_CALLS = CALLS_A_WINDOW
        yield


@contextmanager
def demo_yahoo(symbols: Iterable[str], say: Callable[[str], object]) -> Iterator[None]:
    """While STOCKSYNC_DEMO is set, answer for Yahoo with made-up prices of these symbols, whatever they are."""
    if not settings.DEMO:
        yield
        return
    from market_data.engine.ledger import clock
    from market_data.providers.yfinance_symbols import is_covered, to_yahoo
    from market_data.standin.yahoo.charts import generate_charts
    from market_data.standin.yahoo.server import YahooStandin

    say(BANNER)
    known = [to_yahoo(symbol) for symbol in symbols if is_covered(symbol)]
    with YahooStandin(generate_charts(known, DAYS, SEED, clock.today()), made_up=True) as server:
        settings.YFINANCE_URL, settings.YFINANCE_RATE_LIMIT_MAX_CALLS = server.url, CALLS_A_WINDOW
        yield
