"""AkShare's package against a stand-in for its hosts: units, what is refused and how, pace and timeouts."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import akshare
import pytest
import requests

from market_data.exceptions import BadPayload, BadRequest, Transient, Unreachable
from market_data.providers.akshare import AkShareProvider
from market_data.providers.base import Answer, Call, Stopped
from market_data.ratelimit.budget import Rule
from market_data.standin.eastmoney.faults import REFUSALS
from market_data.standin.eastmoney.server import EastmoneyStandin
from tests.market_data.providers.sources import (
    CALLS,
    FEBRUARY,
    LAST_DAY,
    SYMBOL,
    Circuits,
    akshare_at,
    asking,
    small_market,
)

Ask = Callable[..., Answer]
KLINES = "/api/qt/stock/kline/get"
LISTS = "/api/qt/clist/get"
POOL = "/getTopicZTPool"
POOL_KEYS = "c m n p zdp amount ltsz tshare hs lbc fbt lbt fund zbc hybk zttj"
SECTOR_KEYS = "f2 f3 f12 f14 f62 f66 f69 f72 f75 f78 f81 f84 f87 f124 f184 f204 f205 f206"
EASTMONEY = sorted(set(CALLS) - {"trade_cal"})


@pytest.fixture
def source() -> Iterator[EastmoneyStandin]:
    with EastmoneyStandin(small_market()) as server:
        yield server


@pytest.fixture
def circuits() -> Circuits:
    return Circuits()


@pytest.fixture
def provider(source: EastmoneyStandin, circuits: Circuits, tmp_path: Path) -> Iterator[AkShareProvider]:
    with akshare_at(source.url, tmp_path, circuits) as made:
        yield made


@pytest.fixture
def ask(provider: AkShareProvider) -> Ask:
    return asking(provider)


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


@pytest.mark.parametrize("api_name", EASTMONEY)
@pytest.mark.parametrize("fault", ["null_data", "no_rows"])
def test_no_data_is_an_empty_answer(source: EastmoneyStandin, ask: Ask, api_name: str, fault: str) -> None:
    expected = list(ask(api_name, **CALLS[api_name]).columns)
    source.desk.faults = {fault: 1.0}
    answer = ask(api_name, **CALLS[api_name])
    assert answer.rows == 0
    assert answer.columns == {name: [] for name in expected}


@pytest.mark.parametrize("api_name", sorted(CALLS))
@pytest.mark.parametrize("fault", sorted(REFUSALS))
def test_a_refusal_is_no_empty_answer_and_the_circuit_hears_of_it(
    source: EastmoneyStandin, ask: Ask, circuits: Circuits, api_name: str, fault: str
) -> None:
    source.desk.faults = {fault: 1.0}
    with pytest.raises(Transient, match="refuse"):
        ask(api_name, **CALLS[api_name])
    assert len(circuits.refusals) == len(source.calls) == 1  # AkShare's own retries are passed by
    assert circuits.answers == []


@pytest.mark.parametrize("api_name", EASTMONEY)
def test_an_answer_that_is_cut_off_is_asked_for_again(source: EastmoneyStandin, ask: Ask, api_name: str) -> None:
    source.desk.faults = {"broken_json": 1.0}
    with pytest.raises(Transient):
        ask(api_name, **CALLS[api_name])


@pytest.mark.parametrize(
    ("fault", "api_name"),
    [
        *(("short_row", name) for name in EASTMONEY if name != "dragon_tiger"),
        *(("renamed_column", name) for name in EASTMONEY),
        *(("moved_columns", name) for name in ("limit_up_pool", "sector_fund_flow", "concept_board")),
        *(("moved_columns", name) for name in ("concept_board_member",)),
        *(("text_number", name) for name in EASTMONEY if name != "concept_board_member"),
    ],
)
def test_columns_that_have_changed_are_refused_with_evidence(
    source: EastmoneyStandin, ask: Ask, circuits: Circuits, fault: str, api_name: str
) -> None:
    source.desk.faults = {fault: 1.0}
    with pytest.raises(BadPayload, match="AkShare") as caught:
        ask(api_name, **CALLS[api_name])
    assert isinstance(caught.value.evidence, dict)
    assert len(caught.value.evidence["answer"]) > 20
    assert circuits.refusals == []


def test_a_host_that_keeps_quiet_is_unreachable(source: EastmoneyStandin, circuits: Circuits, tmp_path: Path) -> None:
    source.desk.faults = {"hang": 1.0}
    with akshare_at(source.url, tmp_path, circuits, timeout=0.2) as provider:
        for api_name in CALLS:
            with pytest.raises(Unreachable, match="too long"):
                asking(provider)(api_name, **CALLS[api_name])
    assert len(circuits.refusals) == len(CALLS)


def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    with akshare_at("http://127.0.0.1:9", tmp_path) as provider, pytest.raises(Unreachable, match="no connection"):
        asking(provider)("daily", **CALLS["daily"])


def test_a_host_that_is_left_alone_is_not_asked(source: EastmoneyStandin, ask: Ask, circuits: Circuits) -> None:
    circuits.closed_to = {"push2his.eastmoney.com"}
    with pytest.raises(Unreachable, match="left alone"):
        ask("daily", **CALLS["daily"])
    assert source.calls == []
    assert ask("limit_up_pool", **CALLS["limit_up_pool"]).rows == 1


@pytest.mark.parametrize(
    ("api_name", "params", "sentence"),
    [
        ("fina_indicator", {}, "no interface 'fina_indicator'"),
        ("daily", {"ts_code": "600000.SH,600001.SH", **FEBRUARY}, "one mainland symbol at a time"),
        ("daily", {"trade_date": LAST_DAY}, "needs the parameter ts_code"),
        ("individual_fund_flow", {"ts_code": "AAPL", **FEBRUARY}, "one mainland symbol at a time"),
        ("limit_up_pool", FEBRUARY, "needs the parameter trade_date"),
        ("concept_board_member", {"board_code": "机器人"}, "BK0655"),
    ],
)
def test_a_call_that_akshare_cannot_answer_is_our_mistake(
    source: EastmoneyStandin, ask: Ask, api_name: str, params: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadRequest, match=sentence):
        ask(api_name, **params)
    assert source.calls == []


def test_a_field_that_is_none_is_our_mistake(ask: Ask) -> None:
    with pytest.raises(BadRequest, match="adj_factor"):
        ask("daily", ("ts_code", "adj_factor"), **CALLS["daily"])


def test_every_page_waits_for_its_turn(source: EastmoneyStandin, tmp_path: Path) -> None:
    began = time.monotonic()
    with akshare_at(source.url, tmp_path, pace=Rule("account", 1, 0.2)) as provider:
        asking(provider)("sector_fund_flow", **CALLS["sector_fund_flow"])
        assert provider.calls == len(source.calls) == 6
        assert provider.quota()[1] == 1
    assert time.monotonic() - began >= 5 * 0.2


def test_calls_from_many_threads_go_one_at_a_time(source: EastmoneyStandin, ask: Ask) -> None:
    symbols = [symbol for symbol in small_market().tables["daily"].keys.codes if symbol][:6]
    got: dict[str, set[str]] = {}

    def work(symbol: str) -> None:
        got[symbol] = set(ask("daily", ts_code=symbol, **FEBRUARY).columns["ts_code"])

    threads = [threading.Thread(target=work, args=(symbol,)) for symbol in symbols]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(came <= {symbol} for symbol, came in got.items())
    assert len(got) == len(source.calls) == 6


def test_a_provider_that_is_stopped_asks_no_more(source: EastmoneyStandin, provider: AkShareProvider) -> None:
    provider.stop()
    with pytest.raises(Stopped):
        provider.ask(Call("daily", CALLS["daily"], ()), lambda answer: answer)
    assert source.calls == []


def test_a_call_that_waits_for_another_can_be_stopped(source: EastmoneyStandin, tmp_path: Path) -> None:
    source.desk.faults, source.desk.hang = {"hang": 1.0}, 60.0
    raised: list[BaseException] = []

    def work(provider: AkShareProvider) -> None:
        try:
            asking(provider)("daily", **CALLS["daily"])
        except (Stopped, Transient) as error:
            raised.append(error)

    with akshare_at(source.url, tmp_path) as first, akshare_at(source.url, tmp_path) as second:
        threads = [threading.Thread(target=work, args=(provider,)) for provider in (first, second)]
        threads[0].start()
        while not source.calls:
            time.sleep(0.01)
        threads[1].start()
        second.stop()
        threads[1].join()
        assert [type(error) for error in raised] == [Stopped]
        source.desk.stopping.set()
        threads[0].join()


def test_nobody_elses_requests_are_touched(ask: Ask, circuits: Circuits, monkeypatch: pytest.MonkeyPatch) -> None:
    before = requests.get, requests.Session, requests.adapters.HTTPAdapter.send
    seen: list[bool] = []
    module = sys.modules[akshare.stock_zh_a_hist.__module__]

    def enter(host: str) -> None:
        seen.append((requests.get, requests.Session, requests.adapters.HTTPAdapter.send) == before)

    monkeypatch.setattr(circuits, "enter", enter)
    ask("daily", **CALLS["daily"])
    assert seen == [True]
    assert vars(module)["requests"] is requests


def test_progress_bars_do_not_reach_the_terminal(ask: Ask, capfd: pytest.CaptureFixture[str]) -> None:
    for api_name in ("dragon_tiger", "sector_fund_flow", "concept_board"):
        ask(api_name, **CALLS[api_name])
    assert capfd.readouterr() == ("", "")


def test_the_package_is_imported_with_the_first_call() -> None:
    code = "import sys, market_data.providers.akshare; sys.exit('akshare' in sys.modules or 'django' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code]).returncode == 0
