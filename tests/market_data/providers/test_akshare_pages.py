"""What AkShare's package makes of the pages of its hosts: names, units, and whose and which day's they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from market_data.exceptions import BadPayload, Transient
from market_data.standin.eastmoney.server import EastmoneyStandin
from tests.market_data.providers.akshare_fixtures import Ask, ask, circuits, provider, source
from tests.market_data.providers.sources import CALLS, LAST_DAY, SYMBOL

__all__ = ["ask", "circuits", "provider", "source"]
KLINES = "/api/qt/stock/kline/get"
LISTS = "/api/qt/clist/get"
POOL = "/getTopicZTPool"
SECTOR_KEYS = "f2 f3 f12 f14 f62 f66 f69 f72 f75 f78 f81 f84 f87 f124 f184 f204 f205 f206"


def given(source: EastmoneyStandin, path: str, page: Any) -> None:
    source.desk.given = {path: page}


def bars(source: EastmoneyStandin, *klines: str, code: str = "600000", decimal: int = 2) -> None:
    given(source, KLINES, {"rc": 0, "data": {"code": code, "decimal": decimal, "klines": list(klines)}})


def test_daily_bars_have_tushares_names_and_units(source: EastmoneyStandin, ask: Ask) -> None:
    bars(source, "2024-02-01,6.11,6.18,6.28,6.10,842743,542829495.00,2.96,1.64,0.10,1.03")
    columns = ask("daily", **CALLS["daily"]).columns
    assert {name: values[0] for name, values in columns.items()} == {
        "ts_code": SYMBOL,
        "trade_date": "20240201",
        "open": 6.11,
        "high": 6.28,
        "low": 6.10,
        "close": 6.18,
        "pre_close": 6.08,
        "change": 0.10,
        "pct_chg": 1.64,
        "vol": 842743.0,
        "amount": 542829.495,
    }


def test_a_recorded_answer_of_eastmoney_is_read(source: EastmoneyStandin, ask: Ask, shared_data: Path) -> None:
    recorded = json.loads((shared_data / "http/eastmoney/kline_601872_fqt1_20241218_20241231.json").read_text())
    given(source, KLINES, recorded)
    columns = ask("daily", ts_code="601872.SH", start_date="20241218", end_date="20241231").columns
    assert len(columns["close"]) == len(recorded["data"]["klines"])
    assert columns["pre_close"][0] == recorded["data"]["preKPrice"]
    assert columns["close"][:-1] == columns["pre_close"][1:]


def test_prices_with_three_decimals_keep_them(source: EastmoneyStandin, ask: Ask) -> None:
    bars(source, "2024-02-01,0.611,0.618,0.628,0.610,8427,5428.00,2.96,1.64,0.010,1.03", decimal=3)
    assert ask("daily", **CALLS["daily"]).columns["pre_close"] == [0.608]


def test_bars_of_another_security_than_the_one_asked_for_are_refused(source: EastmoneyStandin, ask: Ask) -> None:
    bars(source, "2024-02-01,6.11,6.18,6.28,6.10,842743,542829495.00,2.96,1.64,0.10,1.03", code="600001")
    with pytest.raises(BadPayload, match="600001"):
        ask("daily", **CALLS["daily"])


def test_the_calendar_has_every_day_of_the_span_with_the_session_before(ask: Ask) -> None:
    columns = ask("trade_cal", exchange="SSE", start_date="20240208", end_date="20240220").columns
    assert columns["cal_date"] == [f"202402{day:02d}" for day in range(8, 21)]
    assert columns["is_open"] == [1, *[0] * 10, 1, 1]
    assert columns["pretrade_date"] == ["20240207", *["20240208"] * 11, "20240219"]


def test_the_recorded_calendar_of_sina_is_read(source: EastmoneyStandin, ask: Ask, shared_data: Path) -> None:
    sina = shared_data / "http/sina"
    given(source, "/realstock/company/klc_td_sh.txt", (sina / "klc_td_sh.txt").read_text())
    columns = ask("trade_cal", exchange="SSE", start_date="19900101", end_date="20991231").columns
    sessions = {day for day, is_open in zip(columns["cal_date"], columns["is_open"], strict=True) if is_open}
    # Sina leaves one session out, which AkShare knows.
    assert sessions == {*(sina / "klc_td_sh.decoded_dates.txt").read_text().split(), "19920504"}
    assert columns["pretrade_date"][:2] == [None, "19901219"]


def test_the_limit_up_pool_is_that_of_the_day_asked_for(source: EastmoneyStandin, ask: Ask) -> None:
    columns = ask("limit_up_pool", **CALLS["limit_up_pool"]).columns
    assert set(columns["trade_date"]) == {LAST_DAY}
    assert columns["first_time"] == ["092500"]
    assert columns["up_stat"][0] == f"{columns['limit_times'][0]:.0f}/{columns['limit_times'][0]:.0f}"


@pytest.mark.parametrize(("shown", "error"), [("20240328", Transient), ("20240401", BadPayload)])
def test_the_limit_ups_of_another_day_than_the_one_asked_for_are_not_taken(
    source: EastmoneyStandin, ask: Ask, shown: str, error: type[Exception]
) -> None:
    given(source, POOL, {"rc": 0, "data": {"qdate": int(shown), "pool": [_limit_up()]}})
    with pytest.raises(error, match=f"limit-ups of {shown}"):
        ask("limit_up_pool", trade_date=LAST_DAY)


def test_a_pool_that_is_null_is_an_empty_one(source: EastmoneyStandin, ask: Ask) -> None:
    given(source, POOL, {"rc": 0, "data": {"tc": 0, "qdate": 20231228, "pool": None}})
    assert ask("limit_up_pool", trade_date="20231228").rows == 0


def _limit_up() -> dict[str, Any]:
    names = [
        "c",
        "m",
        "n",
        "p",
        "zdp",
        "amount",
        "ltsz",
        "tshare",
        "hs",
        "lbc",
        "fbt",
        "lbt",
        "fund",
        "zbc",
        "hybk",
        "zttj",
    ]
    return {**dict.fromkeys(names, 1), "c": "920001", "n": "x", "zttj": {"days": 2, "ct": 1}}


def test_codes_get_the_suffix_of_their_exchange(source: EastmoneyStandin, ask: Ask) -> None:
    codes = ["600000", "900901", "688001", "000001", "300001", "200505", "430017", "830001", "920001"]
    rows = [_limit_up() | {"c": code} for code in codes]
    given(source, POOL, {"rc": 0, "data": {"qdate": int(LAST_DAY), "pool": rows}})
    suffixes = [symbol[-2:] for symbol in ask("limit_up_pool", trade_date=LAST_DAY).columns["ts_code"]]
    assert suffixes == ["SH", "SH", "SH", "SZ", "SZ", "SZ", "BJ", "BJ", "BJ"]


def test_a_stock_is_on_the_dragon_tiger_list_once_for_each_reason(ask: Ask) -> None:
    columns = ask("dragon_tiger", trade_date=LAST_DAY).columns
    keys = list(zip(columns["ts_code"], columns["reason"], strict=True))
    assert len(set(keys)) == len(keys) == 3
    assert len(set(columns["ts_code"])) == 2
    assert columns["net_amount"] == pytest.approx(
        [buy - sell for buy, sell in zip(columns["l_buy"], columns["l_sell"], strict=True)], abs=0.01
    )


def test_the_flows_of_a_symbol_are_those_of_the_days_asked_for_and_cancel_out(ask: Ask) -> None:
    columns = ask("individual_fund_flow", **CALLS["individual_fund_flow"]).columns
    assert columns["trade_date"][0] == "20240201"
    assert columns["trade_date"][-1] == "20240229"
    parts = ("super_large", "large", "medium", "small")
    for flows in zip(*(columns[f"{part}_net_amount"] for part in parts), strict=True):
        assert sum(flows) == pytest.approx(0, abs=1)
    for main, super_large, large in zip(*(columns[f"{n}_net_amount"] for n in ("main", *parts[:2])), strict=True):
        assert main == pytest.approx(super_large + large, abs=1)


def test_the_flows_of_sectors_come_for_all_three_kinds(ask: Ask) -> None:
    columns = ask("sector_fund_flow", **CALLS["sector_fund_flow"]).columns
    assert set(columns["kind"]) == {"industry", "concept", "region"}
    for name in ("net_amount", "net_rate"):
        main, biggest, large = (columns[f"{part}_{name}"] for part in ("main", "super_large", "large"))
        assert main == pytest.approx([a + b for a, b in zip(biggest, large, strict=True)], abs=0.2)


def test_the_flows_of_a_day_that_is_over_are_not_those_of_today(ask: Ask) -> None:
    with pytest.raises(BadPayload, match="those of 20240328 can no longer be had"):
        ask("sector_fund_flow", trade_date="20240328")


def test_the_flows_of_a_day_that_are_not_there_yet_are_asked_for_later(ask: Ask) -> None:
    with pytest.raises(Transient, match="not yet those of 20240401"):
        ask("sector_fund_flow", trade_date="20240401")


def test_a_sector_without_figures_is_left_out(source: EastmoneyStandin, ask: Ask) -> None:
    keys = SECTOR_KEYS.split()
    empty = {**dict.fromkeys(keys, "-"), "f12": "BK1710", "f14": "先进制造风格", "f124": 1711641600}
    full = {**dict.fromkeys(keys, 1), "f12": "BK0420", "f14": "银行", "f124": 1711697982}
    given(source, LISTS, {"rc": 0, "data": {"total": 2, "diff": [full, empty]}})
    columns = ask("sector_fund_flow", trade_date=LAST_DAY).columns
    assert columns["name"] == ["银行"] * 3


def test_the_list_of_boards_is_read_anew_each_time(source: EastmoneyStandin, ask: Ask) -> None:
    ask("concept_board")
    sent = len(source.calls)
    assert ask("concept_board").rows == 7
    assert len(source.calls) > sent


def test_a_list_of_several_pages_is_read_to_its_end(source: EastmoneyStandin, ask: Ask) -> None:
    members = [f"{600000 + n}.SH" for n in range(140)]
    source.desk.source.members["BK0655"] = members
    assert sorted(ask("concept_board_member", board_code="BK0655").columns["ts_code"]) == members


def test_a_list_that_ends_before_the_source_said_is_refused(source: EastmoneyStandin, ask: Ask) -> None:
    given(source, POOL, {"rc": 0, "data": {"tc": 2, "qdate": int(LAST_DAY), "pool": [_limit_up()]}})
    with pytest.raises(BadPayload, match="1 of 2 rows"):
        ask("limit_up_pool", trade_date=LAST_DAY)
