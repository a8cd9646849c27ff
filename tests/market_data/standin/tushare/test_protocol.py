"""The wire protocol, seen by the real client and from below it."""

import json
import socket
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from market_data.standin.market.tables import Market
from market_data.standin.tushare.rules import Rules
from market_data.standin.tushare.server import Standin
from tests.market_data.standin.conftest import CODES, DAYS, Start, client


def body(**changes: object) -> dict[str, object]:
    return {"api_name": "daily", "token": "t", "params": {"trade_date": DAYS[0]}, "fields": "", **changes}


def test_the_real_client_reads_a_frame(market: Market, start: Start) -> None:
    frame = client(start(market)).daily(trade_date=DAYS[0])

    assert list(frame["ts_code"]) == list(CODES)
    assert list(frame["close"]) == [10.5, 11.5, 12.5]


@pytest.mark.parametrize("path", ["", "/", "/dataapi", "/dataapi/", "/dataapi/daily"])
def test_every_known_address_answers(market: Market, start: Start, path: str) -> None:
    answer = requests.post(start(market).url + path, json=body(), timeout=5).json()

    assert answer["code"] == 0
    assert answer["data"]["has_more"] is False
    assert len(answer["data"]["items"]) == 3


def test_fields_may_be_a_list_and_keep_their_order(market: Market, start: Start) -> None:
    answer = requests.post(start(market).url, json=body(fields=["close", "ts_code"]), timeout=5).json()

    assert answer["data"]["fields"] == ["close", "ts_code"]
    assert answer["data"]["items"][0] == [10.5, "000001.SZ"]


def test_values_have_tushares_types(market: Market, start: Start) -> None:
    api = client(start(market))

    assert api.trade_cal(end_date=DAYS[0])["is_open"].tolist() == [1]
    listed = api.query("stock_basic", fields="ts_code,symbol,list_date,delist_date,act_name")
    assert listed.iloc[0].to_dict() == {
        "ts_code": "000001.SZ",
        "symbol": "000001",
        "list_date": "19910403",
        "delist_date": None,
        "act_name": None,
    }


def test_numbers_are_written_as_in_the_file(market: Market, start: Start) -> None:
    text = requests.post(start(market).url, json=body(fields="open,close"), timeout=5).text

    assert '"items":[[10.0,10.5],[11.0,11.5],[12.0,12.5]]' in text


def test_default_fields_leave_the_hidden_ones_out(market: Market, start: Start) -> None:
    columns = list(client(start(market)).stock_basic().columns)

    assert "name" in columns
    assert not {"list_status", "delist_date", "exchange"} & set(columns)


def test_an_honest_empty_answer_keeps_its_columns(market: Market, start: Start) -> None:
    frame = client(start(market)).daily(trade_date="20240106")

    assert len(frame) == 0
    assert "close" in frame.columns


def test_a_connection_serves_many_calls(market: Market, start: Start) -> None:
    with closing(HTTPConnection(start(market).url.removeprefix("http://"), timeout=5)) as connection:
        connection.connect()
        kept = connection.sock
        for _ in range(3):
            connection.request("POST", "/", json.dumps(body()))
            assert json.loads(connection.getresponse().read())["code"] == 0

        assert connection.sock is kept


def test_two_hundred_connections_at_once_are_all_answered(market: Market, start: Start) -> None:
    server = start(market, latency=0.2)
    connections = [HTTPConnection(server.url.removeprefix("http://"), timeout=10) for _ in range(200)]
    for connection in connections:
        connection.request("POST", "/", json.dumps(body()))
    answers = [connection.getresponse().read() for connection in connections]
    for connection in connections:
        connection.close()

    assert {json.loads(answer)["code"] for answer in answers} == {0}
    assert len(server.calls) == 200


def test_only_made_up_answers_say_so(market: Market, made_up: Market, start: Start) -> None:
    real, invented = (requests.post(start(m).url, json=body(), timeout=5) for m in (market, made_up))

    assert "X-Stocksync-Made-Up" not in real.headers
    assert invented.headers["X-Stocksync-Made-Up"] == "1"


@pytest.mark.parametrize("sent", ["not json", "[]"])
def test_a_body_that_is_no_object_is_refused(market: Market, start: Start, sent: str) -> None:
    assert requests.post(start(market).url, data=sent, timeout=5).status_code == 400


def test_another_address_is_not_found(market: Market, start: Start) -> None:
    server = start(market)

    assert requests.post(f"{server.url}/elsewhere", json={}, timeout=5).status_code == 404
    assert requests.get(f"{server.url}/elsewhere", timeout=5).status_code == 404


def test_the_log_is_in_memory_in_the_file_and_at_its_address(market: Market, tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with Standin(market, Rules(cap={"daily": 2}), log=path) as server:
        client(server).daily(trade_date=DAYS[0])
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        served = requests.get(f"{server.url}/standin/calls", timeout=5).json()

    assert lines == served
    assert len(server.calls) == 1
    assert {name: lines[0][name] for name in ("api", "fields", "outcome", "rows", "has_more")} == {
        "api": "daily",
        "fields": "",
        "outcome": "ok",
        "rows": 2,
        "has_more": True,
    }
    assert lines[0]["params"]["trade_date"] == DAYS[0]


def test_leaving_ends_idle_connections_and_waiting_calls(market: Market) -> None:
    with Standin(market, Rules(latency=3600)) as server:
        idle = socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=10)
        caller = threading.Thread(target=_call_quietly, args=(server.url,))
        caller.start()
        while not server.calls:
            time.sleep(0.01)
    caller.join(10)

    assert not caller.is_alive()
    assert idle.recv(1) == b""
    idle.close()


def _call_quietly(url: str) -> None:
    try:
        requests.post(url, json=body(), timeout=10)
    except requests.RequestException:
        return
