"""The engine against a stand-in provider."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from market_data.engine.ledger import clock
from market_data.standin.eastmoney.server import EastmoneyStandin
from market_data.standin.market.folder import read_market
from market_data.standin.tushare.rules import Rules
from market_data.standin.tushare.server import Standin
from market_data.standin.yahoo.charts import generate_charts
from market_data.standin.yahoo.server import YahooStandin
from tests.market_data.providers.sources import small_market, wire
from tests.market_data.worlds import World

YAHOO_SYMBOLS = ("AAPL", "MSFT", "BRK-B", "^GSPC", "EURUSD=X", "BTC-USD", "0700.HK", "VOD.L", "600000.SS", "000001.SZ")
Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(autouse=True)
def quick_settings(settings: Any, tmp_path: Path) -> None:
    """A provider of one's own and no long waits."""
    settings.VAR_DIR = tmp_path
    settings.TUSHARE_TOKEN = "token-of-a-test"
    settings.TUSHARE_RATE_LIMIT_MAX_CALLS = 100_000
    settings.RATE_LIMIT_RETRY_BASE_SECONDS = 0.01
    settings.SYNC_RETRY_BASE_SECONDS = 0.01
    settings.SYNC_CONCURRENCY = 8


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Six stocks in the first quarter of 2024, not written yet."""
    return World(tmp_path / "world", 6, date(2024, 1, 1), date(2024, 3, 29))


@pytest.fixture
def serve(settings: Any) -> Iterator[Callable[..., Standin]]:
    """Serve a world to the engine; rules are keyword arguments."""
    running: list[Standin] = []

    def start(world: World, **rules: Any) -> Standin:
        server = Standin(read_market(world.write().folder), Rules(**rules))
        running.append(server.__enter__())
        settings.TUSHARE_API_URL = server.url
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)


@pytest.fixture
def yahoo(settings: Any) -> Iterator[YahooStandin]:
    """Yahoo with a few symbols of several markets: a hundred weekdays, the last of which is over on every exchange."""
    charts = generate_charts(YAHOO_SYMBOLS, 100, 1, clock.today() - timedelta(days=2))
    with YahooStandin(charts, hang=10) as server:
        settings.YFINANCE_URL = server.url
        settings.YFINANCE_RATE_LIMIT_MAX_CALLS = 100_000
        yield server


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with --json: its exit code, its report and what it said on standard error."""

    def call(name: str, *arguments: Any) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        code = 0
        try:
            call_command(name, *map(str, arguments), "--json")
        except SystemExit as stop:
            code = int(stop.code or 0)
        except CommandError:  # what the parser refuses; from a terminal it ends with this code
            code = 2
        said = capsys.readouterr()
        lines = said.out.strip().splitlines()
        return code, json.loads(lines[-1]) if lines else {}, said.err

    return call


@pytest.fixture
def tushare(settings: Any) -> Iterator[Standin]:
    """A small market at Tushare."""
    with Standin(small_market()) as server:
        settings.TUSHARE_API_URL = server.url
        yield server


@pytest.fixture
def eastmoney(settings: Any) -> Iterator[EastmoneyStandin]:
    """The same on the pages that AkShare reads."""
    with EastmoneyStandin(small_market()) as server:
        wire(settings, server.url)
        yield server
