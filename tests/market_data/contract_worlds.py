"""The providers as the contract meets them: each with a source on this machine that misbehaves when told to.

A new provider is held to the contract by a line in WORLDS.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from market_data.datasets import DATASETS
from market_data.models import ConceptBoard
from market_data.standin.eastmoney.server import CALENDAR, EastmoneyStandin
from market_data.standin.market.folder import read_market
from market_data.standin.market.tables import Market
from market_data.standin.tushare.rules import Rules
from market_data.standin.tushare.server import Standin
from market_data.standin.yahoo.charts import generate_charts
from market_data.standin.yahoo.server import Fault, YahooStandin
from tests.market_data.providers.sources import SYMBOL, small_market, wire
from tests.market_data.report_worlds import report, write_reports
from tests.market_data.worlds import World

LAST_DAY = date(2024, 3, 29)
QUARTER = date(2023, 12, 31)
Behave = Callable[[str], None]
MISDEEDS = ("refuse", "say_nothing", "change_columns")


@contextmanager
def tushare_world(settings: Any, folder: Path) -> Iterator[Behave]:
    faults = {"refuse": "http_502", "say_nothing": "empty_frame", "change_columns": "wrong_columns"}
    market = Market({**_reports().tables, **small_market().tables}, made_up=True)
    with Standin(market) as server:
        settings.TUSHARE_API_URL = server.url
        settings.INDEX_DAILY_SYMBOLS = list(market.tables["index_daily"].keys.codes)

        def behave(misdeed: str) -> None:
            server.rules = Rules(fault={faults[misdeed]: 1.0})

        yield behave


@cache
def _reports() -> Market:
    with TemporaryDirectory() as folder:
        return _written_reports(Path(folder) / "world")


def _written_reports(folder: Path) -> Market:
    world = World(folder, 1, LAST_DAY, LAST_DAY).write()
    for name in ("fina_indicator", "income", "balancesheet", "cashflow"):
        reports = [report(DATASETS[name], symbol, QUARTER) for symbol in (SYMBOL, "000001.SZ")]
        write_reports(world, name, reports, market_too=True)
    _write_concepts(world)
    write_reports(world, "disclosure_date", [report(DATASETS["disclosure_date"], SYMBOL, QUARTER)])
    return read_market(world.folder)


def _write_concepts(world: World) -> None:
    day = f"{LAST_DAY:%Y%m%d}"
    for source, board in (("ths", "885001.TI"), ("dc", "BK1184.DC")):
        member = {"ts_code": board, "con_code": SYMBOL, "con_name": "a", "name": "a", "trade_date": day}
        index = {"ts_code": board, "name": "a", "type": "N", "idx_type": "概念板块", "trade_date": day}
        write_reports(world, f"{source}_index", [index])
        write_reports(world, f"{source}_member", [member])


def store_boards() -> None:
    """The boards whose members are asked for."""
    boards = {"ths": "885001.TI", "dc": "BK1184.DC", "em": "BK0655"}
    ConceptBoard.objects.bulk_create(
        [ConceptBoard(source=source, code=code, from_date=LAST_DAY) for source, code in boards.items()]
    )


@contextmanager
def akshare_world(settings: Any, folder: Path) -> Iterator[Behave]:
    faults = {"refuse": "captcha", "say_nothing": "no_rows", "change_columns": "renamed_column"}
    with EastmoneyStandin(small_market()) as server:
        wire(settings, server.url)

        def behave(misdeed: str) -> None:
            server.desk.faults = {faults[misdeed]: 1.0}
            if misdeed == "change_columns":
                server.desk.given = {CALENDAR: 'var datelist="AAAAAA";'}

        yield behave


@contextmanager
def yfinance_world(settings: Any, folder: Path) -> Iterator[Behave]:
    faults = {"refuse": "http_502", "say_nothing": "empty", "change_columns": "wrong_columns"}
    with YahooStandin(generate_charts(["600000.SS", "000001.SZ"], 60, 1, LAST_DAY), made_up=True) as server:
        settings.YFINANCE_URL, settings.YFINANCE_RATE_LIMIT_MAX_CALLS = server.url, 100_000

        def behave(misdeed: str) -> None:
            server.faults["*"] = Fault(faults[misdeed])

        yield behave


WORLDS: dict[str, Callable[[Any, Path], AbstractContextManager[Behave]]] = {
    "tushare": tushare_world,
    "akshare": akshare_world,
    "yfinance": yfinance_world,
}
