"""The bars of one symbol: asked for, checked, stored, and recorded where they are not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from market_data.engine import accounts
from market_data.engine.storing import origin
from market_data.exceptions import BadPayload, NoData, Permanent, ProviderError
from market_data.models import GlobalBar, Revision, SyncFailureRecord
from market_data.providers.base import Provider
from market_data.standin.yahoo.charts import Chart, read_chart
from market_data.standin.yahoo.server import Fault, YahooStandin
from market_data.watchlists import global_bars

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider(yahoo: YahooStandin, settings: Any) -> Iterator[Provider]:
    settings.YFINANCE_TIMEOUT_SECONDS = 2.0
    made = accounts.provider_named("yfinance")
    yield made
    made.close()


def stored(symbol: str = "AAPL") -> list[tuple[Any, ...]]:
    rows = GlobalBar.objects.filter(symbol=symbol).order_by("trade_date")
    return list(rows.values_list("trade_date", "open", "high", "low", "close", "volume", "dividends", "splits"))


def expected(chart: Chart, start: date, end: date) -> list[tuple[Any, ...]]:
    return [
        (b.day, b.open, b.high, b.low, b.close, b.volume, b.dividend, b.split)
        for b in chart.bars
        if start <= b.day <= end
    ]


def span(yahoo: YahooStandin, first: int, last: int) -> tuple[date, date]:
    """Two of the days that Yahoo has, by their places."""
    days = [bar.day for bar in yahoo.charts["AAPL"].bars]
    return days[first], days[last]


def test_what_yahoo_has_is_stored_and_nothing_twice(yahoo: YahooStandin, provider: Provider) -> None:
    days = span(yahoo, 20, -1)
    for _ in range(2):
        global_bars.bring(provider, "AAPL", *days)
    assert stored() == expected(yahoo.charts["AAPL"], *days)
    assert not Revision.objects.exists()
    kept = GlobalBar.objects.values_list("currency", "provider").distinct().get()
    assert kept == ("USD", "yfinance")


def test_published_prices_dividends_and_splits_are_stored_as_they_are(
    yahoo: YahooStandin, provider: Provider, shared_data: Path
) -> None:
    files = sorted((shared_data / "global" / "yfinance_repair_cases").glob("*.csv.gz"))
    files += sorted((shared_data / "global" / "yahoo_chart_api").glob("*.csv.gz"))
    for number, path in enumerate(files):
        symbol = f"F{number}"
        yahoo.charts[symbol] = read_chart(symbol, path)
        bars = yahoo.charts[symbol].bars
        global_bars.bring(provider, symbol, bars[0].day, bars[-1].day)
        assert stored(symbol) == expected(yahoo.charts[symbol], bars[0].day, bars[-1].day), path.name
    assert len(files) > 30


def test_the_days_since_the_last_run_are_not_left_out(yahoo: YahooStandin, provider: Provider) -> None:
    global_bars.bring(provider, "AAPL", *span(yahoo, 0, 20))
    global_bars.bring(provider, "AAPL", *span(yahoo, 60, 80))
    assert stored() == expected(yahoo.charts["AAPL"], *span(yahoo, 0, 80))


def test_a_split_brings_every_earlier_price_anew(yahoo: YahooStandin, provider: Provider) -> None:
    now = yahoo.charts["AAPL"]
    names = ("open", "high", "low", "close")
    before = [replace(bar, **{n: getattr(bar, n) * 4 for n in names}, split=0.0) for bar in now.bars[:40]]
    yahoo.charts["AAPL"] = Chart("AAPL", tuple(before))
    global_bars.bring(provider, "AAPL", before[0].day, before[-1].day)
    yahoo.charts["AAPL"] = now
    global_bars.bring(provider, "AAPL", now.bars[60].day, now.bars[80].day)
    assert stored() == expected(now, now.bars[0].day, now.bars[80].day)
    assert Revision.objects.filter(dataset="global_daily", symbol="AAPL").count() == 40


def test_old_bars_do_not_pass_for_new_ones(yahoo: YahooStandin, provider: Provider) -> None:
    chart = yahoo.charts["AAPL"]
    yahoo.charts["AAPL"] = Chart("AAPL", chart.bars[:50])
    global_bars.bring(provider, "AAPL", chart.bars[0].day, chart.bars[49].day)
    with pytest.raises(NoData, match="no prices of AAPL from"):
        global_bars.bring(provider, "AAPL", chart.bars[60].day, chart.bars[70].day)
    assert len(stored()) == 50


@pytest.mark.parametrize("fault", ["negative_price", "high_below_low"])
def test_an_impossible_day_is_refused_with_its_evidence_until_it_is_right(
    yahoo: YahooStandin, provider: Provider, fault: str
) -> None:
    days = span(yahoo, 20, 30)
    yahoo.faults["AAPL"] = Fault(fault)
    with pytest.raises(BadPayload, match="1 of its days were refused: of the first, its values are impossible"):
        global_bars.bring(provider, "AAPL", *days)
    assert stored() == expected(yahoo.charts["AAPL"], *days)[1:]
    record = SyncFailureRecord.objects.get()
    assert (record.job_type, record.dataset, record.third_code) == ("WATCHLIST", "global_daily", "AAPL")
    assert (record.start_date, record.resolved_at) == (days[0], None)
    assert record.evidence["trade_date"] == f"{days[0]:%Y%m%d}"
    yahoo.faults.clear()
    global_bars.bring(provider, "AAPL", *days)
    record.refresh_from_db()
    assert record.resolved_at is not None
    assert stored() == expected(yahoo.charts["AAPL"], *days)


@pytest.mark.parametrize(
    ("fault", "asked"),
    [("html", 3), ("captcha", 3), ("http_502", 3), ("reset", 3), ("empty", 1), ("wrong_columns", 1), ("hang", 3)],
)
def test_a_spoiled_answer_never_reaches_the_database(
    yahoo: YahooStandin, provider: Provider, fault: str, asked: int
) -> None:
    days = span(yahoo, 20, 30)
    global_bars.bring(provider, "AAPL", *days)
    GlobalBar.objects.all().delete()
    before = len(yahoo.asked("AAPL"))
    yahoo.faults["AAPL"] = Fault(fault)
    with pytest.raises(ProviderError) as caught:
        global_bars.bring(provider, "AAPL", *days)
    assert (len(stored()), len(yahoo.asked("AAPL")) - before) == (0, asked)
    record = SyncFailureRecord.objects.get()
    assert (record.third_code, record.error_message) == ("AAPL", str(caught.value))
    yahoo.faults.clear()
    global_bars.bring(provider, "AAPL", *days)
    record.refresh_from_db()
    assert record.resolved_at is not None


def test_an_error_that_passes_is_not_even_recorded(yahoo: YahooStandin, provider: Provider) -> None:
    yahoo.faults["AAPL"] = Fault("html", times=2)
    global_bars.bring(provider, "AAPL", *span(yahoo, 20, 30))
    assert len(stored()) == 11
    assert not SyncFailureRecord.objects.exists()


def test_the_same_failure_counts_as_a_retry_of_the_first_whatever_the_days(
    yahoo: YahooStandin, provider: Provider
) -> None:
    for first in (20, 21, 22):
        with pytest.raises(NoData):
            global_bars.bring(provider, "NOBODY", *span(yahoo, first, 30))
    assert SyncFailureRecord.objects.get().retry_count == 2


def test_a_failure_of_days_that_were_not_asked_for_stays_open(yahoo: YahooStandin, provider: Provider) -> None:
    yahoo.faults["AAPL"] = Fault("negative_price")
    with pytest.raises(BadPayload):
        global_bars.bring(provider, "AAPL", *span(yahoo, 20, 30))
    yahoo.faults.clear()
    global_bars.bring(provider, "AAPL", *span(yahoo, 25, 35))
    assert SyncFailureRecord.objects.get().resolved_at is None


def test_made_up_prices_and_real_ones_never_share_a_database(yahoo: YahooStandin, provider: Provider) -> None:
    global_bars.bring(provider, "AAPL", *span(yahoo, 20, 30))
    yahoo.market.made_up = True
    with pytest.raises(Permanent, match="made-up data"):
        global_bars.bring(provider, "MSFT", *span(yahoo, 20, 30))
    assert not origin.is_made_up()
    assert stored("MSFT") == []


def test_days_that_yahoo_does_not_have_yet_are_a_failure_that_says_so(yahoo: YahooStandin, provider: Provider) -> None:
    last = yahoo.charts["AAPL"].bars[-1].day
    with pytest.raises(NoData, match="Yahoo has no prices of AAPL from"):
        global_bars.bring(provider, "AAPL", last + timedelta(days=1), last + timedelta(days=1))
    assert stored() == []
