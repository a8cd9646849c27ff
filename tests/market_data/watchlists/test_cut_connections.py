"""Watchlists whose connections to the database are cut in mid-run."""

import time
from typing import Any

import pytest

from market_data.models import GlobalBar, SyncFailureRecord
from market_data.standin.yahoo.charts import generate_charts
from market_data.standin.yahoo.server import YahooStandin
from market_data.watchlists import global_bars
from scheduling import running
from tests.market_data.watchlists.test_watchlist import broker_in_memory, execution_of, run
from tests.scheduling.holding import cut_connections, in_thread, on_postgresql

__all__ = ["broker_in_memory"]
pytestmark = [pytest.mark.django_db(transaction=True), on_postgresql]
SYMBOLS = [f"GOOD{number}" for number in range(12)]


@pytest.fixture(autouse=True)
def listed(yahoo: YahooStandin) -> None:
    yahoo.charts.update(generate_charts(SYMBOLS, 100, 2, yahoo.charts["AAPL"].bars[-1].day))


@pytest.mark.parametrize("place", ["bring", "upsert", "_resolve"])
def test_a_watchlist_goes_on_after_each_cut(yahoo: YahooStandin, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Cut before a symbol is asked for, within the transaction that stores it, and after that."""
    original, called = getattr(global_bars, place), [0]

    def cutting(*args: Any) -> Any:
        called[0] += 1
        if called[0] in (3, 4, 8):
            cut_connections()
        return original(*args)

    monkeypatch.setattr(global_bars, place, cutting)
    execution = run(execution_of(yahoo, *SYMBOLS))
    assert (execution.status, execution.attempt, execution.error_message) == ("SUCCESS", 1, "")
    assert execution.result["fetched"] == SYMBOLS
    assert GlobalBar.objects.filter(symbol__in=SYMBOLS).count() == 12 * 11
    assert called[0] <= 12 + 3
    assert not SyncFailureRecord.objects.filter(resolved_at=None).exists()


def test_a_watchlist_is_cancelled_within_seconds_after_a_cut(
    yahoo: YahooStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, called, asked = global_bars.bring, [0], []
    execution = execution_of(yahoo, *SYMBOLS)

    def cancel() -> None:
        running.cancel(execution.id)
        asked.append(time.monotonic())

    def slowly(*args: Any) -> Any:
        called[0] += 1
        if called[0] == 2:
            cut_connections()
            in_thread(cancel).join()
        time.sleep(0.5)
        return original(*args)

    monkeypatch.setattr(global_bars, "bring", slowly)
    ended = run(execution)
    assert time.monotonic() - asked[0] < 5
    assert (ended.status, called[0] <= 4) == ("CANCELLED", True)
