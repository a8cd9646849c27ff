"""The real `tushare` package, pointed at this server."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tushare
from knox.models import AuthToken
from pandas.testing import assert_frame_equal
from pytest_django.live_server_helper import LiveServer
from tushare.pro.client import DataApi

from market_data.dataapi import passing
from market_data.dataapi.passing import Queue
from market_data.datasets import DATASETS
from market_data.standin.market.folder import read_market
from market_data.standin.tushare.server import Standin
from tests.market_data.builders import (
    ADJ_FACTOR,
    DAILY,
    STOCK_BASIC,
    SUSPEND_D,
    TRADE_CAL,
    A,
    B,
    row_of,
    store_cells,
    store_rows,
)
from tests.market_data.engine.audit.loading import load_folder, native_rows, store
from tests.rest_clients import person, superuser

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = [date(2024, 1, 8), date(2024, 1, 9), date(2024, 1, 10)]
STOCKS = ("000001.SZ", "600000.SH", "600519.SH")
Pointed = Callable[..., DataApi]


@pytest.fixture(autouse=True)
def passing_ends() -> Iterator[None]:
    """What passed a question on keeps its connections for the life of a server."""
    yield
    while passing._providers:
        passing._providers.popitem()[1].close()


@pytest.fixture
def pointed(live_server: LiveServer) -> Pointed:
    def at(user: Any = None, token: str = "") -> DataApi:
        pro = tushare.pro_api(token or AuthToken.objects.create(user or superuser())[1])
        pro._DataApi__http_url = f"{live_server.url}/dataapi"
        return pro

    return at


def test_bars_come_as_tushare_sent_them_newest_first(pointed: Pointed) -> None:
    sent = [row_of(DAILY, symbol, day, vol=1000.17, amount=4182345.222) for symbol in (A, B) for day in DAYS]
    store_rows(DAILY, sent)
    pro = pointed()
    frame = pro.daily(trade_date="20240109")
    assert frame.to_dict("records") == [row for row in sent if row["trade_date"] == "20240109"]
    assert list(frame.columns) == [field.source for field in DAILY.fields]
    by_code = pro.daily(ts_code=A, start_date="20240109", end_date="20240110")
    assert by_code["trade_date"].tolist() == ["20240110", "20240109"]
    some = pro.daily(ts_code=f"{A},{B}", fields="trade_date,vol,ts_code", limit=3, offset=1)
    assert list(some.columns) == ["trade_date", "vol", "ts_code"]
    assert list(zip(some["trade_date"], some["ts_code"], strict=True)) == [
        ("20240110", B), ("20240109", A), ("20240109", B),
    ]  # fmt: skip


def test_an_honest_empty_answer_keeps_its_columns(pointed: Pointed) -> None:
    store_cells(DAILY, [A], DAYS)
    frame = pointed().daily(trade_date="20230109")
    assert (len(frame), len(frame.columns)) == (0, 11)


def test_lists_have_tushares_columns_and_defaults(pointed: Pointed) -> None:
    listed = {"ts_code": A, "symbol": "600001", "name": "某", "list_status": "L", "list_date": "19991110"}
    store_rows(STOCK_BASIC, [listed, {"ts_code": B, "list_status": "D", "delist_date": "20200101"}])
    store_rows(TRADE_CAL, [{"exchange": "SSE", "cal_date": "20240108", "is_open": 1, "pretrade_date": "20240105"}])
    store_rows(SUSPEND_D, [row_of(SUSPEND_D, A, DAYS[0])])
    pro = pointed()
    frame = pro.stock_basic()
    assert list(frame.columns) == [
        "ts_code",
        "symbol",
        "name",
        "area",
        "industry",
        "cnspell",
        "market",
        "list_date",
        "act_name",
        "act_ent_type",
    ]
    assert frame["ts_code"].tolist() == [A]
    gone = pro.stock_basic(list_status="D", fields="ts_code,delist_date,list_status")
    assert gone.to_dict("records") == [{"ts_code": B, "delist_date": "20200101", "list_status": "D"}]
    days = pro.trade_cal(exchange="SZSE", start_date="20240101", end_date="20240131", is_open="1")
    assert days.to_dict("records") == [
        {"exchange": "SZSE", "cal_date": "20240108", "is_open": 1, "pretrade_date": "20240105"}
    ]
    assert pro.suspend_d(suspend_type="S", trade_date="20240108")["suspend_timing"].isna().tolist() == [True]


@pytest.mark.parametrize("adj", [None, "qfq", "hfq"])
@pytest.mark.parametrize("freq", ["D", "W"])
def test_pro_bar_works_unchanged(pointed: Pointed, adj: str | None, freq: str) -> None:
    store_cells(DAILY, [A], DAYS)
    for day, factor in zip(DAYS, (1.0, 2.0, 2.0), strict=True):
        store_cells(ADJ_FACTOR, [A], [day], adj_factor=factor)
    frame = tushare.pro_bar(ts_code=A, api=pointed(), adj=adj, freq=freq, start_date="20240101", end_date="20240131")
    last = {None: 10.5, "qfq": 10.5, "hfq": 21.0}[adj]
    assert frame["close"].tolist() == (
        [last, last, 10.5 if adj == "hfq" else last / (2 if adj else 1)] if freq == "D" else [last]
    )


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda pro: pro.daily(), "必填参数, ts_code"),
        (lambda pro: pro.daily(trade_date="2024-01-08"), "查询数据失败，请确认参数！"),
        (lambda pro: pro.daily(trade_date="20240108", fields="closed"), "查询数据失败，请确认参数！"),
        (lambda pro: pro.daily(trade_date="20240108", limit="x"), "查询数据失败，请确认参数！"),
        (lambda pro: pro.fund_daily(trade_date="20240108"), r"没有接口\(fund_daily\)的数据"),
        (lambda pro: pro.daily_basic(trade_date="20240108"), r"没有接口\(daily_basic\)的数据"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_tushares_words(pointed: Pointed, ask: Any, said: str) -> None:
    store_cells(DAILY, [A], DAYS)
    with pytest.raises(Exception, match=said):
        ask(pointed())


def test_a_token_is_one_of_ours_with_the_rights_of_its_user(pointed: Pointed) -> None:
    store_cells(DAILY, [A], DAYS)
    with pytest.raises(Exception, match="您的token不对，请确认。"):
        pointed(token="0" * 64).daily(trade_date="20240108")
    pro = pointed(person("market_data.view_dailybar"))
    assert len(pro.daily(trade_date="20240108")) == 1
    with pytest.raises(Exception, match=r"您没有接口\(adj_factor\)访问权限"):
        pro.adj_factor(trade_date="20240108")


def test_every_stored_interface_answers_or_says_that_nothing_is_stored(pointed: Pointed) -> None:
    pro = pointed()
    for dataset in DATASETS.values():
        if dataset.provider == "tushare":
            with pytest.raises(Exception, match="本地数据库没有接口"):
                pro.query(dataset.api_name, ts_code=A, trade_date="20240108")


def test_what_is_not_stored_can_be_passed_on(pointed: Pointed, world: Any, serve: Any, settings: Any) -> None:
    serve(world)
    pro = pointed()
    settings.DATAAPI_PASS_THROUGH = True
    with pytest.raises(Exception, match=r"."):
        pro.fund_daily(trade_date="20240108")
    with pytest.raises(Exception, match=r"您没有接口\(fund_daily\)访问权限"):
        pointed(person("market_data.view_dailybar")).fund_daily(trade_date="20240108")


def test_a_small_question_passes_the_many_of_somebody_else() -> None:
    queue, order, busy = Queue(1), [], threading.Event()

    def ask(user: int) -> None:
        with queue.turn(user):
            order.append(user)
            busy.wait(0.02)

    crowd = [threading.Thread(target=ask, args=(1,)) for _ in range(10)]
    for thread in crowd:
        thread.start()
    while len(order) < 2:
        busy.wait(0.005)
    ask(2)
    assert order.index(2) <= 3
    for thread in crowd:
        thread.join()
    assert sorted(order) == [1] * 10 + [2]


CODES, DAY, WINDOW = ",".join(STOCKS), "20190416", {"start_date": "20190401", "end_date": "20190430"}
BY_STOCK_AND_DAY: tuple[dict[str, str], ...] = (
    {"ts_code": STOCKS[0]},
    {"ts_code": CODES, **WINDOW},
    {"trade_date": DAY},
    WINDOW,
)
CUT = 6000
ASKED: dict[str, tuple[dict[str, str], ...]] = {
    "daily": BY_STOCK_AND_DAY,
    "adj_factor": ({"ts_code": STOCKS[0]}, {"ts_code": STOCKS[1], **WINDOW}, {"trade_date": DAY}),
    "suspend_d": (*BY_STOCK_AND_DAY, {"suspend_type": "S", **WINDOW}),
    "trade_cal": ({}, {"exchange": "SSE", "is_open": "1", **WINDOW}),
    "stock_basic": ({}, {"list_status": "D"}, {"exchange": "SZSE"}, {"ts_code": CODES}),
}


@pytest.mark.parametrize("folder", ["stocks", "market"])
def test_published_history_is_answered_as_its_source_answers(pointed: Pointed, shared_data: Path, folder: str) -> None:
    load_folder(shared_data / folder, "daily", "adj_factor")
    with Standin(read_market(shared_data / folder)) as source:
        theirs = tushare.pro_api("a token")
        theirs._DataApi__http_url = f"{source.url}/dataapi"
        ours = pointed()
        for name, questions in ASKED.items():
            for asked in questions:
                expected, found = (getattr(pro, name)(**asked) for pro in (theirs, ours))
                # The source cuts its answers; we do not.
                told = found.head(len(expected)) if len(expected) == CUT else found
                assert_frame_equal(told, expected, check_dtype=False, check_exact=True, obj=f"{name} {asked}")


def test_published_valuation_comes_back_equal(pointed: Pointed, shared_data: Path) -> None:
    sent = native_rows(shared_data, "daily_basic").reset_index(drop=True)
    store("daily_basic", sent)
    pro = pointed()
    day, code = sent["trade_date"].max(), sent["ts_code"].value_counts().index[0]
    columns = [field.source for field in DATASETS["daily_basic"].fields]
    ordered = sent.sort_values(["trade_date", "ts_code"], ascending=[False, True])[columns]
    for asked, rows in (({"trade_date": day}, sent["trade_date"] == day), ({"ts_code": code}, sent["ts_code"] == code)):
        expected = ordered[rows.reindex(ordered.index)].reset_index(drop=True)
        found = pro.daily_basic(**asked, fields=",".join(columns))
        assert_frame_equal(found, expected, check_dtype=False, check_exact=True)
