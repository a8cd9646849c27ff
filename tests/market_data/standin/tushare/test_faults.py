"""What goes wrong looks to the caller as it does in life."""

from collections import Counter
from collections.abc import Mapping

import pytest
import requests

from market_data.standin.faults import FAULTS, SPREAD_FAULTS, draw_fault
from market_data.standin.market.tables import Market
from market_data.standin.tushare.rules import Rules
from tests.market_data.standin.conftest import CODES, DAYS, Start, client


def post(url: str) -> requests.Response:
    body = {"api_name": "daily", "token": "t", "params": {"trade_date": DAYS[0]}, "fields": ""}
    return requests.post(url, json=body, timeout=5)


@pytest.mark.parametrize(("fault", "status"), [("http_429", 429), ("http_500", 500), ("http_502", 502)])
def test_http_faults_have_their_status(market: Market, start: Start, fault: str, status: int) -> None:
    assert post(start(market, fault={fault: 1.0}).url).status_code == status


@pytest.mark.parametrize("fault", ["reset", "timeout"])
def test_a_connection_is_closed_without_an_answer(market: Market, start: Start, fault: str) -> None:
    server = start(market, fault={fault: 1.0}, hang=0.1)

    with pytest.raises(requests.ConnectionError):
        post(server.url)
    assert server.calls[0].outcome == fault


def test_a_timeout_hangs_first(market: Market, start: Start) -> None:
    server = start(market, fault={"timeout": 1.0})

    with pytest.raises(requests.ReadTimeout):
        requests.post(server.url, json={"api_name": "daily", "token": "t"}, timeout=0.2)


def test_a_page_comes_instead_of_json(market: Market, start: Start) -> None:
    answer = post(start(market, fault={"html": 1.0}).url)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert answer.text.startswith("<html>")


def test_json_breaks_off(market: Market, start: Start) -> None:
    answer = post(start(market, fault={"broken_json": 1.0}).url)

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_data_is_null(market: Market, start: Start) -> None:
    answer = post(start(market, fault={"null_data": 1.0}).url).json()

    assert (answer["code"], answer["data"]) == (0, None)


def test_an_empty_frame_has_columns(market: Market, start: Start) -> None:
    frame = client(start(market, fault={"empty_frame": 1.0})).daily(trade_date=DAYS[0])

    assert (len(frame), "close" in frame.columns) == (0, True)


def test_no_columns_at_all(market: Market, start: Start) -> None:
    frame = client(start(market, fault={"no_columns": 1.0})).daily(trade_date=DAYS[0])

    assert frame.shape == (0, 0)


def test_a_column_is_renamed(market: Market, start: Start) -> None:
    frame = client(start(market, fault={"wrong_columns": 1.0})).daily(trade_date=DAYS[0])

    assert "amount" not in frame.columns
    assert "amount_x" in frame.columns


def test_a_price_is_negative(market: Market, start: Start) -> None:
    frame = client(start(market, fault={"negative_price": 1.0})).daily(trade_date=DAYS[0])

    assert frame["close"].tolist() == [-10.5, 11.5, 12.5]


def test_rows_are_duplicated(market: Market, start: Start) -> None:
    frame = client(start(market, fault={"duplicate_rows": 1.0})).daily(trade_date=DAYS[0])

    assert frame["ts_code"].tolist() == [*CODES, *CODES]


def test_a_fault_that_changes_nothing_is_logged_as_ok(market: Market, start: Start) -> None:
    server = start(market, fault={"negative_price": 1.0})
    client(server).adj_factor(trade_date=DAYS[0])

    assert server.calls[0].outcome == "ok"


def test_the_first_calls_are_clean(market: Market, start: Start) -> None:
    server = start(market, fault={"http_500": 1.0}, fault_start=2)

    assert [post(server.url).status_code for _ in range(3)] == [200, 200, 500]


def draws(rates: Mapping[str, float], seed: int) -> list[str]:
    return [draw_fault(rates, seed, number) for number in range(4000)]


def test_faults_come_at_their_rates() -> None:
    counts = Counter(draws(Rules(faults=0.16, fault={"timeout": 0.1}).fault_rates, 1))

    assert set(counts) == {"", "timeout", *SPREAD_FAULTS}
    assert 300 < counts["timeout"] < 500
    assert all(40 < counts[name] < 120 for name in SPREAD_FAULTS)


def test_faults_depend_on_the_seed_alone() -> None:
    rates = {"reset": 0.5}

    assert draws(rates, 1) == draws(rates, 1)
    assert draws(rates, 1) != draws(rates, 2)


def test_every_fault_is_logged_by_its_name(market: Market, start: Start) -> None:
    server = start(market, hang=0.0)
    for name in FAULTS:
        server.rules = Rules(fault={name: 1.0}, hang=0.0)
        try:
            post(server.url)
        except requests.ConnectionError:
            continue

    assert [call.outcome for call in server.calls] == list(FAULTS)
