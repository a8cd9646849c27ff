"""Which rows an answer holds, and in which order."""

from typing import Any

import pytest

from market_data.standin.market.tables import Frame, Market
from market_data.standin.tushare.answering import answer
from market_data.standin.tushare.questions import question
from market_data.standin.tushare.refusals import Refusal
from market_data.standin.tushare.rules import Rules
from tests.market_data.standin.conftest import CODES, DAYS


def ask(market: Market, api: str, rules: Rules | None = None, fields: str = "", **params: object) -> Frame:
    return answer(market, rules or Rules(), question({"api_name": api, "params": params, "fields": fields}))


def keys(frame: Frame) -> list[tuple[str, str]]:
    codes, days = (frame.cells[frame.fields.index(name)] for name in ("ts_code", "trade_date"))
    return [(code.strip('"'), day.strip('"')) for code, day in zip(codes, days, strict=True)]


def test_one_day_is_ordered_by_symbol(market: Market) -> None:
    assert keys(ask(market, "daily", trade_date=DAYS[1])) == [(code, DAYS[1]) for code in CODES]


def test_a_list_of_symbols_comes_newest_first_then_by_symbol(market: Market) -> None:
    frame = ask(market, "daily", ts_code=f"{CODES[2]},{CODES[0]}", start_date=DAYS[1], end_date=DAYS[2])

    assert keys(frame) == [(CODES[0], DAYS[2]), (CODES[0], DAYS[1]), (CODES[2], DAYS[1])]


def test_a_range_alone_takes_every_symbol(market: Market) -> None:
    assert len(keys(ask(market, "daily", start_date=DAYS[1]))) == 5


def test_an_unknown_symbol_has_no_rows(market: Market) -> None:
    assert keys(ask(market, "daily", ts_code="999999.SZ")) == []


def test_only_listed_stocks_come_by_default(market: Market) -> None:
    assert ask(market, "stock_basic", fields="ts_code").cells == [['"000001.SZ"', '"000002.SZ"']]
    assert ask(market, "stock_basic", fields="ts_code", list_status="D").cells == [['"600000.SH"']]


def test_the_calendar_is_filtered_by_exchange_and_openness(market: Market) -> None:
    assert ask(market, "trade_cal", fields="cal_date", is_open="0").cells == [['"20240106"']]
    assert ask(market, "trade_cal", fields="cal_date", is_open=1, start_date=DAYS[2]).cells == [[f'"{DAYS[2]}"']]
    assert ask(market, "trade_cal", exchange="SZSE").size == 0


def test_suspensions_are_filtered_by_type(market: Market) -> None:
    assert ask(market, "suspend_d", suspend_type="S").size == 1
    assert ask(market, "suspend_d", suspend_type="R").size == 0


def test_financial_reports_are_asked_for_by_period(market: Market) -> None:
    assert ask(market, "fina_indicator", ts_code=CODES[0], start_date="20231231", end_date="20231231").size == 1
    assert ask(market, "fina_indicator", ts_code=CODES[0], start_date="20240101").size == 0


def test_limit_and_offset_cut_a_window(market: Market) -> None:
    frame = ask(market, "daily", start_date=DAYS[0], limit=2, offset=1)

    assert keys(frame) == [(CODES[1], DAYS[2]), (CODES[0], DAYS[1])]
    assert frame.has_more


def test_the_cap_cuts_and_says_so(market: Market) -> None:
    rules = Rules(cap={"daily": 3})

    cut = ask(market, "daily", rules, start_date=DAYS[0])
    assert (cut.size, cut.has_more) == (3, True)
    assert not ask(market, "daily", rules, trade_date=DAYS[0]).has_more


def test_fields_that_do_not_exist_are_left_out(market: Market) -> None:
    assert ask(market, "daily", fields="ts_code,nonsense,close", trade_date=DAYS[0]).fields == ["ts_code", "close"]


@pytest.mark.parametrize(
    ("api", "params", "message"),
    [
        ("daily", {}, "必填参数, ts_code"),
        ("adj_factor", {"start_date": DAYS[0]}, "必填参数, ts_code"),
        ("fina_indicator", {}, "必填参数, ts_code"),
        ("adj_factor", {"ts_code": ",".join(CODES)}, "查询数据失败，请确认参数！"),
        ("daily", {"trade_date": "2024-01-02"}, "查询数据失败，请确认参数！"),
        ("daily", {"trade_date": DAYS[0], "offset": 100_001}, "查询数据失败，请确认参数！"),
        ("daily", {"trade_date": DAYS[0], "limit": "many"}, "查询数据失败，请确认参数！"),
        ("daily", {"trade_date": DAYS[0], "limit": -1}, "查询数据失败，请确认参数！"),
    ],
)
def test_a_wrong_question_is_refused(market: Market, api: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(market, api, **params)

    assert (caught.value.code, caught.value.message) == (50101, message)
