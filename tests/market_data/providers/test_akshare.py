"""AkShare's package against a stand-in for its hosts: what is refused and how, pace and timeouts."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import akshare
import pytest
import requests

from market_data.exceptions import BadPayload, BadRequest, Transient, Unreachable
from market_data.providers.akshare import AkShareProvider
from market_data.providers.base import Call, Stopped
from market_data.ratelimit.budget import Rule
from market_data.standin.eastmoney.faults import REFUSALS
from market_data.standin.eastmoney.server import EastmoneyStandin
from tests.market_data.providers.akshare_fixtures import Ask, ask, circuits, provider, source
from tests.market_data.providers.sources import CALLS, FEBRUARY, LAST_DAY, Circuits, akshare_at, asking, small_market

__all__ = ["ask", "circuits", "provider", "source"]
EASTMONEY = sorted(set(CALLS) - {"trade_cal"})


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
