"""The stand-in for Yahoo, as anybody can ask it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings

from market_data.standin.yahoo.charts import Chart, exchange_of, generate_charts, read_charts
from market_data.standin.yahoo.server import Fault, YahooStandin

LAST_DAY = date(2024, 6, 28)
CSV = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n2024-06-27,1.0,2.0,0.5,1.5,1.25,10,0.0,0.0\n"
CSV += "2024-06-28,,,,,,,0.25,2.0\n"


@pytest.fixture
def server() -> Iterator[YahooStandin]:
    with YahooStandin(generate_charts(["AAPL", "0700.HK"], 130, 3, LAST_DAY)) as running:
        yield running


def chart(server: YahooStandin, symbol: str, start: date, end: date) -> tuple[int, dict[str, Any]]:
    """What is answered for the days from `start` up to, and without, `end`."""
    exchange = exchange_of(symbol)
    period = {f"period{at}": exchange.moment(day, exchange.opens) for at, day in ((1, start), (2, end))}
    answer = requests.get(f"{server.url}/v8/finance/chart/{symbol}", params={**period, "interval": "1d"}, timeout=10)
    return answer.status_code, answer.json()["chart"]


def test_an_answer_has_the_shape_of_a_recorded_one(server: YahooStandin, shared_data: Path) -> None:
    recorded = json.loads((shared_data / "http" / "yahoo" / "chart-AAPL-2020-08-31-to-2020-11-07.json").read_text())
    there = recorded["response"]["bodyJson"]["chart"]["result"][0]
    _, answer = chart(server, "AAPL", date(2024, 1, 1), date(2024, 6, 29))
    here = answer["result"][0]
    assert set(here) <= set(there)
    assert set(here["meta"]) <= set(there["meta"])
    assert set(here["indicators"]["quote"][0]) == set(there["indicators"]["quote"][0])
    for kind in ("dividends", "splits"):
        (ours, *_), (theirs, *_) = (list(result["events"][kind].values()) for result in (here, there))
        assert set(ours) == set(theirs)


def test_the_days_asked_for_come_and_no_others(server: YahooStandin) -> None:
    _, answer = chart(server, "0700.HK", date(2024, 6, 24), date(2024, 6, 28))
    exchange = exchange_of("0700.HK")
    days = [date(2024, 6, day) for day in (24, 25, 26, 27)]
    assert answer["result"][0]["timestamp"] == [exchange.moment(day, exchange.opens) for day in days]
    _, empty = chart(server, "0700.HK", date(2024, 6, 29), date(2024, 6, 30))
    assert "timestamp" not in empty["result"][0]
    assert empty["result"][0]["indicators"]["quote"] == [{}]


@pytest.mark.parametrize(
    ("symbol", "year", "status", "text"),
    [("NOBODY", 2024, 404, "No data found, symbol may be delisted"), ("AAPL", 1999, 400, "Data doesn't exist for")],
)
def test_what_is_not_there_is_refused_in_yahoos_words(
    server: YahooStandin, symbol: str, year: int, status: int, text: str
) -> None:
    given, answer = chart(server, symbol, date(year, 1, 1), date(year, 1, 9))
    assert (given, answer["result"]) == (status, None)
    assert answer["error"]["description"].startswith(text)


def test_made_up_prices_are_the_same_for_the_same_seed_and_possible() -> None:
    first, again = (generate_charts(["AAPL"], 130, 3, LAST_DAY)["AAPL"] for _ in range(2))
    assert first == again != generate_charts(["AAPL"], 130, 4, LAST_DAY)["AAPL"]
    assert (len(first.bars), first.bars[-1].day) == (130, LAST_DAY)
    for bar in first.bars:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


def test_a_fault_lasts_as_often_as_it_is_told(server: YahooStandin) -> None:
    server.faults["AAPL"] = Fault("http_502", times=2)
    address = f"{server.url}/v8/finance/chart/AAPL"
    given = [requests.get(address, params={"range": "1d"}, timeout=10).status_code for _ in range(3)]
    assert given == [502, 502, 200]
    assert [call.outcome for call in server.calls] == ["http_502", "http_502", "ok"]


def test_a_folder_of_files_is_served(tmp_path: Path) -> None:
    (tmp_path / "BRK-B.csv").write_text(CSV)
    charts = read_charts(tmp_path)
    assert list(charts) == ["BRK-B"]
    first, second = charts["BRK-B"].bars
    assert (first.close, first.adj_close, second.close, second.dividend, second.split) == (1.5, 1.25, None, 0.25, 2.0)
    assert isinstance(charts["BRK-B"], Chart)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no \.csv"):
        read_charts(tmp_path)


def test_the_command_says_where_it_listens_and_ends_cleanly(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    options = ["--symbols", "AAPL,MSFT", "--end", "20240628", "--fault", "MSFT=html", "--log", str(log)]
    command = [sys.executable, "manage.py", "yahoo_standin", *options]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().removeprefix("listening on ").strip()
    kinds = [requests.get(f"{url}/v8/finance/chart/{name}", timeout=5).headers for name in ("AAPL", "MSFT")]
    process.send_signal(signal.SIGTERM)
    assert (*process.communicate(timeout=10), process.returncode) == ("", "", 0)
    assert [headers["Content-Type"] for headers in kinds] == ["application/json", "text/html"]
    assert kinds[0]["X-Stocksync-Made-Up"] == "1"
    assert len(log.read_text().splitlines()) == 2


@pytest.mark.parametrize("options", [["--fault", "AAPL=nothing"], ["--fault", "html"]])
def test_a_fault_that_nobody_knows_is_refused(options: list[str]) -> None:
    command = [sys.executable, "manage.py", "yahoo_standin", "--symbols", "AAPL", *options]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "is not written SYMBOL=NAME" in ended.stderr
