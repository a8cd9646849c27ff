"""Runs of watchlists: what comes is stored and published, what does not is named, and nothing stops the rest."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
import redis

from market_data.engine.storing import origin
from market_data.exceptions import MarketDataError
from market_data.models import GlobalBar, SyncFailureRecord
from market_data.queries.global_bars import adjusted_bars
from market_data.standin.yahoo.charts import Bar, Chart, generate_charts
from market_data.standin.yahoo.server import Fault, YahooStandin
from market_data.watchlists import watchlist
from market_data.watchlists.watchlist import Fetched, Watchlist
from scheduling import control, executions, runner, running
from scheduling.models import Execution
from tests.market_data.conftest import YAHOO_SYMBOLS
from tests.scheduling.conftest import broker_in_memory
from tests.scheduling.servers import answering_redis

__all__ = ["broker_in_memory"]
REDIS_URL = "redis://127.0.0.1:6379/7"
PREFIX = f"mine-{os.getpid()}"
pytestmark = pytest.mark.django_db(transaction=True)


def days(yahoo: YahooStandin, first: int = 50, last: int = 60) -> tuple[date, date]:
    """Two of the days that Yahoo has, by their places."""
    bars = yahoo.charts["AAPL"].bars
    return bars[first].day, bars[last].day


def fetch(yahoo: YahooStandin, *symbols: str, before: tuple[str, ...] = ()) -> Fetched:
    return watchlist.fetch(Watchlist(symbols, *days(yahoo), PREFIX), list(before), lambda got: None)


def execution_of(yahoo: YahooStandin, *symbols: str) -> Execution:
    """A run of a watchlist that a worker has just claimed."""
    start, end = days(yahoo)
    kwargs = {"stock_ids": list(symbols), "start_date": str(start), "end_date": str(end)}
    config = control.create("mine", job_type="watchlist", job_kwargs=kwargs)
    running.trigger_now(config.job_id)
    execution = executions.claim_next("sync", "")
    assert execution is not None
    return execution


def run(execution: Execution) -> Execution:
    # What the job raises is in its record by then.
    with suppress(MarketDataError):
        runner.execute(execution)
    execution.refresh_from_db()
    return execution


def test_of_a_hundred_symbols_seven_bad_ones_are_named_and_the_others_stored(yahoo: YahooStandin) -> None:
    good = [f"GOOD{n}" for n in range(93)]
    yahoo.charts.update(generate_charts([*good, "DEAR", "WRONG", "LOW"], 100, 2, yahoo.charts["AAPL"].bars[-1].day))
    yahoo.faults |= {"DEAR": Fault("negative_price"), "WRONG": Fault("wrong_columns"), "LOW": Fault("captcha")}
    bad = ["NOBODY", "830799.BJ", "US0378331005", "EMPTY", "DEAR", "WRONG", "LOW"]
    yahoo.charts["EMPTY"] = yahoo.charts["AAPL"]
    yahoo.faults["EMPTY"] = Fault("empty")
    mixed = [symbol for pair in zip(good[:7], bad, strict=True) for symbol in pair] + good[7:]

    execution = run(execution_of(yahoo, *mixed))

    assert (execution.status, execution.error_message) == ("PARTIAL", "7 of 100 symbols failed.")
    assert execution.result["status"] == "partial_success"
    assert (execution.result["fetched"], execution.result["failed"]) == (good, bad)
    assert set(execution.result["errors"]) == set(bad)
    assert all(reason.endswith(".") or "JSON" in reason for reason in execution.result["errors"].values())
    assert (execution.progress_done, execution.progress_total) == (100, 100)
    stored = GlobalBar.objects.filter(symbol__in=good)
    assert stored.count() == 93 * 11
    failures = SyncFailureRecord.objects.filter(job_type="WATCHLIST", resolved_at=None)
    assert set(failures.values_list("third_code", flat=True)) == set(bad)


def test_a_run_that_was_interrupted_goes_on_with_the_symbols_that_are_left(yahoo: YahooStandin) -> None:
    execution = execution_of(yahoo, "AAPL", "MSFT", "BRK-B")
    execution.result = {"fetched": ["AAPL", "MSFT"], "errors": {"BRK-B": "Yahoo answered HTTP 502."}}
    execution.save(update_fields=["result"])
    assert run(execution).result == {
        "status": "success",
        "fetched": ["AAPL", "MSFT", "BRK-B"],
        "failed": [],
        "errors": {},
    }
    assert (yahoo.asked("AAPL"), yahoo.asked("MSFT"), len(yahoo.asked("BRK-B"))) == ([], [], 1)


def test_a_cancelled_run_ends_after_the_symbol_in_hand(yahoo: YahooStandin) -> None:
    execution = execution_of(yahoo, "AAPL", "MSFT", "BRK-B")
    running.cancel(execution.id)
    assert run(execution).status == "CANCELLED"
    assert (yahoo.asked("MSFT"), set(GlobalBar.objects.values_list("symbol", flat=True))) == ([], {"AAPL"})


def test_a_rate_limit_that_outlasts_its_waiting_ends_the_rest_with_the_reason(yahoo: YahooStandin) -> None:
    yahoo.faults["MSFT"] = Fault("http_429")
    got = fetch(yahoo, "AAPL", "MSFT", "BRK-B", "^GSPC")
    assert got.fetched == ["AAPL"]
    reason = "Yahoo answered HTTP 429, too many requests."
    untold = f"It was not asked for. {reason}"
    assert got.errors == {"MSFT": reason, "BRK-B": untold, "^GSPC": untold}
    assert yahoo.asked("BRK-B") == []


def test_symbols_in_a_row_without_any_answer_end_the_rest(yahoo: YahooStandin) -> None:
    yahoo.faults |= {symbol: Fault("reset") for symbol in ("MSFT", "BRK-B", "^GSPC", "0700.HK", "VOD.L")}
    got = fetch(yahoo, "MSFT", "BRK-B", "AAPL", "^GSPC", "0700.HK", "VOD.L", "EURUSD=X")
    assert got.fetched == ["AAPL"]
    assert [symbol for symbol, reason in got.errors.items() if reason.startswith("It was not asked for.")] == [
        "EURUSD=X"
    ]


def test_symbols_of_every_market_come(yahoo: YahooStandin) -> None:
    symbols = [symbol.replace(".SS", ".SH") for symbol in YAHOO_SYMBOLS]
    assert fetch(yahoo, *symbols).fetched == symbols
    assert set(GlobalBar.objects.values_list("symbol", flat=True)) == set(symbols)


def test_a_demonstration_fetches_made_up_prices(yahoo: YahooStandin, settings: Any) -> None:
    settings.DEMO = True
    execution = run(execution_of(yahoo, "NOBODY", "830799.BJ"))
    assert (execution.result["fetched"], execution.result["failed"]) == (["NOBODY"], ["830799.BJ"])
    assert origin.is_made_up()
    assert yahoo.calls == []


@pytest.fixture
def client(settings: Any) -> Iterator["redis.Redis[bytes]"]:
    """The Redis that watchlists are copied to; what they put there is gone afterwards."""
    with answering_redis(REDIS_URL) as connected:
        settings.WATCHLIST_REDIS_URL = REDIS_URL
        yield connected
        connected.delete(*connected.scan_iter(f"{PREFIX}:*"))


def test_the_bars_are_in_redis_under_prefix_symbol_start_and_end(
    yahoo: YahooStandin, client: "redis.Redis[bytes]"
) -> None:
    start, end = days(yahoo)
    assert fetch(yahoo, "AAPL", "NOBODY", "600000.SH").unpublished == ""
    keys = {f"{PREFIX}:{symbol}:{start}:{end}" for symbol in ("AAPL", "600000.SH")}
    assert {key.decode() for key in client.scan_iter(f"{PREFIX}:*")} == keys
    published = json.loads(client.get(f"{PREFIX}:AAPL:{start}:{end}") or "")
    bars = adjusted_bars(["AAPL"], start, end)
    assert list(published[0]) == list(bars)
    assert [row["trade_date"] for row in published] == [f"{day}" for day in bars["trade_date"]]
    assert [row["adj_close"] for row in published] == bars["adj_close"].tolist()
    assert client.ttl(f"{PREFIX}:AAPL:{start}:{end}") == -1


def test_the_copy_expires_where_that_is_set(yahoo: YahooStandin, client: "redis.Redis[bytes]", settings: Any) -> None:
    settings.WATCHLIST_REDIS_EXPIRE_SECONDS = 3600.0
    fetch(yahoo, "AAPL")
    (key,) = client.scan_iter(f"{PREFIX}:*")
    assert 3000 < client.ttl(key) <= 3600


def test_a_missing_price_is_null_in_redis(yahoo: YahooStandin, client: "redis.Redis[bytes]") -> None:
    bars = list(yahoo.charts["AAPL"].bars)
    bars[50] = Bar(bars[50].day, None, None, None, None, None, None, dividend=0.5)
    yahoo.charts["AAPL"] = Chart("AAPL", tuple(bars))
    fetch(yahoo, "AAPL")
    (key,) = client.scan_iter(f"{PREFIX}:*")
    (first, *_) = json.loads(client.get(key) or "")
    assert (first["trade_date"], first["close"], first["dividends"]) == (f"{bars[50].day}", None, 0.5)


def test_a_redis_that_is_away_makes_the_run_partial_and_loses_nothing(yahoo: YahooStandin, settings: Any) -> None:
    settings.WATCHLIST_REDIS_URL = "redis://127.0.0.1:9/0"
    execution = run(execution_of(yahoo, "AAPL", "MSFT"))
    assert execution.status == "PARTIAL"
    assert execution.error_message.startswith("The copy in Redis is not complete: ")
    assert execution.result["status"] == "partial_success"
    assert (execution.result["fetched"], execution.result["errors"]) == (["AAPL", "MSFT"], {})
    assert execution.result["unpublished"] == execution.error_message
    assert GlobalBar.objects.count() == 22
