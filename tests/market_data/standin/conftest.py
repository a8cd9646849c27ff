"""Markets, servers and the real client."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tushare.pro.client import DataApi

from market_data.standin.market.folder import read_market
from market_data.standin.market.generated import generate_market
from market_data.standin.market.tables import Market
from market_data.standin.tushare.rules import Rules
from market_data.standin.tushare.server import Standin

DAYS = ("20240102", "20240103", "20240104")
CODES = ("000001.SZ", "000002.SZ", "600000.SH")
Start = Callable[..., Standin]


def client(server: Standin) -> DataApi:
    """Tushare's own client, pointed at the server."""
    made = DataApi("token")
    made._DataApi__http_url = f"{server.url}/dataapi"
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three stocks on three days; one is suspended on the last, one is delisted."""
    bars = [f"{code},{day},1{place}.0,1{place}.5" for place, code in enumerate(CODES) for day in DAYS]
    factors = [f"{code},{day},{place + 1}.25" for place, code in enumerate(CODES) for day in DAYS]
    files = {
        "daily": ["ts_code,trade_date,open,close", *bars[:-1]],
        "adj_factor": ["ts_code,trade_date,adj_factor", *factors],
        "suspend_d": ["ts_code,trade_date,suspend_timing,suspend_type", f"{CODES[2]},{DAYS[2]},,S"],
        "trade_cal": [
            "exchange,cal_date,is_open,pretrade_date",
            *(f"SSE,{day},1,{before}" for before, day in zip(("20231229", *DAYS), DAYS, strict=False)),
            f"SSE,20240106,0,{DAYS[2]}",
        ],
        "stock_basic": [
            "ts_code,symbol,name,list_status,list_date,delist_date",
            f"{CODES[0]},000001,平安银行,L,19910403,",
            f"{CODES[1]},000002,万科A,L,19910129,",
            f"{CODES[2]},600000,浦发银行,D,19991110,20240105",
        ],
        "fina_indicator": ["ts_code,ann_date,end_date,eps", f"{CODES[0]},20240320,20231231,2.25"],
    }
    for api, lines in files.items():
        (tmp_path / f"{api}.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return tmp_path


@pytest.fixture
def market(folder: Path) -> Market:
    return read_market(folder)


@pytest.fixture(scope="session")
def made_up() -> Market:
    return generate_market(120, 90, 5, "20240628")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a server for a market; rules are keyword arguments."""
    running: list[Standin] = []

    def started(market: Market, **rules: object) -> Standin:
        running.append(Standin(market, Rules().changed(rules)).__enter__())
        return running[-1]

    yield started
    for server in running:
        server.__exit__(None, None, None)
