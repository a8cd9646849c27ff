"""Permissions, quotas and a provider that is late or changes its mind."""

import pytest
import requests

from market_data.standin.market.tables import Market
from market_data.standin.tushare.quotas import Quota, Quotas
from market_data.standin.tushare.rules import Rules
from tests.market_data.standin.conftest import DAYS, Start, client

PERMISSIONS = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。"


def code_and_message(url: str, api: str = "daily") -> tuple[int, str]:
    body = {"api_name": api, "token": "good", "params": {"trade_date": DAYS[0]}, "fields": ""}
    answer = requests.post(url, json=body, timeout=5).json()
    return answer["code"], answer["msg"]


@pytest.mark.parametrize(
    ("rules", "api", "code", "message", "outcome"),
    [
        ({"token": ["another"]}, "daily", 40101, "您的token不对，请确认。", "bad_token"),
        ({"deny": ["daily"]}, "daily", 40203, f"抱歉，您没有接口(daily)访问权限，{PERMISSIONS}", "denied"),
        ({"allow_only": ["trade_cal"]}, "daily", 40203, f"抱歉，您没有接口(daily)访问权限，{PERMISSIONS}", "denied"),
        ({}, "moneyflow", 40203, f"抱歉，您没有接口(moneyflow)访问权限，{PERMISSIONS}", "denied"),
        ({}, "nonsense", 50101, "请指定正确的接口名", "unknown_api"),
        ({"ip_limit": True}, "daily", 40204, "您的IP数量超限，最大数量为2个！", "ip_limit"),
        ({"banned": True}, "daily", 40101, "抱歉，检测到您存在恶意行为，现已被系统禁用！", "banned"),
    ],
)
def test_a_call_is_refused(
    market: Market, start: Start, rules: dict[str, object], api: str, code: int, message: str, outcome: str
) -> None:
    server = start(market, **rules)

    assert code_and_message(server.url, api) == (code, message)
    assert server.calls[0].outcome == outcome


def test_a_known_token_and_an_allowed_interface_pass(market: Market, start: Start) -> None:
    server = start(market, token=["another", "good"], allow_only=["daily"])

    assert code_and_message(server.url)[0] == 0


@pytest.mark.parametrize(
    ("wording", "message"),
    [
        ("old", f"抱歉，您每分钟最多访问该接口2次，{PERMISSIONS}"),
        ("old,hour", f"抱歉，您每小时最多访问该接口2次，{PERMISSIONS}"),
        ("new", "抱歉，您访问接口(daily)频率超限(2次/分钟)，具体频次详情：https://tushare.pro/document/1?doc_id=290。"),
        ("day", "抱歉，您访问接口(daily)频率超限(2次/天)，具体频次详情：https://tushare.pro/document/1?doc_id=290。"),
    ],
)
def test_a_call_over_the_quota_is_told_the_limit(market: Market, start: Start, wording: str, message: str) -> None:
    server = start(market, quota=["2/60"], quota_wording=wording)

    assert [code_and_message(server.url) for _ in range(3)] == [(0, ""), (0, ""), (40203, message)]
    assert server.calls[-1].outcome == "quota"


def test_a_quota_of_one_interface_leaves_the_others_alone(market: Market, start: Start) -> None:
    server = start(market, quota=["daily=1/60"])

    assert [code_and_message(server.url, api)[0] for api in ("daily", "daily", "suspend_d")] == [0, 40203, 0]


def test_the_window_slides() -> None:
    quotas, minute = Quotas(), [Quota(2, 60)]
    over = [
        quotas.exhausted(minute, "daily", second, count_rejected=False) is not None
        for second in (0, 30, 59.9, 60, 61, 90)
    ]

    assert over == [False, False, True, False, True, False]


def test_refused_calls_count_only_when_told_to() -> None:
    quotas, minute = Quotas(), [Quota(1, 60)]
    over = [quotas.exhausted(minute, "daily", second, count_rejected=True) is not None for second in (0, 30, 80, 141)]

    assert over == [False, True, True, False]


def test_a_late_day_has_no_bars_yet(market: Market, start: Start) -> None:
    api = client(start(market, late=[DAYS[1]]))

    assert sorted(set(api.daily(start_date=DAYS[0])["trade_date"])) == [DAYS[0], DAYS[2]]
    assert len(api.adj_factor(trade_date=DAYS[1])) == 3


def test_a_partial_day_always_has_the_same_rows(made_up: Market, start: Start) -> None:
    server = start(made_up)
    day = client(server).daily(start_date="20240601")["trade_date"][0]
    whole = client(server).daily(trade_date=day)
    server.rules = Rules(partial={day: 0.3})
    once, again = (client(server).daily(trade_date=day) for _ in range(2))

    assert once.equals(again)
    assert set(once["ts_code"]) < set(whole["ts_code"])
    assert 0.1 < len(once) / len(whole) < 0.5


def test_a_restated_day_has_other_prices(market: Market, start: Start) -> None:
    frame = client(start(market, restate={DAYS[0]: 1.01})).daily(ts_code="000001.SZ", end_date=DAYS[1])

    assert frame["open"].tolist() == [10.0, 10.1]
    assert frame["close"].tolist() == [10.5, 10.61]


def test_rules_change_while_it_runs(market: Market, start: Start) -> None:
    server = start(market)
    address = f"{server.url}/standin/rules"

    changed = requests.post(address, json={"allow-only": ["daily"], "cap": {"daily": 1}}, timeout=5)

    assert changed.status_code == 200
    assert requests.get(address, timeout=5).json()["allow_only"] == ["daily"]
    assert server.rules == Rules(allow_only=("daily",), cap={"daily": 1})
    assert len(client(server).daily(trade_date=DAYS[0])) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        {"nonsense": 1},
        {"latency": "slow"},
        {"quota": ["60"]},
        {"quota": ["60/0"]},
        {"quota_wording": "newest"},
        {"fault": {"earthquake": 0.5}},
        {"faults": 1.5},
        {"fault": {"reset": -0.1}},
        {"late": ["2024-01-02"]},
        {"token": "not a list"},
        {"cap": {"daily": "4000"}},
    ],
)
def test_a_wrong_rule_is_refused_and_changes_nothing(market: Market, start: Start, wanted: dict[str, object]) -> None:
    server = start(market)

    answer = requests.post(f"{server.url}/standin/rules", json=wanted, timeout=5)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert server.rules == Rules()


def test_latency_delays_an_answer_but_not_its_arrival(market: Market, start: Start) -> None:
    server = start(market, latency=0.3)
    answered = requests.post(server.url, json={"api_name": "stock_basic", "token": "t"}, timeout=5)

    assert answered.elapsed.total_seconds() >= 0.3
